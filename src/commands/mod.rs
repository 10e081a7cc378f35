//! What the program can be told to do, one file per verb.

pub mod audit;
#[cfg(feature = "demo")]
pub mod demo;
pub mod doctor;
pub mod migrate;
pub mod rotate_keys;
pub mod serve;
pub mod slots;
pub mod worker;

use std::{io::IsTerminal, sync::Arc};

use convene::{
    clock::SystemClock,
    config::Config,
    notifications::email::{Mailer, MemoryMailer, SmtpMailer},
    secrets,
    state::AppState,
    store::Store,
    web::{observe::tame, site::Site},
};
use tracing_subscriber::EnvFilter;

/// Why a verb did not do what it was told: what to print on standard error, and the exit code.
pub struct Failure {
    pub message: String,
    pub code: u8,
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { message: error.to_string(), code: 1 }
    }
}

/// Logs to standard error. `RUST_LOG` chooses what; the default says a line per request and whatever goes wrong.
fn log() {
    let usual = "info,sqlx=warn,sea_orm_migration=warn";
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(usual));
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt()
        .with_env_filter(tame(filter))
        .with_writer(std::io::stderr)
        .with_ansi(colours)
        .with_target(false)
        .init();
    // What a panic says may quote somebody's data; where it happened does not.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        tracing::error!("panic at {place}");
    }));
}

/// Opens the database, refuses one that promises cannot be kept with, brings it up to date, checks that our keys are the ones
/// it was sealed with, and puts everything together.
async fn start(config: Config) -> Result<AppState, Failure> {
    let store = Store::open(config.database.url.expose()).await?;
    store.check().await?;
    store.migrate().await?;
    secrets::check_canaries(&store, &config.keys).await?;
    let mailer: Arc<dyn Mailer> = match &config.mail.smtp {
        Some(url) => Arc::new(SmtpMailer::from_url(url.expose(), config.mail.from.clone())?),
        None => Arc::new(MemoryMailer::new(config.mail.from.clone())),
    };
    let site = Site::find();
    if !site.is_built() {
        tracing::warn!("no built site in {}: pages will have neither style nor script", site.root().display());
    }
    Ok(AppState::wire(store, Arc::new(config), Arc::new(SystemClock), mailer, site))
}
