//! `convene doctor`: every setting, and whether the world answers as they say. One line each, mending included.
//!
//! How others reach us is in [`reach`], what the providers know of us in [`registration`]. Nothing outside is changed by being asked.

mod reach;
mod registration;

use std::{fmt, time::Duration};

use crate::{
    ats::{self, AtsError},
    config::{Config, Reader},
    notifications::email::{Mailer, SmtpMailer, smtp::Patience},
    secrets::{self, Secret},
    store::Store,
    web::site::Site,
};

/// How long each thing outside may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// One line of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub about: String,
    pub outcome: Outcome,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// What is so.
    Fine(String),
    /// Nothing stops for it; what follows from it, or what has to be looked at by hand.
    Mind(String),
    /// What is wrong and how to mend it.
    Wrong(String),
}

impl Finding {
    pub fn is_wrong(&self) -> bool {
        matches!(self.outcome, Outcome::Wrong(_))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mark, sentence) = match &self.outcome {
            Outcome::Fine(sentence) => ("ok  ", sentence),
            Outcome::Mind(sentence) => ("note", sentence),
            Outcome::Wrong(sentence) => ("FAIL", sentence),
        };
        write!(f, "{mark} {}: {sentence}", self.about)
    }
}

impl From<Result<String, String>> for Outcome {
    fn from(result: Result<String, String>) -> Self {
        match result {
            Ok(sentence) => Self::Fine(sentence),
            Err(sentence) => Self::Wrong(sentence),
        }
    }
}

fn finding(about: impl Into<String>, outcome: impl Into<Outcome>) -> Finding {
    Finding { about: about.into(), outcome: outcome.into() }
}

/// Looks at everything. What depends on a wrong setting is left out, so that each fault has one line.
pub async fn examine(reader: &mut Reader<'_>, site: &Site) -> Vec<Finding> {
    let config = Config::read(reader);
    let mut findings: Vec<_> =
        reader.sights().iter().map(|sight| finding(sight.setting, sight.outcome.clone())).collect();
    findings.push(finding("site", examine_site(site)));
    if let Some(config) = config {
        findings.extend(examine_database(&config).await);
        if let Some(smtp) = &config.mail.smtp {
            findings.push(finding("SMTP_URL server", examine_smtp(smtp, &config).await));
        }
        findings.extend(reach::examine(&config).await);
        findings.extend(registration::examine(&config).await);
        findings.extend(examine_ats(&config).await);
    }
    findings
}

fn examine_site(site: &Site) -> Result<String, String> {
    let root = site.root().display();
    if site.is_built() {
        Ok(format!("built, in {root}"))
    } else {
        Err(format!(
            "stylesheet, script or WASM is missing in {root}; run cargo leptos build --release --split -P, or point LEPTOS_SITE_ROOT at the built site"
        ))
    }
}

async fn examine_database(config: &Config) -> Vec<Finding> {
    let about = "database";
    let store = match Store::open(config.database.url.expose()).await {
        Ok(store) => store,
        Err(error) => {
            let mend = "check DATABASE_URL, and that the database runs and lets this user in";
            return vec![finding(about, Err(format!("{error}; {mend}")))];
        }
    };
    let mut findings = Vec::new();
    match store.facts().await {
        Ok(facts) => {
            findings.extend(facts.into_iter().map(|fact| finding(format!("database {}", fact.name), fact.judged())));
        }
        Err(error) => findings.push(finding(about, Err(error.to_string()))),
    }
    let pending = match store.pending_migrations().await {
        Ok(pending) => pending,
        Err(error) => {
            findings.push(finding("database schema", Err(error.to_string())));
            return findings;
        }
    };
    if pending.is_empty() {
        findings.push(finding("database schema", Ok("up to date".to_owned())));
        let keys = secrets::check_canaries(&store, &config.keys).await;
        let fits = "opens what this database holds".to_owned();
        findings.push(finding("TOKEN_ENCRYPTION_KEY", keys.map(|()| fits).map_err(|error| error.to_string())));
    } else {
        let steps = pending.join(", ");
        findings.push(finding(
            "database schema",
            Ok(format!("{steps} will be applied at the next start or by convene migrate")),
        ));
    }
    findings
}

/// Connects, signs in and says NOOP (RFC 5321 section 4.1.1.9).
async fn examine_smtp(smtp: &Secret, config: &Config) -> Result<String, String> {
    let mailer = SmtpMailer::from_url(smtp.expose(), config.mail.from.clone()).map_err(|error| error.to_string())?;
    match mailer.with_patience(Patience { dialogue: PATIENCE * 2, delivery: PATIENCE }).check().await {
        Ok(()) => Ok("answers and lets us in".to_owned()),
        Err(error) => Err(format!("{error} ({}); check host, port, user and password in SMTP_URL", error.detail())),
    }
}

/// Asks for an application that hardly exists: the key decides whether we are told so.
async fn examine_ats(config: &Config) -> Option<Finding> {
    let ats = ats::of(config)?;
    let nobody = "0".parse().expect("a digit is an application's ID");
    let outcome = match tokio::time::timeout(PATIENCE, ats.exists(&nobody)).await {
        Ok(Ok(_)) => Ok("answers and accepts the key".to_owned()),
        Ok(Err(AtsError::KeyRefused)) => Err("does not accept the key; check ICIMS_API_KEY".to_owned()),
        Ok(Err(error)) => Err(format!("{error}; check ICIMS_BASE_URL")),
        Err(_) => Err("does not answer; check the network, a firewall, or ICIMS_BASE_URL".to_owned()),
    };
    Some(finding(ats.name(), outcome))
}
