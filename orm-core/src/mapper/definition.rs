//! What the derive writes down of a model: constant data, made by `const` functions that read like the attributes.

use std::any::Any;
use std::fmt::Display;
use std::ops::{Deref, Range};

use orm_pool::Kind;

use super::{Mapper, Model, Object};
use crate::dialect::Dialect;
use crate::schema::{Deferrable, Identity};
use crate::sql::{Node, OrderItem};
use crate::types::{ColumnType, SqlType};

/// A model as its source says it.
#[derive(Debug)]
pub struct Definition {
    /// The struct's name.
    pub name: &'static str,
    /// The table's name.
    pub table: &'static str,
    /// The table's schema, if not the default one.
    pub schema: Option<&'static str>,
    /// Where the struct stands: file and line.
    pub location: (&'static str, u32),
    /// The columns, in the order of the fields.
    pub columns: &'static [Column],
    /// The positions of the primary key's columns.
    pub key: &'static [u16],
    /// The relationships, in the order of the fields.
    pub relationships: &'static [RelationshipDefinition],
    /// Unique constraints over several columns, by position.
    pub uniques: &'static [IndexDefinition],
    /// Indexes over several columns, by position.
    pub indexes: &'static [IndexDefinition],
    /// Check constraints.
    pub checks: &'static [CheckDefinition],
    /// Foreign keys over several columns.
    pub foreign_keys: &'static [ForeignKeyGroup],
    /// The position of the version column.
    pub version: Option<u16>,
    /// What checks values and objects before they are written.
    pub validators: &'static [Validator],
    /// A comment on the table.
    pub comment: Option<&'static str>,
    /// Options for single dialects, such as `("mysql_engine", "InnoDB")`.
    pub options: &'static [(&'static str, &'static str)],
}

impl Definition {
    /// A table without anything, from which the derive takes what a model does not have.
    pub const EMPTY: Self = Definition {
        name: "",
        table: "",
        schema: None,
        location: ("", 0),
        columns: &[],
        key: &[],
        relationships: &[],
        uniques: &[],
        indexes: &[],
        checks: &[],
        foreign_keys: &[],
        version: None,
        validators: &[],
        comment: None,
        options: &[],
    };

    /// A table with nothing but its name, which is the model's too.
    pub(crate) const fn bare(table: &'static str, location: (&'static str, u32)) -> Self {
        Definition { name: table, table, location, ..Self::EMPTY }
    }

    /// Returns the columns in groups that change together: all that an enum or an `Option` brings, and each other column alone.
    pub(crate) fn units(&self) -> impl Iterator<Item = Range<usize>> {
        let mut next = 0;
        std::iter::from_fn(move || {
            let first = next;
            next += usize::from(self.columns.get(first)?.unit.max(1));
            Some(first..next)
        })
    }

    /// Returns the columns that change together with this one, which is among them.
    pub(crate) fn unit_of(&self, column: u16) -> Range<usize> {
        let column = usize::from(column);
        self.units().find(|columns| columns.contains(&column)).expect("a column of the model")
    }
}

/// What checks the values of a field, or whole objects.
#[derive(Debug)]
pub struct Validator {
    /// The name of the field and the position of its column.
    pub of: Option<(&'static str, u16)>,
    /// Says what is wrong with an object.
    pub check: fn(&dyn Object) -> Result<(), String>,
}

/// Returns an object as its type.
pub fn object_of<M: Model>(object: &dyn Object) -> Option<&M> {
    let any: &dyn Any = object;
    any.downcast_ref()
}

/// Returns what a function of the user's says of a value.
pub fn validated<E: Display>(checked: Result<(), E>) -> Result<(), String> {
    checked.map_err(|reason| reason.to_string())
}

/// A check constraint.
#[derive(Clone, Copy, Debug)]
pub struct CheckDefinition {
    /// The condition, as SQL.
    pub sql: &'static str,
    /// Its name, unless a convention gives one.
    pub name: Option<&'static str>,
}

impl CheckDefinition {
    /// A condition, as SQL.
    pub const fn new(sql: &'static str) -> Self {
        CheckDefinition { sql, name: None }
    }

