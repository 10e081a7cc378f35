//! A Convene with every secret it can have, and an ear at everything it says.

use std::{collections::BTreeSet, process::Command, sync::Arc};

use axum::{
    Router,
    body::Body,
    http::{Method, Request},
};
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use convene::{
    calendars::Provider,
    clock::SystemClock,
    config::Config,
    notifications::email::SmtpMailer,
    secrets::Place,
    state::AppState,
    store::entities::{connections, messages, oauth_attempts},
    web::{server::router, site::Site},
    worker,
};
use mail_parser::MessageParser;
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, Statement};
use serde_json::Value;

use super::scan::{self, Hit, Scanner};
use crate::{
    common::office::Browser,
    contract::sandbox::{CLIENT_ID, CLIENT_SECRET, Sandbox},
    kill::postbox::Postbox,
    story::Home,
    support::{Answer, ask, log::Log},
};

pub const KEY: &str = "c4a7e1d25b8893f06a1e7743bb02d9585f3c90e6417da82bfe60351c9d78a4e2";
pub const KEY_BEFORE: &str = "19e4b07ad3c5826ff1480d9b37a2ce6580bd143e7f96ca5021d8e36b94f70ca5";
const SMTP_PASSWORD: &str = "zaq+7/Kolibri=Pass&w";
/// The sandbox's.
const ICIMS_KEY: &str = "sandbox-icims-key";

/// Where a secret may be seen.
#[derive(Clone, Debug)]
pub enum Leave {
    Nowhere,
    /// In the query of an address we send a browser on to.
    Location,
    /// On the pages that it opens, on those whose address begins so, and in mails of these kinds to this address.
    Link {
        pages: &'static str,
        kinds: &'static [&'static str],
        to: &'static str,
    },
}

struct Planted {
    name: String,
    bytes: Vec<u8>,
    /// As it is written where it may be.
    text: String,
    leave: Leave,
}

/// One answer, and what was asked.
struct Seen {
    asked: String,
    status: u16,
    location: String,
    /// Headers and body, without what sets a session.
    text: String,
}

pub struct World {
    pub state: AppState,
    router: Router,
    pub sandbox: Sandbox,
    postbox: Postbox,
    log: Log,
    planted: Vec<Planted>,
    answers: Vec<Seen>,
    // Dropped last: its folder goes.
    pub home: Home,
}

impl World {
    /// A furnished organisation: Ana administers it, Ben and Raj are connected.
    pub async fn open(home: Home) -> Self {
        let log = Log::start();
        let sandbox = Sandbox::start();
        let postbox = Postbox::open().await;
        let origin = |provider| sandbox.origin(provider).as_str().trim_end_matches('/').to_owned();
        let base = sandbox.origin(Provider::Google).port().expect("a port") - 1;
        let password: String = url::form_urlencoded::byte_serialize(SMTP_PASSWORD.as_bytes()).collect();
        let settings = [
            ("DATABASE_URL", home.url.clone()),
            ("BASE_URL", "http://127.0.0.1:3000".to_owned()),
            ("GOOGLE_CLIENT_ID", CLIENT_ID.to_owned()),
            ("GOOGLE_CLIENT_SECRET", CLIENT_SECRET.to_owned()),
            ("GOOGLE_BASE_URL", origin(Provider::Google)),
            ("MICROSOFT_CLIENT_ID", CLIENT_ID.to_owned()),
            ("MICROSOFT_CLIENT_SECRET", CLIENT_SECRET.to_owned()),
            ("MICROSOFT_BASE_URL", origin(Provider::Microsoft)),
            ("APPLE_BASE_URL", origin(Provider::Apple)),
            ("TOKEN_ENCRYPTION_KEY", format!("{KEY},{KEY_BEFORE}")),
            ("SMTP_URL", format!("smtp://convene:{password}@127.0.0.1:{}", postbox.port)),
            ("MAIL_FROM", "Interviews <interviews@example.com>".to_owned()),
            ("ATS_MODE", "icims".to_owned()),
            ("ICIMS_BASE_URL", format!("http://127.0.0.1:{}/customers/1234", base + 6)),
            ("ICIMS_API_KEY", ICIMS_KEY.to_owned()),
        ];
        let look_up = |name: &str| settings.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
        let config = Arc::new(Config::from_settings(look_up).unwrap_or_else(|wrong| panic!("{wrong}")));
        let smtp = config.mail.smtp.as_ref().expect("a server").expose();
        let mailer = Arc::new(SmtpMailer::from_url(smtp, config.mail.from.clone()).expect("a setting"));
        let state =
            AppState::wire(home.store.clone(), config, Arc::new(SystemClock), mailer, Site::named("no-site", None));
        convene::secrets::check_canaries(&state.store, &state.keys).await.expect("our keys");
        let control = format!("http://127.0.0.1:{base}");
        convene::demo::seed(&state, &control.parse().expect("a URL")).await.expect("furnished");
        let router = router(state.clone());
        let (planted, answers) = (Vec::new(), Vec::new());
        let mut world = Self { state, router, sandbox, postbox, log, planted, answers, home };
        for (name, key) in [("the key", KEY), ("the key before", KEY_BEFORE)] {
            world.plant(name, key);
            world.plant_bytes(name, scan::unhexed(key)[..32].to_vec(), key, Leave::Nowhere);
        }
        world.plant("the client secret", CLIENT_SECRET);
        world.plant("the mail server's password", SMTP_PASSWORD);
        world.plant("the key for iCIMS", ICIMS_KEY);
        world.learn().await;
        world
    }

