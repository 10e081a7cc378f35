//! The stage at a real CalDAV server: Radicale as a child process, with a gate before it that can be told to fail.
//!
//! Its program is `$CONVENE_RADICALE`, or where `scripts/setup.sh radicale` installs it.

use std::collections::VecDeque;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response as Answer};
use chrono::{DateTime, Utc};
use convene::calendars::caldav::{CaldavCalendar, Server, SignedIn};
use convene::calendars::{AccessToken, Account, Alert, Calendar, EventDraft, Placed, Response};
use convene::http::guard::Rules;
use convene::scheduling::interval::Interval;
use reqwest::Method;

use super::{Mails, Stage, Stands, alert_of_object, with_times};

pub const USER: &str = "ana";
pub const PASSWORD: &str = "abcd-efgh-ijkl-mnop";
const EMAIL: &str = "ana@example.com";
/// Where their calendar is.
pub const HOME: &str = "/ana/home/";

/// What the gate does instead of letting a request through.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// The next write has its effect, and its answer breaks off.
    LoseAnswer,
    /// The next write has none.
    Refuse,
    /// The next request is one too many.
    Limit(u64),
    /// The next write comes too late.
    Stale,
    /// The next answer to a write keeps the etag to itself.
    NoEtag,
    /// No sign-in is accepted, from now on.
    Dead,
    /// The server knows no sync reports, from now on.
    NoSync,
    /// Right before the next write a person drags the event to eight o'clock.
    Dragged,
}

type Faults = Arc<Mutex<VecDeque<Fault>>>;

pub struct RadicaleStage {
    server: Child,
    folder: PathBuf,
    direct: SocketAddr,
    gate: SocketAddr,
    faults: Faults,
    http: reqwest::Client,
    pub client: CaldavCalendar,
    account: Account,
    token: AccessToken,
}

/// Plays one case on a fresh stage.
pub async fn with(case: impl AsyncFnOnce(&RadicaleStage)) {
    case(&RadicaleStage::open().await).await;
}

