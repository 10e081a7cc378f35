//! Settings: read once at start from the environment and `.env`, judged one by one, trusted after.
//!
//! One struct per concern. Nothing here talks to the outside; `doctor` does that with the settings found good here.
//! Every wrong setting becomes one [`Problem`]: which setting, what is wrong with it, how to mend it. All of them are
//! collected before the start gives up, so that nobody mends a file one line per attempt. `.env.example` documents each.

mod ats;
mod caldav;
mod mail;
mod metrics;
mod network;
mod providers;
mod reader;
mod web;

use std::{fmt, sync::Arc};

pub use ats::{AtsMode, Icims};
pub use caldav::Caldav;
pub use mail::Mail;
pub use metrics::Metrics;
pub use network::Network;
pub use providers::{Google, Microsoft, Providers};
pub use reader::{Problem, Reader, Sight};
pub use web::Web;

use crate::{
    http::guard::Rules,
    secrets::{KeyRing, Secret},
};

/// Everything that can be set.
#[derive(Clone)]
pub struct Config {
    pub database: Database,
    pub web: Web,
    pub metrics: Metrics,
    pub providers: Providers,
    /// What stored tokens are sealed with.
    pub keys: Arc<KeyRing>,
    pub mail: Mail,
    pub sign_up: SignUp,
    pub ats: AtsMode,
    /// Which addresses may be told by webhook beyond public ones.
    pub webhooks: Rules,
    /// The demo: the mailbox and the style guide have pages, the world outside is the sandbox. Not a setting.
    pub demo: bool,
}

/// Where everything is kept.
#[derive(Clone)]
pub struct Database {
    /// `sqlite://…` or `postgres://…`. May hold a password.
    pub url: Secret,
}

/// Who may make an organisation of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignUp {
    /// Whoever signs in gets one.
    Open,
    /// Only people who were invited get in.
    Invite,
    /// Nobody, except with the one-time secret printed at first start.
    Closed,
}

/// The settings that are wrong, one line each.
#[derive(Debug)]
pub struct Wrong(pub Vec<Problem>);

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Wrong {}

impl Config {
    /// Reads the process environment and `.env`.
    ///
    /// # Errors
    /// Every setting that is wrong.
    pub fn from_env() -> Result<Self, Wrong> {
        let mut reader = Reader::from_env()?;
        Self::read(&mut reader).ok_or_else(|| Wrong(reader.into_problems()))
    }

    /// Reads settings from somewhere else, such as a demo's own list.
    ///
    /// # Errors
    /// Every setting that is wrong.
    pub fn from_settings(look_up: impl Fn(&str) -> Option<String>) -> Result<Self, Wrong> {
        let mut reader = Reader::new(look_up);
        Self::read(&mut reader).ok_or_else(|| Wrong(reader.into_problems()))
    }

    /// Reads every setting from `reader`, which remembers what it saw; `None` if any of it was wrong.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let database = Database::read(reader);
        let web = Web::read(reader);
        let metrics = Metrics::read(reader, web.as_ref());
        let providers = Providers::read(reader);
        let keys = read_keys(reader);
        let mail = Mail::read(reader);
        let sign_up = reader.choice(
            "SIGNUP",
            "open",
            &[("open", SignUp::Open), ("invite", SignUp::Invite), ("closed", SignUp::Closed)],
        );
        let ats = AtsMode::read(reader);
        let told = reader.parsed("WEBHOOK_ALLOWED_HOSTS", "", |text| caldav::listed(text, "hooks.lan:8080"));
        if reader.has_problems() {
            return None;
        }
        Some(Self {
            database: database?,
            web: web?,
            metrics: metrics?,
            providers: providers?,
            keys: keys?,
            mail: mail?,
            sign_up: sign_up?,
            ats: ats?,
            webhooks: Rules { listed: told?, allow_private: false },
            demo: false,
        })
    }
}

impl Database {
    /// Only this setting, for verbs that need no other.
    ///
    /// # Errors
    /// The setting, if it is wrong.
    pub fn from_env() -> Result<Self, Wrong> {
        let mut reader = Reader::from_env()?;
        Self::read(&mut reader).ok_or_else(|| Wrong(reader.into_problems()))
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let known = ["sqlite:", "postgres://", "postgresql://"];
        reader.secret_or("DATABASE_URL", "sqlite://convene.db?mode=rwc", |url| {
            if !known.iter().any(|scheme| url.starts_with(scheme)) {
                return Err("is not a database this program knows; use sqlite://convene.db?mode=rwc or \
                            postgres://user:password@host/name"
                    .to_owned());
            }
            Ok(Self { url: Secret::new(url.to_owned()) })
        })
    }
}

/// `TOKEN_ENCRYPTION_KEY`. The ring's own sentences name the setting; a line does that once.
fn read_keys(reader: &mut Reader<'_>) -> Option<Arc<KeyRing>> {
    let setting = "TOKEN_ENCRYPTION_KEY";
    match KeyRing::parse(&reader.value(setting).unwrap_or_default()) {
        Ok(ring) => {
            let ids: Vec<_> = ring.ids().collect();
            reader.fine(setting, format!("set (key {})", ids.join(", ")));
            Some(Arc::new(ring))
        }
        Err(error) => {
            let sentence = error.to_string();
            reader.wrong(setting, sentence.strip_prefix("TOKEN_ENCRYPTION_KEY ").unwrap_or(&sentence));
            None
        }
    }
}

/// A missing `.env` is fine; an unreadable one is a problem to report, not to guess around.
fn load_dot_env() -> Result<(), Wrong> {
    match dotenvy::dotenv() {
        Ok(_) => Ok(()),
        Err(error) if error.not_found() => Ok(()),
        // The parser's message repeats the line, which may hold a secret.
        Err(dotenvy::Error::LineParse(_, column)) => Err(Wrong(vec![Problem {
            setting: ".env",
            sentence: format!("has a line that is not NAME=value (at column {column}); mend or remove it"),
        }])),
        Err(_) => Err(Wrong(vec![Problem {
            setting: ".env",
            sentence: "exists but cannot be read; check its permissions".to_owned(),
        }])),
    }
}
