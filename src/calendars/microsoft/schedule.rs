//! Free/busy of a whole organisation's people: Graph's `getSchedule`, asked through one of their mailboxes.
//!
//! What a newcomer would get wrong: the whole is 200 whatever its entries are, and an entry with an `error` is unknown, not free.
//! An entry may hold the string of digits only, where somebody shares no more. Whole days come as items like others, from midnight
//! to midnight of nobody knows which zone.

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::wire::Wall;
use super::{MicrosoftCalendar, READ};
use crate::calendars::http::{Ask, address};
use crate::calendars::{AccessToken, CalendarError, Colleague, Heard};
use crate::scheduling::interval::{Interval, normalise};

/// Documented; more is `ErrorMailboxDataArrayTooBig`.
const MOST: usize = 20;
/// 62 are allowed; more is `ErrorTimeIntervalTooBig`.
const DAYS: i64 = 60;
/// What one digit of the view stands for.
const STEP: TimeDelta = TimeDelta::minutes(30);
/// Mailboxes in a row that may not be asked through, before nobody else's is tried.
const REFUSALS: usize = 2;

#[derive(Debug, Deserialize)]
struct Schedules {
    value: Vec<Schedule>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Schedule {
    #[serde(default)]
    schedule_id: String,
    availability_view: Option<String>,
    schedule_items: Option<Vec<Item>>,
    error: Option<Problem>,
}

#[derive(Debug, Deserialize)]
struct Item {
    status: Option<String>,
    start: Option<Wall>,
    end: Option<Wall>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Problem {
    #[serde(default)]
    response_code: String,
}

impl Schedule {
    /// What of this stretch is taken. `owner` is where they live, as far as we know.
    fn busy(&self, piece: Interval, owner: Option<chrono_tz::Tz>) -> Result<Vec<Interval>, CalendarError> {
        if let Some(problem) = &self.error {
            return Err(problem.meaning());
        }
        match (self.schedule_items.as_deref(), &self.availability_view) {
            (None | Some([]), Some(view)) => taken(view, piece),
            (None | Some([]), None) => Err(CalendarError::Unavailable("getSchedule told nothing of somebody".into())),
            (Some(items), _) => {
                let mut busy = Vec::new();
                for item in items {
                    busy.extend(item.blocks(owner)?);
                }
                Ok(busy)
            }
        }
    }
}

impl Item {
    /// The time it takes: tentative blocks, and so does a status we have never heard of.
    fn blocks(&self, owner: Option<chrono_tz::Tz>) -> Result<Vec<Interval>, CalendarError> {
        if matches!(self.status.as_deref(), Some("free" | "workingElsewhere")) {
            return Ok(Vec::new());
        }
        let unreadable = || CalendarError::Unavailable("an entry whose time cannot be read".into());
        let (Some(start), Some(end)) = (&self.start, &self.end) else { return Err(unreadable()) };
        Wall::widest(start, end, owner).map_err(|_| unreadable())
    }
}

impl Problem {
    fn meaning(&self) -> CalendarError {
        let is = |code: &str| self.response_code.eq_ignore_ascii_case(code);
        if is("ErrorMailRecipientNotFound") || is("ErrorInvalidUser") || is("ErrorNonExistentMailbox") {
            CalendarError::Gone
        } else if is("ErrorAccessDenied") || is("ErrorNoFreeBusyAccess") {
            CalendarError::PermissionMissing(vec![READ.to_owned()])
        } else {
            // Codes to come, and text that is no code.
            let code: String = self.response_code.chars().filter(char::is_ascii_alphanumeric).take(60).collect();
            CalendarError::Unavailable(format!("getSchedule: {code}"))
        }
    }
}

/// What was answered about somebody.
fn entry<'a>(schedules: &'a [Schedule], one: &Colleague) -> Result<&'a Schedule, CalendarError> {
    let found = schedules.iter().find(|found| found.schedule_id.eq_ignore_ascii_case(&one.address));
    found.ok_or_else(|| CalendarError::Unavailable("getSchedule left somebody out".into()))
}

/// What a string of digits says is taken: only `0` is free (working elsewhere, too). One that ends early says nothing.
fn taken(view: &str, piece: Interval) -> Result<Vec<Interval>, CalendarError> {
    let mut busy = Vec::new();
    let mut at = piece.start();
    for digit in view.chars() {
        let end = at + STEP;
        if digit != '0' {
            busy.extend(Interval::new(at, end));
        }
        at = end;
    }
    if at < piece.end() {
        return Err(CalendarError::Unavailable("getSchedule told of a part of the time only".into()));
    }
    Ok(normalise(busy))
}

