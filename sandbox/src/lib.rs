//! The sandbox: Google and Microsoft, played on loopback.
//!
//! Four ports from a base port: the front page and the control API, Google, Microsoft over http, and the same Microsoft
//! over https with a self-signed certificate. It shares no code with Convene, so that a mistake in one is not
//! repeated in the other; the judges of its fidelity are the vendors' own SDKs (`judge/`).
//!
//! ```text
//! request -> serve (sockets) -> record (registry, faults) -> google | microsoft -> world (the one state)
//! ```
//!
//! What a newcomer would get wrong: both providers keep their events in one neutral store ([`world::event`]).
//! A provider module only translates; it holds no state of its own.

// A whole Graph event in one `json!` goes past the default of 128.
#![recursion_limit = "256"]

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
/// Microsoft: identity platform v2.0 and the calendar part of Graph v1.0.
pub mod microsoft;
/// What both providers' sign-in shares: codes, tokens, consent, signed id tokens.
pub mod oauth;
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

pub use world::{Provider, World};

/// How to start a sandbox.
#[derive(Debug)]
pub struct Options {
    /// First of four consecutive ports on 127.0.0.1: front page, Google, Microsoft, Microsoft over https.
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

/// Why a sandbox could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the base port must be between 1 and 65532, so that four ports fit; it is {0}")]
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
    if options.base_port == 0 || options.base_port > u16::MAX - 3 {
        return Err(StartError::BasePort(options.base_port));
    }
    let mut listeners = Vec::new();
    for offset in 0..4 {
        let port = options.base_port + offset;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let listener = TcpListener::bind(address).await.map_err(|source| StartError::Bind { port, source })?;
        listeners.push(listener);
    }
    let world = World::new(options.base_port, &options.app_url)?;
    let front = front::router(world.clone()).merge(control::router(world.clone()));
    let google = record::watched(google::router(world.clone()), &world, Provider::Google);
    let microsoft = record::watched(microsoft::router(world.clone()), &world, Provider::Microsoft);
    let tls = world.keys().tls_acceptor();

    let mut tasks = JoinSet::new();
    let plans: [(Router, _); 4] = [(front, None), (google, None), (microsoft.clone(), None), (microsoft, Some(tls))];
    for (listener, (router, tls)) in listeners.into_iter().zip(plans) {
        tasks.spawn(serve::serve(listener, router, tls));
    }
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
