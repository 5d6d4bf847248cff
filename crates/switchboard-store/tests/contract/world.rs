//! Two businesses, one of them with two branches.

use std::time::Duration;

use serde_json::json;
use switchboard_core::access::{Branches, Role, Scope};
use switchboard_core::audit::AuditWhat;
use switchboard_core::call::input::{CallPolicy, Destination, Direction};
use switchboard_core::call::state::{CallFacts, EndReason, EndedBy, Ending, Outcome, ProviderState};
use switchboard_core::ids::{BranchId, CallId, EventId, NodeId, NumberId, ProviderCallId, TenantId};
use switchboard_core::recording::RecordingPolicy;
use switchboard_core::time::Timestamp;
use switchboard_store::Store;
use switchboard_store::audit::AuditFilter;
use switchboard_store::calls::{CallRow, Caller, EventRow, OwnerFence};
use switchboard_store::numbers::{Number, NumberFromEnvironment};
use uuid::Uuid;

use super::harness::{Database, fresh};

/// 2026-11-20 12:00:00 UTC.
pub const NOON: Timestamp = Timestamp::from_seconds(1_795_176_000);

pub const NODE: NodeId = NodeId::from_uuid(Uuid::from_u128(0xA));
pub const FENCE: OwnerFence = OwnerFence { node: NODE, epoch: 1 };

pub struct World {
    pub store: Store,
    /// The whole business.
    pub ours: Scope,
    pub number: Number,
    pub north: BranchId,
    pub south: BranchId,
    /// Another business.
    pub theirs: Scope,
    pub their_number: Number,
    pub database: Database,
}

impl World {
    pub async fn new(database: Database) -> Self {
        let store = database.open().await;
        let tenant = store.tenants().default_tenant(NOON).await.expect("a tenant");
        let ours = Scope::of_the_exchange(tenant.id);
        let theirs = Scope::of_the_exchange(second_tenant(&database).await);
        let number = store.numbers().upsert_from_environment(&ours, number("100")).await.expect("a number");
        let their_number =
            store.numbers().upsert_from_environment(&theirs, self::number("200")).await.expect("one");
        let north = store.tenants().create_branch(&ours, "North", NOON).await.expect("a branch").id;
        let south = store.tenants().create_branch(&ours, "South", NOON).await.expect("a branch").id;
        Self { store, ours, number, north, south, theirs, their_number, database }
    }

    /// Someone who works in one branch of our business.
    pub fn only(&self, branch: BranchId) -> Scope {
        Scope::new(self.ours.tenant, Branches::Only(vec![branch]), Role::Agent)
    }

    /// A call that just came in, not kept yet.
    pub fn call(&self) -> CallRow {
        call(self.ours.tenant, self.number.id)
    }

    /// The same, kept.
    pub async fn kept_call(&self) -> CallRow {
        let call = self.call();
        self.store
            .calls()
            .create(&self.ours, &call, &[event(&call, 1, "call.received")])
            .await
            .expect("kept");
        call
    }

    /// With its SDP, which nobody else reads in passing.
    pub async fn read(&self, id: CallId) -> CallRow {
        let mut call = self.store.calls().by_id(&self.ours, id).await.expect("an answer").expect("the call");
        let sdp = self.store.calls().sdp_of(&self.ours, id).await.expect("an answer").expect("the call");
        (call.sdp_offer, call.sdp_answer) = (sdp.offer, sdp.answer);
        call
    }
}

async fn second_tenant(database: &Database) -> TenantId {
    let id = Uuid::from_u128(fresh());
    let insert = format!(
        "INSERT INTO tenants (id, slug, name, created_at) VALUES ({}, 'other', 'Other', '2026-11-20T12:00:00+00:00')",
        database.quoted(id)
    );
    database.raw().await.execute(&insert).await;
    TenantId::from_uuid(id)
}

pub fn number(provider_number_id: &str) -> NumberFromEnvironment {
    NumberFromEnvironment {
        provider: "meta".to_owned(),
        provider_number_id: provider_number_id.to_owned(),
        waba_id: Some("w1".to_owned()),
        name: format!("Number {provider_number_id}"),
        display_phone: Some("+1 555 010 0001".to_owned()),
        calling_enabled: None,
        destination: None,
        business_calls_enabled: None,
        srtp_key_exchange: None,
        additional_codecs: None,
        sandbox: false,
        at: NOON,
    }
}

pub fn call(tenant: TenantId, number: NumberId) -> CallRow {
    let id = Uuid::from_u128(fresh());
    CallRow {
        id: CallId::from_uuid(id),
        tenant,
        branch: None,
        number,
        provider_call_id: Some(ProviderCallId::new(format!("wacid.{}", id.simple()))),
        idempotency_key: None,
        direction: Direction::Incoming,
        caller: Caller {
            name: Some("José Ávila Ñandú".to_owned()),
            phone: Some("5511982114477".parse().expect("a number")),
            user_id: Some("BR.123".to_owned()),
            parent_user_id: Some("BR.P.9".to_owned()),
            username: Some("pepe_100%".to_owned()),
            country: Some("BR".to_owned()),
        },
        to: Some("15550100001".parse().expect("a number")),
        cta_payload: Some("order-7".to_owned()),
        deeplink_payload: Some("from-poster".to_owned()),
        metadata: json!({"ticket": 12, "tags": ["a", "b"]}),
        sdp_offer: Some("v=0\r\n".to_owned()),
        sdp_answer: None,
        facts: offered(),
        quality: None,
        owner_node: NODE,
        owner_epoch: 1,
        created_at: NOON,
        updated_at: NOON,
    }
}

pub fn offered() -> CallFacts {
    CallFacts {
        direction: Direction::Incoming,
        placed_by: None,
        dialled_at: None,
        rang_at: None,
        reached: false,
        state: ProviderState::Ringing,
        offered: true,
        policy: Some(CallPolicy {
            destination: Destination::Agents,
            answer_window: Duration::from_secs(28),
            max_call_duration: Duration::from_secs(14_400),
            recording: RecordingPolicy::OFF,
        }),
        offered_at: Some(NOON),
        answer_by: Some(NOON.plus(Duration::from_secs(28))),
        pre_accepted_at: None,
        accepted_at: None,
        answered_at: None,
        answered_by: None,
        ringing: Vec::new(),
        ending: None,
        provider_started_at: None,
        provider_ended_at: None,
        provider_duration: None,
    }
}

pub fn hung_up(at: Timestamp) -> Ending {
    Ending {
        outcome: Outcome::Missed,
        reason: EndReason::CustomerHungUp,
        by: EndedBy::Customer,
        by_user: None,
        at,
        fault: None,
    }
}

pub fn event(call: &CallRow, seq: i32, kind: &str) -> EventRow {
    EventRow {
        id: EventId::from_uuid(Uuid::from_u128(fresh())),
        call: call.id,
        tenant: call.tenant,
        branch: call.branch,
        seq,
        at: NOON.plus(Duration::from_micros(u64::from(seq.unsigned_abs()))),
        kind: kind.to_owned(),
        data: json!({"seq": seq}),
    }
}

/// What the audit log of our business says was done to a thing, oldest first.
pub(super) async fn done_to(world: &World, id: &str) -> Vec<AuditWhat> {
    let filter = AuditFilter { subject: Some(id.to_owned()), ..AuditFilter::default() };
    let page = world.store.audit().list(&world.ours, &filter, None, 50).await.expect("the log");
    page.items.iter().rev().map(|row| row.entry.what).collect()
}
