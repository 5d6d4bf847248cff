//! E-mail: what is written to whom in which language, and the way to the mail server.
//!
//! A mail is a job like any other: `engine.mail(tenant, mail)` makes it, and it is written together with the change
//! that owes it. Without a mail server nothing is owed; whoever makes links shows them instead.

mod words;

use std::time::Duration;

use lettre::address::AddressError;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, MessageBuilder};
use lettre::transport::smtp;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use serde::{Deserialize, Serialize};
use switchboard_core::ids::TenantId;
use switchboard_store::jobs::{Job, NewJob};

use crate::Engine;
use crate::jobs::{Attempt, Owed, Trouble};

/// The longest the mail server may take for one mail.
const SMTP_TIMEOUT: Duration = Duration::from_secs(20);

/// A mail to one person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// The address.
    pub to: String,
    /// The name beside it.
    pub name: String,
    /// `en`, `es`, `pt-BR`; what is not known is written in English.
    pub language: String,
    /// From then on (seconds since 1970) its link opens nothing, and it is not sent any more; none: always good.
    #[serde(default)]
    pub good_until: Option<i64>,
    /// What it says.
    pub letter: Letter,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mail").field("language", &self.language).finish_non_exhaustive()
    }
}

/// What mails say.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "letter", rename_all = "snake_case")]
pub enum Letter {
    /// Somebody is invited.
    Invitation {
        /// Who invites.
        from: String,
        /// Into which business.
        business: String,
        /// Where to make the account.
        link: String,
        /// How long the link is good, in hours.
        hours: u32,
    },
    /// A password may be set anew.
    PasswordReset {
        /// Where.
        link: String,
        /// How long the link is good, in minutes.
        minutes: u32,
    },
    /// Somebody should look at something.
    AlertRaised {
        /// What, in one sentence.
        sentence: String,
        /// Where to look.
        link: String,
    },
    /// It is over.
    AlertResolved {
        /// What it was.
        sentence: String,
        /// Where to look.
        link: String,
    },
}

/// The settings of e-mail cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum UnusableMail {
    /// The server.
    #[error(
        "SWITCHBOARD_SMTP_URL is not understood: it must be like smtps://user:password@mail.example.com or smtp://mail.example.com?tls=required"
    )]
    Server(#[source] smtp::Error),
    /// The sender.
    #[error("SWITCHBOARD_MAIL_FROM is not an address, for example Switchboard <calls@example.com>")]
    From(#[source] AddressError),
}

/// Sends mail by one server.
#[derive(Clone)]
pub struct Mailer {
    server: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mailer(masked)")
    }
}

impl Mailer {
    /// A mailer; connects to nothing yet.
    ///
    /// # Errors
    /// When server or sender are not understood.
    pub fn new(server: &str, from: &str) -> Result<Self, UnusableMail> {
        let from = from.parse().map_err(UnusableMail::From)?;
        let server = AsyncSmtpTransport::<Tokio1Executor>::from_url(server)
            .map_err(UnusableMail::Server)?
            .timeout(Some(SMTP_TIMEOUT))
            .build();
        Ok(Self { server, from })
    }

    async fn send(&self, mail: &Mail, id: &str) -> Result<(), NotSent> {
        let address = mail.to.parse().map_err(|_| NotSent::Never("the address is none".to_owned()))?;
        let name = Some(mail.name.trim().to_owned()).filter(|name| !name.is_empty());
        let (subject, body) = words::letter(&mail.language, &mail.letter);
        // Names are written by people: a line break in one would begin another header.
        let subject = subject.replace(char::is_control, " ");
        // The same id for each attempt: a mail server that took the first one may know it again.
        let builder: MessageBuilder = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(name, address))
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            .subject(subject)
            .header(ContentType::TEXT_PLAIN);
        let message =
            builder.body(body).map_err(|_| NotSent::Never("it cannot be written as a mail".to_owned()))?;
        match self.server.send(message).await {
            Ok(_) => Ok(()),
            // The server's words may repeat the address: only its code is kept.
            Err(error) if error.is_permanent() => Err(NotSent::Never(said(&error, "refused it"))),
            Err(error) => Err(NotSent::Now(said(&error, "did not take it"))),
        }
    }
}

enum NotSent {
    Now(String),
    Never(String),
}

fn said(error: &smtp::Error, what: &str) -> String {
    match error.status() {
        Some(code) => format!("the mail server {what} ({code})"),
        None if error.is_timeout() => "the mail server did not answer in time".to_owned(),
        None if error.is_tls() => {
            "the mail server's certificate is not trusted, or it speaks no TLS".to_owned()
        }
        None => "the mail server cannot be reached, or does not let us in".to_owned(),
    }
}

impl Engine {
    /// Can mail be sent?
    #[must_use]
    pub fn sends_mail(&self) -> bool {
        self.settings().mailer.is_some()
    }

    /// A mail to be owed; none without a mail server.
    #[must_use]
    pub fn mail(&self, tenant: TenantId, mail: Mail) -> Option<NewJob> {
        self.sends_mail().then(|| self.job(Some(tenant), &Owed::Mail(mail)))
    }

    pub(crate) async fn send_mail(&self, job: &Job, mail: &Mail) -> Attempt {
        let Some(mailer) = &self.settings().mailer else {
            let what = "no mail server is configured (SWITCHBOARD_SMTP_URL)".to_owned();
            return Attempt::Failed(Trouble { what, wait: None });
        };
        if mail.good_until.is_some_and(|until| self.clock().now().seconds() >= until) {
            return Attempt::Hopeless("its link opens nothing any more; make a new one".to_owned());
        }
        match mailer.send(mail, &job.id.to_string()).await {
            Ok(()) => Attempt::Done,
            Err(NotSent::Now(what)) => Attempt::Failed(Trouble { what, wait: None }),
            Err(NotSent::Never(what)) => Attempt::Hopeless(what),
        }
    }
}
