//! Customers.

pub(crate) mod consents;
pub(crate) mod import;
pub(crate) mod messages;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Deserializer, Serialize};
use switchboard_core::access::{Role, Scope};
use switchboard_core::eligibility::AutomationState;
use switchboard_core::ids::{BranchId, ContactId, UserId};
use switchboard_engine::events::ContactView;
use switchboard_store::StoreError;
use switchboard_store::contacts::{
    ContactChange, ContactCursor, ContactFilter, ContactRemoved, MAX_TAGS, NewContact,
};
use utoipa::{IntoParams, ToSchema};

use crate::auth::actor::SignedIn;
use crate::error::{Answer, Code, Problem, ProblemBody, no_content};
use crate::input::{Body, Id, Query};
use crate::pagination;
use crate::state::AppState;

/// Nobody searches for a novel.
const MAX_SEARCH: usize = 100;
/// Characters of a name and of a lead reference.
const MAX_NAME: usize = 100;
/// Characters of a tag.
const MAX_TAG: usize = 50;
/// Characters of the provider's id of a customer; what Meta sends is below 150.
const MAX_USER_ID: usize = 256;

/// Which contacts.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    /// Words of a name, a number, a username, a tag or a lead reference; accents and case do not matter.
    q: Option<String>,
    /// With this tag.
    tag: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 200, default 50.
    limit: Option<u32>,
}

/// A page of contacts.
#[derive(Serialize, ToSchema)]
pub(crate) struct ContactPage {
    /// Who did something last comes first.
    items: Vec<ContactView>,
    /// Where the next page begins; none on the last.
    next_cursor: Option<String>,
}

/// A contact to be made; at least one of `phone` and `user_id`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewContactBody {
    /// His number, in any form people write.
    #[schema(example = "+55 11 98211-4477")]
    phone: Option<String>,
    /// WhatsApp's id of him for this business.
    user_id: Option<String>,
    /// What he is called.
    name: Option<String>,
    /// `user_…`: whose customer he is. Supervisors.
    owner_id: Option<String>,
    /// `br_…`: the only branch that sees him. Supervisors.
    branch_id: Option<String>,
    /// Words he is found by.
    #[serde(default)]
    tags: Vec<String>,
    /// What other systems call him.
    lead_reference: Option<String>,
}

/// What may be changed; what is left out stays as it is, null takes it away.
#[derive(Deserialize, ToSchema, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContactChangeBody {
    /// What he is called; null: what he calls himself.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    name: Option<Option<String>>,
    /// `user_…`: whose customer he is. Supervisors.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    owner_id: Option<Option<String>>,
    /// `br_…`: the only branch that sees him; null: all. Supervisors.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    branch_id: Option<Option<String>>,
    /// All words he is found by.
    tags: Option<Vec<String>>,
    /// What other systems call him.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    lead_reference: Option<Option<String>>,
    /// What works on him besides people: `none`, `ai`, `flow`, `blocked`. Supervisors; noted in the audit log.
    automation_state: Option<String>,
}

/// Null is something that was said; what is left out is not.
fn said<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(from).map(Some)
}

/// Customers I may see, those who did something last first.
#[utoipa::path(
    get, operation_id = "list_contacts", path = "/api/v1/contacts", tag = "contacts", params(Filter),
    responses(
        (status = 200, body = ContactPage),
        (status = 400, description = "`invalid_query`", body = ProblemBody),
        (status = 401, body = ProblemBody),
    )
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Query(filter): Query<Filter>,
) -> Answer<ContactPage> {
    let limit = pagination::limit(filter.limit)?;
    let cursor = filter.cursor.as_deref().map(pagination::decode::<ContactCursor>).transpose()?;
    let words = |text: Option<String>, name: &'static str| match text.map(|text| text.trim().to_owned()) {
        Some(text) if text.chars().count() > MAX_SEARCH => {
            Err(Problem::new(Code::InvalidQuery, format!("{name} may have {MAX_SEARCH} characters."))
                .with("path", name))
        }
        text => Ok(text.filter(|text| !text.is_empty())),
    };
    let wanted = ContactFilter { search: words(filter.q, "q")?, tag: words(filter.tag, "tag")? };
    let scope = &signed_in.actor.scope;
    let page = state.store().contacts().list(scope, &wanted, cursor, limit.into()).await?;
    let items = state.engine().view_contacts(scope, &page.items).await?;
    Ok(Json(ContactPage { items, next_cursor: page.next.as_ref().map(pagination::encode) }))
}

