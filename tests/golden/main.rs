//! The text of statements, without a database: each case is a statement and what it becomes on every dialect.
//!
//! | module | what is rendered |
//! |---|---|
//! | `operators` | comparisons, arithmetic, AND and OR, and the parentheses between them |
//! | `functions` | functions, CASE, CAST, window functions |
//! | `comparison` | comparisons, NULL, BETWEEN, IN, tuples |
//! | `quantified` | ANY and ALL of subqueries and arrays |
//! | `boolean` | AND, OR, NOT, TRUE and FALSE |
//! | `arithmetic` | arithmetic, bits, operators of one's own |
//! | `patterns` | LIKE and its kin, regular expressions, collations |
//! | `case_cast` | CASE, CAST, coalesce and other choices |
//! | `text_functions` | functions of text, numbers and dates |
//! | `aggregates` | aggregates with FILTER and ORDER BY, grouping sets |
//! | `windows` | window functions and their frames |
//! | `documents` | JSON |
//! | `arrays` | arrays and ranges |
//! | `lightweight` | tables without a model, stored procedures |
//! | `search` | full text search |
//! | `select` | what is selected, WHERE, GROUP BY, HAVING, ORDER BY, LIMIT |
//! | `from` | which tables FROM has, and which a subquery takes from around it; hints |
//! | `join` | joins along relationships, by foreign keys and on conditions |
//! | `compound` | UNION, INTERSECT, EXCEPT |
//! | `cte` | WITH |
//! | `cte_walk` | recursive CTEs: SEARCH and CYCLE |
//! | `constraints` | what models say of indexes and constraints |
//! | `column_types` | what each type of a column is called |
//! | `subquery` | subqueries, lists of values and functions in FROM; EXISTS and IN |
//! | `rows` | structs with `#[derive(Row)]` |
//! | `text` | SQL text with parameters |
//! | `insert` | INSERT: values, rows of several shapes, RETURNING |
//! | `upsert` | INSERT … ON CONFLICT |
//! | `update` | UPDATE |
//! | `delete` | DELETE |
//! | `identifiers` | which names are quoted, and which are cut |
//! | `literals` | values written into the text |
//! | `properties` | columns that queries compute |
//! | `mysql` | what MySQL wants written otherwise than MariaDB |
//! | `explain` | the words before a statement that is to be explained |
//!
//! `UPDATE_EXPECT=1 cargo test --test golden` writes what is rendered now into the cases; read the difference.

mod support;

mod aggregates;
mod arithmetic;
mod arrays;
mod boolean;
mod case_cast;
mod column_types;
mod comparison;
mod compound;
mod constraints;
mod cte;
mod cte_walk;
mod decimals;
mod delete;
mod documents;
mod explain;
mod from;
mod functions;
mod identifiers;
mod insert;
mod join;
mod lightweight;
mod literals;
mod mysql;
mod operators;
mod patterns;
mod properties;
mod quantified;
mod rows;
mod search;
mod select;
mod subquery;
mod text;
mod text_functions;
mod update;
mod upsert;
mod windows;
