//! What people do in their calendars, by the vendors' own interfaces and with plain requests.

use convene::calendars::{AccessToken, Alert, Provider, Response};
use convene::scheduling::interval::Interval;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Stage, Stands, VendorStage};

/// One plain request; the answer's JSON, `null` if it has none.
pub async fn ask(stage: &VendorStage, token: &AccessToken, method: Method, path: &str, body: Option<Value>) -> Value {
    let base = match stage.cast.provider() {
        Provider::Google => "calendar/v3/",
        Provider::Microsoft | Provider::Apple => "v1.0/",
    };
    let url = format!("{}{base}{path}", stage.sandbox.origin(stage.cast.provider()));
    let mut request = stage.sandbox.http.request(method, &url).bearer_auth(token.expose());
    if stage.cast.provider() == Provider::Microsoft {
        // The ids that our client knows.
        request = request.header("prefer", "IdType=\"ImmutableId\"");
    }
    if let Some(body) = body {
        request = request.json(&body);
    }
    let response = request.send().await.expect("the sandbox answers");
    let status = response.status();
    let text = response.text().await.expect("the sandbox answers");
    assert!(status.is_success(), "{url}: {status} {text}");
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

/// An entry as the vendor words it.
fn entry(stage: &VendorStage, title: &str, stands: Stands, span: Interval) -> Value {
    match stage.cast.provider() {
        Provider::Google => json!({
            "summary": title,
            "start": { "dateTime": span.start().to_rfc3339() },
            "end": { "dateTime": span.end().to_rfc3339() },
            "transparency": if stands == Stands::Transparent { "transparent" } else { "opaque" },
            "status": if stands == Stands::Tentative { "tentative" } else { "confirmed" },
        }),
        Provider::Microsoft | Provider::Apple => {
            let time = |instant: chrono::DateTime<chrono::Utc>| json!({ "dateTime": instant.format("%Y-%m-%dT%H:%M:%S").to_string(), "timeZone": "UTC" });
            let show_as = match stands {
                Stands::Transparent => "free",
                Stands::Tentative => "tentative",
                Stands::Busy | Stands::Declined => "busy",
            };
            json!({ "subject": title, "start": time(span.start()), "end": time(span.end()), "showAs": show_as })
        }
    }
}

fn events_path(stage: &VendorStage) -> &'static str {
    match stage.cast.provider() {
        Provider::Google => "calendars/primary/events",
        Provider::Microsoft | Provider::Apple => "me/calendar/events",
    }
}

/// The id of what was made.
pub async fn add_entry(stage: &VendorStage, stands: Stands, span: Interval) -> String {
    let id = |event: &Value| event["id"].as_str().expect("an id").to_owned();
    let title = format!("Entry at {}", span.start());
    let mut body = entry(stage, &title, stands, span);
    if stands != Stands::Declined {
        return id(&ask(stage, &stage.token, Method::POST, events_path(stage), Some(body)).await);
    }
    // The guest invites the host, who declines.
    body["attendees"] = match stage.cast.provider() {
        Provider::Google => json!([{ "email": stage.account().email }]),
        Provider::Microsoft | Provider::Apple => {
            json!([{ "emailAddress": { "address": stage.account().email }, "type": "required" }])
        }
    };
    ask(stage, &stage.guest_token, Method::POST, events_path(stage), Some(body)).await;
    answer(stage, &stage.account().email, &stage.token, &title, Response::Declined).await;
    let copies = stage.events_of(&stage.account().email, &title).await;
    id(copies.first().expect("the invitation is in the calendar"))
}

fn event_path(stage: &VendorStage, id: &str) -> String {
    match stage.cast.provider() {
        Provider::Google => format!("calendars/primary/events/{id}"),
        Provider::Microsoft | Provider::Apple => format!("me/events/{}", encoded(id)),
    }
}

pub async fn delete(stage: &VendorStage, id: &str) {
    ask(stage, &stage.token, Method::DELETE, &event_path(stage, id), None).await;
}

