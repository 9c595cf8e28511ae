//! JSON: paths, types and containment.

use expect_test::expect;
use orm::prelude::*;
use rust_decimal::Decimal;
use serde_json::json;

use crate::support::{Document, check};

#[test]
fn a_path_leads_into_a_document() {
    check(
        select(Document.body.key("a").as_json()),
        expect![[r#"
        -- sqlite
        SELECT documents.body -> ? FROM documents
        -- postgresql
        SELECT documents.body -> $1 FROM documents
        -- mysql, mariadb
        SELECT JSON_EXTRACT(documents.body, ?) FROM documents
    "#]],
    );
    check(
        select(Document.body.key("a").key("b").as_json()),
        expect![[r#"
        -- sqlite
        SELECT documents.body -> ? FROM documents
        -- postgresql
        SELECT documents.body #> $1 FROM documents
        -- mysql, mariadb
        SELECT JSON_EXTRACT(documents.body, ?) FROM documents
    "#]],
    );
    check(
        select(Document.body.index(0).as_json()),
        expect![[r#"
        -- sqlite
        SELECT documents.body -> ? FROM documents
        -- postgresql
        SELECT documents.body -> $1 FROM documents
        -- mysql, mariadb
        SELECT JSON_EXTRACT(documents.body, ?) FROM documents
    "#]],
    );
    check(
        select(Document.body.key("a").index(1).key("c").as_json()),
        expect![[r#"
        -- sqlite
        SELECT documents.body -> ? FROM documents
        -- postgresql
        SELECT documents.body #> $1 FROM documents
        -- mysql, mariadb
        SELECT JSON_EXTRACT(documents.body, ?) FROM documents
    "#]],
    );
}

#[test]
fn what_is_there_is_read_as_a_type() {
    check(
        select(Document.body.key("a").as_text()),
        expect![[r#"
            -- sqlite
            SELECT CASE json_type(documents.body, ?) WHEN 'text' THEN documents.body ->> ? WHEN 'null' THEN NULL ELSE (documents.body -> ?) || '' END FROM documents
            -- postgresql
            SELECT documents.body ->> $1 FROM documents
            -- mysql, mariadb
            SELECT CASE JSON_TYPE(JSON_EXTRACT(documents.body, ?)) WHEN 'NULL' THEN NULL ELSE JSON_UNQUOTE(JSON_EXTRACT(documents.body, ?)) END FROM documents
        "#]],
    );
    check(
        select(Document.body.key("a").key("b").as_text()),
        expect![[r#"
            -- sqlite
            SELECT CASE json_type(documents.body, ?) WHEN 'text' THEN documents.body ->> ? WHEN 'null' THEN NULL ELSE (documents.body -> ?) || '' END FROM documents
            -- postgresql
            SELECT documents.body #>> $1 FROM documents
            -- mysql, mariadb
            SELECT CASE JSON_TYPE(JSON_EXTRACT(documents.body, ?)) WHEN 'NULL' THEN NULL ELSE JSON_UNQUOTE(JSON_EXTRACT(documents.body, ?)) END FROM documents
        "#]],
    );
    check(
        select(Document.body.key("a").as_integer()),
        expect![[r#"
            -- sqlite
            SELECT whole(documents.body ->> ?) FROM documents
            -- postgresql
            SELECT CAST(documents.body ->> $1 AS BIGINT) FROM documents
            -- mysql
            SELECT TRUNCATE(CAST(CASE JSON_TYPE(JSON_EXTRACT(documents.body, ?)) WHEN 'NULL' THEN NULL ELSE JSON_UNQUOTE(JSON_EXTRACT(documents.body, ?)) END AS DECIMAL(65, 20)), 0) FROM documents
            -- mariadb
            SELECT TRUNCATE(CAST(JSON_VALUE(documents.body, ?) AS DECIMAL(65, 20)), 0) FROM documents
        "#]],
    );
    check(
        select(Document.body.key("a").as_float()),
        expect![[r#"
            -- sqlite
            SELECT CAST(documents.body ->> ? AS DOUBLE) FROM documents
            -- postgresql
            SELECT CAST(documents.body ->> $1 AS DOUBLE PRECISION) FROM documents
            -- mysql
            SELECT CAST(CASE JSON_TYPE(JSON_EXTRACT(documents.body, ?)) WHEN 'NULL' THEN NULL ELSE JSON_UNQUOTE(JSON_EXTRACT(documents.body, ?)) END AS DOUBLE) FROM documents
            -- mariadb
            SELECT CAST(JSON_VALUE(documents.body, ?) AS DOUBLE) FROM documents
        "#]],
    );
    check(
        select(Document.body.key("a").as_boolean()),
        expect![[r#"
            -- sqlite
            SELECT (documents.body ->> ?) FROM documents
            -- postgresql
            SELECT CAST(documents.body ->> $1 AS BOOLEAN) FROM documents
            -- mysql, mariadb
            SELECT CASE JSON_TYPE(JSON_EXTRACT(documents.body, ?)) WHEN 'NULL' THEN NULL ELSE JSON_EXTRACT(documents.body, ?) = true END FROM documents
        "#]],
    );
    check(
        select(Document.body.key("a").index(0).as_boolean()),
        expect![[r#"
            -- sqlite
            SELECT (documents.body ->> ?) FROM documents
            -- postgresql
            SELECT CAST(documents.body #>> $1 AS BOOLEAN) FROM documents
            -- mysql, mariadb
            SELECT CASE JSON_TYPE(JSON_EXTRACT(documents.body, ?)) WHEN 'NULL' THEN NULL ELSE JSON_EXTRACT(documents.body, ?) = true END FROM documents
        "#]],
    );
    check(
        select(Document.body.index(2).as_text()),
        expect![[r#"
            -- sqlite
            SELECT CASE json_type(documents.body, ?) WHEN 'text' THEN documents.body ->> ? WHEN 'null' THEN NULL ELSE (documents.body -> ?) || '' END FROM documents
            -- postgresql
            SELECT documents.body ->> $1 FROM documents
            -- mysql, mariadb
            SELECT CASE JSON_TYPE(JSON_EXTRACT(documents.body, ?)) WHEN 'NULL' THEN NULL ELSE JSON_UNQUOTE(JSON_EXTRACT(documents.body, ?)) END FROM documents
        "#]],
    );
}

#[test]
fn a_path_stands_in_conditions() {
    check(
        select(Document.id).filter(Document.body.key("a").as_text().eq("x")),
        expect![[r#"
            -- sqlite
            SELECT documents.id FROM documents WHERE CASE json_type(documents.body, ?) WHEN 'text' THEN documents.body ->> ? WHEN 'null' THEN NULL ELSE (documents.body -> ?) || '' END = ?
            -- postgresql
            SELECT documents.id FROM documents WHERE documents.body ->> $1 = $2
            -- mysql, mariadb
            SELECT documents.id FROM documents WHERE CASE JSON_TYPE(JSON_EXTRACT(documents.body, ?)) WHEN 'NULL' THEN NULL ELSE JSON_UNQUOTE(JSON_EXTRACT(documents.body, ?)) END = ?
        "#]],
    );
    check(
        select(Document.id).filter(Document.body.key("a").as_integer().gt(3) & Document.body.key("b").as_boolean()),
        expect![[r#"
            -- sqlite
            SELECT documents.id FROM documents WHERE whole(documents.body ->> ?) > ? AND (documents.body ->> ?)
            -- postgresql
            SELECT documents.id FROM documents WHERE CAST(documents.body ->> $1 AS BIGINT) > $2 AND CAST(documents.body ->> $3 AS BOOLEAN)
            -- mysql
            SELECT documents.id FROM documents WHERE TRUNCATE(CAST(CASE JSON_TYPE(JSON_EXTRACT(documents.body, ?)) WHEN 'NULL' THEN NULL ELSE JSON_UNQUOTE(JSON_EXTRACT(documents.body, ?)) END AS DECIMAL(65, 20)), 0) > ? AND CASE JSON_TYPE(JSON_EXTRACT(documents.body, ?)) WHEN 'NULL' THEN NULL ELSE JSON_EXTRACT(documents.body, ?) = true END
            -- mariadb
            SELECT documents.id FROM documents WHERE TRUNCATE(CAST(JSON_VALUE(documents.body, ?) AS DECIMAL(65, 20)), 0) > ? AND CASE JSON_TYPE(JSON_EXTRACT(documents.body, ?)) WHEN 'NULL' THEN NULL ELSE JSON_EXTRACT(documents.body, ?) = true END
        "#]],
    );
    check(
        select(Document.id).order_by(Document.body.key("a").as_text()),
        expect![[r#"
            -- sqlite
            SELECT documents.id FROM documents ORDER BY CASE json_type(documents.body, ?) WHEN 'text' THEN documents.body ->> ? WHEN 'null' THEN NULL ELSE (documents.body -> ?) || '' END
            -- postgresql
            SELECT documents.id FROM documents ORDER BY documents.body ->> $1
            -- mysql, mariadb
            SELECT documents.id FROM documents ORDER BY CASE JSON_TYPE(JSON_EXTRACT(documents.body, ?)) WHEN 'NULL' THEN NULL ELSE JSON_UNQUOTE(JSON_EXTRACT(documents.body, ?)) END
        "#]],
    );
}

#[test]
fn containment_of_documents() {
    check(
        select(Document.id).filter(Document.body.contains(json!({"a": 1}))),
        expect![[r#"
        -- sqlite
        containment of JSON is not supported on dialect sqlite
        -- postgresql
        SELECT documents.id FROM documents WHERE documents.body @> CAST($1 AS JSONB)
        -- mysql, mariadb
        SELECT documents.id FROM documents WHERE JSON_CONTAINS(documents.body, ?)
    "#]],
    );
    check(
        select(Document.id).filter(Document.body.contained_by_json(json!({"a": 1, "b": 2}))),
        expect![[r#"
        -- sqlite
        containment of JSON is not supported on dialect sqlite
        -- postgresql
        SELECT documents.id FROM documents WHERE documents.body <@ CAST($1 AS JSONB)
        -- mysql, mariadb
        SELECT documents.id FROM documents WHERE JSON_CONTAINS(?, documents.body)
    "#]],
    );
    check(
        select(Document.id).filter(!Document.body.contains(json!([1]))),
        expect![[r#"
        -- sqlite
        containment of JSON is not supported on dialect sqlite
        -- postgresql
        SELECT documents.id FROM documents WHERE NOT documents.body @> CAST($1 AS JSONB)
        -- mysql, mariadb
        SELECT documents.id FROM documents WHERE NOT JSON_CONTAINS(documents.body, ?)
    "#]],
    );
}

#[test]
fn keys_of_documents() {
    check(
        select(Document.id).filter(Document.body.has_key("a")),
        expect![[r#"
        -- sqlite
        SELECT documents.id FROM documents WHERE json_type(documents.body, ?) IS NOT NULL
        -- postgresql
        SELECT documents.id FROM documents WHERE documents.body ? $1
        -- mysql, mariadb
        SELECT documents.id FROM documents WHERE JSON_CONTAINS_PATH(documents.body, 'one', ?)
    "#]],
    );
    check(
        select(Document.id).filter(!Document.body.has_key("a\"b")),
        expect![[r#"
        -- sqlite
        SELECT documents.id FROM documents WHERE NOT json_type(documents.body, ?) IS NOT NULL
        -- postgresql
        SELECT documents.id FROM documents WHERE NOT documents.body ? $1
        -- mysql, mariadb
        SELECT documents.id FROM documents WHERE NOT JSON_CONTAINS_PATH(documents.body, 'one', ?)
    "#]],
    );
    check(
        select(Document.id).filter(Document.body.has_any_key(["a", "b"])),
        expect![[r#"
        -- sqlite
        `?|` of JSON is not supported on dialect sqlite
        -- postgresql
        SELECT documents.id FROM documents WHERE documents.body ?| $1
        -- mysql
        `?|` of JSON is not supported on dialect mysql
        -- mariadb
        `?|` of JSON is not supported on dialect mariadb
    "#]],
    );
    check(
        select(Document.id).filter(Document.body.has_all_keys(["a", "b"])),
        expect![[r#"
        -- sqlite
        `?&` of JSON is not supported on dialect sqlite
        -- postgresql
        SELECT documents.id FROM documents WHERE documents.body ?& $1
        -- mysql
        `?&` of JSON is not supported on dialect mysql
        -- mariadb
        `?&` of JSON is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn paths_of_postgresql() {
    check(
        select(Document.id).filter(Document.body.path_exists("$.a[*] ? (@ > 2)")),
        expect![[r#"
        -- sqlite
        `@?` of JSON is not supported on dialect sqlite
        -- postgresql
        SELECT documents.id FROM documents WHERE documents.body @? CAST($1 AS jsonpath)
        -- mysql
        `@?` of JSON is not supported on dialect mysql
        -- mariadb
        `@?` of JSON is not supported on dialect mariadb
    "#]],
    );
    check(
        select(Document.id).filter(Document.body.path_match("$.a > 2")),
        expect![[r#"
        -- sqlite
        `@@` of JSON is not supported on dialect sqlite
        -- postgresql
        SELECT documents.id FROM documents WHERE documents.body @@ CAST($1 AS jsonpath)
        -- mysql
        `@@` of JSON is not supported on dialect mysql
        -- mariadb
        `@@` of JSON is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn length_and_kind_of_documents() {
    check(
        select(Document.body.json_length()),
        expect![[r#"
            -- sqlite
            SELECT CASE WHEN documents.body IS NOT NULL THEN (SELECT count(*) FROM json_each(documents.body)) END FROM documents
            -- postgresql
            SELECT CASE WHEN jsonb_typeof(documents.body) = 'array' THEN jsonb_array_length(documents.body) WHEN jsonb_typeof(documents.body) = 'object' THEN jsonb_array_length(jsonb_path_query_array(documents.body, '$.*')) WHEN documents.body IS NOT NULL THEN 1 END FROM documents
            -- mysql, mariadb
            SELECT JSON_LENGTH(documents.body) FROM documents
        "#]],
    );
    check(
        select(Document.body.json_type()),
        expect![[r#"
        -- sqlite
        SELECT json_type(documents.body) FROM documents
        -- postgresql
        SELECT jsonb_typeof(documents.body) FROM documents
        -- mysql, mariadb
        SELECT JSON_TYPE(documents.body) FROM documents
    "#]],
    );
}

#[test]
fn exact_numbers_of_documents() {
    check(
        select(Document.body.key("price").as_numeric(10, 2)),
        expect![[r#"
            -- sqlite
            SELECT decimal_round(CASE json_type(documents.body, ?) WHEN 'text' THEN documents.body ->> ? WHEN 'null' THEN NULL ELSE (documents.body -> ?) || '' END, 2) FROM documents
            -- postgresql
            SELECT CAST(documents.body ->> $1 AS NUMERIC(10, 2)) FROM documents
            -- mysql
            SELECT CAST(CASE JSON_TYPE(JSON_EXTRACT(documents.body, ?)) WHEN 'NULL' THEN NULL ELSE JSON_UNQUOTE(JSON_EXTRACT(documents.body, ?)) END AS DECIMAL(10, 2)) FROM documents
            -- mariadb
            SELECT CAST(JSON_VALUE(documents.body, ?) AS DECIMAL(10, 2)) FROM documents
        "#]],
    );
    check(
        select(Document.id)
            .filter(Document.body.key("lines").index(0).key("price").as_numeric(10, 2).gt(Decimal::new(5, 1))),
        expect![[r#"
            -- sqlite
            SELECT documents.id FROM documents WHERE decimal_round(CASE json_type(documents.body, ?) WHEN 'text' THEN documents.body ->> ? WHEN 'null' THEN NULL ELSE (documents.body -> ?) || '' END, 2) COLLATE decimal > ?
            -- postgresql
            SELECT documents.id FROM documents WHERE CAST(documents.body #>> $1 AS NUMERIC(10, 2)) > $2
            -- mysql
            SELECT documents.id FROM documents WHERE CAST(CASE JSON_TYPE(JSON_EXTRACT(documents.body, ?)) WHEN 'NULL' THEN NULL ELSE JSON_UNQUOTE(JSON_EXTRACT(documents.body, ?)) END AS DECIMAL(10, 2)) > ?
            -- mariadb
            SELECT documents.id FROM documents WHERE CAST(JSON_VALUE(documents.body, ?) AS DECIMAL(10, 2)) > ?
        "#]],
    );
}

#[test]
fn documents_are_joined() {
    check(
        select(Document.body.json_concat(serde_json::json!({"a": 1}))),
        expect![[r#"
        -- sqlite
        `||` of JSON is not supported on dialect sqlite
        -- postgresql
        SELECT documents.body || CAST($1 AS JSONB) FROM documents
        -- mysql
        `||` of JSON is not supported on dialect mysql
        -- mariadb
        `||` of JSON is not supported on dialect mariadb
    "#]],
    );
    check(
        update(Document).set(Document.body, Document.body.json_concat(Document.body)),
        expect![[r#"
        -- sqlite
        `||` of JSON is not supported on dialect sqlite
        -- postgresql
        UPDATE documents SET body = documents.body || CAST(documents.body AS JSONB)
        -- mysql
        `||` of JSON is not supported on dialect mysql
        -- mariadb
        `||` of JSON is not supported on dialect mariadb
    "#]],
    );
}

#[test]
fn members_of_documents_are_set() {
    check(
        select(Document.body.key("a").set_path(json!(1))),
        expect![[r#"
        -- sqlite
        SELECT CASE WHEN json_type(documents.body, ?) IS NULL THEN documents.body ELSE json_set(documents.body, ?, json(?)) END FROM documents
        -- postgresql
        SELECT jsonb_set(documents.body, $1, CAST($2 AS JSONB)) FROM documents
        -- mysql
        SELECT JSON_SET(documents.body, ?, CAST(? AS JSON)) FROM documents
        -- mariadb
        SELECT JSON_SET(documents.body, ?, JSON_EXTRACT(?, '$')) FROM documents
    "#]],
    );
    check(
        select(Document.body.key("a").index(0).key("b c").set_path(json!([]))),
        expect![[r#"
        -- sqlite
        SELECT CASE WHEN json_type(documents.body, ?) IS NULL THEN documents.body ELSE json_set(documents.body, ?, json(?)) END FROM documents
        -- postgresql
        SELECT jsonb_set(documents.body, $1, CAST($2 AS JSONB)) FROM documents
        -- mysql
        SELECT JSON_SET(documents.body, ?, CAST(? AS JSON)) FROM documents
        -- mariadb
        SELECT JSON_SET(documents.body, ?, JSON_EXTRACT(?, '$')) FROM documents
    "#]],
    );
}

#[test]
fn members_of_documents_are_deleted() {
    check(
        select(Document.body.key("a").delete_path()),
        expect![[r#"
        -- sqlite
        SELECT json_remove(documents.body, ?) FROM documents
        -- postgresql
        SELECT documents.body #- $1 FROM documents
        -- mysql, mariadb
        SELECT JSON_REMOVE(documents.body, ?) FROM documents
    "#]],
    );
    check(
        select(Document.body.key("a").index(0).key("b c").delete_path()),
        expect![[r#"
        -- sqlite
        SELECT json_remove(documents.body, ?) FROM documents
        -- postgresql
        SELECT documents.body #- $1 FROM documents
        -- mysql, mariadb
        SELECT JSON_REMOVE(documents.body, ?) FROM documents
    "#]],
    );
}
