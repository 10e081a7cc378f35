//! The contract, and the stages it is played on.

pub mod apple;
pub mod hooks;
pub mod memory;
pub mod radicale;
pub mod sandbox;
pub mod suite;
pub mod vendor;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use convene::calendars::changes::Hook;
use convene::calendars::{AccessToken, Account, Alert, Attendee, Calendar, EventDraft, Placed, Response};
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

    /// The provider forgets how far we had read.
    async fn forget_cursors(&self);

    /// The host puts an entry into their own calendar; a declined one comes by invitation. The answer is what the provider calls
    /// it.
    async fn add_entry(&self, stands: Stands, span: Interval) -> String;
    /// The host takes such an entry off again.
    async fn remove_entry(&self, id: &str);
    /// The host deletes our event by hand.
    async fn delete_by_hand(&self, draft: &EventDraft, placed: &Placed);
    /// The host drags our event to another time.
    async fn move_by_hand(&self, placed: &Placed, to: Interval);
    /// The host makes a whole day of our event: that of [`at`].
    async fn make_all_day_by_hand(&self, placed: &Placed);
    /// The guest answers our invitation.
    async fn answer(&self, draft: &EventDraft, placed: &Placed, answer: Response);

    /// Somewhere new to push to; nothing where the provider never pushes.
    fn hook(&self) -> Option<Hook> {
        None
    }
    /// How many changes were pushed there so far, once there were as many as `least`.
    async fn pushed(&self, hook: &Hook, least: usize) -> usize {
        panic!("nothing is pushed here: {hook:?}, {least}");
    }

    /// How many events that are not cancelled show this draft's title in the host's calendar.
    async fn live_events(&self, draft: &EventDraft) -> usize;
    /// Mails that the provider sent to the guest about this draft's event.
    async fn mails(&self, draft: &EventDraft) -> Mails;
    /// When the host's calendar alerts them to our event, as they see it there.
    async fn alert(&self, placed: &Placed) -> Alert;
    /// Whether an event that had an alert of its own can be given back to the calendar's default.
    fn knows_its_default(&self) -> bool {
        true
    }
}

/// An event of a CalDAV collection with other times.
fn with_times(text: &str, start: &str, end: &str) -> String {
    let line = |line: &str| match line {
        line if line.starts_with("DTSTART") => start.to_owned(),
        line if line.starts_with("DTEND") => end.to_owned(),
        line => line.to_owned(),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\r\n") + "\r\n"
}

/// The alert of an event as it is stored in a CalDAV collection.
fn alert_of_object(text: &str) -> Alert {
    let text = text.replace("\r\n ", "");
    let Some(alarm) = text.split("BEGIN:VALARM").nth(1) else { return Alert::Usual };
    assert_eq!(text.matches("BEGIN:VALARM").count(), 1, "{text}");
    let value = |name: &str| alarm.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    match (value("ACTION:"), value("TRIGGER:")) {
        (Some("NONE"), _) => Alert::Silent,
        (Some("DISPLAY"), Some(trigger)) => Alert::Before(minutes_before(trigger)),
        _ => panic!("{text}"),
    }
}

/// `-PT90M` as it was written, or `-PT1H30M` as a server puts it (RFC 5545 section 3.3.6).
fn minutes_before(trigger: &str) -> u32 {
    let (mut seconds, mut number) = (0, 0);
    for sign in trigger.trim_start_matches('-').chars() {
        let unit = match sign {
            'P' | 'T' => 0,
            'D' => 24 * 60 * 60,
            'H' => 60 * 60,
            'M' => 60,
            'S' => 1,
            digit => {
                number = number * 10 + digit.to_digit(10).unwrap_or_else(|| panic!("{trigger}"));
                continue;
            }
        };
        seconds += number * unit;
        number = 0;
    }
    assert!(seconds == 0 || trigger.starts_with('-'), "{trigger} is after the start");
    seconds / 60
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
        alert: Alert::Usual,
    }
}

pub fn invited(email: &str) -> Attendee {
    Attendee { email: email.to_owned(), name: Some("A guest".to_owned()), optional: false }
}
