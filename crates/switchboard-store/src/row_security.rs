//! PostgreSQL's own lock on rows: `FORCE ROW LEVEL SECURITY` on everything that belongs to a tenant, with policies that
//! read what [`Sight`](crate::db::Sight) sets per transaction. Without a setting no row is there.
//!
//! The set-up runs after the migrations and looks at the tables themselves: one that has a `tenant_id` and no policy
//! gets it, so that a later migration cannot forget. Policies guard against a query of ours that forgot its scope, not
//! against somebody who already speaks SQL with our role.

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, Statement};

/// Part of every policy's name; counts the versions of what the policies say.
const VERSION: &str = "1";

const INSTALLATION: &str = "(SELECT current_setting('switchboard.installation', true)) = 'on'";
const TENANT: &str = "(SELECT NULLIF(current_setting('switchboard.tenant', true), '')::uuid)";
const ALL_BRANCHES: &str = "(SELECT current_setting('switchboard.branches', true)) = 'all' OR (SELECT current_setting('switchboard.installation', true)) = 'on'";
const BRANCHES: &str = "ANY ((SELECT string_to_array(NULLIF(current_setting('switchboard.branches', true), ''), ',')::uuid[])::uuid[])";
const UNBRANCHED_CALLS: &str = "(SELECT current_setting('switchboard.unbranched_calls', true)) = 'on'";

/// Their `branch_id` says for whom a person works, not who may see the row.
const BRANCH_IS_NO_FENCE: &[&str] = &["user_branches"];
/// What has no branch is seen by all branches, whatever the business says of calls.
const UNBRANCHED_IS_SHARED: &[&str] = &["contacts", "numbers"];
/// Seen by whoever sees the contact they are of; those of [`OF_A_PAIR`] need the number, too.
const OF_A_CONTACT: &[&str] = &["consents", "contact_tags"];
/// See above.
const OF_A_PAIR: &[&str] = &["conversations", "messages", "permission_wallets"];

/// A policy: its name without the version, permissive or restrictive, and what it asks.
struct Policy {
    name: &'static str,
    restrictive: bool,
    asks: String,
}

/// Puts the policies on every table that lacks them. Where all is in place nothing is locked.
pub(crate) async fn set_up(transaction: &DatabaseTransaction) -> Result<(), DbErr> {
    if transaction.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    for table in tables(transaction).await? {
        let wanted = policies(&table);
        if wanted.is_empty() {
            continue;
        }
        let mut names: Vec<String> =
            wanted.iter().map(|policy| format!("{}_{VERSION}", policy.name)).collect();
        names.sort();
        if table.forced && table.policies == names {
            continue;
        }
        let mut statements = vec![
            format!("ALTER TABLE {} ENABLE ROW LEVEL SECURITY", table.name),
            format!("ALTER TABLE {} FORCE ROW LEVEL SECURITY", table.name),
        ];
        statements.extend(table.policies.iter().map(|old| format!("DROP POLICY {old} ON {}", table.name)));
        statements.extend(wanted.iter().map(|policy| {
            format!(
                "CREATE POLICY {}_{VERSION} ON {} AS {} USING ({asks}) WITH CHECK ({asks})",
                policy.name,
                table.name,
                if policy.restrictive { "RESTRICTIVE" } else { "PERMISSIVE" },
                asks = policy.asks,
            )
        }));
        transaction.execute_unprepared(&statements.join("; ")).await?;
    }
    Ok(())
}

/// Lets a role use the tables without owning them. The audit log it may only add to.
pub(crate) async fn grant(transaction: &DatabaseTransaction, role: &str) -> Result<(), DbErr> {
    let role = format!("\"{}\"", role.replace('"', "\"\""));
    let mut statements = vec![format!(
        "GRANT USAGE ON SCHEMA \"{}\" TO {role}",
        schema(transaction).await?.replace('"', "\"\"")
    )];
    for table in tables(transaction).await? {
        let rights =
            if table.name == "audit_entries" { "SELECT, INSERT" } else { "SELECT, INSERT, UPDATE, DELETE" };
        statements.push(format!("GRANT {rights} ON {} TO {role}", table.name));
    }
    transaction.execute_unprepared(&statements.join("; ")).await?;
    Ok(())
}

