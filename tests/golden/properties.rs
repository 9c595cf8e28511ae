//! What queries compute: `column_property` and `query_expression`.

use expect_test::expect;
use orm::prelude::*;
use orm::with_expression;

use crate::support::check;

#[derive(Clone, Debug, Model)]
#[orm(table = "items", metadata = none)]
struct Item {
    #[orm(primary_key)]
    id: i64,
    name: String,
    quantity: i64,
    #[orm(column_property = Item.quantity + 1)]
    next: Deferred<i64>,
    #[orm(column_property = select(func::count_all()).select_from(Part).filter(Part.item_id.eq(Item.id)).scalar_subquery())]
    part_count: Deferred<i64>,
    #[orm(query_expression)]
    label: Deferred<String>,
    #[orm(back_populates = item)]
    parts: HasMany<Part>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "parts", metadata = none)]
struct Part {
    #[orm(primary_key)]
    id: i64,
    weight: f64,
    #[orm(column_property = Part.weight * 0.5)]
    half: Deferred<f64>,
    #[orm(foreign_key = Item.id)]
    item_id: i64,
    #[orm(back_populates = parts)]
    item: BelongsTo<Item>,
}

#[test]
fn a_property_is_selected_under_its_name() {
    check(
        select(Item),
        expect![[r#"
        -- all
        SELECT items.id, items.name, items.quantity, (items.quantity + 1) AS next, (SELECT count(*) FROM parts WHERE parts.item_id = items.id) AS part_count, NULL AS label FROM items
    "#]],
    );
}

#[test]
fn a_property_is_bound_as_tightly_as_a_column() {
    check(
        select(Item.next * 2).filter(Item.next.gt(3) & Item.part_count.eq(0)).order_by(Item.next.desc()),
        expect![[r#"
            -- sqlite, mysql, mariadb
            SELECT (items.quantity + 1) * ? FROM items WHERE (items.quantity + 1) > ? AND (SELECT count(*) FROM parts WHERE parts.item_id = items.id) = ? ORDER BY (items.quantity + 1) DESC
            -- postgresql
            SELECT (items.quantity + 1) * $1 FROM items WHERE (items.quantity + 1) > $2 AND (SELECT count(*) FROM parts WHERE parts.item_id = items.id) = $3 ORDER BY (items.quantity + 1) DESC
        "#]],
    );
}

#[test]
fn a_property_of_an_alias_is_about_the_alias() {
    let other = Item.alias("other");
    check(
        select((Item.next, other.next, other.part_count)).join_on(other, other.id.eq(Item.next)),
        expect![[r#"
        -- all
        SELECT (items.quantity + 1) AS next, (other.quantity + 1) AS next, (SELECT count(*) FROM parts WHERE parts.item_id = other.id) AS part_count FROM items JOIN items AS other ON other.id = (items.quantity + 1)
    "#]],
    );
}

#[test]
fn a_subquery_has_a_property_as_a_column() {
    let inner = select((Item.id, Item.next)).subquery("inner_items");
    check(
        select(inner.1).filter(inner.1.gt(1)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT inner_items.next FROM (SELECT items.id, (items.quantity + 1) AS next FROM items) AS inner_items WHERE inner_items.next > ?
        -- postgresql
        SELECT inner_items.next FROM (SELECT items.id, (items.quantity + 1) AS next FROM items) AS inner_items WHERE inner_items.next > $1
    "#]],
    );
}

#[test]
fn a_property_of_a_relationship_is_about_its_members() {
    check(
        select(Item.id).filter(Item.parts.any(Part.half.gt(1.5))),
        expect![[r#"
        -- sqlite
        SELECT items.id FROM items WHERE EXISTS (SELECT 1 FROM parts WHERE items.id = parts.item_id AND (parts.weight * 0.5) > ?)
        -- postgresql
        SELECT items.id FROM items WHERE EXISTS (SELECT 1 FROM parts WHERE items.id = parts.item_id AND (parts.weight * '0.5'::double precision) > $1)
        -- mysql, mariadb
        SELECT items.id FROM items WHERE EXISTS (SELECT 1 FROM parts WHERE items.id = parts.item_id AND (parts.weight * 5e-1) > ?)
    "#]],
    );
}

#[test]
fn what_the_query_says_stands_in_each_clause() {
    let said = select(Item).options(with_expression(Item.label, Item.name.concat("!")));
    check(
        said.filter(Item.label.ne("x")).order_by(Item.label),
        expect![[r#"
        -- sqlite
        SELECT items.id, items.name, items.quantity, (items.quantity + 1) AS next, (SELECT count(*) FROM parts WHERE parts.item_id = items.id) AS part_count, (items.name || ?) AS label FROM items WHERE (items.name || ?) <> ? ORDER BY (items.name || ?)
        -- postgresql
        SELECT items.id, items.name, items.quantity, (items.quantity + 1) AS next, (SELECT count(*) FROM parts WHERE parts.item_id = items.id) AS part_count, (items.name || $1) AS label FROM items WHERE (items.name || $1) <> $2 ORDER BY (items.name || $1)
        -- mysql, mariadb
        SELECT items.id, items.name, items.quantity, (items.quantity + 1) AS next, (SELECT count(*) FROM parts WHERE parts.item_id = items.id) AS part_count, concat(items.name, ?) AS label FROM items WHERE concat(items.name, ?) <> ? ORDER BY concat(items.name, ?)
    "#]],
    );
}

#[test]
fn conditions_of_other_statements_compute_it() {
    check(
        update(Item).set(Item.quantity, Item.part_count).filter(Item.next.lt(5)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        UPDATE items SET quantity = (SELECT count(*) FROM parts WHERE parts.item_id = items.id) WHERE (items.quantity + 1) < ?
        -- postgresql
        UPDATE items SET quantity = (SELECT count(*) FROM parts WHERE parts.item_id = items.id) WHERE (items.quantity + 1) < $1
    "#]],
    );
    check(
        delete(Item).filter(Item.part_count.eq(0)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        DELETE FROM items WHERE (SELECT count(*) FROM parts WHERE parts.item_id = items.id) = ?
        -- postgresql
        DELETE FROM items WHERE (SELECT count(*) FROM parts WHERE parts.item_id = items.id) = $1
    "#]],
    );
}
