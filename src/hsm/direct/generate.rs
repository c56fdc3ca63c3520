//! Making a key pair: every attribute is set explicitly, and what the token made is compared with what was asked.
//!
//! A power failure during the one call that makes the pair can leave one half, both, or an unreadable object on the
//! token. The id was drawn before: by it they are found again.

use super::super::encoding::{
    PUBLIC_EXPONENT, curve_parameters, generating_mechanism, is_curve, key_type, parameter_set, without_zeros,
};
use super::super::raw::{Attribute, Object, Value};
use super::super::{
    AttributeName, Attributes, KeyDescription, KeyId, KeyRequest, ObjectClass, Quirks, Reading,
    TemplateFinding, TokenError,
};
use super::key;
use super::place::{Task, class, expected, flag, octets};
use crate::pki::key::KeyAlgorithm;

/// Makes the key pair of a request.
///
/// Gives its private half with it, as it is found by its id.
pub(super) fn key_pair(
    task: &mut Task<'_>,
    request: &KeyRequest,
) -> Result<(KeyDescription, Object), TokenError> {
    check_names(task, request)?;
    let (public, private) = (public_template(request), private_template(request));
    let public_kept = without(&public, &task.quirks.omit_public);
    let private_kept = without(&private, &task.quirks.omit_private);
    // From here on the token may hold something of the new key.
    let made =
        task.session.generate_key_pair(generating_mechanism(request.algorithm), &public_kept, &private_kept);
    let (public_object, _) = made.map_err(|fault| task.explain(fault))?;
    // Found again by its id, as everybody will find it.
    let (description, private_object) = key::describe(task, &request.id)?;
    let malformed = |finding: String, task: &Task<'_>| TokenError::MalformedKey {
        token: task.token(),
        id: request.id.clone(),
        finding,
    };
    if description.algorithm != request.algorithm {
        return Err(malformed(
            format!("it is {} and was to be {}", description.algorithm, request.algorithm),
            task,
        ));
    }
    let made = key::read_public(task, public_object)?;
    if key::public_key(&made) != Ok((description.algorithm, description.public_key.clone())) {
        return Err(malformed(
            "the public key that was made is not the one found by its id".to_owned(),
            task,
        ));
    }
    stays_inside(task, request, &description)?;
    let Quirks { omit_private, omit_public, untold_public, .. } = task.quirks;
    compare(task, request, &private, (omit_private, &[]), &description.private)?;
    compare(task, request, &public, (omit_public, untold_public), &description.public)?;
    was_made_here(task, request, &description)?;
    Ok((description, private_object))
}

/// How much of the template a token accepts: the first rung of the ladder that it takes, found with a key pair that is no
/// object of the token and goes at once.
///
/// `try_rung` gets a session of its own for each rung: after an error a session is not used again.
pub(super) fn climb(
    algorithm: KeyAlgorithm,
    id_octets: usize,
    mut try_rung: impl FnMut(&Rung<'_>) -> Result<(), TokenError>,
) -> Result<TemplateFinding, TokenError> {
    let id = KeyId::from_octets(&vec![0xa5; id_octets.clamp(1, 255)]);
    let Ok(id) = id else { return Ok(TemplateFinding::default()) };
    let request = KeyRequest { label: "rootrite-probe".to_owned(), id, algorithm, extractable: false };
    let session_only = |template: Vec<Attribute>| -> Vec<Attribute> {
        let token = AttributeName::Token.number();
        template
            .into_iter()
            .map(
                |(kind, value)| if kind == token { flag(AttributeName::Token, false) } else { (kind, value) },
            )
            .collect()
    };
    let (public, private) =
        (session_only(public_template(&request)), session_only(private_template(&request)));
    let mut finding = TemplateFinding::default();
    for (omit_private, omit_public) in LADDER {
        finding.omit_private.extend_from_slice(omit_private);
        finding.omit_public.extend_from_slice(omit_public);
        let rung = Rung {
            mechanism: generating_mechanism(algorithm),
            public: &without(&public, &finding.omit_public),
            private: &without(&private, &finding.omit_private),
        };
        match try_rung(&rung) {
            Ok(()) => return Ok(finding),
            Err(TokenError::Code { code, .. }) if NEXT_RUNG.contains(&code.0) => {}
            Err(error) => return Err(error),
        }
    }
    Err(TokenError::NoTemplate { algorithm: algorithm.to_string() })
}

/// One template to try.
pub(super) struct Rung<'r> {
    mechanism: u64,
    public: &'r [Attribute],
    private: &'r [Attribute],
}

