//! Which number a verb is about, and how values are shown.

use clap::Args;
use miette::{Result, miette};
use serde_json::Value;

use super::rest::Server;

/// The number.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Id (`num_…`), name or phone number; not needed when there is only one.
    #[arg(long, global = true)]
    number: Option<String>,
}

impl Which {
    /// Its id, when one is named; else the exchange chooses.
    pub(crate) async fn named(&self, server: &Server) -> Result<Option<String>> {
        match self.number {
            Some(_) => self.find(server).await.map(Some),
            None => Ok(None),
        }
    }

    /// Its id.
    pub(crate) async fn find(&self, server: &Server) -> Result<String> {
        let body = server.get("/api/v1/numbers").await?;
        let all = body["items"].as_array().cloned().unwrap_or_default();
        let found = pick(&all, self.number.as_deref());
        found.map_err(|why| {
            let names: Vec<_> = all
                .iter()
                .map(|one| {
                    format!(
                        "{} ({}, {})",
                        shown(&one["name"]),
                        shown(&one["display_phone"]),
                        shown(&one["id"])
                    )
                })
                .collect();
            miette!(help = format!("The numbers are: {}", names.join(", ")), "{why}")
        })
    }
}

fn pick(all: &[Value], wanted: Option<&str>) -> std::result::Result<String, &'static str> {
    let id = |one: &Value| one["id"].as_str().unwrap_or_default().to_owned();
    let Some(wanted) = wanted else {
        return match all {
            [only] => Ok(id(only)),
            [] => Err("there is no number yet"),
            _ => Err("there are several numbers; name one with --number"),
        };
    };
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let matches = |one: &&Value| {
        let name = one["name"].as_str().unwrap_or_default();
        let phone = one["display_phone"].as_str().unwrap_or_default();
        id(one) == wanted
            || name.to_lowercase() == wanted.trim().to_lowercase()
            || (digits(wanted).len() >= 5 && digits(wanted) == digits(phone))
    };
    let found: Vec<_> = all.iter().filter(matches).collect();
    match found.as_slice() {
        [one] => Ok(id(one)),
        [] => Err("no number has this id, name or phone number"),
        _ => Err("several numbers have this name; take the id"),
    }
}

/// A value as people read it in a table.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Bool(on) => if *on { "on" } else { "off" }.to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_number_is_found_by_id_name_or_phone_and_the_only_one_without() {
        let all = [
            json!({"id": "num_1", "name": "Front desk", "display_phone": "+1 555-010-0001"}),
            json!({"id": "num_2", "name": "Sales", "display_phone": ""}),
        ];
        for wanted in ["num_1", "front desk", "+15550100001", "1 555 010 0001"] {
            assert_eq!(pick(&all, Some(wanted)).as_deref(), Ok("num_1"), "{wanted}");
        }
        assert!(pick(&all, None).is_err() && pick(&all, Some("")).is_err() && pick(&[], None).is_err());
        assert_eq!(pick(&all[..1], None).as_deref(), Ok("num_1"));
    }
}
