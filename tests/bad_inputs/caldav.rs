//! Addresses, servers and objects that are not what CalDAV needs (K11-K22), as somebody meets them who connects a calendar.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::{Request as Asked, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use convene::{
    calendars::{
        Account, Calendar, Provider,
        caldav::{CaldavCalendar, SignedIn},
    },
    connections,
    http::guard::Rules,
    scheduling::interval::Interval,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::{
    story::{TestApp, on_sqlite},
    support::{Answer, front::Front, html::Page},
};

const PAGE: &str = "/settings/calendar/apple";

/// Ana's browser, at a Convene that lets these hosts be asked.
async fn front(listed: &[SocketAddr]) -> Front {
    let mut front = Front::over(TestApp::at(on_sqlite().await).await).await;
    let listed = listed.iter().map(|address| address.to_string().parse().expect("a host and a port")).collect();
    let client = CaldavCalendar::new(Rules { listed, allow_private: false }, None);
    let mut state = front.app.state.clone();
    let apple = connections::ProviderClient::caldav(client);
    state.services.calendars = Arc::new(connections::Providers::new([(Provider::Apple, apple)]));
    front.serve(state);
    front
}

async fn connects(front: &Front, server: &str) -> Answer {
    // As often as a table is long.
    front.app.run("DELETE FROM rate_windows").await;
    let form = [("user", "ana"), ("password", "abcd-efgh"), ("server", server)];
    front.post(PAGE, &form.map(|(name, value)| (name, value.to_owned()))).await
}

/// The form says what is wrong, nothing was stored, and the password is not shown again.
async fn assert_refused(front: &Front, what: &str, answer: &Answer, code: &str, sentence: &str) {
    let page = Page(&answer.body);
    assert_eq!(answer.status.as_u16(), if code == "dav_no_answer" { 503 } else { 422 }, "{what}: {}", page.text());
    assert!(page.find("data-code", code).is_some(), "{what}: not {code}: {}", page.text());
    assert!(page.text().contains(sentence), "{what}: {sentence:?} is not said in {}", page.text());
    assert!(!answer.body.contains("abcd-efgh"), "{what}: the password is shown");
    assert_eq!(front.app.rows("connections").await, 0, "{what}");
}

#[tokio::test]
async fn addresses_that_may_not_be_used() {
    let front = front(&[]).await;
    let sentence = "This address cannot be used from here.";
    for address in [
        "http://dav.example.com/",
        "http://127.0.0.1/",
        "localhost",
        "https://localhost/",
        "https://127.1/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://2130706433/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[fe80::1%25eth0]/",
        "https://[fe80::1]/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[64:ff9b::a00:1]/",
        "https://[2002:a00:1::]/",
        "https://10.0.0.1/",
        "https://192.168.1.1/",
        "https://100.64.0.1/",
        "https://0.0.0.0/",
        "https://dav.example.com./",
        "https://user:pw@dav.example.com/",
        "https://dav.example.com:22/",
        "https://d\u{430}v.example.com/",
        "https://xn--dv-7kc.example.com\u{2024}evil.example/",
        "https:\\\\10.0.0.1\\",
        "ftp://dav.example.com/",
        "file:///etc/passwd",
        "javascript:alert(1)",
    ] {
        let answer = connects(&front, address).await;
        assert_refused(&front, &format!("K19 {address}"), &answer, "url_not_allowed", sentence).await;
        assert!(answer.body.contains("CALDAV_ALLOWED_HOSTS"), "K19 {address}: what whoever runs it can do");
        for reason in ["not a public address", "is not allowed", "the scheme", "can be taken"] {
            assert!(!answer.body.contains(reason), "K19 {address}: {reason:?} is for the log: {}", answer.body);
        }
    }
}

/// A server that gives everybody this answer, byte by byte, and how often it was asked.
async fn saying(bytes: Vec<u8>) -> (SocketAddr, Arc<Mutex<usize>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let asked = Arc::new(Mutex::new(0));
    let (counted, bytes) = (asked.clone(), Arc::new(bytes));
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            *counted.lock().expect("no panic") += 1;
            let bytes = bytes.clone();
            tokio::spawn(async move {
                let mut request = [0; 8192];
                let _ = socket.read(&mut request).await;
                // A caller who had enough hangs up.
                let _ = socket.write_all(&bytes).await;
                let _ = socket.shutdown().await;
            });
        }
    });
    (address, asked)
}

fn http(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}").into_bytes()
}

