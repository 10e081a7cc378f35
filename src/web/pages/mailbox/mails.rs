//! The mails of a demo in one list: Convene's own from its outbox, the providers' from the sandbox.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::{EntityTrait, QueryOrder, QuerySelect};
use serde::Deserialize;
use url::Url;

use crate::{
    calendars::Provider,
    ids::MessageId,
    notifications::{self, Body},
    outbox::Reason,
    state::AppState,
    store::{StoreError, entities::messages, words::MessageStatus},
    web::components::Status,
};

/// The newest mails of Convene that are looked at; a demo does not write more in an evening.
const MOST: u64 = 500;
/// The sandbox is in the same process.
const PATIENCE: Duration = Duration::from_secs(5);

/// Who sent a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    Convene,
    Provider(Provider),
}

/// One mail, whoever sent it.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Names it in the mailbox's addresses.
    pub id: String,
    pub sender: Sender,
    pub from: String,
    pub to: String,
    pub subject: String,
    /// What it is for: Convene's kind of message, or a provider's iTIP method.
    pub kind: String,
    pub status: Status,
    /// Why it is not sent. May be empty.
    pub problem: String,
    pub at: DateTime<Utc>,
    pub text: String,
    /// May be empty.
    pub html: String,
    /// The iTIP method of [`Mail::ics`]. May be empty.
    pub method: String,
    /// May be empty.
    pub ics: String,
}

/// What could be read.
pub struct Mails {
    /// Newest first.
    pub list: Vec<Mail>,
    /// Why the providers' mails are missing.
    pub sandbox_problem: Option<String>,
}

/// All mails, newest first. A sandbox that does not answer leaves Convene's own.
pub async fn all(state: &AppState) -> Result<Mails, StoreError> {
    let rows = messages::Entity::find()
        .order_by_desc(messages::Column::CreatedAt)
        .order_by_desc(messages::Column::Id)
        .limit(MOST)
        .all(state.store.reader())
        .await?;
    let mut list: Vec<Mail> = rows.into_iter().map(|row| ours(state, row)).collect();
    let sandbox_problem = match theirs(state).await {
        Ok(more) => {
            list.extend(more);
            None
        }
        Err(problem) => Some(problem),
    };
    // Stable: mails of one instant keep the order they were written in.
    list.sort_by_key(|mail| std::cmp::Reverse(mail.at));
    Ok(Mails { list, sandbox_problem })
}

/// The mail of this id.
pub async fn find(state: &AppState, id: &str) -> Result<Option<Mail>, StoreError> {
    if let Ok(id) = id.parse::<MessageId>() {
        let row = messages::Entity::find_by_id(id).one(state.store.reader()).await?;
        return Ok(row.map(|row| ours(state, row)));
    }
    let theirs = theirs(state).await.unwrap_or_default();
    Ok(theirs.into_iter().find(|mail| mail.id == id))
}

fn ours(state: &AppState, row: messages::Model) -> Mail {
    // A key that was left out leaves mails without words.
    let Body { text, html } = notifications::body(&state.keys, &row)
        .unwrap_or_else(|error| Body { text: error.to_string(), html: String::new() });
    Mail {
        id: row.id.to_string(),
        sender: Sender::Convene,
        from: state.config.mail.from.address.to_string(),
        to: row.to_email,
        subject: row.subject,
        kind: row.kind.replace('_', " "),
        status: match row.status {
            MessageStatus::Queued => Status::Waiting,
            MessageStatus::Sent => Status::Sent,
            MessageStatus::Failed => Status::Failed,
        },
        problem: Reason::stored(&row.last_error).map_or_else(String::new, |reason| reason.sentence().to_owned()),
        at: row.sent_at.unwrap_or(row.created_at).at(),
        text,
        html,
        method: row.ics_method,
        ics: row.ics,
    }
}

/// A mail as the sandbox's control API tells it.
#[derive(Deserialize)]
struct Played {
    id: u64,
    at: DateTime<Utc>,
    provider: Provider,
    from: String,
    to: String,
    subject: String,
    method: String,
    text: String,
    ics: String,
}

#[derive(Deserialize)]
struct Outbox {
    mails: Vec<Played>,
}

async fn theirs(state: &AppState) -> Result<Vec<Mail>, String> {
    let Some(address) = control(state) else { return Err("no sandbox is set up".to_owned()) };
    let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().map_err(|error| error.to_string())?;
    let answer = http.get(address).send().await.and_then(reqwest::Response::error_for_status);
    let outbox: Outbox = match answer {
        Ok(answer) => answer.json().await.map_err(|error| error.to_string())?,
        Err(error) => return Err(error.to_string()),
    };
    Ok(outbox.mails.into_iter().map(Mail::from).collect())
}

/// The sandbox answers about itself on the port before Google's.
fn control(state: &AppState) -> Option<Url> {
    let mut address = state.config.providers.google.as_ref()?.base_url.clone()?;
    let port = address.port()?.checked_sub(1)?;
    address.set_port(Some(port)).ok()?;
    address.set_path("/control/mail");
    Some(address)
}

impl From<Played> for Mail {
    fn from(mail: Played) -> Self {
        Self {
            id: format!("{}-{}", mail.provider, mail.id),
            sender: Sender::Provider(mail.provider),
            from: mail.from,
            to: mail.to,
            subject: mail.subject,
            kind: mail.method.to_lowercase(),
            status: Status::Sent,
            problem: String::new(),
            at: mail.at,
            text: mail.text,
            html: String::new(),
            method: mail.method,
            ics: mail.ics,
        }
    }
}
