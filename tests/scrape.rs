//! `/metrics`: text that Prometheus reads, numbers that are right after a story, and nothing about anybody.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Stdio,
    time::Duration,
};

use axum::{body::Body, http::Request};
use convene::{
    calendars::{CalendarError, memory::Action},
    metrics,
    web::scrape,
};
use tokio::process::Command;

use crate::story::{ANA, TestApp, on_sqlite, stories};
use crate::support;

const BEN: &str = "ben@example.com";

/// Series by name and labels.
type Series = BTreeMap<String, f64>;

/// Reads the text exposition format, version 0.0.4, and complains about whatever it does not allow.
fn parse(text: &str) -> Series {
    let mut series = Series::new();
    let mut types: BTreeMap<String, String> = BTreeMap::new();
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    assert!(text.is_empty() || text.ends_with('\n'), "the last line ends");
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some(comment) = line.strip_prefix("# ") {
            let mut words = comment.splitn(3, ' ');
            let (what, name, rest) = (words.next(), words.next().expect("a name"), words.next().unwrap_or_default());
            assert!(is_name(name), "{line}");
            match what {
                Some("HELP") => {}
                Some("TYPE") => {
                    assert!(["counter", "gauge", "histogram"].contains(&rest), "{line}");
                    assert!(types.insert(name.to_owned(), rest.to_owned()).is_none(), "a second {line}");
                }
                _ => panic!("no comment of ours: {line}"),
            }
            continue;
        }
        let (key, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no value: {line}"));
        let name = key.split('{').next().expect("a name");
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        let kind = types.get(family).or_else(|| types.get(name)).unwrap_or_else(|| panic!("no TYPE before {line}"));
        assert!(is_name(name) && name.starts_with("convene_"), "{line}");
        assert!(kind != "counter" || name.ends_with("_total"), "{line}");
        if let Some(labels) = key.strip_prefix(name).and_then(|rest| rest.strip_prefix('{')) {
            let labels = labels.strip_suffix('}').unwrap_or_else(|| panic!("labels end: {line}"));
            for label in labels.split("\",").map(|label| label.trim_end_matches('"')) {
                let (name, value) = label.split_once("=\"").unwrap_or_else(|| panic!("no label {label}: {line}"));
                assert!(is_name(name) && !value.contains(['"', '\n']), "{line}");
            }
        }
        let value: f64 = value.parse().unwrap_or_else(|_| panic!("no number: {line}"));
        assert!(series.insert(key.to_owned(), value).is_none(), "twice: {line}");
    }
    series
}

/// What Prometheus would read from this Convene.
async fn scraped(app: &TestApp) -> String {
    let request = Request::get("/metrics").body(Body::empty()).expect("a request");
    let answer = support::ask(&scrape::router(app.state.clone()), request).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("content-type")),
        (200, "text/plain; version=0.0.4; charset=utf-8")
    );
    answer.body
}

fn sum(series: &Series, starts: &str) -> f64 {
    series.iter().filter(|(key, _)| key.starts_with(starts)).map(|(_, value)| value).sum()
}

