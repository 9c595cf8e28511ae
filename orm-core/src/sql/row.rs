//! Structs with `#[derive(Row)]`: what a row of several columns becomes, by the names of its fields.

use std::marker::PhantomData;

use super::names::output_columns;
use super::node::{RustType, TypeFacts};
use super::{Node, Output, SelectNode};
use crate::error::{Error, ErrorKind, without_paths};
use crate::mapper::{RowType, Selectable};

/// A struct with `#[derive(Row)]`: [`into_rows`](crate::Select::into_rows) finds its fields by name.
#[diagnostic::on_unimplemented(
    message = "the fields of `{Self}` are not known",
    note = "add `#[derive(Row)]` to it; a struct with a flattened field is filled by position: `select(Name.of(…))`"
)]
pub trait NamedRow: RowType {
    #[doc(hidden)]
    const FIELDS: &'static [&'static str];

    #[doc(hidden)]
    fn __field_types() -> Vec<RustType>;
}

/// What the constant that bears the name of a struct with `#[derive(Row)]` is.
pub trait RowStruct {
    /// Its type.
    type Selection;
    /// Its value.
    const SELECTION: Self::Selection;
}

/// What fills a field of type `T` of a struct with `#[derive(Row)]`: what gives a `T` when it is selected.
pub trait Fills<T>: Selectable {}
impl<T, S: Selectable> Fills<T> for S where S::Row: FieldOf<T> {}

/// The type of a field, and what is selected for it.
#[diagnostic::on_unimplemented(
    message = "a field of type `{T}` cannot be filled by what gives a `{Self}`",
    label = "this gives a `{Self}`, and the field is a `{T}`",
    note = "a column that may be NULL, or that `optional` gives, needs an `Option` for its field"
)]
pub trait FieldOf<T> {}
impl<T> FieldOf<T> for T {}

/// Selects what fills a field; the derive calls it.
pub fn fill<T, S: Fills<T>>(selected: S, outputs: &mut Vec<Output>) {
    selected.__outputs(outputs);
}

/// What is selected for the fields of a struct with `#[derive(Row)]`, one after the other.
#[derive(Clone, Debug)]
pub struct Projection<R> {
    outputs: Vec<Output>,
    row: PhantomData<fn() -> R>,
}

impl<R> Projection<R> {
    #[doc(hidden)]
    pub fn __new(outputs: Vec<Output>) -> Self {
        Projection { outputs, row: PhantomData }
    }
}

impl<R: RowType> Selectable for Projection<R> {
    type Row = R;

    fn __outputs(mut self, outputs: &mut Vec<Output>) {
        outputs.append(&mut self.outputs);
    }
}

/// Puts what a query selects into the order of the fields of `R`.
pub(crate) fn into_named<R: NamedRow>(node: &mut SelectNode) {
    let row = std::any::type_name::<R>().rsplit("::").next().unwrap_or_default();
    let fields: Vec<(&str, RustType)> = R::FIELDS.iter().copied().zip(R::__field_types()).collect();
    node.outputs = match ordered(node, row, &fields) {
        Ok(outputs) => outputs,
        Err(error) => vec![Output::expression(Node::Refused(Box::new(error)), true)],
    };
}

fn ordered(node: &SelectNode, row: &str, fields: &[(&str, RustType)]) -> Result<Vec<Output>, Error> {
    let columns = output_columns(&node.outputs, Some(node));
    let mut outputs = Vec::new();
    for (position, &(field, wanted)) in fields.iter().enumerate() {
        let wanted = wanted.facts();
        let found = columns.iter().position(|(name, _)| name == field).ok_or_else(|| missing(row, field, &columns))?;
        let output = &columns[found].1;
        if let Some(given) = output.rust.map(RustType::facts) {
            let is_null = output.nullable && !wanted.nullable;
            if given.plain != wanted.plain || is_null {
                return Err(mismatch(row, field, wanted, given, output.nullable));
            }
        }
        if node.set.is_some() && found != position {
            let message = format!("the fields of `{row}` are not in the order of what a compound selects");
            return Err(Error::new(ErrorKind::Compile, message)
                .hint("select from the compound as a subquery, whose columns can be put into any order"));
        }
        outputs.push(Output { nullable: wanted.nullable, ..output.clone() });
    }
    if node.set.is_some() && columns.len() != fields.len() {
        let message = format!("a compound selects {} columns, and `{row}` has {} fields", columns.len(), fields.len());
        return Err(Error::new(ErrorKind::Compile, message));
    }
    Ok(outputs)
}

fn missing(row: &str, field: &str, columns: &[(String, Output)]) -> Error {
    let names: Vec<String> = columns.iter().map(|(name, _)| format!("`{name}`")).collect();
    Error::new(ErrorKind::Compile, format!("nothing that is selected is called `{field}`, as a field of `{row}` is"))
        .hint(format!("there is {}; `.label(\"{field}\")` gives an expression that name", names.join(", ")))
}

fn mismatch(row: &str, field: &str, wanted: TypeFacts, given: TypeFacts, is_null: bool) -> Error {
    let named = |name: &str, nullable: bool| {
        let name = without_paths(name);
        if nullable { format!("Option<{name}>") } else { name }
    };
    let message = format!(
        "the field `{field}` of `{row}` is a `{}`, and what is selected under that name is a `{}`",
        named(wanted.name, wanted.nullable),
        named(given.name, is_null)
    );
    Error::new(ErrorKind::Compile, message)
}
