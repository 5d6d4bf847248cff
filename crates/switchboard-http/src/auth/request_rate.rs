//! How many requests one address, one session and one key may make. Generous: a person never meets it, a program that
//! runs wild does. The provider's webhooks have a limit of their own (`admission`).

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use http::{HeaderMap, header};
use sha2::{Digest, Sha256};

use crate::auth::api_key;
use crate::auth::rate_limit::network_of;
use crate::auth::session_store::SESSION_COOKIE;
use crate::error::{Code, Problem};
use crate::middleware::client_address::ClientAddress;
use crate::state::AppState;

/// After so many requests those who have been quiet for long enough are forgotten.
const CLEAN_UP_EVERY: u32 = 4_096;
/// So many seconds of the rate may be used at once: a page that opens asks several things together.
const BURST_SECONDS: u32 = 6;

/// Requests a second.
#[derive(Debug, Clone, Copy)]
pub struct RequestRates {
    /// Of one network address (of one /64 with IPv6): an office may stand behind it.
    pub per_address: NonZeroU32,
    /// Of one session or key.
    pub per_credential: NonZeroU32,
}

impl Default for RequestRates {
    fn default() -> Self {
        const HUNDRED: NonZeroU32 = NonZeroU32::new(100).expect("not zero");
        const FORTY: NonZeroU32 = NonZeroU32::new(40).expect("not zero");
        Self { per_address: HUNDRED, per_credential: FORTY }
    }
}

/// Counts requests.
pub(crate) struct RequestCounter {
    by_address: DefaultKeyedRateLimiter<IpAddr>,
    by_credential: DefaultKeyedRateLimiter<[u8; 32]>,
    clock: DefaultClock,
    since_clean_up: AtomicU32,
}

impl RequestCounter {
    pub(crate) fn new(rates: RequestRates) -> Self {
        Self {
            by_address: RateLimiter::keyed(quota(rates.per_address)),
            by_credential: RateLimiter::keyed(quota(rates.per_credential)),
            clock: DefaultClock::default(),
            since_clean_up: AtomicU32::new(0),
        }
    }

    /// Counts one request; refused, it says how long to wait.
    fn count(&self, address: IpAddr, credential: Option<[u8; 32]>) -> Result<(), Duration> {
        if self.since_clean_up.fetch_add(1, Ordering::Relaxed) >= CLEAN_UP_EVERY {
            self.since_clean_up.store(0, Ordering::Relaxed);
            self.by_address.retain_recent();
            self.by_credential.retain_recent();
        }
        let now = self.clock.now();
        // The address first: who has used up its share adds no keys of his invention to our memory.
        self.by_address.check_key(&network_of(address)).map_err(|until| until.wait_time_from(now))?;
        if let Some(credential) = credential {
            self.by_credential.check_key(&credential).map_err(|until| until.wait_time_from(now))?;
        }
        Ok(())
    }
}

fn quota(per_second: NonZeroU32) -> Quota {
    Quota::per_second(per_second)
        .allow_burst(per_second.saturating_mul(const { NonZeroU32::new(BURST_SECONDS).expect("not zero") }))
}

/// What a request shows, as a hash: whether it is worth anything is found out later.
fn credential(headers: &HeaderMap) -> Option<[u8; 32]> {
    if let Some(Some(key)) = api_key::bearer(headers) {
        return Some(api_key::hash_api_key(&key));
    }
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    cookies
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == SESSION_COOKIE)
        .map(|(_, value)| Sha256::digest(value.as_bytes()).into())
}

/// Lets a request through or says when to come back.
pub(crate) async fn limit(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    request: Request,
    next: Next,
) -> Response {
    if let Err(wait) = state.requests().count(address, credential(request.headers())) {
        metrics::counter!("switchboard_requests_refused_total", "reason" => "rate").increment(1);
        tracing::debug!("a request was refused: too many from one place");
        return Problem::new(
            Code::TooManyRequests,
            "Too many requests in a short time. Wait as long as Retry-After says.",
        )
        .retry_after(wait)
        .into_response();
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counter(address: u32, credential: u32) -> RequestCounter {
        RequestCounter::new(RequestRates {
            per_address: NonZeroU32::new(address).expect("not zero"),
            per_credential: NonZeroU32::new(credential).expect("not zero"),
        })
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().expect("a header"));
        headers
    }

    #[test]
    fn a_busy_session_is_slowed_down_wherever_it_comes_from_and_its_neighbour_is_not() {
        let counter = counter(1_000, 1);
        let (one, other) = (Some([1; 32]), Some([2; 32]));
        for n in 0..BURST_SECONDS {
            assert!(counter.count(ip(&format!("198.51.100.{n}")), one).is_ok());
        }
        assert!(counter.count(ip("198.51.100.99"), one).is_err());
        assert!(counter.count(ip("198.51.100.99"), other).is_ok());
    }

    #[test]
    fn a_busy_network_is_slowed_down_whatever_it_shows() {
        let counter = counter(1, 1_000);
        for n in 0..BURST_SECONDS {
            let from = format!("2001:db8:1:2::{n:x}");
            assert!(counter.count(ip(&from), Some([u8::try_from(n).expect("small"); 32])).is_ok());
        }
        let wait = counter.count(ip("2001:db8:1:2:ffff::1"), None).expect_err("one /64 is one");
        assert!(wait <= Duration::from_secs(1), "{wait:?}");
        assert!(counter.count(ip("2001:db8:1:3::1"), None).is_ok());
    }

    #[test]
    fn keys_and_sessions_are_told_apart_without_being_kept() {
        let key =
            credential(&headers(header::AUTHORIZATION, "Bearer swb_0123456789012345678901234567890123"));
        let session = credential(&headers(header::COOKIE, "theme=dark; switchboard_session=abc"));
        assert!(key.is_some() && session.is_some() && key != session);
        assert_eq!(credential(&headers(header::COOKIE, "theme=dark")), None);
        assert_eq!(credential(&HeaderMap::new()), None);
    }
}
