//! The pretend business account: its numbers, its secrets, and customers that may call it.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

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
    /// Message templates, approved and others.
    pub templates: Vec<Template>,
}

/// A message template, with the components as Meta keeps them.
#[derive(Debug, Clone, Serialize)]
pub struct Template {
    /// Meta's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `en`, `es`, `pt_BR` and others.
    pub language: String,
    /// MARKETING or UTILITY.
    pub category: String,
    /// APPROVED, PAUSED, REJECTED and others.
    pub status: String,
    /// Header, body, buttons, the permission request.
    pub components: Vec<Value>,
}

impl Template {
    fn component(&self, kind: &str) -> Option<&Value> {
        let named = |each: &&Value| each["type"].as_str().is_some_and(|word| word.eq_ignore_ascii_case(kind));
        self.components.iter().find(named)
    }

    /// The text with its places for parameters.
    pub(crate) fn body(&self) -> String {
        self.component("BODY").and_then(|body| body["text"].as_str()).unwrap_or_default().to_owned()
    }

    /// Does it ask for permission to call?
    pub(crate) fn asks(&self) -> bool {
        self.component("call_permission_request").is_some()
    }

    /// The text on its call button.
    pub(crate) fn call_button(&self) -> Option<String> {
        let buttons = self.component("BUTTONS")?["buttons"].as_array()?;
        let voice =
            |each: &&Value| each["type"].as_str().is_some_and(|word| word.eq_ignore_ascii_case("voice_call"));
        let button = buttons.iter().find(voice)?;
        Some(button["text"].as_str().unwrap_or("Call Now").to_owned())
    }

    /// The templates of the demo: a permission request and a call button in three languages, an ordinary message, and
    /// two that may not be sent.
    fn demo() -> Vec<Self> {
        let mut templates = Vec::new();
        let mut add = |name: &str, language: &str, category: &str, status: &str, components: Vec<Value>| {
            templates.push(Self {
                id: format!("5000000000000{:02}", templates.len() + 1),
                name: name.into(),
                language: language.into(),
                category: category.into(),
                status: status.into(),
                components,
            });
        };
        let body = |text: &str| json!({ "type": "BODY", "text": text });
        for (language, ask, call, label) in [
            ("en", "We would like to call you about {{1}}.", "Questions? Call us here.", "Call now"),
            ("es", "Nos gustaría llamarle por {{1}}.", "¿Preguntas? Llámenos aquí.", "Llamar ahora"),
            ("pt_BR", "Gostaríamos de ligar sobre {{1}}.", "Dúvidas? Ligue para nós aqui.", "Ligar agora"),
        ] {
            let asks = vec![body(ask), json!({ "type": "call_permission_request" })];
            add("call_permission", language, "UTILITY", "APPROVED", asks);
            let button = json!({ "type": "BUTTONS", "buttons": [{ "type": "voice_call", "text": label }] });
            add("call_us", language, "UTILITY", "APPROVED", vec![body(call), button]);
        }
        let ready = "Hello {{1}}, your order {{2}} is ready.";
        add("order_ready", "en", "UTILITY", "APPROVED", vec![body(ready)]);
        add("spring_offer", "en", "MARKETING", "PAUSED", vec![body("Spring is here: 20 % off.")]);
        let win_back = vec![body("We miss you. May we call?"), json!({ "type": "call_permission_request" })];
        add("win_back", "en", "MARKETING", "REJECTED", win_back);
        templates
    }
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
                // A number kept free for films (Ofcom), of a country where the business may call.
                display_phone: "447700900001".into(),
                name: "Sandbox Bakery".into(),
            }],
            customers: vec![
                card("Ana Souza", Some("5511982114477"), None),
                card("Lucía Fernández", Some("34655501234"), None),
                card("Jonas Weber", Some("4915550100003"), None),
                card("Mary O'Neill", Some("15550100002"), Some("mary.oneill")),
                card("Kenji", None, Some("kenji_t")),
            ],
            templates: Template::demo(),
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
