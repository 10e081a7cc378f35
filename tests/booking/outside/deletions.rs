//! The event is deleted in the calendar.

use convene::{
    audit::Origin,
    booking::{
        outside::{
            self,
            decide::{DecideError, Decision},
        },
        swap::{self, Choice},
    },
    calendars::memory::NoticeKind,
    events::theirs::Theirs,
    store::words::{BookingStatus, DifferenceKind, RequestStatus},
};

use super::{BEN, EVA, PRIYA, There, mailed, placed};
use crate::story::{ANA, TestApp, stories};

/// Ana deletes it, and `sync` tells of it twice.
async fn deleted(app: &TestApp, there: &There) {
    app.google.delete_by_hand(ANA, &there.placed);
    for _ in 0..2 {
        outside::gone(&app.state, app.org, there.event, there.on).await.expect("found");
    }
}

const CANCEL: Decision<'static> = Decision::Theirs { asked: false, reason: "The position is filled." };

stories! {
    async fn a_deletion_is_a_proposal_that_is_confirmed(app) {
        let there = placed(&app, |_| ()).await;
        deleted(&app, &there).await;
        app.work().await;
        let open = there.open(&app).await;
        assert_eq!((open.kind, open.theirs), (DifferenceKind::Gone, Some(Theirs::Gone)));
        assert_eq!(there.booking(&app).await.status, BookingStatus::Confirmed);
        assert_eq!((mailed(&app, "calendar_gone").await, mailed(&app, "booking_cancelled").await), (1, 0));
        assert_eq!(app.rows("occupancies").await, 1, "the time stays taken");
        there.ana_decides(&app, CANCEL).await.expect("confirmed");
        there.ana_decides_about(&app, &open, CANCEL).await.expect("the same again");
        let answer = there.ana_decides_about(&app, &open, Decision::Ours).await;
        assert!(matches!(answer, Err(DecideError::Settled)), "{answer:?}");
        app.work().await;
        assert_eq!(app.request(&there.asked).await.status, RequestStatus::Cancelled);
        assert_eq!(there.outcome(&app).await, "theirs");
        assert!(app.mailed().await.contains(&("booking_cancelled".into(), PRIYA.into())));
        let sent = app.mail.sent();
        assert!(sent.last().expect("a mail").content.text.contains("The position is filled."));
        outside::gone(&app.state, app.org, there.event, there.on).await.expect("nothing more");
        assert_eq!(there.outcome(&app).await, "theirs");
        app.all_is_well().await;
    }

    async fn a_deletion_that_is_refused_is_put_anew(app) {
        let there = placed(&app, |_| ()).await;
        deleted(&app, &there).await;
        assert!(app.on_calendar().is_empty());
        there.ana_decides(&app, Decision::Ours).await.expect("refused");
        // A look that began before it was decided.
        outside::gone(&app.state, app.org, there.event, there.on).await.expect("nothing more");
        app.work().await;
        let placement = there.placement(&app).await;
        assert_eq!((app.on_calendar().len(), placement.generation), (1, 1));
        assert_ne!(placement.provider_id, there.placed.provider_id, "the id of what was deleted is not given again");
        assert_eq!(there.outcome(&app).await, "ours");
        assert_eq!(mailed(&app, "booking_cancelled").await, 0);
        app.all_is_well().await;
    }

    async fn a_move_here_puts_it_where_it_moves(app) {
        let there = placed(&app, |_| ()).await;
        deleted(&app, &there).await;
        app.candidate_moves(&there.asked, app.time(1, "14:00")).await.expect("moved");
        app.work().await;
        assert_eq!(there.outcome(&app).await, "ours");
        assert_eq!(app.on_calendar().len(), 1);
        app.all_is_well().await;
    }

    async fn who_swaps_somebody_wants_it_to_take_place(app) {
        let there = placed(&app, |_| ()).await;
        deleted(&app, &there).await;
        let (leaves, comes) = (app.person(BEN).await, app.person(EVA).await);
        let choice = Choice { leaves, comes, reason: "Ill", asked: false };
        swap::swap(&app.state, &app.ana, there.asked.id, choice, &Origin::default()).await.expect("swapped");
        app.work().await;
        assert_eq!(there.outcome(&app).await, "ours");
        app.all_is_well().await;
    }

    async fn the_candidate_cancels_what_was_deleted(app) {
        let there = placed(&app, |_| ()).await;
        deleted(&app, &there).await;
        app.candidate_cancels(&there.asked).await.expect("cancelled");
        app.work().await;
        assert_eq!(there.outcome(&app).await, "theirs");
        app.all_is_well().await;
    }

    async fn what_comes_back_by_itself_is_no_question(app) {
        let there = placed(&app, |_| ()).await;
        deleted(&app, &there).await;
        outside::agreed(&app.state, app.org, there.event, there.on).await.expect("agreed");
        assert_eq!((there.outcome(&app).await, there.booking(&app).await.status), ("withdrawn", BookingStatus::Confirmed));
        let cancelled = app.google.notices().iter().filter(|one| one.kind == NoticeKind::Cancellation).count();
        assert_eq!(cancelled, 0);
    }

    async fn what_is_over_is_no_question(app) {
        let there = placed(&app, |_| ()).await;
        app.passes(app.time(0, "11:00") - app.now());
        deleted(&app, &there).await;
        assert!(there.found(&app).await.is_empty());
    }
}
