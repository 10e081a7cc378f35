//! A guest's answers: `accept`, `tentativelyAccept`, `decline`.

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response as HttpResponse};
use serde_json::Value;

use super::ask::{Ask, Permission};
use super::errors::GraphError;
use super::mailbox::{self, Found};
use super::schema::{RESPOND, action_body};
use crate::world::{Response, ShowAs};

/// POST /me/events/{id}/accept
pub async fn accept(ask: Ask, Path(id): Path<String>, body: Bytes) -> Result<HttpResponse, GraphError> {
    answer(&ask, &id, &body, Response::Accepted)
}

/// POST /me/events/{id}/tentativelyAccept
pub async fn tentatively_accept(ask: Ask, Path(id): Path<String>, body: Bytes) -> Result<HttpResponse, GraphError> {
    answer(&ask, &id, &body, Response::Tentative)
}

/// POST /me/events/{id}/decline
pub async fn decline(ask: Ask, Path(id): Path<String>, body: Bytes) -> Result<HttpResponse, GraphError> {
    answer(&ask, &id, &body, Response::Declined)
}

fn answer(ask: &Ask, id: &str, body: &[u8], response: Response) -> Result<HttpResponse, GraphError> {
    ask.allow(Permission::CalendarsReadWrite)?;
    let body = action_body(body)?;
    RESPOND.check(&body)?;
    let mail = body.get("sendResponse").and_then(Value::as_bool).unwrap_or(true);
    let mut state = ask.world.lock();
    let all = match mailbox::find(&state, &ask.account, id)? {
        Found::One(event) => vec![*event],
        Found::Series(_, occurrences) => occurrences,
    };
    let guest = ask.account.email.as_str();
    if all.iter().any(|event| event.is_organized_by(guest)) {
        return Err(GraphError::cannot("You can't respond to this meeting because you're the meeting organizer."));
    }
    if all.iter().any(|event| event.response_of(guest).is_none()) {
        return Err(GraphError::cannot("You can't respond to this meeting because you weren't invited."));
    }
    for mut event in all {
        let uid = event.ical_uid.clone();
        event.show_as = match (response, event.show_as) {
            (Response::Accepted, ShowAs::Tentative) => ShowAs::Busy,
            (Response::Tentative, ShowAs::Busy) => ShowAs::Tentative,
            (_, show_as) => show_as,
        };
        state.put(event);
        state.reply(&uid, guest, response, mail);
    }
    Ok(StatusCode::ACCEPTED.into_response())
}
