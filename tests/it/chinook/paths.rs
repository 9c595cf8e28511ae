//! Five ways through the shop: each with the number of its statements, on both roads, and equal to the file.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use orm::prelude::*;
use orm::{Dialect, Load, subqueryload};

use super::models::{Album, Artist, Customer, Employee, Genre, Invoice, InvoiceLine, MediaType, Playlist, Track};
use super::shop::{Shop, cell};
use crate::assert_statements;

/// How many statements bring the members of so many owners: PostgreSQL takes their keys as an array.
fn chunks(engine: &Engine, owners: usize) -> u64 {
    let most = if engine.dialect() == Dialect::Postgres { 10_000 } else { 1_000 };
    (owners as u64).div_ceil(most)
}

/// The children of each parent, in the order of their keys.
fn children(shop: &Shop, table: &str, key: &str, parent: &str) -> HashMap<i64, Vec<i64>> {
    let mut children: HashMap<i64, Vec<i64>> = HashMap::new();
    for row in shop.rows(table) {
        children.entry(cell(row, parent)).or_default().push(cell(row, key));
    }
    children.values_mut().for_each(|list| list.sort_unstable());
    children
}

fn keys(shop: &Shop, table: &str, key: &str) -> Vec<i64> {
    let mut keys: Vec<i64> = shop.rows(table).iter().map(|row| cell(row, key)).collect();
    keys.sort_unstable();
    keys
}

pub(super) async fn lead_to_the_same_as_the_file(engine: &Engine, shop: &Shop) -> Result<(), Error> {
    artists_lead_to_genres_and_media_types(engine, shop).await?;
    playlists_lead_to_tracks_and_back(engine, shop).await?;
    employees_stand_in_a_tree(engine, shop).await?;
    customers_lead_to_artists(engine, shop).await
}

// ------------------------------------------------------------------ artist -> albums -> tracks -> genre, media type

/// Artists with their albums, and those with their tracks: number, genre and media type.
type Discography = Vec<(i64, Vec<(i64, Vec<(i64, String, String)>)>)>;

async fn artists_lead_to_genres_and_media_types(engine: &Engine, shop: &Shop) -> Result<(), Error> {
    let albums = children(shop, "Album", "AlbumId", "ArtistId");
    let tracks = children(shop, "Track", "TrackId", "AlbumId");
    let (genre, media_type): (HashMap<i64, i64>, HashMap<i64, i64>) =
        (shop.lookup("Track", "TrackId", "GenreId"), shop.lookup("Track", "TrackId", "MediaTypeId"));
    let genres: HashMap<i64, String> = shop.lookup("Genre", "GenreId", "Name");
    let media_types: HashMap<i64, String> = shop.lookup("MediaType", "MediaTypeId", "Name");
    let of = |lists: &HashMap<i64, Vec<i64>>, owner: i64| lists.get(&owner).cloned().unwrap_or_default();
    let track = |id: i64| (id, genres[&genre[&id]].clone(), media_types[&media_type[&id]].clone());
    let album = |id: i64| (id, of(&tracks, id).into_iter().map(track).collect());
    let artist = |id: i64| (id, of(&albums, id).into_iter().map(album).collect());
    let expected: Discography = keys(shop, "Artist", "ArtistId").into_iter().map(artist).collect();

    let query = || select(Artist).order_by(Artist.id);
    // Artists, albums, tracks, genres, media types: one statement each, since 275 artists and 347 albums are one chunk.
    let albums = || selectinload(Artist.albums).selectinload(Album.tracks);
    let selectin = query().options((albums().selectinload(Track.genre), albums().selectinload(Track.media_type)));
    // The references in the rows of the tracks.
    let joined = query().options((albums().joinedload(Track.genre), albums().joinedload(Track.media_type)));
    // All in one.
    let one = || joinedload(Artist.albums).joinedload(Album.tracks);
    let all_joined = query().options((one().joinedload(Track.genre), one().joinedload(Track.media_type)));
    for (query, statements) in [(selectin, 5), (joined, 3), (all_joined, 1)] {
        let artists: Vec<Artist> = assert_statements!(engine, statements, query.clone().all(engine).await?);
        assert!(discography(&artists) == expected, "as values, by {statements} statements");
        let mut session = Session::new(engine);
        let artists = assert_statements!(engine, statements, query.all(&mut session).await?);
        assert!(managed_discography(&session, &artists) == expected, "as handles, by {statements} statements");
    }
    Ok(())
}

fn discography(artists: &[Artist]) -> Discography {
    let names = |track: &Track| {
        let (genre, media_type): (&Genre, &MediaType) = (track.genre.get().unwrap(), track.media_type.get().unwrap());
        (track.id, genre.name.clone(), media_type.name.clone())
    };
    let album = |album: &Album| (album.id, album.tracks.iter().map(names).collect());
    artists.iter().map(|artist| (artist.id, artist.albums.iter().map(album).collect())).collect()
}

