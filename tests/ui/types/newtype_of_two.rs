//! A newtype is around one value.
#[derive(Clone, Debug, orm::SqlNewtype)]
struct Point(f64, f64);

#[derive(Clone, Debug, orm::SqlNewtype)]
struct Email(Option<String>);

fn main() {}
