//! Rows written in bulk, without becoming objects: INSERT of many, UPDATE of many by key.

use super::{Busy, Key, Session, State, WRITING};
use crate::error::{ErrorKind, Result};
use crate::flush;
use crate::mapper::{Model, NewInstance, Object};
use crate::sql::{Columns, Write, insert_into};

impl Session {
    /// Inserts rows without making objects of them: fewer steps than [`add_all`](Self::add_all), no keys that come back.
    ///
    /// Rows that set the same columns go in one statement, up to what the database binds. Returns how many there were.
    ///
    /// ```
    /// # use orm_core::{Engine, Model, Session, metadata};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User].create_all(&engine).await?;
    /// let mut session = Session::new(&engine);
    /// let many = (0..1000).map(|n| User::builder().name(format!("user {n}")));
    /// assert_eq!(session.bulk_insert(many).await?, 1000);
    /// session.commit().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`execute`](Self::execute), and when a row holds members of a relationship, which would be lost. Where some rows were
    /// written by statements before the one that failed, the session waits for a rollback, as after a flush that fails.
    pub fn bulk_insert<I>(&mut self, rows: I) -> impl Future<Output = Result<u64>> + Send
    where
        I: IntoIterator<Item: NewInstance>,
    {
        let statements = insert_into::<<I::Item as NewInstance>::Model>()
            .values(rows.into_iter().collect::<Vec<_>>())
            .__statements();
        async move { self.change(statements?).await }
    }

    /// Updates some columns of many rows to those of values with their keys, many rows in one statement.
    ///
    /// Objects of the session with these keys are expired. A version is checked and goes up, as in a flush. Returns how
    /// many rows there were.
    ///
    /// ```
    /// # use orm_core::{Engine, Model, Session, metadata, select};
    /// # #[derive(Clone, Debug, orm_derive::Model)]
    /// # struct User { #[orm(primary_key)] id: i64, name: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), orm_core::Error> {
    /// # let engine = Engine::new("sqlite::memory:")?;
    /// # metadata![User].create_all(&engine).await?;
    /// let mut session = Session::new(&engine);
    /// session.bulk_insert(["ed", "wendy"].map(|name| User::builder().name(name))).await?;
    /// session.commit().await?;
    ///
    /// let mut users = select(User).all(&engine).await?; // values
    /// users.iter_mut().for_each(|user| user.name.make_ascii_uppercase());
    /// assert_eq!(session.bulk_update(User.name, users).await?, 2); // one UPDATE
    /// session.commit().await?;
    /// assert_eq!(select(User.name).all(&engine).await?, ["ED", "WENDY"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`execute`](Self::execute), and with [`ErrorKind::StaleData`](crate::ErrorKind::StaleData) when a row is not
    /// there, or has another version. The rows that were there are not changed alone: the session waits for a rollback, as after
    /// a flush that fails.
    pub fn bulk_update<M: Model>(
        &mut self,
        columns: impl Columns<M>,
        values: impl IntoIterator<Item = M>,
    ) -> impl Future<Output = Result<u64>> + Send {
        let mut list = Vec::new();
        columns.__columns(&mut list);
        let values: Vec<Box<dyn Object>> = values.into_iter().map(|value| Box::new(value) as Box<dyn Object>).collect();
        async move { self.update_by_key(list, values).await }
    }

    async fn update_by_key(&mut self, columns: Vec<u16>, values: Vec<Box<dyn Object>>) -> Result<u64> {
        self.check()?;
        self.flush_before_query().await?;
        let Some(mapper) = values.first().map(|value| value.mapper()) else { return Ok(0) };
        let keys: Vec<Key> = values.iter().filter_map(|value| Key::of_object(&**value)).collect();
        self.busy = WRITING;
        let updated = flush::update_by_key(&mut self.connections, &self.objects.events, mapper, &columns, values).await;
        self.busy = Busy::No;
        // Of several statements some may have been run before one has failed.
        for key in keys {
            if let Some(slot) = self.objects.find(mapper, &key)
                && self.objects.get(slot).state == State::Persistent
            {
                self.objects.expire(slot);
            }
        }
        self.objects.doubt_members(mapper, |column| columns.contains(&column))?;
        match updated {
            // What it was told makes no sense: nothing was sent.
            Err(error) if matches!(error.kind(), ErrorKind::InvalidRequest | ErrorKind::Argument) => Err(error),
            Err(error) => Err(self.flush_failed(error).await),
            Ok(count) => Ok(count),
        }
    }
}
