//! A session that reads from a replica which is behind, against a plain model of both: what it has written is there, what others
//! have written is not lost, and what it deletes takes along what the primary has.
//!
//! `ORM_SEED=… ORM_STEPS=…` runs one of them again, `ORM_RUNS=…` runs more.

use std::collections::{BTreeMap, BTreeSet};

use orm::prelude::*;
use orm::{NPlusOne, ObjectState, SessionMaker};

use crate::random::{Random, Step, check_runs, told};
use crate::support::empty_engine;

#[derive(Clone, Debug, Model)]
#[orm(table = "replicas_owners", metadata = none)]
struct Owner {
    #[orm(primary_key, autoincrement = false)]
    id: i64,
    name: String,
    rank: i64,
    #[orm(back_populates = owner)]
    items: HasMany<Item>,
    #[orm(back_populates = owner, cascade(all, delete_orphan))]
    pieces: HasMany<Piece>,
    #[orm(secondary = OwnerLabel)]
    labels: ManyToMany<Label>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "replicas_items", metadata = none)]
struct Item {
    #[orm(primary_key, autoincrement = false)]
    id: i64,
    text: String,
    #[orm(foreign_key = Owner.id)]
    owner_id: Option<i64>,
    #[orm(back_populates = items)]
    owner: BelongsTo<Owner>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "replicas_pieces", metadata = none)]
struct Piece {
    #[orm(primary_key, autoincrement = false)]
    id: i64,
    text: String,
    #[orm(foreign_key = Owner.id)]
    owner_id: i64,
    #[orm(back_populates = pieces)]
    owner: BelongsTo<Owner>,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "replicas_labels", metadata = none)]
struct Label {
    #[orm(primary_key, autoincrement = false)]
    id: i64,
}

#[derive(Clone, Debug, Model)]
#[orm(table = "replicas_owner_labels", metadata = none)]
struct OwnerLabel {
    #[orm(primary_key, foreign_key = Owner.id)]
    owner_id: i64,
    #[orm(primary_key, foreign_key = Label.id)]
    label_id: i64,
}

const LABELS: [i64; 3] = [1, 2, 3];

#[derive(Clone, Copy, Debug, PartialEq)]
enum What {
    AddOwner,
    AddItem,
    AddPiece,
    Read,
    ReadWith,
    Rename,
    Raise,
    Reword,
    LinkItem,
    UnlinkItem,
    LinkLabel,
    UnlinkLabel,
    DeleteOwner,
    DeleteItem,
    DeletePiece,
    Replace,
    Merge,
    MergePieces,
    RenameWhere,
    RaiseAll,
    DeleteWhere,
    OtherRenames,
    OtherRaises,
    OtherMovesItem,
    OtherMovesPiece,
    OtherAddsItem,
    OtherAddsPiece,
    OtherAddsLabel,
    OtherDeletesItem,
    Replicate,
    Flush,
    Commit,
    Rollback,
}

const WHATS: [What; 44] = [
    What::AddOwner,
    What::AddOwner,
    What::AddItem,
    What::AddPiece,
    What::Read,
    What::Read,
    What::Read,
    What::ReadWith,
    What::ReadWith,
    What::ReadWith,
    What::ReadWith,
    What::Rename,
    What::Rename,
    What::Raise,
    What::Reword,
    What::LinkItem,
    What::LinkItem,
    What::UnlinkItem,
    What::LinkLabel,
    What::UnlinkLabel,
    What::DeleteOwner,
    What::DeleteOwner,
    What::DeleteItem,
    What::DeletePiece,
    What::Replace,
    What::Merge,
    What::Merge,
    What::MergePieces,
    What::RenameWhere,
    What::RaiseAll,
    What::DeleteWhere,
    What::OtherRenames,
    What::OtherRaises,
    What::OtherMovesItem,
    What::OtherMovesPiece,
    What::OtherAddsItem,
    What::OtherAddsPiece,
    What::OtherAddsLabel,
    What::OtherDeletesItem,
    What::Replicate,
    What::Flush,
    What::Commit,
    What::Commit,
    What::Rollback,
];

