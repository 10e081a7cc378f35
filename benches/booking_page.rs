//! The booking page, rendered fresh with a real database behind, next to a static route of the same bytes in the same process.
//!
//! Prints requests per second of both and their ratio: the ratio is the figure, the rest is the machine's. A page that answers
//! fresh costs what it costs; a goal of 0.10 says that rendering never becomes the reason to cache what must not be stale.

#[path = "../tests/story/mod.rs"]
#[allow(unused_imports, unused_macros, reason = "the stories' world, of which a bench needs a corner")]
mod story;

use std::time::{Duration, Instant};

use axum::{Router, body::Bytes, routing::get};
use chrono::TimeDelta;
use convene::{limits::local::Searches, web::server::router};
use story::{HOST, TestApp, on_sqlite};
use tokio::net::TcpListener;

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long each side is asked, and by how many connections at once.
const ROUND: Duration = Duration::from_secs(4);
const CONNECTIONS: usize = 8;
const ROUNDS: usize = 5;

#[tokio::main]
async fn main() {
    let app = TestApp::at(on_sqlite().await).await;
    app.ana_connects().await;
    app.connected(&["ben@example.com"]).await;
    let asked = app
        .asks(|draft| {
            // Four days of eight hours, 75 minutes every quarter of an hour.
            draft.duration = "75 min".to_owned();
            draft.to = (app.monday() + TimeDelta::days(3)).to_string();
        })
        .await;
    let slots = app.offered(&asked).await.len();
    assert_eq!(slots, 112, "the page this figure is about");
    let path = format!("/book/{}?tz=Europe%2FBerlin", asked.token.expose());

    let mut state = app.state.clone();
    // One link is looked at more often than anybody would.
    state.searches = Searches::new(0);
    let pages = serve(router(state)).await;
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let page = fetch(&http, &format!("{pages}{path}")).await;
    let fixed = page.clone();
    let still = serve(Router::new().route("/still", get(move || async move { fixed }))).await;

    println!("booking page: {slots} times offered, {} bytes of HTML, {CONNECTIONS} connections", page.len());
    let mut ratios = Vec::new();
    for round in 1..=ROUNDS {
        let fresh = rate(&http, &format!("{pages}{path}")).await;
        let floor = rate(&http, &format!("{still}/still")).await;
        println!("round {round}: page {fresh:8.0}/s   static {floor:8.0}/s   ratio {:.3}", fresh / floor);
        ratios.push(fresh / floor);
    }
    ratios.sort_by(f64::total_cmp);
    println!("median ratio {:.3}", ratios[ROUNDS / 2]);
}

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

async fn fetch(http: &reqwest::Client, url: &str) -> Bytes {
    // The router goes by its public name, not by the port of this run.
    let response = http.get(url).header("host", HOST).send().await.expect("an answer");
    assert!(response.status().is_success(), "{} for {url}", response.status());
    response.bytes().await.expect("a body")
}

/// Requests per second over one round.
async fn rate(http: &reqwest::Client, url: &str) -> f64 {
    let started = Instant::now();
    let ask = |_| {
        let (http, url) = (http.clone(), url.to_owned());
        tokio::spawn(async move {
            let mut count = 0u64;
            while started.elapsed() < ROUND {
                fetch(&http, &url).await;
                count += 1;
            }
            count
        })
    };
    let tasks: Vec<_> = (0..CONNECTIONS).map(ask).collect();
    let mut total = 0;
    for task in tasks {
        total += task.await.expect("a round ends");
    }
    total as f64 / started.elapsed().as_secs_f64()
}
