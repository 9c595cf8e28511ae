//! All mistakes of a struct are reported, and what uses it adds none.
use orm::prelude::*;

#[derive(Clone, Debug, Model)]
#[orm(tabel = "users", unique(nam))]
struct User {
    id: i64,
    #[orm(lenght = 50, uniqe)]
    name: String,
    #[orm(on_delete = cascade)]
    country: String,
    #[orm(cascade(delete_orphan))]
    addresses: HasMany<Address>,
}

#[derive(Clone, Debug, Model)]
struct Address {
    #[orm(primary_key)]
    id: i64,
    #[orm(foreign_key = User.id)]
    user_id: i64,
    #[orm(back_populates = addresses)]
    user: BelongsTo<User>,
}

async fn uses(session: &mut Session) -> Result<(), Error> {
    let user = session.add(User::builder().name("ed").country("de").addresses([Address::builder()]));
    session[user].name.clear();
    session.query(User).filter(User.name.eq("ed")).options(selectinload(User.addresses)).all().await?;
    Ok(())
}

fn main() {}
