//! The eleven tables of the shop, with relationships on both sides.

use chrono::NaiveDateTime;
use orm::prelude::*;

/// Money, in hundredths.
///
/// Every price has two places, and whole cents add up exactly, in SQL as in Rust. An `f64` has no 0.99: a sum of many
/// would drift, and differently with the order in which the database adds. `rust_decimal` is behind a feature that these
/// tests do not turn on, and SQLite, which has no decimals, would add it up as floats all the same. The newtype keeps
/// cents from being taken for a count.
#[derive(Clone, Copy, Debug, PartialEq, SqlNewtype)]
pub(super) struct Cents(pub(super) i64);

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(metadata = none)]
pub(super) struct Genre {
    #[orm(primary_key, column = "genre_id")]
    pub(super) id: i64,
    #[orm(length = 120)]
    pub(super) name: String,
    #[orm(back_populates = genre, order_by = id)]
    pub(super) tracks: HasMany<Track>,
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(metadata = none)]
pub(super) struct MediaType {
    #[orm(primary_key, column = "media_type_id")]
    pub(super) id: i64,
    #[orm(length = 120)]
    pub(super) name: String,
    #[orm(back_populates = media_type, order_by = id)]
    pub(super) tracks: HasMany<Track>,
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(metadata = none)]
pub(super) struct Artist {
    #[orm(primary_key, column = "artist_id")]
    pub(super) id: i64,
    #[orm(length = 120)]
    pub(super) name: String,
    #[orm(back_populates = artist, order_by = id)]
    pub(super) albums: HasMany<Album>,
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(metadata = none)]
pub(super) struct Album {
    #[orm(primary_key, column = "album_id")]
    pub(super) id: i64,
    #[orm(length = 160)]
    pub(super) title: String,
    #[orm(foreign_key = Artist.id, index)]
    pub(super) artist_id: i64,
    #[orm(back_populates = albums)]
    pub(super) artist: BelongsTo<Artist>,
    #[orm(back_populates = album, order_by = id)]
    pub(super) tracks: HasMany<Track>,
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(metadata = none)]
pub(super) struct Track {
    #[orm(primary_key, column = "track_id")]
    pub(super) id: i64,
    #[orm(length = 200)]
    pub(super) name: String,
    #[orm(foreign_key = Album.id, index)]
    pub(super) album_id: i64,
    #[orm(foreign_key = MediaType.id, index)]
    pub(super) media_type_id: i64,
    #[orm(foreign_key = Genre.id, index)]
    pub(super) genre_id: i64,
    #[orm(length = 220)]
    pub(super) composer: Option<String>,
    pub(super) milliseconds: i64,
    pub(super) bytes: i64,
    pub(super) unit_price: Cents,
    #[orm(back_populates = tracks)]
    pub(super) album: BelongsTo<Album>,
    #[orm(back_populates = tracks)]
    pub(super) media_type: BelongsTo<MediaType>,
    #[orm(back_populates = tracks)]
    pub(super) genre: BelongsTo<Genre>,
    #[orm(back_populates = track, order_by = id)]
    pub(super) lines: HasMany<InvoiceLine>,
    #[orm(secondary = PlaylistTrack, back_populates = tracks, order_by = id)]
    pub(super) playlists: ManyToMany<Playlist>,
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(metadata = none)]
pub(super) struct Employee {
    #[orm(primary_key, column = "employee_id")]
    pub(super) id: i64,
    #[orm(length = 20)]
    pub(super) last_name: String,
    #[orm(length = 20)]
    pub(super) first_name: String,
    pub(super) title: String,
    #[orm(foreign_key = Employee.id, index)]
    pub(super) reports_to: Option<i64>,
    pub(super) birth_date: NaiveDateTime,
    pub(super) hire_date: NaiveDateTime,
    pub(super) address: String,
    pub(super) city: String,
    pub(super) state: String,
    pub(super) country: String,
    pub(super) postal_code: String,
    pub(super) phone: String,
    pub(super) fax: String,
    pub(super) email: String,
    #[orm(back_populates = reports)]
    pub(super) manager: BelongsTo<Employee>,
    #[orm(back_populates = manager, order_by = id)]
    pub(super) reports: HasMany<Employee>,
    #[orm(back_populates = support_rep, order_by = id)]
    pub(super) customers: HasMany<Customer>,
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(metadata = none)]
pub(super) struct Customer {
    #[orm(primary_key, column = "customer_id")]
    pub(super) id: i64,
    #[orm(length = 40)]
    pub(super) first_name: String,
    #[orm(length = 20)]
    pub(super) last_name: String,
    pub(super) company: Option<String>,
    pub(super) address: String,
    pub(super) city: String,
    pub(super) state: Option<String>,
    pub(super) country: String,
    pub(super) postal_code: Option<String>,
    pub(super) phone: Option<String>,
    pub(super) fax: Option<String>,
    pub(super) email: String,
    #[orm(foreign_key = Employee.id, index)]
    pub(super) support_rep_id: i64,
    #[orm(back_populates = customers)]
    pub(super) support_rep: BelongsTo<Employee>,
    #[orm(back_populates = customer, order_by = id)]
    pub(super) invoices: HasMany<Invoice>,
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(metadata = none)]
pub(super) struct Invoice {
    #[orm(primary_key, column = "invoice_id")]
    pub(super) id: i64,
    #[orm(foreign_key = Customer.id, index)]
    pub(super) customer_id: i64,
    pub(super) invoice_date: NaiveDateTime,
    pub(super) billing_address: String,
    pub(super) billing_city: String,
    pub(super) billing_state: Option<String>,
    pub(super) billing_country: String,
    pub(super) billing_postal_code: Option<String>,
    pub(super) total: Cents,
    #[orm(back_populates = invoices)]
    pub(super) customer: BelongsTo<Customer>,
    #[orm(back_populates = invoice, order_by = id)]
    pub(super) lines: HasMany<InvoiceLine>,
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(metadata = none)]
pub(super) struct InvoiceLine {
    #[orm(primary_key, column = "invoice_line_id")]
    pub(super) id: i64,
    #[orm(foreign_key = Invoice.id, index)]
    pub(super) invoice_id: i64,
    #[orm(foreign_key = Track.id, index)]
    pub(super) track_id: i64,
    pub(super) unit_price: Cents,
    pub(super) quantity: i64,
    #[orm(back_populates = lines)]
    pub(super) invoice: BelongsTo<Invoice>,
    #[orm(back_populates = lines)]
    pub(super) track: BelongsTo<Track>,
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(metadata = none)]
pub(super) struct Playlist {
    #[orm(primary_key, column = "playlist_id")]
    pub(super) id: i64,
    #[orm(length = 120)]
    pub(super) name: String,
    #[orm(secondary = PlaylistTrack, back_populates = playlists, order_by = id)]
    pub(super) tracks: ManyToMany<Track>,
}

#[derive(Clone, Debug, PartialEq, Model)]
#[orm(metadata = none)]
pub(super) struct PlaylistTrack {
    #[orm(primary_key, foreign_key = Playlist.id)]
    pub(super) playlist_id: i64,
    #[orm(primary_key, foreign_key = Track.id, index)]
    pub(super) track_id: i64,
}
