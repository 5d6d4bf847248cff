//! One exchange with two businesses, two branches in the first, and somebody of every kind.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::{Method, StatusCode, header};
use secrecy::SecretString;
use serde_json::{Value, json};
use switchboard_core::access::{Branches, KeyScope, Role, Scope};
use switchboard_core::alert::{About, AlertKind};
use switchboard_core::consent::ConsentKind;
use switchboard_core::ids::{BranchId, ContactId, JobId, RelayTargetId};
use switchboard_simulator::{CallState, NewCall, Sound};
use switchboard_store::api_keys::NewApiKey;
use switchboard_store::audit::Author;
use switchboard_store::calls::CallRow;
use switchboard_store::consents::{ConsentSource, NewConsent};
use switchboard_store::contacts::{ContactChange, NewContact};
use switchboard_store::invitations::NewInvitation;
use switchboard_store::jobs::{Claimer, Delivery, NewJob, Next};
use switchboard_store::recordings::Peaks;
use switchboard_store::relays::RelaySettings;
use switchboard_store::users::{NewUser, User, UserChange};

use super::table::Of;
use crate::api::person::{cookie_of, login};
use crate::support::patience::eventually;
use crate::support::recording::{fresh, recorded};
use crate::support::world::{API_KEY, PASSWORD, Plan, World};

/// The customer whose name and number nobody else may read.
const CUSTOMER: &str = "5511982114477";
const CUSTOMER_NAME: &str = "Maria of the North";

/// Everybody who could try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    Nobody,
    ShutOut,
    WithdrawnKey,
    KeyOfMetrics,
    Agent,
    AgentOfAnotherBranch,
    KeyOfAnAgent,
    Supervisor,
    SupervisorOfAnotherBranch,
    Admin,
    KeyOfAnAdmin,
    AdminOfAnotherBusiness,
    Operator,
    KeyOfTheOperator,
}

impl Who {
    pub(super) const ALL: [Self; 14] = [
        Self::Nobody,
        Self::ShutOut,
        Self::WithdrawnKey,
        Self::KeyOfMetrics,
        Self::Agent,
        Self::AgentOfAnotherBranch,
        Self::KeyOfAnAgent,
        Self::Supervisor,
        Self::SupervisorOfAnotherBranch,
        Self::Admin,
        Self::KeyOfAnAdmin,
        Self::AdminOfAnotherBusiness,
        Self::Operator,
        Self::KeyOfTheOperator,
    ];

    pub(super) fn role(self) -> Role {
        match self {
            Self::Nobody
            | Self::ShutOut
            | Self::WithdrawnKey
            | Self::KeyOfMetrics
            | Self::Agent
            | Self::AgentOfAnotherBranch
            | Self::KeyOfAnAgent => Role::Agent,
            Self::Supervisor | Self::SupervisorOfAnotherBranch => Role::Supervisor,
            Self::Admin | Self::KeyOfAnAdmin | Self::AdminOfAnotherBusiness => Role::Admin,
            Self::Operator | Self::KeyOfTheOperator => Role::Operator,
        }
    }

    pub(super) fn is_key(self) -> bool {
        matches!(
            self,
            Self::WithdrawnKey
                | Self::KeyOfMetrics
                | Self::KeyOfAnAgent
                | Self::KeyOfAnAdmin
                | Self::KeyOfTheOperator
        )
    }

    pub(super) fn is_of_another_branch(self) -> bool {
        matches!(self, Self::AgentOfAnotherBranch | Self::SupervisorOfAnotherBranch)
    }

    pub(super) fn is_of_another_business(self) -> bool {
        self == Self::AdminOfAnotherBusiness
    }
}

