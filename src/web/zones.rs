//! Every zone as a choice, labelled with its offset at an instant.

use chrono::{DateTime, Utc};

use crate::{
    scheduling::zones,
    web::components::{Choice, ChoiceGroup},
};

/// One group per region, for `ZoneSelect`.
pub fn zone_groups(at: DateTime<Utc>) -> Vec<ChoiceGroup> {
    let group = |region: &zones::Region| ChoiceGroup {
        label: region.name.to_owned(),
        choices: region.zones.iter().map(|zone| Choice::new(zone.name(), zones::label(*zone, at))).collect(),
    };
    zones::regions().iter().map(group).collect()
}
