//! Sessions of browsers: where tower-sessions keeps them, how long they live.
//!
//! The cookie holds 128 random bits; the database knows only their SHA-256, so a stolen copy of it opens nothing.
//! A session ends 12 hours after it was last used and 7 days after signing in, whatever comes first.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use sha2::{Digest, Sha256};
use switchboard_core::ids::{TenantId, UserId};
use switchboard_core::time::Timestamp;
use switchboard_engine::Engine;
use switchboard_store::StoreError;
use switchboard_store::sessions::SessionRow;
use switchboard_store::users::User;
use tower_sessions::cookie::SameSite;
use tower_sessions::cookie::time::{Duration as CookieDuration, OffsetDateTime};
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};
use tower_sessions::{Expiry, Session, SessionManagerLayer, SessionStore};
use url::Url;

use crate::error::Problem;
use crate::state::AppState;

/// The cookie.
pub const SESSION_COOKIE: &str = "switchboard_session";
/// Not used for this long: over.
pub const SESSION_IDLE: Duration = Duration::from_secs(12 * 3_600);
/// This long after signing in: over.
pub const SESSION_LIFE: Duration = Duration::from_secs(7 * 24 * 3_600);
/// A session in use is written back at most this often, so that reading pages does not write rows.
const TOUCH_EVERY: Duration = Duration::from_secs(10 * 60);

const USER: &str = "user";
const TENANT: &str = "tenant";
const SIGNED_IN_AT: &str = "signed_in_at";
const USED_AT: &str = "used_at";

/// Sessions in our database.
#[derive(Clone)]
pub(crate) struct Sessions {
    engine: Engine,
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sessions")
    }
}

/// The layer that reads and writes the cookie.
pub(crate) fn layer(engine: Engine, public_url: &Url) -> SessionManagerLayer<Sessions> {
    let idle = CookieDuration::seconds(SESSION_IDLE.as_secs().cast_signed());
    SessionManagerLayer::new(Sessions { engine })
        .with_name(SESSION_COOKIE)
        .with_http_only(true)
        // Lax, not Strict: a link to a call in a chat message must open signed in.
        .with_same_site(SameSite::Lax)
        .with_secure(public_url.scheme() == "https")
        .with_path("/")
        .with_expiry(Expiry::OnInactivity(idle))
}

/// The name under which database and engine know a session.
pub(crate) fn hash_of(id: Id) -> String {
    hex::encode(Sha256::digest(id.to_string().as_bytes()))
}

/// Who is signed in, by session. Also keeps a used session from going idle.
pub(crate) async fn user_of(
    session: &Session,
    now: Timestamp,
) -> std::result::Result<Option<(TenantId, UserId)>, Problem> {
    let user = session.get::<String>(USER).await.map_err(unavailable)?;
    let tenant = session.get::<String>(TENANT).await.map_err(unavailable)?;
    let (Some(user), Some(tenant)) = (user, tenant) else { return Ok(None) };
    let used_at = session.get::<i64>(USED_AT).await.map_err(unavailable)?.unwrap_or_default();
    if now.since(Timestamp::from_micros(used_at)) >= TOUCH_EVERY {
        session.insert(USED_AT, now.micros()).await.map_err(unavailable)?;
    }
    Ok(tenant.parse().ok().zip(user.parse().ok()))
}

/// Starts a session for this user under a fresh id; whatever the browser held before is over.
pub(crate) async fn start(
    session: &Session,
    user: &User,
    now: Timestamp,
) -> std::result::Result<(), Problem> {
    session.cycle_id().await.map_err(unavailable)?;
    session.clear().await;
    session.insert(USER, user.id.to_string()).await.map_err(unavailable)?;
    session.insert(TENANT, user.tenant.to_string()).await.map_err(unavailable)?;
    session.insert(SIGNED_IN_AT, now.micros()).await.map_err(unavailable)?;
    session.insert(USED_AT, now.micros()).await.map_err(unavailable)
}

/// A session that could not be read or written.
pub(crate) fn unavailable(error: tower_sessions::session::Error) -> Problem {
    tracing::warn!(error = %crate::error::chain(&error), "a session could not be read or written");
    Problem::new(crate::error::Code::Unavailable, "The database cannot be reached. Try again in a moment.")
        .retry_after(Duration::from_secs(5))
}

