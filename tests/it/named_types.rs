//! Columns of types that PostgreSQL or one of its extensions has and no type of the library stands for: their values are texts.

use orm::prelude::*;
use orm::{Connection, Expr, literal, subqueryload, tuple};

use crate::only;
use crate::support::empty_engine;

/// The only one at a time that has extensions, since a database has each but once.
struct Extended {
    engine: Engine,
    /// It holds the lock.
    connection: Connection,
}

impl Extended {
    async fn with(extensions: &[&str]) -> Option<Self> {
        let engine = empty_engine().await;
        let mut connection = engine.connect().await.unwrap();
        text("SELECT CAST(pg_advisory_lock(7231) AS TEXT)").execute(&mut connection).await.unwrap();
        for name in extensions {
            let known = text("SELECT count(*) FROM pg_available_extensions WHERE name = :name").bind("name", *name);
            if known.columns::<i64>().one(&engine).await.unwrap() == 0 {
                return None;
            }
            text(format!("CREATE EXTENSION {name}")).execute(&engine).await.unwrap();
        }
        Some(Extended { engine, connection })
    }

    async fn without(self, extensions: &[&str]) {
        for name in extensions {
            text(format!("DROP EXTENSION {name} CASCADE")).execute(&self.engine).await.unwrap();
        }
        drop(self.connection);
    }
}

#[derive(Clone, Debug, Model)]
#[orm(table = "owners", metadata = none)]
struct Owner {
    #[orm(primary_key, sql_type = "CITEXT")]
    name: String,
    #[orm(default = 0)]
    hits: i64,
    #[orm(back_populates = owner, cascade(all, delete_orphan))]
    things: HasMany<Thing>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "things", metadata = none)]
struct Thing {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = Owner.name, sql_type = "CITEXT")]
    owner_name: String,
    #[orm(back_populates = things)]
    owner: BelongsTo<Owner>,
}

/// A parameter is text, and a `CITEXT` beside text is one whose case counts.
#[tokio::test]
async fn texts_whose_case_does_not_count_are_compared_as_such() {
    only!(Postgres);
    let Some(extended) = Extended::with(&["citext"]).await else { return };
    let engine = &extended.engine;
    metadata![Owner, Thing].create_all(engine).await.unwrap();
    insert(Owner).values(Owner::builder().name("Abc")).execute(engine).await.unwrap();
    insert(Thing).values(Thing::builder().owner_name("aBC")).execute(engine).await.unwrap();

    let many: Vec<String> = (0..20).map(|number| format!("x{number}")).chain(["aBC".to_owned()]).collect();
    let inner = select(Owner.name).filter(Owner.name.eq("ABC"));
    let conditions = [
        Owner.name.eq("aBC"),
        Owner.name.in_(["aBC", "x"]),
        Owner.name.in_(many),
        Owner.name.ne("aBD"),
        Owner.name.between("aBB", "aBD"),
        Owner.name.is_not_distinct_from("aBC"),
        Owner.hits.eq(0) & tuple((Owner.name, Owner.hits)).in_([("aBC".to_owned(), 0)]).is_not_distinct_from(true),
        literal("aBC".to_owned()).eq(Owner.name),
        literal("aBC".to_owned()).in_(inner),
        func::coalesce(func::nullif(Owner.name, "abd"), "x").eq("aBC"),
        Owner.name.like("aB%"),
    ];
    let derived = select((Owner.hits, Owner.name)).subquery("inner_owners");
    assert_eq!(select(derived.0).filter(derived.1.eq("aBC")).count(engine).await.unwrap(), 1);
    for (position, condition) in conditions.into_iter().enumerate() {
        assert_eq!(select(Owner).filter(condition).count(engine).await.unwrap(), 1, "{position}");
    }
    assert_eq!(select(Owner).filter(Owner.name.ne("aBC")).count(engine).await.unwrap(), 0);

    for option in [selectinload(Owner.things), joinedload(Owner.things), subqueryload(Owner.things)] {
        assert_eq!(select(Owner).options(option).one(engine).await.unwrap().things.len(), 1);
    }
    for option in [selectinload(Thing.owner), joinedload(Thing.owner), subqueryload(Thing.owner)] {
        let thing = select(Thing).options(option).one(engine).await.unwrap();
        assert_eq!(thing.owner.get().map(|owner| owner.name.clone()).as_deref(), Some("Abc"));
    }

    let mut session = Session::new(engine);
    let owner = session.get_one(Owner, "Abc").await.unwrap();
    assert_eq!(session.get(Owner, "aBC").await.unwrap(), Some(owner));
    session.load(owner, Owner.things).await.unwrap();
    assert_eq!(session.handles(owner, Owner.things).len(), 1);
    session[owner].hits = 1;
    session.commit().await.unwrap();
    // Changed while it is expired.
    session[owner].hits = 2;
    session.commit().await.unwrap();
    session.execute(update(Owner).set(Owner.hits, 3).filter(Owner.name.eq("abC"))).await.unwrap();
    session.refresh(owner).await.unwrap();
    assert_eq!(session[owner].hits, 3);
    session.delete(owner).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(select(Thing).count(engine).await.unwrap(), 0);
    drop(session);
    extended.without(&["citext"]).await;
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "devices", metadata = none)]
struct Device {
    #[orm(primary_key, sql_type = "MACADDR")]
    address: String,
    #[orm(sql_type = "BIT(3)")]
    flags: String,
    #[orm(sql_type = "XML")]
    form: String,
    #[orm(sql_type = "INTERVAL")]
    pause: Option<String>,
    #[orm(sql_type = "MACADDR[]")]
    others: Vec<String>,
    #[orm(back_populates = device, cascade(all, delete_orphan))]
    ports: HasMany<Port>,
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "ports", metadata = none)]
struct Port {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = Device.address, on_update = cascade, sql_type = "MACADDR")]
    address: Option<String>,
    #[orm(back_populates = ports)]
    device: BelongsTo<Device>,
}

