//! `switchboard calling …`: a client of the REST API.

use clap::{Args, Subcommand, ValueEnum};
use comfy_table::{Table, presets};
use miette::{IntoDiagnostic, Result, miette};
use serde_json::{Value, json};

use super::numbers::{Which, shown};
use super::rest::Server;
use super::terminal::say;

/// What Meta should send: calls, what customers write and allow, and what Meta changes about the number.
const WEBHOOK_FIELDS: [&str; 5] =
    ["calls", "messages", "account_settings_update", "account_update", "phone_number_quality_update"];

#[derive(Debug, Args)]
pub(crate) struct Calling {
    #[command(flatten)]
    server: Server,
    #[command(flatten)]
    which: Which,
    /// Print JSON instead of a table.
    #[arg(long, global = true)]
    json: bool,
    /// With what is changed, mark it as Meta's own sandbox or test number, as `sandbox on` does.
    #[arg(long, global = true)]
    sandbox: bool,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Switch calling on, here and at Meta, and print the webhook URL.
    Enable,
    /// Switch calling off, here and at Meta.
    Disable,
    /// What is set here and at Meta, where the two differ, restrictions and quality.
    Status {
        /// Ask Meta now instead of showing what was read last.
        #[arg(long)]
        refresh: bool,
    },
    /// Show or hide the call icon in the chat.
    Icon {
        /// Which.
        #[arg(value_enum)]
        icon: Icon,
    },
    /// Whether a customer's call gives leave to call back.
    Callback {
        /// Which.
        #[arg(value_enum)]
        permission: Switch,
    },
    /// Whether calls may be placed from the number.
    Outgoing {
        /// Which.
        #[arg(value_enum)]
        calls: Switch,
    },
    /// Whether it is Meta's own sandbox or test number (not the simulator): other limits, no messaging limit needed.
    Sandbox {
        /// Which.
        #[arg(value_enum)]
        mark: Switch,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Icon {
    Show,
    Hide,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Switch {
    On,
    Off,
}

impl Calling {
    pub(crate) async fn run(self) -> Result<()> {
        if self.sandbox && matches!(self.verb, Verb::Status { .. } | Verb::Sandbox { .. }) {
            return Err(miette!(
                help = "Mark the number with `switchboard calling sandbox on`, take it back with `… sandbox off`.",
                "--sandbox goes with what is changed, and not with this"
            ));
        }
        let number = self.which.find(&self.server).await?;
        let path = format!("/api/v1/numbers/{number}/calling");
        let mut change = match &self.verb {
            Verb::Status { refresh: true } => {
                let body = self.server.post(&format!("{path}/refresh")).await?;
                return self.print(&body, false);
            }
            Verb::Status { refresh: false } => {
                let body = self.server.get(&path).await?;
                return self.print(&body, false);
            }
            Verb::Enable => json!({ "calling": true }),
            Verb::Disable => json!({ "calling": false }),
            Verb::Icon { icon: Icon::Show } => json!({ "icon": "show" }),
            Verb::Icon { icon: Icon::Hide } => json!({ "icon": "hide" }),
            Verb::Callback { permission } => {
                json!({ "callback_permission": matches!(permission, Switch::On) })
            }
            Verb::Outgoing { calls } => json!({ "business_calls": matches!(calls, Switch::On) }),
            Verb::Sandbox { mark } => json!({ "sandbox": matches!(mark, Switch::On) }),
        };
        if self.sandbox {
            change["sandbox"] = json!(true);
        }
        let body = self.server.patch_json(&path, &change).await?;
        self.print(&body, matches!(self.verb, Verb::Enable))
    }

    fn print(&self, body: &Value, with_webhook: bool) -> Result<()> {
        if self.json {
            say(&serde_json::to_string_pretty(body).into_diagnostic()?);
            return Ok(());
        }
        say(&table(body));
        for line in remarks(body) {
            say(&line);
        }
        if with_webhook {
            let url = body["webhook_url"].as_str().unwrap_or_default();
            say(&format!("Callback URL to enter at Meta: {url}"));
            say(&format!("Fields to subscribe to there: {}", WEBHOOK_FIELDS.join(", ")));
        }
        Ok(())
    }
}

fn table(body: &Value) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["Setting", "Here", "At Meta", ""]);
    for (field, name) in [
        ("calling", "Calling"),
        ("icon", "Call icon"),
        ("countries", "Icon in countries"),
        ("callback_permission", "Callback permission"),
        ("codecs", "Codecs beside Opus"),
        ("srtp", "Keys"),
    ] {
        let differs = body["drift"].as_array().into_iter().flatten().any(|one| one["field"] == field);
        let mark = if differs { "differs" } else { "" };
        let meta = if body["meta"].is_null() { "not read".to_owned() } else { shown(&body["meta"][field]) };
        table.add_row([name.to_owned(), shown(&body["ours"][field]), meta, mark.to_owned()]);
    }
    let outgoing = shown(&body["ours"]["business_calls"]);
    table.add_row(["Calls from the number".to_owned(), outgoing, "-".to_owned(), String::new()]);
    let sandbox = shown(&body["ours"]["sandbox"]);
    table.add_row(["Meta's test number".to_owned(), sandbox, "-".to_owned(), String::new()]);
    let quality = shown(&body["quality"]);
    table.add_row(["Quality".to_owned(), "-".to_owned(), quality, String::new()]);
    let limit = shown(&body["messaging_limit"]);
    table.add_row(["Messaging limit".to_owned(), "-".to_owned(), limit, String::new()]);
    table.to_string()
}

fn remarks(body: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    if body["ours"]["exchange_calling"] == false {
        lines.push("Calling is off for the whole exchange (WHATSAPP_CALLING_ENABLED).".to_owned());
    }
    for one in body["restrictions"].as_array().into_iter().flatten() {
        let until = one["until"].as_str().unwrap_or("Meta says otherwise");
        lines.push(format!("Restricted: {} until {until}", shown(&one["type"])));
    }
    if let Some(violation) = body["warning"]["violation"].as_str() {
        lines.push(format!("Meta warned at {}: {violation}", shown(&body["warning"]["at"])));
    }
    if let Some(trouble) = body["trouble"]["what"].as_str() {
        lines.push(format!("Meta could not be read at {}: {trouble}", shown(&body["trouble"]["at"])));
    }
    if let Some(read) = body["read_at"].as_str() {
        lines.push(format!("Read at Meta: {read}"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_marked_and_what_was_never_read_says_so() {
        let mut body = json!({
            "ours": { "calling": true, "icon": "hide", "countries": null, "callback_permission": null,
                "codecs": [], "srtp": "dtls", "business_calls": false, "exchange_calling": true },
            "meta": { "calling": true, "icon": "show", "countries": [], "callback_permission": true, "codecs": null, "srtp": null },
            "drift": [{ "field": "icon", "ours": "hide", "meta": "show" }],
            "restrictions": [{ "type": "RESTRICTED_BUSINESS_INITIATED_CALLING", "until": "2026-11-27T12:00:00Z" }],
            "quality": "yellow", "messaging_limit": "TIER_2K", "read_at": "2026-11-20T12:00:00Z",
        });
        let marked: Vec<_> =
            table(&body).lines().filter(|line| line.contains("differs")).map(str::to_owned).collect();
        assert_eq!(marked.len(), 1);
        assert!(marked[0].contains("Call icon") && marked[0].contains("hide"), "{marked:?}");
        assert!(remarks(&body)[0].contains("RESTRICTED_BUSINESS_INITIATED_CALLING until 2026-11-27"));
        body["meta"] = Value::Null;
        assert!(table(&body).contains("not read"));
    }
}
