//! The client against its own rules; against a server it is tested by `tests/calendar_contract.rs`.

use chrono::{TimeDelta, TimeZone, Utc};
use reqwest::StatusCode;
use reqwest::header::HeaderMap;

use super::*;
use crate::calendars::endpoints::Tenant;
use crate::calendars::memory::draft_for_tests;
use crate::calendars::{Alert, Attendee, Provider, Response};

fn event(json: Value) -> Event {
    serde_json::from_value(json).expect("an event")
}

/// The event that Graph would answer with after this creation.
fn after_create(draft: &EventDraft) -> Value {
    let mut event = wire::creation(draft, draft.video, Clock::Own);
    event["id"] = json!("AAMk=");
    event["start"] =
        json!({ "dateTime": format!("{}", draft.span.start().format("%Y-%m-%dT%H:%M:%S.0000000")), "timeZone": "UTC" });
    event["end"] =
        json!({ "dateTime": format!("{}", draft.span.end().format("%Y-%m-%dT%H:%M:%S.0000000")), "timeZone": "UTC" });
    event["body"] = json!({ "contentType": "html", "content": "<html><body>rewritten by Exchange</body></html>" });
    event
}

fn keys_of(patch: &serde_json::Map<String, Value>) -> Vec<&str> {
    patch.keys().map(String::as_str).collect()
}

#[test]
fn what_was_created_needs_no_change_even_though_exchange_rewrote_it() {
    let mut draft = draft_for_tests("evt_1");
    draft.attendees = vec![Attendee { email: "Sam@example.net".into(), name: Some("Sam".into()), optional: false }];
    let remote = event(after_create(&draft));
    assert_eq!(remote.span(), Some(draft.span));
    assert!(wire::changes(&remote, &draft, false, Clock::Own).is_empty());
}

#[test]
fn only_what_differs_is_patched() {
    let mut draft = draft_for_tests("evt_1");
    let mut remote = after_create(&draft);
    remote["attendees"] =
        json!([{ "emailAddress": { "address": "room@example.com", "name": "Room" }, "type": "resource" }]);
    assert!(wire::changes(&event(remote.clone()), &draft, false, Clock::Own).is_empty());
    draft.span = Interval::new(draft.span.end(), draft.span.end() + TimeDelta::minutes(30)).expect("a span");
    assert_eq!(
        keys_of(&wire::changes(&event(remote.clone()), &draft, false, Clock::Own)),
        ["end", "singleValueExtendedProperties", "start"]
    );
    draft.attendees = vec![Attendee { email: "sam@example.net".into(), name: None, optional: true }];
    let patch = wire::changes(&event(remote), &draft, false, Clock::Own);
    assert_eq!(keys_of(&patch), ["attendees", "end", "singleValueExtendedProperties", "start"]);
    assert_eq!(patch["attendees"].as_array().map(Vec::len), Some(2), "the room stays: {patch:?}");
}

#[test]
fn nobody_is_listed_when_the_provider_must_not_mail() {
    let mut draft = draft_for_tests("evt_1");
    draft.attendees = vec![Attendee { email: "sam@example.net".into(), name: None, optional: false }];
    draft.notify = false;
    assert_eq!(wire::creation(&draft, false, Clock::Own)["attendees"], json!([]));
    assert!(wire::changes(&event(after_create(&draft)), &draft, false, Clock::Own).is_empty());
}

#[test]
fn what_its_owner_set_at_the_event_stands_until_they_want_another_alert() {
    let mut draft = draft_for_tests("evt_1");
    for (alert, next, sent) in [
        (Alert::Usual, Alert::Before(15), json!([true, 15])),
        (Alert::Before(15), Alert::Silent, json!([false, null])),
        (Alert::Silent, Alert::Usual, json!([null, null])),
    ] {
        draft.alert = alert;
        let mut remote = after_create(&draft);
        assert_eq!(remote.get("isReminderOn").is_some(), alert != Alert::Usual, "the default is not spoken of");
        (remote["isReminderOn"], remote["reminderMinutesBeforeStart"]) = (json!(true), json!(120));
        draft.location = Some("Room 5".into());
        let patch = wire::changes(&event(remote.clone()), &draft, false, Clock::Own);
        assert_eq!(patch.get("isReminderOn"), None, "{alert:?}");
        draft.alert = next;
        let patch = Value::Object(wire::changes(&event(remote.clone()), &draft, false, Clock::Own));
        assert_eq!(json!([patch["isReminderOn"], patch["reminderMinutesBeforeStart"]]), sent, "{next:?}");
        draft.location = None;
        assert!(wire::changes(&event(remote), &draft, false, Clock::Own).is_empty(), "{next:?}: alone it is no change");
    }
}