/// Makes a key pair of a template that is no object of the token, and destroys it.
pub(super) fn try_rung(task: &mut Task<'_>, rung: &Rung<'_>) -> Result<(), TokenError> {
    let made = task.session.generate_key_pair(rung.mechanism, rung.public, rung.private);
    let (public, private) = made.map_err(|fault| task.explain(fault))?;
    for half in [private, public] {
        let destroyed = task.session.destroy(half);
        destroyed.map_err(|fault| task.explain(fault))?;
    }
    Ok(())
}

/// What is left out at each rung beside what was left out before, of the private and of the public template.
pub const LADDER: [(&[AttributeName], &[AttributeName]); 5] = [
    (&[], &[]),
    (
        &[AttributeName::Modifiable, AttributeName::Copyable, AttributeName::Destroyable],
        &[AttributeName::Modifiable, AttributeName::Copyable, AttributeName::Destroyable],
    ),
    (&[AttributeName::WrapWithTrusted, AttributeName::AlwaysAuthenticate], &[]),
    (
        &[AttributeName::SignRecover, AttributeName::Decrypt, AttributeName::Unwrap, AttributeName::Derive],
        &[AttributeName::VerifyRecover, AttributeName::Encrypt, AttributeName::Wrap, AttributeName::Derive],
    ),
    (&[AttributeName::Class, AttributeName::KeyType], &[AttributeName::Class, AttributeName::KeyType]),
];

/// Codes that say that the template was refused, and nothing else.
pub(in super::super) const NEXT_RUNG: [u64; 5] = [
    cryptoki_sys::CKR_ATTRIBUTE_TYPE_INVALID,
    cryptoki_sys::CKR_ATTRIBUTE_VALUE_INVALID,
    cryptoki_sys::CKR_ATTRIBUTE_READ_ONLY,
    cryptoki_sys::CKR_TEMPLATE_INCOMPLETE,
    cryptoki_sys::CKR_TEMPLATE_INCONSISTENT,
];

/// Refuses a label or id that does not fit or is taken.
pub(super) fn check_names(task: &mut Task<'_>, request: &KeyRequest) -> Result<(), TokenError> {
    let (token, id) = (task.token(), request.id.clone());
    if !(1..=KeyRequest::LONGEST_LABEL).contains(&request.label.len()) {
        return Err(TokenError::LabelLength {
            label: request.label.clone(),
            most: KeyRequest::LONGEST_LABEL,
        });
    }
    if id.octets().len() != task.quirks.id_octets {
        return Err(TokenError::IdLength { token, id, wanted: task.quirks.id_octets });
    }
    match key::count(task, AttributeName::Label, request.label.as_bytes())? {
        0 => {}
        count => return Err(TokenError::LabelTaken { token, label: request.label.clone(), count }),
    }
    match key::count(task, AttributeName::Id, request.id.octets())? {
        0 => Ok(()),
        count => Err(TokenError::IdTaken { token, id, count }),
    }
}

/// The private half: it signs, and nothing else.
pub(in super::super) fn private_template(request: &KeyRequest) -> Vec<Attribute> {
    use AttributeName as A;
    vec![
        class(ObjectClass::PrivateKey),
        (A::KeyType.number(), Value::Number(key_type(request.algorithm))),
        flag(A::Token, true),
        flag(A::Private, true),
        flag(A::Sensitive, true),
        flag(A::Extractable, request.extractable),
        flag(A::Sign, true),
        flag(A::SignRecover, false),
        flag(A::Decrypt, false),
        flag(A::Unwrap, false),
        flag(A::Derive, false),
        flag(A::AlwaysAuthenticate, false),
        flag(A::WrapWithTrusted, false),
        // A key that may leave has to be sealed later, and sealing changes it.
        flag(A::Modifiable, request.extractable),
        flag(A::Copyable, false),
        flag(A::Destroyable, true),
        octets(A::Id, request.id.octets()),
        octets(A::Label, request.label.as_bytes()),
    ]
}

/// The public half: it verifies, and nothing else.
pub(in super::super) fn public_template(request: &KeyRequest) -> Vec<Attribute> {
    use AttributeName as A;
    let mut template = vec![
        class(ObjectClass::PublicKey),
        (A::KeyType.number(), Value::Number(key_type(request.algorithm))),
        flag(A::Token, true),
        flag(A::Private, false),
        flag(A::Verify, true),
        flag(A::VerifyRecover, false),
        flag(A::Encrypt, false),
        flag(A::Wrap, false),
        flag(A::Derive, false),
        flag(A::Modifiable, false),
        flag(A::Copyable, false),
        flag(A::Destroyable, true),
        octets(A::Id, request.id.octets()),
        octets(A::Label, request.label.as_bytes()),
    ];
    match (request.algorithm.rsa_bits(), parameter_set(request.algorithm)) {
        (Some(bits), _) => template.extend([
            (A::ModulusBits.number(), Value::Number(bits as u64)),
            octets(A::PublicExponent, &PUBLIC_EXPONENT),
        ]),
        (None, Some(set)) => template.push((A::ParameterSet.number(), Value::Number(set))),
        (None, None) => template.push(octets(A::EcParams, curve_parameters(request.algorithm))),
    }
    template
}

