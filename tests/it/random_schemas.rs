//! Metadata that changes at random over tables with rows: `diff` leads from each state to the next, `check` then finds nothing,
//! no row and no value of a column that stays is lost, and rows can be added to what has come out.
//!
//! Where it goes by generated revisions, a database without rows goes there, back, and there again.
//!
//! `ORM_SEED=… ORM_STEPS=…` runs one of them again, `ORM_RUNS=…` runs more.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};

use orm::prelude::*;
use orm::schema::{
    CheckConstraint, Column, Counting, Deferrable, Domain, ForeignKey, Identity, Index, IndexColumn, IndexPart,
    Operation, ReferentialAction, Table, UniqueConstraint, View,
};
use orm::{ColumnType, Dialect, text};

use crate::migrations::Folder;
use crate::random::{Random, Step, check_so_many, told};
use crate::support::{dialect, empty_engine};

#[derive(Clone, Copy, Debug, PartialEq)]
enum What {
    AddTable,
    DropTable,
    RenameTable,
    AddColumn,
    AddFilledColumn,
    AddComputed,
    DropColumn,
    RenameColumn,
    ChangeType,
    ChangeNull,
    ChangeDefault,
    AddIndex,
    DropIndex,
    AddUnique,
    DropUnique,
    AddCheck,
    DropCheck,
    AddReference,
    ChangeReference,
    DropReference,
    RenameKey,
    WidenKey,
    Comment,
    AddEnum,
    ChangeLabels,
    ChangeCollation,
    AddView,
    ChangeView,
    DropView,
    AddOfOthers,
    ChangeIdentity,
    ChangeTiming,
    AddDomain,
    ChangeDomain,
    AddRows,
    Migrate,
}

const WHATS: &[What] = &[
    What::AddTable,
    What::AddTable,
    What::DropTable,
    What::RenameTable,
    What::AddColumn,
    What::AddColumn,
    What::AddFilledColumn,
    What::AddFilledColumn,
    What::AddComputed,
    What::DropColumn,
    What::RenameColumn,
    What::ChangeType,
    What::ChangeType,
    What::ChangeNull,
    What::ChangeNull,
    What::ChangeDefault,
    What::AddIndex,
    What::AddIndex,
    What::DropIndex,
    What::AddUnique,
    What::AddUnique,
    What::DropUnique,
    What::AddCheck,
    What::DropCheck,
    What::AddReference,
    What::AddReference,
    What::ChangeReference,
    What::DropReference,
    What::RenameKey,
    What::WidenKey,
    What::Comment,
    What::AddEnum,
    What::AddEnum,
    What::ChangeLabels,
    What::ChangeLabels,
    What::ChangeCollation,
    What::AddView,
    What::ChangeView,
    What::DropView,
    What::AddOfOthers,
    What::ChangeIdentity,
    What::ChangeTiming,
    What::AddDomain,
    What::ChangeDomain,
    What::AddRows,
    What::AddRows,
    What::AddRows,
    What::Migrate,
    What::Migrate,
    What::Migrate,
    What::Migrate,
];

/// What a column holds, so that rows can be made for it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Holds {
    /// The key, which the database makes up.
    Key,
    /// A value that no other row has.
    Distinct,
    /// Whatever.
    Some,
    /// The key of a row of some table, or NULL.
    Reference,
    /// What it is computed from.
    Computed,
    /// What its default says; the column is another program's and stays as it is.
    Other,
}

/// Rows by their key: a text for each column.
type Rows = BTreeMap<i64, BTreeMap<String, Option<String>>>;

struct Run {
    engine: Engine,
    wanted: Vec<Table>,
    /// What the database has, by the last migration.
    present: Vec<Table>,
    holds: BTreeMap<(String, String), Holds>,
    /// Each over one table, whose name stands in front.
    views: Vec<(String, View)>,
    /// The labels of each type.
    labels: BTreeMap<String, Vec<&'static str>>,
    /// Of PostgreSQL.
    domains: Vec<Domain>,
    names: usize,
    rows: usize,
    /// Where revisions are generated, and the database without rows.
    generated: Option<(Folder, Engine)>,
}

/// The first two are those that rows have.
const LABELS: &[&str] = &["red", "it's green", "blue", "x, y", "grey"];