impl RadicaleStage {
    async fn open() -> Self {
        let direct = TcpListener::bind("127.0.0.1:0").and_then(|one| one.local_addr()).expect("a free port");
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("radicale-{}", direct.port()));
        std::fs::create_dir_all(&folder).expect("a writable target directory");
        let users = folder.join("users");
        std::fs::write(&users, format!("{USER}:{PASSWORD}\nben:other\n")).expect("a writable target directory");
        let server = Command::new(program())
            .args(["--config", "", "--server-hosts", &direct.to_string(), "--auth-type", "htpasswd"])
            .args(["--auth-htpasswd-encryption", "plain", "--auth-delay", "0"])
            .arg("--auth-htpasswd-filename")
            .arg(&users)
            .arg("--storage-filesystem-folder")
            .arg(folder.join("collections"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("Radicale starts");
        let until = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(direct).is_err() {
            assert!(Instant::now() < until, "Radicale does not listen");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let faults = Faults::default();
        let gate = open_gate(direct, http.clone(), faults.clone()).await;
        let rules = Rules { listed: vec![gate.to_string().parse().expect("a host and a port")], allow_private: false };
        let mut stage = Self {
            server,
            folder,
            direct,
            gate,
            faults,
            http,
            client: CaldavCalendar::new(rules, None),
            account: Account { email: EMAIL.to_owned(), personal: true, zone: Some(chrono_tz::Europe::Berlin) },
            token: AccessToken::new(""),
        };
        stage.make_calendar(HOME, "Home", "VEVENT").await;
        stage.token = stage.sign_in("/").await.token;
        stage
    }

    /// As a person would, by the address of the gate with this path.
    pub async fn sign_in(&self, path: &str) -> SignedIn {
        self.client.sign_in(&self.server(path), USER, PASSWORD).await.expect("signed in")
    }

    pub fn server(&self, path: &str) -> Server {
        self.client.server(&format!("http://{}{path}", self.gate)).expect("the gate is listed")
    }

    pub fn fault(&self, fault: Fault) {
        self.faults.lock().expect("no panic").push_back(fault);
    }

    /// What a person's own program asks.
    pub async fn ask(&self, method: &str, path: &str, body: String) -> String {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let url = format!("http://{}{path}", self.direct);
        let request = self.http.request(method, &url).basic_auth(USER, Some(PASSWORD)).body(body);
        let response = request.send().await.expect("Radicale answers");
        let status = response.status();
        let text = response.text().await.expect("Radicale answers");
        assert!(status.is_success(), "{url}: {status} {text}");
        text
    }

    pub async fn make_calendar(&self, path: &str, name: &str, of: &str) {
        let body = format!(
            r##"<?xml version="1.0"?><c:mkcalendar xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav" xmlns:a="http://apple.com/ns/ical/"><d:set><d:prop><d:displayname>{name}</d:displayname><a:calendar-color>#FF2968FF</a:calendar-color><c:supported-calendar-component-set><c:comp name="{of}"/></c:supported-calendar-component-set></d:prop></d:set></c:mkcalendar>"##
        );
        self.ask("MKCALENDAR", path, body).await;
    }

    /// Puts an event there as a person would.
    pub async fn enter(&self, uid: &str, lines: &str) {
        let lines = lines.replace(" | ", "\r\n");
        let text = format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//A person//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20300101T000000Z\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        );
        self.ask("PUT", &format!("{HOME}{uid}.ics"), text).await;
    }
}

impl Drop for RadicaleStage {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The program to run; its absence is a failure, not a reason to skip.
fn program() -> PathBuf {
    if let Some(path) = std::env::var_os("CONVENE_RADICALE") {
        return path.into();
    }
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache"))).expect("a home");
    let path = cache.join("convene/radicale-3.9.0/bin/radicale");
    assert!(path.exists(), "{} is missing: run `scripts/setup.sh radicale` first", path.display());
    path
}

#[derive(Clone)]
struct Gate {
    to: SocketAddr,
    http: reqwest::Client,
    faults: Faults,
}

async fn open_gate(to: SocketAddr, http: reqwest::Client, faults: Faults) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let router = axum::Router::new().fallback(pass).with_state(Gate { to, http, faults });
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn pass(State(gate): State<Gate>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let writes = matches!(parts.method.as_str(), "PUT" | "DELETE" | "MKCALENDAR");
    let fault = {
        let mut faults = gate.faults.lock().expect("no panic");
        let applies = |fault: &Fault| match fault {
            Fault::Limit(_) | Fault::Dead => true,
            Fault::NoSync => parts.method.as_str() == "REPORT",
            _ => writes,
        };
        match faults.front().copied().filter(applies) {
            Some(lasting @ (Fault::Dead | Fault::NoSync)) => Some(lasting),
            Some(_) => faults.pop_front(),
            None => None,
        }
    };
    match fault {
        Some(Fault::Refuse) => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Some(Fault::Stale) => return StatusCode::PRECONDITION_FAILED.into_response(),
        Some(Fault::Limit(seconds)) => {
            return (StatusCode::TOO_MANY_REQUESTS, [("retry-after", seconds.to_string())]).into_response();
        }
        Some(Fault::Dead) => {
            // As iCloud does: the scheme that leads nowhere first.
            let offers = [("www-authenticate", "X-MobileMe-AuthToken realm=\"MMCalDav\", Basic realm=\"MMCalDav\"")];
            return (StatusCode::UNAUTHORIZED, offers).into_response();
        }
        _ => {}
    }
    let body = axum::body::to_bytes(body, usize::MAX).await.expect("a whole request");
    if fault == Some(Fault::NoSync) && body.windows(15).any(|part| part == b"sync-collection") {
        let error = r#"<?xml version="1.0"?><error xmlns="DAV:"><supported-report/></error>"#;
        return (StatusCode::FORBIDDEN, error).into_response();
    }
    let url = format!("http://{}{}", gate.to, parts.uri.path_and_query().expect("a path"));
    let mut headers = parts.headers;
    headers.remove("host");
    if fault == Some(Fault::Dragged) {
        let who = headers.get("authorization").expect("a password").clone();
        let ask = |method| gate.http.request(method, &url).header("authorization", who.clone());
        let text = ask(Method::GET).send().await.expect("Radicale answers").text().await.expect("an event");
        let text = with_times(&text, "DTSTART:20310305T080000Z", "DTEND:20310305T084500Z");
        let written = ask(Method::PUT).body(text).send().await.expect("Radicale answers");
        assert!(written.status().is_success(), "{}", written.status());
    }
    let passed =
        gate.http.request(parts.method, url).headers(headers).body(body).send().await.expect("Radicale answers");
    let (status, mut headers) = (passed.status(), passed.headers().clone());
    let body = passed.bytes().await.expect("Radicale answers");
    headers.remove("transfer-encoding");
    headers.remove("content-length");
    if fault == Some(Fault::NoEtag) {
        headers.remove("etag");
    }
    if fault == Some(Fault::LoseAnswer) {
        let broken: Result<Bytes, std::io::Error> = Err(std::io::Error::other("cut on purpose"));
        // 204 would be whole without a body.
        return (StatusCode::OK, Body::from_stream(Broken(Some(broken)))).into_response();
    }
    (status, headers, body).into_response()
}

/// A body that breaks off at once.
struct Broken(Option<Result<Bytes, std::io::Error>>);

impl futures_core::Stream for Broken {
    type Item = Result<Bytes, std::io::Error>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(self.0.take())
    }
}

fn utc(instant: DateTime<Utc>) -> String {
    instant.format("%Y%m%dT%H%M%SZ").to_string()
}

#[async_trait]
impl Stage for RadicaleStage {
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
        "ben@example.com"
    }

    fn offers_video(&self) -> bool {
        false
    }

    fn invites(&self) -> bool {
        false
    }

    async fn lose_the_next_answer(&self) {
        self.fault(Fault::LoseAnswer);
    }

    async fn refuse_the_next_write(&self) {
        self.fault(Fault::Refuse);
    }

    async fn limit_the_next_call(&self, seconds: u64) {
        self.fault(Fault::Limit(seconds));
    }

    async fn kill_the_sign_in(&self) {
        self.fault(Fault::Dead);
    }

    /// What Radicale does of itself after a month.
    async fn forget_cursors(&self) {
        let tokens = self.folder.join("collections/collection-root/ana/home/.Radicale.cache/sync-token");
        std::fs::remove_dir_all(&tokens).expect("Radicale keeps what it told");
    }

    async fn add_entry(&self, stands: Stands, span: Interval) -> String {
        let more = match stands {
            Stands::Busy => "TRANSP:OPAQUE",
            Stands::Tentative => "STATUS:TENTATIVE",
            Stands::Transparent => "TRANSP:TRANSPARENT",
            Stands::Declined => "ORGANIZER:mailto:ben@example.com | ATTENDEE;PARTSTAT=DECLINED:mailto:Ana@example.com",
        };
        let (start, end) = (utc(span.start()), utc(span.end()));
        self.enter(&format!("entry-{start}"), &format!("DTSTART:{start} | DTEND:{end} | SUMMARY:Entry | {more}")).await;
        format!("{HOME}entry-{start}.ics")
    }

    async fn remove_entry(&self, id: &str) {
        self.ask("DELETE", id, String::new()).await;
    }

    async fn delete_by_hand(&self, _draft: &EventDraft, placed: &Placed) {
        self.ask("DELETE", &placed.provider_id, String::new()).await;
    }

    async fn move_by_hand(&self, placed: &Placed, to: Interval) {
        let text = self.ask("GET", &placed.provider_id, String::new()).await;
        let (start, end) = (format!("DTSTART:{}", utc(to.start())), format!("DTEND:{}", utc(to.end())));
        self.ask("PUT", &placed.provider_id, with_times(&text, &start, &end)).await;
    }

    async fn make_all_day_by_hand(&self, placed: &Placed) {
        let text = self.ask("GET", &placed.provider_id, String::new()).await;
        let (start, end) = ("DTSTART;VALUE=DATE:20310305", "DTEND;VALUE=DATE:20310306");
        self.ask("PUT", &placed.provider_id, with_times(&text, start, end)).await;
    }

    async fn answer(&self, _draft: &EventDraft, _placed: &Placed, _answer: Response) {
        panic!("nobody is invited here");
    }

    async fn live_events(&self, draft: &EventDraft) -> usize {
        let all = self.ask("GET", HOME, String::new()).await;
        let title = format!("SUMMARY:{}\r\n", draft.summary);
        all.replace("\r\n ", "").matches(&title).count()
    }

    async fn mails(&self, _draft: &EventDraft) -> Mails {
        // Radicale mails nobody; that we ask no server to is shown by what is stored.
        Mails::default()
    }

    async fn alert(&self, placed: &Placed) -> Alert {
        alert_of_object(&self.ask("GET", &placed.provider_id, String::new()).await)
    }
}

/// Cases that only make sense with objects behind the client.
pub mod cases {
    use convene::calendars::CalendarError;
    use convene::calendars::caldav::DavError;