pub(super) struct Stage {
    pub(super) world: World,
    ours: Scope,
    north: BranchId,
    /// Header and value each shows.
    credentials: BTreeMap<Who, (&'static str, String)>,
    call: CallRow,
    person: User,
}

impl Stage {
    pub(super) async fn set() -> Self {
        // Everybody asks everything from one address.
        let unhurried = ["SWITCHBOARD_REQUESTS_PER_ADDRESS", "SWITCHBOARD_REQUESTS_PER_CREDENTIAL"];
        let settings = unhurried.map(|name| (name, "2000".to_owned())).to_vec();
        let world = World::start(Plan { settings, ..Plan::default() }).await;
        let store = world.exchange().engine.store();
        let number = world.number().await;
        let ours = Scope::of_the_exchange(number.tenant);
        let now = world.exchange().engine.clock().now();
        let north = store.tenants().create_branch(&ours, "North", now).await.expect("a branch").id;
        let south = store.tenants().create_branch(&ours, "South", now).await.expect("a branch").id;
        let theirs = store.tenants().create("Another", &Author::exchange(now)).await.expect("a business");
        let theirs = Scope::of_the_exchange(theirs.id);
        let branch = json!({"branch_id": north.to_string()});
        let path = format!("/api/v1/numbers/{}", number.id);
        let moved = world.client().patch(world.url(&path)).bearer_auth(API_KEY).json(&branch);
        assert_eq!(moved.send().await.expect("an answer").status(), StatusCode::OK);

        let password: SecretString = PASSWORD.to_owned().into();
        let password_hash = switchboard_http::hash_password(&password).expect("a good password");
        let only = |branch| Branches::Only(vec![branch]);
        let people = [
            (Who::ShutOut, &ours, Role::Admin, Branches::All),
            (Who::Agent, &ours, Role::Agent, only(north)),
            (Who::AgentOfAnotherBranch, &ours, Role::Agent, only(south)),
            (Who::Supervisor, &ours, Role::Supervisor, only(north)),
            (Who::SupervisorOfAnotherBranch, &ours, Role::Supervisor, only(south)),
            (Who::Admin, &ours, Role::Admin, Branches::All),
            (Who::AdminOfAnotherBusiness, &theirs, Role::Admin, Branches::All),
            (Who::Operator, &ours, Role::Operator, Branches::All),
        ];
        let mut credentials = BTreeMap::new();
        let mut northern = None;
        for (who, scope, role, branches) in people {
            let new = NewUser {
                email: format!("{who:?}@matrix.example"),
                name: format!("{who:?}"),
                role,
                branches,
                password_hash: password_hash.clone(),
                language: "en".to_owned(),
                created_at: now,
            };
            let user = store.users().create(scope, new).await.expect("an account");
            let answer = login(&world, &user.email, PASSWORD).await;
            assert_eq!(answer.status(), StatusCode::OK, "{who:?} signs in");
            credentials.insert(who, ("cookie", cookie_of(&answer)));
            if who == Who::ShutOut {
                let out = UserChange { disabled: Some(true), ..UserChange::default() };
                store.users().change(&ours, user.id, out, &Author::exchange(now)).await.expect("shut out");
            } else if who == Who::Agent {
                northern = Some(user);
            }
        }
        for (who, role, scopes, branches) in [
            (Who::WithdrawnKey, Role::Admin, vec![], Branches::All),
            (Who::KeyOfMetrics, Role::Operator, vec![KeyScope::Metrics], Branches::All),
            (Who::KeyOfAnAgent, Role::Agent, vec![], only(north)),
            (Who::KeyOfAnAdmin, Role::Admin, vec![], Branches::All),
        ] {
            let text = format!("key-{who:?}-0123456789012345678901234567890");
            let new = NewApiKey {
                prefix: "key".to_owned(),
                hash: switchboard_http::hash_api_key(&text.clone().into()),
                name: format!("{who:?}"),
                role,
                scopes,
                branches,
                created_at: now,
            };
            let key = store.api_keys().create(&ours, new).await.expect("a key");
            if who == Who::WithdrawnKey {
                store.api_keys().revoke(&ours, &key, &Author::exchange(now)).await.expect("withdrawn");
            }
            credentials.insert(who, ("authorization", format!("Bearer {text}")));
        }
        credentials.insert(Who::KeyOfTheOperator, ("authorization", format!("Bearer {API_KEY}")));

        let person = northern.expect("the agent of the north");
        let call = answered(&world, &person).await;
        Self { ours, north, credentials, call, person, world }
    }

