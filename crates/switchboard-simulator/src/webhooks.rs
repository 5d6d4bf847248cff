//! Sending webhooks as Meta does: signed over the exact bytes, repeated with a growing wait until a 200 comes.

pub(crate) mod body;

use std::sync::Arc;
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use crate::account::Secret;
use crate::clock::now;
use crate::rules::Limits;

/// The header value over these bytes: HMAC-SHA256 with the app secret as UTF-8 (webhooks, Nov 2025).
pub(crate) fn signature(secret: &Secret, bytes: &[u8]) -> String {
    // HMAC takes keys of every length, so this cannot fail; without a signature every receiver refuses.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.text().as_bytes()) else { return String::new() };
    mac.update(bytes);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// One attempt to deliver.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Delivery {
    /// When the request left.
    pub(crate) sent_at: Instant,
    /// The answer's status; nothing when none came.
    pub(crate) status: Option<u16>,
    /// How long the answer took.
    pub(crate) took: Duration,
}

/// The sender of webhooks.
#[derive(Debug, Clone)]
pub(crate) struct Postman {
    client: reqwest::Client,
    to: Url,
    secret: Secret,
    limits: Arc<Limits>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Postman {
    pub(crate) fn new(
        to: Url,
        secret: Secret,
        limits: Arc<Limits>,
        tasks: TaskTracker,
        stop: CancellationToken,
    ) -> reqwest::Result<Self> {
        let client = reqwest::Client::builder()
            .timeout(limits.webhook_timeout)
            .tcp_nodelay(true)
            .pool_max_idle_per_host(256)
            .no_proxy()
            .build()?;
        Ok(Self { client, to, secret, limits, tasks, stop })
    }

    /// One attempt.
    pub(crate) async fn attempt(&self, bytes: &[u8]) -> Delivery {
        let sent_at = now();
        let answer = self
            .client
            .post(self.to.clone())
            .header("Content-Type", "application/json")
            .header("User-Agent", "facebookexternalua")
            .header("X-Hub-Signature-256", signature(&self.secret, bytes))
            .body(bytes.to_vec())
            .send()
            .await;
        Delivery {
            sent_at,
            status: answer.ok().map(|answer| answer.status().as_u16()),
            took: now().saturating_duration_since(sent_at),
        }
    }

    /// Repeats in the background until a 200, with waits that double.
    pub(crate) fn retry(&self, bytes: Vec<u8>, told: impl Fn(u32, Delivery) + Send + 'static) {
        let postman = self.clone();
        self.tasks.spawn(async move {
            let give_up = now() + postman.limits.webhook_retry_for;
            let mut wait = postman.limits.webhook_retry_first;
            for attempt in 2.. {
                tokio::select! {
                    () = postman.stop.cancelled() => return,
                    () = tokio::time::sleep(wait) => {}
                }
                let delivery = postman.attempt(&bytes).await;
                told(attempt, delivery);
                if delivery.status == Some(200) || now() > give_up {
                    return;
                }
                wait = wait.saturating_mul(2);
            }
        });
    }

    /// The handshake Meta does when a webhook address is saved: true when the challenge came back unchanged.
    pub(crate) async fn handshake(&self, verify_token: &Secret) -> bool {
        let challenge = "1158201444";
        let mut address = self.to.clone();
        address
            .query_pairs_mut()
            .append_pair("hub.mode", "subscribe")
            .append_pair("hub.challenge", challenge)
            .append_pair("hub.verify_token", verify_token.text());
        let Ok(answer) = self.client.get(address).send().await else { return false };
        answer.status().as_u16() == 200 && answer.text().await.is_ok_and(|text| text == challenge)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_matches_the_published_vector() {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../tests/samples/signature-vectors.json")).expect("JSON");
        let meta = &vectors["meta_x_hub_signature_256"];
        let secret = Secret::new(meta["app_secret"].as_str().expect("a secret"));
        let body = meta["raw_body"].as_str().expect("a body");
        let header = meta["header"].as_str().expect("a header");
        assert_eq!(format!("X-Hub-Signature-256: {}", signature(&secret, body.as_bytes())), header);
        // Meta's own escaping gives exactly those bytes back.
        let parsed: serde_json::Value = serde_json::from_str(body).expect("JSON");
        let again: serde_json::Value = serde_json::from_slice(&body::bytes(&parsed)).expect("JSON");
        assert_eq!(parsed, again);
    }
}
