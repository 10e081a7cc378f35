//! The sandbox as a child process, and its control API.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};

use convene::calendars::Provider;
use serde_json::{Value, json};
use url::Url;

pub const CLIENT_ID: &str = "convene-demo";
pub const CLIENT_SECRET: &str = "convene-demo-secret";

/// A sandbox of this test's own; ends with the value.
pub struct Sandbox {
    child: Child,
    base_port: u16,
    pub http: reqwest::Client,
}

impl Sandbox {
    /// Starts one on seven free ports in a row.
    pub fn start() -> Self {
        for _ in 0..50 {
            let base_port = free_ports();
            let mut child = Command::new(binary())
                .args(["--base-port", &base_port.to_string()])
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .expect("the sandbox's binary starts");
            let output = child.stdout.take().expect("its output is piped");
            let mut line = String::new();
            // It says that it is ready, or ends because someone else took a port in between.
            if BufReader::new(output).read_line(&mut line).is_ok_and(|read| read > 0) {
                // A person's own client: unlike ours, it need not send what the vendor calls optional.
                let http = reqwest::Client::builder().no_proxy().user_agent("a-person").build().expect("a client");
                return Self { child, base_port, http };
            }
            let _ = child.wait();
        }
        panic!("no seven free ports in a row");
    }

    pub fn origin(&self, provider: Provider) -> Url {
        let offset = match provider {
            Provider::Google => 1,
            Provider::Microsoft => 2,
            Provider::Apple => 4,
        };
        let port = self.base_port + offset;
        format!("http://127.0.0.1:{port}/").parse().expect("a url")
    }

    fn control(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/control/{path}", self.base_port)
    }

    pub async fn tell(&self, path: &str, body: Value) -> Value {
        let request = self.http.post(self.control(path)).json(&body);
        let response = request.send().await.expect("the sandbox answers");
        let status = response.status();
        let text = response.text().await.expect("the sandbox answers");
        assert!(status.is_success(), "{path} {body}: {status} {text}");
        serde_json::from_str(&text).expect("JSON")
    }

    pub async fn look(&self, path: &str) -> Value {
        let response = self.http.get(self.control(path)).send().await.expect("the sandbox answers");
        response.json().await.expect("JSON")
    }

    /// An access token without a browser.
    pub async fn token(&self, provider: Provider, account: &str, scopes: &[&str]) -> String {
        let body = json!({ "provider": provider, "account": account, "scopes": scopes });
        let answer = self.tell("token", body).await;
        answer["access_token"].as_str().expect("an access token").to_owned()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The binary to run; its absence is a failure, not a reason to skip.
fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("CONVENE_SANDBOX_BIN") {
        return path.into();
    }
    // target/<profile>/deps/<this test> -> target/<profile>/convene-sandbox
    let test = std::env::current_exe().expect("a test knows its own path");
    let path = test.ancestors().nth(2).expect("a target directory").join("convene-sandbox");
    assert!(path.exists(), "{} is missing: run `cargo build -p convene-sandbox` first", path.display());
    path
}

/// How many ports a sandbox takes.
const PORTS: u16 = 7;

/// A port from which on so many are free. Tests run at the same time, in one process or several: each
/// process starts elsewhere and each call goes on from the last.
fn free_ports() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = u32::from(NEXT.fetch_add(PORTS, Ordering::Relaxed)) + std::process::id() * 64;
    let free = |port: u16| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
    (0..2000)
        .map(|step| 20_000 + u16::try_from((start + step * u32::from(PORTS)) % 12_000).expect("below 12000"))
        .find(|base| (0..PORTS).all(|offset| free(base + offset)))
        .expect("some ports are free")
}
