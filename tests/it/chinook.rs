//! A real music shop: eleven tables, 15,607 rows through one session, and six questions.
//!
//! Each answer is found a second time, in the file alone and by plain Rust, and must be the same. `models` has the
//! tables, `shop` the file, `paths` the ways along relationships.

mod models;
mod paths;
mod shop;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io::Write;
use std::iter::successors;
use std::time::Instant;

use orm::Expr;
use orm::prelude::*;
use serde_json::Value;

use self::models::{
    Album, Artist, Cents, Customer, Employee, Genre, Invoice, InvoiceLine, MediaType, Playlist, PlaylistTrack, Track,
};
use self::shop::{Shop, Table, cell};
use crate::assert_statements;
use crate::support::empty_engine;

/// One test, since the questions share an engine that counts the statements of them all.
#[tokio::test]
async fn a_music_shop_goes_through_one_session_and_answers_six_questions() -> Result<(), Error> {
    let Some(shop) = Shop::open() else { return Ok(()) };
    let engine = open_for_business().await?;
    load(&engine, &shop).await?;
    every_table_reads_as_it_was_written(&engine, &shop).await?;
    another_session_reads_the_same_tracks(&engine, &shop).await?;

    ten_artists_earn_most(&engine, &shop).await?;
    everybody_has_a_chain_of_managers(&engine, &shop).await?;
    playlists_have_tracks_or_none(&engine, &shop).await?;
    representatives_support_customers(&engine, &shop).await?;
    an_invoice_leads_to_artists(&engine, &shop).await?;
    some_albums_never_sold(&engine, &shop).await?;

    paths::lead_to_the_same_as_the_file(&engine, &shop).await
}

/// What a database has of the shop is what the models say.
#[tokio::test]
async fn the_tables_of_the_shop_come_back() {
    crate::reflect::comes_back(&tables()).await;
}

async fn open_for_business() -> Result<Engine, Error> {
    let engine = empty_engine().await;
    tables().create_all(&engine).await?;
    Ok(engine)
}

fn tables() -> MetaData {
    metadata![Genre, MediaType, Artist, Album, Track, Employee, Customer, Invoice, InvoiceLine, Playlist, PlaylistTrack]
}

// ------------------------------------------------------------------------------------------------------------ loading

/// A statement takes 32,766 parameters. The table that comes closest is `track`, with 3,503 rows of 9 columns, which are
/// 31,527. So there is one INSERT for each of the eleven tables, `playlist_track` with its 8,715 pairs included.
async fn load(engine: &Engine, shop: &Shop) -> Result<(), Error> {
    let (began, before) = (Instant::now(), engine.statement_count());
    let mut session = Session::new(engine);
    add_everything(&mut session, shop);
    session.commit().await?;
    let (seconds, statements) = (began.elapsed().as_secs_f64(), engine.statement_count() - before);
    // Past the test harness, which shows what `println!` says only of tests that fail.
    writeln!(std::io::stdout(), "{} rows, {statements} statements, {seconds:.2} seconds", shop.row_count())
        .map_err(Error::other)?;
    assert_eq!((shop.row_count(), statements), (15_607, 11));
    Ok(())
}

/// Lines come before invoices and albums before artists: what has to be there first is the session's business.
fn add_everything(session: &mut Session, shop: &Shop) {
    add::<InvoiceLine>(session, shop);
    add::<Invoice>(session, shop);
    add::<Customer>(session, shop);
    add::<Employee>(session, shop);
    let tracks = add::<Track>(session, shop);
    add::<Album>(session, shop);
    add::<Artist>(session, shop);
    add::<MediaType>(session, shop);
    add::<Genre>(session, shop);
    add_playlists(session, shop, &tracks);
}

fn add<T: Table>(session: &mut Session, shop: &Shop) -> Vec<Handle<T>> {
    session.add_all(shop.models::<T>())
}

/// The pairs of `playlist_track` are nobody's objects here: the session writes them, since the playlists have tracks.
fn add_playlists(session: &mut Session, shop: &Shop, tracks: &[Handle<Track>]) {
    let tracks: HashMap<i64, Handle<Track>> = tracks.iter().map(|&track| (session[track].id, track)).collect();
    let mut members: HashMap<i64, Vec<Handle<Track>>> = HashMap::new();
    for pair in shop.models::<PlaylistTrack>() {
        members.entry(pair.playlist_id).or_default().push(tracks[&pair.track_id]);
    }
    for playlist in shop.models::<Playlist>() {
        let members = members.remove(&playlist.id).unwrap_or_default();
        session.add(Playlist::builder().id(playlist.id).name(playlist.name).tracks(members));
    }
}

