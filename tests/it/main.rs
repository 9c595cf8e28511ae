//! The feature tests: a module per feature, one process per database; `support::database` says which and where.
//!
//! | module | what is tested |
//! |---|---|
//! | `checks` | checks are compared by what they say, by proptest as well |
//! | `copies` | tables of SQLite that are copied because ALTER cannot change them |
//! | `diff` | what differs between metadata and a database is said, and done |
//! | `diff_keys` | what changes around foreign keys, and tables that refer to each other |
//! | `of_others` | tables that other programs have made are migrated, with their rows
//! | `models` | models that are written from the tables of a database |
//! | `migrations` | revisions applied and taken back, failures and rivals, and those that are generated |
//! | `reflect` | what was created is read back: types, constraints, names; a schema written by hand |
//! | `inspector` | domains, temporary and foreign tables, types; what `reflect_with` chooses |
//! | `read` | `select` and its terminals, joins, aggregates, text |
//! | `select` | every clause of SELECT that a database has: joins, sets, subqueries, values, locks; structs of rows |
//! | `lint` | tables that no condition brings together |
//! | `cte` | WITH: plain, recursive, and statements that write |
//! | `write` | insert, update, delete and upsert statements |
//! | `insert` | rows, expressions, SELECTs, RETURNING and its stand-in, `explain` |
//! | `upsert` | INSERT … ON CONFLICT, and what each database makes of it |
//! | `update` | UPDATE with expressions, subqueries and other tables |
//! | `delete` | DELETE with subqueries and other tables |
//! | `literals` | hostile values and names, in the text and beside it |
//! | `bulk` | lists of every length: blocks, one transaction |
//! | `enums` | enums of models: types of labels, their values in every statement
//! | `table_options` | options of tables, columns, constraints and indexes: created, enforced, read back, compared |
//! | `schema` | what models say of their tables; bad metadata told by its place |
//! | `session` | add, get, query, flush, commit; the statements that each sends |
//! | `relationships` | members added, linked, moved and taken away; both sides in step |
//! | `loading` | `selectinload` and `session.load`, on both roads, nested and constrained |
//! | `deferred` | columns that are left out: `load_only`, `defer`, `undefer`; loaded on demand, never written unread |
//! | `eager` | loading options one by one, wildcards, N + 1, write-only collections |
//! | `conditions` | a `primaryjoin` that is written, and one of a model to itself |
//! | `bare_tables` | many-to-many over a table without a model |
//! | `kinds` | joins by a condition, association objects, keys of several columns, what cannot be joined |
//! | `strategies` | every strategy on every kind of relationship, three levels deep, against plain Rust |
//! | `rollback` | what a rollback, a savepoint and a failed flush leave behind |
//! | `deleting` | cascades, orphans, foreign keys set to NULL |
//! | `handles` | a handle never names another object |
//! | `transaction` | `engine.transaction`: retries, rivals, `CommitUnknown` |
//! | `test_transactions` | engines all of whose work is one transaction that is never committed |
//! | `typed_keys` | keys of a type of their own, around an integer that the database makes up |
//! | `named_types` | columns of types that PostgreSQL or an extension has and the library does not know |
//! | `own_types` | columns whose SQL type is the user's own, in a session |
//! | `pool` | listeners to an engine's connections |
//! | `embed` | structs whose fields are columns of the models that hold them |
//! | `variants` | enums whose variants' fields are columns of the models that hold them |
//! | `engine` | settings of an engine: URL, configuration, plugins, options of statements |
//! | `tenants` | one set of models over several schemas, by `schema_translate_map` |
//! | `connection` | execute and fetch, transactions, savepoints |
//! | `statement_events` | what an engine's listeners hear of statements |
//! | `echo` | what an echoing engine logs, and what it hides |
//! | `stream` | queries read piece by piece, chunks, several sets of rows |
//! | `errors` | bad input, each with its message |
//! | `expressions` | every operator and function, with its rows |
//! | `windows` | windows whose frames reach by floats, decimal numbers and spans of time |
//! | `random_loads` | random queries and options on both roads, compared with plain loops over the rows |
//! | `random_replicas` | random steps of a session over a replica that is behind, against a plain model of both databases |
//! | `random_schemas` | metadata that changes at random over tables with rows |
//! | `random_expressions` | random expressions against an evaluator, by proptest |
//! | `hostile` | hostile values, names and patterns come back as they were, by proptest |
//! | `spawn` | futures are `Send`, also from generic code; sixty models in a ring |
//! | `arrays` | arrays of PostgreSQL, and their refusal elsewhere |
//! | `ranges` | ranges of PostgreSQL, and their refusal elsewhere |
//! | `types` | every type of a column with its extremes, there and back |
//! | `put_off` | transactions that PostgreSQL is told of when something needs them |
//! | `sqlite`, `postgres`, `mysql` | what one database alone does |
//! | `random` | random steps over four models, compared with a plain model of a session |
//! | `flush_sql` | what a flush sends, rule by rule, word by word |
//! | `rules` | rules of a session that no other test tells word by word
//! | `cases` | what meets seldom: keys that come back, what is deleted unloaded, graphs that name a row twice |
//! | `cases_changes` | objects after UPDATE and DELETE by condition, in bulk, by an upsert and with RETURNING, case by case |
//! | `unfollowed` | objects and collections after statements of which only the database knows what they have changed |
//! | `cases_filled` | triggers, defaults that others refer to, versions of rows in a ring, keys of other types, case by case |
//! | `cases_graphs` | models and rows in rings, associations with data, owners let go of and read again, case by case |
//! | `cases_keys` | keys that change with all that refers to them, versions of rows that are replaced, case by case |
//! | `cases_objects` | rows that go and come back, marks of deletion, cascades, merged graphs, case by case |
//! | `cases_sessions` | rollbacks before anything was sent, listeners within a flush, conditions on new objects, case by case |
//! | `cases_states` | what is expired, refreshed, expunged and merged, case by case |
//! | `cases_transactions` | savepoints whose statements fail, transactions that end under them, connections lent and lost |
//! | `trades` | objects that take keys and unique values from each other |
//! | `flush` | the statements of a flush: batches, row switches, changed keys, versions, `post_update` |
//! | `begins` | listeners to transactions that begin, row-level security; what is noted of a session |
//! | `events` | listeners of sessions, objects and statements |
//! | `filters`, `filters_of_queries` | conditions on every row of a model, wherever its table stands; of sessions, of one query |
//! | `routing` | sessions over several engines and lent connections, scoped sessions |
//! | `states` | history, states, single attributes, merging |
//! | `bulk_session` | bulk INSERT and UPDATE, objects that follow statements |
//! | `faults` | futures dropped, commits cut off byte by byte, lost updates |
//! | `lost` | transactions lost under a savepoint, statements dropped, connections that died in the pool |
//! | `together` | features in pairs: filters and cascades, versions and statements, lent connections and savepoints |
//! | `registry` | two models of one name in one program |
//! | `chinook` | a real music shop: 15,607 rows through one session, six questions |

