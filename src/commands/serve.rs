//! `convene serve`: the web and the worker in one process, until told to stop.

use convene::{
    config::Config,
    shutdown::Shutdown,
    state::AppState,
    web::{serve::serve, server::router},
    worker,
};
use tokio::{net::TcpListener, sync::watch};

use super::Failure;

pub async fn run() -> Result<(), Failure> {
    super::log();
    let config = Config::from_env()?;
    let state = super::start(config).await?;
    serve_until_stopped(state, Shutdown::on_signal()?).await
}

/// Serves `state` on its address, with the worker beside it.
pub async fn serve_until_stopped(state: AppState, shutdown: Shutdown) -> Result<(), Failure> {
    let address = state.config.web.listen;
    let listener = TcpListener::bind(address).await.map_err(|error| Failure {
        message: format!("LISTEN: {address} cannot be used ({error}); stop what uses it or choose another port"),
        code: 1,
    })?;
    tracing::info!("listening on {address}, reached at {}", state.config.web.origin());
    let (stop, stopped) = watch::channel(false);
    let working = tokio::spawn(worker::run(state.clone(), stopped));
    serve(listener, router(state), shutdown).await;
    // The worker ends what it is doing; a closed channel would stop it as well.
    let _ = stop.send(true);
    let _ = working.await;
    tracing::info!("stopped");
    Ok(())
}
