//! Members of relationships: added, linked, moved, replaced and taken away, with both sides in step.

use std::io::Write;
use std::sync::{Arc, Mutex};

use orm::prelude::*;
use orm::{Dialect, ErrorKind, Member};
use tracing_subscriber::util::SubscriberInitExt;

use crate::assert_statements;
use crate::support::{
    Address, Keyword, Node, User, UserKeyword, dialect, empty_engine, empty_engine_with, expected, session, tree,
    two_users,
};

/// Collects the statements that echoing engines send on this thread, without BEGIN, COMMIT and the like.
pub(crate) struct SqlLog {
    lines: Arc<Mutex<Vec<u8>>>,
    _guard: Box<dyn std::any::Any>,
}

impl SqlLog {
    pub(crate) fn start() -> Self {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let sink = lines.clone();
        let message_alone = tracing_subscriber::fmt::format::debug_fn(|writer, field, value| match field.name() {
            "message" => write!(writer, "{value:?}"),
            _ => Ok(()),
        });
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || Sink(sink.clone()))
            .fmt_fields(message_alone)
            .with_ansi(false)
            .with_level(false)
            .with_target(false)
            .without_time();
        SqlLog { lines, _guard: Box::new(subscriber.set_default()) }
    }

    /// Returns what was sent since the last call.
    pub(crate) fn take(&self) -> Vec<String> {
        let text = String::from_utf8(std::mem::take(&mut self.lines.lock().unwrap())).unwrap();
        let is_statement =
            |line: &&str| ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"].iter().any(|verb| line.starts_with(verb));
        text.lines().map(str::trim).filter(is_statement).map(as_elsewhere).collect()
    }

    /// Returns every line that was logged since the last call.
    pub(crate) fn lines(&self) -> Vec<String> {
        let text = String::from_utf8(std::mem::take(&mut self.lines.lock().unwrap())).unwrap();
        text.lines().map(|line| line.trim().to_owned()).collect()
    }

    /// Returns the verb and the table of what was sent since the last call.
    pub(crate) fn verbs(&self) -> Vec<String> {
        let short = |line: &String| {
            let mut words = line.split([' ', ',']);
            let verb = words.next().unwrap_or_default().to_owned();
            let mut after = |word: &str| words.by_ref().skip_while(|other| *other != word).nth(1).unwrap_or_default();
            match verb.as_str() {
                "INSERT" => format!("{verb} {}", after("INTO")),
                "WITH" => "WITH keys".to_owned(),
                "UPDATE" => format!("{verb} {}", words.next().unwrap_or_default()),
                _ => format!("{verb} {}", after("FROM")),
            }
        };
        self.take().iter().map(short).collect()
    }
}

/// Writes PostgreSQL's placeholders as those of the others, so that one text is expected of all.
fn as_elsewhere(sql: &str) -> String {
    let mut parts = sql.split('$');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |sql, part| sql + "?" + part.trim_start_matches(|digit: char| digit.is_ascii_digit()))
}

struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// An engine that echoes, over a new database without tables.
pub(crate) async fn echoing() -> Engine {
    empty_engine_with(|settings| settings.echo(true)).await
}

/// What is sent to insert several rows whose keys the database generates.
fn inserted(table: &str) -> Vec<String> {
    let insert = || format!("INSERT {table}");
    match dialect() {
        Dialect::Sqlite => vec![format!("SELECT {table}"), insert()],
        Dialect::Postgres => vec!["WITH keys".to_owned(), insert()],
        // How far the keys are apart.
        Dialect::MySql => vec!["SELECT ".to_owned(), insert()],
        _ => vec![insert()],
    }
}

/// The addresses of the database: who has which.
async fn owners(engine: &Engine) -> Vec<(String, i64)> {
    select((Address.email, Address.user_id)).order_by(Address.id).all(engine).await.unwrap()
}

fn emails(session: &Session, user: Handle<User>) -> Vec<String> {
    session.related(user, User.addresses).map(|(_, address)| address.email.clone()).collect()
}

async fn loaded(session: &mut Session, id: i64) -> Handle<User> {
    let query = session.query(User).filter(User.id.eq(id)).options(selectinload(User.addresses));
    query.one().await.unwrap()
}

// ---------------------------------------------------------------------------------------------- pushing

#[tokio::test]
async fn a_builder_a_value_and_a_handle_can_be_pushed_on_a_loaded_collection() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = loaded(&mut session, 1).await;
    let wendys = session.query(Address).filter(Address.user_id.eq(2)).one().await.unwrap();
    session[ed].addresses.push(Address::builder().email("builder"));
    session[ed].addresses.push(Address { id: 0, email: "value".into(), user_id: 0, user: BelongsTo::default() });
    session[ed].addresses.push(wendys);
    assert_eq!(session[ed].addresses.len(), 5);
    assert_eq!(session[ed].addresses.handles().len(), 3, "what is no object yet has no handle");
    session.flush().await.unwrap();
    assert_eq!(emails(&session, ed), ["ed@x.org", "ed@y.org", "builder", "value", "wendy@x.org"]);
    assert_eq!(session[wendys].user.handle(), Some(ed));
    session.commit().await.unwrap();
    let expected = [("ed@x.org", 1), ("ed@y.org", 1), ("wendy@x.org", 1), ("builder", 1), ("value", 1)];
    assert_eq!(owners(&engine).await, expected.map(|(email, id)| (email.to_owned(), id)));
}

#[tokio::test]
async fn handles_are_read_between_one_change_and_the_next() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = loaded(&mut session, 1).await;
    let wendys = session.query(Address).filter(Address.user_id.eq(2)).one().await.unwrap();
    let addresses = &mut session[ed].addresses;
    let [first, second] = *addresses.handles() else { panic!("he has two") };
    addresses.push(wendys);
    assert_eq!(addresses.handles(), [first, second, wendys]);
    assert!(addresses.remove(wendys), "the last one");
    assert_eq!(addresses.handles(), [first, second]);
    addresses.push(wendys);
    assert!(addresses.remove(first), "the first one");
    assert_eq!(addresses.handles(), [second, wendys]);
    addresses.push(wendys);
    assert_eq!(addresses.handles(), [second, wendys], "it is there already");
    assert!(addresses.remove(wendys));
    addresses.push(first);
    assert_eq!(addresses.handles(), [second, first]);
    addresses.clear();
    assert_eq!(addresses.handles(), []);
    addresses.push(second);
    assert_eq!(addresses.handles(), [second]);
    addresses.replace([wendys, first]);
    assert_eq!(addresses.handles(), [wendys, first]);
    session.flush().await.unwrap();
    assert_eq!(session[ed].addresses.handles(), [wendys, first]);
    session[ed].addresses.push(Address::builder().email("new"));
    assert_eq!(session[ed].addresses.handles(), [wendys, first], "what is no object yet has no handle");
    session.flush().await.unwrap();
    assert_eq!(emails(&session, ed), ["wendy@x.org", "ed@x.org", "new"]);
}

#[tokio::test]
async fn an_unloaded_collection_is_not_loaded_for_a_push() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = session.get_one(User, 1).await.unwrap();
    let wendys = session.query(Address).filter(Address.user_id.eq(2)).one().await.unwrap();
    session[ed].addresses.push(Address::builder().email("new"));
    session[ed].addresses.push(wendys);
    assert!(session[ed].addresses.is_unloaded());
    assert_eq!(session[ed].addresses.len(), 2);
    // INSERT and UPDATE of an address.
    assert_statements!(engine, 2, session.flush().await.unwrap());
    assert!(session[ed].addresses.is_unloaded());
    assert!(session.try_handles(ed, User.addresses).unwrap_err().is_not_loaded());
    assert_statements!(engine, 1, session.load(ed, User.addresses).await.unwrap());
    assert_eq!(emails(&session, ed), ["ed@x.org", "ed@y.org", "wendy@x.org", "new"]);
}

