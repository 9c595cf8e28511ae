//! Writes the crates that are measured: N models, each in a file of its own with two queries, the same for every peer.
//!
//! In: a peer, a size, and whether the models are one chain. Out: the folder of the crate.
//! A model has an integer key, four texts of which one may be NULL, an integer, a bool, a float, and a reference to the model
//! before it in its family of ten. Queries of asynchronous peers are boxed, since a library emits no code for a future that
//! nobody polls.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// A library that is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    Orm,
    Diesel,
    SeaOrm,
    Toasty,
    /// The same structs with serde's two derives: what no ORM can be below.
    Serde,
}

impl Peer {
    pub fn of(word: &str) -> Option<Self> {
        Some(match word {
            "orm" => Self::Orm,
            "diesel" => Self::Diesel,
            "seaorm" => Self::SeaOrm,
            "toasty" => Self::Toasty,
            "serde" => Self::Serde,
            _ => return None,
        })
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Orm => "orm",
            Self::Diesel => "Diesel",
            Self::SeaOrm => "SeaORM",
            Self::Toasty => "Toasty",
            Self::Serde => "serde (floor)",
        }
    }

    fn folder(self) -> &'static str {
        match self {
            Self::Orm => "orm",
            Self::Diesel => "diesel",
            Self::SeaOrm => "seaorm",
            Self::Toasty => "toasty",
            Self::Serde => "serde",
        }
    }

    fn dependencies(self) -> String {
        match self {
            Self::Orm => {
                let library = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
                format!("orm = {{ path = {library:?}, default-features = false, features = [\"sqlite\"] }}\n")
            }
            Self::Diesel => concat!(
                "diesel = { version = \"=2.3.14\", default-features = false, ",
                "features = [\"sqlite\", \"32-column-tables\", \"returning_clauses_for_sqlite_3_35\"] }\n",
                "libsqlite3-sys = { version = \"*\", features = [\"bundled\"] }\n"
            )
            .into(),
            Self::SeaOrm => concat!(
                "sea-orm = { version = \"=2.0.4\", default-features = false, ",
                "features = [\"macros\", \"sqlx-sqlite\", \"runtime-tokio\", \"sqlite-use-returning-for-3_35\"] }\n"
            )
            .into(),
            Self::Toasty => {
                "toasty = { version = \"=0.11.0\", default-features = false, features = [\"sqlite\"] }\n".into()
            }
            Self::Serde => "serde = { version = \"1\", features = [\"derive\"] }\n".into(),
        }
    }
}

/// The place of a model among the others.
struct Place {
    number: usize,
    /// The model that it refers to; the first of a family refers to itself.
    parent: usize,
    /// The model that refers to it.
    child: Option<usize>,
}

/// Writes the crate if it is not there yet.
pub fn write(into: &Path, peer: Peer, size: usize, is_chain: bool) -> PathBuf {
    let shape = if is_chain { "chain" } else { "n" };
    let folder = into.join(peer.folder()).join(format!("{shape}{size}"));
    if folder.join("src/lib.rs").exists() {
        return folder;
    }
    fs::create_dir_all(folder.join("src")).expect("a writable folder");
    let name = format!("{}-{shape}{size}", peer.folder());
    let manifest = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [profile.release]\nstrip = true\n\n[dependencies]\n{}",
        peer.dependencies()
    );
    save(&folder.join("Cargo.toml"), &manifest);
    let mut library = String::new();
    if peer == Peer::Diesel {
        library.push_str("pub mod schema;\n");
        save(&folder.join("src/schema.rs"), &diesel_schema(&places(size, is_chain)));
    }
    for place in places(size, is_chain) {
        let _ = writeln!(library, "pub mod m{};", place.number);
        let text = match peer {
            Peer::Orm => orm(&place),
            Peer::Diesel => diesel(&place),
            Peer::SeaOrm => seaorm(&place),
            Peer::Toasty => toasty(&place),
            Peer::Serde => serde(&place),
        };
        save(&folder.join(format!("src/m{}.rs", place.number)), &text);
    }
    save(&folder.join("src/lib.rs"), &library);
    save(&folder.join("src/main.rs"), &program(peer, &name, size));
    folder
}

/// A program that keeps every query, since it has their addresses.
fn program(peer: Peer, name: &str, size: usize) -> String {
    let library = name.replace('-', "_");
    let queries: &[&str] = match peer {
        Peer::Orm | Peer::SeaOrm | Peer::Toasty => &["force_find", "force_insert"],
        Peer::Diesel => &["find", "insert_one"],
        Peer::Serde => &["double"],
    };
    let address = |number: usize| {
        queries.iter().map(|query| format!("        {library}::m{number}::{query} as *const (),\n")).collect::<String>()
    };
    let addresses: String = (0..size).map(address).collect();
    format!(
        "fn main() {{\n    let queries = std::hint::black_box([\n{addresses}    ]);\n    println!(\"{{}}\", queries.len());\n}}\n"
    )
}

