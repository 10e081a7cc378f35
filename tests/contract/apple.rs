//! The stage at Apple, as the sandbox plays it: two hosts, odd labels, and an account that invites by itself if it may.

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, TimeDelta, TimeZone, Utc};
use convene::calendars::caldav::{CaldavCalendar, DavError, Server, SignedIn};
use convene::calendars::{
    AccessToken, Account, Alert, Calendar, CalendarError, EventDraft, Placed, Provider, Response,
};
use convene::http::guard::Rules;
use convene::scheduling::interval::{Interval, normalise};
use serde_json::{Value, json};

use super::sandbox::Sandbox;
use super::{Mails, Stage, Stands, alert_of_object, at, draft, span, with_times};

const HOST: &str = "mei.tanaka@icloud.example";
const GUEST: &str = "noah.keller@icloud.example";
const PASSWORD: &str = "kumo-asag-irih-oshi";
const ZONE: chrono_tz::Tz = chrono_tz::Asia::Tokyo;

pub struct AppleStage {
    pub sandbox: Sandbox,
    pub client: CaldavCalendar,
    account: Account,
    token: AccessToken,
    /// The path of the main calendar.
    home: String,
}

/// Plays one case on a fresh stage whose main calendar is empty.
pub async fn with(case: impl AsyncFnOnce(&AppleStage)) {
    let stage = AppleStage::open().await;
    let objects = stage.sandbox.look(&format!("apple/objects?account={HOST}")).await;
    for object in objects["objects"].as_array().expect("a list").iter().filter(|one| one["calendar"] == stage.home) {
        let name = object["name"].as_str().expect("a name");
        stage.by_hand("DELETE", &format!("{}{}", stage.home, name), String::new()).await;
    }
    case(&stage).await;
}

impl AppleStage {
    async fn open() -> Self {
        let sandbox = Sandbox::start();
        let client = CaldavCalendar::new(Rules::default(), Some(&sandbox.origin(Provider::Apple)));
        let signed_in = client.sign_in(&Server::Icloud, HOST, PASSWORD).await.expect("signed in");
        let account = Account { email: HOST.to_owned(), personal: true, zone: Some(ZONE) };
        let home = signed_in.calendars.iter().find(|one| one.primary).expect("a main one").id.clone();
        Self { sandbox, client, account, token: signed_in.token, home }
    }

    pub async fn fault(&self, mut fault: Value) {
        fault["provider"] = json!("apple");
        self.sandbox.tell("faults", fault).await;
    }

    /// From another device.
    async fn by_hand(&self, method: &str, path: &str, body: String) -> String {
        let url = self.sandbox.origin(Provider::Apple).join(path).expect("a url");
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let request = self.sandbox.http.request(method, url).basic_auth(HOST, Some(PASSWORD)).body(body);
        let response = request.header("content-type", "text/calendar").send().await.expect("the sandbox answers");
        let status = response.status();
        let text = response.text().await.expect("the sandbox answers");
        assert!(status.is_success(), "{path}: {status} {text}");
        text
    }

    async fn stored(&self, draft: &EventDraft) -> Vec<Value> {
        let objects = self.sandbox.look(&format!("apple/objects?account={HOST}")).await;
        let all = objects["objects"].as_array().expect("a list").clone();
        all.into_iter().filter(|object| object["uid"] == draft.uid).collect()
    }
}

fn utc(instant: DateTime<Utc>) -> String {
    instant.format("%Y%m%dT%H%M%SZ").to_string()
}

#[async_trait]
impl Stage for AppleStage {
    fn calendar(&self) -> &dyn Calendar {
        &self.client
    }

    fn account(&self) -> &Account {
        &self.account
    }

    fn token(&self) -> &AccessToken {
        &self.token
    }

    fn guest(&self) -> &str {
        GUEST
    }

    fn offers_video(&self) -> bool {
        false
    }

    fn invites(&self) -> bool {
        false
    }

    async fn lose_the_next_answer(&self) {
        self.fault(json!({ "kind": "drop_after_write", "times": 1 })).await;
    }