/// Tables as other programs make them, whose columns have values by themselves.
fn of_others(number: usize) -> &'static str {
    let tables: &[&str] = match dialect() {
        Dialect::Sqlite => &[
            "(id INTEGER PRIMARY KEY AUTOINCREMENT, oa VARCHAR(10) DEFAULT 'x' COLLATE NOCASE, \"o b\", \
             oc DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL, od DECIMAL(10,2) DEFAULT 1.5, oe BLOB DEFAULT x'0a', \
             of TEXT AS (oa || '-' || oc), CHECK (oa <> ''), CONSTRAINT named UNIQUE (\"o b\", oa))",
            "(id INTEGER PRIMARY KEY, oa REAL NOT NULL DEFAULT (1 + 1), ob INT DEFAULT FALSE, oc ANY DEFAULT -1, \
             od TEXT DEFAULT '{\"a\": 1}' CHECK (json_valid(od))) STRICT",
            "(id BIGINT NOT NULL PRIMARY KEY, od NUMERIC(4, 1) DEFAULT 7, of BOOL DEFAULT TRUE, og TINYINT DEFAULT -1, oa CHARACTER(3) NOT NULL DEFAULT 'a''b', ob FLOAT DEFAULT 1e3, oc CLOB) WITHOUT ROWID",
        ],
        Dialect::Postgres => &[
            "(id serial PRIMARY KEY, oa varchar DEFAULT 'x', ob char(3) DEFAULT 'y', oc timestamptz(3) DEFAULT now(), \
             od numeric DEFAULT 1.50, oe int[] DEFAULT '{1,2}', of text COLLATE \"C\" DEFAULT 'a''b', \
             CHECK (length(oa) > 0 OR oa IS NULL), CONSTRAINT {name}_named UNIQUE (oa, id))",
            "(id bigint GENERATED ALWAYS AS IDENTITY (START WITH 5 INCREMENT BY 3) PRIMARY KEY, oa jsonb NOT NULL DEFAULT '{}', \
             ob uuid DEFAULT gen_random_uuid(), oc interval DEFAULT '1 day', od inet DEFAULT '10.0.0.1', oe bytea DEFAULT '\\x0a', \
             of time DEFAULT '10:00', og boolean NOT NULL DEFAULT true, oh int GENERATED ALWAYS AS (length(oa::text)) STORED)",
            "(id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, oa real DEFAULT 0.5, ob timestamp(0) DEFAULT '2020-01-01 10:00', \
             oc text[] DEFAULT ARRAY['a', 'b'], od xml, oe bit(3) DEFAULT B'101', of smallint DEFAULT (1 + 1), \
             og int4range DEFAULT '[1,5)')",
        ],
        _ => &[
            "(id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, oa VARCHAR(10) CHARACTER SET latin1 DEFAULT 'x', ob SET('a', 'b') DEFAULT 'a,b', \
             oc TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, od ENUM('x', 'y') DEFAULT 'x', oe YEAR DEFAULT 2020, KEY (oa(3)))",
            "(id BIGINT AUTO_INCREMENT PRIMARY KEY, oa MEDIUMTEXT, ob BIT(3) DEFAULT b'101', oc DECIMAL(8, 3) UNSIGNED DEFAULT 1.5, \
             od DATETIME(3) DEFAULT CURRENT_TIMESTAMP(3), oe TINYINT(1) DEFAULT 1, `of` DOUBLE DEFAULT 1e3, \
             og INT AS (length(oa)) VIRTUAL, CHECK (oc < 100), UNIQUE KEY named (od, id)) COMMENT='it''s theirs'",
            "(id SMALLINT AUTO_INCREMENT PRIMARY KEY, oa CHAR(3) NOT NULL DEFAULT 'a''b', ob VARBINARY(8) DEFAULT 'abc', \
             oc TIME DEFAULT '10:00:00', od FLOAT DEFAULT 0.5, oe JSON, `of` VARCHAR(20) COLLATE utf8mb4_bin COMMENT 'of theirs')",
        ],
    };
    tables[number % tables.len()]
}

/// The collation that a text may have instead of the usual one.
fn collation() -> &'static str {
    match dialect() {
        Dialect::Sqlite => "NOCASE",
        Dialect::Postgres => "C",
        _ => "utf8mb4_bin",
    }
}

/// Picks one of a list.
fn pick<T>(list: &[T], number: usize) -> Option<&T> {
    list.get(number % list.len().max(1))
}

/// Takes one out of a list.
fn drop_one<T>(list: &mut Vec<T>, number: usize) {
    if !list.is_empty() {
        list.remove(number % list.len());
    }
}

fn types(number: usize) -> (ColumnType, Holds, &'static str) {
    match number % 10 {
        0 => (ColumnType::Integer, Holds::Distinct, "7"),
        1 => (ColumnType::BigInteger, Holds::Distinct, "8"),
        2 | 3 => (ColumnType::String(20), Holds::Distinct, "'it''s'"),
        4 => (ColumnType::Text, Holds::Distinct, "'a \"text\"'"),
        5 => (ColumnType::Numeric(Some((10, 2))), Holds::Distinct, "1.50"),
        6 => (ColumnType::Boolean, Holds::Some, "true"),
        7 => (ColumnType::Date, Holds::Some, "'2020-02-02'"),
        8 => (ColumnType::DateTime, Holds::Some, "CURRENT_TIMESTAMP"),
        _ => (ColumnType::Double, Holds::Distinct, "0.5"),
    }
}

/// A value of a type, as SQL.
fn literal(column: &Column, number: usize) -> String {
    match &column.column_type {
        ColumnType::Integer | ColumnType::BigInteger | ColumnType::Domain { .. } => format!("{}", number + 10),
        ColumnType::Numeric(_) | ColumnType::Double => format!("{}.25", number + 10),
        ColumnType::Boolean => if number.is_multiple_of(2) { "TRUE" } else { "FALSE" }.to_owned(),
        ColumnType::Date => format!("'2020-01-{:02}'", number % 28 + 1),
        ColumnType::DateTime => format!("'2020-01-01 00:00:{:02}'", number % 60),
        ColumnType::Enum { .. } => format!("'{}'", LABELS[number % 2].replace('\'', "''")),
        _ => format!("'{number} o''clock'"),
    }
}

/// Returns whether a word stands in SQL.
fn mentions(sql: &str, column: &str) -> bool {
    sql.contains(column)
}

fn is_in_key(table: &Table, column: &str) -> bool {
    table.uniques.iter().any(|unique| unique.columns.iter().any(|other| other == column))
        || table.indexes.iter().any(|index| index.column_names().iter().any(|other| other == column))
}

impl Run {
    fn new(engine: Engine) -> Run {
        let (views, labels) = (Vec::new(), BTreeMap::new());
        Run {
            engine,
            wanted: Vec::new(),
            present: Vec::new(),
            holds: BTreeMap::new(),
            views,
            labels,
            domains: Vec::new(),
            names: 0,
            rows: 0,
            generated: None,
        }
    }

    /// A name that was not there before; some have to be quoted.
    fn name(&mut self, letter: char) -> String {
        self.names += 1;
        match self.names % 5 {
            0 => format!("{letter}{:03} Of", self.names),
            _ => format!("{letter}{:03}", self.names),
        }
    }

    fn holds(&self, table: &str, column: &str) -> Holds {
        self.holds.get(&(table.to_owned(), column.to_owned())).copied().unwrap_or(Holds::Some)
    }

