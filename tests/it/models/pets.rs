use orm::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq, SqlEnum)]
#[orm(rename_all = "snake_case")]
pub enum PeopleMood {
    Happy,
    Sad,
}

#[derive(Clone, Debug, Model)]
#[orm(metadata = none)]
#[orm(table = "people")]
pub struct Person {
    #[orm(primary_key, sql_type = "int unsigned")]
    pub id: i64,
    #[orm(server_default = "'happy'")]
    pub mood: PeopleMood,
    #[orm(sql_type = "set('red','blue')")]
    pub hue: Option<String>,
    #[orm(server_default = "0")]
    pub is_old: bool,
    #[orm(sql_type = "tinyint unsigned")]
    pub age: Option<i64>,
    #[orm(sql_type = "bigint unsigned")]
    pub big: Option<rust_decimal::Decimal>,
    #[orm(sql_type = "datetime")]
    pub born: Option<chrono::NaiveDateTime>,
    #[orm(sql_type = "timestamp", server_default = "current_timestamp()")]
    pub noted: chrono::DateTime<chrono::Utc>,
    #[orm(precision = 8, scale = 2)]
    pub wage: Option<rust_decimal::Decimal>,
    pub about: Option<serde_json::Value>,
    #[orm(sql_type = "mediumblob")]
    pub face: Option<Vec<u8>>,
    #[orm(sql_type = "longtext")]
    pub story: Option<String>,
    #[orm(back_populates = owner, cascade(all, delete_orphan), passive_deletes)]
    pub pets: HasMany<Pet>,
}

#[derive(Clone, Debug, Model)]
#[orm(metadata = none)]
#[orm(table = "pets", unique(owner_id, name, name = "by_name"))]
pub struct Pet {
    #[orm(primary_key, sql_type = "bigint unsigned")]
    pub id: i64,
    #[orm(
        sql_type = "int unsigned",
        foreign_key(Person.id, name = "of_owner"),
        on_delete = cascade,
    )]
    pub owner_id: i64,
    #[orm(length = 40)]
    pub name: String,
    #[orm(back_populates = pets)]
    pub owner: BelongsTo<Person>,
}
