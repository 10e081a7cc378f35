//! Who could be there when, as sets of intervals: the ground the week picture is drawn on.

use crate::{
    booking::preview::{Guest, Known, Outlook},
    scheduling::{
        Busy, Interval,
        interval::{intersect, merge, normalise, subtract},
    },
};

/// One person's time within a span.
#[derive(Clone, Debug)]
pub struct Share {
    /// When they could be asked at all.
    pub hours: Vec<Interval>,
    /// When they are taken, as far as anybody knows.
    pub taken: Vec<Interval>,
    /// Nobody knows what of the hours is free.
    pub unknown: bool,
    /// The hours were typed, by or for them.
    pub typed: bool,
}

impl Share {
    /// `None` for somebody the question does not name.
    pub fn of(guest: &Guest, outlook: &Outlook, within: Interval) -> Option<Self> {
        let id = guest.person.id.to_string();
        let person = outlook.query.people.iter().find(|person| person.id == id)?;
        let hours = person.open_hours(within);
        let (unknown, taken) = match &person.busy {
            Busy::Known(spans) => (false, merge(spans, &person.held)),
            Busy::Unknown => (true, person.held.clone()),
        };
        let typed = !matches!(guest.known, Known::Calendar(_) | Known::Silent(_));
        // Somebody without calendar and hours may be asked at any time, and nobody knows about any.
        let anytime = unknown && typed;
        Some(Self {
            hours: if anytime { vec![within] } else { hours },
            taken: intersect(&normalise(taken), &[within]),
            unknown,
            typed: typed && !unknown,
        })
    }

    /// Somebody who may be asked at any time has no hours to draw.
    fn has_hours(&self, within: Interval) -> bool {
        !(self.unknown && self.hours == [within])
    }

    fn free(&self) -> Vec<Interval> {
        if self.unknown { Vec::new() } else { subtract(&self.hours, &self.taken) }
    }

    fn maybe(&self) -> Vec<Interval> {
        subtract(&self.hours, &self.taken)
    }
}

/// What a span looks like for a group of which `needed` must be there.
#[derive(Clone, Debug, Default)]
pub struct Ground {
    /// Enough people work then.
    pub open: Vec<Interval>,
    /// Enough of them are known to be free.
    pub free: Vec<Interval>,
    /// Enough of them may be free: part of it depends on somebody of whom nothing is known.
    pub unknown: Vec<Interval>,
    /// Inside the open hours and certainly not free.
    pub busy: Vec<Interval>,
    /// Open hours that somebody typed.
    pub typed: Vec<Interval>,
    /// Open hours that rest on real ones, for choosing what part of the day to draw.
    pub frame: Vec<Interval>,
}

impl Ground {
    pub fn new(shares: &[Share], needed: usize, within: Interval) -> Self {
        let sets = |of: fn(&Share) -> Vec<Interval>| shares.iter().map(of).collect::<Vec<_>>();
        let open = at_least(needed, &sets(|share| share.hours.clone()));
        let free = at_least(needed, &sets(Share::free));
        let unknown = subtract(&at_least(needed, &sets(Share::maybe)), &free);
        let busy = subtract(&open, &merge(&free, &unknown));
        let typed =
            normalise(shares.iter().filter(|share| share.typed).flat_map(|share| share.hours.clone()).collect());
        let real: Vec<Vec<Interval>> =
            shares.iter().filter(|share| share.has_hours(within)).map(|share| share.hours.clone()).collect();
        let frame = at_least(needed.min(real.len()).max(1), &real);
        Self { typed: intersect(&typed, &open), open, free, unknown, busy, frame }
    }
}

/// Where at least `needed` of the sets overlap. Each set must be normalised; so is the result.
pub fn at_least(needed: usize, sets: &[Vec<Interval>]) -> Vec<Interval> {
    let mut ends: Vec<_> = sets.iter().flatten().flat_map(|span| [(span.start(), 1i64), (span.end(), -1)]).collect();
    // At one instant arrivals come first: sets that touch there hand over without a gap.
    ends.sort_unstable_by_key(|(at, step)| (*at, -step));
    let needed = i64::try_from(needed.max(1)).unwrap_or(i64::MAX);
    let (mut count, mut since, mut spans) = (0, None, Vec::new());
    for (at, step) in ends {
        count += step;
        match since {
            None if count >= needed => since = Some(at),
            Some(start) if count < needed => {
                spans.extend(Interval::new(start, at));
                since = None;
            }
            _ => {}
        }
    }
    normalise(spans)
}

/// Minutes in all.
pub fn minutes(spans: &[Interval]) -> i64 {
    spans.iter().map(Interval::minutes).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{DateTime, TimeDelta};

    fn spans(ends: &[(i64, i64)]) -> Vec<Interval> {
        let at = |minute| DateTime::UNIX_EPOCH + TimeDelta::minutes(minute);
        ends.iter().map(|(start, end)| Interval::new(at(*start), at(*end)).unwrap()).collect()
    }

    fn share(hours: &[(i64, i64)], taken: &[(i64, i64)]) -> Share {
        Share { hours: spans(hours), taken: spans(taken), unknown: false, typed: false }
    }

    #[test]
    fn overlaps_are_counted() {
        let sets = [spans(&[(0, 10), (20, 30)]), spans(&[(5, 25)]), spans(&[(8, 9), (28, 40)])];
        assert_eq!(at_least(1, &sets), spans(&[(0, 40)]));
        assert_eq!(at_least(2, &sets), spans(&[(5, 10), (20, 25), (28, 30)]));
        assert_eq!(at_least(3, &sets), spans(&[(8, 9)]));
        assert_eq!(at_least(4, &sets), []);
        assert_eq!(at_least(2, &[spans(&[(0, 10)]), spans(&[(10, 20)])]), [], "touching is not overlapping");
    }

    #[test]
    fn unknown_is_neither_free_nor_busy() {
        let within = spans(&[(0, 1000)])[0];
        let known = share(&[(100, 200)], &[(120, 150)]);
        let kenji = Share { hours: vec![within], taken: Vec::new(), unknown: true, typed: false };
        let ground = Ground::new(&[known.clone(), kenji.clone()], 2, within);
        assert_eq!(ground.free, []);
        assert_eq!(ground.unknown, spans(&[(100, 120), (150, 200)]));
        assert_eq!(ground.busy, spans(&[(120, 150)]));
        assert_eq!(ground.frame, spans(&[(100, 200)]), "a day is not drawn whole because nothing is known of it");
        let either = Ground::new(&[known, kenji], 1, within);
        assert_eq!(either.free, spans(&[(100, 120), (150, 200)]), "one of two is enough");
    }

    #[test]
    fn typed_hours_count_where_the_others_work() {
        let within = spans(&[(0, 1000)])[0];
        let mut mia = share(&[(50, 150)], &[]);
        mia.typed = true;
        let ground = Ground::new(&[share(&[(100, 200)], &[]), mia], 2, within);
        assert_eq!((ground.open, ground.typed), (spans(&[(100, 150)]), spans(&[(100, 150)])));
    }
}
