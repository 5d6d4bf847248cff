//! Contacts, conversations, messages, permissions to call and consents; the event log tells of them, too.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::dialect::{self, HandWritten};

/// Calls that ended longer ago than this make no contacts: their limits and windows are over, and a business that has
/// run for years would begin with a day of work.
const DAYS_LOOKED_BACK: u32 = 30;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [
            contacts(),
            contact_tags(),
            conversations(),
            messages(),
            permission_wallets(),
            consents(),
            contact_imports(),
            contact_import_parts(),
        ] {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        manager
            .alter_table(
                Table::alter()
                    .table("tenants")
                    // What is asked of customers, and what their words mean.
                    .add_column(ColumnDef::new("outreach").json_binary().not_null().default("{}"))
                    .to_owned(),
            )
            .await?;
        calls(manager).await?;
        event_log(manager).await
    }
}

fn contacts() -> TableCreateStatement {
    let mut table = Table::create();
    table.table("contacts").col(ColumnDef::new("id").uuid().not_null().primary_key());
    table.col(ColumnDef::new("tenant_id").uuid().not_null());
    // None: every branch sees him.
    table.col(ColumnDef::new("branch_id").uuid());
    table.col(ColumnDef::new("owner_user_id").uuid());
    // At least one of `phone` and `user_id` is there. The key is what numbers are compared by.
    for word in
        ["phone", "phone_key", "user_id", "username", "name", "profile_name", "country", "lead_reference"]
    {
        table.col(ColumnDef::new(word).text());
    }
    // `uncallable_at`: when the provider last said that he cannot be reached.
    for moment in ["last_message_at", "last_call_at", "uncallable_at"] {
        table.col(ColumnDef::new(moment).timestamp_with_time_zone());
    }
    for moment in ["listed_at", "created_at", "updated_at"] {
        table.col(ColumnDef::new(moment).timestamp_with_time_zone().not_null());
    }
    table
        .col(ColumnDef::new("branch_by_hand").boolean().not_null())
        .col(ColumnDef::new("tags").json_binary().not_null())
        .col(ColumnDef::new("automation_state").text().not_null())
        // What his consents come to, for lists.
        .col(ColumnDef::new("do_not_call").boolean().not_null())
        .col(ColumnDef::new("search_text").text().not_null())
        .foreign_key(&mut of_tenant("contacts"))
        .foreign_key(&mut within_tenant("contacts", "branch_id", "branches"))
        .index(Index::create().unique().name("contacts_of_tenant").col("tenant_id").col("id"));
    table
}

fn contact_tags() -> TableCreateStatement {
    Table::create()
        .table("contact_tags")
        .col(ColumnDef::new("tenant_id").uuid().not_null())
        .col(ColumnDef::new("contact_id").uuid().not_null())
        // Folded, as it is looked for.
        .col(ColumnDef::new("tag").text().not_null())
        .primary_key(Index::create().col("tenant_id").col("tag").col("contact_id"))
        .foreign_key(&mut of_contact("contact_tags"))
        .to_owned()
}

fn conversations() -> TableCreateStatement {
    let mut table = of_a_pair("conversations");
    table
        .col(ColumnDef::new("window_until").timestamp_with_time_zone())
        .col(ColumnDef::new("last_inbound_at").timestamp_with_time_zone())
        .col(ColumnDef::new("last_message_at").timestamp_with_time_zone())
        // The last message of ours that offered a call, while an answer to it counts.
        .col(ColumnDef::new("offer_message_id").uuid())
        .col(ColumnDef::new("offered_at").timestamp_with_time_zone());
    table
}

fn messages() -> TableCreateStatement {
    let mut table = of_a_pair("messages");
    for word in ["direction", "kind", "status"] {
        table.col(ColumnDef::new(word).text().not_null());
    }
    // `text` is sealed.
    for word in ["text", "provider_message_id", "answers", "error_message", "sent_by", "sent_by_name"] {
        table.col(ColumnDef::new(word).text());
    }
    table
        .col(ColumnDef::new("offers_call").boolean().not_null())
        .col(ColumnDef::new("error_code").big_integer())
        // A template's name and language, a button's payload.
        .col(ColumnDef::new("detail").json_binary().not_null())
        .col(ColumnDef::new("at").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("status_at").timestamp_with_time_zone().not_null());
    table
}