    /// Returns whether a table is none of another program's.
    fn holds_of_ours(&self, table: &str) -> bool {
        !self.holds.iter().any(|((of, _), holds)| of == table && *holds == Holds::Other)
    }

    fn note(&mut self, table: &str, column: &str, holds: Holds) {
        self.holds.insert((table.to_owned(), column.to_owned()), holds);
    }

    /// The columns of a table that hold this.
    fn columns_that(&self, table: &Table, fits: impl Fn(Holds, &Column) -> bool) -> Vec<String> {
        let names = table.columns.iter().filter(|column| fits(self.holds(&table.name, &column.name), column));
        names.map(|column| column.name.clone()).collect()
    }

    async fn step(&mut self, step: Step<What>) -> Result<(), Error> {
        let Step { what, a, b } = step;
        if what == What::AddTable {
            if self.wanted.len() < 5 {
                let name = self.name('t');
                let (column, holds) = self.new_column(b);
                self.note(&name, "id", Holds::Key);
                self.note(&name, &column.name, holds);
                let id = Column::new("id", ColumnType::BigInteger);
                self.note(&name, "part", Holds::Other);
                let table = |id: Column| Table::new(name).column(id).column(column);
                self.wanted.push(match b % 6 {
                    0 => {
                        let part = Column::new("part", ColumnType::Integer).server_default("1");
                        table(id).column(part).primary_key(["part", "id"])
                    }
                    _ => table(id.generated()).primary_key(["id"]),
                });
            }
            return Ok(());
        }
        if what == What::AddOfOthers {
            return if self.wanted.len() < 5 { self.add_of_others(b).await } else { Ok(()) };
        }
        if self.wanted.is_empty() {
            return Ok(());
        }
        let at = a % self.wanted.len();
        let name = self.wanted[at].name.clone();
        match what {
            What::AddTable | What::AddOfOthers => {}
            What::DropTable => {
                self.drop_views(|of, _| of == name).await?;
                for other in &mut self.wanted {
                    other.foreign_keys.retain(|key| key.target_table != name);
                }
                self.wanted.remove(at);
            }
            What::RenameTable | What::RenameColumn => self.rename(what, at, b).await?,
            What::AddColumn | What::AddFilledColumn => {
                let (mut column, mut holds) = self.new_column(b);
                if what == What::AddFilledColumn {
                    let default = types(b).2;
                    column = Column { is_nullable: b.is_multiple_of(3), ..column }.server_default(default);
                    holds = Holds::Some;
                } else {
                    column.is_nullable = true;
                }
                self.note(&name, &column.name, holds);
                self.wanted[at].columns.push(column);
            }
            What::AddComputed => self.add_computed(at, b),
            What::DropColumn => self.drop_column(at, b),
            What::ChangeType => self.change_type(at, b),
            What::ChangeNull => {
                if let Some(column) = self.plain_column(at, b) {
                    column.is_nullable = !column.is_nullable;
                }
            }
            What::ChangeDefault => {
                if let Some(column) = self.plain_column(at, b) {
                    let same = (0..10).map(types).find(|(kind, ..)| *kind == column.column_type);
                    column.server_default = match (&column.server_default, same) {
                        (None, Some((.., default))) => Some(default.to_owned()),
                        _ => None,
                    };
                    if column.server_default.is_some() {
                        let column = column.name.clone();
                        self.note(&name, &column, Holds::Some);
                        self.wanted[at].uniques.retain(|unique| !unique.columns.contains(&column));
                        self.wanted[at]
                            .indexes
                            .retain(|index| !(index.is_unique && index.column_names().contains(&column)));
                    }
                }
            }
            What::AddIndex => self.add_index(at, b),
            What::DropIndex => drop_one(&mut self.wanted[at].indexes, b),
            What::AddUnique => {
                let columns = self.columns_that(&self.wanted[at], |holds, column| {
                    holds == Holds::Distinct && column.column_type != ColumnType::Text
                });
                if let Some(first) = pick(&columns, b) {
                    let mut unique = vec![first.clone()];
                    unique.extend(
                        pick(&columns, b / 3).filter(|second| b.is_multiple_of(2) && *second != first).cloned(),
                    );
                    if self.wanted[at].uniques.iter().all(|other| other.columns != unique) {
                        let named = if b.is_multiple_of(5) { Some(self.name('u')) } else { None };
                        let unique = UniqueConstraint { name: named, ..UniqueConstraint::new(unique) };
                        self.wanted[at].uniques.push(unique);
                    }
                }
            }
            What::DropUnique => drop_one(&mut self.wanted[at].uniques, b),
            What::AddCheck => {
                let columns = self.columns_that(&self.wanted[at], |holds, column| {
                    matches!(holds, Holds::Distinct | Holds::Some) && column.column_type == ColumnType::Integer
                });
                if let Some(column) = pick(&columns, b) {
                    let column = quoted(column);
                    let sql = match b % 3 {
                        0 => format!("{column} > 0"),
                        1 => format!("{column} IS NULL OR {column} <> 3"),
                        _ => format!("{column} BETWEEN 1 AND 1000000"),
                    };
                    let check = CheckConstraint::new(sql).name(self.name('c'));
                    self.wanted[at].checks.push(check);
                }
            }
            What::DropCheck => drop_one(&mut self.wanted[at].checks, b),
            What::AddReference => {
                let target = &self.wanted[b % self.wanted.len()];
                if target.primary_key.columns != ["id"] {
                    return Ok(());
                }
                let (target, of) = (target.name.clone(), target.columns[0].column_type.clone());
                let column = self.name('r');
                self.note(&name, &column, Holds::Reference);
                let table = &mut self.wanted[at];
                table.columns.push(Column::new(&column, of).nullable());
                let key = ForeignKey::new([column], target, ["id"]);
                table.foreign_keys.push(match b % 3 {
                    0 => key,
                    1 => key.on_delete(ReferentialAction::Cascade),
                    _ => key.on_delete(ReferentialAction::SetNull),
                });
            }
            What::ChangeReference => {
                if !self.wanted[at].foreign_keys.is_empty() {
                    let number = b % self.wanted[at].foreign_keys.len();
                    let key = &mut self.wanted[at].foreign_keys[number];
                    key.on_delete = match key.on_delete {
                        None => Some(ReferentialAction::Cascade),
                        Some(ReferentialAction::Cascade) => Some(ReferentialAction::SetNull),
                        _ => None,
                    };
                }
            }
            What::DropReference => drop_one(&mut self.wanted[at].foreign_keys, b),
            What::RenameKey => {
                let name = self.name('p');
                self.wanted[at].primary_key.name = Some(name);
            }
            What::WidenKey => self.change_key_type(at),
            What::Comment => {
                let comment = if b.is_multiple_of(3) { None } else { Some(format!("it's number {b}")) };
                let table = &mut self.wanted[at];
                let column = b % table.columns.len();
                match b % 2 {
                    0 => table.comment = comment,
                    _ => table.columns[column].comment = comment,
                }
            }
            What::ChangeIdentity => {
                let key = &self.wanted[at].columns[0];
                if dialect() == Dialect::Postgres && key.is_generated && self.holds_of_ours(&name) {
                    let counting = Counting { start: Some(100), increment: Some(5), ..Counting::DEFAULT };
                    self.wanted[at].columns[0].identity = match b % 3 {
                        0 => None,
                        1 => Some(Identity::DEFAULT),
                        _ => Some(Identity { is_always: true, counting }),
                    };
                }
            }
            What::ChangeTiming => {
                let keys = &mut self.wanted[at].foreign_keys;
                if let Some(number) = b.checked_rem(keys.len()) {
                    let key = &mut keys[number];
                    match key.on_update {
                        None => key.on_update = Some(ReferentialAction::Cascade),
                        Some(_) => key.on_update = None,
                    }
                    if matches!(dialect(), Dialect::Sqlite | Dialect::Postgres) {
                        key.deferrable = match b % 3 {
                            0 => None,
                            1 => Some(Deferrable::InitiallyDeferred),
                            _ => Some(Deferrable::InitiallyImmediate),
                        };
                    }
                }
            }
            What::AddDomain if dialect() == Dialect::Postgres => {
                let type_name = format!("d{}", b % 2);
                if !self.domains.iter().any(|domain| domain.name == type_name) {
                    self.domains.push(Domain::new(type_name.clone(), ColumnType::Integer).check("VALUE > 0"));
                }
                let column = Column::new(self.name('m'), ColumnType::domain(type_name, ColumnType::Integer)).nullable();
                self.note(&name, &column.name, Holds::Some);
                self.wanted[at].columns.push(column);
            }
            What::ChangeDomain => {
                if let Some(number) = b.checked_rem(self.domains.len()) {
                    let domain = &mut self.domains[number];
                    match b % 3 {
                        0 => domain.default = if domain.default.is_none() { Some("7".to_owned()) } else { None },
                        1 if domain.checks.len() > 1 => drop(domain.checks.pop()),
                        1 => *domain = domain.clone().check("VALUE <> 3"),
                        _ => domain.checks[0].sql = format!("VALUE > {}", b % 2),
                    }
                }
            }
            What::AddDomain => {}
            What::AddEnum => {
                let type_name = format!("e{}", b % 3);
                let labels = self.labels.entry(type_name.clone()).or_insert_with(|| LABELS[..3].to_vec());
                let kind = ColumnType::labels(type_name, labels);
                let kind = match b % 4 {
                    0 => kind.as_text(),
                    1 => kind.as_text().checked(),
                    _ => kind,
                };
                let column = Column::new(self.name('n'), kind);
                self.note(&name, &column.name, Holds::Some);
                self.wanted[at].columns.push(match b % 5 {
                    0 => column.server_default("'it''s green'"),
                    _ => column.nullable(),
                });
            }
            What::ChangeLabels => self.change_labels(b),
            What::ChangeCollation => {
                let is_text = |column: &Column| matches!(column.column_type, ColumnType::String(_) | ColumnType::Text);
                let columns = self.columns_that(&self.wanted[at], |holds, column| {
                    matches!(holds, Holds::Distinct | Holds::Some) && is_text(column)
                });
                if let Some(name) = pick(&columns, b) {
                    let column = self.wanted[at].columns.iter_mut().find(|column| column.name == *name);
                    let column = column.expect("it is one of them");
                    column.collation = if column.collation.is_some() { None } else { Some(collation().to_owned()) };
                }
            }
            What::AddView => {
                let view = View::new(self.name('v'), self.view_of(at, b));
                self.views.push((name, view));
            }
            What::ChangeView => {
                if let Some((of, _)) = pick(&self.views, b).cloned()
                    && let Some(table) = self.wanted.iter().position(|table| table.name == of)
                {
                    let number = b % self.views.len();
                    self.views[number].1.sql = self.view_of(table, b / 2);
                }
            }
            What::DropView => {
                let view = pick(&self.views, b).map(|(_, view)| view.name.clone());
                self.drop_views(|_, other| Some(&other.name) == view.as_ref()).await?;
            }
            What::AddRows => self.add_rows(a, b).await?,
            What::Migrate => self.migrate().await?,
        }
        Ok(())
    }

