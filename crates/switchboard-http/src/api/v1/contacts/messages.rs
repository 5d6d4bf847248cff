//! Messages of a customer and to him.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use switchboard_core::ids::ContactId;
use switchboard_engine::events::MessageView;
use switchboard_engine::{
    Content, MAX_BODY, MAX_TEXT, OutgoingMessage, SendMessage, TemplateMessage, VoiceCallButton, message_view,
};
use switchboard_store::messages::MessageCursor;
use utoipa::{IntoParams, ToSchema};

use crate::auth::actor::SignedIn;
use crate::error::{Answer, Code, Problem, ProblemBody};
use crate::input::{Body, Id, Query};
use crate::pagination;
use crate::state::AppState;

/// Characters of a button (Call button messages, `display_text`).
const MAX_BUTTON: usize = 20;
/// Characters of a payload.
const MAX_PAYLOAD: usize = 512;
/// Minutes a button works.
const TTL_MINUTES: std::ops::RangeInclusive<u32> = 1..=43_200;
/// Values of a template.
const MAX_PARAMETERS: usize = 20;
/// Characters of a template's name, language and values.
const MAX_TEMPLATE: usize = 1_024;

/// Which page.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Paging {
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 200, default 50.
    limit: Option<u32>,
}

/// Messages, the newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct Messages {
    /// The messages.
    items: Vec<MessageView>,
    /// Where the next page begins; none on the last.
    next_cursor: Option<String>,
}

/// A template with what is filled in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TemplateBody {
    /// Its name.
    pub(crate) name: String,
    /// Its language, as the provider writes it: `en`, `pt_BR`.
    pub(crate) language: String,
    /// What stands for `{{1}}`, `{{2}}` … of its body.
    #[serde(default)]
    pub(crate) parameters: Vec<String>,
    /// The call button of a template that has one.
    pub(crate) voice_call: Option<TemplateButton>,
}

/// What is filled into a template's call button.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TemplateButton {
    /// Its place among the buttons, from 0.
    #[serde(default)]
    index: u8,
    /// How long it works, minutes.
    ttl_minutes: Option<u32>,
    /// Comes back with the call.
    payload: Option<String>,
}

/// A message to be sent: words (`text`), a call button (`kind` `voice_call`), or a template.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewMessageBody {
    /// `num_…`; may be left out where there is only one.
    number_id: Option<String>,
    /// `text` or `voice_call`; left out: `text`, or a template.
    kind: Option<String>,
    /// What is written; up to 4,096 characters, beside a button 1,024.
    text: Option<String>,
    /// `voice_call`: what the button says, up to 20 characters.
    button: Option<String>,
    /// `voice_call`: comes back with the call, up to 512 characters.
    payload: Option<String>,
    /// `voice_call`: how long the button works, 1 to 43,200 minutes.
    ttl_minutes: Option<u32>,
    /// A template instead; the only kind that may be sent at any time.
    template: Option<TemplateBody>,
    /// It offers a call: a yes within the hour is a consent.
    #[serde(default)]
    offers_call: bool,
}

/// Messages of a customer and to him, the newest first.
#[utoipa::path(
    get, operation_id = "list_messages", path = "/api/v1/contacts/{id}/messages", tag = "contacts",
    params(("id" = String, Path, description = "`ct_…`"), Paging),
    responses(
        (status = 200, body = Messages),
        (status = 400, description = "`invalid_query`", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 404, body = ProblemBody),
    )
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Id(id): Id<ContactId>,
    Query(paging): Query<Paging>,
) -> Answer<Messages> {
    let limit = pagination::limit(paging.limit)?;
    let cursor = paging.cursor.as_deref().map(pagination::decode::<MessageCursor>).transpose()?;
    let scope = &signed_in.actor.scope;
    let contact = state.store().contacts().by_id(scope, id).await?.ok_or_else(Problem::not_found)?;
    let page = state.store().messages().of_contact(scope, id, cursor, limit.into()).await?;
    let items = page.items.iter().map(|message| message_view(scope, message, &contact)).collect();
    Ok(Json(Messages { items, next_cursor: page.next.as_ref().map(pagination::encode) }))
}

