//! Start-up, read top to bottom: settings, database, state, worker, router, serve.

mod commands;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use commands::Failure;

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
    /// Only bring the database up to date
    Migrate,
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
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match verb {
        Verb::Serve => runtime.block_on(commands::serve::run()),
        Verb::Migrate => runtime.block_on(commands::migrate::run()),
        Verb::Doctor => runtime.block_on(commands::doctor::run()),
    }
}
