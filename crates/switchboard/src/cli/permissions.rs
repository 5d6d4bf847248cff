//! `switchboard permissions …`: a client of the REST API.

use clap::{Args, Subcommand};
use comfy_table::{Table, presets};
use miette::{IntoDiagnostic, Result, miette};
use serde_json::{Value, json};

use super::calls::text;
use super::numbers::Which;
use super::rest::Server;
use super::terminal::say;

#[derive(Debug, Args)]
pub(crate) struct Permissions {
    #[command(flatten)]
    server: Server,
    /// Print JSON instead of a table.
    #[arg(long, global = true)]
    json: bool,
    #[command(flatten)]
    which: Which,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// What a customer allows, how often he was asked, and what happened.
    Show {
        /// His number, in any form.
        phone: String,
        /// Ask the provider first.
        #[arg(long)]
        refresh: bool,
    },
    /// Ask a customer for the permission to call.
    Request {
        /// His number, in any form.
        phone: String,
        /// In these words, when he wrote or called in the last 24 hours.
        #[arg(long)]
        text: Option<String>,
        /// With this template.
        #[arg(long, requires = "language")]
        template: Option<String>,
        /// The template's language: `en`, `pt_BR`.
        #[arg(long)]
        language: Option<String>,
        /// What stands for `{{1}}`, `{{2}}` … of the template.
        #[arg(long = "parameter")]
        parameters: Vec<String>,
    },
}

impl Permissions {
    pub(crate) async fn run(self) -> Result<()> {
        let number = self.which.named(&self.server).await?;
        let shown = match &self.verb {
            Verb::Show { phone, refresh } => self.show(phone, number.as_deref(), *refresh).await?,
            Verb::Request { phone, text, template, language, parameters } => {
                let template = template
                    .as_ref()
                    .map(|name| json!({ "name": name, "language": language, "parameters": parameters }));
                let mut body = json!({ "phone": phone });
                for (name, value) in
                    [("number_id", json!(number)), ("text", json!(text)), ("template", json!(template))]
                {
                    if !value.is_null() {
                        body[name] = value;
                    }
                }
                let asked = self.server.post_json("/api/v1/permissions/request", &body).await?;
                vec![asked["permission"].clone()]
            }
        };
        if self.json {
            say(&serde_json::to_string_pretty(&json!({ "items": shown })).into_diagnostic()?);
            return Ok(());
        }
        for permission in &shown {
            say(&table(permission));
        }
        Ok(())
    }

    async fn show(&self, phone: &str, number: Option<&str>, refresh: bool) -> Result<Vec<Value>> {
        let found = self.server.get_with("/api/v1/contacts", &[("q", phone), ("limit", "2")]).await?;
        let contacts = found["items"].as_array().map(Vec::as_slice).unwrap_or_default();
        let contact = match contacts {
            [only] => only["id"].as_str().unwrap_or_default(),
            [] => {
                return Err(miette!(
                    help = "Write the number with its country code, or ask for the permission first.",
                    "nobody with the number {phone} is known"
                ));
            }
            _ => return Err(miette!(help = "Write all of it.", "{phone} could be several customers")),
        };
        let mut wanted = vec![("contact_id", contact)];
        wanted.extend(number.map(|number| ("number_id", number)));
        let pairs = self.server.get_with("/api/v1/permissions", &wanted).await?;
        let mut shown = Vec::new();
        for pair in pairs["items"].as_array().into_iter().flatten() {
            let number = pair["number_id"].as_str().unwrap_or_default();
            if refresh {
                let body = json!({ "contact_id": contact, "number_id": number });
                self.server.post_json("/api/v1/permissions/refresh", &body).await?;
            }
            shown.push(self.server.get(&format!("/api/v1/permissions/{contact}/{number}")).await?);
        }
        if shown.is_empty() {
            return Err(miette!(
                help = "Ask for it: switchboard permissions request.",
                "{phone} was never asked, and never said anything"
            ));
        }
        Ok(shown)
    }
}

fn table(permission: &Value) -> String {
    let (requests, calls) = (&permission["requests"], &permission["calls"]);
    let of = |used: &Value, max: &Value| format!("{} of {}", text(used), text(max));
    let mut facts = Table::new();
    facts.load_style(presets::UTF8_HORIZONTAL_ONLY);
    for (name, value) in [
        ("Contact", text(&permission["contact_id"])),
        ("Number", text(&permission["number_id"])),
        ("Status", text(&permission["status"])),
        ("From", text(&permission["source"])),
        ("Granted", text(&permission["granted_at"])),
        ("Ends", text(&permission["expires_at"])),
        ("Call until", text(&permission["call_until"])),
        ("Asked in 24 h", of(&requests["used_day"], &requests["max_day"])),
        ("Asked in 7 days", of(&requests["used_week"], &requests["max_week"])),
        ("May be asked", requests["next_at"].as_str().map_or_else(|| "now".to_owned(), str::to_owned)),
        ("Calls taken in 24 h", of(&calls["connected_day"], &calls["max_day"])),
        ("Not taken in a row", of(&permission["unanswered_in_row"], &permission["unanswered_block"])),
        ("Said by", text(&permission["said_by"])),
    ] {
        facts.add_row([name.to_owned(), value]);
    }
    let mut history = Table::new();
    history.load_style(presets::UTF8_HORIZONTAL_ONLY);
    history.set_header(["When", "What", "From"]);
    for entry in permission["history"].as_array().into_iter().flatten() {
        history.add_row([text(&entry["at"]), text(&entry["event"]), text(&entry["source"])]);
    }
    format!("{facts}\n{history}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_is_shown_with_its_limits_and_its_history() {
        let said = table(&json!({
            "contact_id": "ct_1", "number_id": "num_1", "status": "temporary", "source": "request",
            "requests": { "used_day": 1, "max_day": 1, "used_week": 1, "max_week": 2, "next_at": "tomorrow" },
            "calls": { "connected_day": 0, "max_day": 100 }, "unanswered_in_row": 0, "unanswered_block": 4,
            "said_by": "us", "history": [{ "at": "now", "event": "granted", "source": "request" }],
        }));
        for part in ["temporary", "1 of 2", "tomorrow", "granted"] {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
}