    /// Gives it a name.
    #[must_use]
    pub const fn name(mut self, name: &'static str) -> Self {
        self.name = Some(name);
        self
    }
}

/// A unique constraint or an index over columns named by position.
#[derive(Debug)]
pub struct IndexDefinition {
    /// The positions of its columns.
    pub columns: &'static [u16],
    /// The expressions that it is over too, as SQL, each with its place among the columns.
    pub expressions: &'static [(u16, &'static str)],
    /// The places of those columns and expressions that have the greatest first.
    pub descending: &'static [u16],
    /// The positions of columns whose values it holds without being ordered by them.
    pub include: &'static [u16],
    /// Its name, if not the one that the convention gives.
    pub name: Option<&'static str>,
    /// Whether it is a unique index.
    pub is_unique: bool,
    /// Which rows it has, as SQL.
    pub condition: Option<&'static str>,
    /// How it is kept.
    pub method: Option<&'static str>,
    /// Whether two NULLs are the same.
    pub nulls_not_distinct: bool,
    /// When the constraint is checked.
    pub deferrable: Option<Deferrable>,
}

impl IndexDefinition {
    /// One over these columns.
    pub const fn new(columns: &'static [u16]) -> Self {
        IndexDefinition {
            columns,
            expressions: &[],
            descending: &[],
            include: &[],
            name: None,
            is_unique: false,
            condition: None,
            method: None,
            nulls_not_distinct: false,
            deferrable: None,
        }
    }

    /// Returns whether it is over this column, or over an expression among whose words is the column's name.
    pub(crate) fn concerns(&self, position: u16, name: &str) -> bool {
        let is_named = |sql: &str| {
            let mut words = sql.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
            words.any(|word| word.eq_ignore_ascii_case(name))
        };
        self.columns.contains(&position) || self.expressions.iter().any(|(_, sql)| is_named(sql))
    }

    /// Has it be over expressions too, at these places.
    pub const fn expressions(mut self, expressions: &'static [(u16, &'static str)]) -> Self {
        self.expressions = expressions;
        self
    }

    /// Puts the greatest first at these places.
    pub const fn descending(mut self, places: &'static [u16]) -> Self {
        self.descending = places;
        self
    }

    /// Has it hold the values of more columns.
    pub const fn include(mut self, columns: &'static [u16]) -> Self {
        self.include = columns;
        self
    }

    /// Takes two NULLs for the same.
    pub const fn nulls_not_distinct(mut self) -> Self {
        self.nulls_not_distinct = true;
        self
    }

    /// Lets it wait.
    pub const fn deferrable(mut self, when: Deferrable) -> Self {
        self.deferrable = Some(when);
        self
    }

    /// Gives it a name.
    pub const fn name(mut self, name: &'static str) -> Self {
        self.name = Some(name);
        self
    }

    /// Lets no two rows have the same values.
    pub const fn unique(mut self) -> Self {
        self.is_unique = true;
        self
    }

    /// Says which rows it has.
    pub const fn condition(mut self, sql: &'static str) -> Self {
        self.condition = Some(sql);
        self
    }

    /// Says how it is kept.
    pub const fn method(mut self, name: &'static str) -> Self {
        self.method = Some(name);
        self
    }
}

/// A column as its field says it.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// The field's name.
    pub field: &'static str,
    /// The column's name.
    pub name: &'static str,
    /// What it is declared as.
    pub column_type: fn() -> ColumnType,
    /// The type of its parameters.
    pub kind: Kind,
    /// Whether it may hold NULL.
    pub nullable: bool,
    /// Whether it is part of the primary key.
    pub primary_key: bool,
    /// Whether the database generates it: the single integer key without a foreign key.
    pub generated: bool,
    /// Whether a constraint keeps its values apart.
    pub unique: bool,
    /// Whether it has an index of its own.
    pub index: bool,
    /// The greatest length of its text, in characters.
    pub length: Option<u32>,
    /// Whether a query may leave it out: its field is a `Deferred`.
    pub deferrable: bool,
    /// Whether a query leaves it out unless it asks for it.
    pub deferred: bool,
    /// The column that it refers to.
    pub foreign_key: Option<ForeignKeyColumn>,
    /// Of the first of columns that change together, such as the tag of an embedded enum: how many they are. Otherwise 0.
    pub unit: u16,
    /// What few columns say; it is read as if it stood here.
    pub extras: &'static ColumnExtras,
}