    async fn refuse_the_next_write(&self) {
        self.fault(json!({ "kind": "status", "status": 503, "times": 1, "match": { "method": "PUT" } })).await;
    }

    async fn limit_the_next_call(&self, seconds: u64) {
        self.fault(json!({ "kind": "status", "status": 429, "retry_after": seconds, "times": 1 })).await;
    }

    async fn kill_the_sign_in(&self) {
        self.fault(json!({ "kind": "revoke", "account": HOST })).await;
    }

    async fn forget_cursors(&self) {
        self.sandbox.tell("cursors/expire", json!({ "provider": "apple", "account": HOST })).await;
    }

    async fn add_entry(&self, stands: Stands, span: Interval) -> String {
        let more = match stands {
            Stands::Busy => "TRANSP:OPAQUE".to_owned(),
            Stands::Tentative => "STATUS:TENTATIVE".to_owned(),
            Stands::Transparent => "TRANSP:TRANSPARENT".to_owned(),
            Stands::Declined => {
                format!("ORGANIZER:mailto:{GUEST}\r\nATTENDEE;PARTSTAT=DECLINED;SCHEDULE-AGENT=CLIENT:mailto:{HOST}")
            }
        };
        let (start, end) = (utc(span.start()), utc(span.end()));
        let lines = format!(
            "UID:entry-{start}\r\nDTSTAMP:{start}\r\nDTSTART:{start}\r\nDTEND:{end}\r\nSUMMARY:Entry\r\n{more}"
        );
        let text = format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//A person//EN\r\nBEGIN:VEVENT\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        );
        let path = format!("{}entry-{start}.ics", self.home);
        self.by_hand("PUT", &path, text).await;
        path
    }

    async fn remove_entry(&self, id: &str) {
        self.by_hand("DELETE", id, String::new()).await;
    }

    async fn delete_by_hand(&self, _draft: &EventDraft, placed: &Placed) {
        self.by_hand("DELETE", &placed.provider_id, String::new()).await;
    }

    async fn move_by_hand(&self, placed: &Placed, to: Interval) {
        let text = self.by_hand("GET", &placed.provider_id, String::new()).await;
        let (start, end) = (format!("DTSTART:{}", utc(to.start())), format!("DTEND:{}", utc(to.end())));
        self.by_hand("PUT", &placed.provider_id, with_times(&text, &start, &end)).await;
    }

    async fn make_all_day_by_hand(&self, placed: &Placed) {
        let text = self.by_hand("GET", &placed.provider_id, String::new()).await;
        let (start, end) = ("DTSTART;VALUE=DATE:20310305", "DTEND;VALUE=DATE:20310306");
        self.by_hand("PUT", &placed.provider_id, with_times(&text, start, end)).await;
    }

    async fn answer(&self, _draft: &EventDraft, _placed: &Placed, _answer: Response) {
        panic!("nobody is invited here");
    }

    async fn live_events(&self, draft: &EventDraft) -> usize {
        self.stored(draft).await.len()
    }

    /// All of the account's, not the guest's alone: nobody is to be invited by Apple.
    async fn mails(&self, _draft: &EventDraft) -> Mails {
        let outbox = self.sandbox.look("mail").await;
        let mails = outbox["mails"].as_array().expect("a list of mails");
        let count = |method: &str| mails.iter().filter(|mail| mail["method"] == method).count();
        Mails { requests: count("REQUEST"), cancellations: count("CANCEL") }
    }

    async fn alert(&self, placed: &Placed) -> Alert {
        alert_of_object(&self.by_hand("GET", &placed.provider_id, String::new()).await)
    }
}

/// Cases that only make sense at Apple, or at a server that can be made as odd as others are.
pub mod cases {
    use super::*;