    /// From now on this is searched for, as it is written and, if it is base64url, as the bytes that stands for.
    pub fn plant(&mut self, name: &str, secret: &str) {
        self.plant_for(name, secret, Leave::Nowhere);
    }

    pub fn plant_for(&mut self, name: &str, secret: &str, leave: Leave) {
        if let Some(bytes) = BASE64_URL_SAFE_NO_PAD.decode(secret).ok().filter(|bytes| bytes.len() == 32) {
            self.plant_bytes(&format!("{name}, as bytes"), bytes, secret, leave.clone());
        }
        self.plant_bytes(name, secret.as_bytes().to_vec(), secret, leave);
    }

    fn plant_bytes(&mut self, name: &str, bytes: Vec<u8>, text: &str, leave: Leave) {
        if !self.planted.iter().any(|known| known.bytes == bytes) {
            let name = format!("{name} ({})", self.planted.len());
            self.planted.push(Planted { name, bytes, text: text.to_owned(), leave });
        }
    }

    /// Some lines of a key in PEM, and its bytes.
    pub fn plant_pem(&mut self, name: &str, pem: &str) {
        let lines: Vec<&str> = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        let der = BASE64_STANDARD.decode(lines.concat()).expect("PEM");
        self.plant(name, &lines.concat()[400..440]);
        self.plant_bytes(&format!("{name}, as bytes"), der[300..340].to_vec(), "", Leave::Nowhere);
    }

    /// Opens what is sealed in the database now, so that it is known what to look for.
    pub async fn learn(&mut self) {
        let rows = connections::Entity::find().all(self.state.store.reader()).await.expect("read");
        for row in rows {
            for (column, sealed) in [("access_token", &row.access_token), ("refresh_token", &row.refresh_token)] {
                let Some(sealed) = sealed else { continue };
                let place = Place::new(Some(row.org_id), "connections", row.id, column);
                let opened = self.state.keys.open(&place, sealed).expect("ours");
                let name = format!("{:?} {column}", row.provider);
                match serde_json::from_str::<Value>(opened.expose()) {
                    Ok(access) => self.plant(&name, access["password"].as_str().expect("a password")),
                    Err(_) => self.plant(&name, opened.expose()),
                }
            }
        }
        let rows = oauth_attempts::Entity::find().all(self.state.store.reader()).await.expect("read");
        for row in rows {
            let hash: String = row.state_hash.iter().map(|byte| format!("{byte:02x}")).collect();
            let opened = self.state.keys.open(&Place::new(None, "oauth_attempts", hash, "verifier"), &row.verifier);
            self.plant("a code verifier", opened.expect("ours").expose());
        }
    }

