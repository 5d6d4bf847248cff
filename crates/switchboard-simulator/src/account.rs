//! The pretend business account: its numbers, its secrets, and customers that may call it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::PhoneNumber;

/// A secret text that never shows in logs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A WhatsApp Business account.
#[derive(Debug, Clone)]
pub struct Account {
    /// Id of the account (`entry[].id` of webhooks).
    pub waba_id: String,
    /// The bearer token the Graph API wants.
    pub access_token: Secret,
    /// Signs webhooks.
    pub app_secret: Secret,
    /// Answers the handshake of the webhook address.
    pub verify_token: Secret,
    /// The business's numbers.
    pub numbers: Vec<BusinessNumber>,
    /// People the phone page offers as callers.
    pub customers: Vec<CustomerCard>,
}

/// A number of the business.
#[derive(Debug, Clone, Serialize)]
pub struct BusinessNumber {
    /// The Graph node id (`phone_number_id`).
    pub id: String,
    /// The number as digits.
    pub display_phone: String,
    /// The name customers see.
    pub name: String,
}

/// A person who can play the customer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CustomerCard {
    /// Profile name.
    pub name: String,
    /// Digits of the number; nothing for a person who shows only a username.
    #[serde(default)]
    pub phone: Option<String>,
    /// WhatsApp username.
    #[serde(default)]
    pub username: Option<String>,
}

impl Account {
    /// The account of the demo: one number, invented secrets, five customers.
    #[must_use]
    pub fn demo() -> Self {
        let card = |name: &str, phone: Option<&str>, username: Option<&str>| CustomerCard {
            name: name.into(),
            phone: phone.map(Into::into),
            username: username.map(Into::into),
        };
        Self {
            waba_id: "200000000000001".into(),
            access_token: Secret::new("simulator-access-token"),
            app_secret: Secret::new("simulator-app-secret-000000000000"),
            verify_token: Secret::new("simulator-verify-token"),
            numbers: vec![BusinessNumber {
                id: "100000000000001".into(),
                display_phone: "15550100001".into(),
                name: "Sandbox Bakery".into(),
            }],
            customers: vec![
                card("Ana Souza", Some("5511982114477"), None),
                card("Lucía Fernández", Some("34655501234"), None),
                card("Jonas Weber", Some("4915550100003"), None),
                card("Mary O'Neill", Some("15550100002"), Some("mary.oneill")),
                card("Kenji", None, Some("kenji_t")),
            ],
        }
    }

    /// The number with this node id, or the first one.
    pub(crate) fn number(&self, id: Option<&str>) -> Option<&BusinessNumber> {
        match id {
            Some(id) => self.numbers.iter().find(|number| number.id == id),
            None => self.numbers.first(),
        }
    }
}

/// Digits of a number a caller typed, or nothing when it is not a number.
pub(crate) fn digits(text: &str) -> Option<String> {
    text.parse::<PhoneNumber>().ok().map(|number| number.digits().to_owned())
}
