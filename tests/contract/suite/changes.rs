//! What happens on a calendar without us, and that it is left as it is.

use chrono::Utc;
use convene::calendars::changes::{Changes, Cursor, Pushes};
use convene::calendars::{CalendarError, EventDraft, Ours, Placed};
use convene::scheduling::interval::Interval;

use super::super::{Stage, Stands, at, draft, span};
use super::{PRIMARY, cancel, found, placed, put};

/// The days around whatever the cases do.
fn window() -> Interval {
    span(at(0, 0) - chrono::TimeDelta::days(2), 5 * 24 * 60)
}

async fn read(stage: &dyn Stage, since: Option<&Cursor>) -> Result<Changes, CalendarError> {
    stage.calendar().changes(stage.token(), PRIMARY, since, window()).await
}

/// Reads on from a cursor, and moves it.
async fn told(stage: &dyn Stage, cursor: &mut Cursor) -> Vec<(String, bool)> {
    let changes = read(stage, Some(cursor)).await.expect("the calendar answers");
    assert!(!changes.is_complete, "only what changed: {changes:?}");
    *cursor = changes.cursor;
    sorted(changes.entries.into_iter().map(|one| (one.provider_id, one.is_gone)).collect())
}

fn sorted<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort();
    list
}

async fn first_cursor(stage: &dyn Stage) -> Cursor {
    read(stage, None).await.expect("the calendar answers").cursor
}

pub async fn what_changed_since_a_cursor_is_told_once(stage: &dyn Stage) {
    let mut cursor = first_cursor(stage).await;
    assert_eq!(told(stage, &mut cursor).await, []);
    let entry = stage.add_entry(Stands::Busy, span(at(8, 0), 60)).await;
    let draft = draft(stage, "told");
    let ours = placed(stage, &draft, None).await;
    let both = sorted(vec![(entry.clone(), false), (ours.provider_id.clone(), false)]);
    assert_eq!(told(stage, &mut cursor).await, both, "what a person made, and what we did");
    stage.move_by_hand(&ours, span(at(10, 0), 45)).await;
    assert_eq!(told(stage, &mut cursor).await, [(ours.provider_id.clone(), false)]);
    stage.remove_entry(&entry).await;
    assert_eq!(told(stage, &mut cursor).await, [(entry.clone(), true)]);
    stage.delete_by_hand(&draft, &ours).await;
    assert_eq!(told(stage, &mut cursor).await, [(ours.provider_id.clone(), true)]);
    assert_eq!(told(stage, &mut cursor).await, []);
}

/// What was read once may be read again: the answer to the first read may have been lost.
pub async fn an_older_cursor_is_as_good_as_it_was(stage: &dyn Stage) {
    let mut cursor = first_cursor(stage).await;
    let old = cursor.clone();
    let entry = stage.add_entry(Stands::Busy, span(at(8, 0), 60)).await;
    assert_eq!(told(stage, &mut cursor).await, [(entry.clone(), false)]);
    assert_eq!(told(stage, &mut old.clone()).await, [(entry.clone(), false)]);
    stage.remove_entry(&entry).await;
    assert_eq!(told(stage, &mut old.clone()).await, [(entry.clone(), true)]);
    assert_eq!(told(stage, &mut cursor).await, [(entry, true)]);
}

pub async fn our_own_writes_are_told_too(stage: &dyn Stage) {
    let mut draft = draft(stage, "own");
    let first = placed(stage, &draft, None).await;
    let mut cursor = first_cursor(stage).await;
    draft.span = span(at(16, 0), 45);
    let second = placed(stage, &draft, Some(&first)).await;
    assert_eq!(told(stage, &mut cursor).await, [(first.provider_id.clone(), false)]);
    cancel(stage, &draft, Some(&second)).await.expect("cancelled");
    assert_eq!(told(stage, &mut cursor).await, [(first.provider_id, true)]);
}

pub async fn an_answer_is_told(stage: &dyn Stage) {
    let draft = draft(stage, "answered");
    let ours = placed(stage, &draft, None).await;
    let mut cursor = first_cursor(stage).await;
    stage.answer(&draft, &ours, convene::calendars::Response::Declined).await;
    assert_eq!(told(stage, &mut cursor).await, [(ours.provider_id, false)]);
}

pub async fn a_full_read_lists_what_is_there(stage: &dyn Stage) {
    let entry = stage.add_entry(Stands::Busy, span(at(8, 0), 60)).await;
    let draft = draft(stage, "listed");
    let ours = placed(stage, &draft, None).await;
    let gone = EventDraft { uid: "gone@convene.example".into(), marker: "gone".into(), ..draft.clone() };
    let removed = placed(stage, &gone, None).await;
    stage.delete_by_hand(&gone, &removed).await;
    let changes = read(stage, None).await.expect("the calendar answers");
    assert!(changes.is_complete);
    let there = |id: &str| changes.entries.iter().filter(|one| one.provider_id == id && !one.is_gone).count();
    assert_eq!((there(&entry), there(&ours.provider_id), there(&removed.provider_id)), (1, 1, 0), "{changes:?}");
    assert!(changes.cursor.reaches.is_none_or(|end| end == window().end()), "{:?}", changes.cursor);
}

