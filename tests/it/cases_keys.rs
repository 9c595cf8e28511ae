//! Keys that are words of the user's own: they change while members come, go and change too, whoever keeps the rows in step that
//! refer to them, the database or the session. Versions, where rows are replaced.

use orm::SessionMaker;
use orm::prelude::*;

use crate::assert_statements;
use crate::support::empty_engine;

/// The tables without constraints, so that nobody but the session looks after the keys.
const UNCONSTRAINED: [&str; 6] = [
    "CREATE TABLE people (name VARCHAR(20) PRIMARY KEY, fullname VARCHAR(50))",
    "CREATE TABLE mails (email VARCHAR(20) PRIMARY KEY, person_name VARCHAR(20))",
    "CREATE TABLE entries (person_name VARCHAR(20), number BIGINT, note VARCHAR(20), PRIMARY KEY (person_name, number))",
    "CREATE TABLE topics (word VARCHAR(20) PRIMARY KEY)",
    "CREATE TABLE person_topics (person_name VARCHAR(20), topic_word VARCHAR(20), PRIMARY KEY (person_name, topic_word))",
    "CREATE TABLE folders (name VARCHAR(20) PRIMARY KEY, parent_name VARCHAR(20))",
];

/// The models, and the tests of them, with foreign keys that the database keeps in step, or that it knows nothing of.
macro_rules! keys {
    ($($name:ident $is_constrained:literal $(($on_update:ident = $cascade:ident))?;)*) => { $(
        mod $name {
            use orm::prelude::*;

            use crate::support::empty_engine;

            #[derive(Clone, Debug, Model)]
            #[orm(table = "people", metadata = none)]
            struct Person {
                #[orm(primary_key, length = 20)]
                name: String,
                #[orm(length = 50)]
                fullname: Option<String>,
                #[orm(back_populates = person, order_by = email)]
                mails: HasMany<Mail>,
                #[orm(back_populates = person, cascade(all, delete_orphan), order_by = number)]
                entries: HasMany<Entry>,
                #[orm(secondary = PersonTopic, back_populates = people, order_by = word)]
                topics: ManyToMany<Topic>,
            }

            #[derive(Clone, Debug, Model)]
            #[orm(table = "mails", metadata = none)]
            struct Mail {
                #[orm(primary_key, length = 20)]
                email: String,
                #[orm(foreign_key = Person.name, length = 20 $(, $on_update = $cascade)?)]
                person_name: Option<String>,
                #[orm(back_populates = mails)]
                person: BelongsTo<Person>,
            }

            #[derive(Clone, Debug, Model)]
            #[orm(table = "entries", metadata = none)]
            struct Entry {
                #[orm(primary_key, foreign_key = Person.name, length = 20 $(, $on_update = $cascade)?)]
                person_name: String,
                #[orm(primary_key, autoincrement = false)]
                number: i64,
                #[orm(length = 20)]
                note: Option<String>,
                #[orm(back_populates = entries)]
                person: BelongsTo<Person>,
            }

            #[derive(Clone, Debug, Model)]
            #[orm(table = "topics", metadata = none)]
            struct Topic {
                #[orm(primary_key, length = 20)]
                word: String,
                #[orm(secondary = PersonTopic, back_populates = topics)]
                people: ManyToMany<Person>,
            }

            #[derive(Clone, Debug, Model)]
            #[orm(table = "person_topics", metadata = none)]
            struct PersonTopic {
                #[orm(primary_key, foreign_key = Person.name, length = 20 $(, $on_update = $cascade)?)]
                person_name: String,
                #[orm(primary_key, foreign_key = Topic.word, length = 20 $(, $on_update = $cascade)?)]
                topic_word: String,
            }

            async fn session() -> (Engine, Session) {
                let engine = empty_engine().await;
                if $is_constrained {
                    metadata![Person, Mail, Entry, Topic, PersonTopic].create_all(&engine).await.unwrap();
                } else {
                    for sql in super::UNCONSTRAINED {
                        text(sql).execute(&engine).await.unwrap();
                    }
                }
                let session = Session::new(&engine);
                (engine, session)
            }

            fn mail(email: &str) -> impl orm::IntoMember<Mail> + orm::NewInstance<Model = Mail> {
                Mail::builder().email(email)
            }

            async fn mails(engine: &Engine) -> Vec<(String, Option<String>)> {
                select((Mail.email, Mail.person_name)).order_by(Mail.email).all(engine).await.unwrap()
            }

            fn rows<const N: usize>(rows: [(&str, Option<&str>); N]) -> Vec<(String, Option<String>)> {
                rows.map(|(email, name)| (email.to_owned(), name.map(str::to_owned))).to_vec()
            }

            #[tokio::test]
            async fn a_key_changes_while_members_come_go_and_change() {
                let (engine, mut session) = session().await;
                let jack = session.add(Person::builder().name("jack").mails([mail("a"), mail("b"), mail("c")]));
                session.commit().await.unwrap();
                session.load(jack, Person.mails).await.unwrap();
                let [a, b, c] = session.handles(jack, Person.mails)[..] else { panic!() };
                session[jack].name = "ed".into();
                session.unlink(jack, Person.mails, a);
                session[b].email = "bb".into();
                let d = session.link(jack, Person.mails, mail("d"));
                session.flush().await.unwrap();
                assert_eq!([b, c, d].map(|mail| session[mail].person_name.clone().unwrap()), ["ed"; 3]);
                assert_eq!(session[a].person_name, None);
                assert_eq!(session.get(Mail, "bb").await.unwrap(), Some(b));
                session.commit().await.unwrap();
                let ed = Some("ed");
                assert_eq!(mails(&engine).await, rows([("a", None), ("bb", ed), ("c", ed), ("d", ed)]));
                // All of them at once, and back again.
                session.load(jack, Person.mails).await.unwrap();
                session[jack].mails.clear();
                session[jack].name = "fred".into();
                session.flush().await.unwrap();
                assert_eq!(select(Mail).filter(Mail.person_name.is_null()).count(session.connection().await.unwrap()).await.unwrap(), 4);
                session.rollback().await.unwrap();
                assert_eq!(session[jack].name, "ed");
                assert_eq!(session.get(Person, "ed").await.unwrap(), Some(jack));
                session.load(jack, Person.mails).await.unwrap();
                assert_eq!(session.handles(jack, Person.mails), [b, c, d]);
            }

            #[tokio::test]
            async fn a_key_changes_with_the_rest_of_a_key_that_holds_it() {
                let (engine, mut session) = session().await;
                let entries = [1, 2, 3].map(|number| Entry::builder().person_name("").number(number));
                let jack = session.add(Person::builder().name("jack").entries(entries));
                session.flush().await.unwrap();
                let [one, two, three] = session.handles(jack, Person.entries)[..] else { panic!() };
                session[jack].name = "ed".into();
                session[two].number = 20;
                session[three].note = Some("changed".into());
                session.flush().await.unwrap();
                for (entry, number) in [(one, 1), (two, 20), (three, 3)] {
                    assert_eq!(session.get(Entry, ("ed", number)).await.unwrap(), Some(entry));
                    assert_eq!(session[entry].person_name, "ed");
                }
                session.commit().await.unwrap();
                let found = select((Entry.person_name, Entry.number, Entry.note)).order_by(Entry.number);
                let expected = [(1, None), (3, Some("changed")), (20, None)];
                let expected = expected.map(|(number, note)| ("ed".to_owned(), number, note.map(str::to_owned)));
                assert_eq!(found.all(&engine).await.unwrap(), expected);
            }

            /// How an entry is given to another person.
            #[derive(Clone, Copy, Debug)]
            enum Way {
                Collection,
                Reference,
                Column,
            }

            #[tokio::test]
            async fn a_row_moves_to_another_owner_who_is_part_of_its_key() {
                for way in [Way::Collection, Way::Reference, Way::Column] {
                    for is_renamed in [false, true] {
                        let (engine, mut session) = session().await;
                        let entry = Entry::builder().person_name("").number(1);
                        let jack = session.add(Person::builder().name("jack").entries([entry]));
                        let wendy = session.add(Person::builder().name("wendy"));
                        session.flush().await.unwrap();
                        let entry = session.handles(jack, Person.entries)[0];
                        let what = format!("{way:?}, renamed: {is_renamed}");
                        if is_renamed {
                            session[wendy].name = "gwen".into();
                        }
                        match way {
                            Way::Collection => _ = session.link(wendy, Person.entries, entry),
                            Way::Reference => _ = session.link(entry, Entry.person, wendy),
                            Way::Column => session[entry].person_name = session[wendy].name.clone(),
                        }
                        session.commit().await.unwrap();
                        let expected = if is_renamed { "gwen" } else { "wendy" };
                        let found = select((Entry.person_name, Entry.number)).all(&engine).await.unwrap();
                        assert_eq!(found, [(expected.to_owned(), 1)], "{what}");
                        session.load(wendy, Person.entries).await.unwrap();
                        assert_eq!(session.handles(wendy, Person.entries), [entry], "{what}");
                        assert_eq!(session.get(Entry, (expected, 1)).await.unwrap(), Some(entry), "{what}");
                        assert_eq!(session.get(Entry, ("jack", 1)).await.unwrap(), None, "{what}");
                    }
                }
            }

            #[tokio::test]
            async fn keys_of_both_ends_of_pairs_change_while_pairs_come_and_go() {
                let (engine, mut session) = session().await;
                let topic = |word: &str| Topic::builder().word(word);
                let jack = session.add(Person::builder().name("jack").topics([topic("x"), topic("y")]));
                session.commit().await.unwrap();
                session.load(jack, Person.topics).await.unwrap();
                let [x, y] = session.handles(jack, Person.topics)[..] else { panic!() };
                session[jack].name = "ed".into();
                session[y].word = "yy".into();
                session.unlink(jack, Person.topics, x);
                session.link(jack, Person.topics, topic("z"));
                session.commit().await.unwrap();
                let pairs = select((PersonTopic.person_name, PersonTopic.topic_word)).order_by(PersonTopic.topic_word);
                let expected = ["yy", "z"].map(|word| ("ed".to_owned(), word.to_owned()));
                assert_eq!(pairs.all(&engine).await.unwrap(), expected);
            }

            #[tokio::test]
            async fn a_key_changes_while_its_object_is_expired() {
                let (engine, mut session) = session().await;
                let jack = session.add(Person::builder().name("jack").fullname("Jack").mails([mail("a")]));
                session.commit().await.unwrap();
                session[jack].name = "ed".into();
                session.commit().await.unwrap();
                assert_eq!(mails(&engine).await, rows([("a", Some("ed"))]));
                session.expire(jack).unwrap();
                session[jack].name = "fred".into();
                session.flush().await.unwrap();
                assert_eq!(session.get(Person, "fred").await.unwrap(), Some(jack));
                session.commit().await.unwrap();
                let people = select((Person.name, Person.fullname)).all(&engine).await.unwrap();
                assert_eq!(people, [("fred".to_owned(), Some("Jack".to_owned()))]);
                // Changed by somebody else: the object is not found by its key any more.
                let sql = "UPDATE people SET name = 'gone'";
                session.execute(text(sql)).await.unwrap();
                session.expire(jack).unwrap();
                assert!(session.refresh(jack).await.is_err());
                let other = session.get_one(Person, "gone").await.unwrap();
                assert_ne!(other, jack);
            }
        }
    )* };
}

