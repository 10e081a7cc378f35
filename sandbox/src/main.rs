//! The stand-alone sandbox: reads its options, serves until interrupted.

use clap::Parser;
use convene_sandbox::{Options, start};

/// Google, Microsoft, Apple and iCIMS, played on loopback.
#[derive(Parser)]
#[command(name = "convene-sandbox", version)]
struct Arguments {
    /// First of seven ports on 127.0.0.1: front page, Google, Microsoft, Microsoft over https, Apple twice, iCIMS.
    #[arg(long, default_value_t = 3900, env = "CONVENE_SANDBOX_BASE_PORT")]
    base_port: u16,
    /// Where Convene answers, for links from the front page.
    #[arg(long, default_value = "http://127.0.0.1:3000")]
    app_url: String,
}

#[tokio::main]
async fn main() -> std::process::ExitCode {
    let arguments = Arguments::parse();
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();

    let app_url = arguments.app_url.trim_end_matches('/').to_owned();
    let running = match start(Options { base_port: arguments.base_port, app_url, ready: None }).await {
        Ok(running) => running,
        Err(error) => {
            eprintln!("convene-sandbox: {error}");
            return std::process::ExitCode::FAILURE;
        }
    };
    let world = running.world();
    println!(
        "convene-sandbox ready: front page {}, Google {}, Microsoft {} and {}, Apple {} and {}, iCIMS {}",
        world.front_url(),
        world.google_url(),
        world.microsoft_url(),
        world.microsoft_https_url(),
        world.apple_url(),
        world.apple_partition_url(),
        world.icims_url()
    );
    tokio::select! {
        () = running.wait() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    std::process::ExitCode::SUCCESS
}