#[tokio::test]
async fn servers_that_answer_as_they_should_not() {
    let in_xml = |body: &str| http("207 Multi-Status", "Content-Type: application/xml\r\n", body);
    let wrapped = |inside: &str| in_xml(&format!("<multistatus xmlns=\"DAV:\">{inside}</multistatus>"));
    let (forbidden, not_dav) =
        ("The server sent what Convene does not read.", "This address answers, but not as a CalDAV server.");
    let (login, silent) =
        ("User name or app password refused.", "The server did not answer in time, or not as it should.");
    let many = |count: usize| (0..count).map(|n| format!(" a{n}=\"\"")).collect::<String>();
    let endless = [b"HTTP/1.1 207 Multi-Status\r\nConnection: close\r\n\r\n".to_vec(), vec![b'x'; 11 << 20]].concat();
    let bomb = b"HTTP/1.1 207 Multi-Status\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\nConnection: close\r\n\r\n\x1f\x8b\x08";
    let rows: Vec<(&str, Vec<u8>, &str, &str)> = vec![
        ("K13 a document type", in_xml("<!DOCTYPE x><multistatus xmlns=\"DAV:\"/>"), "dav_xml_forbidden", forbidden),
        (
            "K13 an entity bomb",
            in_xml(
                "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><multistatus xmlns=\"DAV:\">&b;</multistatus>",
            ),
            "dav_xml_forbidden",
            forbidden,
        ),
        (
            "K13 an entity from elsewhere",
            in_xml(
                "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><multistatus xmlns=\"DAV:\">&e;</multistatus>",
            ),
            "dav_xml_forbidden",
            forbidden,
        ),
        ("K13 an instruction", wrapped("<?php echo 1 ?>"), "dav_xml_forbidden", forbidden),
        ("K14 attributes", wrapped(&format!("<a{}/>", many(100_000))), "dav_xml_forbidden", forbidden),
        ("K14 depth", wrapped(&"<a>".repeat(10_000)), "dav_xml_forbidden", forbidden),
        ("K14 too much text", endless, "dav_no_answer", silent),
        (
            "K14 another encoding than it says",
            in_xml("<?xml version=\"1.0\" encoding=\"UTF-16\"?><html>Please sign in</html>"),
            "dav_not_caldav",
            not_dav,
        ),
        ("K14 no text", http("207 Multi-Status", "", "\u{0}\u{1}\u{2}"), "dav_not_caldav", not_dav),
        (
            "K18 a page",
            http("200 OK", "Content-Type: text/html\r\n", "<html>Please sign in</html>"),
            "dav_not_caldav",
            not_dav,
        ),
        ("K18 a page as if it were", in_xml("<html><body>Please sign in</body></html>"), "dav_not_caldav", not_dav),
        ("K18 nothing there", http("404 Not Found", "", ""), "dav_not_caldav", not_dav),
        ("K18 no such method", http("405 Method Not Allowed", "", ""), "dav_not_caldav", not_dav),
        ("K18 JSON", http("200 OK", "Content-Type: application/json\r\n", "{}"), "dav_not_caldav", not_dav),
        ("K21 Basic", http("401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\n", ""), "dav_login", login),
        (
            "K21 Digest",
            http("401 Unauthorized", "WWW-Authenticate: Digest realm=\"x\", nonce=\"y\"\r\n", ""),
            "dav_login",
            login,
        ),
        ("K21 an unknown scheme", http("401 Unauthorized", "WWW-Authenticate: X-Odd\r\n", ""), "dav_login", login),
        ("K21 no scheme", http("401 Unauthorized", "", ""), "dav_login", login),
        ("K22 a gzip bomb", bomb.to_vec(), "dav_no_answer", silent),
        (
            "K19 led to a private address",
            http("301 Moved", "Location: https://10.0.0.1/\r\n", ""),
            "url_not_allowed",
            "This address cannot be used from here.",
        ),
        ("nothing at all", Vec::new(), "dav_no_answer", silent),
        ("too busy", http("503 Service Unavailable", "", ""), "dav_no_answer", silent),
    ];
    for (what, answer, code, sentence) in rows {
        let (address, asked) = saying(answer).await;
        let front = front(&[address]).await;
        let answer = connects(&front, &format!("http://{address}/")).await;
        assert_refused(&front, what, &answer, code, sentence).await;
        let tries = *asked.lock().expect("no panic");
        // Where a server may be found elsewhere, two more places are looked at; a password is tried once.
        assert!(if code == "dav_login" { tries == 1 } else { (1..=3).contains(&tries) }, "{what}: {tries} tries");
    }
}

