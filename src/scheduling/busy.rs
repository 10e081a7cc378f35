//! What is known of somebody's calendar. Only the two cases live here; what they mean for a slot is
//! [`super::slots`]' business, and what an entry is about is nobody's.

use super::interval::{self, Interval};

/// When somebody is taken, or that nobody knows. Unknown is never free.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Busy {
    /// Taken within these spans and nowhere else. Any order, overlaps welcome.
    Known(Vec<Interval>),
    /// A calendar did not answer, or nobody said anything.
    Unknown,
}

impl Busy {
    /// Known, and nothing in it.
    pub fn nothing() -> Self {
        Self::Known(Vec::new())
    }

    /// Whether there is an answer at all.
    pub fn is_known(&self) -> bool {
        matches!(self, Self::Known(_))
    }

    /// What several calendars of one person say together. One that did not answer makes the whole unknown, and so does
    /// having none: nobody said anything.
    pub fn join(calendars: impl IntoIterator<Item = Self>) -> Self {
        let mut calendars = calendars.into_iter();
        let Some(mut whole) = calendars.next() else { return Self::Unknown };
        for calendar in calendars {
            whole = match (whole, calendar) {
                (Self::Known(mut spans), Self::Known(more)) => {
                    spans.extend(more);
                    Self::Known(spans)
                }
                _ => Self::Unknown,
            };
        }
        whole
    }

    /// The spans within `within`, normalised; `None` if unknown.
    pub fn within(&self, within: Interval) -> Option<Vec<Interval>> {
        match self {
            Self::Known(spans) => {
                let cut = spans.iter().filter_map(|span| span.intersection(&within)).collect();
                Some(interval::normalise(cut))
            }
            Self::Unknown => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{DateTime, TimeDelta};

    fn span(start: i64, end: i64) -> Interval {
        let at = |minute| DateTime::UNIX_EPOCH + TimeDelta::minutes(minute);
        Interval::new(at(start), at(end)).expect("a real span")
    }

    #[test]
    fn one_silent_calendar_makes_the_person_unknown() {
        let known = || Busy::Known(vec![span(0, 10)]);
        assert_eq!(Busy::join([]), Busy::Unknown);
        assert_eq!(Busy::join([known(), Busy::Unknown, known()]), Busy::Unknown);
        assert_eq!(Busy::join([known(), Busy::nothing()]), known());
        assert_eq!(Busy::Unknown.within(span(0, 10)), None);
        assert_eq!(Busy::join([known(), Busy::Known(vec![span(5, 30)])]).within(span(2, 20)), Some(vec![span(2, 20)]));
    }
}