/// The window and a day more on either side, because a date is part of it by its owner's clock, in equal stretches of whole
/// seconds that one question may be about.
fn pieces(window: Interval) -> Vec<Interval> {
    let second = |at: DateTime<Utc>| DateTime::from_timestamp(at.timestamp(), 0).unwrap_or(at);
    let (start, end) = (second(window.start() - TimeDelta::days(1)), second(window.end() + TimeDelta::days(1)));
    let seconds = (end - start).num_seconds();
    let count = (seconds + DAYS * 86_400 - 1) / (DAYS * 86_400);
    let bound = |number: i64| start + TimeDelta::seconds(seconds * number / count.max(1));
    (0..count).filter_map(|number| Interval::new(bound(number), bound(number + 1))).collect()
}

impl MicrosoftCalendar {
    /// See [`Calendar::busy_of`](crate::calendars::Calendar::busy_of).
    pub(super) async fn schedules(
        &self,
        token: &AccessToken,
        people: &[Colleague],
        window: Interval,
    ) -> Result<Vec<Heard>, CalendarError> {
        let mut heard: Vec<Heard> = Vec::with_capacity(people.len());
        let mut limited: Option<CalendarError> = None;
        // The mailbox that answered for others, once one did.
        let mut through: Option<String> = None;
        for some in people.chunks(MOST) {
            let mut busy: Vec<Result<Vec<Interval>, CalendarError>> = some.iter().map(|_| Ok(Vec::new())).collect();
            for piece in pieces(window) {
                let parts = match &limited {
                    Some(error) => some.iter().map(|_| Err(error.clone())).collect(),
                    None => self.schedules_part(token, some, piece, &mut through).await?,
                };
                for (whole, part) in busy.iter_mut().zip(parts) {
                    limited = limited.or_else(|| part.clone().err().filter(CalendarError::is_limit));
                    match (whole.as_mut(), part) {
                        (Ok(whole), Ok(part)) => whole.extend(part),
                        (Ok(_), Err(error)) => *whole = Err(error),
                        // One stretch that nobody knows, the whole unknown.
                        (Err(_), _) => {}
                    }
                }
            }
            let cut =
                |spans: Vec<Interval>| normalise(spans.iter().filter_map(|one| one.intersection(&window)).collect());
            heard.extend(some.iter().zip(busy).map(|(one, spans)| (one.address.clone(), spans.map(cut))));
        }
        Ok(heard)
    }

    /// One question, through the mailbox that answered before, else through the first of these that is there and may be asked
    /// through. Whose is not is answered for by that, and the others are asked about through the next.
    async fn schedules_part(
        &self,
        token: &AccessToken,
        people: &[Colleague],
        piece: Interval,
        through: &mut Option<String>,
    ) -> Result<Vec<Result<Vec<Interval>, CalendarError>>, CalendarError> {
        let mut answers = Vec::with_capacity(people.len());
        let mut refusals = 0;
        while let [first, ..] = &people[answers.len()..] {
            let rest = &people[answers.len()..];
            let mailbox = through.clone().unwrap_or_else(|| first.address.clone());
            match self.schedules_through(token, &mailbox, rest, piece).await {
                Ok(schedules) => {
                    answers.extend(rest.iter().map(|one| entry(&schedules, one)?.busy(piece, one.zone)));
                    *through = Some(mailbox);
                }
                Err(CalendarError::SignInExpired) => return Err(CalendarError::SignInExpired),
                // It answered a moment ago; whoever comes first is tried instead.
                Err(CalendarError::Gone | CalendarError::PermissionMissing(_)) if through.is_some() => *through = None,
                Err(error @ CalendarError::Gone) => answers.push(Err(error)),
                Err(error @ CalendarError::PermissionMissing(_)) if refusals + 1 < REFUSALS => {
                    refusals += 1;
                    answers.push(Err(error));
                }
                Err(error) => answers.extend(rest.iter().map(|_| Err(error.clone()))),
            }
        }
        Ok(answers)
    }

