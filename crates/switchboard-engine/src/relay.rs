//! Passing webhooks on (I2): Meta gives an app one callback address, so others get what came there, byte for byte and
//! with Meta's own signature.
//!
//! What is owed is written in the transaction that keeps the webhook. A signed body cannot be cut: it goes whole, and
//! only when everything in it belongs to one business; otherwise it goes to nobody. Bodies about the same call go to a
//! place one after the other.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use standardwebhooks::{HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook};
use switchboard_core::access::Scope;
use switchboard_core::ids::{RelayTargetId, TenantId};
use switchboard_provider::meta::signature;
use switchboard_store::StoreError;
use switchboard_store::inbox::NewInboxRow;
use switchboard_store::jobs::{Delivery, Job};
use switchboard_store::relays::{OutgoingBody, RelayTarget, Relayed};
use url::Url;

use crate::Engine;
use crate::clock::fresh_uuid;
use crate::jobs::{Attempt, Owed, Trouble};
use crate::outbound::{OutboundError, OutboundRequest};

/// How often places are read anew: another node may have changed them.
const REREAD_EVERY: Duration = Duration::from_secs(15);
/// When nobody has a free hand for a host.
const CROWDED: Duration = Duration::from_secs(2);
/// What a place is sent to try it out: a webhook without news.
const TRIAL: &[u8] = br#"{"object":"whatsapp_business_account","entry":[]}"#;
/// Bytes of an order key: enough that two never meet.
const KEY_BYTES: usize = 16;
/// The shortest secret, in bytes.
const SHORTEST_SECRET: usize = 16;
/// The longest.
const LONGEST_SECRET: usize = 256;

/// Places that are switched on, as this node knows them.
#[derive(Debug, Default)]
pub(crate) struct Places(RwLock<Arc<[RelayTarget]>>);

/// Why a webhook goes to nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Withheld {
    /// It holds news for numbers that are not configured here.
    Foreign,
    /// It holds news of several businesses.
    SeveralTenants,
    /// It holds news of the account, and its app serves several businesses.
    OfNobody,
}

impl Withheld {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Foreign => "foreign",
            Self::SeveralTenants => "several_tenants",
            Self::OfNobody => "of_nobody",
        }
    }
}

/// A webhook as it came in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrived<'a> {
    pub signature: Option<&'a str>,
    pub content_type: Option<&'a str>,
    pub raw: &'a Bytes,
}

/// What came of trying a place out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayTrial {
    /// It took it.
    pub delivered: bool,
    /// The HTTP status, when there was an answer.
    pub status: Option<u16>,
    /// How long it took.
    pub took: Duration,
    /// What happened and what to do; none when it was delivered.
    pub detail: Option<String>,
}

/// A secret that cannot sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a secret is whsec_ and base64, or a text of {SHORTEST_SECRET} to {LONGEST_SECRET} bytes")]
pub struct UnusableSecret;

