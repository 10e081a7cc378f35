//! The QUERY document as it is written, field by field, and its way into a [`Query`].

use super::super::busy::Busy;
use super::super::hours::{DayOverride, WeeklyWindow};
use super::super::interval::Interval;
use super::super::person::Person;
use super::super::seats::Seat;
use super::super::slots::Query;
use super::super::strict::Object;
use super::super::zones;
use super::{MAX_PEOPLE, MAX_WINDOW_DAYS, QueryError};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor, value::SeqAccessDeserializer};
use std::collections::HashSet;
use std::fmt;

/// Reads the shape and the single values.
pub(super) fn read(text: &str) -> Result<QueryDocument, QueryError> {
    // The plain reader is twice as fast; the one that keeps track of the path goes again over what it refused.
    if let Ok(Object(document)) = serde_json::from_str(text) {
        return Ok(document);
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let error = match serde_path_to_error::deserialize::<_, Object<QueryDocument>>(&mut reader) {
        Err(error) => error,
        Ok(Object(document)) => return reader.end().map(|()| document).map_err(|error| not_json(&error)),
    };
    let path = error.path().to_string();
    let inner = error.into_inner();
    if !inner.is_data() {
        return Err(not_json(&inner));
    }
    Err(at_path(&path, &inner))
}

fn not_json(error: &serde_json::Error) -> QueryError {
    QueryError::new("", format!("this is not JSON: {error}"))
}

/// serde's sentence without the place in the text, which the path says better; a missing field joins the path.
fn at_path(path: &str, error: &serde_json::Error) -> QueryError {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let reason = text.strip_suffix(&place).unwrap_or(&text);
    let path = if path == "." { "" } else { path };
    if let Some(field) = reason.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        let path = if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") };
        return QueryError::new(path, "is missing");
    }
    QueryError::new(path, reason)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct QueryDocument {
    window: Object<Span>,
    now: Instant,
    #[serde(default)]
    min_notice_minutes: Minutes<0, 527_040>,
    duration_minutes: Option<Minutes<1, 1440>>,
    step_minutes: Minutes<1, 1440>,
    #[serde(default)]
    align_zone: Zone,
    #[serde(default)]
    buffer_before_minutes: Minutes<0, 1440>,
    #[serde(default)]
    buffer_after_minutes: Minutes<0, 1440>,
    people: Vec<Object<PersonDocument>>,
    seats: Option<Vec<Object<SeatDocument>>>,
    #[serde(default)]
    optional: Vec<String>,
    #[serde(default)]
    fallback: Vec<Object<Span>>,
    #[serde(rename = "loop")]
    stages: Option<Object<LoopDocument>>,
    #[serde(default)]
    list_available: bool,
    #[serde(default)]
    explain: bool,
    limit: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonDocument {
    id: String,
    zone: Zone,
    #[serde(default)]
    weekly: Vec<WeeklyWindow>,
    #[serde(default)]
    overrides: Vec<DayOverride>,
    #[serde(default)]
    manual: Vec<Object<Span>>,
    busy: BusyDocument,
    buffer_before_minutes: Option<Minutes<0, 1440>>,
    buffer_after_minutes: Option<Minutes<0, 1440>>,
    max_per_day: Option<u32>,
    max_per_week: Option<u32>,
    #[serde(default)]
    load: Vec<Instant>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeatDocument {
    all: Option<Vec<String>>,
    any: Option<u32>,
    of: Option<Vec<String>>,
}

/// Read for its shape only; this version refuses to answer it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "a loop is checked for its shape and then refused")]
struct LoopDocument {
    order: Order,
    gap_minutes: [Minutes<0, 527_040>; 2],
    distinct_people: bool,
    same_day_in: Option<Zone>,
    stages: Vec<Object<StageDocument>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Order {
    Fixed,
    Any,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "a loop is checked for its shape and then refused")]
struct StageDocument {
    name: String,
    duration_minutes: Minutes<1, 1440>,
    /// A break has none.
    #[serde(default)]
    seats: Vec<Object<SeatDocument>>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Span {
    start: Instant,
    end: Instant,
}

impl Span {
    /// The interval, nothing for a span of no length, an error at `path` for a backward one.
    fn interval(self, path: impl FnOnce() -> String) -> Result<Option<Interval>, QueryError> {
        if self.end.0 < self.start.0 {
            return Err(QueryError::new(path(), "the end is before the start"));
        }
        Ok(Interval::new(self.start.0, self.end.0))
    }
}

fn intervals(spans: &[Object<Span>], path: impl Fn() -> String) -> Result<Vec<Interval>, QueryError> {
    let mut intervals = Vec::with_capacity(spans.len());
    for (at, Object(span)) in spans.iter().enumerate() {
        intervals.extend(span.interval(|| format!("{}[{at}]", path()))?);
    }
    Ok(intervals)
}

/// Text for an error message: enough to recognise, never all of it.
fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}

/// An RFC 3339 instant with any offset.
#[derive(Clone, Copy)]
struct Instant(DateTime<Utc>);

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Instant;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an instant such as \"2027-03-07T09:00:00Z\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Instant, E> {
                let sentence = "is not an instant (RFC 3339 with an offset, such as 2027-03-07T09:00:00Z)";
                parse_instant(text).map(Instant).ok_or_else(|| E::custom(format!("{:?} {sentence}", shown(text))))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// A QUERY may hold hundreds of thousands of instants and nearly all are written as we write them, so that form has a
/// short way; every other goes through chrono.
fn parse_instant(text: &str) -> Option<DateTime<Utc>> {
    if let [date @ .., b'T', h1, h2, b':', m1, m2, b':', s1, s2, b'Z'] = text.as_bytes()
        && let [y1, y2, y3, y4, b'-', o1, o2, b'-', d1, d2] = date
    {
        let pair = |a: &u8, b: &u8| {
            (a.is_ascii_digit() && b.is_ascii_digit()).then(|| u32::from(a - b'0') * 10 + u32::from(b - b'0'))
        };
        let (second, year) = (pair(s1, s2)?, pair(y1, y2)? * 100 + pair(y3, y4)?);
        // A leap second is left to chrono.
        if second < 60 {
            let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, pair(o1, o2)?, pair(d1, d2)?)?;
            return Some(date.and_hms_opt(pair(h1, h2)?, pair(m1, m2)?, second)?.and_utc());
        }
    }
    // RFC 3339 wants the T; chrono would also take a space.
    text.as_bytes().get(10).filter(|byte| byte.eq_ignore_ascii_case(&b'T'))?;
    DateTime::parse_from_rfc3339(text).ok().map(|instant| instant.to_utc())
}

/// A whole number of minutes from `MIN` to `MAX`.
#[derive(Clone, Copy, Default)]
struct Minutes<const MIN: u32, const MAX: u32>(u32);

impl<'de, const MIN: u32, const MAX: u32> Deserialize<'de> for Minutes<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number<const MIN: u32, const MAX: u32>;

        impl<const MIN: u32, const MAX: u32> Number<MIN, MAX> {
            fn refuse<E: de::Error>(shown: impl fmt::Display) -> E {
                E::custom(format!("{shown} is not a whole number of minutes from {MIN} to {MAX}"))
            }
        }

        impl<const MIN: u32, const MAX: u32> Visitor<'_> for Number<MIN, MAX> {
            type Value = Minutes<MIN, MAX>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a whole number of minutes from {MIN} to {MAX}")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
                let minutes = u32::try_from(number).ok().filter(|minutes| (MIN..=MAX).contains(minutes));
                minutes.map(Minutes).ok_or_else(|| Self::refuse(number))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
                Err(Self::refuse(number))
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Self::Value, E> {
                Err(Self::refuse(number))
            }
        }
        deserializer.deserialize_u64(Number)
    }
}