#[tokio::test]
async fn a_push_on_an_expired_collection_is_not_lost_when_it_is_read_again() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = loaded(&mut session, 1).await;
    session.commit().await.unwrap();
    insert(Address).values(Address::builder().email("elsewhere").user_id(1)).execute(&engine).await.unwrap();
    session[ed].addresses.push(Address::builder().email("new"));
    session.no_autoflush().load(ed, User.addresses).await.unwrap();
    assert_eq!(emails(&session, ed), ["ed@x.org", "ed@y.org", "elsewhere", "new"]);
    session.commit().await.unwrap();
    assert_eq!(select(Address).count(&engine).await.unwrap(), 5);
}

#[tokio::test]
async fn a_new_object_has_an_empty_collection_that_knows_what_is_pushed() {
    let (engine, mut session) = session().await;
    let ed = session.add(User::builder().name("ed"));
    assert!(session[ed].addresses.is_loaded());
    assert_eq!(session.handles(ed, User.addresses), []);
    session[ed].addresses.push(Address::builder().email("a"));
    let b = session.add(Address::builder().email("b"));
    session[ed].addresses.push(b);
    session.commit().await.unwrap();
    assert_eq!(owners(&engine).await, [("a".to_owned(), 1), ("b".to_owned(), 1)]);
    assert_eq!(emails(&session, ed), ["a", "b"]);
}

#[tokio::test]
async fn a_handle_that_is_pushed_twice_is_one_member() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = loaded(&mut session, 1).await;
    let wendys = session.query(Address).filter(Address.user_id.eq(2)).one().await.unwrap();
    session[ed].addresses.push(wendys);
    session[ed].addresses.push(wendys);
    session.link(ed, User.addresses, wendys);
    assert_eq!(session.handles(ed, User.addresses).len(), 3);
    assert_statements!(engine, 1, session.flush().await.unwrap());
    session[ed].addresses.push(wendys);
    assert_statements!(engine, 0, session.flush().await.unwrap());
}

#[tokio::test]
async fn a_handle_of_another_session_is_refused() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let mut other = Session::new(&engine);
    let foreign = other.query(Address).first().await.unwrap().unwrap();
    let ed = loaded(&mut session, 1).await;
    session[ed].addresses.push(foreign);
    let error = session.flush().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::InvalidRequest);
    let text = error.to_string();
    assert!(text.starts_with("object `Address` is already attached to session `"), "{text}");
    assert!(
        text.ends_with("hint: take it out of the other session by `detach`, or read it again in this one"),
        "{text}"
    );
    session.rollback().await.unwrap();
    assert_eq!(session.handles(ed, User.addresses).len(), 2);
    session.commit().await.unwrap();
}

#[tokio::test]
async fn a_refused_change_does_not_swallow_the_others() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let mut other = Session::new(&engine);
    let foreign = other.query(Address).first().await.unwrap().unwrap();
    let (ed, wendy) = (loaded(&mut session, 1).await, loaded(&mut session, 2).await);
    session[ed].addresses.push(foreign);
    session[wendy].addresses.push(Address::builder().email("new"));
    session.no_autoflush().query(User).all().await.unwrap_err();
    assert_eq!(emails(&session, wendy), ["wendy@x.org", "new"]);
}

// ---------------------------------------------------------------------------------------------- both sides

#[tokio::test]
async fn link_and_unlink_put_both_sides_in_step_at_once() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let (ed, wendy) = (loaded(&mut session, 1).await, loaded(&mut session, 2).await);
    let eds = session.handles(ed, User.addresses);
    session.link(wendy, User.addresses, eds[0]);
    assert_eq!((emails(&session, ed).len(), emails(&session, wendy).len()), (1, 2));
    assert_eq!(session[eds[0]].user.handle(), Some(wendy));
    session.link(eds[1], Address.user, wendy);
    assert_eq!((emails(&session, ed).len(), emails(&session, wendy).len()), (0, 3));
    assert!(session.unlink(wendy, User.addresses, eds[0]));
    assert_eq!((session[eds[0]].user.handle(), emails(&session, wendy).len()), (None, 2));
    assert!(!session.unlink(wendy, User.addresses, eds[0]), "it is a member no longer");
    assert!(!session.unlink(ed, User.addresses, eds[1]), "it is another's");
    session.link(ed, User.addresses, eds[0]);
    session.commit().await.unwrap();
    let expected = [("ed@x.org", 1), ("ed@y.org", 2), ("wendy@x.org", 2)];
    assert_eq!(owners(&engine).await, expected.map(|(email, id)| (email.to_owned(), id)));
}

#[tokio::test]
async fn link_takes_a_new_object_and_returns_its_handle() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = loaded(&mut session, 1).await;
    let new = session.link(ed, User.addresses, Address::builder().email("new"));
    assert_eq!(session[new].user.handle(), Some(ed));
    let fred = session.link(new, Address.user, User::builder().name("fred"));
    assert_eq!(session.handles(fred, User.addresses), [new]);
    assert_eq!(emails(&session, ed).len(), 2);
    session.commit().await.unwrap();
    assert_eq!(owners(&engine).await[3], ("new".to_owned(), 3));
}

#[tokio::test]
async fn replace_keeps_what_stays_and_lets_go_of_the_others() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = loaded(&mut session, 1).await;
    let eds = session.handles(ed, User.addresses);
    let members = [Member::of(eds[1]), Member::of(Address::builder().email("new"))];
    let now = session.replace(ed, User.addresses, members);
    assert_eq!(session.handles(ed, User.addresses), [eds[1], now[1]]);
    // INSERT of the new one, DELETE of the orphan.
    assert_statements!(engine, 2, session.commit().await.unwrap());
    assert_eq!(select(Address.email).filter(Address.user_id.eq(1)).all(&engine).await.unwrap(), ["ed@y.org", "new"]);
}

#[tokio::test]
async fn operations_on_fields_put_both_sides_in_step_with_the_next_query() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let (ed, wendy) = (loaded(&mut session, 1).await, loaded(&mut session, 2).await);
    let eds = session.handles(ed, User.addresses);
    session[wendy].addresses.push(eds[0]);
    session.no_autoflush().query(User).all().await.unwrap();
    assert_eq!((emails(&session, ed).len(), emails(&session, wendy).len()), (1, 2));
    assert_eq!(session[eds[0]].user.handle(), Some(wendy));
    session[eds[0]].user = ed.into();
    session[eds[1]].user.replace(wendy);
    session.flush().await.unwrap();
    assert_eq!((emails(&session, ed), emails(&session, wendy).len()), (vec!["ed@x.org".to_owned()], 2));
    assert!(session[ed].addresses.remove(eds[0]));
    assert!(!session[ed].addresses.remove(eds[1]));
    session[wendy].addresses.push(eds[0]);
    session.flush().await.unwrap();
    assert_eq!(session[eds[0]].user.handle(), Some(wendy));
    assert_eq!(owners(&engine).await.len(), 3);
    session.commit().await.unwrap();
    assert!(owners(&engine).await.iter().all(|(_, user)| *user == 2));
}

#[tokio::test]
async fn clear_and_replace_on_a_loaded_field_delete_the_orphans() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let (ed, wendy) = (loaded(&mut session, 1).await, loaded(&mut session, 2).await);
    session[ed].addresses.clear();
    session[wendy].addresses.replace([Address::builder().email("w1"), Address::builder().email("w2")]);
    assert_eq!((session[ed].addresses.len(), session[wendy].addresses.len()), (0, 2));
    session.commit().await.unwrap();
    assert_eq!(owners(&engine).await, [("w1".to_owned(), 2), ("w2".to_owned(), 2)]);
    assert_eq!((emails(&session, ed).len(), emails(&session, wendy).len()), (0, 2));
}