fn managed_discography(session: &Session, artists: &[Handle<Artist>]) -> Discography {
    let names = |(_, track): (_, &Track)| {
        let genre = &session[track.genre.handle().unwrap()];
        (track.id, genre.name.clone(), session[track.media_type.handle().unwrap()].name.clone())
    };
    let album = |(handle, album): (Handle<Album>, &Album)| {
        (album.id, session.related(handle, Album.tracks).map(names).collect())
    };
    let artist =
        |&handle: &Handle<Artist>| (session[handle].id, session.related(handle, Artist.albums).map(album).collect());
    artists.iter().map(artist).collect()
}

// ---------------------------------------------------------------------------------------------- playlists <-> tracks

async fn playlists_lead_to_tracks_and_back(engine: &Engine, shop: &Shop) -> Result<(), Error> {
    let mut tracks: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
    let mut playlists: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
    for pair in shop.rows("PlaylistTrack") {
        let (playlist, track) = (cell(pair, "PlaylistId"), cell(pair, "TrackId"));
        tracks.entry(playlist).or_default().insert(track);
        playlists.entry(track).or_default().insert(playlist);
    }
    let all = keys(shop, "Playlist", "PlaylistId");
    let expected: Vec<(i64, Vec<i64>)> =
        all.iter().map(|id| (*id, tracks.get(id).into_iter().flatten().copied().collect())).collect();

    let query = select(Playlist).order_by(Playlist.id);
    // The playlists, their tracks, and the playlists of those, many tracks at a time.
    let statements = 2 + chunks(engine, playlists.len());
    let there_and_back = query.clone().options(selectinload(Playlist.tracks).selectinload(Track.playlists));
    let found: Vec<Playlist> = assert_statements!(engine, statements, there_and_back.clone().all(engine).await?);
    let sorted = |mut ids: Vec<i64>| {
        ids.sort_unstable();
        ids
    };
    let forth = |playlist: &Playlist| (playlist.id, sorted(playlist.tracks.iter().map(|track| track.id).collect()));
    assert!(found.iter().map(forth).collect::<Vec<_>>() == expected);
    for track in found.iter().flat_map(|playlist| playlist.tracks.iter()) {
        assert!(track.playlists.iter().map(|playlist| playlist.id).eq(playlists[&track.id].iter().copied()));
    }
    let mut session = Session::new(engine);
    let found = assert_statements!(engine, statements, there_and_back.all(&mut session).await?);
    for (handle, (id, expected)) in found.into_iter().zip(&expected) {
        let tracks = session.handles(handle, Playlist.tracks);
        assert!(sorted(tracks.iter().map(|&track| session[track].id).collect()) == *expected, "playlist {id}");
        for track in tracks {
            let back = session.related(track, Track.playlists).map(|(_, playlist)| playlist.id);
            assert!(back.eq(playlists[&session[track].id].iter().copied()));
        }
    }

    // A repetition of the query is one statement a level, however many owners there are.
    let repeated = query.options(subqueryload(Playlist.tracks).subqueryload(Track.playlists));
    let found: Vec<Playlist> = assert_statements!(engine, 3, repeated.all(engine).await?);
    assert!(found.iter().map(forth).collect::<Vec<_>>() == expected);
    assert!(found[0].tracks.iter().all(|track| track.playlists.len() == playlists[&track.id].len()));
    Ok(())
}

// ----------------------------------------------------------------------------------------------- the employees' tree

/// An employee and who reports to them.
#[derive(Debug, PartialEq)]
struct Branch(i64, Vec<Branch>);

async fn employees_stand_in_a_tree(engine: &Engine, shop: &Shop) -> Result<(), Error> {
    let managers: HashMap<i64, Option<i64>> = shop.lookup("Employee", "EmployeeId", "ReportsTo");
    fn branch(id: i64, managers: &HashMap<i64, Option<i64>>) -> Branch {
        let mut reports: Vec<i64> =
            managers.iter().filter(|(_, above)| **above == Some(id)).map(|(id, _)| *id).collect();
        reports.sort_unstable();
        Branch(id, reports.into_iter().map(|id| branch(id, managers)).collect())
    }
    let (&root, _) = managers.iter().find(|(_, above)| above.is_none()).expect("somebody is the general manager");
    let expected = branch(root, &managers);

    // Four levels: the general manager, the managers, the others, and that nobody reports to those.
    let query = select(Employee).filter(Employee.reports_to.is_null());
    let levels = selectinload(Employee.reports).selectinload(Employee.reports).selectinload(Employee.reports);
    let recursive = selectinload(Employee.reports).recursive(2);
    let joined = joinedload(Employee.reports).joinedload(Employee.reports).joinedload(Employee.reports);
    for (option, statements) in [(levels, 4), (recursive, 4), (joined, 1)] {
        let query = query.clone().options(option);
        let manager: Employee = assert_statements!(engine, statements, query.clone().one(engine).await?);
        fn by_value(employee: &Employee) -> Branch {
            let reports = employee.reports.try_iter().map(|reports| reports.map(by_value).collect());
            Branch(employee.id, reports.unwrap_or_default())
        }
        assert_eq!(by_value(&manager), expected);
        let mut session = Session::new(engine);
        let manager = assert_statements!(engine, statements, query.one(&mut session).await?);
        fn by_handle(session: &Session, employee: Handle<Employee>) -> Branch {
            let reports = session.try_handles(employee, Employee.reports).unwrap_or_default();
            Branch(session[employee].id, reports.into_iter().map(|report| by_handle(session, report)).collect())
        }
        assert_eq!(by_handle(&session, manager), expected);
    }
    Ok(())
}

