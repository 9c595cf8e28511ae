//! Clauses of SELECT, each run where the database has it, and its rows.

use orm::prelude::*;
use orm::{Derived, Dialect, ErrorKind, Expr, Lock, TableFunction, label, literal, subqueryload, values, with_parent};

use crate::only;
use crate::support::{Address, Keyword, Node, User, UserKeyword, dialect, engine, strategies, three_users, two_users};

fn texts<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.into_iter().map(str::to_owned).collect()
}

/// Saves `ed` and `wendy` with their addresses, `fred` without any, and keywords: `rust` of both, `sql` of nobody.
async fn people(engine: &Engine) {
    two_users(engine).await;
    let mut session = Session::new(engine);
    session.add(User::builder().name("fred"));
    session.commit().await.unwrap();
    let words = ["rust", "sql"].map(|word| Keyword::builder().word(word));
    insert(Keyword).values(words).execute(engine).await.unwrap();
    let uses = [UserKeyword { user_id: 1, keyword_id: 1 }, UserKeyword { user_id: 2, keyword_id: 1 }];
    insert(UserKeyword).values(uses).execute(engine).await.unwrap();
}

async fn all<R: orm::RowType>(engine: &Engine, query: Select<R>) -> Vec<R> {
    let sql = query.to_sql(dialect());
    query.all(engine).await.unwrap_or_else(|error| panic!("{sql}\n{error}"))
}

#[tokio::test]
async fn joins_of_every_kind_find_what_they_say() {
    let engine = engine().await;
    people(&engine).await;
    let by_key = select((User.name, Address.email)).join(Address).order_by(Address.id);
    assert_eq!(all(&engine, by_key).await.len(), 3);
    let left = select((User.name, optional(Address.email))).outerjoin(Address).order_by((User.id, Address.id));
    assert_eq!(all(&engine, left).await.last(), Some(&("fred".to_owned(), None)));
    let right = select((Address.email, optional(User.name)));
    let right = right.select_from(Address).join_on(Keyword, Keyword.id.eq(Address.id));
    assert_eq!(
        all(
            &engine,
            right
                .right_join_on(User, User.id.eq(Address.user_id))
                .with_only_columns((optional(Address.email), User.name))
                .order_by(User.id)
        )
        .await
        .len(),
        4
    );
    let association =
        select((optional(User.name), Keyword.word)).right_join(User.keywords).order_by((Keyword.id, User.id));
    let rows = all(&engine, association).await;
    assert_eq!(rows.last(), Some(&(None, "sql".to_owned())));
    assert_eq!(rows.len(), 3);
    let cross = select((User.name, Keyword.word)).cross_join(Keyword).order_by((User.id, Keyword.id));
    assert_eq!(all(&engine, cross).await.len(), 6);
    let from = select((User.name, Keyword.word)).join_from(User, UserKeyword).join_from(UserKeyword, Keyword);
    assert_eq!(
        all(&engine, from.order_by(User.id)).await,
        [("ed".to_owned(), "rust".to_owned()), ("wendy".to_owned(), "rust".to_owned())]
    );
    let both = select((optional(User.name), optional(Keyword.word))).full_join(User.keywords);
    match dialect() {
        Dialect::Sqlite | Dialect::Postgres => assert_eq!(all(&engine, both).await.len(), 4),
        _ => assert!(both.all(&engine).await.unwrap_err().to_string().starts_with("FULL OUTER JOIN is not supported")),
    }
}

#[tokio::test]
async fn groups_and_orders_may_be_said_by_label() {
    let engine = engine().await;
    people(&engine).await;
    let totals =
        select((User.name, func::count(Address.id).label("total"))).outerjoin(User.addresses).group_by(User.name);
    let rows = all(&engine, totals.clone().order_by((label("total").desc(), User.name))).await;
    assert_eq!(rows, [("ed".to_owned(), 2), ("wendy".to_owned(), 1), ("fred".to_owned(), 0)]);
    assert_eq!(all(&engine, totals.order_by(("total", User.name))).await[0].0, "fred");
    let upper = select((func::upper(User.name).label("shouted"), func::count_all())).group_by("shouted");
    assert_eq!(all(&engine, upper.order_by("shouted")).await[0], ("ED".to_owned(), 1));
}

#[tokio::test]
async fn nulls_sort_where_they_are_told_to() {
    let engine = engine().await;
    people(&engine).await;
    let names = |query: Select<String>| all(&engine, query.order_by(User.id));
    let name = || select(User.name);
    assert_eq!(names(name().order_by(User.fullname.nulls_first())).await, ["wendy", "fred", "ed"]);
    assert_eq!(names(name().order_by(User.fullname.nulls_last())).await, ["ed", "wendy", "fred"]);
    assert_eq!(names(name().order_by(User.fullname.desc().nulls_last())).await, ["ed", "wendy", "fred"]);
    let labelled = select((User.name, User.fullname.label("whole"))).order_by((label("whole").nulls_first(), User.id));
    assert_eq!(all(&engine, labelled).await[0].0, "wendy");
}

