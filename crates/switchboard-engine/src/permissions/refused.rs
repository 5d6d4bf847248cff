//! What a call that the provider refuses teaches us: his books know better than ours, or the customer cannot be reached.

use std::sync::Arc;

use switchboard_core::access::Scope;
use switchboard_core::call::input::DialRefusal;
use switchboard_provider::meta::graph::Callee;
use switchboard_store::book::{Change, Page, Standing};
use switchboard_store::numbers::Number;
use switchboard_store::permissions::Whom;

use super::Changed;
use crate::Engine;
use crate::outreach::OutreachRefused;

impl Engine {
    /// The provider refused a call of ours: what it says about customer or number is looked up or kept, beside the call.
    pub(crate) fn learn_from_refusal(&self, number: &Arc<Number>, callee: &Callee, why: DialRefusal) {
        let whom = match (&callee.phone, &callee.user_id) {
            (Some(phone), Some(id)) => Whom::Both(phone.clone(), id.clone()),
            (Some(phone), None) => Whom::Phone(phone.clone()),
            (None, Some(id)) => Whom::UserId(id.clone()),
            (None, None) => return,
        };
        let (engine, number) = (self.clone(), Arc::clone(number));
        tokio::spawn(async move {
            if let Err(error) = engine.learn(&number, &whom, why).await {
                tracing::debug!(number.id = %number.id, %error, "what a refused call teaches was not kept");
            }
        });
    }

    async fn learn(
        &self,
        number: &Arc<Number>,
        whom: &Whom,
        why: DialRefusal,
    ) -> Result<(), OutreachRefused> {
        match why {
            DialRefusal::NoPermission | DialRefusal::Limit | DialRefusal::Uncallable => {}
            DialRefusal::Restricted | DialRefusal::Country | DialRefusal::NotSetUp => {
                self.owe(vec![self.reading_of(number)]).await?;
                return Ok(());
            }
            DialRefusal::AlreadyInCall | DialRefusal::Other => return Ok(()),
        }
        let scope = Scope::of_the_exchange(number.tenant);
        let Some(book) = self.store().permissions().book(&scope, whom, number.id).await? else {
            return Ok(());
        };
        if why == DialRefusal::Uncallable {
            let unreachable =
                |_: &Standing| (Change { uncallable: Some(true), ..Change::default() }, Changed::default());
            self.change_permission(number, Page::Contact(book.contact.id), unreachable).await?;
            return Ok(());
        }
        self.look_up(number, &book.contact).await
    }
}
