//! What is added is a model's value or its builder.
use orm::prelude::*;

fn case(session: &mut Session) {
    session.add("ed");
}

fn main() {}
