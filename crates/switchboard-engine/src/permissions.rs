//! What customers allow: asking them, hearing what they say, and looking it up where the provider keeps his own books.
//! What it means is decided by the core's wallet; here it meets the provider, the database and the open pages.

mod clock;
pub(crate) mod look_ups;
mod refused;
mod request;

use std::sync::Arc;
use std::time::Duration;

use switchboard_core::access::Scope;
use switchboard_core::consent::{ConsentRules, standing};
use switchboard_core::eligibility::{AutomationState, ConsentPolicy, CustomerFacts};
use switchboard_core::ids::{ContactId, NumberId, ProviderMessageId};
use switchboard_core::permission::{
    Answers, PermissionRules, PermissionSource, ReplyVerdict, Wallet, WalletEvent, WalletInput,
};
use switchboard_core::time::Timestamp;
use switchboard_provider::error::GraphErrorKind;
use switchboard_provider::event::{PermissionReply, PermissionVerdict};
use switchboard_store::StoreError;
use switchboard_store::audit::Author;
use switchboard_store::book::{Change, NewMessage, Page, Standing};
use switchboard_store::contacts::{Contact, Identity};
use switchboard_store::messages::MessageStatus;
use switchboard_store::numbers::Number;
use switchboard_store::permissions::{CustomerBook, WalletRow, Whom};

use crate::Engine;
use crate::clock::{fresh_uuid, rfc3339};
use crate::conversations::heard;
use crate::customer_views::{PERMISSION, Shown, log_entries, permission_view};
use crate::events::{EventMark, PermissionView, ServerMessage};
use crate::outreach::{OutreachRefused, recipient};

pub use request::{Ask, Asked};

/// Entries of a history that are shown.
const HISTORY: u64 = 50;
/// The provider is not asked again about a pair within this: two people who look at one customer ask once.
const ASKED_A_MOMENT_AGO: Duration = Duration::from_secs(2);
/// The step of Meta's moments.
const A_SECOND: Duration = Duration::from_secs(1);
/// He answers a question within this.
const LOOK_UP_TIMEOUT: Duration = Duration::from_secs(10);
/// So long after the provider said that a customer cannot be reached it is believed.
const UNCALLABLE_FOR: Duration = Duration::from_secs(24 * 3_600);

/// How long the second of this moment still lasts; none: it is over.
fn rest_of_its_second(moment: Timestamp, now: Timestamp) -> Option<Duration> {
    let over = Timestamp::from_seconds(moment.seconds() + 1);
    (now < over).then(|| over.since(now).min(A_SECOND))
}

/// Everything a verdict needs to know of a customer, and what it was read from.
#[derive(Debug, Clone, PartialEq)]
pub struct PermissionFacts {
    /// Who; none: nobody was ever heard of by that name.
    pub contact: Option<Contact>,
    /// The customer's side of a verdict. `call_in_progress` is for who knows the live calls.
    pub customer: CustomerFacts,
    /// Whether a call needs a consent of our own.
    pub consent_policy: ConsentPolicy,
    /// What he allows.
    pub wallet: Wallet,
    /// By these rules.
    pub rules: PermissionRules,
    /// When the provider was asked last.
    pub looked_up_at: Option<Timestamp>,
}