    /// A query over some columns of a table.
    fn view_of(&self, at: usize, number: usize) -> String {
        let table = &self.wanted[at];
        let others = table.columns.iter().skip(1).enumerate().filter(|(place, _)| (number >> place).is_multiple_of(2));
        let columns: Vec<String> = others.map(|(_, column)| format!(", {}", quoted(&column.name))).collect();
        format!("SELECT id{} FROM {}", columns.join(""), quoted(&table.name))
    }

    /// Drops views at once, since what the metadata does not know is left alone.
    async fn drop_views(&mut self, is_to_go: impl Fn(&str, &View) -> bool) -> Result<(), Error> {
        let views = std::mem::take(&mut self.views).into_iter();
        let (gone, kept): (Vec<_>, Vec<_>) = views.partition(|(of, view)| is_to_go(of, view));
        self.views = kept;
        for (_, view) in gone {
            for engine in self.engines() {
                text(format!("DROP VIEW IF EXISTS {}", quoted(&view.name))).execute(&engine).await?;
            }
        }
        Ok(())
    }

    /// Gives a type another label, in any place, takes one away that no row has, or puts the first behind the others.
    fn change_labels(&mut self, number: usize) {
        let names: Vec<String> = self.labels.keys().cloned().collect();
        let Some(name) = pick(&names, number).cloned() else { return };
        let labels = self.labels.get_mut(&name).expect("it is one of them");
        let missing: Vec<&str> = LABELS.iter().copied().filter(|label| !labels.contains(label)).collect();
        match (pick(&missing, number), labels.iter().position(|label| !LABELS[..2].contains(label))) {
            (Some(label), _) if number.is_multiple_of(2) => labels.insert(number / 2 % (labels.len() + 1), label),
            (_, Some(place)) if !number.is_multiple_of(3) => drop(labels.remove(place)),
            _ => labels.rotate_left(1),
        }
        let labels = labels.clone();
        for column in self.wanted.iter_mut().flat_map(|table| &mut table.columns).filter(|column| is_of(column, &name))
        {
            if let ColumnType::Enum { labels: known, .. } = &mut column.column_type {
                *known = labels.iter().map(|label| (*label).into()).collect();
            }
        }
    }

