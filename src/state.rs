//! What every handler, page and job can reach: the database, the settings, the world outside.

use std::sync::Arc;

use axum::extract::FromRef;
use leptos::config::LeptosOptions;
use tokio::sync::Notify;

use crate::{
    clock::Clock,
    config::Config,
    connections::{Providers, Services, Unwatched, Watch},
    secrets::KeyRing,
    store::Store,
    web::site::Site,
};

/// Cheap to clone. Leptos puts it into context for pages and server functions alike.
#[derive(Clone, FromRef)]
pub struct AppState {
    pub store: Store,
    pub config: Arc<Config>,
    /// What tokens and links are sealed with.
    pub keys: Arc<KeyRing>,
    /// The providers that are set up, and how to reach them.
    pub calendars: Arc<Providers>,
    /// Who is told when a connection stops or starts working.
    pub watch: Arc<dyn Watch>,
    pub clock: Arc<dyn Clock>,
    /// Tells the worker in this process that a job was written, so that it need not wait for its next look.
    pub wake: Arc<Notify>,
    pub site: Site,
    pub leptos_options: LeptosOptions,
}

impl AppState {
    pub fn new(store: Store, config: Config, clock: Arc<dyn Clock>, site: Site) -> Self {
        let leptos_options = site.leptos_options();
        let keys = config.keys.clone();
        let calendars = Arc::new(Providers::of(&config));
        let watch: Arc<dyn Watch> = Arc::new(Unwatched);
        let (config, wake) = (Arc::new(config), Arc::new(Notify::new()));
        Self { store, config, keys, calendars, watch, clock, wake, site, leptos_options }
    }

    /// What the verbs about people and connections work with.
    pub fn services(&self) -> Services {
        Services {
            store: self.store.clone(),
            keys: self.keys.clone(),
            calendars: self.calendars.clone(),
            clock: self.clock.clone(),
            watch: self.watch.clone(),
        }
    }
}
