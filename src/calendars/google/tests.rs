//! The client against its own rules; against a server it is tested by `tests/calendar_contract.rs`.

use std::time::Duration;

use chrono::{TimeDelta, TimeZone, Utc};
use reqwest::StatusCode;
use reqwest::header::HeaderMap;

use super::busy::pieces;
use super::*;
use crate::calendars::memory::draft_for_tests;
use crate::calendars::{Access, Alert, Attendee, Response};
use crate::scheduling::interval::normalise;

fn invited(email: &str, optional: bool) -> Attendee {
    Attendee { email: email.into(), name: None, optional }
}

/// The event that Google would hold after this insertion.
fn after_insert(draft: &EventDraft) -> serde_json::Value {
    let mut event = wire::insertion(draft, draft.video);
    event["etag"] = json!("\"1\"");
    event
}

fn event(json: serde_json::Value) -> Event {
    serde_json::from_value(json).expect("an event")
}

#[test]
fn what_was_inserted_needs_no_change() {
    let mut draft = draft_for_tests("evt_1");
    draft.attendees = vec![invited("Sam@example.net", false), invited("ira@example.org", true)];
    draft.location = Some("Room 4".into());
    assert!(wire::changes(&event(after_insert(&draft)), &draft, false).is_empty());
}

#[test]
fn only_what_differs_is_patched_and_answers_survive() {
    let mut draft = draft_for_tests("evt_1");
    draft.attendees = vec![invited("sam@example.net", false)];
    let mut remote = after_insert(&draft);
    remote["attendees"][0]["responseStatus"] = json!("accepted");
    remote["attendees"][0]["comment"] = json!("looking forward");
    remote["attendees"].as_array_mut().expect("a list").extend([
        json!({ "email": "ana@example.com", "organizer": true, "self": true }),
        json!({ "email": "room@example.com", "resource": true }),
    ]);
    draft.attendees.push(invited("eva@example.com", true));
    draft.sequence = 3;
    let patch = wire::changes(&event(remote), &draft, false);
    assert_eq!(patch.keys().collect::<Vec<_>>(), ["attendees", "sequence"]);
    let guests = patch["attendees"].as_array().expect("a list");
    let sam = guests.iter().find(|guest| guest["email"] == "sam@example.net").expect("sam");
    assert_eq!((&sam["responseStatus"], &sam["comment"]), (&json!("accepted"), &json!("looking forward")));
    assert!(guests.iter().any(|guest| guest["email"] == "room@example.com"));
    assert_eq!(guests.len(), 4);
}

#[test]
fn a_persons_retouching_stands_until_we_have_new_words() {
    let mut draft = draft_for_tests("evt_1");
    let mut remote = after_insert(&draft);
    remote["summary"] = json!("Interview (bring snacks)");
    assert!(wire::changes(&event(remote.clone()), &draft, false).is_empty());
    draft.location = Some("Room 5".into());
    let patch = wire::changes(&event(remote), &draft, false);
    assert_eq!(patch.keys().collect::<Vec<_>>(), ["description", "extendedProperties", "location", "summary"]);
}

#[test]
fn what_its_owner_set_at_the_event_stands_until_they_want_another_alert() {
    let mut draft = draft_for_tests("evt_1");
    let by_hand = json!({ "useDefault": false, "overrides": [{ "method": "email", "minutes": 120 }] });
    for (alert, next) in [(Alert::Usual, Alert::Before(15)), (Alert::Before(15), Alert::Usual)] {
        draft.alert = alert;
        let mut remote = after_insert(&draft);
        assert_eq!(remote.get("reminders").is_some(), alert != Alert::Usual, "the default is not spoken of");
        remote["reminders"] = by_hand.clone();
        draft.location = Some("Room 5".into());
        let patch = wire::changes(&event(remote.clone()), &draft, false);
        assert_eq!(patch.get("reminders"), None, "{alert:?}");
        draft.alert = next;
        let patch = wire::changes(&event(remote.clone()), &draft, false);
        assert!(patch["reminders"].is_object(), "{next:?}");
        for key in ["convene", "convene_event", "convene_words", "convene_time"] {
            assert!(patch["extendedProperties"]["private"][key].is_string(), "{key} stays");
        }
        draft.location = None;
        assert!(wire::changes(&event(remote), &draft, false).is_empty(), "{next:?}: alone it is no change");
    }
}

