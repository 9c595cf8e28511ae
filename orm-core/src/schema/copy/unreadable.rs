//! Which values SQLite holds that are none of a column's new type, and could not be read: it takes any value into any column.
//!
//! In: a type, and a column's name as SQL has it. Out: a condition, true for those values.

use crate::compile::ddl::Ddl;
use crate::dialect::Dialect;
use crate::types::ColumnType;

/// Returns the condition by which a value of a column cannot be read as one of this type.
pub(super) fn condition(of: &ColumnType, column: &str) -> Option<String> {
    let among = |types: &str| format!("typeof({column}) NOT IN ({types}, 'null')");
    let between =
        |least: i64, greatest: i64| format!("{} OR {column} NOT BETWEEN {least} AND {greatest}", among("'integer'"));
    // What is no text matches no expression, and gives NULL.
    let matches = |text: &str, expression: &str| format!("coalesce({text} REGEXP '{expression}', 0)");
    let unless = |is_readable: &str| format!("{column} IS NOT NULL AND NOT ({is_readable})");
    Some(match of {
        ColumnType::Boolean => between(0, 1),
        ColumnType::SmallInteger => between(i16::MIN.into(), i16::MAX.into()),
        ColumnType::Integer => between(i32::MIN.into(), i32::MAX.into()),
        ColumnType::BigInteger | ColumnType::Interval => among("'integer'"),
        ColumnType::Real | ColumnType::Double | ColumnType::Float(_) => among("'real', 'integer'"),
        ColumnType::Numeric(_) => {
            let number = matches(column, "^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?$");
            unless(&format!("typeof({column}) IN ('integer', 'real') OR {number}"))
        }
        ColumnType::Text | ColumnType::String(_) | ColumnType::Char(_) | ColumnType::Varchar => {
            format!("typeof({column}) = 'blob'")
        }
        ColumnType::LargeBinary => among("'blob', 'text'"),
        ColumnType::Date => unless(&format!("{} AND {}", matches(column, &format!("^{DATE}$")), is_day(column))),
        ColumnType::Time => unless(&matches(column, &format!("^{TIME}$"))),
        ColumnType::DateTime | ColumnType::Timestamp => {
            let offset = if *of == ColumnType::Timestamp { OFFSET } else { "" };
            let date = format!("substr({column}, 1, instr(replace(upper({column}), 'T', ' '), ' ') - 1)");
            let moment = matches(column, &format!("^{DATE}[ Tt]{TIME}{offset}$"));
            unless(&format!("{moment} AND {}", is_day(&date)))
        }
        ColumnType::Uuid => {
            let digits = matches(&format!("replace({column}, '-', '')"), "^(urn:uuid:)?[{]?[0-9a-fA-F]{32}[}]?$");
            unless(&format!("{digits} OR (typeof({column}) = 'blob' AND length({column}) = 16)"))
        }
        ColumnType::Json => unless(&format!("json_valid(CAST({column} AS TEXT))")),
        ColumnType::Inet | ColumnType::Cidr => unless(&matches(column, ADDRESS)),
        ColumnType::Enum { labels, .. } => {
            let known: Vec<String> = labels.iter().map(|label| Ddl::new(Dialect::Sqlite).text(label)).collect();
            format!("{column} NOT IN ({})", known.join(", "))
        }
        ColumnType::Domain { base, .. } => return condition(base, column),
        ColumnType::Array(_) | ColumnType::Range(_) | ColumnType::Custom(_) => return None,
    })
}

const DATE: &str = "([0-9]{4}|[+-][0-9]{4,6})-(0[1-9]|1[0-2])-[0-9]{2}";
const TIME: &str = "([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?";
const OFFSET: &str = "([Zz]|[+-][0-9]{2}(:?[0-9]{2}){0,2})?";
const ADDRESS: &str = "^([0-9]{1,3}([.][0-9]{1,3}){3}|[0-9a-fA-F.]*:[0-9a-fA-F:.]*)(/[0-9]{1,3})?$";

/// Returns the condition that a month has the day of a date. SQLite knows the years from 0 to 9999, and 2000 has all days that a
/// year has.
fn is_day(date: &str) -> String {
    let known = |date: &str| format!("date({date}) IS {date}");
    let (whole, of_2000) = (known(date), known(&format!("('2000' || substr({date}, -6))")));
    format!("CASE length({date}) WHEN 10 THEN {whole} ELSE {of_2000} END")
}
