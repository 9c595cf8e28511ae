//! Statements over a table that no model has: `users.c("name")`, `users.insert()`, `users.update()`, `users.delete()`.
//!
//! In: a [`Table`], names of its columns. Out: the same nodes as of a model's statements, over a [`Mapper`] that is made
//! of the table.

use orm_pool::{Kind, Value};

use super::Table;
use crate::dialect::Dialect;
use crate::engine::Request;
use crate::error::{Error, ErrorKind, Result, or_panic};
use crate::mapper::{Alias, ColumnShape, Mapper, Selectable, Shape};
use crate::sql::{
    Bind, DeleteNode, Expr, InsertNode, Node, Predicate, Returning, Statement, UpdateNode, Write, executes,
};
use crate::types::{ColumnType, SqlType};

impl Table {
    /// Returns a column, as an expression of this Rust type, for statements without a model.
    ///
    /// ```
    /// # use orm_core::{ColumnType, Engine, schema::{Column, Table}, select};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// let users = Table::new("users")
    ///     .column(Column::new("id", ColumnType::BigInteger).generated())
    ///     .column(Column::new("name", ColumnType::String(50)))
    ///     .primary_key(["id"]);
    /// users.create(&engine).await?;
    /// users.insert().set("name", "ed").next_row().set("name", "wendy").execute(&engine).await?;
    ///
    /// let (id, name) = (users.c::<i64>("id"), users.c::<String>("name"));
    /// users.update().set("name", "edward").filter(name.clone().eq("ed")).execute(&engine).await?;
    /// let found = select((id.clone(), name.clone())).filter(name.clone().like("e%")).all(&engine).await?;
    /// assert_eq!(found, [(1, "edward".to_owned())]);
    ///
    /// let gone = users.delete().filter(id.gt(1)).returning(name).all(&engine).await?;
    /// assert_eq!(gone, ["wendy"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Panics when there is no such column; [`try_c`](Self::try_c) gives the error.
    #[track_caller]
    pub fn c<T: SqlType>(&self, name: &str) -> Expr<T> {
        or_panic(self.try_c(name))
    }

    /// Returns a column, if there is one with this name.
    ///
    /// # Errors
    ///
    /// Fails when there is none, with the names of those that there are.
    pub fn try_c<T: SqlType>(&self, name: &str) -> Result<Expr<T>> {
        let column = self.position(name)?;
        let mapper = mapper(self);
        let node = Node::Column { mapper, column, alias: Alias::NONE };
        let is_told = mapper.definition().columns[usize::from(column)].kind == T::KIND;
        Ok(Expr::new(if is_told { node } else { node.of_kind(T::KIND) }))
    }

    /// Starts an INSERT of values by the names of columns.
    pub fn insert(&self) -> TableInsert {
        TableInsert { table: self.clone(), rows: vec![Ok(Vec::new())] }
    }

    /// Starts an UPDATE. Without a filter it changes every row.
    pub fn update(&self) -> TableUpdate {
        TableUpdate { table: self.clone(), sets: Ok(Vec::new()), filters: Vec::new() }
    }

    /// Starts a DELETE. Without a filter it deletes every row.
    pub fn delete(&self) -> TableDelete {
        TableDelete { table: self.clone(), filters: Vec::new() }
    }

    fn position(&self, name: &str) -> Result<u16> {
        let found = self.columns.iter().position(|column| column.name == name);
        found.and_then(|position| u16::try_from(position).ok()).ok_or_else(|| self.no_column(name))
    }

    #[cold]
    fn no_column(&self, name: &str) -> Error {
        let known: Vec<String> = self.columns.iter().map(|column| format!("`{}`", column.name)).collect();
        let message = format!("table `{}` has no column `{name}`", self.full_name());
        Error::new(ErrorKind::Argument, message).hint(format!("it has {}", known.join(", ")))
    }
}