pub async fn move_to(stage: &VendorStage, id: &str, to: Interval) {
    let times = entry(stage, "", Stands::Busy, to);
    let body = json!({ "start": times["start"], "end": times["end"] });
    ask(stage, &stage.token, Method::PATCH, &event_path(stage, id), Some(body)).await;
}

pub async fn make_all_day(stage: &VendorStage, id: &str) {
    let body = match stage.cast.provider() {
        Provider::Google => {
            let date = |day: &str| json!({ "date": day, "dateTime": null, "timeZone": null });
            json!({ "start": date("2031-03-05"), "end": date("2031-03-06") })
        }
        Provider::Microsoft | Provider::Apple => {
            let midnight = |day: &str| json!({ "dateTime": format!("{day}T00:00:00"), "timeZone": "UTC" });
            json!({ "isAllDay": true, "start": midnight("2031-03-05"), "end": midnight("2031-03-06") })
        }
    };
    ask(stage, &stage.token, Method::PATCH, &event_path(stage, id), Some(body)).await;
}

/// When the host is alerted to the event.
pub async fn alert(stage: &VendorStage, id: &str) -> Alert {
    let event = ask(stage, &stage.token, Method::GET, &event_path(stage, id), None).await;
    let minutes = |value: &Value| u32::try_from(value.as_u64().expect("a number")).expect("minutes");
    match stage.cast.provider() {
        Provider::Google => {
            let overrides = event["reminders"]["overrides"].as_array().cloned().unwrap_or_default();
            match (&event["reminders"]["useDefault"], overrides.as_slice()) {
                (Value::Bool(true), []) => Alert::Usual,
                (Value::Bool(false), []) => Alert::Silent,
                (Value::Bool(false), [one]) if one["method"] == "popup" => Alert::Before(minutes(&one["minutes"])),
                _ => panic!("{event}"),
            }
        }
        Provider::Microsoft | Provider::Apple => {
            match (&event["isReminderOn"], minutes(&event["reminderMinutesBeforeStart"])) {
                (Value::Bool(false), _) => Alert::Silent,
                // What mailboxes do of themselves.
                (Value::Bool(true), 15) => Alert::Usual,
                (Value::Bool(true), minutes) => Alert::Before(minutes),
                _ => panic!("{event}"),
            }
        }
    }
}

/// Someone answers the invitation of this title in their own calendar.
pub async fn answer(stage: &VendorStage, who: &str, token: &AccessToken, title: &str, answer: Response) {
    let copies = stage.events_of(who, title).await;
    let id = copies.first().and_then(|copy| copy["id"].as_str()).expect("the invitation is in the calendar");
    match stage.cast.provider() {
        Provider::Google => {
            let word = match answer {
                Response::Accepted => "accepted",
                Response::Declined => "declined",
                Response::Tentative => "tentative",
                Response::NeedsAction => "needsAction",
            };
            let path = format!("calendars/primary/events/{id}");
            let mut guests = ask(stage, token, Method::GET, &path, None).await["attendees"].take();
            for guest in guests.as_array_mut().expect("guests") {
                if guest["email"] == who {
                    guest["responseStatus"] = json!(word);
                }
            }
            ask(stage, token, Method::PATCH, &path, Some(json!({ "attendees": guests }))).await;
        }
        Provider::Microsoft | Provider::Apple => {
            let verb = match answer {
                Response::Accepted => "accept",
                Response::Declined => "decline",
                Response::Tentative | Response::NeedsAction => "tentativelyAccept",
            };
            let path = format!("me/events/{}/{verb}", encoded(id));
            ask(stage, token, Method::POST, &path, Some(json!({ "sendResponse": true }))).await;
        }
    }
}

/// Graph's ids hold characters that mean something in a path.
fn encoded(id: &str) -> String {
    id.replace('%', "%25").replace('/', "%2F").replace('+', "%2B").replace('=', "%3D")
}
