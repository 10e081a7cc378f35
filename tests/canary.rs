//! Secrets are where they belong and nowhere else: canaries in every place a secret can come from, a life with them, and a search for
//! them in everything that was stored, said, mailed and logged (I11).
//!
//! The providers, the mail server and the applicant-tracking system are the sandbox and a postbox, asked over HTTP and SMTP as in
//! the program. A link may stand in the mail that is there to carry it and on the pages it opens, a session in its cookie.
//! The script and the WASM that browsers load are built
//! without any setting, and are looked through by `end2end/secrets.hydrate.spec.ts`.

mod scan;
mod world;

use axum::{Router, http::StatusCode, routing::get};
use chrono::{TimeDelta, Utc};
use convene::{
    calendars::oauth::organisation::FREE_BUSY,
    store::entities::{jobs, revocations},
    web::server::guarded,
};
use sea_orm::EntityTrait;
use serde_json::json;
use world::{KEY, Leave, World};

use crate::{
    common::office::Browser,
    story::{Home, on_postgres, on_sqlite},
    support::Answer,
};

const ANA: &str = "ana.alvarez@example.com";
const PRIYA: &str = "priya@example.net";
const ZOE: &str = "zoe.park@gmail.example";
const MEI: &str = "mei.tanaka@icloud.example";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_leaves_its_place_on_sqlite() {
    story(on_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_leaves_its_place_on_postgres() {
    match on_postgres().await {
        Some(home) => story(home).await,
        None => eprintln!("TEST_POSTGRES_URL is not set: not told on PostgreSQL"),
    }
}

async fn story(home: Home) {
    let mut world = World::open(home).await;
    let mut ana = Browser::new();
    signing_in(&mut world, &mut ana).await;
    let mut zoe = Browser::new();
    calendars(&mut world, &mut ana).await;
    people(&mut world, &mut ana, &mut zoe).await;
    let request = interviews(&mut world, &mut ana).await;
    endings(&mut world, &mut ana, &mut zoe).await;
    looking_back(&mut world, &mut ana).await;
    failures(&mut world, &mut ana, &request).await;

    let extent = world.extent();
    for kind in [
        "the key",
        "the client secret",
        "the mail server's password",
        "the key for iCIMS",
        "a cookie",
        "a state",
        "a code",
        "a code verifier",
        "Google access_token",
        "Google refresh_token",
        "Microsoft access_token",
        "Microsoft refresh_token",
        "Apple access_token",
        "a wrong password",
        "a service account's key",
        "a booking link",
        "an invitation",
        "the link to an address",
    ] {
        assert!(extent.kinds.contains(kind), "{kind} was never planted: {extent:?}");
    }
    for status in [200, 303, 400, 401, 404, 410, 422, 500, 502] {
        assert!(extent.statuses.contains(&status), "nothing was answered with {status}: {extent:?}");
    }
    assert!(extent.answers > 60 && extent.mails > 6 && extent.log > 50_000, "{extent:?}");
    for line in ["/book/{token}", "internal failure", "TRACE", "hyper_util"] {
        assert!(world.logged(line), "{line} is not in the log");
    }
    let leaks = world.leaks().await;
    assert!(leaks.is_empty(), "{} leaks: {leaks:#?}", leaks.len());
}

#[track_caller]
fn see(answer: &Answer, status: u16) {
    assert_eq!(answer.status.as_u16(), status, "{} {}", answer.header("location"), answer.body);
}

/// Refused, agreed, sent twice, made up, and failing at the provider.
async fn signing_in(world: &mut World, ana: &mut Browser) {
    let zone = [("zone", "America/New_York")];
    see(&world.get(ana, "/signin").await, 200);
    see(&world.through(ana, "/auth/google", &zone, ANA, "deny").await, 200);
    let broken = json!({ "provider": "google", "kind": "status", "status": 500, "times": 1, "match": { "path_prefix": "/token" } });
    world.sandbox.tell("faults", broken).await;
    // Another's account: who agreed once is not given lasting access a second time.
    see(&world.through(&mut Browser::new(), "/auth/google", &zone, "leo.martin@gmail.example", "allow").await, 502);
    see(&world.through(ana, "/auth/google", &zone, ANA, "allow").await, 303);
    let again = world.last_asked();
    see(&world.get(ana, &again).await, 400);
    see(&world.get(&mut Browser::new(), &again).await, 400);
    see(&world.get(ana, "/auth/google/callback?code=made-up&state=made-up").await, 400);
    for page in
        ["/", "/dashboard", "/welcome", "/settings", "/settings/sessions", "/settings/calendar", "/requests/new"]
    {
        see(&world.get(ana, page).await, 200);
    }
    let mut elsewhere = Browser::new();
    see(&world.through(&mut elsewhere, "/auth/google", &zone, ANA, "allow").await, 303);
    see(&world.post(&mut elsewhere, "/signout", &[]).await, 303);
}

/// A second account, a password, and what an administrator allows for everybody.
async fn calendars(world: &mut World, ana: &mut Browser) {
    let connect = [("purpose", "connect"), ("return_to", "/settings/calendar")];
    see(&world.through(ana, "/auth/microsoft", &connect, "hugo.silva@outlook.example", "allow").await, 303);

    let passwords = world.sandbox.look(&format!("apple/passwords?account={MEI}")).await;
    let right = passwords["passwords"][0]["password"].as_str().expect("a password").to_owned();
    world.plant("a wrong password", "falsch-wort-noch-eins");
    for (password, status) in [("falsch-wort-noch-eins", 422), (&right, 303)] {
        let form = [("user", MEI), ("password", password), ("server", "")];
        see(&world.post(ana, "/settings/calendar/apple", &form).await, status);
    }
    world.learn().await;

    let file = world.sandbox.look("google/service-account").await;
    let pem = file["private_key"].as_str().expect("a key").to_owned();
    world.plant_pem("a service account's key", &pem);
    let page = "/admin/integrations/calendar/google";
    let (file, damaged) = (file.to_string(), file.to_string().replace("BEGIN PRIVATE", "BEGIN"));
    let form =
        |key: &str| [("key", key.to_owned()), ("subject", ANA.to_owned()), ("domains", "example.com".to_owned())];
    let scopes = json!({ "scopes": [FREE_BUSY] });
    for (key, status, is_delegated) in [(&damaged, 422, false), (&file, 422, false), (&file, 303, true)] {
        if is_delegated {
            world.sandbox.tell("google/delegation", scopes.clone()).await;
        }
        let form = form(key);
        let typed = [("key", form[0].1.as_str()), ("subject", form[1].1.as_str()), ("domains", form[2].1.as_str())];
        let answer = world.post(ana, page, &typed).await;
        see(&answer, status);
    }
    let policy = [("sign_in", "both"), ("calendar_access", "both")];
    see(&world.post(ana, "/admin/integrations/calendar", &policy).await, 303);
    for page in ["/settings/calendar", "/settings/calendar/apple", "/admin", "/admin/integrations/calendar"] {
        see(&world.get(ana, page).await, 200);
    }
}

/// Somebody is invited and comes; an address is confirmed.
async fn people(world: &mut World, ana: &mut Browser, zoe: &mut Browser) {
    see(&world.post(ana, "/people/invite", &[("emails", &format!("{ZOE}, tom.baker@example.com"))]).await, 303);
    world.work().await;
    for (to, leave) in [(ZOE, ZOE), ("tom.baker@example.com", "tom.baker@example.com")] {
        let token = world.mailed(to, "/invite/");
        let leave = Leave::Link { pages: "", kinds: &["connect_calendar"], to: leave };
        world.plant_for("an invitation", &token, leave);
        see(&world.get(zoe, &format!("/invite/{token}")).await, 200);
        see(&world.get(zoe, &format!("/invite/{token}/times")).await, 200);
        see(&world.post(zoe, &format!("/invite/{token}/times"), &[("week", "nonsense")]).await, 422);
        if to == ZOE {
            let form = [("provider", "google"), ("zone", "America/Los_Angeles")];
            see(&world.through(zoe, &format!("/invite/{token}"), &form, ZOE, "allow").await, 303);
            let used = world.get(&mut Browser::new(), &format!("/invite/{token}")).await;
            assert!(used.status.is_client_error() || used.status.is_success(), "{}", used.status);
        }
    }
    see(&world.get(zoe, "/settings").await, 200);
    see(&world.get(ana, "/people/invite").await, 200);

    see(&world.post(ana, "/settings", &[("email", "ana@home.example"), ("zone", "America/New_York")]).await, 303);
    world.work().await;
    let token = world.mailed("ana@home.example", "address=");
    let leave = Leave::Link { pages: "", kinds: &["confirm_address"], to: "ana@home.example" };
    world.plant_for("the link to an address", &token, leave);
    let page = format!("/settings?address={token}");
    see(&world.get(ana, &page).await, 200);
    see(&world.post(zoe, &page, &[("address", &token)]).await, 410);
}

/// Two requests: one booked, moved and cancelled, one whose link is replaced. Gives the second's page and its link's.
async fn interviews(world: &mut World, ana: &mut Browser) -> [String; 2] {
    let (first, link) = asked(world, ana).await;
    see(&world.post(ana, &format!("{first}/send"), &[]).await, 303);
    world.work().await;
    let priya = &mut Browser::new();
    see(&world.get(priya, &format!("{link}?tz=Europe%2FParis")).await, 200);
    see(&world.post(priya, &format!("{link}/opened"), &[]).await, 204);
    see(&world.post(priya, &link, &[("start", "soon"), ("key", "k"), ("tz", "Etc/UTC")]).await, 422);
    for page in ["", "/move"] {
        let offered = world.get(priya, &format!("{link}{page}")).await;
        let start = offered.body.split("name=\"start\"").nth(1).and_then(|rest| rest.split("value=\"").nth(1));
        let start =
            start.and_then(|rest| rest.split('"').next()).unwrap_or_else(|| panic!("no times: {}", offered.body));
        let form = [("start", start), ("key", page), ("tz", "Europe/Paris")];
        let form = if page.is_empty() { [form[0], ("key", "the-form"), form[2]] } else { form };
        see(&world.post(priya, &format!("{link}{page}"), &form).await, 303);
        world.work().await;
        see(&world.get(priya, &link).await, 200);
        see(&world.get(ana, &first).await, 200);
    }
    let token = link.rsplit('/').next().expect("a token").to_owned();
    see(&world.get(priya, &format!("/calendar/{token}.ics")).await, 200);
    see(&world.post(priya, &format!("{link}/cancel"), &[("reason", "ill")]).await, 303);
    world.work().await;

    let (second, old) = asked(world, ana).await;
    see(&world.post(ana, &format!("{second}/replace-link"), &[]).await, 303);
    let new = shown(world, ana, &second).await;
    see(&world.get(priya, &old).await, 410);
    see(&world.get(priya, &new).await, 200);
    see(&world.get(ana, "/dashboard").await, 200);
    [second, new]
}

/// Asks for an interview; gives the request's page and the candidate's link.
async fn asked(world: &mut World, ana: &mut Browser) -> (String, String) {
    let from = Utc::now().date_naive() + TimeDelta::days(7);
    let (from, to) = (from.to_string(), (from + TimeDelta::days(11)).to_string());
    let form = [
        ("candidate_name", "Priya"),
        ("candidate_email", PRIYA),
        ("interview_type", "Coding"),
        ("duration", "15 min"),
        ("from", &from),
        ("to", &to),
        ("interviewers", "ben.okafor@example.com"),
        ("zone", "Europe/Berlin"),
        ("notice", "4 h"),
        ("change_notice", "4 h"),
        ("application_id", "20871"),
    ];
    let made = world.post(ana, "/requests/new", &form).await;
    see(&made, 303);
    let page = made.header("location").split('?').next().expect("a page").to_owned();
    let link = shown(world, ana, &page).await;
    (page, link)
}

/// The link that a request's page shows, planted.
async fn shown(world: &mut World, ana: &mut Browser, page: &str) -> String {
    let shown = world.get(ana, page).await;
    let token = shown.body.split("/book/").nth(1).expect("a link");
    let token =
        token.split(|c: char| !(c.is_ascii_alphanumeric() || "-_".contains(c))).next().expect("a token").to_owned();
    let kinds = &["booking_link", "booking_confirmed", "booking_moved", "booking_cancelled", "reminder"];
    world.plant_for("a booking link", &token, Leave::Link { pages: "/requests/", kinds, to: PRIYA });
    format!("/book/{token}")
}

/// Tokens are renewed, refused and handed back.
async fn endings(world: &mut World, ana: &mut Browser, zoe: &mut Browser) {
    let sync = "/settings/calendar/google/sync";
    world.run("UPDATE connections SET access_expires_at = 1").await;
    world.post(ana, sync, &[]).await;
    world.learn().await;
    // At another provider's trouble nothing is given up; the grant is handed back later.
    let broken = json!({ "provider": "google", "kind": "status", "status": 503, "times": 1, "match": { "path_prefix": "/revoke" } });
    world.sandbox.tell("faults", broken).await;
    see(&world.post(zoe, "/settings/calendar/google/disconnect", &[]).await, 303);
    world.work().await;
    world.run("UPDATE jobs SET run_at = 0 WHERE status = 'queued' AND kind = 'end_grant'").await;
    world.work().await;
    let left = revocations::Entity::find().all(world.state.store.reader()).await.expect("read");
    assert!(left.is_empty(), "handed back");
    // Withdrawn at the provider.
    world.sandbox.tell("faults", json!({ "provider": "google", "kind": "revoke", "account": ANA })).await;
    world.sandbox.tell("faults", json!({ "provider": "google", "kind": "expire_tokens", "account": ANA })).await;
    world.run("UPDATE connections SET access_expires_at = 1").await;
    world.post(ana, sync, &[]).await;
    world.work().await;
    see(&world.get(ana, "/settings/calendar").await, 200);
    see(&world.get(ana, "/dashboard").await, 200);
    for provider in ["microsoft", "apple", "google"] {
        see(&world.post(ana, &format!("/settings/calendar/{provider}/disconnect"), &[]).await, 303);
        world.work().await;
    }
    see(&world.post(ana, "/admin/integrations/calendar/google/withdraw", &[]).await, 303);
    let failed = jobs::Entity::find().all(world.state.store.reader()).await.expect("read");
    assert!(failed.iter().any(|job| job.kind == "end_grant"), "{failed:?}");
}

async fn looking_back(world: &mut World, ana: &mut Browser) {
    see(&world.post(ana, "/admin/audit/check", &[]).await, 303);
    see(&world.get(ana, "/admin/audit").await, 200);
    for format in ["csv", "jsonl"] {
        let export = world.post(ana, "/admin/audit/export", &[("format", format)]).await;
        see(&export, 200);
        assert!(export.body.lines().count() > 20, "{}", export.body);
    }
}

/// What is not there, not allowed, broken, and what panics over a secret.
async fn failures(world: &mut World, ana: &mut Browser, [page, link]: &[String; 2]) {
    for path in ["/nothing", "/book/short", "/mailbox"] {
        assert!(world.get(ana, path).await.status.is_client_error(), "{path}");
    }
    see(&world.post(&mut Browser::new(), "/auth/google", &[("purpose", "connect")]).await, 401);
    world.run("ALTER TABLE seats RENAME TO gone").await;
    see(&world.get(&mut Browser::new(), link).await, 500);
    see(&world.get(ana, page).await, 500);
    world.run("ALTER TABLE gone RENAME TO seats").await;

    async fn panics() -> StatusCode {
        panic!("over {KEY}")
    }
    let panicking = guarded(Router::new().route("/panics", get(panics)), world.state.clone());
    see(&world.get_from(panicking, "/panics").await, 500);
}
