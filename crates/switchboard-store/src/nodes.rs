//! Running processes. An epoch counts the starts of a node: what an older start wrote is fenced off by it.

use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ActiveValue::Set, EntityTrait};
use switchboard_core::ids::NodeId;
use switchboard_core::time::Timestamp;

use crate::columns::moment;
use crate::db::{Db, Lane, Sight};
use crate::entities::node;
use crate::error::StoreError;

/// Questions about nodes. They belong to no tenant.
#[derive(Debug, Clone, Copy)]
pub struct Nodes<'s> {
    pub(crate) db: &'s Db,
}

impl Nodes<'_> {
    /// Notes a start of this node and returns its epoch: 1 for the first, one more for each.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn register(&self, id: NodeId, at: Timestamp) -> Result<i64, StoreError> {
        self.db
            .write(Lane::Settings, Sight::Installation, 1, format!("register {id}"), move |transaction| {
                Box::pin(async move {
                    let row =
                        node::ActiveModel { id: Set(id.uuid()), epoch: Set(1), started_at: Set(moment(at)) };
                    let next = Expr::col((node::Entity, node::Column::Epoch)).add(1);
                    let again = OnConflict::column(node::Column::Id)
                        .value(node::Column::Epoch, next)
                        .update_column(node::Column::StartedAt)
                        .to_owned();
                    let row =
                        node::Entity::insert(row).on_conflict(again).exec_with_returning(transaction).await?;
                    Ok(row.epoch)
                })
            })
            .await
    }
}
