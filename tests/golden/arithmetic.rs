//! Arithmetic, division, bits, and the parentheses between operators.

use expect_test::expect;
use orm::prelude::*;
use orm::{Expr, literal};

use crate::support::{Number, User, check};

#[test]
fn every_operator_of_rust_is_one_of_sql() {
    check(
        select(User.id + 1),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id + ? FROM users
        -- postgresql
        SELECT users.id + $1 FROM users
    "#]],
    );
    check(
        select(User.id - 1),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id - ? FROM users
        -- postgresql
        SELECT users.id - $1 FROM users
    "#]],
    );
    check(
        select(User.id * 2),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id * ? FROM users
        -- postgresql
        SELECT users.id * $1 FROM users
    "#]],
    );
    check(
        select(User.id % 2),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id % ? FROM users
        -- postgresql
        SELECT users.id % $1 FROM users
    "#]],
    );
    check(
        select(-User.id),
        expect![[r#"
        -- all
        SELECT -users.id FROM users
    "#]],
    );
    check(
        select(User.age + 1),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.age + ? FROM users
        -- postgresql
        SELECT users.age + $1 FROM users
    "#]],
    );
}

#[test]
fn division_gives_what_it_gives_in_rust() {
    check(
        select(User.id / 2),
        expect![[r#"
        -- sqlite
        SELECT users.id / ? FROM users
        -- postgresql
        SELECT users.id / $1 FROM users
        -- mysql, mariadb
        SELECT users.id DIV ? FROM users
    "#]],
    );
    check(
        select(Number.double / 2.0),
        expect![[r#"
        -- sqlite
        SELECT numbers.double / ? FROM numbers
        -- postgresql
        SELECT numbers.double / $1 FROM numbers
        -- mysql, mariadb
        SELECT numbers.`double` / ? FROM numbers
    "#]],
    );
    check(
        select(User.id.true_div(2)),
        expect![[r#"
        -- sqlite
        SELECT (CAST(users.id AS REAL) / ?) FROM users
        -- postgresql
        SELECT (CAST(users.id AS DOUBLE PRECISION) / $1) FROM users
        -- mysql, mariadb
        SELECT (CAST(users.id AS DOUBLE) / ?) FROM users
    "#]],
    );
    check(
        select((User.id + 1).true_div(User.id)),
        expect![[r#"
        -- sqlite
        SELECT (CAST(users.id + ? AS REAL) / users.id) FROM users
        -- postgresql
        SELECT (CAST(users.id + $1 AS DOUBLE PRECISION) / users.id) FROM users
        -- mysql, mariadb
        SELECT (CAST(users.id + ? AS DOUBLE) / users.id) FROM users
    "#]],
    );
}

#[test]
fn the_remainder_of_floats_is_mysqls_alone() {
    check(
        select(Number.double % 2.0),
        expect![[r#"
        -- sqlite
        the remainder of a division of floats is not supported on dialect sqlite
        -- postgresql
        the remainder of a division of floats is not supported on dialect postgresql
        -- mysql, mariadb
        SELECT numbers.`double` % ? FROM numbers
    "#]],
    );
}

#[test]
fn products_bind_more_tightly_than_sums() {
    check(
        select(User.id + User.id * 2),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id + users.id * ? FROM users
        -- postgresql
        SELECT users.id + users.id * $1 FROM users
    "#]],
    );
    check(
        select((User.id + 1) * 2),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT (users.id + ?) * ? FROM users
        -- postgresql
        SELECT (users.id + $1) * $2 FROM users
    "#]],
    );
    check(
        select((User.id * 2) + 1),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id * ? + ? FROM users
        -- postgresql
        SELECT users.id * $1 + $2 FROM users
    "#]],
    );
    check(
        select(User.id * (User.id + 1)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id * (users.id + ?) FROM users
        -- postgresql
        SELECT users.id * (users.id + $1) FROM users
    "#]],
    );
    check(
        select((User.id + 1) * (User.id - 1)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT (users.id + ?) * (users.id - ?) FROM users
        -- postgresql
        SELECT (users.id + $1) * (users.id - $2) FROM users
    "#]],
    );
}

#[test]
fn a_chain_to_the_left_needs_no_parentheses() {
    check(
        select(User.id + 1 + 2),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id + ? + ? FROM users
        -- postgresql
        SELECT users.id + $1 + $2 FROM users
    "#]],
    );
    check(
        select(User.id - 1 - 2),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id - ? - ? FROM users
        -- postgresql
        SELECT users.id - $1 - $2 FROM users
    "#]],
    );
    check(
        select(User.id - (User.id - 1)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id - (users.id - ?) FROM users
        -- postgresql
        SELECT users.id - (users.id - $1) FROM users
    "#]],
    );
    check(
        select(User.id + (User.id + 1)),
        expect![[r#"
            -- sqlite, mysql, mariadb
            SELECT users.id + (users.id + ?) FROM users
            -- postgresql
            SELECT users.id + (users.id + $1) FROM users
        "#]],
    );
    check(
        select(User.id + (User.id - 1)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id + (users.id - ?) FROM users
        -- postgresql
        SELECT users.id + (users.id - $1) FROM users
    "#]],
    );
    check(
        select(User.id - (User.id + 1)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id - (users.id + ?) FROM users
        -- postgresql
        SELECT users.id - (users.id + $1) FROM users
    "#]],
    );
    check(
        select(User.id / 2 / 3),
        expect![[r#"
        -- sqlite
        SELECT users.id / ? / ? FROM users
        -- postgresql
        SELECT users.id / $1 / $2 FROM users
        -- mysql, mariadb
        SELECT users.id DIV ? DIV ? FROM users
    "#]],
    );
    check(
        select(User.id / (User.id / 3)),
        expect![[r#"
        -- sqlite
        SELECT users.id / (users.id / ?) FROM users
        -- postgresql
        SELECT users.id / (users.id / $1) FROM users
        -- mysql, mariadb
        SELECT users.id DIV (users.id DIV ?) FROM users
    "#]],
    );
    check(
        select(User.id * (User.id * 3)),
        expect![[r#"
            -- sqlite, mysql, mariadb
            SELECT users.id * (users.id * ?) FROM users
            -- postgresql
            SELECT users.id * (users.id * $1) FROM users
        "#]],
    );
    check(
        select(User.id * (User.id / 3)),
        expect![[r#"
        -- sqlite
        SELECT users.id * (users.id / ?) FROM users
        -- postgresql
        SELECT users.id * (users.id / $1) FROM users
        -- mysql, mariadb
        SELECT users.id * (users.id DIV ?) FROM users
    "#]],
    );
    check(
        select(User.id * 2 / 3),
        expect![[r#"
        -- sqlite
        SELECT users.id * ? / ? FROM users
        -- postgresql
        SELECT users.id * $1 / $2 FROM users
        -- mysql, mariadb
        SELECT users.id * ? DIV ? FROM users
    "#]],
    );
    check(
        select(User.id % 3 * 2),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id % ? * ? FROM users
        -- postgresql
        SELECT users.id % $1 * $2 FROM users
    "#]],
    );
}

#[test]
fn a_sign_binds_most_tightly() {
    check(
        select(-User.id + 1),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT -users.id + ? FROM users
        -- postgresql
        SELECT -users.id + $1 FROM users
    "#]],
    );
    check(
        select(-(User.id + 1)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT -(users.id + ?) FROM users
        -- postgresql
        SELECT -(users.id + $1) FROM users
    "#]],
    );
    check(
        select(-(-User.id)),
        expect![[r#"
        -- all
        SELECT -(-users.id) FROM users
    "#]],
    );
    check(
        select(-User.id * 2),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT -users.id * ? FROM users
        -- postgresql
        SELECT -users.id * $1 FROM users
    "#]],
    );
    check(
        select((User.id + 1) * -User.id),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT (users.id + ?) * -users.id FROM users
        -- postgresql
        SELECT (users.id + $1) * -users.id FROM users
    "#]],
    );
    check(
        select(literal(1i64) - (-User.id)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT ? - -users.id FROM users
        -- postgresql
        SELECT $1 - -users.id FROM users
    "#]],
    );
}

#[test]
fn comparisons_bind_less_tightly_than_sums() {
    check(
        select(User.id).filter((User.id + 1).gt(User.id * 2)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id + ? > users.id * ?
        -- postgresql
        SELECT users.id FROM users WHERE users.id + $1 > users.id * $2
    "#]],
    );
    check(
        select(User.id).filter((User.id % 2).eq(0)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id % ? = ?
        -- postgresql
        SELECT users.id FROM users WHERE users.id % $1 = $2
    "#]],
    );
    check(
        select(User.id).filter((User.id - 1).between(User.id - 2, User.id + 2)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id - ? BETWEEN users.id - ? AND users.id + ?
        -- postgresql
        SELECT users.id FROM users WHERE users.id - $1 BETWEEN users.id - $2 AND users.id + $3
    "#]],
    );
    check(
        select(User.id).filter((User.id + 1).is_null()),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.id + ? IS NULL
        -- postgresql
        SELECT users.id FROM users WHERE users.id + $1 IS NULL
    "#]],
    );
    check(
        select(User.id).filter((-User.id).lt(0)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE -users.id < ?
        -- postgresql
        SELECT users.id FROM users WHERE -users.id < $1
    "#]],
    );
}

#[test]
fn bits_have_names() {
    check(
        select(User.id.bit_and(6)),
        expect![[r#"
        -- sqlite
        SELECT users.id & ? FROM users
        -- postgresql
        SELECT users.id & $1 FROM users
        -- mysql, mariadb
        SELECT CAST(users.id & ? AS SIGNED) FROM users
    "#]],
    );
    check(
        select(User.id.bit_or(6)),
        expect![[r#"
        -- sqlite
        SELECT users.id | ? FROM users
        -- postgresql
        SELECT users.id | $1 FROM users
        -- mysql, mariadb
        SELECT CAST(users.id | ? AS SIGNED) FROM users
    "#]],
    );
    check(
        select(User.id.bit_xor(6)),
        expect![[r#"
        -- sqlite
        SELECT (users.id | ?) - (users.id & ?) FROM users
        -- postgresql
        SELECT users.id # $1 FROM users
        -- mysql, mariadb
        SELECT CAST(users.id ^ ? AS SIGNED) FROM users
    "#]],
    );
    check(
        select(User.id.bit_not()),
        expect![[r#"
            -- sqlite
            SELECT ~users.id FROM users
            -- postgresql
            SELECT ~ users.id FROM users
            -- mysql, mariadb
            SELECT CAST(~users.id AS SIGNED) FROM users
        "#]],
    );
    check(
        select(User.id.shift_left(2)),
        expect![[r#"
        -- sqlite
        SELECT users.id << ? FROM users
        -- postgresql
        SELECT users.id << CAST($1 AS INTEGER) FROM users
        -- mysql, mariadb
        SELECT CAST(users.id << ? AS SIGNED) FROM users
    "#]],
    );
    check(
        select(User.id.shift_right(2)),
        expect![[r#"
        -- sqlite
        SELECT users.id >> ? FROM users
        -- postgresql
        SELECT users.id >> CAST($1 AS INTEGER) FROM users
        -- mysql, mariadb
        SELECT CAST(CASE WHEN users.id < 0 THEN ~(~users.id >> ?) ELSE users.id >> ? END AS SIGNED) FROM users
    "#]],
    );
}

#[test]
fn bits_keep_their_parentheses() {
    check(
        select(User.id.bit_and(6).bit_or(1)),
        expect![[r#"
        -- sqlite
        SELECT (users.id & ?) | ? FROM users
        -- postgresql
        SELECT (users.id & $1) | $2 FROM users
        -- mysql, mariadb
        SELECT CAST(CAST(users.id & ? AS SIGNED) | ? AS SIGNED) FROM users
    "#]],
    );
    check(
        select(User.id.bit_or(User.id.bit_and(1))),
        expect![[r#"
        -- sqlite
        SELECT users.id | (users.id & ?) FROM users
        -- postgresql
        SELECT users.id | (users.id & $1) FROM users
        -- mysql, mariadb
        SELECT CAST(users.id | CAST(users.id & ? AS SIGNED) AS SIGNED) FROM users
    "#]],
    );
    check(
        select((User.id + 1).bit_and(3)),
        expect![[r#"
        -- sqlite
        SELECT (users.id + ?) & ? FROM users
        -- postgresql
        SELECT (users.id + $1) & $2 FROM users
        -- mysql, mariadb
        SELECT CAST((users.id + ?) & ? AS SIGNED) FROM users
    "#]],
    );
    check(
        select(User.id.bit_and(3) + 1),
        expect![[r#"
        -- sqlite
        SELECT (users.id & ?) + ? FROM users
        -- postgresql
        SELECT (users.id & $1) + $2 FROM users
        -- mysql, mariadb
        SELECT CAST(users.id & ? AS SIGNED) + ? FROM users
    "#]],
    );
    check(
        select(User.id.bit_and(User.id - 1).eq(0)),
        expect![[r#"
        -- sqlite
        SELECT users.id & (users.id - ?) = ? FROM users
        -- postgresql
        SELECT users.id & (users.id - $1) = $2 FROM users
        -- mysql, mariadb
        SELECT CAST(users.id & (users.id - ?) AS SIGNED) = ? FROM users
    "#]],
    );
    check(
        select(User.id.bit_not().bit_and(User.id)),
        expect![[r#"
            -- sqlite
            SELECT ~users.id & users.id FROM users
            -- postgresql
            SELECT (~ users.id) & users.id FROM users
            -- mysql, mariadb
            SELECT CAST(CAST(~users.id AS SIGNED) & users.id AS SIGNED) FROM users
        "#]],
    );
    check(
        select((User.id + 1).bit_not()),
        expect![[r#"
            -- sqlite
            SELECT ~(users.id + ?) FROM users
            -- postgresql
            SELECT ~ (users.id + $1) FROM users
            -- mysql, mariadb
            SELECT CAST(~(users.id + ?) AS SIGNED) FROM users
        "#]],
    );
    check(
        select(User.id).filter(User.id.bit_and(1).eq(1) & User.active),
        expect![[r#"
        -- sqlite
        SELECT users.id FROM users WHERE users.id & ? = ? AND users.active
        -- postgresql
        SELECT users.id FROM users WHERE users.id & $1 = $2 AND users.active
        -- mysql, mariadb
        SELECT users.id FROM users WHERE CAST(users.id & ? AS SIGNED) = ? AND users.active
    "#]],
    );
}

#[test]
fn an_operator_of_ones_own_keeps_its_parentheses() {
    check(
        select(User.name.op::<f64>("<->", "x")),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.name <-> ? FROM users
        -- postgresql
        SELECT users.name <-> $1 FROM users
    "#]],
    );
    check(
        select(User.name.op::<f64>("<->", User.fullname) + 1.0),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT (users.name <-> users.fullname) + ? FROM users
        -- postgresql
        SELECT (users.name <-> users.fullname) + $1 FROM users
    "#]],
    );
    check(
        select((User.id + 1).op::<i64>("<<", User.id * 2)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT (users.id + ?) << (users.id * ?) FROM users
        -- postgresql
        SELECT (users.id + $1) << (users.id * $2) FROM users
    "#]],
    );
    check(
        select(User.id).filter(User.name.bool_op("~~", "x") & User.active),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE users.name ~~ ? AND users.active
        -- postgresql
        SELECT users.id FROM users WHERE users.name ~~ $1 AND users.active
    "#]],
    );
    check(
        select(User.id).filter(User.name.bool_op("@@", User.name.concat("y"))),
        expect![[r#"
        -- sqlite
        SELECT users.id FROM users WHERE users.name @@ (users.name || ?)
        -- postgresql
        SELECT users.id FROM users WHERE users.name @@ (users.name || $1)
        -- mysql, mariadb
        SELECT users.id FROM users WHERE users.name @@ concat(users.name, ?)
    "#]],
    );
    check(
        select(User.id).filter(!User.name.bool_op("~~", "x")),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.id FROM users WHERE NOT users.name ~~ ?
        -- postgresql
        SELECT users.id FROM users WHERE NOT users.name ~~ $1
    "#]],
    );
    check(
        select(User.id.op::<i64>("#", 1).op::<i64>("#", 2)),
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT (users.id # ?) # ? FROM users
        -- postgresql
        SELECT (users.id # $1) # $2 FROM users
    "#]],
    );
}

#[test]
fn nullable_operands_make_nullable_results() {
    check(
        {
            let sum: Expr<Option<i64>> = literal(1i64) + User.age.cast::<i64>();
            select(sum)
        },
        expect![[r#"
        -- sqlite
        SELECT ? + CAST(users.age AS BIGINT) FROM users
        -- postgresql
        SELECT $1 + CAST(users.age AS BIGINT) FROM users
        -- mysql, mariadb
        SELECT ? + CAST(users.age AS SIGNED) FROM users
    "#]],
    );
    check(
        {
            let compared: Expr<Option<bool>> = User.age.gt(User.age + 1);
            select(compared)
        },
        expect![[r#"
        -- sqlite, mysql, mariadb
        SELECT users.age > users.age + ? FROM users
        -- postgresql
        SELECT users.age > users.age + $1 FROM users
    "#]],
    );
    check(
        {
            let joined: Expr<Option<String>> = User.name.concat(User.fullname);
            select(joined)
        },
        expect![[r#"
        -- sqlite, postgresql
        SELECT users.name || users.fullname FROM users
        -- mysql, mariadb
        SELECT concat(users.name, users.fullname) FROM users
    "#]],
    );
}
