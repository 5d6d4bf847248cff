//! `switchboard tenant …`: a client of the REST API.

use clap::{Args, Subcommand};
use comfy_table::{Table, presets};
use miette::Result;
use serde_json::{Value, json};

use super::rest::Server;
use super::terminal::say;

#[derive(Debug, Args)]
pub(crate) struct Tenants {
    #[command(flatten)]
    server: Server,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Every business of this installation.
    List,
    /// Make a business; `--admin` invites its first administrator and prints the link.
    Create {
        /// Its name.
        name: String,
        /// E-mail address of the first administrator.
        #[arg(long)]
        admin: Option<String>,
        /// Of the administrator's console: en, es, pt-BR.
        #[arg(long, default_value = "en")]
        language: String,
    },
}

impl Tenants {
    pub(crate) async fn run(self) -> Result<()> {
        match &self.verb {
            Verb::List => {
                let body = self.server.get("/api/v1/tenants").await?;
                say(&list(&body));
            }
            Verb::Create { name, admin, language } => {
                let made = self.server.post_json("/api/v1/tenants", &json!({"name": name})).await?;
                say(&list(&json!({"items": [made]})));
                if let (Some(email), Some(id)) = (admin, made["id"].as_str()) {
                    let body = json!({"email": email, "name": email, "role": "admin", "language": language});
                    let invited = self.server.for_tenant(id).post_json("/api/v1/invitations", &body).await?;
                    say(&format!(
                        "Send this link to {email}: {}",
                        invited["link"].as_str().unwrap_or_default()
                    ));
                }
            }
        }
        Ok(())
    }
}

fn list(body: &Value) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["Tenant", "Name"]);
    for tenant in body["items"].as_array().into_iter().flatten() {
        table.add_row([&tenant["id"], &tenant["name"]].map(|cell| cell.as_str().unwrap_or("-").to_owned()));
    }
    table.to_string()
}
