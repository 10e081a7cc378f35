//! What every client promises. Each case gets a fresh stage.

mod changes;

use std::time::Duration;

use chrono::TimeDelta;
use convene::calendars::{Account, Alert, CalendarError, EventDraft, Placed, RemoteEvent, Removal, Response};
use convene::scheduling::interval::Interval;

pub use self::changes::*;
use super::{Mails, Stage, Stands, at, draft, invited, span};

const PRIMARY: &str = "primary";

async fn put(stage: &dyn Stage, draft: &EventDraft, last: Option<&Placed>) -> Result<Placed, CalendarError> {
    stage.calendar().put(stage.token(), PRIMARY, draft, last).await
}

async fn placed(stage: &dyn Stage, draft: &EventDraft, last: Option<&Placed>) -> Placed {
    put(stage, draft, last).await.expect("the event is placed")
}

async fn cancel(stage: &dyn Stage, draft: &EventDraft, last: Option<&Placed>) -> Result<Removal, CalendarError> {
    stage.calendar().cancel(stage.token(), PRIMARY, draft, last, "The interview is off.").await
}

/// What stands there and is not cancelled.
async fn found(stage: &dyn Stage, draft: &EventDraft, last: Option<&Placed>) -> Option<RemoteEvent> {
    let found = stage.calendar().find(stage.token(), PRIMARY, draft, last).await.expect("the calendar answers");
    found.filter(|event| !event.cancelled)
}

async fn busy(stage: &dyn Stage, window: Interval) -> Vec<Interval> {
    stage.calendar().busy(stage.token(), stage.account(), &[], window).await.expect("the calendar answers")
}

pub async fn put_twice_is_one_event_and_one_mail(stage: &dyn Stage) {
    let draft = draft(stage, "twice");
    let first = placed(stage, &draft, None).await;
    let again = placed(stage, &draft, None).await;
    let update = placed(stage, &draft, Some(&first)).await;
    assert_eq!((&again.provider_id, &update.provider_id), (&first.provider_id, &first.provider_id));
    assert_eq!((&again.etag, &update.etag), (&first.etag, &first.etag), "there was nothing to change");
    assert_eq!(stage.live_events(&draft).await, 1);
    assert_eq!(stage.mails(&draft).await, stage.told(1, 0));
}

pub async fn two_puts_at_once_are_one_event(stage: &dyn Stage) {
    let draft = draft(stage, "at-once");
    let (one, two) = tokio::join!(put(stage, &draft, None), put(stage, &draft, None));
    let ids: Vec<_> = [one, two].into_iter().map(|one| one.expect("placed").provider_id).collect();
    assert_eq!(ids[0], ids[1]);
    assert_eq!(stage.live_events(&draft).await, 1);
}

pub async fn a_lost_answer_is_found_again(stage: &dyn Stage) {
    let draft = draft(stage, "lost");
    stage.lose_the_next_answer().await;
    let outcome = put(stage, &draft, None).await;
    assert!(matches!(outcome, Err(CalendarError::UnknownOutcome(_))), "{outcome:?}");
    assert_eq!(found(stage, &draft, None).await.and_then(|event| event.span), Some(draft.span));
    placed(stage, &draft, None).await;
    assert_eq!(stage.live_events(&draft).await, 1);
    assert_eq!(stage.mails(&draft).await, stage.told(1, 0));
}

pub async fn a_lost_answer_to_a_move_is_found_again(stage: &dyn Stage) {
    let mut draft = draft(stage, "lost-move");
    let first = placed(stage, &draft, None).await;
    draft.span = span(at(16, 0), 45);
    draft.sequence = 1;
    stage.lose_the_next_answer().await;
    let outcome = put(stage, &draft, Some(&first)).await;
    assert!(matches!(outcome, Err(CalendarError::UnknownOutcome(_))), "{outcome:?}");
    placed(stage, &draft, Some(&first)).await;
    assert_eq!(found(stage, &draft, Some(&first)).await.and_then(|event| event.span), Some(draft.span));
    assert_eq!(stage.mails(&draft).await, stage.told(2, 0), "one invitation, one update");
}

pub async fn a_refused_write_changes_nothing(stage: &dyn Stage) {
    let draft = draft(stage, "refused");
    stage.refuse_the_next_write().await;
    let error = put(stage, &draft, None).await.expect_err("the write is refused");
    assert!(error.is_retryable(), "{error:?}");
    assert_eq!(stage.live_events(&draft).await, 0);
    placed(stage, &draft, None).await;
    assert_eq!(stage.live_events(&draft).await, 1);
}

