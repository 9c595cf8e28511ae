//! Keys that rows follow by `on_update = cascade`, changed together with whatever else a flush has to do: random steps
//! against a plain model of the rows.
//!
//! `ORM_SEED=… ORM_STEPS=…` runs one of them again, `ORM_RUNS=…` runs more.

mod places;
mod rings;

use std::collections::BTreeMap;

use orm::Handle;
use orm::prelude::*;

use crate::random::{Random, Step, check_runs, told};
use crate::support::empty_engine;

#[derive(Clone, Debug, Model)]
#[orm(table = "cascading_shops", metadata = none)]
struct Shop {
    #[orm(primary_key, length = 8)]
    code: String,
    #[orm(back_populates = shop, cascade(all, delete_orphan))]
    tills: HasMany<Till>,
    #[orm(back_populates = shop)]
    clerks: HasMany<Clerk>,
}

/// A row whose key is partly a foreign key, which others follow.
#[derive(Clone, Debug, Model)]
#[orm(table = "cascading_tills", metadata = none)]
struct Till {
    #[orm(primary_key, foreign_key = Shop.code, on_update = cascade, length = 8)]
    shop_code: String,
    #[orm(primary_key, autoincrement = false)]
    number: i64,
    name: String,
    #[orm(back_populates = tills)]
    shop: BelongsTo<Shop>,
    #[orm(back_populates = till)]
    tickets: HasMany<Ticket>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "cascading_tickets", metadata = none)]
#[orm(foreign_key((shop_code, till_number) = (Till.shop_code, Till.number), on_update = cascade))]
struct Ticket {
    #[orm(primary_key)]
    id: i64,
    #[orm(length = 8)]
    shop_code: Option<String>,
    till_number: Option<i64>,
    text: String,
    #[orm(back_populates = tickets)]
    till: BelongsTo<Till>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "cascading_clerks", metadata = none)]
struct Clerk {
    #[orm(primary_key)]
    id: i64,
    name: String,
    #[orm(foreign_key = Shop.code, on_update = cascade, length = 8)]
    shop_code: Option<String>,
    #[orm(back_populates = clerks)]
    shop: BelongsTo<Shop>,
}

#[derive(Clone, Copy, Debug)]
enum What {
    AddShop,
    AddTill,
    AddTicket,
    AddClerk,
    Rename,
    TradeCodes,
    Renumber,
    Move,
    MoveByColumn,
    TradeShops,
    Change,
    LinkTicket,
    UnlinkTicket,
    LinkClerk,
    UnlinkClerk,
    DeleteShop,
    DeleteTill,
    DeleteTicket,
    AddAgain,
    Flush,
    Commit,
    Rollback,
}

const WHATS: [What; 30] = [
    What::AddShop,
    What::AddTill,
    What::AddTill,
    What::AddTicket,
    What::AddTicket,
    What::AddClerk,
    What::Rename,
    What::Rename,
    What::Rename,
    What::TradeCodes,
    What::TradeCodes,
    What::Renumber,
    What::Move,
    What::Move,
    What::Move,
    What::MoveByColumn,
    What::TradeShops,
    What::Change,
    What::LinkTicket,
    What::LinkTicket,
    What::UnlinkTicket,
    What::LinkClerk,
    What::UnlinkClerk,
    What::DeleteShop,
    What::DeleteTill,
    What::DeleteTicket,
    What::AddAgain,
    What::Flush,
    What::Commit,
    What::Rollback,
];

/// A row as it is to be: what it is called, and the number of its owner.
#[derive(Clone, Debug)]
struct Thing<M: 'static> {
    handle: Handle<M>,
    /// Whether the row is there since the last flush.
    is_stored: bool,
    owner: Option<usize>,
    code: String,
    number: i64,
}

type Things<M> = BTreeMap<usize, Thing<M>>;

