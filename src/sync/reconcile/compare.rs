//! Pure: what should stand on a calendar, compared with what does.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    calendars::Ours,
    events::theirs::Theirs,
    ids::EventId,
    scheduling::interval::Interval,
    store::words::{EventStatus, StrayKind},
};

/// An event of ours that is not over, and where it stands on this calendar as far as we know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    pub event: EventId,
    pub status: EventStatus,
    /// Empty while there is no receipt.
    pub provider_id: String,
    /// It is meant to stand there.
    pub stands: bool,
    /// The calendar shows its latest revision, as far as we know.
    pub is_current: bool,
    pub seen: Option<Theirs>,
}

/// One way in which the two differ.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Discrepancy {
    /// It should stand there and was not found.
    Missing(EventId),
    /// It stands there at another time than we last saw.
    Moved(EventId),
    /// Our last change of it is not there yet.
    Unwritten(EventId),
    /// It was taken off, and is there.
    Lingers(EventId),
    /// It should not be there at all, and nobody asked for it.
    Stray(Stray),
}

/// An event that carries our marker and that we did not put there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stray {
    pub kind: Kind,
    pub provider_id: String,
    pub marker: String,
    /// `None` for whole days.
    pub span: Option<Interval>,
}

/// What kind of stray; see [`StrayKind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Copy,
    Unknown,
}

impl From<Kind> for StrayKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Copy => Self::Copy,
            Kind::Unknown => Self::Unknown,
        }
    }
}

/// How much of each was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    pub standing: u32,
    pub missing: u32,
    pub moved: u32,
    pub unwritten: u32,
    pub lingering: u32,
    pub strays: u32,
}

impl Counts {
    pub fn to_text(self) -> String {
        serde_json::to_string(&self).expect("numbers are plain data")
    }

