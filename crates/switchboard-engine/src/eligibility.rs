//! May we call this customer from this number, now? Gathers what the rules of the core must know; decides nothing. The
//! dial path, the dry run and the call button all come through here, so that nothing dials around it.

use std::sync::Arc;

use switchboard_core::access::Scope;
use switchboard_core::call::clearance::Clearance;
use switchboard_core::eligibility::{
    self, CustomerFacts, Facts, NumberFacts, Override, Overrides, ReasonCode, Verdict,
};
use switchboard_core::ids::{CallId, NumberId, UserId};
use switchboard_core::phone::PhoneNumber;
use switchboard_core::safeguard::SafeguardRules;
use switchboard_core::time::Timestamp;
use switchboard_store::StoreError;
use switchboard_store::contacts::Contact;
use switchboard_store::numbers::Number;
use switchboard_store::permissions::Whom;
use switchboard_store::safeguards::Dial;

use crate::Engine;
use crate::account_sync::MetaRestriction;
use crate::agents::Actor;
use crate::events::NumberName;
use crate::outreach::WhichNumber;
use crate::place_refused::PlaceRefused;
use crate::standings::MetaStanding;
use crate::views;

/// How often a dial is tried for that others take in between.
const TRIES: usize = 3;

/// A customer as the provider knows him: by number, by his id, or by both.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Person {
    /// His number.
    pub phone: Option<PhoneNumber>,
    /// The provider's id of him.
    pub user_id: Option<String>,
}

impl Person {
    /// Somebody as he is named, and as our book knows him.
    fn of(whom: &Whom, known: Option<&Contact>) -> Self {
        let (phone, user_id) = match whom {
            Whom::Contact(_) => (None, None),
            Whom::Phone(phone) => (Some(phone.clone()), None),
            Whom::UserId(id) => (None, Some(id.clone())),
            Whom::Both(phone, id) => (Some(phone.clone()), Some(id.clone())),
        };
        Self {
            phone: phone.or_else(|| known.and_then(|known| known.phone.clone())),
            user_id: user_id.or_else(|| known.and_then(|known| known.user_id.clone())),
        }
    }

    /// One and the same, however his number is written?
    pub(crate) fn is(&self, other: &Self) -> bool {
        let keys = |person: &Self| person.phone.as_ref().map(PhoneNumber::key);
        let phone = self.phone.is_some() && keys(self) == keys(other);
        phone || (self.user_id.is_some() && self.user_id == other.user_id)
    }
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Person(masked)")
    }
}

/// What came of the question.
#[derive(Debug, Clone, PartialEq)]
pub struct Eligibility {
    /// The number that would call.
    pub number: NumberName,
    /// The verdict with every reason.
    pub verdict: Verdict,
    /// When it was asked.
    pub checked_at: Timestamp,
}

/// What was in the way: among the warnings it is what would have blocked.
fn passed_over(verdict: &Verdict) -> Vec<ReasonCode> {
    let codes = verdict.warnings.iter().map(|reason| reason.code);
    codes.filter(|code| code.overridable() != Override::Never).collect()
}

/// Who would call whom from where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question<'q> {
    /// Who would speak; none: anybody.
    pub by: Option<Speaker>,
    pub whom: &'q Whom,
    pub number: &'q Number,
    pub overrides: Overrides,
    /// The call that is being placed, for which customer and speaker are claimed already.
    pub own: Option<CallId>,
}

/// Who speaks with the customer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Speaker {
    pub user: UserId,
    /// He asks for it himself; else somebody has named him.
    pub himself: bool,
}

/// A verdict with what it was about.
struct Judged {
    verdict: Verdict,
    now: Timestamp,
    /// The customer, with everything our book knows him by.
    person: Person,
}

impl Engine {
    /// May this customer be called? A dry run: nothing is counted, nobody is called.
    ///
    /// # Errors
    /// [`PlaceRefused::UnknownNumber`] and [`PlaceRefused::NumberNeeded`] when it is not clear from which number,
    /// [`PlaceRefused::UnknownContact`], and when the database does not answer.
    pub async fn eligibility(
        &self,
        who: &Actor,
        whom: &Whom,
        number: Option<NumberId>,
    ) -> Result<Eligibility, PlaceRefused> {
        let number = self.number_to_call_from(who, number)?;
        self.who_is_meant(who, whom).await?;
        // A key has no line: it asks for those who have.
        let by = who.is_person.then_some(Speaker { user: who.user, himself: true });
        let question = Question { by, whom, number: &number, overrides: Overrides::default(), own: None };
        let Judged { verdict, now, .. } = self.judge(question).await?;
        Ok(Eligibility { number: views::number_name(&number), verdict, checked_at: now })
    }

