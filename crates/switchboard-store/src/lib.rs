//! REMEMBER: SQLite and PostgreSQL.
//!
//! [`Store::open`] connects and migrates; each subject then has its handle with a function per question:
//!
//! - [`inbox`]: what the provider sent, kept before it is answered
//! - [`calls`]: the live rows, their lists and their story
//! - [`recordings`]: rows, and the sealed files beside them
//! - [`secrets`]: the data keys and what is sealed with them
//! - [`jobs`]: what is owed, until it is done; [`relays`]: where webhooks are passed on to;
//!   [`alerts`]: what somebody should look at
//! - [`tenants`], [`users`], [`sessions`], [`api_keys`], [`numbers`], [`nodes`]: who is who
//! - [`invitations`], [`password_resets`]: links that open once
//! - [`contacts`]: customers, and whom a webhook is about; [`messages`], [`conversations`]: what is written and until
//!   when freely; [`permissions`]: what a customer allows a number; [`consents`]: what he said about being called;
//!   [`book`]: all of it changed as a whole
//! - [`log`]: the event log
//! - [`audit`]: who did what
//! - [`blocked_callers`]: who is not wanted
//! - [`hours`], [`number_states`], [`safeguards`]: when a number is open, what the provider says of it, what protects it
//!
//! Invariants: a write is visible to nobody before it is committed and its caller is told only after; a
//! query sees the tenant and the branches of its [`Scope`](switchboard_core::access::Scope) and nothing else;
//! moments are microseconds on both databases.

pub mod alerts;
pub mod api_keys;
pub mod audit;
pub mod backup;
pub mod blocked_callers;
pub mod book;
pub mod calls;
pub mod consents;
pub mod contacts;
pub mod conversations;
pub mod cursor;
pub mod error;
pub mod hours;
pub mod inbox;
pub mod invitations;
pub mod jobs;
pub mod log;
pub mod messages;
pub mod nodes;
pub mod number_states;
pub mod numbers;
pub mod password_resets;
pub mod permissions;
pub mod recordings;
pub mod relays;
pub mod safeguards;
pub mod secrets;
pub mod sessions;
pub mod tenants;
pub mod users;

mod changes;
mod columns;
mod db;
mod dialect;
mod entities;
mod migrate;
mod migrations;
mod row_security;
mod scope;
mod sealing;
mod search_text;
mod stopwatch;

use std::path::Path;
use std::sync::Arc;

pub use db::{StoreOptions, WriteQueue};
pub use error::StoreError;
pub use migrate::Migration;

/// The most rows one page of any list holds.
pub const MAX_PAGE: u64 = 200;

/// An open database. Cheap to clone; all clones share the connections.
#[derive(Clone)]
pub struct Store {
    db: Arc<db::Db>,
    made_key_file: Option<Arc<Path>>,
}

impl Store {
    /// Connects to `sqlite:path/to/file.db` or `postgres://…` and brings its tables up to date.
    ///
    /// # Errors
    /// [`StoreError::DatabaseUrl`] when the URL cannot be used, [`StoreError::Unavailable`] when the database
    /// does not answer, [`StoreError::Migrate`] when its tables cannot be brought up to date,
    /// [`StoreError::FromALaterVersion`] when they are further than this version knows, [`StoreError::DataKeys`]
    /// when the data keys it was sealed with are not there.
    pub async fn open(url: &str, options: StoreOptions) -> Result<Self, StoreError> {
        let key_file = options.data_key_file.clone().or_else(|| db::folder_of(url).map(|at| at.join("keys")));
        let mut db = db::Db::open(url, options).await?;
        let key_file = key_file.ok_or_else(|| StoreError::DataKeys {
            reason: "no file of data keys was named".to_owned(),
            hint: "PostgreSQL has no folder of its own to look in: name the file".to_owned(),
        })?;
        migrate::to_latest(&mut db).await?;
        let (keys, made) = sealing::proofs::keys_for(&db, &key_file).await?;
        let newest = keys.newest().0;
        db.set_keys(keys);
        sealing::proofs::note(&db, newest).await?;
        Ok(Self { db: Arc::new(db), made_key_file: made.then(|| key_file.into()) })
    }

    /// What [`Store::open`] would do to the tables; changes nothing.
    ///
    /// # Errors
    /// [`StoreError::DatabaseUrl`], [`StoreError::Unavailable`], [`StoreError::FromALaterVersion`].
    pub async fn pending_migrations(url: &str, options: &StoreOptions) -> Result<Vec<Migration>, StoreError> {
        migrate::pending(url, options).await
    }

    /// The file of data keys, when this was the first start and it was made just now.
    #[must_use]
    pub fn made_key_file(&self) -> Option<&Path> {
        self.made_key_file.as_deref()
    }

