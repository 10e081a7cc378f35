//! What a mail carries, as files of their own: its HTML for the frame on its page, its calendar object to download.

use axum::{
    Extension,
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};

use super::mails::{self, Mail};
use crate::{
    error::AppError,
    state::AppState,
    web::{headers::OwnPolicy, routes::Routes},
};

/// Mails style themselves inline and run nothing. They are shown inside our own pages only; links open beside them.
const MAIL_POLICY: OwnPolicy = OwnPolicy(
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; frame-ancestors 'self'; \
     sandbox allow-popups allow-popups-to-escape-sandbox",
);

pub fn routes() -> Routes {
    Routes::default().get("/mailbox/{id}/html", html).get("/mailbox/{id}/invite.ics", ics)
}

async fn mail(state: &AppState, id: &str) -> Result<Mail, AppError> {
    if !state.config.demo {
        return Err(AppError::not_found());
    }
    mails::find(state, id).await?.ok_or_else(AppError::not_found)
}

async fn html(State(state): State<AppState>, Path(id): Path<String>) -> Result<Response, AppError> {
    let mail = mail(&state, &id).await?;
    if mail.html.is_empty() {
        return Err(AppError::not_found());
    }
    // A mail program opens links in a browser; the frame must not try to hold them.
    let page = mail.html.replacen("<head>", r#"<head><base target="_blank">"#, 1);
    let html = (header::CONTENT_TYPE, "text/html; charset=utf-8");
    Ok((Extension(MAIL_POLICY), [html], page).into_response())
}

async fn ics(State(state): State<AppState>, Path(id): Path<String>) -> Result<Response, AppError> {
    let mail = mail(&state, &id).await?;
    if mail.ics.is_empty() {
        return Err(AppError::not_found());
    }
    let kind = match mail.method.as_str() {
        "CANCEL" => "text/calendar; charset=utf-8; method=CANCEL",
        "REPLY" => "text/calendar; charset=utf-8; method=REPLY",
        _ => "text/calendar; charset=utf-8; method=REQUEST",
    };
    let headers = [(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, "attachment; filename=\"invite.ics\"")];
    Ok((headers, mail.ics).into_response())
}
