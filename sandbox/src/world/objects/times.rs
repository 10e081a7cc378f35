//! Times in calendar objects, and the zones they name.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use super::ical::{Component, IcalError, Line};
use crate::world::event::instant;

/// A DATE or DATE-TIME value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Date(NaiveDate),
    Utc(DateTime<Utc>),
    /// Wall clock time of a zone.
    Zoned(NaiveDateTime, Tz),
    /// Wall clock time of whoever looks; here, of the calendar's zone.
    Floating(NaiveDateTime),
}

impl When {
    /// The instant, a calendar's zone deciding about whole days and floating times.
    pub fn instant(self, zone: Tz) -> DateTime<Utc> {
        match self {
            Self::Utc(at) => at,
            _ => instant(self.wall(), self.zone(zone)),
        }
    }

    /// What the clock on the wall shows, in the value's own zone.
    pub fn wall(self) -> NaiveDateTime {
        match self {
            Self::Date(day) => day.and_time(NaiveTime::MIN),
            Self::Utc(at) => at.naive_utc(),
            Self::Zoned(local, _) | Self::Floating(local) => local,
        }
    }

    /// The zone of [`When::wall`].
    pub fn zone(self, calendar: Tz) -> Tz {
        match self {
            Self::Utc(_) => Tz::UTC,
            Self::Zoned(_, zone) => zone,
            Self::Date(_) | Self::Floating(_) => calendar,
        }
    }

    /// Another wall clock time of the same kind.
    pub fn at(self, wall: NaiveDateTime) -> Self {
        match self {
            Self::Date(_) => Self::Date(wall.date()),
            Self::Utc(_) => Self::Utc(wall.and_utc()),
            Self::Zoned(_, zone) => Self::Zoned(wall, zone),
            Self::Floating(_) => Self::Floating(wall),
        }
    }

    /// Whether it is a whole day.
    pub fn is_date(self) -> bool {
        matches!(self, Self::Date(_))
    }

    /// Reads every value of a DTSTART, DTEND, RECURRENCE-ID, RDATE or EXDATE; of a period its start.
    ///
    /// # Errors
    /// For a text that is no time, and for a zone nobody knows.
    pub fn read(line: &Line, calendar: &Component) -> Result<Vec<Self>, IcalError> {
        line.value.split(',').map(|value| Self::read_one(value, line, calendar)).collect()
    }

    /// Reads the one value of a line.
    ///
    /// # Errors
    /// As [`When::read`].
    pub fn read_single(line: &Line, calendar: &Component) -> Result<Self, IcalError> {
        Self::read_one(&line.value, line, calendar)
    }

    fn read_one(value: &str, line: &Line, calendar: &Component) -> Result<Self, IcalError> {
        let value = value.split('/').next().unwrap_or_default().trim();
        let wrong = || IcalError::Time(format!("{}:{value}", line.name));
        if value.len() == 8 {
            return NaiveDate::parse_from_str(value, "%Y%m%d").map(Self::Date).map_err(|_| wrong());
        }
        let (local, utc) = match value.strip_suffix('Z') {
            Some(local) => (local, true),
            None => (value, false),
        };
        let local = NaiveDateTime::parse_from_str(local, "%Y%m%dT%H%M%S").map_err(|_| wrong())?;
        if utc {
            return Ok(Self::Utc(local.and_utc()));
        }
        match line.param("TZID") {
            Some(name) => Ok(Self::Zoned(local, zone_named(name, calendar)?)),
            None => Ok(Self::Floating(local)),
        }
    }

    /// As a line of this name.
    pub fn line(self, name: &str) -> Line {
        let local = |at: NaiveDateTime| at.format("%Y%m%dT%H%M%S").to_string();
        match self {
            Self::Date(day) => Line::new(name, day.format("%Y%m%d").to_string()).with("VALUE", "DATE"),
            Self::Utc(at) => Line::new(name, format!("{}Z", local(at.naive_utc()))),
            Self::Zoned(at, zone) => Line::new(name, local(at)).with("TZID", zone.name()),
            Self::Floating(at) => Line::new(name, local(at)),
        }
    }
}

/// The zone a TZID means: an IANA name, a Windows name, a path that ends in an IANA name, or what its VTIMEZONE says of
/// its location.
fn zone_named(name: &str, calendar: &Component) -> Result<Tz, IcalError> {
    let known = |name: &str| crate::microsoft::zone(name);
    let by_path = || {
        let starts = name.match_indices('/').map(|(at, _)| at + 1);
        starts.filter_map(|at| name[at..].parse::<Tz>().ok()).next()
    };
    let by_location = || {
        let described = calendar.parts_named("VTIMEZONE").find(|zone| zone.text("TZID") == name)?;
        known(&described.text("X-LIC-LOCATION"))
    };
    known(name).or_else(by_path).or_else(by_location).ok_or_else(|| IcalError::Zone(name.to_owned()))
}