// -------------------------------------------------------------------------------------------------------- reading back

async fn every_table_reads_as_it_was_written(engine: &Engine, shop: &Shop) -> Result<(), Error> {
    reads_as_it_was_written::<Genre>(engine, shop).await?;
    reads_as_it_was_written::<MediaType>(engine, shop).await?;
    reads_as_it_was_written::<Artist>(engine, shop).await?;
    reads_as_it_was_written::<Album>(engine, shop).await?;
    reads_as_it_was_written::<Track>(engine, shop).await?;
    reads_as_it_was_written::<Employee>(engine, shop).await?;
    reads_as_it_was_written::<Customer>(engine, shop).await?;
    reads_as_it_was_written::<Invoice>(engine, shop).await?;
    reads_as_it_was_written::<InvoiceLine>(engine, shop).await?;
    reads_as_it_was_written::<Playlist>(engine, shop).await?;
    reads_as_it_was_written::<PlaylistTrack>(engine, shop).await
}

async fn reads_as_it_was_written<T: Table>(engine: &Engine, shop: &Shop) -> Result<(), Error> {
    let count = select(T::ATTRIBUTES).count(engine).await?;
    assert_eq!(count, shop.rows(T::NAME).len() as u64, "rows of `{}`", T::NAME);
    let values: Vec<T> = select(T::ATTRIBUTES).all(engine).await?;
    assert_same_rows::<T>(values.iter(), shop);
    Ok(())
}

async fn another_session_reads_the_same_tracks(engine: &Engine, shop: &Shop) -> Result<(), Error> {
    let mut session = Session::new(engine);
    let tracks = assert_statements!(engine, 1, session.query(Track).all().await?);
    assert_eq!(tracks.len(), 3_503);
    assert_same_rows::<Track>(session.iter(&tracks), shop);
    Ok(())
}

/// Asserts that models are the rows of the file, in whatever order.
fn assert_same_rows<'m, T: Table>(models: impl Iterator<Item = &'m T>, shop: &Shop) {
    let text = |row: &Value| row.to_string();
    let found: BTreeSet<String> = models.map(|model| text(&model.to_row())).collect();
    let expected: BTreeSet<String> = shop.rows(T::NAME).iter().map(text).collect();
    let differing: Vec<&String> = found.symmetric_difference(&expected).take(4).collect();
    assert!(differing.is_empty(), "`{}` is not as in the file: {differing:#?}", T::NAME);
}

// ----------------------------------------------------------------------------------------------------- the six questions

/// Which ten artists have earned most? Artists who earned the same stand by name.
async fn ten_artists_earn_most(engine: &Engine, shop: &Shop) -> Result<(), Error> {
    let revenue = func::coalesce(func::sum(InvoiceLine.unit_price.cast::<i64>() * InvoiceLine.quantity), 0);
    let query = select((Artist.name, revenue.clone()))
        .join(Artist.albums)
        .join(Album.tracks)
        .join(Track.lines)
        .group_by((Artist.id, Artist.name))
        .order_by((revenue.desc(), Artist.name.asc()))
        .limit(10);
    let found: Vec<(String, i64)> = assert_statements!(engine, 1, query.all(engine).await?);

    let names: HashMap<i64, String> = shop.lookup("Artist", "ArtistId", "Name");
    let artists: HashMap<i64, i64> = shop.lookup("Album", "AlbumId", "ArtistId");
    let albums: HashMap<i64, i64> = shop.lookup("Track", "TrackId", "AlbumId");
    let mut revenues: HashMap<i64, i64> = HashMap::new();
    for line in shop.rows("InvoiceLine") {
        let artist = artists[&albums[&cell(line, "TrackId")]];
        let (price, quantity): (Cents, i64) = (cell(line, "UnitPrice"), cell(line, "Quantity"));
        *revenues.entry(artist).or_default() += price.0 * quantity;
    }
    let mut expected: Vec<(String, i64)> =
        revenues.into_iter().map(|(artist, cents)| (names[&artist].clone(), cents)).collect();
    expected.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
    expected.truncate(10);
    assert_eq!(found, expected);
    Ok(())
}

