//! What runs a statement that gives rows, once for [`Select`](super::Select) and for [`Returning`](super::Returning).

/// What ends a statement that gives rows of `S`.
macro_rules! terminals {
    () => {
        /// Runs it and returns every row.
        ///
        /// ```
        /// # use orm_core::{Engine, Error, Model, Session, insert, metadata, select, text};
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "users", metadata = none)]
        /// # struct User { #[orm(primary_key)] id: i64, #[orm(unique)] name: String }
        /// # #[tokio::main(flavor = "current_thread")]
        /// # async fn main() -> Result<(), Error> {
        /// # let engine = Engine::new("sqlite::memory:")?;
        /// # metadata![User].create_all(&engine).await?;
        /// # insert(User).values([User { id: 0, name: "ed".into() }, User { id: 0, name: "wendy".into() }]).execute(&engine).await?;
        /// assert_eq!(select(User.name).order_by(User.name.desc()).all(&engine).await?, ["wendy", "ed"]);
        /// # Ok(())
        /// # }
        /// ```
        ///
        /// # Errors
        ///
        /// Fails when the statement cannot be rendered for the database, when the database refuses it, or when a value
        /// does not fit its Rust type.
        #[track_caller]
        pub fn all<E: Executor>(self, db: E) -> impl Future<Output = Result<Vec<Out<E, S>>>> + Send {
            db.__fetch::<S>(self.request())
        }

        /// Runs it and returns the first row, if there is one.
        ///
        /// ```
        /// # use orm_core::{Engine, Error, Model, Session, insert, metadata, select, text};
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "users", metadata = none)]
        /// # struct User { #[orm(primary_key)] id: i64, #[orm(unique)] name: String }
        /// # #[tokio::main(flavor = "current_thread")]
        /// # async fn main() -> Result<(), Error> {
        /// # let engine = Engine::new("sqlite::memory:")?;
        /// # metadata![User].create_all(&engine).await?;
        /// # insert(User).values([User { id: 0, name: "ed".into() }, User { id: 0, name: "wendy".into() }]).execute(&engine).await?;
        /// let first = select(User.name).order_by(User.id).first(&engine).await?;
        /// assert_eq!(first.as_deref(), Some("ed"));
        /// # Ok(())
        /// # }
        /// ```
        ///
        /// # Errors
        ///
        /// As [`all`](Self::all).
        #[track_caller]
        pub fn first<E: Executor>(self, db: E) -> impl Future<Output = Result<Option<Out<E, S>>>> + Send {
            let request = self.request().map(|request| request.at_most(1));
            async move {
                let mut rows = db.__fetch::<S>(request).await?;
                Ok(if rows.is_empty() { None } else { Some(rows.swap_remove(0)) })
            }
        }

        /// Runs it and returns its only row, or `None`.
        ///
        /// ```
        /// # use orm_core::{Engine, Error, Model, Session, insert, metadata, select, text};
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "users", metadata = none)]
        /// # struct User { #[orm(primary_key)] id: i64, #[orm(unique)] name: String }
        /// # #[tokio::main(flavor = "current_thread")]
        /// # async fn main() -> Result<(), Error> {
        /// # let engine = Engine::new("sqlite::memory:")?;
        /// # metadata![User].create_all(&engine).await?;
        /// # insert(User).values([User { id: 0, name: "ed".into() }, User { id: 0, name: "wendy".into() }]).execute(&engine).await?;
        /// assert!(select(User).filter(User.name.eq("jack")).one_or_none(&engine).await?.is_none());
        /// # Ok(())
        /// # }
        /// ```
        ///
        /// # Errors
        ///
        /// As [`all`](Self::all), and with [`ErrorKind::MultipleResultsFound`](crate::ErrorKind::MultipleResultsFound) when
        /// there are several.
        #[track_caller]
        pub fn one_or_none<E: Executor>(self, db: E) -> impl Future<Output = Result<Option<Out<E, S>>>> + Send {
            self.one_or_none_at(db, Location::caller())
        }

        /// The same for a caller who was called from elsewhere.
        #[track_caller]
        pub(crate) fn one_or_none_at<E: Executor>(
            self,
            db: E,
            place: &'static Location<'static>,
        ) -> impl Future<Output = Result<Option<Out<E, S>>>> + Send {
            let request = self.request().map(|request| request.at_most(2));
            async move {
                let mut rows = db.__fetch::<S>(request).await?;
                match rows.len() {
                    0 | 1 => Ok(rows.pop()),
                    _ => Err(Error::several_rows("one or none").of_query::<S>(place)),
                }
            }
        }

        /// Runs it and returns its only row.
        ///
        /// ```
        /// # use orm_core::{Engine, Error, Model, Session, insert, metadata, select, text};
        /// # #[derive(Clone, Debug, orm_derive::Model)]
        /// # #[orm(table = "users", metadata = none)]
        /// # struct User { #[orm(primary_key)] id: i64, #[orm(unique)] name: String }
        /// # #[tokio::main(flavor = "current_thread")]
        /// # async fn main() -> Result<(), Error> {
        /// # let engine = Engine::new("sqlite::memory:")?;
        /// # metadata![User].create_all(&engine).await?;
        /// # insert(User).values([User { id: 0, name: "ed".into() }, User { id: 0, name: "wendy".into() }]).execute(&engine).await?;
        /// let ed = select(User).filter(User.name.eq("ed")).one(&engine).await?;
        /// assert_eq!(ed.id, 1);
        /// let error = select(User).one(&engine).await.unwrap_err();
        /// assert!(!error.is_no_result_found()); // there are two
        /// # Ok(())
        /// # }
        /// ```
        ///
        /// # Errors
        ///
        /// As [`all`](Self::all), with [`ErrorKind::NoResultFound`](crate::ErrorKind::NoResultFound) when there is none and with
        /// [`ErrorKind::MultipleResultsFound`](crate::ErrorKind::MultipleResultsFound) when there are several.
        #[track_caller]
        pub fn one<E: Executor>(self, db: E) -> impl Future<Output = Result<Out<E, S>>> + Send {
            self.one_at(db, Location::caller())
        }

        /// The same for a caller who was called from elsewhere.
        #[track_caller]
        pub(crate) fn one_at<E: Executor>(
            self,
            db: E,
            place: &'static Location<'static>,
        ) -> impl Future<Output = Result<Out<E, S>>> + Send {
            let request = self.request().map(|request| request.at_most(2));
            async move {
                let mut rows = db.__fetch::<S>(request).await?;
                match (rows.pop(), rows.is_empty()) {
                    (Some(row), true) => Ok(row),
                    (None, _) => Err(Error::no_row().of_query::<S>(place)),
                    (Some(_), false) => Err(Error::several_rows("exactly one").of_query::<S>(place)),
                }
            }
        }

        /// Runs it and returns the only column of its first row; no row and NULL are both `None`.
        ///
        /// # Errors
        ///
        /// As [`all`](Self::all).
        #[track_caller]
        pub fn scalar<E: Executor>(self, db: E) -> impl Future<Output = Result<Option<S::Plain>>> + Send
        where
            S: SqlType,
        {
            let request = self.request().map(|request| request.at_most(1));
            async move { Ok(db.__values::<Option<S::Plain>>(request?).await?.into_iter().next().flatten()) }
        }
    };
}
pub(super) use terminals;
