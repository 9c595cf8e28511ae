//! Bad input: each a clear error, and nothing lost.

use expect_test::expect;
use orm::Dialect::{MariaDb, MySql, Postgres, Sqlite};
use orm::prelude::*;
use orm::{DatabaseErrorKind, ErrorKind, ExecutionOptions};

use crate::support::{
    Address, Keyword, Node, User, UserKeyword, empty_engine, empty_engine_with, engine, expected, session, two_users,
};

#[test]
fn an_unknown_scheme_names_itself_and_the_known_ones() {
    let error = Engine::new("oracle://scott:tiger@localhost/xe").unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Argument);
    assert_eq!(
        error.to_string(),
        "the database URL names the unknown dialect `oracle`\n\
         hint: the known ones are `sqlite`, `postgresql`, `mysql` and `mariadb`"
    );
    assert!(Engine::new("shop.db").unwrap_err().to_string().contains("it has no scheme"));
    let key = Engine::new("sqlite::memory:?jurnal=wal").unwrap_err();
    assert!(key.to_string().starts_with("the database URL has the unknown key `jurnal`"), "{key}");
    let value = Engine::new("sqlite::memory:?busy_timeout=soon").unwrap_err();
    assert!(value.to_string().contains("expected a number of milliseconds"), "{value}");
}

#[test]
fn a_url_never_shows_its_password() {
    let engine = Engine::new("sqlite:///x.db?password=secret").map(|engine| engine.url().to_string());
    assert!(!format!("{engine:?}").contains("secret"));
}

#[tokio::test]
async fn null_in_a_column_that_is_no_option_names_the_column() {
    let engine = engine().await;
    two_users(&engine).await;
    let error = text("SELECT id, NULL FROM users").columns::<(i64, String)>().all(&engine).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Data);
    assert_eq!(error.message(), "column `#2` cannot be read: it is NULL, and the Rust type is not an `Option`");
    assert!(error.to_string().contains("hint: select it by `optional(…)`, or read it into an `Option`"), "{error}");

    #[derive(Clone, Debug, Model)]
    #[orm(table = "users", metadata = none)]
    struct Strict {
        #[orm(primary_key)]
        id: i64,
        fullname: String,
    }
    let error = select(Strict).order_by(Strict.id).all(&engine).await.unwrap_err();
    assert_eq!(
        error.message(),
        "column `users.fullname` cannot be read: it is NULL, and the Rust type is not an `Option`"
    );
    assert!(error.statement().unwrap().starts_with("SELECT users.id, users.fullname"));
}

#[tokio::test]
async fn a_unique_violation_names_the_column_and_the_statement() {
    let engine = engine().await;
    two_users(&engine).await;
    let error = insert(User).values(User::builder().name("ed")).execute(&engine).await.unwrap_err();
    assert!(error.is_unique_violation() && !error.is_retryable());
    assert_eq!(error.columns(), ["name"]);
    assert!(matches!(
        error.kind(),
        ErrorKind::Integrity { kind: DatabaseErrorKind::UniqueViolation, table: Some(table), .. } if table == "users"
    ));
    let sqlite = "UNIQUE constraint failed: users.name\n[SQL: INSERT INTO users (name, active) VALUES (?, ?)]";
    let postgres = "duplicate key value violates unique constraint \"uq_users_name\"\n\
                    detail: Key (name)=(ed) already exists.\n\
                    [SQL: INSERT INTO users (name, active) VALUES ($1, $2)]";
    let mysql = "Duplicate entry 'ed' for key 'uq_users_name'\n\
                 [SQL: INSERT INTO users (name, active) VALUES (?, ?)]";
    let words = "the words are the database's, the SQL and the parameters ours";
    let with_table = mysql.replacen("'uq_", "'users.uq_", 1);
    let known = expected(sqlite, [(Postgres, postgres, words), (MariaDb, mysql, words), (MySql, &with_table, words)]);
    assert_eq!(error.to_string(), format!("{known}\n[parameters: (\"ed\", true)]"));
}

