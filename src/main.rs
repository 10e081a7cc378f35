//! Start-up, read top to bottom: settings, database, state, worker, router, serve.

mod commands;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use commands::Failure;

/// A page is some thousand small strings. Built without huge pages (`no_thp`): they would make 32 MB at rest 44.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Self-hosted interview scheduling that keeps every calendar in step.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Subcommand)]
enum Verb {
    /// Bring the database up to date, serve the web and keep what was promised (the default)
    Serve,
    /// Only keep what was promised: mail, calendars, reminders
    Worker,
    /// Only bring the database up to date
    Migrate,
    /// Answer a scheduling query: reads JSON from a file (or `-`), prints JSON
    Slots { query: PathBuf },
    /// Serve together with a played outside world; no credentials needed
    #[cfg(feature = "demo")]
    Demo(commands::demo::Options),
    /// Seal every secret with the first key of TOKEN_ENCRYPTION_KEY, while others serve
    RotateKeys,
    /// Look after the audit log
    Audit {
        #[command(subcommand)]
        what: commands::audit::What,
    },
    /// Check every setting and whatever it points to, one line each
    Doctor,
}

fn main() -> ExitCode {
    let verb = Cli::parse().verb.unwrap_or(Verb::Serve);
    match run(verb) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { message, code }) => {
            eprintln!("{message}");
            ExitCode::from(code)
        }
    }
}

fn run(verb: Verb) -> Result<(), Failure> {
    match verb {
        Verb::Serve => wait_for(commands::serve::run()),
        Verb::Worker => wait_for(commands::worker::run()),
        Verb::Migrate => wait_for(commands::migrate::run()),
        Verb::Slots { query } => commands::slots::run(&query),
        #[cfg(feature = "demo")]
        Verb::Demo(options) => wait_for(commands::demo::run(options)),
        Verb::RotateKeys => wait_for(commands::rotate_keys::run()),
        Verb::Audit { what } => wait_for(commands::audit::run(what)),
        Verb::Doctor => wait_for(commands::doctor::run()),
    }
}

fn wait_for(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}
