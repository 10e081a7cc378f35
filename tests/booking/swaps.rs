//! Somebody else comes to a booked interview: occupancy, calendars and mails follow, at the time it has.

use convene::{
    audit::Origin,
    booking::{
        BookError, Booking,
        sitting::{self, Why},
        swap::{self, Choice, Standing, Substitute, SwapError, Unknown},
        timeline::What,
    },
    calendars::{
        CalendarError,
        memory::{Action, NoticeKind},
    },
    people::{self, Limits},
    scheduling::why::Rule,
};

use crate::story::{ANA, Asked, TestApp, stories};

const BEN: &str = "ben@example.com";
const EVA: &str = "eva@example.com";
const PRIYA: &str = "priya@example.net";
const RAJ: &str = "raj@example.com";
const TOM: &str = "tom@example.com";

async fn swapped(app: &TestApp, asked: &Asked, leaves: &str, comes: &str, is_asked: bool) -> Result<(), SwapError> {
    let (leaves, comes) = (app.person(leaves).await, app.person(comes).await);
    let choice = Choice { leaves, comes, reason: "Ill this week", asked: is_asked };
    swap::swap(&app.state, &app.ana, asked.id, choice, &Origin::default()).await
}

async fn could_come(app: &TestApp, asked: &Asked, leaves: &str) -> Vec<Substitute> {
    let leaves = app.person(leaves).await;
    let place = swap::substitutes(&app.state, &app.ana, asked.id, leaves, "").await;
    place.unwrap_or_else(|error| panic!("{error:?}")).substitutes
}

/// Who is taken by a booking, by address.
async fn seated(app: &TestApp, booking: &Booking) -> Vec<&'static str> {
    let mut seated = Vec::new();
    for email in [ANA, BEN, EVA, RAJ, TOM] {
        let person = app.uuid(app.person(email).await.uuid());
        let sits = format!("occupancies WHERE booking_id = {} AND person_id = {person}", app.literal(booking.id));
        if app.rows(&sits).await == 1 {
            seated.push(email);
        }
    }
    seated
}

