//! `convene migrate`: brings the database up to date, and needs no other setting than where it is.

use convene::{config::Database, store::Store};

use super::Failure;

pub async fn run() -> Result<(), Failure> {
    super::log();
    let database = Database::from_env()?;
    let store = Store::open(database.url.expose()).await?;
    store.check().await?;
    let pending = store.pending_migrations().await?;
    store.migrate().await?;
    match pending.len() {
        0 => println!("The database was up to date."),
        _ => println!("Applied: {}", pending.join(", ")),
    }
    Ok(())
}
