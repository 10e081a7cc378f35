//! Links that do not open, by every way a link is used (U01, U02).

use chrono::TimeDelta;
use convene::ids::LinkToken;

use crate::{
    story::Asked,
    support::Answer,
    support::front::{Front, assert_failure},
    support::html::Page,
};

/// Everything a token is used for: what is asked, and where.
const WAYS: [(&str, &str, &str); 8] = [
    ("GET", "/book/", ""),
    ("GET", "/book/", "/move"),
    ("GET", "/book/", "/cancel"),
    ("POST", "/book/", ""),
    ("POST", "/book/", "/move"),
    ("POST", "/book/", "/cancel"),
    ("POST", "/book/", "/opened"),
    ("GET", "/calendar/", ".ics"),
];

async fn ask(front: &Front, (method, before, after): (&str, &str, &str), token: &str) -> Answer {
    let path = format!("{before}{token}{after}");
    let form = match after {
        "" | "/move" => vec![
            ("start", front.app.time(1, "10:00").format("%Y-%m-%dT%H:%M:%SZ").to_string()),
            ("key", "key-1".to_owned()),
            ("tz", "Etc/UTC".to_owned()),
        ],
        _ => Vec::new(),
    };
    match method {
        "GET" => front.get(&path).await,
        _ => front.post(&path, &form).await,
    }
}

async fn booked(front: &Front) -> Asked {
    let asked = front.app.asks(|_| ()).await;
    front.app.book(&asked, front.app.time(0, "10:00")).await.expect("booked");
    asked
}

#[tokio::test]
async fn tokens_that_open_nothing() {
    let front = Front::open().await;
    let asked = booked(&front).await;
    let real = asked.token.expose();
    let swapped: String =
        real.chars().map(|c| if c.is_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }).collect();
    let tokens = [
        real[..42].to_owned(),
        format!("{real}A"),
        "x".to_owned(),
        "A".repeat(2_000),
        format!("{}+", &real[..42]),
        format!("{}%3D", &real[..42]),
        format!("{}%C3%A9", &real[..41]),
        format!("{real}%20"),
        swapped,
        LinkToken::random().expose().to_owned(),
    ];
    let before = front.written().await;
    for token in &tokens {
        for way in WAYS {
            let answer = ask(&front, way, token).await;
            let what = format!("U01 {way:?} {token:.50}");
            assert_failure(&what, &answer, 404, "link_unknown", "This link is not valid. Ask for a new one.");
        }
    }
    // What no address may hold is refused before anybody looks for a token in it.
    for token in ["%00", "..%2f", &format!("{real}%00"), &format!("..%2f{real}"), &format!("..%5c{real}")] {
        for way in WAYS {
            let answer = ask(&front, way, token).await;
            assert_failure(
                &format!("U01 {way:?} {token:.20}"),
                &answer,
                404,
                "not_found",
                "There is nothing at this address.",
            );
        }
    }
    assert_eq!(front.written().await, before, "U01: something was written");
}

#[tokio::test]
async fn links_that_were_good_once() {
    // Who can help, by name and address.
    let contact = "Write to Ana (ana@example.com) for a new one.";
    let front = Front::open().await;
    let revoked = booked(&front).await;
    front.app.run("UPDATE booking_links SET revoked_at = 1").await;
    let expired = [booked_at(&front, "12:00").await, front.app.asks(|_| ()).await];
    front.app.passes(TimeDelta::days(60));

    let before = front.written().await;
    for way in WAYS {
        let answer = ask(&front, way, revoked.token.expose()).await;
        let what = format!("U02 revoked {way:?}");
        assert_failure(
            &what,
            &answer,
            410,
            "link_revoked",
            "This link was replaced. Use the newest one you were sent.",
        );
        assert!(Page(&answer.body).text().contains(contact), "{what}: {}", Page(&answer.body).text());
        for asked in &expired {
            let answer = ask(&front, way, asked.token.expose()).await;
            let what = format!("U02 expired {way:?}");
            assert_failure(&what, &answer, 410, "link_expired", "This link has expired. Ask for a new one.");
            assert!(Page(&answer.body).text().contains(contact), "{what}: {}", Page(&answer.body).text());
        }
    }
    assert_eq!(front.written().await, before, "U02: something was written");
}

async fn booked_at(front: &Front, time: &str) -> Asked {
    let asked = front.app.asks(|_| ()).await;
    front.app.book(&asked, front.app.time(0, time)).await.expect("booked");
    asked
}

#[tokio::test]
async fn links_that_were_used() {
    let front = Front::open().await;
    let (used, cancelled) = (booked(&front).await, booked_at(&front, "12:00").await);
    front.app.ana_cancels(&cancelled, "").await.expect("cancelled");
    let before = front.written().await;

    let answer = ask(&front, ("POST", "/book/", ""), used.token.expose()).await;
    assert_failure("U02 used", &answer, 409, "already_booked", "A time is booked already. You can move it instead.");
    assert!(Page(&answer.body).text().contains("You're booked"), "the page says what is booked");

    for page in ["", "/move", "/cancel"] {
        let answer = front.get(&format!("/book/{}{page}", cancelled.token.expose())).await;
        let text = Page(&answer.body).text();
        assert_eq!(answer.status.as_u16(), 200, "{text}");
        assert!(text.contains("This interview is cancelled") && text.contains("ana@example.com"), "{text}");
    }
    for page in ["", "/move"] {
        let answer = ask(&front, ("POST", "/book/", page), cancelled.token.expose()).await;
        let text = Page(&answer.body).text();
        assert_eq!(answer.status.as_u16(), 410, "U02 cancelled {page}: {text}");
        assert!(text.contains("This interview is cancelled"), "{text}");
    }
    // Cancelled twice is cancelled.
    let answer = ask(&front, ("POST", "/book/", "/cancel"), cancelled.token.expose()).await;
    assert_eq!(answer.status.as_u16(), 303);
    assert_eq!(front.written().await, before, "U02: something was written");
}
