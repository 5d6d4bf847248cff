//! `switchboard contacts …`: a client of the REST API.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use comfy_table::{Table, presets};
use miette::{IntoDiagnostic, Result, WrapErr};
use serde_json::Value;

use super::calls::text;
use super::rest::Server;
use super::terminal::say;

/// Between two looks at how far an import is.
const LOOK_EVERY: Duration = Duration::from_secs(1);

#[derive(Debug, Args)]
pub(crate) struct Contacts {
    #[command(flatten)]
    server: Server,
    /// Print JSON instead of a table.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Customers, those who did something last first.
    List {
        /// Words of a name, a number, a tag.
        query: Option<String>,
        /// With this tag.
        #[arg(long)]
        tag: Option<String>,
        /// How many.
        #[arg(long, default_value_t = 20)]
        limit: u16,
    },
    /// Take in customers from a CSV file, and say which lines were refused and why.
    Import {
        /// Columns: phone, name, `owner_email`, branch, tags, `lead_reference`, `opt_in`, `opt_in_evidence`, `opt_in_at`.
        file: PathBuf,
    },
}

impl Contacts {
    pub(crate) async fn run(self) -> Result<()> {
        let body = match &self.verb {
            Verb::List { query, tag, limit } => {
                let limit = limit.to_string();
                let mut wanted = vec![("limit", limit.as_str())];
                wanted.extend(query.as_deref().map(|query| ("q", query)));
                wanted.extend(tag.as_deref().map(|tag| ("tag", tag)));
                self.server.get_with("/api/v1/contacts", &wanted).await?
            }
            Verb::Import { file } => {
                let csv = std::fs::read(file)
                    .into_diagnostic()
                    .wrap_err_with(|| format!("read {}", file.display()))?;
                let mut import = self.server.post_file("/api/v1/contacts/import", "text/csv", csv).await?;
                while import["state"] == "running" {
                    tokio::time::sleep(LOOK_EVERY).await;
                    let id = import["id"].as_str().unwrap_or_default();
                    import = self.server.get(&format!("/api/v1/contacts/imports/{id}")).await?;
                }
                import
            }
        };
        if self.json {
            say(&serde_json::to_string_pretty(&body).into_diagnostic()?);
            return Ok(());
        }
        match self.verb {
            Verb::List { .. } => say(&list(&body)),
            Verb::Import { .. } => say(&imported(&body)),
        }
        Ok(())
    }
}

fn list(body: &Value) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["Contact", "Name", "Phone", "Tags", "May be called", "Last message", "Last call"]);
    for contact in body["items"].as_array().into_iter().flatten() {
        let tags: Vec<&str> =
            contact["tags"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let may = if contact["do_not_call"] == true { "no" } else { "ask" };
        table.add_row([
            text(&contact["id"]),
            text(&contact["name"]),
            text(&contact["phone_display"]),
            tags.join(", "),
            may.to_owned(),
            text(&contact["last_message_at"]),
            text(&contact["last_call_at"]),
        ]);
    }
    table.to_string()
}

fn imported(body: &Value) -> String {
    let mut out =
        format!("{} made, {} changed, {} refused", body["created"], body["updated"], body["refused_count"]);
    let refused = body["refused"].as_array().map(Vec::as_slice).unwrap_or_default();
    if refused.is_empty() {
        return out;
    }
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["Line", "Field", "Why"]);
    for line in refused {
        table.add_row([text(&line["line"]), text(&line["field"]), text(&line["why"])]);
    }
    out.push('\n');
    out.push_str(&table.to_string());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_says_what_it_did_and_what_is_wrong_with_which_line() {
        let body = serde_json::json!({ "created": 2, "updated": 1, "refused_count": 1,
            "refused": [{ "line": 4, "field": "phone", "why": "there is no number in it" }] });
        let said = imported(&body);
        assert!(said.contains("2 made, 1 changed, 1 refused") && said.contains("phone"), "{said}");
    }

    #[test]
    fn a_contact_without_a_name_is_still_a_row() {
        let body = serde_json::json!({ "items": [{ "id": "ct_1", "name": null, "phone_display": "+1 555", "tags": ["vip"],
            "do_not_call": true }] });
        let said = list(&body);
        assert!(said.contains("+1 555") && said.contains("vip") && said.contains("no"), "{said}");
    }
}