/// Do policies hold for the role this connection runs with? Superusers and roles with BYPASSRLS pass them all.
pub(crate) async fn binds(connection: &impl ConnectionTrait) -> Result<bool, DbErr> {
    let row = connection
        .query_one_raw(Statement::from_string(
            DbBackend::Postgres,
            "SELECT NOT (rolsuper OR rolbypassrls) AS bound FROM pg_roles WHERE rolname = current_user",
        ))
        .await?;
    row.map_or(Ok(false), |row| row.try_get("", "bound"))
}

fn policies(table: &Table) -> Vec<Policy> {
    let permissive = |name, asks: String| Policy { name, restrictive: false, asks };
    let installation = || permissive("installation", INSTALLATION.to_owned());
    let mut policies = match table.name.as_str() {
        "tenants" => return vec![installation(), permissive("tenant", format!("id = {TENANT}"))],
        // An entry is seen by whoever sees what it is about, by the policies of that.
        "call_events" => {
            let sees = |table: &str, column: &str| {
                format!("EXISTS (SELECT 1 FROM {table} WHERE {table}.id = call_events.{column})")
            };
            let others = format!(
                "call_id IS NULL AND ({INSTALLATION} OR (tenant_id = {TENANT} AND (contact_id IS NULL OR {}) AND (number_id IS NULL OR {})))",
                sees("contacts", "contact_id"),
                sees("numbers", "number_id"),
            );
            return vec![permissive("call", sees("calls", "call_id")), permissive("others", others)];
        }
        _ if !table.has_tenant => return Vec::new(),
        _ => vec![installation(), permissive("tenant", format!("tenant_id = {TENANT}"))],
    };
    let branch = match table.name.as_str() {
        "branches" => Some(format!("{ALL_BRANCHES} OR id = {BRANCHES}")),
        name if OF_A_CONTACT.contains(&name) || OF_A_PAIR.contains(&name) => {
            let contact = format!("EXISTS (SELECT 1 FROM contacts WHERE contacts.id = {name}.contact_id)");
            let number = if OF_A_PAIR.contains(&name) {
                format!(" AND EXISTS (SELECT 1 FROM numbers WHERE numbers.id = {name}.number_id)")
            } else {
                String::new()
            };
            Some(format!("{ALL_BRANCHES} OR ({contact}{number})"))
        }
        name if !table.has_branch || BRANCH_IS_NO_FENCE.contains(&name) => None,
        name if UNBRANCHED_IS_SHARED.contains(&name) => {
            Some(format!("{ALL_BRANCHES} OR branch_id IS NULL OR branch_id = {BRANCHES}"))
        }
        _ => Some(format!(
            "{ALL_BRANCHES} OR branch_id = {BRANCHES} OR (branch_id IS NULL AND {UNBRANCHED_CALLS})"
        )),
    };
    policies.extend(branch.map(|asks| Policy { name: "branches", restrictive: true, asks }));
    policies
}

struct Table {
    name: String,
    has_tenant: bool,
    has_branch: bool,
    forced: bool,
    policies: Vec<String>,
}

async fn tables(connection: &impl ConnectionTrait) -> Result<Vec<Table>, DbErr> {
    let column = |name: &str| {
        format!(
            "EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = '{name}' AND NOT a.attisdropped)"
        )
    };
    let sql = format!(
        "SELECT c.relname::text AS name, {} AS has_tenant, {} AS has_branch, \
         c.relrowsecurity AND c.relforcerowsecurity AS forced, \
         COALESCE((SELECT string_agg(p.polname::text, ',' ORDER BY p.polname::text COLLATE \"C\") FROM pg_policy p \
         WHERE p.polrelid = c.oid), '') AS policies \
         FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') \
         ORDER BY c.relname",
        column("tenant_id"),
        column("branch_id"),
    );
    let rows = connection.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    rows.iter()
        .map(|row| {
            let policies: String = row.try_get("", "policies")?;
            Ok(Table {
                name: row.try_get("", "name")?,
                has_tenant: row.try_get("", "has_tenant")?,
                has_branch: row.try_get("", "has_branch")?,
                forced: row.try_get("", "forced")?,
                policies: policies.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
            })
        })
        .collect()
}

async fn schema(connection: &impl ConnectionTrait) -> Result<String, DbErr> {
    let row = connection
        .query_one_raw(Statement::from_string(DbBackend::Postgres, "SELECT current_schema()::text AS name"))
        .await?;
    row.map_or(Ok("public".to_owned()), |row| row.try_get("", "name"))
}