#[test]
fn a_lower_sequence_is_never_written() {
    let mut draft = draft_for_tests("evt_1");
    let mut remote = after_insert(&draft);
    remote["sequence"] = json!(7);
    draft.span = Interval::new(draft.span.end(), draft.span.end() + TimeDelta::minutes(30)).expect("a span");
    draft.sequence = 6;
    let patch = wire::changes(&event(remote), &draft, false);
    assert_eq!(patch.keys().collect::<Vec<_>>(), ["end", "extendedProperties", "start"]);
    assert_eq!(
        patch["extendedProperties"]["private"]["convene_time"], "2027-03-08T14:45:00Z/2027-03-08T15:15:00Z",
        "what is written is kept, to tell it from what a person does"
    );
}

#[test]
fn an_event_made_all_day_by_hand_gets_its_time_back() {
    let draft = draft_for_tests("evt_1");
    let mut remote = after_insert(&draft);
    remote["start"] = json!({ "date": "2027-03-08" });
    remote["end"] = json!({ "date": "2027-03-09" });
    let patch = wire::changes(&event(remote), &draft, false);
    assert_eq!(patch["start"]["date"], serde_json::Value::Null);
    assert_eq!(patch["start"]["dateTime"], "2027-03-08T15:00:00+01:00");
}

#[test]
fn the_hour_that_happens_twice_keeps_its_offset() {
    let mut draft = draft_for_tests("evt_1");
    // 2027-10-31 02:30 in Berlin happens at 00:30Z and at 01:30Z.
    for (utc, local) in [(0, "2027-10-31T02:30:00+02:00"), (1, "2027-10-31T02:30:00+01:00")] {
        let start = Utc.with_ymd_and_hms(2027, 10, 31, utc, 30, 0).single().expect("an instant");
        draft.span = Interval::new(start, start + TimeDelta::minutes(15)).expect("a span");
        assert_eq!(wire::insertion(&draft, false)["start"]["dateTime"], local);
    }
}

#[test]
fn meet_is_asked_for_once() {
    let draft = EventDraft { video: true, ..draft_for_tests("evt_1") };
    let remote = after_insert(&draft);
    assert_eq!(remote["conferenceData"]["createRequest"]["conferenceSolutionKey"]["type"], "hangoutsMeet");
    assert!(wire::changes(&event(remote), &draft, true).is_empty());
    let without = after_insert(&draft_for_tests("evt_1"));
    assert_eq!(wire::changes(&event(without), &draft, true).keys().collect::<Vec<_>>(), ["conferenceData"]);
}

#[test]
fn answers_and_join_links_are_read() {
    let seen = event(json!({
        "id": "x", "status": "confirmed", "sequence": 2, "iCalUID": "x@google.com",
        "start": { "dateTime": "2026-12-01T16:00:00+01:00" }, "end": { "dateTime": "2026-12-01T16:45:00+01:00" },
        "attendees": [
            { "email": "a@example.com", "responseStatus": "declined" },
            { "email": "b@example.com", "responseStatus": "tentative" },
            { "email": "me@example.com", "responseStatus": "accepted", "self": true, "organizer": true },
        ],
        "conferenceData": { "entryPoints": [
            { "entryPointType": "phone", "uri": "tel:+1" },
            { "entryPointType": "video", "uri": "https://meet.google.com/abc" },
        ] },
    }))
    .seen();
    assert_eq!(seen.placed.join_url.as_deref(), Some("https://meet.google.com/abc"));
    assert_eq!(
        seen.attendees,
        [("a@example.com".into(), Response::Declined), ("b@example.com".into(), Response::Tentative)]
    );
    assert_eq!(seen.span.map(|span| span.start().to_rfc3339()).as_deref(), Some("2026-12-01T15:00:00+00:00"));
}

