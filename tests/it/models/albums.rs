use orm::prelude::*;

#[derive(Clone, Debug, Model)]
#[orm(metadata = none)]
#[orm(
    table = "Album",
    index(artist_id, name = "IFK_AlbumArtistId"),
    index("lower(Title)", artist_id.desc(), unique, name = "titles", condition = "Sold = 0"),
    check("Price >= 0"),
)]
pub struct Album {
    #[orm(primary_key, column = "AlbumId")]
    pub album_id: i64,
    #[orm(column = "Title", sql_type = "nvarchar(160)")]
    pub title: String,
    #[orm(column = "ArtistId", sql_type = "INTEGER", foreign_key = Artist.artist_id)]
    pub artist_id: i64,
    #[orm(column = "Price", sql_type = "numeric(10,2)", server_default = "0")]
    pub price: rust_decimal::Decimal,
    #[orm(column = "Sold", server_default = "0")]
    pub sold: bool,
    #[orm(back_populates = albums)]
    pub artist: BelongsTo<Artist>,
}

#[derive(Clone, Debug, Model)]
#[orm(metadata = none)]
#[orm(table = "Artist")]
pub struct Artist {
    #[orm(primary_key, column = "ArtistId")]
    pub artist_id: i64,
    #[orm(column = "Name", sql_type = "nvarchar(120)")]
    pub name: Option<String>,
    #[orm(back_populates = artist)]
    pub albums: HasMany<Album>,
    #[orm(back_populates = artist)]
    pub biography: HasOne<Biography>,
}

#[derive(Clone, Debug, Model)]
#[orm(metadata = none)]
#[orm(table = "Biography")]
pub struct Biography {
    #[orm(primary_key, column = "ArtistId", sql_type = "INTEGER", foreign_key = Artist.artist_id)]
    pub artist_id: i64,
    #[orm(column = "Weight", sql_type = "REAL")]
    pub weight: Option<f64>,
    #[orm(back_populates = biography)]
    pub artist: BelongsTo<Artist>,
}
