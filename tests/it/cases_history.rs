//! What has changed in objects since the last flush.

use orm::prelude::*;

use crate::assert_statements;
use crate::support::{Address, Keyword, Node, User, session, three_users, tree};

#[tokio::test]
async fn what_a_new_object_was_not_given_has_no_history() {
    let (_engine, mut session) = session().await;
    let new = session.add(User::builder().name("new"));
    assert!(session.is_modified(new).unwrap());
    for (has_changes, added) in [
        (session.history(new, User.id).unwrap().has_changes(), 0),
        (session.history(new, User.fullname).unwrap().has_changes(), 0),
    ] {
        assert!(!has_changes && added == 0);
    }
    assert_eq!(session.history(new, User.name).unwrap().added, ["new"]);
    // Nothing is known of what is left to the database until it is there; what is assigned has come.
    session[new].fullname = Some("set".into());
    assert_eq!(session.history(new, User.fullname).unwrap().added, [Some("set".to_owned())]);
    session.flush().await.unwrap();
    assert!(!session.is_modified(new).unwrap());
    assert_eq!(session.history(new, User.id).unwrap().unchanged, [1]);
    assert_eq!(session.history(new, User.fullname).unwrap().unchanged, [Some("set".to_owned())]);
}

#[tokio::test]
async fn an_object_of_which_only_members_come_or_go_is_modified() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let [ed, wendy, fred] = session.query(User).order_by(User.id).all().await.unwrap()[..] else { panic!() };
    session.load(ed, User.addresses).await.unwrap();
    session.load(ed, User.keywords).await.unwrap();
    let mail = session.handles(ed, User.addresses)[0];
    let word = session.handles(ed, User.keywords)[0];
    let dirty = |session: &Session| {
        let all = [ed, wendy, fred].map(|user| session.is_modified(user).unwrap());
        let list = session.dirty();
        assert_eq!([ed, wendy, fred].map(|user| list.iter().any(|object| object.is(user))), all);
        all
    };
    assert_eq!(dirty(&session), [false; 3]);
    // A member that moves is one of both owners, loaded or not.
    session.link(fred, User.addresses, mail);
    assert_eq!(dirty(&session), [true, false, true]);
    assert!(session.is_modified(mail).unwrap());
    session.link(ed, User.addresses, mail);
    assert_eq!(dirty(&session), [false; 3], "it is back");
    session.flush().await.unwrap();
    // Pairs are no column of either.
    session.link(wendy, User.keywords, word);
    assert_eq!(dirty(&session), [false, true, false]);
    assert!(session.is_modified(word).unwrap());
    session.unlink(wendy, User.keywords, word);
    assert_eq!(dirty(&session), [false; 3]);
    session.unlink(ed, User.keywords, word);
    assert_eq!(dirty(&session), [true, false, false]);
    session.flush().await.unwrap();
    assert_eq!(dirty(&session), [false; 3]);
    // What was pushed on a field is not taken up yet.
    session[fred].addresses.push(Address::builder().email("f"));
    session[wendy].keywords.push(word);
    assert_eq!(dirty(&session), [false, true, true]);
    session.flush().await.unwrap();
    assert_eq!(dirty(&session), [false; 3]);
    // Nothing of this asks the database, although nothing is loaded.
    session.commit().await.unwrap();
    assert_statements!(engine, 0, assert_eq!(dirty(&session), [false; 3]));
}

/// Whether a relationship is loaded before something is done to it, after something else was, or not at all.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Loaded {
    Before,
    AfterAChange,
    Not,
}

const LOADED: [Loaded; 3] = [Loaded::Before, Loaded::AfterAChange, Loaded::Not];

#[tokio::test]
async fn history_tells_members_whatever_is_loaded_and_when() {
    for loaded in LOADED {
        let (engine, mut session) = session().await;
        three_users(&engine).await;
        let [ed, wendy, fred] = session.query(User).order_by(User.id).all().await.unwrap()[..] else { panic!() };
        let mails = session.query(Address).order_by(Address.id).all().await.unwrap();
        let [red, blue] = session.query(Keyword).order_by(Keyword.id).all().await.unwrap()[..] else { panic!() };
        let new = session.add(Keyword::builder().word("new"));
        session.flush().await.unwrap();
        if loaded == Loaded::AfterAChange {
            session[ed].fullname = Some("changed".into());
        }
        if loaded != Loaded::Not {
            let mut quiet = session.no_autoflush();
            quiet.load(ed, User.addresses).await.unwrap();
            quiet.load(ed, User.keywords).await.unwrap();
        }
        let is_loaded = loaded != Loaded::Not;
        let stays = |members: &[Handle<Address>]| if is_loaded { members.to_vec() } else { vec![] };
        let history = session.members_history(ed, User.addresses).unwrap();
        assert_eq!((history.has_changes(), history.unchanged), (false, stays(&mails[..2])), "{loaded:?}");

        let added = session.link(ed, User.addresses, Address::builder().email("added"));
        session.link(fred, User.addresses, mails[0]);
        session.link(ed, User.addresses, mails[2]);
        let history = session.members_history(ed, User.addresses).unwrap();
        assert_eq!(
            (history.added, history.unchanged, history.deleted),
            (vec![added, mails[2]], stays(&mails[1..2]), vec![mails[0]]),
            "{loaded:?}"
        );
        assert_eq!(session.members_history(fred, User.addresses).unwrap().added, [mails[0]]);
        assert_eq!(session.members_history(wendy, User.addresses).unwrap().deleted, [mails[2]]);
        let history = session.members_history(mails[0], Address.user).unwrap();
        assert_eq!((history.added, history.deleted), (vec![fred], vec![ed]));
        // There and back is nothing.
        session.link(ed, User.addresses, mails[0]);
        session.unlink(ed, User.addresses, added);
        session.link(wendy, User.addresses, mails[2]);
        let history = session.members_history(ed, User.addresses).unwrap();
        assert!(!history.has_changes(), "{loaded:?}: {history:?}");
        assert!(!session.members_history(mails[0], Address.user).unwrap().has_changes());

        session.link(ed, User.keywords, new);
        session.unlink(ed, User.keywords, red);
        let history = session.members_history(ed, User.keywords).unwrap();
        let unchanged = if is_loaded { vec![blue] } else { vec![] };
        assert_eq!(
            (history.added, history.unchanged, history.deleted),
            (vec![new], unchanged, vec![red]),
            "{loaded:?}"
        );
        assert_eq!(session.members_history(new, Keyword.users).unwrap().added, [ed]);
        assert_eq!(session.members_history(red, Keyword.users).unwrap().deleted, [ed]);
        session.unlink(ed, User.keywords, new);
        session.link(ed, User.keywords, red);
        let history = session.members_history(ed, User.keywords).unwrap();
        assert!(!history.has_changes(), "{loaded:?}: {history:?}");
        assert_eq!(session.members_history(red, Keyword.users).unwrap().deleted, []);
    }
}