#[tokio::test]
async fn limits_with_ties_and_distinct_on_where_they_exist() {
    let engine = engine().await;
    people(&engine).await;
    assert_eq!(all(&engine, select(User.name).order_by(User.id).offset(1)).await, ["wendy", "fred"]);
    assert_eq!(all(&engine, select(User.name).order_by(User.id).limit(1).offset(1)).await, ["wendy"]);
    let ties = select(Address.user_id).order_by(Address.user_id).fetch_with_ties(1);
    let on = select((Address.user_id, Address.email))
        .distinct_on(Address.user_id)
        .order_by((Address.user_id, Address.id.desc()));
    match dialect() {
        Dialect::Postgres => {
            assert_eq!(all(&engine, ties).await, [1, 1]);
            assert_eq!(all(&engine, on.clone()).await, [(1, "ed@y.org".to_owned()), (2, "wendy@x.org".to_owned())]);
            assert_eq!(on.count(&engine).await.unwrap(), 2);
        }
        Dialect::MariaDb => assert_eq!(all(&engine, ties).await, [1, 1]),
        _ => assert_eq!(*ties.all(&engine).await.unwrap_err().kind(), ErrorKind::Compile),
    }
    assert_eq!(all(&engine, select(Address.user_id).distinct().order_by(Address.user_id)).await, [1, 2]);
}

/// SQLite 3.51 joins what EXISTS asks for, and took each of two addresses of one user for a row to be skipped.
#[tokio::test]
async fn rows_are_skipped_once_however_many_rows_exist_for_them() {
    let engine = engine().await;
    three_users(&engine).await;
    let with_mail = || select(User.name).filter(User.addresses.is_not_empty());
    let exists = || func::exists(select(Address.id).filter(Address.user_id.eq(User.id)));
    let all_of = async |query: Select<String>| query.all(&engine).await.unwrap();
    assert_eq!(all_of(with_mail().order_by(User.id).offset(1)).await, ["wendy"]);
    assert_eq!(all_of(with_mail().order_by(User.id).limit(1).offset(1)).await, ["wendy"]);
    assert_eq!(all_of(select(User.name).filter(exists()).order_by(User.id).offset(1)).await, ["wendy"]);
    let derived = select(User).filter(exists()).subquery("with_mail");
    assert_eq!(all_of(select(derived.name).select_from(&derived).order_by(derived.id).offset(1)).await, ["wendy"]);
    let keywords = select(Keyword.word).filter(Keyword.word.eq("red"));
    assert_eq!(with_mail().union_all(keywords).offset(1).all(&engine).await.unwrap().len(), 2);
}

#[tokio::test]
async fn sets_of_rows_are_added_cut_and_taken_away() {
    let engine = engine().await;
    people(&engine).await;
    insert(Keyword).values(Keyword::builder().word("ed")).execute(&engine).await.unwrap();
    let users = || select(User.name);
    let words = || select(Keyword.word);
    let sorted = |query: Select<String>| all(&engine, query.order_by(User.name));
    assert_eq!(sorted(users().union(words())).await, ["ed", "fred", "rust", "sql", "wendy"]);
    assert_eq!(sorted(users().union_all(words())).await, ["ed", "ed", "fred", "rust", "sql", "wendy"]);
    assert_eq!(sorted(users().intersect(words())).await, ["ed"]);
    assert_eq!(sorted(users().except(words())).await, ["fred", "wendy"]);
    assert_eq!(sorted(users().union(words()).except(select(Keyword.word)).limit(1)).await, ["fred"]);
    assert_eq!(sorted(users().union(words()).intersect(users())).await, ["ed", "fred", "wendy"]);
    assert_eq!(sorted(users().union(words().intersect(select(Address.email)))).await, ["ed", "fred", "wendy"]);
    assert_eq!(sorted(users().except(words().except(users()))).await, ["ed", "fred", "wendy"]);
    let cut = users().order_by(User.id).limit(1).union_all(words().order_by(Keyword.id.desc()).limit(1));
    assert_eq!(sorted(cut).await, ["ed", "ed"]);
    assert_eq!(users().union(words()).count(&engine).await.unwrap(), 5);
    assert!(users().intersect(words()).exists(&engine).await.unwrap());
    assert_eq!(users().union(words()).order_by(User.name).first(&engine).await.unwrap().as_deref(), Some("ed"));
    match dialect() {
        Dialect::Sqlite => {
            let error = users().except_all(words()).all(&engine).await.unwrap_err();
            assert_eq!(error.message(), "EXCEPT ALL is not supported on dialect sqlite");
        }
        _ => {
            assert_eq!(sorted(users().union_all(words()).except_all(words())).await, ["ed", "fred", "wendy"]);
            assert_eq!(sorted(users().union_all(words()).intersect_all(users())).await, ["ed", "fred", "wendy"]);
        }
    }
}