    /// Makes a table as another program does, which is read and kept from then on.
    async fn add_of_others(&mut self, number: usize) -> Result<(), Error> {
        let name = self.name('t');
        let sql = of_others(number).replace("{name}", &name.replace(' ', ""));
        let sql = format!("CREATE TABLE {} {sql}", quoted(&name));
        for engine in self.engines() {
            text(sql.clone()).execute(&engine).await?;
        }
        let mut found = MetaData::reflect(&self.engine).await?.tables()?;
        found.retain(|table| table.name == name);
        let table = found.pop().expect("it was made just now");
        for column in &table.columns {
            self.note(&name, &column.name, if column.name == "id" { Holds::Key } else { Holds::Other });
        }
        self.wanted.push(table.clone());
        self.present.push(table);
        Ok(())
    }

    /// One of the columns that have values of their own.
    fn plain_column(&mut self, at: usize, number: usize) -> Option<&mut Column> {
        let columns = self.columns_that(&self.wanted[at], |holds, _| matches!(holds, Holds::Distinct | Holds::Some));
        let name = pick(&columns, number)?;
        self.wanted[at].columns.iter_mut().find(|column| column.name == *name)
    }

    fn new_column(&mut self, number: usize) -> (Column, Holds) {
        let (kind, holds, _) = types(number);
        let column = Column::new(self.name('c'), kind);
        (if number.is_multiple_of(2) { column.nullable() } else { column }, holds)
    }

    fn add_computed(&mut self, at: usize, number: usize) {
        let columns = self.columns_that(&self.wanted[at], |holds, column| {
            matches!(holds, Holds::Distinct | Holds::Some) && column.column_type == ColumnType::Integer
        });
        let Some(of) = pick(&columns, number).cloned() else { return };
        let column = self.name('k');
        let table = self.wanted[at].name.clone();
        self.note(&table, &column, Holds::Computed);
        let computed = Column::new(&column, ColumnType::Integer).nullable().computed(format!("{} * 2", quoted(&of)));
        self.wanted[at].columns.push(computed);
    }

    fn drop_column(&mut self, at: usize, number: usize) {
        let table = &self.wanted[at];
        let columns = self.columns_that(table, |holds, _| !matches!(holds, Holds::Key | Holds::Other));
        let Some(column) = pick(&columns, number).cloned() else { return };
        if columns.len() == 1 {
            return;
        }
        let table = &mut self.wanted[at];
        table.columns.retain(|other| {
            let is_of_it = other.computed.as_ref().is_some_and(|computed| mentions(&computed.sql, &column));
            other.name != column && !is_of_it
        });
        let is_gone = |name: &String| table.columns.iter().all(|column| column.name != *name);
        for column in columns.iter().filter(|column| is_gone(column)) {
            let of_it = self.views.iter_mut().filter(|(of, _)| *of == table.name);
            of_it.for_each(|(_, view)| view.sql = view.sql.replace(&format!(", {}", quoted(column)), ""));
        }
        table.uniques.retain(|unique| !unique.columns.iter().any(is_gone));
        table.indexes.retain(|index| {
            let is_of_it = index.condition.as_ref().is_some_and(|condition| mentions(condition, &column))
                || index
                    .columns
                    .iter()
                    .any(|part| matches!(&part.part, IndexPart::Expression(sql) if mentions(sql, &column)));
            !index.column_names().iter().any(is_gone) && !is_of_it
        });
        table.checks.retain(|check| !mentions(&check.sql, &column));
        table.foreign_keys.retain(|key| !key.columns.iter().any(is_gone));
    }

    fn change_type(&mut self, at: usize, number: usize) {
        let table = &self.wanted[at];
        let columns = self.columns_that(table, |holds, column| {
            let is_read = table.checks.iter().any(|check| mentions(&check.sql, &column.name))
                || table
                    .columns
                    .iter()
                    .any(|other| other.computed.as_ref().is_some_and(|computed| mentions(&computed.sql, &column.name)));
            matches!(holds, Holds::Distinct | Holds::Some) && !is_read
        });
        let Some(name) = pick(&columns, number).cloned() else { return };
        let is_in_key = is_in_key(table, &name);
        let column = self.wanted[at].columns.iter_mut().find(|column| column.name == name).expect("it is one of them");
        let other = match column.column_type {
            ColumnType::Integer => ColumnType::BigInteger,
            ColumnType::BigInteger if number.is_multiple_of(2) && !is_in_key => ColumnType::String(40),
            ColumnType::BigInteger => ColumnType::Integer,
            ColumnType::String(length) if length < 60 => ColumnType::String(length + 20),
            ColumnType::String(_) if !is_in_key => ColumnType::Text,
            ColumnType::Text => ColumnType::String(60),
            ColumnType::Numeric(_) => ColumnType::Numeric(Some((12, 2))),
            _ => return,
        };
        let is_number = matches!(column.column_type, ColumnType::BigInteger);
        if is_number && matches!(other, ColumnType::String(_)) {
            column.server_default = None;
        }
        column.column_type = other;
    }