/// A template without what the token does not accept.
pub(in super::super) fn without(template: &[Attribute], omitted: &[AttributeName]) -> Vec<Attribute> {
    let kept = |(kind, _): &&Attribute| !omitted.iter().any(|name| name.number() == *kind);
    template.iter().filter(kept).cloned().collect()
}

/// Refuses a half that is not what its template says. What was left out must be as if it had been said, or absent;
/// what the token cannot tell says nothing.
fn compare(
    task: &Task<'_>,
    request: &KeyRequest,
    template: &[Attribute],
    (omitted, untold): (&[AttributeName], &[AttributeName]),
    read: &Attributes,
) -> Result<(), TokenError> {
    let mut differing = differing(request.algorithm, template, omitted, read).into_iter();
    match differing.find(|(name, ..)| !untold.contains(name)) {
        None => Ok(()),
        Some((attribute, wanted, found)) => Err(TokenError::AttributeDiffers {
            token: task.token(),
            id: request.id.clone(),
            attribute,
            wanted: wanted.to_string(),
            found: found.to_string(),
        }),
    }
}

/// The attributes in which a half is not what its template says: what was asked for and what the token answers.
pub(in super::super) fn differing(
    algorithm: KeyAlgorithm,
    template: &[Attribute],
    omitted: &[AttributeName],
    read: &Attributes,
) -> Vec<(AttributeName, Reading, Reading)> {
    let mut all = Vec::new();
    for (kind, value) in template {
        // Templates are made of names only.
        let Some(attribute) = AttributeName::from_number(*kind) else { continue };
        let wanted = expected(value);
        let found = read.0.get(&attribute).unwrap_or(&Reading::Absent);
        let same = match (attribute, found, &wanted) {
            (AttributeName::EcParams, Reading::Octets(found), _) => is_curve(algorithm, found),
            (AttributeName::PublicExponent, Reading::Octets(found), Reading::Octets(wanted)) => {
                without_zeros(found) == wanted
            }
            // The modulus itself says it; NSS does not say it again.
            (AttributeName::ModulusBits, Reading::Absent, _) => true,
            (_, Reading::Absent, _) => omitted.contains(&attribute),
            _ => *found == wanted,
        };
        if !same {
            all.push((attribute, wanted, found.clone()));
        }
    }
    all
}

/// Refuses a key of which the token says that it was not made there, or was once in the open: the id is random, but
/// nobody has to believe that the call that made it is where it comes from. Silence is refused too, unless the make is
/// known for it.
fn was_made_here(task: &Task<'_>, request: &KeyRequest, made: &KeyDescription) -> Result<(), TokenError> {
    use AttributeName as A;
    let sealed = (A::NeverExtractable, !request.extractable);
    for (attribute, wanted) in [(A::Local, true), (A::AlwaysSensitive, true), sealed] {
        let found = made.private.0.get(&attribute).unwrap_or(&Reading::Absent);
        if *found != Reading::Flag(wanted) && !task.quirks.untold.contains(&attribute) {
            return Err(TokenError::AttributeDiffers {
                token: task.token(),
                id: request.id.clone(),
                attribute,
                wanted: wanted.to_string(),
                found: found.to_string(),
            });
        }
    }
    Ok(())
}

/// Refuses a private key that the token would show.
pub(super) fn stays_inside(
    task: &Task<'_>,
    request: &KeyRequest,
    made: &KeyDescription,
) -> Result<(), TokenError> {
    let attribute = key::secret_attribute(made.algorithm);
    match made.private.0.get(&attribute) {
        Some(Reading::Sensitive) => Ok(()),
        // A token that has no such attribute shows nothing either; its make has to be known for that.
        Some(Reading::Absent) if task.quirks.untold.contains(&attribute) => Ok(()),
        found => Err(TokenError::KeyReadable {
            token: task.token(),
            id: request.id.clone(),
            attribute,
            found: match found {
                Some(Reading::Octets(_)) => "it would have given it".to_owned(),
                Some(other) => other.to_string(),
                None => "it was not asked".to_owned(),
            },
        }),
    }
}
