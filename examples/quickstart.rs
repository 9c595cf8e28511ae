//! The README's first screen: a graph of objects saved, found, changed and deleted.
//!
//! `cargo run --example quickstart`; with `ORM_ECHO=1` it shows the SQL of each step.

use orm::prelude::*;

#[derive(Clone, Debug, Model)]
#[orm(table = "users")]
struct User {
    #[orm(primary_key)]
    id: i64,
    #[orm(length = 50, unique)]
    name: String,
    fullname: Option<String>,
    #[orm(back_populates = user, cascade(all, delete_orphan), order_by = id)]
    addresses: HasMany<Address>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "addresses")]
struct Address {
    #[orm(primary_key)]
    id: i64,
    email: String,
    #[orm(foreign_key = User.id, on_delete = cascade, index)]
    user_id: i64,
    #[orm(back_populates = addresses)]
    user: BelongsTo<User>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let echo = std::env::var_os("ORM_ECHO").is_some();
    if echo {
        tracing_subscriber::fmt().with_target(false).without_time().init();
    }

    let engine = Engine::builder("sqlite::memory:").echo(echo).build()?;
    MetaData::global().create_all(&engine).await?;

    // A session owns objects, and a handle names one. Nothing is sent before a flush, nothing is kept before a commit.
    let mut session = Session::new(&engine);
    let emails = ["ed@x.org", "ed@y.org"].map(|email| Address::builder().email(email));
    let ed = session.add(User::builder().name("ed").addresses(emails));
    session.add(User::builder().name("wendy").fullname("Wendy Williams"));
    session.commit().await?;
    println!("saved {} with the key {}", session[ed].name, session[ed].id);

    // One row is one object; what is loaded with it is said.
    let found = session.query(User).filter(User.name.like("e%")).options(selectinload(User.addresses)).one().await?;
    assert_eq!(found, ed);
    for (_, address) in session.related(ed, User.addresses) {
        println!("found {} <{}>", session[ed].name, address.email);
    }

    // One changed field is an UPDATE of one column.
    session[ed].fullname = Some("Ed Jones".into());
    session.commit().await?;

    // The same statements give plain values when the engine runs them.
    let counts: Vec<(Option<String>, i64)> = select((User.fullname, func::count(Address.id)))
        .outerjoin(User.addresses)
        .group_by(User.id)
        .order_by(User.name)
        .all(&engine)
        .await?;
    for (fullname, addresses) in counts {
        println!("{} has {addresses} addresses", fullname.as_deref().unwrap_or("somebody"));
    }

    // Deleting cascades; here in the session, and by the foreign key in the database.
    session.delete(ed).await?;
    session.commit().await?;
    let left = (select(User).count(&engine).await?, select(Address).count(&engine).await?);
    println!("deleted ed: {} user and {} addresses are left", left.0, left.1);
    Ok(())
}
