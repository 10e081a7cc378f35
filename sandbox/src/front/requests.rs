//! What was asked of the sandbox.

use axum::extract::State as Shared;
use axum::response::Response;
use maud::html;

use super::navigation;
use crate::html::page;
use crate::world::World;

/// How many the page shows; the control API has all.
const SHOWN: usize = 100;

/// `GET /requests`: newest first.
pub async fn show(Shared(world): Shared<World>) -> Response {
    let state = world.lock();
    let body = html! {
        (navigation(&world))
        h1 { "Requests" }
        p class="soft" {
            "The last " (SHOWN) " of " (state.requests.len()) ", newest first, without tokens and secrets. "
            a href="/control/requests" { "All as JSON" }
        }
        div class="scroll" {
            table {
                thead { tr { th { "When (UTC)" } th { "Provider" } th { "Request" } th { "Answer" } th { "Who" } } }
                tbody {
                    @for request in state.requests.iter().rev().take(SHOWN) {
                        tr {
                            td { (request.at.format("%H:%M:%S%.3f")) }
                            td { (request.provider.name()) }
                            td {
                                details {
                                    summary { (request.method) " " (request.path) }
                                    @if !request.query.is_empty() {
                                        pre { @for (name, value) in &request.query { (name) "=" (value) "\n" } }
                                    }
                                    @if !request.body.is_null() { pre { (format!("{:#}", request.body)) } }
                                    @if !request.answer.is_null() { pre { (format!("{:#}", request.answer)) } }
                                }
                            }
                            td {
                                @match request.status {
                                    Some(status) if status >= 400 => span class="bad" { (status) },
                                    Some(status) => (status),
                                    None => span class="bad" { "hung up" },
                                }
                                @for fault in &request.faults { " " span class="soft" { "(" (fault) ")" } }
                            }
                            td { (request.account.as_deref().unwrap_or("")) }
                        }
                    }
                }
            }
        }
    };
    page("Requests", false, body)
}
