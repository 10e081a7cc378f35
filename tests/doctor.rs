//! `convene doctor` says of a set-up that is right that it is, and of each thing that is not which one and what to do. The providers
//! are the sandbox, which knows one client, and redirect URIs on loopback only.

use std::{collections::HashMap, net::SocketAddr};

use axum::{Router, routing::get};
use convene::{
    calendars::Provider,
    config::Reader,
    doctor::{Finding, Outcome, examine},
    secrets::check_canaries,
    web::site::Site,
};

use crate::{
    bad_inputs::caldav::{behind, certificate},
    common::{
        office::{Browser, Office},
        provider::Account,
        test_stores,
    },
    contract::sandbox::{CLIENT_ID, CLIENT_SECRET, Sandbox},
    kill::postbox::Postbox,
    story::Home,
};

const KEY: &str = "8f1d6c0b9e2a47735d18c4be60fa92d7013f5a86c97be42d30a1598e7f6c2b44";

/// A set-up that is right, but for the site, which tests have none of.
async fn right(home: &Home, sandbox: &Sandbox) -> HashMap<&'static str, String> {
    let own = serving("ok", None).await;
    HashMap::from([
        ("DATABASE_URL", home.url.clone()),
        ("BASE_URL", format!("http://{own}")),
        ("GOOGLE_CLIENT_ID", CLIENT_ID.to_owned()),
        ("GOOGLE_CLIENT_SECRET", CLIENT_SECRET.to_owned()),
        ("GOOGLE_BASE_URL", sandbox.origin(Provider::Google).to_string()),
        ("MICROSOFT_CLIENT_ID", CLIENT_ID.to_owned()),
        ("MICROSOFT_CLIENT_SECRET", CLIENT_SECRET.to_owned()),
        ("MICROSOFT_BASE_URL", sandbox.origin(Provider::Microsoft).to_string()),
        ("APPLE_BASE_URL", sandbox.origin(Provider::Apple).to_string()),
        ("TOKEN_ENCRYPTION_KEY", KEY.to_owned()),
        ("SMTP_URL", format!("smtp://me:pw@127.0.0.1:{}", Postbox::open().await.port)),
        ("MAIL_FROM", "Interviews <interviews@example.com>".to_owned()),
    ])
}

/// Somebody who says this whatever is asked, at this time if it is given.
async fn serving(body: &'static str, date: Option<&'static str>) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let answer = move || async move { (date.map(|date| [("date", date)]), body) };
    let router = Router::new().fallback(get(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn findings(settings: &HashMap<&'static str, String>) -> Vec<Finding> {
    let mut reader = Reader::new(|name| settings.get(name).cloned());
    let mut findings = examine(&mut reader, &Site::named("no-site", None)).await;
    // No site is built for tests, and their PostgreSQL may lose what it likes when the plug is pulled.
    findings.retain(|finding| !matches!(finding.about.as_str(), "site" | "database fsync"));
    findings
}

fn about<'a>(findings: &'a [Finding], about: &str) -> &'a Outcome {
    let found: Vec<_> = findings.iter().filter(|finding| finding.about == about).collect();
    let [found] = found[..] else { panic!("{about}: {findings:#?}") };
    &found.outcome
}

#[tokio::test]
async fn what_is_right_has_nothing_to_mend() {
    for home in test_stores().await {
        let sandbox = Sandbox::start();
        let settings = right(&home, &sandbox).await;
        let found = findings(&settings).await;
        assert!(found.iter().all(|finding| !finding.is_wrong()), "{}: {found:#?}", home.kind);
        for (name, says) in [
            ("database schema", "up to date"),
            ("SMTP_URL server", "answers and lets us in"),
            ("BASE_URL answer", "answers"),
            ("Google", "answers"),
            ("Google redirect URI and scopes", "/auth/google/callback"),
            ("Google client secret", "is not refused"),
            ("Microsoft", "answers"),
            ("Microsoft redirect URI and scopes", "/auth/microsoft/callback"),
            ("Microsoft client secret", "is not refused"),
            ("Apple", "answers"),
        ] {
            let outcome = about(&found, name);
            assert!(
                matches!(outcome, Outcome::Fine(text) if text.contains(says)),
                "{}: {name}: {outcome:?}",
                home.kind
            );
        }
        // It works on this machine, and nobody can push to it.
        let pushes = about(&found, "webhooks");
        assert!(
            matches!(pushes, Outcome::Mind(text) if text.contains("set BASE_URL to the https address")),
            "{pushes:?}"
        );
        for line in found.iter().map(ToString::to_string) {
            for secret in [CLIENT_SECRET, KEY, "me:pw"] {
                assert!(!line.contains(secret), "{line}");
            }
        }
    }
}

