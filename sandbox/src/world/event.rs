//! The neutral event.
//!
//! One row per calendar copy: an organizer's event and each guest's copy share the [`Event::ical_uid`]. What both
//! providers know has a field here; what only one knows stays in [`Event::extra`] in that provider's own words.
//! There are no recurrence rules: a series is seeded as single events that share [`Event::series`].

use std::collections::BTreeMap;

use chrono::{DateTime, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// When an event is; half-open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Span {
    /// Instants, with the zones they were given in.
    Timed { start: DateTime<Utc>, end: DateTime<Utc>, start_zone: Tz, end_zone: Tz },
    /// Whole days of whichever zone the calendar has; `end` is the first day after.
    AllDay { start: NaiveDate, end: NaiveDate },
}

impl Span {
    /// A timed span in one zone.
    pub fn timed(start: DateTime<Utc>, end: DateTime<Utc>, zone: Tz) -> Self {
        Self::Timed { start, end, start_zone: zone, end_zone: zone }
    }

    /// The instants covered, whole days being those of `zone`.
    pub fn interval(&self, zone: Tz) -> (DateTime<Utc>, DateTime<Utc>) {
        match self {
            Self::Timed { start, end, .. } => (*start, *end),
            Self::AllDay { start, end } => {
                (instant(start.and_time(NaiveTime::MIN), zone), instant(end.and_time(NaiveTime::MIN), zone))
            }
        }
    }

    /// Whether it is in whole days.
    pub fn is_all_day(&self) -> bool {
        matches!(self, Self::AllDay { .. })
    }
}

/// The instant of a wall clock time. One that happens twice is the earlier; one that is skipped moves later by the
/// length of the gap (RFC 5545, section 3.3.5).
pub fn instant(local: NaiveDateTime, zone: Tz) -> DateTime<Utc> {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => at.with_timezone(&Utc),
        LocalResult::None => {
            // No zone skips a whole day, so the offset of the day before is the one from before the gap.
            let before = zone.from_utc_datetime(&(local - TimeDelta::days(1)));
            let offset = chrono::Offset::fix(before.offset());
            DateTime::from_naive_utc_and_offset(local - offset, Utc)
        }
    }
}

/// Where an event stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventStatus {
    Confirmed,
    Tentative,
    /// Cancelled by the organizer, or deleted: a tombstone whose id stays taken.
    Cancelled,
}

/// How the time counts for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ShowAs {
    Free,
    Tentative,
    Busy,
    /// Out of office.
    Away,
    /// Working elsewhere: not in the way of a meeting, yet not quite free.
    Elsewhere,
}

/// A guest's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Response {
    NeedsAction,
    Accepted,
    Declined,
    Tentative,
}

/// A guest's part in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Required,
    Optional,
    Resource,
}

/// A guest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attendee {
    pub email: String,
    pub name: Option<String>,
    pub response: Response,
    pub role: Role,
    /// What only its provider understands.
    #[serde(skip)]
    pub extra: Map<String, Value>,
}

impl Attendee {
    /// A required guest who has not answered.
    pub fn required(email: &str) -> Self {
        Self {
            email: email.to_owned(),
            name: None,
            response: Response::NeedsAction,
            role: Role::Required,
            extra: Map::new(),
        }
    }

    /// Whether this is that address, whatever its case.
    pub fn is(&self, email: &str) -> bool {
        self.email.eq_ignore_ascii_case(email)
    }
}

/// Whose event it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Organizer {
    pub email: String,
    pub name: Option<String>,
}