/// Who stands above whom, up to the general manager? One statement reads everybody, and then each manager is somebody
/// whom the session knows: loading them sends nothing.
async fn everybody_has_a_chain_of_managers(engine: &Engine, shop: &Shop) -> Result<(), Error> {
    let mut session = Session::new(engine);
    let employees = assert_statements!(engine, 1, session.query(Employee).all().await?);
    assert_statements!(engine, 0, session.load(&employees, Employee.manager).await?);
    let manager = |employee: Handle<Employee>| session[employee].manager.handle();
    let found: BTreeMap<i64, Vec<i64>> = employees
        .iter()
        .map(|&employee| {
            let chain = successors(manager(employee), |&above| manager(above));
            (session[employee].id, chain.map(|above| session[above].id).collect())
        })
        .collect();

    let managers: HashMap<i64, Option<i64>> = shop.lookup("Employee", "EmployeeId", "ReportsTo");
    let chain = |employee: i64| successors(managers[&employee], |above| managers[above]).collect();
    let expected: BTreeMap<i64, Vec<i64>> = managers.keys().map(|&employee| (employee, chain(employee))).collect();
    assert_eq!(found, expected);
    assert!(found.values().any(|chain| chain.len() == 2), "somebody has a manager who has a manager");
    Ok(())
}

/// How many tracks has each playlist, and which have two of them?
async fn playlists_have_tracks_or_none(engine: &Engine, shop: &Shop) -> Result<(), Error> {
    let query = select((Playlist.id, Playlist.name, func::count(Track.id)))
        .outerjoin(Playlist.tracks)
        .group_by((Playlist.id, Playlist.name))
        .order_by(Playlist.id);
    let found: Vec<(i64, String, i64)> = assert_statements!(engine, 1, query.all(engine).await?);

    let pairs = shop.rows("PlaylistTrack");
    let tracks_of = |playlist: i64| pairs.iter().filter(move |pair| cell::<i64>(pair, "PlaylistId") == playlist);
    let expected: Vec<(i64, String, i64)> = shop
        .rows("Playlist")
        .iter()
        .map(|row| (cell(row, "PlaylistId"), cell(row, "Name")))
        .map(|(playlist, name)| (playlist, name, tracks_of(playlist).count() as i64))
        .collect();
    assert_eq!(found, expected);
    assert!(found.iter().any(|(_, _, tracks)| *tracks == 0), "some playlist has no track");

    const GRUNGE: i64 = 16;
    const HEAVY_METAL_CLASSIC: i64 = 17;
    let both =
        select(Playlist).filter(Playlist.id.in_([GRUNGE, HEAVY_METAL_CLASSIC])).options(selectinload(Playlist.tracks));
    let playlists: Vec<Playlist> = assert_statements!(engine, 2, both.all(engine).await?);
    let found: BTreeMap<i64, BTreeSet<&str>> = playlists
        .iter()
        .map(|playlist| (playlist.id, playlist.tracks.iter().map(|track| track.name.as_str()).collect()))
        .collect();

    let names: HashMap<i64, String> = shop.lookup("Track", "TrackId", "Name");
    let names_of = |playlist| tracks_of(playlist).map(|pair| names[&cell(pair, "TrackId")].as_str()).collect();
    let expected = [GRUNGE, HEAVY_METAL_CLASSIC].map(|playlist| (playlist, names_of(playlist)));
    assert_eq!(found, BTreeMap::from(expected));
    Ok(())
}

/// Which employee supports how many customers, and whom?
async fn representatives_support_customers(engine: &Engine, shop: &Shop) -> Result<(), Error> {
    let mut expected: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for customer in shop.rows("Customer") {
        let representative = expected.entry(cell(customer, "SupportRepId")).or_default();
        representative.push(cell(customer, "LastName"));
    }

    let query = select((Employee.id, Employee.last_name, func::count(Customer.id)))
        .join(Employee.customers)
        .group_by((Employee.id, Employee.last_name))
        .order_by(Employee.id);
    let counts: Vec<(i64, String, i64)> = assert_statements!(engine, 1, query.all(engine).await?);
    let names: HashMap<i64, String> = shop.lookup("Employee", "EmployeeId", "LastName");
    let expected_counts: Vec<(i64, String, i64)> =
        expected.iter().map(|(id, customers)| (*id, names[id].clone(), customers.len() as i64)).collect();
    assert_eq!(counts, expected_counts);

    let query = select(Employee).filter(Employee.customers.is_not_empty()).options(selectinload(Employee.customers));
    let employees: Vec<Employee> = assert_statements!(engine, 2, query.all(engine).await?);
    let found: BTreeMap<i64, Vec<String>> = employees
        .iter()
        .map(|employee| (employee.id, employee.customers.iter().map(|customer| customer.last_name.clone()).collect()))
        .collect();
    assert_eq!(found, expected);
    Ok(())
}

