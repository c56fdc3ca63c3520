//! The country is two upper-case letters of ISO 3166-1. BR §7.1.4.2.

use super::Judge;
use crate::pki::name::NameView;
use crate::pki::oid::attribute;
use crate::pki::read::der::tag;
use crate::rule::{Context, Findings, Judgement, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "NAME-03",
    requires: "the country is a PrintableString of two letters that ISO 3166-1 assigns, or XX",
    source: "BR 2.2.6 §7.1.4.2; RFC 5280 appendix A",
    severity: Severities::STANDARD,
    verdict: judge,
};

/// ISO 3166-1 alpha-2, officially assigned, as of 2026.
const ASSIGNED: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS \
    BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ \
    FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT \
    JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP \
    MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE \
    RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV \
    TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

fn judge<'a>(subject: &NameView<'a>, _: &Context<'a>) -> Judgement {
    let mut findings = Findings::new();
    for country in subject.attributes().filter(|one| one.kind() == attribute::COUNTRY) {
        let text = country.text().unwrap_or_default();
        if country.tag() != tag::PRINTABLE_STRING {
            findings.must(format!("C `{text}` is not a PrintableString"));
        }
        // XX: the user-assigned code that the BR take for a country that ISO has not.
        if text != "XX" && !ASSIGNED.split(' ').any(|code| code == text) {
            findings.must(format!("C `{text}` is no country of ISO 3166-1; wanted two upper-case letters, such as US"));
        }
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{fails, passes};
    use super::{ASSIGNED, RULE};
    use crate::pki::name::StringForm;
    use crate::rule::sample::attribute;

    #[test]
    fn it_is_assigned_and_printable() {
        assert_eq!(ASSIGNED.split(' ').count(), 249);
        passes(&RULE, &[attribute("C", "US")]);
        passes(&RULE, &[attribute("C", "XX")]);
        for wrong in ["us", "USA", "UK", "ZZ", "U"] {
            fails(&RULE, &[attribute("C", wrong)], "ISO 3166-1");
        }
        let mut utf8 = attribute("C", "US");
        utf8.form = StringForm::Utf8;
        fails(&RULE, &[utf8], "PrintableString");
    }
}
