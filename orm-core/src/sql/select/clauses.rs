//! The clauses of a SELECT, once for [`Select`](super::Select) and for a session's query.

/// The clauses of a SELECT, for [`Select`] itself and for a session's query.
macro_rules! clauses {
    (|$this:ident| $select:expr) => {
        /// WHERE; several are joined by AND.
        ///
        /// ```
        /// # use orm_core::{Dialect, HasMany, Model, func, select};
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "users", metadata = none)]
        /// # struct User { #[orm(primary_key)] id: i64, name: String, addresses: HasMany<Address> }
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "addresses", metadata = none)]
        /// # struct Address { #[orm(primary_key)] id: i64, email: String, #[orm(foreign_key = User.id)] user_id: i64 }
        /// let query = select(User.id).filter(User.name.like("e%")).filter(User.id.gt(1));
        /// assert_eq!(query.to_sql(Dialect::Sqlite), "SELECT users.id FROM users WHERE users.name LIKE ? AND users.id > ?");
        /// ```
        #[must_use]
        pub fn filter(mut self, condition: impl $crate::sql::Predicate) -> Self {
            let $this = &mut self;
            $select.node.add_filter(condition.__predicate());
            self
        }

        /// ORDER BY; several follow each other.
        ///
        /// ```
        /// # use orm_core::{Dialect, HasMany, Model, func, select};
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "users", metadata = none)]
        /// # struct User { #[orm(primary_key)] id: i64, name: String, addresses: HasMany<Address> }
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "addresses", metadata = none)]
        /// # struct Address { #[orm(primary_key)] id: i64, email: String, #[orm(foreign_key = User.id)] user_id: i64 }
        /// let query = select(User.id).order_by((User.name.desc(), User.id));
        /// assert_eq!(query.to_sql(Dialect::Sqlite), "SELECT users.id FROM users ORDER BY users.name DESC, users.id");
        /// ```
        #[must_use]
        pub fn order_by(mut self, order: impl $crate::sql::OrderBy) -> Self {
            let $this = &mut self;
            $select.node.add_order(order);
            self
        }

        /// LIMIT.
        ///
        /// ```
        /// # use orm_core::{Dialect, HasMany, Model, func, select};
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "users", metadata = none)]
        /// # struct User { #[orm(primary_key)] id: i64, name: String, addresses: HasMany<Address> }
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "addresses", metadata = none)]
        /// # struct Address { #[orm(primary_key)] id: i64, email: String, #[orm(foreign_key = User.id)] user_id: i64 }
        /// let query = select(User.id).order_by(User.id).limit(20);
        /// assert_eq!(query.to_sql(Dialect::Sqlite), "SELECT users.id FROM users ORDER BY users.id LIMIT ?");
        /// ```
        #[must_use]
        pub fn limit(mut self, rows: u64) -> Self {
            let $this = &mut self;
            $select.node.limit = Some($crate::sql::number(rows));
            self
        }

        /// OFFSET.
        ///
        /// ```
        /// # use orm_core::{Dialect, HasMany, Model, func, select};
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "users", metadata = none)]
        /// # struct User { #[orm(primary_key)] id: i64, name: String, addresses: HasMany<Address> }
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "addresses", metadata = none)]
        /// # struct Address { #[orm(primary_key)] id: i64, email: String, #[orm(foreign_key = User.id)] user_id: i64 }
        /// let query = select(User.id).order_by(User.id).limit(20).offset(40);
        /// assert_eq!(query.to_sql(Dialect::Sqlite), "SELECT users.id FROM users ORDER BY users.id LIMIT ? OFFSET ?");
        /// ```
        #[must_use]
        pub fn offset(mut self, rows: u64) -> Self {
            let $this = &mut self;
            $select.node.offset = Some($crate::sql::number(rows));
            self
        }

        /// LIMIT and OFFSET of the rows from one place up to another, which are counted from 0.
        ///
        /// ```
        /// # use orm_core as orm;
        /// # use orm_core::{Dialect, select};
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "users", metadata = none)]
        /// # struct User { #[orm(primary_key)] id: i64, name: String }
        /// let third_page = select(User.id).order_by(User.id).slice(20..30);
        /// assert_eq!(
        ///     third_page.to_sql_literal(Dialect::Sqlite),
        ///     "SELECT users.id FROM users ORDER BY users.id LIMIT 10 OFFSET 20"
        /// );
        /// ```
        #[must_use]
        pub fn slice(self, rows: std::ops::Range<u64>) -> Self {
            self.limit(rows.end.saturating_sub(rows.start)).offset(rows.start)
        }

        /// GROUP BY; several follow each other.
        ///
        /// ```
        /// # use orm_core::{Dialect, HasMany, Model, func, select};
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "users", metadata = none)]
        /// # struct User { #[orm(primary_key)] id: i64, name: String, addresses: HasMany<Address> }
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "addresses", metadata = none)]
        /// # struct Address { #[orm(primary_key)] id: i64, email: String, #[orm(foreign_key = User.id)] user_id: i64 }
        /// let query = select((Address.user_id, func::count_all())).group_by(Address.user_id);
        /// assert_eq!(query.to_sql(Dialect::Sqlite), "SELECT addresses.user_id, count(*) FROM addresses GROUP BY addresses.user_id");
        /// ```
        #[must_use]
        pub fn group_by(mut self, columns: impl $crate::sql::GroupBy) -> Self {
            let $this = &mut self;
            $select.node.add_groups(|node| &mut node.group_by, columns);
            self
        }

        /// HAVING; several are joined by AND.
        ///
        /// ```
        /// # use orm_core::{Dialect, HasMany, Model, func, select};
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "users", metadata = none)]
        /// # struct User { #[orm(primary_key)] id: i64, name: String, addresses: HasMany<Address> }
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "addresses", metadata = none)]
        /// # struct Address { #[orm(primary_key)] id: i64, email: String, #[orm(foreign_key = User.id)] user_id: i64 }
        /// let query = select(Address.user_id).group_by(Address.user_id).having(func::count_all().gt(1));
        /// assert_eq!(query.to_sql(Dialect::Sqlite), "SELECT addresses.user_id FROM addresses GROUP BY addresses.user_id HAVING count(*) > ?");
        /// ```
        #[must_use]
        pub fn having(mut self, condition: impl $crate::sql::Predicate) -> Self {
            let $this = &mut self;
            $select.node.add_having(condition.__predicate());
            self
        }

        /// DISTINCT.
        ///
        /// ```
        /// # use orm_core::{Dialect, HasMany, Model, func, select};
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "users", metadata = none)]
        /// # struct User { #[orm(primary_key)] id: i64, name: String, addresses: HasMany<Address> }
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "addresses", metadata = none)]
        /// # struct Address { #[orm(primary_key)] id: i64, email: String, #[orm(foreign_key = User.id)] user_id: i64 }
        /// let query = select(User.name).distinct();
        /// assert_eq!(query.to_sql(Dialect::Sqlite), "SELECT DISTINCT users.name FROM users");
        /// ```
        #[must_use]
        pub fn distinct(mut self) -> Self {
            let $this = &mut self;
            $select.node.distinct = true;
            self
        }

        /// JOIN along a relationship, `.join(User.addresses)`, or to a model whose foreign key says how: `.join(Address)`.
        ///
        /// ```
        /// # use orm_core::{Dialect, HasMany, Model, func, select};
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "users", metadata = none)]
        /// # struct User { #[orm(primary_key)] id: i64, name: String, addresses: HasMany<Address> }
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "addresses", metadata = none)]
        /// # struct Address { #[orm(primary_key)] id: i64, email: String, #[orm(foreign_key = User.id)] user_id: i64 }
        /// let query = select(User.name).join(User.addresses);
        /// assert_eq!(query.to_sql(Dialect::Sqlite), "SELECT users.name FROM users JOIN addresses ON users.id = addresses.user_id");
        /// ```
        #[must_use]
        pub fn join(mut self, target: impl $crate::sql::JoinTarget) -> Self {
            let $this = &mut self;
            $select.node.add_join(target.__join($crate::sql::JoinKind::Inner));
            self
        }

        /// LEFT OUTER JOIN, as [`join`](Self::join); take what it may not find by [`optional`](crate::optional).
        ///
        /// ```
        /// # use orm_core::{Dialect, HasMany, Model, func, select};
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "users", metadata = none)]
        /// # struct User { #[orm(primary_key)] id: i64, name: String, addresses: HasMany<Address> }
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "addresses", metadata = none)]
        /// # struct Address { #[orm(primary_key)] id: i64, email: String, #[orm(foreign_key = User.id)] user_id: i64 }
        /// let query = select(User.name).outerjoin(User.addresses);
        /// assert_eq!(query.to_sql(Dialect::Sqlite), "SELECT users.name FROM users LEFT OUTER JOIN addresses ON users.id = addresses.user_id");
        /// ```
        #[must_use]
        pub fn outerjoin(mut self, target: impl $crate::sql::JoinTarget) -> Self {
            let $this = &mut self;
            $select.node.add_join(target.__join($crate::sql::JoinKind::Left));
            self
        }

        /// RIGHT OUTER JOIN, as [`join`](Self::join): what was there before it may be missing, and is taken by
        /// [`optional`](crate::optional).
        #[must_use]
        pub fn right_join(mut self, target: impl $crate::sql::JoinTarget) -> Self {
            let $this = &mut self;
            $select.node.add_join(target.__join($crate::sql::JoinKind::Right));
            self
        }

        /// FULL OUTER JOIN, as [`join`](Self::join): both sides may be missing. MySQL and MariaDB have none.
        #[must_use]
        pub fn full_join(mut self, target: impl $crate::sql::JoinTarget) -> Self {
            let $this = &mut self;
            $select.node.add_join(target.__join($crate::sql::JoinKind::Full));
            self
        }

        /// JOIN to a model, an alias or a subquery on a condition.
        ///
        /// ```
        /// # use orm_core::{Dialect, HasMany, Model, func, select};
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "users", metadata = none)]
        /// # struct User { #[orm(primary_key)] id: i64, name: String, addresses: HasMany<Address> }
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "addresses", metadata = none)]
        /// # struct Address { #[orm(primary_key)] id: i64, email: String, #[orm(foreign_key = User.id)] user_id: i64 }
        /// let query = select(User.name).join_on(Address, Address.user_id.eq(User.id));
        /// assert_eq!(query.to_sql(Dialect::Sqlite), "SELECT users.name FROM users JOIN addresses ON addresses.user_id = users.id");
        /// ```
        #[must_use]
        pub fn join_on(mut self, target: impl $crate::sql::FromTarget, on: impl $crate::sql::Predicate) -> Self {
            let $this = &mut self;
            $select.node.add_join($crate::sql::condition_join($crate::sql::JoinKind::Inner, None, target, on));
            self
        }

        /// LEFT OUTER JOIN to a model, an alias or a subquery on a condition.
        #[must_use]
        pub fn outerjoin_on(mut self, target: impl $crate::sql::FromTarget, on: impl $crate::sql::Predicate) -> Self {
            let $this = &mut self;
            $select.node.add_join($crate::sql::condition_join($crate::sql::JoinKind::Left, None, target, on));
            self
        }

        /// RIGHT OUTER JOIN to a model, an alias or a subquery on a condition.
        #[must_use]
        pub fn right_join_on(mut self, target: impl $crate::sql::FromTarget, on: impl $crate::sql::Predicate) -> Self {
            let $this = &mut self;
            $select.node.add_join($crate::sql::condition_join($crate::sql::JoinKind::Right, None, target, on));
            self
        }

        /// FULL OUTER JOIN to a model, an alias or a subquery on a condition.
        #[must_use]
        pub fn full_join_on(mut self, target: impl $crate::sql::FromTarget, on: impl $crate::sql::Predicate) -> Self {
            let $this = &mut self;
            $select.node.add_join($crate::sql::condition_join($crate::sql::JoinKind::Full, None, target, on));
            self
        }

        /// CROSS JOIN: every row with every row, and no warning of it.
        #[must_use]
        pub fn cross_join(mut self, target: impl $crate::sql::FromTarget) -> Self {
            let $this = &mut self;
            $select.node.add_join($crate::sql::JoinNode::Cross { right: target.__item() });
            self
        }

        /// JOIN of two tables whose foreign key says how; the left one is put into FROM.
        #[must_use]
        pub fn join_from(mut self, left: impl $crate::sql::FromTarget, right: impl $crate::sql::FromTarget) -> Self {
            let $this = &mut self;
            $crate::sql::join_from(&mut $select.node, $crate::sql::JoinKind::Inner, left.__item(), right.__item());
            self
        }

        /// LEFT OUTER JOIN of two tables whose foreign key says how; the left one is put into FROM.
        #[must_use]
        pub fn outerjoin_from(
            mut self,
            left: impl $crate::sql::FromTarget,
            right: impl $crate::sql::FromTarget,
        ) -> Self {
            let $this = &mut self;
            $crate::sql::join_from(&mut $select.node, $crate::sql::JoinKind::Left, left.__item(), right.__item());
            self
        }

        /// JOIN of two tables on a condition; the left one is put into FROM.
        #[must_use]
        pub fn join_from_on(
            mut self,
            left: impl $crate::sql::FromTarget,
            right: impl $crate::sql::FromTarget,
            on: impl $crate::sql::Predicate,
        ) -> Self {
            let $this = &mut self;
            let left = $crate::sql::put_into_from(&mut $select.node, left.__item());
            $select.node.add_join($crate::sql::condition_join($crate::sql::JoinKind::Inner, Some(left), right, on));
            self
        }

        /// Adds a model, an alias or a subquery to FROM.
        #[must_use]
        pub fn select_from(mut self, target: impl $crate::sql::FromTarget) -> Self {
            let $this = &mut self;
            $select.node.add_from(target.__item());
            self
        }

        /// One row for each value of these, the first in the query's order: DISTINCT ON, of PostgreSQL.
        #[must_use]
        pub fn distinct_on(mut self, columns: impl $crate::sql::GroupBy) -> Self {
            let $this = &mut self;
            $select.node.add_groups(|node| &mut node.distinct_on, columns);
            self
        }

        /// LIMIT that lets rows pass which are equal to the last in the query's order: FETCH FIRST … WITH TIES, of
        /// PostgreSQL and MariaDB.
        #[must_use]
        pub fn fetch_with_ties(mut self, rows: u64) -> Self {
            let $this = &mut self;
            $select.node.limit = Some($crate::sql::number(rows));
            $select.node.with_ties = true;
            self
        }

        /// FOR UPDATE: locks the rows until the end of the transaction; see [`Lock`](crate::Lock).
        #[must_use]
        pub fn for_update(self) -> Self {
            self.lock($crate::sql::Lock::update())
        }

        /// FOR SHARE: locks the rows against changes until the end of the transaction.
        #[must_use]
        pub fn for_share(self) -> Self {
            self.lock($crate::sql::Lock::share())
        }

        /// SKIP LOCKED: leaves out what another transaction has locked, by the lock that is said before, else by FOR UPDATE.
        #[must_use]
        pub fn skip_locked(mut self) -> Self {
            let $this = &mut self;
            $select.node.lock = Some($select.node.lock.take().unwrap_or_else($crate::sql::Lock::update).skip_locked());
            self
        }

        /// NOWAIT: fails where another transaction has locked a row, by the lock that is said before, else by FOR UPDATE.
        #[must_use]
        pub fn nowait(mut self) -> Self {
            let $this = &mut self;
            $select.node.lock = Some($select.node.lock.take().unwrap_or_else($crate::sql::Lock::update).nowait());
            self
        }

        /// Locks the rows until the end of the transaction.
        #[must_use]
        pub fn lock(mut self, lock: $crate::sql::Lock) -> Self {
            let $this = &mut self;
            $select.node.lock = Some(lock);
            self
        }

        /// Words behind SELECT, taken as they stand, for one database or several, or for `()`, which is all.
        #[must_use]
        pub fn prefix_with(
            mut self,
            sql: impl Into<std::borrow::Cow<'static, str>>,
            dialects: impl $crate::sql::HintDialect,
        ) -> Self {
            let $this = &mut self;
            $select.node.hints.extend($crate::sql::hints($crate::sql::HintPlace::Prefix, sql.into(), dialects));
            self
        }

        /// Words at the end, taken as they stand, for one database or several, or for `()`, which is all.
        #[must_use]
        pub fn suffix_with(
            mut self,
            sql: impl Into<std::borrow::Cow<'static, str>>,
            dialects: impl $crate::sql::HintDialect,
        ) -> Self {
            let $this = &mut self;
            $select.node.hints.extend($crate::sql::hints($crate::sql::HintPlace::Suffix, sql.into(), dialects));
            self
        }

        /// Words behind a table of FROM, taken as they stand: `USE INDEX (…)`.
        #[must_use]
        pub fn with_hint(
            mut self,
            target: impl $crate::sql::FromTarget,
            sql: impl Into<std::borrow::Cow<'static, str>>,
            dialects: impl $crate::sql::HintDialect,
        ) -> Self {
            let $this = &mut self;
            let place = $crate::sql::HintPlace::Table(target.__item().reference());
            $select.node.hints.extend($crate::sql::hints(place, sql.into(), dialects));
            self
        }

        /// Writes a CTE before this very SELECT, also where it is a subquery or a CTE itself; else every CTE stands before
        /// the whole statement. Its name may then be that of another CTE outside.
        ///
        /// SQLAlchemy's `add_cte(cte, nest_here=True)`.
        ///
        /// ```
        /// # use orm_core as orm;
        /// # use orm_core::{Dialect, select};
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "users", metadata = none)]
        /// # struct User { #[orm(primary_key)] id: i64, name: String }
        /// let few = select(User.id).filter(User.id.lt(9)).cte("few");
        /// let named = select(few.0).nest_cte(&few).cte("named");
        /// assert_eq!(
        ///     select(named.0).to_sql(Dialect::Sqlite),
        ///     "WITH named AS (WITH few AS (SELECT users.id FROM users WHERE users.id < ?) SELECT few.id FROM few) \
        ///      SELECT named.id FROM named"
        /// );
        /// ```
        #[must_use]
        pub fn nest_cte(mut self, cte: impl $crate::sql::FromTarget) -> Self {
            let $this = &mut self;
            let item = cte.__item();
            $select.node.writes |= item.writes();
            $select.node.nested.push(item);
            self
        }

        /// Writes a CTE before the statement although nothing of FROM is it: one that changes rows.
        #[must_use]
        pub fn add_cte(mut self, cte: impl $crate::sql::FromTarget) -> Self {
            let $this = &mut self;
            let item = cte.__item();
            $select.node.writes |= item.writes();
            $select.node.ctes.push(item);
            self
        }

        /// Has a condition hold for every row of a model in this query: wherever its table or an alias of it stands, in joins, whose
        /// ON it becomes part of, in subqueries, `any` and `has`, and in the relationships that are loaded with the query.
        /// SQLAlchemy's option of the same name, with `include_aliases`.
        ///
        /// What does not fulfil it is as if it were not there: members that it leaves out are not loaded. For each query of a session,
        /// there is [`SessionEvents::filter`](crate::SessionEvents::filter).
        ///
        /// A condition that mentions another table outside of a subquery is an error of the query, as is a RIGHT or FULL OUTER
        /// JOIN of the table.
        ///
        /// ```
        /// # use orm_core::{BelongsTo, Dialect, HasMany, select, selectinload};
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # struct User { #[orm(primary_key)] id: i64, name: String,
        /// #     #[orm(back_populates = user)] addresses: HasMany<Address> }
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # struct Address { #[orm(primary_key)] id: i64, email: String, deleted: bool,
        /// #     #[orm(foreign_key = User.id)] user_id: i64,
        /// #     #[orm(back_populates = addresses)] user: BelongsTo<User> }
        /// let users = select(User).with_loader_criteria(Address, !Address.deleted).options(selectinload(User.addresses));
        /// assert_eq!(
        ///     users.filter(User.addresses.is_not_empty()).to_sql(Dialect::Sqlite),
        ///     "SELECT user.id, user.name FROM user \
        ///      WHERE EXISTS (SELECT 1 FROM address WHERE user.id = address.user_id AND NOT address.deleted)"
        /// );
        /// ```
        #[must_use]
        pub fn with_loader_criteria<A: $crate::mapper::Entity>(
            mut self,
            _entity: A,
            condition: impl $crate::sql::Predicate,
        ) -> Self {
            let $this = &mut self;
            let mapper = <A::Model as $crate::mapper::Model>::__mapper();
            let criterion = $crate::sql::Criterion::of_query(mapper, condition.__predicate());
            $select.node.criteria.push(criterion);
            self
        }

        /// Says which relationships are loaded with the objects, and how.
        #[must_use]
        pub fn options<O: $crate::load::LoadOption<S>>(mut self, option: O) -> Self {
            let $this = &mut self;
            option.__paths(&mut $select.node.loads);
            self
        }
    };
}
pub(crate) use clauses;
