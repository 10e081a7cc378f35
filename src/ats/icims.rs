//! iCIMS: notes of an application ("applicant workflow"). Its JSON does not leave this file.

use async_trait::async_trait;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::{Ats, AtsError};
use crate::{
    config,
    http::{Ask, Http, HttpError, Reply, address},
    ids::ApplicationId,
    secrets::Secret,
};

/// The largest page it gives.
const PAGE: usize = 100;

/// One customer's iCIMS.
#[derive(Clone)]
pub struct Icims {
    http: Http,
    /// Ends with a slash.
    base: Url,
    key: Secret,
}

#[derive(Deserialize)]
struct Page {
    notes: Vec<Note>,
    total: usize,
}

#[derive(Deserialize)]
struct Note {
    id: serde_json::Value,
    #[serde(default)]
    note: String,
}

#[derive(Deserialize)]
struct Created {
    id: serde_json::Value,
}

impl Icims {
    pub fn new(http: Http, settings: &config::Icims) -> Self {
        Self { http, base: settings.base_url.clone(), key: settings.api_key.clone() }
    }

    async fn ask(&self, ask: Ask) -> Result<Reply, AtsError> {
        let writes = ask.writes;
        let silent = |may_have_happened, detail| AtsError::Silent { may_have_happened, retry_after: None, detail };
        let reply = self.http.call(self.key.expose(), ask).await.map_err(|error| match error {
            HttpError::NotSent(detail) => silent(false, detail),
            HttpError::AnswerLost(detail) => silent(writes, detail),
        })?;
        let status = reply.status.as_u16();
        match status {
            200..=299 => Ok(reply),
            401 | 403 => Err(AtsError::KeyRefused),
            404 => Err(AtsError::NoApplication),
            429 => Err(AtsError::RateLimited { retry_after: reply.retry_after() }),
            500..=599 => Err(AtsError::Silent {
                may_have_happened: writes,
                retry_after: reply.retry_after(),
                detail: format!("it answered {status}"),
            }),
            _ => Err(AtsError::Rejected(format!("it answered {status}"))),
        }
    }

    fn notes(&self, application: &ApplicationId, query: &[(&str, &str)]) -> Url {
        address(&self.base, &["applicantworkflows", application.as_str(), "notes"], query)
    }
}

#[async_trait]
impl Ats for Icims {
    fn name(&self) -> &'static str {
        "iCIMS"
    }

    async fn exists(&self, application: &ApplicationId) -> Result<bool, AtsError> {
        let url = address(&self.base, &["applicantworkflows", application.as_str()], &[]);
        match self.ask(Ask::new("look up an application", Method::GET, url)).await {
            Ok(_) => Ok(true),
            Err(AtsError::NoApplication) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn find_note(&self, application: &ApplicationId, marker: &str) -> Result<Option<String>, AtsError> {
        let mut offset = 0;
        loop {
            let (from, limit) = (offset.to_string(), PAGE.to_string());
            let url = self.notes(application, &[("offset", &from), ("limit", &limit)]);
            let reply = self.ask(Ask::new("read notes", Method::GET, url)).await?;
            // A page that cannot be read is as bad as none: what is on it stays unknown.
            let page: Page = reply.json().ok_or_else(|| AtsError::Silent {
                may_have_happened: false,
                retry_after: None,
                detail: "a page of notes is not as documented".to_owned(),
            })?;
            if let Some(found) = page.notes.iter().find(|one| one.note.contains(marker)) {
                return Ok(Some(text(&found.id)));
            }
            offset += page.notes.len();
            if page.notes.is_empty() || offset >= page.total {
                return Ok(None);
            }
        }
    }

    async fn add_note(&self, application: &ApplicationId, text: &str, key: &str) -> Result<String, AtsError> {
        let ask = Ask::new("add a note", Method::POST, self.notes(application, &[]));
        let reply = self.ask(ask.header("Idempotency-Key", key).json(json!({ "note": text }))).await?;
        // It was taken, whatever the answer says besides.
        Ok(reply.json().map(|created: Created| self::text(&created.id)).unwrap_or_default())
    }
}

/// An id, which may be a number or a text.
fn text(id: &serde_json::Value) -> String {
    id.as_str().map_or_else(|| id.to_string(), str::to_owned)
}
