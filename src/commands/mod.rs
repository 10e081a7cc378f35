//! What the program can be told to do, one file per verb.

pub mod doctor;
pub mod migrate;
pub mod serve;

use std::sync::Arc;

use convene::{
    clock::SystemClock,
    config::Config,
    connections::{Providers, Services},
    notifications::{
        email::{Mailer, MemoryMailer, SmtpMailer},
        watch::TellOwner,
    },
    secrets,
    state::AppState,
    store::Store,
    web::site::Site,
};
use tokio::sync::Notify;
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
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn,sea_orm_migration=warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false).init();
    // What a panic says may quote somebody's data; where it happened does not.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        tracing::error!("panic at {place}");
    }));
}

/// Opens the database, brings it up to date and checks that our keys are the ones it was sealed with.
async fn start(config: Config) -> Result<AppState, Failure> {
    let store = Store::open(config.database.url.expose()).await?;
    store.migrate().await?;
    secrets::check_canaries(&store, &config.keys).await?;
    let site = Site::find();
    if !site.is_built() {
        tracing::warn!("no built site in {}: pages will have neither style nor script", site.root().display());
    }
    let mailer: Arc<dyn Mailer> = match &config.mail.smtp {
        Some(url) => Arc::new(SmtpMailer::from_url(url.expose(), config.mail.from.clone())?),
        None => Arc::new(MemoryMailer::new(config.mail.from.clone())),
    };
    let (config, wake) = (Arc::new(config), Arc::new(Notify::new()));
    let services = Services {
        store,
        keys: config.keys.clone(),
        calendars: Arc::new(Providers::of(&config)),
        clock: Arc::new(SystemClock),
        watch: Arc::new(TellOwner { config: config.clone(), wake: wake.clone() }),
    };
    Ok(AppState::new(config, services, mailer, site, wake))
}
