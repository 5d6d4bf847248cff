//! A recording of a call; its sound is a file.

use sea_orm::entity::prelude::*;

#[derive(Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "recordings")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub call_id: Uuid,
    pub number_id: Uuid,
    pub node_id: Uuid,
    pub state: String,
    pub started_at: DateTimeUtc,
    pub ended_at: Option<DateTimeUtc>,
    pub duration_ms: Option<i64>,
    pub size_bytes: Option<i64>,
    pub cut: bool,
    #[sea_orm(column_type = "JsonBinary")]
    pub pauses: Json,
    pub peaks: Option<Vec<u8>>,
    pub peaks_interval_ms: Option<i32>,
    pub failure: Option<String>,
    pub place: Option<String>,
    pub wrapped_key: Option<String>,
    pub errand_at: Option<DateTimeUtc>,
    pub errand_attempts: i32,
    pub deleted_at: Option<DateTimeUtc>,
    pub deleted_by: Option<Uuid>,
}

super::masked_debug!("recordings");

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(belongs_to = "super::call::Entity", from = "Column::CallId", to = "super::call::Column::Id")]
    Call,
}

impl Related<super::call::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Call.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