    pub async fn get(&mut self, browser: &mut Browser, path: &str) -> Answer {
        self.send(browser, Method::GET, path, None).await
    }

    pub async fn post(&mut self, browser: &mut Browser, path: &str, form: &[(&str, &str)]) -> Answer {
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        self.send(browser, Method::POST, path, Some(form)).await
    }

    async fn send(&mut self, browser: &mut Browser, method: Method, path: &str, form: Option<String>) -> Answer {
        let request = Request::builder().method(method.clone()).uri(path).header("accept", "text/html");
        let request = request.header("sec-fetch-site", "same-origin").header("cookie", browser.header());
        let request = match form.is_some() {
            true => request.header("content-type", "application/x-www-form-urlencoded"),
            false => request,
        };
        let body = form.map_or_else(Body::empty, Body::from);
        let answer = ask(&self.router, request.body(body).expect("a request")).await;
        let mut text = String::new();
        for (name, value) in &answer.headers {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            if name == "set-cookie" {
                browser.set(&value);
                let (_, token) = value.split(';').next().and_then(|pair| pair.split_once('=')).expect("a cookie");
                if !token.is_empty() {
                    self.plant("a cookie", token);
                }
            } else {
                text.push_str(&format!("{name}: {value}\n"));
            }
        }
        text.push_str(&answer.body);
        let location = answer.header("location").to_owned();
        let seen = Seen { asked: format!("{method} {path}"), status: answer.status.as_u16(), location, text };
        self.answers.push(seen);
        answer
    }

    /// The same of other routes.
    pub async fn get_from(&mut self, router: Router, path: &str) -> Answer {
        let ours = std::mem::replace(&mut self.router, router);
        let answer = self.get(&mut Browser::new(), path).await;
        self.router = ours;
        answer
    }

    /// The address that was asked for last.
    pub fn last_asked(&self) -> String {
        let (_, path) = self.answers.last().and_then(|seen| seen.asked.split_once(' ')).expect("a request");
        path.to_owned()
    }

    /// Presses a button that leads to a provider, answers there, and comes back.
    pub async fn through(
        &mut self,
        browser: &mut Browser,
        path: &str,
        form: &[(&str, &str)],
        account: &str,
        decision: &str,
    ) -> Answer {
        let begun = self.post(browser, path, form).await;
        let page = begun.header("location").to_owned();
        assert!(page.starts_with("http://127.0.0.1:"), "{path}: {}", begun.body);
        let parameters: Vec<(String, String)> =
            page.parse::<url::Url>().expect("an address").query_pairs().into_owned().collect();
        let state = parameters.iter().find(|(name, _)| name == "state").expect("a state").1.clone();
        self.plant_for("a state", &state, Leave::Location);
        self.learn().await;
        let back = consent(&page, account, decision).await;
        let back: url::Url = back.parse().expect("an address");
        if let Some((_, code)) = back.query_pairs().find(|(name, _)| name == "code") {
            self.plant("a code", &code);
        }
        let answer = self.get(browser, &format!("{}?{}", back.path(), back.query().expect("an answer"))).await;
        self.learn().await;
        answer
    }

    /// The worker keeps every promise it can.
    pub async fn work(&self) {
        while worker::drain(&self.state).await.expect("the worker works") > 0 {}
    }

