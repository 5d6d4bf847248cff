//! What people wait for before and after a click on Call, with a million contacts in the book: the dry run of the
//! eligibility (asked over HTTP by an agent's page), and the time from the click until Meta has our `connect`. Server,
//! customers and agents are in this process.
//!
//! `cargo bench --package switchboard-tests --bench outreach`; with `SWITCHBOARD_TEST_POSTGRES_URL` on PostgreSQL too,
//! with `SWITCHBOARD_BENCH_CONTACTS` another number of contacts. It fails where 95 of 100 took longer than is wanted.
#![expect(clippy::disallowed_methods, reason = "measuring needs the clock")]
#![expect(clippy::print_stdout, reason = "a measurement is read in the terminal")]
#![expect(clippy::panic, reason = "a measurement that waits in vain says so by failing")]

#[expect(dead_code, reason = "the scenarios use the rest of it")]
mod support;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::json;
use sqlx::{Connection, Executor};
use support::patience::{eventually, within};
use support::permission::has_allowed_calls;
use support::postgres::Schema;
use support::world::{Plan, World};
use switchboard_core::ids::TenantId;
use switchboard_simulator::agent::SimulatedAgent;
use switchboard_simulator::{Behaviour, CallState, OnCall, Sound};

/// In the book.
const CONTACTS: u32 = 1_000_000;
/// Dry runs, each about somebody else.
const DRY_RUNS: u32 = 5_000;
/// Calls, one after the other.
const CALLS: usize = 300;
/// Who call, and who may be called: each in turn.
const AGENTS: usize = 10;
const CUSTOMERS: u32 = 60;
/// What 95 of 100 take at the most.
const ELIGIBILITY: Duration = Duration::from_millis(5);
const CONNECT: Duration = Duration::from_millis(30);
/// A call of this bench is over in less.
const SOON: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() -> ExitCode {
    let contacts = std::env::var("SWITCHBOARD_BENCH_CONTACTS").ok().and_then(|count| count.parse().ok());
    let contacts = contacts.unwrap_or(CONTACTS);
    println!("{:<44}{:>8}{:>9}{:>9}{:>9}{:>9}", "milliseconds", "count", "p50", "p95", "p99", "most");
    let mut good = measure("SQLite", None, contacts).await;
    if let Some(schema) = Schema::make().await {
        good &= measure("PostgreSQL", Some(&schema), contacts).await;
        schema.drop().await;
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Was everything as fast as is wanted?
async fn measure(kind: &str, schema: Option<&Schema>, contacts: u32) -> bool {
    let world = start(schema).await;
    fill(&world, schema, contacts).await;
    prepare(&world).await;
    let customers = customers(&world).await;
    let mut agents = Vec::new();
    for index in 0..AGENTS {
        agents.push(world.agent(&format!("agent-{index}@example.com")).await.0);
    }

    let mut took = Vec::new();
    for index in 0..DRY_RUNS {
        // A prime step goes all through the book.
        let phone = stranger((index * 499) % contacts);
        let began = Instant::now();
        let (status, said) =
            agents[0].read(&format!("api/v1/eligibility?phone=%2B{phone}")).await.expect("an answer");
        took.push(began.elapsed());
        assert_eq!(status, 200, "{said}");
    }
    let eligibility = report(&format!("{kind}: eligibility of one of {contacts}"), took);

    let (mut connects, mut answers) = (Vec::new(), Vec::new());
    for index in 0..CALLS {
        let customer = &customers[index % customers.len()];
        let (connect, answer) = call(&world, &agents[index % AGENTS], customer).await;
        connects.push(connect);
        answers.push(answer);
    }
    let connect = report(&format!("{kind}: click on Call → connect at Graph"), connects);
    report(&format!("{kind}: click on Call → answer of the API"), answers);
    drop(agents);
    world.stop().await;
    let mut good = true;
    for (what, p95, wanted) in [("eligibility", eligibility, ELIGIBILITY), ("connect", connect, CONNECT)] {
        if p95 > wanted {
            println!("{kind}: {what} took {p95:?} where {wanted:?} are wanted (p95)");
            good = false;
        }
    }
    good
}

async fn start(schema: Option<&Schema>) -> World {
    // One page asks as fast as it can.
    let mut settings = vec![
        ("SWITCHBOARD_REQUESTS_PER_ADDRESS", "100000".to_owned()),
        ("SWITCHBOARD_REQUESTS_PER_CREDENTIAL", "100000".to_owned()),
    ];
    settings.extend(schema.map(|schema| ("SWITCHBOARD_DATABASE_URL", schema.url())));
    World::start(Plan { settings, ports: 512, ..Plan::default() }).await
}

/// The book is written past the server: a million people who write would take an hour.
async fn fill(world: &World, schema: Option<&Schema>, contacts: u32) {
    let tenant = world.number().await.tenant;
    match schema {
        Some(schema) => {
            let mut database = sqlx::PgConnection::connect(&schema.url()).await.expect("PostgreSQL answers");
            database.execute("SET switchboard.installation = 'on'").await.expect("the setting");
            let rows = format!("generate_series(1, {contacts}) AS n");
            let tenant = format!("'{}'", tenant.uuid());
            let insert = insert(&tenant, "gen_random_uuid()", "false", "'[]'::jsonb", &rows);
            database.execute(sqlx::AssertSqlSafe(insert)).await.expect("the rows");
            database.execute("ANALYZE").await.expect("the statistics");
        }
        None => {
            let file = world.folder().join("switchboard.db");
            let url = format!("sqlite:{}", file.display());
            let mut database = sqlx::SqliteConnection::connect(&url).await.expect("the database opens");
            let rows = format!(
                "(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {contacts}) SELECT n FROM s)"
            );
            let insert = insert(&blob(tenant), "randomblob(16)", "0", "'[]'", &rows);
            database.execute(sqlx::AssertSqlSafe(insert)).await.expect("the rows");
            database.execute("ANALYZE").await.expect("the statistics");
        }
    }
}

fn insert(tenant: &str, id: &str, no: &str, json: &str, rows: &str) -> String {
    let columns = "id, tenant_id, branch_by_hand, phone, phone_key, name, tags, automation_state, do_not_call, search_text, \
                   listed_at, created_at, updated_at";
    let at = "'2026-11-20T12:00:00+00:00'";
    let phone = "('5511' || (900000000 + n))";
    format!(
        "INSERT INTO contacts ({columns}) SELECT {id}, {tenant}, {no}, {phone}, {phone}, 'Customer ' || n, {json}, 'none', \
         {no}, 'customer ' || n || ' ' || {phone}, {at}, {at}, {at} FROM {rows}"
    )
}

fn blob(tenant: TenantId) -> String {
    format!("X'{}'", tenant.uuid().simple())
}

fn stranger(index: u32) -> String {
    format!("5511{}", 900_000_001 + index)
}

/// The number may call, and as often as it is asked here.
async fn prepare(world: &World) {
    let number = world.number().await.id;
    for (path, body) in [
        ("calling", json!({ "business_calls": true })),
        ("safeguards", json!({ "per_minute": 600, "per_hour": 10_000 })),
    ] {
        let path = format!("/api/v1/numbers/{number}/{path}");
        let (status, said) = world.api_with(Method::PATCH, &path, &body).await;
        assert_eq!(status, StatusCode::OK, "{said}");
    }
}

/// People who have allowed calls, pick up at once and hang up soon.
async fn customers(world: &World) -> Vec<String> {
    let mut customers = Vec::new();
    for index in 0..CUSTOMERS {
        let customer = format!("4479{:08}", 11_000_000 + index);
        let behaviour = Behaviour {
            call: OnCall::AnswersAfterMs(0),
            sound: Sound::None(true),
            hang_up_after_answer_ms: Some(100),
            counts_only: true,
            ..Behaviour::default()
        };
        has_allowed_calls(world, &customer).await;
        world.simulator.behave(&customer, behaviour).expect("a customer");
        customers.push(customer);
    }
    customers
}

/// One call from the click to its end: until Graph had it, and until the page had its answer.
async fn call(world: &World, agent: &SimulatedAgent, customer: &str) -> (Duration, Duration) {
    let clicked = Instant::now();
    let (status, said) = agent.place(json!({ "phone": format!("+{customer}") })).await.expect("an answer");
    let answered = clicked.elapsed();
    assert_eq!(status, 201, "{said}");
    let id = eventually("the customer is called", || async {
        let calls = world.simulator.calls();
        let mine = calls.into_iter().find(|call| call.from.as_deref() == Some(customer))?;
        (world.simulator.begun_at(&mine.id)? >= clicked).then_some(mine.id)
    })
    .await;
    let connect = world.simulator.begun_at(&id).expect("a call").saturating_duration_since(clicked);
    let mut shown = agent.shown();
    let over = shown.wait_for(|shown| shown.my_call.is_none());
    tokio::time::timeout(SOON, over).await.expect("the page is free again").expect("the page is there");
    within(SOON, "the call is over", || async {
        world.simulator.call(&id).filter(|call| call.state == CallState::Ended)
    })
    .await;
    (connect, answered)
}

/// Prints a line of the table; gives what 95 of 100 took at the most.
fn report(what: &str, mut took: Vec<Duration>) -> Duration {
    took.sort_unstable();
    let place = |per_cent: usize| (took.len() * per_cent / 100).min(took.len() - 1);
    let at = |per_cent: usize| took[place(per_cent)].as_secs_f64() * 1e3;
    println!("{what:<44}{:>8}{:>9.2}{:>9.2}{:>9.2}{:>9.2}", took.len(), at(50), at(95), at(99), at(100));
    took[place(95)]
}
