//! The stages at Google and Microsoft: our client, and people who use the vendors' own interfaces.

pub mod cases;
mod people;

use std::process::Command;

use async_trait::async_trait;
use convene::calendars::changes::Hook;
use convene::calendars::endpoints::{Endpoints, Tenant};
use convene::calendars::google::GoogleCalendar;
use convene::calendars::http::Http;
use convene::calendars::microsoft::MicrosoftCalendar;
use convene::calendars::{AccessToken, Account, Alert, Calendar, EventDraft, Placed, Provider, Response};
use convene::scheduling::interval::Interval;
use serde_json::{Value, json};

use super::hooks::Hooks;
use super::sandbox::Sandbox;
use super::{Mails, Stage, Stands};

/// Who plays host and guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cast {
    Google,
    OutlookWork,
    OutlookPersonal,
}

impl Cast {
    pub const ALL: [Self; 3] = [Self::Google, Self::OutlookWork, Self::OutlookPersonal];

    fn provider(self) -> Provider {
        match self {
            Self::Google => Provider::Google,
            Self::OutlookWork | Self::OutlookPersonal => Provider::Microsoft,
        }
    }

    fn host(self) -> &'static str {
        match self {
            Self::Google => "ana.alvarez@example.com",
            Self::OutlookWork => "chloe.dubois@example.org",
            Self::OutlookPersonal => "mia.rossi@outlook.example",
        }
    }

    fn guest(self) -> &'static str {
        match self {
            Self::Google => "ben.okafor@example.com",
            Self::OutlookWork | Self::OutlookPersonal => "raj.patel@example.org",
        }
    }

    fn scopes(self) -> &'static [&'static str] {
        match self.provider() {
            Provider::Google => &[
                "https://www.googleapis.com/auth/calendar.events",
                "https://www.googleapis.com/auth/calendar.freebusy",
                "https://www.googleapis.com/auth/calendar.calendarlist.readonly",
                "https://www.googleapis.com/auth/calendar.app.created",
            ],
            Provider::Microsoft | Provider::Apple => &["User.Read", "Calendars.ReadWrite"],
        }
    }
}

pub struct VendorStage {
    pub sandbox: Sandbox,
    pub cast: Cast,
    calendar: Box<dyn Calendar>,
    account: Account,
    token: AccessToken,
    guest_token: AccessToken,
    hooks: Hooks,
}

/// Plays one case on a fresh stage, then looks at every request our client sent.
pub async fn with(cast: Cast, case: impl AsyncFnOnce(&VendorStage)) {
    let stage = VendorStage::open(cast).await;
    case(&stage).await;
    stage.check_requests().await;
}

impl VendorStage {
    async fn open(cast: Cast) -> Self {
        let sandbox = Sandbox::start();
        let endpoints = Endpoints::sandbox(cast.provider(), &sandbox.origin(cast.provider()), Tenant::Common);
        let calendar: Box<dyn Calendar> = match cast.provider() {
            Provider::Google => Box::new(GoogleCalendar::new(Http::new(), &endpoints)),
            Provider::Microsoft | Provider::Apple => Box::new(MicrosoftCalendar::new(Http::new(), &endpoints)),
        };
        let token = async |who| AccessToken::new(sandbox.token(cast.provider(), who, cast.scopes()).await);
        let (host_token, guest_token) = (token(cast.host()).await, token(cast.guest()).await);
        let account = Account {
            email: cast.host().to_owned(),
            personal: cast == Cast::OutlookPersonal,
            zone: Some(chrono_tz::Europe::Berlin),
        };
        let hooks = Hooks::open().await;
        Self { calendar, account, token: host_token, guest_token, hooks, sandbox, cast }
    }

    pub fn endpoints(&self) -> Endpoints {
        Endpoints::sandbox(self.cast.provider(), &self.sandbox.origin(self.cast.provider()), Tenant::Common)
    }

    pub async fn fault(&self, mut fault: Value) {
        fault["provider"] = json!(self.cast.provider());
        self.sandbox.tell("faults", fault).await;
    }

