//! The rules as they are set: which are measured in which shape, and what has to be reached.
//!
//! In: the catalogue, then settings as they come. Out: the shapes that have to be measured, and thresholds by rule, shape and clause. Never:
//! a rule that nobody here measures, or a lane that is switched off.

use crate::risk::holds::{Clause, Threshold};
use crate::risk::rules::{self, Measures, Shape};
use schemas::aml::{Lane, Parameter, ParameterKind, RuleId, Setting};
use std::collections::{BTreeMap, BTreeSet};

/// Rules by lane, each with the version of its setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings(pub(crate) BTreeMap<(RuleId, Lane), (u32, Setting)>);

impl Default for Settings {
    fn default() -> Self {
        Self(rules::ALL.iter().map(|rule| ((rule.id, Lane::Live), (0, Setting::of(rule.id)))).collect())
    }
}

/// A rule in a shape: what is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub(crate) struct Watch {
    pub(crate) rule: RuleId,
    pub(crate) shape: Shape,
}

impl Settings {
    /// Takes a setting in the place of the one before.
    pub(crate) fn set(&mut self, version: u32, setting: &Setting) {
        self.0.insert((setting.rule, setting.lane), (version, setting.clone()));
    }

    /// What has to be measured.
    pub(crate) fn watches(&self) -> BTreeSet<Watch> {
        self.enabled().map(|(_, _, setting)| watch(setting)).collect()
    }

    /// What has to be reached.
    pub(crate) fn thresholds(&self) -> BTreeSet<(Clause, Threshold)> {
        let each = |(lane, version, setting): (Lane, u32, &Setting)| {
            let Watch { rule, shape } = watch(setting);
            let clauses = clauses(rule).into_iter();
            let threshold = |clause| (Clause { rule, shape, clause }, Threshold { lane, version, measures: required(setting, clause) });
            clauses.map(threshold).collect::<Vec<_>>()
        };
        self.enabled().flat_map(each).collect()
    }

    /// What has to be reached of a clause, in each lane that is set in this shape.
    pub(crate) fn required(&self, clause: &Clause) -> impl Iterator<Item = Measures> {
        let lanes = Lane::ALL.iter().filter_map(|lane| self.0.get(&(clause.rule, *lane)));
        lanes
            .filter(|(_, setting)| setting.enabled && watch(setting).shape == clause.shape)
            .map(|(_, setting)| required(setting, clause.clause))
    }

    fn enabled(&self) -> impl Iterator<Item = (Lane, u32, &Setting)> {
        self.0.iter().filter_map(|((rule, lane), (version, setting))| {
            (setting.enabled && rules::is_known(*rule)).then_some((*lane, *version, setting))
        })
    }
}

/// What a setting has measured.
pub(crate) fn watch(setting: &Setting) -> Watch {
    let shapes = setting.rule.parameters().iter().filter(|parameter| parameter.kind == ParameterKind::Shape);
    let mut shape = Shape::default();
    shape.iter_mut().zip(shapes).for_each(|(place, parameter)| *place = setting.value(parameter));
    Watch { rule: setting.rule, shape }
}

/// The thresholds of a clause, in the order of the catalogue.
pub(crate) fn thresholds(rule: RuleId, clause: u8) -> impl Iterator<Item = &'static Parameter> {
    rule.parameters().iter().filter(move |parameter| parameter.kind != ParameterKind::Shape && parameter.clause == clause)
}

/// The clauses of a rule.
fn clauses(rule: RuleId) -> BTreeSet<u8> {
    rule.parameters().iter().filter(|parameter| parameter.kind != ParameterKind::Shape).map(|parameter| parameter.clause).collect()
}

/// What has to be reached of a clause.
pub(crate) fn required(setting: &Setting, clause: u8) -> Measures {
    let mut measures = Measures::default();
    measures.iter_mut().zip(thresholds(setting.rule, clause)).for_each(|(place, parameter)| *place = setting.value(parameter));
    measures
}

/// Whether what was measured reaches every threshold of a clause.
pub(crate) fn reaches(rule: RuleId, clause: u8, measured: &Measures, required: &Measures) -> bool {
    let mut pairs = measured.iter().zip(required).zip(thresholds(rule, clause));
    pairs.all(|((measured, required), parameter)| match parameter.kind {
        ParameterKind::AtLeast => measured >= required,
        ParameterKind::AtMost => measured <= required,
        ParameterKind::Shape => true,
    })
}

/// Whether it reaches the smallest that may be set, so that it is kept.
pub(crate) fn is_candidate(rule: RuleId, clause: u8, measured: &Measures) -> bool {
    let mut pairs = measured.iter().zip(thresholds(rule, clause));
    pairs.all(|(measured, parameter)| match parameter.kind {
        ParameterKind::AtLeast => *measured >= parameter.min,
        ParameterKind::AtMost => *measured <= parameter.max,
        ParameterKind::Shape => true,
    })
}
