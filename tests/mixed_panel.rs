//! A panel of eight, three at Google, three at Microsoft, two by hand: the times offered are those that a model finds which
//! knows nothing of Convene. It reads the sandbox's calendars by the control API, and asks minute by minute.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Timelike, Utc, Weekday};
use chrono_tz::Tz;
use convene::{
    audit::Origin,
    booking::offer,
    calendars::{
        AccessToken, Provider,
        identity::Identity,
        oauth::{RefreshToken, ScopeSet, TokenSet, scopes::short_name},
    },
    clock::SystemClock,
    config::Config,
    connections::connect::{self, Grant, Opener, Probe},
    invitations::{
        self,
        ask::{self, Ask, Outcome},
        redeem,
    },
    notifications::{self, email::MemoryMailer},
    people::{self, Coordinator, Member, Person},
    requests::{self, create, draft::Draft},
    scheduling::interval::Interval,
    state::AppState,
    store::{Store, entities::messages, words::ConnectionStatus},
    web::site::Site,
};
use sea_orm::EntityTrait;
use serde_json::{Value, json};

const CONNECTED: [(Provider, &str); 6] = [
    (Provider::Google, "ana.alvarez@example.com"),
    (Provider::Google, "ben.okafor@example.com"),
    (Provider::Google, "eva.lindqvist@example.com"),
    (Provider::Microsoft, "chloe.dubois@example.org"),
    (Provider::Microsoft, "raj.patel@example.org"),
    (Provider::Microsoft, "nora.weiss@example.org"),
];
/// Gives times by the link of an invitation, on a clock of his own.
const GIVES: &str = "tom.baker@example.com";
/// A coordinator types hours for her, on the request's clock.
const TYPED: &str = "mia.rossi@outlook.example";

struct World {
    state: AppState,
    ana: Coordinator,
    people: BTreeMap<String, Person>,
    http: reqwest::Client,
    control: String,
    _sandbox: convene_sandbox::Running,
    folder: std::path::PathBuf,
}

