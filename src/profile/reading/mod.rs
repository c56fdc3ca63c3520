//! Certificates that exist, read back into profiles: what a profile would have to say to make the same octets.
//!
//! - `words`: extensions in the words of a profile;
//! - `names`: which string type each attribute has;
//! - `difference`: where two TBSCertificates first differ, by the name of the field.
//!
//! The rules of this folder:
//! - What a profile cannot say is named. Nothing is guessed, and nothing is left out.
//! - Words are tried before they are written: an extension is said in words only if they make its octets again. What has
//!   no words is said in octets, if it is DER.

mod difference;
mod names;
mod words;

use std::fmt;

use super::{BuiltIn, CertificateProfile, Fills, FoundValues, KeyIdentifier, Profile, SignatureChoice};
use crate::pki::key_identifier::KeyIdentifierMethod;
use crate::pki::oid::purpose;
use crate::pki::read::der::{Cursor, tag};
use crate::pki::read::{Faults, ReadError, TbsCertificateView, TimeForm, TimeView, lenient};
use crate::pki::{Name, Validity};
use crate::script::{NamePart, Problems, Source};

/// Something of a certificate that no profile can say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsaid {
    /// The field.
    pub field: String,
    /// What it has that cannot be said.
    pub why: String,
}

impl fmt::Display for Unsaid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.why)
    }
}

/// A certificate as a profile, and what comes with it.
#[derive(Clone, Debug)]
pub struct Reading<'a> {
    tbs: TbsCertificateView<'a>,
    yaml: String,
    subject: Vec<NamePart>,
    unsaid: Vec<Unsaid>,
}

impl<'a> Reading<'a> {
    /// Reads a TBSCertificate.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if it cannot be read; what is readable and not DER is among [`Reading::unsaid`].
    pub fn of(tbs: &'a [u8]) -> Result<Self, ReadError> {
        let (tbs, faults) = lenient::tbs_certificate(tbs)?;
        let mut unsaid = faulty(&faults);
        outside_of_profiles(&tbs, &mut unsaid);
        let mut say = |said: Result<String, Unsaid>| {
            said.unwrap_or_else(|why| {
                unsaid.push(why);
                String::new()
            })
        };
        let kind = say(kind(&tbs));
        let signature = say(signature(&tbs));
        let method = key_identifier(&tbs);
        let (forms, subject) = names::read(&tbs.subject());
        let mut extensions = String::new();
        // Too many were named above.
        let sayable = if tbs.extensions().iter().count() > MOST { 0 } else { MOST };
        for extension in tbs.extensions().iter().take(sayable) {
            extensions.push_str(&say(words::line(&extension, &tbs, method, kind == ROOT)));
        }
        if extensions.is_empty() {
            extensions.push_str("  []\n");
        }
        let method = method.unwrap_or(KeyIdentifierMethod::Sha1);
        // From 2050 on it is the form that goes with the date.
        let [year, ..] = tbs.not_before().at().fields();
        let times = if generalized(&tbs) && year < 2050 { "times: generalized\n" } else { "" };
        let yaml = format!(
            "rootrite-profile: 1\nkind: {kind}\nsignature: {signature}\nnames: {forms}\nkey-identifier: {method}\n\
             {times}extensions:\n{extensions}open: [lasts]\n"
        );
        Ok(Self { tbs, yaml, subject, unsaid })
    }

    /// The profile, as YAML. It leaves open how long a certificate lasts, and nothing else.
    ///
    /// # Errors
    ///
    /// What no profile can say.
    pub fn yaml(&self) -> Result<&str, &[Unsaid]> {
        if self.unsaid.is_empty() { Ok(&self.yaml) } else { Err(&self.unsaid) }
    }

    /// What no profile can say.
    pub fn unsaid(&self) -> &[Unsaid] {
        &self.unsaid
    }

    /// Makes the TBSCertificate again, from the profile's YAML, the key, the serial number, the dates, the subject as a
    /// script writes it, and what the issuer's certificate says.
    ///
    /// # Errors
    ///
    /// What stands in the way.
    pub fn made_again(&self) -> Result<Vec<u8>, String> {
        let profile = Profile::read("profile.yaml", self.yaml.as_bytes(), &BuiltIn);
        let profile = profile.map_err(|problems| listed(&problems))?;
        let profile = profile.certificate().ok_or("it is no profile of a certificate")?;
        self.by(profile)
    }

