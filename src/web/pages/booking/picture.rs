//! Pure: open times as a month and a list of one day's times, on a candidate's clocks.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Days, MappedLocalTime, Months, NaiveDate, SecondsFormat, TimeZone, Timelike, Utc};
use chrono_tz::Tz;

use crate::{
    scheduling::{interval::Interval, zones},
    web::components::{MonthDay, MonthPicture, SlotDay, SlotRow, WeekdayName},
};

/// Open times, seen from one zone.
pub struct Times {
    pub zone: Tz,
    /// The zone of whoever invites; shown beside where its clocks differ.
    pub other: Tz,
    pub minutes: u32,
    days: BTreeMap<NaiveDate, Vec<DateTime<Utc>>>,
}

impl Times {
    pub fn new(starts: impl IntoIterator<Item = DateTime<Utc>>, minutes: u32, zone: Tz, other: Tz) -> Self {
        let mut days: BTreeMap<NaiveDate, Vec<DateTime<Utc>>> = BTreeMap::new();
        for start in starts {
            days.entry(start.with_timezone(&zone).date_naive()).or_default().push(start);
        }
        Self { zone, other, minutes, days }
    }

    pub fn is_empty(&self) -> bool {
        self.days.is_empty()
    }

    pub fn total(&self) -> usize {
        self.days.values().map(Vec::len).sum()
    }

    /// The day asked for if it has times, else the first one that has, on or after it if possible.
    pub fn day_shown(&self, asked: Option<NaiveDate>) -> Option<NaiveDate> {
        let from = asked.and_then(|asked| self.days.range(asked..).next());
        from.or_else(|| self.days.iter().next()).map(|(day, _)| *day)
    }

    /// One day's times as radios.
    pub fn slot_day(&self, day: NaiveDate) -> SlotDay {
        let starts = self.days.get(&day).map(Vec::as_slice).unwrap_or_default();
        let place = zones::place(self.other);
        SlotDay {
            date: day.to_string(),
            name: long_day(day),
            sub: match starts.len() {
                1 => "1 time that suits everyone".to_owned(),
                count => format!("{count} times that suit everyone"),
            },
            slots: starts.iter().map(|start| self.row(*start, &place)).collect(),
        }
    }

    fn row(&self, start: DateTime<Utc>, place: &str) -> SlotRow {
        SlotRow {
            value: start.to_rfc3339_opts(SecondsFormat::Secs, true),
            time: clock(start, self.zone),
            beside: if self.differs(start) {
                let day = start.with_timezone(&self.other).date_naive();
                let same_day = day == start.with_timezone(&self.zone).date_naive();
                let day = if same_day { String::new() } else { format!("{} ", day.format("%a")) };
                format!("{day}{} in {place}", clock(start, self.other))
            } else {
                String::new()
            },
            taken: false,
        }
    }

    fn differs(&self, at: DateTime<Utc>) -> bool {
        zones::offset_seconds(self.zone, at) != zones::offset_seconds(self.other, at)
    }

    /// A warning if clocks are set in either zone within these days, in words.
    pub fn clock_change(&self, window: Interval) -> Option<String> {
        let change = |zone| zones::next_change(zone, window.start(), window.end()).map(|change| (zone, change));
        let mine = change(self.zone);
        let theirs = if self.differs(window.start()) || self.differs(window.end()) { change(self.other) } else { None };
        let (zone, change) = match (mine, theirs) {
            (Some(mine), Some(theirs)) if theirs.1.at < mine.1.at => theirs,
            (mine, theirs) => mine.or(theirs)?,
        };
        let day = change.at.with_timezone(&zone).date_naive();
        let minutes = (change.offset_after - change.offset_before).abs() / 60;
        let way = if change.offset_after > change.offset_before { "forward" } else { "back" };
        let amount = if minutes == 60 { "an hour".to_owned() } else { format!("{minutes} minutes") };
        Some(format!(
            "On {} clocks in {} go {way} by {amount}. All times here already count that in.",
            day.format("%-d %B"),
            zones::place(zone)
        ))
    }