/// The rows of a database.
#[derive(Clone, Debug, Default, PartialEq)]
struct World {
    owners: BTreeMap<i64, (String, i64)>,
    items: BTreeMap<i64, (String, Option<i64>)>,
    pieces: BTreeMap<i64, (String, i64)>,
    pairs: BTreeSet<(i64, i64)>,
}

impl World {
    fn delete_owner(&mut self, id: i64) {
        self.owners.remove(&id);
        self.items.values_mut().filter(|item| item.1 == Some(id)).for_each(|item| item.1 = None);
        self.pieces.retain(|_, piece| piece.1 != id);
        self.pairs.retain(|pair| pair.0 != id);
    }

    async fn of(db: &Engine) -> Result<Self, Error> {
        let owners = select((Owner.id, Owner.name, Owner.rank)).all(db).await?;
        let items = select((Item.id, Item.text, Item.owner_id)).all(db).await?;
        let pieces = select((Piece.id, Piece.text, Piece.owner_id)).all(db).await?;
        let pairs = select((OwnerLabel.owner_id, OwnerLabel.label_id)).all(db).await?;
        Ok(World {
            owners: owners.into_iter().map(|(id, name, rank)| (id, (name, rank))).collect(),
            items: items.into_iter().map(|(id, text, owner)| (id, (text, owner))).collect(),
            pieces: pieces.into_iter().map(|(id, text, owner)| (id, (text, owner))).collect(),
            pairs: pairs.into_iter().collect(),
        })
    }

    async fn of_session(session: &mut Session) -> Result<Self, Error> {
        let owners = select((Owner.id, Owner.name, Owner.rank)).all(&mut *session).await?;
        let items = select((Item.id, Item.text, Item.owner_id)).all(&mut *session).await?;
        let pieces = select((Piece.id, Piece.text, Piece.owner_id)).all(&mut *session).await?;
        let pairs = select((OwnerLabel.owner_id, OwnerLabel.label_id)).all(&mut *session).await?;
        Ok(World {
            owners: owners.into_iter().map(|(id, name, rank)| (id, (name, rank))).collect(),
            items: items.into_iter().map(|(id, text, owner)| (id, (text, owner))).collect(),
            pieces: pieces.into_iter().map(|(id, text, owner)| (id, (text, owner))).collect(),
            pairs: pairs.into_iter().collect(),
        })
    }

    /// Makes a database have these rows.
    async fn write(&self, db: &Engine) -> Result<(), Error> {
        let mut db = db.begin().await?;
        delete(OwnerLabel).execute(&mut db).await?;
        delete(Piece).execute(&mut db).await?;
        delete(Item).execute(&mut db).await?;
        delete(Owner).execute(&mut db).await?;
        let owners =
            self.owners.iter().map(|(&id, (name, rank))| Owner::builder().id(id).name(name.as_str()).rank(*rank));
        insert(Owner).values(owners.collect::<Vec<_>>()).execute(&mut db).await?;
        let items =
            self.items.iter().map(|(&id, (text, owner))| Item::builder().id(id).text(text.as_str()).owner_id(*owner));
        insert(Item).values(items.collect::<Vec<_>>()).execute(&mut db).await?;
        let pieces =
            self.pieces.iter().map(|(&id, (text, owner))| Piece::builder().id(id).text(text.as_str()).owner_id(*owner));
        insert(Piece).values(pieces.collect::<Vec<_>>()).execute(&mut db).await?;
        let pairs = self.pairs.iter().map(|&(owner_id, label_id)| OwnerLabel { owner_id, label_id });
        insert(OwnerLabel).values(pairs.collect::<Vec<_>>()).execute(&mut db).await?;
        db.commit().await
    }
}

