//! A week of intervals as a picture: instants become minutes on each day's clock.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::sets::Ground;
use crate::{
    scheduling::{
        Interval, clock,
        interval::{intersect, subtract},
        zones,
    },
    web::components::{BlockKind, NowLine, WeekBlock, WeekDay, WeekPicture, times},
};

/// The Monday of a date's week.
pub fn monday(date: NaiveDate) -> NaiveDate {
    date - Days::new(u64::from(date.weekday().num_days_from_monday()))
}

/// A local date from midnight to midnight, 23 to 25 hours.
pub fn day(date: NaiveDate, zone: Tz) -> Option<Interval> {
    let midnight = |date: NaiveDate| clock::resolve(zone, date.and_time(NaiveTime::MIN)).instant();
    Interval::new(midnight(date), midnight(date + Days::new(1)))
}

/// The seven days from a Monday.
pub fn span(monday: NaiveDate, zone: Tz) -> Option<Interval> {
    Interval::new(day(monday, zone)?.start(), day(monday + Days::new(6), zone)?.end())
}

/// What is drawn.
pub struct Sketch<'a> {
    pub monday: NaiveDate,
    pub zone: Tz,
    pub ground: &'a Ground,
    /// Open starts of this week, rising.
    pub starts: &'a [DateTime<Utc>],
    pub duration: TimeDelta,
    /// The request's own days.
    pub window: Interval,
    pub now: DateTime<Utc>,
}

/// Half-open minutes of a day's clock.
type Minutes = (u16, u16);

impl Sketch<'_> {
    pub fn picture(&self) -> WeekPicture {
        let ground = |spans: &[Interval]| intersect(spans, &[self.window]);
        let (open, free, busy, typed, unknown) = (
            ground(&self.ground.open),
            ground(&self.ground.free),
            ground(&self.ground.busy),
            ground(&self.ground.typed),
            ground(&self.ground.unknown),
        );
        let slots = gathered(self.starts, self.duration);
        let week: Vec<NaiveDate> = (0..7).map(|n| self.monday + Days::new(n)).collect();
        let frame = intersect(&self.ground.frame, &[self.window]);
        let is_met = |date: &NaiveDate| {
            let met =
                |day: Interval| frame.iter().chain(slots.iter().map(|(slot, _)| slot)).any(|one| one.overlaps(&day));
            day(*date, self.zone).is_some_and(met)
        };
        // The weekend shows as a whole or not at all, so that columns keep their places from week to week.
        let weekend = week[5..].iter().any(is_met);
        let dates = if weekend { week } else { week[..5].to_vec() };
        let days: Vec<(NaiveDate, Interval)> =
            dates.into_iter().filter_map(|date| Some((date, day(date, self.zone)?))).collect();
        let (first_hour, last_hour) = self.hours(&days, &slots);
        let today = self.now.with_timezone(&self.zone).date_naive();
        let mut now = None;
        let columns = days.iter().enumerate().map(|(index, (date, day))| {
            let mut blocks = Vec::new();
            let mut draw = |kind, spans: &[Interval]| {
                let pieces =
                    spans.iter().filter_map(|span| span.intersection(day)).flat_map(|span| self.on_clock(span, day));
                blocks.extend(pieces.map(|(start, end)| WeekBlock::new(kind, start, end)));
            };
            draw(BlockKind::Outside, &subtract(&[*day], &open));
            draw(BlockKind::Free, &free);
            draw(BlockKind::Typed, &typed);
            draw(BlockKind::Unknown, &unknown);
            draw(BlockKind::Busy, &busy);
            for (slot, starts) in &slots {
                let count = starts.iter().filter(|start| day.contains_instant(**start)).count();
                let Some(part) = slot.intersection(day) else { continue };
                for (index, (start, end)) in self.on_clock(part, day).into_iter().enumerate() {
                    let count = u32::try_from(count).unwrap_or(u32::MAX);
                    let block = WeekBlock::new(BlockKind::Slot, start, end);
                    // The words stand in the first piece; a slot that reaches past midnight is counted where it starts.
                    let says = index == 0 && count > 0;
                    blocks.push(if says { block.labelled(times(count), count.to_string()) } else { block });
                }
            }
            if *date == today {
                now = self
                    .on_clock_at(self.now, day)
                    .map(|minute| NowLine { day: u16::try_from(index).unwrap_or(0), minute });
            }
            let count = self.starts.iter().filter(|start| day.contains_instant(**start)).count();
            WeekDay {
                date: date.to_string(),
                label: date.format("%a %-d").to_string(),
                name: date.format("%A %-d %B").to_string(),
                times: Some(u32::try_from(count).unwrap_or(u32::MAX)),
                note: clock_change(*date, self.zone).unwrap_or_default(),
                today: *date == today,
                blocks,
            }
        });
        let days = columns.collect();
        WeekPicture {
            title: format!("Week of {}", self.monday.format("%-d %B")),
            zone: format!("{} time", zones::place(self.zone)),
            first_hour,
            last_hour,
            days,
            now,
            ..WeekPicture::default()
        }
    }

    /// The part of the day worth drawing: the hours people work and the times found, with an hour around.
    fn hours(&self, days: &[(NaiveDate, Interval)], slots: &[(Interval, Vec<DateTime<Utc>>)]) -> (u8, u8) {
        let (mut first, mut last) = (24 * 60, 0);
        for (_, day) in days {
            let slots = slots.iter().map(|(slot, _)| slot);
            let spans = self.ground.frame.iter().chain(slots).filter_map(|span| span.intersection(day));
            for (start, end) in spans.flat_map(|span| self.on_clock(span, day)) {
                (first, last) = (first.min(start), last.max(end));
            }
        }
        if first >= last {
            return (8, 18);
        }
        let hour = |minute: u16| u8::try_from(minute / 60).unwrap_or(24);
        (hour(first).saturating_sub(1), (hour(last + 59) + 1).min(24))
    }

    /// A stretch of one day on that day's clock: two pieces where the clocks change inside it.
    fn on_clock(&self, span: Interval, day: &Interval) -> Vec<Minutes> {
        let change = change_within(self.zone, day);
        let cuts = [Some(span.start()), change.filter(|at| span.start() < *at && *at < span.end()), Some(span.end())];
        let cuts: Vec<DateTime<Utc>> = cuts.into_iter().flatten().collect();
        let piece = |ends: &[DateTime<Utc>]| {
            let start = self.on_clock_at(ends[0], day)?;
            // By the offset that holds throughout the piece, so that the end of a day is 24:00 and not 00:00.
            let length = u16::try_from((ends[1] - ends[0]).num_minutes()).ok()?;
            let end = (start + length).min(24 * 60);
            (start < end).then_some((start, end))
        };
        cuts.windows(2).filter_map(piece).collect()
    }

    fn on_clock_at(&self, at: DateTime<Utc>, day: &Interval) -> Option<u16> {
        use chrono::Timelike;
        let local = at.with_timezone(&self.zone);
        day.contains_instant(at).then(|| u16::try_from(local.hour() * 60 + local.minute()).ok()).flatten()
    }
}