pub async fn a_forgotten_cursor_says_so(stage: &dyn Stage) {
    let old = first_cursor(stage).await;
    let ours = placed(stage, &draft(stage, "forgotten"), None).await;
    stage.forget_cursors().await;
    assert_eq!(read(stage, Some(&old)).await, Err(CalendarError::CursorGone));
    let all = read(stage, None).await.expect("everything is read anew");
    assert!(all.is_complete && all.entries.iter().any(|one| one.provider_id == ours.provider_id), "{all:?}");
    let mut cursor = all.cursor;
    let entry = stage.add_entry(Stands::Busy, span(at(8, 0), 60)).await;
    assert_eq!(told(stage, &mut cursor).await, [(entry, false)]);
}

pub async fn what_is_no_cursor_is_a_forgotten_one(stage: &dyn Stage) {
    read(stage, None).await.expect("the calendar answers");
    let nonsense = Cursor { text: "no cursor of yours".to_owned(), reaches: None };
    assert_eq!(read(stage, Some(&nonsense)).await, Err(CalendarError::CursorGone));
}

pub async fn what_a_person_moved_is_not_overwritten(stage: &dyn Stage) {
    let mut draft = draft(stage, "dragged");
    let first = placed(stage, &draft, None).await;
    assert_eq!(first.span, Some(draft.span));
    let (by_hand, wanted) = (span(at(10, 0), 45), span(at(16, 0), 45));
    stage.move_by_hand(&first, by_hand).await;
    let moved = Err(CalendarError::Moved(Some(by_hand)));
    assert_eq!(put(stage, &draft, Some(&first)).await, moved, "though nothing else is wanted than before");
    draft.sequence = 1;
    draft.span = wanted;
    assert_eq!(put(stage, &draft, Some(&first)).await, moved);
    let seen = found(stage, &draft, Some(&first)).await.expect("it stands there");
    assert_eq!((seen.span, seen.placed.span), (Some(by_hand), Some(by_hand)));
    // Who has seen where it is now may move it on.
    let known = Placed { span: Some(by_hand), ..first.clone() };
    let second = placed(stage, &draft, Some(&known)).await;
    assert_eq!((second.provider_id, second.span), (first.provider_id.clone(), Some(wanted)));
    assert_eq!(found(stage, &draft, Some(&first)).await.and_then(|event| event.span), Some(wanted));
    // Nor is there a quarrel with who moved it to where we want it.
    let third = placed(stage, &draft, Some(&known)).await;
    assert_eq!(third.span, Some(wanted));
}

pub async fn whole_days_a_person_made_are_not_overwritten(stage: &dyn Stage) {
    let mut draft = draft(stage, "whole-day");
    let first = placed(stage, &draft, None).await;
    stage.make_all_day_by_hand(&first).await;
    draft.span = span(at(16, 0), 45);
    assert_eq!(put(stage, &draft, Some(&first)).await, Err(CalendarError::Moved(None)));
    let seen = found(stage, &draft, Some(&first)).await.expect("it stands there");
    assert_eq!((seen.span, seen.placed.span), (None, None));
    // A receipt that knows of no time is not held against anybody.
    let second = placed(stage, &draft, Some(&Placed { span: None, ..first })).await;
    assert_eq!(found(stage, &draft, Some(&second)).await.and_then(|event| event.span), Some(draft.span));
}

/// The receipt is of the time before; what stands there is ours all the same.
pub async fn a_move_of_ours_whose_answer_was_lost_is_nobody_elses(stage: &dyn Stage) {
    let mut draft = draft(stage, "lost-and-moved");
    let first = placed(stage, &draft, None).await;
    for (sequence, hour) in [(1, 16), (2, 18)] {
        (draft.sequence, draft.span) = (sequence, span(at(hour, 0), 45));
        stage.lose_the_next_answer().await;
        let outcome = put(stage, &draft, Some(&first)).await;
        assert!(matches!(outcome, Err(CalendarError::UnknownOutcome(_))), "{outcome:?}");
    }
    (draft.sequence, draft.span) = (3, span(at(20, 0), 45));
    placed(stage, &draft, Some(&first)).await;
    assert_eq!(found(stage, &draft, Some(&first)).await.and_then(|event| event.span), Some(draft.span));
}

