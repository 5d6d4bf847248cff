//! What the engine is told at start.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use switchboard_core::ids::NodeId;
use switchboard_provider::secret::{AccessToken, AppSecret, VerifyToken};
use url::Url;

use crate::mail::Mailer;
use crate::outbound::Outbound;

/// Settings of one node.
#[derive(Debug)]
pub struct EngineSettings {
    /// This process with its data folder.
    pub node: NodeId,
    /// Counts the starts of this node; a row written by an older start is never ours.
    pub epoch: i64,
    /// Where this node keeps its files.
    pub data_dir: PathBuf,
    /// The exchange-wide switch of C9.
    pub calling_enabled: bool,
    /// Where Meta offers no calls of businesses: ISO countries of business numbers.
    pub countries_without_business_calls: Vec<String>,
    /// The admission limit: live calls of all numbers together.
    pub max_calls: u32,
    /// Customer legs that are made in a second, at the most.
    pub set_ups_per_second: NonZeroU32,
    /// So many missed calls suspend a number that has no limit of its own (S2); 0 = none does.
    pub suspend_after_missed: u32,
    /// So long live calls may go on when the server is to stop.
    pub drain_timeout: Duration,
    /// Secrets that vouch for webhooks: each only for the numbers named with it.
    pub apps: Vec<AppCredentials>,
    /// Tokens by the provider's number id.
    pub tokens: HashMap<String, AccessToken>,
    /// What Meta must send in the subscription handshake.
    pub verify_token: Option<VerifyToken>,
    /// The client for addresses that others chose.
    pub outbound: Outbound,
    /// Sends e-mail, when a server for it is configured.
    pub mailer: Option<Mailer>,
    /// How people reach the console, for links.
    pub public_url: Url,
    /// A number that gets no webhook for longer than this is told of; none: nobody minds.
    pub quiet_for: Option<Duration>,
}

/// An app secret and the numbers it vouches for.
#[derive(Debug)]
pub struct AppCredentials {
    /// The secret.
    pub secret: AppSecret,
    /// The provider's number ids.
    pub numbers: Vec<String>,
}
