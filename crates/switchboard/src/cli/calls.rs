//! `switchboard calls …`: a client of the REST API.

use clap::{Args, Subcommand};
use comfy_table::{Table, presets};
use miette::{IntoDiagnostic, Result};
use serde_json::{Value, json};

use super::eligibility::reasons;
use super::rest::{Refusal, Server};
use super::terminal::say;

#[derive(Debug, Args)]
pub(crate) struct Calls {
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
    /// The newest calls.
    List {
        /// How many.
        #[arg(long, default_value_t = 20)]
        limit: u16,
        /// Only these: offered, ringing, answered, ended, missed, rejected, failed (comma-separated).
        #[arg(long)]
        status: Option<String>,
    },
    /// One call with its flight record.
    Show {
        /// `call_…`
        id: String,
    },
    /// Call a customer. A key has no line: name the person who speaks.
    Place {
        /// The customer's number, with its country.
        phone: String,
        /// The number to call from (`num_…`).
        #[arg(long)]
        number: Option<String>,
        /// Who speaks (`user_…`); must be signed in with a connected line.
        #[arg(long)]
        agent: Option<String>,
        /// Kept with the call.
        #[arg(long)]
        payload: Option<String>,
        /// Although the number's hours are over.
        #[arg(long)]
        urgent: bool,
        /// Although it may cost the customer's permission.
        #[arg(long)]
        confirm: bool,
    },
    /// Reject a call that nobody has answered.
    Reject {
        /// `call_…`
        id: String,
    },
    /// End a call.
    HangUp {
        /// `call_…`
        id: String,
    },
}

impl Calls {
    pub(crate) async fn run(self) -> Result<()> {
        let body = match &self.verb {
            Verb::List { limit, status } => {
                let status = status.as_ref().map_or_else(String::new, |status| format!("&status={status}"));
                self.server.get(&format!("/api/v1/calls?limit={limit}{status}")).await?
            }
            Verb::Show { id } => self.server.get(&format!("/api/v1/calls/{id}")).await?,
            Verb::Place { phone, number, agent, payload, urgent, confirm } => {
                let body = json!({
                    "phone": phone, "number_id": number, "agent_id": agent, "payload": payload,
                    "override": { "hours": urgent, "confirm": confirm },
                });
                match self.server.ask("/api/v1/calls", &body).await? {
                    Ok(call) => call,
                    Err(refusal) => return self.refused(refusal),
                }
            }
            Verb::Reject { id } => self.server.post(&format!("/api/v1/calls/{id}/reject")).await?,
            Verb::HangUp { id } => self.server.post(&format!("/api/v1/calls/{id}/hang-up")).await?,
        };
        if self.json {
            say(&serde_json::to_string_pretty(&body).into_diagnostic()?);
            return Ok(());
        }
        match self.verb {
            Verb::List { .. } => say(&list(&body)),
            Verb::Show { .. } => say(&story(&body)),
            Verb::Place { .. } | Verb::Reject { .. } | Verb::HangUp { .. } => {
                say(&list(&serde_json::json!({ "items": [body] })))
            }
        }
        Ok(())
    }

    /// The reasons as a table, then the refusal.
    fn refused(&self, refusal: Refusal) -> Result<()> {
        if self.json {
            say(&serde_json::to_string_pretty(&refusal.body).into_diagnostic()?);
        } else if let Some(table) = reasons(&refusal.body) {
            say(&table);
        }
        Err(refusal.report())
    }
}

pub(super) fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| if value.is_null() { "-".to_owned() } else { value.to_string() }, str::to_owned)
}

fn list(body: &Value) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["Call", "Customer", "Number", "Status", "Reason", "Agent", "Talk s", "Offered"]);
    for call in body["items"].as_array().into_iter().flatten() {
        let caller = [&call["caller"]["name"], &call["caller"]["phone"]]
            .iter()
            .filter_map(|part| part.as_str())
            .collect::<Vec<_>>()
            .join(" ");
        table.add_row([
            text(&call["id"]),
            caller,
            text(&call["number"]["name"]),
            text(&call["status"]),
            text(&call["end_reason"]),
            text(&call["answered_by"]["name"]),
            text(&call["talk_seconds"]),
            text(&call["offered_at"]),
        ]);
    }
    table.to_string()
}

fn story(body: &Value) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["#", "When", "What", "Facts"]);
    for event in body["events"].as_array().into_iter().flatten() {
        table.add_row([text(&event["seq"]), text(&event["at"]), text(&event["kind"]), text(&event["data"])]);
    }
    format!("{}\n{table}", list(&serde_json::json!({ "items": [body] })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_without_name_or_agent_is_still_a_row() {
        let body = serde_json::json!({ "items": [{
            "id": "call_1", "caller": { "name": null, "phone": "+1 555" }, "number": { "name": "Shop" },
            "status": "missed", "end_reason": "no_answer", "answered_by": null, "talk_seconds": null, "offered_at": "now",
        }] });
        let table = list(&body);
        assert!(table.contains("+1 555") && table.contains("no_answer"), "{table}");
    }
}
