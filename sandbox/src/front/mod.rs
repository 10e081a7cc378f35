//! The pages for people: weeks, mails, notes, fault switches, requests. All of it works without JavaScript.

/// Fault switches as forms.
mod faults;
/// Provider-sent mails.
mod mail;
/// Notes on applications in iCIMS.
mod notes;
/// What was asked of the sandbox.
mod requests;
/// A calendar's week, and moving and deleting in it.
mod week;

use axum::Router;
use axum::extract::State as Shared;
use axum::response::Response;
use axum::routing::{get, post};
use maud::{Markup, html};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::html::page;
use crate::world::World;

/// What stays itself in a path segment (RFC 3986, unreserved, and `@`).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'@');

/// A path segment.
fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// Routes of the front page.
pub fn router(world: World) -> Router {
    Router::new()
        .route("/", get(front))
        .route("/calendars/{account}", get(week::show))
        .route("/calendars/{account}/move", post(week::move_event))
        .route("/calendars/{account}/delete", post(week::delete_event))
        .route("/mail", get(mail::list))
        .route("/mail/{id}", get(mail::show))
        .route("/mail/{id}/invite.ics", get(mail::ics))
        .route("/notes", get(notes::show))
        .route("/faults", get(faults::show).post(faults::add))
        .route("/faults/clear", post(faults::clear))
        .route("/requests", get(requests::show))
        .route("/reset", post(reset))
        .with_state(world)
}

/// Links to every page, at the top of each.
fn navigation(world: &World) -> Markup {
    html! {
        nav class="top" aria-label="Sandbox" {
            a href="/" { "Calendars" }
            a href="/mail" { "Provider mail" }
            a href="/notes" { "Applicant notes" }
            a href="/faults" { "Faults" }
            a href="/requests" { "Requests" }
            a href=(format!("{}/mailbox", world.app_url())) { "Convene's mailbox" }
            a href=(world.app_url()) { "Convene" }
        }
    }
}

async fn front(Shared(world): Shared<World>) -> Response {
    let state = world.lock();
    let body = html! {
        (navigation(&world))
        h1 { "Sandbox" }
        p class="soft" {
            "Google, Microsoft, Apple and iCIMS, played on this computer. Watch events arrive in these calendars, move or delete them by "
            "hand, read the " a href="/notes" { "applicant notes" } ", and make things go wrong. Nothing here leaves the machine."
        }
        h2 { "Calendars" }
        div class="scroll" {
            table {
                thead { tr { th { "Who" } th { "Provider" } th { "Time zone" } th { "What" } } }
                tbody {
                    @for account in &state.accounts {
                        tr {
                            td { a href=(format!("/calendars/{}", segment(&account.email))) { (account.email) } }
                            td { (account.provider.name()) " (" (format!("{:?}", account.kind).to_lowercase()) ")" }
                            td { (account.zone.name()) }
                            td { (account.name) ", " (account.job_title) }
                        }
                    }
                }
            }
        }
        h2 { "Where it answers" }
        div class="scroll" {
            table {
                tbody {
                    tr { th { "Google" } td { (world.google_url()) } }
                    tr { th { "Microsoft" } td { (world.microsoft_url()) } }
                    tr { th { "Microsoft, https" } td { (world.microsoft_https_url()) " (" a href="/control/certificate" { "certificate" } ")" } }
                    tr { th { "Apple" } td { (world.apple_url()) " (calendars at " (world.apple_partition_url()) ")" } }
                    @for known in &state.app_passwords {
                        tr { th { "App-specific password" } td { (known.account) " / " (known.password) } }
                    }
                    tr { th { "iCIMS" } td { (world.icims_url()) } }
                    tr { th { "iCIMS customer and key" } td { (crate::icims::CUSTOMER) " / " (crate::icims::KEY) } }
                    tr { th { "OAuth client" } td { (crate::oauth::CLIENT_ID) " / " (crate::oauth::CLIENT_SECRET) } }
                    tr { th { "Control API" } td { a href="/control" { "/control" } } }
                }
            }
        }
        h2 { "Start over" }
        form method="post" action="/reset" {
            p class="soft" { "Every event, token, password, fault, mail, note and recorded request goes; the seeded calendars come back." }
            button { "Reset the sandbox" }
        }
    };
    page("Sandbox", false, body)
}

async fn reset(Shared(world): Shared<World>) -> axum::response::Redirect {
    world.reset();
    axum::response::Redirect::to("/")
}
