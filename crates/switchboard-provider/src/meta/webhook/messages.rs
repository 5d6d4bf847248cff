//! Messages: what customers write, and what became of what we wrote (Meta, Messages webhook reference, 2025).

use switchboard_core::ids::ProviderCallId;

use crate::event::{Message, MessageStatus, MessageStatusWord, ProviderEvent};
use crate::meta::members::Members;

use super::calls::{first_fault, media_file};
use super::{About, Reading, permissions};

/// One element of `messages`.
pub(super) fn message(message: &Members<'_>, about: &About<'_>) -> Reading {
    let id = message.id("id").ok_or("a message without an id")?;
    if let Some(reply) = permissions::reply_in(message) {
        return permissions::reply(message, &reply, id);
    }
    let kind = message.word("type").filter(|word| word.len() <= 64).ok_or("a message without a type")?;
    let event = ProviderEvent::Message(Message {
        at: message.moment("timestamp").or(about.sent_at),
        from: message.phone("from"),
        from_user_id: message.text("from_user_id"),
        name: about.profile("name"),
        text: written(message, &kind),
        file: message.object(&kind).and_then(|file| media_file(&file)),
        // A voicemail carries the id of its call as its own (Meta, Configure call settings, 2026).
        voicemail_of: id.starts_with("wacid.").then(|| ProviderCallId::new(id.as_str())),
        answers: message.object("context").and_then(|context| context.text("id")),
        id: id.clone(),
        kind,
    });
    Ok((event, id))
}

/// One element of `statuses` that speaks of a message.
pub(super) fn status(status: &Members<'_>) -> Reading {
    let id = status.id("id").ok_or("a message status without an id")?;
    let word =
        status.word("status").filter(|word| word.len() <= 64).ok_or("a message status without a word")?;
    let key = format!("{id}:{word}");
    let event = ProviderEvent::MessageStatus(MessageStatus {
        id,
        at: status.moment("timestamp"),
        status: match word.as_str() {
            "sent" => MessageStatusWord::Sent,
            "delivered" => MessageStatusWord::Delivered,
            "read" => MessageStatusWord::Read,
            "played" => MessageStatusWord::Played,
            "failed" => MessageStatusWord::Failed,
            _ => MessageStatusWord::Other(word),
        },
        recipient: status.phone("recipient_id"),
        recipient_user_id: status.text("recipient_user_id"),
        biz_opaque_callback_data: status.text("biz_opaque_callback_data"),
        error: first_fault(status),
    });
    Ok((event, key))
}

fn written(message: &Members<'_>, kind: &str) -> Option<String> {
    let part = message.object(kind)?;
    match kind {
        "text" => part.text("body"),
        "button" => part.text("text"),
        "interactive" => {
            let replies = ["button_reply", "list_reply"];
            replies.into_iter().find_map(|reply| part.object(reply)?.text("title"))
        }
        _ => part.text("caption"),
    }
}