/// Starts whose slots overlap or touch, as one span each.
fn gathered(starts: &[DateTime<Utc>], duration: TimeDelta) -> Vec<(Interval, Vec<DateTime<Utc>>)> {
    let mut groups: Vec<(Interval, Vec<DateTime<Utc>>)> = Vec::new();
    for start in starts {
        let Some(slot) = Interval::new(*start, *start + duration) else { continue };
        match groups.last_mut() {
            Some((span, starts)) if slot.start() <= span.end() => {
                *span = Interval::new(span.start(), slot.end()).unwrap_or(*span);
                starts.push(*start);
            }
            _ => groups.push((slot, vec![*start])),
        }
    }
    groups
}

/// The instant inside a day at which the clocks change. No zone changes twice in a day.
fn change_within(zone: Tz, day: &Interval) -> Option<DateTime<Utc>> {
    let offset = |at: i64| DateTime::from_timestamp(at, 0).map(|at| zones::offset_seconds(zone, at));
    let (mut before, mut after) = (day.start().timestamp(), day.end().timestamp());
    let first = offset(before)?;
    if offset(after)? == first {
        return None;
    }
    while after - before > 1 {
        let middle = before + (after - before) / 2;
        if offset(middle)? == first {
            before = middle;
        } else {
            after = middle;
        }
    }
    // A change at the very end is the next day's.
    DateTime::from_timestamp(after, 0).filter(|at| *at < day.end())
}