/// Casts a value to the type of labels that a column has on PostgreSQL, which takes no text for one.
fn labelled(table: &Table, column: u16, value: Node) -> Node {
    let column_type = &table.columns[usize::from(column)].column_type;
    match (column_type, value) {
        (ColumnType::Enum { is_native: true, .. }, Node::Bind(value @ Value::Text(_))) => {
            Node::Cast { operand: Box::new(Node::Bind(value)), column_type: Box::new(column_type.clone()) }
        }
        (_, value) => value,
    }
}

/// Values for columns by their positions, or the first name that is no column's.
type Sets = Result<Vec<(u16, Node)>>;

fn set(table: &Table, sets: &mut Sets, name: &str, value: Node) {
    if let Ok(known) = sets {
        match table.position(name) {
            Ok(column) => {
                let value = labelled(table, column, value);
                known.retain(|(set, _)| *set != column);
                known.push((column, value));
            }
            Err(error) => *sets = Err(error),
        }
    }
}

/// An INSERT into a table without a model.
#[derive(Clone, Debug)]
#[must_use]
pub struct TableInsert {
    table: Table,
    rows: Vec<Sets>,
}

impl TableInsert {
    /// Gives a column of the row a value.
    pub fn set(mut self, column: &str, value: impl Bind) -> Self {
        if let Some(row) = self.rows.last_mut() {
            set(&self.table, row, column, value.__bind());
        }
        self
    }

    /// Begins another row, of the same columns.
    pub fn next_row(mut self) -> Self {
        self.rows.push(Ok(Vec::new()));
        self
    }

    /// Gives values of the inserted rows.
    pub fn returning<S: Selectable>(self, selected: S) -> Returning<S::Row> {
        let node = self.node().map(|mut node| {
            selected.__outputs(&mut node.returning);
            Statement::Insert(Box::new(node))
        });
        returning(node)
    }

    fn node(self) -> Result<InsertNode> {
        let mut rows = self.rows.into_iter().collect::<Result<Vec<_>>>()?;
        rows.iter_mut().for_each(|row| row.sort_by_key(|(column, _)| *column));
        let columns = |row: &[(u16, Node)]| row.iter().map(|(column, _)| *column).collect::<Vec<_>>();
        let first = rows.first().map(|row| columns(row)).unwrap_or_default();
        if rows.iter().any(|row| columns(row) != first) {
            let message = format!("the rows for table `{}` set different columns", self.table.full_name());
            return Err(Error::new(ErrorKind::Argument, message).hint("insert them by several statements"));
        }
        let values = rows.into_iter().map(|row| row.into_iter().map(|(_, value)| value).collect()).collect();
        Ok(InsertNode::rows(mapper(&self.table), first, values))
    }
}

impl Write for TableInsert {
    fn __statements(self) -> Result<Vec<Statement>> {
        Ok(vec![Statement::Insert(Box::new(self.node()?))])
    }
}

/// An UPDATE of a table without a model.
#[derive(Clone, Debug)]
#[must_use]
pub struct TableUpdate {
    table: Table,
    sets: Sets,
    filters: Vec<Node>,
}

impl TableUpdate {
    /// Sets a column to a value.
    pub fn set(mut self, column: &str, value: impl Bind) -> Self {
        set(&self.table, &mut self.sets, column, value.__bind());
        self
    }

    /// Sets a column to an expression, such as one of other columns.
    pub fn set_to<T: SqlType>(mut self, column: &str, expression: Expr<T>) -> Self {
        set(&self.table, &mut self.sets, column, expression.into());
        self
    }

    /// WHERE; several are joined by AND.
    pub fn filter(mut self, condition: impl Predicate) -> Self {
        self.filters.push(condition.__predicate());
        self
    }

    /// Gives values of the changed rows.
    pub fn returning<S: Selectable>(self, selected: S) -> Returning<S::Row> {
        let node = self.node().map(|mut node| {
            selected.__outputs(&mut node.rows.returning);
            Statement::Update(Box::new(node))
        });
        returning(node)
    }

