//! An `Option` of a struct that could not be told from none.
use orm::prelude::*;

#[derive(Clone, Debug, Embed)]
struct Note {
    author: Option<String>,
    text: Option<String>,
}

#[derive(Clone, Debug, Embed)]
struct Stamp {
    by: String,
    #[orm(server_default = "CURRENT_TIMESTAMP")]
    at: String,
}

#[derive(Clone, Debug, Model)]
struct Page {
    #[orm(primary_key)]
    id: i64,
    #[orm(embed)]
    note: Option<Note>,
}

#[derive(Clone, Debug, Model)]
struct Leaf {
    #[orm(primary_key)]
    id: i64,
    #[orm(embed)]
    stamp: Option<Stamp>,
}

fn main() {}
