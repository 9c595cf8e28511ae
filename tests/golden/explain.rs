//! The words before a statement that is to be explained.

use expect_test::expect;
use orm::__private::Statement;
use orm::prelude::*;
use orm::{Render, Result};

use crate::support::{User, check};

/// What `explain` sends.
struct Explained<R>(R);

impl<R: Render> Render for Explained<R> {
    fn __rendered(&self) -> Result<Vec<Statement>> {
        Ok(self.0.__rendered()?.into_iter().map(|statement| Statement::Explain(Box::new(statement))).collect())
    }
}

#[test]
fn a_select_is_explained() {
    check(
        Explained(select(User.id).filter(User.id.eq(1))),
        expect![[r#"
        -- sqlite
        EXPLAIN QUERY PLAN SELECT users.id FROM users WHERE users.id = ?
        -- postgresql
        EXPLAIN SELECT users.id FROM users WHERE users.id = $1
        -- mysql, mariadb
        EXPLAIN FORMAT=JSON SELECT users.id FROM users WHERE users.id = ?
    "#]],
    );
}

#[test]
fn an_insert_is_explained() {
    check(
        Explained(insert(User).values(User::builder().name("ed"))),
        expect![[r#"
        -- sqlite
        EXPLAIN QUERY PLAN INSERT INTO users (name, active) VALUES (?, ?)
        -- postgresql
        EXPLAIN INSERT INTO users (name, active) VALUES ($1, $2)
        -- mysql, mariadb
        EXPLAIN FORMAT=JSON INSERT INTO users (name, active) VALUES (?, ?)
    "#]],
    );
}

#[test]
fn an_update_is_explained() {
    check(
        Explained(update(User).set(User.name, "ed")),
        expect![[r#"
        -- sqlite
        EXPLAIN QUERY PLAN UPDATE users SET name = ?
        -- postgresql
        EXPLAIN UPDATE users SET name = $1
        -- mysql, mariadb
        EXPLAIN FORMAT=JSON UPDATE users SET name = ?
    "#]],
    );
}

#[test]
fn a_delete_is_explained() {
    check(
        Explained(delete(User)),
        expect![[r#"
        -- sqlite
        EXPLAIN QUERY PLAN DELETE FROM users
        -- postgresql
        EXPLAIN DELETE FROM users
        -- mysql, mariadb
        EXPLAIN FORMAT=JSON DELETE FROM users
    "#]],
    );
}

#[test]
fn text_is_explained() {
    check(
        Explained(text("SELECT :n").bind("n", 1)),
        expect![[r#"
        -- sqlite
        EXPLAIN QUERY PLAN SELECT ?
        -- postgresql
        EXPLAIN SELECT $1
        -- mysql, mariadb
        EXPLAIN FORMAT=JSON SELECT ?
    "#]],
    );
}

#[test]
fn returning_is_explained_as_it_would_be_sent() {
    check(
        Explained(insert(User).values(User::builder().name("ed")).returning(User.id)),
        expect![[r#"
        -- sqlite
        EXPLAIN QUERY PLAN INSERT INTO users (name, active) VALUES (?, ?) RETURNING id
        -- postgresql
        EXPLAIN INSERT INTO users (name, active) VALUES ($1, $2) RETURNING id
        -- mysql
        EXPLAIN FORMAT=JSON INSERT INTO users (name, active) VALUES (?, ?);
        EXPLAIN FORMAT=JSON SELECT users.id FROM users WHERE users.id = last_insert_id()
        -- mariadb
        EXPLAIN FORMAT=JSON INSERT INTO users (name, active) VALUES (?, ?) RETURNING id
    "#]],
    );
}