    async fn schedules_through(
        &self,
        token: &AccessToken,
        mailbox: &str,
        people: &[Colleague],
        piece: Interval,
    ) -> Result<Vec<Schedule>, CalendarError> {
        let moment =
            |at: DateTime<Utc>| json!({ "dateTime": at.format("%Y-%m-%dT%H:%M:%S").to_string(), "timeZone": "UTC" });
        let schedules: Vec<Value> = people.iter().map(|one| json!(one.address)).collect();
        let body = json!({
            "schedules": schedules,
            "startTime": moment(piece.start()),
            "endTime": moment(piece.end()),
            "availabilityViewInterval": STEP.num_minutes(),
        });
        let url = address(&self.api, &["users", mailbox, "calendar", "getSchedule"], &[]);
        let ask = Ask::new("calendar.getSchedule", Method::POST, url).json(body).only_reads();
        let reply = self.ask(token, ask, READ).await?;
        Ok(reply.read::<Schedules>(false)?.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn span(from: &str, until: &str) -> Interval {
        Interval::new(at(from), at(until)).expect("runs forward")
    }

    fn day() -> Interval {
        span("2031-03-05T00:00:00Z", "2031-03-06T00:00:00Z")
    }

    fn schedule(entry: Value) -> Schedule {
        serde_json::from_value(entry).expect("an entry")
    }

    fn item(status: Option<&str>, start: &str, end: &str) -> Value {
        json!({ "status": status, "start": { "dateTime": start, "timeZone": "UTC" }, "end": { "dateTime": end, "timeZone": "UTC" } })
    }

    fn of_items(items: Value) -> Schedule {
        schedule(json!({ "scheduleId": "raj@example.org", "availabilityView": "0".repeat(48), "scheduleItems": items }))
    }

    #[test]
    fn what_blocks_and_what_does_not() {
        let (start, end) = ("2031-03-05T10:00:00.0000000", "2031-03-05T11:00:00.0000000");
        for (status, blocks) in [
            (Some("busy"), true),
            (Some("tentative"), true),
            (Some("oof"), true),
            (Some("unknown"), true),
            (Some("newWord"), true),
            (None, true),
            (Some("free"), false),
            (Some("workingElsewhere"), false),
        ] {
            let busy = of_items(json!([item(status, start, end)])).busy(day(), None);
            let expected = if blocks { vec![span("2031-03-05T10:00:00Z", "2031-03-05T11:00:00Z")] } else { Vec::new() };
            assert_eq!(busy, Ok(expected), "{status:?}");
        }
    }

    #[test]
    fn from_midnight_to_midnight_may_be_a_date_of_any_zone() {
        let whole = of_items(json!([item(Some("oof"), "2031-03-05T00:00:00.0000000", "2031-03-06T00:00:00.0000000")]));
        let berlin = normalise(whole.busy(day(), Some(chrono_tz::Europe::Berlin)).expect("readable"));
        assert_eq!(berlin, [span("2031-03-04T23:00:00Z", "2031-03-06T00:00:00Z")]);
        let anywhere = normalise(whole.busy(day(), None).expect("readable"));
        assert_eq!(anywhere, [span("2031-03-04T10:00:00Z", "2031-03-06T12:00:00Z")]);
    }

    #[test]
    fn an_entry_that_says_nothing_is_never_free() {
        let of = |entry: Value| schedule(entry).busy(day(), None);
        let error =
            |code: &str| of(json!({ "scheduleId": "x", "availabilityView": "0", "error": { "responseCode": code } }));
        assert_eq!(error("ErrorMailRecipientNotFound"), Err(CalendarError::Gone));
        assert!(matches!(error("ErrorAccessDenied"), Err(CalendarError::PermissionMissing(_))));
        assert!(matches!(error("ErrorOfTomorrow"), Err(CalendarError::Unavailable(_))));
        assert!(of(json!({ "scheduleId": "x", "error": {} })).is_err());
        assert!(of(json!({ "scheduleId": "x" })).is_err());
        assert!(of(json!({ "scheduleId": "x", "scheduleItems": [] })).is_err());
        assert!(of(json!({ "scheduleId": "x", "availabilityView": "000" })).is_err(), "the rest of the day is unknown");
        let unreadable = json!({ "status": "busy", "start": { "dateTime": "2031-03-05T10:00:00", "timeZone": "Nowhere" }, "end": null });
        assert!(of(json!({ "scheduleId": "x", "availabilityView": "2", "scheduleItems": [unreadable] })).is_err());
    }

    #[test]
    fn the_view_stands_in_where_items_are_not_shared() {
        let view = format!("{}1234x{}", "0".repeat(20), "0".repeat(23));
        for items in [Value::Null, json!([])] {
            let busy = schedule(json!({ "scheduleId": "x", "availabilityView": view, "scheduleItems": items }))
                .busy(day(), None);
            assert_eq!(busy, Ok(vec![span("2031-03-05T10:00:00Z", "2031-03-05T12:30:00Z")]));
        }
    }

    #[test]
    fn long_windows_are_asked_in_stretches_without_a_gap() {
        for days in [1, 58, 59, 120, 400] {
            let window =
                Interval::new(at("2031-01-01T00:00:00.250Z"), at("2031-01-01T00:10:00Z") + TimeDelta::days(days))
                    .expect("runs");
            let parts = pieces(window);
            assert!(parts.iter().all(|part| part.end() - part.start() <= TimeDelta::days(DAYS)), "{days}");
            assert!(parts.iter().all(|part| part.end() - part.start() > STEP), "{days}");
            let [whole] = normalise(parts)[..] else { panic!("a gap") };
            assert!(whole.contains(&window), "{days}");
        }
    }
}