pub async fn an_update_moves_the_same_event(stage: &dyn Stage) {
    let mut draft = draft(stage, "moved");
    let first = placed(stage, &draft, None).await;
    let before = draft.span;
    draft.span = span(at(17, 30), 60);
    draft.description = "It is later now.".to_owned();
    draft.sequence = 1;
    let second = placed(stage, &draft, Some(&first)).await;
    assert_eq!(second.provider_id, first.provider_id);
    assert_ne!(second.etag, first.etag);
    assert_eq!(found(stage, &draft, Some(&second)).await.and_then(|event| event.span), Some(draft.span));
    assert_eq!(found(stage, &draft, None).await.and_then(|event| event.span), Some(draft.span));
    assert_eq!(stage.live_events(&draft).await, 1);
    assert_eq!(busy(stage, before).await, []);
    assert_eq!(busy(stage, draft.span).await, [draft.span]);
    assert_eq!(stage.mails(&draft).await, stage.told(2, 0));
}

pub async fn an_update_changes_the_guests(stage: &dyn Stage) {
    let mut draft = draft(stage, "guests");
    draft.attendees = vec![invited("sam.reed@candidate.example")];
    let first = placed(stage, &draft, None).await;
    draft.attendees.push(invited(stage.guest()));
    let second = placed(stage, &draft, Some(&first)).await;
    let guests = |event: Option<RemoteEvent>| {
        let mut guests: Vec<_> =
            event.expect("it stands there").attendees.into_iter().map(|(email, _)| email.to_lowercase()).collect();
        guests.sort();
        guests
    };
    let mut both = vec![stage.guest().to_owned(), "sam.reed@candidate.example".to_owned()];
    both.sort();
    assert_eq!(guests(found(stage, &draft, Some(&second)).await), both);
    draft.attendees.retain(|attendee| attendee.email == stage.guest());
    let third = placed(stage, &draft, Some(&second)).await;
    assert_eq!(guests(found(stage, &draft, Some(&third)).await), [stage.guest()]);
}

pub async fn who_comes_is_invited_and_who_leaves_is_told(stage: &dyn Stage) {
    let mut draft = draft(stage, "swapped");
    draft.attendees = vec![invited("sam.reed@candidate.example")];
    let first = placed(stage, &draft, None).await;
    assert_eq!(stage.mails(&draft).await, Mails::default(), "not invited yet");
    draft.attendees.push(invited(stage.guest()));
    let second = placed(stage, &draft, Some(&first)).await;
    assert_eq!(second.provider_id, first.provider_id);
    assert_eq!(stage.mails(&draft).await, stage.told(1, 0));
    draft.attendees.retain(|attendee| attendee.email != stage.guest());
    let third = placed(stage, &draft, Some(&second)).await;
    assert_eq!(third.provider_id, first.provider_id);
    assert_eq!(stage.mails(&draft).await, stage.told(1, 1));
    assert_eq!(stage.live_events(&draft).await, 1, "the others keep it");
}

pub async fn answers_are_read_and_survive_an_update(stage: &dyn Stage) {
    let mut draft = draft(stage, "answers");
    let answer = |event: Option<RemoteEvent>| {
        let event = event.expect("it stands there");
        event
            .attendees
            .into_iter()
            .find(|(email, _)| email.eq_ignore_ascii_case(stage.guest()))
            .map(|(_, answer)| answer)
    };
    let first = placed(stage, &draft, None).await;
    assert_eq!(answer(found(stage, &draft, Some(&first)).await), Some(Response::NeedsAction));
    stage.answer(&draft, &first, Response::Accepted).await;
    assert_eq!(answer(found(stage, &draft, Some(&first)).await), Some(Response::Accepted));
    draft.description = "Bring two laptops.".to_owned();
    draft.attendees.push(invited("sam.reed@candidate.example"));
    let second = placed(stage, &draft, Some(&first)).await;
    assert_eq!(answer(found(stage, &draft, Some(&second)).await), Some(Response::Accepted));
    stage.answer(&draft, &first, Response::Declined).await;
    assert_eq!(answer(found(stage, &draft, Some(&second)).await), Some(Response::Declined));
}

