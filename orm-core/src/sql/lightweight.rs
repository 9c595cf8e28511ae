//! Tables that no model stands for: a name and the names of columns, to be used in every kind of statement.

use orm_pool::Kind;

use super::from::{FromItem, FromTarget};
use super::{DeleteNode, Expr, InsertNode, Node, Operand, Predicate, Render, Statement, UpdateNode, Write, executes};
use crate::dialect::Dialect;
use crate::error::{Error, ErrorKind, Result};
use crate::mapper::{Alias, ColumnShape, Definition, Mapper, Shape};
use crate::types::SqlType;

/// The name of a column of a [`LightTable`]; [`column()`] makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LightColumn(String);

/// Names a column of a [`table`].
pub fn column(name: impl Into<String>) -> LightColumn {
    LightColumn(name.into())
}

/// A table without a model: what [`table`] makes. SQLAlchemy's `table()`.
#[derive(Clone, Copy, Debug)]
pub struct LightTable {
    mapper: &'static Mapper,
    alias: Alias,
}

/// Names a table and its columns, for statements about a table that no model stands for.
///
/// What a column holds is said where it is used, by [`c`](LightTable::c). The names are kept for the life of the program,
/// once for each table.
///
/// ```
/// # use orm_core::{Dialect, Engine, column, select, table, text};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), orm_core::Error> {
/// # let engine = Engine::new("sqlite::memory:")?;
/// # text("CREATE TABLE user (id INTEGER PRIMARY KEY, name TEXT)").execute(&engine).await?;
/// let user = table("user", [column("id"), column("name")]);
/// user.insert().set("id", 1).set("name", "ed").execute(&engine).await?;
/// user.update().set("name", "edward").filter(user.c::<i64>("id").eq(1)).execute(&engine).await?;
///
/// let found = select((user.c::<i64>("id"), user.c::<String>("name"))).filter(user.c::<i64>("id").gt(0));
/// assert_eq!(found.to_sql(Dialect::Postgres), r#"SELECT "user".id, "user".name FROM "user" WHERE "user".id > $1"#);
/// assert_eq!(found.all(&engine).await?, [(1, "edward".to_owned())]);
/// assert_eq!(user.delete().filter(user.c::<i64>("id").eq(1)).execute(&engine).await?, 1);
/// # Ok(())
/// # }
/// ```
pub fn table(name: &str, columns: impl IntoIterator<Item = LightColumn>) -> LightTable {
    LightTable { mapper: mapper(None, name, columns.into_iter().map(|column| column.0)), alias: Alias::NONE }
}

/// Returns the mapper of a table of which only names are known: what a column holds is said where it is used.
fn mapper(schema: Option<&str>, name: &str, columns: impl Iterator<Item = String>) -> &'static Mapper {
    Mapper::of_table(Shape {
        schema: schema.map(str::to_owned),
        name: name.to_owned(),
        columns: columns.map(|name| ColumnShape { name, nullable: true, kind: Kind::Text, sql_type: None }).collect(),
        key: Vec::new(),
        is_light: true,
    })
}

impl LightTable {
    /// The same table in a schema.
    #[must_use]
    pub fn schema(self, schema: &str) -> Self {
        let Definition { table, columns, .. } = self.mapper.definition();
        let columns = columns.iter().map(|column| column.name.to_owned());
        LightTable { mapper: mapper(Some(schema), table, columns), ..self }
    }

    /// The same table under another name, to be used twice in a statement.
    #[must_use]
    pub fn alias(self, name: &str) -> Self {
        LightTable { alias: Alias::new(name), ..self }
    }

    /// A column by its name, which holds a `T`. A name that the table does not have is an error of the statement.
    pub fn c<T: SqlType>(self, name: &str) -> Expr<T> {
        Expr::new(match self.position(name) {
            Ok(column) => Node::Column { mapper: self.mapper, column, alias: self.alias }.of_kind(T::KIND),
            Err(error) => Node::Refused(Box::new(error)),
        })
    }

    /// INSERT of a row into it.
    pub fn insert(self) -> LightInsert {
        LightInsert { table: self, sets: Ok(Vec::new()) }
    }

    /// UPDATE of its rows: all of them, unless there is a filter.
    pub fn update(self) -> LightUpdate {
        LightUpdate { table: self, sets: Ok(Vec::new()), filters: Vec::new() }
    }

    /// DELETE of its rows: all of them, unless there is a filter.
    pub fn delete(self) -> LightDelete {
        LightDelete { table: self, filters: Vec::new() }
    }

    fn position(self, name: &str) -> Result<u16> {
        let Definition { table, columns, .. } = self.mapper.definition();
        columns.iter().position(|column| column.name == name).map(|position| position as u16).ok_or_else(|| {
            let known: Vec<String> = columns.iter().map(|column| format!("`{}`", column.name)).collect();
            Error::new(ErrorKind::Compile, format!("table `{table}` has no column `{name}`"))
                .hint(format!("its columns are {}", known.join(", ")))
        })
    }

