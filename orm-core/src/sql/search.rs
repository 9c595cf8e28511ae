//! Full text search: PostgreSQL's `tsvector` and `tsquery`, MySQL's `MATCH … AGAINST`.

use super::expr::templated;
use super::func::Arguments;
use super::template::{self, Template};
use super::{AsExpr, Expr, Expression, Node};
use crate::types::Textual;

/// PostgreSQL's `tsvector`: the words of a text, ready to be searched.
#[derive(Clone, Debug)]
pub struct TsVector(Node);

/// PostgreSQL's `tsquery`: which words are looked for.
#[derive(Clone, Debug)]
pub struct TsQuery(Node);

fn node(template: &'static Template, arguments: Vec<Node>) -> Node {
    Node::Template { template, arguments }
}

/// `to_tsvector(text)`: the words of a text, by the database's default configuration.
///
/// ```
/// # use orm_core as orm;
/// # use orm_core::{Dialect, func, select};
/// # #[derive(Clone, Debug, orm_derive::Model)]
/// # #[orm(table = "posts")]
/// # struct Post { #[orm(primary_key)] id: i64, body: String }
/// let found = select(Post.id).filter(func::to_tsvector(Post.body).search(func::websearch_to_tsquery("cat -dog")));
/// assert_eq!(
///     found.to_sql(Dialect::Postgres),
///     "SELECT posts.id FROM posts WHERE to_tsvector(posts.body) @@ websearch_to_tsquery($1)"
/// );
/// ```
pub fn to_tsvector<E: Expression<Type: Textual>>(text: E) -> TsVector {
    TsVector(node(&template::TO_TSVECTOR, vec![text.__expression()]))
}

/// `to_tsvector(configuration, text)`.
pub fn to_tsvector_in<E: Expression<Type: Textual>>(configuration: impl AsExpr<String>, text: E) -> TsVector {
    TsVector(node(&template::TO_TSVECTOR_IN, vec![configuration.__node(), text.__expression()]))
}

macro_rules! queries {
    ($($(#[$doc:meta])* $name:ident = $template:ident;)*) => { $(
        $(#[$doc])*
        pub fn $name(words: impl AsExpr<String>) -> TsQuery {
            TsQuery(node(&template::$template, vec![words.__node()]))
        }
    )* };
}
queries! {
    /// `to_tsquery`: words joined by `&`, `|`, `!` and `<->`; anything else is an error of the database.
    to_tsquery = TO_TSQUERY;
    /// `plainto_tsquery`: all of the words, however they are written.
    plainto_tsquery = PLAINTO_TSQUERY;
    /// `phraseto_tsquery`: the words one after the other.
    phraseto_tsquery = PHRASETO_TSQUERY;
    /// `websearch_to_tsquery`: as search engines take it, with quotes, `or` and `-`.
    websearch_to_tsquery = WEBSEARCH_TO_TSQUERY;
}
macro_rules! configured {
    ($($(#[$doc:meta])* $name:ident = $template:ident;)*) => { $(
        $(#[$doc])*
        pub fn $name(configuration: impl AsExpr<String>, words: impl AsExpr<String>) -> TsQuery {
            TsQuery(node(&template::$template, vec![configuration.__node(), words.__node()]))
        }
    )* };
}
configured! {
    /// [`to_tsquery`] by a configuration such as `english`.
    to_tsquery_in = TO_TSQUERY_IN;
    /// [`plainto_tsquery`] by a configuration.
    plainto_tsquery_in = PLAINTO_TSQUERY_IN;
    /// [`websearch_to_tsquery`] by a configuration.
    websearch_to_tsquery_in = WEBSEARCH_TO_TSQUERY_IN;
}

impl TsVector {
    /// `@@`: whether the query finds it.
    pub fn search(self, query: TsQuery) -> Expr<bool> {
        templated(&template::TS_MATCH, vec![self.0, query.0])
    }

    /// `||`: the words of both.
    #[must_use]
    pub fn join(self, other: TsVector) -> Self {
        TsVector(node(&template::TS_CONCAT, vec![self.0, other.0]))
    }

    /// `setweight`: how much its words count, `A` to `D`.
    #[must_use]
    pub fn weight(self, weight: char) -> Self {
        let weight = Node::Bind(orm_pool::Value::Text(weight.to_string()));
        TsVector(node(&template::SETWEIGHT, vec![self.0, weight]))
    }

    /// `ts_rank`: how well the query finds it.
    pub fn rank(self, query: TsQuery) -> Expr<f64> {
        templated(&template::TS_RANK, vec![self.0, query.0])
    }
}

impl TsQuery {
    /// `&&`: both.
    #[must_use]
    pub fn and(self, other: TsQuery) -> Self {
        TsQuery(node(&template::TS_AND, vec![self.0, other.0]))
    }

    /// `||`: one of both.
    #[must_use]
    pub fn or(self, other: TsQuery) -> Self {
        TsQuery(node(&template::TS_OR, vec![self.0, other.0]))
    }

    /// `!!`: what it does not find.
    #[must_use]
    pub fn negate(self) -> Self {
        TsQuery(node(&template::TS_NOT, vec![self.0]))
    }
}

/// `ts_headline(text, query)`: a piece of the text with what was found in bold.
pub fn ts_headline<E: Expression<Type: Textual>>(text: E, query: TsQuery) -> Expr<E::Type> {
    templated(&template::TS_HEADLINE, vec![text.__expression(), query.0])
}

/// How MySQL looks for words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Search {
    /// IN NATURAL LANGUAGE MODE.
    NaturalLanguage,
    /// IN BOOLEAN MODE: `+` and `-` before words, `*` behind them.
    Boolean,
    /// WITH QUERY EXPANSION.
    QueryExpansion,
}

/// MySQL's `MATCH (columns) AGAINST (words)` as a condition; the columns are a tuple and have a full text index together.
pub fn match_against(columns: impl Arguments, words: impl AsExpr<String>, search: Search) -> Expr<bool> {
    against(columns, words, search)
}

/// The same as a number: how relevant the row is.
pub fn relevance(columns: impl Arguments, words: impl AsExpr<String>, search: Search) -> Expr<f64> {
    against(columns, words, search)
}

fn against<T>(columns: impl Arguments, words: impl AsExpr<String>, search: Search) -> Expr<T> {
    let template: &'static Template = match search {
        Search::NaturalLanguage => &template::MATCH_NATURAL,
        Search::Boolean => &template::MATCH_BOOLEAN,
        Search::QueryExpansion => &template::MATCH_EXPANSION,
    };
    let mut arguments = vec![words.__node()];
    columns.__arguments(&mut arguments);
    templated(template, arguments)
}
