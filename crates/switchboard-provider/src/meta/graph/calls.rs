//! `POST /{phone number}/calls`: what we say about a call (Meta, Calling > API reference, 2026).

use std::fmt;
use std::time::Duration;

use reqwest::Method;
use serde::Serialize;
use switchboard_core::ids::ProviderCallId;
use switchboard_core::phone::PhoneNumber;

use crate::error::GraphError;
use crate::meta::members::Members;
use crate::secret::AccessToken;
use crate::settings::CallingSettings;

use super::answer::{Doing, without_id};
use super::{GraphClient, Request, settings};

/// One line per action. An accept that nobody answered for is not repeated: a second one can hit "already in
/// progress" and hides whether the first took. The others find the call as they wanted it.
/// A `connect` is never repeated: a second one rings the customer twice.
const CONNECT: Doing = Doing { action: "connect", text: "call the customer", repeatable: false };
const PRE_ACCEPT: Doing = Doing { action: "pre_accept", text: "pre-accept the call", repeatable: true };
const ACCEPT: Doing = Doing { action: "accept", text: "accept the call", repeatable: false };
const REJECT: Doing = Doing { action: "reject", text: "reject the call", repeatable: true };
const TERMINATE: Doing = Doing { action: "terminate", text: "terminate the call", repeatable: true };
const READ_SETTINGS: Doing =
    Doing { action: "read_settings", text: "read the calling settings", repeatable: true };

#[derive(Serialize)]
struct CallRequest<'a> {
    messaging_product: &'static str,
    call_id: &'a str,
    action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<Session<'a>>,
}

impl<'a> CallRequest<'a> {
    fn new(action: &'static str, call: &'a ProviderCallId, answer: Option<&'a str>) -> Self {
        let session = answer.map(|sdp| Session { sdp_type: "answer", sdp });
        Self { messaging_product: "whatsapp", call_id: call.as_str(), action, session }
    }
}

/// Whom a call of ours is for. With both, the provider takes the number.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Callee {
    /// His number.
    pub phone: Option<PhoneNumber>,
    /// His business-scoped id: the only name of one who shows no number.
    pub user_id: Option<String>,
}

impl fmt::Debug for Callee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Callee(masked)")
    }
}

#[derive(Serialize)]
struct ConnectRequest<'a> {
    messaging_product: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recipient: Option<&'a str>,
    action: &'static str,
    session: Session<'a>,
    biz_opaque_callback_data: &'a str,
}

/// An answer with every action but `connect`: with "offer", which Meta's parameter table prints, no call of a customer
/// ever connects.
#[derive(Serialize)]
struct Session<'a> {
    sdp_type: &'static str,
    sdp: &'a str,
}

impl GraphClient {
    /// Calls a customer. `mark` comes back in every webhook of the call (at most 512 characters), also in those that
    /// are faster than this answer, which tells the provider's id of the call.
    pub async fn connect(
        &self,
        number: &str,
        token: &AccessToken,
        callee: &Callee,
        offer: &str,
        mark: &str,
        give_up_after: Duration,
    ) -> Result<ProviderCallId, GraphError> {
        let request = ConnectRequest {
            messaging_product: "whatsapp",
            to: callee.phone.as_ref().map(PhoneNumber::digits),
            recipient: callee.user_id.as_deref(),
            action: "connect",
            session: Session { sdp_type: "offer", sdp: offer },
            biz_opaque_callback_data: mark,
        };
        // Strings only: serialising cannot fail, and an empty body would be refused by Meta.
        let body = serde_json::to_vec(&request).unwrap_or_default();
        let request = Request {
            doing: CONNECT,
            method: Method::POST,
            number,
            edge: "calls",
            body: Some(body),
            ..Request::default()
        };
        let text = self.request(request, token, give_up_after).await?;
        let call = Members::of(&text).and_then(|answer| answer.objects("calls").first()?.id("id"));
        call.map(ProviderCallId::new).ok_or_else(|| without_id(CONNECT))
    }

    /// Hands in our answer early, so that ICE and DTLS are done while it rings. `number` is the phone number id.
    pub async fn pre_accept(
        &self,
        number: &str,
        token: &AccessToken,
        call: &ProviderCallId,
        answer: &str,
        give_up_after: Duration,
    ) -> Result<(), GraphError> {
        self.act(PRE_ACCEPT, number, token, CallRequest::new("pre_accept", call, Some(answer)), give_up_after)
            .await
    }

    /// Takes the call. `answer` is the very text of the pre-accept, or Meta refuses.
    pub async fn accept(
        &self,
        number: &str,
        token: &AccessToken,
        call: &ProviderCallId,
        answer: &str,
        give_up_after: Duration,
    ) -> Result<(), GraphError> {
        self.act(ACCEPT, number, token, CallRequest::new("accept", call, Some(answer)), give_up_after).await
    }

    /// Declines a call that was not accepted. A terminate webhook follows.
    pub async fn reject(
        &self,
        number: &str,
        token: &AccessToken,
        call: &ProviderCallId,
        give_up_after: Duration,
    ) -> Result<(), GraphError> {
        self.act(REJECT, number, token, CallRequest::new("reject", call, None), give_up_after).await
    }

    /// Hangs up. A terminate webhook follows.
    pub async fn terminate(
        &self,
        number: &str,
        token: &AccessToken,
        call: &ProviderCallId,
        give_up_after: Duration,
    ) -> Result<(), GraphError> {
        self.act(TERMINATE, number, token, CallRequest::new("terminate", call, None), give_up_after).await
    }

    /// Reads the calling settings of a number.
    pub async fn settings(
        &self,
        number: &str,
        token: &AccessToken,
        give_up_after: Duration,
    ) -> Result<CallingSettings, GraphError> {
        let request = Request { doing: READ_SETTINGS, number, edge: "settings", ..Request::default() };
        let text = self.request(request, token, give_up_after).await?;
        let calling = Members::of(&text).and_then(|answer| Some(settings::read(&answer.object("calling")?)));
        // A number that was never configured has no `calling` member.
        Ok(calling.unwrap_or_default())
    }

    async fn act(
        &self,
        doing: Doing,
        number: &str,
        token: &AccessToken,
        call: CallRequest<'_>,
        give_up_after: Duration,
    ) -> Result<(), GraphError> {
        // Strings only: serialising cannot fail, and an empty body would be refused by Meta.
        let body = serde_json::to_vec(&call).unwrap_or_default();
        let request = Request {
            doing,
            method: Method::POST,
            number,
            edge: "calls",
            body: Some(body),
            ..Request::default()
        };
        self.request(request, token, give_up_after).await?;
        Ok(())
    }
}