#[tokio::test]
async fn clear_takes_also_what_was_linked_a_moment_ago() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let (ed, wendy) = (loaded(&mut session, 1).await, loaded(&mut session, 2).await);
    let wendys = session.handles(wendy, User.addresses)[0];
    session[ed].addresses.len();
    session[ed].fullname = None;
    session.link(ed, User.addresses, wendys);
    session[ed].addresses.clear();
    session.commit().await.unwrap();
    assert_eq!(owners(&engine).await, []);
}

#[tokio::test]
async fn what_is_not_loaded_cannot_be_replaced_or_cleared() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = session.get_one(User, 1).await.unwrap();
    session[ed].addresses.clear();
    let error = session.flush().await.unwrap_err();
    assert!(error.is_not_loaded());
    assert_eq!(
        error.to_string(),
        "relationship `User.addresses` is not loaded, so that its members cannot be replaced or cleared\n\
         hint: call `session.load(user, User.addresses)` first"
    );
    session.rollback().await.unwrap();
    session[ed].addresses = vec![Address { id: 0, email: "x".into(), user_id: 0, user: BelongsTo::default() }].into();
    session.flush().await.unwrap_err();
    session.rollback().await.unwrap();
    assert_eq!(owners(&engine).await.len(), 3);
}

#[tokio::test]
async fn a_to_one_relationship_can_be_cleared_without_being_loaded() {
    let (engine, mut session) = session().await;
    session.add(Node::builder().name("root").children([Node::builder().name("a"), Node::builder().name("b")]));
    session.commit().await.unwrap();
    let mut session = Session::new(&engine);
    // Neither is the parent in the session.
    let nodes = session.query(Node).filter(Node.parent_id.is_not_null()).order_by(Node.name).all().await.unwrap();
    session[nodes[0]].parent.clear();
    assert_statements!(engine, 1, session.flush().await.unwrap());
    let root = session.get_one(Node, 1).await.unwrap();
    assert!(!session.unlink(nodes[0], Node.parent, root), "it was cleared");
    assert!(session.unlink(nodes[1], Node.parent, root));
    session.commit().await.unwrap();
    assert_eq!(select(Node.parent_id).all(&engine).await.unwrap(), [None, None, None]);
}

#[tokio::test]
async fn what_is_no_member_of_an_unloaded_collection_is_not_unlinked() {
    let (engine, mut session) = session().await;
    session.add(Node::builder().name("root").children([Node::builder().name("leaf")]));
    session.add(Node::builder().name("other"));
    session.commit().await.unwrap();
    let mut session = Session::new(&engine);
    let other = session.query(Node).filter(Node.name.eq("other")).one().await.unwrap();
    let leaf = session.query(Node).filter(Node.name.eq("leaf")).one().await.unwrap();
    assert!(!session.unlink(other, Node.children, leaf));
    session[other].children.remove(leaf);
    assert_statements!(engine, 0, session.commit().await.unwrap());
}

// ---------------------------------------------------------------------------------------------- foreign keys

#[tokio::test]
async fn children_get_their_keys_after_their_parents_three_levels_deep() {
    let log = SqlLog::start();
    let engine = echoing().await;
    metadata![Company, Department, Person].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let person = |name: &str| Person::builder().name(name);
    let company = session.add(Company::builder().name("c").departments([
        Department::builder().name("d1").people([person("p1"), person("p2")]),
        Department::builder().name("d2").people([person("p3")]),
    ]));
    log.take();
    session.commit().await.unwrap();
    assert_eq!(
        log.verbs(),
        [vec!["INSERT companies".to_owned()], inserted("departments"), inserted("people")].concat()
    );
    let people = select((Person.name, Person.department_id)).order_by(Person.id).all(&engine).await.unwrap();
    let expected = [("p1", Some(1)), ("p2", Some(1)), ("p3", Some(2))];
    assert_eq!(people, expected.map(|(name, id)| (name.to_owned(), id)));
    let departments = session.handles(company, Company.departments);
    assert_eq!(session.iter(&departments).map(|department| department.company_id).collect::<Vec<_>>(), [1, 1]);
}

#[derive(Clone, Debug, Model)]
#[orm(table = "companies", metadata = none)]
struct Company {
    #[orm(primary_key)]
    id: i64,
    name: String,
    departments: HasMany<Department>,
}

/// Its company does not lead back: a relationship of one side alone.
#[derive(Clone, Debug, Model)]
#[orm(table = "departments", metadata = none)]
struct Department {
    #[orm(primary_key)]
    id: i64,
    name: String,
    #[orm(foreign_key = Company.id)]
    company_id: i64,
    #[orm(order_by = id)]
    people: HasMany<Person>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "people", metadata = none)]
struct Person {
    #[orm(primary_key)]
    id: i64,
    name: String,
    #[orm(foreign_key = Department.id)]
    department_id: Option<i64>,
}

#[tokio::test]
async fn a_collection_without_another_side_sets_moves_and_clears_the_key() {
    let engine = empty_engine().await;
    metadata![Company, Department, Person].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let company = session.add(Company::builder().name("c"));
    let [a, b] = ["a", "b"].map(|name| session.link(company, Company.departments, Department::builder().name(name)));
    let p = session.link(a, Department.people, Person::builder().name("p"));
    session.commit().await.unwrap();
    assert_eq!(session[p].department_id, Some(1));
    session.link(b, Department.people, p);
    assert_eq!((session.handles(a, Department.people).len(), session.handles(b, Department.people)), (0, vec![p]));
    assert_statements!(engine, 1, session.commit().await.unwrap());
    assert_eq!(session[p].department_id, Some(2));
    session[b].people.remove(p);
    session.commit().await.unwrap();
    assert_eq!(select(Person.department_id).one(&engine).await.unwrap(), None);
}

#[tokio::test]
async fn a_reference_without_another_side_takes_a_new_parent() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "authors", metadata = none)]
    struct Author {
        #[orm(primary_key)]
        id: i64,
        name: String,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(table = "books", metadata = none)]
    struct Book {
        #[orm(primary_key)]
        id: i64,
        title: String,
        #[orm(foreign_key = Author.id)]
        author_id: Option<i64>,
        author: BelongsTo<Author>,
    }
    let engine = empty_engine().await;
    metadata![Author, Book].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let book = session.add(Book::builder().title("t").author(Author::builder().name("a")));
    session.flush().await.unwrap();
    assert_eq!(session[book].author_id, Some(1));
    session[book].author.replace(Author { id: 0, name: "b".into() });
    session.flush().await.unwrap();
    assert_eq!(session[book].author_id, Some(2));
    session[book].author.clear();
    session.commit().await.unwrap();
    assert_eq!(select(Book.author_id).one(&engine).await.unwrap(), None);
    assert_eq!(select(Author).count(&engine).await.unwrap(), 2);
}

#[tokio::test]
async fn a_new_child_brings_a_new_parent() {
    let (engine, mut session) = session().await;
    let address = session.add(Address::builder().email("a").user(User::builder().name("ed")));
    session.commit().await.unwrap();
    let ed = session[address].user.handle().unwrap();
    assert_eq!((session[ed].id, session[address].user_id), (1, 1));
    assert_eq!(session.handles(ed, User.addresses), [address]);
    assert_eq!(select(User).count(&engine).await.unwrap(), 1);
}

#[tokio::test]
async fn the_relationship_wins_over_the_column() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let (ed, wendy) = (session.get_one(User, 1).await.unwrap(), session.get_one(User, 2).await.unwrap());
    let new = session.add(Address::builder().email("new").user_id(2).user(ed));
    session.flush().await.unwrap();
    assert_eq!(session[new].user_id, 1);
    session[new].user_id = 1;
    session[new].user = wendy.into();
    session.flush().await.unwrap();
    assert_eq!((session[new].user_id, session[new].user.handle()), (2, Some(wendy)));
    session[new].user = ed.into();
    session[new].user_id = 2;
    session.commit().await.unwrap();
    assert_eq!(owners(&engine).await[3], ("new".to_owned(), 1));
}

