//! How long before an interview people are reminded.

use super::FieldError;

/// What a form offers, in minutes, longest first.
pub const CHOICES: [u32; 6] = [7 * DAY, 2 * DAY, DAY, 4 * HOUR, HOUR, 15];
/// The shortest and the longest that may be chosen, and how many of them.
const BOUNDS: std::ops::RangeInclusive<u32> = 5..=30 * DAY;
const MOST: usize = 6;
const HOUR: u32 = 60;
const DAY: u32 = 24 * HOUR;

/// Minutes separated by commas, longest first in the end; none is a choice too.
pub fn parse(text: &str) -> Result<Vec<u32>, FieldError> {
    let wrong = || FieldError::new("reminders", "reminder_invalid", "Choose reminders from the list, six at most.");
    let minutes = parts(text).map(|part| part.parse().ok().filter(|minutes| BOUNDS.contains(minutes)));
    let mut minutes: Vec<u32> = minutes.collect::<Option<_>>().ok_or_else(wrong)?;
    minutes.sort_unstable_by(|a, b| b.cmp(a));
    minutes.dedup();
    if minutes.len() > MOST { Err(wrong()) } else { Ok(minutes) }
}

/// What a form shows: the choices, and whatever else was chosen, each with its words and whether it is chosen.
pub fn choices(text: &str) -> Vec<(u32, String, bool)> {
    let chosen: Vec<u32> = parts(text).filter_map(|part| part.parse().ok()).collect();
    let mut all: Vec<u32> = CHOICES.into_iter().chain(chosen.iter().copied()).collect();
    all.sort_unstable_by(|a, b| b.cmp(a));
    all.dedup();
    all.into_iter().map(|minutes| (minutes, words(minutes), chosen.contains(&minutes))).collect()
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}

/// "1 week before", "2 days before", "90 minutes before"
fn words(minutes: u32) -> String {
    let units = [(7 * DAY, "week"), (DAY, "day"), (HOUR, "hour"), (1, "minute")];
    // One minute divides everything.
    let (length, unit) = units.into_iter().find(|(length, _)| minutes.is_multiple_of(*length)).unwrap_or((1, "minute"));
    let count = minutes / length;
    format!("{count} {unit}{} before", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reminders_are_kept_once_and_longest_first() {
        assert_eq!(parse("60, 1440,60").unwrap(), [1440, 60]);
        assert_eq!(parse(" , ").unwrap(), [0; 0]);
        assert_eq!(parse("5, 43200").unwrap(), [43200, 5]);
    }

    #[test]
    fn what_was_chosen_is_among_the_choices() {
        let shown = choices("90, 1440");
        let words: Vec<_> = shown.iter().map(|(_, words, _)| words.as_str()).collect();
        let expected = ["1 week", "2 days", "1 day", "4 hours", "90 minutes", "1 hour", "15 minutes"];
        assert_eq!(words, expected.map(|length| format!("{length} before")));
        let chosen: Vec<_> = shown.iter().filter(|(.., chosen)| *chosen).map(|(minutes, ..)| *minutes).collect();
        assert_eq!(chosen, [1440, 90]);
    }
}
