//! What models say of their indexes and constraints.

use expect_test::expect;
use orm::prelude::*;

use crate::support::check_with;

#[derive(Clone, Debug, Model)]
#[orm(table = "guests", metadata = none)]
#[orm(index(city, "lower(email)", unique, name = "one_email"), index(born.desc(), "abs(height)".desc(), city))]
struct Guest {
    #[orm(primary_key)]
    id: i64,
    #[orm(length = 20)]
    city: String,
    #[orm(length = 50)]
    email: String,
    height: i32,
    born: i32,
}

#[test]
fn indexes_are_over_columns_and_expressions_in_each_direction() {
    check_with(
        |dialect| metadata![Guest].to_sql(dialect),
        expect![[r#"
            -- sqlite
            CREATE TABLE guests (
                id INTEGER NOT NULL,
                city VARCHAR(20) NOT NULL,
                email VARCHAR(50) NOT NULL,
                height INTEGER NOT NULL,
                born INTEGER NOT NULL,
                PRIMARY KEY (id)
            );

            CREATE UNIQUE INDEX one_email ON guests (city, (lower(email)));

            CREATE INDEX ix_guests_born_expression_city ON guests (born DESC, (abs(height)) DESC, city)
            -- postgresql
            CREATE TABLE guests (
                id BIGSERIAL NOT NULL,
                city VARCHAR(20) NOT NULL,
                email VARCHAR(50) NOT NULL,
                height INTEGER NOT NULL,
                born INTEGER NOT NULL,
                CONSTRAINT pk_guests PRIMARY KEY (id)
            );

            CREATE UNIQUE INDEX one_email ON guests (city, (lower(email)));

            CREATE INDEX ix_guests_born_expression_city ON guests (born DESC, (abs(height)) DESC, city)
            -- mysql
            CREATE TABLE guests (
                id BIGINT NOT NULL AUTO_INCREMENT,
                city VARCHAR(20) NOT NULL,
                email VARCHAR(50) NOT NULL,
                height INTEGER NOT NULL,
                born INTEGER NOT NULL,
                PRIMARY KEY (id),
                UNIQUE INDEX one_email (city, (lower(email))),
                INDEX ix_guests_born_expression_city (born DESC, (abs(height)) DESC, city)
            )
            -- mariadb
            an expression of index `one_email` on table `guests` is not supported on dialect mariadb
        "#]],
    );
}

#[derive(Clone, Debug, Model)]
#[orm(table = "beds", metadata = none)]
struct Bed {
    #[orm(primary_key, autoincrement = false)]
    house: i64,
    #[orm(primary_key, autoincrement = false)]
    number: i64,
    #[orm(foreign_key(Bed.number, name = "bed_of_another", on_delete = cascade, initially_deferred), index)]
    next: Option<i64>,
    #[orm(foreign_key(Guest.id, deferrable), on_delete = set_null)]
    guest_id: Option<i64>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "stays", metadata = none)]
#[orm(foreign_key((house, number) = (Bed.house, Bed.number), name = "stay_in_bed", on_update = cascade, deferrable, initially_deferred))]
struct Stay {
    #[orm(primary_key)]
    id: i64,
    house: i64,
    number: i64,
}

#[test]
fn foreign_keys_wait_and_have_names() {
    check_with(
        |dialect| metadata![Guest, Bed, Stay].to_sql(dialect),
        expect![[r#"
            -- sqlite
            CREATE TABLE guests (
                id INTEGER NOT NULL,
                city VARCHAR(20) NOT NULL,
                email VARCHAR(50) NOT NULL,
                height INTEGER NOT NULL,
                born INTEGER NOT NULL,
                PRIMARY KEY (id)
            );

            CREATE UNIQUE INDEX one_email ON guests (city, (lower(email)));

            CREATE INDEX ix_guests_born_expression_city ON guests (born DESC, (abs(height)) DESC, city);

            CREATE TABLE beds (
                house BIGINT NOT NULL,
                number BIGINT NOT NULL,
                next BIGINT,
                guest_id BIGINT,
                PRIMARY KEY (house, number),
                CONSTRAINT bed_of_another FOREIGN KEY (next) REFERENCES beds (number) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
                CONSTRAINT fk_beds_guest_id_guests FOREIGN KEY (guest_id) REFERENCES guests (id) ON DELETE SET NULL DEFERRABLE INITIALLY IMMEDIATE
            );

            CREATE INDEX ix_beds_next ON beds (next);

            CREATE TABLE stays (
                id INTEGER NOT NULL,
                house BIGINT NOT NULL,
                number BIGINT NOT NULL,
                PRIMARY KEY (id),
                CONSTRAINT stay_in_bed FOREIGN KEY (house, number) REFERENCES beds (house, number) ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED
            )
            -- postgresql
            CREATE TABLE guests (
                id BIGSERIAL NOT NULL,
                city VARCHAR(20) NOT NULL,
                email VARCHAR(50) NOT NULL,
                height INTEGER NOT NULL,
                born INTEGER NOT NULL,
                CONSTRAINT pk_guests PRIMARY KEY (id)
            );

            CREATE UNIQUE INDEX one_email ON guests (city, (lower(email)));

            CREATE INDEX ix_guests_born_expression_city ON guests (born DESC, (abs(height)) DESC, city);

            CREATE TABLE beds (
                house BIGINT NOT NULL,
                number BIGINT NOT NULL,
                next BIGINT,
                guest_id BIGINT,
                CONSTRAINT pk_beds PRIMARY KEY (house, number),
                CONSTRAINT bed_of_another FOREIGN KEY (next) REFERENCES beds (number) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
                CONSTRAINT fk_beds_guest_id_guests FOREIGN KEY (guest_id) REFERENCES guests (id) ON DELETE SET NULL DEFERRABLE INITIALLY IMMEDIATE
            );

            CREATE INDEX ix_beds_next ON beds (next);

            CREATE TABLE stays (
                id BIGSERIAL NOT NULL,
                house BIGINT NOT NULL,
                number BIGINT NOT NULL,
                CONSTRAINT pk_stays PRIMARY KEY (id),
                CONSTRAINT stay_in_bed FOREIGN KEY (house, number) REFERENCES beds (house, number) ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED
            )
            -- mysql
            a deferrable foreign key of table `beds` is not supported on dialect mysql
            -- mariadb
            an expression of index `one_email` on table `guests` is not supported on dialect mariadb
        "#]],
    );
}

#[derive(Clone, Debug, Model)]
#[orm(table = "turns", metadata = none, unique(place, deferrable), unique(place, day, initially_deferred, name = "one_a_day"))]
struct Turn {
    #[orm(primary_key)]
    id: i64,
    place: i64,
    day: i64,
}

#[test]
fn unique_constraints_wait() {
    check_with(
        |dialect| metadata![Turn].to_sql(dialect),
        expect![[r#"
            -- sqlite
            a deferrable unique constraint of table `turns` is not supported on dialect sqlite
            -- postgresql
            CREATE TABLE turns (
                id BIGSERIAL NOT NULL,
                place BIGINT NOT NULL,
                day BIGINT NOT NULL,
                CONSTRAINT pk_turns PRIMARY KEY (id),
                CONSTRAINT uq_turns_place UNIQUE (place) DEFERRABLE INITIALLY IMMEDIATE,
                CONSTRAINT one_a_day UNIQUE (place, day) DEFERRABLE INITIALLY DEFERRED
            )
            -- mysql
            a deferrable unique constraint of table `turns` is not supported on dialect mysql
            -- mariadb
            a deferrable unique constraint of table `turns` is not supported on dialect mariadb
        "#]],
    );
}

#[derive(Clone, Debug, Model)]
#[orm(table = "labels", metadata = none, unique(place, day, nulls_not_distinct))]
#[orm(index(day, unique, include(place, text), nulls_not_distinct))]
struct Label {
    #[orm(primary_key)]
    id: i64,
    place: Option<i64>,
    day: Option<i64>,
    #[orm(length = 9)]
    text: String,
}

#[test]
fn nulls_are_the_same_and_indexes_hold_more_columns() {
    check_with(
        |dialect| metadata![Label].to_sql(dialect),
        expect![[r#"
            -- sqlite
            a unique constraint with NULLS NOT DISTINCT of table `labels` is not supported on dialect sqlite
            -- postgresql
            CREATE TABLE labels (
                id BIGSERIAL NOT NULL,
                place BIGINT,
                day BIGINT,
                text VARCHAR(9) NOT NULL,
                CONSTRAINT pk_labels PRIMARY KEY (id),
                CONSTRAINT uq_labels_place_day UNIQUE NULLS NOT DISTINCT (place, day)
            );

            CREATE UNIQUE INDEX ix_labels_day ON labels (day) INCLUDE (place, text) NULLS NOT DISTINCT
            -- mysql
            a unique constraint with NULLS NOT DISTINCT of table `labels` is not supported on dialect mysql
            -- mariadb
            a unique constraint with NULLS NOT DISTINCT of table `labels` is not supported on dialect mariadb
        "#]],
    );
}
