//! Which statements share a text: those of one structure, whatever their values, and no others.

use super::structure::{Purpose, lift};
use crate::mapper::RowType;
use crate::sql::{Lock, Select, Statement, label, select, values};
use crate::{Dialect, func, literal};

#[derive(Clone, Debug, orm_derive::Model)]
#[orm(metadata = none)]
struct User {
    #[orm(primary_key)]
    id: i64,
    name: String,
    age: Option<i32>,
}

fn key<R: RowType>(query: Select<R>) -> Vec<u8> {
    lift(&mut Statement::Select(query.node), &mut Vec::new(), Purpose::Key).key
}

/// Asserts that statements with other values are one text.
#[track_caller]
fn same<R: RowType>(make: impl Fn(i64) -> Select<R>) {
    assert!(key(make(1)) == key(make(2)), "{}", make(1).to_sql(Dialect::Sqlite));
}

/// Asserts that no two statements are one text.
#[track_caller]
fn all_different<R: RowType>(queries: Vec<Select<R>>) {
    for (position, query) in queries.iter().enumerate() {
        for other in &queries[position + 1..] {
            let texts = (query.to_sql(Dialect::Postgres), other.to_sql(Dialect::Postgres));
            assert!(key(query.clone()) != key(other.clone()), "{texts:?}");
        }
    }
}

#[test]
fn values_make_no_difference() {
    same(|n| select(User.id).filter(User.id.eq(n)));
    same(|n| select(User.id).limit(n as u64).offset(n as u64));
    same(|n| select(User.id).filter(User.id.in_(select(User.id).filter(User.id.gt(n)))));
    same(|n| {
        let sub = select(User.id).filter(User.id.gt(n)).subquery("sub");
        select(sub.0).select_from(&sub)
    });
    same(|n| {
        let v = values("v", ["n"], [(n,), (n + 1,)]);
        select(v.0).select_from(&v)
    });
    same(|n| select(User.id).filter(User.id.eq(n)).union(select(User.id).filter(User.id.lt(n))));
}

#[test]
fn a_cte_that_is_made_anew_is_the_same_text() {
    same(|n| {
        let cte = select(User.id).filter(User.id.gt(n)).cte("c");
        let other = cte.alias("d");
        select((cte.0, other.0)).join_from_on(&cte, &other, cte.0.lt(other.0))
    });
    same(|n| {
        let tree =
            select(literal(n).label("n")).cte("t").union_all(|t| select(t.0 + 1).select_from(t).filter(t.0.lt(n)));
        select(tree.0).select_from(&tree)
    });
}

#[test]
fn every_clause_makes_a_difference() {
    let base = || select(User.id);
    let other = User.alias("other");
    all_different(vec![
        base(),
        base().distinct(),
        base().distinct_on(User.name),
        base().filter(User.name.eq("ed")),
        base().having(User.name.eq("ed")),
        base().group_by(User.name),
        base().order_by(User.name),
        base().order_by(User.name.desc()),
        base().order_by(User.name.nulls_first()),
        base().order_by(label("name")),
        base().limit(1),
        base().offset(1),
        base().fetch_with_ties(1),
        base().for_update(),
        base().for_share(),
        base().lock(Lock::update().nowait()),
        base().lock(Lock::update().skip_locked()),
        base().lock(Lock::update().of(User)),
        base().prefix_with("A", ()),
        base().prefix_with("B", ()),
        base().prefix_with("A", Dialect::Postgres),
        base().suffix_with("A", ()),
        base().with_hint(User, "A", ()),
        base().select_from(other),
        base().correlate(()),
        base().correlate(other),
        base().correlate_except(other),
        base().join(other),
        base().cross_join(other),
        base().join_on(other, other.id.eq(User.id)),
        base().outerjoin_on(other, other.id.eq(User.id)),
        base().right_join_on(other, other.id.eq(User.id)),
        base().full_join_on(other, other.id.eq(User.id)),
        base().union(base()),
        base().union_all(base()),
        base().intersect(base()),
        base().except(base()),
        base().union(base()).union(base()),
        base().filter(func::exists(base())),
    ]);
}

#[test]
fn what_stands_in_from_makes_a_difference() {
    let from = |derived: &crate::Derived<i64>| select(derived.0).select_from(derived);
    let cte = |cte: crate::sql::Cte<i64>| select(cte.0).select_from(&cte);
    let base = || select(User.id);
    all_different(vec![
        from(&base().subquery("a")),
        from(&base().subquery("b")),
        from(&base().lateral("a")),
        from(&base().filter(User.id.eq(1)).subquery("a")),
        cte(base().cte("a")),
        cte(base().cte("b")),
        cte(base().cte("a").materialized()),
        cte(base().cte("a").not_materialized()),
        cte(base().cte("a").union_all(|a| select(a.0).select_from(a))),
        cte(base().cte("a").union(|a| select(a.0).select_from(a))),
        from(&base().cte("a").alias("b")),
    ]);
}
