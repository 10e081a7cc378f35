//! What pages, tables and logs do not say, and what looking does not do: canaries put where they must not come out.

use crate::story::Asked;
use crate::support::{
    front::{BEN, Front, Typed},
    log::Log,
};
use axum::http::Method;
use chrono::TimeDelta;
use convene::{
    audit::Origin,
    ids::LinkToken,
    requests::replace,
    store::entities,
    web::manifest::{Policy, WAYS},
};
use sea_orm::{EntityTrait, FromQueryResult, JsonValue, Statement};

const RAJ: &str = "raj.canary@example.org";
const TOM: &str = "tom.canary@example.com";

fn choice(front: &Front, day: u64, time: &str, key: &str) -> Typed {
    let start = front.app.time(day, time).format("%Y-%m-%dT%H:%M:%SZ").to_string();
    vec![("start", start), ("key", key.to_owned()), ("tz", "Etc/UTC".to_owned())]
}

/// A request for three people: connected, connected and optional, and somebody whose hours were typed.
async fn asked(front: &Front) -> Asked {
    front.app.connected(&[BEN, RAJ]).await;
    let monday = front.app.monday();
    front
        .app
        .asks(|draft| {
            draft.interviewers = format!("{BEN} {TOM}");
            draft.optional = RAJ.into();
            draft.windows = format!("{TOM} {monday} 08:00 18:00");
        })
        .await
}

/// Everything a candidate is shown of this link.
async fn pages(front: &Front, asked: &Asked) -> Vec<String> {
    let mut pages = Vec::new();
    for way in WAYS.iter().filter(|way| way.policy == Policy::Link && way.method == Method::GET) {
        if way.path.starts_with("/invite/") {
            // A candidate's link opens no invitation: `tests/invitations` asks.
            continue;
        }
        let token = asked.token.expose();
        let path = way.path.replace("{token}", token).replace("{file}", &format!("{token}.ics"));
        pages.push(front.get(&path).await.body);
        pages.push(front.get(&format!("{path}?tz=Asia%2FTokyo&day={}", front.app.monday())).await.body);
    }
    pages
}

#[tokio::test]
async fn a_candidates_pages_hold_nobody_elses_address() {
    let mut front = Front::open().await;
    front.cookie = String::new();
    let other = front
        .app
        .asks(|draft| {
            (draft.candidate_name, draft.candidate_email) = ("Quinn Canary".into(), "quinn.canary@example.net".into());
        })
        .await;
    front.app.book(&other, front.app.time(0, "09:00")).await.expect("booked");
    let asked = asked(&front).await;
    let path = |page: &str| format!("/book/{}{page}", asked.token.expose());

    let mut seen = pages(&front, &asked).await;
    // Refused: taken by the other candidate, never offered, nothing booked, not understood.
    for form in [choice(&front, 0, "09:00", "a"), choice(&front, 5, "03:00", "b"), Vec::new()] {
        for page in ["", "/move", "/cancel"] {
            seen.push(front.post(&path(page), &form).await.body);
        }
    }
    assert_eq!(front.post(&path(""), &choice(&front, 0, "14:00", "c")).await.status.as_u16(), 303);
    // The calendar file goes by the invitation's UID, known once the event stands.
    front.app.work().await;
    let booked = pages(&front, &asked).await;
    seen.extend(booked.iter().filter(|page| !page.starts_with("BEGIN:VCALENDAR")).cloned());
    let file = booked.iter().find(|page| page.starts_with("BEGIN:VCALENDAR")).expect("a calendar file");
    assert!(file.contains("SUMMARY"));
    seen.push(file.clone());
    front.app.candidate_cancels(&asked).await.expect("cancelled");
    seen.extend(pages(&front, &asked).await);
    seen.push(front.get(&format!("/book/{}", LinkToken::random().expose())).await.body);

    // Where the link no longer opens, it says whom to ask: whoever sent it.
    let gone = self::asked(&front).await;
    replace::replace(&front.app.state, &front.app.ana, gone.id, &Origin::default()).await.expect("replaced");
    let revoked = pages(&front, &gone).await;
    assert!(revoked.iter().all(|page| page.contains("ana@example.com")));
    seen.extend(revoked);

    for page in &seen {
        for canary in [BEN, RAJ, TOM, "Quinn", "quinn"] {
            assert!(!page.contains(canary), "{canary} in {page}");
        }
    }
    assert!(seen.len() > 30, "pages were looked at");
}

