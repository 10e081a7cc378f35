//! Time zones as people write and read them: one parse for every zone that comes in, labels for every one shown.
//!
//! A zone is an IANA name. Aliases are accepted and become today's name, wrong case is mended, abbreviations and
//! anything else are refused: no input ever turns into UTC by default. What the clocks show when is
//! [`super::clock`]'s; names from Windows never come here, a calendar client translates its own provider's names.

use super::clock;
use super::zone_aliases::{ALIASES, PLACES};
use chrono::{DateTime, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};
use std::sync::LazyLock;

/// The text names no time zone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ZoneError {
    /// Nothing of that name is in the IANA database.
    #[error("{0:?} is not a time zone (use an IANA name such as Europe/Berlin)")]
    Unknown(String),
    /// In the database, but several places with different clocks go by it.
    #[error("{0:?} is an abbreviation that fits several places (use an IANA name such as America/New_York)")]
    Abbreviation(String),
}

/// Names the database keeps for old software. As an answer to "where are you?" they are not one: EST is Panama's clock
/// there, and a New Yorker who typed it would be off by an hour for half the year.
const ABBREVIATIONS: [&str; 11] =
    ["CET", "CST6CDT", "EET", "EST", "EST5EDT", "HST", "MET", "MST", "MST7MDT", "PST8PDT", "WET"];

/// Reads an IANA name; an alias or a wrong case gives the canonical zone.
///
/// ```
/// # use convene::scheduling::zones;
/// assert_eq!(zones::parse("US/Eastern").unwrap().name(), "America/New_York");
/// assert_eq!(zones::parse("america/new_york").unwrap().name(), "America/New_York");
/// assert!(zones::parse("EST").is_err());
/// ```
pub fn parse(text: &str) -> Result<Tz, ZoneError> {
    let shown = || text.chars().take(40).collect::<String>();
    let mut same = TZ_VARIANTS.iter().filter(|zone| zone.name().eq_ignore_ascii_case(text));
    let found = text.parse().ok().or(match (same.next(), same.next()) {
        (Some(zone), None) => Some(*zone),
        _ => None,
    });
    match found {
        Some(zone) if ABBREVIATIONS.contains(&zone.name()) => Err(ZoneError::Abbreviation(shown())),
        Some(zone) => Ok(canonical(zone)),
        None => Err(ZoneError::Unknown(shown())),
    }
}

/// The zone under the name it is known by today: `Asia/Calcutta` is `Asia/Kolkata`. Same clocks since 1970.
pub fn canonical(zone: Tz) -> Tz {
    match ALIASES.binary_search_by(|(alias, _)| (*alias).cmp(zone.name())) {
        Ok(at) => ALIASES[at].1.parse().unwrap_or(zone),
        Err(_) => zone,
    }
}

/// The place a zone is named after: "Berlin", "Buenos Aires, Argentina".
pub fn place(zone: Tz) -> String {
    let mut parts = canonical(zone).name().split('/').skip(1).collect::<Vec<_>>();
    if parts.is_empty() || zone.name().starts_with("Etc/") {
        return canonical(zone).name().to_owned();
    }
    parts.reverse();
    parts.join(", ").replace('_', " ")
}

/// Seconds east of UTC at an instant.
pub fn offset_seconds(zone: Tz, instant: DateTime<Utc>) -> i32 {
    i32::try_from(clock::offset_at(zone, instant.timestamp())).expect("an offset is less than a day")
}

/// The offset at an instant as people write it: "UTC", "UTC+1", "UTC-3:30".
pub fn offset_label(zone: Tz, instant: DateTime<Utc>) -> String {
    let seconds = offset_seconds(zone, instant);
    let (sign, minutes) = (if seconds < 0 { '-' } else { '+' }, seconds.abs() / 60);
    match (minutes / 60, minutes % 60) {
        (0, 0) => "UTC".to_owned(),
        (hours, 0) => format!("UTC{sign}{hours}"),
        (hours, minutes) => format!("UTC{sign}{hours}:{minutes:02}"),
    }
}

/// Place and offset at an instant: "Berlin (UTC+1)"; plain "UTC" for UTC.
pub fn label(zone: Tz, instant: DateTime<Utc>) -> String {
    match (place(zone), offset_label(zone, instant)) {
        (place, offset) if place == offset => place,
        (place, offset) => format!("{place} ({offset})"),
    }
}

/// A moment at which the clocks of a zone are set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockChange {
    /// The first instant with the new offset.
    pub at: DateTime<Utc>,
    /// Seconds east of UTC until then.
    pub offset_before: i32,
    /// Seconds east of UTC from then on.
    pub offset_after: i32,
}

/// The first clock change after `after` and not after `until`, if there is one: what a "clocks change" warning needs.
pub fn next_change(zone: Tz, after: DateTime<Utc>, until: DateTime<Utc>) -> Option<ClockChange> {
    let change = clock::next_change(zone, after.timestamp(), until.timestamp())?;
    let at = DateTime::from_timestamp(change, 0)?;
    let before = DateTime::from_timestamp(change - 1, 0)?;
    Some(ClockChange { at, offset_before: offset_seconds(zone, before), offset_after: offset_seconds(zone, at) })
}

/// A part of the world and its zones, for a grouped select.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// "Europe"; "UTC" for the group of that one zone.
    pub name: &'static str,
    /// Canonical, by name.
    pub zones: Vec<Tz>,
}