#[test]
fn times_are_written_in_the_windows_zone_unless_that_is_ambiguous() {
    let mut draft = draft_for_tests("evt_1");
    let start = |draft: &EventDraft, clock| wire::creation(draft, false, clock)["start"].clone();
    let berlin = json!({ "dateTime": "2027-03-08T15:00:00", "timeZone": "W. Europe Standard Time" });
    assert_eq!(start(&draft, Clock::Own), berlin);
    assert_eq!(start(&draft, Clock::Utc), json!({ "dateTime": "2027-03-08T14:00:00", "timeZone": "UTC" }));
    let twice = Utc.with_ymd_and_hms(2027, 10, 31, 1, 30, 0).single().expect("an instant");
    draft.span = Interval::new(twice, twice + TimeDelta::minutes(30)).expect("a span");
    assert_eq!(start(&draft, Clock::Own), json!({ "dateTime": "2027-10-31T01:30:00", "timeZone": "UTC" }));
}

fn entry(extra: Value) -> Event {
    let mut json = json!({
        "id": "x", "showAs": "busy", "isAllDay": false, "isCancelled": false,
        "start": { "dateTime": "2026-12-01T15:00:00.0000000", "timeZone": "UTC" },
        "end": { "dateTime": "2026-12-01T15:45:00.0000000", "timeZone": "UTC" },
        "responseStatus": { "response": "accepted", "time": "0001-01-01T00:00:00Z" },
    });
    json.as_object_mut().expect("an object").extend(extra.as_object().expect("an object").clone());
    event(json)
}

#[test]
fn what_blocks_and_what_does_not() {
    for (extra, blocks) in [
        (json!({}), true),
        (json!({ "showAs": "oof" }), true),
        (json!({ "showAs": "tentative" }), true),
        (json!({ "showAs": "unknown" }), true),
        (json!({ "showAs": "newKindOfBusy" }), true),
        (json!({ "showAs": null }), true),
        (json!({ "showAs": "free" }), false),
        (json!({ "showAs": "workingElsewhere" }), false),
        (json!({ "isCancelled": true }), false),
        (json!({ "responseStatus": { "response": "declined" } }), false),
        (json!({ "responseStatus": { "response": "notResponded" } }), true),
        (json!({ "responseStatus": null, "attendees": null }), true),
    ] {
        assert_eq!(entry(extra.clone()).blocks(None).map(|span| span.is_some()), Ok(blocks), "{extra}");
    }
    let nowhere = entry(json!({ "start": { "dateTime": "2026-12-01T15:00:00", "timeZone": "Customized Time Zone" } }));
    assert_eq!(nowhere.blocks(None), Err(wire::UnknownZone));
}

#[test]
fn an_all_day_entry_covers_its_owners_day() {
    let day = entry(json!({
        "isAllDay": true, "showAs": "oof",
        "start": { "dateTime": "2026-12-01T00:00:00.0000000", "timeZone": "UTC" },
        "end": { "dateTime": "2026-12-02T00:00:00.0000000", "timeZone": "UTC" },
    }));
    let span = |zone| {
        let span: Interval = day.blocks(zone).ok().flatten().expect("it blocks");
        (span.start().to_rfc3339(), span.end().to_rfc3339())
    };
    let pair = |start: &str, end: &str| (format!("{start}:00+00:00"), format!("{end}:00+00:00"));
    assert_eq!(span(Some(chrono_tz::America::New_York)), pair("2026-12-01T05:00", "2026-12-02T05:00"));
    assert_eq!(span(Some(chrono_tz::Asia::Kolkata)), pair("2026-11-30T18:30", "2026-12-01T18:30"));
    assert_eq!(span(None), pair("2026-11-30T10:00", "2026-12-02T12:00"));
    // Beirut's clocks went from 00:00 to 01:00 on 2024-03-31: its midnight did not happen.
    let gap = entry(json!({
        "isAllDay": true,
        "start": { "dateTime": "2024-03-31T00:00:00", "timeZone": "UTC" },
        "end": { "dateTime": "2024-04-01T00:00:00", "timeZone": "UTC" },
    }));
    let span: Interval = gap.blocks(Some(chrono_tz::Asia::Beirut)).ok().flatten().expect("it blocks");
    let instant = |hour, day| Utc.with_ymd_and_hms(2024, 3, day, hour, 0, 0).single().expect("an instant");
    assert!(span.start() <= instant(22, 30), "{span:?}");
    assert_eq!(span.end(), instant(21, 31));
}

