//! Futures are `Send` under a multi-thread runtime, also from generic code; sixty models in a ring compile.

use orm::prelude::*;
use orm::{Entity, IntoKey, RowType, Values};

use crate::support::{Address, User, empty_engine, engine, two_users};

fn active(query: Select<User>) -> Select<User> {
    query.filter(User.active)
}

/// What a repository function looks like: two statements on whatever gives values.
async fn report(mut db: impl Reader) -> Result<(Vec<User>, u64), Error> {
    Ok((active(select(User)).all(db.again()).await?, select(Address).count(db).await?))
}

async fn find(db: impl Executor<Mode = Values>, id: i64) -> Result<Option<User>, Error> {
    select(User).filter(User.id.eq(id)).first(db).await
}

async fn any<E: Executor>(mut db: E) -> Result<usize, Error> {
    let users = select(User).all(db.again()).await?.len();
    Ok(users + select(Address).all(db).await?.len())
}

async fn by_id<M: Model>(session: &mut Session, key: impl IntoKey<M::Key> + Send) -> Result<Option<Handle<M>>, Error> {
    session.get(M::ATTRIBUTES, key).await
}

async fn count_of<M: Model, E: Executor>(db: E) -> Result<u64, Error> {
    select(M::ATTRIBUTES).count(db).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repository_function_runs_on_engine_connection_and_transaction_and_under_spawn() {
    let engine = engine().await;
    two_users(&engine).await;
    let task = tokio::spawn(async move {
        let mut found = Vec::new();
        found.push(report(&engine).await?.1);
        let mut connection = engine.connect().await?;
        found.push(report(&mut connection).await?.1);
        drop(connection);
        let mut transaction = engine.begin().await?;
        found.push(report(&mut transaction).await?.1);
        transaction.commit().await?;
        let mut session = Session::new(&engine);
        found.push(report(session.connection().await?).await?.1);
        found.push(any(&mut session).await? as u64);
        found.push(any(&engine).await? as u64);
        found.push(count_of::<User, _>(&mut session).await?);
        assert!(find(&engine, 1).await?.is_some());
        assert!(by_id::<User>(&mut session, 2).await?.is_some());
        found.push(engine.transaction(async |session| any(session).await).await? as u64);
        Ok::<_, Error>(found)
    });
    assert_eq!(task.await.unwrap().unwrap(), [3, 3, 3, 3, 5, 5, 2, 5]);
}

/// Spawns each terminal from a function that is generic over the model and over what runs the statement.
async fn terminals<M, E>(engine: Engine, make: fn(&'static Engine) -> E) -> [u64; 5]
where
    M: Model,
    M::Attributes: Entity<Model = M>,
    E: Executor + 'static,
    <E::Mode as orm::Mode>::Output<M>: Send,
{
    // The tasks outlive this function as far as the compiler knows.
    let engine: &'static Engine = Box::leak(Box::new(engine));
    let db = move || make(engine);
    let all = tokio::spawn(async move { select(M::ATTRIBUTES).all(db()).await.map(|rows| rows.len() as u64) });
    let first = tokio::spawn(async move { select(M::ATTRIBUTES).first(db()).await.map(|row| row.is_some() as u64) });
    let one = tokio::spawn(async move { select(M::ATTRIBUTES).limit(1).one(db()).await.map(|_| 1) });
    let or_none =
        tokio::spawn(async move { select(M::ATTRIBUTES).one_or_none(db()).await.map(|row| row.is_some() as u64) });
    let count = tokio::spawn(async move { select(M::ATTRIBUTES).count(db()).await });
    let or_none = match or_none.await.unwrap() {
        Ok(found) => found,
        Err(error) => {
            assert_eq!(error.message(), "multiple rows were found when one or none was required");
            2
        }
    };
    [
        all.await.unwrap().unwrap(),
        first.await.unwrap().unwrap(),
        one.await.unwrap().unwrap(),
        or_none,
        count.await.unwrap().unwrap(),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_terminal_can_be_spawned_from_generic_code() {
    let engine = engine().await;
    two_users(&engine).await;
    assert_eq!(terminals::<User, _>(engine.clone(), |engine| engine).await, [2, 1, 1, 2, 2]);
    assert_eq!(terminals::<Address, &Engine>(engine, |engine| engine).await, [3, 1, 1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_is_used_from_generic_code_under_spawn() {
    async fn both<M: Model>(engine: Engine) -> Result<(usize, usize, u64), Error> {
        let mut session = Session::new(&engine);
        let all = select(M::ATTRIBUTES).all(&mut session).await?.len();
        let query = session.query(M::ATTRIBUTES).all().await?.len();
        let count = count_of::<M, _>(&mut session).await?;
        session.commit().await?;
        Ok((all, query, count))
    }
    let engine = engine().await;
    two_users(&engine).await;
    assert_eq!(tokio::spawn(both::<Address>(engine)).await.unwrap().unwrap(), (3, 3, 3));
}

fn helper(query: Select<impl RowType>, name: &str) -> Select<impl RowType> {
    query.filter(User.name.eq(name))
}

#[tokio::test]
async fn helpers_need_no_bounds() {
    let engine = engine().await;
    two_users(&engine).await;
    assert_eq!(helper(select(User), "ed").count(&engine).await.unwrap(), 1);
    assert_eq!(helper(select((User.name, User.id)), "x").count(&engine).await.unwrap(), 0);
    let _ = User::builder();
}

/// Sixty models, each with a collection of the next and a reference to the one before: auto traits and constants must not
/// follow the ring.
#[expect(dead_code, reason = "three of the sixty are used")]
mod ring {
    use orm::prelude::*;

    macro_rules! ring {
        ($($before:ident $model:ident $after:ident,)*) => {
            pub(super) fn metadata() -> MetaData {
                orm::metadata![$($model),*]
            }
        $(
            #[derive(Clone, Debug, PartialEq, Model)]
            #[orm(metadata = none)]
            pub(super) struct $model {
                #[orm(primary_key)]
                pub(super) id: i64,
                pub(super) name: String,
                #[orm(back_populates = prev)]
                pub(super) next: HasMany<$after>,
                #[orm(foreign_key = $before.id)]
                pub(super) prev_id: Option<i64>,
                #[orm(back_populates = next)]
                pub(super) prev: BelongsTo<$before>,
            }
        )* };
    }
    ring! {
        R59 R00 R01, R00 R01 R02, R01 R02 R03, R02 R03 R04, R03 R04 R05, R04 R05 R06, R05 R06 R07, R06 R07 R08,
        R07 R08 R09, R08 R09 R10, R09 R10 R11, R10 R11 R12, R11 R12 R13, R12 R13 R14, R13 R14 R15, R14 R15 R16,
        R15 R16 R17, R16 R17 R18, R17 R18 R19, R18 R19 R20, R19 R20 R21, R20 R21 R22, R21 R22 R23, R22 R23 R24,
        R23 R24 R25, R24 R25 R26, R25 R26 R27, R26 R27 R28, R27 R28 R29, R28 R29 R30, R29 R30 R31, R30 R31 R32,
        R31 R32 R33, R32 R33 R34, R33 R34 R35, R34 R35 R36, R35 R36 R37, R36 R37 R38, R37 R38 R39, R38 R39 R40,
        R39 R40 R41, R40 R41 R42, R41 R42 R43, R42 R43 R44, R43 R44 R45, R44 R45 R46, R45 R46 R47, R46 R47 R48,
        R47 R48 R49, R48 R49 R50, R49 R50 R51, R50 R51 R52, R51 R52 R53, R52 R53 R54, R53 R54 R55, R54 R55 R56,
        R55 R56 R57, R56 R57 R58, R57 R58 R59, R58 R59 R00,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_models_in_a_ring_are_send_and_sync_and_work() {
    use ring::{R00, R01, R02, R59};
    fn shared<T: Send + Sync>() {}
    shared::<R00>();
    shared::<R59>();
    let engine = empty_engine().await;
    tokio::spawn(async move {
        ring::metadata().create_all(&engine).await?;
        let mut session = Session::new(&engine);
        let first =
            session.add(R00::builder().name("a").next([R01::builder().name("b").next([R02::builder().name("c")])]));
        session[first].next.push(R01::builder().name("d"));
        session.commit().await?;
        let found = select(R00)
            .options(selectinload(R00.next).selectinload(R01.next).joinedload(R02.prev))
            .all(&engine)
            .await?;
        assert_eq!(found[0].next.len(), 2);
        assert_eq!(found[0].next.get()[0].next.get()[0].prev.get().map(|b| b.name.as_str()), Some("b"));
        Ok::<(), Error>(())
    })
    .await
    .unwrap()
    .unwrap();
}
