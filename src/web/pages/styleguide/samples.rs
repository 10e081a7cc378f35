//! Made-up weeks, months and times the style guide draws. Nothing else may show them.

use crate::web::components::*;

fn sample_day(label: &str, name: &str, times: u32, blocks: Vec<WeekBlock>) -> WeekDay {
    WeekDay {
        date: format!("2027-03-{}", &label[4..]),
        label: label.into(),
        name: name.into(),
        times: Some(times),
        blocks,
        ..WeekDay::default()
    }
}

/// A week with one of everything.
pub(crate) fn sample_week() -> WeekPicture {
    use BlockKind::{Busy, Outside, Slot, Typed, Unknown};
    let outside = || [WeekBlock::new(Outside, 0, 9 * 60), WeekBlock::new(Outside, 17 * 60 + 30, 24 * 60)];
    let busy = |start, end| WeekBlock::new(Busy, start, end);
    let slot = |start, end, times: u32| {
        let mut slot = WeekBlock::new(Slot, start, end).labelled(format!("{times} times"), times.to_string());
        slot.href = Some("#pictures".into());
        slot
    };
    let with_hours = |blocks: Vec<WeekBlock>| outside().into_iter().chain(blocks).collect::<Vec<_>>();
    let mut chosen = slot(840, 1020, 10);
    chosen.chosen = true;
    let mut friday = sample_day(
        "Fri 12",
        "Friday 12 March",
        10,
        with_hours(vec![busy(480, 540), WeekBlock::new(Unknown, 540, 720), busy(720, 810), chosen]),
    );
    friday.today = true;
    let mut thursday = sample_day(
        "Thu 11",
        "Thursday 11 March",
        3,
        with_hours(vec![busy(540, 720), slot(735, 810, 3), busy(870, 930)]),
    );
    thursday.note = "Clocks go forward".into();
    WeekPicture {
        title: "Week of 8 March".into(),
        zone: "New York time".into(),
        first_hour: 8,
        last_hour: 18,
        days: vec![
            sample_day(
                "Mon 8",
                "Monday 8 March",
                10,
                with_hours(vec![busy(540, 630), slot(660, 750, 4), busy(780, 840), slot(900, 1020, 6)]),
            ),
            sample_day(
                "Tue 9",
                "Tuesday 9 March",
                6,
                with_hours(vec![busy(510, 570), slot(585, 645, 2), busy(660, 720), slot(780, 870, 4), busy(900, 990)]),
            ),
            sample_day(
                "Wed 10",
                "Wednesday 10 March",
                6,
                with_hours(vec![WeekBlock::new(Typed, 540, 1080), busy(600, 660), slot(780, 900, 6)]),
            ),
            thursday,
            friday,
        ],
        lanes: Vec::new(),
        now: Some(NowLine { day: 4, minute: 687 }),
        previous: None,
        next: Some("#pictures".into()),
    }
}

/// Three people side by side on one day.
pub(crate) fn sample_lanes() -> WeekPicture {
    use BlockKind::{Busy, Slot, Typed, Unknown};
    let blocks = vec![
        WeekBlock::new(Busy, 540, 660).in_lane(0),
        WeekBlock::new(Busy, 840, 960).in_lane(0),
        WeekBlock::new(Typed, 600, 1020).in_lane(1),
        WeekBlock::new(Unknown, 540, 660).in_lane(2),
        WeekBlock::new(Busy, 960, 1020).in_lane(2),
        WeekBlock::new(Slot, 690, 780).labelled("3 times", "3"),
    ];
    WeekPicture {
        title: "Monday 8 March".into(),
        zone: "New York time".into(),
        first_hour: 9,
        last_hour: 17,
        days: vec![sample_day("Mon 8", "Monday 8 March", 3, blocks)],
        lanes: ["Ana Alvarez", "Mia Rossi", "Kenji Watanabe"].map(String::from).to_vec(),
        ..WeekPicture::default()
    }
}

/// Slots per day of two and a half weeks.
pub(crate) fn sample_counts() -> Vec<DayCount> {
    [(8, 6), (9, 5), (10, 5), (11, 2), (12, 9), (15, 0), (16, 0), (17, 7), (18, 8), (19, 3), (22, 0), (23, 4)]
        .into_iter()
        .map(|(day, count)| DayCount {
            label: day.to_string(),
            name: format!("{day} March"),
            count,
            was: (day == 11).then_some(5),
            href: Some("#pictures".into()),
            current: day == 12,
            after_gap: day == 15 || day == 22,
        })
        .collect()
}

/// March 2027, whose first is a Monday.
pub(crate) fn sample_month() -> MonthPicture {
    const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    let times = |day: u8| match day {
        4 | 10 | 16 | 17 => 8,
        3 | 5 | 9 | 19 | 25 | 26 | 30 => 5,
        11 | 12 | 18 | 24 | 31 => 2,
        _ => 0,
    };
    let day = |day: u8| MonthDay {
        day,
        name: format!("{} {day} March", DAYS[usize::from((day - 1) % 7)]),
        times: times(day),
        href: (times(day) > 0).then(|| "#pictures".to_owned()),
        current: day == 10,
        today: day == 2,
        past: day == 1,
    };
    MonthPicture {
        title: "March 2027".into(),
        weekdays: DAYS.map(|name| WeekdayName { short: name[..3].into(), long: name.into() }).to_vec(),
        weeks: (0..5)
            .map(|week| {
                (1..=7).map(|place| week * 7 + place).map(|number| (number <= 31).then(|| day(number))).collect()
            })
            .collect(),
        previous: None,
        next: Some("#pictures".into()),
    }
}

/// One day's times.
pub(crate) fn sample_slots(prefix: &str) -> Vec<SlotDay> {
    let slot = |time: &str, beside: &str, taken| SlotRow {
        value: format!("2027-03-10T{time}:00Z"),
        time: time.into(),
        beside: format!("{beside} in New York"),
        taken,
    };
    vec![SlotDay {
        date: format!("{prefix}2027-03-10"),
        name: "Wednesday 10 March".into(),
        sub: "4 times that suit everyone".into(),
        slots: vec![
            slot("13:00", "09:00", false),
            slot("14:30", "10:30", true),
            slot("15:00", "11:00", false),
            slot("16:45", "12:45", false),
        ],
    }]
}
