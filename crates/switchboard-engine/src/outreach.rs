//! What is in the way of writing to a customer or of asking him, and what everything about him is read from.

use std::sync::Arc;
use std::time::Duration;

use switchboard_core::access::Scope;
use switchboard_core::eligibility::Reason;
use switchboard_core::ids::NumberId;
use switchboard_core::permission::{PermissionRules, RequestRefusal};
use switchboard_core::phone::{PhoneNumber, PhoneRefusal};
use switchboard_core::time::Timestamp;
use switchboard_provider::error::GraphError;
use switchboard_provider::outgoing::{Recipient, Template};
use switchboard_provider::secret::AccessToken;
use switchboard_store::StoreError;
use switchboard_store::audit::AuditBy;
use switchboard_store::contacts::{Contact, Identity};
use switchboard_store::numbers::Number;
use switchboard_store::permissions::Whom;
use switchboard_store::tenants::Outreach;

use crate::Engine;
use crate::events::NumberName;
use crate::views;

/// The business may write freely so long after the customer wrote or called (Messages, "Customer service window").
pub(crate) const WINDOW: Duration = Duration::from_secs(24 * 3_600);
/// The provider answers a message within this, or nobody knows what became of it.
pub(crate) const SEND_TIMEOUT: Duration = Duration::from_secs(15);
/// Characters of a text (Messages reference, `text.body`).
pub const MAX_TEXT: usize = 4_096;
/// Characters beside a button or a request (`interactive.body.text`).
pub const MAX_BODY: usize = 1_024;

/// Why nothing was sent.
#[derive(Debug, Clone, thiserror::Error)]
pub enum OutreachRefused {
    /// There is no such contact, or it may not be seen.
    #[error("there is no such contact")]
    NotFound,
    /// The text names no phone number.
    #[error("{0}")]
    Phone(PhoneRefusal),
    /// There is no such number, or it may not be used.
    #[error("there is no such number")]
    UnknownNumber,
    /// Several numbers could be meant.
    #[error("several numbers could be meant")]
    ChooseNumber(Vec<NumberName>),
    /// The customer does not want to be called.
    #[error("the customer does not want to be called")]
    OptedOut,
    /// The number may ask nobody.
    #[error("the number may ask nobody")]
    NumberMayNotAsk(Reason),
    /// He may not be asked now.
    #[error("he may not be asked now")]
    Limit(RequestRefusal),
    /// The window is closed, and what was to be sent needs it.
    #[error("the window is closed")]
    WindowClosed {
        /// Since when; none: it was never open.
        since: Option<Timestamp>,
    },
    /// The window is closed, and there is no template to ask with.
    #[error("there is no template to ask with")]
    NoTemplate,
    /// Nobody has said how the provider knows this number.
    #[error("there is no access token for this number")]
    NoToken,
    /// Nobody has said to which business account this number belongs.
    #[error("the business account of this number is not known")]
    NoAccount,
    /// The provider refused.
    #[error("the provider refused it")]
    Provider(Box<GraphError>),
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// It is not clear which number is meant.
#[derive(Debug, Clone)]
pub(crate) enum WhichNumber {
    /// There is no such number, or none at all.
    Unknown,
    /// One of these.
    Several(Vec<NumberName>),
}

impl From<PhoneRefusal> for OutreachRefused {
    fn from(refusal: PhoneRefusal) -> Self {
        Self::Phone(refusal)
    }
}

impl Engine {
    /// Who is named by a number as people write it; numbers without their country are those of the business' own.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn read_phone(&self, scope: &Scope, text: &str) -> Result<PhoneNumber, PhoneRefusal> {
        let home = self
            .numbers_of_the_installation()
            .into_iter()
            .filter(|number| number.tenant == scope.tenant)
            .find_map(|number| number.display_phone.parse::<PhoneNumber>().ok()?.country());
        PhoneNumber::read(text, home.as_deref())
    }

