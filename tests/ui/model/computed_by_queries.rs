//! What queries compute is no column of the table, is not there before a query, and is of the field's type.
use orm::prelude::*;

#[derive(Clone, Debug, Model)]
struct Plain {
    #[orm(primary_key)]
    id: i64,
    #[orm(column_property = Plain.id + 1)]
    next: i64,
    #[orm(column_property = Plain.id + 1, unique)]
    other: Deferred<i64>,
}

#[derive(Clone, Debug, Model)]
struct Typed {
    #[orm(primary_key)]
    id: i64,
    #[orm(column_property = Typed.id + 1)]
    name: Deferred<String>,
}

#[derive(Clone, Debug, Model)]
struct Built {
    #[orm(primary_key)]
    id: i64,
    #[orm(column_property = Built.id + 1)]
    id_and_one: Deferred<i64>,
}

fn main() {
    let _ = Built::builder().id_and_one(3);
}
