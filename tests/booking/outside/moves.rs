//! The event gets another time in the calendar.

use chrono::TimeDelta;
use convene::{
    audit::Origin,
    booking::{
        BookError,
        difference::Because,
        outside::{
            self,
            decide::{DecideError, Decision, decide},
        },
        timeline::What,
    },
    calendars::{CalendarError, memory::Action},
    events::theirs::Theirs,
    store::words::{BookingStatus, DifferenceKind, Outcome, Provider},
};

use super::{BEN, EVA, PRIYA, There, in_calendar, mailed, placed, span};
use crate::story::{ANA, TestApp, stories};

/// Ana drags it there, and `sync` tells of it twice.
async fn moved(app: &TestApp, there: &There, to: convene::scheduling::Interval) {
    app.google.move_by_hand(ANA, &there.placed, to);
    told(app, there, to).await;
}

async fn told(app: &TestApp, there: &There, to: convene::scheduling::Interval) {
    for _ in 0..2 {
        outside::moved(&app.state, app.org, there.event, there.on, to).await.expect("followed or found");
    }
}

async fn because(app: &TestApp, there: &There) -> Vec<Because> {
    there.open(app).await.blockers.into_iter().map(|one| one.because).collect()
}

const TAKE: Decision<'static> = Decision::Theirs { asked: false, reason: "" };
const TAKE_ASKED: Decision<'static> = Decision::Theirs { asked: true, reason: "" };