    fn by(&self, profile: &CertificateProfile) -> Result<Vec<u8>, String> {
        let tbs = &self.tbs;
        let subject = self.subject(profile)?;
        // A root is its own issuer; every other certificate copies its issuer's name, octet for octet.
        let issuer = if tbs.issuer() == tbs.subject() { subject.clone() } else { tbs.issuer().to_name() };
        let identifier = tbs.extensions().authority_key_identifier().ok().flatten();
        let key_bits = key_bits(tbs).ok_or("the key cannot be read")?;
        let validity = tbs.validity().map_err(|error| error.to_string())?;
        let made = profile.reproduce(&FoundValues {
            issuer: &issuer,
            subject: &subject,
            serial: tbs.serial_octets(),
            validity: Validity::new(validity.not_before(), validity.not_after())
                .map_err(|error| error.to_string())?,
            spki: tbs.spki().octets(),
            key_bits,
            issuer_key_identifier: identifier.and_then(|identifier| identifier.key_identifier),
            issuer_signature: tbs.signature().octets(),
            copied: None,
            fills: &Fills::new(),
        });
        made.map_err(|error| error.to_string())
    }

    fn subject(&self, profile: &CertificateProfile) -> Result<Name, String> {
        if self.subject.is_empty() {
            return Ok(self.tbs.subject().to_name());
        }
        let mut problems = Problems::new(Source::new("subject", ""));
        let name = profile.names().name(&self.subject, &mut problems);
        name.ok_or_else(|| format!("subject: {}", listed(&problems)))
    }
}

/// Whether a profile makes the octets of a TBSCertificate again: nothing, or where they first differ and what cannot
/// be said.
///
/// # Errors
///
/// [`ReadError`] if it cannot be read.
pub fn difference(tbs: &[u8]) -> Result<Option<String>, ReadError> {
    let reading = Reading::of(tbs)?;
    if let [first, ..] = reading.unsaid() {
        return Ok(Some(first.to_string()));
    }
    Ok(match reading.made_again() {
        Ok(made) if made == tbs => None,
        Ok(made) => Some(difference::first(tbs, &made)),
        Err(why) => Some(why),
    })
}

const ROOT: &str = "root";

/// The most extensions, and the most attributes of a subject, that a profile is made of.
const MOST: usize = 100;

/// BER that is not DER: a profile makes DER.
fn faulty(faults: &Faults) -> Vec<Unsaid> {
    let unread =
        faults.unread().iter().map(|error| Unsaid { field: "extensions".to_owned(), why: error.to_string() });
    let not_der = faults.list().iter().map(|fault| Unsaid {
        field: fault.what.to_owned(),
        why: format!("at octet {} {}, and a profile makes DER", fault.offset, fault.kind),
    });
    unread.chain(not_der).collect()
}

/// Whether both times are GeneralizedTimes.
fn generalized(tbs: &TbsCertificateView<'_>) -> bool {
    [tbs.not_before(), tbs.not_after()].iter().all(|time| time.form() == TimeForm::Generalized)
}

/// What every certificate of this program has, whatever the profile.
fn outside_of_profiles(tbs: &TbsCertificateView<'_>, unsaid: &mut Vec<Unsaid>) {
    let mut say = |field: &str, why: String| unsaid.push(Unsaid { field: field.to_owned(), why });
    if tbs.version().is_none_or(|version| version.octets() != VERSION_3) {
        say("version", "it is not version 3".to_owned());
    }
    let early = |time: &TimeView<'_>| {
        let [year, ..] = time.at().fields();
        time.form() == TimeForm::Generalized && year < 2050
    };
    for (what, time) in [("not before", tbs.not_before()), ("not after", tbs.not_after())] {
        if early(&time) && !generalized(tbs) {
            say(
                "validity",
                format!(
                    "{what}, {}, is a GeneralizedTime and the other is not; a profile makes both alike",
                    time.at()
                ),
            );
        }
    }
    if let Err(error) = tbs.validity() {
        say("validity", error.to_string());
    }
    if tbs.issuer_unique_id().is_some() || tbs.subject_unique_id().is_some() {
        say("unique identifiers", "no profile makes them".to_owned());
    }
    for (what, count) in
        [("extensions", tbs.extensions().iter().count()), ("subject", tbs.subject().attributes().count())]
    {
        if count > MOST {
            say(what, format!("there are {count}; a profile has at most {MOST}"));
        }
    }
    if key_bits(tbs).is_none() {
        say("subjectPublicKeyInfo", "it cannot be read".to_owned());
    }
}

