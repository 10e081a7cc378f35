//! "Connect Google Calendar", from the button to the provider's page and from the provider's answer to ours, next to the provider's own
//! time in the same run: a plain client asks it the same things, one after the other.
//!
//! The goals of a second and of five are for a person who waits, at whatever distance the provider is. The provider's share of that is
//! not ours, so both are printed, once with the sandbox's answers as fast as they come and once with each a tenth of a second late.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::http::header::{COOKIE, LOCATION, SET_COOKIE};
use convene::{
    clock::SystemClock,
    config::Config,
    notifications::email::MemoryMailer,
    state::AppState,
    store::Store,
    web::{server::router, site::Site},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use url::Url;

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 12;
const ACCOUNT: &str = "ana.alvarez@example.com";
const LATE: u64 = 100;
/// Of the sandbox's one client.
const CLIENT: [(&str, &str); 2] = [("client_id", "convene-demo"), ("client_secret", "convene-demo-secret")];
/// A code verifier and its challenge (RFC 7636, appendix B).
const PKCE: [&str; 2] = ["dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"];

#[tokio::main]
async fn main() {
    let bench = Bench::open().await;
    bench.callback(&bench.begin("").await.0).await;
    for late in [0, LATE] {
        bench.slow_down(late).await;
        let (mut redirects, mut pages, mut answers, mut alone) = (vec![], vec![], vec![], vec![]);
        let mut calls = Vec::new();
        for round in 0..=ROUNDS {
            let (page, redirect) = bench.begin("purpose=connect").await;
            let started = Instant::now();
            bench.http.get(page.clone()).send().await.expect("the provider's page");
            let shown = started.elapsed();
            let since = bench.asked(0).await.last().map_or(0, |one| one["number"].as_u64().expect("a number"));
            let answer = bench.callback(&page).await;
            let asked = bench.asked(since).await;
            calls = asked.into_iter().filter(|one| !of_the_browser(one)).collect();
            let replayed = bench.replay(&page, &calls).await;
            // The first round finds everything cold.
            if round > 0 {
                redirects.push(redirect);
                pages.push(shown);
                answers.push(answer);
                alone.push(replayed);
            }
        }
        println!("the provider answers {late} ms late; medians of {ROUNDS}");
        print("  button to redirect", redirects, "the provider's page alone", pages);
        print("  callback to answer", answers, "its calls alone", alone);
        let names = calls.iter().map(|call| format!("{} {}", word(call, "method"), word(call, "path")));
        println!("  calls: {}", names.collect::<Vec<_>>().join(", "));
    }
}

fn print(ours: &str, our_times: Vec<Duration>, theirs: &str, their_times: Vec<Duration>) {
    let (our, their) = (median(our_times), median(their_times));
    println!("{ours} {our:.1} ms   {theirs} {their:.1} ms   ratio {:.2}", our / their);
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1000.0
}

fn word<'a>(call: &'a Value, name: &str) -> &'a str {
    call[name].as_str().unwrap_or_default()
}

/// Consent pages are asked for by a person, not by Convene.
fn of_the_browser(call: &Value) -> bool {
    word(call, "path").starts_with("/o/oauth2/")
}

/// Convene behind a socket, the sandbox, and a browser in which somebody signed in.
struct Bench {
    convene: String,
    google: Url,
    control: Url,
    http: reqwest::Client,
    cookies: std::sync::Mutex<std::collections::BTreeMap<String, String>>,
    folder: std::path::PathBuf,
    _sandbox: convene_sandbox::Running,
}

