//! The database makes up integers alone.
use orm::prelude::*;

#[derive(Clone, Debug, PartialEq, SqlNewtype)]
struct Code(String);

#[derive(Clone, Debug, Model)]
struct Country {
    #[orm(primary_key, autoincrement = true)]
    code: Code,
}

fn main() {
    _ = select(Country);
}