impl Engine {
    /// Everything a verdict needs to know of a customer for a number.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn permission_facts(
        &self,
        scope: &Scope,
        whom: &Whom,
        number: &Number,
    ) -> Result<PermissionFacts, StoreError> {
        let outreach = self.store().tenants().outreach(scope).await?;
        let book = self.store().permissions().book(scope, whom, number.id).await?;
        let rules = self.rules_of(number, &outreach);
        Ok(facts(self.clock().now(), book, rules, outreach.consent_policy))
    }

    /// The permission of a pair with its history. None: there is no such contact in this scope.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn permission(
        &self,
        scope: &Scope,
        contact: ContactId,
        number: NumberId,
    ) -> Result<Option<PermissionView>, StoreError> {
        let Some(number) = self.seen_number(scope, number) else { return Ok(None) };
        let outreach = self.store().tenants().outreach(scope).await?;
        let Some(book) = self.store().permissions().book(scope, &Whom::Contact(contact), number.id).await?
        else {
            return Ok(None);
        };
        let history = self.store().log().of_pair(scope, contact, number.id, PERMISSION, HISTORY).await?;
        let shown = Shown {
            contact,
            number: number.id,
            wallet: &book.wallet,
            rules: self.rules_of(&number, &outreach),
            history: &history,
        };
        Ok(Some(permission_view(self.clock().now(), &shown)))
    }

    /// Permissions as lists show them, without their histories.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn view_permissions(
        &self,
        scope: &Scope,
        rows: &[WalletRow],
    ) -> Result<Vec<PermissionView>, StoreError> {
        let outreach = self.store().tenants().outreach(scope).await?;
        let now = self.clock().now();
        Ok(rows
            .iter()
            .filter_map(|row| {
                let number = self.seen_number(scope, row.number)?;
                let rules = self.rules_of(&number, &outreach);
                let shown = Shown {
                    contact: row.contact,
                    number: row.number,
                    wallet: &row.wallet,
                    rules,
                    history: &[],
                };
                Some(permission_view(now, &shown))
            })
            .collect())
    }

    /// Asks the provider how a pair stands; his counts win over ours.
    ///
    /// # Errors
    /// See [`OutreachRefused`].
    pub async fn refresh_permission(
        &self,
        scope: &Scope,
        contact: ContactId,
        number: NumberId,
    ) -> Result<PermissionView, OutreachRefused> {
        let number = self.number_for(scope, Some(number))?;
        let whom = Whom::Contact(contact);
        let book = async || {
            let book = self.store().permissions().book(scope, &whom, number.id).await?;
            book.ok_or(OutreachRefused::NotFound)
        };
        let asked = |book: &CustomerBook| {
            let now = self.clock().now();
            book.looked_up_at.is_some_and(|at| now.since(at) < ASKED_A_MOMENT_AGO)
        };
        let _turn = self.look_ups().turn(contact, number.id, LOOK_UP_TIMEOUT).await;
        let mut known = book().await?;
        let now = self.clock().now();
        // Meta's moments are whole seconds: whether his counts hold what was done in this one cannot be known, and it
        // would be counted twice until he is asked again.
        let rest = known.wallet.counted_last().and_then(|last| rest_of_its_second(last, now));
        if let Some(rest) = rest.filter(|_| !asked(&known)) {
            tokio::time::sleep(rest).await;
            known = book().await?;
        }
        if !asked(&known) {
            self.look_up(&number, &known.contact).await?;
        }
        self.permission(scope, contact, number.id).await?.ok_or(OutreachRefused::NotFound)
    }

    /// Asks the provider and writes down what he says.
    pub(crate) async fn look_up(
        &self,
        number: &Arc<Number>,
        contact: &Contact,
    ) -> Result<(), OutreachRefused> {
        let of = recipient(contact)?;
        let token = self.token_of(number)?;
        let asked_at = self.clock().now();
        let graph = self.graph();
        let looked_up = graph.call_permissions(&number.provider_number_id, token, &of, LOOK_UP_TIMEOUT).await;
        let looked_up = looked_up.map_err(|error| OutreachRefused::Provider(Box::new(error)))?;
        let clock = self.clock().clone();
        let decide = move |standing: &Standing| {
            let mut wallet = standing.wallet.clone();
            let mut limits = looked_up.limits;
            for limit in &mut limits {
                limit.resets_at = limit.resets_at.map(|at| clock.correct(at));
            }
            let input = WalletInput::LookedUp {
                at: asked_at,
                found: corrected(&clock, looked_up.found),
                can_request: looked_up.can_request,
                can_call: looked_up.can_call,
                limits,
            };
            let events = wallet.handle(clock.now(), input);
            changed(wallet, &events, clock.now())
        };
        self.change_permission(number, Page::Contact(contact.id), decide).await?;
        Ok(())
    }

    /// A customer, or the provider in his place, has decided.
    pub(crate) async fn permission_reply(
        &self,
        number: &Arc<Number>,
        reply: &PermissionReply,
    ) -> Result<(), StoreError> {
        let who = Identity {
            phone: reply.from.clone(),
            user_id: reply.from_user_id.clone(),
            ..Identity::default()
        };
        if !who.is_somebody() {
            tracing::debug!("a permission reply of nobody was left out");
            return Ok(());
        }
        let now = self.clock().now();
        let at = reply.at.map_or(now, |at| self.clock().correct(at));
        let answers = match reply.answers.as_deref() {
            Some(id) if id.starts_with("wacid.") => Answers::Call,
            Some(id) => Answers::Request(ProviderMessageId::new(id)),
            None => Answers::Nothing,
        };
        let verdict = match reply.verdict {
            PermissionVerdict::GrantedForGood => ReplyVerdict::GrantedForGood,
            PermissionVerdict::GrantedUntil(until) => {
                ReplyVerdict::Granted { until: until.map(|until| self.clock().correct(until)) }
            }
            PermissionVerdict::Refused => ReplyVerdict::Refused,
        };
        // Where it is not said: nobody tapped on what answers nothing and refuses, or answers a call.
        let automatic = reply.automatic.unwrap_or(matches!(answers, Answers::Call));
        let message = NewMessage {
            id: switchboard_core::ids::MessageId::from_uuid(fresh_uuid()),
            direction: switchboard_core::call::input::Direction::Incoming,
            kind: "call_permission_reply".to_owned(),
            status: MessageStatus::Received,
            text: None,
            provider_id: Some(ProviderMessageId::new(reply.id.as_str())),
            answers: reply.answers.clone(),
            offers_call: false,
            detail: serde_json::json!({
                "allowed": verdict != ReplyVerdict::Refused,
                "permanent": verdict == ReplyVerdict::GrantedForGood,
                "automatic": automatic,
            }),
            at: at.min(now),
        };
        let page = Page::MessageOf {
            who,
            branch: number.branch,
            message: ProviderMessageId::new(reply.id.as_str()),
        };
        let decide = move |standing: &Standing| {
            let mut wallet = standing.wallet.clone();
            let taps = !automatic && matches!(answers, Answers::Request(_));
            let events = wallet.handle(now, WalletInput::Replied { at, verdict, automatic, answers });
            let (change, answer) = changed(wallet, &events, now);
            // Who taps on an answer has written to us.
            let base = if taps { heard(at.min(now)) } else { Change::default() };
            (
                Change { heard: base.heard, uncallable: base.uncallable, message: Some(message), ..change },
                answer,
            )
        };
        let written = self.change_permission(number, page, decide).await?;
        if let Some((contact, _)) = written.filter(|(_, changed)| changed.worth_asking) {
            let (engine, number) = (self.clone(), Arc::clone(number));
            tokio::spawn(async move {
                if let Err(error) = engine.look_up(&number, &contact).await {
                    tracing::debug!(contact.id = %contact.id, %error, "the provider was not asked how a customer stands");
                }
            });
        }
        Ok(())
    }

    /// Changes a wallet and tells who may see it.
    pub(crate) async fn change_permission(
        &self,
        number: &Arc<Number>,
        page: Page,
        decide: impl FnOnce(&Standing) -> (Change, Changed) + Send + 'static,
    ) -> Result<Option<(Contact, Changed)>, StoreError> {
        let scope = Scope::of_the_exchange(number.tenant);
        let now = self.clock().now();
        let author = Author::exchange(now);
        let written = self.store().book().write(&scope, page, number.id, &author, decide).await?;
        let Some(written) = written else { return Ok(None) };
        self.tell_message(number, &written, "message.received", now);
        if written.answer.told {
            self.tell_permission(number, &written.contact, now).await?;
        }
        Ok(Some((written.contact, written.answer)))
    }

    /// Everybody who sees contact and number hears how the permission stands now.
    pub(crate) async fn tell_permission(
        &self,
        number: &Arc<Number>,
        contact: &Contact,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let scope = Scope::of_the_exchange(number.tenant);
        let Some(view) = self.permission(&scope, contact.id, number.id).await? else { return Ok(()) };
        let kind = view
            .history
            .first()
            .map_or_else(|| "permission.changed".to_owned(), |entry| format!("{PERMISSION}{}", entry.event));
        let message = ServerMessage::Permission {
            permission: Box::new(view),
            event: EventMark { kind, at: rfc3339(at) },
        };
        self.agents().tell_those(number.tenant, &[contact.branch, number.branch], &message);
        Ok(())
    }

    fn seen_number(&self, scope: &Scope, number: NumberId) -> Option<Arc<Number>> {
        self.number_for(scope, Some(number)).ok()
    }
}

