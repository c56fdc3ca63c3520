//! One CA has one encoded subject: a name that reads like a known one is that one. BR §7.1.4.1.

use super::Judge;
use crate::pki::name::NameView;
use crate::rule::{Context, Judgement, Kind, NOT_APPLICABLE, PASS, Rule, Severities, must};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "NAME-10",
    requires: "a new root's subject is not that of another certificate",
    source: "Microsoft Trusted Root Program 1.2 §3.1.3, §3.1.11",
    severity: Severities::BASELINE,
    verdict: judge,
};

fn judge<'a>(subject: &NameView<'a>, context: &Context<'a>) -> Judgement {
    if context.kind() != Kind::Root {
        return NOT_APPLICABLE;
    }
    match context.known()?.certificates_of_subject(subject.sha256()).first() {
        Some(other) => must(format!("`{subject}` is the subject of another certificate, {}", other.kind)),
        None => PASS,
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::read::{Faults, TbsCertificateView};
    use crate::rule::evidence::messages;
    use crate::rule::sample::Sample;

    #[test]
    fn a_root_has_a_subject_of_its_own() {
        for (known, good) in [(vec![], true), (vec![Sample::existing().issued()], true), (vec![Sample::root().issued()], false)] {
            let sample = Sample::root().but(|root| root.known = known);
            let tbs = sample.tbs();
            let subject = TbsCertificateView::read(&tbs, &mut Faults::new()).unwrap().subject();
            let objections = sample.in_context(&tbs, &Sample::existing().tbs(), |context| {
                messages(&RULE, &context.clone(), |context| (RULE.verdict)(&subject, context))
            });
            assert_eq!(objections.is_empty(), good);
        }
    }
}