keys! {
    by_the_database true (on_update = cascade);
    by_the_session false;
}

#[derive(Clone, Debug, Model)]
#[orm(table = "folders", metadata = none)]
struct Folder {
    #[orm(primary_key, length = 20)]
    name: String,
    #[orm(foreign_key = Folder.name, length = 20)]
    parent_name: Option<String>,
    #[orm(back_populates = folders)]
    parent: BelongsTo<Folder>,
    #[orm(back_populates = parent, order_by = name)]
    folders: HasMany<Folder>,
}

#[tokio::test]
async fn the_keys_of_a_tree_change_on_every_level_at_once() {
    let engine = empty_engine().await;
    text(UNCONSTRAINED[5]).execute(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let folder = |name: &str| Folder::builder().name(name);
    let root = session.add(folder("a").folders([folder("b").folders([folder("c")]), folder("d")]));
    session.commit().await.unwrap();
    let tree = session.query(Folder).order_by(Folder.name).all().await.unwrap();
    for &folder in &tree {
        let name = session[folder].name.to_uppercase();
        session[folder].name = name;
    }
    session.commit().await.unwrap();
    let found = select((Folder.name, Folder.parent_name)).order_by(Folder.name).all(&engine).await.unwrap();
    let expected = [("A", None), ("B", Some("A")), ("C", Some("B")), ("D", Some("A"))];
    assert_eq!(found, expected.map(|(name, parent)| (name.to_owned(), parent.map(str::to_owned))));
    // One alone, of whose children nothing is loaded.
    session.expunge_all();
    let root_again = session.get_one(Folder, "A").await.unwrap();
    assert_ne!(root, root_again);
    session[root_again].name = "root".into();
    session.commit().await.unwrap();
    assert_eq!(select(Folder).filter(Folder.parent_name.eq("root")).count(&engine).await.unwrap(), 2);
}

#[tokio::test]
async fn a_unique_column_that_others_refer_to_changes_while_members_go() {
    #[derive(Clone, Debug, Model)]
    #[orm(table = "accounts", metadata = none)]
    struct Account {
        #[orm(primary_key)]
        id: i64,
        #[orm(unique, length = 20)]
        name: String,
        #[orm(back_populates = account, order_by = id)]
        cards: HasMany<Card>,
    }
    #[derive(Clone, Debug, Model)]
    #[orm(table = "cards", metadata = none)]
    struct Card {
        #[orm(primary_key)]
        id: i64,
        #[orm(foreign_key = Account.name, on_update = cascade, length = 20)]
        account_name: Option<String>,
        #[orm(back_populates = cards)]
        account: BelongsTo<Account>,
    }
    let engine = empty_engine().await;
    metadata![Account, Card].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let account = session.add(Account::builder().name("jack").cards([Card::builder(), Card::builder()]));
    session.flush().await.unwrap();
    let [first, second] = session.handles(account, Account.cards)[..] else { panic!() };
    session[account].name = "ed".into();
    session.flush().await.unwrap();
    assert_eq!(session[first].account_name.as_deref(), Some("ed"));
    session[account].name = "fred".into();
    session.unlink(account, Account.cards, first);
    session.commit().await.unwrap();
    let names = select(Card.account_name).order_by(Card.id).all(&engine).await.unwrap();
    assert_eq!(names, [None, Some("fred".to_owned())]);
    session.load(account, Account.cards).await.unwrap();
    assert_eq!(session.handles(account, Account.cards), [second]);
}

// ------------------------------------------------------------------------------------------------ versions

#[derive(Clone, Debug, Model)]
#[orm(table = "pages", version = version, metadata = none)]
struct Page {
    #[orm(primary_key, length = 10)]
    id: String,
    #[orm(default = 1)]
    version: i64,
    #[orm(length = 20)]
    text: String,
    #[orm(back_populates = page, cascade(all, delete_orphan))]
    summary: HasOne<Summary>,
    #[orm(back_populates = page)]
    remarks: HasMany<Remark>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "summaries", version = version, metadata = none)]
