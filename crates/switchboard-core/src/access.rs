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

/// The branches a scope reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Branches {
    /// Every branch of the tenant.
    All,
    /// These branches, and what belongs to no branch.
    Only(Vec<BranchId>),
}

impl Branches {
    /// May something of this branch be seen? What has no branch is seen by all branches of its tenant (I5).
    #[must_use]
    pub fn reach(&self, branch: Option<BranchId>) -> bool {
        match (self, branch) {
            (Self::All, _) | (Self::Only(_), None) => true,
            (Self::Only(mine), Some(branch)) => mine.contains(&branch),
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
}

impl Scope {
    /// The exchange itself acting for a tenant: a webhook, a deadline, a restart.
    #[must_use]
    pub const fn of_the_exchange(tenant: TenantId) -> Self {
        Self { tenant, branches: Branches::All, role: Role::Operator }
    }
}
