//! What we say to customers besides calls, in our words.

use std::fmt;

use switchboard_core::ids::ProviderMessageId;
use switchboard_core::phone::PhoneNumber;

/// To whom. With both the provider takes the number.
#[derive(Clone, PartialEq, Eq)]
pub struct Recipient {
    phone: Option<PhoneNumber>,
    user_id: Option<String>,
}

impl Recipient {
    /// None: nobody is named.
    #[must_use]
    pub fn new(phone: Option<PhoneNumber>, user_id: Option<String>) -> Option<Self> {
        (phone.is_some() || user_id.is_some()).then_some(Self { phone, user_id })
    }

    /// The number.
    #[must_use]
    pub const fn phone(&self) -> Option<&PhoneNumber> {
        self.phone.as_ref()
    }

    /// The provider's id of him for this business.
    #[must_use]
    pub fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recipient(masked)")
    }
}

/// A message of ours.
#[derive(Clone, PartialEq, Eq)]
pub enum OutgoingMessage {
    /// Words, inside the window.
    Text {
        /// Up to 4,096 characters.
        body: String,
    },
    /// "May we call you?", inside the window.
    CallPermissionRequest {
        /// Up to 1,024 characters; nothing: Meta's own words stand alone.
        body: Option<String>,
    },
    /// A button that calls us, inside the window.
    VoiceCall {
        /// Up to 1,024 characters.
        body: String,
        /// Up to 20 characters; nothing: "Call Now".
        button: Option<String>,
        /// How long it works, minutes.
        ttl_minutes: Option<u32>,
        /// Comes back with the call, up to 512 characters.
        payload: Option<String>,
    },
    /// A template the provider has approved, at any time.
    Template(TemplateMessage),
}

/// A template with what is filled in.
#[derive(Clone, PartialEq, Eq)]
pub struct TemplateMessage {
    /// Its name.
    pub name: String,
    /// Its language, as the provider writes it: `en`, `pt_BR`.
    pub language: String,
    /// What stands for `{{1}}`, `{{2}}` … of the body.
    pub parameters: Vec<String>,
    /// The call button of a template that has one.
    pub voice_call: Option<VoiceCallButton>,
}

/// What is filled into a call button.
#[derive(Clone, PartialEq, Eq)]
pub struct VoiceCallButton {
    /// Its place among the buttons, from 0.
    pub index: u8,
    /// How long it works, minutes.
    pub ttl_minutes: Option<u32>,
    /// Comes back with the call.
    pub payload: Option<String>,
}

impl fmt::Debug for OutgoingMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text { .. } => "Text",
            Self::CallPermissionRequest { .. } => "CallPermissionRequest",
            Self::VoiceCall { .. } => "VoiceCall",
            Self::Template(_) => "Template",
        })
    }
}

impl fmt::Debug for TemplateMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TemplateMessage").field("name", &self.name).finish_non_exhaustive()
    }
}

impl fmt::Debug for VoiceCallButton {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VoiceCallButton").field("index", &self.index).finish_non_exhaustive()
    }
}

/// What the provider said to a message he took.
#[derive(Clone, PartialEq, Eq)]
pub struct Taken {
    /// His id of the message.
    pub id: ProviderMessageId,
    /// The number he knows the recipient by.
    pub wa_id: Option<PhoneNumber>,
    /// His id of the recipient for this business.
    pub user_id: Option<String>,
    /// A template that is looked at first, or is paused.
    pub held: bool,
}

impl fmt::Debug for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Taken").field("held", &self.held).finish_non_exhaustive()
    }
}

/// A template the provider has approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Its name.
    pub name: String,
    /// Its language.
    pub language: String,
    /// `MARKETING`, `UTILITY` …
    pub category: String,
    /// The text of its body, with `{{1}}` where something is filled in.
    pub body: Option<String>,
    /// How many things are filled into its body.
    pub parameters: u32,
    /// It asks for the permission to call.
    pub asks_permission: bool,
    /// It has a call button, at this place among its buttons.
    pub voice_call: Option<u8>,
}