/// Makes a contact.
#[utoipa::path(
    post, operation_id = "create_contact", path = "/api/v1/contacts", tag = "contacts", request_body = NewContactBody,
    responses(
        (status = 201, body = ContactView),
        (status = 401, body = ProblemBody),
        (status = 403, description = "`forbidden`: owner and branch are for supervisors", body = ProblemBody),
        (status = 409, description = "`contact_exists`, with `contact_id` when you may see him", body = ProblemBody),
        (status = 422, description = "`invalid_phone`, `invalid_caller`, `invalid_name`, `invalid_tags`, `unknown_branch`, `unknown_owner`", body = ProblemBody),
    )
)]
pub(crate) async fn create(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Body(new): Body<NewContactBody>,
) -> Result<(StatusCode, Json<ContactView>), Problem> {
    let scope = &signed_in.actor.scope;
    if new.owner_id.is_some() || new.branch_id.is_some() {
        supervises(scope)?;
    }
    let phone = new
        .phone
        .as_deref()
        .map(|text| state.engine().read_phone(scope, text).map_err(|why| invalid_phone("phone", &why)))
        .transpose()?;
    let user_id = new.user_id.map(|id| id.trim().to_owned()).filter(|id| !id.is_empty());
    if (phone.is_none() && user_id.is_none())
        || user_id.as_ref().is_some_and(|id| id.chars().count() > MAX_USER_ID)
    {
        return Err(Problem::field(Code::InvalidCaller, "phone"));
    }
    let body = ContactChangeBody {
        name: new.name.map(Some),
        owner_id: new.owner_id.map(Some),
        branch_id: new.branch_id.map(Some),
        tags: Some(new.tags),
        lead_reference: new.lead_reference.map(Some),
        automation_state: None,
    };
    let change = change(&signed_in, body)?;
    let made = NewContact { phone: phone.clone(), user_id, change };
    let contacts = state.store().contacts();
    match contacts.create(scope, made, &signed_in.author(&state)).await {
        Ok(contact) => {
            let view = state.engine().view_contact(scope, &contact).await?;
            Ok((StatusCode::CREATED, Json(view)))
        }
        Err(StoreError::AlreadyThere { .. }) => {
            let problem =
                Problem::new(Code::ContactExists, "There is a contact with this number or id already.");
            let known = match &phone {
                Some(phone) => contacts.by_phone(scope, phone).await?,
                None => None,
            };
            Err(match known {
                Some(known) => problem.with("contact_id", known.id.to_string()),
                None => problem,
            })
        }
        Err(StoreError::Dangling { .. }) => Err(Problem::field(Code::UnknownOwner, "owner_id")),
        Err(StoreError::OutOfScope { .. }) => Err(Problem::field(Code::UnknownBranch, "branch_id")),
        Err(error) => Err(error.into()),
    }
}

/// One customer.
#[utoipa::path(
    get, operation_id = "get_contact", path = "/api/v1/contacts/{id}", tag = "contacts",
    params(("id" = String, Path, description = "`ct_…`")),
    responses((status = 200, body = ContactView), (status = 401, body = ProblemBody), (status = 404, body = ProblemBody))
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Id(id): Id<ContactId>,
) -> Answer<ContactView> {
    let scope = &signed_in.actor.scope;
    let contact = state.store().contacts().by_id(scope, id).await?.ok_or_else(Problem::not_found)?;
    Ok(Json(state.engine().view_contact(scope, &contact).await?))
}

/// Changes a customer.
#[utoipa::path(
    patch, operation_id = "change_contact", path = "/api/v1/contacts/{id}", tag = "contacts",
    params(("id" = String, Path, description = "`ct_…`")), request_body = ContactChangeBody,
    responses(
        (status = 200, body = ContactView),
        (status = 401, body = ProblemBody),
        (status = 403, description = "`forbidden`: owner, branch and automation are for supervisors", body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 422, description = "`invalid_name`, `invalid_tags`, `unknown_branch`, `unknown_owner`, `unknown_word`", body = ProblemBody),
    )
)]
pub(crate) async fn patch(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Id(id): Id<ContactId>,
    Body(body): Body<ContactChangeBody>,
) -> Answer<ContactView> {
    let scope = &signed_in.actor.scope;
    // Who may not see him hears nothing of what is wrong with the change.
    state.store().contacts().by_id(scope, id).await?.ok_or_else(Problem::not_found)?;
    let of_supervisors =
        body.owner_id.is_some() || body.branch_id.is_some() || body.automation_state.is_some();
    if of_supervisors {
        supervises(scope)?;
    }
    let change = change(&signed_in, body)?;
    match state.store().contacts().change(scope, id, change, &signed_in.author(&state)).await {
        Ok(Some(contact)) => Ok(Json(state.engine().view_contact(scope, &contact).await?)),
        Ok(None) => Err(Problem::not_found()),
        Err(StoreError::Dangling { .. }) => Err(Problem::field(Code::UnknownOwner, "owner_id")),
        Err(StoreError::OutOfScope { .. }) => Err(Problem::field(Code::UnknownBranch, "branch_id")),
        Err(error) => Err(error.into()),
    }
}