    /// Reads a column back; what another version wrote counts for nothing.
    pub fn from_text(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    /// Whether anything was found that should be otherwise.
    pub fn is_clean(self) -> bool {
        Self { standing: 0, ..self } == Self::default()
    }

    pub(super) fn of(standing: usize, found: &[Discrepancy]) -> Self {
        let mut counts = Self { standing: u32::try_from(standing).unwrap_or(u32::MAX), ..Self::default() };
        for one in found {
            let count = match one {
                Discrepancy::Missing(_) => &mut counts.missing,
                Discrepancy::Moved(_) => &mut counts.moved,
                Discrepancy::Unwritten(_) => &mut counts.unwritten,
                Discrepancy::Lingers(_) => &mut counts.lingering,
                Discrepancy::Stray(_) => &mut counts.strays,
            };
            *count += 1;
        }
        counts
    }
}

/// Where the two differ. `there` is everything on the calendar that carries our marker, in the window in which all of `known` lies.
pub fn compare(known: &[Known], there: &[Ours]) -> Vec<Discrepancy> {
    let by_event: BTreeMap<EventId, &Known> = known.iter().map(|one| (one.event, one)).collect();
    let mut found = Vec::new();
    let mut met = BTreeSet::new();
    for one in there.iter().filter(|one| !one.cancelled) {
        let ours = one.marker.parse().ok().and_then(|event| by_event.get(&event));
        let stray = |kind| {
            let (provider_id, marker) = (one.provider_id.clone(), one.marker.clone());
            Discrepancy::Stray(Stray { kind, provider_id, marker, span: one.span })
        };
        let Some(ours) = ours else {
            found.push(stray(Kind::Unknown));
            continue;
        };
        // One that was sent and whose receipt has not come is about to be found by its own put, or by its removal.
        if ours.provider_id.is_empty() {
            met.insert(ours.event);
            continue;
        }
        if ours.provider_id != one.provider_id {
            found.push(stray(Kind::Copy));
            continue;
        }
        met.insert(ours.event);
        let shows = one.span.map_or(Theirs::WholeDays, Theirs::At);
        match ours.status {
            EventStatus::Confirmed if !ours.stands => found.push(Discrepancy::Lingers(ours.event)),
            EventStatus::Confirmed if ours.seen != Some(shows) => found.push(Discrepancy::Moved(ours.event)),
            EventStatus::Confirmed => {}
            EventStatus::Cancelled if ours.stands => found.push(Discrepancy::Unwritten(ours.event)),
            EventStatus::Cancelled | EventStatus::Tentative => found.push(Discrepancy::Lingers(ours.event)),
        }
    }
    for one in known.iter().filter(|one| one.status == EventStatus::Confirmed) {
        let is_known_gone = one.seen == Some(Theirs::Gone);
        if one.stands && !met.contains(&one.event) && !is_known_gone {
            found.push(Discrepancy::Missing(one.event));
        } else if !one.is_current && (one.stands || one.provider_id.is_empty()) {
            found.push(Discrepancy::Unwritten(one.event));
        }
    }
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::*;

    fn span(hour: i64) -> Interval {
        let at = DateTime::UNIX_EPOCH + TimeDelta::hours(hour);
        Interval::new(at, at + TimeDelta::hours(1)).unwrap()
    }

    fn known(provider_id: &str) -> Known {
        Known {
            event: EventId::new(),
            status: EventStatus::Confirmed,
            provider_id: provider_id.to_owned(),
            stands: true,
            is_current: true,
            seen: Some(Theirs::At(span(9))),
        }
    }

    fn there(known: &Known, provider_id: &str, hour: i64) -> Ours {
        Ours {
            provider_id: provider_id.to_owned(),
            marker: known.event.to_string(),
            span: Some(span(hour)),
            cancelled: false,
        }
    }

    #[test]
    fn what_is_as_it_should_be_is_no_discrepancy() {
        let one = known("a");
        let gone = Known { status: EventStatus::Cancelled, stands: false, seen: Some(Theirs::Gone), ..known("b") };
        let waiting = Known { provider_id: String::new(), stands: false, seen: None, ..known("") };
        let cancelled_there = Ours { cancelled: true, ..there(&gone, "b", 9) };
        let on_it = [there(&one, "a", 9), cancelled_there, there(&waiting, "c", 9)];
        let found = compare(&[one, gone, Known { is_current: true, ..waiting }], &on_it);
        assert_eq!(found, []);
    }

    #[test]
    fn each_way_to_differ_is_told() {
        let (missing, moved, old) = (known("a"), known("b"), Known { is_current: false, ..known("c") });
        let lingering = Known { status: EventStatus::Cancelled, stands: false, seen: Some(Theirs::Gone), ..known("d") };
        let doubled = known("e");
        let stranger = known("f");
        let on_it = [
            there(&moved, "b", 12),
            there(&old, "c", 9),
            there(&lingering, "d", 9),
            there(&doubled, "e", 9),
            there(&doubled, "e2", 9),
            there(&stranger, "f", 9),
        ];
        let all = [missing.clone(), moved.clone(), old.clone(), lingering.clone(), doubled.clone()];
        let found = compare(&all, &on_it);
        let stray = |kind, id: &str, of: &Known| {
            let (provider_id, marker) = (id.to_owned(), of.event.to_string());
            Discrepancy::Stray(Stray { kind, provider_id, marker, span: Some(span(9)) })
        };
        let mut expected = vec![
            Discrepancy::Missing(missing.event),
            Discrepancy::Moved(moved.event),
            Discrepancy::Unwritten(old.event),
            Discrepancy::Lingers(lingering.event),
            stray(Kind::Copy, "e2", &doubled),
            stray(Kind::Unknown, "f", &stranger),
        ];
        expected.sort();
        assert_eq!(found, expected);
        let counts = Counts::of(5, &found);
        assert_eq!((counts.standing, counts.missing, counts.strays, counts.is_clean()), (5, 1, 2, false));
        assert_eq!(Counts::from_text(&counts.to_text()), counts);
    }

    #[test]
    fn what_is_known_to_be_gone_waits_for_a_decision() {
        let gone = Known { seen: Some(Theirs::Gone), ..known("a") };
        assert_eq!(compare(&[gone], &[]), []);
    }
}
