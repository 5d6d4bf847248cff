//! The table. A new route: one line. Say who may use it (the weakest role; `Persons` when a key may not) and what its
//! `{id}` names, so that another branch and another business are tried too. A new kind of thing: a variant of [`Of`], and
//! `stage.rs` makes a real one; nothing is proven with an id that nobody has.

use serde_json::{Value, json};
use switchboard_core::access::Role::{self, Admin, Agent, Operator, Supervisor};

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum May {
    /// Whoever comes.
    Everybody,
    /// Persons and keys from this role on.
    All(Role),
    /// Persons from this role on.
    Persons(Role),
}

/// What the `{id}` of a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// There is none.
    Nothing,
    /// An ended call of the north branch.
    Call,
    /// The number, which belongs to the north branch.
    Number,
    /// A person of the north branch.
    User,
    /// A branch.
    Branch,
    /// An open invitation.
    Invitation,
    /// An API key.
    Key,
    /// A business.
    Tenant,
    /// A contact of the north branch.
    Contact,
    /// What a contact of the north branch said.
    Consent,
    /// A file of contacts.
    Import,
    /// A caller blocked on the north branch's number.
    BlockedCaller,
    /// A recording of that call.
    Recording,
    /// A place webhooks are passed on to.
    Relay,
    /// An open alert about the north branch's number.
    Alert,
    /// A webhook that was given up.
    Delivery,
    /// A job that was given up.
    Job,
}

impl Of {
    /// What nobody of another business, nor an agent or supervisor of another branch, reads in a list.
    pub(super) const OF_A_BUSINESS: [Self; 15] = [
        Self::Call,
        Self::Number,
        Self::User,
        Self::Branch,
        Self::Invitation,
        Self::Key,
        Self::Contact,
        Self::Consent,
        Self::Import,
        Self::BlockedCaller,
        Self::Recording,
        Self::Relay,
        Self::Alert,
        Self::Delivery,
        Self::Job,
    ];

    /// Does it belong to one business?
    pub(super) fn is_of_a_business(self) -> bool {
        !matches!(self, Self::Nothing | Self::Tenant)
    }

    /// Is it hidden from people of other branches?
    pub(super) fn is_of_a_branch(self) -> bool {
        matches!(
            self,
            Self::Call
                | Self::Number
                | Self::User
                | Self::Contact
                | Self::Consent
                | Self::BlockedCaller
                | Self::Recording
        )
    }

    /// Whoever may gets what was asked for, not only an honest "not now".
    pub(super) fn always_answers(self) -> bool {
        matches!(self, Self::Recording | Self::Relay | Self::Alert | Self::Delivery | Self::Job)
    }

    fn prefix(self) -> &'static str {
        match self {
            Self::Nothing => "x",
            Self::Call => "call",
            Self::Number => "num",
            Self::User => "user",
            Self::Branch => "br",
            Self::Invitation => "inv",
            Self::Key => "key",
            Self::Tenant => "ten",
            Self::Contact => "ct",
            Self::Consent => "cons",
            Self::Import => "imp",
            Self::BlockedCaller => "blk",
            Self::Recording => "rec",
            Self::Relay => "relay",
            Self::Alert => "alert",
            Self::Delivery | Self::Job => "job",
        }
    }

    /// A well-formed id that names nothing.
    pub(super) fn unknown_id(self) -> String {
        format!("{}_0199aaaabbbb7ccc8dddeeeeffff0001", self.prefix())
    }
}

/// One route.
pub(super) struct Line {
    pub(super) route: &'static str,
    pub(super) may: May,
    pub(super) of: Of,
    /// What is sent with it.
    pub(super) body: Option<fn() -> Value>,
}

const fn line(route: &'static str, may: May, of: Of) -> Line {
    Line { route, may, of, body: None }
}

const fn with(route: &'static str, may: May, of: Of, body: fn() -> Value) -> Line {
    Line { route, may, of, body: Some(body) }
}

fn empty() -> Value {
    json!({})
}

/// Open around the clock, so that calls of the other lines come in.
fn hours() -> Value {
    let all_day = json!([["00:00", "24:00"]]);
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    json!({"zone": "UTC", "weekly": days.iter().map(|day| ((*day).to_owned(), all_day.clone())).collect::<serde_json::Map<_, _>>()})
}