    use super::super::{at, draft, invited, span, suite};
    use super::*;

    async fn put(stage: &RadicaleStage, draft: &EventDraft, last: Option<&Placed>) -> Result<Placed, CalendarError> {
        stage.client.put(stage.token(), "primary", draft, last).await
    }

    pub async fn who_takes_part_stands_in_the_words(stage: &RadicaleStage) {
        let mut draft = draft(stage, "words");
        let first = put(stage, &draft, None).await.expect("placed");
        let text = async || stage.ask("GET", &first.provider_id, String::new()).await.replace("\r\n ", "");
        let stored = text().await;
        for never in ["ATTENDEE", "ORGANIZER", "METHOD"] {
            assert!(!stored.contains(never), "{stored}");
        }
        assert!(stored.contains("Taking part:\\nA guest\\, ben@example.com"), "{stored}");
        assert!(stored.contains("\r\nX-CONVENE-EVENT:words\r\n"), "{stored}");
        draft.attendees.push(invited("sam.reed@candidate.example"));
        let second = put(stage, &draft, Some(&first)).await.expect("placed");
        assert_ne!(second.etag, first.etag);
        assert!(text().await.contains("sam.reed@candidate.example"));
    }

    pub async fn what_a_person_added_survives_an_update(stage: &RadicaleStage) {
        let mut draft = draft(stage, "edited");
        let first = put(stage, &draft, None).await.expect("placed");
        let text = stage.ask("GET", &first.provider_id, String::new()).await;
        let alarm = "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:Soon\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\nEND:VEVENT";
        let added = text.replace("END:VEVENT", &format!("X-APPLE-TRAVEL-ADVISORY-BEHAVIOR:AUTOMATIC\r\n{alarm}"));
        stage.ask("PUT", &first.provider_id, added).await;
        draft.span = span(at(16, 0), 45);
        draft.sequence = 1;
        put(stage, &draft, Some(&first)).await.expect("moved over what the person changed");
        let text = stage.ask("GET", &first.provider_id, String::new()).await;
        assert!(
            text.contains("X-APPLE-TRAVEL-ADVISORY-BEHAVIOR:AUTOMATIC") && text.contains("TRIGGER:-PT15M"),
            "{text}"
        );
        assert!(text.contains("DTSTART:20310305T160000Z") && text.contains("SEQUENCE:1"), "{text}");
    }

