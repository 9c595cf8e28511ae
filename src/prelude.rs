//! What an application writes: `use orm::prelude::*`.
//!
//! Every name is also at the root of the crate. There is no `Result` among them, which would shadow the user's.

pub use crate::{BelongsTo, Deferred, HasMany, HasOne, ManyToMany, Model};
pub use crate::{Embed, Row, SqlEnum, SqlNewtype};
pub use crate::{Engine, Error, Executor, Handle, MetaData, Reader, Select, Session};
pub use crate::{delete, func, insert, joinedload, metadata, optional, select, selectinload, text, update};
pub use crate::{foreign, remote};