pub(super) const TABLE: &[Line] = &[
    line("GET /healthz", May::Everybody, Of::Nothing),
    line("GET /readyz", May::Everybody, Of::Nothing),
    line("GET /metrics", May::Everybody, Of::Nothing),
    line("GET /api/openapi.json", May::Everybody, Of::Nothing),
    line("GET /api/whatsapp/calling", May::Everybody, Of::Nothing),
    with("POST /api/whatsapp/calling", May::Everybody, Of::Nothing, empty),
    line("GET /api/v1/server", May::Everybody, Of::Nothing),
    with("POST /api/v1/setup", May::Everybody, Of::Nothing, empty),
    with("POST /api/v1/login", May::Everybody, Of::Nothing, empty),
    with("POST /api/v1/invitations/accept", May::Everybody, Of::Nothing, empty),
    line("GET /api/v1/invitations/by-token/{token}", May::Everybody, Of::Nothing),
    with("POST /api/v1/password-resets", May::Everybody, Of::Nothing, empty),
    with("POST /api/v1/password-resets/complete", May::Everybody, Of::Nothing, empty),
    line("GET /api/v1/me", May::Persons(Agent), Of::Nothing),
    with("PATCH /api/v1/me", May::Persons(Agent), Of::Nothing, || json!({"language": "en"})),
    with("POST /api/v1/me/password", May::Persons(Agent), Of::Nothing, empty),
    line("GET /api/v1/calls", May::All(Agent), Of::Nothing),
    // With no line of his own nobody gets further than the refusal of his number.
    with("POST /api/v1/calls", May::All(Agent), Of::Nothing, || json!({"phone": "nobody"})),
    line("GET /api/v1/eligibility", May::All(Agent), Of::Nothing),
    line("GET /api/v1/calls/{id}", May::All(Agent), Of::Call),
    line("POST /api/v1/calls/{id}/answer", May::Persons(Agent), Of::Call),
    line("POST /api/v1/calls/{id}/decline", May::Persons(Agent), Of::Call),
    line("POST /api/v1/calls/{id}/reject", May::All(Agent), Of::Call),
    line("POST /api/v1/calls/{id}/hang-up", May::All(Agent), Of::Call),
    line("POST /api/v1/calls/{id}/recording/start", May::All(Agent), Of::Call),
    line("POST /api/v1/calls/{id}/recording/pause", May::All(Agent), Of::Call),
    line("POST /api/v1/calls/{id}/recording/resume", May::All(Agent), Of::Call),
    line("POST /api/v1/calls/{id}/recording/stop", May::All(Agent), Of::Call),
    line("GET /api/v1/events", May::All(Agent), Of::Nothing),
    line("GET /api/v1/numbers", May::All(Agent), Of::Nothing),
    line("GET /api/v1/numbers/{id}", May::All(Agent), Of::Number),
    with("PATCH /api/v1/numbers/{id}", May::All(Admin), Of::Number, || json!({"name": "Front desk"})),
    line("GET /api/v1/numbers/{id}/recording-announcement", May::All(Admin), Of::Number),
    line("PUT /api/v1/numbers/{id}/recording-announcement", May::All(Admin), Of::Number),
    line("DELETE /api/v1/numbers/{id}/recording-announcement", May::All(Admin), Of::Number),
    line("GET /api/v1/numbers/{id}/calling", May::All(Supervisor), Of::Number),
    with("PATCH /api/v1/numbers/{id}/calling", May::All(Admin), Of::Number, || json!({"icon": "show"})),
    line("POST /api/v1/numbers/{id}/calling/refresh", May::All(Admin), Of::Number),
    line("GET /api/v1/numbers/{id}/hours", May::All(Agent), Of::Number),
    with("PUT /api/v1/numbers/{id}/hours", May::All(Admin), Of::Number, hours),
    line("GET /api/v1/numbers/{id}/hours/status", May::All(Agent), Of::Number),
    line("GET /api/v1/numbers/{id}/hours/meta", May::All(Supervisor), Of::Number),
    line("POST /api/v1/numbers/{id}/hours/push", May::All(Admin), Of::Number),
    line("POST /api/v1/numbers/{id}/hours/take", May::All(Admin), Of::Number),
    line("GET /api/v1/numbers/{id}/safeguards", May::All(Supervisor), Of::Number),
    with("PATCH /api/v1/numbers/{id}/safeguards", May::All(Admin), Of::Number, || json!({"per_minute": 6})),
    line("POST /api/v1/numbers/{id}/safeguards/lift", May::All(Admin), Of::Number),
    line("GET /api/v1/numbers/{id}/call-link", May::All(Agent), Of::Number),
    line("GET /api/v1/numbers/{id}/call-link.svg", May::All(Agent), Of::Number),
    line("GET /api/v1/numbers/{id}/templates", May::All(Agent), Of::Number),
    line("GET /api/v1/contacts", May::All(Agent), Of::Nothing),
    with("POST /api/v1/contacts", May::All(Agent), Of::Nothing, empty),
    line("POST /api/v1/contacts/import", May::All(Admin), Of::Nothing),
    line("GET /api/v1/contacts/imports/{id}", May::All(Admin), Of::Import),
    line("GET /api/v1/contacts/{id}", May::All(Agent), Of::Contact),
    with("PATCH /api/v1/contacts/{id}", May::All(Agent), Of::Contact, || json!({"name": "Somebody"})),
    line("DELETE /api/v1/contacts/{id}", May::All(Supervisor), Of::Contact),
    line("GET /api/v1/contacts/{id}/messages", May::All(Agent), Of::Contact),
    with("POST /api/v1/contacts/{id}/messages", May::All(Agent), Of::Contact, || json!({"text": "Hello"})),
    line("GET /api/v1/contacts/{id}/consents", May::All(Agent), Of::Contact),
    with(
        "POST /api/v1/contacts/{id}/consents",
        May::All(Agent),
        Of::Contact,
        || json!({"kind": "call_request", "evidence_text": "asked at the desk"}),
    ),
    line("DELETE /api/v1/consents/{id}", May::All(Supervisor), Of::Consent),
    line("GET /api/v1/permissions", May::All(Agent), Of::Nothing),
    with("POST /api/v1/permissions/request", May::All(Agent), Of::Nothing, empty),
    with("POST /api/v1/permissions/refresh", May::All(Agent), Of::Nothing, empty),
    line("GET /api/v1/permissions/{id}/{number_id}", May::All(Agent), Of::Contact),
    line("GET /api/v1/blocked-callers", May::All(Supervisor), Of::Nothing),
    with("POST /api/v1/blocked-callers", May::All(Supervisor), Of::Nothing, empty),
    line("DELETE /api/v1/blocked-callers/{id}", May::All(Supervisor), Of::BlockedCaller),
    line("GET /api/v1/recordings", May::All(Agent), Of::Nothing),
    line("GET /api/v1/recordings/{id}", May::All(Agent), Of::Recording),
    line("GET /api/v1/recordings/{id}/audio", May::All(Agent), Of::Recording),
    line("GET /api/v1/recordings/{id}/peaks", May::All(Agent), Of::Recording),
    line("DELETE /api/v1/recordings/{id}", May::All(Admin), Of::Recording),
    line("GET /api/v1/webhook-relays", May::All(Admin), Of::Nothing),
    with("POST /api/v1/webhook-relays", May::All(Admin), Of::Nothing, empty),
    with("PATCH /api/v1/webhook-relays/{id}", May::All(Admin), Of::Relay, empty),
    line("DELETE /api/v1/webhook-relays/{id}", May::All(Admin), Of::Relay),
    line("POST /api/v1/webhook-relays/{id}/test", May::All(Admin), Of::Relay),
    line("GET /api/v1/alerts", May::All(Supervisor), Of::Nothing),
    line("POST /api/v1/alerts/{id}/acknowledge", May::All(Admin), Of::Alert),
    line("GET /api/v1/deliveries", May::All(Admin), Of::Nothing),
    line("POST /api/v1/deliveries/{id}/retry", May::All(Admin), Of::Delivery),
    line("POST /api/v1/deliveries/{id}/discard", May::All(Admin), Of::Delivery),
    line("GET /api/v1/jobs", May::All(Admin), Of::Nothing),
    line("POST /api/v1/jobs/{id}/retry", May::All(Admin), Of::Job),
    line("POST /api/v1/jobs/{id}/discard", May::All(Admin), Of::Job),
    line("GET /api/v1/branches", May::All(Agent), Of::Nothing),
    with("POST /api/v1/branches", May::All(Admin), Of::Nothing, || json!({"name": "West"})),
    with("PATCH /api/v1/branches/{id}", May::All(Admin), Of::Branch, || json!({"name": "North"})),
    line("DELETE /api/v1/branches/{id}", May::All(Admin), Of::Branch),
    line("GET /api/v1/users", May::All(Supervisor), Of::Nothing),
    with("POST /api/v1/users", May::All(Admin), Of::Nothing, empty),
    with("PATCH /api/v1/users/{id}", May::All(Admin), Of::User, || json!({"name": "Somebody"})),
    line("POST /api/v1/users/{id}/password-reset", May::All(Admin), Of::User),
    line("GET /api/v1/invitations", May::All(Admin), Of::Nothing),
    with("POST /api/v1/invitations", May::All(Admin), Of::Nothing, empty),
    line("DELETE /api/v1/invitations/{id}", May::All(Admin), Of::Invitation),
    line("GET /api/v1/api-keys", May::All(Admin), Of::Nothing),
    with("POST /api/v1/api-keys", May::All(Admin), Of::Nothing, empty),
    line("DELETE /api/v1/api-keys/{id}", May::All(Admin), Of::Key),
    line("GET /api/v1/settings", May::All(Admin), Of::Nothing),
    with("PATCH /api/v1/settings", May::All(Admin), Of::Nothing, empty),
    line("GET /api/v1/audit", May::All(Admin), Of::Nothing),
    line("GET /api/v1/audit.csv", May::All(Admin), Of::Nothing),
    line("GET /api/v1/tenants", May::All(Operator), Of::Nothing),
    with("POST /api/v1/tenants", May::All(Operator), Of::Nothing, empty),
    with("PATCH /api/v1/tenants/{id}", May::All(Operator), Of::Tenant, || json!({"name": "My business"})),
    // Last: it ends the sessions the others are tried with.
    line("POST /api/v1/logout", May::Persons(Agent), Of::Nothing),
];
