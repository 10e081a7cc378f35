//! Notes on applications in iCIMS.

use axum::extract::State as Shared;
use axum::response::Response;
use maud::html;

use super::navigation;
use crate::html::page;
use crate::world::World;

/// `GET /notes`: by application, oldest note first.
pub async fn show(Shared(world): Shared<World>) -> Response {
    let state = world.lock();
    let body = html! {
        (navigation(&world))
        h1 { "Applicant notes" }
        p class="soft" { "What stands on each application in iCIMS, oldest first. Reload the page to see what has arrived since." }
        @for application in state.applications.values() {
            section {
                h2 { (application.candidate) }
                p class="soft" { "Application " (application.id) " · " (application.status) }
                @if application.notes.is_empty() {
                    p { "No notes." }
                } @else {
                    div class="scroll" {
                        table {
                            thead { tr { th { "When (UTC)" } th { "Note" } } }
                            tbody {
                                @for note in &application.notes {
                                    tr {
                                        td { (note.created.format("%Y-%m-%d %H:%M:%S")) }
                                        td { pre { (note.note) } }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    };
    page("Applicant notes", false, body)
}