impl Engine {
    /// Reads the places anew, after one was changed.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn reload_relays(&self) -> Result<(), StoreError> {
        let places: Arc<[RelayTarget]> = self.store().relays().enabled().await?.into();
        *self.places().0.write().unwrap_or_else(PoisonError::into_inner) = places;
        Ok(())
    }

    /// Tries a place out: what it would be sent, without news, at once and once.
    pub async fn try_relay(&self, target: &RelayTarget) -> RelayTrial {
        let started = crate::clock::instant();
        let body = OutgoingBody {
            content_type: Some("application/json".to_owned()),
            signature: self.signed_for(target.tenant, TRIAL).unwrap_or_default(),
            body: TRIAL.to_vec(),
        };
        let id = format!("trial_{}", fresh_uuid().simple());
        let answer = self.pass_on(target, &id, body).await;
        let took = started.elapsed();
        let trial = |delivered, status, detail| RelayTrial { delivered, status, took, detail };
        match answer {
            Ok(status) if is_delivered(status) => trial(true, Some(status), None),
            Ok(status) => trial(false, Some(status), Some(format!("It answered {status}."))),
            Err(NotPassedOn::Refused(why)) => trial(false, None, Some(why)),
            Err(NotPassedOn::Outbound(error)) => {
                let delivered = error.status().is_some_and(is_delivered);
                trial(delivered, error.status(), (!delivered).then(|| sentence(&error.to_string())))
            }
        }
    }

    /// Who is owed this webhook.
    pub(crate) fn owed_to_places(
        &self,
        arrived: Arrived<'_>,
        rows: &[NewInboxRow],
        vouched: &[String],
    ) -> Option<Relayed> {
        let places = Arc::clone(&self.places().0.read().unwrap_or_else(PoisonError::into_inner));
        if places.is_empty() {
            return None;
        }
        let vouched: BTreeSet<TenantId> = vouched
            .iter()
            .filter_map(|number| self.number_by_provider_id(number))
            .map(|number| number.tenant)
            .collect();
        let tenant = match owner(rows, &vouched) {
            Ok(tenant) => tenant,
            Err(why) => {
                ::metrics::counter!("switchboard_relay_withheld_total", "why" => why.as_str()).increment(1);
                tracing::warn!(
                    why = why.as_str(),
                    "a webhook is not passed on: it cannot be cut, and not all of it belongs to one business"
                );
                return None;
            }
        };
        let outbox = fresh_uuid();
        let deliveries: Vec<_> = places
            .iter()
            .filter(|place| place.tenant == tenant)
            .filter(|place| {
                place.number.is_none_or(|number| rows.iter().any(|row| row.number == Some(number)))
            })
            .map(|place| {
                let mut job = self.job(Some(tenant), &Owed::Relay);
                job.order_keys = order_keys(place.id, rows);
                job.delivery = Some(Delivery { target: place.id, outbox });
                job
            })
            .collect();
        (!deliveries.is_empty()).then(|| Relayed {
            outbox,
            tenant,
            content_type: arrived.content_type.map(str::to_owned),
            signature: arrived.signature.unwrap_or_default().to_owned(),
            body: arrived.raw.to_vec(),
            at: self.clock().now(),
            deliveries,
        })
    }

    /// Carries out one delivery.
    pub(crate) async fn relay(&self, job: &Job) -> Attempt {
        let (Some(delivery), Some(tenant)) = (job.delivery, job.tenant) else {
            return Attempt::Hopeless("it names no place".to_owned());
        };
        let scope = Scope::of_the_exchange(tenant);
        let target = match self.store().relays().by_id(&scope, delivery.target).await {
            Ok(Some(target)) if target.enabled => target,
            Ok(Some(_)) => return Attempt::Hopeless("the webhook relay was switched off".to_owned()),
            Ok(None) => return Attempt::Hopeless("the webhook relay was removed".to_owned()),
            Err(error) => return error.into(),
        };
        let body = match self.store().relays().body(tenant, delivery.outbox).await {
            Ok(Some(body)) => body,
            Ok(None) => return Attempt::Hopeless("the webhook is not kept any more".to_owned()),
            Err(error) => return error.into(),
        };
        match self.pass_on(&target, &job.id.to_string(), body).await {
            Ok(status) if is_delivered(status) => Attempt::Done,
            Ok(410) => Attempt::Hopeless("it answered 410: it wants nothing more".to_owned()),
            Ok(status) => Attempt::Failed(Trouble { what: format!("it answered {status}"), wait: None }),
            Err(NotPassedOn::Refused(what)) => Attempt::Failed(Trouble { what, wait: None }),
            Err(NotPassedOn::Outbound(OutboundError::Crowded)) => Attempt::NotBegun(CROWDED),
            // The answer had begun and said yes: what broke afterwards is nobody's loss.
            Err(NotPassedOn::Outbound(error)) if error.status().is_some_and(is_delivered) => Attempt::Done,
            Err(NotPassedOn::Outbound(error)) => {
                Attempt::Failed(Trouble { what: error.to_string(), wait: None })
            }
        }
    }

    /// Places are read anew now and then.
    pub(crate) fn spawn_relay_rounds(&self) {
        let engine = self.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(REREAD_EVERY).await;
                match engine.reload_relays().await {
                    Ok(()) => {}
                    Err(StoreError::Stopped { .. }) => return,
                    Err(error) => tracing::debug!(error = %error, "webhook relays stay as they were"),
                }
            }
        });
    }

    async fn pass_on(&self, target: &RelayTarget, id: &str, body: OutgoingBody) -> Result<u16, NotPassedOn> {
        let url =
            Url::parse(&target.url).map_err(|_| NotPassedOn::Refused("its address is none".to_owned()))?;
        let mut headers = HeaderMap::new();
        let mut put = |name: &'static str, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        put(CONTENT_TYPE, body.content_type.as_deref().unwrap_or("application/json"));
        if !body.signature.is_empty() {
            put(signature::HEADER, &body.signature);
        }
        put(HEADER_WEBHOOK_ID, id);
        let secret = target.secret.as_ref().map_err(|error| NotPassedOn::Refused(error.to_string()))?;
        if let Some(secret) = secret {
            let at = self.clock().now().seconds();
            let signature = signer(secret)
                .ok()
                .and_then(|signer| signer.sign(id, at, &body.body).ok())
                .ok_or_else(|| NotPassedOn::Refused("its secret cannot sign".to_owned()))?;
            put(HEADER_WEBHOOK_TIMESTAMP, &at.to_string());
            put(HEADER_WEBHOOK_SIGNATURE, &signature);
        }
        let request = OutboundRequest { method: Method::POST, url, headers, body: body.body.into() };
        let answer = self.outbound().send(request).await.map_err(NotPassedOn::Outbound)?;
        Ok(answer.status)
    }

    /// As Meta would sign for this business.
    fn signed_for(&self, tenant: TenantId, body: &[u8]) -> Option<String> {
        let vouches = |number: &String| {
            self.number_by_provider_id(number).is_some_and(|number| number.tenant == tenant)
        };
        let app = self.settings().apps.iter().find(|app| app.numbers.iter().any(vouches))?;
        signature::sign(&app.secret, body)
    }
}