pub async fn cancel_twice_is_one_cancellation(stage: &dyn Stage) {
    let draft = draft(stage, "cancelled");
    let first = placed(stage, &draft, None).await;
    assert_eq!(cancel(stage, &draft, Some(&first)).await, Ok(Removal::Removed));
    assert_eq!(cancel(stage, &draft, Some(&first)).await, Ok(Removal::Removed));
    assert!(cancel(stage, &draft, None).await.is_ok());
    assert_eq!(found(stage, &draft, Some(&first)).await, None);
    assert_eq!(stage.live_events(&draft).await, 0);
    assert_eq!(busy(stage, draft.span).await, []);
    assert_eq!(stage.mails(&draft).await, stage.told(1, 1));
}

pub async fn cancelling_what_never_was_is_done(stage: &dyn Stage) {
    let draft = draft(stage, "never");
    assert_eq!(cancel(stage, &draft, None).await, Ok(Removal::NotThere));
    assert_eq!(stage.mails(&draft).await, Mails::default());
}

pub async fn what_was_placed_unseen_is_found_and_removed(stage: &dyn Stage) {
    let draft = draft(stage, "unseen");
    stage.lose_the_next_answer().await;
    let outcome = put(stage, &draft, None).await;
    assert!(matches!(outcome, Err(CalendarError::UnknownOutcome(_))), "{outcome:?}");
    let removal = match cancel(stage, &draft, None).await {
        // In memory one answer of each kind of write is lost.
        Err(CalendarError::UnknownOutcome(_)) => cancel(stage, &draft, None).await,
        removal => removal,
    };
    assert_eq!(removal, Ok(Removal::Removed));
    assert_eq!(stage.live_events(&draft).await, 0);
}

pub async fn a_lost_answer_to_a_cancellation_is_no_trouble(stage: &dyn Stage) {
    let draft = draft(stage, "lost-cancel");
    let first = placed(stage, &draft, None).await;
    stage.lose_the_next_answer().await;
    let outcome = cancel(stage, &draft, Some(&first)).await;
    assert!(matches!(outcome, Err(CalendarError::UnknownOutcome(_))), "{outcome:?}");
    assert_eq!(cancel(stage, &draft, Some(&first)).await, Ok(Removal::Removed));
    assert_eq!(stage.live_events(&draft).await, 0);
    assert_eq!(stage.mails(&draft).await, stage.told(1, 1));
}

pub async fn what_a_person_deleted_is_gone(stage: &dyn Stage) {
    let mut draft = draft(stage, "deleted");
    let first = placed(stage, &draft, None).await;
    stage.delete_by_hand(&draft, &first).await;
    draft.span = span(at(18, 0), 45);
    assert_eq!(put(stage, &draft, Some(&first)).await, Err(CalendarError::Gone));
    assert_eq!(stage.live_events(&draft).await, 0);
    assert_eq!(cancel(stage, &draft, Some(&first)).await, Ok(Removal::Removed));
}

pub async fn the_next_generation_is_placed_afresh(stage: &dyn Stage) {
    let mut draft = draft(stage, "again");
    let first = placed(stage, &draft, None).await;
    assert_eq!(cancel(stage, &draft, Some(&first)).await, Ok(Removal::Removed));
    draft.generation += 1;
    draft.sequence += 2;
    let second = placed(stage, &draft, None).await;
    assert_ne!(second.provider_id, first.provider_id);
    assert_eq!(stage.live_events(&draft).await, 1);
    assert_eq!(found(stage, &draft, None).await.map(|event| event.placed.provider_id), Some(second.provider_id));
}

pub async fn nobody_is_mailed_unless_asked(stage: &dyn Stage) {
    let mut draft = draft(stage, "silent");
    draft.notify = false;
    let first = placed(stage, &draft, None).await;
    draft.span = span(at(19, 0), 30);
    let second = placed(stage, &draft, Some(&first)).await;
    assert_eq!(cancel(stage, &draft, Some(&second)).await, Ok(Removal::Removed));
    assert_eq!(stage.live_events(&draft).await, 0);
    assert_eq!(stage.mails(&draft).await, Mails::default());
}