fn device(last: u8) -> Device {
    Device {
        address: format!("08:00:2b:01:02:{last:02x}"),
        flags: "101".into(),
        form: "<a>b</a>".into(),
        pause: None,
        others: vec![format!("08:00:2b:01:03:{last:02x}")],
        ports: HasMany::default(),
    }
}

#[tokio::test]
async fn values_of_such_types_are_written_compared_and_read() {
    only!(Postgres);
    let engine = empty_engine().await;
    metadata![Device, Port].create_all(&engine).await.unwrap();
    metadata![Device, Port].check(&engine).await.unwrap();
    insert(Device).values((0..6).map(device)).execute(&engine).await.unwrap();
    let again = insert(Device).values(device(0)).on_conflict(Device.address);
    again.set(Device.flags, "111").do_update(()).execute(&engine).await.unwrap();
    let found = select(Device).filter(Device.address.eq("08-00-2B-01-02-00")).one(&engine).await.unwrap();
    assert_eq!((found.flags.as_str(), &found.others), ("111", &device(0).others));
    let count = async |condition: Expr<bool>| select(Device).filter(condition).count(&engine).await.unwrap();
    assert_eq!(count(Device.flags.eq("101")).await, 5);
    assert_eq!(count(Device.flags.in_(["101", "111"])).await, 6);
    assert_eq!(count(Device.others.eq(device(3).others)).await, 1);
    // What is too long is not cut: it is none of them, and is refused where it is written.
    assert_eq!(count(Device.flags.eq("1011")).await, 0);
    let error = update(Device).set(Device.flags, "1011").execute(&engine).await.unwrap_err();
    assert!(error.to_string().contains("bit string length 4 does not match type bit(3)"), "{error}");
    let case = func::case(Device.flags.eq("111"), "000".to_owned()).otherwise("001".to_owned());
    update(Device).set(Device.flags, case).execute(&engine).await.unwrap();
    let case = func::case(Device.flags.eq("000"), "110".to_owned()).otherwise(Device.flags);
    update(Device).set(Device.flags, case).execute(&engine).await.unwrap();
    assert_eq!((count(Device.flags.eq("110")).await, count(Device.flags.eq("001")).await), (1, 5));

    let mut session = Session::new(&engine);
    let devices =
        session.query(Device).options(selectinload(Device.ports)).order_by(Device.address).all().await.unwrap();
    for &device in &devices {
        session[device].flags = "011".into();
        session[device].pause = Some("1 day".into());
        session[device].ports.push(Port::builder());
    }
    session.commit().await.unwrap();
    for &device in &devices {
        session[device].form = "<c/>".into();
    }
    // The rows that refer to a key follow it.
    session[devices[0]].address = "08:00:2b:01:02:ff".into();
    session.commit().await.unwrap();
    let stored =
        select(Device).options(selectinload(Device.ports)).order_by(Device.address).all(&engine).await.unwrap();
    for device in &stored {
        let columns = (device.flags.as_str(), device.form.as_str(), device.pause.as_deref(), device.ports.len());
        assert_eq!(columns, ("011", "<c/>", Some("1 day"), 1));
    }
    assert_eq!(stored[5].address, "08:00:2b:01:02:ff");
    let first = session.get_one(Device, "08:00:2b:01:02:01").await.unwrap();
    session.delete(first).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!((select(Device).count(&engine).await.unwrap(), select(Port).count(&engine).await.unwrap()), (5, 5));
}