/// The record and the ServerHello with which a server answers that speaks nothing later than TLS 1.0 (RFC 2246 section 7.4.1.3).
fn tls_one() -> Vec<u8> {
    let mut hello = vec![3, 1];
    hello.extend([7; 32]);
    // No session, TLS_RSA_WITH_AES_128_CBC_SHA, no compression.
    hello.extend([0, 0, 0x2f, 0]);
    let length = u8::try_from(hello.len()).expect("short");
    [vec![22, 3, 1, 0, length + 4, 2, 0, 0, length], hello].concat()
}

/// A certificate for this name until then, signed by itself.
pub fn certificate(name: &str, days: i64) -> tokio_rustls::TlsAcceptor {
    let mut parameters = rcgen::CertificateParams::new(vec![name.to_owned()]).expect("a name");
    let date = |at: DateTime<Utc>| {
        use chrono::Datelike;
        rcgen::date_time_ymd(at.year(), at.month() as u8, at.day() as u8)
    };
    parameters.not_before = date(Utc::now() - chrono::TimeDelta::days(400));
    parameters.not_after = date(Utc::now() + chrono::TimeDelta::days(days));
    let key = rcgen::KeyPair::generate().expect("a key");
    let certificate = parameters.self_signed(&key).expect("signed");
    let crypto = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let config = tokio_rustls::rustls::ServerConfig::builder_with_provider(crypto)
        .with_safe_default_protocol_versions()
        .expect("today's versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key.serialize_der().try_into().expect("a key"))
        .expect("a server's set-up");
    tokio_rustls::TlsAcceptor::from(Arc::new(config))
}

pub async fn behind(acceptor: tokio_rustls::TlsAcceptor) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            // The caller hangs up.
            let _ = acceptor.accept(socket).await;
        }
    });
    address
}

/// K20. Which authority a certificate comes from is judged before the name in it, so a wrong name shows with one that is trusted:
/// `http/guard/tests.rs`.
#[tokio::test]
async fn servers_whose_tls_cannot_be_trusted() {
    let alert = vec![21, 3, 1, 0, 2, 2, 70];
    for (what, address, reason) in [
        ("expired", behind(certificate("127.0.0.1", -30)).await, "certificate expired"),
        ("of itself", behind(certificate("127.0.0.1", 30)).await, "UnknownIssuer"),
        ("of another host, of itself", behind(certificate("dav.example.com", 30)).await, "invalid peer certificate"),
        ("TLS 1.0, as it answers", saying(tls_one()).await.0, "peer"),
        ("TLS 1.0, as it refuses", saying(alert).await.0, "received fatal alert"),
        ("no TLS", saying(b"SSH-2.0-OpenSSH_9.6\r\n".to_vec()).await.0, "corrupt message"),
    ] {
        let front = front(&[address]).await;
        let answer = connects(&front, &format!("https://{address}/")).await;
        let sentence = "No connection that can be trusted was made: ";
        assert_refused(&front, &format!("K20 {what}"), &answer, "tls_failed", sentence).await;
        assert!(answer.body.contains(reason), "K20 {what}: {reason} is not said: {}", answer.body);
        for way_round in ["ignore", "insecure", "anyway"] {
            assert!(!answer.body.to_lowercase().contains(way_round), "K20 {what}: nobody is offered to go on");
        }
    }
}

/// A server whose calendars hold these objects: `(href, text)`.
struct Store {
    home: String,
    objects: Vec<(String, String)>,
}