pub async fn what_is_ours_is_found_without_knowing_it(stage: &dyn Stage) {
    let ours = async |window| {
        let ours = stage.calendar().ours(stage.token(), PRIMARY, window).await.expect("the calendar answers");
        let mut ours: Vec<_> = ours.into_iter().filter(|one| !one.cancelled).collect();
        ours.sort_by(|one, other| one.marker.cmp(&other.marker));
        ours
    };
    stage.add_entry(Stands::Busy, span(at(8, 0), 60)).await;
    let one = draft(stage, "one");
    let two = EventDraft { attendees: Vec::new(), span: span(at(16, 0), 45), ..draft(stage, "two") };
    let (first, second) = (placed(stage, &one, None).await, placed(stage, &two, None).await);
    let cancelled = draft(stage, "three");
    let third = placed(stage, &cancelled, None).await;
    cancel(stage, &cancelled, Some(&third)).await.expect("cancelled");
    let as_told = |placed: &Placed, marker: &str, span| Ours {
        provider_id: placed.provider_id.clone(),
        marker: marker.to_owned(),
        span,
        cancelled: false,
    };
    let both = [as_told(&first, "one", Some(one.span)), as_told(&second, "two", Some(two.span))];
    assert_eq!(ours(window()).await, both);
    assert_eq!(ours(span(at(15, 30), 45)).await, both[1..]);
    let by_hand = span(at(10, 0), 45);
    stage.move_by_hand(&second, by_hand).await;
    assert_eq!(ours(window()).await, [both[0].clone(), as_told(&second, "two", Some(by_hand))]);
    stage.make_all_day_by_hand(&second).await;
    assert_eq!(ours(window()).await, [both[0].clone(), as_told(&second, "two", None)]);
    stage.delete_by_hand(&two, &second).await;
    assert_eq!(ours(window()).await, both[..1]);
}

pub async fn changes_are_pushed_until_nobody_watches(stage: &dyn Stage) {
    let calendar = stage.calendar();
    let (Some(first), Some(second)) = (stage.hook(), stage.hook()) else {
        assert_eq!(calendar.pushes(), Pushes::Never);
        return;
    };
    assert_ne!(calendar.pushes(), Pushes::Never);
    let watch = async |hook| calendar.watch(stage.token(), PRIMARY, hook).await.expect("watched");
    let (one, two) = (watch(&first).await, watch(&second).await);
    assert!(one.expires_at > Utc::now() && one.id != two.id, "{one:?} {two:?}");
    let entry = stage.add_entry(Stands::Busy, span(at(8, 0), 60)).await;
    stage.pushed(&first, 1).await;
    let so_far = stage.pushed(&second, 1).await;
    calendar.unwatch(stage.token(), &one).await.expect("stopped");
    calendar.unwatch(stage.token(), &one).await.expect("stopped before, which is no error");
    let before = stage.pushed(&first, 0).await;
    stage.remove_entry(&entry).await;
    stage.pushed(&second, so_far + 1).await;
    assert_eq!(stage.pushed(&first, 0).await, before, "nothing more is pushed there");
    calendar.unwatch(stage.token(), &two).await.expect("stopped");
}

pub async fn a_subscription_is_made_longer_or_replaced(stage: &dyn Stage) {
    let calendar = stage.calendar();
    let Some(hook) = stage.hook() else { return };
    let watching = calendar.watch(stage.token(), PRIMARY, &hook).await.expect("watched");
    let renewed = calendar.renew(stage.token(), &watching).await;
    if calendar.pushes() == Pushes::Replaced {
        assert!(matches!(renewed, Err(CalendarError::Rejected(_))), "{renewed:?}");
        return;
    }
    let renewed = renewed.expect("renewed");
    assert_eq!((&renewed.id, &renewed.resource), (&watching.id, &watching.resource));
    assert!(renewed.expires_at >= watching.expires_at);
    let entry = stage.add_entry(Stands::Busy, span(at(8, 0), 60)).await;
    stage.pushed(&hook, 1).await;
    calendar.unwatch(stage.token(), &renewed).await.expect("stopped");
    assert_eq!(calendar.renew(stage.token(), &renewed).await, Err(CalendarError::Gone));
    stage.remove_entry(&entry).await;
}

pub async fn a_dead_sign_in_tells_and_pushes_nothing(stage: &dyn Stage) {
    let (cursor, hook) = (first_cursor(stage).await, stage.hook());
    stage.kill_the_sign_in().await;
    assert_eq!(read(stage, None).await, Err(CalendarError::SignInExpired));
    assert_eq!(read(stage, Some(&cursor)).await, Err(CalendarError::SignInExpired), "and not that it forgot");
    let ours = stage.calendar().ours(stage.token(), PRIMARY, window()).await;
    assert_eq!(ours, Err(CalendarError::SignInExpired));
    if let Some(hook) = hook {
        let watching = stage.calendar().watch(stage.token(), PRIMARY, &hook).await;
        assert_eq!(watching, Err(CalendarError::SignInExpired));
    }
}

pub async fn a_calendar_that_is_not_there_has_no_changes(stage: &dyn Stage) {
    let nobodys = "AQMkADAwATM0nobody-knows-this-one";
    let changes = stage.calendar().changes(stage.token(), nobodys, None, window()).await;
    assert!(matches!(changes, Err(CalendarError::Gone | CalendarError::Rejected(_))), "{changes:?}");
    let ours = stage.calendar().ours(stage.token(), nobodys, window()).await;
    assert!(matches!(ours, Err(CalendarError::Gone | CalendarError::Rejected(_))), "{ours:?}");
}
