//! How a recursive CTE goes from row to row: SEARCH, CYCLE, and words of the databases' own.

use expect_test::expect;
use orm::prelude::*;
use orm::{Cte, Dialect};

use crate::support::{Node, check};

/// The nodes below those without a parent.
fn tree() -> Cte<(i64, Option<i64>)> {
    let roots = select((Node.id, Node.parent_id)).filter(Node.parent_id.is_null()).cte("tree");
    roots.union_all(|tree| select((Node.id, Node.parent_id)).join_on(tree, Node.parent_id.eq(tree.0)))
}

#[test]
fn a_recursive_cte_says_in_which_order_it_finds_its_rows() {
    let depth = tree().search_depth_first(|tree| tree.0, "place");
    check(
        select(depth.0).order_by(depth.c::<String>("place")),
        expect![[r#"
        -- sqlite
        SEARCH of a recursive CTE is not supported on dialect sqlite
        -- postgresql
        WITH RECURSIVE tree(id, parent_id) AS (SELECT nodes.id, nodes.parent_id FROM nodes WHERE nodes.parent_id IS NULL UNION ALL SELECT nodes.id, nodes.parent_id FROM nodes JOIN tree ON nodes.parent_id = tree.id) SEARCH DEPTH FIRST BY id SET place SELECT tree.id FROM tree ORDER BY tree.place
        -- mysql
        SEARCH of a recursive CTE is not supported on dialect mysql
        -- mariadb
        SEARCH of a recursive CTE is not supported on dialect mariadb
    "#]],
    );
    let breadth = tree().search_breadth_first(|tree| (tree.1, tree.0), "a place");
    check(
        select((Node.name, breadth.0))
            .join_on(&breadth, breadth.0.eq(Node.id))
            .order_by(breadth.c::<String>("a place").desc()),
        expect![[r#"
            -- sqlite
            SEARCH of a recursive CTE is not supported on dialect sqlite
            -- postgresql
            WITH RECURSIVE tree(id, parent_id) AS (SELECT nodes.id, nodes.parent_id FROM nodes WHERE nodes.parent_id IS NULL UNION ALL SELECT nodes.id, nodes.parent_id FROM nodes JOIN tree ON nodes.parent_id = tree.id) SEARCH BREADTH FIRST BY parent_id, id SET "a place" SELECT nodes.name, tree.id FROM nodes JOIN tree ON tree.id = nodes.id ORDER BY tree."a place" DESC
            -- mysql
            SEARCH of a recursive CTE is not supported on dialect mysql
            -- mariadb
            SEARCH of a recursive CTE is not supported on dialect mariadb
        "#]],
    );
}

#[test]
fn a_recursive_cte_ends_where_it_comes_back() {
    let marked = tree().cycle(|tree| tree.0, "is_cycle", "path");
    check(
        select((marked.0, marked.c::<bool>("is_cycle"))).select_from(&marked),
        expect![[r#"
        -- sqlite
        CYCLE … SET of a recursive CTE is not supported on dialect sqlite
        -- postgresql
        WITH RECURSIVE tree(id, parent_id) AS (SELECT nodes.id, nodes.parent_id FROM nodes WHERE nodes.parent_id IS NULL UNION ALL SELECT nodes.id, nodes.parent_id FROM nodes JOIN tree ON nodes.parent_id = tree.id) CYCLE id SET is_cycle USING path SELECT tree.id, tree.is_cycle FROM tree
        -- mysql
        CYCLE … SET of a recursive CTE is not supported on dialect mysql
        -- mariadb
        CYCLE … SET of a recursive CTE is not supported on dialect mariadb
    "#]],
    );
    let both = tree().search_depth_first(|tree| tree.0, "place").cycle(|tree| (tree.0, tree.1), "again", "way");
    let alias = both.alias("other");
    check(
        select(both.0)
            .join_on(&alias, alias.0.eq(both.0))
            .filter(!both.c::<bool>("again"))
            .order_by(both.c::<String>("place")),
        expect![[r#"
            -- sqlite
            SEARCH of a recursive CTE is not supported on dialect sqlite
            -- postgresql
            WITH RECURSIVE tree(id, parent_id) AS (SELECT nodes.id, nodes.parent_id FROM nodes WHERE nodes.parent_id IS NULL UNION ALL SELECT nodes.id, nodes.parent_id FROM nodes JOIN tree ON nodes.parent_id = tree.id) SEARCH DEPTH FIRST BY id SET place CYCLE id, parent_id SET again USING way SELECT tree.id FROM tree JOIN tree AS other ON other.id = tree.id WHERE NOT tree.again ORDER BY tree.place
            -- mysql
            SEARCH of a recursive CTE is not supported on dialect mysql
            -- mariadb
            SEARCH of a recursive CTE is not supported on dialect mariadb
        "#]],
    );
    let restricted = tree().cycle_restrict(|tree| tree.0);
    check(
        select(restricted),
        expect![[r#"
        -- sqlite
        CYCLE … RESTRICT of a recursive CTE is not supported on dialect sqlite
        -- postgresql
        CYCLE … RESTRICT of a recursive CTE is not supported on dialect postgresql
        -- mysql
        CYCLE … RESTRICT of a recursive CTE is not supported on dialect mysql
        -- mariadb
        WITH RECURSIVE tree(id, parent_id) AS (SELECT nodes.id, nodes.parent_id FROM nodes WHERE nodes.parent_id IS NULL UNION ALL SELECT nodes.id, nodes.parent_id FROM nodes JOIN tree ON nodes.parent_id = tree.id) CYCLE id RESTRICT SELECT tree.id, tree.parent_id FROM tree
    "#]],
    );
}

#[test]
fn only_a_recursive_cte_has_an_order_and_an_end() {
    let plain = select((Node.id, Node.parent_id)).cte("plain");
    check(
        select(plain.clone().search_depth_first(|plain| plain.0, "place")),
        expect![[r#"
        -- all
        SEARCH and CYCLE belong to a recursive CTE, and `plain` is none
        hint: say them behind `.union_all(…)`
    "#]],
    );
    check(
        select(plain.cycle(|plain| plain.0, "a", "b")),
        expect![[r#"
        -- all
        SEARCH and CYCLE belong to a recursive CTE, and `plain` is none
        hint: say them behind `.union_all(…)`
    "#]],
    );
    check(
        select(tree().search_depth_first(|_| Node.id, "place")),
        expect![[r#"
        -- sqlite
        SEARCH of a recursive CTE is not supported on dialect sqlite
        -- postgresql
        SEARCH and CYCLE name columns of the CTE itself
        hint: take them from the argument: `.cycle(|tree| tree.0, …)`
        -- mysql
        SEARCH of a recursive CTE is not supported on dialect mysql
        -- mariadb
        SEARCH of a recursive CTE is not supported on dialect mariadb
    "#]],
    );
    let tree = tree();
    check(
        select(tree.c::<bool>("is_cycle")).select_from(&tree),
        expect![[r#"
        -- all
        `tree` has no column `is_cycle`
    "#]],
    );
}

#[test]
fn words_stand_before_the_query_of_a_cte_and_behind_it() {
    let tree = tree()
        .prefix_with("MATERIALIZED", Dialect::Postgres)
        .suffix_with("SEARCH DEPTH FIRST BY id SET place", Dialect::Postgres)
        .suffix_with("CYCLE id RESTRICT", Dialect::MariaDb)
        .suffix_with("/* the end */", ());
    check(
        select(tree.0).select_from(&tree),
        expect![[r#"
        -- sqlite, mysql
        WITH RECURSIVE tree(id, parent_id) AS (SELECT nodes.id, nodes.parent_id FROM nodes WHERE nodes.parent_id IS NULL UNION ALL SELECT nodes.id, nodes.parent_id FROM nodes JOIN tree ON nodes.parent_id = tree.id) /* the end */ SELECT tree.id FROM tree
        -- postgresql
        WITH RECURSIVE tree(id, parent_id) AS MATERIALIZED (SELECT nodes.id, nodes.parent_id FROM nodes WHERE nodes.parent_id IS NULL UNION ALL SELECT nodes.id, nodes.parent_id FROM nodes JOIN tree ON nodes.parent_id = tree.id) SEARCH DEPTH FIRST BY id SET place /* the end */ SELECT tree.id FROM tree
        -- mariadb
        WITH RECURSIVE tree(id, parent_id) AS (SELECT nodes.id, nodes.parent_id FROM nodes WHERE nodes.parent_id IS NULL UNION ALL SELECT nodes.id, nodes.parent_id FROM nodes JOIN tree ON nodes.parent_id = tree.id) CYCLE id RESTRICT /* the end */ SELECT tree.id FROM tree
    "#]],
    );
}

#[test]
fn a_recursive_cte_has_several_members() {
    let both = tree().union(|tree| select((Node.id, Node.parent_id)).join_on(tree, Node.id.eq(tree.1)));
    check(
        select(both.0).select_from(&both),
        expect![[r#"
        -- sqlite, mysql, mariadb
        WITH RECURSIVE tree(id, parent_id) AS (SELECT nodes.id, nodes.parent_id FROM nodes WHERE nodes.parent_id IS NULL UNION ALL SELECT nodes.id, nodes.parent_id FROM nodes JOIN tree ON nodes.parent_id = tree.id UNION SELECT nodes.id, nodes.parent_id FROM nodes JOIN tree ON nodes.id = tree.parent_id) SELECT tree.id FROM tree
        -- postgresql
        a CTE with more than one recursive member is not supported on dialect postgresql
    "#]],
    );
}