#[tokio::test]
async fn hidden_parameters_are_in_no_error() {
    let engine = empty_engine_with(|settings| settings.hide_parameters(true)).await;
    metadata![User, crate::support::Address, crate::support::Keyword, crate::support::UserKeyword]
        .create_all(&engine)
        .await
        .unwrap();
    let twice = vec![User::builder().name("secret"), User::builder().name("secret")];
    let error = insert(User).values(twice).execute(&engine).await.unwrap_err();
    assert!(error.to_string().contains("[parameters: hidden"), "{error}");
    assert!(!error.to_string().contains("secret"));
    assert_eq!(
        error.code(),
        Some(expected("2067", [(Postgres, "23505", ""), (MariaDb, "1062", ""), (MySql, "1062", "")]))
    );
}

#[derive(Clone, Debug, Model)]
#[orm(table = "shops", metadata = none)]
struct Shop {
    #[orm(primary_key)]
    id: i64,
    #[orm(length = 5)]
    name: String,
    size: i32,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "sales", metadata = none)]
struct Sale {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = Shop.id, on_delete = restrict)]
    shop_id: i64,
}

/// SQLite keeps such a row by a trigger of its own.
#[tokio::test]
async fn a_row_that_is_kept_by_restrict_is_a_foreign_key_violation() {
    let engine = empty_engine().await;
    metadata![Shop, Sale].create_all(&engine).await.unwrap();
    insert(Shop).values(Shop { id: 1, name: "shop".into(), size: 1 }).execute(&engine).await.unwrap();
    insert(Sale).values(Sale { id: 1, shop_id: 1 }).execute(&engine).await.unwrap();
    let deleted = delete(Shop).execute(&engine).await.unwrap_err();
    assert!(deleted.is_foreign_key_violation(), "{deleted:?}");
    let missing = update(Sale).set(Sale.shop_id, 9).execute(&engine).await.unwrap_err();
    assert!(missing.is_foreign_key_violation(), "{missing:?}");
}

/// The others name it.
#[tokio::test]
async fn a_foreign_key_that_sqlite_does_not_name_is_told_by_those_that_there_are() {
    let engine = empty_engine().await;
    metadata![Shop, Sale].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    session.add(Sale { id: 1, shop_id: 1 });
    let orphan = session.commit().await.unwrap_err().to_string();
    insert(Shop).values(Shop { id: 1, name: "shop".into(), size: 1 }).execute(&engine).await.unwrap();
    insert(Sale).values(Sale { id: 1, shop_id: 1 }).execute(&engine).await.unwrap();
    let kept = delete(Shop).execute(&engine).await.unwrap_err().to_string();
    let changed = update(Shop).set(Shop.id, 9).execute(&engine).await.unwrap_err().to_string();
    let is_sqlite = engine.dialect() == Sqlite;
    for (error, words) in [
        (orphan, "see that the row is there to which it refers, of `sales` (shop_id) to `shops` (id)"),
        (kept, "rows of another table refer to those of `shops`"),
        (changed, "rows of another table refer to those of `shops`"),
    ] {
        let hint = format!("\nhint: SQLite does not name the foreign key: {words}");
        assert_eq!(error.contains(&hint), is_sqlite, "{error}");
        assert!(is_sqlite || error.contains("sales"), "{error}");
    }
}

#[tokio::test]
async fn a_value_that_the_database_cannot_take_is_an_error_of_data() {
    let engine = empty_engine().await;
    metadata![Shop].create_all(&engine).await.unwrap();
    let shop = |name: &str| insert(Shop).values(Shop { id: 0, name: name.into(), size: 1 });
    let too_much = text("INSERT INTO shops (name, size) VALUES ('a', 3000000000)");
    let refused = match engine.dialect() {
        // It keeps whatever fits a row, but for its key.
        Sqlite => vec![
            (text("INSERT INTO shops (id, name, size) VALUES ('a', 'a', 1)").execute(&engine).await, "20"),
            (text("SELECT abs(-9223372036854775808)").execute(&engine).await, "1"),
        ],
        Postgres => vec![
            (shop("too long").execute(&engine).await, "22001"),
            (too_much.execute(&engine).await, "22003"),
            (shop("\0").execute(&engine).await, "22021"),
            (text("SELECT 1 / 0").execute(&engine).await, "22012"),
        ],
        _ => vec![
            (shop("too long").execute(&engine).await, "1406"),
            (too_much.execute(&engine).await, "1264"),
            (text("INSERT INTO shops (name, size) VALUES ('a', 'b')").execute(&engine).await, "1366"),
            (text("INSERT INTO shops (name, size) VALUES ('a', 1 / 0)").execute(&engine).await, "1365"),
        ],
    };
    for (done, code) in refused {
        let error = done.unwrap_err();
        assert_eq!((error.kind(), error.code()), (&ErrorKind::Data, Some(code)), "{error}");
        assert!(!error.is_retryable());
    }
}