/// Writes to a customer. Words and buttons need an open window: 24 hours after he wrote or called.
#[utoipa::path(
    post, operation_id = "send_message", path = "/api/v1/contacts/{id}/messages", tag = "contacts",
    params(("id" = String, Path, description = "`ct_…`")), request_body = NewMessageBody,
    responses(
        (status = 201, description = "Its `status` says what became of it so far; `failed` with `error`, `unclear` when the provider did not answer.", body = MessageView),
        (status = 401, body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 409, description = "`window_closed`, `number_not_connected`", body = ProblemBody),
        (status = 422, description = "`invalid_message`, `number_needed`, `unknown_number`, `unknown_word`, `out_of_range`", body = ProblemBody),
    )
)]
pub(crate) async fn create(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Id(id): Id<ContactId>,
    Body(body): Body<NewMessageBody>,
) -> Result<(StatusCode, Json<MessageView>), Problem> {
    let scope = &signed_in.actor.scope;
    state.store().contacts().by_id(scope, id).await?.ok_or_else(Problem::not_found)?;
    let number = body
        .number_id
        .as_deref()
        .map(|id| id.parse().map_err(|_| Problem::field(Code::UnknownNumber, "number_id")))
        .transpose()?;
    let offers_call = body.offers_call;
    let content = Content { message: content(body)?, offers_call };
    let send = SendMessage { contact: id, number, content };
    let (message, contact) = state.engine().send_message(scope, &signed_in.author(&state), send).await?;
    Ok((StatusCode::CREATED, Json(message_view(scope, &message, &contact))))
}

fn content(body: NewMessageBody) -> Result<OutgoingMessage, Problem> {
    let wrong = |path: &str| Problem::field(Code::InvalidMessage, path);
    if let Some(template) = body.template {
        if body.text.is_some() || body.kind.is_some() {
            return Err(wrong("template"));
        }
        return Ok(OutgoingMessage::Template(self::template(template, "template")?));
    }
    let text = body.text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| wrong("text"))?;
    let is_button = match body.kind.as_deref() {
        None | Some("text") => false,
        Some("voice_call") => true,
        Some(_) => return Err(Problem::unknown_word("kind", &["text", "voice_call"])),
    };
    let longest = if is_button { MAX_BODY } else { MAX_TEXT };
    if text.chars().count() > longest {
        return Err(wrong("text"));
    }
    if !is_button {
        let more = [("button", body.button.is_some()), ("payload", body.payload.is_some())];
        if let Some((path, _)) = more.into_iter().find(|(_, there)| *there) {
            return Err(wrong(path));
        }
        return Ok(OutgoingMessage::Text { body: text });
    }
    let too_long =
        |text: &Option<String>, most: usize| text.as_ref().is_some_and(|it| it.chars().count() > most);
    if too_long(&body.button, MAX_BUTTON) {
        return Err(wrong("button"));
    }
    if too_long(&body.payload, MAX_PAYLOAD) {
        return Err(wrong("payload"));
    }
    if body.ttl_minutes.is_some_and(|ttl| !TTL_MINUTES.contains(&ttl)) {
        return Err(Problem::out_of_range("ttl_minutes", &TTL_MINUTES));
    }
    Ok(OutgoingMessage::VoiceCall {
        body: text,
        button: body.button,
        ttl_minutes: body.ttl_minutes,
        payload: body.payload,
    })
}

/// A template as somebody named it.
pub(crate) fn template(body: TemplateBody, path: &str) -> Result<TemplateMessage, Problem> {
    let wrong = |name: &str| Problem::field(Code::InvalidMessage, &format!("{path}.{name}"));
    let is_good = |text: &str| !text.trim().is_empty() && text.chars().count() <= MAX_TEMPLATE;
    if !is_good(&body.name) {
        return Err(wrong("name"));
    }
    if !is_good(&body.language) {
        return Err(wrong("language"));
    }
    if body.parameters.len() > MAX_PARAMETERS || !body.parameters.iter().all(|text| is_good(text)) {
        return Err(wrong("parameters"));
    }
    let voice_call = body.voice_call.map(|button| VoiceCallButton {
        index: button.index,
        ttl_minutes: button.ttl_minutes,
        payload: button.payload,
    });
    let ttl = voice_call.as_ref().and_then(|button| button.ttl_minutes);
    if ttl.is_some_and(|ttl| !TTL_MINUTES.contains(&ttl)) {
        return Err(Problem::out_of_range(&format!("{path}.voice_call.ttl_minutes"), &TTL_MINUTES));
    }
    Ok(TemplateMessage {
        name: body.name.trim().to_owned(),
        language: body.language.trim().to_owned(),
        parameters: body.parameters,
        voice_call,
    })
}
