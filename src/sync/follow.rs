//! Looks at one event where it stands, and says what was done to it there. A deletion or a move is believed only after such a
//! look: what a provider says in passing is a hint.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    news::{Look, News, news},
    run,
};
use crate::{
    events::{self, Event, Placement},
    ids::{EventId, OrgId, PlacementId},
    outbox::{JobError, Reason},
    state::AppState,
    store::words::{Alert, EventStatus},
};

/// How long after a write of ours a calendar may still show what stood there before: what it shows meanwhile is looked at again.
const SETTLES: TimeDelta = TimeDelta::seconds(20);
/// The same for an event that it does not find.
const APPEARS: TimeDelta = TimeDelta::minutes(2);

/// What a look at one calendar found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub placement: PlacementId,
    pub news: News,
}

/// Looks at the event wherever it stands, and tells what is new: again and again, until whoever decides acknowledged it
/// ([`theirs::acknowledge`](crate::events::theirs::acknowledge)).
pub async fn look(state: &AppState, org: OrgId, id: EventId) -> Result<Vec<Finding>, JobError> {
    let db = state.store.reader();
    let Some(event) = events::find(db, org, id).await? else { return Ok(Vec::new()) };
    let mut findings = Vec::new();
    for placement in events::placements_of(db, org, id).await? {
        if event.status != EventStatus::Confirmed || !placement.stands() {
            continue;
        }
        let asked_at = state.clock.now();
        let look = see(state, &event, &placement).await?;
        let told = news(&event, &placement, &look);
        if let Some(wait) = told.iter().filter_map(|one| settling(one, &placement, asked_at)).max() {
            return Err(JobError::Later { after: wait });
        }
        findings.extend(told.into_iter().map(|news| Finding { placement: placement.id, news }));
    }
    Ok(findings)
}

/// The event as its calendar shows it now.
async fn see(state: &AppState, event: &Event, placement: &Placement) -> Result<Look, JobError> {
    let (draft, last) = (run::draft(event, placement, Alert::Usual), run::last(placement));
    let (draft, last) = (&draft, last.as_ref());
    let found = run::with_calendar(state, event, placement, |calendar: Arc<_>, token| async move {
        calendar.find(&token, &placement.calendar, draft, last).await
    });
    match found.await {
        Ok(found) => Ok(Look::of(found.as_ref())),
        // The calendar itself is gone, and everything on it: that is not somebody's word about this event.
        Err(JobError::GiveUp { reason: Reason::Gone }) => {
            Err(JobError::Retry { after: None, reason: Reason::Unavailable })
        }
        Err(error) => Err(error),
    }
}

/// How long to wait before this is believed, as we wrote to the calendar a moment ago.
fn settling(news: &News, placement: &Placement, now: DateTime<Utc>) -> Option<Duration> {
    let takes = match news {
        News::Moved(_) | News::Collided(_) => SETTLES,
        News::Gone => APPEARS,
        News::Answered(_) | News::Agreed => return None,
    };
    let since = now - placement.last_synced_at?;
    (takes - since).to_std().ok().filter(|wait| !wait.is_zero())
}
