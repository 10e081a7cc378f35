//! The sandbox: Google, Microsoft, Apple and iCIMS, played on loopback.
//!
//! A run of seven ports from a base port: the front page and the control API, Google, Microsoft over http, the same
//! Microsoft over https with a self-signed certificate, Apple where discovery begins, Apple where calendars are, and iCIMS. It shares no code with
//! Convene, so that a mistake in one is not repeated in the other; the judges of its fidelity are the vendors' own SDKs
//! (`judge/`).
//!
//! ```text
//! request -> serve (sockets) -> record (registry, faults) -> google | microsoft | apple | icims -> world (the one state)
//! ```
//!
//! What a newcomer would get wrong: Google and Microsoft keep their events in one neutral store ([`world::event`]), Apple
//! keeps iCalendar texts ([`world::objects`]). A provider module only translates; it holds no state of its own.

// A whole Graph event in one `json!` goes past the default of 128.
#![recursion_limit = "256"]

/// Apple: CalDAV as iCloud speaks it.
pub mod apple;
/// The JSON API under `/control` by which tests and scripts steer the sandbox.
pub mod control;
/// Fault switches: what goes wrong next, for whom, and how often.
pub mod faults;
/// The pages for people: weeks, mails, fault switches, requests.
pub mod front;
/// Google: OAuth, OpenID Connect, Calendar v3.
pub mod google;
/// The frame around every page and its stylesheet.
pub mod html;
/// iCIMS: notes on applications.
pub mod icims;
/// Microsoft: identity platform v2.0 and the calendar part of Graph v1.0.
pub mod microsoft;
/// What both providers' sign-in shares: codes, tokens, consent, signed id tokens.
pub mod oauth;
/// Telling those who watch calendars.
pub mod push;
/// The layer that writes every request down and lets faults happen.
pub mod record;
/// Sockets: binding, TLS, and hanging up without an answer.
pub mod serve;
/// The one state: people, calendars, events, mails, clock.
pub mod world;

use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

pub use world::{Provider, Service, World};

/// How many ports a sandbox takes from its base port on.
pub const PORTS: u16 = 7;

/// How to start a sandbox.
#[derive(Debug)]
pub struct Options {
    /// First of [`PORTS`] consecutive ports on 127.0.0.1: front page, Google, Microsoft, Microsoft over https, Apple twice
    /// (discovery, calendars), iCIMS.
    pub base_port: u16,
    /// Where Convene answers; the front page links to it. No trailing slash.
    pub app_url: String,
    /// Told the world once every port accepts connections.
    pub ready: Option<oneshot::Sender<World>>,
}

impl Default for Options {
    fn default() -> Self {
        Self { base_port: 3900, app_url: "http://127.0.0.1:3000".into(), ready: None }
    }
}

/// The last base port whose run still fits.
const LAST_BASE: u16 = u16::MAX - (PORTS - 1);

/// Why a sandbox could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the base port must be between 1 and {last}, so that {PORTS} ports fit; it is {0}", last = LAST_BASE)]
    BasePort(u16),
    #[error("port {port} on 127.0.0.1 cannot be used: {source}")]
    Bind { port: u16, source: std::io::Error },
    #[error("keys could not be made: {0}")]
    Keys(#[from] oauth::keys::KeyError),
}

/// A sandbox whose ports are open. Dropping it closes them.
pub struct Running {
    world: World,
    tasks: JoinSet<()>,
}

impl Running {
    /// The state behind the ports, for a program that embeds the sandbox.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Serves until the returned future is dropped.
    pub async fn wait(mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Binds all ports, seeds the world and starts serving.
pub async fn start(options: Options) -> Result<Running, StartError> {
    if options.base_port == 0 || options.base_port > LAST_BASE {
        return Err(StartError::BasePort(options.base_port));
    }
    let world = World::new(options.base_port, &options.app_url)?;
    let front = front::router(world.clone()).merge(control::router(world.clone()));
    let google = record::watched(google::router(world.clone()), &world, Service::Google);
    let microsoft = record::watched(microsoft::router(world.clone()), &world, Service::Microsoft);
    let apple = record::watched(apple::router(world.clone()), &world, Service::Apple);
    let icims = record::watched(icims::router(world.clone()), &world, Service::Icims);
    let tls = world.keys().tls_acceptor();

    let plans: [(u16, Router, _); 7] = [
        (0, front, None),
        (1, google, None),
        (2, microsoft.clone(), None),
        (3, microsoft, Some(tls)),
        (4, apple.clone(), None),
        (5, apple, None),
        (6, icims, None),
    ];
    let mut servers = Vec::new();
    for (offset, router, tls) in plans {
        let port = options.base_port + offset;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let listener = TcpListener::bind(address).await.map_err(|source| StartError::Bind { port, source })?;
        servers.push(serve::serve(listener, router, tls));
    }
    // Nobody is answered before every port is open.
    let mut tasks = JoinSet::new();
    for server in servers {
        tasks.spawn(server);
    }
    tasks.spawn(push::run(world.clone()));
    if let Some(ready) = options.ready {
        // The embedding program may have stopped listening for it; that is its own affair.
        let _ = ready.send(world.clone());
    }
    Ok(Running { world, tasks })
}

/// Starts and serves until the future is dropped.
pub async fn run(options: Options) -> Result<(), StartError> {
    start(options).await?.wait().await;
    Ok(())
}
