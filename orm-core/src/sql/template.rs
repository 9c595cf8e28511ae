//! Constructs that each database writes in its own way, as data: one [`Template`] for a construct, one [`Form`] for a
//! database.
//!
//! In: the statics of this file, named by [`func`](super::func) and by the methods of expressions. Out: text, by
//! `compile/expr.rs`, which puts the arguments where the marks are: `{0}` where an argument stands alone, `{0!}` where it
//! is the operand of an operator, `{*}` and `{1*}` for all arguments, or all from the second on, with commas between,
//! and `{>}` where the order of an aggregate stands if it is not the last.

use super::Nullability;
use crate::dialect::{Dialect, sqlite};

/// A construct and how each database writes it.
#[derive(Debug)]
pub struct Template {
    /// What it is called when a database does not have it.
    pub(crate) construct: &'static str,
    pub(crate) sqlite: Form,
    pub(crate) postgres: Form,
    pub(crate) mysql: Form,
    pub(crate) mariadb: Form,
    pub(crate) nullability: Nullability,
}

/// How one database writes a construct.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    /// Not at all.
    Missing,
    /// As something that needs no parentheses anywhere: a call.
    Call(&'static str),
    /// As an operator beside `||` and `&`.
    Infix(&'static str),
    /// As a comparison.
    Condition(&'static str),
}

use Form::{Call, Condition, Infix, Missing};

const fn strict(construct: &'static str, sqlite: Form, postgres: Form, mysql: Form) -> Template {
    Template { construct, sqlite, postgres, mysql, mariadb: mysql, nullability: Nullability::Strict }
}

const fn own(construct: &'static str, sqlite: Form, postgres: Form, mysql: Form) -> Template {
    Template { construct, sqlite, postgres, mysql, mariadb: mysql, nullability: Nullability::Own }
}

impl Template {
    /// Returns how a dialect writes it.
    pub(crate) fn form(&self, dialect: Dialect) -> Form {
        match dialect {
            Dialect::Sqlite => self.sqlite,
            Dialect::Postgres => self.postgres,
            Dialect::MySql => self.mysql,
            Dialect::MariaDb => self.mariadb,
        }
    }

    /// Returns whether it makes one row of many.
    pub(crate) fn is_aggregate(&'static self) -> bool {
        let aggregates: [&'static Template; 10] = [
            &STRING_AGG,
            &ARRAY_AGG,
            &JSON_AGG,
            &BOOL_AND,
            &BOOL_OR,
            &STDDEV,
            &VARIANCE,
            &MODE,
            &PERCENTILE_CONT,
            &PERCENTILE_DISC,
        ];
        aggregates.into_iter().any(|known| std::ptr::eq(known, self))
    }

    /// Returns whether it makes an array of JSON of all rows, those with NULL included. Of none SQLite makes `[]`, the others NULL.
    pub(crate) fn is_json_array(&'static self) -> bool {
        std::ptr::eq(self, &JSON_AGG)
    }

    /// Returns whether some database writes it as a comparison.
    pub(crate) fn is_condition(&self) -> bool {
        let forms = [self.sqlite, self.postgres, self.mysql, self.mariadb];
        forms.iter().any(|form| matches!(form, Condition(_)))
    }

    const fn mariadb(mut self, form: Form) -> Template {
        self.mariadb = form;
        self
    }
}

pub(crate) static CALL: Template = own("CALL", Missing, Call("CALL {0}"), Call("CALL {0}"));

// -------------------------------------------------------------------------------------------------------- operators

/// PostgreSQL's `&` of 64 bits and the others' agree, but MySQL's numbers lose their sign on the way.
pub(crate) static BIT_AND: Template =
    strict("bitwise AND", Infix("{0!} & {1!}"), Infix("{0!} & {1!}"), Call("CAST({0!} & {1!} AS SIGNED)"));
pub(crate) static BIT_OR: Template =
    strict("bitwise OR", Infix("{0!} | {1!}"), Infix("{0!} | {1!}"), Call("CAST({0!} | {1!} AS SIGNED)"));
/// SQLite has no such operator; what one of the two has is what either has less what both have.
pub(crate) static BIT_XOR: Template = strict(
    "bitwise XOR",
    Infix("({0!} | {1!}) - ({0!} & {1!})"),
    Infix("{0!} # {1!}"),
    Call("CAST({0!} ^ {1!} AS SIGNED)"),
);
/// To PostgreSQL it binds less tightly than `+`, and `~-` would be an operator of its own.
pub(crate) static BIT_NOT: Template =
    strict("bitwise NOT", Call("~{0!}"), Infix("~ {0!}"), Call("CAST(~{0!} AS SIGNED)"));
/// PostgreSQL shifts by an `integer`.
pub(crate) static SHIFT_LEFT: Template = strict(
    "a shift to the left",
    Infix("{0!} << {1!}"),
    Infix("{0!} << CAST({1} AS INTEGER)"),
    Call("CAST({0!} << {1!} AS SIGNED)"),
);
pub(crate) static SHIFT_RIGHT: Template = strict(
    "a shift to the right",
    Infix("{0!} >> {1!}"),
    Infix("{0!} >> CAST({1} AS INTEGER)"),
    // Its numbers have no sign while they are shifted.
    Call("CAST(CASE WHEN {0!} < 0 THEN ~(~{0!} >> {1!}) ELSE {0!} >> {1!} END AS SIGNED)"),
);
pub(crate) static TRUE_DIVISION: Template = strict(
    "a division",
    Call("(CAST({0} AS REAL) / {1!})"),
    Call("(CAST({0} AS DOUBLE PRECISION) / {1!})"),
    Call("(CAST({0} AS DOUBLE) / {1!})"),
);
/// Integers whose average is a float: MySQL gives four digits behind the point.
pub(crate) static AVERAGED_INTEGER: Template =
    strict("an average", Call("{0}"), Call("{0}"), Call("CAST({0} AS DOUBLE)"));
/// A truth value that is to be cast to a number, which it is but on PostgreSQL: there it is cast to an `integer` alone.
pub(crate) static TRUTH_AS_NUMBER: Template =
    strict("a truth value as a number", Call("{0}"), Call("CAST({0} AS INTEGER)"), Call("{0}"));
pub(crate) static BETWEEN_SYMMETRIC: Template = strict(
    "BETWEEN SYMMETRIC",
    Condition("{0!} BETWEEN min({1}, {2}) AND max({1}, {2})"),
    Condition("{0!} BETWEEN SYMMETRIC {1!} AND {2!}"),
    Condition("{0!} BETWEEN least({1}, {2}) AND greatest({1}, {2})"),
);

// --------------------------------------------------------------------------------------------- regular expressions

/// SQLite has none of its own: the driver may bring them.
const fn brought(form: Form) -> Form {
    if cfg!(feature = "regex") { form } else { Missing }
}

pub(crate) static REGEXP: Template = strict(
    "a regular expression",
    brought(Condition("{0!} REGEXP {1!}")),
    Condition("{0!} ~ {1!}"),
    Call("regexp_like({0}, {1}, 'c')"),
)
.mariadb(Condition("{0!} REGEXP concat('(?-i)', {1})"));
pub(crate) static IREGEXP: Template = strict(
    "a regular expression",
    brought(Condition("{0!} REGEXP '(?i)' || {1!}")),
    Condition("{0!} ~* {1!}"),
    Call("regexp_like({0}, {1}, 'i')"),
)
.mariadb(Condition("{0!} REGEXP concat('(?i)', {1})"));
pub(crate) static REGEXP_REPLACE: Template = strict(
    "a regular expression",
    brought(Call("regexp_replace({0}, {1}, {2})")),
    Call("regexp_replace({0}, {1}, {2}, 'g')"),
    Call("regexp_replace({0}, {1}, {2}, 1, 0, 'c')"),
)
.mariadb(Call("regexp_replace({0}, concat('(?-i)', {1}), {2})"));
/// The pattern's own syntax differs: `GLOB` is SQLite's.
pub(crate) static GLOB: Template = strict("GLOB", Condition("{0!} GLOB {1!}"), Missing, Missing);

// -------------------------------------------------------------------------------------------------------- functions

macro_rules! calls {
    ($($name:ident $sql:literal;)*) => { $(
        pub(crate) static $name: Template = strict($sql, Call(concat!($sql, "({*})")), Call(concat!($sql, "({*})")), Call(concat!($sql, "({*})")));
    )* };
}
calls! {
    LOWER "lower";
    UPPER "upper";
    REPLACE "replace";
    ABS "abs";
    NULLIF "nullif";
    LTRIM "ltrim";
    RTRIM "rtrim";
    TRIM "trim";
}
// SQLite has no functions of mathematics unless it was compiled with them, which the embedded one is not: the driver brings them.
calls! {
    SQRT "sqrt";
    POWER "power";
    EXP "exp";
    LN "ln";
    SIN "sin";
    COS "cos";
    TAN "tan";
    DEGREES "degrees";
    RADIANS "radians";
    REVERSE "reverse";
}
pub(crate) static CHAR_LENGTH: Template =
    strict("char_length", Call("length({0})"), Call("char_length({0})"), Call("char_length({0})"));
pub(crate) static OCTET_LENGTH: Template =
    strict("octet_length", Call("octet_length({0})"), Call("octet_length({0})"), Call("octet_length({0})"));
pub(crate) static LEFT: Template =
    strict("left", Call("substr({0}, 1, {1})"), Call("left({0}, CAST({1} AS INTEGER))"), Call("left({0}, {1})"));
pub(crate) static RIGHT: Template = strict(
    "right",
    Call("substr({0}, max(length({0}) - {1!}, 0) + 1)"),
    Call("right({0}, CAST({1} AS INTEGER))"),
    Call("right({0}, {1})"),
);
pub(crate) static SUBSTRING: Template = strict(
    "substr",
    Call("substr({0}, {1}, {2})"),
    Call("substr({0}, CAST({1} AS INTEGER), CAST({2} AS INTEGER))"),
    Call("substr({0}, {1}, {2})"),
);
pub(crate) static SUBSTRING_FROM: Template =
    strict("substr", Call("substr({0}, {1})"), Call("substr({0}, CAST({1} AS INTEGER))"), Call("substr({0}, {1})"));
pub(crate) static POSITION: Template =
    strict("position", Call("instr({0}, {1})"), Call("strpos({0}, {1})"), Call("locate({1}, {0})"));
pub(crate) static PAD_LEFT: Template =
    strict("lpad", Call("lpad({*})"), Call("lpad({0}, CAST({1} AS INTEGER), {2})"), Call("lpad({0}, {1}, {2})"));
pub(crate) static PAD_RIGHT: Template =
    strict("rpad", Call("rpad({*})"), Call("rpad({0}, CAST({1} AS INTEGER), {2})"), Call("rpad({0}, {1}, {2})"));
pub(crate) static REPEATED: Template =
    strict("repeat", Call("repeat({*})"), Call("repeat({0}, CAST({1} AS INTEGER))"), Call("repeat({0}, {1})"));
/// The power of ten that fewer than no places are rounded to, 1 for others: SQLite has no function for it.
macro_rules! tens {
    ($type:literal) => {
        concat!("CAST('1' || substr('000000000000000000', 1, -{1!}) AS ", $type, ")")
    };
}
/// NULLs are left out, as `concat_ws` of all three does.
pub(crate) static CONCAT_WS: Template =
    own("concat_ws", Call("concat_ws({*})"), Call("concat_ws({*})"), Call("concat_ws({*})"));
/// Of a number that may be a fraction: a whole number is its own `ceil` and `floor`, which are floats on PostgreSQL. SQLite has
/// neither, but rounds; a decimal number is text there, which is compared as a number when something was added to it.
pub(crate) static CEIL: Template =
    strict("ceil", Call("(round({0}) + ({0!} + 0 > round({0})))"), Call("ceil({0})"), Call("ceil({0})"));
pub(crate) static FLOOR: Template =
    strict("floor", Call("(round({0}) - ({0!} + 0 < round({0})))"), Call("floor({0})"), Call("floor({0})"));
/// PostgreSQL rounds a float to the even neighbour, and a `numeric` away from zero as the others do.
pub(crate) static ROUND: Template = strict(
    "round",
    Call("round({0}, {1})"),
    Call("round(CAST({0} AS NUMERIC), CAST({1} AS INTEGER))"),
    Call("round({0}, {1})"),
);
/// Rounds to tens, hundreds and so on, or to who knows what: to SQLite fewer than no places are none.
pub(crate) static ROUND_TO_TENS: Template = strict(
    "round",
    Call(concat!("(round({0!} / ", tens!("REAL"), ", {1}) * ", tens!("REAL"), ")")),
    Call("round(CAST({0} AS NUMERIC), CAST({1} AS INTEGER))"),
    Call("round({0}, {1})"),
);
/// The same of a whole number, which stays one.
pub(crate) static ROUND_WHOLE: Template = strict(
    "round",
    Call(concat!(
        "(({0!} + sign({0}) * (",
        tens!("INTEGER"),
        " / 2)) / ",
        tens!("INTEGER"),
        " * ",
        tens!("INTEGER"),
        ")"
    )),
    Call("CAST(round({0}, CAST({1} AS INTEGER)) AS BIGINT)"),
    Call("round({0}, {1})"),
);
pub(crate) static SIGN: Template =
    strict("sign", Call("sign({0})"), Call("CAST(sign({0}) AS INTEGER)"), Call("sign({0})"));
pub(crate) static GREATEST: Template =
    strict("greatest", Call("max({*})"), Call("greatest({*})"), Call("greatest({*})"));
pub(crate) static LEAST: Template = strict("least", Call("min({*})"), Call("least({*})"), Call("least({*})"));
pub(crate) static RANDOM: Template =
    strict("random", Call("((random() & 9007199254740991) / 9007199254740992.0)"), Call("random()"), Call("rand()"));

// -------------------------------------------------------------------------------------------------- dates and times

/// SQLite's own word has whole seconds.
pub(crate) static NOW: Template =
    strict("CURRENT_TIMESTAMP", Call(sqlite::NOW), Call("CURRENT_TIMESTAMP"), Call("UTC_TIMESTAMP(6)"));
/// The same of a type without a zone, with a date or with a time alone: PostgreSQL's moment is none of them.
pub(crate) static NOW_WITHOUT_ZONE: Template = strict(
    "CURRENT_TIMESTAMP",
    Call(sqlite::NOW),
    Call("(CURRENT_TIMESTAMP AT TIME ZONE 'UTC')"),
    Call("UTC_TIMESTAMP(6)"),
);
pub(crate) static DATE_OF_NOW: Template = strict(
    "CURRENT_DATE",
    Call("CURRENT_DATE"),
    Call("CAST(CURRENT_TIMESTAMP AT TIME ZONE 'UTC' AS DATE)"),
    Call("UTC_DATE()"),
);
pub(crate) static TIME_OF_NOW: Template = strict(
    "CURRENT_TIME",
    Call(sqlite::TIME_OF_NOW),
    Call("CAST(CURRENT_TIMESTAMP AT TIME ZONE 'UTC' AS TIME)"),
    Call("UTC_TIME(6)"),
);
pub(crate) static CURRENT_DATE: Template =
    strict("CURRENT_DATE", Call("CURRENT_DATE"), Call("CURRENT_DATE"), Call("CURRENT_DATE"));
pub(crate) static CURRENT_TIME: Template =
    strict("CURRENT_TIME", Call(sqlite::TIME_OF_NOW), Call("LOCALTIME"), Call("CURRENT_TIME(6)"));
pub(crate) static CURRENT_USER: Template =
    strict("CURRENT_USER", Missing, Call("CAST(CURRENT_USER AS TEXT)"), Call("CURRENT_USER()"));

pub(crate) static LOCALTIME: Template = strict(
    "LOCALTIME",
    Call("replace(strftime('%H:%M:%f000', 'now', 'localtime'), '.000000', '')"),
    Call("LOCALTIME"),
    // MySQL's LOCALTIME is a date and a time.
    Call("CURRENT_TIME(6)"),
);
pub(crate) static LOCALTIMESTAMP: Template = strict(
    "LOCALTIMESTAMP",
    Call("replace(strftime('%Y-%m-%d %H:%M:%f000', 'now', 'localtime'), '.000000', '')"),
    Call("LOCALTIMESTAMP"),
    Call("LOCALTIMESTAMP(6)"),
);
pub(crate) static SYSDATE: Template = strict("SYSDATE", Missing, Call("clock_timestamp()"), Call("SYSDATE(6)"));
pub(crate) static SESSION_USER: Template =
    strict("SESSION_USER", Missing, Call("CAST(SESSION_USER AS TEXT)"), Call("SESSION_USER()"));

// MySQL counts the seconds from the year 0, so that it rounds down before 1970 too.
macro_rules! extracts {
    ($($name:ident $word:literal $sqlite:literal $postgres:literal $mysql:literal;)*) => { $(
        pub(crate) static $name: Template =
            strict(concat!("EXTRACT(", $word, ")"), Call($sqlite), Call($postgres), Call($mysql));
    )* };
}
extracts! {
    YEAR "YEAR" "CAST(strftime('%Y', {0}) AS INTEGER)" "CAST(EXTRACT(YEAR FROM {0}) AS INTEGER)" "EXTRACT(YEAR FROM {0})";
    QUARTER "QUARTER" "((CAST(strftime('%m', {0}) AS INTEGER) + 2) / 3)" "CAST(EXTRACT(QUARTER FROM {0}) AS INTEGER)" "EXTRACT(QUARTER FROM {0})";
    MONTH "MONTH" "CAST(strftime('%m', {0}) AS INTEGER)" "CAST(EXTRACT(MONTH FROM {0}) AS INTEGER)" "EXTRACT(MONTH FROM {0})";
    WEEK "WEEK" "CAST(strftime('%V', {0}) AS INTEGER)" "CAST(EXTRACT(WEEK FROM {0}) AS INTEGER)" "WEEK({0}, 3)";
    DAY "DAY" "CAST(strftime('%d', {0}) AS INTEGER)" "CAST(EXTRACT(DAY FROM {0}) AS INTEGER)" "EXTRACT(DAY FROM {0})";
    DAY_OF_WEEK "DOW" "CAST(strftime('%w', {0}) AS INTEGER)" "CAST(EXTRACT(DOW FROM {0}) AS INTEGER)" "(DAYOFWEEK({0}) - 1)";
    DAY_OF_YEAR "DOY" "CAST(strftime('%j', {0}) AS INTEGER)" "CAST(EXTRACT(DOY FROM {0}) AS INTEGER)" "DAYOFYEAR({0})";
    HOUR "HOUR" "CAST(strftime('%H', {0}) AS INTEGER)" "CAST(EXTRACT(HOUR FROM {0}) AS INTEGER)" "EXTRACT(HOUR FROM {0})";
    MINUTE "MINUTE" "CAST(strftime('%M', {0}) AS INTEGER)" "CAST(EXTRACT(MINUTE FROM {0}) AS INTEGER)" "EXTRACT(MINUTE FROM {0})";
    SECOND "SECOND" "CAST(strftime('%S', {0}) AS INTEGER)" "CAST(FLOOR(EXTRACT(SECOND FROM {0})) AS INTEGER)" "EXTRACT(SECOND FROM {0})";
    EPOCH "EPOCH" "CAST(strftime('%s', {0}) AS INTEGER)" "CAST(FLOOR(EXTRACT(EPOCH FROM {0})) AS BIGINT)" "(TO_SECONDS({0}) - 62167219200)";
    SECONDS_OF_DAY "EPOCH" "CAST(strftime('%s', '1970-01-01 ' || substr({0}, 1, 8)) AS INTEGER)" "CAST(FLOOR(EXTRACT(EPOCH FROM {0})) AS BIGINT)" "FLOOR(TIME_TO_SEC({0}))";
}

// SQLite's own functions round to milliseconds, and write another form than values have: the driver brings others.
macro_rules! truncations {
    ($($name:ident $of_date:ident $unit:literal $mysql:literal;)*) => { $(
        pub(crate) static $name: Template = strict(
            "date_trunc",
            Call(concat!("date_trunc('", $unit, "', {0})")),
            Call(concat!("date_trunc('", $unit, "', {0})")),
            Call(concat!("CAST(", $mysql, " AS DATETIME(6))")),
        );
        pub(crate) static $of_date: Template = strict(
            "date_trunc",
            Call(concat!("date_of(date_trunc('", $unit, "', {0}))")),
            Call(concat!("CAST(date_trunc('", $unit, "', {0}) AS DATE)")),
            Call(concat!("CAST(", $mysql, " AS DATE)")),
        );
    )* };
}
truncations! {
    TRUNC_YEAR TRUNC_YEAR_OF_DATE "year" "DATE_FORMAT({0}, '%Y-01-01')";
    TRUNC_QUARTER TRUNC_QUARTER_OF_DATE "quarter" "CAST(DATE_FORMAT({0}, '%Y-01-01') AS DATE) + INTERVAL QUARTER({0}) - 1 QUARTER";
    TRUNC_MONTH TRUNC_MONTH_OF_DATE "month" "DATE_FORMAT({0}, '%Y-%m-01')";
    TRUNC_WEEK TRUNC_WEEK_OF_DATE "week" "CAST({0} AS DATE) - INTERVAL WEEKDAY({0}) DAY";
    TRUNC_DAY TRUNC_DAY_OF_DATE "day" "CAST({0} AS DATE)";
    TRUNC_HOUR TRUNC_HOUR_OF_DATE "hour" "DATE_FORMAT({0}, '%Y-%m-%d %H:00:00')";
    TRUNC_MINUTE TRUNC_MINUTE_OF_DATE "minute" "DATE_FORMAT({0}, '%Y-%m-%d %H:%i:00')";
    TRUNC_SECOND TRUNC_SECOND_OF_DATE "second" "DATE_FORMAT({0}, '%Y-%m-%d %H:%i:%s')";
}

pub(crate) static LATER: Template = strict(
    "a moment and a span of time",
    Call("add_micros({0}, {1})"),
    Infix("{0!} + {1!}"),
    Call("DATE_ADD({0}, INTERVAL {1} MICROSECOND)"),
);
pub(crate) static EARLIER: Template = strict(
    "a moment and a span of time",
    Call("sub_micros({0}, {1})"),
    Infix("{0!} - {1!}"),
    Call("DATE_SUB({0}, INTERVAL {1} MICROSECOND)"),
);
pub(crate) static LATER_DATE: Template = strict(
    "a date and a span of time",
    Call("date_of(add_micros({0}, {1}))"),
    Call("CAST({0!} + {1!} AS DATE)"),
    Call("CAST(DATE_ADD({0}, INTERVAL {1} MICROSECOND) AS DATE)"),
);
pub(crate) static EARLIER_DATE: Template = strict(
    "a date and a span of time",
    Call("date_of(sub_micros({0}, {1}))"),
    Call("CAST({0!} - {1!} AS DATE)"),
    Call("CAST(DATE_SUB({0}, INTERVAL {1} MICROSECOND) AS DATE)"),
);
pub(crate) static SINCE: Template = strict(
    "the span between two moments",
    Call("micros_between({0}, {1})"),
    Infix("{0!} - {1!}"),
    Call("TIMESTAMPDIFF(MICROSECOND, {1}, {0})"),
);
/// Of two dates PostgreSQL counts the days, as a number.
pub(crate) static SINCE_DATE: Template = strict(
    "the span between two dates",
    Call("micros_between({0}, {1})"),
    Infix("CAST({0} AS TIMESTAMP) - CAST({1} AS TIMESTAMP)"),
    Call("TIMESTAMPDIFF(MICROSECOND, {1}, {0})"),
);

// ------------------------------------------------------------------------------------------------------- aggregates

pub(crate) static DISTINCT: Template =
    own("DISTINCT", Call("DISTINCT {0}"), Call("DISTINCT {0}"), Call("DISTINCT {0}"));
/// The separator is the second argument, a constant of the program: MySQL takes nothing else.
pub(crate) static STRING_AGG: Template =
    own("string_agg", Call("group_concat({*})"), Call("string_agg({*})"), Call("group_concat({0}{>} SEPARATOR {1})"));
pub(crate) static ARRAY_AGG: Template = own("array_agg", Missing, Call("array_agg({*})"), Missing);
pub(crate) static JSON_AGG: Template =
    own("json_agg", Call("json_group_array({*})"), Call("jsonb_agg({*})"), Call("json_arrayagg({*})"));
/// Bytes in an array of JSON: PostgreSQL has a text for them, MySQL one that nobody else reads, the others none.
#[cfg(feature = "json")]
pub(crate) static JSON_BYTES: Template = strict("json_agg of bytes", Missing, Call("{0}"), Missing);
/// A truth value for an array of JSON: it is a number but on PostgreSQL.
#[cfg(feature = "json")]
pub(crate) static JSON_TRUTH: Template = strict(
    "a truth value of JSON",
    Call("json(CASE WHEN {0} THEN 'true' WHEN NOT {0!} THEN 'false' END)"),
    Call("{0}"),
    Call("JSON_EXTRACT(CASE WHEN {0} THEN 'true' WHEN NOT {0!} THEN 'false' END, '$')"),
);
/// A document or a decimal number for an array of JSON: to SQLite they are text.
#[cfg(feature = "json")]
pub(crate) static JSON_ELEMENT: Template = strict("an element of JSON", Call("json({0})"), Call("{0}"), Call("{0}"));
pub(crate) static BOOL_AND: Template = own("bool_and", Call("min({0})"), Call("bool_and({0})"), Call("min({0})"));
pub(crate) static BOOL_OR: Template = own("bool_or", Call("max({0})"), Call("bool_or({0})"), Call("max({0})"));
pub(crate) static STDDEV: Template =
    own("stddev_samp", Call("stddev_samp({0})"), Call("stddev_samp({0})"), Call("stddev_samp({0})"));
pub(crate) static VARIANCE: Template =
    own("var_samp", Call("var_samp({0})"), Call("var_samp({0})"), Call("var_samp({0})"));
pub(crate) static MODE: Template = own("mode", Missing, Call("mode()"), Missing);
pub(crate) static PERCENTILE_CONT: Template = own("percentile_cont", Missing, Call("percentile_cont({0})"), Missing);
pub(crate) static PERCENTILE_DISC: Template = own("percentile_disc", Missing, Call("percentile_disc({0})"), Missing);
pub(crate) static ROLLUP: Template = own("ROLLUP", Missing, Call("ROLLUP ({*})"), Call("{*} WITH ROLLUP"));
pub(crate) static CUBE: Template = own("CUBE", Missing, Call("CUBE ({*})"), Missing);
pub(crate) static GROUPING_SETS: Template = own("GROUPING SETS", Missing, Call("GROUPING SETS ({*})"), Missing);
pub(crate) static GROUPING: Template =
    own("GROUPING", Missing, Call("GROUPING({*})"), Call("GROUPING({*})")).mariadb(Missing);

// ------------------------------------------------------------------------------------------------------------- JSON

// The arguments are the document, the path as SQLite and MySQL write it, and the path as PostgreSQL does: a key, an
// index or an array of both.
#[cfg(feature = "json")]
pub(crate) static JSON_GET: Template =
    own("JSON", Infix("{0!} -> {1}"), Infix("{0!} -> {2}"), Call("JSON_EXTRACT({0}, {1})"));
#[cfg(feature = "json")]
pub(crate) static JSON_GET_PATH: Template =
    own("JSON", Infix("{0!} -> {1}"), Infix("{0!} #> {2}"), Call("JSON_EXTRACT({0}, {1})"));
/// A text, a number or a truth value, as the database has it outside of JSON: for a cast. MySQL's `JSON_VALUE` takes no parameter.
#[cfg(feature = "json")]
pub(crate) static JSON_SCALAR: Template =
    own("JSON", Infix("{0!} ->> {1}"), Infix("{0!} ->> {2}"), MYSQL_JSON_TEXT).mariadb(Call("JSON_VALUE({0}, {1})"));
#[cfg(feature = "json")]
pub(crate) static JSON_SCALAR_PATH: Template =
    own("JSON", Infix("{0!} ->> {1}"), Infix("{0!} #>> {2}"), MYSQL_JSON_TEXT).mariadb(Call("JSON_VALUE({0}, {1})"));
/// To SQLite's `->>` a number is a number and `true` is 1, which is what MariaDB's `JSON_VALUE` makes of it too. What its `->`
/// gives would be JSON to a function of JSON, rather than text.
#[cfg(feature = "json")]
const SQLITE_JSON_TEXT: Form =
    Call("CASE json_type({0}, {1}) WHEN 'text' THEN {0!} ->> {1} WHEN 'null' THEN NULL ELSE ({0!} -> {1}) || '' END");
#[cfg(feature = "json")]
const MYSQL_JSON_TEXT: Form =
    Call("CASE JSON_TYPE(JSON_EXTRACT({0}, {1})) WHEN 'NULL' THEN NULL ELSE JSON_UNQUOTE(JSON_EXTRACT({0}, {1})) END");
#[cfg(feature = "json")]
pub(crate) static JSON_TEXT: Template = own("JSON", SQLITE_JSON_TEXT, Infix("{0!} ->> {2}"), MYSQL_JSON_TEXT);
#[cfg(feature = "json")]
pub(crate) static JSON_TEXT_PATH: Template = own("JSON", SQLITE_JSON_TEXT, Infix("{0!} #>> {2}"), MYSQL_JSON_TEXT);
/// The null of JSON is a value there, and not true.
#[cfg(feature = "json")]
const MYSQL_JSON_BOOL: Form =
    Call("CASE JSON_TYPE(JSON_EXTRACT({0}, {1})) WHEN 'NULL' THEN NULL ELSE JSON_EXTRACT({0}, {1}) = true END");
/// SQLite and MySQL show the truth values of JSON as numbers or as words.
#[cfg(feature = "json")]
pub(crate) static JSON_BOOL: Template =
    own("JSON", Call("({0!} ->> {1})"), Call("CAST({0!} ->> {2} AS BOOLEAN)"), MYSQL_JSON_BOOL);
#[cfg(feature = "json")]
pub(crate) static JSON_BOOL_PATH: Template =
    own("JSON", Call("({0!} ->> {1})"), Call("CAST({0!} #>> {2} AS BOOLEAN)"), MYSQL_JSON_BOOL);
#[cfg(feature = "json")]
pub(crate) static JSON_CONTAINS: Template =
    strict("containment of JSON", Missing, Condition("{0!} @> CAST({1} AS JSONB)"), Call("JSON_CONTAINS({0}, {1})"));
#[cfg(feature = "json")]
pub(crate) static JSON_CONTAINED_BY: Template =
    strict("containment of JSON", Missing, Condition("{0!} <@ CAST({1} AS JSONB)"), Call("JSON_CONTAINS({1}, {0})"));
#[cfg(feature = "json")]
/// The arguments are the document, the path of the key, and the key.
pub(crate) static JSON_HAS_KEY: Template = strict(
    "a key of JSON",
    Condition("json_type({0}, {1}) IS NOT NULL"),
    Condition("{0!} ? {2}"),
    Call("JSON_CONTAINS_PATH({0}, 'one', {1})"),
);
#[cfg(feature = "json")]
pub(crate) static JSON_HAS_ANY: Template = strict("`?|` of JSON", Missing, Condition("{0!} ?| {1}"), Missing);
#[cfg(feature = "json")]
pub(crate) static JSON_HAS_ALL: Template = strict("`?&` of JSON", Missing, Condition("{0!} ?& {1}"), Missing);
#[cfg(feature = "json")]
pub(crate) static JSON_PATH_EXISTS: Template =
    strict("`@?` of JSON", Missing, Condition("{0!} @? CAST({1} AS jsonpath)"), Missing);
#[cfg(feature = "json")]
pub(crate) static JSON_PATH_MATCH: Template =
    strict("`@@` of JSON", Missing, Condition("{0!} @@ CAST({1} AS jsonpath)"), Missing);
/// The second argument is how many digits there are, the third the same number as text, as which SQLite has every digit, and the
/// fourth how many are behind the point.
#[cfg(all(feature = "json", feature = "rust_decimal"))]
pub(crate) static JSON_NUMERIC: Template =
    own("JSON", Call("decimal_round({2}, {3})"), Call("CAST({0} AS NUMERIC({1}))"), Call("CAST({0} AS DECIMAL({1}))"));
/// To SQLite, what fits into 64 bits is an integer, and what does not is a float. MySQL reads `1e3` as 1 where it is to be an integer,
/// and goes around where it does not fit.
#[cfg(feature = "json")]
pub(crate) static JSON_INTEGER: Template =
    own("JSON", Call("whole({0})"), Call("CAST({0} AS BIGINT)"), Call("TRUNCATE(CAST({0} AS DECIMAL(65, 20)), 0)"));
#[cfg(feature = "json")]
pub(crate) static JSON_CONCAT: Template = strict("`||` of JSON", Missing, Infix("{0!} || CAST({1} AS JSONB)"), Missing);
/// The arguments are those of a path.
#[cfg(feature = "json")]
pub(crate) static JSON_DELETE: Template = strict(
    "the deletion of a member of JSON",
    Call("json_remove({0}, {1})"),
    Infix("{0!} #- {2}"),
    Call("JSON_REMOVE({0}, {1})"),
);
/// The arguments are those of a path, the new value, and the path of what it becomes a part of: SQLite would make that up where it is
/// not there.
#[cfg(feature = "json")]
pub(crate) static JSON_SET: Template = strict(
    "a change of a member of JSON",
    Call("CASE WHEN json_type({0}, {4}) IS NULL THEN {0} ELSE json_set({0}, {1}, json({3})) END"),
    Call("jsonb_set({0}, {2}, CAST({3} AS JSONB))"),
    Call("JSON_SET({0}, {1}, CAST({3} AS JSON))"),
)
.mariadb(Call("JSON_SET({0}, {1}, JSON_EXTRACT({3}, '$'))"));
#[cfg(feature = "json")]
pub(crate) static JSON_LENGTH: Template = own(
    "the length of JSON",
    Call("CASE WHEN {0!} IS NOT NULL THEN (SELECT count(*) FROM json_each({0})) END"),
    Call(
        "CASE WHEN jsonb_typeof({0}) = 'array' THEN jsonb_array_length({0}) \
         WHEN jsonb_typeof({0}) = 'object' THEN jsonb_array_length(jsonb_path_query_array({0}, '$.*')) \
         WHEN {0!} IS NOT NULL THEN 1 END",
    ),
    Call("JSON_LENGTH({0})"),
);
#[cfg(feature = "json")]
pub(crate) static JSON_TYPE: Template =
    own("the type of JSON", Call("json_type({0})"), Call("jsonb_typeof({0})"), Call("JSON_TYPE({0})"));

// ----------------------------------------------------------------------------------------------------------- arrays

macro_rules! postgres {
    ($($name:ident $construct:literal $form:ident $sql:literal;)*) => { $(
        pub(crate) static $name: Template = strict($construct, Missing, $form($sql), Missing);
    )* };
}
postgres! {
    ARRAY "an array" Call "ARRAY[{*}]";
    ARRAY_CONTAINS "`@>` of arrays" Condition "{0!} @> {1!}";
    ARRAY_CONTAINED_BY "`<@` of arrays" Condition "{0!} <@ {1!}";
    ARRAY_OVERLAPS "`&&` of arrays" Condition "{0!} && {1!}";
    ARRAY_CONCAT "`||` of arrays" Infix "{0!} || {1!}";
    ARRAY_APPEND "an array" Call "array_append({*})";
    ARRAY_REMOVE "an array" Call "array_remove({*})";
    ARRAY_ELEMENT "an array" Call "({0})[{1}]";
    ARRAY_SLICE "an array" Call "({0})[{1}:{2}]";
    ANY_OF "ANY of an array" Call "ANY ({0})";
    ALL_OF "ALL of an array" Call "ALL ({0})";
}
pub(crate) static ARRAY_LENGTH: Template = strict("an array", Missing, Call("cardinality({0})"), Missing);

// ----------------------------------------------------------------------------------------------------------- ranges

postgres! {
    RANGE_CONTAINS "a range" Condition "{0!} @> {1!}";
    RANGE_CONTAINED_BY "a range" Condition "{0!} <@ {1!}";
    RANGE_OVERLAPS "a range" Condition "{0!} && {1!}";
    RANGE_LEFT_OF "a range" Condition "{0!} << {1!}";
    RANGE_RIGHT_OF "a range" Condition "{0!} >> {1!}";
    RANGE_NOT_RIGHT_OF "a range" Condition "{0!} &< {1!}";
    RANGE_NOT_LEFT_OF "a range" Condition "{0!} &> {1!}";
    RANGE_ADJACENT "a range" Condition "{0!} -|- {1!}";
    RANGE_UNION "a range" Infix "{0!} + {1!}";
    RANGE_INTERSECTION "a range" Infix "{0!} * {1!}";
    RANGE_DIFFERENCE "a range" Infix "{0!} - {1!}";
    RANGE_TEXT "a range" Call "CAST({0} AS TEXT)";
    RANGE_LOWER_INCLUDED "a range" Call "lower_inc({0})";
    RANGE_UPPER_INCLUDED "a range" Call "upper_inc({0})";
    RANGE_LOWER_OPEN "a range" Call "lower_inf({0})";
    RANGE_UPPER_OPEN "a range" Call "upper_inf({0})";
    INT4RANGE "the type INT4RANGE" Call "int4range({*})";
    INT8RANGE "the type INT8RANGE" Call "int8range({*})";
    NUMRANGE "the type NUMRANGE" Call "numrange({*})";
    DATERANGE "the type DATERANGE" Call "daterange({*})";
    TSRANGE "the type TSRANGE" Call "tsrange({*})";
    TSTZRANGE "the type TSTZRANGE" Call "tstzrange({*})";
}
pub(crate) static RANGE_LOWER: Template = own("a range", Missing, Call("lower({0})"), Missing);
pub(crate) static RANGE_UPPER: Template = own("a range", Missing, Call("upper({0})"), Missing);
pub(crate) static RANGE_IS_EMPTY: Template = strict("a range", Missing, Call("isempty({0})"), Missing);

// -------------------------------------------------------------------------------------------------------- full text

/// SQLite looks into a table of FTS5 only, whose columns are this operator's left side.
pub(crate) static MATCH: Template = strict(
    "full text search",
    Condition("{0!} MATCH {1!}"),
    Condition("to_tsvector({0}) @@ plainto_tsquery({1})"),
    Call("MATCH ({0}) AGAINST ({1} IN BOOLEAN MODE)"),
);
postgres! {
    TS_MATCH "full text search with `@@`" Condition "{0!} @@ {1!}";
    TO_TSVECTOR "`to_tsvector`" Call "to_tsvector({0})";
    TO_TSVECTOR_IN "`to_tsvector`" Call "to_tsvector(CAST({0} AS regconfig), {1})";
    TO_TSQUERY "`to_tsquery`" Call "to_tsquery({0})";
    PLAINTO_TSQUERY "`plainto_tsquery`" Call "plainto_tsquery({0})";
    PHRASETO_TSQUERY "`phraseto_tsquery`" Call "phraseto_tsquery({0})";
    WEBSEARCH_TO_TSQUERY "`websearch_to_tsquery`" Call "websearch_to_tsquery({0})";
    TO_TSQUERY_IN "`to_tsquery`" Call "to_tsquery(CAST({0} AS regconfig), {1})";
    PLAINTO_TSQUERY_IN "`plainto_tsquery`" Call "plainto_tsquery(CAST({0} AS regconfig), {1})";
    WEBSEARCH_TO_TSQUERY_IN "`websearch_to_tsquery`" Call "websearch_to_tsquery(CAST({0} AS regconfig), {1})";
    TS_RANK "`ts_rank`" Call "ts_rank({0}, {1})";
    TS_HEADLINE "`ts_headline`" Call "ts_headline({0}, {1})";
    SETWEIGHT "`setweight`" Call "setweight({0}, CAST({1} AS \"char\"))";
    TS_CONCAT "`||` of `tsvector`" Infix "{0!} || {1!}";
    TS_AND "`&&` of `tsquery`" Infix "{0!} && {1!}";
    TS_OR "`||` of `tsquery`" Infix "{0!} || {1!}";
    TS_NOT "`!!` of `tsquery`" Infix "!!{0!}";
}
macro_rules! mysql {
    ($($name:ident $sql:literal;)*) => { $(
        // The last argument is what is looked for, so it comes first here.
        pub(crate) static $name: Template = strict("MATCH AGAINST", Missing, Missing, Call($sql));
    )* };
}
mysql! {
    MATCH_NATURAL "MATCH ({1*}) AGAINST ({0} IN NATURAL LANGUAGE MODE)";
    MATCH_BOOLEAN "MATCH ({1*}) AGAINST ({0} IN BOOLEAN MODE)";
    MATCH_EXPANSION "MATCH ({1*}) AGAINST ({0} WITH QUERY EXPANSION)";
}
