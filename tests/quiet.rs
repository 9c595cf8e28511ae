//! A user's crate under the strictest lints: what the derive writes needs no `allow` and raises no warning.
//!
//! The compiler's lints are checked by building this file, clippy's by `cargo clippy --all-targets`.

#![forbid(unsafe_code, nonstandard_style, missing_docs, unreachable_pub)]
#![deny(warnings, unused, clippy::all, clippy::pedantic)]

use orm::prelude::*;

/// Somebody who writes notes.
#[derive(Clone, Debug, Default, PartialEq, Model)]
#[orm(table = "writers")]
pub struct Writer {
    /// The key.
    #[orm(primary_key)]
    pub id: i64,
    /// What they are called.
    #[orm(length = 50, unique)]
    pub name: String,
    /// What they think of it.
    pub mood: Mood,
    /// How they are reached.
    pub email: Option<Email>,
    /// Where they live.
    #[orm(embed, default)]
    pub home: Place,
    /// What they wrote.
    #[orm(back_populates = writer, cascade(all, delete_orphan), order_by = id)]
    pub notes: HasMany<Note>,
}

/// A place.
#[derive(Clone, Debug, Default, PartialEq, Embed)]
pub struct Place {
    /// A name that is a keyword.
    pub r#where: String,
    /// Another struct inside.
    #[orm(flatten)]
    pub point: Point,
}

/// A point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Embed)]
pub struct Point {
    /// To the right.
    pub x: f64,
}

/// A note.
#[derive(Clone, Debug, PartialEq, Model)]
#[orm(table = "notes")]
pub struct Note {
    /// The key.
    #[orm(primary_key)]
    pub id: i64,
    /// What it says; a name that is a keyword.
    pub r#type: String,
    /// A column that bears the name of a method.
    #[orm(default = "none")]
    pub alias: String,
    /// Another.
    #[orm(default = 0)]
    pub eq: i64,
    /// Whose it is.
    #[orm(foreign_key = Writer.id)]
    pub writer_id: i64,
    /// Who wrote it.
    #[orm(back_populates = notes)]
    pub writer: BelongsTo<Writer>,
}

/// An enum without fields, stored by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, SqlEnum)]
pub enum Mood {
    /// Well.
    #[default]
    Good,
    /// Not well.
    Bad,
}

/// A wrapper, stored as what it wraps.
#[derive(Clone, Debug, PartialEq, Eq, SqlNewtype)]
pub struct Email(String);

mod private {
    use orm::prelude::*;

    #[derive(Clone, Debug, Model)]
    struct Secret {
        #[orm(primary_key)]
        id: i64,
        word: String,
    }

    pub(crate) async fn secrets(engine: &Engine) -> Result<u64, Error> {
        metadata![Secret].create_all(engine).await?;
        insert(Secret).values(Secret { id: 1, word: "x".into() }).execute(engine).await?;
        let secret = select(Secret).filter(Secret.word.eq("x")).one(engine).await?;
        Ok(secret.id.unsigned_abs() + secret.word.len() as u64)
    }
}

#[tokio::test]
async fn strict_lints_stay_quiet_and_the_models_work() -> Result<(), Error> {
    let engine = Engine::new("sqlite::memory:")?;
    // The models of this program, collected at link time; the private one is made below.
    MetaData::global().create_all(&engine).await?;
    let mut session = Session::new(&engine);
    let writer = session.add(
        Writer::builder()
            .name("ed")
            .mood(Mood::Bad)
            .email(Email("ed@x.org".into()))
            .notes([Note::builder().r#type("memo").alias("m")]),
    );
    session.commit().await?;
    let other = Note.alias("other");
    let found = select((Note.r#type, Note.alias))
        .filter(Note.alias.eq("m") & Note.eq.eq(0) & !func::exists(select(other).filter(other.id.gt(Note.id))))
        .all(&engine)
        .await?;
    assert_eq!(found, [("memo".to_owned(), "m".to_owned())]);
    assert_eq!(session[writer].mood, Mood::Bad);
    assert_eq!(
        select(Writer.email).filter(Writer.mood.eq(Mood::Bad)).one(&engine).await?,
        Some(Email("ed@x.org".into()))
    );
    assert_eq!(private::secrets(&engine).await?, 2);
    Ok(())
}
