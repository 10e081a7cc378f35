//! Both sides changed, or the calendar shows what nobody can follow.

use convene::{
    booking::{
        difference::Because,
        outside::{
            self,
            decide::{DecideError, Decision},
        },
    },
    events::theirs::Theirs,
    store::words::{BookingStatus, DifferenceKind},
};

use super::{BEN, EVA, There, in_calendar, mailed, placed, span};
use crate::story::{ANA, TestApp, stories};

const TAKE: Decision<'static> = Decision::Theirs { asked: false, reason: "" };

async fn collided(app: &TestApp, there: &There, theirs: Theirs) {
    for _ in 0..2 {
        outside::collided(&app.state, app.org, there.event, there.on, theirs).await.expect("found");
    }
}

stories! {
    async fn ours_is_kept(app) {
        let there = placed(&app, |_| ()).await;
        let (three, noon) = (app.time(1, "15:00"), span(app.time(1, "12:00"), 45));
        app.ana_moves(&there.asked, three).await.expect("moved");
        collided(&app, &there, Theirs::At(noon)).await;
        let open = there.open(&app).await;
        assert_eq!((open.kind, open.theirs), (DifferenceKind::Collided, Some(Theirs::At(noon))));
        assert_ne!(there.placement(&app).await.seen, Some(Theirs::At(noon)), "no write of ours replaces it before somebody decided");
        there.ana_decides(&app, Decision::Ours).await.expect("kept");
        assert_eq!(there.placement(&app).await.seen, Some(Theirs::At(noon)), "now it may");
        app.work().await;
        assert_eq!(mailed(&app, "calendar_collided").await, 1);
        assert_eq!((there.booking(&app).await.span.start(), there.outcome(&app).await), (three, "ours"));
        app.all_is_well().await;
    }

    async fn theirs_is_taken(app) {
        let there = placed(&app, |_| ()).await;
        let (three, noon) = (app.time(1, "15:00"), span(app.time(1, "12:00"), 45));
        app.ana_moves(&there.asked, three).await.expect("moved");
        collided(&app, &there, Theirs::At(noon)).await;
        let open = there.open(&app).await;
        there.ana_decides(&app, TAKE).await.expect("taken");
        there.ana_decides_about(&app, &open, TAKE).await.expect("the same again");
        app.work().await;
        assert_eq!((there.booking(&app).await.span, there.outcome(&app).await), (noon, "theirs"));
        assert_eq!(app.event_of(there.booking.id).await.sequence, 2);
        app.all_is_well().await;
    }

    async fn theirs_is_not_taken_past_what_is_in_the_way(app) {
        let there = placed(&app, |_| ()).await;
        let noon = span(app.time(1, "12:00"), 45);
        app.ana_moves(&there.asked, app.time(1, "15:00")).await.expect("moved");
        app.busy(BEN, noon.start(), 15);
        collided(&app, &there, Theirs::At(noon)).await;
        let open = there.open(&app).await;
        let why = outside::decide::blockers(&app.state, &open).await.expect("asked");
        assert_eq!(why.iter().map(|one| one.because).collect::<Vec<_>>(), [Because::Busy]);
        let answer = there.ana_decides(&app, TAKE).await;
        assert!(matches!(answer, Err(DecideError::NotAsked)), "{answer:?}");
        there.ana_decides(&app, Decision::Theirs { asked: true, reason: "" }).await.expect("asked");
        assert_eq!(there.booking(&app).await.span, noon);
        app.no_overlap().await;
    }

    // It is all behind the interview once that stands there, and the page reads calendars anew.
    async fn what_hides_behind_the_interview_is_not_forgotten(app) {
        let noon = span(app.time(1, "12:00"), 45);
        app.busy(BEN, noon.start(), 30);
        let there = placed(&app, |_| ()).await;
        app.ana_moves(&there.asked, app.time(1, "15:00")).await.expect("moved");
        app.google.move_by_hand(ANA, &there.placed, noon);
        collided(&app, &there, Theirs::At(noon)).await;
        for _ in 0..2 {
            let why = outside::decide::blockers(&app.state, &there.open(&app).await).await.expect("asked");
            assert_eq!(why.iter().map(|one| one.because).collect::<Vec<_>>(), [Because::Busy]);
        }
        let answer = there.ana_decides(&app, TAKE).await;
        assert!(matches!(answer, Err(DecideError::NotAsked)), "{answer:?}");
    }

    async fn whole_days_are_not_followed(app) {
        let there = placed(&app, |_| ()).await;
        collided(&app, &there, Theirs::WholeDays).await;
        let answer = there.ana_decides(&app, TAKE).await;
        assert!(matches!(answer, Err(DecideError::Impossible(_))), "{answer:?}");
        there.ana_decides(&app, Decision::Ours).await.expect("kept");
        app.work().await;
        assert_eq!(there.outcome(&app).await, "ours");
        app.all_is_well().await;
    }

    async fn what_was_moved_here_and_deleted_there_is_cancelled_or_put_anew(app) {
        let there = placed(&app, |_| ()).await;
        app.ana_moves(&there.asked, app.time(1, "15:00")).await.expect("moved");
        app.google.delete_by_hand(ANA, &there.placed);
        collided(&app, &there, Theirs::Gone).await;
        there.ana_decides(&app, Decision::Ours).await.expect("kept");
        app.work().await;
        assert_eq!((app.on_calendar().len(), there.outcome(&app).await), (1, "ours"));
        app.all_is_well().await;

        let again = in_calendar(&app, |draft| draft.interviewers = EVA.into()).await;
        app.ana_moves(&again.asked, app.time(1, "16:00")).await.expect("moved");
        app.google.delete_by_hand(ANA, &again.placed);
        collided(&app, &again, Theirs::Gone).await;
        again.ana_decides(&app, TAKE).await.expect("taken");
        app.work().await;
        assert_eq!((again.booking(&app).await.status, again.outcome(&app).await), (BookingStatus::Cancelled, "theirs"));
        assert_eq!(app.on_calendar().len(), 1, "the other one");
        app.all_is_well().await;
    }

    async fn what_was_cancelled_here_asks_for_nothing(app) {
        let there = placed(&app, |_| ()).await;
        app.ana_cancels(&there.asked, "").await.expect("cancelled");
        let noon = span(app.time(1, "12:00"), 45);
        collided(&app, &there, Theirs::At(noon)).await;
        assert!(there.found(&app).await.is_empty());
        assert_eq!(there.placement(&app).await.seen, Some(Theirs::At(noon)), "it may be taken off, whatever it shows");
        app.work().await;
        app.all_is_well().await;
    }

    async fn a_move_while_it_was_told_as_a_move_there_collides(app) {
        let there = placed(&app, |_| ()).await;
        let noon = span(app.time(1, "12:00"), 45);
        // As sync keeps it after its write.
        let txn = app.store().begin().await.expect("a write");
        let seen = Theirs::At(there.booking.span);
        convene::events::theirs::acknowledge(&txn, app.org, there.on, seen, app.now()).await.expect("kept");
        txn.commit().await.expect("committed");
        app.ana_moves(&there.asked, app.time(1, "15:00")).await.expect("moved");
        for _ in 0..2 {
            outside::moved(&app.state, app.org, there.event, there.on, noon).await.expect("found");
        }
        assert_eq!(there.open(&app).await.kind, DifferenceKind::Collided);
        // And deleted there, while it waits.
        outside::gone(&app.state, app.org, there.event, there.on).await.expect("found");
        let open = there.open(&app).await;
        assert_eq!((open.kind, open.theirs), (DifferenceKind::Collided, Some(Theirs::Gone)));
        // Both sides come to the same time.
        outside::agreed(&app.state, app.org, there.event, there.on).await.expect("agreed");
        assert_eq!(there.outcome(&app).await, "withdrawn");
    }
}