#[tokio::test]
async fn the_column_alone_works_and_the_relationship_follows_it() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let (ed, wendy) = (loaded(&mut session, 1).await, loaded(&mut session, 2).await);
    let new = session.add(Address::builder().email("new").user_id(1));
    assert!(session[new].user.is_unloaded());
    session.flush().await.unwrap();
    assert_eq!(session[new].user.handle(), Some(ed));
    assert_eq!(emails(&session, ed).len(), 3);
    session[new].user_id = 2;
    session.flush().await.unwrap();
    assert_eq!(session[new].user.handle(), Some(wendy));
    assert_eq!((emails(&session, ed).len(), emails(&session, wendy).len()), (2, 2));
    session.commit().await.unwrap();
    assert_eq!(owners(&engine).await[3], ("new".to_owned(), 2));
    // A parent that the session does not know is not guessed.
    let mut session = Session::new(&engine);
    let address = session.get_one(Address, 4).await.unwrap();
    session.load(address, Address.user).await.unwrap();
    session[address].user_id = 1;
    session.flush().await.unwrap();
    assert!(session[address].user.is_unloaded());
    session.load(address, Address.user).await.unwrap();
    let ed = session[address].user.handle().unwrap();
    assert_eq!(session[ed].name, "ed");
}

#[tokio::test]
async fn a_key_that_nothing_fills_is_told_with_its_field_and_relationship() {
    let (_engine, mut session) = session().await;
    session.add(Address::builder().email("a"));
    let error = session.flush().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "`Address.user_id` is NOT NULL, and nothing has filled it\nhint: set `user` or `user_id`"
    );
}

#[tokio::test]
async fn a_key_of_several_columns_is_copied_as_one() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "regions", metadata = none)]
    struct Region {
        #[orm(primary_key, length = 2)]
        country: String,
        #[orm(primary_key)]
        code: i64,
        #[orm(back_populates = region, order_by = id)]
        cities: HasMany<City>,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(table = "cities", metadata = none, foreign_key((country, region_code) = (Region.country, Region.code)))]
    struct City {
        #[orm(primary_key)]
        id: i64,
        #[orm(length = 2)]
        country: Option<String>,
        region_code: Option<i64>,
        #[orm(back_populates = cities)]
        region: BelongsTo<Region>,
    }
    let engine = empty_engine().await;
    metadata![Region, City].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let bavaria = session.add(Region::builder().country("de").code(9).cities([City::builder(), City::builder()]));
    let tirol = session.add(Region::builder().country("at").code(9));
    session.commit().await.unwrap();
    let cities = session.handles(bavaria, Region.cities);
    assert_eq!((session[cities[1]].country.as_deref(), session[cities[1]].region_code), (Some("de"), Some(9)));
    session.link(cities[1], City.region, tirol);
    session.commit().await.unwrap();
    assert_eq!(session[cities[1]].country.as_deref(), Some("at"));
    let regions: Vec<Region> =
        select(Region).order_by(Region.country).options(selectinload(Region.cities)).all(&engine).await.unwrap();
    assert_eq!(regions.iter().map(|region| region.cities.len()).collect::<Vec<_>>(), [1, 1]);
    let mut session = Session::new(&engine);
    let cities = session.query(City).order_by(City.id).options(selectinload(City.region)).all().await.unwrap();
    let region = session[cities[0]].region.handle().unwrap();
    assert_eq!(session[region].country, "de");
    session.delete(region).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!((&session[cities[0]].country, session[cities[0]].region_code), (&None, None));
}

#[tokio::test]
async fn two_relationships_between_two_tables_follow_the_keys_that_they_name() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "places", metadata = none)]
    struct Place {
        #[orm(primary_key)]
        id: i64,
        name: String,
        #[orm(foreign_key = Order.billing_id, back_populates = billing)]
        billed: HasMany<Order>,
        #[orm(foreign_key = Order.shipping_id, back_populates = shipping)]
        shipped: HasMany<Order>,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(table = "orders", metadata = none)]
    struct Order {
        #[orm(primary_key)]
        id: i64,
        #[orm(foreign_key = Place.id)]
        billing_id: i64,
        #[orm(foreign_key = Place.id)]
        shipping_id: i64,
        #[orm(foreign_key = billing_id)]
        billing: BelongsTo<Place>,
        #[orm(foreign_key = shipping_id)]
        shipping: BelongsTo<Place>,
    }
    let engine = empty_engine().await;
    metadata![Place, Order].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let [home, office] = ["home", "office"].map(|name| session.add(Place::builder().name(name)));
    let order = session.add(Order::builder().billing(office).shipping(home));
    assert_eq!(session.handles(office, Place.billed), [order]);
    assert_eq!(session.handles(office, Place.shipped), []);
    session.commit().await.unwrap();
    assert_eq!((session[order].billing_id, session[order].shipping_id), (2, 1));
    session.link(office, Place.shipped, order);
    assert_eq!(session.handles(home, Place.shipped), []);
    assert_eq!(session.handles(office, Place.billed), [order]);
    session.commit().await.unwrap();
    let row = select((Order.billing_id, Order.shipping_id)).one(&engine).await.unwrap();
    assert_eq!(row, (2, 2));
}

// ---------------------------------------------------------------------------------------------- many to many

async fn pairs(engine: &Engine) -> Vec<(i64, i64)> {
    let rows = select((UserKeyword.user_id, UserKeyword.keyword_id));
    rows.order_by((UserKeyword.user_id, UserKeyword.keyword_id)).all(engine).await.unwrap()
}

#[tokio::test]
async fn pairs_are_added_and_taken_away_from_both_sides() {
    let (engine, mut session) = session().await;
    let [ed, wendy] = ["ed", "wendy"].map(|name| session.add(User::builder().name(name)));
    let [red, blue] = ["red", "blue"].map(|word| session.add(Keyword::builder().word(word)));
    session[ed].keywords.push(red);
    session.link(blue, Keyword.users, ed);
    session[blue].users.push(wendy);
    session.flush().await.unwrap();
    assert_eq!(session.handles(blue, Keyword.users), [ed, wendy]);
    assert_eq!(session.handles(ed, User.keywords), [red, blue]);
    session.commit().await.unwrap();
    assert_eq!(pairs(&engine).await, [(1, 1), (1, 2), (2, 2)]);
    assert!(session.unlink(blue, Keyword.users, ed));
    session[wendy].keywords.remove(blue);
    assert_statements!(engine, 1, session.flush().await.unwrap());
    assert_eq!(session.handles(blue, Keyword.users), []);
    session.commit().await.unwrap();
    assert_eq!(pairs(&engine).await, [(1, 1)]);
}

#[tokio::test]
async fn a_pair_is_written_once_although_both_sides_tell_it() {
    let (engine, mut session) = session().await;
    let ed = session.add(User::builder().name("ed"));
    let red = session.add(Keyword::builder().word("red"));
    session[ed].keywords.push(red);
    session[red].users.push(ed);
    session.commit().await.unwrap();
    assert_eq!(pairs(&engine).await, [(1, 1)]);
    assert_eq!((session.handles(ed, User.keywords), session.handles(red, Keyword.users)), (vec![red], vec![ed]));
    session.link(ed, User.keywords, red);
    assert_statements!(engine, 0, session.flush().await.unwrap());
    session[ed].keywords.remove(red);
    session[red].users.remove(ed);
    assert_statements!(engine, 1, session.commit().await.unwrap());
    assert_eq!(pairs(&engine).await, []);
    assert!(!session.unlink(ed, User.keywords, red));
}