/// A VTIMEZONE with the rules of the year before, as rules of every year.
pub fn vtimezone(zone: Tz, tzid: &str, year: i32) -> Component {
    let mut described = Component::new("VTIMEZONE");
    described.lines = vec![Line::new("TZID", tzid), Line::new("X-LIC-LOCATION", zone.name())];
    let first = NaiveDate::from_ymd_opt(year - 1, 1, 1).unwrap_or_default().and_time(NaiveTime::MIN);
    let offset = |at: NaiveDateTime| zone.offset_from_utc_datetime(&at).fix().local_minus_utc();
    let mut changes = Vec::new();
    // No zone changes twice within a week.
    for week in (0..53).map(|week| first + Days::new(7 * week)) {
        let (before, after) = (offset(week), offset(week + Days::new(7)));
        if before != after {
            let (mut same, mut changed) = (0, 7 * 1440);
            while changed - same > 1 {
                let middle = (same + changed) / 2;
                let later = offset(week + TimeDelta::minutes(middle)) != before;
                (same, changed) = if later { (same, middle) } else { (middle, changed) };
            }
            changes.push((week + TimeDelta::minutes(changed), before, after));
        }
    }
    for (at, before, after) in &changes {
        let local = *at + TimeDelta::seconds(i64::from(*before));
        let name = if after > before { "DAYLIGHT" } else { "STANDARD" };
        let rule = format!("FREQ=YEARLY;BYMONTH={};BYDAY={}", local.month(), weekday_of_month(local.date()));
        described.parts.push(observance(name, local, *before, *after, Some(&rule)));
    }
    if changes.is_empty() {
        let fixed = offset(first);
        described.parts.push(observance("STANDARD", NaiveDateTime::default(), fixed, fixed, None));
    }
    described
}

fn observance(name: &str, from: NaiveDateTime, before: i32, after: i32, rule: Option<&str>) -> Component {
    let signed = |seconds: i32| {
        let sign = if seconds < 0 { '-' } else { '+' };
        format!("{sign}{:02}{:02}", seconds.abs() / 3600, seconds.abs() / 60 % 60)
    };
    let mut observance = Component::new(name);
    observance.lines = vec![
        Line::new("DTSTART", from.format("%Y%m%dT%H%M%S").to_string()),
        Line::new("TZOFFSETFROM", signed(before)),
        Line::new("TZOFFSETTO", signed(after)),
    ];
    observance.lines.extend(rule.map(|rule| Line::new("RRULE", rule)));
    observance
}

/// Such as `-1SU` for a month's last Sunday.
fn weekday_of_month(day: NaiveDate) -> String {
    let last = (day + Days::new(7)).month() != day.month();
    let number = if last { -1 } else { (day.day0() / 7 + 1) as i32 };
    let weekday = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"][day.weekday().num_days_from_monday() as usize];
    format!("{number}{weekday}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_known_by_many_names() {
        let mut calendar = Component::new("VCALENDAR");
        let mut described = vtimezone(Tz::Asia__Tokyo, "Custom zone", 2026);
        described.set(Line::new("X-LIC-LOCATION", "Asia/Tokyo"));
        calendar.parts.push(described);
        let cases = [
            ("Europe/Berlin", Tz::Europe__Berlin),
            ("W. Europe Standard Time", Tz::Europe__Berlin),
            ("/example.org/20260101/America/Indiana/Indianapolis", Tz::America__Indiana__Indianapolis),
            ("Custom zone", Tz::Asia__Tokyo),
        ];
        for (name, zone) in cases {
            assert_eq!(zone_named(name, &calendar), Ok(zone), "{name}");
        }
        assert_eq!(zone_named("Moon/Tycho", &calendar), Err(IcalError::Zone("Moon/Tycho".into())));
    }

    #[test]
    fn a_described_zone_changes_when_the_real_one_does() {
        let berlin = vtimezone(Tz::Europe__Berlin, "Europe/Berlin", 2026);
        let rules: Vec<_> = berlin.parts.iter().map(|part| (part.name.as_str(), part.text("RRULE"))).collect();
        let last_sundays = [
            ("DAYLIGHT", "FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU".to_owned()),
            ("STANDARD", "FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU".to_owned()),
        ];
        assert_eq!(rules, last_sundays);
        assert_eq!(berlin.parts[0].text("DTSTART"), "20250330T020000");
        assert_eq!(vtimezone(Tz::Asia__Tokyo, "Asia/Tokyo", 2026).parts[0].text("TZOFFSETTO"), "+0900");
    }
}
