//! Rules as a file says that they might be set.

use crate::exit::{BAD_INPUT, Exit, USAGE};
use schemas::RuleId;
use schemas::aml::{Lane, Setting};
use std::path::Path;

/// Reads a file: a table for each rule.
pub(super) fn read(path: &Path) -> Result<Vec<Setting>, Exit> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Exit { code: USAGE, sentence: format!("{} can't be read: {error}", path.display()) })?;
    parse(&text).map_err(|what| Exit { code: BAD_INPUT, sentence: format!("{}: {what}", path.display()) })
}

fn parse(text: &str) -> Result<Vec<Setting>, String> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| error.message().to_owned())?;
    table.iter().map(|(name, fields)| setting(name, fields)).collect()
}

fn setting(name: &str, fields: &toml::Value) -> Result<Setting, String> {
    let rule: RuleId = name.parse().map_err(|_| format!("the catalogue has no rule {name}"))?;
    if rule.is_gate() {
        return Err(format!("{name} is decided with the payment, so history can't be judged by it anew: set it in shadow"));
    }
    let fields = fields.as_table().ok_or_else(|| format!("{name} is no table, such as [{name}]"))?;
    let mut setting = Setting { lane: Lane::Shadow, ..Setting::of(rule) };
    for (field, value) in fields {
        let whole = || value.as_integer().ok_or_else(|| format!("{name}.{field} is {value}; it must be a whole number"));
        match field.as_str() {
            "enabled" => setting.enabled = value.as_bool().ok_or_else(|| format!("{name}.enabled is {value}; it must be true or false"))?,
            "weight" => setting.weight = u32::try_from(whole()?).map_err(|_| format!("{name}.weight is {value}; it must be 0 to 1000"))?,
            _ => drop(setting.parameters.insert(field.clone(), whole()?)),
        }
    }
    setting.check().map_err(|error| format!("{name}: {error}"))?;
    Ok(setting)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_or_what_is_wrong_with_it_is_said() {
        let settings = parse("[fan_in]\nsenders = 8\nweight = 30\n\n[fan_out]\nenabled = false\n").unwrap();
        let told: Vec<_> = settings.iter().map(|setting| (setting.rule, setting.enabled, setting.weight, setting.lane)).collect();
        assert_eq!(told, [(RuleId::FanIn, true, 30, Lane::Shadow), (RuleId::FanOut, false, RuleId::FanOut.weight(), Lane::Shadow)]);
        assert_eq!(settings[0].named("senders"), 8);
        for (text, what) in [
            ("[fan_up]\n", "the catalogue has no rule fan_up"),
            ("fan_in = 3\n", "fan_in is no table"),
            ("[fan_in]\nsenders = 1.5\n", "fan_in.senders is 1.5; it must be a whole number"),
            ("[fan_in]\nsenders = 0\n", "fan_in: "),
            ("[fan_in]\nreceivers = 9\n", "fan_in: "),
            ("[fan_in]\nweight = -1\n", "fan_in.weight is -1; it must be 0 to 1000"),
            ("[fan_in]\nenabled = 1\n", "fan_in.enabled is 1; it must be true or false"),
            ("[velocity_count]\n", "velocity_count is decided with the payment"),
            ("[fan_in]\n[fan_in]\n", "duplicate key"),
            ("[fan_in", ""),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with(what), "{text:?}: {error}");
        }
    }
}