#[tokio::test]
async fn a_pair_added_and_taken_away_again_or_the_reverse_is_nothing() {
    let (engine, mut session) = session().await;
    let ed = session.add(User::builder().name("ed").keywords([Keyword::builder().word("red")]));
    let blue = session.add(Keyword::builder().word("blue"));
    session.commit().await.unwrap();
    let red = session.handles(ed, User.keywords)[0];
    session.link(ed, User.keywords, blue);
    session.unlink(ed, User.keywords, blue);
    session.unlink(ed, User.keywords, red);
    session.link(red, Keyword.users, ed);
    assert_statements!(engine, 0, session.commit().await.unwrap());
    assert_eq!(pairs(&engine).await, [(1, 1)]);
}

#[tokio::test]
async fn many_pairs_are_inserted_in_few_statements() {
    let (engine, mut session) = session().await;
    let keywords: Vec<_> = (0..300).map(|n| Keyword::builder().word(format!("k{n}"))).collect();
    let ed = session.add(User::builder().name("ed").keywords(keywords));
    // INSERT of a user; that of keywords, and before it SELECT of their keys, or of the step between them; INSERT of pairs.
    let returning = (Dialect::MariaDb, 3, "the INSERT gives the keys back");
    assert_statements!(engine, expected(4, [returning]), session.commit().await.unwrap());
    assert_eq!(pairs(&engine).await.len(), 300);
    session[ed].keywords.clear();
    assert_statements!(engine, 2, session.commit().await.unwrap());
    assert_eq!(pairs(&engine).await, []);
}

#[tokio::test]
async fn a_pair_can_be_taken_away_without_loading_and_its_absence_is_noticed() {
    let (engine, mut session) = session().await;
    session.add(User::builder().name("ed").keywords([Keyword::builder().word("red")]));
    session.add(Keyword::builder().word("blue"));
    session.commit().await.unwrap();
    let mut session = Session::new(&engine);
    let ed = session.get_one(User, 1).await.unwrap();
    let red = session.get_one(Keyword, 1).await.unwrap();
    let blue = session.get_one(Keyword, 2).await.unwrap();
    session[ed].keywords.remove(red);
    assert_statements!(engine, 1, session.flush().await.unwrap());
    session[ed].keywords.remove(blue);
    let error = session.flush().await.unwrap_err();
    assert!(error.is_stale_data());
    assert_eq!(
        error.message(),
        "DELETE statement on table `user_keywords` expected to delete 1 row(s); only 0 were matched"
    );
}

#[tokio::test]
async fn a_model_can_be_many_to_many_with_itself() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "members", metadata = none)]
    struct Fan {
        #[orm(primary_key)]
        id: i64,
        name: String,
        #[orm(secondary = Follow, foreign_key = Follow.follower_id, back_populates = followers)]
        following: ManyToMany<Fan>,
        #[orm(secondary = Follow, foreign_key = Follow.followed_id, back_populates = following)]
        followers: ManyToMany<Fan>,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(table = "follows", metadata = none)]
    struct Follow {
        #[orm(primary_key, foreign_key = Fan.id)]
        followed_id: i64,
        #[orm(primary_key, foreign_key = Fan.id)]
        follower_id: i64,
    }
    let engine = empty_engine().await;
    metadata![Fan, Follow].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let [a, b] = ["a", "b"].map(|name| session.add(Fan::builder().name(name)));
    session.link(a, Fan.following, b);
    assert_eq!(session.handles(b, Fan.followers), [a]);
    assert_eq!(session.handles(b, Fan.following), []);
    session.commit().await.unwrap();
    let row = select((Follow.follower_id, Follow.followed_id)).one(&engine).await.unwrap();
    assert_eq!(row, (1, 2), "each side follows the key that it names");
    let fans: Vec<Fan> = select(Fan)
        .order_by(Fan.id)
        .options((selectinload(Fan.following), selectinload(Fan.followers)))
        .all(&engine)
        .await
        .unwrap();
    assert_eq!((fans[0].following.len(), fans[0].followers.len()), (1, 0));
    assert_eq!(fans[1].followers.get()[0].name, "a");
}

// ---------------------------------------------------------------------------------------------- one to one

#[derive(Clone, Debug, Model)]
#[orm(table = "owners", metadata = none)]
struct Owner {
    #[orm(primary_key)]
    id: i64,
    #[orm(back_populates = owner)]
    passport: HasOne<Passport>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "passports", metadata = none)]
struct Passport {
    #[orm(primary_key)]
    id: i64,
    number: String,
    #[orm(foreign_key = Owner.id, unique)]
    owner_id: Option<i64>,
    #[orm(back_populates = passport)]
    owner: BelongsTo<Owner>,
}

#[tokio::test]
async fn replacing_the_only_member_lets_the_old_one_go() {
    let engine = empty_engine().await;
    metadata![Owner, Passport].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let owner = session.add(Owner::builder().passport(Passport::builder().number("1")));
    session.commit().await.unwrap();
    let first = session[owner].passport.handle().unwrap();
    session[owner].passport.replace(Passport::builder().number("2"));
    session.flush().await.unwrap();
    assert_eq!((session[first].owner_id, session[first].owner.handle()), (None, None));
    let second = session[owner].passport.handle().unwrap();
    assert_eq!(session[second].owner_id, Some(1));
    // From the other side as well.
    session.link(first, Passport.owner, owner);
    assert_eq!((session[owner].passport.handle(), session[second].owner.handle()), (Some(first), None));
    session[owner].passport.clear();
    session.commit().await.unwrap();
    assert_eq!(select(Passport.owner_id).all(&engine).await.unwrap(), [None, None]);
    // What is not known cannot make way.
    session.link(owner, Owner.passport, first);
    session.commit().await.unwrap();
    let mut session = Session::new(&engine);
    let owner = session.get_one(Owner, 1).await.unwrap();
    session[owner].passport.replace(Passport::builder().number("3"));
    let error = session.flush().await.unwrap_err();
    assert!(error.message().starts_with("relationship `Owner.passport` is not loaded"), "{error}");
}

// ---------------------------------------------------------------------------------------------- trees and rings

#[tokio::test]
async fn a_tree_is_built_in_one_add_and_inserted_level_by_level() {
    let log = SqlLog::start();
    let engine = echoing().await;
    metadata![Node].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let leaf = |name: &str| Node::builder().name(name);
    let root = session.add(Node::builder().name("root").children([
        Node::builder().name("a").children([leaf("a1"), leaf("a2")]),
        Node::builder().name("b").children([leaf("b1")]),
    ]));
    log.take();
    session.commit().await.unwrap();
    let last = match dialect() {
        // The sequence is known by now.
        Dialect::Postgres => vec!["INSERT nodes".to_owned()],
        _ => inserted("nodes"),
    };
    assert_eq!(log.verbs(), [vec!["INSERT nodes".to_owned()], inserted("nodes"), last].concat());
    let rows = select((Node.name, Node.parent_id)).order_by(Node.id).all(&engine).await.unwrap();
    let expected = [("root", None), ("a", Some(1)), ("b", Some(1)), ("a1", Some(2)), ("a2", Some(2)), ("b1", Some(3))];
    assert_eq!(rows, expected.map(|(name, parent)| (name.to_owned(), parent)));
    let [a, b] = session.handles(root, Node.children)[..] else { panic!() };
    session.link(b, Node.parent, a);
    assert_eq!(session.handles(a, Node.children).len(), 3);
    assert_statements!(engine, 1, session.commit().await.unwrap());
}

