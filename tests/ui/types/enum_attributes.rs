//! Attributes of enums and variants.
#[derive(Clone, Debug, orm::SqlEnum)]
#[orm(rename_all = "snakecase")]
enum Status {
    Active,
    #[orm(rename = "Active")]
    Gone,
    #[orm(label = "x")]
    Away,
}

fn main() {}