fn permission_wallets() -> TableCreateStatement {
    let mut table = of_a_pair("permission_wallets");
    table
        .col(ColumnDef::new("status").text().not_null())
        .col(ColumnDef::new("expires_at").timestamp_with_time_zone())
        .col(ColumnDef::new("looked_up_at").timestamp_with_time_zone())
        // When something happens to it by itself.
        .col(ColumnDef::new("poll_at").timestamp_with_time_zone())
        .col(ColumnDef::new("version").big_integer().not_null())
        .col(ColumnDef::new("facts").json_binary().not_null())
        .col(ColumnDef::new("updated_at").timestamp_with_time_zone().not_null());
    table
}

fn consents() -> TableCreateStatement {
    let mut table = Table::create();
    table.table("consents").col(ColumnDef::new("id").uuid().not_null().primary_key());
    for id in ["tenant_id", "contact_id"] {
        table.col(ColumnDef::new(id).uuid().not_null());
    }
    for word in ["kind", "source", "recorded_by", "recorded_by_name"] {
        table.col(ColumnDef::new(word).text().not_null());
    }
    // `evidence` is sealed.
    for word in ["evidence", "message_id", "revoked_by", "revoked_by_name"] {
        table.col(ColumnDef::new(word).text());
    }
    for moment in ["at", "recorded_at"] {
        table.col(ColumnDef::new(moment).timestamp_with_time_zone().not_null());
    }
    for moment in ["valid_until", "revoked_at"] {
        table.col(ColumnDef::new(moment).timestamp_with_time_zone());
    }
    table.foreign_key(&mut of_contact("consents"));
    table
}

fn contact_imports() -> TableCreateStatement {
    let mut table = Table::create();
    table.table("contact_imports").col(ColumnDef::new("id").uuid().not_null().primary_key());
    table.col(ColumnDef::new("tenant_id").uuid().not_null());
    for word in ["made_by", "made_by_name"] {
        table.col(ColumnDef::new(word).text().not_null());
    }
    for count in ["lines", "lines_done", "created", "updated", "refused_count"] {
        table.col(ColumnDef::new(count).integer().not_null());
    }
    table
        .col(ColumnDef::new("refused").json_binary().not_null())
        .col(ColumnDef::new("created_at").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("finished_at").timestamp_with_time_zone())
        .foreign_key(&mut of_tenant("contact_imports"));
    table
}

