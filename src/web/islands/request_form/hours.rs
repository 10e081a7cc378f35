//! Hours as text, one line `address date start end` each, changed cell by cell. Lines this does not understand stay as they
//! are: the server says what is wrong with them.

/// A stretch of one day, in minutes after midnight, half open.
pub type Stretch = (u16, u16);

struct Line<'a> {
    who: &'a str,
    date: &'a str,
    stretch: Stretch,
}

fn read(line: &str) -> Option<Line<'_>> {
    let mut parts = line.split_whitespace();
    let (who, date, start, end) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let stretch = (minute(start)?, minute(end)?);
    (parts.next().is_none() && stretch.0 < stretch.1).then_some(Line { who, date, stretch })
}

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let digits = |part: &str| (part.len() == 2).then(|| part.parse::<u16>().ok()).flatten();
    let (hour, minute) = (digits(hour)?, digits(minute)?);
    (minute < 60 && (hour < 24 || (hour == 24 && minute == 0))).then_some(hour * 60 + minute)
}

fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// What is typed for somebody on one date, sorted and joined.
pub fn of(text: &str, who: &str, date: &str) -> Vec<Stretch> {
    let lines = text.lines().filter_map(read).filter(|line| line.who.eq_ignore_ascii_case(who) && line.date == date);
    joined(lines.map(|line| line.stretch).collect())
}

fn joined(mut stretches: Vec<Stretch>) -> Vec<Stretch> {
    stretches.sort_unstable();
    stretches.dedup_by(|next, kept| {
        let touches = next.0 <= kept.1;
        if touches {
            kept.1 = kept.1.max(next.1);
        }
        touches
    });
    stretches
}

/// Whether all of a stretch is among the typed ones.
pub fn covers(typed: &[Stretch], (start, end): Stretch) -> bool {
    typed.iter().any(|one| one.0 <= start && end <= one.1)
}

/// The text with a stretch of somebody's day added or taken out.
pub fn set(text: &str, who: &str, date: &str, stretch: Stretch, on: bool) -> String {
    let mut stretches = of(text, who, date);
    if on {
        stretches.push(stretch);
        stretches = joined(stretches);
    } else {
        let cut = |one: Stretch| [(one.0, one.1.min(stretch.0)), (one.0.max(stretch.1), one.1)];
        stretches = stretches.into_iter().flat_map(cut).filter(|one| one.0 < one.1).collect();
    }
    let mine = |line: &str| read(line).is_some_and(|line| line.who.eq_ignore_ascii_case(who) && line.date == date);
    let others = text.lines().filter(|line| !line.trim().is_empty() && !mine(line)).map(str::to_owned);
    let lines = stretches.into_iter().map(|(start, end)| format!("{who} {date} {} {}", clock(start), clock(end)));
    let mut all: Vec<String> = others.chain(lines).collect();
    // By person and day, so that the text stays readable; strange lines come where their words put them.
    all.sort();
    all.join("\n")
}

/// The text without somebody's lines.
pub fn without(text: &str, who: &str) -> String {
    let theirs = |line: &&str| line.split_whitespace().next().is_some_and(|word| word.eq_ignore_ascii_case(who));
    text.lines().filter(|line| !theirs(line)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const KENJI: &str = "kenji@example.com";
    const DAY: &str = "2027-03-08";

    #[test]
    fn cells_become_lines_and_lines_become_cells() {
        let mut text = String::new();
        for start in [540, 600, 570] {
            text = set(&text, KENJI, DAY, (start, start + 30), true);
        }
        assert_eq!(text, "kenji@example.com 2027-03-08 09:00 10:30");
        assert_eq!(of(&text, "Kenji@Example.com", DAY), [(540, 630)]);
        text = set(&text, KENJI, DAY, (570, 600), false);
        assert_eq!(text, "kenji@example.com 2027-03-08 09:00 09:30\nkenji@example.com 2027-03-08 10:00 10:30");
        text = set(&text, KENJI, DAY, (0, 1440), false);
        assert_eq!(text, "");
        assert_eq!(set("", KENJI, DAY, (1410, 1440), true), "kenji@example.com 2027-03-08 23:30 24:00");
    }

    #[test]
    fn other_people_other_days_and_strange_lines_stay() {
        let text = "tom@example.com 2027-03-08 09:00 12:00\nkenji@example.com 2027-03-08 09:10 10:20\nkenji tomorrow";
        let changed = set(text, KENJI, DAY, (570, 600), false);
        assert_eq!(
            changed.lines().collect::<Vec<_>>(),
            [
                "kenji tomorrow",
                "kenji@example.com 2027-03-08 09:10 09:30",
                "kenji@example.com 2027-03-08 10:00 10:20",
                "tom@example.com 2027-03-08 09:00 12:00",
            ]
        );
        assert_eq!(without(&changed, "TOM@example.com").lines().count(), 3);
    }

    #[test]
    fn half_covered_is_not_covered() {
        assert!(covers(&[(540, 600)], (570, 600)));
        assert!(!covers(&[(540, 590)], (570, 600)));
        assert!(!covers(&[(540, 585), (586, 600)], (570, 600)));
    }

    #[test]
    fn what_is_not_a_time_is_not_read() {
        for line in
            ["a@b 2027-03-08 9:00 10:00", "a@b 2027-03-08 10:00 09:00", "a@b 2027-03-08 24:30 25:00", "a@b x 1 2 3"]
        {
            assert!(read(line).is_none(), "{line}");
        }
    }
}
