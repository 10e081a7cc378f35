//! What the applicant-tracking system was told of the request, and what waits to be told.

use leptos::prelude::*;

use super::Sheet;
use crate::{
    ats::notes::{self, Note},
    error::AppError,
    outbox::Reason,
    requests::Request,
    state::AppState,
    store::words::{NoteKind, NoteStatus},
    web::{
        components::{Button, ButtonSize, Card, CardBody, CardHead},
        wording::ago,
    },
};

/// The application, and its notes, newest first.
#[derive(Clone)]
pub(super) struct Told {
    system: &'static str,
    application: String,
    notes: Vec<Note>,
}

/// `None` without a system, or without an application in it.
pub(super) async fn load(state: &AppState, request: &Request) -> Result<Option<Told>, AppError> {
    let (Some(ats), Some(application)) = (&state.ats, &request.application) else { return Ok(None) };
    let notes = notes::of_request(state.store.reader(), request.org, request.id).await?;
    Ok(Some(Told { system: ats.name(), application: application.to_string(), notes }))
}

#[component]
pub(super) fn AtsCard(sheet: Sheet) -> impl IntoView {
    let Some(Told { system, application, notes }) = sheet.ats else { return ().into_any() };
    let rows = notes.into_iter().map(|note| {
        let what = match note.kind {
            NoteKind::LinkSent => "Link sent",
            NoteKind::Booked => "Booked",
            NoteKind::Moved => "Moved",
            NoteKind::Cancelled => "Cancelled",
        };
        let failed = note.status == NoteStatus::Failed;
        let standing = match (note.status, note.posted_at) {
            (NoteStatus::Written, Some(at)) => format!("Written to {system} {}", ago(at, sheet.now)),
            (NoteStatus::Failed, _) => {
                format!("Not written: {}", note.problem.unwrap_or(Reason::BrokeOff).sentence())
            }
            _ => format!("Waiting for {system}"),
        };
        let again = failed.then(|| {
            view! {
                <form method="post" action=format!("/jobs/{}/retry", note.job)>
                    <Button label="Try again" size=ButtonSize::Small />
                </form>
            }
        });
        view! {
            <li class="row justify-between">
                <div>
                    <p class="h3">{what}</p>
                    <p class="hint">{standing}</p>
                </div>
                {again}
            </li>
        }
    });
    let rows = rows.collect_view();
    view! {
        <Card>
            <CardHead title=system />
            <CardBody>
                <p class="hint">"Application ID"</p>
                <p class="h3">{application}</p>
            </CardBody>
            <ul class="rows">{rows}</ul>
        </Card>
    }
    .into_any()
}
