//! Every zone as a choice, labelled with its offset at an instant.

use chrono::{DateTime, Utc};

use crate::{
    scheduling::zones,
    web::components::{Choice, ChoiceGroup},
};

/// What a `ZoneSelect` shows.
pub struct ZoneChoices {
    /// One group per region, after the one for a choice that is in none of them.
    pub groups: Vec<ChoiceGroup>,
    /// The choice that is made: under the name the zone has today, or nothing if there is no such zone.
    pub selected: String,
}

/// The zones with their offsets at `at`. A browser that finds none of its options selected takes the first, so what was chosen
/// is always among them: an alias under today's name, and what is no zone as the request to choose one.
pub fn zone_choices(at: DateTime<Utc>, chosen: &str) -> ZoneChoices {
    let group = |region: &zones::Region| ChoiceGroup {
        label: region.name.to_owned(),
        choices: region.zones.iter().map(|zone| Choice::new(zone.name(), zones::label(*zone, at))).collect(),
    };
    let mut groups: Vec<ChoiceGroup> = zones::regions().iter().map(group).collect();
    let zone = zones::parse(chosen).ok();
    let selected = zone.map(|zone| zone.name().to_owned()).unwrap_or_default();
    let listed = groups.iter().any(|group| group.choices.iter().any(|choice| choice.value == selected));
    if !listed {
        let label = zone.map_or_else(|| "Choose a time zone".to_owned(), |zone| zones::label(zone, at));
        groups.insert(0, ChoiceGroup { label: String::new(), choices: vec![Choice::new(selected.clone(), label)] });
    }
    ZoneChoices { groups, selected }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_selected_is_always_a_choice() {
        let at = "2027-03-01T12:00:00Z".parse().unwrap();
        let table = [
            ("America/New_York", "America/New_York"),
            ("US/Eastern", "America/New_York"),
            ("Asia/Calcutta", "Asia/Kolkata"),
            ("europe/kiev", "Europe/Kyiv"),
            ("Etc/GMT+5", "Etc/GMT+5"),
            ("UTC", "UTC"),
            ("Mars/Phobos", ""),
            ("", ""),
        ];
        for (chosen, selected) in table {
            let choices = zone_choices(at, chosen);
            assert_eq!(choices.selected, selected, "{chosen}");
            let hits = choices.groups.iter().flat_map(|group| &group.choices).filter(|choice| choice.value == selected);
            assert_eq!(hits.count(), 1, "{chosen}");
        }
    }
}