    /// Everything that is in the way, if something is; else who is called.
    pub(crate) async fn must_be_eligible(&self, question: Question<'_>) -> Result<Person, PlaceRefused> {
        let Judged { verdict, person, .. } = self.judge(question).await?;
        if verdict.allowed { Ok(person) } else { Err(PlaceRefused::NotEligible(Box::new(verdict))) }
    }

    /// The only way to a [`Clearance`]: the same rules, asked at the moment of dialling.
    /// Of those who are cleared at once, the number's book of dials lets through as many as its limits leave (S1).
    /// With it goes what was in the way and has been passed over.
    pub(crate) async fn clear_to_dial(
        &self,
        question: Question<'_>,
    ) -> Result<(Clearance, Vec<ReasonCode>), PlaceRefused> {
        let number = question.number;
        let scope = Scope::of_the_exchange(number.tenant);
        // What the number has of its own is read where the dial is counted.
        let rules = SafeguardRules::default();
        let Judged { mut verdict, mut now, .. } = self.judge(question).await?;
        for _ in 0..TRIES {
            let Some(clearance) = Clearance::of(&verdict) else { break };
            match self.store().safeguards().take_dial(&scope, number.id, now, &rules).await? {
                Dial::Taken => return Ok((clearance, passed_over(&verdict))),
                // Others were faster, or have changed what holds: the verdict of now says until when.
                Dial::Refused(_) | Dial::Suspended(_) => {
                    self.reload_standings().await?;
                    Judged { verdict, now, .. } = self.judge(question).await?;
                }
            }
        }
        Err(PlaceRefused::NotEligible(Box::new(verdict)))
    }

    async fn judge(&self, question: Question<'_>) -> Result<Judged, StoreError> {
        let now = self.clock().now();
        let (facts, person) = self.facts_of(now, question).await?;
        let verdict = eligibility::verdict(now, &facts).passing(question.overrides);
        Ok(Judged { verdict, now, person })
    }

    /// Everything the rules ask for. Each subject adds what it knows here.
    async fn facts_of(&self, now: Timestamp, question: Question<'_>) -> Result<(Facts, Person), StoreError> {
        let Question { by, whom, number, own, .. } = question;
        // What a customer has said holds whoever asks, also for those who may not read it.
        let scope = Scope::of_the_exchange(number.tenant);
        let known = self.permission_facts(&scope, whom, number).await?;
        let person = Person::of(whom, known.contact.as_ref());
        // What another node heard of the provider just now holds here, too.
        let meta = MetaStanding::of(&self.store().number_states().of(&scope, number.id).await?);
        let facts = Facts {
            number: NumberFacts {
                restrictions: meta.restrictions_now(now).map(MetaRestriction::rule).collect(),
                quality: meta.quality(),
                ..self.number_facts(number, now).await?
            },
            customer: CustomerFacts {
                call_in_progress: self.registry().has_call_with(number.id, &person, own),
                ..known.customer
            },
            consent_policy: known.consent_policy,
            agent_available: match by {
                Some(Speaker { user, himself }) => self.agents().can_speak(user, himself, own),
                None => !self.agents().available(number.tenant, number.branch).is_empty(),
            },
        };
        Ok((facts, person))
    }

    /// Who is meant, as the provider is told.
    pub(crate) async fn who_is_meant(&self, who: &Actor, whom: &Whom) -> Result<Person, PlaceRefused> {
        let contact = match whom {
            Whom::Contact(id) => self.store().contacts().by_id(&who.scope, *id).await?,
            Whom::Phone(_) | Whom::UserId(_) | Whom::Both(..) => None,
        };
        let person = Person::of(whom, contact.as_ref());
        // Also a contact whose number has passed to somebody else.
        let is_somebody = person.phone.is_some() || person.user_id.is_some();
        if is_somebody { Ok(person) } else { Err(PlaceRefused::UnknownContact) }
    }

    pub(crate) fn number_to_call_from(
        &self,
        who: &Actor,
        wanted: Option<NumberId>,
    ) -> Result<Arc<Number>, PlaceRefused> {
        self.the_number(&who.scope, wanted).map_err(|which| match which {
            WhichNumber::Unknown => PlaceRefused::UnknownNumber,
            WhichNumber::Several(numbers) => PlaceRefused::NumberNeeded(numbers),
        })
    }
}