/// All rows, by numbers that are never used again.
#[derive(Clone, Debug, Default)]
struct World {
    shops: Things<Shop>,
    tills: Things<Till>,
    tickets: Things<Ticket>,
    clerks: Things<Clerk>,
    /// The codes that shops had at the last flush: an INSERT may find them taken.
    held: BTreeMap<usize, String>,
    /// The codes that tills had at the last flush.
    held_of_tills: BTreeMap<usize, String>,
    /// Shops to which tills refer by the code itself, and that keep it until the next flush.
    pinned: Vec<usize>,
    /// Tills that were linked since the last flush: that says more than a code.
    linked: Vec<usize>,
    /// The codes that rows had which go with the next flush.
    leaving: Vec<String>,
}

fn chosen<M>(things: &Things<M>, number: usize) -> Option<usize> {
    (!things.is_empty()).then(|| *things.keys().nth(number % things.len()).expect("it is below their number"))
}

fn stored<M>(things: &Things<M>, number: usize) -> Option<usize> {
    chosen(things, number).filter(|at| things[at].is_stored)
}

impl World {
    fn code(&self, shop: usize) -> String {
        self.shops[&shop].code.clone()
    }

    /// Codes that no shop will have.
    fn free_codes(&self) -> Vec<String> {
        let is_free = |code: &String| self.shops.values().all(|shop| shop.code != *code);
        ('a'..='g').map(String::from).filter(is_free).collect()
    }

    fn has_till(&self, shop: usize, number: i64) -> bool {
        self.tills.values().any(|till| till.owner == Some(shop) && till.number == number)
    }

    fn delete_till(&mut self, till: usize) {
        self.tills.remove(&till);
        self.tickets.values_mut().filter(|ticket| ticket.owner == Some(till)).for_each(|ticket| ticket.owner = None);
    }

    fn delete_shop(&mut self, shop: usize) {
        let own: Vec<usize> =
            self.tills.iter().filter(|(_, till)| till.owner == Some(shop)).map(|(&at, _)| at).collect();
        own.into_iter().for_each(|till| self.delete_till(till));
        self.clerks.values_mut().filter(|clerk| clerk.owner == Some(shop)).for_each(|clerk| clerk.owner = None);
        self.shops.remove(&shop);
    }

    fn flushed(&mut self) {
        self.shops.values_mut().for_each(|thing| thing.is_stored = true);
        self.tills.values_mut().for_each(|thing| thing.is_stored = true);
        self.tickets.values_mut().for_each(|thing| thing.is_stored = true);
        self.clerks.values_mut().for_each(|thing| thing.is_stored = true);
        self.held = self.shops.iter().map(|(&at, shop)| (at, shop.code.clone())).collect();
        self.held_of_tills = self.tills.keys().map(|&at| (at, self.key_of_till(at).0)).collect();
        self.pinned.clear();
        self.linked.clear();
        self.leaving.clear();
    }

    fn key_of_till(&self, till: usize) -> (String, i64) {
        let till = &self.tills[&till];
        (self.code(till.owner.expect("a till is of a shop")), till.number)
    }
}

struct Run {
    session: Session,
    world: World,
    committed: World,
    next: usize,
}

impl Run {
    fn number(&mut self) -> usize {
        self.next += 1;
        self.next
    }

    fn thing<M>(handle: Handle<M>, owner: Option<usize>, code: impl Into<String>, number: i64) -> Thing<M> {
        Thing { handle, is_stored: false, owner, code: code.into(), number }
    }