/// Why nothing was answered.
enum NotPassedOn {
    Refused(String),
    Outbound(OutboundError),
}

const CONTENT_TYPE: &str = "content-type";

/// May this text be a place's secret?
///
/// # Errors
/// When it cannot sign.
pub fn check_secret(secret: &SecretString) -> Result<(), UnusableSecret> {
    signer(secret).map(|_| ())
}

fn signer(secret: &SecretString) -> Result<Webhook, UnusableSecret> {
    let secret = secret.expose_secret();
    if !(SHORTEST_SECRET..=LONGEST_SECRET).contains(&secret.len()) {
        return Err(UnusableSecret);
    }
    let webhook = if secret.starts_with("whsec_") {
        Webhook::new(secret)
    } else {
        Webhook::from_bytes(secret.as_bytes().to_vec())
    };
    webhook.map_err(|_| UnusableSecret)
}

const fn is_delivered(status: u16) -> bool {
    matches!(status, 200..=299)
}

/// Whose all of this is.
fn owner(rows: &[NewInboxRow], vouched: &BTreeSet<TenantId>) -> Result<TenantId, Withheld> {
    if rows.iter().any(|row| row.foreign) {
        return Err(Withheld::Foreign);
    }
    let mut owners: BTreeSet<TenantId> = rows.iter().filter_map(|row| row.tenant).collect();
    if rows.iter().any(|row| row.tenant.is_none()) {
        // News of the account name no number: they are of whoever the app serves, if that is one.
        if vouched.len() != 1 {
            return Err(Withheld::OfNobody);
        }
        owners.extend(vouched);
    }
    match (owners.pop_first(), owners.len()) {
        (Some(only), 0) => Ok(only),
        (Some(_), _) => Err(Withheld::SeveralTenants),
        (None, _) => Err(Withheld::OfNobody),
    }
}