    /// Gives a key, and what refers to it, more bits or fewer. SQLite counts in a key of 64 bits alone.
    fn change_key_type(&mut self, at: usize) {
        if dialect() == Dialect::Sqlite {
            return;
        }
        let table = self.wanted[at].name.clone();
        let other = match self.wanted[at].columns[0].column_type {
            ColumnType::BigInteger => ColumnType::Integer,
            _ => ColumnType::BigInteger,
        };
        self.wanted[at].columns[0].column_type = other.clone();
        for referring in &mut self.wanted {
            let keys = referring.foreign_keys.iter().filter(|key| key.target_table == table);
            let columns: Vec<String> = keys.flat_map(|key| key.columns.clone()).collect();
            let columns = referring.columns.iter_mut().filter(|column| columns.contains(&column.name));
            columns.for_each(|column| column.column_type = other.clone());
        }
    }

    fn add_index(&mut self, at: usize, number: usize) {
        let is_long = |column: &Column| match &column.column_type {
            ColumnType::Text => true,
            ColumnType::Custom(sql) => sql.to_lowercase().contains("text"),
            _ => false,
        };
        let columns = self.columns_that(&self.wanted[at], |holds, column| holds != Holds::Other && !is_long(column));
        let Some(first) = pick(&columns, number).cloned() else { return };
        let parts = match pick(&columns, number / 4) {
            Some(second) if *second != first && number.is_multiple_of(3) => {
                vec![IndexColumn::column(first.clone()), IndexColumn::column(second.clone()).descending()]
            }
            _ => vec![IndexColumn::column(first.clone())],
        };
        let table = self.wanted[at].name.clone();
        let is_distinct = self.holds(&table, &first) == Holds::Distinct;
        let is_text =
            self.wanted[at].find_column(&first).is_some_and(|of| matches!(of.column_type, ColumnType::String(_)));
        let parts = match dialect() {
            Dialect::Sqlite | Dialect::Postgres if is_text && number.is_multiple_of(7) => {
                vec![IndexColumn::expression(format!("lower({})", quoted(&first)))]
            }
            _ => parts,
        };
        let mut index = Index::new(parts).name(self.name('i'));
        index.is_unique = is_distinct && number.is_multiple_of(4);
        if number.is_multiple_of(5) && matches!(dialect(), Dialect::Sqlite | Dialect::Postgres) {
            index = index.condition(format!("{} IS NOT NULL", quoted(&first)));
        }
        self.wanted[at].indexes.push(index);
    }

    /// Gives a table or a column another name, which `diff` cannot know of: it is done at once.
    async fn rename(&mut self, what: What, at: usize, number: usize) -> Result<(), Error> {
        self.migrate().await?;
        let table = self.wanted[at].name.clone();
        if self.generated.is_some() {
            // MariaDB does not follow the new name, and there is no going back to a view that cannot be read.
            self.drop_views(|of, _| of == table).await?;
        }
        if what == What::RenameTable {
            let to = self.name('t');
            for engine in self.engines() {
                Operation::RenameTable { from: table.as_str().into(), to: to.clone() }.execute(&engine).await?;
            }
            self.wanted[at].name = to.clone();
            for other in &mut self.wanted {
                let keys = other.foreign_keys.iter_mut().filter(|key| key.target_table == table);
                keys.for_each(|key| key.target_table.clone_from(&to));
            }
            for (of, view) in self.views.iter_mut().filter(|(of, _)| *of == table) {
                to.clone_into(of);
                view.sql = view.sql.replace(&quoted(&table), &quoted(&to));
            }
            let columns = self.holds.iter().filter(|((of, _), _)| *of == table);
            let columns: Vec<_> = columns.map(|((_, column), holds)| ((to.clone(), column.clone()), *holds)).collect();
            self.holds.extend(columns);
        } else {
            let columns = self.columns_that(&self.wanted[at], |holds, _| !matches!(holds, Holds::Key | Holds::Other));
            let Some(from) = pick(&columns, number).cloned() else { return Ok(()) };
            // MySQL renames no column that a check names; MariaDB does.
            let own = &self.wanted[at];
            let is_enum = |column: &Column| matches!(column.column_type, ColumnType::Enum { .. });
            let is_named = own.find_column(&from).is_some_and(is_enum)
                || own.checks.iter().any(|check| mentions(&check.sql, &from));
            if dialect() == Dialect::MySql && is_named {
                return Ok(());
            }
            let to = self.name(from.chars().next().unwrap_or('c'));
            for engine in self.engines() {
                Operation::RenameColumn { table: table.as_str().into(), from: from.clone(), to: to.clone() }
                    .execute(&engine)
                    .await?;
            }
            let holds = self.holds(&table, &from);
            self.note(&table, &to, holds);
            rename_column(&mut self.wanted[at], &from, &to);
            let renamed = |sql: &str| sql.replace(&quoted(&from), &quoted(&to));
            self.views.iter_mut().for_each(|(_, view)| view.sql = renamed(&view.sql));
        }
        self.present = self.wanted.clone();
        // Names of constraints are made of those of tables and columns.
        self.migrate().await
    }