mod support;

mod arrays;
mod bare_tables;
mod begins;
mod bulk;
mod bulk_session;
mod cascading;
mod cases;
mod cases_changes;
mod cases_filled;
mod cases_graphs;
mod cases_history;
mod cases_keys;
mod cases_objects;
mod cases_sessions;
mod cases_states;
mod cases_transactions;
mod checks;
mod chinook;
mod conditions;
mod connection;
mod copies;
mod cte;
mod decimals;
mod deferred;
mod delete;
mod deleting;
mod diff;
mod diff_keys;
mod eager;
mod echo;
mod embed;
mod engine;
mod enums;
mod errors;
mod events;
mod expressions;
mod faults;
mod filters;
mod filters_of_queries;
mod flush;
mod flush_sql;
mod guards;
mod handles;
mod hostile;
mod insert;
mod inspector;
mod kinds;
mod lint;
mod literals;
mod loading;
mod lost;
mod migrations;
mod models;
mod moments;
#[cfg(feature = "mysql")]
mod mysql;
mod named_types;
mod of_others;
mod one_statement;
mod optional_embed;
mod own_types;
mod own_values;
mod pool;
#[cfg(feature = "postgres")]
mod postgres;
mod properties;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod put_off;
mod random;
mod random_expressions;
mod random_loads;
mod random_numbers;
mod random_replicas;
mod random_schemas;
mod ranges;
mod read;
mod reflect;
mod registry;
mod relationships;
mod rollback;
mod routing;
mod rules;
mod schema;
mod select;
mod session;
mod spawn;
mod sqlite;
mod statement_events;
mod states;
mod strategies;
mod stream;
mod table_options;
mod tenants;
mod test_transactions;
mod together;
mod trades;
mod transaction;
mod typed_keys;
mod types;
mod unfollowed;
mod update;
mod upsert;
mod validators;
mod variants;
mod windows;
mod write;