    fn set(self, sets: &mut Result<Vec<(u16, Node)>>, name: &str, value: Node) {
        match (self.position(name), sets.as_mut()) {
            (Ok(column), Ok(sets)) => sets.push((column, value)),
            (Err(error), Ok(_)) => *sets = Err(error),
            (_, Err(_)) => {}
        }
    }
}

impl FromTarget for LightTable {
    fn __item(self) -> FromItem {
        FromItem::table(self.mapper, self.alias)
    }
}

/// An INSERT into a [`LightTable`].
#[derive(Clone, Debug)]
pub struct LightInsert {
    table: LightTable,
    sets: Result<Vec<(u16, Node)>>,
}

impl LightInsert {
    /// Gives a column a value or an expression.
    #[must_use]
    pub fn set(mut self, column: &str, value: impl Operand) -> Self {
        self.table.set(&mut self.sets, column, value.__operand());
        self
    }

    fn statements(&self) -> Result<Vec<Statement>> {
        let (columns, row) = self.sets.clone()?.into_iter().unzip();
        Ok(vec![Statement::Insert(Box::new(InsertNode::rows(self.table.mapper, columns, vec![row])))])
    }
}

/// An UPDATE of a [`LightTable`].
#[derive(Clone, Debug)]
pub struct LightUpdate {
    table: LightTable,
    sets: Result<Vec<(u16, Node)>>,
    filters: Vec<Node>,
}

impl LightUpdate {
    /// Sets a column to a value or an expression.
    #[must_use]
    pub fn set(mut self, column: &str, value: impl Operand) -> Self {
        self.table.set(&mut self.sets, column, value.__operand());
        self
    }

    /// WHERE; several are joined by AND.
    #[must_use]
    pub fn filter(mut self, condition: impl Predicate) -> Self {
        self.filters.push(condition.__predicate());
        self
    }

    fn statements(&self) -> Result<Vec<Statement>> {
        let node = UpdateNode::new(self.table.mapper, self.sets.clone()?, self.filters.clone());
        Ok(vec![Statement::Update(Box::new(node))])
    }
}

/// A DELETE from a [`LightTable`].
#[derive(Clone, Debug)]
pub struct LightDelete {
    table: LightTable,
    filters: Vec<Node>,
}

impl LightDelete {
    /// WHERE; several are joined by AND.
    #[must_use]
    pub fn filter(mut self, condition: impl Predicate) -> Self {
        self.filters.push(condition.__predicate());
        self
    }

    fn statements(&self) -> Result<Vec<Statement>> {
        Ok(vec![Statement::Delete(Box::new(DeleteNode::new(self.table.mapper, self.filters.clone())))])
    }
}

/// Calls a stored procedure: `CALL name(…)`, which SQLite does not have.
///
/// The name is taken as it stands; the arguments are a tuple of expressions.
///
/// ```
/// # use orm_core::{Dialect, call, literal};
/// let pay = call("pay", (literal(7i64), literal("ed".to_owned())));
/// assert_eq!(pay.to_sql(Dialect::Postgres), "CALL pay($1, $2)");
/// assert_eq!(pay.to_sql(Dialect::Sqlite), "CALL is not supported on dialect sqlite");
/// ```
pub fn call(name: &'static str, arguments: impl super::func::Arguments) -> Call {
    let mut list = Vec::new();
    arguments.__arguments(&mut list);
    Call { node: super::expr::function(name, list, super::Nullability::Own) }
}

/// The call of a stored procedure; [`call`] makes it.
#[derive(Clone, Debug)]
pub struct Call {
    node: Node,
}

impl Call {
    fn statements(&self) -> Vec<Statement> {
        let node = Node::Template { template: &super::template::CALL, arguments: vec![self.node.clone()] };
        // It may write: text that begins with none of the words of reading is taken to.
        let parts = vec![super::TextPart::Sql(String::new()), super::TextPart::Parameter(node)];
        vec![Statement::Text(Box::new(super::TextNode { parts, model: None }))]
    }
}

macro_rules! statements {
    ($($type:ident, |$this:ident| $statements:expr;)*) => { $(
        impl Write for $type {
            fn __statements(self) -> Result<Vec<Statement>> { let $this = &self; $statements }
        }
        impl Render for $type {
            fn __rendered(&self) -> Result<Vec<Statement>> { let $this = self; $statements }
        }
        impl $type {
            /// Returns the SQL for a dialect, with placeholders for the values. It needs no database.
            ///
            /// A statement that cannot be rendered gives the error's text.
            pub fn to_sql(&self, dialect: Dialect) -> String { Render::to_sql(self, dialect) }

            /// Returns the SQL for a dialect with the values in its text.
            pub fn to_sql_literal(&self, dialect: Dialect) -> String { Render::to_sql_literal(self, dialect) }
        }
    )* };
}
statements! {
    LightInsert, |this| this.statements();
    LightUpdate, |this| this.statements();
    LightDelete, |this| this.statements();
    Call, |this| Ok(this.statements());
}
executes! { {} LightInsert; {} LightUpdate; {} LightDelete; {} Call; }