struct Summary {
    #[orm(primary_key, foreign_key = Page.id, length = 10)]
    page_id: String,
    #[orm(default = 1)]
    version: i64,
    #[orm(length = 20)]
    text: String,
    #[orm(back_populates = summary)]
    page: BelongsTo<Page>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "remarks", metadata = none)]
struct Remark {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = Page.id, length = 10)]
    page_id: Option<String>,
    #[orm(back_populates = remarks)]
    page: BelongsTo<Page>,
}

async fn page() -> (Engine, Session, Handle<Page>) {
    let engine = empty_engine().await;
    metadata![Page, Summary, Remark].create_all(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let page = session.add(Page::builder().id("p").text("first"));
    session.commit().await.unwrap();
    session.get_one(Page, "p").await.unwrap();
    (engine, session, page)
}

#[tokio::test]
async fn a_member_that_takes_the_row_of_the_one_before_goes_on_with_its_version() {
    let (engine, mut session, page) = page().await;
    let summary = |text: &str| Summary::builder().page_id("").text(text);
    session.load(page, Page.summary).await.unwrap();
    let first = session.link(page, Page.summary, summary("one"));
    session.commit().await.unwrap();
    for (text, version) in [("two", 2), ("three", 3)] {
        session.get_one(Page, "p").await.unwrap();
        session.load(page, Page.summary).await.unwrap();
        let next = session.link(page, Page.summary, summary(text));
        assert_ne!(next, first);
        session.commit().await.unwrap();
        let row = select((Summary.page_id, Summary.text, Summary.version)).one(&engine).await.unwrap();
        assert_eq!(row, ("p".to_owned(), text.to_owned(), version));
        assert_eq!(session.get(Summary, "p").await.unwrap(), Some(next));
    }
}

#[tokio::test]
async fn what_refers_to_an_object_does_not_raise_its_version() {
    let (engine, mut session, page) = page().await;
    let remark = session.add(Remark::builder());
    session.link(remark, Remark.page, page);
    assert_statements!(engine, 1, session.flush().await.unwrap());
    session.load(page, Page.remarks).await.unwrap();
    session.unlink(page, Page.remarks, remark);
    session.link(page, Page.remarks, Remark::builder());
    session.commit().await.unwrap();
    assert_eq!(select(Page.version).one(&engine).await.unwrap(), 1);
    assert_eq!(select(Remark.page_id).order_by(Remark.id).all(&engine).await.unwrap(), [None, Some("p".to_owned())]);
}

#[tokio::test]
async fn a_version_that_is_not_of_the_row_is_stale_in_whatever_way_it_is_written() {
    for is_delete in [false, true] {
        for is_expired in [false, true] {
            let (engine, _, _) = page().await;
            let mut session = SessionMaker::new(&engine).expire_on_commit(is_expired).session();
            let page = session.get_one(Page, "p").await.unwrap();
            session.commit().await.unwrap();
            assert_eq!(session.is_expired(page).unwrap(), is_expired);
            text("UPDATE pages SET version = 7").execute(&engine).await.unwrap();
            match is_delete {
                true => session.delete(page).await.unwrap(),
                false => session[page].text = "mine".into(),
            }
            let error = session.commit().await.unwrap_err();
            assert_eq!(*error.kind(), orm::ErrorKind::StaleData, "delete: {is_delete}, expired: {is_expired}: {error}");
            session.rollback().await.unwrap();
            // Read again, it is of the row.
            session.get_one(Page, "p").await.unwrap();
            match is_delete {
                true => session.delete(page).await.unwrap(),
                false => session[page].text = "mine".into(),
            }
            session.commit().await.unwrap();
            let left = select((Page.text, Page.version)).all(&engine).await.unwrap();
            assert_eq!(left, if is_delete { vec![] } else { vec![("mine".to_owned(), 8)] });
        }
    }
}