/// "Clocks go forward at 02:00", for the day on which they do.
fn clock_change(date: NaiveDate, zone: Tz) -> Option<String> {
    let at = change_within(zone, &day(date, zone)?)?;
    let (before, after) = (zones::offset_seconds(zone, at - TimeDelta::seconds(1)), zones::offset_seconds(zone, at));
    let shown = (at + TimeDelta::seconds(i64::from(before))).format("%H:%M");
    Some(format!("Clocks go {} at {shown}", if after > before { "forward" } else { "back" }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn between(start: &str, end: &str) -> Interval {
        Interval::new(at(start), at(end)).unwrap()
    }

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn drawn(zone: Tz, monday: &str, ground: &Ground, starts: &[DateTime<Utc>], minutes: i64) -> WeekPicture {
        let monday = date(monday);
        let sketch = Sketch {
            monday,
            zone,
            ground,
            starts,
            duration: TimeDelta::minutes(minutes),
            window: span(monday, zone).unwrap(),
            now: at("2027-01-01T00:00:00Z"),
        };
        sketch.picture()
    }

    fn blocks(day: &WeekDay, kind: BlockKind) -> Vec<Minutes> {
        day.blocks.iter().filter(|block| block.kind == kind).map(|block| (block.start, block.end)).collect()
    }

    #[test]
    fn the_week_follows_the_wall_clock_over_the_spring_change() {
        // New York goes from 02:00 to 03:00 on Sunday 14 March 2027: 09:00 is 14:00Z before and 13:00Z after.
        let hours = vec![
            between("2027-03-12T14:00:00Z", "2027-03-12T22:00:00Z"),
            between("2027-03-14T05:30:00Z", "2027-03-14T08:00:00Z"),
        ];
        let ground = Ground { open: hours.clone(), busy: hours.clone(), frame: hours, ..Ground::default() };
        let picture = drawn(Tz::America__New_York, "2027-03-08", &ground, &[], 45);
        assert_eq!(picture.days.len(), 7, "hours on a Sunday show the weekend");
        assert_eq!(blocks(&picture.days[4], BlockKind::Busy), [(540, 1020)]);
        assert_eq!(blocks(&picture.days[6], BlockKind::Busy), [(30, 120), (180, 240)], "nothing is drawn in the gap");
        assert_eq!(picture.days[6].note, "Clocks go forward at 02:00");
        assert_eq!(picture.days[5].note, "");
        assert_eq!(picture.title, "Week of 8 March");
        assert_eq!(picture.zone, "New York time");
        let next = Ground {
            open: vec![between("2027-03-15T13:00:00Z", "2027-03-15T21:00:00Z")],
            frame: vec![between("2027-03-15T13:00:00Z", "2027-03-15T21:00:00Z")],
            ..Ground::default()
        };
        let picture = drawn(Tz::America__New_York, "2027-03-15", &next, &[], 45);
        assert_eq!(blocks(&picture.days[0], BlockKind::Outside), [(0, 540), (1020, 1440)]);
        assert_eq!((picture.first_hour, picture.last_hour), (8, 18));
    }

    #[test]
    fn an_hour_that_happens_twice_is_drawn_on_its_own_readings() {
        // Berlin goes from 03:00 back to 02:00 at 01:00Z on Sunday 31 October 2027.
        let busy = vec![between("2027-10-31T00:45:00Z", "2027-10-31T01:15:00Z")];
        let ground = Ground { open: busy.clone(), frame: busy.clone(), busy, ..Ground::default() };
        let picture = drawn(Tz::Europe__Berlin, "2027-10-25", &ground, &[], 45);
        assert_eq!(blocks(&picture.days[6], BlockKind::Busy), [(165, 180), (120, 135)]);
        assert_eq!(picture.days[6].note, "Clocks go back at 03:00");
        // Lord Howe's half hour.
        let picture =
            drawn(Tz::Australia__Lord_Howe, "2027-03-29", &Ground::default(), &[at("2027-04-03T14:00:00Z")], 30);
        assert_eq!(picture.days[6].note, "Clocks go back at 02:00");
    }

    #[test]
    fn starts_that_share_a_stretch_are_counted_together() {
        let starts: Vec<_> = ["16:00", "16:15", "16:30", "16:45", "20:00"]
            .iter()
            .map(|time| at(&format!("2027-03-08T{time}:00Z")))
            .collect();
        let picture = drawn(Tz::America__New_York, "2027-03-08", &Ground::default(), &starts, 45);
        let slots: Vec<_> = picture.days[0].blocks.iter().filter(|block| block.kind == BlockKind::Slot).collect();
        assert_eq!((slots[0].start, slots[0].end, slots[0].label.as_str()), (660, 750, "4 times"));
        assert_eq!((slots[1].start, slots[1].end, slots[1].label.as_str()), (900, 945, "1 time"));
        assert_eq!(picture.days[0].times, Some(5));
        assert_eq!(picture.days.len(), 5);
    }

    #[test]
    fn days_outside_the_request_are_outside() {
        let hours = vec![between("2027-03-09T14:00:00Z", "2027-03-09T22:00:00Z")];
        let ground = Ground { open: hours.clone(), frame: hours, ..Ground::default() };
        let zone = Tz::America__New_York;
        let sketch = Sketch {
            monday: date("2027-03-08"),
            zone,
            ground: &ground,
            starts: &[],
            duration: TimeDelta::minutes(45),
            window: day(date("2027-03-10"), zone).unwrap(),
            now: at("2027-03-10T17:30:00Z"),
        };
        let picture = sketch.picture();
        assert_eq!(blocks(&picture.days[1], BlockKind::Outside), [(0, 1440)]);
        assert_eq!(picture.now, Some(NowLine { day: 2, minute: 750 }));
    }

    #[test]
    fn a_week_starts_on_monday() {
        assert_eq!(monday(date("2027-03-14")), date("2027-03-08"));
        assert_eq!(monday(date("2027-03-08")), date("2027-03-08"));
    }
}