#[test]
fn answers_are_read() {
    let guest = |address: &str, response: &str| json!({ "type": "required", "emailAddress": { "address": address }, "status": { "response": response } });
    let seen = entry(json!({ "attendees": [
        guest("a@x", "none"), guest("b@x", "tentativelyAccepted"), guest("c@x", "declined"), guest("d@x", "accepted"),
    ], "onlineMeeting": { "joinUrl": "https://teams.example/j" } }))
    .seen();
    let answers: Vec<_> = seen.attendees.iter().map(|(_, answer)| *answer).collect();
    assert_eq!(answers, [Response::NeedsAction, Response::Tentative, Response::Declined, Response::Accepted]);
    assert_eq!(seen.placed.join_url.as_deref(), Some("https://teams.example/j"));
}

#[test]
fn the_next_page_must_be_at_graph() {
    let endpoints = Endpoints::production(Provider::Microsoft, Tenant::Common);
    let client = MicrosoftCalendar::new(Http::new(), &endpoints);
    assert!(client.own("https://graph.microsoft.com/v1.0/me/calendarView?$skip=10").is_ok());
    for elsewhere in [
        "https://graph.microsoft.com.evil.example/v1.0/me",
        "http://graph.microsoft.com/v1.0/me",
        "https://graph.microsoft.com:8443/v1.0/me",
        "https://graph.microsoft.com/beta/me",
        "/v1.0/me",
    ] {
        assert!(client.own(elsewhere).is_err(), "{elsewhere}");
    }
}

fn answer(status: u16, code: &str) -> Reply {
    Reply {
        status: StatusCode::from_u16(status).expect("a status"),
        headers: HeaderMap::new(),
        body: json!({ "error": { "code": code, "message": "…", "innerError": { "request-id": "1" } } })
            .to_string()
            .into(),
    }
}

#[test]
fn codes_decide_what_a_failure_means() {
    let of = |status, code| failure::of(&answer(status, code), true, WRITE);
    assert_eq!(of(401, "InvalidAuthenticationToken"), CalendarError::SignInExpired);
    assert_eq!(of(403, "ErrorAccessDenied"), CalendarError::PermissionMissing(vec![WRITE.into()]));
    assert_eq!(of(403, "erroraccessdenied"), CalendarError::PermissionMissing(vec![WRITE.into()]));
    assert_eq!(of(404, "ErrorItemNotFound"), CalendarError::Gone);
    assert!(matches!(of(404, "MailboxNotEnabledForRESTAPI"), CalendarError::Rejected(_)));
    assert_eq!(of(412, "ErrorIrresolvableConflict"), CalendarError::Conflict { etag: None });
    for code in ["SyncStateNotFound", "syncstatenotfound", "resyncRequired"] {
        assert_eq!(of(410, code), CalendarError::CursorGone);
    }
    assert_eq!(of(400, "InvalidDeltaToken"), CalendarError::CursorGone);
    assert_eq!(of(410, "ErrorItemNotFound"), CalendarError::Gone);
    assert_eq!(of(429, "ApplicationThrottled"), CalendarError::RateLimited { retry_after: None });
    assert!(matches!(of(504, "UnknownError"), CalendarError::UnknownOutcome(_)));
    assert!(
        matches!(of(400, "ErrorInvalidRequest"), CalendarError::Rejected(text) if text == "400 ErrorInvalidRequest")
    );
}

#[test]
fn a_page_of_changes_tells_each_entry_once() {
    let entries = json!([
        { "id": "moved", "type": "singleInstance", "seriesMasterId": null, "isCancelled": false },
        { "id": "came-and-went", "type": "singleInstance" },
        { "id": "first-of-series", "type": "occurrence", "seriesMasterId": "series" },
        { "id": "second-of-series", "type": "occurrence", "seriesMasterId": "series" },
        { "id": "other-one-of-series", "type": "exception", "seriesMasterId": "series" },
        { "id": "called-off", "type": "singleInstance", "isCancelled": true },
        { "id": "one-of-old-series", "type": "occurrence", "seriesMasterId": "old-series" },
        { "id": "old-series", "@removed": { "reason": "deleted" } },
        { "id": "never-seen", "@removed": { "reason": "changed" } },
        { "id": "came-and-went", "@removed": { "reason": "deleted" } },
    ]);
    let told = changes::folded(serde_json::from_value(entries).expect("entries"));
    let told: Vec<_> = told.iter().map(|one| (one.provider_id.as_str(), one.is_gone)).collect();
    assert_eq!(
        told,
        [
            ("called-off", true),
            ("came-and-went", true),
            ("moved", false),
            ("never-seen", true),
            ("old-series", true),
            ("other-one-of-series", false),
            ("series", false),
        ]
    );
}