stories! {
    async fn the_provider_uninvites_and_invites(app) {
        app.ana_connects().await;
        app.connected(&[BEN, EVA]).await;
        let asked = app.asks(|_| ()).await;
        let booking = app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        app.work().await;
        let before = app.event_of(booking.id).await;
        let told = app.google.notices().len();
        swapped(&app, &asked, BEN, EVA, false).await.expect("Eva is free");
        assert_eq!(seated(&app, &booking).await, [EVA]);
        app.work().await;
        let after = app.event_of(booking.id).await;
        assert_eq!((&after.uid, after.revision), (&before.uid, before.revision + 1));
        let guests: Vec<String> = app.on_calendar()[0].attendees.iter().map(|(email, _)| email.clone()).collect();
        assert_eq!((guests.contains(&EVA.to_owned()), guests.contains(&BEN.to_owned())), (true, false), "{guests:?}");
        let notices = &app.google.notices()[told..];
        let kinds: Vec<_> = notices.iter().map(|notice| (notice.to.as_str(), notice.kind)).collect();
        assert_eq!(kinds, [(EVA, NoticeKind::Invitation), (PRIYA, NoticeKind::Update), (BEN, NoticeKind::Cancellation)]);
        assert!(app.objects().is_empty(), "never both");
        assert_eq!(app.rows(&format!("messages WHERE to_email IN ('{BEN}', '{EVA}')")).await, 0);
        let ben = app.person(BEN).await;
        let eva = app.person(EVA).await;
        let by = Some(app.ana.member().person);
        let entry = What::Swapped { by, left: Some(ben), came: Some(eva), reason: "Ill this week".into() };
        assert!(app.timeline(&asked).await.contains(&entry));
        assert_eq!(app.rows("audit_log WHERE action = 'booking.swapped'").await, 1);
        app.all_is_well().await;
    }

    async fn without_a_write_calendar_our_mails_do(app) {
        app.connected(&[BEN, EVA]).await;
        let asked = app.asks(|_| ()).await;
        let booking = app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        app.work().await;
        swapped(&app, &asked, BEN, EVA, false).await.expect("swapped");
        app.work().await;
        let event = app.event_of(booking.id).await;
        assert_eq!(event.sequence, 1);
        let mut objects: Vec<_> = app.objects().into_iter().filter(|(.., sequence, _)| *sequence == 1).collect();
        objects.sort_by(|a, b| a.3.cmp(&b.3));
        let object = |method: &str, to: &str| (method.to_owned(), event.uid.clone(), 1, to.to_owned());
        assert_eq!(objects, [object("REQUEST", ANA), object("CANCEL", BEN), object("REQUEST", EVA), object("REQUEST", PRIYA)]);
        let mailed = app.mailed().await;
        for (kind, to) in [("invitation", EVA), ("invitation_withdrawn", BEN), ("invitation_updated", PRIYA)] {
            assert!(mailed.contains(&(kind.to_owned(), to.to_owned())), "{kind} {to}: {mailed:?}");
        }
        let sent = app.mail.sent();
        let to_ben = sent.iter().rfind(|mail| mail.to.address.to_string() == BEN).expect("the last mail");
        let (_, ics) = to_ben.content.ics.as_ref().expect("an object");
        let unfolded = ics.replace("\r\n ", "");
        assert_eq!((unfolded.matches("ATTENDEE").count(), unfolded.contains(BEN)), (1, true), "{unfolded}");
        assert!(!to_ben.content.text.contains("Ill this week"), "the reason is for the request");
        app.all_is_well().await;
    }

    async fn a_mail_about_the_time_is_not_overtaken_by_a_swap(app) {
        app.ana_connects().await;
        app.connected(&[BEN, EVA]).await;
        let asked = app.asks(|_| ()).await;
        app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        swapped(&app, &asked, BEN, EVA, false).await.expect("swapped before the worker came");
        app.work().await;
        assert!(app.mailed().await.contains(&("booking_confirmed".into(), PRIYA.into())));
        let guests = &app.on_calendar()[0].attendees;
        assert!(guests.iter().any(|(email, _)| email == EVA) && guests.iter().all(|(email, _)| email != BEN), "{guests:?}");
        app.all_is_well().await;
    }

    async fn who_could_come_is_ranked_and_unknown_must_have_been_asked(app) {
        app.connected(&[BEN, EVA, RAJ]).await;
        let ten = app.time(0, "10:00");
        // Eva has an interview that week; Raj is busy with something of his own; of Tom nothing is known.
        let evas = app.asks(|draft| draft.interviewers = EVA.into()).await;
        app.book(&evas, app.time(2, "10:00")).await.expect("booked");
        app.busy(RAJ, ten, 30);
        app.person(TOM).await;
        let asked = app.asks(|draft| {
            (draft.interviewers, draft.any_of) = (format!("{BEN} {EVA} {RAJ}"), "1".into());
            // For offering; it does not say that Tom is free.
            (draft.unknown_start, draft.unknown_end) = ("09:00".into(), "17:00".into());
        }).await;
        let booking = app.book(&asked, ten).await.expect("booked");
        assert_eq!(seated(&app, &booking).await, [BEN]);
        let list = could_come(&app, &asked, BEN).await;
        let told: Vec<_> = list.iter().map(|one| (one.person.email.as_str(), one.in_pool, one.standing.clone(), one.load.week)).collect();
        assert_eq!(told, [
            (EVA, true, Standing::Free, 1),
            (RAJ, true, Standing::Kept(vec![Rule::Busy]), 0),
            (ANA, false, Standing::Unknown(Unknown::Nobody), 0),
            (TOM, false, Standing::Unknown(Unknown::Nobody), 0),
        ]);
        let answer = swapped(&app, &asked, BEN, RAJ, true).await;
        assert!(matches!(answer, Err(SwapError::NotFree(_))), "asking does not make him free: {answer:?}");
        let answer = swapped(&app, &asked, BEN, TOM, false).await;
        assert!(matches!(answer, Err(SwapError::NotAsked)), "{answer:?}");
        assert_eq!(seated(&app, &booking).await, [BEN]);
        swapped(&app, &asked, BEN, TOM, true).await.expect("he was asked");
        assert_eq!(seated(&app, &booking).await, [TOM]);
        let whys = sitting::of(app.store().reader(), app.org, booking.id).await.expect("kept");
        let [Why::Swapped(swap)] = whys.values().collect::<Vec<_>>()[..] else { panic!("{whys:?}") };
        assert!(swap.asked && swap.reason == "Ill this week" && swap.before == [app.person(BEN).await], "{swap:?}");
    }

    async fn calendars_are_read_anew_and_silence_is_unknown(app) {
        app.connected(&[BEN, EVA]).await;
        let ten = app.time(0, "10:00");
        let asked = app.asks(|_| ()).await;
        let booking = app.book(&asked, ten).await.expect("booked");
        let list = could_come(&app, &asked, BEN).await;
        assert_eq!(list[0].standing, Standing::Free);
        app.busy(EVA, ten, 30);
        let answer = swapped(&app, &asked, BEN, EVA, true).await;
        assert!(matches!(&answer, Err(SwapError::NotFree(rules)) if *rules == [Rule::Busy]), "{answer:?}");
        app.run("DELETE FROM busy_reads").await;
        app.google.fail_next(Action::Busy, CalendarError::Unavailable("503".into()));
        let answer = swapped(&app, &asked, BEN, EVA, false).await;
        assert!(matches!(answer, Err(SwapError::NotAsked)), "{answer:?}");
        assert_eq!((seated(&app, &booking).await, app.event_of(booking.id).await.sequence), (vec![BEN], 0));
    }

    async fn what_we_booked_and_the_limits_are_held_in_the_transaction(app) {
        let typed = |email: &str| format!("{email} {} 08:00 18:00\n", app.monday());
        let hours = format!("{}{}", typed(BEN), typed(EVA));
        let both = |draft: &mut convene::requests::draft::Draft| {
            draft.interviewers = format!("{BEN} {EVA}");
            draft.any_of = "1".into();
            draft.windows.clone_from(&hours);
        };
        let ten = app.time(0, "10:00");
        let (one, two) = (app.asks(both).await, app.asks(both).await);
        let first = app.book(&one, ten).await.expect("Ben");
        let second = app.book(&two, app.time(0, "12:00")).await.expect("Eva, who has none");
        assert_eq!((seated(&app, &first).await, seated(&app, &second).await), (vec![BEN], vec![EVA]));
        // Both at once want Eva: two others' candidates take her at ten meanwhile.
        let evas = app.asks(|draft| (draft.interviewers, draft.windows) = (EVA.into(), typed(EVA))).await;
        let (booked, swap) = tokio::join!(app.book(&evas, ten), swapped(&app, &one, BEN, EVA, false));
        let swap_refused = matches!(swap, Err(SwapError::Book(BookError::SlotTaken) | SwapError::NotFree(_)));
        let book_refused = matches!(booked, Err(BookError::SlotTaken));
        assert!(booked.is_ok() && swap_refused || swap.is_ok() && book_refused, "{booked:?} {swap:?}");
        app.no_overlap().await;
        // One a day is enough for Ben.
        let ben = app.person(BEN).await;
        let txn = app.store().begin().await.expect("a write");
        people::set_limits(&txn, app.org, ben, Limits { per_day: Some(1), per_week: None }).await.expect("limited");
        txn.commit().await.expect("committed");
        let answer = if swap.is_ok() {
            swapped(&app, &two, EVA, BEN, false).await.map(|()| "Ben has none now")
        } else {
            let answer = swapped(&app, &two, EVA, BEN, true).await;
            assert!(matches!(&answer, Err(SwapError::NotFree(rules)) if *rules == [Rule::Limit]), "{answer:?}");
            Ok("Ben has one")
        };
        answer.unwrap_or_else(|error| panic!("{error:?}"));
    }

    async fn a_move_after_a_swap_asks_who_sits_now(app) {
        app.connected(&[BEN, EVA, TOM]).await;
        let asked = app.asks(|draft| {
            (draft.interviewers, draft.any_of) = (format!("{BEN} {EVA}"), "1".into());
        }).await;
        let ten = app.time(0, "10:00");
        let booking = app.book(&asked, ten).await.expect("booked");
        assert_eq!(seated(&app, &booking).await, [BEN]);
        swapped(&app, &asked, BEN, TOM, false).await.expect("swapped");
        app.busy(TOM, app.time(1, "08:00"), 10 * 60);
        app.busy(BEN, app.time(2, "08:00"), 10 * 60);
        // What was read of Tom for the swap is a moment old; the calendars are read again with the move.
        app.run("DELETE FROM busy_reads").await;
        let offered = app.offered(&asked).await;
        assert!(offered.iter().all(|start| start.date_naive() != app.time(1, "00:00").date_naive()), "Tom is away");
        assert!(offered.contains(&app.time(2, "10:00")), "Ben does not matter any more");
        let answer = app.candidate_moves(&asked, app.time(1, "10:00")).await;
        assert!(matches!(answer, Err(BookError::SlotTaken)), "{answer:?}");
        let moved = app.candidate_moves(&asked, app.time(2, "10:00")).await.expect("moved");
        assert_eq!(seated(&app, &moved).await, [TOM]);
        let whys = sitting::of(app.store().reader(), app.org, booking.id).await.expect("kept");
        assert!(matches!(whys.values().collect::<Vec<_>>()[..], [Why::Swapped(_)]), "it stays why: {whys:?}");
        let event = app.event_of(booking.id).await;
        assert!(event.participants.iter().any(|one| one.email == TOM) && event.participants.iter().all(|one| one.email != BEN));
        app.work().await;
        app.all_is_well().await;
    }

    async fn places_of_everyone_are_swapped_for_this_booking_only(app) {
        app.ana_connects().await;
        app.connected(&[BEN, EVA, TOM]).await;
        let asked = app.asks(|draft| {
            draft.interviewers = format!("{BEN} {EVA}");
            draft.optional = TOM.into();
        }).await;
        let booking = app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        app.work().await;
        // Tom comes along already: his calendar cannot tell this interview from another.
        app.run("DELETE FROM busy_reads").await;
        let tom = could_come(&app, &asked, EVA).await.into_iter().find(|one| one.person.email.as_str() == TOM);
        assert_eq!(tom.map(|one| one.standing), Some(Standing::Unknown(Unknown::Invited)));
        swapped(&app, &asked, EVA, TOM, true).await.expect("he was asked");
        assert_eq!(seated(&app, &booking).await, [BEN, TOM]);
        let event = app.event_of(booking.id).await;
        let role = event.participants.iter().find(|one| one.email == TOM).map(|one| one.role.as_str());
        assert_eq!(role, Some("interviewer"));
        app.work().await;
        app.all_is_well().await;
        let panel = convene::requests::panel(app.store().reader(), app.org, asked.id).await.expect("a panel");
        assert_eq!(panel.seats[0].people.len(), 2);
        assert!(panel.seats[0].people.contains(&app.person(EVA).await), "the request still asks for Eva");
    }

    async fn the_same_swap_twice_is_one_and_what_cannot_be_is_said(app) {
        app.connected(&[BEN, EVA]).await;
        let asked = app.asks(|_| ()).await;
        let answer = swapped(&app, &asked, BEN, EVA, false).await;
        assert!(matches!(answer, Err(SwapError::Book(BookError::NotBooked))), "{answer:?}");
        app.google.fail_next(Action::Busy, CalendarError::Unavailable("503".into()));
        let booking = app.book(&asked, app.time(0, "10:00")).await.expect("kept");
        let answer = swapped(&app, &asked, BEN, EVA, true).await;
        assert!(matches!(answer, Err(SwapError::StillHeld)), "{answer:?}");
        app.work().await;
        let answer = swapped(&app, &asked, EVA, BEN, false).await;
        assert!(matches!(answer, Err(SwapError::NotSeated)), "{answer:?}");
        let answer = swapped(&app, &asked, BEN, BEN, false).await;
        assert!(matches!(answer, Err(SwapError::NoSubstitute)), "{answer:?}");
        let (ben, eva) = (app.person(BEN).await, app.person(EVA).await);
        let silent = Choice { leaves: ben, comes: eva, reason: " ", asked: false };
        let answer = swap::swap(&app.state, &app.ana, asked.id, silent, &Origin::default()).await;
        assert!(matches!(answer, Err(SwapError::ReasonRequired)), "{answer:?}");
        let stranger = crate::story::organisation(app.store(), "Contoso", app.now()).await;
        let uma = crate::story::coordinator(app.store(), stranger, "uma@example.com").await;
        let choice = Choice { leaves: ben, comes: uma.member().person, reason: "x", asked: true };
        let answer = swap::swap(&app.state, &app.ana, asked.id, choice, &Origin::default()).await;
        assert!(matches!(answer, Err(SwapError::NoSubstitute)), "somebody of another organisation: {answer:?}");

        let sequence = app.event_of(booking.id).await.sequence;
        swapped(&app, &asked, BEN, EVA, false).await.expect("swapped");
        swapped(&app, &asked, BEN, EVA, false).await.expect("the same again");
        assert_eq!(app.event_of(booking.id).await.sequence, sequence + 1);
        assert_eq!(app.rows("booking_changes WHERE kind = 'swapped'").await, 1);
        // And back.
        swapped(&app, &asked, EVA, BEN, false).await.expect("swapped back");
        assert_eq!(seated(&app, &booking).await, [BEN]);
        app.work().await;
        app.all_is_well().await;
    }
}