    pub async fn a_dead_token_is_known_however_it_is_said() {
        let stage = AppleStage::open().await;
        let window = span(at(0, 0), 24 * 60);
        let read = async |since| stage.client.changes(&stage.token, "primary", since, window).await;
        let first = read(None).await.expect("the calendar answers");
        for fault in [
            json!({ "kind": "dead_sync_token_403", "times": 1 }),
            json!({ "kind": "dead_sync_token_412", "times": 1 }),
            json!({ "kind": "status", "status": 409, "times": 1, "match": { "method": "REPORT" } }),
            json!({ "kind": "status", "status": 410, "times": 1, "match": { "method": "REPORT" } }),
            json!({ "kind": "status", "status": 500, "times": 1, "match": { "method": "REPORT" } }),
        ] {
            stage.fault(fault.clone()).await;
            assert_eq!(read(Some(&first.cursor)).await, Err(CalendarError::CursorGone), "{fault}");
        }
        stage.fault(json!({ "kind": "status", "status": 502, "times": 1, "match": { "method": "REPORT" } })).await;
        assert!(matches!(read(Some(&first.cursor)).await, Err(CalendarError::Unavailable(_))), "it knows it yet");
        // A listing of everything cannot be told from changes: all may have changed, and nothing is gone.
        stage.fault(json!({ "kind": "dead_sync_token_listing", "times": 1 })).await;
        let all = read(Some(&first.cursor)).await.expect("the calendar answers");
        assert!(!all.is_complete && all.entries.len() > 5 && all.entries.iter().all(|one| !one.is_gone), "{all:?}");
        assert_eq!(all.entries, first.entries);
    }

    /// The drawn weeks with their series, exceptions, whole days and odd zones: what the sandbox says stands there is what we
    /// find busy.
    pub async fn seeded_weeks_are_counted_off() {
        let stage = AppleStage::open().await;
        let told = stage.sandbox.look(&format!("events?account={HOST}")).await;
        let from = Utc::now() - TimeDelta::days(14);
        let window = Interval::new(from, from + TimeDelta::days(84)).expect("a window");
        let day = |text: &Value| {
            let date: NaiveDate = text.as_str().expect("a date").parse().expect("a date");
            let midnight = date.and_hms_opt(0, 0, 0).expect("midnight");
            ZONE.from_local_datetime(&midnight).single().expect("no clock changes in Tokyo").to_utc()
        };
        let instant = |text: &Value| text.as_str().expect("an instant").parse::<DateTime<Utc>>().expect("an instant");
        let mut expected = Vec::new();
        for event in told["events"].as_array().expect("a list").iter().filter(|one| one["calendar"] == stage.home) {
            let attendees = event["attendees"].as_array().expect("a list");
            let declined = attendees.iter().any(|one| one["email"] == HOST && one["response"] == "declined");
            if event["status"] == "cancelled" || event["show_as"] == "free" || declined {
                continue;
            }
            let read = |text| if event["all_day"] == true { day(text) } else { instant(text) };
            let span = Interval::new(read(&event["start"]), read(&event["end"]));
            expected.extend(span.and_then(|span| span.intersection(&window)));
        }
        assert!(expected.len() > 50, "the weeks are drawn full: {}", expected.len());
        let busy = stage.client.busy(&stage.token, &stage.account, &[], window).await.expect("the calendar answers");
        assert_eq!(busy, normalise(expected));
    }