    async fn step(&mut self, Step { what, a, b }: Step<What>) -> Result<(), Error> {
        match what {
            What::AddShop => self.add_shop(a),
            What::AddTill => self.add_till(a),
            What::AddTicket => {
                let at = self.number();
                let owner = chosen(&self.world.tills, a);
                let till = owner.map(|till| self.world.tills[&till].handle);
                let handle = self.session.add(Ticket::builder().text("text"));
                if let Some(till) = till {
                    self.session.link(handle, Ticket.till, till);
                }
                self.world.tickets.insert(at, Self::thing(handle, owner, "", 0));
            }
            What::AddClerk => {
                let at = self.number();
                let owner = chosen(&self.world.shops, a);
                let handle = self.session.add(Clerk::builder().name("clerk"));
                if let Some(shop) = owner {
                    self.session.link(handle, Clerk.shop, self.world.shops[&shop].handle);
                }
                self.world.clerks.insert(at, Self::thing(handle, owner, "", 0));
            }
            What::Rename => self.rename(a, b),
            What::TradeCodes => self.trade_codes(a, b),
            What::Renumber => self.renumber(a, b),
            What::Move | What::MoveByColumn => self.move_till(matches!(what, What::MoveByColumn), a, b),
            What::TradeShops => self.trade_shops(a, b),
            What::Change => {
                if let Some(till) = stored(&self.world.tills, a) {
                    self.session[self.world.tills[&till].handle].name = format!("name {b}");
                    self.world.tills.get_mut(&till).unwrap().code = format!("name {b}");
                }
            }
            What::LinkTicket | What::UnlinkTicket => {
                let (Some(ticket), Some(till)) = (chosen(&self.world.tickets, a), chosen(&self.world.tills, b)) else {
                    return Ok(());
                };
                let (own, to) = (self.world.tickets[&ticket].handle, self.world.tills[&till].handle);
                if matches!(what, What::LinkTicket) {
                    self.session.link(own, Ticket.till, to);
                    self.world.tickets.get_mut(&ticket).unwrap().owner = Some(till);
                } else if let Some(former) = self.world.tickets[&ticket].owner {
                    self.session.unlink(own, Ticket.till, self.world.tills[&former].handle);
                    self.world.tickets.get_mut(&ticket).unwrap().owner = None;
                }
            }
            What::LinkClerk | What::UnlinkClerk => {
                let (Some(clerk), Some(shop)) = (chosen(&self.world.clerks, a), chosen(&self.world.shops, b)) else {
                    return Ok(());
                };
                let (own, to) = (self.world.clerks[&clerk].handle, self.world.shops[&shop].handle);
                if matches!(what, What::LinkClerk) {
                    self.session.link(own, Clerk.shop, to);
                    self.world.clerks.get_mut(&clerk).unwrap().owner = Some(shop);
                } else if let Some(former) = self.world.clerks[&clerk].owner {
                    self.session.unlink(own, Clerk.shop, self.world.shops[&former].handle);
                    self.world.clerks.get_mut(&clerk).unwrap().owner = None;
                }
            }
            What::DeleteShop => {
                let Some(shop) = stored(&self.world.shops, a) else { return Ok(()) };
                // What is new and belongs to it would be deleted before it is saved.
                let is_new = |till: &Thing<Till>| till.owner == Some(shop) && !till.is_stored;
                // What has left by its code alone is in the collection until the flush, and goes with it.
                if self.world.tills.values().any(is_new) || !self.world.pinned.is_empty() {
                    return Ok(());
                }
                self.session.delete(self.world.shops[&shop].handle).await?;
                self.world.delete_shop(shop);
                self.world.leaving.push(self.world.held[&shop].clone());
            }
            What::DeleteTill => {
                let Some(till) = stored(&self.world.tills, a) else { return Ok(()) };
                self.session.delete(self.world.tills[&till].handle).await?;
                self.world.delete_till(till);
            }
            What::DeleteTicket => {
                let Some(ticket) = stored(&self.world.tickets, a) else { return Ok(()) };
                self.session.delete(self.world.tickets[&ticket].handle).await?;
                self.world.tickets.remove(&ticket);
            }
            What::AddAgain => {
                let free = self.world.free_codes();
                if let Some(code) = self.world.leaving.iter().find(|code| free.contains(code)).cloned() {
                    let at = self.number();
                    let handle = self.session.add(Shop::builder().code(&*code));
                    self.world.shops.insert(at, Self::thing(handle, None, code, 0));
                }
            }
            What::Flush => {
                self.session.flush().await?;
                self.check_rows().await?;
                self.world.flushed();
                self.check_memory();
            }
            What::Commit => {
                self.session.commit().await?;
                self.world.flushed();
                self.check_rows().await?;
                self.committed = self.world.clone();
            }
            What::Rollback => {
                self.session.rollback().await?;
                self.world = self.committed.clone();
                self.check_rows().await?;
            }
        }
        Ok(())
    }

