//! `convene serve`: the web and the worker in one process, until told to stop.

use convene::{
    config::Config,
    shutdown::Shutdown,
    state::AppState,
    web::{serve::serve, server::router},
    worker,
};
use tokio::net::TcpListener;

use super::Failure;

pub async fn run() -> Result<(), Failure> {
    super::log();
    let state = super::start(Config::from_env()?).await?;
    let listener = listen(&state).await?;
    serve_and_work(state, listener, Shutdown::on_signal()?).await;
    Ok(())
}

/// Takes the address before anything else is begun.
pub async fn listen(state: &AppState) -> Result<TcpListener, Failure> {
    let address = state.config.web.listen;
    TcpListener::bind(address).await.map_err(|error| Failure {
        message: format!("LISTEN: {address} cannot be used ({error}); stop what uses it or choose another port"),
        code: 1,
    })
}

/// Serves with the worker beside it. Told to stop, both finish what they began, side by side.
pub async fn serve_and_work(state: AppState, listener: TcpListener, shutdown: Shutdown) {
    tracing::info!("listening on {}, reached at {}", state.config.web.listen, state.config.web.origin());
    let working = tokio::spawn(worker::run(state.clone(), shutdown.receiver()));
    serve(listener, router(state), shutdown).await;
    if let Err(error) = working.await {
        tracing::error!(%error, "the worker ended badly");
    }
    tracing::info!("stopped");
}