#[tokio::test]
async fn rows_that_refer_to_each_other_need_post_update() {
    let (_engine, mut session) = session().await;
    let [a, b] = ["a", "b"].map(|name| session.add(Node::builder().name(name)));
    session.link(a, Node.parent, b);
    session.link(b, Node.parent, a);
    let error = session.flush().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "circular dependency: the new objects `Handle<Node>(0)`, `Handle<Node>(1)` refer to each other\n\
         hint: say `post_update` on one of the relationships, so that its foreign key is set after both rows exist"
    );
}

#[derive(Clone, Debug, Model)]
#[orm(table = "teams", metadata = none)]
struct Team {
    #[orm(primary_key)]
    id: i64,
    name: String,
    #[orm(back_populates = team, cascade(all, delete_orphan), foreign_key = Player.team_id)]
    players: HasMany<Player>,
    #[orm(foreign_key = Player.id)]
    captain_id: Option<i64>,
    #[orm(foreign_key = captain_id, post_update)]
    captain: BelongsTo<Player>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "players", metadata = none)]
struct Player {
    #[orm(primary_key)]
    id: i64,
    name: String,
    #[orm(foreign_key = Team.id)]
    team_id: i64,
    #[orm(back_populates = players)]
    team: BelongsTo<Team>,
}

#[tokio::test]
async fn with_post_update_rows_can_refer_to_each_other() {
    let log = SqlLog::start();
    let engine = echoing().await;
    metadata![Team, Player].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let team =
        session.add(Team::builder().name("t").players([Player::builder().name("p"), Player::builder().name("q")]));
    let players = session.handles(team, Team.players);
    session.link(team, Team.captain, players[1]);
    log.take();
    session.flush().await.unwrap();
    let (before, after) = (vec!["INSERT teams".to_owned()], vec!["UPDATE teams".to_owned()]);
    assert_eq!(log.verbs(), [before, inserted("players"), after].concat());
    assert_eq!(session[team].captain_id, Some(2));
    session.commit().await.unwrap();
    assert_eq!(select(Team.captain_id).one(&engine).await.unwrap(), Some(2));
    session.link(team, Team.captain, players[0]);
    assert_statements!(engine, 1, session.commit().await.unwrap());
    // Deleted again: the key that closes the ring is set to NULL first.
    log.take();
    session.delete(team).await.unwrap();
    log.take();
    session.commit().await.unwrap();
    assert_eq!(log.verbs(), ["UPDATE teams", "DELETE players", "DELETE teams"]);
}

#[tokio::test]
async fn a_row_can_refer_to_itself_with_post_update() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "things", metadata = none)]
    struct Thing {
        #[orm(primary_key)]
        id: i64,
        #[orm(foreign_key = Thing.id)]
        best_id: Option<i64>,
        #[orm(post_update)]
        best: BelongsTo<Thing>,
    }
    let engine = empty_engine().await;
    metadata![Thing].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let [a, b] = [(); 2].map(|()| session.add(Thing::builder()));
    session.link(a, Thing.best, a);
    session.link(b, Thing.best, a);
    session.commit().await.unwrap();
    assert_eq!(select(Thing.best_id).order_by(Thing.id).all(&engine).await.unwrap(), [Some(1), Some(1)]);
    session.delete(b).await.unwrap();
    session.delete(a).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(Thing).count(&engine).await.unwrap(), 0);
}

// ---------------------------------------------------------------------------------------------- whole objects

#[tokio::test]
async fn a_whole_object_can_be_assigned_and_keeps_its_members() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = loaded(&mut session, 1).await;
    let literal = |id| User {
        id,
        name: "edward".into(),
        fullname: None,
        active: true,
        addresses: HasMany::default(),
        keywords: ManyToMany::default(),
    };
    session[ed] = literal(1);
    session.flush().await.unwrap();
    assert_eq!(emails(&session, ed), ["ed@x.org", "ed@y.org"], "what was loaded is still known");
    session[ed] = literal(1);
    session[ed].addresses.push(Address::builder().email("new"));
    // The field that was assigned holds values: they replace the members.
    session.commit().await.unwrap();
    assert_eq!(select(Address.email).filter(Address.user_id.eq(1)).all(&engine).await.unwrap(), ["new"]);
    let new = session.add(literal(0));
    session[new] = User { name: "new".into(), ..literal(0) };
    session.commit().await.unwrap();
    assert_eq!(session[new].name, "new");
}

#[tokio::test]
async fn two_objects_that_are_swapped_stay_what_their_slots_are() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let (ed, wendy) = (loaded(&mut session, 1).await, loaded(&mut session, 2).await);
    let (a, b) = session.pair_mut(ed, wendy).unwrap();
    std::mem::swap(a, b);
    // The keys stay; all else has changed places.
    std::mem::swap(&mut a.id, &mut b.id);
    std::mem::swap(&mut a.name, &mut b.name);
    session.commit().await.unwrap();
    let rows = select((User.name, User.fullname)).order_by(User.id).all(&engine).await.unwrap();
    assert_eq!(rows, [("ed".to_owned(), None), ("wendy".to_owned(), Some("Ed Jones".to_owned()))]);
    assert_eq!((emails(&session, ed).len(), emails(&session, wendy).len()), (2, 1));
    assert_eq!(owners(&engine).await.iter().map(|(_, user)| *user).collect::<Vec<_>>(), [1, 1, 2]);
}

#[tokio::test]
async fn a_clone_of_a_managed_object_has_unloaded_relationships() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = loaded(&mut session, 1).await;
    let address = session.handles(ed, User.addresses)[0];
    let copy = session[ed].clone();
    assert!(copy.addresses.is_unloaded() && copy.keywords.is_unloaded());
    assert!(session[address].clone().user.is_unloaded());
    assert!(session[ed].addresses.is_loaded());
    // Outside a session a clone has what the original has.
    let value = session.detach(ed).unwrap();
    assert_eq!(value.clone().addresses.len(), 2);
}

#[tokio::test]
async fn a_value_that_several_hold_becomes_one_object() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let read: Vec<Address> =
        select(Address).filter(Address.user_id.eq(1)).options(selectinload(Address.user)).all(&engine).await.unwrap();
    let fresh = empty_engine().await;
    metadata![User, Address, Keyword, UserKeyword].create_all(&fresh).await.unwrap();
    let mut other = Session::new(&fresh);
    let keyword = other.add(Keyword::builder().word("k"));
    // Both addresses share one user; they come into the session by one change.
    let owner = other.add(User::builder().id(10).name("temporary"));
    let _ = keyword;
    other[owner].addresses = read.into();
    other.flush().await.unwrap();
    assert_eq!(select(User.name).order_by(User.id).count(&mut other).await.unwrap(), 2);
    let _ = session.query(User).count().await.unwrap();
}

// ---------------------------------------------------------------------------------------------- what is refused

#[tokio::test]
async fn a_viewonly_relationship_cannot_be_written() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "shelves", metadata = none)]
    struct Shelf {
        #[orm(primary_key)]
        id: i64,
        tins: HasMany<Tin>,
        #[orm(viewonly)]
        seen: HasMany<Tin>,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(table = "tins", metadata = none)]
    struct Tin {
        #[orm(primary_key)]
        id: i64,
        #[orm(foreign_key = Shelf.id)]
        shelf_id: Option<i64>,
    }
    let engine = empty_engine().await;
    metadata![Shelf, Tin].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let shelf = session.add(Shelf::builder().tins([Tin::builder()]));
    session.commit().await.unwrap();
    session.load(shelf, Shelf.seen).await.unwrap();
    assert_eq!(session.handles(shelf, Shelf.seen), session.handles(shelf, Shelf.tins));
    session[shelf].seen.push(Tin::builder());
    let error = session.flush().await.unwrap_err();
    assert_eq!(error.message(), "relationship `Shelf.seen` is viewonly and cannot be changed");
    session.rollback().await.unwrap();
    let linked =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| session.link(shelf, Shelf.seen, Tin::builder())));
    let text = *linked.unwrap_err().downcast::<String>().unwrap();
    assert_eq!(text, "relationship `Shelf.seen` is viewonly and cannot be changed");
    session.rollback().await.unwrap();
    session.delete(shelf).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(Tin.shelf_id).all(&engine).await.unwrap(), [None]);
}

