//! Which clock a time of a calendar object goes by (RFC 5545 sections 3.3.5 and 3.6.5).
//!
//! A `TZID` is a name in the object only. In practice it is an IANA name, one of Windows, or one with an IANA name behind or beside
//! it; else the offsets in its definition tell between which instants a time must lie. A time whose clock nobody knows may be any of
//! those that show it somewhere on earth. It is never taken to be UTC.

use chrono::{DateTime, MappedLocalTime, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use crate::{
    calendars::{ical::object::Component, windows_zones},
    scheduling::{clock, zones},
};

/// East of UTC no clock is further ahead, and west of it none further behind, in seconds.
const AHEAD: i32 = 14 * 3600;
const BEHIND: i32 = -12 * 3600;

/// What turns wall time into instants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    Zone(Tz),
    /// One whose offset, in seconds east of UTC, lies between these.
    Between(i32, i32),
}

impl Clock {
    pub const UTC: Self = Self::Zone(Tz::UTC);
    /// Some clock on earth.
    pub const ANYWHERE: Self = Self::Between(BEHIND, AHEAD);

    /// The zone's clock, or any.
    pub fn of(zone: Option<Tz>) -> Self {
        zone.map_or(Self::ANYWHERE, Self::Zone)
    }

    /// The first instant at which it may show this. A time that is skipped takes the offset before the gap, one that happens twice
    /// is the first.
    pub fn earliest(self, wall: NaiveDateTime) -> Option<DateTime<Utc>> {
        match self {
            Self::Zone(zone) => Some(match zone.from_local_datetime(&wall) {
                MappedLocalTime::Single(one) | MappedLocalTime::Ambiguous(one, _) => one.to_utc(),
                MappedLocalTime::None => clock::resolve(zone, wall).instant(),
            }),
            Self::Between(_, most) => wall.and_utc().checked_sub_signed(TimeDelta::seconds(most.into())),
        }
    }

    /// The last such instant; for a zone it is the same one.
    pub fn latest(self, wall: NaiveDateTime) -> Option<DateTime<Utc>> {
        match self {
            Self::Zone(_) => self.earliest(wall),
            Self::Between(least, _) => wall.and_utc().checked_sub_signed(TimeDelta::seconds(least.into())),
        }
    }

    /// What it shows at an instant, the latest reading if there are several.
    pub fn wall(self, instant: DateTime<Utc>) -> NaiveDateTime {
        match self {
            Self::Zone(zone) => instant.with_timezone(&zone).naive_local(),
            Self::Between(_, most) => instant.naive_utc() + TimeDelta::seconds(most.into()),
        }
    }
}

/// The clock that this `TZID` names in this object.
pub fn named(tzid: &str, object: &Component) -> Clock {
    let definition = object.components().find(|one| one.name == "VTIMEZONE" && one.value("TZID") == tzid);
    let beside = definition.map(|one| one.value("X-LIC-LOCATION")).unwrap_or_default();
    let zone = known(tzid).or_else(|| known(beside)).or_else(|| behind(tzid));
    if let Some(zone) = zone {
        return Clock::Zone(zone);
    }
    let offsets = definition.and_then(offsets);
    if offsets.is_none() {
        tracing::warn!("an entry goes by a clock that nobody knows");
    }
    offsets.unwrap_or(Clock::ANYWHERE)
}

/// The zone of a calendar by its `calendar-timezone` (RFC 4791 section 5.2.2), an object with one definition.
pub fn of_calendar(text: &str) -> Option<Tz> {
    let object = Component::read(text).ok()?;
    let definition = object.components().find(|one| one.name == "VTIMEZONE")?;
    match named(definition.value("TZID"), &object) {
        Clock::Zone(zone) => Some(zone),
        Clock::Between(..) => None,
    }
}

fn known(name: &str) -> Option<Tz> {
    zones::parse(name).ok().or_else(|| windows_zones::from_windows(name))
}

/// The IANA name that some programs put behind a path: `/freeassociation.sourceforge.net/Europe/Berlin`.
fn behind(tzid: &str) -> Option<Tz> {
    let tail = tzid.strip_prefix('/')?;
    tail.char_indices().filter(|(_, c)| *c == '/').find_map(|(at, _)| zones::parse(&tail[at + 1..]).ok())
}