fn save(path: &Path, text: &str) {
    fs::write(path, text).expect("a writable folder");
}

fn places(size: usize, is_chain: bool) -> Vec<Place> {
    let is_first = |number: usize| number == 0 || (!is_chain && number.is_multiple_of(10));
    (0..size)
        .map(|number| Place {
            number,
            parent: if is_first(number) { number } else { number - 1 },
            child: (number + 1 < size && !is_first(number + 1)).then_some(number + 1),
        })
        .collect()
}

/// The columns that every peer has, apart from the key and the reference.
const COLUMNS: &str = "    pub title: String,
    pub body: String,
    pub slug: String,
    pub note: Option<String>,
    pub count: i32,
    pub active: bool,
    pub score: f64,
";

fn orm(place: &Place) -> String {
    let (n, p) = (place.number, place.parent);
    let name = format!("M{n}");
    let parent = if p == n { name.clone() } else { format!("crate::m{p}::M{p}") };
    // The first of a family has no parent to name; its column is a plain integer.
    let belongs = if p == n {
        "    pub parent_id: i64,\n".to_owned()
    } else {
        format!(
            "    #[orm(foreign_key = {parent}.id, index)]\n    pub parent_id: i64,\n    #[orm(back_populates = children)]\n    pub parent: BelongsTo<{parent}>,\n"
        )
    };
    let children = place.child.map_or(String::new(), |c| {
        format!("    #[orm(back_populates = parent)]\n    pub children: HasMany<crate::m{c}::M{c}>,\n")
    });
    format!(
        "use orm::prelude::*;
use std::pin::Pin;

#[derive(Clone, Debug, Model)]
#[orm(table = \"m{n}\")]
pub struct {name} {{
    #[orm(primary_key)]
    pub id: i64,
{COLUMNS}{belongs}{children}}}

pub async fn find(engine: &Engine, title: &str, min: i32) -> Result<Vec<{name}>, Error> {{
    select({name})
        .filter({name}.title.eq(title))
        .filter({name}.count.gt(min))
        .order_by({name}.id.desc())
        .limit(20 + 0)
        .all(engine)
        .await
}}

pub async fn insert_one(engine: &Engine, title: &str, parent_id: i64) -> Result<{name}, Error> {{
    insert({name})
        .values(
            {name}::builder()
                .title(title)
                .body(\"body\")
                .slug(\"slug\")
                .count(1)
                .active(true)
                .score(0.5)
                .parent_id(parent_id),
        )
        .returning({name})
        .one(engine)
        .await
}}

pub fn force_find(engine: &Engine) -> Pin<Box<dyn Future<Output = Result<Vec<{name}>, Error>> + Send + '_>> {{
    Box::pin(find(engine, \"a\", 1))
}}

pub fn force_insert(engine: &Engine) -> Pin<Box<dyn Future<Output = Result<{name}, Error>> + Send + '_>> {{
    Box::pin(insert_one(engine, \"a\", 1))
}}
"
    )
}

fn diesel_schema(places: &[Place]) -> String {
    let mut text = String::new();
    for Place { number, .. } in places {
        let _ = write!(
            text,
            "diesel::table! {{
    m{number} (id) {{
        id -> Integer,
        title -> Text,
        body -> Text,
        slug -> Text,
        note -> Nullable<Text>,
        count -> Integer,
        active -> Bool,
        score -> Double,
        parent_id -> Integer,
    }}
}}
"
        );
    }
    for place in places.iter().filter(|place| place.parent != place.number) {
        let _ = writeln!(text, "diesel::joinable!(m{} -> m{} (parent_id));", place.number, place.parent);
    }
    let names: Vec<String> = places.iter().map(|place| format!("m{}", place.number)).collect();
    let _ = writeln!(text, "diesel::allow_tables_to_appear_in_same_query!({});", names.join(", "));
    text
}

fn diesel(place: &Place) -> String {
    let (n, p) = (place.number, place.parent);
    let (derive, belongs) = if p == n {
        ("", String::new())
    } else {
        (", Associations", format!(", belongs_to(crate::m{p}::M{p}, foreign_key = parent_id)"))
    };
    format!(
        "use crate::schema::m{n};
use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;

#[derive(Clone, Debug, Queryable, Selectable, Identifiable, AsChangeset{derive})]
#[diesel(table_name = m{n}{belongs}, check_for_backend(diesel::sqlite::Sqlite))]
pub struct M{n} {{
    pub id: i32,
{COLUMNS}    pub parent_id: i32,
}}

#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = m{n})]
pub struct NewM{n} {{
{COLUMNS}    pub parent_id: i32,
}}

pub fn find(connection: &mut SqliteConnection, title: &str, min: i32) -> QueryResult<Vec<M{n}>> {{
    m{n}::table
        .filter(m{n}::title.eq(title))
        .filter(m{n}::count.gt(min))
        .order(m{n}::id.desc())
        .limit(20 + 0)
        .select(M{n}::as_select())
        .load(connection)
}}

pub fn insert_one(connection: &mut SqliteConnection, title: &str, parent_id: i32) -> QueryResult<M{n}> {{
    diesel::insert_into(m{n}::table)
        .values(NewM{n} {{
            title: title.to_owned(),
            body: \"body\".to_owned(),
            slug: \"slug\".to_owned(),
            note: None,
            count: 1,
            active: true,
            score: 0.5,
            parent_id,
        }})
        .returning(M{n}::as_returning())
        .get_result(connection)
}}
"
    )
}

