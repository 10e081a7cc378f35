//! Provider-sent mails.

use axum::extract::{Path, State as Shared};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::html;

use super::navigation;
use crate::html::{page, problem};
use crate::world::{Mail, World};

/// `GET /mail`: newest first.
pub async fn list(Shared(world): Shared<World>) -> Response {
    let state = world.lock();
    let body = html! {
        (navigation(&world))
        h1 { "Provider mail" }
        p class="soft" { "What Google, Microsoft and Apple would have sent. Convene's own mails are in its mailbox." }
        @if state.mails.is_empty() {
            p { "No mail yet. It appears when an event with guests is written and the provider is told to notify them. Apple sends it unasked." }
        } @else {
            div class="scroll" {
                table {
                    thead { tr { th { "When (UTC)" } th { "From" } th { "To" } th { "Method" } th { "Subject" } } }
                    tbody {
                        @for mail in state.mails.iter().rev() {
                            tr {
                                td { (mail.at.format("%Y-%m-%d %H:%M:%S")) }
                                td { (mail.from) }
                                td { (mail.to) }
                                td { (mail.method) }
                                td { a href=(format!("/mail/{}", mail.id)) { (mail.subject) } }
                            }
                        }
                    }
                }
            }
        }
    };
    page("Provider mail", false, body)
}

fn find(world: &World, id: u64) -> Option<Mail> {
    world.lock().mails.iter().find(|mail| mail.id == id).cloned()
}

fn gone() -> Response {
    problem(StatusCode::NOT_FOUND, "No such mail", "It may have gone with a reset of the sandbox.")
}

/// `GET /mail/{id}`.
pub async fn show(Shared(world): Shared<World>, Path(id): Path<u64>) -> Response {
    let Some(mail) = find(&world, id) else { return gone() };
    let body = html! {
        (navigation(&world))
        h1 { (mail.subject) }
        p class="soft" { (mail.from) " to " (mail.to) " by " (mail.provider.name()) ", " (mail.at.to_rfc3339()) }
        pre { (mail.text) }
        h2 { "iCalendar: " (mail.method) ", sequence " (mail.sequence) }
        p { a href=(format!("/mail/{id}/invite.ics")) { "invite.ics" } }
        pre { (mail.ics) }
    };
    page(&mail.subject, false, body)
}

/// `GET /mail/{id}/invite.ics`.
pub async fn ics(Shared(world): Shared<World>, Path(id): Path<u64>) -> Response {
    let Some(mail) = find(&world, id) else { return gone() };
    let kind = format!("text/calendar; charset=utf-8; method={}", mail.method);
    ([(header::CONTENT_TYPE, kind)], mail.ics).into_response()
}
