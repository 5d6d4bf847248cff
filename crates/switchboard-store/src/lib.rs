//! REMEMBER: SQLite and PostgreSQL.
//!
//! [`Store::open`] connects and migrates; each subject then has its handle with a function per question:
//!
//! - [`inbox`]: what the provider sent, kept before it is answered
//! - [`calls`]: the live rows, their lists and their story
//! - [`tenants`], [`users`], [`sessions`], [`api_keys`], [`numbers`], [`nodes`]: who is who
//!
//! Invariants: a write is visible to nobody before it is committed and its caller is told only after; a
//! query sees the tenant and the branches of its [`Scope`](switchboard_core::access::Scope) and nothing else;
//! moments are microseconds on both databases.

pub mod api_keys;
pub mod calls;
pub mod error;
pub mod inbox;
pub mod nodes;
pub mod numbers;
pub mod sessions;
pub mod tenants;
pub mod users;

mod columns;
mod db;
mod dialect;
mod entities;
mod migrate;
mod migrations;
mod scope;
mod search_text;

use std::sync::Arc;

pub use db::StoreOptions;
pub use error::StoreError;

/// The most rows one page of any list holds.
pub const MAX_PAGE: u64 = 200;

/// An open database. Cheap to clone; all clones share the connections.
#[derive(Clone)]
pub struct Store {
    db: Arc<db::Db>,
}

impl Store {
    /// Connects to `sqlite:path/to/file.db` or `postgres://…` and brings its tables up to date.
    ///
    /// # Errors
    /// [`StoreError::DatabaseUrl`] when the URL cannot be used, [`StoreError::Unavailable`] when the database
    /// does not answer, [`StoreError::Migrate`] when its tables cannot be brought up to date.
    pub async fn open(url: &str, options: StoreOptions) -> Result<Self, StoreError> {
        let db = db::Db::open(url, options).await?;
        migrate::to_latest(&db).await?;
        Ok(Self { db: Arc::new(db) })
    }

    /// Does the database answer, and do writes still get through? For `/readyz`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::TimedOut`] or [`StoreError::Stopped`].
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.db.ping().await
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

    /// Business phone numbers.
    #[must_use]
    pub fn numbers(&self) -> numbers::Numbers<'_> {
        numbers::Numbers { db: &self.db }
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