#[tokio::test]
async fn what_allows_no_writes_says_so() {
    let engine = empty_engine().await;
    metadata![Shop].create_all(&engine).await.unwrap();
    let reader = engine.execution_options(ExecutionOptions::new().read_only(true));
    let error = delete(Shop).execute(&reader).await.unwrap_err();
    assert!(error.is_read_only() && !error.is_lock_timeout() && !error.is_cancelled(), "{error:?}");
    assert_eq!(*error.kind(), ErrorKind::Operational);
}

#[tokio::test]
async fn bad_sql_is_a_programming_error_with_the_text() {
    let engine = engine().await;
    let error = text("SELEC 1").columns::<i64>().all(&engine).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Programming);
    assert!(error.to_string().contains("SELEC 1"), "{error}");
    let error = text("SELECT * FROM nowhere").columns::<i64>().all(&engine).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Programming);
    assert!(error.message().contains("nowhere"), "{error}");
}

#[tokio::test]
async fn a_subquery_that_gives_several_rows_is_a_programming_error() {
    let engine = engine().await;
    two_users(&engine).await;
    let one = select(User.id).filter(User.name.eq(select(User.name).scalar_subquery())).all(&engine).await;
    if engine.dialect() == Sqlite {
        // It takes the first.
        assert_eq!(one.unwrap(), [1]);
        return;
    }
    let error = one.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Programming, "{error}");
    assert!(error.message().contains("more than"), "{error}");
}

#[tokio::test]
async fn a_pool_that_is_exhausted_says_who_holds_it() {
    let short = std::time::Duration::from_millis(50);
    let engine = empty_engine_with(|settings| settings.pool_size(1).max_overflow(0).pool_timeout(short)).await;
    let _held = engine.connect().await.unwrap();
    let error = text("SELECT 1").columns::<i64>().one(&engine).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Timeout);
    assert!(
        error.message().starts_with("QueuePool limit of size 1 overflow 0 reached, connection timed out, timeout 0.05"),
        "{error}"
    );
}

#[tokio::test]
async fn a_model_that_cannot_be_configured_breaks_no_other() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "broken", metadata = none)]
    struct Broken {
        #[orm(primary_key)]
        id: i64,
        users: HasMany<User>,
    }
    let engine = engine().await;
    let mut session = Session::new(&engine);
    let error = session.query(Broken).options(selectinload(Broken.users)).all().await.unwrap_err();
    assert!(
        error.message().starts_with("could not determine the join condition of relationship `Broken.users`"),
        "{error}"
    );
    assert_eq!(session.query(User).count().await.unwrap(), 0);
}

#[tokio::test]
async fn a_check_may_have_a_name_of_its_own() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "parcels", check("weight > 0", name = "not_empty"), metadata = none)]
    struct Parcel {
        #[orm(primary_key)]
        id: i64,
        weight: i64,
    }
    let engine = empty_engine().await;
    metadata![Parcel].create_all(&engine).await.unwrap();
    metadata![Parcel].check(&engine).await.unwrap();
    let error = insert(Parcel).values(Parcel { id: 1, weight: 0 }).execute(&engine).await.unwrap_err();
    assert!(error.is_check_violation(), "{error}");
    assert!(
        matches!(error.kind(), ErrorKind::Integrity { constraint: Some(name), .. } if name == "not_empty"),
        "{error}"
    );
}

