use chrono::TimeDelta;

use super::*;
use crate::calendars::changes::HookToken;
use crate::clock::FixedClock;

#[tokio::test]
async fn a_scripted_failure_has_no_effect_and_a_lost_answer_has_one() {
    let memory = Memory::new();
    let token = memory.sign_in("ana@example.com");
    let draft = draft_for_tests("evt_1");
    memory.fail_next(Action::Put, CalendarError::Unavailable("503".into()));
    assert!(matches!(memory.put(&token, "primary", &draft, None).await, Err(CalendarError::Unavailable(_))));
    assert!(memory.events("ana@example.com").is_empty());
    memory.lose_next_answer(Action::Put);
    assert!(matches!(memory.put(&token, "primary", &draft, None).await, Err(CalendarError::UnknownOutcome(_))));
    assert_eq!(memory.events("ana@example.com").len(), 1);
}

#[tokio::test]
async fn a_revoked_account_is_expired_until_it_signs_in_again() {
    let memory = Memory::new();
    let token = memory.sign_in("ana@example.com");
    memory.revoke("ana@example.com");
    assert_eq!(memory.calendars(&token).await, Err(CalendarError::SignInExpired));
    let token = memory.sign_in("ana@example.com");
    assert_eq!(memory.calendars(&token).await.map(|list| list.len()), Ok(1));
}

#[tokio::test]
async fn an_invited_account_is_busy_unless_it_declines() {
    let memory = Memory::new();
    let host = memory.sign_in("ana@example.com");
    let guest = memory.sign_in("ben@example.com");
    let invited = super::super::Attendee { email: "Ben@example.com".into(), name: None, optional: false };
    let draft = EventDraft { attendees: vec![invited], ..draft_for_tests("evt_1") };
    let placed = memory.put(&host, "primary", &draft, None).await.expect("placed");
    let ben = Account { email: "ben@example.com".into(), personal: true, zone: None };
    assert_eq!(memory.busy(&guest, &ben, &[], draft.span).await, Ok(vec![draft.span]));
    memory.answer("ana@example.com", &placed, "ben@example.com", Response::Declined);
    assert_eq!(memory.busy(&guest, &ben, &[], draft.span).await, Ok(vec![]));
}

fn window() -> Interval {
    let draft = draft_for_tests("evt_1");
    Interval::new(draft.span.start() - TimeDelta::days(1), draft.span.end() + TimeDelta::days(1)).expect("two days")
}

fn hook() -> Hook {
    Hook {
        channel: uuid::Uuid::now_v7(),
        address: "https://convene.example/push".to_owned(),
        lifecycle: "https://convene.example/push/lifecycle".to_owned(),
        token: HookToken::new("a secret"),
    }
}

#[tokio::test]
async fn a_bound_cursor_tells_what_left_its_window_as_gone() {
    let memory = Memory::new();
    memory.bound_cursors();
    let token = memory.sign_in("ana@example.com");
    let placed = memory.put(&token, "primary", &draft_for_tests("evt_1"), None).await.expect("placed");
    let first = memory.changes(&token, "primary", None, window()).await.expect("read");
    let one = |is_gone| vec![Changed { provider_id: placed.provider_id.clone(), is_gone }];
    assert_eq!((first.entries, first.cursor.reaches), (one(false), Some(window().end())));
    let far = Interval::new(window().end(), window().end() + TimeDelta::hours(1)).expect("an hour");
    memory.move_by_hand("ana@example.com", &placed, far);
    // The window that is asked for now is not the one of the cursor.
    let later = memory.changes(&token, "primary", Some(&first.cursor), far).await.expect("read");
    assert_eq!((later.entries, later.is_complete), (one(true), false));
    assert_eq!(memory.changes(&token, "primary", None, window()).await.map(|all| all.entries), Ok(vec![]));
    assert_eq!(
        memory
            .find(&token, "primary", &draft_for_tests("evt_1"), Some(&placed))
            .await
            .map(|one| one.and_then(|one| one.span)),
        Ok(Some(far))
    );
}

#[tokio::test]
async fn guests_see_what_changes_in_an_invitation() {
    let memory = Memory::new();
    let (host, guest) = (memory.sign_in("ana@example.com"), memory.sign_in("ben@example.com"));
    let invited = super::super::Attendee { email: "Ben@example.com".into(), name: None, optional: false };
    let alone = draft_for_tests("evt_1");
    let draft = EventDraft { attendees: vec![invited], ..alone.clone() };
    let placed = memory.put(&host, "primary", &draft, None).await.expect("placed");
    let read = memory.changes(&guest, "primary", None, window()).await.expect("read");
    assert_eq!(read.entries, [Changed { provider_id: placed.provider_id.clone(), is_gone: false }]);
    memory.put(&host, "primary", &alone, Some(&placed)).await.expect("uninvited");
    let read = memory.changes(&guest, "primary", Some(&read.cursor), window()).await.expect("read");
    assert_eq!(read.entries, [Changed { provider_id: placed.provider_id, is_gone: true }]);
}

#[tokio::test]
async fn channels_push_until_they_end() {
    let clock = Arc::new(FixedClock::at(window().start()));
    let memory = Memory::with_clock(clock.clone());
    let token = memory.sign_in("ana@example.com");
    let hook = hook();
    let watching = memory.watch(&token, "primary", &hook).await.expect("watched");
    assert_eq!(watching.expires_at, window().start() + TimeDelta::days(7));
    assert!(matches!(memory.watch(&token, "primary", &hook).await, Err(CalendarError::Rejected(_))), "used before");
    let pushes = memory.take_pushes();
    assert!(pushes.len() == 1 && pushes[0].is_first && pushes[0].hook == hook, "{pushes:?}");
    let placed = memory.put(&token, "primary", &draft_for_tests("evt_1"), None).await.expect("placed");
    let pushes = memory.take_pushes();
    assert!(pushes.len() == 1 && !pushes[0].is_first && pushes[0].watching == watching, "{pushes:?}");
    assert!(matches!(memory.renew(&token, &watching).await, Err(CalendarError::Rejected(_))), "it is replaced");
    memory.renew_channels();
    clock.advance(TimeDelta::days(1));
    let watching = memory.renew(&token, &watching).await.expect("renewed");
    clock.advance(TimeDelta::days(7));
    memory.delete_by_hand("ana@example.com", &placed);
    assert_eq!((memory.take_pushes(), memory.watched("ana@example.com")), (vec![], vec![]));
    assert_eq!(memory.renew(&token, &watching).await, Err(CalendarError::Gone));
}

#[tokio::test]
async fn a_persons_title_stands_until_there_are_new_words() {
    let memory = Memory::new();
    let token = memory.sign_in("ana@example.com");
    let draft = draft_for_tests("evt_1");
    let placed = memory.put(&token, "primary", &draft, None).await.expect("placed");
    memory.rename_by_hand("ana@example.com", &placed, "Sam");
    let alone = EventDraft { zone: chrono_tz::Asia::Tokyo, ..draft.clone() };
    memory.put(&token, "primary", &alone, Some(&placed)).await.expect("placed");
    assert_eq!(memory.title("ana@example.com", &placed).as_deref(), Some("Sam"));
    let words = EventDraft { summary: "Interview with Sam".to_owned(), ..draft };
    memory.put(&token, "primary", &words, Some(&placed)).await.expect("placed");
    assert_eq!(memory.title("ana@example.com", &placed).as_deref(), Some("Interview with Sam"));
}