    /// The databases that are to have the same tables.
    fn engines(&self) -> Vec<Engine> {
        let empty = self.generated.iter().map(|(_, empty)| empty.clone());
        std::iter::once(self.engine.clone()).chain(empty).collect()
    }

    fn metadata(&self) -> MetaData {
        let domains = self.domains.iter().cloned().fold(MetaData::new(), MetaData::domain);
        let tables = self.wanted.iter().cloned().fold(domains, MetaData::table);
        self.views.iter().map(|(_, view)| view.clone()).fold(tables, MetaData::view)
    }

    /// Leaves out what the rows that are there do not fulfil.
    async fn adjust(&mut self) -> Result<(), Error> {
        for table in &mut self.wanted {
            let Some(present) = self.present.iter().find(|present| present.name == table.name) else { continue };
            for column in &mut table.columns {
                let was = present.columns.iter().find(|other| other.name == column.name);
                let is_filled = was.is_none() && (column.server_default.is_some() || column.is_generated);
                if column.is_nullable || is_filled || was.is_some_and(|was| !was.is_nullable) {
                    continue;
                }
                let empty = was.map_or_else(String::new, |was| format!(" WHERE {} IS NULL", quoted(&was.name)));
                let sql = format!("SELECT count(*) FROM {}{empty}", quoted(&table.name));
                column.is_nullable = text(sql).columns::<i64>().one(&self.engine).await? > 0;
            }
        }
        Ok(())
    }

    /// Makes the database what the metadata says, and compares.
    async fn migrate(&mut self) -> Result<(), Error> {
        self.adjust().await?;
        let before = self.read_all(&self.present).await?;
        let wanted = self.metadata();
        let diff = wanted.diff(&MetaData::reflect(&self.engine).await?)?;
        let failed = |error: Error| Error::other(format!("{diff}\n{:#?}\n{error}", diff.to_sql(dialect())));
        match &self.generated {
            None => diff.execute(&self.engine).await.map_err(failed)?,
            Some((folder, empty)) => by_revisions(&self.engine, empty, folder, &wanted).await?,
        }
        wanted.check(&self.engine).await.map_err(failed)?;
        self.present.clone_from(&self.wanted);
        let after = self.read_all(&self.wanted).await?;
        for (of, view) in &self.views {
            let rows = text(format!("SELECT id FROM {} ORDER BY id", quoted(&view.name)))
                .columns::<i64>()
                .all(&self.engine)
                .await;
            let rows = rows.map_err(failed)?;
            assert!(rows.iter().eq(after[of].keys()), "{}: {rows:?}\n{diff}", view.name);
        }
        for (table, rows) in &before {
            let Some(now) = after.get(table) else { continue };
            assert!(rows.keys().eq(now.keys()), "rows of {table}: {:?} -> {:?}\n{diff}", rows.keys(), now.keys());
            for (id, row) in rows {
                for (column, value) in row {
                    let Some(other) = now[id].get(column) else { continue };
                    assert_eq!(value, other, "{table}.{column} of {id}\n{diff}");
                }
            }
        }
        Ok(())
    }

    async fn read_all(&self, tables: &[Table]) -> Result<BTreeMap<String, Rows>, Error> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let mut all = BTreeMap::new();
        let mut connection = self.engine.connect().await?;
        for table in tables {
            let kind = if matches!(dialect(), Dialect::Sqlite | Dialect::Postgres) { "TEXT" } else { "CHAR(100)" };
            let columns: Vec<String> = table.columns.iter().map(|column| quoted(&column.name)).collect();
            let cast: Vec<String> = columns.iter().map(|column| format!("CAST({column} AS {kind})")).collect();
            // Words of their own, since a table that has changed is no longer what a statement was prepared for.
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let sql = format!("SELECT id, {} FROM {} /* {number} */", cast.join(", "), quoted(&table.name));
            let mut found = connection.exec_driver_sql(&sql, ()).await?;
            let mut rows = Rows::new();
            for record in found.fetch_all() {
                let cells = columns.iter().enumerate().map(|(at, column)| {
                    let value: Option<String> = record.get(at + 1).expect("it is a text");
                    ((*column).to_owned(), value)
                });
                rows.insert(record.get(0)?, cells.collect());
            }
            all.insert(table.name.clone(), rows);
        }
        connection.close().await?;
        Ok(all)
    }

    /// Adds rows to a table that is there.
    async fn add_rows(&mut self, number: usize, count: usize) -> Result<(), Error> {
        let Some(table) = pick(&self.present, number).cloned() else { return Ok(()) };
        for _ in 0..=count % 3 {
            self.rows += 1;
            let (mut names, mut values) = (Vec::new(), Vec::new());
            for column in &table.columns {
                let value = match self.holds(&table.name, &column.name) {
                    Holds::Key if generates(column) => continue,
                    Holds::Key => self.rows.to_string(),
                    Holds::Computed | Holds::Other => continue,
                    _ if column.is_nullable && (self.rows + number).is_multiple_of(3) => "NULL".to_owned(),
                    _ if column.server_default.is_some() && self.rows.is_multiple_of(2) => continue,
                    Holds::Reference => self.key_for(&table, &column.name).await?,
                    Holds::Distinct | Holds::Some => literal(column, self.rows),
                };
                names.push(quoted(&column.name));
                values.push(value);
            }
            let sql = match (names.is_empty(), dialect()) {
                (true, Dialect::Sqlite | Dialect::Postgres) => {
                    format!("INSERT INTO {} DEFAULT VALUES", quoted(&table.name))
                }
                _ => {
                    format!("INSERT INTO {} ({}) VALUES ({})", quoted(&table.name), names.join(", "), values.join(", "))
                }
            };
            text(sql).execute(&self.engine).await?;
        }
        Ok(())
    }

    /// The key of some row that a column may refer to.
    async fn key_for(&self, table: &Table, column: &str) -> Result<String, Error> {
        let Some(key) = table.foreign_keys.iter().find(|key| key.columns == [column]) else { return Ok("NULL".into()) };
        let sql = format!("SELECT max(id) FROM {}", quoted(&key.target_table));
        let max = text(sql).columns::<Option<i64>>().one(&self.engine).await?;
        Ok(max.map_or_else(|| "NULL".to_owned(), |max| max.to_string()))
    }
}