/// What few columns say. There is one for all that say none of it, since a program holds the columns of all its models.
#[derive(Clone, Copy, Debug)]
pub struct ColumnExtras {
    /// Digits in all, for a decimal number.
    pub precision: Option<u8>,
    /// Digits after the point, for a decimal number.
    pub scale: Option<u8>,
    /// The SQL type, taken as it stands.
    pub sql_type: Option<&'static str>,
    /// The default that the database fills in, as SQL.
    pub server_default: Option<&'static str>,
    /// The expression that the database computes it by, and whether it is stored.
    pub computed: Option<(&'static str, bool)>,
    /// How it counts, if it is declared `GENERATED … AS IDENTITY` where the database can.
    pub identity: Option<Identity>,
    /// The SQL types of single databases, taken as they stand.
    pub variants: &'static [(Dialect, &'static str)],
    /// How its text is compared.
    pub collation: Option<&'static str>,
    /// The name under which it is asked for with others.
    pub deferred_group: Option<&'static str>,
    /// The sequence that generates it, where the database has sequences.
    pub sequence: Option<&'static str>,
    /// The name of its foreign key, if not the one that the convention gives.
    pub foreign_key_name: Option<&'static str>,
    /// Gives the value that every UPDATE of the row sets unless it sets another.
    pub on_update: Option<fn() -> orm_pool::Value>,
    /// Whether the database changes it at every UPDATE, such as by a trigger.
    pub server_onupdate: bool,
    /// What a query computes it by; the table has no such column.
    pub property: Option<Property>,
    /// A comment on the column.
    pub comment: Option<&'static str>,
}

/// What a query computes a column by.
#[derive(Clone, Copy, Debug)]
pub enum Property {
    /// This expression.
    Of(fn() -> Node),
    /// What the query says; without that it leaves the column out.
    OfQuery,
}

impl Deref for Column {
    type Target = ColumnExtras;

    fn deref(&self) -> &ColumnExtras {
        self.extras
    }
}

impl ColumnExtras {
    /// Nothing.
    pub const NONE: Self = ColumnExtras {
        precision: None,
        scale: None,
        sql_type: None,
        server_default: None,
        computed: None,
        identity: None,
        variants: &[],
        collation: None,
        deferred_group: None,
        sequence: None,
        foreign_key_name: None,
        on_update: None,
        server_onupdate: false,
        property: None,
        comment: None,
    };
}

impl Column {
    /// A column for a field of this type.
    pub const fn new<T: SqlType>(field: &'static str, name: &'static str) -> Self {
        Column {
            field,
            name,
            column_type: T::column_type,
            kind: T::KIND,
            nullable: T::NULLABLE,
            primary_key: false,
            generated: false,
            unique: false,
            index: false,
            length: None,
            deferrable: false,
            deferred: false,
            foreign_key: None,
            unit: 0,
            extras: &ColumnExtras::NONE,
        }
    }
}

impl Column {
    /// Lets the database generate it, since the model says so.
    ///
    /// # Panics
    ///
    /// Panics, while the model is compiled, when it holds no integers.
    pub const fn autoincrement(self) -> Self {
        let is_integer = if matches!(self.kind, Kind::Int16 | Kind::Int32 | Kind::Int64) { Some(()) } else { None };
        is_integer
            .expect("`autoincrement = true` is for a key whose type holds an integer: the database makes up no others");
        self.generated()
    }

    /// Returns whether it is there only where a query says what it is.
    pub(crate) fn is_of_query(&self) -> bool {
        matches!(self.property, Some(Property::OfQuery))
    }

