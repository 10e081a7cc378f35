//! Pure: whether something but the interview itself is in somebody's way, where their calendar tells busy times and not whose.
//!
//! What a newcomer would get wrong: the interview stands in the calendar at its new time already, so that time is busy; and
//! calendars join what touches, so that one busy stretch may be the interview with the meeting after it, or that meeting alone. What
//! was read before the interview moved tells the two apart, and so does what was found out at an earlier look, whose reading took the
//! place of the one before. Where there is neither, a stretch that is more than the interview is unclear, never free; one that is
//! the interview and nothing else is taken for it. What came into the calendar after the last reading, and lies wholly behind the
//! interview, cannot be seen.

use crate::{
    booking::difference::Because,
    scheduling::interval::{Interval, intersect, normalise, subtract},
};

/// Where somebody's calendar shows the interview.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// They are not invited, or declined.
    Nowhere,
    /// Where it was, if at all.
    Before,
    /// Where it was, or where it is now.
    AtBoth,
}

/// What was read last, before it was read now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading<'a> {
    pub busy: &'a [Interval],
    /// The interview certainly stood where it was.
    pub is_of_then: bool,
}

/// What is known of busy times around the new time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Views<'a> {
    pub now: &'a [Interval],
    pub before: Option<Reading<'a>>,
    /// What was found in their way at an earlier look at the same.
    pub found: Option<Because>,
}

/// What is in the way of an interview that `was` at these times and is to be at another.
pub(super) fn in_the_way(views: Views<'_>, to: Interval, was: &[Interval], shown: Shown) -> Option<Because> {
    let was = if shown == Shown::Nowhere { Vec::new() } else { normalise(was.to_vec()) };
    let new = subtract(&[to], &was);
    let others = |busy: &[Interval]| intersect(&subtract(busy, &was), &[to]);
    let now = others(views.now);
    if now.is_empty() {
        return None;
    }
    // The interview would take all of it.
    if shown != Shown::AtBoth || now != new {
        return Some(Because::Busy);
    }
    if let Some(Reading { busy, is_of_then }) = views.before {
        let before = others(busy);
        // Not all of it was taken, so the interview was not there yet.
        if is_of_then || before != new {
            return (!before.is_empty()).then_some(Because::Busy);
        }
    }
    if views.found.is_some() {
        return views.found;
    }
    let stretches = views.now.iter().filter(|stretch| stretch.overlaps(&to)).copied().collect::<Vec<_>>();
    let more = subtract(&subtract(&stretches, &was), &[to]);
    (!more.is_empty()).then_some(Because::Unclear)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::*;

    /// Minutes of a day.
    fn span(from: i64, until: i64) -> Interval {
        let at = |minute: i64| DateTime::UNIX_EPOCH + TimeDelta::minutes(minute);
        Interval::new(at(from), at(until)).unwrap()
    }

    /// The interview was from 0 to 45 and is from 600 to 645.
    fn verdict(now: &[Interval], before: Option<&[Interval]>, shown: Shown) -> Option<Because> {
        let before = before.map(|busy| Reading { busy, is_of_then: true });
        in_the_way(Views { now, before, found: None }, span(600, 645), &[span(0, 45)], shown)
    }

    #[test]
    fn the_interview_itself_is_in_nobodys_way() {
        use Shown::{AtBoth, Before};
        let (old, new) = (span(0, 45), span(600, 645));
        for now in [vec![], vec![old], vec![new], vec![old, new], vec![span(500, 600), span(700, 800)]] {
            assert_eq!(verdict(&now, None, AtBoth), None, "{now:?}");
        }
        assert_eq!(verdict(&[old], None, Before), None);
        // With the meeting before it, which was there alone when the calendar was read last.
        assert_eq!(verdict(&[span(560, 645)], Some(&[old, span(560, 600)]), AtBoth), None);
    }

    #[test]
    fn what_was_there_before_it_is() {
        use Shown::{AtBoth, Before, Nowhere};
        for now in [span(600, 615), span(630, 700), span(610, 620)] {
            assert_eq!(
                verdict(&[now], None, AtBoth),
                Some(Because::Busy),
                "the interview would take all of it: {now:?}"
            );
        }
        let new = span(600, 645);
        assert_eq!(
            verdict(&[new], Some(&[span(615, 630)]), AtBoth),
            Some(Because::Busy),
            "hidden behind the interview"
        );
        assert_eq!(verdict(&[new], Some(&[]), AtBoth), None);
        assert_eq!(verdict(&[new], None, Before), Some(Because::Busy), "nobody told that calendar of the new time");
        assert_eq!(verdict(&[new], Some(&[]), Nowhere), Some(Because::Busy), "they are not invited");
    }

    #[test]
    fn a_reading_that_may_be_of_after_the_move_tells_only_where_it_shows_that_it_is_not() {
        let new = span(600, 645);
        let verdict = |before: &[Interval], found: Option<Because>| {
            let before = Some(Reading { busy: before, is_of_then: false });
            in_the_way(Views { now: &[new], before, found }, new, &[span(0, 45)], Shown::AtBoth)
        };
        assert_eq!(verdict(&[span(615, 630)], None), Some(Because::Busy), "the interview was not there yet");
        assert_eq!(verdict(&[], None), None);
        assert_eq!(verdict(&[new], None), None, "it may be the interview, and there is nothing else");
        assert_eq!(verdict(&[new], Some(Because::Busy)), Some(Because::Busy), "which an earlier look had told apart");
        assert_eq!(verdict(&[], Some(Because::Busy)), None);
    }

    #[test]
    fn what_cannot_be_told_apart_is_unclear() {
        for now in [span(600, 660), span(590, 645), span(500, 700)] {
            assert_eq!(verdict(&[now], None, Shown::AtBoth), Some(Because::Unclear), "{now:?}");
        }
    }

    #[test]
    fn a_move_by_a_quarter_of_an_hour_meets_where_it_was() {
        let (old, new) = (span(0, 45), span(15, 60));
        let verdict = |now: &[Interval], before: Option<&[Interval]>| {
            let before = before.map(|busy| Reading { busy, is_of_then: true });
            in_the_way(Views { now, before, found: None }, new, &[old], Shown::AtBoth)
        };
        assert_eq!(verdict(&[old], None), None, "its calendar does not know yet");
        assert_eq!(verdict(&[new], None), None);
        assert_eq!(verdict(&[span(0, 60)], None), None, "both");
        assert_eq!(verdict(&[span(0, 50)], None), Some(Because::Busy), "something is there from the 45th minute on");
        assert_eq!(verdict(&[span(15, 75)], None), Some(Because::Unclear));
        assert_eq!(verdict(&[span(15, 75)], Some(&[old, span(60, 75)])), None);
        assert_eq!(verdict(&[span(15, 75)], Some(&[span(0, 75)])), Some(Because::Busy));
    }
}