pub async fn a_video_meeting_survives_new_words(stage: &dyn Stage) {
    let mut draft = draft(stage, "video");
    draft.video = true;
    let first = placed(stage, &draft, None).await;
    let link = async |draft: &EventDraft, placed: &Placed| {
        let event = found(stage, draft, Some(placed)).await.expect("it stands there");
        event.placed.join_url
    };
    let before = link(&draft, &first).await;
    assert_eq!(before.is_some(), stage.offers_video());
    assert_eq!(first.join_url, before, "the receipt has it already");
    draft.description = "Other words <with> signs & more.".to_owned();
    draft.sequence = 1;
    let second = placed(stage, &draft, Some(&first)).await;
    assert_eq!(link(&draft, &second).await, before);
    let third = placed(stage, &draft, Some(&second)).await;
    assert_eq!(third.etag, second.etag, "nothing was left to change");
}

pub async fn an_alert_is_what_was_asked_for(stage: &dyn Stage) {
    for (index, alert) in [Alert::Usual, Alert::Silent, Alert::Before(0), Alert::Before(1440)].into_iter().enumerate() {
        let draft = EventDraft { alert, ..draft(stage, &format!("alert-{index}")) };
        let placed = placed(stage, &draft, None).await;
        assert_eq!(stage.alert(&placed).await, alert);
    }
}

pub async fn another_alert_goes_along_with_the_next_change(stage: &dyn Stage) {
    let mut draft = draft(stage, "alert");
    let mut last = placed(stage, &draft, None).await;
    for (hour, alert) in [(15, Alert::Before(30)), (16, Alert::Silent), (17, Alert::Before(60)), (18, Alert::Usual)] {
        let before = stage.alert(&last).await;
        draft.alert = alert;
        let same = placed(stage, &draft, Some(&last)).await;
        assert_eq!(same.etag, last.etag, "{alert:?}: alone it is no change");
        assert_eq!(stage.alert(&last).await, before, "{alert:?}");
        draft.span = span(at(hour, 0), 45);
        draft.sequence += 1;
        last = placed(stage, &draft, Some(&last)).await;
        let expected = if alert == Alert::Usual && !stage.knows_its_default() { before } else { alert };
        assert_eq!(stage.alert(&last).await, expected, "{alert:?}");
    }
    assert_eq!(stage.live_events(&draft).await, 1);
    assert_eq!(stage.mails(&draft).await, stage.told(5, 0), "one invitation, four moves");
}

pub async fn what_is_not_there_is_not_found(stage: &dyn Stage) {
    let one = draft(stage, "here");
    placed(stage, &one, None).await;
    assert!(found(stage, &one, None).await.is_some());
    assert_eq!(found(stage, &draft(stage, "elsewhere"), None).await, None);
}

pub async fn busy_is_what_blocks_and_nothing_else(stage: &dyn Stage) {
    stage.add_entry(Stands::Busy, span(at(8, 0), 60)).await;
    stage.add_entry(Stands::Busy, span(at(8, 30), 60)).await;
    stage.add_entry(Stands::Tentative, span(at(10, 0), 30)).await;
    stage.add_entry(Stands::Transparent, span(at(11, 0), 30)).await;
    stage.add_entry(Stands::Declined, span(at(12, 0), 30)).await;
    let draft = EventDraft { attendees: Vec::new(), ..draft(stage, "ours") };
    placed(stage, &draft, None).await;
    let expected = [span(at(8, 0), 90), span(at(10, 0), 30), draft.span];
    assert_eq!(busy(stage, span(at(6, 0), 16 * 60)).await, expected);
    // Also by the calendar's own id, and twice the same calendar is once.
    let calendars = stage.calendar().calendars(stage.token()).await.expect("calendars");
    let primary = calendars.iter().find(|calendar| calendar.primary).expect("a primary one").id.clone();
    let window = span(at(6, 0), 16 * 60);
    let asked = [primary.clone(), primary];
    let answer = stage.calendar().busy(stage.token(), stage.account(), &asked, window).await;
    assert_eq!(answer.as_deref(), Ok(expected.as_slice()));
}

pub async fn busy_covers_long_windows_and_is_cut_to_them(stage: &dyn Stage) {
    let start = at(12, 0);
    let far = start + TimeDelta::days(149);
    stage.add_entry(Stands::Busy, span(start - TimeDelta::minutes(30), 60)).await;
    stage.add_entry(Stands::Busy, span(start + TimeDelta::days(60) - TimeDelta::minutes(30), 60)).await;
    stage.add_entry(Stands::Busy, span(far, 3 * 24 * 60)).await;
    let window = Interval::new(start, start + TimeDelta::days(150)).expect("a window");
    let expected = [
        span(start, 30),
        span(start + TimeDelta::days(60) - TimeDelta::minutes(30), 60),
        Interval::new(far, window.end()).expect("a day"),
    ];
    assert_eq!(busy(stage, window).await, expected);
}

