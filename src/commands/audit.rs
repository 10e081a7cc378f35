//! `convene audit verify`: a line per organisation; the exit code is 1 if any chain is broken.

use clap::Subcommand;
use convene::{
    audit::verify::{Verdict, organisations, verify},
    config::Database,
    ids::OrgId,
    store::Store,
};

use super::Failure;

#[derive(Subcommand)]
pub enum What {
    /// Check that no entry was changed, left out, put in or cut off
    Verify {
        /// Only this one: `org_…`
        #[arg(long)]
        organisation: Option<OrgId>,
    },
}

pub async fn run(What::Verify { organisation }: What) -> Result<(), Failure> {
    let database = Database::from_env()?;
    let store = Store::open(database.url.expose()).await?;
    if !store.pending_migrations().await?.is_empty() {
        let message = "The database is not up to date. Run `convene migrate` first.".to_owned();
        return Err(Failure { message, code: 1 });
    }
    let mut all = organisations(store.reader()).await?;
    if let Some(wanted) = organisation {
        all.retain(|(org, _)| *org == wanted);
        if all.is_empty() {
            return Err(Failure { message: format!("There is no organisation {wanted}."), code: 1 });
        }
    }
    let mut broken = 0;
    for (org, name) in all {
        match verify(store.reader(), org).await? {
            Verdict::Unbroken { entries, hash } => {
                println!("{org} {name}: {}, unbroken; the last hash is {hash}", counted(entries));
            }
            Verdict::Broken { seq, fault } => {
                broken += 1;
                println!("{org} {name}: BROKEN at entry {seq}, which is {}", fault.as_str());
            }
        }
    }
    match broken {
        0 => Ok(()),
        1 => Err(Failure { message: "1 audit log is broken.".to_owned(), code: 1 }),
        more => Err(Failure { message: format!("{more} audit logs are broken."), code: 1 }),
    }
}

fn counted(entries: i64) -> String {
    if entries == 1 { "1 entry".to_owned() } else { format!("{entries} entries") }
}
