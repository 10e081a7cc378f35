//! `convene worker`: keeps promises without serving the web, beside any number of others on one PostgreSQL.

use convene::{config::Config, shutdown::Shutdown, worker};

use super::Failure;

pub async fn run() -> Result<(), Failure> {
    super::log();
    let state = super::start(Config::from_env()?).await?;
    let shutdown = Shutdown::on_signal()?;
    tracing::info!("working");
    worker::run(state, shutdown.receiver()).await;
    tracing::info!("stopped");
    Ok(())
}