struct Run {
    primary: Engine,
    replica: Engine,
    session: Session,
    /// What the primary has.
    committed: World,
    /// The same with what the session does.
    now: World,
    /// What the replica has had since the transaction began.
    behind: Vec<World>,
    /// Whether the replica is behind, or somebody else has written: then an object may turn out to be stale.
    has_diverged: bool,
    owners: BTreeMap<i64, Handle<Owner>>,
    items: BTreeMap<i64, Handle<Item>>,
    pieces: BTreeMap<i64, Handle<Piece>>,
    labels: BTreeMap<i64, Handle<Label>>,
    next: i64,
}

fn chosen<T: Copy>(known: &BTreeMap<i64, T>, number: usize) -> Option<(i64, T)> {
    (!known.is_empty()).then(|| known.iter().nth(number % known.len()).map(|(&id, &known)| (id, known)))?
}

fn keys<T>(rows: &BTreeMap<i64, T>, number: usize) -> Option<i64> {
    (!rows.is_empty()).then(|| rows.keys().nth(number % rows.len()).copied())?
}

impl Run {
    fn id(&mut self) -> i64 {
        self.next += 1;
        self.next
    }

    /// Returns whether the session may say that a row is not as it was.
    fn is_allowed(&self, error: &Error) -> bool {
        self.has_diverged && (error.is_stale_data() || error.is_unique_violation() || error.is_foreign_key_violation())
    }

    async fn undo(&mut self) -> Result<(), Error> {
        self.session.rollback().await?;
        self.now = self.committed.clone();
        self.ended();
        Ok(())
    }

    /// Forgets what no row is known of.
    fn ended(&mut self) {
        let newest = self.behind.pop();
        self.behind = newest.into_iter().collect();
        let session = &self.session;
        self.owners.retain(|_, &mut owner| is_there(session, owner));
        self.items.retain(|_, &mut item| is_there(session, item));
        self.pieces.retain(|_, &mut piece| is_there(session, piece));
        self.labels.retain(|_, &mut label| is_there(session, label));
    }

