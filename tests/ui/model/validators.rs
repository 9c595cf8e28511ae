//! What `validate` names takes the field's value, or the object, and returns a `Result`.

use orm::prelude::*;

fn of_a_number(_: &i64) -> Result<(), String> {
    Ok(())
}

fn of_nothing(_: &str) -> bool {
    true
}

#[derive(Clone, Debug, Model)]
#[orm(validate = of_a_number)]
struct User {
    #[orm(primary_key)]
    id: i64,
    #[orm(validate = of_a_number)]
    name: String,
    #[orm(validate = of_nothing)]
    email: String,
    #[orm(validate = missing)]
    note: String,
}

fn main() {}