    /// The recorded requests of our client, held against the vendor's description.
    async fn check_requests(&self) {
        let recorded = self.sandbox.look("requests").await;
        let ours: Vec<&Value> = recorded["requests"]
            .as_array()
            .expect("a list of requests")
            .iter()
            .filter(|request| {
                request["headers"]["user-agent"].as_str().is_some_and(|agent| agent.starts_with("convene/"))
            })
            .filter(|request| {
                let path = request["path"].as_str().unwrap_or_default();
                path.starts_with("/calendar/v3/") || path.starts_with("/v1.0/")
            })
            .collect();
        assert!(!ours.is_empty(), "the case asked the provider nothing");
        let directory = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
        let file =
            directory.join(format!("requests-{}.json", self.sandbox.origin(self.cast.provider()).port().unwrap_or(0)));
        std::fs::write(&file, serde_json::to_vec(&ours).expect("JSON")).expect("a writable target directory");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/contract/check_requests.mjs");
        let output = Command::new("node").arg(script).arg(&file).output().expect("node runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "requests that the vendor does not describe:\n{text}");
        let _ = std::fs::remove_file(&file);
    }

    async fn events_of(&self, who: &str, title: &str) -> Vec<Value> {
        let events = self.sandbox.look(&format!("events?account={who}")).await;
        let all = events["events"].as_array().expect("a list of events").clone();
        all.into_iter().filter(|event| event["summary"] == title && event["status"] != "cancelled").collect()
    }
}

#[async_trait]
impl Stage for VendorStage {
    fn calendar(&self) -> &dyn Calendar {
        self.calendar.as_ref()
    }

    fn account(&self) -> &Account {
        &self.account
    }

    fn token(&self) -> &AccessToken {
        &self.token
    }

    fn guest(&self) -> &str {
        self.cast.guest()
    }

    fn offers_video(&self) -> bool {
        self.cast != Cast::OutlookPersonal
    }

    async fn lose_the_next_answer(&self) {
        self.fault(json!({ "kind": "drop_after_write", "times": 1 })).await;
    }

    async fn refuse_the_next_write(&self) {
        // Both clients create with POST; free/busy, which Google asks by POST, is not part of the case.
        self.fault(json!({ "kind": "status", "status": 503, "times": 1, "match": { "method": "POST" } })).await;
    }

    async fn limit_the_next_call(&self, seconds: u64) {
        self.fault(json!({ "kind": "status", "status": 429, "retry_after": seconds, "times": 1 })).await;
    }

    async fn kill_the_sign_in(&self) {
        for kind in ["expire_tokens", "revoke"] {
            self.fault(json!({ "kind": kind, "account": self.account.email })).await;
        }
    }

    async fn forget_cursors(&self) {
        let body = json!({ "provider": self.cast.provider(), "account": self.account.email });
        self.sandbox.tell("cursors/expire", body).await;
    }

    async fn add_entry(&self, stands: Stands, span: Interval) -> String {
        people::add_entry(self, stands, span).await
    }

    async fn remove_entry(&self, id: &str) {
        people::delete(self, id).await;
    }

    async fn delete_by_hand(&self, _draft: &EventDraft, placed: &Placed) {
        people::delete(self, &placed.provider_id).await;
    }

    async fn move_by_hand(&self, placed: &Placed, to: Interval) {
        people::move_to(self, &placed.provider_id, to).await;
    }

    async fn make_all_day_by_hand(&self, placed: &Placed) {
        people::make_all_day(self, &placed.provider_id).await;
    }

    fn hook(&self) -> Option<Hook> {
        Some(self.hooks.hook())
    }

    async fn pushed(&self, hook: &Hook, least: usize) -> usize {
        self.hooks.heard(hook, least).await
    }

    async fn answer(&self, draft: &EventDraft, _placed: &Placed, answer: Response) {
        people::answer(self, self.cast.guest(), &self.guest_token, &draft.summary, answer).await;
    }

    async fn live_events(&self, draft: &EventDraft) -> usize {
        self.events_of(self.cast.host(), &draft.summary).await.len()
    }

    async fn mails(&self, draft: &EventDraft) -> Mails {
        let outbox = self.sandbox.look("mail").await;
        let mails = outbox["mails"].as_array().expect("a list of mails");
        let count = |method: &str| {
            let about = |mail: &&Value| mail["ics"].as_str().is_some_and(|ics| unfolded(ics).contains(&draft.marker));
            let mine = mails.iter().filter(|mail| mail["to"] == self.cast.guest() && mail["method"] == method);
            mine.filter(about).count()
        };
        Mails { requests: count("REQUEST"), cancellations: count("CANCEL") }
    }

    async fn alert(&self, placed: &Placed) -> Alert {
        people::alert(self, &placed.provider_id).await
    }

    fn knows_its_default(&self) -> bool {
        self.cast == Cast::Google
    }
}

/// iCalendar text with its folded lines joined (RFC 5545 section 3.1).
fn unfolded(ics: &str) -> String {
    ics.replace("\r\n ", "").replace("\r\n\t", "")
}