/// One key for each call in it. Hashed: a provider's call id holds the customer's number.
fn order_keys(place: RelayTargetId, rows: &[NewInboxRow]) -> Vec<String> {
    let calls: BTreeSet<_> =
        rows.iter().filter_map(|row| Some((row.number?, row.provider_call_id.as_deref()?))).collect();
    calls
        .into_iter()
        .map(|(number, call)| {
            let mut hash = Sha256::new();
            hash.update(place.uuid().as_bytes());
            hash.update(number.uuid().as_bytes());
            hash.update(call.as_bytes());
            hash.finalize().iter().take(KEY_BYTES).map(|byte| format!("{byte:02x}")).collect()
        })
        .collect()
}

/// An error as a sentence for people.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().map(|letter| letter.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use switchboard_core::ids::NumberId;
    use switchboard_core::time::Timestamp;
    use uuid::Uuid;

    use super::*;

    const OURS: TenantId = TenantId::from_uuid(Uuid::from_u128(1));
    const THEIRS: TenantId = TenantId::from_uuid(Uuid::from_u128(2));

    fn row(tenant: Option<TenantId>, foreign: bool, call: Option<&str>) -> NewInboxRow {
        NewInboxRow {
            tenant,
            number: tenant.map(|tenant| NumberId::from_uuid(tenant.uuid())),
            provider: "meta".to_owned(),
            dedupe_key: "key".to_owned(),
            provider_call_id: call.map(str::to_owned),
            kind: "connect".to_owned(),
            foreign,
            payload: "{}".to_owned(),
            received_at: Timestamp::from_seconds(0),
        }
    }

    #[test]
    fn a_body_goes_out_only_when_all_of_it_is_of_one_business() {
        let (alone, shared) = (BTreeSet::from([OURS]), BTreeSet::from([OURS, THEIRS]));
        let ours = || row(Some(OURS), false, None);
        let of_the_account = || row(None, false, None);
        assert_eq!(owner(&[ours(), ours()], &shared), Ok(OURS));
        assert_eq!(owner(&[ours(), row(Some(THEIRS), false, None)], &shared), Err(Withheld::SeveralTenants));
        assert_eq!(owner(&[ours(), row(None, true, None)], &alone), Err(Withheld::Foreign));
        assert_eq!(owner(&[of_the_account()], &alone), Ok(OURS));
        assert_eq!(owner(&[of_the_account()], &shared), Err(Withheld::OfNobody));
        assert_eq!(owner(&[ours(), of_the_account()], &shared), Err(Withheld::OfNobody));
        assert_eq!(owner(&[], &alone), Err(Withheld::OfNobody));
    }

    #[test]
    fn calls_have_keys_that_name_nobody_and_differ_by_place() {
        let place = |n| RelayTargetId::from_uuid(Uuid::from_u128(n));
        let rows = [
            row(Some(OURS), false, Some("wacid.5511982114477")),
            row(Some(OURS), false, Some("wacid.5511982114477")),
            row(Some(OURS), false, Some("wacid.other")),
            row(Some(OURS), false, None),
        ];
        let keys = order_keys(place(1), &rows);
        assert_eq!(keys.len(), 2);
        assert!(keys.iter().all(|key| key.len() == 2 * KEY_BYTES && !key.contains("5511")));
        assert!(order_keys(place(2), &rows).iter().all(|key| !keys.contains(key)));
    }

    #[test]
    fn a_secret_is_long_enough_or_of_the_usual_form() {
        let check = |text: &str| check_secret(&SecretString::from(text.to_owned()));
        assert_eq!(check("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), Ok(()));
        assert_eq!(check("sixteen letters!"), Ok(()));
        for bad in ["", "short", "whsec_not base64 at all", &"x".repeat(257)] {
            assert_eq!(check(bad), Err(UnusableSecret), "{bad}");
        }
    }
}
