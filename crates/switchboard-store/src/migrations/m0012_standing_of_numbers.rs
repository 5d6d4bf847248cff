//! Hours of numbers, what the provider says of them, their limits, dials, missed calls, suspensions and used minutes.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // What is none is as the provider has it, or as the exchange is set up.
        for column in [
            ColumnDef::new("icon_shown").boolean().to_owned(),
            ColumnDef::new("icon_countries").text().to_owned(),
            ColumnDef::new("callback_permission").boolean().to_owned(),
            ColumnDef::new("test_number").boolean().not_null().default(false).to_owned(),
        ] {
            manager.alter_table(Table::alter().table("numbers").add_column(column).to_owned()).await?;
        }
        for table in [
            number_hours(),
            number_states(),
            number_safeguards(),
            dials(),
            missed_calls(),
            suspensions(),
            finished_calls(),
            usage_months(),
            pickup_hours(),
        ] {
            manager.create_table(table).await?;
        }
        let connection = manager.get_connection();
        for index in [
            "CREATE INDEX dials_of_number ON dials (number_id, at)",
            "CREATE INDEX dials_by_time ON dials (at)",
            "CREATE INDEX missed_calls_of_number ON missed_calls (number_id, at)",
            "CREATE INDEX missed_calls_by_time ON missed_calls (at)",
            "CREATE INDEX suspensions_of_number ON suspensions (number_id, since)",
            "CREATE INDEX suspensions_by_end ON suspensions (until)",
            "CREATE INDEX finished_calls_of_number ON finished_calls (number_id, at)",
            "CREATE INDEX finished_calls_of_tenant ON finished_calls (tenant_id, at)",
            "CREATE INDEX usage_months_of_tenant ON usage_months (tenant_id, month)",
            "CREATE INDEX pickup_hours_by_time ON pickup_hours (hour)",
        ] {
            connection.execute_unprepared(index).await?;
        }
        Ok(())
    }
}

/// A table about numbers: the number is of the row's own tenant, whatever the code above does.
fn of_numbers(name: &'static str) -> TableCreateStatement {
    Table::create()
        .table(name)
        .col(ColumnDef::new("tenant_id").uuid().not_null())
        .col(ColumnDef::new("number_id").uuid().not_null())
        .foreign_key(
            ForeignKey::create()
                .from_tbl(name)
                .from_col("tenant_id")
                .from_col("number_id")
                .to_tbl("numbers")
                .to_col("tenant_id")
                .to_col("id"),
        )
        .to_owned()
}

/// The same with one row for each number.
fn one_for_each_number(name: &'static str) -> TableCreateStatement {
    of_numbers(name)
        .primary_key(Index::create().name(format!("{name}_key")).col("number_id"))
        .col(ColumnDef::new("updated_at").timestamp_with_time_zone().not_null())
        .to_owned()
}

fn number_hours() -> TableCreateStatement {
    one_for_each_number("number_hours")
        .col(ColumnDef::new("zone").text().not_null())
        .col(ColumnDef::new("weekly").json_binary().not_null())
        .col(ColumnDef::new("holidays").json_binary().not_null())
        .col(ColumnDef::new("out_of_hours").text().not_null())
        .col(ColumnDef::new("out_of_hours_text").text().not_null())
        .col(ColumnDef::new("outbound_blocked").boolean().not_null())
        .to_owned()
}

/// What the provider said last. What was never read is none.
fn number_states() -> TableCreateStatement {
    one_for_each_number("number_states")
        .col(ColumnDef::new("settings").json_binary())
        .col(ColumnDef::new("settings_at").timestamp_with_time_zone())
        .col(ColumnDef::new("fields").json_binary())
        .col(ColumnDef::new("fields_at").timestamp_with_time_zone())
        .col(ColumnDef::new("restrictions").json_binary().not_null())
        .col(ColumnDef::new("warning").json_binary())
        .col(ColumnDef::new("trouble").text())
        .col(ColumnDef::new("trouble_at").timestamp_with_time_zone())
        .to_owned()
}

/// Limits that differ from those of the exchange.
fn number_safeguards() -> TableCreateStatement {
    let mut table = one_for_each_number("number_safeguards");
    for limit in [
        "per_minute",
        "per_hour",
        "missed",
        "missed_within_s",
        "suspend_for_s",
        "unanswered_warn",
        "unanswered_block",
        "monthly_minutes",
        "pickup_within_s",
        "pickup_calls",
        "pickup_watch_percent",
        "pickup_low_percent",
    ] {
        table.col(ColumnDef::new(limit).integer());
    }
    table
}

/// Every call that was dialled, while it counts.
fn dials() -> TableCreateStatement {
    of_numbers("dials")
        .col(ColumnDef::new("id").uuid().not_null().primary_key())
        .col(ColumnDef::new("at").timestamp_with_time_zone().not_null())
        .to_owned()
}

/// Every call that nobody answered, while it counts.
fn missed_calls() -> TableCreateStatement {
    of_numbers("missed_calls")
        .col(ColumnDef::new("call_id").uuid().not_null().primary_key())
        .col(ColumnDef::new("at").timestamp_with_time_zone().not_null())
        .to_owned()
}

fn suspensions() -> TableCreateStatement {
    of_numbers("suspensions")
        .col(ColumnDef::new("id").uuid().not_null().primary_key())
        .col(ColumnDef::new("since").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("until").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("missed").integer().not_null())
        .col(ColumnDef::new("lifted_at").timestamp_with_time_zone())
        .col(ColumnDef::new("lifted_by").text())
        .to_owned()
}

/// Calls that are over and not in the sums yet. A call's end only adds its row here: calls that end together do not
/// wait for each other at the row of their number.
fn finished_calls() -> TableCreateStatement {
    of_numbers("finished_calls")
        .col(ColumnDef::new("call_id").uuid().not_null().primary_key())
        .col(ColumnDef::new("at").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("incoming").boolean().not_null())
        .col(ColumnDef::new("pickable").boolean().not_null())
        .col(ColumnDef::new("accepted").boolean().not_null())
        .col(ColumnDef::new("seconds").big_integer().not_null())
        .col(ColumnDef::new("minutes").big_integer().not_null())
        .to_owned()
}

/// The sums: nobody adds up a million calls to know a month. `month` is the year times twelve and the month from 0, in
/// the zone of the number. Minutes are those begun, of each call.
fn usage_months() -> TableCreateStatement {
    let mut table = of_numbers("usage_months");
    table.col(ColumnDef::new("month").integer().not_null());
    for sum in ["calls", "seconds", "minutes"] {
        table.col(ColumnDef::new(sum).big_integer().not_null());
    }
    table.primary_key(Index::create().name("usage_months_key").col("number_id").col("month")).to_owned()
}

/// How many calls there were in an hour, each way, and how many of them were taken.
fn pickup_hours() -> TableCreateStatement {
    let mut table = of_numbers("pickup_hours");
    table
        .col(ColumnDef::new("hour").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("incoming").boolean().not_null());
    for sum in ["offered", "answered"] {
        table.col(ColumnDef::new(sum).big_integer().not_null());
    }
    table
        .primary_key(Index::create().name("pickup_hours_key").col("number_id").col("hour").col("incoming"))
        .to_owned()
}
