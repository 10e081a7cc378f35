//! `convene worker`: keeps promises without serving the web, beside any number of others on one PostgreSQL.

use convene::{config::Config, shutdown::Shutdown, worker};

use super::{Failure, serve::count};

pub async fn run() -> Result<(), Failure> {
    super::log();
    let state = super::start(Config::from_env()?).await?;
    let shutdown = Shutdown::on_signal()?;
    let counting = count(&state, &shutdown).await?;
    tracing::info!("working");
    worker::run(state, shutdown.receiver()).await;
    counting.ended().await;
    tracing::info!("stopped");
    Ok(())
}