    fn add_shop(&mut self, a: usize) {
        let mut codes = self.world.free_codes();
        codes.retain(|code| self.world.held.values().all(|held| held != code));
        if !codes.is_empty() {
            let code = codes[a % codes.len()].clone();
            let at = self.number();
            let handle = self.session.add(Shop::builder().code(&*code));
            self.world.shops.insert(at, Self::thing(handle, None, code, 0));
        }
    }

    fn add_till(&mut self, a: usize) {
        let Some(shop) = chosen(&self.world.shops, a) else { return };
        let at = self.number();
        let number = 100 + at as i64;
        let till = Till::builder().shop_code("").number(number).name("till");
        let handle = self.session.link(self.world.shops[&shop].handle, Shop.tills, till);
        self.world.tills.insert(at, Self::thing(handle, Some(shop), "till", number));
    }

    fn rename(&mut self, a: usize, b: usize) {
        let (Some(shop), codes) = (stored(&self.world.shops, a), self.world.free_codes()) else { return };
        if codes.is_empty() || self.world.pinned.contains(&shop) {
            return;
        }
        let code = codes[b % codes.len()].clone();
        self.session[self.world.shops[&shop].handle].code = code.clone();
        self.world.shops.get_mut(&shop).unwrap().code = code;
    }

    fn trade_codes(&mut self, a: usize, b: usize) {
        let (Some(one), Some(other)) = (stored(&self.world.shops, a), stored(&self.world.shops, b)) else { return };
        if self.world.pinned.contains(&one) || self.world.pinned.contains(&other) {
            return;
        }
        for (shop, code) in [(one, self.world.code(other)), (other, self.world.code(one))] {
            self.session[self.world.shops[&shop].handle].code = code.clone();
            self.world.shops.get_mut(&shop).unwrap().code = code;
        }
    }

    fn renumber(&mut self, a: usize, b: usize) {
        let Some(till) = stored(&self.world.tills, a) else { return };
        let number = (b % 3) as i64;
        if !self.world.has_till(self.world.tills[&till].owner.unwrap(), number) {
            self.session[self.world.tills[&till].handle].number = number;
            self.world.tills.get_mut(&till).unwrap().number = number;
        }
    }

    fn move_till(&mut self, is_by_column: bool, a: usize, b: usize) {
        let (Some(till), Some(shop)) = (stored(&self.world.tills, a), stored(&self.world.shops, b)) else { return };
        if self.world.has_till(shop, self.world.tills[&till].number) {
            return;
        }
        let (own, to) = (self.world.tills[&till].handle, self.world.shops[&shop].handle);
        if is_by_column {
            let code = self.world.code(shop);
            // A code that is what it was is no change.
            if self.world.linked.contains(&till) || self.world.held_of_tills[&till] == code {
                return;
            }
            self.session[own].shop_code = code;
            self.world.pinned.push(shop);
        } else {
            self.session.link(own, Till.shop, to);
            self.world.linked.push(till);
        }
        self.world.tills.get_mut(&till).unwrap().owner = Some(shop);
    }

    fn trade_shops(&mut self, a: usize, b: usize) {
        let (Some(one), Some(other)) = (stored(&self.world.tills, a), stored(&self.world.tills, b)) else { return };
        let (first, second) = (self.world.tills[&one].clone(), self.world.tills[&other].clone());
        let is_taken = |shop: Option<usize>, number: i64| {
            self.world
                .tills
                .iter()
                .any(|(&at, till)| at != one && at != other && till.owner == shop && till.number == number)
        };
        if is_taken(second.owner, first.number) || is_taken(first.owner, second.number) {
            return;
        }
        for (till, thing, shop) in [(one, &first, second.owner), (other, &second, first.owner)] {
            self.session.link(thing.handle, Till.shop, self.world.shops[&shop.unwrap()].handle);
            self.world.tills.get_mut(&till).unwrap().owner = shop;
            self.world.linked.push(till);
        }
    }

