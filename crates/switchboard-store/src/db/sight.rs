//! Whose rows a transaction may see and write. Our own queries say it in their WHERE; PostgreSQL checks it once more by
//! the policies of [`crate::row_security`], so that a query that forgot its scope finds nothing instead of everything.
//!
//! SQLite has no such second lock: there the WHERE and its tests stand alone.

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseExecutor, DatabaseTransaction, DbBackend, DbErr,
    TransactionTrait,
};
use switchboard_core::access::{Branches, Scope};

/// Whose rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sight {
    /// Of every tenant: what the exchange asks before there is a scope (whose key is this? whose webhook?) or for all
    /// of them together (what was live when this node stopped?).
    Installation,
    /// Of this scope.
    Scope(Scope),
}

impl From<&Scope> for Sight {
    fn from(scope: &Scope) -> Self {
        Self::Scope(scope.clone())
    }
}

impl Sight {
    /// Where to read with it. On PostgreSQL a transaction: the setting must not outlive it in the pool.
    pub(super) async fn open(self, reader: &DatabaseConnection) -> Result<DatabaseExecutor<'_>, DbErr> {
        if reader.get_database_backend() != DbBackend::Postgres {
            return Ok(DatabaseExecutor::Connection(reader));
        }
        let transaction = reader.begin().await?;
        transaction.execute_unprepared(&self.statement()).await?;
        // Its end needs no answer: it is rolled back on the way to the pool, after the caller has his rows.
        Ok(DatabaseExecutor::OwnedTransaction(transaction))
    }

    /// Makes a writing transaction see with it, unless it does already.
    pub(super) async fn apply(
        &self,
        transaction: &DatabaseTransaction,
        seen: &mut Option<Self>,
    ) -> Result<(), DbErr> {
        if transaction.get_database_backend() != DbBackend::Postgres || seen.as_ref() == Some(self) {
            return Ok(());
        }
        transaction.execute_unprepared(&self.statement()).await?;
        *seen = Some(self.clone());
        Ok(())
    }

    /// For migrations, which change rows of everybody.
    pub(crate) async fn apply_to_migration(&self, transaction: &DatabaseTransaction) -> Result<(), DbErr> {
        self.apply(transaction, &mut None).await
    }

    /// All settings at once, valid until the end of the transaction. Nothing in it is anybody's text: ids are written
    /// by us.
    fn statement(&self) -> String {
        let (installation, tenant, branches, unbranched) = match self {
            Self::Installation => ("on", String::new(), String::new(), "off"),
            Self::Scope(scope) => (
                "off",
                scope.tenant.uuid().to_string(),
                branches(&scope.branches),
                if scope.hides_unbranched_calls { "off" } else { "on" },
            ),
        };
        format!(
            "SELECT set_config('switchboard.installation', '{installation}', true), \
             set_config('switchboard.tenant', '{tenant}', true), \
             set_config('switchboard.branches', '{branches}', true), \
             set_config('switchboard.unbranched_calls', '{unbranched}', true)"
        )
    }
}

fn branches(branches: &Branches) -> String {
    match branches {
        Branches::All => "all".to_owned(),
        Branches::Only(mine) => {
            mine.iter().map(|branch| branch.uuid().to_string()).collect::<Vec<_>>().join(",")
        }
    }
}