stories! {
    // On a Saturday before breakfast, off the grid and outside the days asked for: who drags it there means it.
    async fn a_possible_move_is_followed(app) {
        let there = placed(&app, |_| ()).await;
        let (before, notices) = (app.event_of(there.booking.id).await, app.google.notices().len());
        let to = span(app.time(5, "06:20"), 45);
        moved(&app, &there, to).await;
        app.work().await;
        assert_eq!(app.on_calendar()[0].span, Some(to));
        assert_eq!(there.booking(&app).await.span, to);
        let after = app.event_of(there.booking.id).await;
        assert_eq!((&after.uid, after.sequence, after.span), (&before.uid, before.sequence + 1, to));
        assert_eq!(app.taken().await, [(app.person(BEN).await, to.start(), to.end())]);
        let placement = there.placement(&app).await;
        assert!(placement.is_current(&after), "the calendar shows it already");
        assert_eq!(app.google.notices().len(), notices, "the provider told its guests itself");
        let mails = (mailed(&app, "booking_moved").await, mailed(&app, "coordinator_moved").await);
        assert_eq!(mails, (1, 0));
        let by = Some(app.ana.member().person);
        let entry = What::Moved { by, via: Some(Provider::Google), to: to.start() };
        assert_eq!(app.timeline(&there.asked).await.iter().filter(|what| **what == entry).count(), 1);
        assert_eq!(app.rows("audit_log WHERE action = 'booking.moved' AND actor_kind = 'in_google'").await, 1);
        assert!(there.found(&app).await.is_empty());
        app.no_overlap().await;
    }

    async fn where_our_mail_invites_it_tells_of_the_move(app) {
        app.connect_by_password(ANA).await;
        app.connected(&[BEN]).await;
        let there = in_calendar(&app, |_| ()).await;
        let before = app.objects().len();
        told(&app, &there, span(app.time(1, "15:00"), 45)).await;
        app.work().await;
        let uid = app.event_of(there.booking.id).await.uid;
        let mut objects: Vec<_> = app.objects().split_off(before);
        objects.sort_by(|a, b| a.3.cmp(&b.3));
        let object = |to: &str| ("REQUEST".to_owned(), uid.clone(), 1, to.to_owned());
        assert_eq!(objects, [object(BEN), object(PRIYA)], "whoever has it in the calendar needs no second copy");
    }

    async fn another_length_is_followed_and_kept(app) {
        let there = placed(&app, |_| ()).await;
        let to = span(app.time(1, "10:00"), 75);
        moved(&app, &there, to).await;
        app.work().await;
        assert_eq!(there.booking(&app).await.span, to);
        assert_eq!(app.request(&there.asked).await.duration, 75);
        assert!(app.event_of(there.booking.id).await.description.contains("75 minutes"));
        let again = app.candidate_moves(&there.asked, app.time(2, "10:00")).await.expect("moved");
        assert_eq!(again.span.minutes(), 75);
        app.work().await;
        app.all_is_well().await;
    }

    async fn what_is_in_the_way_is_said_and_nothing_moves(app) {
        // All of it is behind the interview by the time calendars are read again; they were read when it was booked.
        let noon = app.time(1, "12:00");
        app.busy(BEN, noon + TimeDelta::minutes(15), 15);
        let there = placed(&app, |_| ()).await;
        moved(&app, &there, span(noon, 45)).await;
        app.work().await;
        assert_eq!(there.booking(&app).await.span, there.booking.span);
        assert_eq!(app.event_of(there.booking.id).await.sequence, 0);
        let open = there.open(&app).await;
        assert_eq!((open.kind, open.theirs), (DifferenceKind::Moved, Some(Theirs::At(span(noon, 45)))));
        assert_eq!(because(&app, &there).await, [Because::Busy]);
        let mails = (mailed(&app, "calendar_moved").await, mailed(&app, "booking_moved").await);
        assert_eq!(mails, (1, 0), "the coordinator once, and nobody else");
        let sent = app.mail.sent();
        let text = &sent.last().expect("a mail").content.text;
        assert!(text.contains("Ben is busy then.") && text.contains(&format!("difference/{}", open.id)), "{text}");
        assert_eq!(app.rows("audit_log WHERE action = 'difference.found'").await, 1);
        // Ours is put back.
        there.ana_decides(&app, Decision::Ours).await.expect("decided");
        there.ana_decides_about(&app, &open, Decision::Ours).await.expect("the same again");
        let answer = there.ana_decides_about(&app, &open, TAKE).await;
        assert!(matches!(answer, Err(DecideError::Settled)), "{answer:?}");
        // A look that began before it was decided.
        told(&app, &there, span(noon, 45)).await;
        app.work().await;
        assert_eq!(there.outcome(&app).await, "ours");
        assert_eq!(app.rows("audit_log WHERE action = 'difference.settled'").await, 1);
        app.all_is_well().await;
    }

    async fn a_busy_person_may_be_asked(app) {
        let to = span(app.time(1, "12:00"), 45);
        app.busy(BEN, to.start(), 15);
        let there = placed(&app, |_| ()).await;
        moved(&app, &there, to).await;
        let answer = there.ana_decides(&app, TAKE).await;
        assert!(matches!(answer, Err(DecideError::NotAsked)), "{answer:?}");
        assert_eq!(there.booking(&app).await.span, there.booking.span);
        let open = there.open(&app).await;
        there.ana_decides(&app, TAKE_ASKED).await.expect("Ben was asked");
        there.ana_decides_about(&app, &open, TAKE_ASKED).await.expect("the same again");
        app.work().await;
        assert_eq!((there.booking(&app).await.span, there.outcome(&app).await), (to, "theirs"));
        assert_eq!(mailed(&app, "booking_moved").await, 1);
        assert_eq!(app.taken().await, [(app.person(BEN).await, to.start(), to.end())]);
        let by = Some(app.ana.member().person);
        assert!(app.timeline(&there.asked).await.contains(&What::Moved { by, via: None, to: to.start() }));
    }

    async fn never_past_another_interview(app) {
        let there = placed(&app, |_| ()).await;
        let other = app.asks(|draft| draft.buffer_before = "15".into()).await;
        let two = app.time(1, "14:00");
        app.book(&other, two).await.expect("booked");
        app.work().await;
        // It ends as the other one's buffer begins a minute earlier.
        moved(&app, &there, span(two - TimeDelta::minutes(59), 45)).await;
        assert_eq!(because(&app, &there).await, [Because::Interview]);
        let answer = there.ana_decides(&app, TAKE_ASKED).await;
        assert!(matches!(&answer, Err(DecideError::Impossible(why)) if why[0].because == Because::Interview), "{answer:?}");
        assert_eq!(there.booking(&app).await.span, there.booking.span);
        // A minute earlier it fits.
        let to = span(two - TimeDelta::minutes(60), 45);
        outside::collided(&app.state, app.org, there.event, there.on, Theirs::At(to)).await.expect("told as sync does");
        assert_eq!((there.booking(&app).await.span, there.outcome(&app).await), (to, "theirs"));
        app.no_overlap().await;
    }

    async fn limits_bind_and_unknown_is_never_free(app) {
        let there = placed(&app, |_| ()).await;
        let noon = app.time(1, "12:00");
        app.google.fail_next(Action::Busy, CalendarError::Unavailable("503".into()));
        app.run("DELETE FROM busy_reads").await;
        moved(&app, &there, span(noon, 45)).await;
        // The second look heard of him.
        assert_eq!(there.booking(&app).await.span.start(), noon);
        let why: Vec<_> = there.found(&app).await.iter().flat_map(|one| one.blockers.clone()).collect();
        assert_eq!(why.iter().map(|one| one.because).collect::<Vec<_>>(), [Because::Unknown]);
        assert_eq!(there.outcome(&app).await, "theirs");
        let ben = app.person(BEN).await;
        let txn = app.store().begin().await.expect("a write");
        let limits = convene::people::Limits { per_day: Some(1), per_week: None };
        convene::people::set_limits(&txn, app.org, ben, limits).await.expect("limited");
        txn.commit().await.expect("committed");
        let other = app.asks(|_| ()).await;
        app.book(&other, app.time(2, "10:00")).await.expect("booked");
        moved(&app, &there, span(app.time(2, "15:00"), 45)).await;
        assert_eq!(because(&app, &there).await, [Because::Limit]);
        let answer = there.ana_decides(&app, TAKE_ASKED).await;
        assert!(matches!(answer, Err(DecideError::Impossible(_))), "{answer:?}");
    }

    async fn another_of_the_pool_comes_where_who_sits_cannot(app) {
        let there = placed(&app, |draft| {
            (draft.interviewers, draft.any_of) = (format!("{BEN} {EVA}"), "1".into());
        }).await;
        let seated = app.taken().await[0].0;
        let (who, other) = if seated == app.person(BEN).await { (BEN, EVA) } else { (EVA, BEN) };
        let to = span(app.time(1, "12:00"), 45);
        app.busy(who, to.start(), 15);
        told(&app, &there, to).await;
        app.work().await;
        assert_eq!(app.taken().await, [(app.person(other).await, to.start(), to.end())]);
        assert_eq!(there.booking(&app).await.span, to);
        let guests: Vec<_> = app.on_calendar()[0].attendees.iter().map(|(email, _)| email.clone()).collect();
        assert!(guests.contains(&other.to_owned()) && !guests.contains(&who.to_owned()), "{guests:?}");
        app.all_is_well().await;
    }

    async fn times_no_interview_can_have_are_told_as_such(app) {
        let there = placed(&app, |_| ()).await;
        let (noon, now) = (app.time(1, "12:00"), app.now());
        let over = now - TimeDelta::days(1) - TimeDelta::milliseconds(now.timestamp_millis().rem_euclid(60_000));
        for (to, wanted) in [
            (span(noon, 3), Because::Length),
            (span(noon, 9 * 60), Because::Length),
            (span(noon + TimeDelta::seconds(1), 45), Because::Length),
            (span(over, 45), Because::Past),
        ] {
            moved(&app, &there, to).await;
            assert_eq!(because(&app, &there).await, [wanted], "{to:?}");
            let answer = there.ana_decides(&app, TAKE_ASKED).await;
            assert!(matches!(answer, Err(DecideError::Impossible(_))), "{answer:?}");
        }
        assert_eq!((there.outcome(&app).await, there.booking(&app).await.span), ("open", there.booking.span));
    }

    async fn what_is_over_stays(app) {
        let there = placed(&app, |_| ()).await;
        app.passes(app.time(0, "10:45") - app.now());
        moved(&app, &there, span(app.time(1, "12:00"), 45)).await;
        assert!(there.found(&app).await.is_empty());
        assert_eq!(there.booking(&app).await.span, there.booking.span);
        assert!(there.placement(&app).await.seen.is_some(), "acknowledged");
    }

    async fn what_changes_there_again_is_what_is_asked_about(app) {
        let (noon, three) = (app.time(1, "12:00"), app.time(1, "15:00"));
        app.busy(BEN, noon, 15);
        app.busy(BEN, three, 15);
        let there = placed(&app, |_| ()).await;
        moved(&app, &there, span(noon, 45)).await;
        let first = there.open(&app).await;
        // sync sees another time than the one we acknowledged, and than ours.
        outside::collided(&app.state, app.org, there.event, there.on, Theirs::At(span(three, 45))).await.expect("found");
        let second = there.open(&app).await;
        assert_eq!((second.id, second.theirs), (first.id, Some(Theirs::At(span(three, 45)))), "the same question");
        let answer = there.ana_decides_about(&app, &first, Decision::Ours).await;
        assert!(matches!(answer, Err(DecideError::Changed)), "the page of before: {answer:?}");
        app.work().await;
        assert_eq!(mailed(&app, "calendar_moved").await, 1);
        // Ana drags it back herself.
        app.google.move_by_hand(ANA, &there.placed, there.booking.span);
        for _ in 0..2 {
            outside::agreed(&app.state, app.org, there.event, there.on).await.expect("agreed");
        }
        assert_eq!(there.outcome(&app).await, "withdrawn");
        app.all_is_well().await;
    }

    async fn a_move_here_answers_what_was_asked(app) {
        let (noon, three) = (app.time(1, "12:00"), app.time(1, "15:00"));
        app.busy(BEN, noon, 15);
        let there = placed(&app, |_| ()).await;
        moved(&app, &there, span(noon, 45)).await;
        app.ana_moves(&there.asked, three).await.expect("moved");
        app.work().await;
        assert_eq!((there.outcome(&app).await, there.booking(&app).await.span.start()), ("ours", three));
        app.all_is_well().await;
    }

    async fn a_move_at_the_same_time_as_one_here_is_not_lost(app) {
        let there = placed(&app, |_| ()).await;
        let (noon, three) = (span(app.time(1, "12:00"), 45), app.time(1, "15:00"));
        let (followed, answer) = tokio::join!(
            outside::moved(&app.state, app.org, there.event, there.on, noon),
            app.ana_moves(&there.asked, three),
        );
        followed.expect("followed or found");
        answer.expect("moved");
        assert_eq!(there.booking(&app).await.span.start(), three, "the last word was said here");
        let was_followed = app.rows("booking_changes WHERE kind = 'moved' AND actor_kind = 'in_google'").await == 1;
        let found = there.found(&app).await;
        if was_followed {
            assert!(found.is_empty(), "{found:?}");
            assert_eq!(app.event_of(there.booking.id).await.sequence, 2);
        } else {
            let open = there.open(&app).await;
            assert_eq!((open.kind, open.theirs), (DifferenceKind::Collided, Some(Theirs::At(noon))));
        }
        app.no_overlap().await;
    }

    async fn a_cancelled_interview_stays_cancelled(app) {
        let there = placed(&app, |_| ()).await;
        app.ana_cancels(&there.asked, "").await.expect("cancelled");
        told(&app, &there, span(app.time(1, "12:00"), 45)).await;
        assert_eq!(there.booking(&app).await.status, BookingStatus::Cancelled);
        assert!(there.found(&app).await.is_empty());
        app.work().await;
        app.all_is_well().await;
    }

    async fn what_is_found_is_found_in_its_organisation_only(app) {
        let noon = app.time(1, "12:00");
        app.busy(BEN, noon, 15);
        let there = placed(&app, |_| ()).await;
        let theirs = crate::story::organisation(app.store(), "Contoso", app.now()).await;
        let uma = crate::story::coordinator(app.store(), theirs, "uma@example.com").await;
        outside::moved(&app.state, theirs, there.event, there.on, span(noon, 45)).await.expect("nothing to do");
        assert_eq!(there.booking(&app).await.span, there.booking.span);
        moved(&app, &there, span(noon, 45)).await;
        let open = there.open(&app).await;
        let which = (there.asked.id, open.id);
        let (shown, origin) = (open.shown(), Origin::default());
        let decided = decide(&app.state, &uma, which, &shown, Decision::Ours, &origin).await;
        assert!(matches!(decided, Err(DecideError::Unknown)));
        let elsewhere = app.asks(|_| ()).await;
        let which = (elsewhere.id, open.id);
        let decided = decide(&app.state, &app.ana, which, &shown, Decision::Ours, &origin).await;
        assert!(matches!(decided, Err(DecideError::Unknown)), "of another request");
        assert_eq!(there.outcome(&app).await, "open");
        let answer = there.ana_decides(&app, Decision::Keep).await;
        assert!(matches!(answer, Err(DecideError::NoDecision)), "{answer:?}");
        app.passes(app.time(0, "10:45") - app.now());
        let answer = there.ana_decides(&app, TAKE_ASKED).await;
        assert!(matches!(answer, Err(DecideError::Book(BookError::TooLate { .. }))), "{answer:?}");
        there.ana_decides(&app, Decision::Ours).await.expect("what is over may be put to rest");
        assert_eq!(there.found(&app).await[0].settled.map(|settled| settled.outcome), Some(Outcome::Ours));
    }
}