impl Drop for Bench {
    fn drop(&mut self) {
        // Left behind at worst: it is a temporary folder.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Bench {
    async fn open() -> Self {
        let folder = std::env::temp_dir().join(format!("convene-connecting-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a temporary folder");
        let base = free_ports();
        let options = convene_sandbox::Options { base_port: base, ..Default::default() };
        let sandbox = convene_sandbox::start(options).await.expect("the sandbox starts");
        let local = |offset: u16| -> Url { format!("http://127.0.0.1:{}/", base + offset).parse().expect("a URL") };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let convene = format!("http://{}", listener.local_addr().expect("bound"));
        let google = local(1).as_str().trim_end_matches('/').to_owned();
        let settings = [
            ("BASE_URL", convene.as_str()),
            ("GOOGLE_CLIENT_ID", CLIENT[0].1),
            ("GOOGLE_CLIENT_SECRET", CLIENT[1].1),
            ("GOOGLE_BASE_URL", &google),
            ("TOKEN_ENCRYPTION_KEY", "8f1d6c0b9e2a47735d18c4be60fa92d7013f5a86c97be42d30a1598e7f6c2b44"),
            ("SMTP_URL", "smtps://me:secret@mail.example.com"),
            ("MAIL_FROM", "Interviews <interviews@example.com>"),
        ];
        let look_up =
            |name: &str| settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let config = Arc::new(Config::from_settings(look_up).unwrap_or_else(|wrong| panic!("{wrong}")));
        let store = Store::open(&format!("sqlite://{}?mode=rwc", folder.join("convene.db").display())).await;
        let store = store.expect("a database");
        store.migrate().await.expect("migrated");
        let mailer = Arc::new(MemoryMailer::new(config.mail.from.clone()));
        let state = AppState::wire(store, config, Arc::new(SystemClock), mailer, Site::named("no-site", None));
        tokio::spawn(async move { axum::serve(listener, router(state)).await });
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build();
        let (http, cookies) = (http.expect("a client"), std::sync::Mutex::default());
        Self { convene, google: local(1), control: local(0), http, cookies, folder, _sandbox: sandbox }
    }

    /// Presses the button; the provider's page, and how long the way there took.
    async fn begin(&self, form: &str) -> (Url, Duration) {
        let request = self.http.post(format!("{}/auth/google", self.convene)).header(COOKIE, self.cookie());
        let request = request.header("sec-fetch-site", "same-origin").body(form.to_owned());
        self.redirect(request.header("content-type", "application/x-www-form-urlencoded")).await
    }

    /// Comes back from this page, having agreed there; how long the answer took.
    async fn callback(&self, page: &Url) -> Duration {
        let back = self.agree(page).await;
        self.redirect(self.http.get(back).header(COOKIE, self.cookie())).await.1
    }

    async fn redirect(&self, request: reqwest::RequestBuilder) -> (Url, Duration) {
        let started = Instant::now();
        let answer = request.send().await.expect("an answer");
        let took = started.elapsed();
        assert_eq!(answer.status(), 303, "{:?}", answer.text().await);
        for cookie in answer.headers().get_all(SET_COOKIE) {
            let pair = cookie.to_str().expect("text").split(';').next().and_then(|pair| pair.split_once('='));
            let (name, value) = pair.expect("a cookie");
            self.cookies.lock().expect("no panic").insert(name.to_owned(), value.to_owned());
        }
        let location = answer.headers()[LOCATION].to_str().expect("text");
        (self.convene.parse::<Url>().and_then(|base| base.join(location)).expect("an address"), took)
    }

    fn cookie(&self) -> String {
        let cookies = self.cookies.lock().expect("no panic");
        cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// What a person does on the provider's pages; where the browser is sent to.
    async fn agree(&self, page: &Url) -> Url {
        let mut answer = self.http.get(page.clone()).send().await.expect("the provider's page");
        for _ in 0..3 {
            if let Some(location) = answer.headers().get(LOCATION) {
                return location.to_str().expect("text").parse().expect("an address");
            }
            let text = answer.text().await.expect("a page");
            let values = |name: &str| -> Vec<String> {
                let before = format!("name=\"{name}\" value=\"");
                let values = text.split(&before).skip(1).filter_map(|rest| rest.split('"').next());
                values.map(str::to_owned).collect()
            };
            let mut form = vec![("request", values("request").remove(0)), ("account", ACCOUNT.to_owned())];
            if text.contains("name=\"decision\"") {
                form.push(("decision", "allow".to_owned()));
                form.extend(values("scope").into_iter().map(|scope| ("scope", scope)));
            }
            let to = self.google.join("/o/oauth2/v2/consent").expect("an address");
            answer = self.http.post(to).form(&form).send().await.expect("the provider's page");
        }
        panic!("the provider's pages lead nowhere")
    }

    /// The same calls by a client that does nothing else, with a code of its own.
    async fn replay(&self, page: &Url, calls: &[Value]) -> Duration {
        let mut own = page.clone();
        let asked: Vec<(String, String)> = page.query_pairs().into_owned().collect();
        own.query_pairs_mut().clear().extend_pairs(
            asked.iter().map(|(name, value)| (name.as_str(), if name == "code_challenge" { PKCE[1] } else { value })),
        );
        let back = self.agree(&own).await;
        let code = back.query_pairs().find(|(name, _)| name == "code").expect("a code").1.into_owned();
        let redirect = format!("{}{}", back.origin().ascii_serialization(), back.path());
        let mut form = vec![("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", &redirect)];
        form.extend(CLIENT);
        form.push(("code_verifier", PKCE[0]));
        let mut token = String::new();
        let started = Instant::now();
        for call in calls {
            let mut url = self.google.join(word(call, "path")).expect("an address");
            for (name, value) in call["query"].as_object().into_iter().flatten() {
                url.query_pairs_mut().append_pair(name, value.as_str().unwrap_or_default());
            }
            let request = match (word(call, "path"), word(call, "method")) {
                ("/token", _) => self.http.post(url).form(&form),
                (_, "POST") => self.http.post(url).bearer_auth(&token).json(&call["body"]),
                _ => self.http.get(url).bearer_auth(&token),
            };
            let answer = request.send().await.expect("an answer");
            assert!(answer.status().is_success(), "{call}: {}", answer.status());
            let body: Value = answer.json().await.expect("JSON");
            if let Some(given) = body["access_token"].as_str() {
                given.clone_into(&mut token);
            }
        }
        started.elapsed()
    }

    /// What the provider was asked after this request.
    async fn asked(&self, since: u64) -> Vec<Value> {
        let url = self.control.join(&format!("/control/requests?provider=google&since={since}")).expect("an address");
        let answer: Value = self.http.get(url).send().await.expect("answered").json().await.expect("JSON");
        answer["requests"].as_array().expect("a list").clone()
    }

    /// From now on each of the provider's answers comes so many milliseconds late.
    async fn slow_down(&self, ms: u64) {
        for path in ["/token", "/oauth2/v3/certs", "/calendar/v3", "/o/oauth2/v2/auth"].iter().filter(|_| ms > 0) {
            let fault = json!({ "provider": "google", "kind": "latency", "ms": ms, "match": { "path_prefix": path } });
            let url = self.control.join("/control/faults").expect("an address");
            let answer = self.http.post(url).json(&fault).send().await.expect("answered");
            assert!(answer.status().is_success(), "{}", answer.text().await.unwrap_or_default());
        }
    }
}

/// The first of as many free ports as the sandbox takes.
fn free_ports() -> u16 {
    loop {
        let first = std::net::TcpListener::bind("127.0.0.1:0").and_then(|one| one.local_addr()).expect("a port").port();
        let is_free = |port: u16| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
        let count = convene_sandbox::PORTS;
        if first < u16::MAX - count && (first..first + count).all(is_free) {
            return first;
        }
    }
}