    pub async fn a_conflict_is_settled_once(stage: &RadicaleStage) {
        let mut draft = draft(stage, "conflict");
        let first = put(stage, &draft, None).await.expect("placed");
        draft.span = span(at(16, 0), 45);
        stage.fault(Fault::Stale);
        let second = put(stage, &draft, Some(&first)).await.expect("applied once more");
        draft.span = span(at(18, 0), 45);
        stage.fault(Fault::Stale);
        stage.fault(Fault::Stale);
        let outcome = put(stage, &draft, Some(&second)).await;
        assert!(matches!(outcome, Err(CalendarError::Conflict { etag: Some(_) })), "{outcome:?}");
    }

    /// Between our look and our write.
    pub async fn a_move_in_the_last_moment_is_not_overwritten(stage: &RadicaleStage) {
        let mut draft = draft(stage, "last-moment");
        let first = put(stage, &draft, None).await.expect("placed");
        draft.span = span(at(16, 0), 45);
        stage.fault(Fault::Dragged);
        let by_hand = span(at(8, 0), 45);
        assert_eq!(put(stage, &draft, Some(&first)).await, Err(CalendarError::Moved(Some(by_hand))));
        let seen = stage.client.find(stage.token(), "primary", &draft, Some(&first)).await.expect("an answer");
        assert_eq!(seen.and_then(|event| event.span), Some(by_hand));
    }

    /// What changed is seen by the etags then; what came and went between two looks is not.
    pub async fn a_server_without_sync_reports_is_compared(stage: &RadicaleStage) {
        stage.fault(Fault::NoSync);
        suite::what_changed_since_a_cursor_is_told_once(stage).await;
        suite::a_full_read_lists_what_is_there(stage).await;
    }