/// Keeps the session of an open live stream from going idle: an agent who waits for calls is at work.
/// False: the session is over.
pub(crate) async fn keep_alive(state: &AppState, hash: &str) -> std::result::Result<bool, StoreError> {
    let now = state.engine().clock().now();
    let sessions = state.store().sessions();
    let Some(mut row) = sessions.load(hash, now).await?.filter(|row| row.expires_at > now) else {
        return Ok(false);
    };
    let later = expires_at(now.plus(SESSION_IDLE), row.created_at);
    if later.since(row.expires_at) >= TOUCH_EVERY {
        row.expires_at = later;
        sessions.save(&row).await?;
    }
    Ok(true)
}

impl Sessions {
    fn row(&self, record: &Record) -> SessionRow {
        let now = self.engine.clock().now();
        let signed_in_at = record.data.get(SIGNED_IN_AT).and_then(Value::as_i64).map(Timestamp::from_micros);
        SessionRow {
            id_hash: hash_of(record.id),
            user: record.data.get(USER).and_then(Value::as_str).and_then(|id| id.parse().ok()),
            tenant: record.data.get(TENANT).and_then(Value::as_str).and_then(|id| id.parse().ok()),
            data: serde_json::json!(record.data),
            expires_at: expires_at(timestamp(record.expiry_date), signed_in_at.unwrap_or(now)),
            created_at: signed_in_at.unwrap_or(now),
        }
    }

    async fn write(&self, record: &Record) -> Result<()> {
        let row = self.row(record);
        self.engine.store().sessions().save(&row).await.map_err(|error| backend(&error))
    }

    async fn read(&self, id: &Id) -> Result<Option<Record>> {
        let now = self.engine.clock().now();
        let row =
            self.engine.store().sessions().load(&hash_of(*id), now).await.map_err(|error| backend(&error))?;
        let Some(row) = row.filter(|row| row.expires_at > now) else { return Ok(None) };
        let data: HashMap<String, Value> =
            serde_json::from_value(row.data).map_err(|error| Error::Decode(error.to_string()))?;
        Ok(Some(Record { id: *id, data, expiry_date: date(row.expires_at) }))
    }
}

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        // 128 random bits do not meet twice; if they ever did, the earlier session must not be handed out.
        while self.read(&record.id).await?.is_some() {
            record.id = Id::default();
        }
        self.write(record).await
    }

    async fn save(&self, record: &Record) -> Result<()> {
        // A request that was under way while its session was signed out must not bring it back.
        if self.read(&record.id).await?.is_none() {
            return Ok(());
        }
        self.write(record).await
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        self.read(id).await
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.engine.store().sessions().delete(&hash_of(*id)).await.map_err(|error| backend(&error))
    }
}

/// The earlier of both ends.
fn expires_at(idle: Timestamp, signed_in_at: Timestamp) -> Timestamp {
    idle.min(signed_in_at.plus(SESSION_LIFE))
}

fn timestamp(date: OffsetDateTime) -> Timestamp {
    Timestamp::from_micros(i64::try_from(date.unix_timestamp_nanos() / 1_000).unwrap_or(i64::MAX))
}

fn date(at: Timestamp) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(at.micros()) * 1_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn backend(error: &switchboard_store::StoreError) -> Error {
    Error::Backend(crate::error::chain(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_in_daily_use_still_ends_after_a_week() {
        let signed_in = Timestamp::from_seconds(1_000_000);
        let first_day = signed_in.plus(SESSION_IDLE);
        assert_eq!(expires_at(first_day, signed_in), first_day);
        let last_day = signed_in.plus(SESSION_LIFE);
        assert_eq!(expires_at(last_day.plus(SESSION_IDLE), signed_in), last_day);
    }

    #[test]
    fn the_database_never_sees_the_cookie() {
        let id = Id(42);
        let hash = hash_of(id);
        assert_eq!(hash.len(), 64);
        assert!(!hash.contains(&id.to_string()));
        assert_eq!(hash, hash_of(Id(42)));
    }

    #[test]
    fn moments_survive_the_way_through_the_cookie_library() {
        let at = Timestamp::from_micros(1_767_000_000_123_456);
        assert_eq!(timestamp(date(at)), at);
    }
}
