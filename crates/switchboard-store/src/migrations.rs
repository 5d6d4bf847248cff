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

use sea_orm_migration::{MigrationTrait, MigratorTrait};

/// All of them, in order.
pub(crate) struct Migrations;

impl MigratorTrait for Migrations {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_people::Migration),
            Box::new(m0002_numbers::Migration),
            Box::new(m0003_inbox::Migration),
            Box::new(m0004_calls::Migration),
        ]
    }
}