/// An index on such a column finds what is compared with it.
#[tokio::test]
async fn a_comparison_with_a_cast_uses_the_index() {
    only!(Postgres);
    let engine = empty_engine().await;
    metadata![Device, Port].create_all(&engine).await.unwrap();
    let mut connection = engine.connect().await.unwrap();
    text("SET enable_seqscan = off").execute(&mut connection).await.unwrap();
    let many = (0..20).map(|last| device(last).address);
    for condition in [Device.address.eq(device(1).address), Device.address.in_(many)] {
        let plan = select(Device).filter(condition).explain(&mut connection).await.unwrap();
        assert!(plan.to_string().contains("Index Cond"), "{plan}");
    }
}

/// Their binary form begins with the number of the format.
#[tokio::test]
async fn paths_are_read_as_they_are_written() {
    only!(Postgres);
    let Some(extended) = Extended::with(&["ltree", "hstore"]).await else { return };
    let engine = &extended.engine;
    #[derive(Clone, Debug, PartialEq, Model)]
    #[orm(table = "places", metadata = none)]
    struct Place {
        #[orm(primary_key, sql_type = "LTREE")]
        path: String,
        #[orm(sql_type = "LTREE[]")]
        others: Vec<String>,
        #[orm(default)]
        #[orm(sql_type = "HSTORE")]
        facts: Deferred<Option<String>>,
    }
    metadata![Place].create_all(engine).await.unwrap();
    let places: Vec<_> = ["a", "a.b"].map(|path| (path.to_owned(), vec![path.to_owned(), "x".to_owned()])).into();
    let rows =
        places.iter().map(|(path, others)| Place::builder().path(path).others(others.clone()).facts("k=>v".to_owned()));
    insert(Place).values(rows).execute(engine).await.unwrap();
    assert_eq!(select((Place.path, Place.others)).order_by(Place.path).all(engine).await.unwrap(), places);
    assert_eq!(select(Place.path).filter(Place.path.eq("a.b")).all(engine).await.unwrap(), ["a.b"]);
    // What has no text is refused.
    let error = select(Place.facts).all(engine).await.unwrap_err();
    assert!(error.to_string().contains("expected text, found bytes"), "{error}");
    extended.without(&["ltree", "hstore"]).await;
}

/// `JSON` of PostgreSQL has no `=`.
#[tokio::test]
async fn documents_that_are_kept_as_text_are_compared_as_documents() {
    use serde_json::{Value, json};
    #[derive(Clone, Debug, PartialEq, Model)]
    #[orm(table = "documents", metadata = none)]
    struct Document {
        #[orm(primary_key)]
        id: i64,
        #[orm(postgres(sql_type = "JSON"))]
        body: Value,
        #[orm(postgres(sql_type = "JSON"))]
        other: Value,
    }
    let engine = empty_engine().await;
    metadata![Document].create_all(&engine).await.unwrap();
    let bodies = [json!({"a": 1, "b": [true]}), json!({"a": 2})];
    let rows = bodies.iter().map(|body| Document::builder().body(body.clone()).other(json!({"a": 2})));
    insert(Document).values(rows).execute(&engine).await.unwrap();
    let found = async |condition: Expr<bool>| {
        select(Document.id).filter(condition).order_by(Document.id).all(&engine).await.unwrap()
    };
    assert_eq!(found(Document.body.eq(bodies[0].clone())).await, [1]);
    assert_eq!(found(Document.body.ne(bodies[0].clone())).await, [2]);
    assert_eq!(found(Document.body.in_(bodies.clone())).await, [1, 2]);
    assert_eq!(found(Document.body.eq(Document.other)).await, [2]);
    let change = update(Document).set(Document.body, json!({"a": 3})).filter(Document.body.eq(bodies[1].clone()));
    change.execute(&engine).await.unwrap();
    let mut session = Session::new(&engine);
    let document = session.get_one(Document, 2).await.unwrap();
    assert_eq!(session[document].body, json!({"a": 3}));
    session[document].body["a"] = json!(4);
    session.commit().await.unwrap();
    assert_eq!(found(Document.body.eq(json!({"a": 4}))).await, [2]);
}
