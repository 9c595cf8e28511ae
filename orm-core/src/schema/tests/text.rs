//! What DDL of a table looks like on each database.

use super::*;

#[test]
fn sqlite_text() {
    let sql = metadata([&ADDRESS, &USER]).to_sql(Dialect::Sqlite);
    assert_eq!(
        sql,
        "\
CREATE TABLE users (
    id INTEGER NOT NULL,
    name VARCHAR(50) NOT NULL,
    fullname TEXT,
    PRIMARY KEY (id),
    CONSTRAINT uq_users_name UNIQUE (name)
);

CREATE TABLE addresses (
    id INTEGER NOT NULL,
    email TEXT NOT NULL,
    user_id BIGINT NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT fk_addresses_user_id_users FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE ON UPDATE SET NULL,
    CONSTRAINT ck_addresses_1 CHECK (email LIKE '%@%')
);

CREATE INDEX ix_addresses_user_id ON addresses (user_id)"
    );
}

#[test]
fn postgres_text() {
    let sql = metadata([&ADDRESS, &USER]).to_sql(Dialect::Postgres);
    assert_eq!(
        sql,
        "\
CREATE TABLE users (
    id BIGSERIAL NOT NULL,
    name VARCHAR(50) NOT NULL,
    fullname TEXT,
    CONSTRAINT pk_users PRIMARY KEY (id),
    CONSTRAINT uq_users_name UNIQUE (name)
);

CREATE TABLE addresses (
    id BIGSERIAL NOT NULL,
    email TEXT NOT NULL,
    user_id BIGINT NOT NULL,
    CONSTRAINT pk_addresses PRIMARY KEY (id),
    CONSTRAINT fk_addresses_user_id_users FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE ON UPDATE SET NULL,
    CONSTRAINT ck_addresses_1 CHECK (email LIKE '%@%')
);

CREATE INDEX ix_addresses_user_id ON addresses (user_id)"
    );
}

#[test]
fn mysql_text() {
    let sql = metadata([&ADDRESS, &USER]).to_sql(Dialect::MySql);
    assert_eq!(
        sql,
        "\
CREATE TABLE users (
    id BIGINT NOT NULL AUTO_INCREMENT,
    name VARCHAR(50) NOT NULL,
    fullname TEXT,
    PRIMARY KEY (id),
    CONSTRAINT uq_users_name UNIQUE (name)
);

CREATE TABLE addresses (
    id BIGINT NOT NULL AUTO_INCREMENT,
    email TEXT NOT NULL,
    user_id BIGINT NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT fk_addresses_user_id_users FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE ON UPDATE SET NULL,
    CONSTRAINT ck_addresses_1 CHECK (email LIKE '%@%'),
    INDEX ix_addresses_user_id (user_id)
)"
    );
    assert_eq!(metadata([&ADDRESS, &USER]).to_sql(Dialect::MariaDb), sql);
}

models! {
    ORDER = {
        name: "Order", table: "order", schema: Some("Shop"), comment: Some("what's ordered"),
        columns: &[
            Column::new::<i32>("select", "select").primary_key(),
            Column::new::<i32>("Line", "Line").primary_key().extras(const { &ColumnExtras::NONE.comment("from 1 \\ up") }),
            Column::new::<i32>("double", "double").index().unique(),
        ],
        key: &[0, 1], uniques: &[IndexDefinition::new(&[1, 2])], indexes: &[IndexDefinition::new(&[2, 0])],
    };
}

#[test]
fn names_are_quoted_and_have_their_schema() {
    check(
        &ORDER,
        Dialect::Sqlite,
        "\
CREATE TABLE \"Shop\".\"order\" (
    \"select\" INTEGER NOT NULL,
    \"Line\" INTEGER NOT NULL,
    double INTEGER NOT NULL,
    PRIMARY KEY (\"select\", \"Line\"),
    CONSTRAINT \"uq_order_Line_double\" UNIQUE (\"Line\", double)
);

CREATE UNIQUE INDEX \"Shop\".ix_order_double ON \"order\" (double);

CREATE INDEX \"Shop\".ix_order_double_select ON \"order\" (double, \"select\")",
    );
    check(
        &ORDER,
        Dialect::MySql,
        "\
CREATE TABLE `Shop`.`order` (
    `select` INTEGER NOT NULL,
    `Line` INTEGER NOT NULL COMMENT 'from 1 \\\\ up',
    `double` INTEGER NOT NULL,
    PRIMARY KEY (`select`, `Line`),
    CONSTRAINT `uq_order_Line_double` UNIQUE (`Line`, `double`),
    UNIQUE INDEX ix_order_double (`double`),
    INDEX ix_order_double_select (`double`, `select`)
) COMMENT='what''s ordered'",
    );
}

#[test]
fn postgres_has_comments_of_their_own() {
    check(
        &ORDER,
        Dialect::Postgres,
        "\
CREATE TABLE \"Shop\".\"order\" (
    \"select\" INTEGER NOT NULL,
    \"Line\" INTEGER NOT NULL,
    double INTEGER NOT NULL,
    CONSTRAINT pk_order PRIMARY KEY (\"select\", \"Line\"),
    CONSTRAINT \"uq_order_Line_double\" UNIQUE (\"Line\", double)
);

CREATE UNIQUE INDEX ix_order_double ON \"Shop\".\"order\" (double);

CREATE INDEX ix_order_double_select ON \"Shop\".\"order\" (double, \"select\");

COMMENT ON TABLE \"Shop\".\"order\" IS 'what''s ordered';

COMMENT ON COLUMN \"Shop\".\"order\".\"Line\" IS 'from 1 \\ up'",
    );
}