    fn node(self) -> Result<UpdateNode> {
        let sets = self.sets?;
        if sets.is_empty() {
            let message = format!("the update of table `{}` sets no column", self.table.full_name());
            return Err(Error::new(ErrorKind::Argument, message).hint("add `.set(column, value)`"));
        }
        Ok(UpdateNode::new(mapper(&self.table), sets, self.filters))
    }
}

impl Write for TableUpdate {
    fn __statements(self) -> Result<Vec<Statement>> {
        Ok(vec![Statement::Update(Box::new(self.node()?))])
    }
}

/// A DELETE from a table without a model.
#[derive(Clone, Debug)]
#[must_use]
pub struct TableDelete {
    table: Table,
    filters: Vec<Node>,
}

impl TableDelete {
    /// WHERE; several are joined by AND.
    pub fn filter(mut self, condition: impl Predicate) -> Self {
        self.filters.push(condition.__predicate());
        self
    }

    /// Gives values of the deleted rows.
    pub fn returning<S: Selectable>(self, selected: S) -> Returning<S::Row> {
        let mut node = DeleteNode::new(mapper(&self.table), self.filters);
        selected.__outputs(&mut node.rows.returning);
        returning(Ok(Statement::Delete(Box::new(node))))
    }
}

impl Write for TableDelete {
    fn __statements(self) -> Result<Vec<Statement>> {
        Ok(vec![Statement::Delete(Box::new(DeleteNode::new(mapper(&self.table), self.filters)))])
    }
}

executes! { {} TableInsert; {} TableUpdate; {} TableDelete; }

fn returning<S>(statement: Result<Statement>) -> Returning<S> {
    Returning::of(statement.map(|statement| Request::new([statement], Vec::new())))
}

/// Returns the mapper of a table without a model.
fn mapper(table: &Table) -> &'static Mapper {
    let column = |column: &super::Column| ColumnShape {
        name: column.name.clone(),
        nullable: column.is_nullable,
        kind: kind(&column.column_type),
        sql_type: match column.type_on(Dialect::Postgres) {
            ColumnType::Custom(sql) => Some(sql.to_string()),
            _ => None,
        },
    };
    Mapper::of_table(Shape {
        schema: table.schema.clone(),
        name: table.name.clone(),
        columns: table.columns.iter().map(column).collect(),
        key: table.primary_key.columns.iter().filter_map(|name| table.position(name).ok()).collect(),
        is_light: false,
    })
}

/// Returns the type of parameters for a column.
fn kind(column_type: &ColumnType) -> Kind {
    match column_type {
        ColumnType::Boolean => Kind::Bool,
        ColumnType::SmallInteger => Kind::Int16,
        ColumnType::Integer => Kind::Int32,
        ColumnType::BigInteger => Kind::Int64,
        ColumnType::Real => Kind::Float32,
        ColumnType::Double | ColumnType::Float(_) => Kind::Float64,
        ColumnType::LargeBinary => Kind::Bytes,
        ColumnType::Date => Kind::Date,
        ColumnType::Time => Kind::Time,
        ColumnType::DateTime => Kind::DateTime,
        ColumnType::Timestamp => Kind::Timestamp,
        ColumnType::Uuid => Kind::Uuid,
        ColumnType::Numeric(_) => Kind::Decimal,
        ColumnType::Json => Kind::Json,
        ColumnType::Range(item) => match kind(item) {
            Kind::Int32 => Kind::Range(&Kind::Int32),
            Kind::Int64 => Kind::Range(&Kind::Int64),
            Kind::Decimal => Kind::Range(&Kind::Decimal),
            Kind::Date => Kind::Range(&Kind::Date),
            Kind::DateTime => Kind::Range(&Kind::DateTime),
            Kind::Timestamp => Kind::Range(&Kind::Timestamp),
            _ => Kind::Text,
        },
        ColumnType::Interval => Kind::Interval,
        ColumnType::Inet => <std::net::IpAddr as crate::types::SqlType>::KIND,
        ColumnType::Domain { base, .. } => kind(base),
        _ => Kind::Text,
    }
}