#[tokio::test]
async fn each_constraint_tells_its_kind_and_what_the_database_names() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "parcels", check("weight > 0"), metadata = none)]
    struct Parcel {
        #[orm(primary_key)]
        id: i64,
        weight: i64,
        label: Option<String>,
        #[orm(foreign_key = User.id)]
        user_id: i64,
    }
    let engine = engine().await;
    metadata![User, Parcel].create_all(&engine).await.unwrap();
    two_users(&engine).await;
    let parcel = |id| Parcel { id, weight: 1, label: None, user_id: 1 };
    let add = |parcel| insert(Parcel).values(parcel).execute(&engine);
    add(parcel(7)).await.unwrap();

    let twice = add(parcel(7)).await.unwrap_err();
    assert!(twice.is_unique_violation(), "{twice}");
    assert_eq!(twice.columns(), ["id"]);
    let orphan = add(Parcel { user_id: 99, ..parcel(8) }).await.unwrap_err();
    assert!(orphan.is_foreign_key_violation(), "{orphan}");
    let columns: &[&str] = expected(&["user_id"], [(Sqlite, &[], "SQLite says that there is one, not which")]);
    assert_eq!(orphan.columns(), columns);
    let light = add(Parcel { weight: 0, ..parcel(8) }).await.unwrap_err();
    assert!(light.is_check_violation(), "{light}");
    assert!(light.message().contains("ck_parcels_"), "{light}");
    let null =
        text("INSERT INTO parcels (id, weight, user_id) VALUES (8, NULL, 1)").execute(&engine).await.unwrap_err();
    assert!(null.is_not_null_violation(), "{null}");
    assert_eq!(null.columns(), ["weight"]);
    let used = delete(User).filter(User.id.eq(1)).execute(&engine).await.unwrap_err();
    assert!(used.is_foreign_key_violation(), "{used}");
    let columns: &[&str] = match crate::support::dialect() {
        Sqlite => &[],
        // It names the key of the row that stays, and the table and the constraint of the one that refers to it.
        Postgres => &[],
        _ => &["user_id"],
    };
    assert_eq!(used.columns(), columns, "{used}");
    assert_eq!(select(Parcel).count(&engine).await.unwrap(), 1);
}

/// PostgreSQL would cut it without a word.
#[tokio::test]
async fn a_name_that_the_database_would_cut_is_refused() {
    use orm::schema::{Column, Operation, Table, TableName};
    let engine = empty_engine_with(|settings| settings).await;
    let long = "x".repeat(65);
    let table = |name: &str, column: &str| {
        MetaData::new()
            .table(Table::new(name).column(Column::new(column, orm::ColumnType::BigInteger)).primary_key([column]))
    };
    table(&long[..63], &long[..63]).create_all(&engine).await.unwrap();
    if crate::support::dialect() == Sqlite {
        return table(&long, &long).create_all(&engine).await.unwrap();
    }
    let most = if crate::support::dialect() == Postgres { "63 bytes" } else { "64 characters" };
    let error = table("t", &long).create_all(&engine).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Compile);
    let message = format!("the name of column `t.{long}` is longer than {most}, the most on dialect ");
    assert!(error.message().starts_with(&message), "{error}");
    let error = table(&long, "id").create_all(&engine).await.unwrap_err();
    assert!(error.message().starts_with(&format!("the name of table `{long}` is longer than {most}")), "{error}");
    let from = long[..63].to_owned();
    let rename = Operation::RenameColumn { table: TableName::from(from.as_str()), from, to: long.clone() };
    assert_eq!(*rename.execute(&engine).await.unwrap_err().kind(), ErrorKind::Compile);
}

#[tokio::test]
async fn a_missing_table_is_told_with_what_makes_it() {
    let engine = empty_engine_with(|settings| settings).await;
    let mut session = Session::new(&engine);
    session.add(User::builder().name("ed"));
    for error in [select(User).all(&engine).await.unwrap_err(), session.commit().await.unwrap_err()] {
        assert_eq!(*error.kind(), ErrorKind::Programming, "{error}");
        assert!(error.to_string().contains("users"), "{error}");
        assert!(
            error.to_string().contains("\nhint: create the tables by `metadata![…].create_all(&engine)`"),
            "{error}"
        );
    }
    let other = text("SELECT nothing FROM (SELECT 1 AS one) AS t").columns::<i64>().one(&engine).await.unwrap_err();
    assert!(!other.to_string().contains("create_all"), "{other}");
}