/// Puts a name in quotes.
fn quoted(name: &str) -> String {
    let quote = if matches!(dialect(), Dialect::Sqlite | Dialect::Postgres) { '"' } else { '`' };
    format!("{quote}{name}{quote}")
}

/// Returns whether a key comes by itself.
fn generates(key: &Column) -> bool {
    key.is_generated || key.identity.is_some()
}

/// Returns whether a column has labels of this type.
fn is_of(column: &Column, type_name: &str) -> bool {
    matches!(&column.column_type, ColumnType::Enum { name, .. } if name == type_name)
}

fn rename_column(table: &mut Table, from: &str, to: &str) {
    let rename = |name: &mut String| {
        if name == from {
            to.clone_into(name);
        }
    };
    table.columns.iter_mut().for_each(|column| {
        rename(&mut column.name);
        if let Some(computed) = &mut column.computed {
            computed.sql = computed.sql.replace(&quoted(from), &quoted(to));
        }
    });
    table.uniques.iter_mut().for_each(|unique| unique.columns.iter_mut().for_each(rename));
    table.foreign_keys.iter_mut().for_each(|key| key.columns.iter_mut().for_each(rename));
    table.checks.iter_mut().for_each(|check| check.sql = check.sql.replace(&quoted(from), &quoted(to)));
    for index in &mut table.indexes {
        let parts = index.columns.iter().map(|part| {
            let mut renamed = match (&part.part, part.name()) {
                (IndexPart::Expression(sql), _) => IndexColumn::expression(sql.replace(&quoted(from), &quoted(to))),
                (_, name) => {
                    let name = name.expect("it is of columns");
                    IndexColumn::column(if name == from { to } else { name })
                }
            };
            renamed.is_descending = part.is_descending;
            renamed
        });
        index.columns = parts.collect();
        index.condition = index.condition.as_ref().map(|condition| condition.replace(&quoted(from), &quoted(to)));
    }
}

/// Generates what leads to the metadata, and applies it; to the empty database also there and back.
async fn by_revisions(engine: &Engine, empty: &Engine, folder: &Folder, wanted: &MetaData) -> Result<(), Error> {
    let files = folder.migrations().generate(engine, wanted, "step").await?;
    let texts = files.iter().map(|file| std::fs::read_to_string(file).expect("it was written just now"));
    let texts = texts.collect::<Vec<_>>().join("\n----\n");
    let failed = |error: Error| Error::other(format!("{error}\n{texts}"));
    let migrations = folder.migrations();
    migrations.upgrade(engine).await.map_err(failed)?;
    if files.is_empty() {
        return Ok(());
    }
    let before = MetaData::reflect(empty).await?;
    for is_last in [false, true] {
        migrations.upgrade(empty).await.map_err(failed)?;
        migrations.check(empty, wanted).await.map_err(failed)?;
        if !is_last {
            migrations.downgrade(empty, &format!("-{}", files.len())).await.map_err(failed)?;
            let now = MetaData::reflect(empty).await?;
            let left = [before.diff(&now)?, now.diff(&before)?];
            let is_same = left.iter().all(orm::schema::Diff::is_empty);
            assert!(is_same, "back there is left:\n{}\n--\n{}\n{texts}", left[0], left[1]);
        }
    }
    Ok(())
}

/// Runs steps over an empty database.
async fn run(engine: &Engine, steps: &[Step<What>], is_generated: bool) -> Result<(), String> {
    let (engine, steps) = (engine.clone(), steps.to_vec());
    let empty = empty_engine().await;
    let task = tokio::spawn(async move {
        for view in MetaData::reflect(&engine).await?.views() {
            text(format!("DROP VIEW {}", quoted(&view.name))).execute(&engine).await?;
        }
        MetaData::new().diff(&MetaData::reflect(&engine).await?)?.execute(&engine).await?;
        if dialect() == Dialect::Postgres {
            text("DROP TYPE IF EXISTS e0, e1, e2").execute(&engine).await?;
            text("DROP DOMAIN IF EXISTS d0, d1").execute(&engine).await?;
        }
        let folder = Folder::new();
        if is_generated {
            folder.migrations().stamp(&engine, "base").await?;
            folder.migrations().stamp(&empty, "base").await?;
        }
        let mut run = Run::new(engine);
        run.generated = is_generated.then_some((folder, empty));
        for step in steps {
            run.step(step).await?;
        }
        run.migrate().await?;
        let names: BTreeSet<String> = run.present.iter().map(|table| table.name.clone()).collect();
        let found = MetaData::reflect(&run.engine).await?.tables()?;
        let found = found.into_iter().map(|table| table.name).filter(|name| name != "orm_migrations");
        assert_eq!(names, found.collect());
        Ok(())
    });
    told(task).await
}

#[tokio::test]
async fn every_change_of_metadata_can_be_generated_and_goes_there_and_back() {
    let engine = empty_engine().await;
    let runs = if dialect() == Dialect::Sqlite { 20 } else { 3 };
    let steps_of = |random: &mut Random, count| random.steps_of(WHATS, count);
    check_so_many(runs, steps_of, async |steps| run(&engine, steps, true).await).await;
}

#[tokio::test]
async fn every_change_of_metadata_is_done_and_nothing_else_is_lost() {
    let engine = empty_engine().await;
    // Servers take their time over tables.
    let runs = if dialect() == Dialect::Sqlite { 60 } else { 10 };
    let steps_of = |random: &mut Random, count| random.steps_of(WHATS, count);
    check_so_many(runs, steps_of, async |steps| run(&engine, steps, false).await).await;
}
