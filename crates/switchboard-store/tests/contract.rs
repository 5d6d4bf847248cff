//! The contract of the store, run on SQLite always and on PostgreSQL when `SWITCHBOARD_TEST_POSTGRES_URL` names a
//! database in which an unprivileged role may create schemas.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, unreachable_pub, reason = "tests")]

/// Runs each story on both databases.
macro_rules! on_both_databases {
    ($($story:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $story() {
                    super::$story(crate::contract::harness::Database::sqlite()).await;
                }
            )+
        }
        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $story() {
                    if let Some(database) = crate::contract::harness::Database::postgres().await {
                        super::$story(database).await;
                    }
                }
            )+
        }
    };
}

mod contract {
    mod audit;
    mod blocked_callers;
    mod book;
    mod bucket;
    mod contacts;
    mod events;
    mod facts;
    pub mod harness;
    mod inbox;
    mod lists;
    mod numbers;
    mod opening;
    mod outgoing;
    mod owed;
    mod people;
    mod processes;
    mod recordings;
    mod relays;
    mod rights;
    mod row_security;
    mod safeguards;
    mod saving;
    mod scopes;
    mod sealing;
    mod standing;
    mod unreadable;
    mod world;
    mod writing;
}
