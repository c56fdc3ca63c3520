//! Rules on the subject's name.

use super::context::Context;
use super::objection::Assessment;
use super::rules;
use super::verdict::Judgement;
use crate::pki::name::{AttributeView, NameView};

/// How a rule on names judges.
pub type Judge = for<'a> fn(&NameView<'a>, &Context<'a>) -> Judgement;

rules! { Judge;
    one_attribute order country string_type length no_repetition printable white_space known_subject
}

/// Judges a subject by every rule on names.
pub(super) fn judge<'a>(assessment: &mut Assessment, subject: NameView<'a>, context: &Context<'a>) {
    for rule in RULES {
        assessment.enter(rule, context, |verdict| verdict(&subject, context));
    }
}

/// How an attribute is called in messages.
pub(super) fn called(attribute: &AttributeView<'_>) -> String {
    attribute.short_name().map_or_else(|| attribute.kind().to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::Judge;
    use crate::pki::name::{Attribute, Name};
    use crate::rule::Rule;
    use crate::rule::evidence::messages;
    use crate::rule::sample::Sample;

    /// What a rule says of a subordinate CA's name.
    pub(super) fn objections(rule: &Rule<Judge>, name: &Name) -> Vec<String> {
        let sample = Sample::subordinate();
        sample.in_context(&Sample::root().tbs(), &Sample::existing().tbs(), |context| {
            messages(rule, &context.clone(), |context| (rule.verdict)(&name.view(), context))
        })
    }

    #[track_caller]
    pub(super) fn passes(rule: &Rule<Judge>, attributes: &[Attribute]) {
        let name = Name::from_attributes(attributes).unwrap();
        assert_eq!(objections(rule, &name), Vec::<String>::new());
    }

    #[track_caller]
    pub(super) fn fails(rule: &Rule<Judge>, attributes: &[Attribute], words: &str) {
        let objections = objections(rule, &Name::from_attributes(attributes).unwrap());
        assert!(
            objections.len() == 1 && objections[0].contains(words),
            "wanted `{words}`, found {objections:?}"
        );
    }
}
