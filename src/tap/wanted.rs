//! Which records of a tap are wanted: by key, by trace, and by what stands in a field.

use schemas::money::Unreadable;
use serde_json::Value;

/// What a record must have to be shown; everything that is named must fit.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Wanted {
    /// Only the records with this key.
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    /// Only what happened in this trace: 32 hexadecimal digits.
    #[arg(long, value_name = "TRACE_ID")]
    pub trace: Option<String>,
    /// Only where a field of the value says this; of a list, where any element does. May be given more than once.
    #[arg(long = "where", value_name = "FIELD=VALUE")]
    pub fields: Vec<Field>,
}

/// A field, by its names from the outside in, and what it must say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    path: Vec<String>,
    says: String,
}

impl std::str::FromStr for Field {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        let unreadable = || Unreadable::new("filter", text, "FIELD=VALUE, such as currency=XOF or postings.account=ID");
        let (path, says) = text.split_once('=').ok_or_else(unreadable)?;
        let path: Vec<String> = path.split('.').map(str::to_owned).collect();
        if path.iter().any(String::is_empty) { Err(unreadable()) } else { Ok(Self { path, says: says.to_owned() }) }
    }
}

impl Field {
    fn fits(&self, value: &Value) -> bool {
        says(value, &self.path, &self.says)
    }
}

impl Wanted {
    /// Whether a line of the tap is wanted.
    pub fn fits(&self, line: &Value) -> bool {
        let is = |field: &str, wanted: &Option<String>| wanted.as_ref().is_none_or(|wanted| line[field] == wanted.as_str());
        is("key", &self.key) && is("trace_id", &self.trace) && self.fields.iter().all(|field| field.fits(&line["value"]))
    }
}

fn says(value: &Value, path: &[String], wanted: &str) -> bool {
    match (value, path) {
        (Value::Array(all), _) => all.iter().any(|one| says(one, path, wanted)),
        (Value::Object(fields), [first, rest @ ..]) => fields.get(first).is_some_and(|inner| says(inner, rest, wanted)),
        (Value::String(text), []) => text == wanted,
        (Value::Number(number), []) => number.to_string() == wanted,
        (Value::Bool(truth), []) => truth.to_string() == wanted,
        (Value::Null, []) => wanted == "null",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_wanted_where_everything_fits() {
        let line = serde_json::json!({
            "key": "k", "trace_id": "4bf9", "value": {
                "currency": "XOF", "epoch": 17, "postings": [{"account": "a", "amount": "-5"}, {"account": "b", "amount": "5"}], "reason": null,
            },
        });
        let wanted = |key: Option<&str>, trace: Option<&str>, fields: &[&str]| {
            let fields = fields.iter().map(|field| field.parse().unwrap()).collect();
            Wanted { key: key.map(str::to_owned), trace: trace.map(str::to_owned), fields }.fits(&line)
        };
        assert!(wanted(None, None, &[]));
        assert!(wanted(Some("k"), Some("4bf9"), &["currency=XOF", "epoch=17", "postings.account=b", "reason=null"]));
        assert!(!wanted(Some("l"), None, &[]));
        assert!(!wanted(None, Some("4bf"), &[]));
        for other in ["currency=EUR", "postings.account=c", "postings=a", "currency.code=XOF", "missing=null", "epoch=", "=x=y"] {
            assert!(other.parse::<Field>().map_or(true, |_| !wanted(None, None, &[other])), "{other}");
        }
    }

    #[test]
    fn a_filter_names_a_field() {
        for text in ["currency", "", "=XOF", "a..b=1", ".a=1"] {
            assert!(text.parse::<Field>().is_err(), "{text}");
        }
        assert_eq!("a=b=c".parse(), Ok(Field { path: vec!["a".to_owned()], says: "b=c".to_owned() }));
    }
}
