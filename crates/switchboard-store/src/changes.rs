//! Rows that were read and changed. Only what is new about them is written: the indexes of everything else are left
//! alone.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel, Iterable,
    ModelTrait, PrimaryKeyToColumn, QueryFilter,
};

use crate::error::Failure;

/// Writes what tells the two apart. The row was read in this transaction and is there.
pub(crate) async fn save<M, A>(
    transaction: &DatabaseTransaction,
    before: &M,
    after: &M,
) -> Result<(), Failure>
where
    M: ModelTrait + IntoActiveModel<A>,
    A: ActiveModelTrait<Entity = M::Entity> + Send,
{
    let mut change = after.clone().into_active_model();
    let mut is_changed = false;
    for column in <M::Entity as EntityTrait>::Column::iter() {
        if before.get(column) != after.get(column) {
            change.reset(column);
            is_changed = true;
        }
    }
    if !is_changed {
        return Ok(());
    }
    let mut update = M::Entity::update_many().set(change);
    for key in <M::Entity as EntityTrait>::PrimaryKey::iter() {
        let column = key.into_column();
        update = update.filter(column.eq(before.get(column)));
    }
    match update.exec(transaction).await?.rows_affected {
        0 => Err(DbErr::RecordNotUpdated.into()),
        _ => Ok(()),
    }
}
