//! One list of migrations for both databases. They are written out, never derived from the entities of today, and
//! only add: to change something, expand, move, then contract in a later release.

#![allow(
    elided_lifetimes_in_paths,
    reason = "async_trait accepts only what the trait itself is written with"
)]

mod m0001_people;
mod m0002_numbers;
mod m0003_inbox;
mod m0004_calls;
mod m0005_media_of_numbers;
mod m0006_recording_of_numbers;
mod m0007_owed;
mod m0008_sealing;
mod m0009_rights;
mod m0010_blocked_callers;
mod m0011_contacts;
mod m0012_standing_of_numbers;
mod m0013_outgoing_calls;
mod m0014_quiet_hours_of_numbers;
mod m0015_calls_of_customers;
mod m0016_found_without_reading_all;
mod m0017_calls_to_count;

use sea_orm_migration::{MigrationTrait, MigratorTrait};

/// All of them, in order.
pub(crate) struct Migrations;

/// The list, and with each of them its source: the first line of that says what it does.
macro_rules! migrations {
    ($($name:ident,)*) => {
        impl MigratorTrait for Migrations {
            fn migrations() -> Vec<Box<dyn MigrationTrait>> {
                vec![$(Box::new($name::Migration)),*]
            }
        }

        const SOURCES: &[(&str, &str)] =
            &[$((stringify!($name), include_str!(concat!("migrations/", stringify!($name), ".rs")))),*];
    };
}

migrations! {
    m0001_people,
    m0002_numbers,
    m0003_inbox,
    m0004_calls,
    m0005_media_of_numbers,
    m0006_recording_of_numbers,
    m0007_owed,
    m0008_sealing,
    m0009_rights,
    m0010_blocked_callers,
    m0011_contacts,
    m0012_standing_of_numbers,
    m0013_outgoing_calls,
    m0014_quiet_hours_of_numbers,
    m0015_calls_of_customers,
    m0016_found_without_reading_all,
    m0017_calls_to_count,
}

/// What the migration of this name does.
pub(crate) fn what(name: &str) -> &'static str {
    let source = SOURCES.iter().find(|(known, _)| *known == name).map(|(_, source)| *source);
    source
        .and_then(|source| source.lines().next())
        .and_then(|line| line.strip_prefix("//! "))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_says_in_its_first_line_what_it_does() {
        for migration in Migrations::migrations() {
            assert!(what(migration.name()).len() > 10, "{}", migration.name());
        }
    }
}
