//! PostgreSQL's own lock on rows, seen from outside of the store: as the role the exchange signs in with, but without
//! or with somebody else's setting. SQLite has none; there these stories end at once.

use sqlx::{Connection, Executor, PgConnection, Row};
use switchboard_core::access::{Branches, Scope};
use switchboard_core::audit::{AuditKind, AuditWhat};
use switchboard_store::audit::{AuditBy, AuditEntry, AuditSubject};
use uuid::Uuid;

use super::harness::Database;
use super::world::{NOON, World, event};

/// Tables that belong to no tenant. Whoever adds one says so here.
const OF_NO_TENANT: &[&str] = &["data_keys", "job_keys", "nodes", "sealing_passes", "seaql_migrations"];
/// Tables without a `tenant_id` that are locked all the same.
const LOCKED_OTHERWISE: &[&str] = &["call_events", "tenants"];

async fn settings(connection: &mut PgConnection, tenant: &str, branches: &str, unbranched: &str) {
    for (name, value) in [
        ("switchboard.installation", "off"),
        ("switchboard.tenant", tenant),
        ("switchboard.branches", branches),
        ("switchboard.unbranched_calls", unbranched),
    ] {
        sqlx::query("SELECT set_config($1, $2, false)")
            .bind(name)
            .bind(value)
            .execute(&mut *connection)
            .await
            .expect("set");
    }
}

async fn count(connection: &mut PgConnection, table: &str, rest: &str) -> i64 {
    let sql = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table} {rest}"));
    sqlx::query_scalar(sql).fetch_one(connection).await.expect("a count")
}

/// Every table with `tenant_id`, and the two that are locked otherwise.
async fn locked_tables(connection: &mut PgConnection) -> Vec<String> {
    let rows = sqlx::query(
        "SELECT c.relname::text AS name, c.relrowsecurity AND c.relforcerowsecurity AS forced, \
         EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id') AS of_tenant, \
         EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid) AS policed \
         FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') \
         ORDER BY c.relname",
    )
    .fetch_all(connection)
    .await
    .expect("the tables");
    let mut locked = Vec::new();
    for row in rows {
        let name: String = row.get("name");
        let (forced, of_tenant, policed): (bool, bool, bool) =
            (row.get("forced"), row.get("of_tenant"), row.get("policed"));
        if of_tenant || LOCKED_OTHERWISE.contains(&name.as_str()) {
            assert!(forced && policed, "{name} belongs to tenants and PostgreSQL does not keep them apart");
            locked.push(name);
        } else {
            assert!(
                OF_NO_TENANT.contains(&name.as_str()),
                "{name} has no tenant_id: add it to OF_NO_TENANT, or give it one"
            );
        }
    }
    locked
}

/// Something in every table that our own functions fill, of both businesses.
async fn filled(database: Database) -> World {
    let world = World::new(database).await;
    let mut northern = world.call();
    northern.branch = Some(world.north);
    world
        .store
        .calls()
        .create(&world.ours, &northern, &[event(&northern, 1, "call.received")])
        .await
        .expect("kept");
    world.kept_call().await;
    let theirs = super::world::call(world.theirs.tenant, world.their_number.id);
    world
        .store
        .calls()
        .create(&world.theirs, &theirs, &[event(&theirs, 1, "call.received")])
        .await
        .expect("kept");
    for scope in [&world.ours, &world.theirs] {
        let entry = AuditEntry {
            who: AuditBy::Exchange,
            what: AuditWhat::SettingsChanged,
            subject: AuditSubject::new(AuditKind::Settings, scope.tenant),
            detail: serde_json::json!({}),
            address: None,
            at: NOON,
        };
        world.store.audit().write(scope, entry).await.expect("written");
    }
    world
}

async fn without_a_setting_no_table_of_a_tenant_has_a_row(database: Database) {
    let Some(mut bare) = database.bare().await else { return };
    let world = filled(database).await;
    let tables = locked_tables(&mut bare).await;
    assert!(tables.len() >= 12, "{tables:?}");
    for table in &tables {
        assert_eq!(count(&mut bare, table, "").await, 0, "{table} shows rows to who does not say whose");
    }
    // The rows are there: with the exchange's own setting they are seen.
    bare.execute("SET switchboard.installation = 'on'").await.expect("set");
    for table in ["tenants", "numbers", "calls", "call_events", "audit_entries", "branches"] {
        assert!(count(&mut bare, table, "").await > 0, "{table}");
    }
    drop(world);
}