#[tokio::test]
async fn a_compound_of_models_gives_objects_with_what_is_loaded() {
    let engine = engine().await;
    people(&engine).await;
    let query =
        || select(User).filter(User.id.eq(1)).union(select(User).filter(User.id.ge(2))).order_by(User.id.desc());
    let users = query().options(selectinload(User.addresses)).all(&engine).await.unwrap();
    assert_eq!(users.iter().map(|user| user.addresses.get().len()).collect::<Vec<_>>(), [0, 1, 2]);
    let mut session = Session::new(&engine);
    let handles = query().options(joinedload(User.addresses)).all(&mut session).await.unwrap();
    assert_eq!(session.related(handles[2], User.addresses).count(), 2);
    let mut chunks = query().yield_per(2);
    let mut seen = 0;
    while let Some(users) = chunks.next(&engine).await.unwrap() {
        seen += users.len();
    }
    assert_eq!(seen, 3);
}

#[tokio::test]
async fn subqueries_have_typed_columns() {
    let engine = engine().await;
    people(&engine).await;
    let totals =
        select((Address.user_id, func::count(Address.id).label("total"))).group_by(Address.user_id).subquery("totals");
    let joined = select((User.name, totals.1)).join_on(&totals, totals.0.eq(User.id)).filter(totals.1.gt(1));
    assert_eq!(all(&engine, joined).await, [("ed".to_owned(), 2)]);
    let missing = select((User.name, optional(totals.1))).outerjoin_on(&totals, totals.0.eq(User.id)).order_by(User.id);
    assert_eq!(all(&engine, missing).await[2], ("fred".to_owned(), None));
    assert_eq!(all(&engine, select(totals.clone()).order_by(totals.0)).await, [(1, 2), (2, 1)]);
    let greatest = select(func::max(totals.1)).select_from(&totals);
    assert_eq!(all(&engine, greatest).await, [Some(2)]);
    let same = select((User.id, Address.id)).join(User.addresses).subquery("pairs");
    assert_eq!(all(&engine, select((same.1, same.0)).select_from(&same).order_by(same.1)).await[2], (3, 2));
    let (a, b) = (same.clone(), same.alias("others"));
    let pairs = select((a.1, b.1)).join_from_on(&a, &b, a.0.eq(b.0) & a.1.lt(b.1));
    assert_eq!(all(&engine, pairs).await, [(1, 2)]);
}

#[tokio::test]
async fn a_subquery_of_a_model_gives_objects() {
    let engine = engine().await;
    people(&engine).await;
    let active = select(User).filter(User.active).subquery("active");
    let names = select(active.clone()).order_by(active.name).all(&engine).await.unwrap();
    assert_eq!(names.iter().map(|user| user.name.as_str()).collect::<Vec<_>>(), ["ed", "fred"]);
    let mut session = Session::new(&engine);
    let ed = session.query(User).filter(User.id.eq(1)).one().await.unwrap();
    let found = select(active.clone()).filter(active.addresses.any(Address.email.like("ed@%"))).all(&mut session).await;
    assert_eq!(found.unwrap(), [ed]);
    let mails = select((active.name, Address.email)).select_from(&active).join(active.addresses).order_by(Address.id);
    assert_eq!(all(&engine, mails).await.len(), 2);
    let loaded = select(active.clone()).options(selectinload(User.addresses)).order_by(active.id).all(&engine).await;
    assert_eq!(loaded.unwrap()[0].addresses.get().len(), 2);
}

#[tokio::test]
async fn subqueries_stand_for_values_and_conditions() {
    let engine = engine().await;
    people(&engine).await;
    let names = |query: Select<String>| all(&engine, query.order_by(User.id));
    let last = select(func::max(Address.id)).filter(Address.user_id.eq(User.id)).scalar_subquery();
    let rows = all(&engine, select((User.name, last)).order_by(User.id)).await;
    assert_eq!(rows.iter().map(|row| row.1).collect::<Vec<_>>(), [Some(2), Some(3), None]);
    let limited = select(Address.user_id).order_by(Address.id.desc()).limit(1);
    assert_eq!(names(select(User.name).filter(User.id.in_(limited))).await, ["wendy"]);
    let compound = select(Address.user_id).union(select(UserKeyword.user_id));
    assert_eq!(names(select(User.name).filter(User.id.not_in(compound))).await, ["fred"]);
    let other = User.alias("other");
    let before = select(other.id).filter(other.id.lt(User.id));
    assert_eq!(names(select(User.name).filter(!func::exists(before))).await, ["ed"]);
    let all_of_it = select(func::max(User.id)).correlate(()).scalar_subquery();
    assert_eq!(names(select(User.name).filter(User.id.eq(all_of_it))).await, ["fred"]);
    let inner = select((User.id, Address.id)).filter(Address.user_id.eq(User.id)).correlate(User);
    assert_eq!(names(select(User.name).filter(func::exists(inner))).await, ["ed", "wendy"]);
    let inner = select((User.id, Address.id)).filter(Address.user_id.eq(User.id)).correlate_except(Address);
    assert_eq!(names(select(User.name).filter(!func::exists(inner))).await, ["fred"]);
}

