//! What may change an engine while it is made: [`Plugin`].

use super::{Engine, EngineBuilder};
use crate::error::Result;

/// Changes the settings of an engine before it is made, and sees it afterwards: SQLAlchemy's `CreateEnginePlugin`.
///
/// It may change everything that [`EngineBuilder`] can: the URL, the pool, the options.
///
/// ```
/// # use orm_core::{Engine, EngineBuilder, Error, Plugin};
/// struct NamedConnections(&'static str);
///
/// impl Plugin for NamedConnections {
///     fn configure(&self, settings: EngineBuilder) -> Result<EngineBuilder, Error> {
///         let url = settings.url()?.with_query("application_name", self.0);
///         Ok(settings.with_url(url).pool_pre_ping(true))
///     }
/// }
///
/// # #[cfg(feature = "postgres")] {
/// let engine = Engine::builder("postgresql://scott@localhost/shop").plugin(NamedConnections("web")).build()?;
/// assert_eq!(engine.url().to_string(), "postgresql://scott@localhost/shop?application_name=web");
/// # }
/// # Ok::<(), Error>(())
/// ```
pub trait Plugin: Send + Sync {
    /// Returns the settings, changed. Plugins are asked in the order in which they were given.
    ///
    /// # Errors
    ///
    /// An error is that of [`EngineBuilder::build`].
    fn configure(&self, settings: EngineBuilder) -> Result<EngineBuilder> {
        Ok(settings)
    }

    /// Is told of the engine when it has been made.
    fn engine_created(&self, engine: &Engine) {
        _ = engine;
    }
}
