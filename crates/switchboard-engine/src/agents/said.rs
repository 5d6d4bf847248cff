//! What is told to pages, as it goes out.

use std::sync::Arc;

use switchboard_core::access::Scope;

use crate::events::ServerMessage;

/// One message as it goes out: written once, however many pages read it.
#[derive(Debug, Clone)]
pub struct Said {
    text: Arc<str>,
    is_bye: bool,
}

impl Said {
    pub(crate) fn new(message: &ServerMessage) -> Self {
        // Every message is made of texts, numbers and lists: nothing in it can fail to be written.
        let text = serde_json::to_string(message).unwrap_or_default();
        Self { text: text.into(), is_bye: matches!(message, ServerMessage::Bye { .. }) }
    }

    /// As this reader may know it.
    pub(crate) fn to(message: &ServerMessage, reader: &Scope) -> Self {
        match crate::masking::message(message).filter(|_| reader.masks_numbers) {
            Some(masked) => Self::new(&masked),
            None => Self::new(message),
        }
    }

    /// JSON.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Nothing follows this one.
    #[must_use]
    pub const fn is_bye(&self) -> bool {
        self.is_bye
    }
}

/// A message for several readers: written when the first asks, and once more for those who see no whole numbers.
pub(super) struct Written<'m> {
    message: &'m ServerMessage,
    whole: Option<Said>,
    masked: Option<Said>,
}

impl<'m> Written<'m> {
    pub(super) const fn of(message: &'m ServerMessage) -> Self {
        Self { message, whole: None, masked: None }
    }

    pub(super) fn to(&mut self, reader: &Scope) -> &Said {
        let kept = if reader.masks_numbers { &mut self.masked } else { &mut self.whole };
        kept.get_or_insert_with(|| Said::to(self.message, reader))
    }
}

#[cfg(test)]
mod tests {
    use switchboard_core::access::{Branches, Role};
    use switchboard_core::ids::{TenantId, UserId};
    use uuid::Uuid;

    use super::*;
    use crate::agents::{Actor, Agents};
    use crate::events::{EventMark, MessageView};

    fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    #[test]
    fn each_of_several_hears_the_same_as_he_may_know_it() {
        let agents = Agents::default();
        let scope = Scope::new(TenantId::from_uuid(id(1)), Branches::All, Role::Agent);
        let ana = Actor { user: UserId::from_uuid(id(2)), name: "Ana".to_owned(), scope, is_person: true };
        let scope = Scope { masks_numbers: true, ..ana.scope.clone() };
        let ben = Actor { user: UserId::from_uuid(id(3)), scope, ..ana.clone() };
        let mut pages = [&ana, &ben, &ana].map(|who| agents.open_page(who, id(10), None));
        let message = ServerMessage::Message {
            message: Box::new(MessageView {
                id: "msg_1".to_owned(),
                contact_id: "ct_1".to_owned(),
                number_id: "num_1".to_owned(),
                direction: "incoming",
                kind: "text".to_owned(),
                text: Some("I am at +34600111222".to_owned()),
                status: "received",
                at: "2026-11-20T12:00:00Z".to_owned(),
                error: None,
                offers_call: false,
                detail: serde_json::Value::Null,
                sent_by: None,
                customer: "34600111222".parse().ok(),
            }),
            event: EventMark { kind: "message.received".to_owned(), at: "2026-11-20T12:00:00Z".to_owned() },
        };
        // What they were told of themselves when they came.
        pages.iter_mut().for_each(|page| while page.try_recv().is_ok() {});
        let nobody = UserId::from_uuid(id(4));
        agents.tell_users(&[ana.user, nobody, ben.user], &message);
        let [first, masked, second] = pages.each_mut().map(|page| page.try_recv().expect("told"));
        assert!(first.text().contains("34600111222") && second.text() == first.text());
        assert!(!masked.text().contains("34600111222") && masked.text().contains("message.received"));
        assert!(pages.iter_mut().all(|page| page.try_recv().is_err()), "once");
    }
}