    /// The month around a day, whose days with times are links made by `href`.
    pub fn month(&self, shown: NaiveDate, today: NaiveDate, href: impl Fn(NaiveDate) -> String) -> MonthPicture {
        let first = shown.with_day(1).unwrap_or(shown);
        let next_month = first + Months::new(1);
        let leading = first.weekday().num_days_from_monday() as usize;
        let mut cells: Vec<Option<MonthDay>> = (0..leading).map(|_| None).collect();
        let mut day = first;
        while day < next_month {
            let times = self.days.get(&day).map_or(0, Vec::len);
            cells.push(Some(MonthDay {
                day: day.day() as u8,
                name: long_day(day),
                times: u32::try_from(times).unwrap_or(u32::MAX),
                href: (times > 0).then(|| href(day)),
                current: day == shown,
                today: day == today,
                past: day < today,
            }));
            day = day + Days::new(1);
        }
        while !cells.len().is_multiple_of(7) {
            cells.push(None);
        }
        let before = self.days.range(..first).next_back().map(|(day, _)| *day);
        // Going back leads to the first day with times of that month.
        let previous = before.and_then(|last| self.days.range(last.with_day(1).unwrap_or(last)..).next());
        let next = self.days.range(next_month..).next();
        MonthPicture {
            title: first.format("%B %Y").to_string(),
            weekdays: weekdays(),
            weeks: cells.chunks(7).map(<[_]>::to_vec).collect(),
            previous: previous.map(|(day, _)| href(*day)),
            next: next.map(|(day, _)| href(*day)),
        }
    }
}

fn weekdays() -> Vec<WeekdayName> {
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
        .into_iter()
        .map(|long| WeekdayName { short: long[..3].to_owned(), long: long.to_owned() })
        .collect()
}

/// "Wednesday 10 March"
pub fn long_day(day: NaiveDate) -> String {
    day.format("%A %-d %B").to_string()
}

/// "15:00"; with the offset in the hour that a clock change repeats.
fn clock(at: DateTime<Utc>, zone: Tz) -> String {
    let local = at.with_timezone(&zone);
    let time = format!("{:02}:{:02}", local.hour(), local.minute());
    match zone.from_local_datetime(&local.naive_local()) {
        MappedLocalTime::Ambiguous(..) => format!("{time} ({})", zones::offset_label(zone, at)),
        _ => time,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    #[test]
    fn days_are_those_of_the_candidate() {
        // 23:30 UTC is the next day in Berlin.
        let times = Times::new(
            [at("2027-03-09T14:00:00Z"), at("2027-03-09T23:30:00Z")],
            45,
            Tz::Europe__Berlin,
            Tz::America__New_York,
        );
        let first = times.day_shown(None).unwrap();
        assert_eq!(first.to_string(), "2027-03-09");
        let day = times.slot_day(first);
        assert_eq!((day.slots[0].time.as_str(), day.slots[0].beside.as_str()), ("15:00", "09:00 in New York"));
        let next = times.slot_day(first + Days::new(1));
        assert_eq!((next.slots[0].time.as_str(), next.slots[0].beside.as_str()), ("00:30", "Tue 18:30 in New York"));
        assert_eq!(times.day_shown("2027-03-20".parse().ok()).map(|d| d.to_string()).as_deref(), Some("2027-03-09"));
    }

    #[test]
    fn an_hour_that_happens_twice_says_which() {
        let times = Times::new(
            [at("2027-10-31T00:30:00Z"), at("2027-10-31T01:30:00Z")],
            30,
            Tz::Europe__Berlin,
            Tz::Europe__Berlin,
        );
        let day = times.slot_day("2027-10-31".parse().unwrap());
        let shown: Vec<_> = day.slots.iter().map(|slot| slot.time.as_str()).collect();
        assert_eq!(shown, ["02:30 (UTC+2)", "02:30 (UTC+1)"]);
    }

    #[test]
    fn a_month_links_the_days_that_have_times() {
        let times = Times::new([at("2027-03-09T14:00:00Z"), at("2027-04-02T14:00:00Z")], 45, Tz::UTC, Tz::UTC);
        let month =
            times.month("2027-03-09".parse().unwrap(), "2027-03-08".parse().unwrap(), |day| format!("?day={day}"));
        assert_eq!(month.title, "March 2027");
        assert!(month.weeks.iter().all(|week| week.len() == 7));
        let linked: Vec<_> = month.weeks.iter().flatten().flatten().filter_map(|day| day.href.clone()).collect();
        assert_eq!(linked, ["?day=2027-03-09"]);
        assert_eq!((month.previous, month.next.as_deref()), (None, Some("?day=2027-04-02")));
    }

    #[test]
    fn the_first_clock_change_of_either_side_is_told() {
        let window = Interval::new(at("2027-03-08T00:00:00Z"), at("2027-04-05T00:00:00Z")).unwrap();
        let times = Times::new([], 45, Tz::Europe__Berlin, Tz::America__New_York);
        assert!(
            times.clock_change(window).unwrap().starts_with("On 14 March clocks in New York go forward by an hour.")
        );
        let home = Times::new([], 45, Tz::Asia__Kolkata, Tz::Asia__Kolkata);
        assert_eq!(home.clock_change(window), None);
        let howe = Times::new([], 45, Tz::Australia__Lord_Howe, Tz::Australia__Lord_Howe);
        assert!(howe.clock_change(window).unwrap().contains("go back by 30 minutes"));
    }
}