#[tokio::test]
async fn each_thing_that_is_wrong_has_a_line_that_says_what_to_do() {
    let home = crate::story::on_sqlite().await;
    let sandbox = Sandbox::start();
    let nobody = format!("smtp://127.0.0.1:{}", free_port());
    let old = format!("http://{}", serving("", Some("Mon, 05 Jan 2015 10:00:00 GMT")).await);
    let forged = format!("https://{}", behind(certificate("127.0.0.1", 30)).await);
    let silent = format!("http://127.0.0.1:{}", free_port());
    type Case<'a> = (&'static [(&'static str, &'a str)], &'static str, &'static str);
    let cases: [Case<'_>; 11] = [
        (&[("GOOGLE_CLIENT_ID", "another")], "Google redirect URI and scopes", "check GOOGLE_CLIENT_ID"),
        (&[("GOOGLE_CLIENT_SECRET", "another")], "Google client secret", "GOOGLE_CLIENT_SECRET"),
        (&[("MICROSOFT_CLIENT_ID", "another")], "Microsoft redirect URI and scopes", "check MICROSOFT_CLIENT_ID"),
        (&[("MICROSOFT_CLIENT_SECRET", "another")], "Microsoft client secret", "MICROSOFT_CLIENT_SECRET"),
        (
            &[("MICROSOFT_TENANT_ID", "11111111-2222-3333-4444-555555555555")],
            "Microsoft redirect URI and scopes",
            "check MICROSOFT_TENANT_ID",
        ),
        (&[("GOOGLE_BASE_URL", "old")], "Google", "set this machine's clock"),
        (&[("GOOGLE_BASE_URL", "silent")], "Google", "check the network"),
        (&[("APPLE_BASE_URL", "silent")], "Apple", "check the network"),
        (&[("SMTP_URL", "nobody")], "SMTP_URL server", "check host, port, user and password in SMTP_URL"),
        (&[("BASE_URL", "forged")], "BASE_URL answer", "put a certificate for this name"),
        (&[("DATABASE_URL", "sqlite:///no/such/folder/convene.db")], "database", "check DATABASE_URL"),
    ];
    for (changes, name, mend) in cases {
        let mut settings = right(&home, &sandbox).await;
        for (setting, value) in changes {
            let value = match *value {
                "nobody" => &nobody,
                "old" => &old,
                "forged" => &forged,
                "silent" => &silent,
                value => value,
            };
            settings.insert(setting, value.to_owned());
        }
        let found = findings(&settings).await;
        let wrong: Vec<_> = found.iter().filter(|finding| finding.is_wrong()).collect();
        let [finding] = wrong[..] else { panic!("{changes:?}: {found:#?}") };
        assert_eq!(finding.about, name, "{changes:?}: {finding}");
        assert!(
            finding.to_string().starts_with("FAIL ") && finding.to_string().contains(mend),
            "{changes:?}: {finding}"
        );
    }
}

/// The address of a company: no such name, and the providers were never told of it.
#[tokio::test]
async fn an_address_that_nobody_registered_is_named_at_each_provider() {
    let (home, sandbox) = (crate::story::on_sqlite().await, Sandbox::start());
    let mut settings = right(&home, &sandbox).await;
    settings.insert("BASE_URL", "https://interviews.invalid".to_owned());
    let found = findings(&settings).await;
    for provider in ["google", "microsoft"] {
        let name = if provider == "google" { "Google" } else { "Microsoft" };
        let outcome = about(&found, &format!("{name} redirect URI and scopes"));
        let says = format!("does not know https://interviews.invalid/auth/{provider}/callback");
        assert!(matches!(outcome, Outcome::Wrong(text) if text.contains(&says)), "{outcome:?}");
    }
    let outcome = about(&found, "webhooks");
    assert!(matches!(outcome, Outcome::Wrong(text) if text.contains("check its DNS record")), "{outcome:?}");
}

#[tokio::test]
async fn what_is_only_to_be_looked_at_stops_nothing() {
    let (home, sandbox) = (crate::story::on_sqlite().await, Sandbox::start());
    for (setting, value, name, says) in [
        ("BASE_URL", format!("http://127.0.0.1:{}", free_port()), "BASE_URL answer", "start convene"),
        ("BASE_URL", format!("http://{}", serving("It works!", None).await), "BASE_URL answer", "is not Convene"),
        // A provider that shows its sign-in page, or another host, tells nothing of us.
        (
            "GOOGLE_BASE_URL",
            format!("http://{}", serving("Sign in", None).await),
            "Google redirect URI and scopes",
            "look whether",
        ),
        (
            "GOOGLE_BASE_URL",
            format!("http://{}", serving("Sign in", None).await),
            "Google client secret",
            "sign in once",
        ),
    ] {
        let mut settings = right(&home, &sandbox).await;
        settings.insert(setting, value);
        let found = findings(&settings).await;
        assert!(found.iter().all(|finding| !finding.is_wrong()), "{found:#?}");
        let outcome = about(&found, name);
        assert!(matches!(outcome, Outcome::Mind(text) if text.contains(says)), "{name}: {outcome:?}");
    }
}

#[tokio::test]
async fn another_key_than_that_of_the_database_is_named() {
    for home in test_stores().await {
        let sandbox = Sandbox::start();
        let settings = right(&home, &sandbox).await;
        let office = Office::open(&home.store).await;
        check_canaries(&home.store, &office.services.keys).await.expect("the first key");
        office.sign_in(&mut Browser::new(), &Account::google("ana-sub", "ana@example.com")).await.expect("signed up");
        let found = findings(&settings).await;
        let lines: Vec<_> = found.iter().filter(|finding| finding.is_wrong()).map(ToString::to_string).collect();
        let [line] = &lines[..] else { panic!("{}: {found:#?}", home.kind) };
        assert!(line.starts_with("FAIL TOKEN_ENCRYPTION_KEY: "), "{}: {line}", home.kind);
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").and_then(|one| one.local_addr()).expect("a free port").port()
}