stories! {
    async fn the_numbers_are_those_of_the_story(app) {
        metrics::begin();
        app.ana_connects().await;
        app.connected(&[BEN]).await;
        app.connect_by_password("eva@example.com").await;
        let before = parse(&scraped(&app).await);
        let none: Vec<_> = before.keys().filter(|key| key.starts_with("convene_jobs")).collect();
        assert!(none.is_empty(), "{none:?}");
        assert_eq!(before[r#"convene_connections{provider="google",status="active"}"#], 2.0);
        assert_eq!(before[r#"convene_connections{provider="apple",status="active"}"#], 1.0);

        let asked = app.asks(|draft| draft.reminders = "1440".into()).await;
        app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        app.run("UPDATE jobs SET run_at = run_at - 90000 WHERE kind = 'place_event'").await;
        let waiting = parse(&scraped(&app).await);
        assert_eq!(waiting[r#"convene_jobs{kind="place_event",state="due"}"#], 1.0);
        let oldest = waiting[r#"convene_jobs_oldest_seconds{kind="place_event",state="due"}"#];
        assert!((90.0..600.0).contains(&oldest), "{oldest}");
        assert_eq!(waiting[r#"convene_jobs{kind="remind",state="later"}"#], 1.0);
        assert!(!waiting.contains_key(r#"convene_jobs_oldest_seconds{kind="remind",state="later"}"#), "it is not late");

        app.google.fail_next(Action::Put, CalendarError::Rejected("400".into()));
        app.work().await;
        app.google.revoke(ANA);
        app.ana_moves(&asked, app.time(1, "10:00")).await.expect("moved");
        app.work().await;
        let after = parse(&scraped(&app).await);
        assert_eq!(after[r#"convene_jobs{kind="place_event",state="dead"}"#], 1.0);
        assert_eq!(after[r#"convene_jobs{kind="place_event",state="parked"}"#], 1.0);
        assert_eq!(after[r#"convene_connections{provider="google",status="expired"}"#], 1.0);
        assert_eq!(after[r#"convene_connections{provider="google",status="active"}"#], 1.0);
        assert_eq!(after["convene_database_up"], 1.0);
        // Counted by all stories of this process together.
        let more = |starts: &str| sum(&after, starts) - sum(&before, starts);
        assert!(more(r#"convene_sync_attempts_total{provider="google",direction="out",outcome="rejected"}"#) >= 1.0);
        assert!(more(r#"convene_job_seconds_count{kind="place_event",outcome="dead"}"#) >= 1.0);
        assert!(more(r#"convene_dead_letters_total{kind="place_event"}"#) >= 1.0);
        assert!(more(r#"convene_job_seconds_count{kind="send_message",outcome="done"}"#) >= 1.0);
        assert!(more(r#"convene_mails_total{outcome="sent"}"#) >= 1.0);
        assert!(more(r#"convene_token_refreshes_total{provider="google""#) >= 1.0);
    }

    async fn nobody_is_in_it(app) {
        metrics::begin();
        app.ana_connects().await;
        app.connected(&[BEN]).await;
        let asked = app.asks(|_| ()).await;
        app.book(&asked, app.time(0, "10:00")).await.expect("booked");
        for _ in 0..7 {
            app.google.fail_next(Action::Put, CalendarError::Unavailable("ana@example.com".into()));
            app.waits_end().await;
            app.work().await;
        }
        let text = scraped(&app).await;
        for series in parse(&text).keys() {
            let names = ["ana", "ben", "priya", "northwind", "@", "example"];
            let found: Vec<_> = names.iter().filter(|name| series.to_lowercase().contains(*name)).collect();
            assert!(found.is_empty(), "{found:?} in {series}");
            let values = series.split('"').skip(1).step_by(2);
            for value in values {
                let digits = value.chars().filter(char::is_ascii_digit).count();
                assert!(digits <= 7 && value.len() <= 60, "{value:?} looks like an id in {series}");
            }
        }
    }
}

/// What a silent database makes of it.
#[tokio::test]
async fn without_the_database_the_rest_is_told() {
    let app = TestApp::at(on_sqlite().await).await;
    metrics::begin();
    app.run("ALTER TABLE jobs RENAME TO work").await;
    let series = parse(&scraped(&app).await);
    assert_eq!(series["convene_database_up"], 0.0);
    assert!(!series.keys().any(|key| key.starts_with("convene_connections")), "nothing is made up");
}

/// The program itself, on its two addresses.
#[tokio::test]
async fn a_listener_of_its_own_serves_nothing_else() {
    let home = on_sqlite().await;
    let ports: Vec<u16> = free_ports();
    let mut program = Command::new(env!("CARGO_BIN_EXE_convene"));
    program.arg("serve").env_clear().current_dir(std::env::temp_dir()).kill_on_drop(true);
    let settings = [
        ("DATABASE_URL", home.url.clone()),
        ("BASE_URL", format!("http://127.0.0.1:{}", ports[0])),
        ("LISTEN", format!("127.0.0.1:{}", ports[0])),
        ("METRICS_LISTEN", format!("127.0.0.1:{}", ports[1])),
        ("GOOGLE_CLIENT_ID", "client".to_owned()),
        ("GOOGLE_CLIENT_SECRET", "hush".to_owned()),
        ("TOKEN_ENCRYPTION_KEY", "8f1d6c0b9e2a47735d18c4be60fa92d7013f5a86c97be42d30a1598e7f6c2b44".to_owned()),
        ("SMTP_URL", "smtp://127.0.0.1".to_owned()),
        ("MAIL_FROM", "Interviews <interviews@example.com>".to_owned()),
    ];
    let mut program = program.envs(settings).stderr(Stdio::null()).spawn().expect("the program starts");
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let get = async |port: u16, path: &str| http.get(format!("http://127.0.0.1:{port}{path}")).send().await;
    let ready = async {
        while get(ports[0], "/healthz").await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), ready).await.expect("it comes up");
    for _ in 0..2 {
        get(ports[0], "/healthz").await.expect("answered");
    }
    get(ports[0], "/no/such/page/ana@example.com").await.expect("answered");
    let answer = get(ports[1], "/metrics").await.expect("answered");
    let series = parse(&answer.text().await.expect("text"));
    let count = |route: &str, class: &str| {
        series[&format!(r#"convene_http_request_seconds_count{{method="GET",route="{route}",class="{class}"}}"#)]
    };
    assert_eq!((count("/healthz", "2xx"), count("-", "4xx")), (3.0, 1.0));
    assert_eq!(get(ports[0], "/metrics").await.expect("answered").status().as_u16(), 404, "not among the pages");
    for path in ["/", "/healthz", "/signin"] {
        assert_eq!(get(ports[1], path).await.expect("answered").status().as_u16(), 404, "{path}");
    }
    program.kill().await.expect("ended");
}

fn free_ports() -> Vec<u16> {
    let listeners: Vec<_> = (0..2).map(|_| std::net::TcpListener::bind("127.0.0.1:0").expect("a port")).collect();
    let ports: BTreeSet<u16> = listeners.iter().map(|one| one.local_addr().expect("bound").port()).collect();
    ports.into_iter().collect()
}

#[test]
fn a_histogram_adds_up() {
    metrics::begin();
    metrics::request("GET", "/healthz", 200, Duration::from_millis(3));
    let series = parse(&metrics::counted());
    let bucket = |le: &str| {
        series
            [&format!(r#"convene_http_request_seconds_bucket{{method="GET",route="/healthz",class="2xx",le="{le}"}}"#)]
    };
    let all = ["0.005", "0.1", "1", "60", "+Inf"].map(bucket);
    assert!(all.is_sorted() && all[0] >= 1.0, "{all:?}");
    let count = series[r#"convene_http_request_seconds_count{method="GET",route="/healthz",class="2xx"}"#];
    assert_eq!(all[4], count);
}