async fn the_role_of_the_exchange_is_bound_by_the_policies(database: Database) {
    let Some(mut bare) = database.bare().await else { return };
    let _world = World::new(database).await;
    let bound: bool = sqlx::query_scalar(
        "SELECT NOT (rolsuper OR rolbypassrls) FROM pg_roles WHERE rolname = current_user",
    )
    .fetch_one(&mut bare)
    .await
    .expect("an answer");
    assert!(bound, "the tests run as a superuser: nothing is proven");
    if std::env::var("SWITCHBOARD_TEST_POSTGRES_APP_URL").is_ok() {
        let owned: i64 = sqlx::query_scalar(
            "SELECT COUNT(*) FROM pg_class WHERE relowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)",
        )
        .fetch_one(&mut bare)
        .await
        .expect("an answer");
        assert_eq!(owned, 0, "the role of the exchange owns a table and could switch its policies off");
        for refused in
            ["DELETE FROM audit_entries", "UPDATE audit_entries SET what = 'x'", "DROP TABLE audit_entries"]
        {
            assert!(bare.execute(refused).await.is_err(), "{refused}");
        }
    }
}

async fn with_one_business_nothing_of_another_is_seen_or_written(database: Database) {
    let Some(mut bare) = database.bare().await else { return };
    let world = filled(database).await;
    let ours = world.ours.tenant.uuid();
    settings(&mut bare, &ours.to_string(), "all", "on").await;
    for table in locked_tables(&mut bare).await {
        let foreign = match table.as_str() {
            "tenants" => format!("WHERE id <> '{ours}'"),
            "call_events" => {
                format!("WHERE call_id NOT IN (SELECT id FROM calls WHERE tenant_id = '{ours}')")
            }
            _ => format!("WHERE tenant_id IS DISTINCT FROM '{ours}'"),
        };
        assert_eq!(count(&mut bare, &table, &foreign).await, 0, "{table}");
    }
    assert_eq!(count(&mut bare, "calls", "").await, 2);
    let theirs = world.theirs.tenant.uuid();
    let plant = format!(
        "INSERT INTO branches (id, tenant_id, name, created_at) VALUES ('{}', '{theirs}', 'Planted', now())",
        Uuid::from_u128(1)
    );
    let refusal =
        bare.execute(sqlx::AssertSqlSafe(plant)).await.expect_err("a row of another business was written");
    assert!(refusal.to_string().contains("row-level security"), "{refusal}");
    let change = format!("UPDATE numbers SET name = 'Stolen' WHERE tenant_id = '{theirs}'");
    let changed = bare.execute(sqlx::AssertSqlSafe(change)).await.expect("nothing to change");
    assert_eq!(changed.rows_affected(), 0);
    let give_away = format!("UPDATE numbers SET tenant_id = '{theirs}'");
    bare.execute(sqlx::AssertSqlSafe(give_away)).await.expect_err("a row was given away");
}

async fn with_one_branch_calls_of_another_are_not_seen(database: Database) {
    let Some(mut bare) = database.bare().await else { return };
    let world = filled(database).await;
    let (tenant, north, south) = (
        world.ours.tenant.uuid().to_string(),
        world.north.uuid().to_string(),
        world.south.uuid().to_string(),
    );
    settings(&mut bare, &tenant, &north, "on").await;
    assert_eq!(count(&mut bare, "calls", "").await, 2, "the branch's own and what has none");
    assert_eq!(count(&mut bare, "call_events", "").await, 2);
    settings(&mut bare, &tenant, &south, "on").await;
    assert_eq!(count(&mut bare, "calls", "").await, 1);
    assert_eq!(count(&mut bare, "call_events", "").await, 1);
    assert_eq!(count(&mut bare, "branches", "").await, 1);
    settings(&mut bare, &tenant, &south, "off").await;
    assert_eq!(count(&mut bare, "calls", "").await, 0, "the business hides calls without a branch");
    settings(&mut bare, &tenant, "", "on").await;
    assert_eq!(count(&mut bare, "calls", "").await, 1, "who works for no branch sees what has none");
    // And so say our own functions.
    let hidden = Scope {
        branches: Branches::Only(vec![world.south]),
        hides_unbranched_calls: true,
        ..world.ours.clone()
    };
    let page = world.store.calls().list(&hidden, &Default::default(), None, 50).await.expect("a page");
    assert!(page.items.is_empty());
}

async fn what_one_question_may_see_the_next_may_not(database: Database) {
    // One connection for reading: what a transaction sets must not stay in the pool.
    let world = filled(database).await;
    let numbers = world.store.numbers();
    for _ in 0..20 {
        let (ours, theirs) = tokio::join!(numbers.list(&world.ours), numbers.list(&world.theirs));
        assert_eq!(ours.expect("a list").len(), 1);
        assert_eq!(theirs.expect("a list").len(), 1);
        assert_eq!(world.store.numbers().of_the_installation().await.expect("a list").len(), 2);
    }
    if let Some(mut bare) = world.database.bare().await {
        assert_eq!(count(&mut bare, "numbers", "").await, 0);
        bare.close().await.expect("closed");
    }
}

on_both_databases!(
    without_a_setting_no_table_of_a_tenant_has_a_row,
    the_role_of_the_exchange_is_bound_by_the_policies,
    with_one_business_nothing_of_another_is_seen_or_written,
    with_one_branch_calls_of_another_are_not_seen,
    what_one_question_may_see_the_next_may_not,
);
