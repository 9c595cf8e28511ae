//! What is at a path of a document has no type until it is read as one.
use orm::prelude::*;
use serde_json::Value;

#[derive(Clone, Debug, Model)]
#[orm(table = "documents")]
struct Document {
    #[orm(primary_key)]
    id: i64,
    body: Value,
}

fn case() {
    let path = || Document.body.key("name");
    let _ = select(Document).filter(path().eq("ed"));
    let _ = select(Document).filter(path().in_([1, 2]));
    let _ = select(path());
    let _ = select(Document).order_by(path());
    let _ = select(func::max(path()));
}

fn main() {}