#[tokio::test]
async fn members_are_found_by_object() {
    let engine = engine().await;
    people(&engine).await;
    let mut session = Session::new(&engine);
    let wendy = session.query(User).filter(User.name.eq("wendy")).one().await.unwrap();
    let address = session.query(Address).filter(Address.email.like("wendy%")).one().await.unwrap();
    let rust = session.query(Keyword).filter(Keyword.word.eq("rust")).one().await.unwrap();
    let owner = select(User.name).filter(User.addresses.contains(&session[address]));
    assert_eq!(all(&engine, owner).await, ["wendy"]);
    let users = select(User.name).filter(User.keywords.contains(&session[rust])).order_by(User.id);
    assert_eq!(all(&engine, users).await, ["ed", "wendy"]);
    let hers = select(Address.email).filter(Address.user.is(&session[wendy]));
    assert_eq!(all(&engine, hers).await, ["wendy@x.org"]);
    let members = select(Address.email).filter(with_parent(&session[wendy], User.addresses));
    assert_eq!(all(&engine, members).await, ["wendy@x.org"]);
    let words = select(Keyword.word).filter(with_parent(&session[wendy], User.keywords));
    assert_eq!(all(&engine, words).await, ["rust"]);
    assert_eq!(select(Address).filter(Address.user.is_some()).count(&engine).await.unwrap(), 3);
    let mail = Address.alias("mail");
    let some = select(User.name).filter(User.addresses.of(mail).any(mail.email.like("%y.org")));
    assert_eq!(all(&engine, some).await, ["ed"]);
}

#[tokio::test]
async fn lists_of_values_are_tables() {
    let engine = engine().await;
    people(&engine).await;
    let rows = [(1i64, Some("one".to_owned())), (2, None), (9, Some("nine".to_owned()))];
    let v = values("v", ["id", "word"], rows.clone());
    assert_eq!(all(&engine, select(v.clone()).order_by(v.0)).await, rows);
    let joined = select((User.name, v.1)).join_on(&v, v.0.eq(User.id)).order_by(v.0);
    assert_eq!(all(&engine, joined).await, [("ed".to_owned(), Some("one".to_owned())), ("wendy".to_owned(), None)]);
    let lacking = select(v.0).select_from(&v).outerjoin_on(User, User.id.eq(v.0)).filter(User.id.is_null());
    assert_eq!(all(&engine, lacking).await, [9]);
    let many = values("many", ["n"], (0..700i64).map(|n| (n,)));
    assert_eq!(all(&engine, select(func::sum(many.0)).select_from(&many)).await, [Some(244_650)]);
}

