//! Attendees answer the invitation in their calendars.

use std::collections::BTreeMap;

use convene::{
    audit::Origin,
    booking::{
        outside::{self, decide::Decision},
        swap::{self, Choice, Standing},
    },
    calendars::Response::{self, Accepted, Declined, NeedsAction, Tentative},
    store::words::{BookingStatus, DifferenceKind},
};

use super::{BEN, EVA, PRIYA, There, mailed, placed};
use crate::story::{ANA, TestApp, stories};

const TOM: &str = "tom@example.com";

/// `sync` tells of all answers there are, twice.
async fn answered(app: &TestApp, there: &There, answers: &[(&str, Response)]) {
    let all: BTreeMap<String, Response> = answers.iter().map(|(who, answer)| ((*who).to_owned(), *answer)).collect();
    for _ in 0..2 {
        outside::answered(&app.state, app.org, there.event, there.on, &all).await.expect("heard");
    }
    assert_eq!(there.placement(app).await.answers, all, "kept");
}

stories! {
    async fn who_declines_is_swapped_by_one_click(app) {
        let there = placed(&app, |_| ()).await;
        app.connected(&[TOM]).await;
        app.busy(TOM, app.time(0, "10:00"), 30);
        answered(&app, &there, &[(BEN, Declined), (PRIYA, Accepted)]).await;
        app.work().await;
        let (ben, eva) = (app.person(BEN).await, app.person(EVA).await);
        let open = there.open(&app).await;
        assert_eq!((open.kind, open.person, open.theirs), (DifferenceKind::Declined, Some(ben), None));
        assert_eq!(mailed(&app, "interviewer_declined").await, 1);
        assert_eq!(there.booking(&app).await.status, BookingStatus::Confirmed);
        let place = swap::substitutes(&app.state, &app.ana, there.asked.id, ben, "").await.unwrap_or_else(|e| panic!("{e:?}"));
        let free: Vec<_> = place.substitutes.iter().filter(|one| one.standing == Standing::Free).collect();
        assert_eq!(free.iter().map(|one| one.person.id).collect::<Vec<_>>(), [eva], "Tom is busy, of Ana nobody knows");
        let choice = Choice { leaves: ben, comes: eva, reason: "Declined the invitation", asked: false };
        swap::swap(&app.state, &app.ana, there.asked.id, choice, &Origin::default()).await.expect("swapped");
        app.work().await;
        assert_eq!(there.outcome(&app).await, "theirs");
        // He is no attendee any more, whatever his calendar said last.
        answered(&app, &there, &[(BEN, Declined), (EVA, Accepted), (PRIYA, Accepted)]).await;
        assert_eq!(there.outcome(&app).await, "theirs");
        app.all_is_well().await;
    }

    async fn who_accepts_later_takes_it_back(app) {
        let there = placed(&app, |_| ()).await;
        answered(&app, &there, &[(BEN, Declined)]).await;
        assert_eq!(there.outcome(&app).await, "open");
        answered(&app, &there, &[(BEN, Accepted)]).await;
        assert_eq!(there.outcome(&app).await, "withdrawn");
        answered(&app, &there, &[(BEN, Declined)]).await;
        assert_eq!(there.open(&app).await.person, Some(app.person(BEN).await), "asked anew");
        app.work().await;
        assert_eq!(mailed(&app, "interviewer_declined").await, 2);
        assert_eq!(there.found(&app).await.len(), 2);
    }

    async fn what_is_kept_is_not_asked_again(app) {
        let there = placed(&app, |_| ()).await;
        answered(&app, &there, &[(BEN, Declined)]).await;
        let open = there.open(&app).await;
        there.ana_decides(&app, Decision::Keep).await.expect("kept");
        there.ana_decides_about(&app, &open, Decision::Keep).await.expect("the same again");
        answered(&app, &there, &[(BEN, Declined), (PRIYA, Tentative)]).await;
        assert_eq!((there.outcome(&app).await, app.taken().await.len()), ("kept", 1));
    }

    async fn a_move_by_the_candidate_leaves_open_whether_somebody_comes(app) {
        let there = placed(&app, |_| ()).await;
        answered(&app, &there, &[(BEN, Declined), (PRIYA, Declined)]).await;
        app.candidate_moves(&there.asked, app.time(1, "14:00")).await.expect("moved");
        let open = there.open(&app).await;
        assert_eq!(open.kind, DifferenceKind::Declined, "what Priya answered was about the time before");
        app.ana_cancels(&there.asked, "").await.expect("cancelled");
        assert!(there.found(&app).await.iter().all(|one| !one.is_open()));
    }

    async fn a_candidate_who_declines_proposes_to_cancel(app) {
        let there = placed(&app, |_| ()).await;
        answered(&app, &there, &[(PRIYA, Declined)]).await;
        app.work().await;
        let open = there.open(&app).await;
        assert_eq!((open.kind, open.person), (DifferenceKind::CandidateDeclined, None));
        assert_eq!((mailed(&app, "candidate_declined").await, mailed(&app, "booking_cancelled").await), (1, 0));
        assert_eq!(there.booking(&app).await.status, BookingStatus::Confirmed);
        let cancel = Decision::Theirs { asked: false, reason: "As you wish." };
        there.ana_decides(&app, cancel).await.expect("cancelled");
        app.work().await;
        assert_eq!((there.booking(&app).await.status, there.outcome(&app).await), (BookingStatus::Cancelled, "theirs"));
        answered(&app, &there, &[(PRIYA, NeedsAction)]).await;
        app.all_is_well().await;
    }

    async fn others_answers_are_kept_and_ask_for_nothing(app) {
        let there = placed(&app, |draft| draft.optional = EVA.into()).await;
        answered(&app, &there, &[(EVA, Declined), (BEN, Tentative), (PRIYA, Accepted), (ANA, Declined), ("x@example.org", Declined)]).await;
        assert!(there.found(&app).await.is_empty(), "Ana arranges it and does not sit in it");
    }

    async fn a_coordinator_who_sits_in_it_and_declines_is_missed(app) {
        let there = placed(&app, |draft| draft.interviewers = format!("{BEN} {ANA}")).await;
        answered(&app, &there, &[(ANA, Declined), (BEN, Accepted)]).await;
        assert_eq!(there.open(&app).await.person, Some(app.ana.member().person));
    }

    async fn two_who_decline_are_two_questions(app) {
        let there = placed(&app, |draft| draft.interviewers = format!("{BEN} {EVA}")).await;
        answered(&app, &there, &[(BEN, Declined), (EVA, Declined)]).await;
        let found = there.found(&app).await;
        assert_eq!(found.iter().filter(|one| one.is_open()).count(), 2, "{found:?}");
        answered(&app, &there, &[(BEN, Declined), (EVA, Accepted)]).await;
        assert_eq!(there.open(&app).await.person, Some(app.person(BEN).await));
    }
}
