//! How long Convene takes from being spawned on a migrated database to the first booking page, and what it then keeps in
//! memory, next to a bare axum program (`examples/bare_axum.rs`) in the same run.
//!
//! `CONVENE_BINARY` and `BARE_BINARY` say where the two programs are; `scripts/bench.sh` builds and names them. Resident memory
//! is read from `/proc`, so it is left out elsewhere than on Linux.

#[path = "../tests/story/mod.rs"]
#[allow(unused_imports, unused_macros, reason = "the stories' world, of which a bench needs a corner")]
mod story;

use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use story::{HOST, TestApp, on_sqlite};

const ROUNDS: usize = 15;
/// How long a program is left alone before its memory is read.
const REST: Duration = Duration::from_secs(5);

/// A program with its settings, and the page that shows it is there.
struct Program {
    binary: String,
    arguments: &'static [&'static str],
    settings: Vec<(&'static str, String)>,
    path: String,
}

impl Program {
    fn named(variable: &str) -> Option<String> {
        std::env::var(variable).ok().or_else(|| {
            println!("start: skipped, {variable} names no program (run scripts/bench.sh)");
            None
        })
    }

    /// Starts it on a port of its own; the time until the page answers 200.
    async fn start(&self, http: &reqwest::Client) -> (Child, Duration) {
        let port = free_port();
        let url = format!("http://127.0.0.1:{port}{}", self.path);
        let mut command = Command::new(&self.binary);
        command
            .args(self.arguments)
            .env_clear()
            .envs(self.settings.iter().map(|(name, value)| (*name, value.as_str())));
        command.env("LISTEN", format!("127.0.0.1:{port}")).stdout(Stdio::null()).stderr(Stdio::null());
        let started = Instant::now();
        let mut child = command.spawn().expect("the program starts");
        loop {
            let answer = http.get(&url).header("host", HOST).send().await;
            match answer {
                Ok(answer) if answer.status().is_success() => return (child, started.elapsed()),
                Ok(answer) => panic!("{} answers {}", self.binary, answer.status()),
                Err(_) => assert!(child.try_wait().expect("asked").is_none(), "{} ended by itself", self.binary),
            }
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
    }
}

#[tokio::main]
async fn main() {
    let (Some(convene), Some(bare)) = (Program::named("CONVENE_BINARY"), Program::named("BARE_BINARY")) else { return };
    let app = TestApp::at(on_sqlite().await).await;
    app.ana_connects().await;
    app.connected(&["ben@example.com"]).await;
    let asked = app.asks(|draft| draft.interviewers = "ben@example.com".to_owned()).await;
    app.offered(&asked).await;

    let mut settings: Vec<(&str, String)> =
        story::SETTINGS.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    settings.push(("DATABASE_URL", app.home.url.clone()));
    settings.push(("LEPTOS_SITE_ROOT", std::env::var("LEPTOS_SITE_ROOT").unwrap_or_else(|_| "target/site".to_owned())));
    let path = format!("/book/{}?tz=Europe%2FBerlin", asked.token.expose());
    let convene = Program { binary: convene, arguments: &["serve"], settings, path };
    let bare = Program { binary: bare, arguments: &[], settings: Vec::new(), path: "/".to_owned() };

    let http = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().expect("a client");
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        for (program, times) in [(&convene, &mut ours), (&bare, &mut theirs)] {
            let (mut child, time) = program.start(&http).await;
            end(&mut child);
            // The first round finds cold files.
            if round > 0 {
                times.push(time.as_secs_f64() * 1000.0);
            }
        }
    }
    let (ours, theirs) = (median(ours), median(theirs));
    println!(
        "start: convene {ours:.1} ms   bare axum {theirs:.1} ms   ratio {:.1}   (medians of {ROUNDS})",
        ours / theirs
    );

    for (name, program) in [("convene", &convene), ("bare axum", &bare)] {
        let (mut child, _) = program.start(&http).await;
        tokio::time::sleep(REST).await;
        match resident(child.id()) {
            Some(kilobytes) => println!("memory at rest: {name} {:.1} MB", kilobytes / 1000.0),
            None => println!("memory at rest: not told here"),
        }
        end(&mut child);
    }
}

fn end(child: &mut Child) {
    child.kill().expect("killed");
    child.wait().expect("gone");
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}

/// Resident memory of a process in kilobytes (of 1000 bytes), on Linux.
fn resident(process: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1.024)
}
