//! The first quarter of an hour: models, a graph saved, found, changed and deleted.
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

    println!("-- create the tables");
    let engine = Engine::builder("sqlite::memory:").echo(echo).build()?;
    MetaData::global().create_all(&engine).await?;

    println!("-- add a user with two addresses, and another user");
    let mut session = Session::new(&engine);
    let ed = session.add(
        User::builder()
            .name("ed")
            .addresses([Address::builder().email("ed@x.org"), Address::builder().email("ed@y.org")]),
    );
    session.add(User::builder().name("wendy").fullname("Wendy Williams"));
    session.commit().await?;
    println!("   ed has the key {}", session[ed].id);

    println!("-- find users by a condition, and load their addresses with them");
    let found = session
        .query(User)
        .filter(User.name.like("e%"))
        .options(selectinload(User.addresses))
        .order_by(User.name.asc())
        .all()
        .await?;
    for user in found {
        for (_, address) in session.related(user, User.addresses) {
            println!("   {} <{}>", session[user].name, address.email);
        }
    }

    println!("-- change one field: one column is updated");
    session[ed].fullname = Some("Ed Jones".into());
    session.commit().await?;

    println!("-- ask for values, without a session");
    let counts: Vec<(String, i64)> = select((User.name, func::count(Address.id)))
        .outerjoin(User.addresses)
        .group_by(User.name)
        .order_by(User.name.asc())
        .all(&engine)
        .await?;
    for (name, addresses) in counts {
        println!("   {name} has {addresses} addresses");
    }

    println!("-- delete the user: the addresses go with it");
    session.delete(ed).await?;
    session.commit().await?;
    println!("   {} users and {} addresses are left", select(User).count(&engine).await?, select(Address).count(&engine).await?);
    Ok(())
}