impl Drop for World {
    fn drop(&mut self) {
        // Left behind at worst: it is a temporary folder.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl World {
    async fn open() -> Self {
        let folder = std::env::temp_dir().join(format!("convene-panel-{}", uuid::Uuid::now_v7().simple()));
        std::fs::create_dir_all(&folder).expect("a temporary folder");
        let (sandbox, base) = sandbox().await;
        let local = |offset: u16| format!("http://127.0.0.1:{}", base + offset);
        let settings = [
            ("BASE_URL", "http://127.0.0.1:3000".to_owned()),
            ("GOOGLE_CLIENT_ID", "convene-demo".to_owned()),
            ("GOOGLE_CLIENT_SECRET", "convene-demo-secret".to_owned()),
            ("GOOGLE_BASE_URL", local(1)),
            ("MICROSOFT_CLIENT_ID", "convene-demo".to_owned()),
            ("MICROSOFT_CLIENT_SECRET", "convene-demo-secret".to_owned()),
            ("MICROSOFT_BASE_URL", local(2)),
            ("TOKEN_ENCRYPTION_KEY", "8f1d6c0b9e2a47735d18c4be60fa92d7013f5a86c97be42d30a1598e7f6c2b44".to_owned()),
            ("SMTP_URL", "smtps://me:secret@mail.example.com".to_owned()),
            ("MAIL_FROM", "Interviews <interviews@example.com>".to_owned()),
        ];
        let look_up = |name: &str| settings.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
        let config = Arc::new(Config::from_settings(look_up).unwrap_or_else(|wrong| panic!("{wrong}")));
        let mailer = Arc::new(MemoryMailer::new(config.mail.from.clone()));
        let url = format!("sqlite://{}?mode=rwc", folder.join("convene.db").display());
        let store = Store::open(&url).await.expect("a database");
        store.migrate().await.expect("migrated");
        let state = AppState::wire(store, config, Arc::new(SystemClock), mailer, Site::named("no-site", None));
        let control = local(0);
        convene::demo::seed(&state, &control.parse().expect("a URL")).await.expect("furnished");
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let org = convene::store::entities::people::Entity::find().one(state.store.reader()).await;
        let org = org.expect("read").expect("furnished").org_id;
        let team = people::team(state.store.reader(), org).await.expect("read");
        let people: BTreeMap<_, _> = team.into_iter().map(|person| (person.email.to_string(), person)).collect();
        let ana = Member::of(&people["ana.alvarez@example.com"]).expect("not disabled").coordinator().expect("one");
        let world = Self { state, ana, people, http, control, _sandbox: sandbox, folder };
        for (provider, account) in CONNECTED {
            world.connect(provider, account).await;
        }
        world
    }

    /// What accepting an invitation leaves behind: a connection that reads, and is read now.
    async fn connect(&self, provider: Provider, account: &str) {
        let order = json!({
            "provider": provider, "account": account, "scopes": ScopeSet::Interviewer.scopes(provider),
        });
        let answer = self.http.post(format!("{}/control/token", self.control)).json(&order).send().await;
        let tokens: Value = answer.expect("answered").error_for_status().expect("tokens").json().await.expect("JSON");
        let text = |name: &str| tokens[name].as_str().unwrap_or_else(|| panic!("{name} in {tokens}")).to_owned();
        let tokens = TokenSet {
            access: AccessToken::new(text("access_token")),
            refresh: Some(RefreshToken::new(text("refresh_token"))),
            expires_in: Duration::from_secs(3600),
            scopes: text("scope").split_whitespace().map(|scope| short_name(scope).to_owned()).collect(),
            id_token: None,
        };
        let identity = Identity {
            issuer: "https://sandbox.example".into(),
            subject: account.into(),
            tenant: None,
            email: Some(account.into()),
            email_verified: true,
            name: None,
            personal: false,
        };
        let probe = Probe { calendars: Vec::new(), status: ConnectionStatus::Active, last_error: String::new() };
        let grant = Grant {
            provider,
            identity: &identity,
            opener: Opener::Tokens(&tokens),
            scopes: &tokens.scopes,
            probe: &probe,
            takes_over: false,
        };
        let person = &self.people[account];
        let txn = self.state.store.begin().await.expect("a write");
        let stored = connect::store(&self.state.services, &txn, person.org, person.id, grant, &Origin::default()).await;
        stored.expect("connected");
        txn.commit().await.expect("committed");
    }

    /// Every stretch in which an account is busy, by its calendar alone.
    async fn busy(&self, account: &str) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
        let url = format!("{}/control/events?account={account}", self.control);
        let answer: Value = self.http.get(url).send().await.expect("answered").json().await.expect("JSON");
        let zone = self.people[account].zone.expect("the sandbox says where they live");
        let blocks = |event: &&Value| {
            let declined = event["attendees"]
                .as_array()
                .is_some_and(|all| all.iter().any(|one| one["email"] == account && one["response"] == "declined"));
            event["status"] != "cancelled"
                && !["free", "elsewhere"].iter().any(|word| event["show_as"] == *word)
                && !declined
        };
        let at = |text: &Value, all_day: bool| {
            let text = text.as_str().expect("a text");
            if all_day {
                let date: NaiveDate = text.parse().expect("a date");
                return zone
                    .from_local_datetime(&date.and_time(NaiveTime::MIN))
                    .earliest()
                    .expect("a midnight")
                    .to_utc();
            }
            text.parse().expect("an instant")
        };
        let events = answer["events"].as_array().expect("events");
        let span = |event: &Value| {
            let all_day = event["all_day"] == true;
            (at(&event["start"], all_day), at(&event["end"], all_day))
        };
        events.iter().filter(blocks).map(span).collect()
    }
}

/// On seven free ports in a row.
async fn sandbox() -> (convene_sandbox::Running, u16) {
    let free = |port: u16| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
    for step in 0..500_u16 {
        let base = 40_000 + (std::process::id() as u16 % 1000 + step) * convene_sandbox::PORTS % 20_000;
        if !(0..convene_sandbox::PORTS).all(|offset| free(base + offset)) {
            continue;
        }
        let options = convene_sandbox::Options { base_port: base, ..Default::default() };
        if let Ok(running) = convene_sandbox::start(options).await {
            return (running, base);
        }
    }
    panic!("no seven free ports in a row");
}

/// When somebody is there, minute by minute.
struct Model {
    zone: Tz,
    /// Office hours count only for those whose calendar is read; the others are there in their windows.
    windows: Option<Vec<(DateTime<Utc>, DateTime<Utc>)>>,
    busy: Vec<(DateTime<Utc>, DateTime<Utc>)>,
}

impl Model {
    fn is_there(&self, minute: DateTime<Utc>) -> bool {
        let inside =
            |spans: &[(DateTime<Utc>, DateTime<Utc>)]| spans.iter().any(|(from, to)| *from <= minute && minute < *to);
        let local = minute.with_timezone(&self.zone);
        let works = match &self.windows {
            Some(windows) => inside(windows),
            None => !matches!(local.weekday(), Weekday::Sat | Weekday::Sun) && (9..17).contains(&local.hour()),
        };
        works && !inside(&self.busy)
    }