const VERSION_3: &[u8] = &[0xa0, 3, 2, 1, 2];

fn kind(tbs: &TbsCertificateView<'_>) -> Result<String, Unsaid> {
    let extensions = tbs.extensions();
    let ca = extensions.basic_constraints().ok().flatten().is_some_and(|constraints| constraints.ca);
    let purposes = extensions.extended_key_usage().ok().flatten();
    let responder = purposes.is_some_and(|list| list.iter().any(|one| one == purpose::OCSP_SIGNING));
    match (ca, tbs.issuer() == tbs.subject(), responder) {
        (true, true, _) => Ok(ROOT.to_owned()),
        (true, false, _) => Ok("subordinate".to_owned()),
        (false, _, true) => Ok("ocsp-responder".to_owned()),
        (false, _, false) => Err(Unsaid {
            field: "basic constraints".to_owned(),
            why: "it is neither a CA's certificate nor an OCSP responder's, and there are profiles of these alone".to_owned(),
        }),
    }
}

fn signature(tbs: &TbsCertificateView<'_>) -> Result<String, Unsaid> {
    let algorithm = tbs.signature();
    SignatureChoice::of(algorithm.octets()).map(|choice| choice.name().to_owned()).ok_or_else(|| Unsaid {
        field: "signature".to_owned(),
        why: format!("no profile has a name for {}", crate::digest::hex(algorithm.octets())),
    })
}

/// The method that makes the subject key identifier from the key, if one does.
fn key_identifier(tbs: &TbsCertificateView<'_>) -> Option<KeyIdentifierMethod> {
    let found = tbs.extensions().subject_key_identifier().ok().flatten()?;
    let bits = key_bits(tbs)?;
    let made = |method: KeyIdentifierMethod| {
        KeyIdentifier::By(method).of_octets(tbs.spki().octets(), bits, None).is_ok_and(|made| made == found)
    };
    KeyIdentifierMethod::NAMES.into_iter().map(|(method, _)| method).find(|method| made(*method))
}

/// What the BIT STRING of the SubjectPublicKeyInfo holds, whatever kind of key it is.
fn key_bits<'a>(tbs: &TbsCertificateView<'a>) -> Option<&'a [u8]> {
    let mut inside = tbs.spki().inside();
    let mut faults = Faults::new();
    inside.take(tag::SEQUENCE, "algorithm", &mut faults).ok()?;
    let bits = inside.take(tag::BIT_STRING, "subjectPublicKey", &mut faults).ok()?;
    bits.whole_octets("subjectPublicKey", &mut faults).ok().filter(|_| Cursor::is_empty(&inside))
}