/// One copy of an event in one calendar.
#[derive(Clone, Debug)]
pub struct Event {
    /// Unique in its calendar, taken for ever.
    pub id: String,
    pub calendar: String,
    /// iCalendar UID, the same in every copy.
    pub ical_uid: String,
    pub summary: String,
    pub description: String,
    pub location: String,
    pub span: Span,
    pub status: EventStatus,
    pub show_as: ShowAs,
    pub organizer: Organizer,
    pub attendees: Vec<Attendee>,
    /// Seen in this copy only.
    pub private_properties: BTreeMap<String, String>,
    /// Seen in every copy.
    pub shared_properties: BTreeMap<String, String>,
    /// iCalendar SEQUENCE.
    pub sequence: u32,
    /// Raised by every write; etags are made from it.
    pub version: u64,
    pub created: DateTime<Utc>,
    pub updated: DateTime<Utc>,
    /// The series this was seeded as part of.
    pub series: Option<String>,
    /// What only this copy's provider understands, in the provider's own words.
    pub extra: Map<String, Value>,
}

impl Event {
    /// A confirmed, busy event without guests, made `now`. Version and `updated` are set by [`super::State::put`].
    pub fn new(calendar: &str, id: &str, ical_uid: &str, organizer: &str, span: Span, now: DateTime<Utc>) -> Self {
        Self {
            id: id.to_owned(),
            calendar: calendar.to_owned(),
            ical_uid: ical_uid.to_owned(),
            summary: String::new(),
            description: String::new(),
            location: String::new(),
            span,
            status: EventStatus::Confirmed,
            show_as: ShowAs::Busy,
            organizer: Organizer { email: organizer.to_owned(), name: None },
            attendees: Vec::new(),
            private_properties: BTreeMap::new(),
            shared_properties: BTreeMap::new(),
            sequence: 0,
            version: 0,
            created: now,
            updated: now,
            series: None,
            extra: Map::new(),
        }
    }

    /// Whether this copy belongs to its organizer.
    pub fn is_organized_by(&self, email: &str) -> bool {
        self.organizer.email.eq_ignore_ascii_case(email)
    }

    /// What this person answered, if invited.
    pub fn response_of(&self, email: &str) -> Option<Response> {
        self.attendees.iter().find(|attendee| attendee.is(email)).map(|attendee| attendee.response)
    }

    /// Whether it keeps its calendar's owner busy: not cancelled, not shown as free, not declined.
    pub fn occupies(&self, owner: &str) -> bool {
        self.status != EventStatus::Cancelled
            && !matches!(self.show_as, ShowAs::Free | ShowAs::Elsewhere)
            && self.response_of(owner) != Some(Response::Declined)
    }

    /// Whether it overlaps the half-open window, whole days being those of `zone`.
    pub fn overlaps(&self, from: DateTime<Utc>, until: DateTime<Utc>, zone: Tz) -> bool {
        let (start, end) = self.span.interval(zone);
        start < until && end > from
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(text: &str) -> NaiveDateTime {
        text.parse().expect("a local time")
    }

    #[test]
    fn a_gap_moves_later() {
        // 2026-03-29 02:30 does not exist in Berlin; an hour later it is 03:30 summer time.
        let at = instant(local("2026-03-29T02:30:00"), chrono_tz::Europe::Berlin);
        assert_eq!(at.to_rfc3339(), "2026-03-29T01:30:00+00:00");
        // Lord Howe's gap is half an hour: 02:15 becomes 02:45 at +11.
        let at = instant(local("2026-10-04T02:15:00"), chrono_tz::Australia::Lord_Howe);
        assert_eq!(at.to_rfc3339(), "2026-10-03T15:45:00+00:00");
    }

    #[test]
    fn a_repeated_time_is_the_earlier() {
        let at = instant(local("2026-10-25T02:30:00"), chrono_tz::Europe::Berlin);
        assert_eq!(at.to_rfc3339(), "2026-10-25T00:30:00+00:00");
    }

    #[test]
    fn an_all_day_event_covers_the_days_of_its_zone() {
        let day = NaiveDate::from_ymd_opt(2026, 12, 1).expect("a date");
        let span = Span::AllDay { start: day, end: day.succ_opt().expect("a next day") };
        let (start, end) = span.interval(chrono_tz::Asia::Kolkata);
        assert_eq!(start.to_rfc3339(), "2026-11-30T18:30:00+00:00");
        assert_eq!(end.to_rfc3339(), "2026-12-01T18:30:00+00:00");
    }
}
