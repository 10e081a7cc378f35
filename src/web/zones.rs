//! Every zone as a choice, labelled with its offset at an instant.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use maud::{Markup, html};

use crate::scheduling::zones;

/// No zone has ever set its clocks within a quarter of an hour: labels hold as long.
const QUARTER: i64 = 900;
/// Quarters whose labels are kept: those that pages look at now.
const KEPT: usize = 32;

/// The choices of a `ZoneSelect` as HTML, with the offsets at `at`: one group per region, `chosen` selected.
///
/// A browser that finds no option selected takes the first, so what was chosen is always among them: an alias under today's
/// name, and what is no zone as the request to choose one. There are over four hundred, on every page a candidate opens: they
/// are written once per quarter of an hour and only marked per page.
pub fn zone_options(at: DateTime<Utc>, chosen: &str) -> String {
    let all = all(at.timestamp().div_euclid(QUARTER) * QUARTER);
    let zone = zones::parse(chosen).ok();
    let value = |zone: Tz| format!("value=\"{}\"", zone.name());
    if let Some(value) = zone.map(value)
        && let Some((before, after)) = all.split_once(&value)
    {
        return format!("{before}{value} selected{after}");
    }
    let (name, label) =
        zone.map_or(("", "Choose a time zone".to_owned()), |zone| (zone.name(), zones::label(zone, at)));
    html! { option value=(name) selected { (label) } (maud::PreEscaped(&*all)) }.into_string()
}

/// All choices, none selected.
fn all(quarter: i64) -> Arc<str> {
    static WRITTEN: Mutex<Vec<(i64, Arc<str>)>> = Mutex::new(Vec::new());
    let mut written = WRITTEN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, options)) = written.iter().find(|(of, _)| *of == quarter) {
        return options.clone();
    }
    let options: Arc<str> = write(DateTime::from_timestamp(quarter, 0).unwrap_or_default()).into_string().into();
    if written.len() == KEPT {
        written.remove(0);
    }
    written.push((quarter, options.clone()));
    options
}

fn write(at: DateTime<Utc>) -> Markup {
    html! {
        @for region in zones::regions() {
            optgroup label=(region.name) {
                @for zone in &region.zones {
                    option value=(zone.name()) { (zones::label(*zone, at)) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_chosen_is_the_one_choice_selected() {
        let at = "2027-03-01T12:00:00Z".parse().unwrap();
        let table = [
            ("America/New_York", "value=\"America/New_York\" selected>New York (UTC-5)<"),
            ("US/Eastern", "value=\"America/New_York\" selected>"),
            ("Asia/Calcutta", "value=\"Asia/Kolkata\" selected>"),
            ("europe/kiev", "value=\"Europe/Kyiv\" selected>"),
            ("Etc/GMT+5", "value=\"Etc/GMT+5\" selected>"),
            ("UTC", "value=\"UTC\" selected>"),
            ("Mars/Phobos", "value=\"\" selected>Choose a time zone<"),
            ("", "value=\"\" selected>"),
        ];
        for (chosen, option) in table {
            let options = zone_options(at, chosen);
            assert!(options.contains(option), "{chosen}");
            assert_eq!(options.matches(" selected").count(), 1, "{chosen}");
        }
    }

    #[test]
    fn labels_change_with_the_clocks() {
        let berlin = |at: &str| zone_options(at.parse().unwrap(), "UTC").contains(">Berlin (UTC+2)<");
        assert!(!berlin("2027-03-28T00:59:59Z"));
        assert!(berlin("2027-03-28T01:00:00Z"));
    }
}
