//! Half-open spans of time, `[start, end)`, and the arithmetic of sorted lists of them.
//!
//! Here live the span itself and union, subtraction and intersection. Wall-clock time does not: it becomes
//! instants in [`super::hours`], and only there. What a newcomer would get wrong: two spans that merely touch do not
//! overlap, yet [`normalise`] joins them, because a slot may lie across the seam.

use super::strict::Object;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A span of time `[start, end)` in UTC that is never empty and never backwards.
///
/// ```
/// # use chrono::{TimeZone, Utc};
/// # use convene::scheduling::interval::Interval;
/// let nine = Utc.with_ymd_and_hms(2027, 3, 8, 9, 0, 0).unwrap();
/// let ten = Utc.with_ymd_and_hms(2027, 3, 8, 10, 0, 0).unwrap();
/// assert_eq!(Interval::new(nine, ten).unwrap().minutes(), 60);
/// assert!(Interval::new(nine, nine).is_none());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Object<Ends>")]
pub struct Interval {
    start: DateTime<Utc>,
    end: DateTime<Utc>,
}

/// What is on the wire before the order of the ends has been looked at.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ends {
    start: DateTime<Utc>,
    end: DateTime<Utc>,
}

/// The end of a span is not after its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the end must be after the start")]
pub struct EndNotAfterStart;

impl TryFrom<Object<Ends>> for Interval {
    type Error = EndNotAfterStart;

    fn try_from(Object(ends): Object<Ends>) -> Result<Self, EndNotAfterStart> {
        Self::new(ends.start, ends.end).ok_or(EndNotAfterStart)
    }
}

impl Interval {
    /// The span from `start` up to, and without, `end`; `None` if that is nothing.
    pub fn new(start: DateTime<Utc>, end: DateTime<Utc>) -> Option<Self> {
        (start < end).then_some(Self { start, end })
    }

    /// The first instant inside.
    pub fn start(&self) -> DateTime<Utc> {
        self.start
    }

    /// The first instant no longer inside.
    pub fn end(&self) -> DateTime<Utc> {
        self.end
    }

    /// Whether the two share an instant. Spans that touch do not.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// Whether all of `other` lies inside.
    pub fn contains(&self, other: &Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// Whether the instant lies inside; the end does not.
    pub fn contains_instant(&self, instant: DateTime<Utc>) -> bool {
        self.start <= instant && instant < self.end
    }

    /// Length in whole minutes, rounded down.
    pub fn minutes(&self) -> i64 {
        (self.end - self.start).num_minutes()
    }

    /// What the two have in common.
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        Self::new(self.start.max(other.start), self.end.min(other.end))
    }
}

/// Sorts, and joins spans that overlap or touch: the result is sorted and disjoint, with gaps between.
pub fn normalise(mut spans: Vec<Interval>) -> Vec<Interval> {
    if !spans.is_sorted() {
        spans.sort_unstable();
    }
    spans.dedup_by(|next, kept| {
        let joins = next.start <= kept.end;
        if joins {
            kept.end = kept.end.max(next.end);
        }
        joins
    });
    spans
}

/// The union of two lists in any order, normalised.
pub fn merge(left: &[Interval], right: &[Interval]) -> Vec<Interval> {
    normalise([left, right].concat())
}

/// What is left of `spans` without `holes`. Both must be normalised, the result is.
pub fn subtract(spans: &[Interval], holes: &[Interval]) -> Vec<Interval> {
    let mut left = Vec::with_capacity(spans.len());
    let mut first = 0;
    for span in spans {
        // A hole that ends before this span cannot meet a later one.
        while holes.get(first).is_some_and(|hole| hole.end <= span.start) {
            first += 1;
        }
        let mut from = span.start;
        for hole in holes[first..].iter().take_while(|hole| hole.start < span.end) {
            left.extend(Interval::new(from, hole.start));
            from = hole.end;
        }
        left.extend(Interval::new(from, span.end));
    }
    left
}

/// What two normalised lists have in common, normalised.
pub fn intersect(left: &[Interval], right: &[Interval]) -> Vec<Interval> {
    let mut common = Vec::new();
    let (mut i, mut j) = (0, 0);
    while let (Some(a), Some(b)) = (left.get(i), right.get(j)) {
        common.extend(a.intersection(b));
        if a.end <= b.end {
            i += 1;
        } else {
            j += 1;
        }
    }
    common
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use proptest::prelude::*;

    fn span(start: i64, end: i64) -> Interval {
        let at = |minute| DateTime::UNIX_EPOCH + TimeDelta::minutes(minute);
        Interval::new(at(start), at(end)).expect("the tables hold only real spans")
    }

    fn spans(ends: &[(i64, i64)]) -> Vec<Interval> {
        ends.iter().map(|&(start, end)| span(start, end)).collect()
    }

    #[test]
    fn an_empty_or_backward_span_does_not_exist() {
        let at = |minute| DateTime::UNIX_EPOCH + TimeDelta::minutes(minute);
        assert_eq!(Interval::new(at(5), at(5)), None);
        assert_eq!(Interval::new(at(6), at(5)), None);
        let backward = r#"{"start":"2027-03-08T10:00:00Z","end":"2027-03-08T09:00:00Z"}"#;
        let error = serde_json::from_str::<Interval>(backward).unwrap_err();
        assert!(error.to_string().contains("the end must be after the start"), "{error}");
    }

    #[test]
    fn spans_that_touch_do_not_overlap_but_are_joined() {
        assert!(!span(0, 10).overlaps(&span(10, 20)));
        assert!(span(0, 11).overlaps(&span(10, 20)));
        assert!(!span(0, 10).contains_instant(span(10, 20).start()));
        assert_eq!(normalise(spans(&[(10, 20), (0, 10), (30, 40), (32, 35)])), spans(&[(0, 20), (30, 40)]));
    }

    #[test]
    fn subtraction_cuts_nibbles_and_swallows() {
        let day = spans(&[(0, 100), (200, 300)]);
        type Ends = &'static [(i64, i64)];
        let cases: [(Ends, Ends); 5] = [
            (&[], &[(0, 100), (200, 300)]),
            (&[(10, 20)], &[(0, 10), (20, 100), (200, 300)]),
            (&[(90, 210)], &[(0, 90), (210, 300)]),
            (&[(0, 300)], &[]),
            (&[(100, 200)], &[(0, 100), (200, 300)]),
        ];
        for (holes, want) in cases {
            assert_eq!(subtract(&day, &spans(holes)), spans(want), "without {holes:?}");
        }
    }

    proptest! {
        /// What was cut out and what is left make the whole again, and share nothing.
        #[test]
        fn the_parts_make_the_whole(
            whole in prop::collection::vec((0i64..200, 1i64..40), 0..12),
            cut in prop::collection::vec((0i64..200, 1i64..40), 0..12),
        ) {
            let list = |raw: Vec<(i64, i64)>| normalise(raw.into_iter().map(|(at, len)| span(at, at + len)).collect());
            let (whole, cut) = (list(whole), list(cut));
            let (left, out) = (subtract(&whole, &cut), intersect(&whole, &cut));
            prop_assert!(whole.windows(2).all(|pair| pair[0].end() < pair[1].start()));
            prop_assert_eq!(merge(&left, &out), whole);
            prop_assert!(intersect(&left, &cut).is_empty());
            prop_assert_eq!(&normalise(left.clone()), &left);
        }
    }
}