    /// Other servers' ways of saying the same change nothing.
    pub async fn odd_answers_are_understood() {
        for quirk in [
            "plain_principal",
            "no_etag",
            "weak_etags",
            "absolute_hrefs",
            "encoded_hrefs",
            "odd_prefixes",
            "cdata",
            "mixed_propstats",
        ] {
            let stage = AppleStage::open().await;
            stage.fault(json!({ "kind": "quirk", "quirk": quirk })).await;
            let found = stage.client.sign_in(&Server::Icloud, HOST, PASSWORD).await;
            let SignedIn { token, calendars, .. } = found.unwrap_or_else(|error| panic!("{quirk}: {error}"));
            let names: Vec<_> = calendars.iter().map(|one| (one.name.as_str(), one.writable)).collect();
            assert!(
                names.contains(&("Interviews", true)) && names.contains(&("Public holidays", false)),
                "{quirk}: {names:?}"
            );
            assert!(!names.iter().any(|(name, _)| *name == "Reminders"), "{quirk}: {names:?}");
            let mut draft = draft(&stage, quirk);
            let put = async |draft: &EventDraft, last: Option<&Placed>| {
                let placed = stage.client.put(&token, "primary", draft, last).await;
                placed.unwrap_or_else(|error| panic!("{quirk}: {error}"))
            };
            let busy = async |window: Interval| {
                let busy = stage.client.busy(&token, &stage.account, &[], window).await;
                busy.unwrap_or_else(|error| panic!("{quirk}: {error}"))
            };
            let first = put(&draft, None).await;
            assert_eq!(busy(draft.span).await, [draft.span], "{quirk}");
            draft.span = span(at(20, 0), 45);
            let second = put(&draft, Some(&first)).await;
            assert_eq!(second.provider_id, first.provider_id, "{quirk}");
            assert_eq!(busy(draft.span).await, [draft.span], "{quirk}");
            let gone = stage.client.cancel(&token, "primary", &draft, Some(&second), "").await;
            assert_eq!(gone.ok(), Some(convene::calendars::Removal::Removed), "{quirk}");
            assert_eq!(stage.live_events(&draft).await, 0, "{quirk}");
        }
    }

    pub async fn answers_that_are_none_are_named() {
        for (fault, expected) in [
            (json!({ "kind": "html_page" }), "no CalDAV server"),
            (json!({ "kind": "quirk", "quirk": "truncated" }), "no CalDAV server"),
            (json!({ "kind": "quirk", "quirk": "dtd" }), "the XML holds what is not allowed: a document type"),
            (json!({ "kind": "unauthorized" }), "the sign-in was refused"),
            (json!({ "kind": "oversize", "bytes": 20_000_000 }), "unavailable: more than 10485760 bytes"),
            (json!({ "kind": "status", "status": 500 }), "unavailable: the provider answered 500"),
        ] {
            let stage = AppleStage::open().await;
            stage.fault(fault.clone()).await;
            let found = stage.client.sign_in(&Server::Icloud, HOST, PASSWORD).await.map(|one| one.subject);
            assert_eq!(found.map_err(|error| error.to_string()), Err(expected.to_owned()), "{fault}");
            let busy = stage.client.busy(&stage.token, &stage.account, &[], span(at(8, 0), 60)).await;
            let unknown = matches!(busy, Err(CalendarError::Unavailable(_) | CalendarError::SignInExpired));
            assert!(unknown, "never free: {fault}: {busy:?}");
        }
        let stage = AppleStage::open().await;
        let wrong = stage.client.sign_in(&Server::Icloud, HOST, "wrong").await.map(|one| one.subject);
        assert_eq!(wrong, Err(DavError::Login));
    }

    /// A server that somebody typed keeps its password to itself, whatever its answers link and redirect to.
    pub async fn the_password_stays_with_the_server_that_was_typed() {
        let stage = AppleStage::open().await;
        let origin = stage.sandbox.origin(Provider::Apple);
        let host = |url: &url::Url| format!("127.0.0.1:{}", url.port().expect("a port")).parse().expect("listed");
        let listed = vec![host(&origin), host(&stage.sandbox.origin(Provider::Google))];
        let client = CaldavCalendar::new(Rules { listed, allow_private: false }, None);
        let server = client.server(origin.as_str()).expect("listed");
        let sign_in = async || client.sign_in(&server, HOST, PASSWORD).await.map(|one| one.subject);
        assert_eq!(sign_in().await, Err(DavError::NotCaldav), "its home is on another origin");
        stage.sandbox.tell("apple/home", json!({ "url": origin.as_str().trim_end_matches('/') })).await;
        assert!(sign_in().await.is_ok());
        stage.fault(json!({ "kind": "quirk", "quirk": "foreign_href", "times": 10 })).await;
        assert!(sign_in().await.is_err());
        let recorded = stage.sandbox.look("requests").await;
        let requests = recorded["requests"].as_array().expect("a list of requests");
        assert!(requests.iter().all(|one| one["provider"] != "google"), "nobody was asked elsewhere");
    }
}