/// What came of a change, for those who are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Changed {
    /// Something is to be told.
    pub told: bool,
    /// The provider should be asked.
    pub worth_asking: bool,
}

/// A wallet after something happened to it, with what the log says of it.
pub(crate) fn changed(wallet: Wallet, events: &[WalletEvent], now: Timestamp) -> (Change, Changed) {
    let told = Changed {
        told: !events.is_empty(),
        worth_asking: events.contains(&WalletEvent::ReplyTooOld) && !wallet.facts().status.is_granted(),
    };
    (Change { wallet: Some(wallet), log: log_entries(now, events), ..Change::default() }, told)
}

fn corrected(
    clock: &crate::Clock,
    found: switchboard_core::permission::Found,
) -> switchboard_core::permission::Found {
    use switchboard_core::permission::Found;
    match found {
        Found::Temporary { until } => Found::Temporary { until: until.map(|until| clock.correct(until)) },
        Found::NoPermission | Found::Permanent => found,
    }
}

fn facts(
    now: Timestamp,
    book: Option<CustomerBook>,
    rules: PermissionRules,
    consent_policy: ConsentPolicy,
) -> PermissionFacts {
    let Some(book) = book else {
        let wallet = Wallet::default();
        let customer = CustomerFacts {
            permission: wallet.may_call(now, &rules),
            granted: None,
            consent: standing(now, &ConsentRules::default(), &[]),
            has_conversation: false,
            window_until: None,
            automation: AutomationState::None,
            call_in_progress: false,
            uncallable: false,
        };
        return PermissionFacts {
            contact: None,
            customer,
            consent_policy,
            wallet,
            rules,
            looked_up_at: None,
        };
    };
    let CustomerBook { contact, conversation, wallet, looked_up_at, consents } = book;
    let granted = wallet.status(now).is_granted();
    let source = wallet.facts().source.unwrap_or(PermissionSource::Lookup);
    let customer = CustomerFacts {
        permission: wallet.may_call(now, &rules),
        granted: granted.then_some((source, wallet.facts().granted_at)),
        consent: standing(now, &ConsentRules::default(), &consents),
        has_conversation: conversation.as_ref().is_some_and(|it| it.last_inbound_at.is_some()),
        window_until: conversation.as_ref().and_then(|it| it.window_until),
        automation: contact.automation,
        call_in_progress: false,
        uncallable: contact.uncallable_at.is_some_and(|at| now.since(at) < UNCALLABLE_FOR),
    };
    PermissionFacts { contact: Some(contact), customer, consent_policy, wallet, rules, looked_up_at }
}

/// Is a refusal of the provider's something his own books explain better than ours?
pub(crate) const fn worth_looking_up(kind: GraphErrorKind) -> bool {
    matches!(kind, GraphErrorKind::PermissionRequestLimit | GraphErrorKind::PermissionExists)
}