    fn can(&self, start: DateTime<Utc>, minutes: i64) -> bool {
        (0..minutes).all(|minute| self.is_there(start + TimeDelta::minutes(minute)))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_people_of_three_kinds_are_offered_as_the_model_finds() {
    let world = World::open().await;
    let monday = (Utc::now().date_naive() + Days::new(8)).week(Weekday::Mon).first_day() + Days::new(7);
    let day = |days: u64| monday + Days::new(days);

    // Tom gives times in New York, Mia has hours typed on Berlin's clock.
    let new_york = |date: NaiveDate, hour: u32| {
        Tz::America__New_York.from_local_datetime(&date.and_hms_opt(hour, 0, 0).expect("an hour")).unwrap().to_utc()
    };
    let berlin = |date: NaiveDate, hour: u32| {
        Tz::Europe__Berlin.from_local_datetime(&date.and_hms_opt(hour, 0, 0).expect("an hour")).unwrap().to_utc()
    };
    let given: Vec<_> = (0..4).map(|days| (new_york(day(days), 4), new_york(day(days), 11))).collect();
    let asked = Ask::interviewer(GIVES.parse().expect("an address"), None);
    let asked = ask::ask(&world.state, &world.ana, &asked, &Origin::default()).await.expect("asked");
    assert!(matches!(asked, Outcome::Invited(_)), "{asked:?}");
    let mail = messages::Entity::find().one(world.state.store.reader()).await.expect("read").expect("a mail");
    let text = notifications::body(&world.state.keys, &mail).expect("opened").text;
    let token = text.split("/invite/").nth(1).and_then(|rest| rest.split_whitespace().next()).expect("a link");
    let token = token.parse().expect("a token");
    let opened = invitations::open(world.state.store.reader(), &token, Utc::now()).await.expect("works");
    let spans = |all: &[(DateTime<Utc>, DateTime<Utc>)]| -> Vec<Interval> {
        all.iter().map(|(from, to)| Interval::new(*from, *to).expect("runs forward")).collect()
    };
    let period = Interval::new(new_york(day(0), 0), new_york(day(7), 0)).expect("runs forward");
    redeem::give_times(&world.state, &opened, period, &spans(&given), Tz::America__New_York, &Origin::default())
        .await
        .expect("given");
    let typed: Vec<_> = (0..9).step_by(2).map(|days| (berlin(day(days), 9), berlin(day(days), 16))).collect();
    let windows: Vec<String> = (0..9).step_by(2).map(|days| format!("{TYPED} {} 09:00 16:00", day(days))).collect();

    let everybody: Vec<&str> = CONNECTED.iter().map(|(_, email)| *email).chain([GIVES, TYPED]).collect();
    let mut models = Vec::new();
    for email in &everybody {
        let (windows, busy) = match *email {
            GIVES => (Some(given.clone()), Vec::new()),
            TYPED => (Some(typed.clone()), Vec::new()),
            email => (None, world.busy(email).await),
        };
        let zone = world.people[*email].zone.expect("known");
        models.push(Model { zone, windows, busy });
    }

    let mut found = 0;
    for needed in [2_usize, 4, 5, 6] {
        let draft = Draft {
            candidate_name: "Priya".into(),
            candidate_email: "priya@example.net".into(),
            duration: "45 min".into(),
            from: day(0).to_string(),
            to: day(8).to_string(),
            interviewers: everybody.join(", "),
            any_of: needed.to_string(),
            windows: windows.join("\n"),
            zone: "Europe/Berlin".into(),
            ..Draft::default()
        };
        let new = draft.parse(Utc::now()).unwrap_or_else(|errors| panic!("{errors:?}"));
        let id = create::create(&world.state, &world.ana, &new, &Origin::default()).await.expect("a request");
        let org = world.ana.member().org;
        let request = requests::find(world.state.store.reader(), org, id).await.expect("read").expect("made");
        let panel = requests::panel(world.state.store.reader(), org, id).await.expect("a panel");
        let answer = offer::open_slots(&world.state, &request, &panel).await.expect("an answer");
        let offered: Vec<DateTime<Utc>> = answer.slots().map(|slot| slot.start()).collect();

        let mut expected = Vec::new();
        let (mut start, end) = (berlin(day(0), 0), berlin(day(9), 0));
        while start + TimeDelta::minutes(45) <= end {
            let there = models.iter().filter(|model| model.can(start, 45)).count();
            if there >= needed {
                expected.push(start);
            }
            start += TimeDelta::minutes(15);
        }
        assert_eq!(offered, expected, "any {needed} of eight");
        found += offered.len();
    }
    assert!(found > 100, "the panel has common times: {found}");
}
