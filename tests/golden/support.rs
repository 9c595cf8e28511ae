//! The models that cases are about, and [`check`].

use expect_test::Expect;
use orm::prelude::*;
use orm::{Dialect, Range, Render};

#[derive(Clone, Debug, Model)]
#[orm(table = "users", metadata = none)]
pub(crate) struct User {
    #[orm(primary_key)]
    pub(crate) id: i64,
    #[orm(length = 50, unique)]
    pub(crate) name: String,
    pub(crate) fullname: Option<String>,
    pub(crate) age: Option<i32>,
    #[orm(default = true)]
    pub(crate) active: bool,
    #[orm(back_populates = user, cascade(all, delete_orphan), order_by = id)]
    pub(crate) addresses: HasMany<Address>,
    #[orm(secondary = UserKeyword, back_populates = users)]
    pub(crate) keywords: ManyToMany<Keyword>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "addresses", metadata = none)]
pub(crate) struct Address {
    #[orm(primary_key)]
    pub(crate) id: i64,
    pub(crate) email: String,
    #[orm(foreign_key = User.id)]
    pub(crate) user_id: i64,
    #[orm(back_populates = addresses)]
    pub(crate) user: BelongsTo<User>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "keywords", metadata = none)]
pub(crate) struct Keyword {
    #[orm(primary_key)]
    pub(crate) id: i64,
    pub(crate) word: String,
    #[orm(secondary = UserKeyword, back_populates = keywords)]
    pub(crate) users: ManyToMany<User>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "user_keywords", metadata = none)]
pub(crate) struct UserKeyword {
    #[orm(primary_key, foreign_key = User.id)]
    pub(crate) user_id: i64,
    #[orm(primary_key, foreign_key = Keyword.id)]
    pub(crate) keyword_id: i64,
}

/// A table that refers to itself.
#[derive(Clone, Debug, Model)]
#[orm(table = "nodes", metadata = none)]
pub(crate) struct Node {
    #[orm(primary_key)]
    pub(crate) id: i64,
    pub(crate) name: String,
    #[orm(foreign_key = Node.id)]
    pub(crate) parent_id: Option<i64>,
    #[orm(back_populates = children)]
    pub(crate) parent: BelongsTo<Node>,
    #[orm(back_populates = parent)]
    pub(crate) children: HasMany<Node>,
}

/// A table that refers to users twice.
#[derive(Clone, Debug, Model)]
#[orm(table = "letters", metadata = none)]
pub(crate) struct Letter {
    #[orm(primary_key)]
    pub(crate) id: i64,
    #[orm(foreign_key = User.id)]
    pub(crate) sender_id: i64,
    #[orm(foreign_key = User.id)]
    pub(crate) receiver_id: i64,
}

/// A table that nothing refers to.
#[derive(Clone, Debug, Model)]
#[orm(table = "unrelated", metadata = none)]
pub(crate) struct Unrelated {
    #[orm(primary_key)]
    pub(crate) id: i64,
}

/// A value of each kind of number.
#[derive(Clone, Debug, Model)]
#[orm(table = "numbers", metadata = none)]
pub(crate) struct Number {
    #[orm(primary_key)]
    pub(crate) id: i64,
    pub(crate) small: i16,
    pub(crate) int: i32,
    pub(crate) big: i64,
    pub(crate) real: f32,
    pub(crate) double: f64,
}

/// Dates and times.
#[derive(Clone, Debug, Model)]
#[orm(table = "moments", metadata = none)]
pub(crate) struct Moment {
    #[orm(primary_key)]
    pub(crate) id: i64,
    pub(crate) day: chrono::NaiveDate,
    pub(crate) at: chrono::DateTime<chrono::Utc>,
}

/// Columns of ranges.
#[derive(Clone, Debug, Model)]
#[orm(table = "stays", metadata = none)]
pub(crate) struct Stay {
    #[orm(primary_key)]
    pub(crate) id: i64,
    pub(crate) room: i32,
    pub(crate) nights: Range<i32>,
    pub(crate) seats: Option<Range<i64>>,
}

/// A JSON document and an array.
#[derive(Clone, Debug, Model)]
#[orm(table = "documents", metadata = none)]
pub(crate) struct Document {
    #[orm(primary_key)]
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) body: serde_json::Value,
    pub(crate) tags: Vec<String>,
}

/// The dialects in the order in which they are shown.
const DIALECTS: [Dialect; 4] = [Dialect::Sqlite, Dialect::Postgres, Dialect::MySql, Dialect::MariaDb];

/// Checks what a statement becomes on each dialect; those that agree share a line.
pub(crate) fn check(statement: impl Render, expected: Expect) {
    check_with(|dialect| statement.to_sql(dialect), expected);
}

/// Checks what is rendered for each dialect; those that agree share a line.
pub(crate) fn check_with(render: impl Fn(Dialect) -> String, expected: Expect) {
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    for dialect in DIALECTS {
        let text = render(dialect);
        match groups.iter_mut().find(|(known, _)| *known == text) {
            Some((_, names)) => names.push(dialect.name()),
            None => groups.push((text, vec![dialect.name()])),
        }
    }
    let mut shown = String::new();
    for (text, names) in groups {
        let who = if names.len() == DIALECTS.len() { "all".to_owned() } else { names.join(", ") };
        shown.push_str(&format!("-- {who}\n{text}\n"));
    }
    expected.assert_eq(&shown);
}
