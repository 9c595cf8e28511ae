//! Attributes of enums and variants.
use orm::prelude::*;

#[derive(Clone, Debug, SqlEnum)]
#[orm(rename_all = "snakecase")]
enum Status {
    Active,
    #[orm(rename = "Active")]
    Gone,
    #[orm(label = "x")]
    Away,
}

fn main() {}