#[tokio::test]
async fn without_save_update_a_new_member_must_be_added_by_hand() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "desks", metadata = none)]
    struct Desk {
        #[orm(primary_key)]
        id: i64,
        #[orm(cascade(none))]
        drawers: HasMany<Drawer>,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(table = "drawers", metadata = none)]
    struct Drawer {
        #[orm(primary_key)]
        id: i64,
        #[orm(foreign_key = Desk.id)]
        desk_id: i64,
    }
    let engine = empty_engine().await;
    metadata![Desk, Drawer].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let desk = session.add(Desk::builder());
    session[desk].drawers.push(Drawer::builder());
    let error = session.flush().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "a new `Drawer` cannot be added through `Desk.drawers`, whose cascade does not include `save_update`\n\
         hint: add it by `session.add(…)` first"
    );
    session.rollback().await.unwrap();
    let desk = session.add(Desk::builder());
    let drawer = session.add(Drawer::builder());
    session[desk].drawers.push(drawer);
    session.commit().await.unwrap();
    assert_eq!(session[drawer].desk_id, session[desk].id);
}

#[tokio::test]
async fn what_was_deleted_cannot_become_a_member() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let (ed, wendy) = (loaded(&mut session, 1).await, loaded(&mut session, 2).await);
    let eds = session.handles(ed, User.addresses);
    session.delete(eds[0]).await.unwrap();
    session.flush().await.unwrap();
    // Also not of the owner whose members it is still among.
    for owner in [wendy, ed] {
        session[owner].addresses.push(eds[0]);
        let error = session.flush().await.unwrap_err();
        assert_eq!(
            error.message(),
            "the object `Address` with key 1, which has been deleted, cannot take part in relationship `User.addresses`"
        );
        session.rollback().await.unwrap();
        session.delete(eds[0]).await.unwrap();
        session.flush().await.unwrap();
    }
}

// ---------------------------------------------------------------------------------------------- after a rollback

#[tokio::test]
async fn replace_counts_what_was_pushed_a_moment_ago_and_needs_no_load_of_a_reference() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let (ed, wendy) = (loaded(&mut session, 1).await, session.get_one(User, 2).await.unwrap());
    let eds = session.handles(ed, User.addresses);
    session[ed].addresses.push(Address::builder().email("pushed"));
    session.replace(ed, User.addresses, [eds[0]]);
    assert_eq!(session.handles(ed, User.addresses), [eds[0]]);
    session.commit().await.unwrap();
    assert_eq!(owners(&engine).await.len(), 2);
    session.replace(eds[0], Address.user, [wendy]);
    session.commit().await.unwrap();
    assert_eq!(owners(&engine).await[0], ("ed@x.org".to_owned(), 2));
}

#[tokio::test]
async fn an_object_whose_members_are_refused_has_its_own_handle() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let mut other = Session::new(&engine);
    let foreign = other.query(Address).first().await.unwrap().unwrap();
    let members = [Member::of(Address::builder().email("mine")), Member::of(foreign)];
    let fred = session.add(User::builder().name("fred").addresses(members));
    assert_eq!(session[fred].name, "fred");
    assert!(session.flush().await.unwrap_err().message().starts_with("object `Address` is already attached"));
}

#[tokio::test]
async fn what_a_savepoint_added_is_a_member_of_nothing_afterwards() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let ed = loaded(&mut session, 1).await;
    let mut inner = session.begin_nested().await.unwrap();
    inner.add(Address::builder().email("new").user_id(1));
    inner.flush().await.unwrap();
    let wendy = loaded(&mut inner, 2).await;
    inner.add(Address::builder().email("other").user_id(2));
    inner.load(wendy, User.addresses).await.unwrap();
    inner.rollback().await.unwrap();
    session.load([ed, wendy], User.addresses).await.unwrap();
    assert_eq!((emails(&session, ed).len(), emails(&session, wendy).len()), (2, 1));
    session.commit().await.unwrap();
}

#[tokio::test]
async fn a_push_that_was_rolled_back_is_made_again_with_its_owner() {
    let (engine, mut session) = session().await;
    let ed = session.add(User::builder().name("ed"));
    session[ed].addresses.push(Address::builder().email("a"));
    session.rollback().await.unwrap();
    session.commit().await.unwrap();
    session.add_again(ed).unwrap();
    session.commit().await.unwrap();
    assert_eq!(owners(&engine).await, [("a".to_owned(), 1)]);
}

#[tokio::test]
async fn a_graph_is_added_again_with_its_links() {
    let (engine, mut session) = session().await;
    let ed = session.add(
        User::builder().name("ed").addresses([Address::builder().email("a")]).keywords([Keyword::builder().word("k")]),
    );
    session.flush().await.unwrap();
    session.rollback().await.unwrap();
    // Meanwhile somebody takes the keys that it had.
    two_users(&engine).await;
    update(User).set(User.name, "other").filter(User.name.eq("ed")).execute(&engine).await.unwrap();
    session.add_again(ed).unwrap();
    session.commit().await.unwrap();
    let id = session[ed].id;
    assert!(id >= 3, "a sequence does not give the key again that was rolled back");
    assert_eq!(owners(&engine).await[3], ("a".to_owned(), id));
    assert_eq!(pairs(&engine).await, [(id, session[session.handles(ed, User.keywords)[0]].id)]);
}

#[tokio::test]
async fn links_of_a_failed_flush_are_undone_with_it() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let (ed, wendy) = (loaded(&mut session, 1).await, loaded(&mut session, 2).await);
    let eds = session.handles(ed, User.addresses);
    session.load(&eds, Address.user).await.unwrap();
    session.link(wendy, User.addresses, eds[0]);
    session[ed].keywords.push(Keyword::builder().word("k"));
    session.add(User::builder().name("wendy"));
    assert!(session.commit().await.unwrap_err().is_unique_violation());
    session.rollback().await.unwrap();
    assert_eq!(session.handles(ed, User.addresses), eds);
    assert_eq!(session[eds[0]].user.handle(), Some(ed));
    assert_statements!(engine, 0, session.commit().await.unwrap());
    session.link(wendy, User.addresses, eds[0]);
    session.commit().await.unwrap();
    assert_eq!(owners(&engine).await[0], ("ed@x.org".to_owned(), 2));
    assert_eq!(pairs(&engine).await, []);
}

/// The other side used to keep what was linked when one side was read again.
#[tokio::test]
async fn links_that_are_forgotten_are_forgotten_on_both_sides() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let users = session.query(User).options(selectinload(User.addresses)).order_by(User.id).all().await.unwrap();
    let moved = session.handles(users[0], User.addresses)[0];
    for way in 0..4 {
        session.link(users[1], User.addresses, moved);
        match way {
            0 => session.refresh(moved).await.unwrap(),
            1 => session.expire(moved).unwrap(),
            2 => session.expire_all(),
            _ => drop(session.no_autoflush().query(Address).populate_existing().all().await.unwrap()),
        }
        session.load(&users, User.addresses).await.unwrap();
        session.load(moved, Address.user).await.unwrap();
        let count = |user: Handle<User>| session.handles(user, User.addresses).len();
        assert_eq!((count(users[0]), count(users[1])), (2, 1), "{way}");
        assert_eq!(session.handles(moved, Address.user), [users[0]], "{way}");
        session.flush().await.unwrap();
    }
    // An orphan that was one before it was read again is none.
    session.unlink(users[0], User.addresses, moved);
    session.refresh(moved).await.unwrap();
    session.load(users[0], User.addresses).await.unwrap();
    assert_eq!(session.handles(users[0], User.addresses).len(), 2);
    session.commit().await.unwrap();
    assert_eq!(select(Address).filter(Address.user_id.eq(1)).count(&engine).await.unwrap(), 2);
}

