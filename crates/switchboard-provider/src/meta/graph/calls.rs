//! `POST /{phone number}/calls`: what we say about a call (Meta, Calling > API reference, 2026).

use std::time::Duration;

use reqwest::Method;
use serde::Serialize;
use switchboard_core::ids::ProviderCallId;

use crate::error::GraphError;
use crate::meta::members::Members;
use crate::secret::AccessToken;
use crate::settings::CallingSettings;

use super::answer::Doing;
use super::{GraphClient, Request, settings};

/// One line per action. An accept that nobody answered for is not repeated: a second one can hit "already in
/// progress" and hides whether the first took. The others find the call as they wanted it.
const PRE_ACCEPT: Doing = Doing { text: "pre-accept the call", repeatable: true };
const ACCEPT: Doing = Doing { text: "accept the call", repeatable: false };
const REJECT: Doing = Doing { text: "reject the call", repeatable: true };
const TERMINATE: Doing = Doing { text: "terminate the call", repeatable: true };
const READ_SETTINGS: Doing = Doing { text: "read the calling settings", repeatable: true };

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

/// Always an answer: with "offer", which Meta's parameter table prints, no call ever connects.
#[derive(Serialize)]
struct Session<'a> {
    sdp_type: &'static str,
    sdp: &'a str,
}

impl GraphClient {
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
        let request =
            Request { doing: READ_SETTINGS, method: Method::GET, number, edge: "settings", body: None };
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
        let request = Request { doing, method: Method::POST, number, edge: "calls", body: Some(body) };
        self.request(request, token, give_up_after).await?;
        Ok(())
    }
}