/// An IANA zone, under its canonical name.
#[derive(Clone, Copy)]
struct Zone(Tz);

impl Default for Zone {
    fn default() -> Self {
        Self(Tz::UTC)
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        zones::parse(&text).map(Self).map_err(de::Error::custom)
    }
}

/// A list of spans, or the word `"unknown"`.
enum BusyDocument {
    Known(Vec<Object<Span>>),
    Unknown,
}

impl<'de> Deserialize<'de> for BusyDocument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListOrWord;
        impl<'de> Visitor<'de> for ListOrWord {
            type Value = BusyDocument;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of spans or \"unknown\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<BusyDocument, E> {
                match text {
                    "unknown" => Ok(BusyDocument::Unknown),
                    _ => Err(E::custom(format!("{:?} is neither a list of spans nor \"unknown\"", shown(text)))),
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<BusyDocument, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(BusyDocument::Known)
            }
        }
        deserializer.deserialize_any(ListOrWord)
    }
}

impl QueryDocument {
    pub(super) fn has_loop(&self) -> bool {
        self.stages.is_some()
    }

    /// Checks what holds between the values.
    pub(super) fn into_query(self) -> Result<Query, QueryError> {
        let missing = |path: &str| QueryError::new(path, "is missing");
        let duration = self.duration_minutes.ok_or_else(|| missing("duration_minutes"))?.0;
        let seats = self.seats.ok_or_else(|| missing("seats"))?;

        let no_time = || QueryError::new("window", "the end must be after the start");
        let window = self.window.0.interval(|| "window".to_owned())?.ok_or_else(no_time)?;
        if window.minutes() > MAX_WINDOW_DAYS * 1440 {
            return Err(QueryError::new("window", format!("is longer than {MAX_WINDOW_DAYS} days")));
        }

        if self.people.len() > MAX_PEOPLE {
            let reason = format!("{} people are too many (at most {MAX_PEOPLE})", self.people.len());
            return Err(QueryError::new("people", reason));
        }
        let mut ids = HashSet::new();
        let mut people = Vec::with_capacity(self.people.len());
        for (at, Object(person)) in self.people.into_iter().enumerate() {
            let path = format!("people[{at}]");
            if person.id.is_empty() {
                return Err(QueryError::new(format!("{path}.id"), "is empty"));
            }
            if !ids.insert(person.id.clone()) {
                let reason = format!("{:?} is the id of an earlier person", shown(&person.id));
                return Err(QueryError::new(format!("{path}.id"), reason));
            }
            people.push(person.into_person(&path)?);
        }

        if seats.is_empty() {
            return Err(QueryError::new("seats", "at least one seat is needed"));
        }
        let seats = seats.into_iter().enumerate().map(|(at, seat)| seat.0.into_seat(&format!("seats[{at}]"), &ids));
        let seats = seats.collect::<Result<_, _>>()?;
        check_ids(&self.optional, "optional", &ids)?;

        Ok(Query {
            window,
            now: self.now.0,
            min_notice: self.min_notice_minutes.0,
            duration,
            step: self.step_minutes.0,
            align_zone: self.align_zone.0,
            buffer_before: self.buffer_before_minutes.0,
            buffer_after: self.buffer_after_minutes.0,
            people,
            seats,
            optional: self.optional,
            fallback: intervals(&self.fallback, || "fallback".to_owned())?,
            list_available: self.list_available,
            explain: self.explain,
            limit: self.limit.map(|limit| limit as usize),
        })
    }
}