/// Forgets a customer with his messages, permissions and consents. Who does not want to be called is not forgotten.
#[utoipa::path(
    delete, operation_id = "delete_contact", path = "/api/v1/contacts/{id}", tag = "contacts",
    params(("id" = String, Path, description = "`ct_…`")),
    responses(
        (status = 204, description = "He is gone."),
        (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 409, description = "`customer_said_no`: take that out first, if you may", body = ProblemBody),
    )
)]
pub(crate) async fn delete(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Id(id): Id<ContactId>,
) -> Result<Response, Problem> {
    let scope = &signed_in.actor.scope;
    match state.store().contacts().remove(scope, id, &signed_in.author(&state)).await? {
        Some(ContactRemoved::Done) => Ok(no_content()),
        Some(ContactRemoved::SaidNo) => Err(Problem::new(
            Code::CustomerSaidNo,
            "This customer does not want to be called. Who forgets him would forget that, too.",
        )),
        None => Err(Problem::not_found()),
    }
}

fn supervises(scope: &Scope) -> Result<(), Problem> {
    if scope.role >= Role::Supervisor {
        return Ok(());
    }
    let detail = "Owner, branch and automation of a contact are for supervisors.";
    Err(Problem::new(Code::Forbidden, detail))
}

fn change(signed_in: &SignedIn, body: ContactChangeBody) -> Result<ContactChange, Problem> {
    let name = |name: Option<Option<String>>, path: &'static str| match name {
        Some(Some(name)) if name.trim().is_empty() || name.chars().count() > MAX_NAME => {
            Err(Problem::field(Code::InvalidName, path))
        }
        name => Ok(name.map(|name| name.map(|name| name.trim().to_owned()))),
    };
    let tags = body.tags.map(tags).transpose()?;
    let branch = match body.branch_id {
        Some(Some(id)) => {
            let id: Option<BranchId> = id.parse().ok();
            let reached = id.filter(|id| signed_in.actor.scope.branches.reach(Some(*id)));
            Some(Some(reached.ok_or_else(|| Problem::field(Code::UnknownBranch, "branch_id"))?))
        }
        Some(None) => Some(None),
        None => None,
    };
    let owner = match body.owner_id {
        Some(Some(id)) => {
            let id: Option<UserId> = id.parse().ok();
            Some(Some(id.ok_or_else(|| Problem::field(Code::UnknownOwner, "owner_id"))?))
        }
        Some(None) => Some(None),
        None => None,
    };
    let automation = body
        .automation_state
        .map(|word| {
            let words: Vec<&str> = AutomationState::ALL.iter().map(|state| state.as_str()).collect();
            AutomationState::from_word(&word).ok_or_else(|| Problem::unknown_word("automation_state", &words))
        })
        .transpose()?;
    Ok(ContactChange {
        name: name(body.name, "name")?,
        owner,
        branch,
        tags,
        more_tags: Vec::new(),
        lead_reference: name(body.lead_reference, "lead_reference")?,
        automation,
    })
}

fn tags(tags: Vec<String>) -> Result<Vec<String>, Problem> {
    let mut good: Vec<String> = Vec::new();
    for tag in tags.iter().map(|tag| tag.trim()) {
        if tag.is_empty() || tag.chars().count() > MAX_TAG {
            return Err(Problem::field(Code::InvalidTags, "tags"));
        }
        if !good.iter().any(|known| known == tag) {
            good.push(tag.to_owned());
        }
    }
    if good.len() > MAX_TAGS { Err(Problem::field(Code::InvalidTags, "tags")) } else { Ok(good) }
}

/// Says what is wrong with a number, never which it is.
pub(crate) fn invalid_phone(path: &str, why: &switchboard_core::phone::PhoneRefusal) -> Problem {
    Problem::new(Code::InvalidPhone, format!("This is not a phone number: {why}.")).with("path", path)
}
