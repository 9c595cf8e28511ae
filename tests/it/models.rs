//! Models that are written from the tables of a database, and are what is there.
#![expect(unreachable_pub, reason = "the files are as they are written, for a program whose models are public")]

mod albums;
mod people;
mod pets;
mod shop;

use orm::ColumnType;
use orm::migrate::models;
use orm::prelude::*;
use orm::schema::{Column, ForeignKey, Index, NamingConvention, ReferentialAction, Table};

use self::shop::{Article, ArticleTag, Customer, Node, Offer, Order, OrderLine, Passport, Tag};
use crate::only;
use crate::support::empty_engine;

/// The source of what a database has, with a line at each model: these are not among the models of the program, `MetaData::global()`.
async fn source_of(engine: &Engine) -> String {
    let derive = "#[derive(Clone, Debug, Model)]\n";
    let source = models(&MetaData::reflect(engine).await.unwrap()).unwrap();
    source.replace(derive, &format!("{derive}#[orm(metadata = none)]\n"))
}

fn key() -> Column {
    Column::new("id", ColumnType::BigInteger).generated()
}

fn refers(column: &str, table: &str) -> ForeignKey {
    ForeignKey::new([column], table, ["id"])
}

/// A shop: two ways from an order to a customer, an offer by two columns, a tree, tags, one passport for each customer.
fn tables() -> MetaData {
    let integer = |name: &str| Column::new(name, ColumnType::BigInteger);
    let customers = Table::new("customers")
        .column(key())
        .column(Column::new("name", ColumnType::String(50)))
        .column(Column::new("type", ColumnType::Text).nullable())
        .column(Column::new("active", ColumnType::Boolean))
        .primary_key(["id"])
        .unique(["name"]);
    let passports = Table::new("passports")
        .column(Column::new("customer_id", ColumnType::BigInteger))
        .column(Column::new("issued", ColumnType::Date))
        .primary_key(["customer_id"])
        .foreign_key(refers("customer_id", "customers").on_delete(ReferentialAction::Cascade));
    let orders = Table::new("orders")
        .column(key())
        .column(integer("customer_id"))
        .column(integer("payer").nullable())
        .column(Column::new("at", ColumnType::DateTime).nullable())
        .column(Column::new("total", ColumnType::Double))
        .primary_key(["id"])
        .foreign_key(refers("customer_id", "customers"))
        .foreign_key(refers("payer", "customers").on_delete(ReferentialAction::SetNull))
        .index(["customer_id"])
        .index(Index::new(["payer", "total"]).name("by_payer"));
    let articles =
        Table::new("articles").column(key()).column(Column::new("name", ColumnType::String(80))).primary_key(["id"]);
    let offers = Table::new("offers")
        .column(integer("article_id"))
        .column(Column::new("region", ColumnType::String(2)))
        .column(Column::new("price", ColumnType::BigInteger))
        .primary_key(["region", "article_id"])
        .foreign_key(refers("article_id", "articles").on_delete(ReferentialAction::Cascade));
    let lines = Table::new("order_lines")
        .column(key())
        .column(integer("order_id"))
        .column(integer("article_id"))
        .column(Column::new("region", ColumnType::String(2)))
        .column(Column::new("quantity", ColumnType::SmallInteger))
        .primary_key(["id"])
        .unique(["order_id", "article_id"])
        .foreign_key(refers("order_id", "orders").on_delete(ReferentialAction::Cascade))
        .foreign_key(ForeignKey::new(["region", "article_id"], "offers", ["region", "article_id"]));
    let tags = Table::new("tags").column(key()).column(Column::new("word", ColumnType::String(20))).primary_key(["id"]);
    let tagged = Table::new("article_tags")
        .column(integer("article_id"))
        .column(integer("tag_id"))
        .primary_key(["article_id", "tag_id"])
        .foreign_key(refers("article_id", "articles"))
        .foreign_key(refers("tag_id", "tags"));
    let nodes = Table::new("nodes")
        .column(key())
        .column(integer("parent_id").nullable())
        .primary_key(["id"])
        .foreign_key(refers("parent_id", "nodes"));
    let all = [customers, passports, orders, articles, offers, lines, tags, tagged, nodes, log()];
    all.into_iter().fold(MetaData::new(), MetaData::table)
}

/// A table that can be no model.
fn log() -> Table {
    Table::new("log").column(Column::new("line", ColumnType::Text))
}

async fn shop() -> Engine {
    let engine = empty_engine().await;
    tables().create_all(&engine).await.unwrap();
    engine
}

#[tokio::test]
async fn the_source_of_tables_is_what_is_compiled_here() {
    let engine = shop().await;
    assert_eq!(source_of(&engine).await, include_str!("models/shop.rs"));
}

#[tokio::test]
async fn what_is_compiled_finds_the_tables_as_they_are() {
    let engine = shop().await;
    let models = metadata![Customer, Passport, Order, Article, Offer, OrderLine, Tag, ArticleTag, Node];
    models.table(log()).check(&engine).await.unwrap();
}

