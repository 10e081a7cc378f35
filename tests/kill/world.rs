//! What stays when the program is killed: its database, the sandbox, the mail server.

use std::{path::PathBuf, process::Stdio, sync::Arc, time::Duration};

use chrono::{DateTime, Days, Utc, Weekday};
use convene::{
    audit::Origin,
    calendars::{
        AccessToken, Provider,
        identity::Identity,
        oauth::{RefreshToken, ScopeSet, TokenSet, scopes::short_name},
    },
    clock::SystemClock,
    config::Config,
    connections::connect::{self, Grant, Opener, Probe},
    ids::{LinkToken, RequestId},
    notifications::email::MemoryMailer,
    people::{self, Coordinator, Member},
    requests::{create, draft::Draft, link},
    state::AppState,
    store::{
        Store,
        entities::{jobs, people as people_rows},
        words::{ConnectionStatus, JobStatus},
    },
    web::site::Site,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use super::postbox::Postbox;
use crate::story::Home;

const ANA: &str = "ana.alvarez@example.com";
const PANELS: [&str; 3] =
    ["ben.okafor@example.com", "raj.patel@example.org", "ben.okafor@example.com raj.patel@example.org"];

/// A request and its candidate's link.
pub struct Link {
    pub request: RequestId,
    pub token: LinkToken,
}

/// One of our events as the calendar has it.
#[derive(Debug)]
pub struct Remote {
    pub id: String,
    pub marker: String,
    pub start: DateTime<Utc>,
}

pub struct World {
    /// Convene's verbs on the same database, to set up and to look.
    state: AppState,
    settings: Vec<(&'static str, String)>,
    port: u16,
    control: String,
    http: reqwest::Client,
    postbox: Postbox,
    folder: PathBuf,
    home: Home,
    _sandbox: convene_sandbox::Running,
}

impl Drop for World {
    fn drop(&mut self) {
        // Left behind at worst: it is a temporary folder.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl World {
    /// A furnished organisation whose coordinator's calendar is connected.
    pub async fn open(home: Home) -> Self {
        let folder = std::env::temp_dir().join(format!("convene-kill-{}", uuid::Uuid::now_v7().simple()));
        std::fs::create_dir_all(&folder).expect("a temporary folder");
        let (port, sandbox_port) = (free_ports(1), free_ports(convene_sandbox::PORTS));
        let options = convene_sandbox::Options { base_port: sandbox_port, ..Default::default() };
        let sandbox = convene_sandbox::start(options).await.expect("the sandbox starts");
        let postbox = Postbox::open().await;
        let local = |offset: u16| format!("http://127.0.0.1:{}", sandbox_port + offset);
        let settings = vec![
            ("DATABASE_URL", home.url.clone()),
            ("BASE_URL", format!("http://127.0.0.1:{port}")),
            ("LISTEN", format!("127.0.0.1:{port}")),
            ("TRUSTED_PROXIES", "127.0.0.1".to_owned()),
            ("GOOGLE_CLIENT_ID", "convene-demo".to_owned()),
            ("GOOGLE_CLIENT_SECRET", "convene-demo-secret".to_owned()),
            ("GOOGLE_BASE_URL", local(1)),
            ("MICROSOFT_CLIENT_ID", "convene-demo".to_owned()),
            ("MICROSOFT_CLIENT_SECRET", "convene-demo-secret".to_owned()),
            ("MICROSOFT_BASE_URL", local(2)),
            ("TOKEN_ENCRYPTION_KEY", "8f1d6c0b9e2a47735d18c4be60fa92d7013f5a86c97be42d30a1598e7f6c2b44".to_owned()),
            ("SMTP_URL", format!("smtp://127.0.0.1:{}", postbox.port)),
            ("MAIL_FROM", "Interviews <interviews@example.com>".to_owned()),
        ];
        let look_up = |name: &str| settings.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
        let config = Arc::new(Config::from_settings(look_up).unwrap_or_else(|wrong| panic!("{wrong}")));
        let mailer = Arc::new(MemoryMailer::new(config.mail.from.clone()));
        let state =
            AppState::wire(home.store.clone(), config, Arc::new(SystemClock), mailer, Site::named("no-site", None));
        let control = local(0);
        convene::demo::seed(&state, &control.parse().expect("a URL")).await.expect("furnished");
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let world = Self { state, settings, port, control, http, postbox, folder, home, _sandbox: sandbox };
        world.connect_ana().await;
        world
    }

    pub fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its kind.
    pub fn database(&self) -> &'static str {
        self.home.kind
    }

    pub fn store(&self) -> &Store {
        &self.state.store
    }

    pub fn postbox(&self) -> &Postbox {
        &self.postbox
    }

    async fn ana(&self) -> Coordinator {
        let row =
            people_rows::Entity::find().filter(people_rows::Column::Email.eq(ANA)).one(self.store().reader()).await;
        let row = row.expect("the store answers").expect("Ana is furnished");
        let person = people::find(self.store().reader(), row.org_id, row.id).await.expect("the store answers");
        Member::of(&person.expect("Ana")).expect("not disabled").coordinator().expect("a coordinator")
    }

    /// What signing in would leave behind: a connection that may write.
    async fn connect_ana(&self) {
        let ana = self.ana().await;
        let order = json!({
            "provider": "google", "account": ANA, "scopes": ScopeSet::Coordinator.scopes(Provider::Google),
        });
        let answer = self.http.post(format!("{}/control/token", self.control)).json(&order).send().await;
        let tokens: Value = answer.expect("answered").error_for_status().expect("tokens").json().await.expect("JSON");
        let text = |name: &str| tokens[name].as_str().unwrap_or_else(|| panic!("{name} in {tokens}")).to_owned();
        let grant = TokenSet {
            access: AccessToken::new(text("access_token")),
            refresh: Some(RefreshToken::new(text("refresh_token"))),
            expires_in: Duration::from_secs(tokens["expires_in"].as_u64().expect("a lifetime")),
            scopes: text("scope").split_whitespace().map(|scope| short_name(scope).to_owned()).collect(),
            id_token: None,
        };
        let identity = Identity {
            issuer: "https://accounts.google.com".into(),
            subject: "ana".into(),
            tenant: None,
            email: Some(ANA.into()),
            email_verified: true,
            name: None,
            personal: false,
        };
        let google = self.state.services.calendars.get(Provider::Google).expect("Google is set up");
        let calendars = google.calendar.calendars(&grant.access).await.expect("Ana's calendars");
        let probe = Probe { calendars, status: ConnectionStatus::Active, last_error: String::new() };
        let txn = self.store().begin().await.expect("a write");
        let (org, person) = (ana.member().org, ana.member().person);
        let grant = Grant {
            provider: Provider::Google,
            identity: &identity,
            opener: Opener::Tokens(&grant),
            scopes: &grant.scopes,
            probe: &probe,
            takes_over: false,
        };
        let stored = connect::store(&self.state.services, &txn, org, person, grant, &Origin::default()).await;
        stored.expect("connected");
        txn.commit().await.expect("committed");
    }

    /// Ana asks for this many interviews, each within four weeks that begin in one of the next eight: two hundred kills find
    /// free times to the end.
    pub async fn ask(&self, count: usize) -> Vec<Link> {
        let ana = self.ana().await;
        let monday = (Utc::now().date_naive() + Days::new(4)).week(Weekday::Mon).first_day() + Days::new(7);
        let mut links = Vec::with_capacity(count);
        for number in 0..count {
            let first = monday + Days::new(7 * (number as u64 % 8));
            let draft = Draft {
                candidate_name: format!("Candidate {number}"),
                candidate_email: format!("candidate{number}@example.net"),
                duration: "15 min".into(),
                from: first.to_string(),
                to: (first + Days::new(25)).to_string(),
                interviewers: PANELS[number % PANELS.len()].into(),
                zone: "Europe/Berlin".into(),
                ..Draft::default()
            };
            let new = draft.parse(Utc::now()).unwrap_or_else(|errors| panic!("{errors:?}"));
            let request = create::create(&self.state, &ana, &new, &Origin::default()).await.expect("a request");
            let url = link::url(&self.state, ana.member().org, request).await.expect("answered").expect("a link");
            let token = url.rsplit('/').next().and_then(|token| token.parse().ok()).expect("a token");
            links.push(Link { request, token });
        }
        links
    }

    /// Starts the program and waits until it serves.
    pub async fn start(&self) -> Child {
        let binary = option_env!("CARGO_BIN_EXE_convene").map(str::to_owned);
        let binary = binary.or_else(|| std::env::var("CONVENE_BINARY").ok()).expect("the program was built");
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.folder.join("log")).expect("a log");
        let mut program = Command::new(binary)
            .arg("serve")
            .env_clear()
            .envs(self.settings.iter().map(|(name, value)| (*name, value.as_str())))
            .current_dir(&self.folder)
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .expect("the program starts");
        loop {
            if let Some(status) = program.try_wait().expect("asked") {
                let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                panic!("the program ended by itself ({status}): {log}");
            }
            let ready = self.http.get(format!("{}/readyz", self.base())).send().await;
            if ready.is_ok_and(|answer| answer.status().is_success()) {
                return program;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The minute passes after which jobs of a dead process are taken over. Only while no process lives.
    pub async fn leases_run_out(&self) {
        let txn = self.store().begin().await.expect("a write");
        txn.execute_unprepared("UPDATE jobs SET lease_until = 1 WHERE status = 'running'").await.expect("updated");
        // A token refresh that died with its process holds its own short lease.
        txn.execute_unprepared("UPDATE connections SET refresh_until = 1 WHERE refresh_until IS NOT NULL")
            .await
            .expect("updated");
        txn.commit().await.expect("committed");
    }

    /// The quarter of an hour passes after which a removal that found nothing has looked often enough for an event whose
    /// creation was never confirmed.
    async fn a_quarter_of_an_hour_passes(&self) {
        let txn = self.store().begin().await.expect("a write");
        for sql in [
            "UPDATE placements SET unconfirmed_since = unconfirmed_since - 900000 WHERE unconfirmed_since IS NOT NULL",
            "UPDATE jobs SET run_at = 1 WHERE status = 'queued' AND kind = 'place_event'",
        ] {
            txn.execute_unprepared(sql).await.expect("updated");
        }
        txn.commit().await.expect("committed");
    }

    /// Waits until every promise was kept or given up; the program has to be running.
    pub async fn outbox_empties(&self) {
        let open = [JobStatus::Queued, JobStatus::Running, JobStatus::Parked];
        let deadline = tokio::time::Instant::now() + Duration::from_secs(180);
        // How many there were, and since when.
        let mut before = (0, tokio::time::Instant::now());
        loop {
            let left = jobs::Entity::find().filter(jobs::Column::Status.is_in(open));
            let left = left.count(self.store().reader()).await.expect("counted");
            if left == 0 {
                return;
            }
            if left != before.0 {
                before = (left, tokio::time::Instant::now());
            } else if before.1.elapsed() > Duration::from_secs(5) {
                self.a_quarter_of_an_hour_passes().await;
            }
            assert!(tokio::time::Instant::now() < deadline, "{left} promises are still open after three minutes");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// What stands on Ana's calendar that is ours.
    pub async fn on_calendar(&self) -> Vec<Remote> {
        let answer = self.http.get(format!("{}/control/events?account={ANA}", self.control)).send().await;
        let all: Value = answer.expect("answered").error_for_status().expect("events").json().await.expect("JSON");
        let events = all["events"].as_array().unwrap_or_else(|| panic!("events in {all}"));
        let remote = |event: &Value| {
            let marker = event["private"].as_object()?.values().filter_map(Value::as_str);
            Some(Remote {
                id: event["id"].as_str()?.to_owned(),
                marker: marker.into_iter().find(|value| value.starts_with("evt_"))?.to_owned(),
                start: event["start"].as_str()?.parse().ok()?,
            })
        };
        events.iter().filter(|event| event["status"] != "cancelled").filter_map(remote).collect()
    }
}

/// The first of several neighbouring free ports. Another program may take one meanwhile; then the test fails loudly.
fn free_ports(count: u16) -> u16 {
    loop {
        let first = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
        let is_free = |port: u16| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
        if first < u16::MAX - count && (first..first + count).all(is_free) {
            return first;
        }
    }
}

/// Moments and choices that differ in every run.
pub struct Random(std::cell::Cell<u64>);

impl Random {
    pub fn new() -> Self {
        let bytes = convene::ids::random_bytes();
        Self(std::cell::Cell::new(u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes"))))
    }

    /// A number below `end` (splitmix64).
    pub fn below(&self, end: u64) -> u64 {
        self.0.set(self.0.get().wrapping_add(0x9E37_79B9_7F4A_7C15));
        let mut bits = self.0.get();
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (bits ^ (bits >> 31)) % end.max(1)
    }
}
