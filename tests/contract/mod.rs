//! The contract, and the stages it is played on.

pub mod apple;
pub mod memory;
pub mod radicale;
pub mod sandbox;
pub mod suite;
pub mod vendor;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use convene::calendars::{AccessToken, Account, Attendee, Calendar, EventDraft, Placed, Response};
use convene::scheduling::interval::Interval;

/// How an entry that a person made stands in their calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stands {
    Busy,
    Tentative,
    Transparent,
    Declined,
}

/// Someone's calendar with its surroundings: what a person does there, what goes wrong, who got mail.
#[async_trait]
pub trait Stage: Sync {
    fn calendar(&self) -> &dyn Calendar;
    /// The account whose calendar is written.
    fn account(&self) -> &Account;
    fn token(&self) -> &AccessToken;
    /// An account at the same provider, to be invited.
    fn guest(&self) -> &str;
    fn offers_video(&self) -> bool;
    /// Whether the provider mails whoever is invited.
    fn invites(&self) -> bool {
        true
    }
    /// The mails that so many invitations and updates, and so many cancellations, make here.
    fn told(&self, requests: usize, cancellations: usize) -> Mails {
        if self.invites() { Mails { requests, cancellations } } else { Mails::default() }
    }

    /// The next write takes effect, and its answer never arrives.
    async fn lose_the_next_answer(&self);
    /// The next write is refused with an outage before it takes effect.
    async fn refuse_the_next_write(&self);
    /// The next call is refused as one too many, with this wait.
    async fn limit_the_next_call(&self, seconds: u64);
    /// The sign-in stops working.
    async fn kill_the_sign_in(&self);

    /// The host puts an entry into their own calendar; a declined one comes by invitation.
    async fn add_entry(&self, stands: Stands, span: Interval);
    /// The host deletes our event by hand.
    async fn delete_by_hand(&self, draft: &EventDraft, placed: &Placed);
    /// The guest answers our invitation.
    async fn answer(&self, draft: &EventDraft, placed: &Placed, answer: Response);

    /// How many events that are not cancelled show this draft's title in the host's calendar.
    async fn live_events(&self, draft: &EventDraft) -> usize;
    /// Mails that the provider sent to the guest about this draft's event.
    async fn mails(&self, draft: &EventDraft) -> Mails;
}

/// Mails to one guest about one event, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mails {
    /// Invitations and updates.
    pub requests: usize,
    pub cancellations: usize,
}

pub fn at(hour: u32, minute: u32) -> DateTime<Utc> {
    // Years after whatever the sandbox fills calendars with.
    Utc.with_ymd_and_hms(2031, 3, 5, hour, minute, 0).single().expect("an instant")
}

pub fn span(start: DateTime<Utc>, minutes: i64) -> Interval {
    Interval::new(start, start + TimeDelta::minutes(minutes)).expect("a span has a length")
}

/// An interview to place, with the stage's guest invited.
pub fn draft(stage: &dyn Stage, marker: &str) -> EventDraft {
    EventDraft {
        uid: format!("{marker}@convene.example"),
        marker: marker.to_owned(),
        generation: 0,
        sequence: 0,
        summary: format!("Interview {marker}: back-end engineer & <team>"),
        description: "Please bring a laptop.\nQuestions? Reply to this mail.".to_owned(),
        location: Some("Room 4".to_owned()),
        span: span(at(14, 0), 45),
        zone: chrono_tz::Europe::Berlin,
        attendees: vec![invited(stage.guest())],
        video: false,
        notify: true,
    }
}

pub fn invited(email: &str) -> Attendee {
    Attendee { email: email.to_owned(), name: Some("A guest".to_owned()), optional: false }
}
