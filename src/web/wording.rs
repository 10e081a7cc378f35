//! Small words of pages: names in a row, times past and to come, moments to be reminded at, what jobs are about.

use std::time::Duration;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use chrono_tz::Tz;

use crate::{notifications::when, requests::draft::reminders, web::components::ReminderChoice};

/// The moments at which people can be reminded, with those ticked that were chosen: minutes before, separated by commas.
pub fn reminder_choices(chosen: &str) -> Vec<ReminderChoice> {
    let choices = reminders::choices(chosen).into_iter();
    choices.map(|(minutes, words, on)| ReminderChoice { minutes, words, on }).collect()
}

/// "Ana", "Ana and Raj", "Ana, Raj and Mia"
pub fn listed<S: AsRef<str>>(names: &[S]) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    match names.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// "24 December 2027", "22 to 26 December 2027", "30 December 2027 to 2 January 2028"
pub fn dates(first: NaiveDate, last: NaiveDate) -> String {
    let full = |date: NaiveDate| date.format("%-d %B %Y").to_string();
    match (first.year() == last.year(), first.month() == last.month()) {
        _ if first == last => full(first),
        (true, true) => format!("{} to {}", first.day(), full(last)),
        (true, false) => format!("{} to {}", first.format("%-d %B"), full(last)),
        (false, _) => format!("{} to {}", full(first), full(last)),
    }
}

/// "1,234"
pub fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = if number < 0 { "-".to_owned() } else { String::new() };
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// "just now", "2 min ago", "3 h ago", "5 days ago"
pub fn ago(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let minutes = (now - at).num_minutes();
    match minutes {
        ..1 => "just now".to_owned(),
        1..60 => format!("{minutes} min ago"),
        60..1440 => format!("{} h ago", minutes / 60),
        1440..2880 => "yesterday".to_owned(),
        _ => format!("{} days ago", minutes / 1440),
    }
}

/// "40 s", "3 min", "5 h", "9 days": how long something has lasted.
pub fn lasting(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        ..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// What jobs of a kind do.
pub fn work(kind: &str) -> &'static str {
    match kind {
        "place_event" => "Interviews into calendars",
        "send_message" => "Mails",
        "settle_hold" => "Held bookings",
        "read_connection" => "New calendars",
        "tell_answered" => "Answers to invitations",
        "remind" => "Reminders",
        "write_note" => "Notes to the applicant-tracking system",
        "deliver_webhook" => "A webhook could not be told",
        "pull_calendar" => "A calendar could not be read for changes",
        "follow_event" => "A change in a calendar could not be followed",
        "compare_calendar" => "A calendar could not be compared with what should stand in it",
        "remove_stray" => "An event could not be taken off a calendar",
        "watch_calendar" => "A calendar could not be watched",
        "end_grant" => "Access handed back",
        _ => "Other",
    }
}

/// What a dead letter of a kind means.
pub fn given_up(kind: &str) -> &'static str {
    match kind {
        "place_event" => "An interview could not be put into a calendar",
        "send_message" => "A mail could not be sent",
        "read_connection" => "A new calendar could not be read",
        "tell_answered" => "Nobody was told of an answer to an invitation",
        "remind" => "A reminder could not be sent",
        "write_note" => "A note could not be written to the applicant-tracking system",
        "end_grant" => "Access to a disconnected account could not be handed back",
        _ => "A booking could not be confirmed",
    }
}

/// "in 3 min", "in 5 h", "in 9 days"; minutes and hours are never less than is left.
pub fn ahead(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let minutes = (at - now).to_std().unwrap_or_default().as_secs().div_ceil(60);
    match minutes {
        ..60 => format!("in {minutes} min"),
        60..2880 => format!("in {} h", minutes.div_ceil(60)),
        _ => format!("in {} days", (minutes + 720) / 1440),
    }
}

/// The same with the absolute time, for a title.
pub fn full(at: DateTime<Utc>, zone: Tz) -> String {
    when::instant(at, zone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn names_make_a_sentence() {
        let said = |names: &[&str]| listed(names);
        assert_eq!(
            (said(&[]), said(&["Ana"]), said(&["Ana", "Raj"])),
            (String::new(), "Ana".into(), "Ana and Raj".into())
        );
        assert_eq!(said(&["Ana", "Raj", "Mia"]), "Ana, Raj and Mia");
    }

    #[test]
    fn dates_say_no_word_twice() {
        let said = |first: &str, last: &str| dates(first.parse().unwrap(), last.parse().unwrap());
        assert_eq!(said("2027-12-24", "2027-12-24"), "24 December 2027");
        assert_eq!(said("2027-12-22", "2027-12-26"), "22 to 26 December 2027");
        assert_eq!(said("2027-11-30", "2027-12-01"), "30 November to 1 December 2027");
        assert_eq!(said("2027-12-30", "2028-01-02"), "30 December 2027 to 2 January 2028");
    }

    #[test]
    fn long_numbers_are_grouped() {
        assert_eq!([0, 7, 999, 1000, 1_234_567, -1000].map(grouped), ["0", "7", "999", "1,000", "1,234,567", "-1,000"]);
    }

    #[test]
    fn what_is_to_come_in_words() {
        let now: DateTime<Utc> = "2027-03-04T12:00:00Z".parse().unwrap();
        let words = [
            (0, "in 0 min"),
            (1, "in 1 min"),
            (3540, "in 59 min"),
            (3541, "in 1 h"),
            (3600, "in 1 h"),
            (172_740, "in 48 h"),
            (172_800, "in 2 days"),
            (777_600, "in 9 days"),
        ];
        for (seconds, expected) in words {
            assert_eq!(ahead(now + TimeDelta::seconds(seconds), now), expected, "{seconds}");
        }
    }

    #[test]
    fn how_long_in_words() {
        let words = [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h"), (172_800, "2 days")];
        for (seconds, expected) in words {
            assert_eq!(lasting(Duration::from_secs(seconds)), expected);
        }
    }

    #[test]
    fn the_past_in_words() {
        let now: DateTime<Utc> = "2027-03-04T12:00:00Z".parse().unwrap();
        let words = [
            (0, "just now"),
            (1, "1 min ago"),
            (59, "59 min ago"),
            (60, "1 h ago"),
            (1500, "yesterday"),
            (4320, "3 days ago"),
        ];
        for (minutes, expected) in words {
            assert_eq!(ago(now - TimeDelta::minutes(minutes), now), expected);
        }
        assert_eq!(ago(now + TimeDelta::minutes(1), now), "just now", "clocks differ a little");
    }
}
