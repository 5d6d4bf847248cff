//! `switchboard eligibility PHONE`: may this customer be called? A client of the REST API.

use clap::Args;
use comfy_table::{Table, presets};
use miette::{IntoDiagnostic, Result};
use serde_json::Value;
use url::form_urlencoded::byte_serialize;

use super::numbers::Which;
use super::rest::Server;
use super::terminal::say;

#[derive(Debug, Args)]
pub(crate) struct Eligibility {
    #[command(flatten)]
    server: Server,
    /// The customer's number, with its country.
    phone: String,
    #[command(flatten)]
    which: Which,
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
}

impl Eligibility {
    pub(crate) async fn run(self) -> Result<()> {
        let number = self.which.named(&self.server).await?;
        let number = number.map_or_else(String::new, |id| format!("&number={}", encoded(&id)));
        let path = format!("/api/v1/eligibility?phone={}{number}", encoded(&self.phone));
        let body = self.server.get(&path).await?;
        if self.json {
            say(&serde_json::to_string_pretty(&body).into_diagnostic()?);
            return Ok(());
        }
        let name = body["number"]["name"].as_str().unwrap_or("-");
        let allowed = body["allowed"] == true;
        say(&format!("{} from {name}.", if allowed { "May be called" } else { "May not be called" }));
        if let Some(table) = reasons(&body) {
            say(&table);
        }
        Ok(())
    }
}

fn encoded(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}

/// What is in the way and what should be known; none when there is nothing of it.
pub(super) fn reasons(body: &Value) -> Option<String> {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["", "Reason", "What to do", "Until", ""]);
    let mut rows = 0;
    for (kind, list) in [("blocks", "reasons"), ("warns", "warnings")] {
        for reason in body[list].as_array().into_iter().flatten() {
            let text = |name: &str| reason[name].as_str().unwrap_or("-").to_owned();
            table.add_row([kind.to_owned(), text("sentence"), text("remedy"), text("until"), text("code")]);
            rows += 1;
        }
    }
    (rows > 0).then(|| table.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_a_row_and_nothing_is_no_table() {
        let body = serde_json::json!({
            "reasons": [{ "code": "permission_missing", "sentence": "Ask first.", "remedy": "request_permission", "until": null }],
            "warnings": [{ "code": "quality_yellow", "sentence": "Careful.", "remedy": "none", "until": null }],
        });
        let table = reasons(&body).expect("a table");
        assert!(table.contains("Ask first.") && table.contains("warns"), "{table}");
        assert_eq!(reasons(&serde_json::json!({ "reasons": [], "warnings": [] })), None);
        assert_eq!(encoded("+55 11"), "%2B55+11");
    }
}
