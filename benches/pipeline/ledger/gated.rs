//! What gates add to a transfer: the same bank decides a million with no gate enabled, and a million with all of them, each of which has
//! all six keys, of a million accounts, customers, devices, cards, telephones and addresses. No threshold is reached.

use super::{ACCOUNTS, Books, EPOCH_COMMANDS, EPOCHS, Payers, evenly};
use crate::Extent;
use crate::figures::Figure;
use anyhow::ensure;
use schemas::aml::{ParameterKind, Setting};
use schemas::{AmlSetting, Context, Fact, Operation, RuleId};

pub(super) fn measure(extent: &Extent) -> anyhow::Result<Figure> {
    let mut added = Figure::new("gate_added_us", "us", "all gates, six keys a transfer, a million of each");
    let mut bank = Books::of(ACCOUNTS)?;
    // Every key is known before something is timed.
    set(&mut bank, true)?;
    bank.transfers(Payers::EachOnce, Some(from))?;
    for run in 1..=extent.runs {
        set(&mut bank, false)?;
        let without = bank.transfers(Payers::Chosen(evenly), None)?;
        set(&mut bank, true)?;
        let with = bank.transfers(Payers::Chosen(evenly), Some(from))?;
        eprintln!(
            "{:<24} {:.3} s without gates, {:.3} s with",
            format!("gates {run}/{}", extent.runs),
            without.as_secs_f64(),
            with.as_secs_f64()
        );
        let count = f64::from(u32::try_from(EPOCH_COMMANDS * EPOCHS)?);
        added.add((with.as_secs_f64() - without.as_secs_f64()) * 1e6 / count);
    }
    Ok(added)
}

/// All gates, with thresholds that nothing reaches.
fn set(bank: &mut Books, enabled: bool) -> anyhow::Result<()> {
    let rule = |rule: &RuleId| {
        let thresholds = rule.parameters().iter().filter(|parameter| parameter.kind == ParameterKind::AtLeast);
        let parameters = thresholds.map(|parameter| (parameter.name.to_owned(), parameter.max)).collect();
        Operation::SetAml(AmlSetting::Rule(Setting { enabled, parameters, ..Setting::of(*rule) }))
    };
    let asked = RuleId::ALL.iter().filter(|rule| rule.is_gate()).map(rule).collect();
    let (output, _) = bank.decide(asked, None);
    ensure!(output.events.iter().all(|event| matches!(event.fact, Fact::AmlChanged(_))), "not set: {:?}", output.events);
    Ok(())
}

fn from(account: usize) -> Context {
    let byte = |shift: usize| (account >> shift) & 0xff;
    Context {
        device: Some(format!("device-{account}")),
        ip: Some(format!("10.{}.{}.{}", byte(16), byte(8), byte(0))),
        country: Some("SN".to_owned()),
        latitude_e6: None,
        longitude_e6: None,
        card_token: Some(format!("card-{account}")),
        msisdn: Some(format!("+22177{account:07}")),
        counterparty_name: None,
    }
}