pub async fn an_unknown_calendar_is_an_error_and_never_free(stage: &dyn Stage) {
    let asked = ["primary".to_owned(), "AQMkADAwATM0nobody-knows-this-one".to_owned()];
    let answer = stage.calendar().busy(stage.token(), stage.account(), &asked, span(at(8, 0), 60)).await;
    assert!(matches!(answer, Err(CalendarError::Gone | CalendarError::Rejected(_))), "{answer:?}");
}

pub async fn one_calendar_is_the_primary(stage: &dyn Stage) {
    let calendars = stage.calendar().calendars(stage.token()).await.expect("calendars");
    let primary: Vec<_> = calendars.iter().filter(|calendar| calendar.primary).collect();
    assert_eq!(primary.len(), 1, "{calendars:?}");
    assert!(primary[0].writable && !primary[0].id.is_empty() && !primary[0].name.is_empty());
}

pub async fn a_calendar_of_a_name_is_made_once(stage: &dyn Stage) {
    let make = async || stage.calendar().create_calendar(stage.token(), "Interviews, by Convene").await.expect("made");
    let made = make().await;
    assert_eq!(made.name, "Interviews, by Convene");
    assert!(made.writable && !made.primary && !made.id.is_empty(), "{made:?}");
    assert_eq!(make().await.id, made.id);
    let listed = stage.calendar().calendars(stage.token()).await.expect("calendars");
    assert_eq!(listed.iter().filter(|one| one.name == made.name).count(), 1, "{listed:?}");
    // Events go onto it, and block there and not on the primary one.
    let draft = EventDraft { attendees: Vec::new(), ..draft(stage, "dedicated") };
    let placed = stage.calendar().put(stage.token(), &made.id, &draft, None).await.expect("placed");
    let on = async |calendar: &str| {
        let asked = [calendar.to_owned()];
        stage.calendar().busy(stage.token(), stage.account(), &asked, draft.span).await.expect("the calendar answers")
    };
    assert_eq!(on(&made.id).await, [draft.span]);
    assert_eq!(on(PRIMARY).await, []);
    let removal = stage.calendar().cancel(stage.token(), &made.id, &draft, Some(&placed), "").await;
    assert_eq!(removal, Ok(Removal::Removed));
    assert_eq!(on(&made.id).await, []);
}

pub async fn a_lost_answer_to_a_new_calendar_makes_no_second(stage: &dyn Stage) {
    stage.lose_the_next_answer().await;
    let outcome = stage.calendar().create_calendar(stage.token(), "Convene").await;
    assert!(matches!(outcome, Err(CalendarError::UnknownOutcome(_))), "{outcome:?}");
    stage.calendar().create_calendar(stage.token(), "Convene").await.expect("found");
    let listed = stage.calendar().calendars(stage.token()).await.expect("calendars");
    assert_eq!(listed.iter().filter(|one| one.name == "Convene").count(), 1, "{listed:?}");
}

pub async fn a_dead_sign_in_says_so(stage: &dyn Stage) {
    let draft = draft(stage, "dead");
    stage.kill_the_sign_in().await;
    let account = Account { zone: None, ..stage.account().clone() };
    let expired = CalendarError::SignInExpired;
    assert_eq!(stage.calendar().calendars(stage.token()).await, Err(expired.clone()));
    assert_eq!(stage.calendar().busy(stage.token(), &account, &[], draft.span).await, Err(expired.clone()));
    assert_eq!(stage.calendar().create_calendar(stage.token(), "Convene").await, Err(expired.clone()));
    assert_eq!(put(stage, &draft, None).await, Err(expired.clone()));
    assert_eq!(cancel(stage, &draft, None).await, Err(expired.clone()));
    assert_eq!(stage.calendar().find(stage.token(), PRIMARY, &draft, None).await, Err(expired));
}

pub async fn a_limit_says_how_long_to_wait(stage: &dyn Stage) {
    stage.limit_the_next_call(17).await;
    let outcome = stage.calendar().busy(stage.token(), stage.account(), &[], span(at(8, 0), 60)).await;
    assert_eq!(outcome, Err(CalendarError::RateLimited { retry_after: Some(Duration::from_secs(17)) }));
    assert_eq!(busy(stage, span(at(8, 0), 60)).await, []);
}