fn seaorm(place: &Place) -> String {
    let (n, p) = (place.number, place.parent);
    let belongs = if p == n {
        String::new()
    } else {
        format!(
            "    #[sea_orm(belongs_to, from = \"parent_id\", to = \"id\")]\n    pub parent: BelongsTo<super::m{p}::Entity>,\n"
        )
    };
    let children = place.child.map_or(String::new(), |c| {
        format!("    #[sea_orm(has_many)]\n    pub children: HasMany<super::m{c}::Entity>,\n")
    });
    format!(
        "use sea_orm::entity::prelude::*;
use sea_orm::{{QueryOrder, QuerySelect, Set}};
use std::pin::Pin;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = \"m{n}\")]
pub struct Model {{
    #[sea_orm(primary_key)]
    pub id: i32,
{COLUMNS}    pub parent_id: i32,
{belongs}{children}}}

impl ActiveModelBehavior for ActiveModel {{}}

pub async fn find(db: &DatabaseConnection, title: &str, min: i32) -> Result<Vec<Model>, DbErr> {{
    Entity::find()
        .filter(Column::Title.eq(title))
        .filter(Column::Count.gt(min))
        .order_by_desc(Column::Id)
        .limit(20 + 0)
        .all(db)
        .await
}}

pub async fn insert_one(db: &DatabaseConnection, title: &str, parent_id: i32) -> Result<Model, DbErr> {{
    ActiveModel {{
        title: Set(title.to_owned()),
        body: Set(\"body\".to_owned()),
        slug: Set(\"slug\".to_owned()),
        note: Set(None),
        count: Set(1),
        active: Set(true),
        score: Set(0.5),
        parent_id: Set(parent_id),
        ..Default::default()
    }}
    .insert(db)
    .await
}}

pub fn force_find(db: &DatabaseConnection) -> Pin<Box<dyn Future<Output = Result<Vec<Model>, DbErr>> + Send + '_>> {{
    Box::pin(find(db, \"a\", 1))
}}

pub fn force_insert(db: &DatabaseConnection) -> Pin<Box<dyn Future<Output = Result<Model, DbErr>> + Send + '_>> {{
    Box::pin(insert_one(db, \"a\", 1))
}}
"
    )
}

fn toasty(place: &Place) -> String {
    let (n, p) = (place.number, place.parent);
    let belongs = if p == n {
        String::new()
    } else {
        format!(
            "    #[belongs_to(key = parent_id, references = id)]\n    pub parent: toasty::Deferred<crate::m{p}::M{p}>,\n"
        )
    };
    let children = place.child.map_or(String::new(), |c| {
        format!("    #[has_many(pair = parent)]\n    pub children: toasty::Deferred<Vec<crate::m{c}::M{c}>>,\n")
    });
    format!(
        "use std::pin::Pin;
use toasty::Db;

#[derive(Clone, Debug, toasty::Model)]
#[table = \"m{n}\"]
pub struct M{n} {{
    #[key]
    #[auto]
    pub id: i64,
{COLUMNS}    #[index]
    pub parent_id: i64,
{belongs}{children}}}

pub async fn find(db: &mut Db, title: &str, min: i32) -> Result<Vec<M{n}>, toasty::Error> {{
    M{n}::filter(M{n}::fields().title().eq(title))
        .filter(M{n}::fields().count().gt(min))
        .order_by(M{n}::fields().id().desc())
        .limit(20 + 0)
        .exec(db)
        .await
}}

pub async fn insert_one(db: &mut Db, title: &str, parent_id: i64) -> Result<M{n}, toasty::Error> {{
    M{n}::create()
        .title(title)
        .body(\"body\")
        .slug(\"slug\")
        .count(1)
        .active(true)
        .score(0.5)
        .parent_id(parent_id)
        .exec(db)
        .await
}}

pub fn force_find(db: &mut Db) -> Pin<Box<dyn Future<Output = Result<Vec<M{n}>, toasty::Error>> + Send + '_>> {{
    Box::pin(find(db, \"a\", 1))
}}

pub fn force_insert(db: &mut Db) -> Pin<Box<dyn Future<Output = Result<M{n}, toasty::Error>> + Send + '_>> {{
    Box::pin(insert_one(db, \"a\", 1))
}}
"
    )
}

fn serde(place: &Place) -> String {
    let n = place.number;
    format!(
        "#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct M{n} {{
    pub id: i64,
{COLUMNS}    pub parent_id: i64,
}}

pub fn double() -> i32 {{
    20 + 0
}}
"
    )
}