#[tokio::test]
async fn functions_give_rows() {
    let engine = engine().await;
    people(&engine).await;
    if dialect() == Dialect::Postgres {
        let n = func::generate_series("n", 3, 5);
        assert_eq!(all(&engine, select(n.clone()).order_by(n.0.desc())).await, [(5,), (4,), (3,)]);
        let numbers: Derived<(i64,)> = func::unnest("numbers", literal(vec![7i64, 8, 7]));
        let query = select((numbers.0, func::count_all())).select_from(&numbers).group_by(numbers.0);
        assert_eq!(all(&engine, query.order_by(numbers.0)).await, [(7, 2), (8, 1)]);
        let words: Derived<(Option<String>,)> = func::unnest("words", literal(vec![Some("a".to_owned()), None]));
        assert_eq!(all(&engine, select(words)).await, [(Some("a".to_owned()),), (None,)]);
        let each: Derived<(String, String)> = func::json_each("each", literal(r#"{"a": 1, "b": "x"}"#.to_owned()));
        let expected = [("a".to_owned(), "1".to_owned()), ("b".to_owned(), "x".to_owned())];
        assert_eq!(all(&engine, select(each.clone()).order_by(each.0)).await, expected);
        let letters: Derived<(String, i64)> =
            TableFunction::new("regexp_split_to_table", (User.name, literal(String::new())))
                .with_ordinality()
                .columns("letters", ["letter", "place"]);
        let third = select((User.name, letters.0)).select_from(&letters).filter(letters.1.eq(3)).order_by(User.id);
        let expected = [("wendy".to_owned(), "n".to_owned()), ("fred".to_owned(), "e".to_owned())];
        assert_eq!(all(&engine, third).await, expected);
    }
    if dialect() == Dialect::Sqlite {
        let document = literal(r#"{"a": 1, "b": 2}"#.to_owned());
        let each: Derived<(String, i64)> = func::json_each("each", document);
        assert_eq!(
            all(&engine, select(each.clone()).order_by(each.0)).await,
            [("a".to_owned(), 1), ("b".to_owned(), 2)]
        );
    }
}

#[tokio::test]
async fn the_members_of_a_document_are_rows() {
    let engine = engine().await;
    people(&engine).await;
    let document =
        r#"[{"id": 1, "mail": "a", "share": 0.5, "on": true}, {"id": 2, "mail": null}, {"id": 3, "more": [1]}]"#;
    update(User).set(User.fullname, document).filter(User.name.eq("wendy")).execute(&engine).await.unwrap();
    update(User).set(User.fullname, "[]").filter(User.name.ne("wendy")).execute(&engine).await.unwrap();
    type Thing = (i64, Option<String>, Option<f64>, Option<bool>);
    let members: Derived<Thing> = func::json_table(
        "members",
        User.fullname,
        "$[*]",
        [("id", "$.id"), ("mail", "$.mail"), ("share", "$.share"), ("on", "$.on")],
    );
    let query = select((User.name, members.0, members.1, members.2, members.3)).select_from(&members);
    let query = query.filter(members.0.gt(0)).order_by(members.0);
    if !matches!(dialect(), Dialect::MySql | Dialect::MariaDb) {
        let error = query.all(&engine).await.unwrap_err();
        assert_eq!(error.message(), format!("JSON_TABLE is not supported on dialect {}", dialect()));
        return;
    }
    let row = |id, mail: Option<&str>, share, on| ("wendy".to_owned(), id, mail.map(str::to_owned), share, on);
    let expected = [row(1, Some("a"), Some(0.5), Some(true)), row(2, None, None, None), row(3, None, None, None)];
    assert_eq!(all(&engine, query).await, expected);
}

#[tokio::test]
async fn a_lateral_subquery_is_about_each_row() {
    let engine = engine().await;
    people(&engine).await;
    let last =
        select(Address.email).filter(Address.user_id.eq(User.id)).order_by(Address.id.desc()).limit(1).lateral("last");
    let query = select((User.name, optional(last.0))).outerjoin_on(&last, Expr::TRUE).order_by(User.id);
    match dialect() {
        Dialect::Postgres | Dialect::MySql => {
            let rows = all(&engine, query).await;
            let mails: Vec<_> = rows.into_iter().map(|row| row.1).collect();
            assert_eq!(mails, [Some("ed@y.org".to_owned()), Some("wendy@x.org".to_owned()), None]);
        }
        other => {
            let error = query.all(&engine).await.unwrap_err();
            assert_eq!(error.message(), format!("LATERAL is not supported on dialect {other}"));
        }
    }
}

#[tokio::test]
async fn locked_rows_are_waited_for_or_left_out() {
    let engine = engine().await;
    people(&engine).await;
    let mut first = engine.begin().await.unwrap();
    let ed = select(User).filter(User.id.eq(1));
    assert_eq!(ed.clone().for_update().one(&mut first).await.unwrap().name, "ed");
    only!(Postgres | MySql | MariaDb);
    let mut second = engine.begin().await.unwrap();
    let free = select(User.name).order_by(User.id).lock(Lock::update().skip_locked());
    assert_eq!(free.all(&mut second).await.unwrap(), ["wendy", "fred"]);
    let error = ed.clone().lock(Lock::update().nowait()).all(&mut second).await.unwrap_err();
    assert!(!matches!(error.kind(), ErrorKind::Compile), "{error}");
    second.rollback().await.unwrap();
    first.commit().await.unwrap();
    let mut third = engine.begin().await.unwrap();
    assert_eq!(ed.clone().for_share().one(&mut third).await.unwrap().id, 1);
    third.commit().await.unwrap();
    if dialect() == Dialect::Postgres {
        let mut fourth = engine.begin().await.unwrap();
        for lock in [Lock::no_key_update(), Lock::key_share(), Lock::update().of(User)] {
            assert_eq!(ed.clone().lock(lock).all(&mut fourth).await.unwrap().len(), 1);
        }
        fourth.commit().await.unwrap();
    }
}

#[tokio::test]
async fn a_transaction_that_begins_with_a_lock_has_the_write_lock_of_sqlite() {
    only!(Sqlite);
    let engine = engine().await;
    people(&engine).await;
    let mut first = engine.begin().await.unwrap();
    select(User).filter(User.id.eq(1)).for_update().one(&mut first).await.unwrap();
    let rival = tokio::spawn({
        let engine = engine.clone();
        async move { update(User).set(User.name, "rival").filter(User.id.eq(1)).execute(&engine).await }
    });
    update(User).set(User.name, "first").filter(User.id.eq(1)).execute(&mut first).await.unwrap();
    first.commit().await.unwrap();
    rival.await.unwrap().unwrap();
    assert_eq!(select(User.name).filter(User.id.eq(1)).one(&engine).await.unwrap(), "rival");
}

#[tokio::test]
async fn hints_are_words_that_the_database_takes() {
    let engine = engine().await;
    people(&engine).await;
    let query = select(User.name)
        .filter(User.id.eq(1))
        .prefix_with("SQL_NO_CACHE", [Dialect::MySql, Dialect::MariaDb])
        .with_hint(User, "NOT INDEXED", Dialect::Sqlite)
        .with_hint(User, "USE INDEX (PRIMARY)", [Dialect::MySql, Dialect::MariaDb])
        .suffix_with("/* report */", ());
    assert_eq!(all(&engine, query).await, ["ed"]);
}

#[derive(Debug, PartialEq, Row)]
#[orm(from = User)]
struct Summary {
    name: String,
    #[orm(from = User.fullname)]
    full: Option<String>,
    #[orm(from = func::count(Address.id))]
    addresses: i64,
}

#[derive(Debug, PartialEq, Row)]
struct Total {
    total: i64,
    user_id: i64,
}

#[derive(Debug, PartialEq, Row)]
struct Both {
    #[orm(nested, from = User)]
    user: User,
    #[orm(nested, from = optional(Address))]
    address: Option<Address>,
    #[orm(from = User.id + 1)]
    next: i64,
}

#[tokio::test]
async fn rows_become_structs() {
    let engine = engine().await;
    people(&engine).await;
    let summaries =
        select(Summary).outerjoin(User.addresses).group_by((User.id, User.name, User.fullname)).order_by(User.id);
    let ed = Summary { name: "ed".into(), full: Some("Ed Jones".into()), addresses: 2 };
    assert_eq!(all(&engine, summaries.clone()).await[0], ed);
    let mut session = Session::new(&engine);
    assert_eq!(summaries.all(&mut session).await.unwrap()[0], ed, "a struct is a value from a session too");
    let named: Select<Total> =
        select((Address.user_id, func::count(Address.id).label("total"))).group_by(Address.user_id).into_rows();
    assert_eq!(all(&engine, named.order_by(Address.user_id)).await[1], Total { total: 1, user_id: 2 });
    let placed = select(Total.of(func::count(Address.id).label("total"), Address.user_id)).group_by(Address.user_id);
    let totals = placed.subquery("totals");
    let joined =
        select((User.name, totals.total)).join_on(&totals, totals.user_id.eq(User.id)).order_by(totals.total.desc());
    assert_eq!(all(&engine, joined).await[0], ("ed".to_owned(), 2));
    let whole = all(&engine, select(totals.clone()).order_by(totals.user_id)).await;
    assert_eq!(whole[0], Total { total: 2, user_id: 1 });
    let both = all(&engine, select(Both).outerjoin(User.addresses).order_by((User.id, Address.id))).await;
    assert_eq!((both[0].address.as_ref().map(|a| a.id), both[0].next), (Some(1), 2));
    assert_eq!((both[3].user.name.as_str(), &both[3].address), ("fred", &None));
    let maybe = select((User.name, optional(Total.of(Address.id, Address.user_id)))).outerjoin(User.addresses);
    let rows = all(&engine, maybe.order_by((User.id, Address.id))).await;
    assert_eq!((&rows[0].1, &rows[3].1), (&Some(Total { total: 1, user_id: 1 }), &None));
}

#[tokio::test]
async fn other_columns_keep_the_clauses() {
    let engine = engine().await;
    people(&engine).await;
    let users = select(User).filter(User.active).order_by(User.id);
    assert_eq!(all(&engine, users.clone().with_only_columns(User.name)).await, ["ed", "fred"]);
    let more = select((User.id, User.name)).filter(User.active).order_by(User.id).add_columns(func::length(User.name));
    assert_eq!(all(&engine, more).await[1].0, (3, "fred".to_owned()));
    assert_eq!(users.add_columns(User.id).all(&engine).await.unwrap()[1].0.name, "fred");
    let joined = select(User).join(Address);
    let emails = joined.clone().with_only_columns(Address.email).order_by(Address.email);
    let with_names = select((Address.email, User.name)).join_from(Address, User).order_by(Address.email);
    let expected: Vec<String> = all(&engine, with_names).await.into_iter().map(|(email, _)| email).collect();
    assert!(!expected.is_empty());
    assert_eq!(all(&engine, emails).await, expected);
}

#[tokio::test]
async fn a_tree_joins_itself() {
    let engine = engine().await;
    let mut session = Session::new(&engine);
    session.add(
        Node::builder().name("root").children([Node::builder().name("mid").children([Node::builder().name("leaf")])]),
    );
    session.commit().await.unwrap();
    let (parent, grand) = (Node.alias("parent"), Node.alias("grand"));
    let chain = select((Node.name, parent.name, optional(grand.name)));
    let chain = chain.join(Node.parent.of(parent)).outerjoin(parent.parent.of(grand)).order_by(Node.id);
    let rows = all(&engine, chain).await;
    assert_eq!(rows[0], ("mid".to_owned(), "root".to_owned(), None));
    assert_eq!(rows[1].2.as_deref(), Some("root"));
}

#[tokio::test]
async fn the_type_of_a_query_stays_one_through_every_clause() {
    let engine = engine().await;
    people(&engine).await;
    let mut query: Select<(String, Option<String>)> = select((User.name, optional(Address.email)));
    for round in 0..3 {
        query = match round {
            0 => query.outerjoin(User.addresses),
            1 => query.filter(User.active).order_by(User.id),
            _ => query.limit(2).offset(0),
        };
    }
    assert_eq!(all(&engine, query).await.len(), 2);
    let by_two = texts(["ed", "wendy"]).into_iter().map(|name| select(User.name).filter(User.name.eq(name)));
    let union = by_two.reduce(Select::union).unwrap().order_by(User.name);
    assert_eq!(all(&engine, union).await, texts(["ed", "wendy"]));
}

// -------------------------------------------------------------------------------------- labels and positions in subqueries

/// What is selected has another name in a subquery, or is not there at all.
#[tokio::test]
async fn labels_stand_for_what_is_selected_where_it_is_counted_and_asked_for() {
    let engine = engine().await;
    people(&engine).await;
    let counted = select((User.name, func::count(Address.id).label("n"))).join(User.addresses).group_by(User.name);
    let counted = counted.order_by((label("n").desc(), User.name)).limit(1);
    assert_eq!(all(&engine, counted.clone()).await, [("ed".to_owned(), 2)]);
    assert_eq!(counted.clone().count(&engine).await.unwrap(), 1);
    assert!(counted.exists(&engine).await.unwrap());
    let lengths = select((func::length(User.name).label("x"), func::count_all())).group_by("x");
    assert_eq!(lengths.clone().order_by("x").limit(2).count(&engine).await.unwrap(), 2);
    assert_eq!(lengths.count(&engine).await.unwrap(), 3);
    let ids = select(User.id.label("x")).order_by(label("x").desc()).limit(2);
    assert_eq!(ids.clone().count(&engine).await.unwrap(), 2);
    let names = select(User.name).filter(User.id.in_(ids)).order_by(User.id);
    assert_eq!(all(&engine, names).await, ["wendy", "fred"]);
    let last = select(Address.user_id.label("x")).order_by(label("x").nulls_last()).limit(2).subquery("last");
    assert_eq!(all(&engine, select(last.0)).await, [1, 1]);
}

#[tokio::test]
async fn labels_stand_for_what_is_selected_where_relationships_are_loaded() {
    let engine = engine().await;
    people(&engine).await;
    for option in strategies(User.keywords) {
        let counted = select((User, func::count(Address.id).label("n"))).join(User.addresses).group_by(User.id);
        let first = counted.order_by((label("n").desc(), User.id)).limit(1).options(option.clone());
        let rows = all(&engine, first).await;
        assert_eq!((rows.len(), &*rows[0].0.name, rows[0].1, rows[0].0.keywords.len()), (1, "ed", 2, 1));
        let lengths = select((User, func::length(User.name).label("x"))).order_by(label("x").desc()).limit(2);
        let rows = all(&engine, lengths.options(option)).await;
        assert_eq!(rows.iter().map(|(user, _)| &*user.name).collect::<Vec<_>>(), ["wendy", "fred"]);
        assert_eq!(rows.iter().map(|(user, _)| user.keywords.len()).collect::<Vec<_>>(), [1, 0]);
    }
}

/// A compound is ordered by the names of its columns, which are others in a subquery.
#[tokio::test]
async fn an_ordered_compound_with_a_limit_is_counted_and_loaded_with() {
    let engine = engine().await;
    people(&engine).await;
    let owners = || select(Address.user_id).union(select(User.id));
    let last = owners().order_by(Address.user_id.desc()).limit(2);
    assert_eq!(all(&engine, last.clone()).await, [3, 2]);
    assert_eq!(last.clone().count(&engine).await.unwrap(), 2);
    assert!(last.clone().exists(&engine).await.unwrap());
    assert_eq!(all(&engine, select(User.name).filter(User.id.in_(last)).order_by(User.id)).await, ["wendy", "fred"]);
    let nulls = owners().order_by(Address.user_id.asc().nulls_last()).limit(4).offset(1);
    assert_eq!(nulls.count(&engine).await.unwrap(), 2);
    for option in strategies(User.addresses) {
        let of = |name: &'static str| select(User).filter(User.name.eq(name));
        let users = of("ed").union(of("wendy")).union(of("fred")).order_by(User.name.desc()).limit(2).options(option);
        let found = all(&engine, users).await;
        assert_eq!(found.iter().map(|user| &*user.name).collect::<Vec<_>>(), ["wendy", "fred"]);
        assert_eq!(found.iter().map(|user| user.addresses.len()).collect::<Vec<_>>(), [1, 0]);
    }
}

/// MariaDB takes no LIMIT in what IN, ANY and ALL ask, wherever it stands there.
#[tokio::test]
async fn a_subquery_of_in_may_be_cut_anywhere() {
    let engine = engine().await;
    people(&engine).await;
    let ids = || select(User.id).order_by(User.id);
    let named = |ids: Select<i64>| select(User.name).filter(User.id.in_(ids)).order_by(User.id);
    let fred = || select(User.id).filter(User.name.eq("fred"));
    assert_eq!(all(&engine, named(fred().union(ids().limit(1)))).await, ["ed", "fred"]);
    assert_eq!(all(&engine, named(fred().union(ids().offset(1)))).await, ["wendy", "fred"]);
    assert_eq!(all(&engine, named(ids().offset(1))).await, ["wendy", "fred"]);
    let rest = select(User).order_by(User.id).offset(1).options(subqueryload(User.addresses));
    let counts: Vec<_> = all(&engine, rest).await.iter().map(|user| user.addresses.len()).collect();
    assert_eq!(counts, [1, 0]);
    if dialect() != Dialect::Sqlite {
        let after = select(User.name).filter(User.id.gt_any(ids().limit(2))).order_by(User.id);
        assert_eq!(all(&engine, after).await, ["wendy", "fred"]);
    }
}

/// MariaDB answers EXISTS of such a compound as if it had no parentheses.
#[tokio::test]
async fn a_compound_of_compounds_exists_where_it_has_rows() {
    let engine = engine().await;
    people(&engine).await;
    let [users, keywords, addresses] = [|| select(User.id), || select(Keyword.id), || select(Address.id)];
    let compounds = [
        users().union(keywords()).intersect(addresses()),
        users().filter(User.id.eq(9)).union(keywords()).intersect(addresses()),
        users().except(keywords().union(addresses())),
        users().except(keywords().intersect(addresses().filter(Address.id.eq(9)))),
    ];
    for compound in compounds {
        let has_rows = !all(&engine, compound.clone()).await.is_empty();
        assert_eq!(compound.clone().exists(&engine).await.unwrap(), has_rows, "{compound:?}");
        let selected = select(func::exists(compound.clone())).one(&engine).await.unwrap();
        assert_eq!(selected, has_rows, "{compound:?}");
    }
}

#[tokio::test]
async fn a_list_may_have_more_values_than_a_statement_has_parameters() {
    let engine = engine().await;
    let words = ["plain", "with \"quotes\" and \\", "tab\tand\nline", "ümläut 🦀", ""];
    let keywords = (1..).zip(words).map(|(id, word)| Keyword::builder().id(id).word(word));
    insert(Keyword).values(keywords).execute(&engine).await.unwrap();
    let ids = || select(Keyword.id).order_by(Keyword.id);
    let numbers: Vec<i64> = (2..40_000).chain([1]).filter(|number| *number != 3).collect();
    assert_eq!(ids().filter(Keyword.id.in_(numbers.clone())).all(&engine).await.unwrap(), [1, 2, 4, 5]);
    assert_eq!(ids().filter(Keyword.id.not_in(numbers.clone())).all(&engine).await.unwrap(), [3]);
    let others = (0..40_000).map(|number| format!("no {number}"));
    let texts: Vec<String> = words[1..].iter().map(|&word| word.to_owned()).chain(others).collect();
    assert_eq!(ids().filter(Keyword.word.in_(texts.clone())).all(&engine).await.unwrap(), [2, 3, 4, 5]);
    assert_eq!(ids().filter(Keyword.word.not_in(texts)).all(&engine).await.unwrap(), [1]);
    let deleted = delete(Keyword).filter(Keyword.id.in_(numbers)).execute(&engine).await.unwrap();
    assert_eq!(deleted, 4);
}

/// MySQL made a join of the EXISTS, and lost its conditions.
#[tokio::test]
async fn what_an_outer_join_asks_for_is_asked_of_each_row() {
    let engine = engine().await;
    two_users(&engine).await;
    let owner = User.alias("owner");
    let joined = || select((User.id, optional(owner.id))).outerjoin(User.addresses);
    let found = async |on: Expr<bool>| {
        let on = owner.id.eq(Address.user_id) & on;
        joined().outerjoin_on(owner, on).order_by((User.id, Address.id)).all(&engine).await.unwrap()
    };
    let mail = Address.alias("mail");
    let with = |email: &str| {
        let of_owner = mail.user_id.eq(owner.id) & mail.email.eq(email);
        select(mail.user_id).filter(of_owner)
    };
    let all = found(func::exists(with("ed@x.org"))).await;
    assert_eq!(all.iter().filter(|(_, owner)| owner.is_some()).count(), 2, "{all:?}");
    for none in [func::exists(with("none")), owner.id.in_(with("none"))] {
        let none = found(none).await;
        assert!(none.len() == 3 && none.iter().all(|(_, owner)| owner.is_none()), "{none:?}");
    }
}
