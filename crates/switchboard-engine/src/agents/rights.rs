//! What happens to open pages when somebody's rights change.

use switchboard_core::access::Scope;
use switchboard_core::ids::{BranchId, TenantId, UserId};

use super::{Aftermath, Agents, Said, SignOut, deliver};
use crate::Engine;
use crate::events::ServerMessage;

impl Agents {
    /// Closes the pages of a person and leaves the line: whoever speaks with a customer goes on, and the page comes
    /// back by itself.
    fn close_pages(&self, user: UserId, why: SignOut) -> Aftermath {
        self.change(user, |agent, _| {
            for page in agent.pages.drain(..) {
                if let Some(queue) = &page.queue {
                    let _ = queue.try_send(Said::new(&ServerMessage::Bye { why: why.word() }));
                }
            }
        })
    }

    fn set_scope(&self, user: UserId, name: Option<&str>, scope: &Scope) {
        if let Some(agent) = self.lock().get_mut(&user) {
            agent.scope = scope.clone();
            if let Some(name) = name {
                name.clone_into(&mut agent.name);
            }
        }
    }

    /// Everybody of a tenant who has a page or a line here.
    fn of_tenant(&self, tenant: TenantId) -> Vec<(UserId, Scope)> {
        let agents = self.lock();
        let mine = agents.iter().filter(|(_, agent)| agent.scope.tenant == tenant);
        mine.map(|(user, agent)| (*user, agent.scope.clone())).collect()
    }

    /// Tells those who saw a call while it had no branch and see it no more.
    pub(crate) fn tell_those_who_lose(&self, tenant: TenantId, branch: BranchId, message: &ServerMessage) {
        let said = Said::new(message);
        for agent in self.lock().values_mut() {
            let scope = &agent.scope;
            if scope.tenant == tenant && scope.reaches_call(None) && !scope.reaches_call(Some(branch)) {
                agent.pages.iter_mut().for_each(|page| deliver(page, said.clone()));
            }
        }
    }

    fn close_other_sessions(&self, user: UserId, keep: Option<&str>) -> Aftermath {
        self.sign_out_where(user, SignOut::Logout, |session| keep.is_none() || session.as_deref() != keep)
    }
}

impl Engine {
    /// A person's role, branches or name were changed: offers he may not see any more are taken back at once, open
    /// pages are told to come back. A call he speaks in goes on.
    pub fn rights_changed(&self, user: UserId, name: &str, scope: &Scope) {
        self.remember_name(user, name.to_owned());
        // First with the old rights: the calls that ring him by them must hear that he is gone.
        let aftermath = self.agents().close_pages(user, SignOut::RightsChanged);
        self.follow(user, aftermath);
        self.agents().set_scope(user, Some(name), scope);
    }

    /// A person has another name now: who looks up calls reads it at once.
    pub fn person_renamed(&self, user: UserId, name: &str) {
        self.remember_name(user, name.to_owned());
    }

    /// The business decides anew what it hides from whom.
    pub fn rights_of_tenant_changed(&self, tenant: TenantId, narrow: impl Fn(Scope) -> Scope) {
        for (user, scope) in self.agents().of_tenant(tenant) {
            let narrowed = narrow(scope.clone());
            if narrowed != scope {
                let aftermath = self.agents().close_pages(user, SignOut::RightsChanged);
                self.follow(user, aftermath);
                self.agents().set_scope(user, None, &narrowed);
            }
        }
    }

    /// Ends the pages and lines a person opened with other sessions than this one.
    pub fn sign_out_other_sessions(&self, user: UserId, keep: Option<&str>) {
        let aftermath = self.agents().close_other_sessions(user, keep);
        self.follow(user, aftermath);
    }
}

#[cfg(test)]
mod tests {
    use switchboard_core::access::{Branches, Role};
    use switchboard_core::ids::{CallId, LineId};
    use uuid::Uuid;

    use super::*;
    use crate::agents::Actor;
    use crate::events::MicrophonePermission;

    fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    #[test]
    fn who_is_moved_to_another_branch_keeps_line_and_call_and_loses_what_he_saw() {
        let agents = Agents::default();
        let north = BranchId::from_uuid(id(7));
        let scope = Scope::new(TenantId::from_uuid(id(1)), Branches::Only(vec![north]), Role::Agent);
        let user = UserId::from_uuid(id(2));
        let who = Actor { user, name: "Ana".to_owned(), scope: scope.clone(), is_person: true };
        let mut queue = agents.open_page(&who, id(10), Some("s".to_owned()));
        let line = LineId::from_uuid(id(11));
        agents.open_line(user, id(10), line);
        agents.line_changed(line, "connected");
        agents.page_ready(user, id(10), true, MicrophonePermission::Granted);
        assert_eq!(agents.available(scope.tenant, Some(north)), [user]);
        let aftermath = agents.close_pages(user, SignOut::RightsChanged);
        assert_eq!(aftermath.reachable, Some(false), "calls that ring her hear of it");
        assert!(aftermath.close_lines.is_empty(), "her line is not cut");
        agents.set_scope(user, None, &Scope::new(scope.tenant, Branches::Only(vec![]), Role::Agent));
        assert!(agents.claim(user, CallId::from_uuid(id(20))).0);
        assert!(agents.available(scope.tenant, Some(north)).is_empty());
        let mut last = None;
        while let Ok(said) = queue.try_recv() {
            last = Some(said);
        }
        let last = last.expect("a goodbye");
        assert!(last.is_bye() && last.text().contains("rights_changed"));
    }
}