#[tokio::test]
async fn busy_times_are_kept_as_intervals_and_nothing_else() {
    let front = Front::open().await;
    front.app.busy(BEN, front.app.time(0, "10:00"), 30);
    let asked = front.app.asks(|_| ()).await;
    assert_eq!(front.get(&format!("/book/{}", asked.token.expose())).await.status.as_u16(), 200);

    let db = front.app.store().reader();
    let sql = "SELECT name FROM pragma_table_info('busy_reads') ORDER BY name";
    let columns = JsonValue::find_by_statement(Statement::from_string(front.app.store().backend(), sql)).all(db).await;
    let columns: Vec<_> =
        columns.expect("columns").iter().map(|row| row["name"].as_str().unwrap_or("").to_owned()).collect();
    assert_eq!(columns, ["calendar", "connection_id", "intervals", "org_id", "read_at", "window_end", "window_start"]);
    let reads = entities::busy_reads::Entity::find().all(db).await.expect("reads");
    assert!(reads.iter().any(|read| read.intervals != "[]"), "Ben's entry was read");
    for read in reads {
        serde_json::from_str::<Vec<(i64, i64)>>(&read.intervals).expect("pairs of instants, and no words");
    }
}

/// Everything but caches, counters and when somebody was last seen.
async fn everything(front: &Front) -> Vec<String> {
    let db = front.app.store().reader();
    let mut dump = Vec::new();
    macro_rules! tables {
        ($($table:ident)*) => {$(
            let rows = entities::$table::Entity::find().all(db).await.expect("rows");
            dump.push(format!("{} {rows:?}", stringify!($table)));
        )*};
    }
    tables! {
        audit_log booking_changes booking_links bookings event_participants events idempotency_keys jobs manual_windows
        messages occupancies oauth_attempts people placements requests seat_members seats
    }
    dump
}

#[tokio::test]
async fn looking_changes_nothing() {
    let mut front = Front::open().await;
    let (open, booked) = (asked(&front).await, asked(&front).await);
    front.app.book(&booked, front.app.time(0, "14:00")).await.expect("booked");
    let mails = entities::messages::Entity::find().all(front.app.store().reader()).await.expect("messages");
    let before = everything(&front).await;
    let coordinator = front.cookie.clone();
    for cookie in [String::new(), coordinator] {
        front.cookie = cookie;
        for way in WAYS.iter().filter(|way| way.method == Method::GET) {
            for asked in [&open, &booked] {
                let token = asked.token.expose();
                let path = way.path.replace("{token}", token).replace("{file}", &format!("{token}.ics"));
                let path = path.replace("{provider}", "google");
                let id = if path.starts_with("/mailbox") { mails[0].id.to_string() } else { asked.id.to_string() };
                let path = path.replace("{id}", &id);
                for _ in 0..3 {
                    front.get(&path).await;
                    front.head(&path).await;
                    front.get(&format!("{path}?dialog=cancel&news=sent&code=1&state=2")).await;
                }
            }
        }
    }
    for (before, after) in before.iter().zip(everything(&front).await) {
        assert_eq!(*before, after);
    }
}

#[tokio::test]
async fn logs_hold_no_token_code_or_address() {
    let log = Log::start();
    let mut front = Front::open().await;
    let asked = asked(&front).await;
    let path = |page: &str| format!("/book/{}{page}", asked.token.expose());
    pages(&front, &asked).await;
    front.post(&path("/opened"), &[]).await;
    front.post(&path(""), &choice(&front, 5, "03:00", "refused-canary")).await;
    assert_eq!(front.post(&path(""), &choice(&front, 0, "14:00", "key-canary")).await.status.as_u16(), 303);
    front.post(&path("/move"), &choice(&front, 0, "15:00", "move-canary")).await;
    front.app.passes(TimeDelta::seconds(1));
    front.get(&format!("/requests/{}", asked.id)).await;
    front.post(&format!("/requests/{}/send", asked.id), &[]).await;
    front.post(&path("/cancel"), &[("reason", "reason-canary".to_owned())]).await;
    front.get("/auth/google/callback?code=code-canary&state=state-canary").await;
    front.get(&format!("{}?tz=zone-canary", path(""))).await;
    let session = front.cookie.clone();
    front.post("/signout", &[]).await;
    front.app.work().await;
    // The schema breaks under a request: what fails inside is logged, without what it was about.
    front.app.run("ALTER TABLE seats RENAME TO gone").await;
    front.sign_in().await;
    assert_eq!(front.get(&path("")).await.status.as_u16(), 500);
    assert_eq!(front.get(&format!("/requests/{}", asked.id)).await.status.as_u16(), 500);

    let written = String::from_utf8(log.read()).expect("text");
    assert!(written.contains("/book/{token}") && written.contains("internal failure"), "it was logged at all");
    let (_, session) = session.split_once('=').expect("a cookie");
    let (_, again) = front.cookie.split_once('=').expect("a cookie");
    let secrets = [asked.token.expose(), session, again, "code-canary", "state-canary"];
    for canary in secrets.iter().chain(&["reason-canary", "zone-canary", "priya@", TOM, RAJ]) {
        let line = written.lines().find(|line| line.contains(canary));
        assert!(line.is_none(), "{canary} in the log: {line:?}");
    }
}
