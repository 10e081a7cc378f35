//! What every handler, page and job can reach: the database, the settings, the world outside.

use std::sync::Arc;

use axum::extract::FromRef;
use leptos::config::LeptosOptions;
use tokio::sync::Notify;

use crate::{
    ats::{self, Ats},
    clock::Clock,
    config::Config,
    connections::{Providers, Services},
    http::guard::Guard,
    limits::local::Searches,
    notifications::{email::Mailer, watch::TellOwner},
    secrets::KeyRing,
    store::Store,
    web::{live::Live, site::Site},
    webhooks::deliver,
};

/// Cheap to clone. Leptos puts it into context for pages and server functions alike.
#[derive(Clone, FromRef)]
pub struct AppState {
    pub store: Store,
    pub config: Arc<Config>,
    /// What tokens and links are sealed with.
    pub keys: Arc<KeyRing>,
    pub clock: Arc<dyn Clock>,
    /// What reading and writing people's calendars takes.
    pub services: Services,
    /// What carries mail.
    pub mailer: Arc<dyn Mailer>,
    /// The applicant-tracking system, if one is used.
    pub ats: Option<Arc<dyn Ats>>,
    /// The way out to webhooks.
    pub webhooks: Guard,
    /// Who may search for open times now.
    pub searches: Searches,
    /// Tells the worker in this process that a job was written, so that it need not wait for its next look.
    pub wake: Arc<Notify>,
    /// The pages of this process that are open and follow what happens.
    pub live: Live,
    pub site: Site,
    pub leptos_options: LeptosOptions,
}

impl AppState {
    /// Puts everything together as the settings say: the providers' clients, and who is told when a calendar stops
    /// answering.
    pub fn wire(store: Store, config: Arc<Config>, clock: Arc<dyn Clock>, mailer: Arc<dyn Mailer>, site: Site) -> Self {
        let wake = Arc::new(Notify::new());
        let services = Services {
            store,
            keys: config.keys.clone(),
            calendars: Arc::new(Providers::of(&config)),
            clock,
            watch: Arc::new(TellOwner { config: config.clone(), wake: wake.clone() }),
        };
        Self::new(config, services, mailer, site, wake)
    }

    pub fn new(
        config: Arc<Config>,
        services: Services,
        mailer: Arc<dyn Mailer>,
        site: Site,
        wake: Arc<Notify>,
    ) -> Self {
        Self {
            store: services.store.clone(),
            keys: services.keys.clone(),
            clock: services.clock.clone(),
            leptos_options: site.leptos_options(),
            ats: ats::of(&config),
            webhooks: deliver::guard(config.webhooks.clone()),
            searches: Searches::new(config.web.link_views),
            config,
            services,
            mailer,
            wake,
            live: Live::default(),
            site,
        }
    }
}