/// A line of an invoice: its number, the track, the album and the artist.
type Sold = (i64, String, String, String);

/// What did the longest invoice sell, and whose music was it? A statement for the invoice, and one for each of the four
/// levels below it, on both roads.
async fn an_invoice_leads_to_artists(engine: &Engine, shop: &Shop) -> Result<(), Error> {
    let (number, expected) = longest_invoice(shop);
    let query = select(Invoice).filter(Invoice.id.eq(number)).options(
        selectinload(Invoice.lines)
            .selectinload(InvoiceLine.track)
            .selectinload(Track.album)
            .selectinload(Album.artist),
    );

    let value: Invoice = assert_statements!(engine, 5, query.clone().one(engine).await?);
    assert_eq!(sold_by_value(&value), expected);

    let mut session = Session::new(engine);
    let invoice = assert_statements!(engine, 5, query.one(&mut session).await?);
    assert_eq!(sold_by_handle(&session, invoice), expected);

    assert_eq!(session.detach(invoice)?, value, "both roads lead to the same value");
    Ok(())
}

fn longest_invoice(shop: &Shop) -> (i64, Vec<Sold>) {
    let mut lines: BTreeMap<i64, Vec<&Value>> = BTreeMap::new();
    for line in shop.rows("InvoiceLine") {
        lines.entry(cell(line, "InvoiceId")).or_default().push(line);
    }
    let longest = lines.into_iter().max_by_key(|(_, lines)| lines.len());
    let (number, lines) = longest.expect("the shop has sold something");

    let tracks: HashMap<i64, String> = shop.lookup("Track", "TrackId", "Name");
    let albums: HashMap<i64, i64> = shop.lookup("Track", "TrackId", "AlbumId");
    let titles: HashMap<i64, String> = shop.lookup("Album", "AlbumId", "Title");
    let artists: HashMap<i64, i64> = shop.lookup("Album", "AlbumId", "ArtistId");
    let names: HashMap<i64, String> = shop.lookup("Artist", "ArtistId", "Name");
    let sold = lines.into_iter().map(|line| {
        let track: i64 = cell(line, "TrackId");
        let album = albums[&track];
        let artist = artists[&album];
        (cell(line, "InvoiceLineId"), tracks[&track].clone(), titles[&album].clone(), names[&artist].clone())
    });
    (number, sold.collect())
}

fn sold_by_value(invoice: &Invoice) -> Vec<Sold> {
    let sold = invoice.lines.iter().map(|line| {
        let track = line.track.get().expect("a line has a track");
        let album = track.album.get().expect("a track has an album");
        let artist = album.artist.get().expect("an album has an artist");
        (line.id, track.name.clone(), album.title.clone(), artist.name.clone())
    });
    sold.collect()
}

fn sold_by_handle(session: &Session, invoice: Handle<Invoice>) -> Vec<Sold> {
    let sold = session.related(invoice, Invoice.lines).map(|(_, line)| {
        let track = &session[line.track.handle().expect("a line has a track")];
        let album = &session[track.album.handle().expect("a track has an album")];
        let artist = &session[album.artist.handle().expect("an album has an artist")];
        (line.id, track.name.clone(), album.title.clone(), artist.name.clone())
    });
    sold.collect()
}

/// Which albums has nobody bought a track of? Asked in two ways that mean the same.
async fn some_albums_never_sold(engine: &Engine, shop: &Shop) -> Result<(), Error> {
    let unsold = |condition: Expr<bool>| select(Album.id).filter(condition).order_by(Album.id);
    let along_relationships = unsold(!Album.tracks.any(Track.lines.is_not_empty()));
    let sales = select(InvoiceLine.id).join(InvoiceLine.track).filter(Track.album_id.eq(Album.id));
    let by_subquery = unsold(!func::exists(sales));
    let found: Vec<i64> = assert_statements!(engine, 1, along_relationships.all(engine).await?);
    assert_eq!(found, by_subquery.all(engine).await?);

    let albums: HashMap<i64, i64> = shop.lookup("Track", "TrackId", "AlbumId");
    let sold: HashSet<i64> = shop.rows("InvoiceLine").iter().map(|line| albums[&cell(line, "TrackId")]).collect();
    let all = shop.rows("Album").iter().map(|album| cell(album, "AlbumId"));
    let expected: Vec<i64> = all.filter(|album| !sold.contains(album)).collect();
    assert_eq!(found, expected);
    assert!(!found.is_empty(), "some album has not sold");
    Ok(())
}
