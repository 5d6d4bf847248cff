//! Who asks: the tenant, the branches and the role every store function and every route is given.

use crate::ids::{BranchId, TenantId};

/// What a user or key may do. Ordered: each role may do what the ones before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Takes and places calls.
    Agent,
    /// Sees and helps the agents of their branches.
    Supervisor,
    /// Connects numbers, people and rules of one tenant.
    Admin,
    /// Runs the machine and its tenants.
    Operator,
}

impl Role {
    /// All roles, weakest first.
    pub const ALL: [Self; 4] = [Self::Agent, Self::Supervisor, Self::Admin, Self::Operator];

    /// Place a call that another person speaks in.
    #[must_use]
    pub fn may_place_for_others(self) -> bool {
        self >= Self::Supervisor
    }

    /// Call a customer although the number's hours are over, because it is urgent (P7).
    #[must_use]
    pub fn may_call_urgently(self) -> bool {
        self >= Self::Supervisor
    }

    /// Begin, pause and end the recording of a call: the one whose call it is, and supervisors.
    #[must_use]
    pub fn may_steer_recording(self, is_his_call: bool) -> bool {
        is_his_call || self >= Self::Supervisor
    }

    /// The word in database, API and log.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Supervisor => "supervisor",
            Self::Admin => "admin",
            Self::Operator => "operator",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

impl Role {
    /// May somebody with this role reject a call for everyone, which he is rung for or not (R2)?
    #[must_use]
    pub fn may_reject(self, is_rung: bool) -> bool {
        is_rung || self >= Self::Supervisor
    }

    /// May somebody with this role end a call, which is his or not?
    #[must_use]
    pub fn may_hang_up(self, is_his: bool) -> bool {
        is_his || self >= Self::Supervisor
    }
}

/// Up to which role customers' numbers are shown in part only: a setting of the business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MaskNumbersFor {
    /// Everybody reads them in full.
    Nobody,
    /// Agents read a part.
    Agent,
    /// Agents and supervisors read a part.
    Supervisor,
}

impl MaskNumbersFor {
    /// All choices.
    pub const ALL: [Self; 3] = [Self::Nobody, Self::Agent, Self::Supervisor];

    /// The word in database and API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nobody => "none",
            Self::Agent => "agent",
            Self::Supervisor => "supervisor",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.as_str() == word)
    }

    /// Does who has this role read a part only?
    #[must_use]
    pub fn masks(self, role: Role) -> bool {
        match self {
            Self::Nobody => false,
            Self::Agent => role <= Role::Agent,
            Self::Supervisor => role <= Role::Supervisor,
        }
    }
}

/// What a key may do beside or instead of the API: a key with any of these does nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyScope {
    /// Read the exchange's metrics.
    Metrics,
}

impl KeyScope {
    /// All of them.
    pub const ALL: [Self; 1] = [Self::Metrics];

    /// The word in database and API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Metrics => "metrics",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == word)
    }
}

/// The branches a scope reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Branches {
    /// Every branch of the tenant.
    All,
    /// These branches, and what belongs to no branch.
    Only(Vec<BranchId>),
}

impl Branches {
    /// Who administers a business does so for all of it: half an administrator could make himself a whole one.
    #[must_use]
    pub fn fit(&self, role: Role) -> bool {
        role < Role::Admin || *self == Self::All
    }

    /// May something of this branch be seen? What has no branch is seen by all branches of its tenant (I5).
    #[must_use]
    pub fn reach(&self, branch: Option<BranchId>) -> bool {
        match (self, branch) {
            (Self::All, _) | (Self::Only(_), None) => true,
            (Self::Only(mine), Some(branch)) => mine.contains(&branch),
        }
    }

    /// The branch, when it is exactly one.
    #[must_use]
    pub fn only(&self) -> Option<BranchId> {
        match self {
            Self::Only(branches) if branches.len() == 1 => branches.first().copied(),
            Self::Only(_) | Self::All => None,
        }
    }

    /// Is everything these others see seen, too?
    #[must_use]
    pub fn cover(&self, others: &Self) -> bool {
        match (self, others) {
            (Self::All, _) => true,
            (Self::Only(_), Self::All) => false,
            (Self::Only(mine), Self::Only(others)) => others.iter().all(|branch| mine.contains(branch)),
        }
    }
}

