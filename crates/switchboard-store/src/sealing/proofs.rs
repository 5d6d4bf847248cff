//! The database remembers which keys it was sealed with, and a proof of each: so that a start with another file of
//! keys is refused by name, at once, instead of by thousands of values that do not open later.

use std::path::Path;

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::keyring::{KeyId, Keyring};
use crate::columns::Cell;
use crate::db::{Db, Lane, Sight};
use crate::entities::data_key;
use crate::error::StoreError;

/// More keys than any installation has.
const MAX_KEYS: u64 = 1_000;
/// What is sealed as a proof.
const PROOF: &str = "switchboard";
const PROOF_CELL: Cell = Cell { table: "data_keys", column: "proof", id: Uuid::nil() };

/// The keys of this database, and whether their file was made just now.
pub(crate) async fn keys_for(db: &Db, file: &Path) -> Result<(Keyring, bool), StoreError> {
    let known = known(db).await?;
    let (keys, made) = match Keyring::read(file)? {
        Some(keys) => (keys, false),
        None if known.is_empty() => (Keyring::make(file)?, true),
        None => {
            return Err(StoreError::DataKeys {
                reason: format!(
                    "the database was sealed with {}; {} does not exist",
                    names(&known),
                    file.display()
                ),
                hint: "Put back your copy of the file of data keys, or name it in SWITCHBOARD_DATA_KEY_FILE"
                    .to_owned(),
            });
        }
    };
    for row in &known {
        check(&keys, row)?;
    }
    Ok((keys, made))
}

fn names(known: &[data_key::Model]) -> String {
    let names: Vec<&str> = known.iter().map(|row| row.id.as_str()).collect();
    match names.as_slice() {
        [one] => format!("key {one}"),
        several => format!("keys {}", several.join(", ")),
    }
}

fn check(keys: &Keyring, row: &data_key::Model) -> Result<(), StoreError> {
    let there = row.id.parse::<KeyId>().ok().and_then(|id| keys.key(id));
    let reason = match there {
        None => format!("the database was sealed with key {}; it is not in {}", row.id, keys.place()),
        Some(_) if keys.open(PROOF_CELL, &row.proof).is_err() => format!(
            "the database was sealed with key {}; the one of this name in {} is another",
            row.id,
            keys.place()
        ),
        Some(_) => return Ok(()),
    };
    Err(StoreError::DataKeys {
        reason,
        hint: "Put back your copy of the file of data keys that belongs to this database, or name it in \
               SWITCHBOARD_DATA_KEY_FILE"
            .to_owned(),
    })
}

/// Notes that values may be sealed with this key from now on.
pub(crate) async fn note(db: &Db, id: KeyId) -> Result<(), StoreError> {
    let row =
        data_key::ActiveModel { id: Set(id.to_string()), proof: Set(db.keys().seal(PROOF_CELL, PROOF)) };
    db.write(Lane::Settings, Sight::Installation, 1, format!("note the data key {id}"), move |transaction| {
        Box::pin(async move {
            data_key::Entity::insert(row)
                .on_conflict(OnConflict::column(data_key::Column::Id).do_nothing().to_owned())
                .exec_without_returning(transaction)
                .await?;
            Ok(())
        })
    })
    .await
}

/// Forgets a key that nothing is sealed with any more.
pub(crate) async fn forget(db: &Db, id: KeyId) -> Result<(), StoreError> {
    db.write(
        Lane::Settings,
        Sight::Installation,
        1,
        format!("forget the data key {id}"),
        move |transaction| {
            Box::pin(async move {
                data_key::Entity::delete_many()
                    .filter(data_key::Column::Id.eq(id.to_string()))
                    .exec(transaction)
                    .await?;
                Ok(())
            })
        },
    )
    .await
}

async fn known(db: &Db) -> Result<Vec<data_key::Model>, StoreError> {
    let seen = db.see(Sight::Installation, "look up which data keys the database was sealed with").await?;
    let rows =
        data_key::Entity::find().order_by_asc(data_key::Column::Id).limit(MAX_KEYS).all(seen.connection());
    seen.read(rows).await
}
