//! `convene serve`: the web and the worker in one process, until told to stop.

use std::net::SocketAddr;

use convene::{
    config::Config,
    metrics,
    shutdown::Shutdown,
    state::AppState,
    web::{scrape, serve::serve, server::router},
    worker,
};
use tokio::{net::TcpListener, task::JoinHandle};

use super::Failure;

pub async fn run() -> Result<(), Failure> {
    super::log();
    let state = super::start(Config::from_env()?).await?;
    let listener = listen(&state).await?;
    let shutdown = Shutdown::on_signal()?;
    let counting = count(&state, &shutdown).await?;
    serve_and_work(state, listener, shutdown).await;
    counting.ended().await;
    Ok(())
}

/// Takes the address before anything else is begun.
pub async fn listen(state: &AppState) -> Result<TcpListener, Failure> {
    bind("LISTEN", state.config.web.listen).await
}

async fn bind(setting: &str, address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| Failure {
        message: format!("{setting}: {address} cannot be used ({error}); stop what uses it or choose another port"),
        code: 1,
    })
}

/// What answers `/metrics` beside everything else, if anything does.
pub struct Counting(Option<JoinHandle<()>>);

impl Counting {
    /// Returns once it has stopped.
    pub async fn ended(self) {
        let Some(task) = self.0 else { return };
        if let Err(error) = task.await {
            tracing::error!(%error, "what answered /metrics ended badly");
        }
    }
}

/// Begins to count and to answer `/metrics`, if the settings say where.
pub async fn count(state: &AppState, shutdown: &Shutdown) -> Result<Counting, Failure> {
    let Some(address) = state.config.metrics.listen else { return Ok(Counting(None)) };
    let listener = bind("METRICS_LISTEN", address).await?;
    // Before anything is answered or done.
    metrics::begin();
    tracing::info!("counting, read at http://{address}/metrics");
    Ok(Counting(Some(tokio::spawn(scrape::answer(listener, state.clone(), shutdown.clone())))))
}

/// Serves with the worker beside it. Told to stop, both finish what they began, side by side.
pub async fn serve_and_work(state: AppState, listener: TcpListener, shutdown: Shutdown) {
    tracing::info!("listening on {}, reached at {}", state.config.web.listen, state.config.web.origin());
    let (live, told) = (state.live.clone(), shutdown.clone());
    // They would keep the process until its patience is over.
    tokio::spawn(async move {
        told.begun().await;
        live.end();
    });
    let working = tokio::spawn(worker::run(state.clone(), shutdown.receiver()));
    serve(listener, router(state), shutdown).await;
    if let Err(error) = working.await {
        tracing::error!(%error, "the worker ended badly");
    }
    tracing::info!("stopped");
}