#[test]
fn calendar_roles_are_read_even_new_ones() {
    for (role, access, writable) in [
        ("owner", Access::Own, true),
        ("writer", Access::Write, true),
        ("writerWithoutPrivateAccess", Access::Write, true),
        ("reader", Access::Read, false),
        ("somethingNew", Access::Read, false),
        ("freeBusyReader", Access::FreeBusy, false),
    ] {
        let entry: CalendarListEntry =
            serde_json::from_value(json!({ "id": "c", "summary": "S", "accessRole": role })).expect("an entry");
        let info = entry.info();
        assert_eq!((info.access, info.writable), (access, writable), "{role}");
    }
}

#[test]
fn long_windows_are_asked_in_pieces_without_a_gap() {
    let start = Utc.with_ymd_and_hms(2027, 1, 1, 0, 0, 0).single().expect("an instant");
    let window = Interval::new(start, start + TimeDelta::days(150)).expect("a window");
    let parts: Vec<_> = pieces(window).collect();
    assert_eq!(parts.len(), 3);
    assert_eq!(normalise(parts), [window]);
}

fn answer(status: u16, body: serde_json::Value) -> Reply {
    Reply {
        status: StatusCode::from_u16(status).expect("a status"),
        headers: HeaderMap::new(),
        body: serde_json::to_vec(&body).expect("json"),
    }
}

#[test]
fn reasons_decide_what_a_failure_means() {
    let body = |reason: &str| json!({ "error": { "errors": [{ "domain": "usageLimits", "reason": reason }] } });
    let of = |status, reason| failure::of(&answer(status, body(reason)), true, EVENTS);
    assert_eq!(of(401, "authError"), CalendarError::SignInExpired);
    assert_eq!(of(403, "rateLimitExceeded"), CalendarError::RateLimited { retry_after: None });
    assert_eq!(of(403, "userRateLimitExceeded"), CalendarError::RateLimited { retry_after: None });
    let CalendarError::RateLimited { retry_after: Some(pause) } = of(403, "quotaExceeded") else {
        panic!("a limit with a pause")
    };
    assert!(pause >= Duration::from_secs(3600));
    assert_eq!(of(403, "insufficientPermissions"), CalendarError::PermissionMissing(vec![EVENTS.into()]));
    assert!(matches!(of(403, "accessNotConfigured"), CalendarError::Rejected(_)));
    assert!(matches!(of(403, "forbiddenForNonOrganizer"), CalendarError::Rejected(_)));
    assert_eq!(of(404, "notFound"), CalendarError::Gone);
    assert_eq!(of(410, "deleted"), CalendarError::Gone);
    assert_eq!(of(410, "fullSyncRequired"), CalendarError::CursorGone);
    assert_eq!(of(410, "updatedMinTooLongAgo"), CalendarError::CursorGone);
    assert!(matches!(of(401, "push.webhookUrlUnauthorized"), CalendarError::Rejected(_)));
    assert_eq!(of(412, "conditionNotMet"), CalendarError::Conflict { etag: None });
    assert!(matches!(of(400, "timeRangeEmpty"), CalendarError::Rejected(_)));
    assert!(matches!(of(500, "backendError"), CalendarError::UnknownOutcome(_)));
    let newer = json!({ "error": { "details": [{ "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT" }], "status": "PERMISSION_DENIED" } });
    assert!(matches!(failure::of(&answer(403, newer), false, EVENTS), CalendarError::PermissionMissing(_)));
    let html = Reply { body: b"<html>".to_vec(), ..answer(403, json!(null)) };
    assert!(matches!(failure::of(&html, false, EVENTS), CalendarError::Rejected(_)));
}

#[test]
fn a_failed_calendar_inside_free_busy_is_never_free() {
    assert_eq!(failure::of_calendar("notFound"), CalendarError::Gone);
    assert!(matches!(failure::of_calendar("internalError"), CalendarError::Unavailable(_)));
    assert!(matches!(failure::of_calendar("newReason"), CalendarError::Unavailable(_)));
}
