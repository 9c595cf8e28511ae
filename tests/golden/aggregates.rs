//! Aggregates: DISTINCT, FILTER, ORDER BY, WITHIN GROUP, grouping sets.

use expect_test::expect;
use orm::prelude::*;

use crate::support::{Number, User, check};

#[test]
fn the_common_aggregates() {
    check(
        select(func::count(User.id)),
        expect![[r#"
        -- all
        SELECT count(users.id) FROM users
    "#]],
    );
    check(
        select(func::count_all()),
        expect![[r#"
        -- all
        SELECT count(*)
    "#]],
    );
    check(
        select(func::count_distinct(User.name)),
        expect![[r#"
        -- all
        SELECT count(DISTINCT users.name) FROM users
    "#]],
    );
    check(
        select(func::max(User.id)),
        expect![[r#"
        -- all
        SELECT max(users.id) FROM users
    "#]],
    );
    check(
        select(func::min(User.age)),
        expect![[r#"
        -- all
        SELECT min(users.age) FROM users
    "#]],
    );
    check(
        select(func::sum(User.id)),
        expect![[r#"
        -- all
        SELECT sum(users.id) FROM users
    "#]],
    );
    check(
        select(func::avg(User.age)),
        expect![[r#"
            -- sqlite, postgresql
            SELECT avg(users.age) FROM users
            -- mysql, mariadb
            SELECT avg(CAST(users.age AS DOUBLE)) FROM users
        "#]],
    );
    check(
        select(func::sum(User.id).distinct()),
        expect![[r#"
        -- all
        SELECT sum(DISTINCT users.id) FROM users
    "#]],
    );
    check(
        select(func::avg(Number.double).distinct()),
        expect![[r#"
        -- sqlite, postgresql
        SELECT avg(DISTINCT numbers.double) FROM numbers
        -- mysql, mariadb
        SELECT avg(DISTINCT numbers.`double`) FROM numbers
    "#]],
    );
    check(
        select(func::stddev(Number.double)),
        expect![[r#"
            -- sqlite, postgresql
            SELECT stddev_samp(numbers.double) FROM numbers
            -- mysql, mariadb
            SELECT stddev_samp(numbers.`double`) FROM numbers
        "#]],
    );
    check(
        select(func::variance(Number.double)),
        expect![[r#"
            -- sqlite, postgresql
            SELECT var_samp(numbers.double) FROM numbers
            -- mysql, mariadb
            SELECT var_samp(numbers.`double`) FROM numbers
        "#]],
    );
    check(
        select(func::bool_and(User.active)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT min(users.active) FROM users
        -- postgresql
        SELECT bool_and(users.active) FROM users
    "#]],
    );
    check(
        select(func::bool_or(User.id.gt(5))),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT max(users.id > ?) FROM users
        -- postgresql
        SELECT bool_or(users.id > $1) FROM users
    "#]],
    );
}

#[test]
fn an_aggregate_sees_what_passes_its_filter() {
    check(
        select(func::count_all().filter(User.active)),
        expect![[r#"
        -- sqlite, postgresql
        SELECT count(*) FILTER (WHERE users.active) FROM users
        -- mysql, mariadb
        SELECT count(CASE WHEN users.active THEN 1 END) FROM users
    "#]],
    );
    check(
        select(func::count(User.age).filter(User.active)),
        expect![[r#"
        -- sqlite, postgresql
        SELECT count(users.age) FILTER (WHERE users.active) FROM users
        -- mysql, mariadb
        SELECT count(CASE WHEN users.active THEN users.age END) FROM users
    "#]],
    );
    check(
        select(func::sum(User.id).filter(User.id.gt(1)).filter(User.active)),
        expect![[r#"
        -- sqlite
        SELECT sum(users.id) FILTER (WHERE users.id > ? AND users.active) FROM users
        -- postgresql
        SELECT sum(users.id) FILTER (WHERE users.id > $1 AND users.active) FROM users
        -- mysql, mariadb
        SELECT sum(CASE WHEN users.id > ? AND users.active THEN users.id END) FROM users
    "#]],
    );
    check(
        select(func::count_distinct(User.name).filter(User.active)),
        expect![[r#"
        -- sqlite, postgresql
        SELECT count(DISTINCT users.name) FILTER (WHERE users.active) FROM users
        -- mysql, mariadb
        SELECT count(DISTINCT CASE WHEN users.active THEN users.name END) FROM users
    "#]],
    );
    check(
        select(func::max(User.id).filter(User.active) + 1),
        expect![[r#"
        -- sqlite
        SELECT max(users.id) FILTER (WHERE users.active) + ? FROM users
        -- postgresql
        SELECT max(users.id) FILTER (WHERE users.active) + $1 FROM users
        -- mysql, mariadb
        SELECT max(CASE WHEN users.active THEN users.id END) + ? FROM users
    "#]],
    );
}

#[test]
fn texts_are_aggregated() {
    check(
        select(func::string_agg(User.name, ", ")),
        expect![[r#"
        -- sqlite
        SELECT group_concat(users.name, ', ') FROM users
        -- postgresql
        SELECT string_agg(users.name, ', ') FROM users
        -- mysql, mariadb
        SELECT group_concat(users.name SEPARATOR ', ') FROM users
    "#]],
    );
    check(
        select(func::string_agg(User.name, ", ").ordered_by(User.name.desc())),
        expect![[r#"
        -- sqlite
        SELECT group_concat(users.name, ', ' ORDER BY users.name DESC) FROM users
        -- postgresql
        SELECT string_agg(users.name, ', ' ORDER BY users.name DESC) FROM users
        -- mysql, mariadb
        SELECT group_concat(users.name ORDER BY users.name DESC SEPARATOR ', ') FROM users
    "#]],
    );
    check(
        select(func::string_agg(User.name, "it's").distinct()),
        expect![[r#"
        -- sqlite
        SELECT group_concat(DISTINCT users.name, 'it''s') FROM users
        -- postgresql
        SELECT string_agg(DISTINCT users.name, 'it''s') FROM users
        -- mysql, mariadb
        SELECT group_concat(DISTINCT users.name SEPARATOR 'it''s') FROM users
    "#]],
    );
    check(
        select(func::string_agg(User.name, "\\").ordered_by((User.age, User.name))),
        expect![[r#"
        -- sqlite
        SELECT group_concat(users.name, '\' ORDER BY users.age, users.name) FROM users
        -- postgresql
        SELECT string_agg(users.name, '\' ORDER BY users.age, users.name) FROM users
        -- mysql, mariadb
        SELECT group_concat(users.name ORDER BY users.age, users.name SEPARATOR x'5c') FROM users
    "#]],
    );
    check(
        select(func::string_agg(User.name, " SEPARATOR ").ordered_by(User.id).filter(User.active)),
        expect![[r#"
        -- sqlite
        SELECT group_concat(users.name, ' SEPARATOR ' ORDER BY users.id) FILTER (WHERE users.active) FROM users
        -- postgresql
        SELECT string_agg(users.name, ' SEPARATOR ' ORDER BY users.id) FILTER (WHERE users.active) FROM users
        -- mysql, mariadb
        SELECT group_concat(CASE WHEN users.active THEN users.name END ORDER BY users.id SEPARATOR ' SEPARATOR ') FROM users
    "#]],
    );
}

#[test]
fn arrays_and_json_are_aggregated() {
    check(
        select(func::array_agg(User.name).ordered_by(User.id)),
        expect![[r#"
        -- sqlite
        array_agg is not supported on dialect sqlite
        -- postgresql
        SELECT array_agg(users.name ORDER BY users.id) FROM users
        -- mysql
        array_agg is not supported on dialect mysql
        -- mariadb
        array_agg is not supported on dialect mariadb
    "#]],
    );
    check(
        select(func::json_agg(User.name)),
        expect![[r#"
            -- sqlite
            SELECT nullif(json_group_array(users.name), '[]') FROM users
            -- postgresql
            SELECT jsonb_agg(users.name) FROM users
            -- mysql, mariadb
            SELECT json_arrayagg(users.name) FROM users
        "#]],
    );
}

#[test]
fn ordered_sets_are_postgresqls() {
    check(
        select(func::percentile_cont(0.5).within_group(Number.double)),
        expect![[r#"
        -- sqlite
        WITHIN GROUP is not supported on dialect sqlite
        -- postgresql
        SELECT percentile_cont($1) WITHIN GROUP (ORDER BY numbers.double) FROM numbers
        -- mysql
        WITHIN GROUP is not supported on dialect mysql
        -- mariadb
        WITHIN GROUP is not supported on dialect mariadb
    "#]],
    );
    check(
        select(func::percentile_disc::<i64>(0.9).within_group(Number.big.desc())),
        expect![[r#"
        -- sqlite
        WITHIN GROUP is not supported on dialect sqlite
        -- postgresql
        SELECT percentile_disc($1) WITHIN GROUP (ORDER BY numbers.big DESC) FROM numbers
        -- mysql
        WITHIN GROUP is not supported on dialect mysql
        -- mariadb
        WITHIN GROUP is not supported on dialect mariadb
    "#]],
    );
    check(
        select(func::mode::<String>().within_group(User.name)),
        expect![[r#"
        -- sqlite
        WITHIN GROUP is not supported on dialect sqlite
        -- postgresql
        SELECT mode() WITHIN GROUP (ORDER BY users.name) FROM users
        -- mysql
        WITHIN GROUP is not supported on dialect mysql
        -- mariadb
        WITHIN GROUP is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn groups_of_groups() {
    check(
        select((User.name, func::count_all())).group_by(func::rollup((User.name, User.age))),
        expect![[r#"
        -- sqlite
        ROLLUP is not supported on dialect sqlite
        -- postgresql
        SELECT users.name, count(*) FROM users GROUP BY ROLLUP (users.name, users.age)
        -- mysql, mariadb
        SELECT users.name, count(*) FROM users GROUP BY users.name, users.age WITH ROLLUP
    "#]],
    );
    check(
        select(func::count_all()).group_by(func::cube((User.name, User.age))),
        expect![[r#"
        -- sqlite
        CUBE is not supported on dialect sqlite
        -- postgresql
        SELECT count(*) FROM users GROUP BY CUBE (users.name, users.age)
        -- mysql
        CUBE is not supported on dialect mysql
        -- mariadb
        CUBE is not supported on dialect mariadb
    "#]],
    );
    check(
        select(func::count_all()).group_by(func::grouping_sets([(User.name,), (User.name,)])),
        expect![[r#"
        -- sqlite
        GROUPING SETS is not supported on dialect sqlite
        -- postgresql
        SELECT count(*) FROM users GROUP BY GROUPING SETS ((users.name), (users.name))
        -- mysql
        GROUPING SETS is not supported on dialect mysql
        -- mariadb
        GROUPING SETS is not supported on dialect mariadb
    "#]],
    );
    check(
        select((User.name, func::grouping(User.name))).group_by(func::rollup(User.name)),
        expect![[r#"
        -- sqlite
        GROUPING is not supported on dialect sqlite
        -- postgresql
        SELECT users.name, GROUPING(users.name) FROM users GROUP BY ROLLUP (users.name)
        -- mysql
        SELECT users.name, GROUPING(users.name) FROM users GROUP BY users.name WITH ROLLUP
        -- mariadb
        GROUPING is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn aggregates_stand_in_having() {
    check(
        select(User.name).group_by(User.name).having(func::count(User.id).gt(1) & func::max(User.age).lt(5)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.name FROM users GROUP BY users.name HAVING count(users.id) > ? AND max(users.age) < ?
        -- postgresql
        SELECT users.name FROM users GROUP BY users.name HAVING count(users.id) > $1 AND max(users.age) < $2
    "#]],
    );
    check(
        select(User.name).group_by(User.name).order_by(func::count_all().desc()),
        expect![[r#"
        -- all
        SELECT users.name FROM users GROUP BY users.name ORDER BY count(*) DESC
    "#]],
    );
}

#[test]
fn what_is_grouped_by_an_expression_with_a_value_is_the_selected_one() {
    let age = || func::coalesce(User.age, 0);
    check(
        select((User, age(), func::count_all())).group_by((User.id, age())).order_by((age().desc(), User.id)),
        expect![[r#"
            -- sqlite, mariadb
            SELECT users.id, users.name, users.fullname, users.age, users.active, coalesce(users.age, ?), count(*) FROM users GROUP BY users.id, coalesce(users.age, ?) ORDER BY coalesce(users.age, ?) DESC, users.id
            -- postgresql
            SELECT users.id, users.name, users.fullname, users.age, users.active, coalesce(users.age, $1), count(*) FROM users GROUP BY users.id, coalesce(users.age, $1) ORDER BY coalesce(users.age, $1) DESC, users.id
            -- mysql
            SELECT users.id, users.name, users.fullname, users.age, users.active, any_value(coalesce(users.age, ?)), count(*) FROM users GROUP BY users.id, coalesce(users.age, ?) ORDER BY any_value(coalesce(users.age, ?)) DESC, users.id
        "#]],
    );
    // Another value is another expression.
    check(
        select((age(), func::count_all())).group_by(func::coalesce(User.age, 1)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT coalesce(users.age, ?), count(*) FROM users GROUP BY coalesce(users.age, ?)
        -- postgresql
        SELECT coalesce(users.age, $1), count(*) FROM users GROUP BY coalesce(users.age, $2)
    "#]],
    );
    check(
        select(age()).distinct().order_by(age()),
        expect![[r#"
            -- sqlite, mariadb
            SELECT DISTINCT coalesce(users.age, ?) FROM users ORDER BY coalesce(users.age, ?)
            -- postgresql
            SELECT DISTINCT coalesce(users.age, $1) FROM users ORDER BY coalesce(users.age, $1)
            -- mysql
            SELECT DISTINCT coalesce(users.age, ?) FROM users ORDER BY any_value(coalesce(users.age, ?))
        "#]],
    );
}
