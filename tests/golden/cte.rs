//! WITH: plain, recursive, materialized, and statements that write.

use expect_test::expect;
use orm::prelude::*;
use orm::{literal, values};

use crate::support::{Address, Keyword, Node, User, check};

#[test]
fn a_cte_is_written_before_the_statement() {
    let c = select((User.id, User.name)).filter(User.active).cte("c");
    check(
        select(c.1).select_from(&c).filter(c.0.gt(1)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        WITH c AS (SELECT users.id, users.name FROM users WHERE users.active) SELECT c.name FROM c WHERE c.id > ?
        -- postgresql
        WITH c AS (SELECT users.id, users.name FROM users WHERE users.active) SELECT c.name FROM c WHERE c.id > $1
    "#]],
    );
}

#[test]
fn a_cte_is_selected_whole() {
    check(
        select(select((User.id, User.name)).cte("c")),
        expect![[r#"
        -- all
        WITH c AS (SELECT users.id, users.name FROM users) SELECT c.id, c.name FROM c
    "#]],
    );
}

#[test]
fn a_cte_of_a_model() {
    let c = select(User).filter(User.active).cte("c");
    check(
        select(c.name).select_from(&c).join(c.addresses).filter(Address.email.eq("x")),
        expect![[r#"
        -- sqlite, mysql, mariadb
        WITH c AS (SELECT users.id, users.name, users.fullname, users.age, users.active FROM users WHERE users.active) SELECT c.name FROM c JOIN addresses ON c.id = addresses.user_id WHERE addresses.email = ?
        -- postgresql
        WITH c AS (SELECT users.id, users.name, users.fullname, users.age, users.active FROM users WHERE users.active) SELECT c.name FROM c JOIN addresses ON c.id = addresses.user_id WHERE addresses.email = $1
    "#]],
    );
}

#[test]
fn a_cte_that_is_used_twice_is_written_once() {
    let c = select((User.id, User.name)).cte("c");
    let d = c.alias("d");
    check(
        select((c.1, d.1)).join_from_on(&c, &d, c.0.lt(d.0)),
        expect![[r#"
        -- all
        WITH c AS (SELECT users.id, users.name FROM users) SELECT c.name, d.name FROM c JOIN c AS d ON c.id < d.id
    "#]],
    );
}

#[test]
fn a_cte_in_a_condition_is_written_before_the_statement() {
    let c = select(Address.user_id).filter(Address.email.eq("x")).cte("c");
    check(
        select(User.name).filter(User.id.in_(select(c.0).select_from(&c))),
        expect![[r#"
        -- sqlite, mysql, mariadb
        WITH c AS (SELECT addresses.user_id FROM addresses WHERE addresses.email = ?) SELECT users.name FROM users WHERE users.id IN (SELECT c.user_id FROM c)
        -- postgresql
        WITH c AS (SELECT addresses.user_id FROM addresses WHERE addresses.email = $1) SELECT users.name FROM users WHERE users.id IN (SELECT c.user_id FROM c)
    "#]],
    );
}

#[test]
fn a_cte_in_a_subquery_is_written_before_the_statement() {
    let c = select(User.id).cte("c");
    let sub = select(c.0).select_from(&c).subquery("sub");
    check(
        select(sub.0).select_from(&sub),
        expect![[r#"
        -- all
        WITH c AS (SELECT users.id FROM users) SELECT sub.id FROM (SELECT c.id FROM c) AS sub
    "#]],
    );
}

#[test]
fn a_cte_of_another_stands_behind_it() {
    let a = select(User.id).filter(User.active).cte("a");
    let b = select(a.0).select_from(&a).filter(a.0.gt(3)).cte("b");
    check(
        select(b.0).select_from(&b),
        expect![[r#"
        -- sqlite, mysql, mariadb
        WITH a AS (SELECT users.id FROM users WHERE users.active), b AS (SELECT a.id FROM a WHERE a.id > ?) SELECT b.id FROM b
        -- postgresql
        WITH a AS (SELECT users.id FROM users WHERE users.active), b AS (SELECT a.id FROM a WHERE a.id > $1) SELECT b.id FROM b
    "#]],
    );
}

#[test]
fn a_cte_that_two_others_use_is_written_once() {
    let a = select(User.id).filter(User.active).cte("a");
    let b = select(a.0).select_from(&a).filter(a.0.gt(3)).cte("b");
    let c = select(a.0).select_from(&a).filter(a.0.lt(9)).cte("c");
    check(
        select((b.0, c.0)).join_from_on(&b, &c, b.0.eq(c.0)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        WITH a AS (SELECT users.id FROM users WHERE users.active), b AS (SELECT a.id FROM a WHERE a.id > ?), c AS (SELECT a.id FROM a WHERE a.id < ?) SELECT b.id, c.id FROM b JOIN c ON b.id = c.id
        -- postgresql
        WITH a AS (SELECT users.id FROM users WHERE users.active), b AS (SELECT a.id FROM a WHERE a.id > $1), c AS (SELECT a.id FROM a WHERE a.id < $2) SELECT b.id, c.id FROM b JOIN c ON b.id = c.id
    "#]],
    );
}

#[test]
fn values_of_a_cte_are_bound_first() {
    let c = select(Address.user_id).filter(Address.email.eq("inner")).cte("c");
    check(
        select(User.name).join_on(&c, c.0.eq(User.id)).filter(User.name.eq("outer")),
        expect![[r#"
        -- sqlite, mysql, mariadb
        WITH c AS (SELECT addresses.user_id FROM addresses WHERE addresses.email = ?) SELECT users.name FROM users JOIN c ON c.user_id = users.id WHERE users.name = ?
        -- postgresql
        WITH c AS (SELECT addresses.user_id FROM addresses WHERE addresses.email = $1) SELECT users.name FROM users JOIN c ON c.user_id = users.id WHERE users.name = $2
    "#]],
    );
}

#[test]
fn a_cte_of_a_compound() {
    let c = select(User.name).union(select(Keyword.word)).cte("c");
    check(
        select(c.0).select_from(&c),
        expect![[r#"
        -- all
        WITH c AS (SELECT users.name FROM users UNION SELECT keywords.word FROM keywords) SELECT c.name FROM c
    "#]],
    );
}

#[test]
fn a_cte_in_a_compound() {
    let c = select(User.name).cte("c");
    check(
        select(c.0).select_from(&c).union(select(Keyword.word)),
        expect![[r#"
        -- all
        WITH c AS (SELECT users.name FROM users) SELECT c.name FROM c UNION SELECT keywords.word FROM keywords
    "#]],
    );
}

#[test]
fn a_cte_of_values() {
    let v = values("v", ["id"], [(1i64,), (2,)]);
    let c = select(v.0).select_from(&v).cte("c");
    check(
        select(c.0).select_from(&c),
        expect![[r#"
            -- sqlite
            WITH c AS (SELECT v.id FROM (SELECT column1 AS id FROM (VALUES (?), (?))) AS v) SELECT c.id FROM c
            -- postgresql
            WITH c AS (SELECT v.id FROM (VALUES ($1), ($2)) AS v (id)) SELECT c.id FROM c
            -- mysql
            WITH c AS (SELECT v.id FROM (VALUES ROW(CAST(? AS SIGNED)), ROW(CAST(? AS SIGNED))) AS v (id)) SELECT c.id FROM c
            -- mariadb
            WITH c AS (SELECT v.id FROM (SELECT ? AS id UNION ALL SELECT ?) AS v) SELECT c.id FROM c
        "#]],
    );
}

#[test]
fn names_of_a_cte_that_are_alike_get_a_number() {
    let c =
        select((User.id, Address.id, func::count_all())).join(User.addresses).group_by((User.id, Address.id)).cte("c");
    check(
        select((c.0, c.1)).select_from(&c),
        expect![[r#"
        -- all
        WITH c AS (SELECT users.id, addresses.id AS id_1, count(*) AS count_1 FROM users JOIN addresses ON users.id = addresses.user_id GROUP BY users.id, addresses.id) SELECT c.id, c.id_1 FROM c
    "#]],
    );
}

#[test]
fn a_recursive_cte_names_its_columns() {
    let tree = select((Node.id, literal(0i32).label("depth")))
        .filter(Node.parent_id.is_null())
        .cte("tree")
        .union_all(|tree| select((Node.id, tree.1 + 1)).join_on(tree, Node.parent_id.eq(tree.0)));
    check(
        select((tree.0, tree.1)).select_from(&tree),
        expect![[r#"
            -- sqlite, mariadb
            WITH RECURSIVE tree(id, depth) AS (SELECT nodes.id, ? AS depth FROM nodes WHERE nodes.parent_id IS NULL UNION ALL SELECT nodes.id, tree.depth + ? FROM nodes JOIN tree ON nodes.parent_id = tree.id) SELECT tree.id, tree.depth FROM tree
            -- postgresql
            WITH RECURSIVE tree(id, depth) AS (SELECT nodes.id, $1 AS depth FROM nodes WHERE nodes.parent_id IS NULL UNION ALL SELECT nodes.id, tree.depth + $2 FROM nodes JOIN tree ON nodes.parent_id = tree.id) SELECT tree.id, tree.depth FROM tree
            -- mysql
            WITH RECURSIVE tree(id, depth) AS (SELECT nodes.id, CAST(? AS SIGNED) AS depth FROM nodes WHERE nodes.parent_id IS NULL UNION ALL SELECT nodes.id, tree.depth + ? FROM nodes JOIN tree ON nodes.parent_id = tree.id) SELECT tree.id, tree.depth FROM tree
        "#]],
    );
}

#[test]
fn a_recursive_cte_of_a_model() {
    let tree = select(Node)
        .filter(Node.parent_id.is_null())
        .cte("tree")
        .union_all(|tree| select(Node).join_on(tree, Node.parent_id.eq(tree.id)));
    check(
        select(tree.name).select_from(&tree),
        expect![[r#"
        -- all
        WITH RECURSIVE tree(id, name, parent_id) AS (SELECT nodes.id, nodes.name, nodes.parent_id FROM nodes WHERE nodes.parent_id IS NULL UNION ALL SELECT nodes.id, nodes.name, nodes.parent_id FROM nodes JOIN tree ON nodes.parent_id = tree.id) SELECT tree.name FROM tree
    "#]],
    );
}

#[test]
fn a_recursive_cte_by_union() {
    let n = select(literal(1i64).label("n")).cte("n").union(|n| select(n.0 + 1).select_from(n).filter(n.0.lt(10)));
    check(
        select(n.0).select_from(&n),
        expect![[r#"
            -- sqlite, mariadb
            WITH RECURSIVE n(n) AS (SELECT ? AS n UNION SELECT n.n + ? FROM n WHERE n.n < ?) SELECT n.n FROM n
            -- postgresql
            WITH RECURSIVE n(n) AS (SELECT $1 AS n UNION SELECT n.n + $2 FROM n WHERE n.n < $3) SELECT n.n FROM n
            -- mysql
            WITH RECURSIVE n(n) AS (SELECT CAST(? AS SIGNED) AS n UNION SELECT n.n + ? FROM n WHERE n.n < ?) SELECT n.n FROM n
        "#]],
    );
}

#[test]
fn a_recursive_cte_is_joined() {
    let tree = select((Node.id, literal(0i32).label("depth")))
        .filter(Node.id.eq(7))
        .cte("tree")
        .union_all(|tree| select((Node.id, tree.1 + 1)).join_on(tree, Node.parent_id.eq(tree.0)));
    check(
        select((Node.name, tree.1)).join_on(&tree, tree.0.eq(Node.id)).order_by(tree.1),
        expect![[r#"
            -- sqlite, mariadb
            WITH RECURSIVE tree(id, depth) AS (SELECT nodes.id, ? AS depth FROM nodes WHERE nodes.id = ? UNION ALL SELECT nodes.id, tree.depth + ? FROM nodes JOIN tree ON nodes.parent_id = tree.id) SELECT nodes.name, tree.depth FROM nodes JOIN tree ON tree.id = nodes.id ORDER BY tree.depth
            -- postgresql
            WITH RECURSIVE tree(id, depth) AS (SELECT nodes.id, $1 AS depth FROM nodes WHERE nodes.id = $2 UNION ALL SELECT nodes.id, tree.depth + $3 FROM nodes JOIN tree ON nodes.parent_id = tree.id) SELECT nodes.name, tree.depth FROM nodes JOIN tree ON tree.id = nodes.id ORDER BY tree.depth
            -- mysql
            WITH RECURSIVE tree(id, depth) AS (SELECT nodes.id, CAST(? AS SIGNED) AS depth FROM nodes WHERE nodes.id = ? UNION ALL SELECT nodes.id, tree.depth + ? FROM nodes JOIN tree ON nodes.parent_id = tree.id) SELECT nodes.name, tree.depth FROM nodes JOIN tree ON tree.id = nodes.id ORDER BY tree.depth
        "#]],
    );
}

#[test]
fn a_materialized_cte() {
    let c = select(User.id).cte("c").materialized();
    check(
        select(c.0).select_from(&c),
        expect![[r#"
        -- sqlite, postgresql
        WITH c AS MATERIALIZED (SELECT users.id FROM users) SELECT c.id FROM c
        -- mysql
        a CTE that is MATERIALIZED or not is not supported on dialect mysql
        -- mariadb
        a CTE that is MATERIALIZED or not is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn a_cte_that_is_not_materialized() {
    let c = select(User.id).cte("c").not_materialized();
    check(
        select(c.0).select_from(&c),
        expect![[r#"
        -- sqlite, postgresql
        WITH c AS NOT MATERIALIZED (SELECT users.id FROM users) SELECT c.id FROM c
        -- mysql
        a CTE that is MATERIALIZED or not is not supported on dialect mysql
        -- mariadb
        a CTE that is MATERIALIZED or not is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn a_cte_that_deletes() {
    let gone = delete(User).filter(User.active.eq(false)).returning((User.id, User.name)).cte("gone");
    check(
        select((gone.0, gone.1)).select_from(&gone),
        expect![[r#"
        -- sqlite
        a CTE that changes rows is not supported on dialect sqlite
        -- postgresql
        WITH gone AS (DELETE FROM users WHERE users.active = $1 RETURNING id, name) SELECT gone.id, gone.name FROM gone
        -- mysql
        a CTE that changes rows is not supported on dialect mysql
        -- mariadb
        a CTE that changes rows is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn a_cte_that_updates() {
    let changed = update(User).set(User.active, false).filter(User.age.gt(90)).returning(User.id).cte("changed");
    check(
        select(func::count(changed.0)).select_from(&changed),
        expect![[r#"
        -- sqlite
        a CTE that changes rows is not supported on dialect sqlite
        -- postgresql
        WITH changed AS (UPDATE users SET active = $1 WHERE users.age > $2 RETURNING id) SELECT count(changed.id) FROM changed
        -- mysql
        a CTE that changes rows is not supported on dialect mysql
        -- mariadb
        a CTE that changes rows is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn a_cte_that_inserts() {
    let new = insert(Keyword).values(Keyword::builder().word("rust")).returning(Keyword.id).cte("new");
    check(
        select(new.0).select_from(&new),
        expect![[r#"
        -- sqlite
        a CTE that changes rows is not supported on dialect sqlite
        -- postgresql
        WITH new AS (INSERT INTO keywords (word) VALUES ($1) RETURNING id) SELECT new.id FROM new
        -- mysql
        a CTE that changes rows is not supported on dialect mysql
        -- mariadb
        a CTE that changes rows is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn a_cte_that_writes_need_not_be_in_from() {
    let gone = delete(User).filter(User.active.eq(false)).returning(User.id).cte("gone");
    check(
        select(Keyword.word).add_cte(&gone),
        expect![[r#"
        -- sqlite
        a CTE that changes rows is not supported on dialect sqlite
        -- postgresql
        WITH gone AS (DELETE FROM users WHERE users.active = $1 RETURNING id) SELECT keywords.word FROM keywords
        -- mysql
        a CTE that changes rows is not supported on dialect mysql
        -- mariadb
        a CTE that changes rows is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn a_cte_that_writes_stands_before_what_does_not_use_it() {
    let gone = || delete(User).filter(User.active.eq(false)).returning(User.id).cte("gone");
    check(
        insert(Keyword).values(Keyword::builder().word("rust")).add_cte(gone()),
        expect![[r#"
        -- sqlite
        a CTE that changes rows is not supported on dialect sqlite
        -- postgresql
        WITH gone AS (DELETE FROM users WHERE users.active = $1 RETURNING id) INSERT INTO keywords (word) VALUES ($2)
        -- mysql
        WITH before INSERT of rows is not supported on dialect mysql
        hint: insert what a SELECT gives: `.from_select(…)`
        -- mariadb
        WITH before INSERT of rows is not supported on dialect mariadb
        hint: insert what a SELECT gives: `.from_select(…)`
    "#]],
    );
    check(
        update(Keyword).set(Keyword.word, "rust").filter(Keyword.id.eq(1)).add_cte(gone()),
        expect![[r#"
        -- sqlite
        a CTE that changes rows is not supported on dialect sqlite
        -- postgresql
        WITH gone AS (DELETE FROM users WHERE users.active = $1 RETURNING id) UPDATE keywords SET word = $2 WHERE keywords.id = $3
        -- mysql
        a CTE that changes rows is not supported on dialect mysql
        -- mariadb
        WITH before UPDATE is not supported on dialect mariadb
    "#]],
    );
    check(
        delete(Keyword).filter(Keyword.id.eq(1)).add_cte(gone()).returning(Keyword.id),
        expect![[r#"
        -- sqlite
        a CTE that changes rows is not supported on dialect sqlite
        -- postgresql
        WITH gone AS (DELETE FROM users WHERE users.active = $1 RETURNING id) DELETE FROM keywords WHERE keywords.id = $2 RETURNING id
        -- mysql
        a CTE that changes rows is not supported on dialect mysql
        -- mariadb
        WITH before DELETE is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn a_cte_that_only_reads_stands_before_what_does_not_use_it() {
    let ids = || select(User.id).filter(User.id.gt(7)).cte("ids");
    let other = select(Address.id).filter(Address.id.gt(8)).cte("other");
    check(
        insert(Keyword).values(Keyword::builder().word("rust")).add_cte(ids()).add_cte(&other),
        expect![[r#"
        -- sqlite
        WITH ids AS (SELECT users.id FROM users WHERE users.id > ?), other AS (SELECT addresses.id FROM addresses WHERE addresses.id > ?) INSERT INTO keywords (word) VALUES (?)
        -- postgresql
        WITH ids AS (SELECT users.id FROM users WHERE users.id > $1), other AS (SELECT addresses.id FROM addresses WHERE addresses.id > $2) INSERT INTO keywords (word) VALUES ($3)
        -- mysql
        WITH before INSERT of rows is not supported on dialect mysql
        hint: insert what a SELECT gives: `.from_select(…)`
        -- mariadb
        WITH before INSERT of rows is not supported on dialect mariadb
        hint: insert what a SELECT gives: `.from_select(…)`
    "#]],
    );
    check(
        insert(Keyword).from_select(Keyword.id, select(other.0).select_from(&other)).add_cte(ids()),
        expect![[r#"
            -- sqlite
            WITH ids AS (SELECT users.id FROM users WHERE users.id > ?), other AS (SELECT addresses.id FROM addresses WHERE addresses.id > ?) INSERT INTO keywords (id) SELECT other.id FROM other
            -- postgresql
            WITH ids AS (SELECT users.id FROM users WHERE users.id > $1), other AS (SELECT addresses.id FROM addresses WHERE addresses.id > $2) INSERT INTO keywords (id) SELECT other.id FROM other
            -- mysql, mariadb
            INSERT INTO keywords (id) WITH ids AS (SELECT users.id FROM users WHERE users.id > ?), other AS (SELECT addresses.id FROM addresses WHERE addresses.id > ?) SELECT other.id FROM other
        "#]],
    );
    check(
        update(Keyword).set(Keyword.word, "rust").add_cte(ids()),
        expect![[r#"
        -- sqlite, mysql
        WITH ids AS (SELECT users.id FROM users WHERE users.id > ?) UPDATE keywords SET word = ?
        -- postgresql
        WITH ids AS (SELECT users.id FROM users WHERE users.id > $1) UPDATE keywords SET word = $2
        -- mariadb
        WITH before UPDATE is not supported on dialect mariadb
    "#]],
    );
    check(
        delete(Keyword).filter(Keyword.id.in_(select(other.0).select_from(&other))).add_cte(ids()),
        expect![[r#"
        -- sqlite, mysql
        WITH ids AS (SELECT users.id FROM users WHERE users.id > ?), other AS (SELECT addresses.id FROM addresses WHERE addresses.id > ?) DELETE FROM keywords WHERE keywords.id IN (SELECT other.id FROM other)
        -- postgresql
        WITH ids AS (SELECT users.id FROM users WHERE users.id > $1), other AS (SELECT addresses.id FROM addresses WHERE addresses.id > $2) DELETE FROM keywords WHERE keywords.id IN (SELECT other.id FROM other)
        -- mariadb
        WITH before DELETE is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn a_cte_that_writes_stands_before_one_insert() {
    let gone = delete(User).returning(User.id).cte("gone");
    let rows = [Keyword::builder().word("rust"), Keyword::builder().word("sql")];
    check(
        insert(Keyword).values(rows).add_cte(&gone).returning_in_order(Keyword.id),
        expect![[r#"
        -- all
        these rows are 2 INSERTs, and a CTE that changes rows stands before one
        hint: set the same columns in each of up to 1,000 rows
    "#]],
    );
}

#[test]
fn what_happens_on_a_conflict_may_use_a_cte() {
    let ages = select((User.id, User.age)).filter(User.id.gt(7)).cte("ages");
    let oldest = select(func::max(ages.1)).select_from(&ages);
    check(
        insert(User)
            .values(User::builder().id(1).name("ed"))
            .on_conflict(User.id)
            .set(User.age, oldest.clone())
            .do_update(()),
        expect![[r#"
            -- sqlite
            WITH ages AS (SELECT users.id, users.age FROM users WHERE users.id > ?) INSERT INTO users (id, name, active) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET age = (SELECT max(ages.age) FROM ages)
            -- postgresql
            WITH ages AS (SELECT users.id, users.age FROM users WHERE users.id > $1) INSERT INTO users (id, name, active) VALUES ($2, $3, $4) ON CONFLICT (id) DO UPDATE SET age = (SELECT max(ages.age) FROM ages)
            -- mysql
            WITH before INSERT of rows is not supported on dialect mysql
            hint: insert what a SELECT gives: `.from_select(…)`
            -- mariadb
            WITH before INSERT of rows is not supported on dialect mariadb
            hint: insert what a SELECT gives: `.from_select(…)`
        "#]],
    );
    check(
        insert(Keyword).values(Keyword::builder().id(1).word("a")).returning(oldest.scalar_subquery()),
        expect![[r#"
        -- sqlite
        WITH ages AS (SELECT users.id, users.age FROM users WHERE users.id > ?) INSERT INTO keywords (id, word) VALUES (?, ?) RETURNING (SELECT max(ages.age) FROM ages)
        -- postgresql
        WITH ages AS (SELECT users.id, users.age FROM users WHERE users.id > $1) INSERT INTO keywords (id, word) VALUES ($2, $3) RETURNING (SELECT max(ages.age) FROM ages)
        -- mysql
        INSERT INTO keywords (id, word) VALUES (?, ?);
        WITH ages AS (SELECT users.id, users.age FROM users WHERE users.id > ?) SELECT (SELECT max(ages.age) FROM ages) FROM keywords WHERE keywords.id = ?
        -- mariadb
        WITH before INSERT of rows is not supported on dialect mariadb
        hint: insert what a SELECT gives: `.from_select(…)`
    "#]],
    );
}

#[test]
fn what_a_cte_inserts_is_a_value_of_another_insert() {
    let new = insert(User).values(User::builder().name("ed")).returning(User.id).cte("new");
    let address = insert(Address).values(Address::builder().email("ed@x.org").user_id(0));
    check(
        address.set(Address.user_id, select(new.0).select_from(&new)).add_cte(&new),
        expect![[r#"
        -- sqlite
        a CTE that changes rows is not supported on dialect sqlite
        -- postgresql
        WITH new AS (INSERT INTO users (name, active) VALUES ($1, $2) RETURNING id) INSERT INTO addresses (email, user_id) VALUES ($3, (SELECT new.id FROM new))
        -- mysql
        WITH before INSERT of rows is not supported on dialect mysql
        hint: insert what a SELECT gives: `.from_select(…)`
        -- mariadb
        WITH before INSERT of rows is not supported on dialect mariadb
        hint: insert what a SELECT gives: `.from_select(…)`
    "#]],
    );
}

#[test]
fn a_row_is_updated_or_else_inserted() {
    let changed = update(User).set(User.active, true).filter(User.name.eq("ed")).returning(User.id).cte("changed");
    let row = select(literal("ed".to_owned())).filter(!func::exists(select(changed.0).select_from(&changed)));
    check(
        insert(User).from_select(User.name, row),
        expect![[r#"
        -- sqlite
        a CTE that changes rows is not supported on dialect sqlite
        -- postgresql
        WITH changed AS (UPDATE users SET active = $1 WHERE users.name = $2 RETURNING id) INSERT INTO users (name, active) SELECT $3, $4 WHERE NOT EXISTS (SELECT changed.id FROM changed)
        -- mysql
        a CTE that changes rows is not supported on dialect mysql
        -- mariadb
        a CTE that changes rows is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn columns_of_one_name_in_a_recursive_cte_are_told_apart() {
    let pairs = select((User.id, Address.user_id, Address.id)).join(User.addresses).cte("pairs");
    let pairs = pairs.union_all(|pairs| {
        select((User.id, Address.user_id, Address.id)).join(User.addresses).join_on(pairs, pairs.2.eq(User.id))
    });
    check(
        select((pairs.0, pairs.2)).select_from(&pairs),
        expect![[r#"
        -- all
        WITH RECURSIVE pairs(id, user_id, id_1) AS (SELECT users.id, addresses.user_id, addresses.id FROM users JOIN addresses ON users.id = addresses.user_id UNION ALL SELECT users.id, addresses.user_id, addresses.id FROM users JOIN addresses ON users.id = addresses.user_id JOIN pairs ON pairs.id_1 = users.id) SELECT pairs.id, pairs.id_1 FROM pairs
    "#]],
    );
}

#[test]
fn a_cte_before_an_update() {
    let c = select(Address.user_id).filter(Address.email.eq("x")).cte("c");
    check(
        update(User).set(User.active, false).filter(User.id.in_(select(c.0).select_from(&c))),
        expect![[r#"
            -- sqlite, mysql
            WITH c AS (SELECT addresses.user_id FROM addresses WHERE addresses.email = ?) UPDATE users SET active = ? WHERE users.id IN (SELECT c.user_id FROM c)
            -- postgresql
            WITH c AS (SELECT addresses.user_id FROM addresses WHERE addresses.email = $1) UPDATE users SET active = $2 WHERE users.id IN (SELECT c.user_id FROM c)
            -- mariadb
            WITH before UPDATE is not supported on dialect mariadb
        "#]],
    );
}

#[test]
fn a_cte_before_a_delete() {
    let c = select(Address.user_id).filter(Address.email.eq("x")).cte("c");
    check(
        delete(User).filter(User.id.in_(select(c.0).select_from(&c))),
        expect![[r#"
            -- sqlite, mysql
            WITH c AS (SELECT addresses.user_id FROM addresses WHERE addresses.email = ?) DELETE FROM users WHERE users.id IN (SELECT c.user_id FROM c)
            -- postgresql
            WITH c AS (SELECT addresses.user_id FROM addresses WHERE addresses.email = $1) DELETE FROM users WHERE users.id IN (SELECT c.user_id FROM c)
            -- mariadb
            WITH before DELETE is not supported on dialect mariadb
        "#]],
    );
}

#[test]
fn two_ctes_of_one_name_are_refused() {
    let a = select(User.id).cte("c").alias("a");
    let b = select(Address.id).cte("c").alias("b");
    check(
        select((a.0, b.0)).join_from_on(&a, &b, a.0.eq(b.0)),
        expect![[r#"
        -- all
        two unrelated CTEs are called `c`
        hint: a CTE that was changed after it was used is another one
    "#]],
    );
}

#[test]
fn a_cte_before_an_insert() {
    let c = select((User.id, User.name)).filter(User.active).cte("c");
    check(
        insert(Keyword).from_select((Keyword.id, Keyword.word), select((c.0, c.1)).select_from(&c)),
        expect![[r#"
        -- sqlite, postgresql
        WITH c AS (SELECT users.id, users.name FROM users WHERE users.active) INSERT INTO keywords (id, word) SELECT c.id, c.name FROM c
        -- mysql, mariadb
        INSERT INTO keywords (id, word) WITH c AS (SELECT users.id, users.name FROM users WHERE users.active) SELECT c.id, c.name FROM c
    "#]],
    );
}

#[test]
fn a_cte_before_a_subquery_itself() {
    let few = select(User.id).filter(User.id.lt(9)).cte("few");
    let named = select(few.0).nest_cte(&few).cte("named");
    check(
        select(User.id).filter(User.id.in_(select(few.0).nest_cte(&few))),
        expect![[r#"
            -- sqlite, mysql, mariadb
            SELECT users.id FROM users WHERE users.id IN (WITH few AS (SELECT users.id FROM users WHERE users.id < ?) SELECT few.id FROM few)
            -- postgresql
            SELECT users.id FROM users WHERE users.id IN (WITH few AS (SELECT users.id FROM users WHERE users.id < $1) SELECT few.id FROM few)
        "#]],
    );
    check(
        select(named.0),
        expect![[r#"
            -- sqlite, mysql, mariadb
            WITH named AS (WITH few AS (SELECT users.id FROM users WHERE users.id < ?) SELECT few.id FROM few) SELECT named.id FROM named
            -- postgresql
            WITH named AS (WITH few AS (SELECT users.id FROM users WHERE users.id < $1) SELECT few.id FROM few) SELECT named.id FROM named
        "#]],
    );
    check(
        select(few.0).nest_cte(&few),
        expect![[r#"
        -- sqlite, mysql, mariadb
        WITH few AS (SELECT users.id FROM users WHERE users.id < ?) SELECT few.id FROM few
        -- postgresql
        WITH few AS (SELECT users.id FROM users WHERE users.id < $1) SELECT few.id FROM few
    "#]],
    );
}

#[test]
fn a_cte_before_a_subquery_has_a_name_of_its_own() {
    let outer = select(User.id).filter(User.active).cte("c");
    let c = select((User.id, User.name)).filter(User.age.gt(1)).cte("c");
    let inner = select((c.0, c.1)).nest_cte(&c).subquery("inner");
    check(
        select((outer.0, inner.1)).join_on(&inner, outer.0.eq(inner.0)),
        expect![[r#"
            -- sqlite
            WITH c AS (SELECT users.id FROM users WHERE users.active) SELECT c.id, inner.name FROM c JOIN (WITH c AS (SELECT users.id, users.name FROM users WHERE users.age > ?) SELECT c.id, c.name FROM c) AS inner ON c.id = inner.id
            -- postgresql
            WITH c AS (SELECT users.id FROM users WHERE users.active) SELECT c.id, "inner".name FROM c JOIN (WITH c AS (SELECT users.id, users.name FROM users WHERE users.age > $1) SELECT c.id, c.name FROM c) AS "inner" ON c.id = "inner".id
            -- mysql, mariadb
            WITH c AS (SELECT users.id FROM users WHERE users.active) SELECT c.id, `inner`.name FROM c JOIN (WITH c AS (SELECT users.id, users.name FROM users WHERE users.age > ?) SELECT c.id, c.name FROM c) AS `inner` ON c.id = `inner`.id
        "#]],
    );
}

#[test]
fn a_cte_before_a_subquery_mentions_one_before_the_statement() {
    let all = select(User.id).cte("everyone");
    let few = select(all.0).filter(all.0.lt(9)).cte("few");
    check(
        select(User.id).filter(User.id.in_(select(few.0).nest_cte(&few))),
        expect![[r#"
            -- sqlite, mysql, mariadb
            WITH everyone AS (SELECT users.id FROM users) SELECT users.id FROM users WHERE users.id IN (WITH few AS (SELECT everyone.id FROM everyone WHERE everyone.id < ?) SELECT few.id FROM few)
            -- postgresql
            WITH everyone AS (SELECT users.id FROM users) SELECT users.id FROM users WHERE users.id IN (WITH few AS (SELECT everyone.id FROM everyone WHERE everyone.id < $1) SELECT few.id FROM few)
        "#]],
    );
}

#[test]
fn a_list_of_values_is_a_cte() {
    let prices = values("v", ["user_id", "price"], [(1i64, 10), (2, 20)]).cte("prices");
    let none = values("v", ["n"], Vec::<(i64,)>::new()).cte("none");
    check(
        select((prices.0, prices.1)),
        expect![[r#"
            -- sqlite
            WITH prices(user_id, price) AS (VALUES (?, ?), (?, ?)) SELECT prices.user_id, prices.price FROM prices
            -- postgresql
            WITH prices(user_id, price) AS (VALUES ($1, $2), ($3, $4)) SELECT prices.user_id, prices.price FROM prices
            -- mysql
            WITH prices(user_id, price) AS (VALUES ROW(CAST(? AS SIGNED), CAST(? AS SIGNED)), ROW(CAST(? AS SIGNED), CAST(? AS SIGNED))) SELECT prices.user_id, prices.price FROM prices
            -- mariadb
            WITH prices(user_id, price) AS (SELECT ?, ? UNION ALL SELECT ?, ?) SELECT prices.user_id, prices.price FROM prices
        "#]],
    );
    check(
        select(User.name).join_on(&prices, prices.0.eq(User.id)).filter(prices.1.gt(5)),
        expect![[r#"
            -- sqlite
            WITH prices(user_id, price) AS (VALUES (?, ?), (?, ?)) SELECT users.name FROM users JOIN prices ON prices.user_id = users.id WHERE prices.price > ?
            -- postgresql
            WITH prices(user_id, price) AS (VALUES ($1, $2), ($3, $4)) SELECT users.name FROM users JOIN prices ON prices.user_id = users.id WHERE prices.price > $5
            -- mysql
            WITH prices(user_id, price) AS (VALUES ROW(CAST(? AS SIGNED), CAST(? AS SIGNED)), ROW(CAST(? AS SIGNED), CAST(? AS SIGNED))) SELECT users.name FROM users JOIN prices ON prices.user_id = users.id WHERE prices.price > ?
            -- mariadb
            WITH prices(user_id, price) AS (SELECT ?, ? UNION ALL SELECT ?, ?) SELECT users.name FROM users JOIN prices ON prices.user_id = users.id WHERE prices.price > ?
        "#]],
    );
    check(
        select(none.0),
        expect![[r#"
        -- all
        the list of values `none` has no row
    "#]],
    );
}

#[test]
fn a_cte_before_a_subquery_is_not_used_outside() {
    let few = select(User.id).filter(User.id.lt(9)).cte("few");
    let inner = select(few.0).nest_cte(&few).subquery("inner_few");
    check(
        select(inner.0).join_on(&few, few.0.eq(inner.0)),
        expect![[r#"
        -- all
        a CTE that stands before a subquery itself is used outside of it
        hint: name it where the whole query begins, by `.add_cte(…)` or not at all
    "#]],
    );
    check(
        select(few.0).join_on(&inner, few.0.eq(inner.0)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        WITH few AS (SELECT users.id FROM users WHERE users.id < ?) SELECT few.id FROM few JOIN (SELECT few.id FROM few) AS inner_few ON few.id = inner_few.id
        -- postgresql
        WITH few AS (SELECT users.id FROM users WHERE users.id < $1) SELECT few.id FROM few JOIN (SELECT few.id FROM few) AS inner_few ON few.id = inner_few.id
    "#]],
    );
}

#[test]
fn a_tree_of_parts_is_added_up() {
    let parts =
        select((Node.name, Node.id)).filter(Node.name.eq("our part")).cte("included_parts").union_all(|parts| {
            let child = Node.alias("child");
            select((child.name, child.id)).join_on(parts, child.parent_id.eq(parts.1))
        });
    check(
        select((parts.0, func::sum(parts.1))).join_on(Node, parts.0.eq(Node.name)).group_by(parts.0),
        expect![[r#"
        -- sqlite, mysql, mariadb
        WITH RECURSIVE included_parts(name, id) AS (SELECT nodes.name, nodes.id FROM nodes WHERE nodes.name = ? UNION ALL SELECT child.name, child.id FROM nodes AS child JOIN included_parts ON child.parent_id = included_parts.id) SELECT included_parts.name, sum(included_parts.id) FROM included_parts JOIN nodes ON included_parts.name = nodes.name GROUP BY included_parts.name
        -- postgresql
        WITH RECURSIVE included_parts(name, id) AS (SELECT nodes.name, nodes.id FROM nodes WHERE nodes.name = $1 UNION ALL SELECT child.name, child.id FROM nodes AS child JOIN included_parts ON child.parent_id = included_parts.id) SELECT included_parts.name, sum(included_parts.id) FROM included_parts JOIN nodes ON included_parts.name = nodes.name GROUP BY included_parts.name
    "#]],
    );
}

#[test]
fn names_of_ctes_are_quoted() {
    let c = select(User.id).cte("CaseSensitive");
    let d = c.alias("order");
    check(
        select(c.0),
        expect![[r#"
        -- sqlite, postgresql
        WITH "CaseSensitive" AS (SELECT users.id FROM users) SELECT "CaseSensitive".id FROM "CaseSensitive"
        -- mysql, mariadb
        WITH `CaseSensitive` AS (SELECT users.id FROM users) SELECT `CaseSensitive`.id FROM `CaseSensitive`
    "#]],
    );
    check(
        select(d.0).select_from(&d),
        expect![[r#"
        -- sqlite, postgresql
        WITH "CaseSensitive" AS (SELECT users.id FROM users) SELECT "order".id FROM "CaseSensitive" AS "order"
        -- mysql, mariadb
        WITH `CaseSensitive` AS (SELECT users.id FROM users) SELECT `order`.id FROM `CaseSensitive` AS `order`
    "#]],
    );
}

#[test]
fn a_cte_stands_in_exists_and_in_a_value() {
    let c = select(User.id).filter(User.active).cte("c");
    check(
        select(User.id).filter(func::exists(select(literal(1)).select_from(&c).filter(c.0.eq(User.id)))),
        expect![[r#"
            -- sqlite, mariadb
            WITH c AS (SELECT users.id FROM users WHERE users.active) SELECT users.id FROM users WHERE EXISTS (SELECT ? FROM c WHERE c.id = users.id)
            -- postgresql
            WITH c AS (SELECT users.id FROM users WHERE users.active) SELECT users.id FROM users WHERE EXISTS (SELECT $1 FROM c WHERE c.id = users.id)
            -- mysql
            WITH c AS (SELECT users.id FROM users WHERE users.active) SELECT users.id FROM users WHERE EXISTS (SELECT CAST(? AS SIGNED) FROM c WHERE c.id = users.id)
        "#]],
    );
    check(
        select((User.id, select(func::max(c.0)).scalar_subquery())),
        expect![[r#"
        -- all
        WITH c AS (SELECT users.id FROM users WHERE users.active) SELECT users.id, (SELECT max(c.id) FROM c) FROM users
    "#]],
    );
    check(
        update(User).set(User.id, func::coalesce(select(c.0).limit(1).scalar_subquery(), 0)),
        expect![[r#"
        -- sqlite, mysql
        WITH c AS (SELECT users.id FROM users WHERE users.active) UPDATE users SET id = coalesce((SELECT c.id FROM c LIMIT ?), ?)
        -- postgresql
        WITH c AS (SELECT users.id FROM users WHERE users.active) UPDATE users SET id = coalesce((SELECT c.id FROM c LIMIT $1), $2)
        -- mariadb
        WITH before UPDATE is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn a_cte_and_another_name_of_it_are_compared() {
    let c = select(User.id).filter(User.active).cte("c");
    let other = c.alias("other");
    check(
        select((c.0, other.0)).select_from(&c).join_on(&other, other.0.gt(c.0)),
        expect![[r#"
        -- all
        WITH c AS (SELECT users.id FROM users WHERE users.active) SELECT c.id, other.id FROM c JOIN c AS other ON other.id > c.id
    "#]],
    );
}

#[test]
fn a_recursive_cte_is_united_with_another_name_of_it() {
    let numbers = select(literal(1)).cte("numbers").union_all(|n| select(n.0 + 1).select_from(n).filter(n.0.lt(10)));
    let again = numbers.alias("again");
    check(
        select(numbers.0).union(select(again.0).select_from(&again)),
        expect![[r#"
            -- sqlite, mariadb
            WITH RECURSIVE numbers(anon_1) AS (SELECT ? UNION ALL SELECT numbers.anon_1 + ? FROM numbers WHERE numbers.anon_1 < ?) SELECT numbers.anon_1 FROM numbers UNION SELECT again.anon_1 FROM numbers AS again
            -- postgresql
            WITH RECURSIVE numbers(anon_1) AS (SELECT $1 UNION ALL SELECT numbers.anon_1 + $2 FROM numbers WHERE numbers.anon_1 < $3) SELECT numbers.anon_1 FROM numbers UNION SELECT again.anon_1 FROM numbers AS again
            -- mysql
            WITH RECURSIVE numbers(anon_1) AS (SELECT CAST(? AS SIGNED) UNION ALL SELECT numbers.anon_1 + ? FROM numbers WHERE numbers.anon_1 < ?) SELECT numbers.anon_1 FROM numbers UNION SELECT again.anon_1 FROM numbers AS again
        "#]],
    );
}

#[test]
fn ctes_are_nested_in_nested_ones() {
    let a = select(User.id).filter(User.id.gt(1)).cte("a");
    let b = select(a.0).nest_cte(&a).filter(a.0.gt(2)).cte("b");
    let c = select(b.0).nest_cte(&b).filter(b.0.gt(3)).cte("c");
    let one = select(User.id).cte("one");
    let two = select(Address.user_id).cte("two");
    let both = select(one.0).nest_cte(&one).nest_cte(&two).filter(one.0.eq(two.0)).cte("both");
    let roots = select(Node.id).filter(Node.parent_id.is_null()).cte("roots");
    let tree = select(roots.0)
        .nest_cte(&roots)
        .cte("tree")
        .union_all(|tree| select(Node.id).join_on(tree, Node.parent_id.eq(tree.0)));
    check(
        select(c.0),
        expect![[r#"
        -- sqlite, mysql, mariadb
        WITH c AS (WITH b AS (WITH a AS (SELECT users.id FROM users WHERE users.id > ?) SELECT a.id FROM a WHERE a.id > ?) SELECT b.id FROM b WHERE b.id > ?) SELECT c.id FROM c
        -- postgresql
        WITH c AS (WITH b AS (WITH a AS (SELECT users.id FROM users WHERE users.id > $1) SELECT a.id FROM a WHERE a.id > $2) SELECT b.id FROM b WHERE b.id > $3) SELECT c.id FROM c
    "#]],
    );
    check(
        select(both.0),
        expect![[r#"
        -- sqlite
        WITH both AS (WITH one AS (SELECT users.id FROM users), two AS (SELECT addresses.user_id FROM addresses) SELECT one.id FROM one, two WHERE one.id = two.user_id) SELECT both.id FROM both
        -- postgresql
        WITH "both" AS (WITH one AS (SELECT users.id FROM users), two AS (SELECT addresses.user_id FROM addresses) SELECT one.id FROM one, two WHERE one.id = two.user_id) SELECT "both".id FROM "both"
        -- mysql, mariadb
        WITH `both` AS (WITH one AS (SELECT users.id FROM users), two AS (SELECT addresses.user_id FROM addresses) SELECT one.id FROM one, two WHERE one.id = two.user_id) SELECT `both`.id FROM `both`
    "#]],
    );
    check(
        select(tree.0),
        expect![[r#"
        -- all
        WITH RECURSIVE tree(id) AS (WITH roots AS (SELECT nodes.id FROM nodes WHERE nodes.parent_id IS NULL) SELECT roots.id FROM roots UNION ALL SELECT nodes.id FROM nodes JOIN tree ON nodes.parent_id = tree.id) SELECT tree.id FROM tree
    "#]],
    );
}

#[test]
fn a_nested_cte_of_a_member_of_a_compound() {
    let few = select(Address.id).filter(Address.id.lt(9)).cte("few");
    check(
        select(User.id).union(select(few.0).nest_cte(&few)),
        expect![[r#"
            -- sqlite
            SELECT users.id FROM users UNION SELECT * FROM (WITH few AS (SELECT addresses.id FROM addresses WHERE addresses.id < ?) SELECT few.id FROM few)
            -- postgresql
            SELECT users.id FROM users UNION (WITH few AS (SELECT addresses.id FROM addresses WHERE addresses.id < $1) SELECT few.id FROM few)
            -- mysql, mariadb
            SELECT users.id FROM users UNION SELECT * FROM (WITH few AS (SELECT addresses.id FROM addresses WHERE addresses.id < ?) SELECT few.id FROM few) AS part
        "#]],
    );
    check(
        select(few.0).nest_cte(&few).union(select(User.id)),
        expect![[r#"
            -- sqlite
            SELECT * FROM (WITH few AS (SELECT addresses.id FROM addresses WHERE addresses.id < ?) SELECT few.id FROM few) UNION SELECT users.id FROM users
            -- postgresql
            (WITH few AS (SELECT addresses.id FROM addresses WHERE addresses.id < $1) SELECT few.id FROM few) UNION SELECT users.id FROM users
            -- mysql, mariadb
            SELECT * FROM (WITH few AS (SELECT addresses.id FROM addresses WHERE addresses.id < ?) SELECT few.id FROM few) AS part UNION SELECT users.id FROM users
        "#]],
    );
}
