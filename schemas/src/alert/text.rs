//! An alert as a sentence, for people: the same words for the same alert, always.

use super::{Alert, Matched, MatchedParty};
use crate::aml::RuleId;
use crate::epoch::rfc3339;
use crate::money::Money;

/// A language in which alerts are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// French.
    French,
}

impl RuleId {
    /// What it finds, in a few words.
    pub const fn title(self, language: Language) -> &'static str {
        let (english, french) = match self {
            Self::VelocityCount => ("Too many attempts", "Trop de tentatives"),
            Self::VelocityAmount => ("Too much in a short time", "Trop en peu de temps"),
            Self::CashThreshold => ("Cash to be reported", "Espèces à déclarer"),
            Self::Structuring => ("Amounts just below the threshold", "Montants juste sous le seuil"),
            Self::Smurfing => ("Several payers below the threshold", "Plusieurs payeurs sous le seuil"),
            Self::PassThrough => ("Money that passes through", "Argent qui ne fait que passer"),
            Self::FanIn => ("Many payers to one account", "Beaucoup de payeurs vers un compte"),
            Self::FanOut => ("One payer to many accounts", "Un payeur vers beaucoup de comptes"),
            Self::ScatterGather => ("Scattered and gathered again", "Dispersé puis regroupé"),
            Self::GatherScatter => ("Gathered and scattered again", "Regroupé puis dispersé"),
            Self::Cycle => ("Money that comes back", "Argent qui revient à son point de départ"),
            Self::DenseCore => ("Everyone pays everyone", "Tous se paient entre eux"),
            Self::Taint => ("Money of somebody known for fraud", "Argent d'une personne connue pour fraude"),
            Self::Ring => ("Customers who share what should be one's own", "Clients qui partagent ce qui devrait être personnel"),
            Self::DormantReactivation => ("A dormant account moves", "Un compte dormant se réveille"),
            Self::NewDeviceHighAmount => ("A high amount from a new device", "Montant élevé depuis un nouvel appareil"),
            Self::ImpossibleTravel => ("Two places too far apart", "Deux lieux trop éloignés"),
            Self::RoundAmounts => ("Mostly round amounts", "Surtout des montants ronds"),
            Self::SimilarAmounts => ("Many similar amounts", "Beaucoup de montants semblables"),
            Self::SanctionHit => ("A name on a sanctions list", "Un nom sur une liste de sanctions"),
            Self::PoliticallyExposed => ("A politically exposed person", "Une personne politiquement exposée"),
            Self::HighRiskCountry => ("A country of high risk", "Un pays à haut risque"),
            Self::MerchantAnomaly => ("An unusual merchant", "Un marchand inhabituel"),
            Self::NewAccountBurst => ("A new account that moves much", "Un compte neuf très actif"),
            Self::AgentAnomaly => ("An unusual agent", "Un agent inhabituel"),
            Self::ProfileMismatch => ("More than the profile explains", "Plus que le profil n'explique"),
            Self::SelfPayment => ("A merchant paid by itself", "Un marchand payé par lui-même"),
        };
        match language {
            Language::English => english,
            Language::French => french,
        }
    }
}

impl Alert {
    /// What was found, about whom, measured how, and when.
    pub fn text(&self, language: Language) -> String {
        let french = language == Language::French;
        let mut text = format!("{} {}: {} {}", self.rule.code(), self.rule.title(language), self.subject.kind(), self.subject.id());
        for measured in &self.measured {
            let threshold = if french { "seuil" } else { "threshold" };
            text.push_str(&format!("; {} {} ({threshold} {})", measured.name, measured.value, measured.threshold));
        }
        if let Some(matched) = &self.evidence.matched {
            let Matched { party, name, listed, list, version, entry, .. } = &**matched;
            let whose = match (party, french) {
                (MatchedParty::Customer, _) => "",
                (MatchedParty::Counterparty, false) => "the counterparty ",
                (MatchedParty::Counterparty, true) => "la contrepartie ",
            };
            text.push_str(&if french {
                format!("; {whose}« {name} » ressemble à « {listed} » (liste {list}, version {version}, entrée {entry})")
            } else {
                format!("; {whose}\"{name}\" resembles \"{listed}\" (list {list}, version {version}, entry {entry})")
            });
        }
        let (from, to) = (rfc3339(self.evidence.window_from), rfc3339(self.evidence.window_to));
        let amounts: Vec<String> =
            self.evidence.amounts.iter().map(|(currency, minor)| Money { minor: *minor, currency: *currency }.to_string()).collect();
        let of = amounts.iter().zip(&self.evidence.amounts).map(|(amount, (currency, _))| format!("{amount} {currency}"));
        let amounts = of.collect::<Vec<_>>().join(" + ");
        let amounts = if amounts.is_empty() { amounts } else { format!(", {amounts}") };
        let count = self.evidence.transactions_count;
        let told = if french {
            format!("; {count} transactions{amounts}, du {from} au {to}")
        } else {
            format!("; {count} transactions{amounts}, from {from} to {to}")
        };
        if count > 0 {
            text.push_str(&told);
        }
        text
    }
}
