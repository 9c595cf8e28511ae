//! Which clauses of SELECT a database knows, and how it writes those that differ.

use super::Dialect;

/// What a database knows of SELECT.
#[derive(Debug)]
pub(crate) struct Clauses {
    pub(crate) full_join: bool,
    pub(crate) lateral: bool,
    pub(crate) distinct_on: bool,
    pub(crate) with_ties: bool,
    /// INTERSECT ALL and EXCEPT ALL.
    pub(crate) set_all: bool,
    /// Whether a member of a compound may stand in parentheses; otherwise it becomes a subquery.
    pub(crate) set_parentheses: bool,
    /// AS MATERIALIZED.
    pub(crate) materialized: bool,
    /// Whether a CTE may change rows.
    pub(crate) writing_cte: bool,
    /// Whether WITH may stand before UPDATE and DELETE.
    pub(crate) with_changes: bool,
    /// Whether WITH may stand before INSERT; otherwise it stands before its SELECT.
    pub(crate) with_insert: bool,
    /// Whether a subquery of IN may have a LIMIT; otherwise it becomes a subquery of one.
    pub(crate) limit_in: bool,
    pub(crate) values: ValuesForm,
    pub(crate) locks: Locks,
    pub(crate) functions: Functions,
}

/// How a list of values stands in FROM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValuesForm {
    /// `(VALUES (1, 2)) AS name (a, b)`.
    Named,
    /// `(VALUES ROW(1, 2)) AS name (a, b)`.
    Rows,
    /// `(SELECT column1 AS a, column2 AS b FROM (VALUES (1, 2))) AS name`.
    Numbered,
    /// `(SELECT 1 AS a, 2 AS b UNION ALL SELECT …) AS name`.
    Union,
}

/// What it locks rows by.
#[derive(Debug)]
pub(crate) struct Locks {
    /// FOR SHARE; nothing where rows are not locked.
    pub(crate) share: Option<&'static str>,
    pub(crate) keys: bool,
    pub(crate) of: bool,
    pub(crate) wait: bool,
}

/// Which functions may stand in FROM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Functions {
    /// Those that name their columns themselves.
    Plain,
    /// Any, with names for their columns.
    Named,
    None,
}

static SQLITE: Clauses = Clauses {
    full_join: true,
    lateral: false,
    distinct_on: false,
    with_ties: false,
    set_all: false,
    set_parentheses: false,
    materialized: true,
    writing_cte: false,
    with_changes: true,
    with_insert: true,
    limit_in: true,
    values: ValuesForm::Numbered,
    locks: Locks { share: None, keys: false, of: false, wait: false },
    functions: Functions::Plain,
};

static POSTGRES: Clauses = Clauses {
    full_join: true,
    lateral: true,
    distinct_on: true,
    with_ties: true,
    set_all: true,
    set_parentheses: true,
    materialized: true,
    writing_cte: true,
    with_changes: true,
    with_insert: true,
    limit_in: true,
    values: ValuesForm::Named,
    locks: Locks { share: Some("FOR SHARE"), keys: true, of: true, wait: true },
    functions: Functions::Named,
};

static MYSQL: Clauses = Clauses {
    full_join: false,
    lateral: true,
    distinct_on: false,
    with_ties: false,
    set_all: true,
    set_parentheses: true,
    materialized: false,
    writing_cte: false,
    with_changes: true,
    with_insert: false,
    limit_in: false,
    values: ValuesForm::Rows,
    locks: Locks { share: Some("FOR SHARE"), keys: false, of: true, wait: true },
    functions: Functions::None,
};

static MARIADB: Clauses = Clauses {
    full_join: false,
    lateral: false,
    distinct_on: false,
    with_ties: true,
    set_all: true,
    set_parentheses: true,
    materialized: false,
    writing_cte: false,
    with_changes: false,
    with_insert: false,
    limit_in: false,
    values: ValuesForm::Union,
    locks: Locks { share: Some("LOCK IN SHARE MODE"), keys: false, of: false, wait: true },
    functions: Functions::None,
};

impl Dialect {
    pub(crate) fn clauses(self) -> &'static Clauses {
        match self {
            Dialect::Sqlite => &SQLITE,
            Dialect::Postgres => &POSTGRES,
            Dialect::MySql => &MYSQL,
            Dialect::MariaDb => &MARIADB,
        }
    }
}
