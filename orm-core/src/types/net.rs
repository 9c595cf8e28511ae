//! Addresses of the Internet: PostgreSQL's `INET`, and text elsewhere.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use orm_pool::{EnumName, Kind, Value, ValueRef};

use super::{ColumnType, DecodeError, Placeholder, SqlType};

/// The type that PostgreSQL is told with each value, which goes as text.
static INET: EnumName = EnumName { schema: None, name: "inet" };

/// Returns whether a type whose name is told with each value is the database's own, which is in no schema of the user's.
pub(crate) fn is_of_database(name: &EnumName) -> bool {
    *name == INET
}

macro_rules! addresses {
    ($($type:ty, $what:literal, $least:expr;)*) => { $(
        crate::row_type!($type);
        impl Placeholder for $type {
            /// Returns the address that stands for none.
            fn placeholder() -> Self {
                $least
            }
        }
        impl SqlType for $type {
            type Plain = $type;
            type Null = crate::sql::NotNull;
            const KIND: Kind = Kind::Enum(&INET);

            fn column_type() -> ColumnType {
                ColumnType::Inet
            }

            fn encode(&self) -> Value {
                Value::Enum(&INET, self.to_string().into_boxed_str())
            }

            /// Takes an address alone: one with a mask that leaves several is an error.
            fn decode(value: ValueRef<'_>) -> Result<Self, DecodeError> {
                match value {
                    ValueRef::Text(text) => text.parse().map_err(|_| DecodeError::mismatch($what, value)),
                    _ => Err(DecodeError::mismatch($what, value)),
                }
            }
        }
    )* };
}

addresses! {
    IpAddr, "an address of the Internet", IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    Ipv4Addr, "an address of four numbers", Ipv4Addr::UNSPECIFIED;
    Ipv6Addr, "an address of IPv6", Ipv6Addr::UNSPECIFIED;
}