    /// Returns whether the program gives it a value, rather than the database or a query.
    pub(crate) fn is_written(&self) -> bool {
        self.computed.is_none() && self.property.is_none()
    }

    /// Returns whether its type is the user's own, on some database at least: what that takes, and what it holds equal, is
    /// not known.
    pub(crate) fn has_own_type(&self) -> bool {
        self.sql_type.is_some() || !self.variants.is_empty()
    }
}

macro_rules! settings {
    ($of:ident: $($(#[doc = $doc:literal])* $name:ident($($argument:ident: $type:ty)?) $($field:ident = $value:expr),+;)*) => {
        impl $of { $(
            $(#[doc = $doc])*
            pub const fn $name(mut self $(, $argument: $type)?) -> Self {
                $( self.$field = $value; )+
                self
            }
        )* }
    };
}
settings! { Column:
    /// Makes it part of the primary key.
    primary_key() primary_key = true;
    /// Lets the database generate it.
    generated() generated = true;
    /// Adds a unique constraint.
    unique() unique = true;
    /// Adds an index.
    index() index = true;
    /// States the greatest length.
    length(value: u32) length = Some(value);
    /// Lets a query leave it out.
    deferrable() deferrable = true;
    /// Has a query leave it out unless it asks for it.
    deferred() deferred = true;
    /// Lets it refer to another column.
    foreign_key(value: ForeignKeyColumn) foreign_key = Some(value);
    /// Makes it the tag of an enum that brings so many columns.
    tag_of(columns: u16) unit = columns;
    /// Says what few columns say.
    extras(value: &'static ColumnExtras) extras = value;
}
settings! { ColumnExtras:
    /// States the precision.
    precision(value: u8) precision = Some(value);
    /// States the scale.
    scale(value: u8) scale = Some(value);
    /// Takes SQL text as the type.
    sql_type(value: &'static str) sql_type = Some(value);
    /// Has the database fill it in.
    server_default(value: &'static str) server_default = Some(value);
    /// Has the database compute it, at each read.
    computed(value: &'static str) computed = Some((value, false));
    /// Has the database compute it, at each write.
    computed_stored(value: &'static str) computed = Some((value, true));
    /// Declares it as an identity column.
    identity(value: Identity) identity = Some(value);
    /// Takes SQL texts as the types on single databases.
    variants(value: &'static [(Dialect, &'static str)]) variants = value;
    /// Says how its text is compared.
    collation(value: &'static str) collation = Some(value);
    /// Has it asked for with others.
    deferred_group(value: &'static str) deferred_group = Some(value);
    /// Has a sequence generate it.
    sequence(value: &'static str) sequence = Some(value);
    /// Names its foreign key.
    foreign_key_name(value: &'static str) foreign_key_name = Some(value);
    /// Sets it at each UPDATE.
    on_update(value: fn() -> orm_pool::Value) on_update = Some(value);
    /// Has the database change it at each UPDATE.
    server_onupdate() server_onupdate = true;
    /// Has a query compute it by this expression.
    column_property(value: fn() -> Node) property = Some(Property::Of(value));
    /// Has a query compute it by an expression of its own.
    query_expression() property = Some(Property::OfQuery);
    /// Comments it.
    comment(value: &'static str) comment = Some(value);
}

/// A column of a model, named by position.
#[derive(Clone, Copy, Debug)]
pub struct ColumnReference {
    /// The model.
    pub mapper: &'static Mapper,
    /// The column's position.
    pub column: u16,
}

/// A foreign key on one column.
#[derive(Clone, Copy, Debug)]
pub struct ForeignKeyColumn {
    /// Gives the column that is referred to; a function, since models may refer to each other.
    pub target: fn() -> ColumnReference,
    /// What deleting the other row does.
    pub on_delete: Option<ReferentialAction>,
    /// What changing the other row's key does.
    pub on_update: Option<ReferentialAction>,
    /// When it is checked.
    pub deferrable: Option<Deferrable>,
}

/// A foreign key over several columns.
#[derive(Clone, Copy, Debug)]
pub struct ForeignKeyGroup {
    /// The positions of the columns that refer.
    pub columns: &'static [u16],
    /// Gives the columns that are referred to.
    pub targets: fn() -> Vec<ColumnReference>,
    /// What deleting the other row does.
    pub on_delete: Option<ReferentialAction>,
    /// What changing the other row's key does.
    pub on_update: Option<ReferentialAction>,
    /// When it is checked.
    pub deferrable: Option<Deferrable>,
    /// Its name, if not the one that the convention gives.
    pub name: Option<&'static str>,
}

/// What a database does to a row when the row that it refers to goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(::serde::Serialize, ::serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum ReferentialAction {
    /// Deletes or changes it too.
    Cascade,
    /// Sets the columns to NULL.
    SetNull,
    /// Sets the columns to their defaults.
    SetDefault,
    /// Refuses, at once.
    Restrict,
    /// Refuses, at the end of the statement.
    NoAction,
}

impl ReferentialAction {
    /// Returns the SQL words.
    pub(crate) fn sql(self) -> &'static str {
        match self {
            ReferentialAction::Cascade => "CASCADE",
            ReferentialAction::SetNull => "SET NULL",
            ReferentialAction::SetDefault => "SET DEFAULT",
            ReferentialAction::Restrict => "RESTRICT",
            ReferentialAction::NoAction => "NO ACTION",
        }
    }
}

/// A relationship as its field says it.
#[derive(Debug)]
pub struct RelationshipDefinition {
    /// The field's name.
    pub name: &'static str,
    /// Which kind.
    pub kind: RelationshipKind,
    /// Gives the other model.
    pub target: fn() -> &'static Mapper,
    /// Gives the position of the relationship on the other model that is this one's other side.
    pub back_populates: Option<fn() -> u16>,
    /// Gives the model of the association table.
    pub secondary: Option<fn() -> &'static Mapper>,
    /// Whether that is a table without a model.
    pub is_secondary_bare: bool,
    /// Names the foreign key columns to follow, where there are several.
    pub foreign_key: Option<fn() -> Vec<ColumnReference>>,
    /// Names the referred columns, for a relationship of a model to itself.
    pub remote: Option<fn() -> Vec<ColumnReference>>,
    /// The condition of its join, where that is not a foreign key.
    pub primaryjoin: Option<fn() -> Node>,
    /// Orders the members.
    pub order_by: Option<fn() -> Vec<OrderItem>>,
    /// What follows from one end to the other.
    pub cascade: Cascade,
    /// How it is loaded when a query does not say.
    pub lazy: Lazy,
    /// Whether deleting leaves unloaded members to the database.
    pub passive_deletes: bool,
    /// Whether deleting leaves all members to the database.
    pub passive_deletes_all: bool,
    /// Whether its foreign key is set by an UPDATE of its own, after both rows exist.
    pub post_update: bool,
    /// Whether it is only read.
    pub viewonly: bool,
}

/// Which kind of relationship.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RelationshipKind {
    /// The foreign key is over there; many members.
    HasMany,
    /// The foreign key is over there; one member.
    HasOne,
    /// The foreign key is here.
    BelongsTo,
    /// An association table holds both keys.
    ManyToMany,
}

impl RelationshipDefinition {
    /// A relationship of this kind to the target.
    pub const fn new(name: &'static str, kind: RelationshipKind, target: fn() -> &'static Mapper) -> Self {
        RelationshipDefinition {
            name,
            kind,
            target,
            back_populates: None,
            secondary: None,
            is_secondary_bare: false,
            foreign_key: None,
            remote: None,
            primaryjoin: None,
            order_by: None,
            cascade: Cascade::DEFAULT,
            lazy: Lazy::Select,
            passive_deletes: false,
            passive_deletes_all: false,
            post_update: false,
            viewonly: false,
        }
    }

    /// Names the other side.
    pub const fn back_populates(mut self, index: fn() -> u16) -> Self {
        self.back_populates = Some(index);
        self
    }

    /// Names the association table.
    pub const fn secondary(mut self, mapper: fn() -> &'static Mapper) -> Self {
        self.secondary = Some(mapper);
        self
    }

    /// Gives the association table, which has no model.
    pub const fn bare_secondary(mut self, mapper: fn() -> &'static Mapper) -> Self {
        self.secondary = Some(mapper);
        self.is_secondary_bare = true;
        self
    }

    /// Names the foreign key columns.
    pub const fn foreign_key(mut self, columns: fn() -> Vec<ColumnReference>) -> Self {
        self.foreign_key = Some(columns);
        self
    }

    /// Names the referred columns.
    pub const fn remote(mut self, columns: fn() -> Vec<ColumnReference>) -> Self {
        self.remote = Some(columns);
        self
    }

    /// States the condition of its join.
    pub const fn primaryjoin(mut self, condition: fn() -> Node) -> Self {
        self.primaryjoin = Some(condition);
        self
    }

    /// Orders the members.
    pub const fn order_by(mut self, order: fn() -> Vec<OrderItem>) -> Self {
        self.order_by = Some(order);
        self
    }

    /// Says what follows.
    pub const fn cascade(mut self, cascade: Cascade) -> Self {
        self.cascade = cascade;
        self
    }

    /// Says how it is loaded.
    pub const fn lazy(mut self, lazy: Lazy) -> Self {
        self.lazy = lazy;
        self
    }

    /// Leaves unloaded members to the database.
    pub const fn passive_deletes(mut self) -> Self {
        self.passive_deletes = true;
        self
    }

    /// Leaves all members to the database.
    pub const fn passive_deletes_all(mut self) -> Self {
        self.passive_deletes_all = true;
        self
    }

    /// Sets its foreign key by an UPDATE of its own.
    pub const fn post_update(mut self) -> Self {
        self.post_update = true;
        self
    }

    /// Only reads it.
    pub const fn viewonly(mut self) -> Self {
        self.viewonly = true;
        self
    }
}

/// What follows an object along a relationship. SQLAlchemy's words and defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cascade {
    /// Adding one end adds the other.
    pub save_update: bool,
    /// Merging one end merges the other.
    pub merge: bool,
    /// Deleting one end deletes the other.
    pub delete: bool,
    /// A member that leaves its collection is deleted.
    pub delete_orphan: bool,
    /// Expunging one end expunges the other.
    pub expunge: bool,
    /// Refreshing or expiring one end does so to the other.
    pub refresh_expire: bool,
}

impl Cascade {
    /// Nothing follows.
    pub const NONE: Cascade = Cascade {
        save_update: false,
        merge: false,
        delete: false,
        delete_orphan: false,
        expunge: false,
        refresh_expire: false,
    };
    /// `save_update` and `merge`.
    pub const DEFAULT: Cascade = Cascade { save_update: true, merge: true, ..Cascade::NONE };
    /// All but `delete_orphan`.
    pub const ALL: Cascade = Cascade {
        save_update: true,
        merge: true,
        delete: true,
        delete_orphan: false,
        expunge: true,
        refresh_expire: true,
    };
}

/// How a relationship is loaded when a query does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lazy {
    /// By one SELECT when `session.load` asks; never unasked.
    Select,
    /// With its owners, by a LEFT OUTER JOIN.
    Joined,
    /// After its owners, by one SELECT … IN for all of them.
    Selectin,
    /// After its owners, by one SELECT that repeats theirs as a subquery.
    Subquery,
    /// Not at all: even `session.load` refuses.
    Raise,
    /// By `session.load`, where that takes no statement.
    RaiseOnSql,
    /// Never as a whole: `session.members` adds, removes and selects.
    WriteOnly,
}

impl Lazy {
    /// Returns whether queries leave it alone that do not ask for it.
    pub(crate) const fn is_on_demand(self) -> bool {
        match self {
            Lazy::Select | Lazy::Raise | Lazy::RaiseOnSql | Lazy::WriteOnly => true,
            Lazy::Joined | Lazy::Selectin | Lazy::Subquery => false,
        }
    }
}