    /// Goes on after an error that what others have written explains.
    async fn unless_stale(&mut self, done: Result<(), Error>) -> Result<bool, Error> {
        match done {
            Ok(()) => Ok(true),
            Err(error) if self.is_allowed(&error) => {
                self.undo().await?;
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    async fn commit(&mut self) -> Result<(), Error> {
        let done = self.session.commit().await;
        if self.unless_stale(done).await? {
            self.committed = self.now.clone();
            self.has_diverged |= self.behind.last() != Some(&self.committed);
            self.ended();
        }
        let rows = World::of(&self.primary).await?;
        assert_eq!(rows, self.committed, "the rows of the primary");
        Ok(())
    }

    /// Lets somebody else write to the primary.
    async fn other(&mut self, change: impl FnOnce(&mut World)) -> Result<(), Error> {
        self.commit().await?;
        let mut changed = self.committed.clone();
        change(&mut changed);
        if changed != self.committed {
            changed.write(&self.primary).await?;
            (self.committed, self.now, self.has_diverged) = (changed.clone(), changed, true);
        }
        Ok(())
    }

    async fn read(&mut self) -> Result<(), Error> {
        let done = self.session.flush().await;
        if !self.unless_stale(done).await? {
            return Ok(());
        }
        let rows = World::of_session(&mut self.session).await?;
        let is_of_replica = self.now == self.committed && self.behind.contains(&rows);
        assert!(rows == self.now || is_of_replica, "{rows:?} are neither {:?} nor of {:?}", self.now, self.behind);
        Ok(())
    }

    async fn read_with(&mut self, a: usize, b: usize) -> Result<(), Error> {
        let done = self.session.flush().await;
        if !self.unless_stale(done).await? {
            return Ok(());
        }
        let session = &mut self.session;
        let named = |session: &Session, owners: &BTreeMap<i64, Handle<Owner>>| {
            let known = owners.values().filter(|&&owner| !session.is_expired(owner).unwrap_or(true));
            known.map(|&owner| (session[owner].id, session[owner].name.clone())).collect::<Vec<_>>()
        };
        let before = named(session, &self.owners);
        match a % 5 {
            0 => {
                let query = session.query(Owner).options((selectinload(Owner.items), joinedload(Owner.labels)));
                let owners = query.all().await?;
                self.meet(&owners);
            }
            1 => {
                let query = session.query(Owner).options((joinedload(Owner.items), selectinload(Owner.pieces)));
                let owners = query.all().await?;
                self.meet(&owners);
            }
            2 => {
                for item in session.query(Item).options(joinedload(Item.owner)).all().await? {
                    self.items.insert(session[item].id, item);
                }
            }
            3 => {
                let owners: Vec<Handle<Owner>> = self.owners.values().copied().collect();
                match b % 3 {
                    0 => session.load(&owners, Owner.items).await?,
                    1 => session.load(&owners, Owner.pieces).await?,
                    _ => session.load(&owners, Owner.labels).await?,
                }
                self.meet(&owners);
            }
            _ => {
                for piece in session.query(Piece).all().await? {
                    self.pieces.insert(session[piece].id, piece);
                }
            }
        }
        let after: BTreeMap<i64, String> = named(&self.session, &self.owners).into_iter().collect();
        for (id, name) in before {
            assert_eq!(after.get(&id), Some(&name), "a row that was read again does not overwrite");
        }
        Ok(())
    }

    /// Takes the handles of owners, and of what they have in memory.
    fn meet(&mut self, owners: &[Handle<Owner>]) {
        let session = &self.session;
        for &owner in owners {
            self.owners.insert(session[owner].id, owner);
            if session[owner].items.is_loaded() {
                self.items.extend(session.related(owner, Owner.items).map(|(item, own)| (own.id, item)));
            }
            if session[owner].pieces.is_loaded() {
                self.pieces.extend(session.related(owner, Owner.pieces).map(|(piece, own)| (own.id, piece)));
            }
        }
    }

    // --------------------------------------------------------------------------------------------------------- steps

    async fn step(&mut self, Step { what, a, b }: Step<What>) -> Result<(), Error> {
        let name = format!("name {}", b % 3);
        match what {
            What::AddOwner => {
                let id = self.id();
                let owner = self.session.add(Owner::builder().id(id).name(name.as_str()).rank(1));
                self.owners.insert(id, owner);
                self.now.owners.insert(id, (name, 1));
            }
            What::AddItem => {
                let id = self.id();
                let owner = self.owner(a).filter(|(owner, _)| self.now.owners.contains_key(owner));
                let item = self.session.add(Item::builder().id(id).text(name.as_str()));
                if let Some((_, owner)) = owner {
                    self.session.link(item, Item.owner, owner);
                }
                self.items.insert(id, item);
                self.now.items.insert(id, (name, owner.map(|owner| owner.0)));
            }
            What::AddPiece => {
                let owner = self.owner(a).filter(|(owner, _)| self.now.owners.contains_key(owner));
                let Some((of, owner)) = owner else { return Ok(()) };
                let id = self.id();
                let piece = self.session.add(Piece::builder().id(id).text(name.as_str()));
                self.session.link(piece, Piece.owner, owner);
                self.pieces.insert(id, piece);
                self.now.pieces.insert(id, (name, of));
            }
            What::Read => self.read().await?,
            What::ReadWith => self.read_with(a, b).await?,
            What::Rename => {
                // What is set back before the flush to what was read is no change.
                self.settle().await?;
                let Some((id, owner)) = self.owner(a) else { return Ok(()) };
                if self.session[owner].name != name {
                    self.session[owner].name.clone_from(&name);
                    self.now.owners.entry(id).and_modify(|owner| owner.0 = name);
                }
            }
            What::Raise => {
                let Some((id, owner)) = self.owner(a) else { return Ok(()) };
                self.session[owner].rank += 1;
                let rank = self.session[owner].rank;
                self.now.owners.entry(id).and_modify(|owner| owner.1 = rank);
            }
            What::Reword => {
                self.settle().await?;
                let Some((id, item)) = self.item(a) else { return Ok(()) };
                if self.session[item].text != name {
                    self.session[item].text.clone_from(&name);
                    self.now.items.entry(id).and_modify(|item| item.0 = name);
                }
            }
            What::LinkItem => {
                let (Some((id, item)), Some((to, owner))) = (self.item(a), self.owner(b)) else { return Ok(()) };
                self.settle().await?;
                if !is_there(&self.session, item) || !is_there(&self.session, owner) {
                    return Ok(());
                }
                if self.session[item].owner_id != Some(to) {
                    self.session.link(item, Item.owner, owner);
                    self.now.items.entry(id).and_modify(|item| item.1 = Some(to));
                }
            }
            What::UnlinkItem => {
                let Some((id, item)) = self.item(a) else { return Ok(()) };
                self.settle().await?;
                if !is_there(&self.session, item) {
                    return Ok(());
                }
                let owner = self.session[item].owner_id.and_then(|id| self.owners.get(&id)).copied();
                let Some(owner) = owner.filter(|&owner| is_there(&self.session, owner)) else { return Ok(()) };
                self.session.unlink(item, Item.owner, owner);
                self.now.items.entry(id).and_modify(|item| item.1 = None);
            }
            What::LinkLabel | What::UnlinkLabel => self.label(what == What::LinkLabel, a, b).await?,
            What::DeleteOwner => {
                let Some((id, owner)) = self.owner(a) else { return Ok(()) };
                self.settle().await?;
                if is_there(&self.session, owner) {
                    self.session.delete(owner).await?;
                    self.owners.remove(&id);
                    self.now.delete_owner(id);
                }
            }
            What::DeleteItem => {
                let Some((id, item)) = self.item(a) else { return Ok(()) };
                self.settle().await?;
                if is_there(&self.session, item) {
                    self.session.delete(item).await?;
                    self.items.remove(&id);
                    self.now.items.remove(&id);
                }
            }
            What::DeletePiece => {
                let Some((id, piece)) = chosen(&self.pieces, a) else { return Ok(()) };
                self.settle().await?;
                if is_there(&self.session, piece) {
                    self.session.delete(piece).await?;
                    self.pieces.remove(&id);
                    self.now.pieces.remove(&id);
                }
            }
            What::Replace => {
                let Some((id, owner)) = self.owner(a) else { return Ok(()) };
                self.settle().await?;
                if is_there(&self.session, owner) {
                    self.session.delete(owner).await?;
                    let new = self.session.add(Owner::builder().id(id).name(name.as_str()).rank(1));
                    self.owners.insert(id, new);
                    self.now.delete_owner(id);
                    self.now.owners.insert(id, (name, 1));
                }
            }
            What::Merge | What::MergePieces => self.merge(what == What::MergePieces, name, a, b).await?,
            What::RenameWhere => self.rename_where(&format!("name {}", a % 3), &name).await?,
            What::RaiseAll => {
                if self.settle().await? {
                    self.session.execute(update(Owner).set(Owner.rank, Owner.rank + 1)).await?;
                    self.now.owners.values_mut().for_each(|owner| owner.1 += 1);
                    for (id, &owner) in &self.owners {
                        if is_fresh(&self.session, owner) && self.now.owners.contains_key(id) {
                            assert_eq!(self.session[owner].rank, self.now.owners[id].1, "the rank of {id}");
                        }
                    }
                }
            }
            What::DeleteWhere => {
                if self.settle().await? {
                    self.session.execute(delete(Item).filter(Item.text.eq(name.as_str()))).await?;
                    self.now.items.retain(|_, item| item.0 != name);
                    for (id, &item) in &self.items {
                        let is_there = is_there(&self.session, item);
                        assert!(is_there || !self.now.items.contains_key(id), "item {id} has gone from memory alone");
                    }
                    self.items.retain(|_, &mut item| is_there(&self.session, item));
                }
            }
            What::OtherRenames => {
                let other = |rows: &mut World| {
                    if let Some(id) = keys(&rows.owners, a) {
                        rows.owners.get_mut(&id).unwrap().0 = name;
                    }
                };
                self.other(other).await?;
            }
            What::OtherRaises => {
                let other = |rows: &mut World| {
                    if let Some(id) = keys(&rows.owners, a) {
                        rows.owners.get_mut(&id).unwrap().1 += 10;
                    }
                };
                self.other(other).await?;
            }
            What::OtherMovesItem => {
                let other = |rows: &mut World| {
                    if let Some(id) = keys(&rows.items, a) {
                        rows.items.get_mut(&id).unwrap().1 = keys(&rows.owners, b).filter(|_| b % 4 > 0);
                    }
                };
                self.other(other).await?;
            }
            What::OtherMovesPiece => {
                let other = |rows: &mut World| {
                    if let (Some(id), Some(owner)) = (keys(&rows.pieces, a), keys(&rows.owners, b)) {
                        rows.pieces.get_mut(&id).unwrap().1 = owner;
                    }
                };
                self.other(other).await?;
            }
            What::OtherAddsItem => {
                let id = self.id();
                self.other(|rows| _ = rows.items.insert(id, (name, keys(&rows.owners, a)))).await?;
            }
            What::OtherAddsPiece => {
                let id = self.id();
                let other = |rows: &mut World| {
                    if let Some(owner) = keys(&rows.owners, a) {
                        rows.pieces.insert(id, (name, owner));
                    }
                };
                self.other(other).await?;
            }
            What::OtherAddsLabel => {
                let other = |rows: &mut World| {
                    if let Some(owner) = keys(&rows.owners, a) {
                        let pair = (owner, LABELS[b % LABELS.len()]);
                        if !rows.pairs.remove(&pair) {
                            rows.pairs.insert(pair);
                        }
                    }
                };
                self.other(other).await?;
            }
            What::OtherDeletesItem => {
                let other = |rows: &mut World| _ = keys(&rows.items, a).map(|id| rows.items.remove(&id));
                self.other(other).await?;
            }
            What::Replicate => {
                self.committed.write(&self.replica).await?;
                self.behind.push(self.committed.clone());
            }
            What::Flush => _ = self.settle().await?,
            What::Commit => self.commit().await?,
            What::Rollback => self.undo().await?,
        }
        Ok(())
    }

    /// Makes a row that may be there what a value says, and its pieces one.
    async fn merge(&mut self, has_piece: bool, name: String, a: usize, b: usize) -> Result<(), Error> {
        if !self.settle().await? {
            return Ok(());
        }
        let Some(id) = chosen(&self.owners, a).map(|(id, _)| id).or(keys(&self.now.owners, a)) else { return Ok(()) };
        let rank = 1 + b as i64 % 2;
        let mut owner = Owner::builder().id(id).name(name.as_str()).rank(rank);
        self.now.owners.insert(id, (name.clone(), rank));
        if has_piece {
            let known = keys(&self.now.pieces, b);
            let piece = if b.is_multiple_of(3) { None } else { known }.unwrap_or_else(|| self.id());
            owner = owner.pieces([Piece::builder().id(piece).text(name.as_str())]);
            self.now.pieces.retain(|_, piece| piece.1 != id);
            self.now.pieces.insert(piece, (name, id));
        }
        let owner = self.session.merge(owner).await?;
        self.owners.insert(id, owner);
        self.settle().await?;
        Ok(())
    }

    fn owner(&self, number: usize) -> Option<(i64, Handle<Owner>)> {
        chosen(&self.owners, number).filter(|(_, owner)| is_fresh(&self.session, *owner))
    }

    fn item(&self, number: usize) -> Option<(i64, Handle<Item>)> {
        chosen(&self.items, number).filter(|(_, item)| is_fresh(&self.session, *item))
    }

    /// Flushes; `false` if what was to be written is stale, and undone.
    async fn settle(&mut self) -> Result<bool, Error> {
        let done = self.session.flush().await;
        self.unless_stale(done).await
    }

    async fn label(&mut self, is_added: bool, a: usize, b: usize) -> Result<(), Error> {
        let (Some((id, owner)), Some((to, label))) = (self.owner(a), chosen(&self.labels, b)) else { return Ok(()) };
        self.settle().await?;
        if !is_there(&self.session, owner) || !is_there(&self.session, label) {
            return Ok(());
        }
        let known = self.session[owner].labels.is_loaded().then(|| self.session.handles(owner, Owner.labels));
        let has = known.map_or(self.now.pairs.contains(&(id, to)), |known| known.contains(&label));
        match (is_added, has) {
            (true, false) => {
                self.session.link(owner, Owner.labels, label);
                self.now.pairs.insert((id, to));
            }
            (false, true) => {
                self.session.unlink(owner, Owner.labels, label);
                self.now.pairs.remove(&(id, to));
            }
            _ => {}
        }
        Ok(())
    }

    async fn rename_where(&mut self, from: &str, to: &str) -> Result<(), Error> {
        if !self.settle().await? {
            return Ok(());
        }
        let known: Vec<(i64, Handle<Owner>)> = self.owners.iter().map(|(&id, &owner)| (id, owner)).collect();
        let before: Vec<String> = known.iter().map(|&(_, owner)| self.session[owner].name.clone()).collect();
        self.session.execute(update(Owner).set(Owner.name, to).filter(Owner.name.eq(from))).await?;
        self.now.owners.values_mut().filter(|owner| owner.0 == from).for_each(|owner| owner.0 = to.to_owned());
        for ((id, owner), before) in known.into_iter().zip(before) {
            if is_fresh(&self.session, owner) && self.session[owner].name != before {
                let name = self.now.owners.get(&id).map(|owner| owner.0.as_str());
                assert_eq!(name, Some(self.session[owner].name.as_str()), "owner {id} has followed");
            }
        }
        Ok(())
    }
}

/// Returns whether an object is as it was read or added.
fn is_fresh<M: Model>(session: &Session, handle: Handle<M>) -> bool {
    !session.is_expired(handle).unwrap_or(true)
}

fn is_there<M: Model>(session: &Session, handle: Handle<M>) -> bool {
    session.state(handle).is_ok_and(|state| state == ObjectState::Persistent)
}

async fn run((primary, replica): (&Engine, &Engine), steps: &[Step<What>]) -> Result<(), String> {
    let (primary, replica, steps) = (primary.clone(), replica.clone(), steps.to_vec());
    let task = tokio::spawn(async move {
        for engine in [&primary, &replica] {
            World::default().write(engine).await?;
        }
        let session = SessionMaker::new(&primary).replicas([&replica]).n_plus_one(NPlusOne::Allow).session();
        let (committed, now, behind) = (World::default(), World::default(), vec![World::default()]);
        let (owners, items, pieces, labels) = Default::default();
        let mut run = Run {
            primary,
            replica,
            session,
            committed,
            now,
            behind,
            has_diverged: false,
            owners,
            items,
            pieces,
            labels,
            next: 0,
        };
        for label in run.session.query(Label).all().await? {
            run.labels.insert(run.session[label].id, label);
        }
        for &step in &steps {
            run.step(step).await?;
        }
        run.commit().await
    });
    told(task).await
}

#[tokio::test]
async fn what_is_read_from_a_replica_that_is_behind_loses_nothing() {
    let (primary, replica) = (empty_engine().await, empty_engine().await);
    for engine in [&primary, &replica] {
        metadata![Owner, Item, Piece, Label, OwnerLabel].create_all(engine).await.unwrap();
        insert(Label).values(LABELS.map(|id| Label { id }).to_vec()).execute(engine).await.unwrap();
    }
    let steps_of = |random: &mut Random, count| random.steps_of(&WHATS, count / 2);
    check_runs(steps_of, async |steps: &[Step<What>]| run((&primary, &replica), steps).await).await;
}