/// Lines that are not taken in yet; a part is gone when it is.
fn contact_import_parts() -> TableCreateStatement {
    Table::create()
        .table("contact_import_parts")
        .col(ColumnDef::new("id").uuid().not_null().primary_key())
        .col(ColumnDef::new("tenant_id").uuid().not_null())
        .col(ColumnDef::new("import_id").uuid().not_null())
        .col(ColumnDef::new("part").integer().not_null())
        // Sealed.
        .col(ColumnDef::new("lines").text().not_null())
        .foreign_key(&mut of_tenant("contact_import_parts"))
        .foreign_key(
            ForeignKey::create()
                .from_tbl("contact_import_parts")
                .from_col("import_id")
                .to_tbl("contact_imports")
                .to_col("id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

/// A row of one contact on one number.
fn of_a_pair(name: &'static str) -> TableCreateStatement {
    let mut table = Table::create();
    table.table(name).col(ColumnDef::new("id").uuid().not_null().primary_key());
    for id in ["tenant_id", "contact_id", "number_id"] {
        table.col(ColumnDef::new(id).uuid().not_null());
    }
    table.foreign_key(&mut of_contact(name)).foreign_key(&mut within_tenant(name, "number_id", "numbers"));
    table
}

fn of_tenant(table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create().from_tbl(table).from_col("tenant_id").to_tbl("tenants").to_col("id").to_owned()
}

/// Composite keys: what is named is of the same tenant, whatever the code above does.
fn within_tenant(
    table: &'static str,
    column: &'static str,
    other: &'static str,
) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .from_tbl(table)
        .from_col("tenant_id")
        .from_col(column)
        .to_tbl(other)
        .to_col("tenant_id")
        .to_col("id")
        .to_owned()
}

fn of_contact(table: &'static str) -> ForeignKeyCreateStatement {
    within_tenant(table, "contact_id", "contacts").on_delete(ForeignKeyAction::Cascade).to_owned()
}

fn indexes() -> Vec<IndexCreateStatement> {
    let index = |name: &'static str, table: &'static str, columns: &[&'static str]| {
        let mut index = Index::create();
        index.name(name).table(table);
        columns.iter().for_each(|column| {
            index.col(*column);
        });
        index
    };
    let unique = |name, table, columns: &[&'static str]| index(name, table, columns).unique().to_owned();
    vec![
        unique("contacts_by_phone", "contacts", &["tenant_id", "phone_key"]),
        unique("contacts_by_user_id", "contacts", &["tenant_id", "user_id"]),
        index("contacts_in_lists", "contacts", &["tenant_id", "listed_at", "id"]),
        index("contact_tags_of_contact", "contact_tags", &["contact_id"]),
        unique("conversations_of_pair", "conversations", &["contact_id", "number_id"]),
        index("messages_of_contact", "messages", &["contact_id", "at", "id"]),
        unique("messages_of_provider", "messages", &["number_id", "provider_message_id"]),
        unique("wallets_of_pair", "permission_wallets", &["contact_id", "number_id"]),
        index("wallets_in_lists", "permission_wallets", &["tenant_id", "updated_at", "id"]),
        index("wallets_by_status", "permission_wallets", &["tenant_id", "status", "updated_at", "id"]),
        index("wallets_due", "permission_wallets", &["poll_at"]),
        index("consents_of_contact", "consents", &["contact_id", "at"]),
        index("imports_of_tenant", "contact_imports", &["tenant_id", "id"]),
        unique("parts_of_import", "contact_import_parts", &["import_id", "part"]),
    ]
}

/// A call names its contact, and says whether its end is in the books of that contact.
async fn calls(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    for column in [
        ColumnDef::new("contact_id").uuid().to_owned(),
        ColumnDef::new("counted_at").timestamp_with_time_zone().to_owned(),
    ] {
        manager.alter_table(Table::alter().table("calls").add_column(column).to_owned()).await?;
    }
    let connection = manager.get_connection();
    let long_ago = if manager.get_database_backend() == DbBackend::Postgres {
        format!("now() - interval '{DAYS_LOOKED_BACK} days'")
    } else {
        format!("strftime('%Y-%m-%dT%H:%M:%S+00:00', 'now', '-{DAYS_LOOKED_BACK} days')")
    };
    for statement in [
        format!("UPDATE calls SET counted_at = updated_at WHERE outcome IS NOT NULL AND updated_at < {long_ago}"),
        "CREATE INDEX calls_to_count ON calls (owner_node, id) WHERE outcome IS NOT NULL AND counted_at IS NULL".to_owned(),
        "CREATE INDEX calls_of_contact ON calls (contact_id, listed_at, id)".to_owned(),
    ] {
        connection.execute_unprepared(&statement).await?;
    }
    Ok(())
}

/// One log for all that happens: what is about no call names a contact, a number, or both. Entries are about nobody
/// when their contact is removed; they hold nothing personal.
async fn event_log(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let backend = manager.get_database_backend();
    let uuid = dialect::column_type(backend, HandWritten::Uuid);
    let about = format!(
        "tenant_id {uuid} REFERENCES tenants (id), contact_id {uuid} REFERENCES contacts (id) ON DELETE SET NULL, \
         number_id {uuid} REFERENCES numbers (id)"
    );
    let connection = manager.get_connection();
    if backend == DbBackend::Postgres {
        connection.execute_unprepared("ALTER TABLE call_events ALTER COLUMN call_id DROP NOT NULL").await?;
        for column in about.split(", ") {
            connection.execute_unprepared(&format!("ALTER TABLE call_events ADD COLUMN {column}")).await?;
        }
    } else {
        // SQLite takes away no NOT NULL: the table is written anew, each entry at its place.
        let (position, tx) = dialect::event_log_order(backend);
        let moment = dialect::column_type(backend, HandWritten::Moment);
        let json = dialect::column_type(backend, HandWritten::Json);
        for statement in [
            format!(
                "CREATE TABLE call_events_anew ({position}, {tx}, id {uuid} NOT NULL UNIQUE, call_id {uuid} \
                 REFERENCES calls (id), seq INTEGER NOT NULL, at {moment} NOT NULL, kind TEXT NOT NULL, \
                 data {json} NOT NULL, {about})"
            ),
            "INSERT INTO call_events_anew (position, tx, id, call_id, seq, at, kind, data) \
             SELECT position, tx, id, call_id, seq, at, kind, data FROM call_events ORDER BY position"
                .to_owned(),
            "DROP TABLE call_events".to_owned(),
            "ALTER TABLE call_events_anew RENAME TO call_events".to_owned(),
            "CREATE UNIQUE INDEX call_events_of_call ON call_events (call_id, seq)".to_owned(),
            "CREATE INDEX call_events_log ON call_events (tx, position)".to_owned(),
        ] {
            connection.execute_unprepared(&statement).await?;
        }
    }
    connection
        .execute_unprepared(
            "CREATE INDEX call_events_of_contact ON call_events (contact_id, number_id, position) WHERE contact_id IS NOT NULL",
        )
        .await?;
    Ok(())
}