fn listed(problems: &Problems) -> String {
    let messages: Vec<_> = problems.sorted().into_iter().map(|problem| problem.message).collect();
    messages.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::digest::from_hex;
    use crate::pki::build::{
        CertificateParts, Extension, GeneralNameParts, tbs_certificate, tbs_certificate_of_generalized_times,
    };
    use crate::pki::name::attribute_type;
    use crate::pki::oid::extension;
    use crate::pki::{Attribute, PublicKey, SignatureAlgorithm, StringForm};

    fn attribute(short: &str, form: StringForm, value: &str) -> Attribute {
        Attribute { kind: attribute_type(short).unwrap(), form, value: value.to_owned() }
    }

    fn certificate(subject: &Name, extensions: &[Extension]) -> Vec<u8> {
        let key = PublicKey::from_ed25519(&[7; 32]).unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        tbs_certificate(&CertificateParts {
            serial: &[0],
            algorithm: &SignatureAlgorithm::for_key(&key).der(),
            issuer: subject,
            validity: Validity::new(at("2026-11-01T00:00:00Z"), at("2050-01-01T00:00:00Z")).unwrap(),
            subject,
            spki: key.spki_der(),
            extensions,
        })
    }

    fn with(extension: Extension) -> Vec<u8> {
        let name = Name::from_attributes(&[attribute("CN", StringForm::Utf8, "x")]).unwrap();
        certificate(&name, &[Extension::basic_constraints(true, true, None).unwrap(), extension])
    }

    #[track_caller]
    fn line(extension: Extension, wanted: &str) {
        let tbs = with(extension);
        let reading = Reading::of(&tbs).unwrap();
        assert!(reading.yaml().unwrap().contains(wanted), "{}", reading.yaml);
        assert_eq!(difference(&tbs), Ok(None));
    }

    #[test]
    fn names_of_several_string_types_and_parts_of_several_attributes_are_said() {
        let name = Name::from_parts(&[
            vec![attribute("OU", StringForm::Teletex, "é")],
            vec![attribute("OU", StringForm::Bmp, "Ā"), attribute("CN", StringForm::Printable, "a")],
            vec![attribute("OU", StringForm::Utf8, "+")],
        ])
        .unwrap();
        let tbs = certificate(&name, &[Extension::basic_constraints(true, true, None).unwrap()]);
        let reading = Reading::of(&tbs).unwrap();
        assert!(
            reading.yaml().unwrap().contains("names: {OU: [teletex, bmp, utf8], CN: printable}\n"),
            "{}",
            reading.yaml
        );
        assert_eq!(difference(&tbs), Ok(None));
        // The same parts as three of one attribute each are another name.
        let apart: Vec<_> =
            reading.subject.iter().cloned().map(|part| NamePart { joined: false, ..part }).collect();
        assert_ne!(apart, reading.subject);
        let apart = Reading { subject: apart, ..reading };
        assert_ne!(apart.made_again().unwrap(), tbs);
    }

    #[test]
    fn what_has_no_words_is_said_in_octets() {
        let octets = |text: &str| from_hex(text).unwrap();
        let other = |oid, text: &str| Extension::new(oid, false, octets(text));
        line(
            other("1.2.3.4".parse().unwrap(), "0500"),
            "  # extension 1.2.3.4, in octets\n  - other: {oid: 1.2.3.4, der: \"0500\"}\n",
        );
        // An identifier that no method makes of this key.
        line(Extension::subject_key_identifier(&[9; 8]).unwrap(), "  # subject-key-identifier, in octets\n");
        // An authority key identifier that is not the root's own.
        line(
            Extension::authority_key_identifier(&[9; 8]).unwrap(),
            "  # authority-key-identifier, in octets\n",
        );
        line(
            other(extension::POLICY_MAPPINGS, "300a300806022a0306022a04"),
            "  # policy mappings, in octets\n",
        );
    }

    #[test]
    fn what_has_words_is_said_in_words() {
        let names =
            [GeneralNameParts::Dns("example.org"), GeneralNameParts::Ip(&[192, 0, 2, 0, 255, 255, 255, 0])];
        for (extension, wanted) in [
            (
                Extension::name_constraints(true, &names, &names[..1]).unwrap(),
                "name-constraints: {critical: true, permitted: [{dns: \"example.org\"}, {ip: \"192.0.2.0/24\"}], \
                 excluded: [{dns: \"example.org\"}]}",
            ),
            (
                Extension::policy_constraints(Some(0), None).unwrap(),
                "{critical: true, require-explicit-policy: 0}",
            ),
            (Extension::inhibit_any_policy(2), "inhibit-any-policy: {critical: true, skip-certificates: 2}"),
            (
                Extension::crl_distribution_points(&[&["http://a/"], &["http://b/", "http://c/"]]).unwrap(),
                "{points: [{uris: [\"http://a/\"]}, {uris: [\"http://b/\", \"http://c/\"]}]}",
            ),
        ] {
            line(extension, wanted);
        }
        // Words that would make other octets are not taken: the mask is none.
        let odd = [GeneralNameParts::Ip(&[192, 0, 2, 0, 255, 0, 255, 0])];
        line(Extension::name_constraints(true, &odd, &[]).unwrap(), "  # name-constraints, in octets\n");
    }

    #[test]
    fn times_of_another_form_are_made_again() {
        let name = Name::from_attributes(&[attribute("CN", StringForm::Utf8, "x")]).unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        for (begins, ends, said) in [
            ("2011-10-06T08:39:56Z", "2046-10-06T08:39:56Z", true),
            ("2026-11-01T00:00:00Z", "2050-01-01T00:00:00Z", true),
            ("2050-01-01T00:00:00Z", "2051-01-01T00:00:00Z", false),
        ] {
            let key = PublicKey::from_ed25519(&[7; 32]).unwrap();
            let tbs = tbs_certificate_of_generalized_times(&CertificateParts {
                serial: &[1],
                algorithm: &SignatureAlgorithm::for_key(&key).der(),
                issuer: &name,
                validity: Validity::new(at(begins), at(ends)).unwrap(),
                subject: &name,
                spki: key.spki_der(),
                extensions: &[Extension::basic_constraints(true, true, None).unwrap()],
            });
            assert_eq!(difference(&tbs), Ok(None));
            let yaml = Reading::of(&tbs).unwrap().yaml().unwrap().to_owned();
            assert_eq!(yaml.contains("times: generalized\n"), said, "{yaml}");
            // By date, the same words make other octets.
            let by_date = yaml.replace("times: generalized\n", "");
            let reading = Reading { yaml: by_date, ..Reading::of(&tbs).unwrap() };
            assert_eq!(reading.made_again().unwrap() != tbs, said);
        }
    }

    #[test]
    fn what_no_profile_can_say_is_named() {
        let unsaid = |tbs: &[u8]| difference(tbs).unwrap().unwrap();
        let trailing = with(Extension::new(extension::KEY_USAGE, true, from_hex("03020006").unwrap()));
        assert!(unsaid(&trailing).starts_with("keyUsage: at octet "), "{}", unsaid(&trailing));
        assert!(Reading::of(&trailing).unwrap().yaml().is_err());
        let twice = with(Extension::basic_constraints(true, true, None).unwrap());
        assert_eq!(unsaid(&twice), "basic-constraints: it is there more than once");
        let good = with(Extension::subject_key_identifier(&[9; 8]).unwrap());
        let replaced = |old: &str, new: &str| {
            let text = crate::digest::hex(&good);
            assert_eq!(text.matches(old).count(), 1);
            from_hex(&text.replace(old, new)).unwrap()
        };
        // A time of 2026 as a GeneralizedTime would be longer: one of 2050 that becomes one of 2049.
        let early = replaced("32303530303130313030303030305a", "32303439303130313030303030305a");
        assert_eq!(
            unsaid(&early),
            "validity: not after, 2049-01-01T00:00:00Z, is a GeneralizedTime and the other is not; a profile makes both alike"
        );
        assert_eq!(unsaid(&replaced("a003020102", "a003020101")), "version: it is not version 3");
        let end_entity = with(Extension::subject_key_identifier(&[9; 8]).unwrap());
        let end_entity = from_hex(
            &crate::digest::hex(&end_entity).replace("30030101ff", "30030101 00".replace(' ', "").as_str()),
        )
        .unwrap();
        assert!(unsaid(&end_entity).starts_with("cA: "), "{}", unsaid(&end_entity));
    }

    #[test]
    fn a_certificate_of_thousands_of_parts_is_named_and_takes_no_time() {
        let other =
            |number: usize| Extension::new(format!("1.2.3.{number}").parse().unwrap(), false, vec![5, 0]);
        let basic = Extension::basic_constraints(true, true, None).unwrap();
        let name =
            |count| Name::from_attributes(&vec![attribute("OU", StringForm::Utf8, "x"); count]).unwrap();
        for (names, extensions, said) in [
            (MOST, MOST, None),
            (MOST, MOST + 1, Some("extensions: there are 101; a profile has at most 100")),
            (MOST + 1, MOST, Some("subject: there are 101; a profile has at most 100")),
            (1, 20_000, Some("extensions: there are 20000; a profile has at most 100")),
        ] {
            let all: Vec<_> = std::iter::once(basic.clone()).chain((1..extensions).map(other)).collect();
            assert_eq!(difference(&certificate(&name(names), &all)).unwrap().as_deref(), said);
        }
    }

    #[test]
    fn the_first_difference_is_named_by_its_field() {
        let one = with(Extension::subject_key_identifier(&[9; 8]).unwrap());
        let other = with(Extension::subject_key_identifier(&[8; 8]).unwrap());
        assert_eq!(
            difference::first(&one, &other),
            "subject-key-identifier: found 30110603551d0e040a04080909090909090909; the profile makes \
             30110603551d0e040a04080808080808080808"
        );
        let mut serial = one.clone();
        let at = serial.windows(3).position(|three| three == [2, 1, 0]).unwrap();
        serial[at + 2] = 1;
        assert_eq!(difference::first(&one, &serial), "serialNumber: found 020100; the profile makes 020101");
    }
}