    /// Compares the rows with what they are to be.
    async fn check_rows(&mut self) -> Result<(), Error> {
        let world = &self.world;
        let session = &mut self.session;
        let mut shops: Vec<String> = world.shops.values().map(|shop| shop.code.clone()).collect();
        shops.sort();
        assert_eq!(select(Shop.code).order_by(Shop.code).all(&mut *session).await?, shops, "shops");
        let mut tills: Vec<(String, i64, String)> = Vec::new();
        for (&at, till) in &world.tills {
            let (code, number) = world.key_of_till(at);
            tills.push((code, number, till.code.clone()));
        }
        tills.sort();
        let found = select((Till.shop_code, Till.number, Till.name)).order_by((Till.shop_code, Till.number));
        assert_eq!(found.all(&mut *session).await?, tills, "tills");
        let tickets: Vec<(Option<String>, Option<i64>)> = {
            let mut tickets: Vec<(Option<String>, Option<i64>)> =
                world.tickets.values().map(|ticket| ticket.owner.map(|till| world.key_of_till(till)).unzip()).collect();
            tickets.sort();
            tickets
        };
        let mut found = select((Ticket.shop_code, Ticket.till_number)).all(&mut *session).await?;
        found.sort();
        assert_eq!(found, tickets, "tickets");
        let mut clerks: Vec<Option<String>> =
            world.clerks.values().map(|clerk| clerk.owner.map(|shop| world.code(shop))).collect();
        clerks.sort();
        let mut found = select(Clerk.shop_code).all(&mut *session).await?;
        found.sort();
        assert_eq!(found, clerks, "clerks");
        Ok(())
    }

    /// Compares the objects with what they are to be, after a flush.
    fn check_memory(&self) {
        let (world, session) = (&self.world, &self.session);
        for shop in world.shops.values() {
            assert_eq!(session[shop.handle].code, shop.code);
        }
        for (&at, till) in &world.tills {
            let own = &session[till.handle];
            assert_eq!((own.shop_code.clone(), own.number, own.name.clone()), {
                let (code, number) = world.key_of_till(at);
                (code, number, till.code.clone())
            });
        }
        for ticket in world.tickets.values() {
            let own = &session[ticket.handle];
            let owner = ticket.owner.map(|till| world.key_of_till(till)).unzip();
            assert_eq!((own.shop_code.clone(), own.till_number), owner, "{:?}", ticket.handle);
        }
        for clerk in world.clerks.values() {
            assert_eq!(session[clerk.handle].shop_code, clerk.owner.map(|shop| world.code(shop)));
        }
    }
}

async fn run(engine: &Engine, steps: &[Step<What>]) -> Result<(), String> {
    let (engine, steps) = (engine.clone(), steps.to_vec());
    let task = tokio::spawn(async move {
        delete(Ticket).execute(&engine).await?;
        delete(Till).execute(&engine).await?;
        delete(Clerk).execute(&engine).await?;
        delete(Shop).execute(&engine).await?;
        let session = Session::new(&engine);
        let mut run = Run { session, world: World::default(), committed: World::default(), next: 0 };
        for &step in &steps {
            run.step(step).await?;
        }
        run.step(Step { what: What::Commit, a: 0, b: 0 }).await
    });
    told(task).await
}

#[tokio::test]
async fn keys_that_rows_follow_change_together_with_anything_else() {
    let engine = empty_engine().await;
    metadata![Shop, Till, Ticket, Clerk].create_all(&engine).await.unwrap();
    let steps_of = |random: &mut Random, count| random.steps_of(&WHATS, count);
    check_runs(steps_of, async |steps: &[Step<What>]| run(&engine, steps).await).await;
}
