//! What the engine is told at start.

use std::collections::HashMap;

use switchboard_core::ids::NodeId;
use switchboard_provider::secret::{AccessToken, AppSecret, VerifyToken};

/// Settings of one node.
#[derive(Debug)]
pub struct EngineSettings {
    /// This process with its data folder.
    pub node: NodeId,
    /// Counts the starts of this node; a row written by an older start is never ours.
    pub epoch: i64,
    /// The exchange-wide switch of C9.
    pub calling_enabled: bool,
    /// The admission limit: live calls of all numbers together.
    pub max_calls: u32,
    /// Secrets that vouch for webhooks: each only for the numbers named with it.
    pub apps: Vec<AppCredentials>,
    /// Tokens by the provider's number id.
    pub tokens: HashMap<String, AccessToken>,
    /// What Meta must send in the subscription handshake.
    pub verify_token: Option<VerifyToken>,
}

/// An app secret and the numbers it vouches for.
#[derive(Debug)]
pub struct AppCredentials {
    /// The secret.
    pub secret: AppSecret,
    /// The provider's number ids.
    pub numbers: Vec<String>,
}
