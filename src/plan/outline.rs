//! What is certain of a script, with or without mistakes: what a site is judged by.

use super::{Plan, PlannedStep};
use crate::script::{Part, Unread};
use crate::step::Setting;

/// What a script says of the machine and its tokens, as far as it is certain.
#[derive(Debug)]
pub struct Outline<'p> {
    /// What all steps have in common.
    pub setting: &'p Setting,
    steps: Vec<&'p PlannedStep>,
    unread: Unread,
}

/// What is certain of a script that has mistakes; never a plan.
#[derive(Debug)]
pub struct Sketch {
    pub(super) setting: Setting,
    pub(super) steps: Vec<PlannedStep>,
    pub(super) unread: Unread,
}

impl Sketch {
    /// What is certain of it.
    pub fn outline(&self) -> Outline<'_> {
        Outline { setting: &self.setting, steps: self.steps.iter().collect(), unread: self.unread.clone() }
    }
}

impl Plan {
    /// All of it.
    pub fn outline(&self) -> Outline<'_> {
        Outline { setting: &self.setting, steps: self.steps().collect(), unread: Unread::default() }
    }
}

impl<'p> Outline<'p> {
    /// The steps in which nothing is wrong, in order.
    pub fn steps(&self) -> impl Iterator<Item = &'p PlannedStep> {
        self.steps.iter().copied()
    }

    /// Whether a part of the script could be read.
    pub fn knows(&self, part: Part) -> bool {
        !self.unread.has(part)
    }
}
