//! What people do to an interview in their calendars, and what follows. The verbs are called as `sync` calls them: again and again
//! with the same.

mod answers;
mod conflicts;
mod deletions;
mod moves;
mod pages;

use chrono::{DateTime, TimeDelta, Utc};
use convene::{
    audit::Origin,
    booking::{
        self, Booking,
        difference::{self, Difference},
        outside::decide::{self, DecideError, Decision},
    },
    calendars::Placed,
    events::Placement,
    ids::{EventId, PlacementId},
    requests::draft::Draft,
    scheduling::interval::Interval,
};

use crate::story::{Asked, TestApp};

pub const BEN: &str = "ben@example.com";
pub const EVA: &str = "eva@example.com";
pub const PRIYA: &str = "priya@example.net";

/// An interview at ten on Monday, where it stands.
pub struct There {
    pub asked: Asked,
    pub booking: Booking,
    pub event: EventId,
    pub on: PlacementId,
    pub placed: Placed,
}

/// Ana's interview with Ben, asked for as the story wants it, in her calendar.
pub async fn placed(app: &TestApp, change: impl FnOnce(&mut Draft)) -> There {
    app.ana_connects().await;
    app.connected(&[BEN, EVA]).await;
    in_calendar(app, change).await
}

pub async fn in_calendar(app: &TestApp, change: impl FnOnce(&mut Draft)) -> There {
    let asked = app.asks(change).await;
    // Whoever books has seen the times, for which everybody's calendars were read.
    app.offered(&asked).await;
    let booking = app.book(&asked, app.time(0, "10:00")).await.expect("booked");
    app.work().await;
    let event = app.event_of(booking.id).await;
    let at = app.placement_of(&event).await;
    let placed = Placed {
        provider_id: at.provider_id.clone(),
        etag: Some(at.etag.clone()),
        join_url: None,
        ical_uid: Some(at.ical_uid.clone()),
        span: None,
    };
    There { asked, booking, event: event.id, on: at.id, placed }
}

pub fn span(start: DateTime<Utc>, minutes: i64) -> Interval {
    Interval::new(start, start + TimeDelta::minutes(minutes)).expect("it runs forward")
}

impl There {
    pub async fn booking(&self, app: &TestApp) -> Booking {
        let found = booking::find(app.store().reader(), app.org, self.booking.id).await.expect("read");
        found.expect("a booking")
    }

    pub async fn placement(&self, app: &TestApp) -> Placement {
        app.placement_of(&app.event_of(self.booking.id).await).await
    }

    /// All that was found, oldest first.
    pub async fn found(&self, app: &TestApp) -> Vec<Difference> {
        difference::of_request(app.store().reader(), app.org, self.asked.id).await.expect("read")
    }

    /// The one that is open.
    pub async fn open(&self, app: &TestApp) -> Difference {
        let mut open: Vec<_> = self.found(app).await.into_iter().filter(Difference::is_open).collect();
        assert_eq!(open.len(), 1, "one is open: {open:?}");
        open.remove(0)
    }

    /// What became of the one there was.
    pub async fn outcome(&self, app: &TestApp) -> &'static str {
        let found = self.found(app).await;
        assert_eq!(found.len(), 1, "one was found: {found:?}");
        found[0].settled.map_or("open", |settled| settled.outcome.as_str())
    }

    /// Ana decides about what is open.
    pub async fn ana_decides(&self, app: &TestApp, decision: Decision<'_>) -> Result<(), DecideError> {
        let open = self.open(app).await;
        self.ana_decides_about(app, &open, decision).await
    }

    pub async fn ana_decides_about(
        &self,
        app: &TestApp,
        about: &Difference,
        decision: Decision<'_>,
    ) -> Result<(), DecideError> {
        let which = (self.asked.id, about.id);
        decide::decide(&app.state, &app.ana, which, &about.shown(), decision, &Origin::default()).await
    }
}

/// How many mails of this kind were handed over.
pub async fn mailed(app: &TestApp, kind: &str) -> usize {
    app.mailed().await.iter().filter(|one| one.0 == kind).count()
}