async fn stored(State(store): State<Arc<Store>>, headers: HeaderMap, request: Asked) -> Response {
    let depth = headers.get("depth").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let response = |href: &str, properties: &str| {
        format!(
            "<response><href>{href}</href><propstat><prop>{properties}</prop><status>HTTP/1.1 200 OK</status></propstat></response>"
        )
    };
    let calendar = "<resourcetype><collection/><C:calendar/></resourcetype>";
    let body = match (request.method().as_str(), request.uri().path(), depth) {
        ("PROPFIND", "/", "0") => response("/", "<current-user-principal><href>/me/</href></current-user-principal>"),
        ("PROPFIND", "/me/", "0") => {
            response("/me/", &format!("<C:calendar-home-set><href>{}</href></C:calendar-home-set>", store.home))
        }
        ("PROPFIND", "/home/", "1") => {
            let places = [
                "/home/one/",
                "/home/two/",
                "http://evil.example/three/",
                "//evil.example/four/",
                "http://a:b@127.0.0.1/five/",
            ];
            let beside = "<response><propstat><prop><displayname>no address</displayname></prop></propstat></response>";
            places.map(|place| response(place, calendar)).concat() + beside
        }
        ("REPORT", path, "1") => {
            let here = store.objects.iter().filter(|(href, _)| href.starts_with(path));
            here.map(|(href, text)| response(href, &format!("<C:calendar-data><![CDATA[{text}]]></C:calendar-data>")))
                .collect()
        }
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let spaces = "xmlns=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\"";
    (StatusCode::MULTI_STATUS, format!("<multistatus {spaces}>{body}</multistatus>")).into_response()
}

async fn holding(home: &str, objects: &[(&str, &str)]) -> (CaldavCalendar, Result<SignedIn, String>) {
    let objects = objects.iter().map(|(href, inside)| {
        let lines = inside.replace(" | ", "\r\n");
        ((*href).to_owned(), format!("BEGIN:VCALENDAR\r\n{lines}\r\nEND:VCALENDAR\r\n"))
    });
    let store = Arc::new(Store { home: home.to_owned(), objects: objects.collect() });
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let router = Router::new().fallback(stored).with_state(store);
    tokio::spawn(async move { axum::serve(listener, router).await });
    let listed = vec![address.to_string().parse().expect("listed")];
    let client = CaldavCalendar::new(Rules { listed, allow_private: false }, None);
    let server = client.server(&format!("http://{address}/")).expect("listed");
    let found = client.sign_in(&server, "ana", "abcd-efgh").await.map_err(|error| error.to_string());
    (client, found)
}

fn hour(day: u32, hour: u32) -> Interval {
    let at = |hour| {
        chrono::NaiveDate::from_ymd_opt(2031, 3, day)
            .and_then(|day| day.and_hms_opt(hour, 0, 0))
            .expect("a time")
            .and_utc()
    };
    Interval::new(at(hour), at(hour + 1)).expect("an hour")
}

/// One UID in two objects and in two calendars, a METHOD in a stored object, and an object nobody can read among others: each counts
/// for itself.
#[tokio::test]
async fn every_object_counts_for_itself() {
    let event = |uid: &str, day: u32, hour: u32| {
        format!("BEGIN:VEVENT | UID:{uid} | DTSTART:203103{day:02}T{hour:02}0000Z | DURATION:PT1H | END:VEVENT")
    };
    let (first, second, third) = (event("same", 5, 9), event("same", 5, 12), event("same", 6, 9));
    let invitation = format!("METHOD:REQUEST | {}", event("asked", 6, 12));
    let objects = [
        ("/home/one/a.ics", first.as_str()),
        ("/home/one/b.ics", &second),
        ("/home/two/a.ics", &third),
        ("/home/two/c.ics", &invitation),
    ];
    let (client, found) = holding("/home/", &objects).await;
    let found = found.expect("signed in");
    // K15: what leads elsewhere, or brings a name and a password, is left out.
    let mut names: Vec<_> = found.calendars.iter().map(|one| one.id.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["/home/one/", "/home/two/"]);
    let account = Account { email: "ana@example.com".to_owned(), personal: true, zone: Some(chrono_tz::UTC) };
    let all = ["/home/one/".to_owned(), "/home/two/".to_owned()];
    let (five, six) = (hour(5, 0), hour(6, 22));
    let window = Interval::new(five.start(), six.end()).expect("two days");
    let busy = client.busy(&found.token, &account, &all, window).await.expect("the calendar answers");
    assert_eq!(busy, [hour(5, 9), hour(5, 12), hour(6, 9), hour(6, 12)], "K11, K12");

    let (client, found) =
        holding("/home/", &[("/home/one/a.ics", first.as_str()), ("/home/one/b.ics", "BEGIN:VEVENT | UID:x")]).await;
    let busy = client.busy(&found.expect("signed in").token, &account, &all[..1], window).await.expect("an answer");
    assert_eq!(busy, [window], "K04: what cannot be read takes the window, and never nothing");
}

/// K15: a home that is elsewhere, or above where it should be, is looked at only on the server that was typed.
#[tokio::test]
async fn homes_that_are_elsewhere() {
    for (home, is_found) in [
        ("/home/", true),
        ("home/../../home/", true),
        ("/%2e%2e/home/", true),
        ("http://evil.example/home/", false),
        ("//evil.example/home/", false),
        ("http://user:pw@127.0.0.1:1/home/", false),
        ("", false),
    ] {
        let (_, found) = holding(home, &[]).await;
        assert_eq!(found.is_ok(), is_found, "{home}: {:?}", found.err());
    }
}