    pub async fn run(&self, sql: &str) {
        let txn = self.state.store.begin().await.expect("a write");
        txn.execute_unprepared(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        txn.commit().await.expect("committed");
    }

    /// What follows `before` in the newest mail to this address that has it.
    pub fn mailed(&self, to: &str, before: &str) -> String {
        let mails = self.postbox.mails();
        let texts = mails.iter().rev().map(|mail| readable(mail)).filter(|text| text.contains(to));
        let found = texts.filter_map(|text| Some(text.split(before).nth(1)?.to_owned())).next();
        let found = found.unwrap_or_else(|| panic!("no mail to {to} says {before}"));
        found.split(|c: char| c.is_whitespace() || "\"<>".contains(c)).next().expect("a word").to_owned()
    }

    /// Every secret that stands where it must not.
    pub async fn leaks(&self) -> Vec<(String, Hit)> {
        let scanner = Scanner::new(self.planted.iter().map(|one| (one.name.clone(), one.bytes.clone())));
        let mut leaks = Vec::new();
        let mut search = |place: &str, text: &[u8], is_allowed: &dyn Fn(&Planted) -> bool| {
            assert!(text.len() > 8, "{place} is empty");
            for hit in scanner.find(text) {
                let planted = self.planted.iter().find(|one| one.name == hit.secret).expect("planted");
                if !is_allowed(planted) {
                    leaks.push((place.to_owned(), hit));
                }
            }
        };
        let never = |_: &Planted| false;
        for (place, bytes) in self.stored().await {
            search(&place, &bytes, &never);
        }
        search("the log", &self.log.read(), &never);
        for seen in &self.answers {
            search(&seen.asked, seen.text.as_bytes(), &|planted| {
                let secret = &planted.text;
                let (_, path) = seen.asked.split_once(' ').expect("a method");
                match planted.leave {
                    Leave::Nowhere => false,
                    Leave::Location => seen.location.contains(secret) && seen.text.matches(secret).count() == 1,
                    Leave::Link { pages, .. } => {
                        path.contains(secret) || (!pages.is_empty() && path.starts_with(pages))
                    }
                }
            });
        }
        let kinds = messages::Entity::find().all(self.state.store.reader()).await.expect("read");
        for mail in self.postbox.mails() {
            let text = readable(&mail);
            let of = kinds.iter().find(|row| text.contains(&row.message_id)).expect("a mail of ours");
            search(&format!("a mail, {}", of.kind), text.as_bytes(), &|planted| match planted.leave {
                Leave::Link { kinds, to, .. } => kinds.contains(&of.kind.as_str()) && of.to_email == to,
                Leave::Nowhere | Leave::Location => false,
            });
        }
        for what in ["requests", "mail", "icims/notes", "events?account=ana.alvarez@example.com"] {
            let told = self.sandbox.look(what).await.to_string();
            search(&format!("what the world outside has of us: {what}"), told.as_bytes(), &|planted| {
                // The registry writes down the queries that browsers brought.
                matches!(planted.leave, Leave::Location)
            });
        }
        leaks
    }

    /// How much was searched, and how it was answered: a search in nothing finds nothing.
    pub fn extent(&self) -> Extent {
        let kinds = self.planted.iter().map(|one| one.name.split(" (").next().expect("a name").to_owned());
        Extent {
            kinds: kinds.collect(),
            statuses: self.answers.iter().map(|seen| seen.status).collect(),
            answers: self.answers.len(),
            mails: self.postbox.mails().len(),
            log: self.log.read().len(),
        }
    }

    pub fn logged(&self, text: &str) -> bool {
        String::from_utf8_lossy(&self.log.read()).contains(text)
    }

    /// Everything the database keeps: rows as text, what a backup holds, and the files.
    async fn stored(&self) -> Vec<(String, Vec<u8>)> {
        let db = self.state.store.reader();
        let is_sqlite = self.state.store.backend() == DbBackend::Sqlite;
        let sql = match is_sqlite {
            true => {
                "SELECT m.name, group_concat('quote(\"' || c.name || '\")', '||'' ''||') FROM sqlite_master m, pragma_table_info(m.name) c
                 WHERE m.type = 'table' GROUP BY m.name"
            }
            false => {
                "SELECT table_name::text, ('\"' || table_name || '\"::text')::text FROM information_schema.tables WHERE table_schema = 'public'"
            }
        };
        let statement = |sql: String| Statement::from_string(self.state.store.backend(), sql);
        let tables = db.query_all_raw(statement(sql.to_owned())).await.expect("tables");
        let mut stored = Vec::new();
        assert!(tables.len() > 30, "{}", tables.len());
        for table in tables {
            let name: String = table.try_get_by_index(0).expect("a name");
            let row: String = table.try_get_by_index(1).expect("columns");
            let rows = db.query_all_raw(statement(format!("SELECT {row} FROM \"{name}\""))).await.expect("rows");
            let rows: Vec<String> = rows.iter().map(|row| row.try_get_by_index(0).unwrap_or_default()).collect();
            let text = format!("table {name}\n{}", rows.join("\n"));
            let blobs = scan::unhexed(&text);
            stored.push((format!("table {name}"), [text.into_bytes(), blobs].concat()));
        }
        if is_sqlite {
            let read = |when: &str, stored: &mut Vec<(String, Vec<u8>)>| {
                let file = self.home.url.trim_start_matches("sqlite://").split('?').next().expect("a path").to_owned();
                for suffix in ["", "-wal"] {
                    let bytes = std::fs::read(format!("{file}{suffix}")).expect("the database is open");
                    if !bytes.is_empty() {
                        stored.push((format!("the file convene.db{suffix}, {when}"), bytes));
                    }
                }
            };
            read("in use", &mut stored);
            db.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await.expect("checked");
            read("after a checkpoint", &mut stored);
            return stored;
        }
        match Command::new("pg_dump").arg(&self.home.url).output() {
            Ok(dump) if dump.status.success() => {
                let blobs = scan::unhexed(&String::from_utf8_lossy(&dump.stdout));
                stored.push(("a backup by pg_dump".to_owned(), [dump.stdout, blobs].concat()));
            }
            other => eprintln!("pg_dump gave nothing ({other:?}): only the rows were searched"),
        }
        stored
    }
}

/// What was planted, found and asked.
#[derive(Debug)]
pub struct Extent {
    pub kinds: BTreeSet<String>,
    pub statuses: BTreeSet<u16>,
    pub answers: usize,
    pub mails: usize,
    pub log: usize,
}

/// A mail as it went over the wire, and every part of it decoded.
fn readable(mail: &str) -> String {
    let parsed = MessageParser::default().parse(mail).expect("a mail");
    let parts = parsed.parts.iter().map(|part| String::from_utf8_lossy(part.contents()).into_owned());
    let (subject, id) = (parsed.subject().unwrap_or_default(), parsed.message_id().unwrap_or_default());
    format!("{mail}\n{subject}\n<{id}>\n{}", parts.collect::<Vec<_>>().join("\n"))
}

/// Answers a provider's pages as this account; gives where the browser is sent back to.
async fn consent(page: &str, account: &str, decision: &str) -> String {
    let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build();
    let http = http.expect("a client");
    let mut answer = http.get(page).send().await.expect("the provider answers");
    for _ in 0..3 {
        if let Some(location) = answer.headers().get("location") {
            return location.to_str().expect("text").to_owned();
        }
        let url = answer.url().clone();
        let page = answer.text().await.expect("a page");
        let value = |name: &str| {
            let rest = page.split(&format!("name=\"{name}\" value=\"")).nth(1)?;
            Some(rest.split('"').next()?.to_owned())
        };
        let action = page.split("action=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a form").to_owned();
        let mut form = vec![
            ("request".to_owned(), value("request").expect("a sign-in")),
            ("account".to_owned(), account.to_owned()),
        ];
        if page.contains("name=\"decision\"") {
            form.push(("decision".to_owned(), decision.to_owned()));
            let scopes = page.split("name=\"scope\" value=\"").skip(1).filter_map(|rest| rest.split('"').next());
            form.extend(scopes.map(|scope| ("scope".to_owned(), scope.to_owned())));
        }
        let to = url.join(&action).expect("an address");
        answer = http.post(to).form(&form).send().await.expect("the provider answers");
    }
    panic!("the provider's pages lead nowhere for {account}");
}
