//! Reading and writing RFC 3339 times and `{date | dateTime, timeZone}`.

use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use serde_json::{Value, json};

use super::errors::{invalid, invalid_parameter, missing};
use crate::faults::Answer;
use crate::world::Span;
use crate::world::event::instant;

/// An instant from a query parameter or a body property: RFC 3339 with an offset.
pub fn rfc3339(text: &str, name: &'static str) -> Result<DateTime<Utc>, Answer> {
    DateTime::parse_from_rfc3339(text)
        .map(|at| at.with_timezone(&Utc))
        .map_err(|_| invalid_parameter(name, &format!("Invalid value for: Invalid format: \"{text}\"")))
}

/// An IANA zone by name.
pub fn zone(text: &str, name: &str) -> Result<Tz, Answer> {
    text.parse().map_err(|_| invalid(&format!("Invalid time zone definition for {name}.")))
}

/// UTC with milliseconds, as `updated` and list bounds are written.
pub fn millis(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// In a zone, to the second; UTC is written `Z`.
pub fn in_zone(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// One end of an event.
enum Moment {
    Day(NaiveDate),
    At(DateTime<Utc>, Tz),
}

/// A span from `start` and `end` of an event resource; `fallback` is the calendar's zone.
///
/// # Errors
/// 400 with the sentence for what is missing, mixed, malformed or empty.
pub fn span(start: Option<&Value>, end: Option<&Value>, fallback: Tz) -> Result<Span, Answer> {
    let moments = (moment(start, "start", fallback)?, moment(end, "end", fallback)?);
    let (span, is_empty) = match moments {
        (Moment::Day(start), Moment::Day(end)) => (Span::AllDay { start, end }, end <= start),
        (Moment::At(start, start_zone), Moment::At(end, end_zone)) => {
            // A timed event of no length is legal, one that ends before it starts is not.
            (Span::Timed { start, end, start_zone, end_zone }, end < start)
        }
        _ => return Err(invalid("Start and end times must either both be date or both be dateTime.")),
    };
    if is_empty { Err(super::errors::known("timeRangeEmpty")) } else { Ok(span) }
}

fn moment(value: Option<&Value>, which: &str, fallback: Tz) -> Result<Moment, Answer> {
    let text = |name: &str| value.and_then(|value| value.get(name)).and_then(Value::as_str);
    let malformed = || invalid(&format!("Invalid {which} time."));
    match (text("date"), text("dateTime")) {
        (None, None) => Err(missing(&format!("Missing {which} time."))),
        (Some(_), Some(_)) => Err(malformed()),
        (Some(date), None) => date.parse().map(Moment::Day).map_err(|_| malformed()),
        (None, Some(at)) => {
            let named = text("timeZone").map(|name| zone(name, &format!("{which} time"))).transpose()?;
            if let Ok(at) = DateTime::parse_from_rfc3339(at) {
                return Ok(Moment::At(at.with_timezone(&Utc), named.unwrap_or(fallback)));
            }
            let local: NaiveDateTime = at.parse().map_err(|_| malformed())?;
            let zone = named.ok_or_else(|| missing(&format!("Missing time zone definition for {which} time.")))?;
            Ok(Moment::At(instant(local, zone), zone))
        }
    }
}

/// `start` and `end` of an event resource, timed ones shown in `zone`.
pub fn ends(span: &Span, zone: Tz) -> (Value, Value) {
    match span {
        Span::AllDay { start, end } => (json!({ "date": start }), json!({ "date": end })),
        Span::Timed { start, end, start_zone, end_zone } => {
            let at = |at: &DateTime<Utc>, own: &Tz| json!({ "dateTime": in_zone(*at, zone), "timeZone": own.name() });
            (at(start, start_zone), at(end, end_zone))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(start: Value, end: Value) -> Result<Span, String> {
        span(Some(&start), Some(&end), Tz::Europe__Berlin)
            .map_err(|answer| answer.body["error"]["message"].as_str().unwrap_or_default().to_owned())
    }

    #[test]
    fn the_offset_decides_over_the_named_zone() {
        let zone = json!("Asia/Kolkata");
        let read = read(
            json!({ "dateTime": "2026-12-01T16:00:00+01:00", "timeZone": zone }),
            json!({ "dateTime": "2026-12-01T16:45:00", "timeZone": "Europe/Berlin" }),
        );
        let Ok(Span::Timed { start, end, start_zone, .. }) = read else { panic!("{read:?}") };
        assert_eq!((end - start).num_minutes(), 45);
        assert_eq!(start_zone, Tz::Asia__Kolkata);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let at = |text: &str| json!({ "dateTime": text });
        let day = |text: &str| json!({ "date": text });
        let cases = [
            (json!({}), day("2026-12-02"), "Missing start time."),
            (
                day("2026-12-01"),
                at("2026-12-01T10:00:00Z"),
                "Start and end times must either both be date or both be dateTime.",
            ),
            (at("2026-12-01T10:00:00"), at("2026-12-01T11:00:00Z"), "Missing time zone definition for start time."),
            (at("2026-12-01T10:00:00Z"), at("2026-12-01T09:00:00Z"), "The specified time range is empty."),
            (day("2026-12-01"), day("2026-12-01"), "The specified time range is empty."),
            (at("tomorrow"), at("2026-12-01T09:00:00Z"), "Invalid start time."),
            (
                json!({ "dateTime": "2026-12-01T10:00:00", "timeZone": "Berlin" }),
                at("2026-12-01T11:00:00Z"),
                "Invalid time zone definition for start time.",
            ),
        ];
        for (start, end, sentence) in cases {
            assert_eq!(read(start, end), Err(sentence.to_owned()));
        }
    }
}
