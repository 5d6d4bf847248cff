//! A customer allows or forbids that we call (Meta, Obtain user call permissions, 2026).

use crate::event::{PermissionReply, PermissionVerdict, ProviderEvent};
use crate::meta::members::Members;

use super::{Reading, Unreadable};

/// The reply inside a message. One of Meta's samples lacks `type:"interactive"`, so the inner one decides.
pub(super) fn reply_in<'a>(message: &Members<'a>) -> Option<Members<'a>> {
    message.object("interactive")?.object("call_permission_reply")
}

/// A message that is a permission reply.
pub(super) fn reply(message: &Members<'_>, reply: &Members<'_>, id: String) -> Reading {
    let response = reply.word("response").ok_or("a permission reply without a response")?;
    let verdict = match response.as_str() {
        // `approve` is from the beta.
        "accept" | "approve" if reply.flag("is_permanent") == Some(true) => PermissionVerdict::GrantedForGood,
        "accept" | "approve" => PermissionVerdict::GrantedUntil(
            reply
                .moment("expiration_timestamp")
                .or_else(|| reply.moment("expiration_time"))
                .or_else(|| reply.moment("expiration")),
        ),
        "reject" | "decline" => PermissionVerdict::Refused,
        other => return Err(Unreadable(format!("permission response {other}"))),
    };
    let event = ProviderEvent::PermissionReply(PermissionReply {
        id: id.clone(),
        at: message.moment("timestamp"),
        from: message.phone("from"),
        from_user_id: message.text("from_user_id"),
        verdict,
        automatic: match reply.word("response_source").as_deref() {
            Some("automatic") => Some(true),
            Some("user_action") => Some(false),
            _ => None,
        },
        // `context.from` is not read: Meta's own documents print the customer's number there.
        answers: message.object("context").and_then(|context| context.text("id")),
    });
    Ok((event, id))
}
