//! `switchboard user …`: a client of the REST API, and one verb that works on the database itself, for whoever has locked
//! himself out.

use std::io::Read;

use clap::{Args, Subcommand};
use comfy_table::{Table, presets};
use miette::{IntoDiagnostic, Result, miette};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use switchboard::config::Config;
use switchboard_core::access::Scope;
use switchboard_core::audit::AuditWhat;
use switchboard_engine::Clock;
use switchboard_http::{FreshLink, LinkTo};
use switchboard_store::Store;
use switchboard_store::audit::{AuditBy, Author};
use switchboard_store::users::{PasswordSet, User};

use super::ConfigFile;
use super::rest::Server;
use super::terminal::say;

/// A password is not longer; what follows on standard input is not read.
const MAX_PASSWORD_BYTES: u64 = 2_048;

#[derive(Debug, Args)]
pub(crate) struct Users {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// The people of the business.
    List {
        #[command(flatten)]
        server: Server,
    },
    /// Invite somebody and print the link.
    Invite {
        #[command(flatten)]
        server: Server,
        /// E-mail address.
        email: String,
        /// Name; the address when left out.
        #[arg(long)]
        name: Option<String>,
        /// agent, supervisor, admin, operator.
        #[arg(long, default_value = "agent")]
        role: String,
        /// `br_…`, several with commas; none: all branches.
        #[arg(long, value_delimiter = ',')]
        branches: Option<Vec<String>>,
        /// en, es, pt-BR.
        #[arg(long, default_value = "en")]
        language: String,
    },
    /// Print a link with which somebody sets a new password. Works on the database, with the settings of `serve`; the
    /// exchange need not run.
    ResetPassword {
        #[command(flatten)]
        config: ConfigFile,
        /// E-mail address of the account.
        email: String,
        /// Read the new password from standard input instead of printing a link.
        #[arg(long)]
        stdin: bool,
    },
}

impl Users {
    pub(crate) async fn run(self) -> Result<()> {
        match self.verb {
            Verb::List { server } => say(&list(&server.get("/api/v1/users").await?)),
            Verb::Invite { server, email, name, role, branches, language } => {
                let name = name.unwrap_or_else(|| email.clone());
                let body = json!({
                    "email": email, "name": name, "role": role, "branch_ids": branches, "language": language,
                });
                let made = server.post_json("/api/v1/invitations", &body).await?;
                let link = made["link"].as_str().unwrap_or_default();
                let until = made["expires_at"].as_str().unwrap_or_default();
                say(&format!("Send this link to {email}; it opens once, until {until}:\n{link}"));
            }
            Verb::ResetPassword { config, email, stdin } => {
                let config = Config::read(&config.settings()?).into_diagnostic()?;
                let store = Store::open(config.database_url.expose_secret(), config.store_options())
                    .await
                    .into_diagnostic()?;
                let done = reset(&store, &config, &email, stdin).await;
                store.close().await;
                say(&done?);
            }
        }
        Ok(())
    }
}

async fn reset(store: &Store, config: &Config, email: &str, stdin: bool) -> Result<String> {
    let found = store.users().by_email(email).await.into_diagnostic()?;
    let user = found.map(|found| found.user).ok_or_else(|| miette!("nobody has the address {email}"))?;
    if user.disabled_at.is_some() {
        return Err(miette!(
            help = "An administrator can let the person in again.",
            "the account of {email} is shut out"
        ));
    }
    let author = Author { who: AuditBy::CommandLine, address: None, at: Clock::default().now() };
    let scope = Scope::of_the_exchange(user.tenant);
    if stdin {
        let set = PasswordSet {
            hash: switchboard_http::hash_password(&read_password()?).into_diagnostic()?,
            keep_session: None,
            what: AuditWhat::PasswordReset,
        };
        store.users().set_password(&scope, user.id, set, &author).await.into_diagnostic()?;
        return Ok(format!("The password of {email} was set; the sessions of this person are over."));
    }
    link(store, config, &scope, &user, &author).await
}

async fn link(store: &Store, config: &Config, scope: &Scope, user: &User, author: &Author) -> Result<String> {
    let valid = store.tenants().settings(scope).await.into_diagnostic()?.password_reset_valid;
    let link = FreshLink::make(&config.public_url, LinkTo::PasswordReset);
    let expires_at = author.at.plus(valid);
    let resets = store.password_resets();
    resets.create(scope, user.id, link.token_hash, expires_at, author).await.into_diagnostic()?;
    Ok(format!(
        "This link sets a new password for {}; it opens once, within {} minutes:\n{}",
        user.email,
        valid.as_secs() / 60,
        link.url
    ))
}

fn read_password() -> Result<SecretString> {
    let mut text = String::new();
    std::io::stdin().take(MAX_PASSWORD_BYTES).read_to_string(&mut text).into_diagnostic()?;
    let password = SecretString::from(text.trim_end_matches(['\r', '\n']).to_owned());
    if password.expose_secret().is_empty() {
        return Err(miette!("no password came on standard input"));
    }
    Ok(password)
}

fn list(body: &Value) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["User", "Name", "E-mail", "Role", "Branches", "Shut out"]);
    for user in body["items"].as_array().into_iter().flatten() {
        let text = |name: &str| user[name].as_str().unwrap_or("-").to_owned();
        let branches = user["branch_ids"].as_array().map_or_else(
            || "all".to_owned(),
            |ids| ids.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
        );
        let disabled = if user["disabled"] == true { "yes" } else { "" };
        table.add_row([text("id"), text("name"), text("email"), text("role"), branches, disabled.to_owned()]);
    }
    table.to_string()
}