/// Every zone worth choosing, each place once, by region and name; UTC last.
pub fn regions() -> &'static [Region] {
    static REGIONS: LazyLock<Vec<Region>> = LazyLock::new(|| {
        let mut regions: Vec<Region> = Vec::new();
        for &name in PLACES {
            let zone = name.parse().expect("a test holds the table against the zone database");
            let region = name.split('/').next().unwrap_or(name);
            match regions.last_mut() {
                Some(last) if last.name == region => last.zones.push(zone),
                _ => regions.push(Region { name: region, zones: vec![zone] }),
            }
        }
        regions
    });
    &REGIONS
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    #[test]
    fn names_aliases_and_wrong_case_are_read() {
        let cases = [
            ("Europe/Berlin", "Europe/Berlin"),
            ("america/new_york", "America/New_York"),
            ("US/Eastern", "America/New_York"),
            ("Asia/Calcutta", "Asia/Kolkata"),
            ("Europe/Kiev", "Europe/Kyiv"),
            ("Europe/Kyiv", "Europe/Kyiv"),
            ("Etc/UTC", "UTC"),
            ("gmt", "UTC"),
            ("Etc/GMT+5", "Etc/GMT+5"),
            ("Europe/Oslo", "Europe/Oslo"),
            ("AMERICA/ARGENTINA/BUENOS_AIRES", "America/Argentina/Buenos_Aires"),
        ];
        for (typed, want) in cases {
            assert_eq!(parse(typed).map(|zone| zone.name()), Ok(want), "{typed}");
        }
    }

    #[test]
    fn what_is_no_zone_is_refused_and_never_utc() {
        let long = "A".repeat(5 * 1024);
        for typed in ["Mars/Phobos", "GMT+25", "UTC+2", "../../etc/passwd", "", " ", "Europe/Berlin ", "Europe", &long]
        {
            let error = parse(typed).unwrap_err();
            assert!(matches!(&error, ZoneError::Unknown(shown) if shown.len() <= 40), "{typed}: {error}");
        }
        for typed in ABBREVIATIONS.into_iter().chain(["est", "Cet"]) {
            assert_eq!(parse(typed), Err(ZoneError::Abbreviation(typed.to_owned())));
        }
    }

    #[test]
    fn every_name_of_the_database_but_the_abbreviations_is_read_in_any_case() {
        for zone in TZ_VARIANTS {
            if !ABBREVIATIONS.contains(&zone.name()) {
                assert_eq!(parse(&zone.name().to_lowercase()), Ok(canonical(zone)), "{zone}");
            }
        }
    }

    #[test]
    fn the_tables_fit_the_database_and_an_alias_keeps_its_clocks() {
        assert!(ALIASES.is_sorted(), "the alias table is searched by halving");
        for (alias, canonical_name) in ALIASES {
            let (alias, zone): (Tz, Tz) = (alias.parse().expect(alias), canonical_name.parse().expect(canonical_name));
            assert_eq!(canonical(zone), zone, "{zone} is the end of the chain");
            for month in 0..12 * 30 {
                let instant = Utc.with_ymd_and_hms(2010 + month / 12, month as u32 % 12 + 1, 1, 0, 0, 0).unwrap();
                assert_eq!(offset_seconds(alias, instant), offset_seconds(zone, instant), "{alias} at {instant}");
            }
        }
        let offered: Vec<Tz> = regions().iter().flat_map(|region| region.zones.iter().copied()).collect();
        assert!(offered.iter().all(|&zone| canonical(zone) == zone));
        assert!(offered.len() > 400 && offered.contains(&Tz::Asia__Kolkata) && !offered.contains(&Tz::US__Eastern));
        let mut names: Vec<_> = regions().iter().map(|region| region.name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "each region comes once");
    }

    #[test]
    fn labels_say_place_and_offset_of_the_moment() {
        let (winter, summer) = (
            Utc.with_ymd_and_hms(2027, 1, 15, 12, 0, 0).unwrap(),
            Utc.with_ymd_and_hms(2027, 7, 15, 12, 0, 0).unwrap(),
        );
        let cases = [
            (Tz::Europe__Berlin, "Berlin (UTC+1)", "Berlin (UTC+2)"),
            (Tz::America__New_York, "New York (UTC-5)", "New York (UTC-4)"),
            (Tz::America__St_Johns, "St Johns (UTC-3:30)", "St Johns (UTC-2:30)"),
            (Tz::Asia__Calcutta, "Kolkata (UTC+5:30)", "Kolkata (UTC+5:30)"),
            (Tz::Australia__Lord_Howe, "Lord Howe (UTC+11)", "Lord Howe (UTC+10:30)"),
            (
                Tz::America__Argentina__Buenos_Aires,
                "Buenos Aires, Argentina (UTC-3)",
                "Buenos Aires, Argentina (UTC-3)",
            ),
            (Tz::Europe__London, "London (UTC)", "London (UTC+1)"),
            (Tz::UTC, "UTC", "UTC"),
            (Tz::Pacific__Kiritimati, "Kiritimati (UTC+14)", "Kiritimati (UTC+14)"),
        ];
        for (zone, in_winter, in_summer) in cases {
            assert_eq!((label(zone, winter), label(zone, summer)), (in_winter.to_owned(), in_summer.to_owned()));
        }
    }

    #[test]
    fn the_next_change_is_found_inside_the_window_only() {
        let at = |month, day| Utc.with_ymd_and_hms(2027, month, day, 0, 0, 0).unwrap();
        let change = next_change(Tz::Europe__Berlin, at(3, 1), at(4, 1)).expect("spring is in March");
        assert_eq!(change.at, Utc.with_ymd_and_hms(2027, 3, 28, 1, 0, 0).unwrap());
        assert_eq!((change.offset_before, change.offset_after), (3600, 7200));
        assert_eq!(next_change(Tz::Europe__Berlin, at(4, 1), at(10, 1)), None);
        assert_eq!(next_change(Tz::Asia__Kolkata, at(1, 1), at(12, 31)), None);
        assert_eq!(next_change(Tz::Europe__Berlin, change.at, at(4, 1)), None, "a change is not after itself");
    }
}