// ------------------------------------------------------------------------------------------------- the words of a session

/// Takes the lines off the places in this file.
fn without_lines(text: &str) -> String {
    let mut parts = text.split("errors.rs:");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        text + "errors.rs" + part.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == ':')
    })
}

/// Gathers errors, each below the words that SQLAlchemy has for the same.
#[derive(Default)]
struct Words(String);

impl Words {
    fn tell<T>(&mut self, theirs: &str, result: Result<T, Error>) {
        let Err(error) = result else { panic!("it is not refused: {theirs}") };
        let own = error.to_string();
        // What the database itself says, and numbers of sessions, are not ours.
        let own = own.split("\n[SQL").next().unwrap_or_default();
        let own = without_lines(own);
        self.0.push_str(&format!("SQLAlchemy: {theirs}\n{:?}: {own}\n\n", error.kind()));
    }
}

#[tokio::test]
async fn what_a_session_cannot_find_is_told_with_model_and_key() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let mut words = Words::default();
    words.tell("No row was found when one was required", session.get_one(User, 99).await);
    words.tell("No row was found when one was required", session.get_one(UserKeyword, (1, 7)).await);
    words.tell(
        "No row was found when one was required",
        session.query(User).filter(User.id.eq(99)).one().await.map(|_| ()),
    );
    words.tell("Multiple rows were found when exactly one was required", session.query(User).one().await);
    let ed = session.get_one(User, 1).await.unwrap();
    session.commit().await.unwrap();
    delete(Address).execute(&engine).await.unwrap();
    delete(User).execute(&engine).await.unwrap();
    words.tell("Could not refresh instance '<User>'", session.refresh(ed).await);
    words.tell(
        "Instance '<User>' has been deleted, or its row is otherwise not present.",
        session.refresh_attributes(ed, User.name).await,
    );
    expect![[r#"
        SQLAlchemy: No row was found when one was required
        NoResultFound: no `User` with key 99 was found when one was required
        hint: `get` gives an `Option`

        SQLAlchemy: No row was found when one was required
        NoResultFound: no `UserKeyword` with key 1, 7 was found when one was required
        hint: `get` gives an `Option`

        SQLAlchemy: No row was found when one was required
        NoResultFound: no row was found when one was required
        hint: the query of `User` was run at tests/it/errors.rs; `one_or_none` gives an `Option`

        SQLAlchemy: Multiple rows were found when exactly one was required
        MultipleResultsFound: multiple rows were found when exactly one was required
        hint: the query of `User` was run at tests/it/errors.rs; `first` takes the first of them, `all` takes them all

        SQLAlchemy: Could not refresh instance '<User>'
        InvalidRequest: object `User` with key 1 cannot be refreshed: its row is gone
        hint: somebody else has deleted it: take it out by `session.expunge`, or keep its value by `session.detach`

        SQLAlchemy: Instance '<User>' has been deleted, or its row is otherwise not present.
        InvalidRequest: object `User` with key 1 cannot be refreshed: its row is gone
        hint: somebody else has deleted it: take it out by `session.expunge`, or keep its value by `session.detach`

    "#]]
    .assert_eq(&words.0);
}

#[tokio::test]
async fn what_a_session_refuses_names_the_object_and_says_what_to_do() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let mut words = Words::default();
    let new = session.add(User::builder().name("new"));
    words.tell("Instance '<User>' is not persisted", session.delete(new).await);
    words.tell("Instance '<User>' is not persistent within this Session", session.refresh(new).await);
    session.expunge(new).unwrap();
    words.tell("Instance <User> is not present in this Session", session.object(new).map(|_| ()));
    let ed = session.get_one(User, 1).await.unwrap();
    words.tell("A transaction is already begun on this Session.", session.begin().await);
    session.load(ed, User.addresses).await.unwrap();
    let address = session.handles(ed, User.addresses)[0];
    session.delete(address).await.unwrap();
    session.flush().await.unwrap();
    words.tell(
        "Instance '<Address>' has been deleted.  Use the make_transient() function to send this object back to the transient state.",
        session.add_again(address),
    );
    session[ed].addresses.push(address);
    words.tell("Instance '<Address>' has been deleted. …", session.flush().await);
    words.tell(
        "This Session's transaction has been rolled back due to a previous exception during flush. To begin a new transaction \
         with this Session, first issue Session.rollback(). Original exception was: …",
        session.flush().await,
    );
    session.rollback().await.unwrap();
    words.tell(
        "Parent instance <User> is not bound to a Session; lazy load operation of attribute 'keywords' cannot proceed",
        session.try_handles(ed, User.keywords).map(|_| ()),
    );
    expect![[r#"
        SQLAlchemy: Instance '<User>' is not persisted
        InvalidRequest: object `User` has not been saved and cannot be deleted
        hint: flush first, or take it out by `expunge`

        SQLAlchemy: Instance '<User>' is not persistent within this Session
        InvalidRequest: object `User` is not persistent within this session
        hint: flush it first, if it is new

        SQLAlchemy: Instance <User> is not present in this Session
        InvalidRequest: object `User` is no longer in the session: it was expunged

        SQLAlchemy: A transaction is already begun on this Session.
        InvalidRequest: a transaction is already begun on this session
        hint: commit or roll back first; `begin_nested` begins a savepoint inside of it

        SQLAlchemy: Instance '<Address>' has been deleted.  Use the make_transient() function to send this object back to the transient state.
        InvalidRequest: object `Address` with key 1 has been deleted and cannot be added again
        hint: take it out by `detach` and add the value

        SQLAlchemy: Instance '<Address>' has been deleted. …
        InvalidRequest: the object `Address` with key 1, which has been deleted, cannot take part in relationship `User.addresses`
        hint: take it out by `detach` and add the value

        SQLAlchemy: This Session's transaction has been rolled back due to a previous exception during flush. To begin a new transaction with this Session, first issue Session.rollback(). Original exception was: …
        PendingRollback: this session's transaction has been rolled back due to a previous error
        hint: call `session.rollback()` to begin a new one
        (the original error was: the object `Address` with key 1, which has been deleted, cannot take part in relationship `User.addresses`)

        SQLAlchemy: Parent instance <User> is not bound to a Session; lazy load operation of attribute 'keywords' cannot proceed
        NotLoaded: relationship `User.keywords` is not loaded
        hint: add `.options(selectinload(User.keywords))` to the query, or call `session.load(user, User.keywords)`

    "#]].assert_eq(&words.0);
}

#[tokio::test]
async fn what_a_flush_refuses_names_the_object_and_says_what_to_do() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "pages", version = version, metadata = none)]
    struct Page {
        #[orm(primary_key)]
        id: i64,
        #[orm(default = 1)]
        version: i64,
        #[orm(back_populates = page, order_by = number)]
        lines: HasMany<Line>,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(table = "lines", metadata = none)]
    struct Line {
        #[orm(primary_key, foreign_key = Page.id)]
        page_id: i64,
        #[orm(primary_key, autoincrement = false)]
        number: i64,
        #[orm(back_populates = lines)]
        page: BelongsTo<Page>,
    }
    let engine = empty_engine().await;
    metadata![Page, Line, Node, User, Address, Keyword, UserKeyword].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let mut words = Words::default();
    let page = session.add(Page::builder().lines([Line::builder().page_id(0).number(1)]));
    session.commit().await.unwrap();
    session.load(page, Page.lines).await.unwrap();
    let line = session.handles(page, Page.lines)[0];
    session.unlink(page, Page.lines, line);
    words.tell(
        "Dependency rule on column 'pages.id' tried to blank-out primary key column 'lines.page_id' on instance '<Line>'",
        session.flush().await,
    );
    session.rollback().await.unwrap();
    session.merge(Page::builder().id(1).version(1)).await.unwrap();
    words.tell(
        "Version id '7' on merged state <Page> does not match existing version '1'. Leave the version attribute unset when \
         merging to update the most recent version.",
        session.merge(Page::builder().id(1).version(7)).await,
    );
    let mother = session.add(Node::builder().name("mother"));
    let child = session.add(Node::builder().name("child"));
    session.link(mother, Node.children, child);
    session.link(child, Node.children, mother);
    words.tell("Circular dependency detected. …", session.flush().await);
    session.rollback().await.unwrap();
    session.add(Address::builder().email("nobody's"));
    words.tell("NOT NULL constraint failed: addresses.user_id", session.flush().await);
    session.rollback().await.unwrap();
    words.tell(
        "NOT NULL constraint failed: users.name",
        update(User).set(User.name, orm::literal(None::<String>)).execute(&engine).await,
    );
    session.get_one(Page, 1).await.unwrap();
    session.add(Page::builder().id(1));
    let error = session.flush().await.unwrap_err();
    assert!(error.is_unique_violation());
    let own = error.to_string();
    let hint = own.lines().find(|line| line.starts_with("hint: ")).unwrap_or_default();
    words.0.push_str(&format!(
        "SQLAlchemy: New instance <Page> with identity key (Page, (1,)) conflicts with persistent instance <Page>\n{hint}\n"
    ));
    expect![[r#"
        SQLAlchemy: Dependency rule on column 'pages.id' tried to blank-out primary key column 'lines.page_id' on instance '<Line>'
        InvalidRequest: `Line.page_id` cannot be set to NULL, since it is part of the primary key: what it refers to was deleted or taken away
        hint: delete the object, or say `cascade(all, delete_orphan)` on the collection

        SQLAlchemy: Version id '7' on merged state <Page> does not match existing version '1'. Leave the version attribute unset when merging to update the most recent version.
        StaleData: version 7 of the merged `Page` with key 1 does not match the existing version 1
        hint: read it again, or merge a value with the present version

        SQLAlchemy: Circular dependency detected. …
        InvalidRequest: circular dependency: the new objects `Handle<Node>(2)`, `Handle<Node>(3)` refer to each other
        hint: say `post_update` on one of the relationships, so that its foreign key is set after both rows exist

        SQLAlchemy: NOT NULL constraint failed: addresses.user_id
        InvalidRequest: `Address.user_id` is NOT NULL, and nothing has filled it
        hint: set `user` or `user_id`

        SQLAlchemy: NOT NULL constraint failed: users.name
        Argument: `User.name` is NOT NULL and cannot be set to NULL
        hint: make the field an `Option`, or give it a value

        SQLAlchemy: New instance <Page> with identity key (Page, (1,)) conflicts with persistent instance <Page>
        hint: the session has the object `Page` with key 1 already: change that one, or use `merge`
    "#]].assert_eq(&words.0);
}

#[tokio::test]
async fn a_key_of_documents_is_refused() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "documents", metadata = none)]
    struct Document {
        #[orm(primary_key)]
        body: serde_json::Value,
    }
    let engine = empty_engine().await;
    let mut session = Session::new(&engine);
    session.add(Document { body: serde_json::json!({"a": 1}) });
    let error = session.flush().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Configuration);
    assert_eq!(error.message(), "`Document.body` is JSON, which cannot be a primary key");
}

#[tokio::test]
async fn a_very_long_statement_is_shown_by_its_beginning_and_its_end() {
    let engine = empty_engine().await;
    let sql = format!("SELECT '{}' FROM nowhere", "é".repeat(50_000));
    let error = text(sql.clone()).execute(&engine).await.unwrap_err();
    assert_eq!(error.statement(), Some(&*sql));
    let shown = error.to_string();
    assert!(shown.len() < 20_000, "{}", shown.len());
    assert!(shown.contains("[SQL: SELECT 'é") && shown.contains(" bytes … ") && shown.contains("é' FROM nowhere]"));
}

#[tokio::test]
async fn an_object_whose_row_is_there_is_told_to_merge() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let user = select(User).filter(User.id.eq(1)).one(&engine).await.unwrap();
    session.add(user);
    let error = session.flush().await.unwrap_err();
    assert!(error.is_unique_violation());
    assert_eq!(error.columns(), ["id"]);
    assert!(error.to_string().contains("hint: if the object is that of a row which is there already"), "{error}");
}