/// A reference used to stay what it was although the row that was read again refers to another.
#[tokio::test]
async fn a_reference_is_unloaded_when_the_row_that_is_read_again_refers_to_another() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let addresses =
        session.query(Address).options(selectinload(Address.user)).order_by(Address.id).all().await.unwrap();
    session.commit().await.unwrap();
    update(Address).set(Address.user_id, 2).filter(Address.id.eq(1)).execute(&engine).await.unwrap();
    session.query(Address).all().await.unwrap();
    assert!(session[addresses[0]].user.is_unloaded());
    assert!(session[addresses[1]].user.is_loaded(), "it refers to what it did");
    session.load(&addresses, Address.user).await.unwrap();
    let name = |address: Handle<Address>| session[session.handles(address, Address.user)[0]].name.as_str();
    assert_eq!([name(addresses[0]), name(addresses[1])], ["wendy", "ed"]);
}

/// What a field held before it was changed came back when that was taken up, without what was linked meanwhile.
#[tokio::test]
async fn a_new_member_comes_to_those_that_were_pushed_before_it() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let query = session.query(User).filter(User.id.eq(1)).options(selectinload(User.addresses));
    let ed = query.one().await.unwrap();
    session[ed].addresses.push(Address::builder().email("pushed"));
    let new = session.add(Address::builder().email("new").user(ed));
    session[ed].addresses.push(Address::builder().email("last"));
    session.flush().await.unwrap();
    assert_eq!(session.handles(ed, User.addresses).len(), 5);
    assert!(session.handles(ed, User.addresses).contains(&new));
    session.replace(ed, User.addresses, [Address::builder().email("only")]);
    session.commit().await.unwrap();
    let mails = || select(Address.email).filter(Address.user_id.eq(1)).order_by(Address.id);
    assert_eq!(mails().all(&engine).await.unwrap(), ["only"]);

    // Of a new owner, too.
    let fred = session.add(User::builder().name("fred"));
    for email in ["1", "2"] {
        session[fred].addresses.push(Address::builder().email(email));
        session.add(Address::builder().email(email).user(fred));
    }
    session.flush().await.unwrap();
    assert_eq!(session.handles(fred, User.addresses).len(), 4);
    session.delete(fred).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(Address).count(&engine).await.unwrap(), 2);
}

#[tokio::test]
async fn what_is_added_again_comes_to_what_was_pushed_before() {
    let (engine, mut session) = session().await;
    tree(&engine).await;
    let query = session.query(Node).filter(Node.name.eq("root")).options(selectinload(Node.children));
    let root = query.one().await.unwrap();
    session.delete(root).await.unwrap();
    session[root].children.push(Node::builder().name("c"));
    session.add_again(root).unwrap();
    session.flush().await.unwrap();
    assert_eq!(session.handles(root, Node.children).len(), 3);
    session.commit().await.unwrap();
    assert_eq!(select(Node).filter(Node.parent_id.eq(session[root].id)).count(&engine).await.unwrap(), 3);
}

/// It took a second flush.
#[tokio::test]
async fn what_a_member_was_given_before_a_rollback_is_saved_with_it() {
    let (engine, mut session) = session().await;
    let word = session.add(Keyword::builder().word("word"));
    session.commit().await.unwrap();
    let ed = session.add(User::builder().name("ed"));
    session.flush().await.unwrap();
    session[ed].addresses.push(Address::builder().email("ed@x.org"));
    session.rollback().await.unwrap();
    session[word].users.push(ed);
    session.flush().await.unwrap();
    assert_statements!(engine, 0, session.flush().await.unwrap());
    session.commit().await.unwrap();
    assert_eq!(select(Address).count(&engine).await.unwrap(), 1);
    assert_eq!(select(UserKeyword).count(&engine).await.unwrap(), 1);
}

/// What another object's field had not told yet brought back what was forgotten.
#[tokio::test]
async fn links_that_are_forgotten_stay_so_in_fields_with_changes() {
    let (engine, mut session) = session().await;
    two_users(&engine).await;
    let users = session.query(User).options(selectinload(User.addresses)).order_by(User.id).all().await.unwrap();
    let moved = session.handles(users[0], User.addresses)[0];
    for way in 0..3 {
        session.load(&users, User.addresses).await.unwrap();
        session.link(users[1], User.addresses, moved);
        session[users[1]].addresses.push(Address::builder().email(format!("pushed {way}")));
        match way {
            0 => session.refresh(moved).await.unwrap(),
            1 => session.expire(moved).unwrap(),
            _ => session.expire_all(),
        }
        // What was done to an object that is expired itself is lost.
        let expected = [2, 2 + way.min(1)];
        session.load(&users, User.addresses).await.unwrap();
        let count = |user: Handle<User>| session.handles(user, User.addresses).len();
        assert_eq!([count(users[0]), count(users[1])], expected, "{way}");
        session.commit().await.unwrap();
        for (user, count) in [(1, expected[0]), (2, expected[1])] {
            let rows = select(Address).filter(Address.user_id.eq(user)).count(&engine).await.unwrap();
            assert_eq!(rows, count as u64, "{way}");
        }
    }
    // What was done to another is not.
    session[users[1]].addresses.push(moved);
    session.refresh(moved).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(session[moved].user_id, 2);
}

#[derive(Clone, Debug, Model, serde::Serialize)]
#[orm(table = "shelves", metadata = none)]
struct Shelf {
    #[orm(primary_key)]
    id: i64,
    #[orm(back_populates = shelf)]
    books: HasMany<Book>,
}

#[derive(Clone, Debug, Model, serde::Serialize)]
#[orm(table = "books", metadata = none)]
struct Book {
    #[orm(primary_key)]
    id: i64,
    title: String,
    #[orm(foreign_key = Shelf.id)]
    shelf_id: i64,
    #[orm(back_populates = books)]
    shelf: BelongsTo<Shelf>,
}

/// What is loaded is never written as if it were not.
#[tokio::test]
async fn members_that_are_handles_are_not_written_as_json() {
    let engine = empty_engine().await;
    metadata![Shelf, Book].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    session.add(Shelf::builder().books([Book::builder().title("Emma")]));
    session.commit().await.unwrap();
    session.expunge_all();
    let shelf = session.query(Shelf).one().await.unwrap();
    let json = |value: &Shelf| serde_json::to_string(value).map_err(|error| error.to_string());
    assert_eq!(json(&session[shelf]).unwrap(), r#"{"id":1,"books":null}"#, "not loaded");

    session.load(shelf, Shelf.books).await.unwrap();
    let hint = "`session.value_of(…)` gives the object with the values of all that is loaded";
    let held = "of an object in a session holds handles, not values";
    assert_eq!(json(&session[shelf]).unwrap_err(), format!("relationship `Shelf.books` {held}; {hint}"));
    let book = session.handles(shelf, Shelf.books)[0];
    session.load(book, Book.shelf).await.unwrap();
    let refused = serde_json::to_string(&session[book]).unwrap_err().to_string();
    assert_eq!(refused, format!("relationship `Book.shelf` {held}; {hint}"));

    let expected = r#"{"id":1,"books":[{"id":1,"title":"Emma","shelf_id":1,"shelf":null}]}"#;
    assert_eq!(json(&session.value_of(shelf).unwrap()).unwrap(), expected);
    // The session goes on as it was.
    session[book].title = "Persuasion".into();
    assert!(json(&session.value_of(shelf).unwrap()).unwrap().contains("Persuasion"), "what was changed is in it");
    session.commit().await.unwrap();
    assert_eq!(select(Book.title).one(&engine).await.unwrap(), "Persuasion");
}