    /// Does the database answer, and do writes still get through? For `/readyz`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::TimedOut`] or [`StoreError::Stopped`].
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.db.ping().await
    }

    /// How many writes wait for their turn. Never waits.
    #[must_use]
    pub fn write_queues(&self) -> Vec<WriteQueue> {
        self.db.queues()
    }

    /// Do writes get through? After one that failed, a trial answers.
    pub async fn writes_get_through(&self) -> bool {
        self.db.writes_get_through().await
    }

    /// Finishes the writes that were accepted, refuses new ones and closes the connections.
    pub async fn close(&self) {
        self.db.close().await;
    }

    /// Businesses and their branches.
    #[must_use]
    pub fn tenants(&self) -> tenants::Tenants<'_> {
        tenants::Tenants { db: &self.db }
    }

    /// People who sign in.
    #[must_use]
    pub fn users(&self) -> users::Users<'_> {
        users::Users { db: &self.db }
    }

    /// Invitations to make an account.
    #[must_use]
    pub fn invitations(&self) -> invitations::Invitations<'_> {
        invitations::Invitations { db: &self.db }
    }

    /// Links to set a new password.
    #[must_use]
    pub fn password_resets(&self) -> password_resets::PasswordResets<'_> {
        password_resets::PasswordResets { db: &self.db }
    }

    /// Browsers that are signed in.
    #[must_use]
    pub fn sessions(&self) -> sessions::Sessions<'_> {
        sessions::Sessions { db: &self.db }
    }

    /// Keys of programs.
    #[must_use]
    pub fn api_keys(&self) -> api_keys::ApiKeys<'_> {
        api_keys::ApiKeys { db: &self.db }
    }

    /// Who did what.
    #[must_use]
    pub fn audit(&self) -> audit::Audit<'_> {
        audit::Audit { db: &self.db }
    }

    /// Business phone numbers.
    #[must_use]
    pub fn numbers(&self) -> numbers::Numbers<'_> {
        numbers::Numbers { db: &self.db }
    }

    /// When numbers are open.
    #[must_use]
    pub fn hours(&self) -> hours::NumbersHours<'_> {
        hours::NumbersHours { db: &self.db }
    }

    /// What the provider said last of numbers.
    #[must_use]
    pub fn number_states(&self) -> number_states::NumberStates<'_> {
        number_states::NumberStates { db: &self.db }
    }

    /// What protects the standing of numbers.
    #[must_use]
    pub fn safeguards(&self) -> safeguards::Safeguards<'_> {
        safeguards::Safeguards { db: &self.db }
    }

    /// Callers a business does not want.
    #[must_use]
    pub fn blocked_callers(&self) -> blocked_callers::BlockedCallers<'_> {
        blocked_callers::BlockedCallers { db: &self.db }
    }

    /// Running processes.
    #[must_use]
    pub fn nodes(&self) -> nodes::Nodes<'_> {
        nodes::Nodes { db: &self.db }
    }

    /// What the provider sent.
    #[must_use]
    pub fn inbox(&self) -> inbox::Inbox<'_> {
        inbox::Inbox { db: &self.db }
    }

    /// The data keys and what is sealed with them.
    #[must_use]
    pub fn secrets(&self) -> secrets::Secrets<'_> {
        secrets::Secrets { db: &self.db }
    }

    /// Recordings of calls.
    #[must_use]
    pub fn recordings(&self) -> recordings::Recordings<'_> {
        recordings::Recordings { db: &self.db }
    }

    /// Where webhooks are passed on to.
    #[must_use]
    pub fn relays(&self) -> relays::Relays<'_> {
        relays::Relays { db: &self.db }
    }

    /// What somebody should look at.
    #[must_use]
    pub fn alerts(&self) -> alerts::Alerts<'_> {
        alerts::Alerts { db: &self.db }
    }

    /// What is owed.
    #[must_use]
    pub fn jobs(&self) -> jobs::Jobs<'_> {
        jobs::Jobs { db: &self.db }
    }

    /// Customers.
    #[must_use]
    pub fn contacts(&self) -> contacts::Contacts<'_> {
        contacts::Contacts { db: &self.db }
    }

    /// What contacts and numbers have between them.
    #[must_use]
    pub fn conversations(&self) -> conversations::Conversations<'_> {
        conversations::Conversations { db: &self.db }
    }

    /// Messages of customers and to them.
    #[must_use]
    pub fn messages(&self) -> messages::Messages<'_> {
        messages::Messages { db: &self.db }
    }

    /// What customers allow.
    #[must_use]
    pub fn permissions(&self) -> permissions::Permissions<'_> {
        permissions::Permissions { db: &self.db }
    }

    /// What a customer and a number have between them, to be changed as a whole.
    #[must_use]
    pub fn book(&self) -> book::Book<'_> {
        book::Book { db: &self.db }
    }

    /// What customers said about being called.
    #[must_use]
    pub fn consents(&self) -> consents::Consents<'_> {
        consents::Consents { db: &self.db }
    }

    /// The event log.
    #[must_use]
    pub fn log(&self) -> log::Log<'_> {
        log::Log { db: &self.db }
    }

    /// Calls and their events.
    #[must_use]
    pub fn calls(&self) -> calls::Calls<'_> {
        calls::Calls { db: &self.db }
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("db", &self.db).finish()
    }
}
