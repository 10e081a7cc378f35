//! `convene rotate-keys`: seals everything with the first key of `TOKEN_ENCRYPTION_KEY`, while others serve.

use convene::{config::Config, secrets, store::Store};

use super::Failure;

pub async fn run() -> Result<(), Failure> {
    super::log();
    let config = Config::from_env()?;
    let store = Store::open(config.database.url.expose()).await?;
    store.check().await?;
    secrets::check_canaries(&store, &config.keys).await?;
    let rotation = secrets::rotate(&store, &config.keys).await?;
    println!("{rotation}");
    Ok(())
}