/// Tables of other programs, as they are often written on SQLite.
#[tokio::test]
async fn tables_of_other_programs_are_found_as_they_are() {
    only!(Sqlite);
    let engine = empty_engine().await;
    for sql in [
        "CREATE TABLE Artist (ArtistId INTEGER NOT NULL PRIMARY KEY, Name NVARCHAR(120))",
        "CREATE TABLE Album (AlbumId INTEGER NOT NULL, Title NVARCHAR(160) NOT NULL, ArtistId INTEGER NOT NULL, \
         Price NUMERIC(10, 2) NOT NULL DEFAULT 0, Sold BOOLEAN NOT NULL DEFAULT 0, CONSTRAINT PK_Album PRIMARY KEY (AlbumId), \
         FOREIGN KEY (ArtistId) REFERENCES Artist (ArtistId) ON DELETE NO ACTION, CHECK (Price >= 0))",
        "CREATE TABLE Biography (ArtistId INTEGER PRIMARY KEY REFERENCES Artist (ArtistId), Weight REAL)",
        "CREATE INDEX IFK_AlbumArtistId ON Album (ArtistId)",
        "CREATE UNIQUE INDEX titles ON Album (lower(Title), ArtistId DESC) WHERE Sold = 0",
    ] {
        text(sql).execute(&engine).await.unwrap();
    }
    assert_eq!(source_of(&engine).await, include_str!("models/albums.rs"));
    metadata![albums::Artist, albums::Album, albums::Biography].check(&engine).await.unwrap();
    text("INSERT INTO Artist VALUES (1, 'AC/DC')").execute(&engine).await.unwrap();
    text("INSERT INTO Album VALUES (1, 'Let There Be Rock', 1, 9.99, 1)").execute(&engine).await.unwrap();
    let albums = select(albums::Album).options(joinedload(albums::Album.artist)).all(&engine).await.unwrap();
    assert_eq!((albums[0].price.to_string().as_str(), albums[0].sold), ("9.99", true));
    assert_eq!(albums[0].artist.get().and_then(|artist| artist.name.as_deref()), Some("AC/DC"));
}

#[tokio::test]
async fn types_of_postgresql_are_found_as_they_are() {
    only!(Postgres);
    let engine = empty_engine().await;
    for sql in [
        "CREATE TYPE mood AS ENUM ('happy', 'not so happy')",
        "CREATE TABLE people (id SERIAL PRIMARY KEY, number INT GENERATED ALWAYS AS IDENTITY (START 100) UNIQUE, \
         token UUID NOT NULL DEFAULT gen_random_uuid(), mood mood NOT NULL DEFAULT 'happy', moods mood[], words TEXT[] NOT NULL, \
         about JSONB, born TIMESTAMPTZ NOT NULL DEFAULT now(), noted TIMESTAMP, height REAL, wage NUMERIC(8, 2), mac MACADDR, \
         address INET, stay INT4RANGE, code CHAR(3), seen TIMESTAMPTZ(3), raw JSON, boss BIGINT REFERENCES people, upper_code TEXT GENERATED ALWAYS AS (upper(code)) STORED, nap INTERVAL)",
        "CREATE TABLE friends (one INT NOT NULL REFERENCES people ON DELETE CASCADE, other INT NOT NULL REFERENCES people, \
         since DATE NOT NULL, PRIMARY KEY (one, other), CONSTRAINT later UNIQUE (since) DEFERRABLE)",
        "CREATE INDEX by_about ON people USING gin (about)",
        "COMMENT ON COLUMN people.wage IS 'a month''s'",
    ] {
        text(sql).execute(&engine).await.unwrap();
    }
    assert_eq!(source_of(&engine).await, include_str!("models/people.rs"));
    let models = metadata![people::Friend, people::Person].naming_convention(NamingConvention::POSTGRES);
    models.check(&engine).await.unwrap();
}

#[tokio::test]
async fn types_of_mysql_are_found_as_they_are() {
    only!(MariaDb);
    let engine = empty_engine().await;
    for sql in [
        "CREATE TABLE people (id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, mood ENUM('happy', 'sad') NOT NULL DEFAULT 'happy', \
         hue SET('red', 'blue'), is_old TINYINT(1) NOT NULL DEFAULT 0, age TINYINT UNSIGNED, big BIGINT UNSIGNED, born DATETIME, \
         noted TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, wage DECIMAL(8, 2), about JSON, face MEDIUMBLOB, story LONGTEXT)",
        "CREATE TABLE pets (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, owner_id INT UNSIGNED NOT NULL, name VARCHAR(40) NOT NULL, \
         UNIQUE KEY by_name (owner_id, name), CONSTRAINT of_owner FOREIGN KEY (owner_id) REFERENCES people (id) ON DELETE CASCADE)",
    ] {
        text(sql).execute(&engine).await.unwrap();
    }
    assert_eq!(source_of(&engine).await, include_str!("models/pets.rs"));
    metadata![pets::Person, pets::Pet].check(&engine).await.unwrap();
}