/// Between which offsets a definition's clock moves; nothing if one of them is absurd.
fn offsets(definition: &Component) -> Option<Clock> {
    let rules = definition.components().filter(|one| matches!(one.name.as_str(), "STANDARD" | "DAYLIGHT"));
    let all: Option<Vec<i32>> = rules.map(|rule| offset(rule.value("TZOFFSETTO"))).collect();
    let all = all.filter(|all| !all.is_empty())?;
    Some(Clock::Between(*all.iter().min()?, *all.iter().max()?))
}

/// `+0530` or `-033000` in seconds.
fn offset(text: &str) -> Option<i32> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let is_one = matches!(digits.len(), 4 | 6) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let part = |from: usize| digits.get(from..from + 2).map_or(Some(0), |part| part.parse::<i32>().ok());
    let seconds = is_one
        .then_some(())
        .and_then(|()| Some(part(0)? * 3600 + part(2)? * 60 + if digits.len() == 6 { part(4)? } else { 0 }))?;
    Some(sign * seconds).filter(|offset| (BEHIND..=AHEAD).contains(offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(definition: &str) -> Component {
        Component::read(&format!("BEGIN:VCALENDAR\n{definition}END:VCALENDAR\n")).expect("an object")
    }

    #[test]
    fn names_are_known_in_all_their_spellings() {
        let nothing = object("");
        let berlin = Clock::Zone(chrono_tz::Europe::Berlin);
        for name in [
            "Europe/Berlin",
            "europe/berlin",
            "W. Europe Standard Time",
            "/freeassociation.sourceforge.net/Europe/Berlin",
            "/softwarestudio.org/Olson_20011030_5/Europe/Berlin",
        ] {
            assert_eq!(named(name, &nothing), berlin, "{name}");
        }
        let argentina = "/example.com/20_1/America/Argentina/Salta";
        assert_eq!(named(argentina, &nothing), Clock::Zone(chrono_tz::America::Argentina::Salta));
        let beside = object("BEGIN:VTIMEZONE\nTZID:Mine\nX-LIC-LOCATION:Europe/Berlin\nEND:VTIMEZONE\n");
        assert_eq!(named("Mine", &beside), berlin);
        for name in ["", "Mine", "EST", "Customized Time Zone", "Mars/Olympus", "/x", "é/Berlin"] {
            assert_eq!(named(name, &nothing), Clock::ANYWHERE, "{name}");
        }
    }

    #[test]
    fn offsets_of_a_definition_bound_what_nobody_knows_by_name() {
        let definition = |offsets: &[&str]| {
            let rules: String =
                offsets.iter().map(|offset| format!("BEGIN:STANDARD\nTZOFFSETTO:{offset}\nEND:STANDARD\n")).collect();
            object(&format!("BEGIN:VTIMEZONE\nTZID:Mine\n{rules}END:VTIMEZONE\n"))
        };
        assert_eq!(named("Mine", &definition(&["+0100", "+0200"])), Clock::Between(3600, 7200));
        assert_eq!(named("Mine", &definition(&["-033000"])), Clock::Between(-12600, -12600));
        for absurd in [&["+9900"][..], &["+0100", "0200"], &["+01é0"], &[]] {
            assert_eq!(named("Mine", &definition(absurd)), Clock::ANYWHERE, "{absurd:?}");
        }
    }

    #[test]
    fn gaps_move_later_and_folds_are_the_first() {
        let berlin = Clock::Zone(chrono_tz::Europe::Berlin);
        let wall = |text: &str| text.parse::<NaiveDateTime>().expect("a wall time");
        let utc = |text: &str| Some(wall(text).and_utc());
        assert_eq!(berlin.earliest(wall("2027-03-28T02:30:00")), utc("2027-03-28T01:30:00"));
        assert_eq!(berlin.earliest(wall("2027-10-31T02:30:00")), utc("2027-10-31T00:30:00"));
        assert_eq!(Clock::ANYWHERE.earliest(wall("2027-03-08T00:00:00")), utc("2027-03-07T10:00:00"));
        assert_eq!(Clock::ANYWHERE.latest(wall("2027-03-08T00:00:00")), utc("2027-03-08T12:00:00"));
    }
}