    pub async fn a_server_that_stops_knowing_sync_reports_is_read_anew(stage: &RadicaleStage) {
        let window = span(at(0, 0), 24 * 60);
        let read = async |since| stage.client.changes(stage.token(), "primary", since, window).await;
        let first = read(None).await.expect("the calendar answers");
        stage.fault(Fault::NoSync);
        assert_eq!(read(Some(&first.cursor)).await, Err(CalendarError::CursorGone));
        assert!(read(None).await.is_ok_and(|all| all.is_complete));
    }

    pub async fn an_etag_that_is_not_told_is_asked_for(stage: &RadicaleStage) {
        let draft = draft(stage, "etag");
        stage.fault(Fault::NoEtag);
        let placed = put(stage, &draft, None).await.expect("placed");
        let found = stage.client.find(stage.token(), "primary", &draft, Some(&placed)).await.expect("an answer");
        assert!(placed.etag.is_some());
        assert_eq!(found.and_then(|event| event.placed.etag), placed.etag);
    }

    /// Somebody's program stored the object anew under a name of its own.
    pub async fn an_event_under_another_name_is_adopted(stage: &RadicaleStage) {
        let mut draft = draft(stage, "renamed");
        let first = put(stage, &draft, None).await.expect("placed");
        let text = stage.ask("GET", &first.provider_id, String::new()).await;
        stage.ask("DELETE", &first.provider_id, String::new()).await;
        let other = format!("{HOME}other-name.ics");
        stage.ask("PUT", &other, text).await;
        draft.description = "Other words.".to_owned();
        let second = put(stage, &draft, None).await.expect("adopted");
        assert_eq!(second.provider_id, other);
        assert_eq!(stage.live_events(&draft).await, 1);
    }

    pub async fn series_and_whole_days_are_counted_off(stage: &RadicaleStage) {
        let series = "DTSTART;TZID=Europe/Berlin:20200101T090000 | DTEND;TZID=Europe/Berlin:20200101T093000 | \
                      RRULE:FREQ=DAILY | EXDATE;TZID=Europe/Berlin:20310306T090000";
        stage.enter("series", series).await;
        stage.enter("day", "DTSTART;VALUE=DATE:20310308 | DTEND;VALUE=DATE:20310309").await;
        let instant = |day, hour| {
            chrono::TimeZone::with_ymd_and_hms(&Utc, 2031, 3, day, hour, 0, 0).single().expect("an instant")
        };
        let window = Interval::new(instant(5, 0), instant(9, 0)).expect("a window");
        let busy = stage.client.busy(stage.token(), stage.account(), &[], window).await.expect("the calendar answers");
        let half = |day| span(instant(day, 8), 30);
        let whole = Interval::new(instant(7, 23), instant(8, 23)).expect("a day");
        assert_eq!(busy, [half(5), half(7), whole]);
    }

    pub async fn calendars_for_events_are_listed_with_name_and_colour(stage: &RadicaleStage) {
        stage.make_calendar("/ana/tasks/", "Reminders", "VTODO").await;
        stage.make_calendar("/ana/work%40office/", "Work &amp; more", "VEVENT").await;
        let mut listed = stage.client.calendars(stage.token()).await.expect("calendars");
        listed.sort_by(|a, b| a.name.cmp(&b.name));
        let seen: Vec<_> = listed.iter().map(|one| (one.name.as_str(), one.primary, one.writable)).collect();
        assert_eq!(seen, [("Home", true, true), ("Work & more", false, true)]);
        assert_eq!(listed[0].colour.as_deref(), Some("#ff2968"));
        let asked = ["/ana/work@office".to_owned()];
        let busy = stage.client.busy(stage.token(), stage.account(), &asked, span(at(8, 0), 60)).await;
        assert_eq!(busy, Ok(vec![]), "the same place in another spelling");
    }

    pub async fn an_account_is_found_from_wherever_one_begins(stage: &RadicaleStage) {
        for path in ["/", "", "/ana/", "/ana/home/", "/.well-known/caldav", "/no/such/place/"] {
            let found = stage.sign_in(path).await;
            assert!(found.subject.ends_with("/ana"), "{path}: {}", found.subject);
            assert_eq!(found.calendars.len(), 1, "{path}");
        }
        let wrong = stage.client.sign_in(&stage.server("/"), USER, "wrong").await.map(|one| one.subject);
        assert_eq!(wrong, Err(DavError::Login));
        let empty = stage.client.sign_in(&stage.server("/"), "ben", "other").await.map(|one| one.subject);
        assert_eq!(empty, Err(DavError::NoCalendar));
    }
}