    /// The number somebody means: the one he names, the only one of his branch, or the only one he sees (C2).
    pub(crate) fn the_number(
        &self,
        scope: &Scope,
        named: Option<NumberId>,
    ) -> Result<Arc<Number>, WhichNumber> {
        let seen: Vec<Arc<Number>> = self
            .numbers_of_the_installation()
            .into_iter()
            .filter(|number| number.tenant == scope.tenant && scope.branches.reach(number.branch))
            .collect();
        if let Some(named) = named {
            return seen.into_iter().find(|number| number.id == named).ok_or(WhichNumber::Unknown);
        }
        let own = scope.branches.only();
        let of_branch: Vec<_> =
            seen.iter().filter(|number| own.is_some() && number.branch == own).cloned().collect();
        for candidates in [&of_branch, &seen] {
            if let [only] = candidates.as_slice() {
                return Ok(Arc::clone(only));
            }
        }
        if seen.is_empty() {
            return Err(WhichNumber::Unknown);
        }
        Err(WhichNumber::Several(seen.iter().map(|number| views::number_name(number)).collect()))
    }

    /// The same, for who writes to a customer or asks him.
    ///
    /// # Errors
    /// [`OutreachRefused::UnknownNumber`], [`OutreachRefused::ChooseNumber`].
    pub fn number_for(&self, scope: &Scope, named: Option<NumberId>) -> Result<Arc<Number>, OutreachRefused> {
        self.the_number(scope, named).map_err(|which| match which {
            WhichNumber::Unknown => OutreachRefused::UnknownNumber,
            WhichNumber::Several(numbers) => OutreachRefused::ChooseNumber(numbers),
        })
    }

    /// The rules of a number's permissions, with the business' own.
    pub(crate) fn rules_of(&self, number: &Number, outreach: &Outreach) -> PermissionRules {
        PermissionRules { call_within: outreach.call_within(), ..self.permission_rules(number) }
    }

    /// The templates the provider has approved for a number's account.
    ///
    /// # Errors
    /// See [`OutreachRefused`].
    pub async fn templates(&self, scope: &Scope, number: NumberId) -> Result<Vec<Template>, OutreachRefused> {
        let number = self.number_for(scope, Some(number))?;
        let token = self.token_of(&number)?;
        let account = number.waba_id.as_deref().ok_or(OutreachRefused::NoAccount)?;
        let read = self.graph().templates(account, token, SEND_TIMEOUT).await;
        read.map_err(|error| OutreachRefused::Provider(Box::new(error)))
    }

    pub(crate) fn token_of(&self, number: &Number) -> Result<&AccessToken, OutreachRefused> {
        self.token(&number.provider_number_id).ok_or(OutreachRefused::NoToken)
    }
}

/// How the provider is told who is meant.
pub(crate) fn recipient(contact: &Contact) -> Result<Recipient, OutreachRefused> {
    Recipient::new(contact.phone.clone(), contact.user_id.clone()).ok_or(OutreachRefused::NotFound)
}

/// Somebody who may not be known yet, as he is named.
pub(crate) fn identity(whom: &Whom) -> Option<Identity> {
    match whom {
        Whom::Contact(_) => None,
        Whom::Phone(phone) => Some(Identity { phone: Some(phone.clone()), ..Identity::default() }),
        Whom::UserId(id) => Some(Identity { user_id: Some(id.clone()), ..Identity::default() }),
        Whom::Both(phone, id) => {
            Some(Identity { phone: Some(phone.clone()), user_id: Some(id.clone()), ..Identity::default() })
        }
    }
}

/// Who, as others read it.
pub(crate) fn by(who: &AuditBy) -> (String, String) {
    match who {
        AuditBy::Person { id, name } => (id.to_string(), name.clone()),
        AuditBy::Key { id, name } => (id.to_string(), name.clone()),
        AuditBy::CommandLine | AuditBy::Exchange | AuditBy::Nobody => ("exchange".to_owned(), String::new()),
    }
}
