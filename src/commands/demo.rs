//! `convene demo`: Convene and a played outside world in one process, in a folder of its own, with nothing to set up.

use std::{
    fs::OpenOptions,
    io::Write,
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use clap::Args;
use convene::{config::Config, shutdown::Shutdown, state::AppState};

use super::{
    Failure,
    serve::{count, listen, serve_and_work},
};

#[derive(Args)]
pub struct Options {
    /// Where Convene answers
    #[arg(long, default_value_t = 3000)]
    port: u16,
    /// First of the sandbox's seven ports: front page, Google, Microsoft, Microsoft over TLS, Apple twice, iCIMS
    #[arg(long, default_value_t = 3900)]
    sandbox_port: u16,
    /// Keep everything in this folder and go on from there next time; without it, every start is fresh
    #[arg(long)]
    folder: Option<PathBuf>,
}

pub async fn run(options: Options) -> Result<(), Failure> {
    super::log();
    let folder = Folder::open(options.folder.clone())?;
    let sandbox = convene_sandbox::start(convene_sandbox::Options {
        base_port: options.sandbox_port,
        app_url: format!("http://127.0.0.1:{}", options.port),
        ..Default::default()
    });
    let sandbox = sandbox.await?;
    let state = super::start(config(&options, folder.path())?).await?;
    let listener = listen(&state).await?;
    let control = format!("http://127.0.0.1:{}", options.sandbox_port).parse()?;
    convene::demo::seed(&state, &control).await?;
    tell(&options, folder.path(), &state);
    let shutdown = Shutdown::on_signal()?;
    let counting = count(&state, &shutdown).await?;
    tokio::select! {
        () = async { serve_and_work(state, listener, shutdown).await; counting.ended().await } => {}
        () = sandbox.wait() => tracing::error!("the sandbox stopped"),
    }
    Ok(())
}

/// The settings of a demo. Of the environment, only three things enter: the applicant-tracking system, off unless `ATS_MODE` says
/// otherwise and then the sandbox's, the proxy in front, and where what is counted is read.
fn config(options: &Options, folder: &Path) -> Result<Config, Failure> {
    let sandbox = |offset: u16| format!("http://127.0.0.1:{}", options.sandbox_port.saturating_add(offset));
    let database = folder.join("convene.db");
    let settings = [
        ("DATABASE_URL", format!("sqlite://{}?mode=rwc", database.display())),
        ("BASE_URL", format!("http://127.0.0.1:{}", options.port)),
        ("LISTEN", SocketAddr::from((Ipv4Addr::LOCALHOST, options.port)).to_string()),
        ("GOOGLE_CLIENT_ID", "convene-demo".to_owned()),
        ("GOOGLE_CLIENT_SECRET", "convene-demo-secret".to_owned()),
        ("GOOGLE_BASE_URL", sandbox(1)),
        ("MICROSOFT_CLIENT_ID", "convene-demo".to_owned()),
        ("MICROSOFT_CLIENT_SECRET", "convene-demo-secret".to_owned()),
        ("MICROSOFT_BASE_URL", sandbox(2)),
        ("APPLE_BASE_URL", sandbox(4)),
        ("TOKEN_ENCRYPTION_KEY", key(folder)?),
        ("SMTP_URL", "smtp://127.0.0.1".to_owned()),
        ("MAIL_FROM", "Convene <convene@example.com>".to_owned()),
    ];
    let open = [
        ("TRUSTED_PROXIES", String::new()),
        ("METRICS_LISTEN", String::new()),
        ("ATS_MODE", "disabled".to_owned()),
        ("ICIMS_BASE_URL", format!("{}/customers/1234", sandbox(6))),
        ("ICIMS_API_KEY", "sandbox-icims-key".to_owned()),
    ];
    let of = |list: &[(&str, String)], name: &str| {
        list.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
    };
    let look_up = |name: &str| of(&settings, name).or_else(|| of(&open, name).map(|own| chosen(name).unwrap_or(own)));
    let mut config = Config::from_settings(look_up)?;
    config.demo = true;
    // Nothing leaves the machine: mail stays in the database, and the mailbox page shows it.
    config.mail.smtp = None;
    Ok(config)
}

/// What the environment says; nothing is as good as not set.
fn chosen(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

/// The folder's key, drawn at its first start and readable by its owner only.
fn key(folder: &Path) -> Result<String, Failure> {
    let file = folder.join("key");
    if !file.exists() {
        let mut bytes = [0u8; 32];
        getrandom::fill(&mut bytes)?;
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file)?;
        file.write_all(hex.as_bytes())?;
    }
    Ok(std::fs::read_to_string(&file)?)
}

/// Where a demo lives; a temporary one goes when the demo ends.
enum Folder {
    Given(PathBuf),
    Temporary(PathBuf),
}

impl Folder {
    fn open(given: Option<PathBuf>) -> Result<Self, Failure> {
        let folder = match given {
            Some(path) => Self::Given(path),
            None => Self::Temporary(std::env::temp_dir().join(format!("convene-demo-{}", std::process::id()))),
        };
        std::fs::create_dir_all(folder.path()).map_err(|error| Failure {
            message: format!("the folder {} cannot be made: {error}", folder.path().display()),
            code: 1,
        })?;
        Ok(folder)
    }

    fn path(&self) -> &Path {
        match self {
            Self::Given(path) | Self::Temporary(path) => path,
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Self::Temporary(path) = self {
            // Left behind, it would only take up room.
            drop(std::fs::remove_dir_all(path));
        }
    }
}

fn tell(options: &Options, folder: &Path, state: &AppState) {
    let base = state.config.web.origin();
    let sandbox = format!("http://127.0.0.1:{}", options.sandbox_port);
    println!(
        "
Convene is at {base}

  1. Open {base}/signin and continue with Google as ana.alvarez@example.com, a coordinator.
     (Or with Microsoft as chloe.dubois@example.org, a coordinator of the same organisation.)
  2. Choose \"New request\"; ben.okafor@example.com and raj.patel@example.org are connected already.
  3. Open the booking link as the candidate, and pick a time.
  4. Watch the event arrive in the calendars: {sandbox}
     and the invitations in the mailbox:      {base}/mailbox

Everything is kept in {}. Stop with Ctrl-C.
",
        folder.display()
    );
}