/// On whose behalf something is read or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Whose data.
    pub tenant: TenantId,
    /// Which part of it.
    pub branches: Branches,
    /// With which rights.
    pub role: Role,
    /// Calls without a branch are hidden from who works for some branches only (a setting of the business, I5).
    pub hides_unbranched_calls: bool,
    /// Customers' numbers are shown in part only (a setting of the business, by role).
    pub masks_numbers: bool,
}

impl Scope {
    /// The exchange itself acting for a tenant: a webhook, a deadline, a restart.
    #[must_use]
    pub const fn of_the_exchange(tenant: TenantId) -> Self {
        Self::new(tenant, Branches::All, Role::Operator)
    }

    /// Somebody of this tenant, as long as the business hides nothing more from him.
    #[must_use]
    pub const fn new(tenant: TenantId, branches: Branches, role: Role) -> Self {
        Self { tenant, branches, role, hides_unbranched_calls: false, masks_numbers: false }
    }

    /// May a call of this branch be seen?
    #[must_use]
    pub fn reaches_call(&self, branch: Option<BranchId>) -> bool {
        match (&self.branches, branch) {
            (Branches::Only(_), None) => !self.hides_unbranched_calls,
            (branches, branch) => branches.reach(branch),
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn other_peoples_calls_are_ended_by_those_who_supervise() {
        assert!(Role::Agent.may_reject(true) && !Role::Agent.may_reject(false));
        assert!(Role::Agent.may_hang_up(true) && !Role::Agent.may_hang_up(false));
        for role in [Role::Supervisor, Role::Admin, Role::Operator] {
            assert!(role.may_reject(false) && role.may_hang_up(false));
        }
    }

    #[test]
    fn only_those_who_supervise_call_urgently() {
        assert_eq!(Role::ALL.map(Role::may_call_urgently), [false, true, true, true]);
    }

    #[test]
    fn who_has_some_branches_is_set_over_those_who_have_no_others() {
        let [north, south] = [1, 2].map(|id| BranchId::from_uuid(Uuid::from_u128(id)));
        let both = Branches::Only(vec![north, south]);
        let one = Branches::Only(vec![north]);
        assert!(Branches::All.cover(&Branches::All) && Branches::All.cover(&both));
        assert!(both.cover(&one) && both.cover(&both));
        assert!(!one.cover(&both) && !one.cover(&Branches::All) && !one.cover(&Branches::Only(vec![south])));
        assert_eq!((one.only(), both.only(), Branches::All.only()), (Some(north), None, None));
    }

    #[test]
    fn numbers_are_masked_up_to_a_role_and_never_for_administrators() {
        let masked = |choice: MaskNumbersFor| Role::ALL.map(|role| choice.masks(role));
        assert_eq!(masked(MaskNumbersFor::Nobody), [false, false, false, false]);
        assert_eq!(masked(MaskNumbersFor::Agent), [true, false, false, false]);
        assert_eq!(masked(MaskNumbersFor::Supervisor), [true, true, false, false]);
    }

    #[test]
    fn calls_without_a_branch_may_be_hidden_from_who_works_for_some_branches() {
        let branch = BranchId::from_uuid(Uuid::from_u128(1));
        let tenant = TenantId::from_uuid(Uuid::from_u128(2));
        let mut scope = Scope::new(tenant, Branches::Only(vec![branch]), Role::Agent);
        assert!(scope.reaches_call(None) && scope.reaches_call(Some(branch)));
        scope.hides_unbranched_calls = true;
        assert!(!scope.reaches_call(None) && scope.reaches_call(Some(branch)));
        scope.branches = Branches::All;
        assert!(scope.reaches_call(None), "who sees everything sees these too");
    }

    #[test]
    fn an_administrator_of_some_branches_does_not_exist() {
        let some = Branches::Only(Vec::new());
        assert!(some.fit(Role::Supervisor) && !some.fit(Role::Admin) && !some.fit(Role::Operator));
        assert!(Branches::All.fit(Role::Operator));
    }
}