#[tokio::test]
async fn history_of_a_reference_tells_what_it_was() {
    let (engine, mut session) = session().await;
    tree(&engine).await;
    let node = |session: &Session, name: &str, all: &[Handle<Node>]| {
        *all.iter().find(|&&node| session[node].name == name).unwrap()
    };
    let all = session.query(Node).all().await.unwrap();
    let [root, a, b, leaf] = ["root", "a", "b", "a1"].map(|name| node(&session, name, &all));
    let told = |session: &Session| {
        let history = session.members_history(leaf, Node.parent).unwrap();
        (history.added, history.unchanged, history.deleted)
    };
    assert_eq!(told(&session), (vec![], vec![], vec![]), "it is not loaded, and nothing has changed");
    session.link(leaf, Node.parent, b);
    assert_eq!(told(&session), (vec![b], vec![], vec![a]));
    session.link(leaf, Node.parent, root);
    assert_eq!(told(&session), (vec![root], vec![], vec![a]), "since the last flush");
    session[leaf].parent.clear();
    session.flush().await.unwrap();
    assert_eq!(told(&session), (vec![], vec![], vec![]));
    session.link(leaf, Node.parent, a);
    assert_eq!(told(&session), (vec![a], vec![], vec![]), "it had none");
    session.flush().await.unwrap();
    assert_eq!(told(&session), (vec![], vec![a], vec![]));
    session.unlink(leaf, Node.parent, a);
    assert_eq!(told(&session), (vec![], vec![], vec![a]));
    let new = session.add(Node::builder().name("new").parent(root));
    let history = session.members_history(new, Node.parent).unwrap();
    assert_eq!((history.added, history.deleted), (vec![root], vec![]));
}

#[tokio::test]
async fn what_is_read_again_forgets_its_own_changes_and_writes_none_of_the_others() {
    let (engine, mut session) = session().await;
    three_users(&engine).await;
    let [ed, wendy, fred] = session.query(User).order_by(User.id).all().await.unwrap()[..] else { panic!() };
    session[ed].name = "lost".into();
    session[wendy].name = "kept".into();
    assert_statements!(engine, 1, session.refresh(ed).await.unwrap());
    assert_eq!((session[ed].name.as_str(), session[wendy].name.as_str()), ("ed", "kept"));
    assert!(!session.is_modified(ed).unwrap() && session.is_modified(wendy).unwrap());
    // The column of a reference that was linked is read; what was linked stays.
    let mail = session.no_autoflush().query(Address).order_by(Address.id).first().await.unwrap().unwrap();
    session.link(mail, Address.user, fred);
    session.refresh_attributes(mail, Address.user_id).await.unwrap();
    assert!(session.is_modified(mail).unwrap());
    session.flush().await.unwrap();
    assert_eq!(session[mail].user_id, session[fred].id);
    session.expunge(fred).unwrap();
    assert!(session.refresh(fred).await.unwrap_err().message().ends_with("it was expunged"));
    session.commit().await.unwrap();
    assert_eq!(select(User.name).order_by(User.id).all(&engine).await.unwrap(), ["ed", "kept", "fred"]);
}

#[tokio::test]
async fn a_relationship_that_expires_keeps_what_waits_and_reads_the_rest() {
    let (engine, mut session) = session().await;
    let ed = session.add(User::builder().name("ed").addresses([Address::builder().email("first")]));
    session.flush().await.unwrap();
    session.expire_relationship(ed, User.addresses).unwrap();
    let waits = session.link(ed, User.addresses, Address::builder().email("waits"));
    session.expire_relationship(ed, User.addresses).unwrap();
    let row = Address::builder().email("row").user_id(session[ed].id);
    session.no_autoflush().execute(insert(Address).values(row)).await.unwrap();
    session.no_autoflush().load(ed, User.addresses).await.unwrap();
    let emails: Vec<&str> = session.related(ed, User.addresses).map(|(_, mail)| mail.email.as_str()).collect();
    assert_eq!(emails, ["first", "row", "waits"]);
    assert_eq!(session.members_history(ed, User.addresses).unwrap().added, [waits]);
    session.commit().await.unwrap();
    session.load(ed, User.addresses).await.unwrap();
    assert_eq!(session.handles(ed, User.addresses).len(), 3);
    assert_eq!(select(Address).filter(Address.user_id.eq(1)).count(&engine).await.unwrap(), 3);
}