impl PersonDocument {
    fn into_person(self, path: &str) -> Result<Person, QueryError> {
        let mut dates = HashSet::new();
        if let Some(at) = self.overrides.iter().position(|day| !dates.insert(day.date)) {
            let reason = format!("{} has an earlier override", self.overrides[at].date);
            return Err(QueryError::new(format!("{path}.overrides[{at}].date"), reason));
        }
        let busy = match &self.busy {
            BusyDocument::Known(spans) => Busy::Known(intervals(spans, || format!("{path}.busy"))?),
            BusyDocument::Unknown => Busy::Unknown,
        };
        Ok(Person {
            zone: self.zone.0,
            manual: intervals(&self.manual, || format!("{path}.manual"))?,
            busy,
            held: Vec::new(),
            weekly: self.weekly,
            overrides: self.overrides,
            buffer_before: self.buffer_before_minutes.map(|minutes| minutes.0),
            buffer_after: self.buffer_after_minutes.map(|minutes| minutes.0),
            max_per_day: self.max_per_day,
            max_per_week: self.max_per_week,
            load: self.load.into_iter().map(|start| start.0).collect(),
            id: self.id,
        })
    }
}

impl SeatDocument {
    fn into_seat(self, path: &str, ids: &HashSet<String>) -> Result<Seat, QueryError> {
        match (self.all, self.any, self.of) {
            (Some(all), None, None) => {
                check_ids(&all, &format!("{path}.all"), ids)?;
                if all.is_empty() {
                    return Err(QueryError::new(format!("{path}.all"), "names nobody"));
                }
                Ok(Seat::All(all))
            }
            (None, Some(count), Some(of)) => {
                check_ids(&of, &format!("{path}.of"), ids)?;
                let count = count as usize;
                if count == 0 {
                    return Err(QueryError::new(format!("{path}.any"), "at least one person must be needed"));
                }
                if count > of.len() {
                    let reason = format!("{count} of {} people can never be met", of.len());
                    return Err(QueryError::new(format!("{path}.any"), reason));
                }
                Ok(Seat::Any { count, of })
            }
            _ => Err(QueryError::new(path, "is neither {\"all\": [ids]} nor {\"any\": number, \"of\": [ids]}")),
        }
    }
}

/// Every id is somebody's, and comes once.
fn check_ids(named: &[String], path: &str, ids: &HashSet<String>) -> Result<(), QueryError> {
    let mut seen = HashSet::new();
    for (at, id) in named.iter().enumerate() {
        let wrong = if !ids.contains(id) {
            "is not among the people"
        } else if !seen.insert(id) {
            "is named twice"
        } else {
            continue;
        };
        return Err(QueryError::new(format!("{path}[{at}]"), format!("{:?} {wrong}", shown(id))));
    }
    Ok(())
}
