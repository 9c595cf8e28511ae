//! The file that has the shop: its rows, and how a row becomes a model's value and that a row again.

use std::collections::HashMap;
use std::env;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use chrono::NaiveDateTime;
use orm::{Model, NewInstance};
use serde_json::{Value, json};

use super::models::{
    Album, Artist, Cents, Customer, Employee, Genre, Invoice, InvoiceLine, MediaType, Playlist, PlaylistTrack, Track,
};

/// The shop as the file has it: a list of rows for each table.
pub(super) struct Shop(Value);

impl Shop {
    /// Reads the file, which stands beside the repository or where `ORM_CHINOOK` says.
    ///
    /// Who has no such file loses this test and is told so; where `CI` is set, the file must be there.
    pub(super) fn open() -> Option<Shop> {
        let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/chinook/ChinookData.json");
        let path = env::var_os("ORM_CHINOOK").map_or(beside, PathBuf::from);
        match fs::read_to_string(&path) {
            Ok(text) => Some(Shop(serde_json::from_str(&text).expect("the file of the shop is JSON"))),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                skip(&path);
                None
            }
            Err(error) => panic!("the shop at `{}` cannot be read: {error}", path.display()),
        }
    }

    /// Returns the rows of a table.
    pub(super) fn rows(&self, table: &str) -> &[Value] {
        self.0[table].as_array().unwrap_or_else(|| panic!("the shop has no table `{table}`"))
    }

    /// Returns how many rows all tables have.
    pub(super) fn row_count(&self) -> usize {
        let tables = self.0.as_object().expect("the shop is an object of tables");
        tables.keys().map(|table| self.rows(table).len()).sum()
    }

    /// Returns the rows of a table as values of its model.
    pub(super) fn models<T: Table>(&self) -> impl Iterator<Item = T> {
        self.rows(T::NAME).iter().map(T::of_row)
    }

    /// Returns a column of a table by another, which is its key.
    pub(super) fn lookup<C: Cell>(&self, table: &str, key: &str, column: &str) -> HashMap<i64, C> {
        self.rows(table).iter().map(|row| (cell(row, key), cell(row, column))).collect()
    }
}

#[expect(clippy::print_stdout, reason = "a test has no other way to say that it was skipped")]
fn skip(path: &Path) {
    assert!(
        env::var_os("CI").is_none(),
        "the shop is not at `{}`, and `CI` is set: put it there, or say where it is in `ORM_CHINOOK`",
        path.display()
    );
    println!("skipped: the shop is not at `{}`; say where it is in `ORM_CHINOOK`", path.display());
}

/// Returns a cell of a row.
pub(super) fn cell<C: Cell>(row: &Value, column: &str) -> C {
    C::of_json(&row[column]).unwrap_or_else(|| panic!("`{column}` has the wrong type in {row}"))
}

/// What a cell of the file becomes.
pub(super) trait Cell: Sized {
    fn of_json(json: &Value) -> Option<Self>;
    fn to_json(&self) -> Value;
}

impl Cell for i64 {
    fn of_json(json: &Value) -> Option<Self> {
        json.as_i64()
    }

    fn to_json(&self) -> Value {
        json!(self)
    }
}

impl Cell for Option<i64> {
    fn of_json(json: &Value) -> Option<Self> {
        if json.is_null() { Some(None) } else { json.as_i64().map(Some) }
    }

    fn to_json(&self) -> Value {
        json!(self)
    }
}

impl Cell for String {
    fn of_json(json: &Value) -> Option<Self> {
        json.as_str().map(str::to_owned)
    }

    fn to_json(&self) -> Value {
        json!(self)
    }
}

/// In the file an absent text is an empty one.
impl Cell for Option<String> {
    fn of_json(json: &Value) -> Option<Self> {
        json.as_str().map(|text| (!text.is_empty()).then(|| text.to_owned()))
    }

    fn to_json(&self) -> Value {
        json!(self.as_deref().unwrap_or_default())
    }
}

const DATE_AND_TIME: &str = "%Y-%m-%dT%H:%M:%S";

impl Cell for NaiveDateTime {
    fn of_json(json: &Value) -> Option<Self> {
        NaiveDateTime::parse_from_str(json.as_str()?, DATE_AND_TIME).ok()
    }

    fn to_json(&self) -> Value {
        json!(self.format(DATE_AND_TIME).to_string())
    }
}

/// In the file money is a number with two places. Cents divided by 100 give the very float that its text gives, so that
/// nothing is rounded away unnoticed.
impl Cell for Cents {
    fn of_json(json: &Value) -> Option<Self> {
        let cents = Cents((json.as_f64()? * 100.0).round() as i64);
        (cents.to_json() == *json).then_some(cents)
    }

    fn to_json(&self) -> Value {
        json!(self.0 as f64 / 100.0)
    }
}

/// A model whose rows the file has.
pub(super) trait Table: Model + NewInstance<Model = Self> {
    /// The name of the table in the file.
    const NAME: &'static str;
    fn of_row(row: &Value) -> Self;
    fn to_row(&self) -> Value;
}

/// For each model: which field is which column of the file, and the relationships, which begin empty.
macro_rules! tables {
    ($($model:ident { $($field:ident: $column:literal),+ } [$($relationship:ident),*])+) => { $(
        impl Table for $model {
            const NAME: &'static str = stringify!($model);

            fn of_row(row: &Value) -> Self {
                $model { $($field: cell(row, $column),)+ $($relationship: Default::default()),* }
            }

            fn to_row(&self) -> Value {
                json!({ $($column: self.$field.to_json()),+ })
            }
        }
    )+ };
}

tables! {
    Genre { id: "GenreId", name: "Name" } [tracks]
    MediaType { id: "MediaTypeId", name: "Name" } [tracks]
    Artist { id: "ArtistId", name: "Name" } [albums]
    Album { id: "AlbumId", title: "Title", artist_id: "ArtistId" } [artist, tracks]
    Track {
        id: "TrackId", name: "Name", album_id: "AlbumId", media_type_id: "MediaTypeId", genre_id: "GenreId",
        composer: "Composer", milliseconds: "Milliseconds", bytes: "Bytes", unit_price: "UnitPrice"
    } [album, media_type, genre, lines, playlists]
    Employee {
        id: "EmployeeId", last_name: "LastName", first_name: "FirstName", title: "Title", reports_to: "ReportsTo",
        birth_date: "BirthDate", hire_date: "HireDate", address: "Address", city: "City", state: "State",
        country: "Country", postal_code: "PostalCode", phone: "Phone", fax: "Fax", email: "Email"
    } [manager, reports, customers]
    Customer {
        id: "CustomerId", first_name: "FirstName", last_name: "LastName", company: "Company", address: "Address",
        city: "City", state: "State", country: "Country", postal_code: "PostalCode", phone: "Phone", fax: "Fax",
        email: "Email", support_rep_id: "SupportRepId"
    } [support_rep, invoices]
    Invoice {
        id: "InvoiceId", customer_id: "CustomerId", invoice_date: "InvoiceDate", billing_address: "BillingAddress",
        billing_city: "BillingCity", billing_state: "BillingState", billing_country: "BillingCountry",
        billing_postal_code: "BillingPostalCode", total: "Total"
    } [customer, lines]
    InvoiceLine {
        id: "InvoiceLineId", invoice_id: "InvoiceId", track_id: "TrackId", unit_price: "UnitPrice",
        quantity: "Quantity"
    } [invoice, track]
    Playlist { id: "PlaylistId", name: "Name" } [tracks]
    PlaylistTrack { playlist_id: "PlaylistId", track_id: "TrackId" } []
}
