use orm::prelude::*;

// Keys and indexes have the names that PostgreSQL gives: `.naming_convention(NamingConvention::POSTGRES)`.

#[derive(Clone, Copy, Debug, PartialEq, SqlEnum)]
pub enum Mood {
    #[orm(rename = "happy")]
    Happy,
    #[orm(rename = "not so happy")]
    NotSoHappy,
}

#[derive(Clone, Debug, Model)]
#[orm(metadata = none)]
#[orm(table = "friends", unique(since, name = "later", deferrable))]
pub struct Friend {
    #[orm(primary_key, foreign_key = Person.id, on_delete = cascade)]
    pub one: i32,
    #[orm(primary_key, foreign_key = Person.id)]
    pub other: i32,
    pub since: chrono::NaiveDate,
    #[orm(back_populates = friends_by_one_person, foreign_key = one)]
    pub one_person: BelongsTo<Person>,
    #[orm(back_populates = friends_by_other_person, foreign_key = other)]
    pub other_person: BelongsTo<Person>,
}

#[derive(Clone, Debug, Model)]
#[orm(metadata = none)]
#[orm(table = "people", index(about, name = "by_about", method = "gin"))]
pub struct Person {
    #[orm(primary_key)]
    pub id: i32,
    #[orm(unique, identity(always, start = 100))]
    pub number: i32,
    #[orm(server_default = "gen_random_uuid()")]
    pub token: uuid::Uuid,
    #[orm(server_default = "'happy'::mood")]
    pub mood: Mood,
    pub moods: Option<Vec<Mood>>,
    pub words: Vec<String>,
    pub about: Option<serde_json::Value>,
    #[orm(server_default = "now()")]
    pub born: chrono::DateTime<chrono::Utc>,
    pub noted: Option<chrono::NaiveDateTime>,
    pub height: Option<f32>,
    #[orm(precision = 8, scale = 2, comment = "a month's")]
    pub wage: Option<rust_decimal::Decimal>,
    #[orm(sql_type = "macaddr")]
    pub mac: Option<String>,
    pub address: Option<std::net::IpAddr>,
    pub stay: Option<orm::Range<i32>>,
    #[orm(sql_type = "CHAR(3)")]
    pub code: Option<String>,
    #[orm(sql_type = "timestamp(3) with time zone")]
    pub seen: Option<chrono::DateTime<chrono::Utc>>,
    #[orm(sql_type = "json")]
    pub raw: Option<serde_json::Value>,
    #[orm(sql_type = "BIGINT", foreign_key = Person.id)]
    pub boss: Option<i32>,
    #[orm(computed("upper((code)::text)", stored))]
    pub upper_code: Option<String>,
    pub nap: Option<chrono::TimeDelta>,
    #[orm(
        back_populates = one_person,
        cascade(all, delete_orphan),
        passive_deletes,
        foreign_key = Friend.one,
    )]
    pub friends_by_one_person: HasMany<Friend>,
    #[orm(back_populates = other_person, foreign_key = Friend.other)]
    pub friends_by_other_person: HasMany<Friend>,
    #[orm(back_populates = people_by_boss_person)]
    pub boss_person: BelongsTo<Person>,
    #[orm(back_populates = boss_person)]
    pub people_by_boss_person: HasMany<Person>,
}
