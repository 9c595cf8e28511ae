//! The models that the cases misuse.
use orm::prelude::*;

#[derive(Clone, Debug, Model)]
#[orm(table = "users")]
pub struct User {
    #[orm(primary_key)]
    pub id: i64,
    pub name: String,
    pub fullname: Option<String>,
    #[orm(default = true)]
    pub active: bool,
    #[orm(back_populates = user)]
    pub addresses: HasMany<Address>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "addresses")]
pub struct Address {
    #[orm(primary_key)]
    pub id: i64,
    pub email: String,
    #[orm(foreign_key = User.id)]
    pub user_id: i64,
    #[orm(back_populates = addresses)]
    pub user: BelongsTo<User>,
}
