//! What an enum that is embedded cannot say, nor its variants.
use orm::prelude::*;

#[derive(Clone, Debug, Embed)]
#[orm(table = "payments")]
enum Payment {
    Card {
        #[orm(primary_key)]
        number: String,
        #[orm(default = 1)]
        year: i32,
        kind: String,
        note: String,
        photo: Deferred<Vec<u8>>,
    },
    Transfer {
        note: i64,
        #[orm(server_default = "now()")]
        on: DateTime<Utc>,
        users: HasMany<User>,
        #[orm(embed)]
        home: Place,
    },
    Check {
        #[orm(length = 5)]
        number: String,
    },
    Pair(i32, i32),
    #[orm(rename = "Card")]
    Other,
    #[orm(label = "x")]
    Last,
}

#[derive(Clone, Debug, Embed)]
#[orm(tag = "what is it", rename_all = "Snake_case")]
enum Tagged {
    Plain,
}

#[derive(Clone, Debug, Embed)]
enum Nothing {}

#[derive(Clone, Debug, Embed)]
enum Generic<T> {
    One(T),
}

#[derive(Clone, Debug, Embed)]
struct Place {
    city: String,
}

#[derive(Clone, Debug, Model)]
struct User {
    #[orm(primary_key)]
    id: i64,
    #[orm(embed)]
    payment: Payment,
    #[orm(flatten)]
    tagged: Tagged,
}

fn main() {
    _ = select(User.id).filter(User.payment.is_card());
}