    pub(super) fn credential(&self, who: Who) -> Option<(&'static str, &str)> {
        self.credentials.get(&who).map(|(name, value)| (*name, value.as_str()))
    }

    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        who: Who,
        body: Option<Value>,
    ) -> (StatusCode, String) {
        let mut request = self.world.client().request(method, self.world.url(path));
        request = request.header(header::ORIGIN, self.world.url(""));
        if let Some((name, value)) = self.credential(who) {
            request = request.header(name, value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("an answer");
        (answer.status(), answer.text().await.expect("a body"))
    }

    /// The id of such a thing; fresh ones of what may be removed.
    pub(super) async fn id_of(&self, of: Of) -> String {
        let store = self.world.exchange().engine.store();
        let now = self.world.exchange().engine.clock().now();
        let author = Author::exchange(now);
        match of {
            Of::Nothing => of.unknown_id(),
            Of::Call => self.call.id.to_string(),
            Of::Number => self.world.number().await.id.to_string(),
            Of::User => self.person.id.to_string(),
            Of::Branch => self.north.to_string(),
            Of::Tenant => self.ours.tenant.to_string(),
            Of::Import => {
                let begun = store
                    .contacts()
                    .begin_import(&self.ours, Vec::new(), Vec::new(), &author, |_| Vec::new())
                    .await;
                begun.expect("kept").id.to_string()
            }
            Of::Contact => self.northern_contact().await.to_string(),
            Of::Consent => {
                let new = NewConsent {
                    kind: ConsentKind::CallRequest,
                    source: ConsentSource::Person,
                    evidence: Some("asked at the desk".to_owned()),
                    message_id: None,
                    at: now,
                    valid_until: None,
                };
                let contact = self.northern_contact().await;
                let entry = store.consents().add(&self.ours, contact, new, &author).await.expect("added");
                entry.expect("the contact").id.to_string()
            }
            Of::BlockedCaller => {
                let number = self.world.number().await.id.to_string();
                // Another one each time: nobody is blocked twice.
                let phone = format!("55{:011}", now.micros() % 100_000_000_000);
                let body = json!({"phone": phone, "number_id": number});
                let path = "/api/v1/blocked-callers";
                let (_, made) = self.ask(Method::POST, path, Who::KeyOfTheOperator, Some(body)).await;
                let made: Value = serde_json::from_str(&made).expect("JSON");
                made["id"].as_str().expect("an id").to_owned()
            }
            Of::Invitation => {
                let new = NewInvitation {
                    token_hash: format!("{:?}", now.micros()),
                    email: "invited@example.com".to_owned(),
                    name: "Invited".to_owned(),
                    role: Role::Agent,
                    branches: Branches::All,
                    language: "en".to_owned(),
                    expires_at: now.plus(std::time::Duration::from_secs(3_600)),
                };
                store.invitations().create(&self.ours, new, &author).await.expect("invited").id.to_string()
            }
            Of::Key => {
                let text: SecretString =
                    format!("spare-{}-0123456789012345678901234567", now.micros()).into();
                let new = NewApiKey {
                    prefix: "spare".to_owned(),
                    hash: switchboard_http::hash_api_key(&text),
                    name: "Spare".to_owned(),
                    role: Role::Agent,
                    scopes: Vec::new(),
                    branches: Branches::All,
                    created_at: now,
                };
                store.api_keys().create(&self.ours, new).await.expect("a key").id.to_string()
            }
            Of::Recording => {
                let id = recorded(&self.world.exchange().engine, &self.call, 5_000).await;
                let peaks = Peaks { interval_ms: 50, left: vec![7; 9], right: vec![9; 9] };
                store.recordings().set_peaks(&self.ours, id, &peaks).await.expect("kept");
                store.recordings().set_ready(&self.ours, id).await.expect("ready");
                id.to_string()
            }
            Of::Relay => self.place().await.to_string(),
            Of::Alert => {
                let about = About::Number(self.ours.tenant, self.world.number().await.id);
                let kind = AlertKind::NumberRestricted;
                // Open already: it is the same one.
                store.alerts().raise(kind, about, json!({}), now, Vec::new()).await.expect("raised");
                let open = store.alerts().open().await.expect("a list");
                open.iter().find(|alert| alert.about == about).expect("it is open").id.to_string()
            }
            Of::Delivery => {
                let delivery = Delivery { target: self.place().await, outbox: fresh() };
                self.given_up(Some(delivery)).await
            }
            Of::Job => self.given_up(None).await,
        }
    }

    /// A place webhooks are passed on to; nobody is there.
    async fn place(&self) -> RelayTargetId {
        let settings = RelaySettings { url: "https://127.0.0.1:9/".to_owned(), number: None, enabled: false };
        let engine = &self.world.exchange().engine;
        let author = Author::exchange(engine.clock().now());
        let made = engine.store().relays().create(&self.ours, settings, None, &author).await;
        made.expect("a place").id
    }

    /// Something owed that somebody has to decide about. No worker knows its kind.
    async fn given_up(&self, delivery: Option<Delivery>) -> String {
        const KIND: &str = "of_the_matrix";
        let engine = &self.world.exchange().engine;
        let (jobs, now) = (engine.store().jobs(), engine.clock().now());
        let new = NewJob {
            id: JobId::from_uuid(fresh()),
            tenant: Some(self.ours.tenant),
            kind: KIND,
            payload: "{}".to_owned(),
            order_keys: Vec::new(),
            once_key: None,
            delivery,
            run_at: now,
            created_at: now,
        };
        let id = new.id;
        jobs.add(vec![new]).await.expect("owed");
        let lease = Duration::from_secs(60);
        let who = Claimer { node: engine.settings().node, epoch: i64::MAX, now, lease };
        for job in jobs.claim(who, &[KIND], 100).await.expect("taken") {
            jobs.failed(&job, Next::Dead, "nobody can do it", now).await.expect("given up");
        }
        id.to_string()
    }

    /// What stands in no answer to somebody of another branch or business: each of these is there now.
    pub(super) async fn secrets(&self) -> Vec<String> {
        let mut secrets = vec![CUSTOMER.to_owned(), CUSTOMER_NAME.to_owned()];
        for of in Of::OF_A_BUSINESS {
            secrets.push(self.id_of(of).await);
        }
        secrets
    }

    /// A fresh customer whom only the north branch sees.
    async fn northern_contact(&self) -> ContactId {
        let engine = &self.world.exchange().engine;
        let now = engine.clock().now();
        let phone = format!("55{:011}", now.micros() % 100_000_000_000);
        let new = NewContact {
            phone: Some(phone.parse().expect("a number")),
            user_id: None,
            change: ContactChange { branch: Some(Some(self.north)), ..ContactChange::default() },
        };
        let author = Author::exchange(now);
        engine.store().contacts().create(&self.ours, new, &author).await.expect("made").id
    }

    /// A call of the north branch that rings, by its id.
    pub(super) async fn live_call(&self) -> String {
        let call = self.world.call(NewCall { from: Some(CUSTOMER.to_owned()), ..NewCall::default() });
        let row = self.world.row_until(&call.wacid, "the call is known", |row| row.facts().offered).await;
        let id = row.id.to_string();
        eventually("the call is live", || async {
            let (_, body) = self.ask(Method::GET, "/api/v1/calls?limit=5", Who::Admin, None).await;
            body.contains(&id).then_some(())
        })
        .await;
        id
    }

    pub(super) async fn stop(self) {
        self.world.stop().await;
    }
}

/// A call that this person answered and that is over.
async fn answered(world: &World, person: &User) -> CallRow {
    let agent = world.agent_again(&person.email, Sound::ToneHz(880)).await;
    let call = world.call(NewCall {
        from: Some(CUSTOMER.to_owned()),
        name: Some(CUSTOMER_NAME.to_owned()),
        ..NewCall::default()
    });
    let row = world.row_until(&call.wacid, "it rings", |row| !row.facts().ringing.is_empty()).await;
    assert_eq!(agent.answer(&row.id.to_string()).await.expect("an answer"), 200);
    world.customer_is(&call.id, CallState::Accepted).await;
    world.simulator.hang_up(&call.id);
    let row = world.ended(&call.wacid).await;
    agent.close();
    row
}