// ------------------------------------------------------ customers -> invoices -> lines -> track -> album -> artist

/// Customers with their invoices, and those with their lines: number, track, album and artist.
type Purchases = Vec<(i64, Vec<(i64, Vec<(i64, i64, i64, i64)>)>)>;

async fn customers_lead_to_artists(engine: &Engine, shop: &Shop) -> Result<(), Error> {
    let invoices = children(shop, "Invoice", "InvoiceId", "CustomerId");
    let lines = children(shop, "InvoiceLine", "InvoiceLineId", "InvoiceId");
    let tracks: HashMap<i64, i64> = shop.lookup("InvoiceLine", "InvoiceLineId", "TrackId");
    let albums: HashMap<i64, i64> = shop.lookup("Track", "TrackId", "AlbumId");
    let artists: HashMap<i64, i64> = shop.lookup("Album", "AlbumId", "ArtistId");
    let line = |id: i64| (id, tracks[&id], albums[&tracks[&id]], artists[&albums[&tracks[&id]]]);
    let invoice = |id: i64| (id, lines[&id].iter().map(|&id| line(id)).collect());
    let customer = |id: i64| (id, invoices[&id].iter().map(|&id| invoice(id)).collect());
    let customers = keys(shop, "Customer", "CustomerId");
    let expected: Purchases = customers.iter().map(|&id| customer(id)).collect();

    let sold: BTreeSet<i64> = tracks.values().copied().collect();
    let their_albums: BTreeSet<i64> = sold.iter().map(|track| albums[track]).collect();
    let their_artists: BTreeSet<i64> = their_albums.iter().map(|album| artists[album]).collect();
    let owners = [customers.len(), shop.rows("Invoice").len(), sold.len(), their_albums.len(), their_artists.len()];
    let selectin_statements = 1 + owners.into_iter().map(|owners| chunks(engine, owners)).sum::<u64>();
    let down = || selectinload(Customer.invoices).selectinload(Invoice.lines);
    let selectin = down().selectinload(InvoiceLine.track).selectinload(Track.album).selectinload(Album.artist);
    let joined = down().joinedload(InvoiceLine.track).joinedload(Track.album).joinedload(Album.artist);
    let subquery: Load<Customer, Artist> = subqueryload(Customer.invoices)
        .subqueryload(Invoice.lines)
        .subqueryload(InvoiceLine.track)
        .subqueryload(Track.album)
        .subqueryload(Album.artist);
    for (option, statements) in [(selectin, selectin_statements), (joined, 3), (subquery, 6)] {
        let query = select(Customer).order_by(Customer.id).options(option);
        let customers: Vec<Customer> = assert_statements!(engine, statements, query.clone().all(engine).await?);
        assert!(purchases(&customers) == expected, "as values, by {statements} statements");
        let mut session = Session::new(engine);
        let customers = assert_statements!(engine, statements, query.all(&mut session).await?);
        assert!(managed_purchases(&session, &customers) == expected, "as handles, by {statements} statements");
    }
    Ok(())
}

fn purchases(customers: &[Customer]) -> Purchases {
    let line = |line: &InvoiceLine| {
        let track = line.track.get().unwrap();
        let album = track.album.get().unwrap();
        (line.id, track.id, album.id, album.artist.get().unwrap().id)
    };
    let invoice = |invoice: &Invoice| (invoice.id, invoice.lines.iter().map(line).collect());
    customers.iter().map(|customer| (customer.id, customer.invoices.iter().map(invoice).collect())).collect()
}

fn managed_purchases(session: &Session, customers: &[Handle<Customer>]) -> Purchases {
    let line = |(_, line): (_, &InvoiceLine)| {
        let track = &session[line.track.handle().unwrap()];
        let album = &session[track.album.handle().unwrap()];
        (line.id, track.id, album.id, session[album.artist.handle().unwrap()].id)
    };
    let invoice = |(handle, invoice): (Handle<Invoice>, &Invoice)| {
        (invoice.id, session.related(handle, Invoice.lines).map(line).collect())
    };
    let customer = |&handle: &Handle<Customer>| {
        (session[handle].id, session.related(handle, Customer.invoices).map(invoice).collect())
    };
    customers.iter().map(customer).collect()
}
