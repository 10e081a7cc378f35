//! The one state of the sandbox: people, calendars, events, mails, clock, and what was asked of it.
//!
//! Everything lives behind one lock, taken for the length of one request. Never hold it across an `await`.

/// People and their calendars.
pub mod accounts;
/// Job applications in the applicant-tracking system, and the notes on them.
pub mod applications;
/// What free/busy questions are answered from.
pub mod busy;
/// Moving and deleting on the front page.
pub mod by_hand;
/// Who wants to be told when a calendar changes.
pub mod channels;
/// How far clients have read calendars, and making them forget.
pub mod cursors;
/// The neutral event that Google and Microsoft translate from and to.
pub mod event;
/// iCalendar objects for provider-sent mails.
pub mod ics;
/// Guests' copies, replies and provider-sent mails.
pub mod invitations;
/// The outbox of provider-sent mails.
pub mod mail;
/// Calendars that keep iCalendar objects.
pub mod objects;
/// What administrators have allowed an application for everybody of their organisation.
pub mod organisations;
/// The people a fresh world starts with, and the organisations they belong to.
pub mod people;
/// Messages to those who watch calendars.
pub mod pushes;
/// Vendors' limits on how often they may be asked.
pub mod quotas;
/// What was asked of the sandbox.
pub mod requests;
/// The busy time a fresh world starts with.
pub mod seeds;
/// What is being played, by name.
pub mod services;

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Duration, SubsecRound, Utc};
use tokio::sync::Notify;

pub use accounts::{Account, AccountKind, AppPassword, Calendar};
pub use applications::{Application, Note};
pub use channels::Channels;
pub use cursors::Cursors;
pub use event::{Attendee, Event, EventStatus, Response, Role, ShowAs, Span};
pub use mail::Mail;
pub use objects::Object;
pub use organisations::Organisations;
pub use pushes::{Push, PushRecord};
pub use quotas::Quotas;
pub use requests::RequestRecord;
pub use services::{Provider, Service};

use crate::faults::Faults;
use crate::oauth::grants::Grants;
use crate::oauth::keys::{KeyError, Keys};

/// A handle on the sandbox's state; clones share it.
#[derive(Clone)]
pub struct World(Arc<Inner>);

struct Inner {
    base_port: u16,
    app_url: String,
    keys: Keys,
    /// For pushes.
    http: reqwest::Client,
    /// How often the world began anew.
    generation: AtomicU64,
    state: Mutex<State>,
}

impl std::fmt::Debug for World {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("World").field("base_port", &self.0.base_port).finish_non_exhaustive()
    }
}

impl World {
    /// A freshly seeded world whose ports start at `base_port`.
    pub fn new(base_port: u16, app_url: &str) -> Result<Self, KeyError> {
        let keys = Keys::generate()?;
        let state = Mutex::new(State::seeded());
        // Only this machine is asked, where a certificate is its own authority. A proxy would be asked otherwise.
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .danger_accept_invalid_certs(true)
            .user_agent("APIs-Google; (+https://developers.google.com/webmasters/APIs-Google.html)")
            .build()
            .expect("a client that trusts everybody needs nothing of the system");
        Ok(Self(Arc::new(Inner {
            base_port,
            app_url: app_url.to_owned(),
            keys,
            http,
            generation: AtomicU64::new(0),
            state,
        })))
    }

    /// Exclusive access to the state.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        // A handler that panicked must not silence every later request; its half-made change is visible instead.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Back to the seeds: every event, token, fault, mail and recorded request is forgotten. Keys stay.
    pub fn reset(&self) {
        let mut state = self.lock();
        // Whoever waits for news goes on waiting for it.
        let bell = state.bell.clone();
        *state = State { bell, ..State::seeded() };
        self.0.generation.fetch_add(1, Ordering::Relaxed);
    }

    /// How often the world began anew; pushes of an earlier one are not sent again.
    pub fn generation(&self) -> u64 {
        self.0.generation.load(Ordering::Relaxed)
    }

    /// What pushes are sent with.
    pub fn http(&self) -> &reqwest::Client {
        &self.0.http
    }

    /// Rings when there is something to push.
    pub fn bell(&self) -> Arc<Notify> {
        self.lock().bell.clone()
    }

    /// Signing keys and the https certificate.
    pub fn keys(&self) -> &Keys {
        &self.0.keys
    }

    /// Where Convene answers.
    pub fn app_url(&self) -> &str {
        &self.0.app_url
    }

    /// Front page and control API; no trailing slash, as in all of these.
    pub fn front_url(&self) -> String {
        self.url("http", 0)
    }

    /// Google's stand-in.
    pub fn google_url(&self) -> String {
        self.url("http", 1)
    }

    /// Microsoft's stand-in.
    pub fn microsoft_url(&self) -> String {
        self.url("http", 2)
    }

    /// Microsoft's stand-in over https with the self-signed certificate, valid for `localhost` and 127.0.0.1.
    pub fn microsoft_https_url(&self) -> String {
        self.url("https", 3)
    }

    /// Apple's stand-in, as discovery begins: the real one's `caldav.icloud.com`.
    pub fn apple_url(&self) -> String {
        self.url("http", 4)
    }

    /// The same on another port, where accounts' calendars are said to be: the real one's partition host `pNN-caldav.icloud.com`.
    pub fn apple_partition_url(&self) -> String {
        self.url("http", 5)
    }

    /// iCIMS's stand-in.
    pub fn icims_url(&self) -> String {
        self.url("http", 6)
    }

    fn url(&self, scheme: &str, offset: u16) -> String {
        format!("{scheme}://127.0.0.1:{}", self.0.base_port + offset)
    }
}

/// Everything that changes.
pub struct State {
    pub accounts: Vec<Account>,
    /// By calendar id, over all owners and providers.
    pub calendars: BTreeMap<String, Calendar>,
    /// By calendar id, then event id. Deleted events stay as cancelled tombstones.
    pub events: BTreeMap<String, BTreeMap<String, Event>>,
    /// By calendar id: the objects of calendars that keep such instead of events.
    pub shelves: BTreeMap<String, objects::Shelf>,
    /// What opens Apple accounts.
    pub app_passwords: Vec<AppPassword>,
    /// Where Apple's accounts are told their calendars are; absent for [`World::apple_partition_url`].
    pub apple_home: Option<String>,
    pub grants: Grants,
    pub organisations: Organisations,
    pub cursors: Cursors,
    pub channels: Channels,
    /// What was written since watchers were last told.
    pub news: Vec<channels::News>,
    /// Messages ready to be sent.
    pub outgoing: Vec<Push>,
    /// Messages sent, oldest first; the oldest are dropped beyond [`pushes::KEPT`].
    pub pushes: VecDeque<PushRecord>,
    pub quotas: Quotas,
    pub faults: Faults,
    /// Oldest first; the oldest are dropped beyond [`requests::KEPT`].
    pub requests: VecDeque<RequestRecord>,
    /// Oldest first.
    pub mails: Vec<Mail>,
    /// By id.
    pub applications: BTreeMap<u64, Application>,
    /// Microsoft's requests under way, by account.
    pub under_way: BTreeMap<String, usize>,
    bell: Arc<Notify>,
    clock_offset: Duration,
    version: u64,
}

impl State {
    /// The seeds and nothing else.
    pub fn seeded() -> Self {
        let mut state = Self::empty();
        seeds::plant(&mut state);
        state
    }

    /// A world without people.
    pub fn empty() -> Self {
        Self {
            accounts: Vec::new(),
            calendars: BTreeMap::new(),
            events: BTreeMap::new(),
            shelves: BTreeMap::new(),
            app_passwords: Vec::new(),
            apple_home: None,
            grants: Grants::default(),
            organisations: Organisations::default(),
            cursors: Cursors::default(),
            channels: Channels::default(),
            news: Vec::new(),
            outgoing: Vec::new(),
            pushes: VecDeque::new(),
            quotas: Quotas::default(),
            faults: Faults::default(),
            requests: VecDeque::new(),
            mails: Vec::new(),
            applications: applications::seeded(),
            under_way: BTreeMap::new(),
            bell: Arc::new(Notify::new()),
            clock_offset: Duration::zero(),
            version: 0,
        }
    }

    /// The sandbox's now, to the millisecond. It runs with the machine's clock plus what [`State::advance`] added.
    pub fn now(&self) -> DateTime<Utc> {
        (Utc::now() + self.clock_offset).trunc_subsecs(3)
    }

    /// Moves the clock forward, so that tokens expire without waiting.
    pub fn advance(&mut self, by: Duration) {
        self.clock_offset += by;
    }

    /// A number never handed out before in this world; etags and record numbers are made from it.
    pub fn next_version(&mut self) -> u64 {
        self.version += 1;
        self.version
    }

    /// The last number handed out: what is written from now on has a higher version.
    pub fn last_version(&self) -> u64 {
        self.version
    }

    /// The account with this address, whatever its case.
    pub fn account(&self, email: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.email.eq_ignore_ascii_case(email))
    }

    /// The account of one provider with this address.
    pub fn account_of(&self, provider: Provider, email: &str) -> Option<&Account> {
        self.account(email).filter(|account| account.provider == provider)
    }

    /// A person's main calendar.
    pub fn primary(&self, email: &str) -> Option<&Calendar> {
        self.calendars.values().find(|calendar| calendar.primary && calendar.owner.eq_ignore_ascii_case(email))
    }

    /// The calendars a person owns, the primary one first, then by id.
    pub fn calendars_of(&self, email: &str) -> Vec<&Calendar> {
        let mut owned: Vec<_> =
            self.calendars.values().filter(|calendar| calendar.owner.eq_ignore_ascii_case(email)).collect();
        owned.sort_by_key(|calendar| !calendar.primary);
        owned
    }

    /// One event, tombstones included.
    pub fn event(&self, calendar: &str, id: &str) -> Option<&Event> {
        self.events.get(calendar)?.get(id)
    }

    /// One event to be changed; call [`State::touch`] afterwards.
    pub fn event_mut(&mut self, calendar: &str, id: &str) -> Option<&mut Event> {
        self.events.get_mut(calendar)?.get_mut(id)
    }

    /// Every event of a calendar by id, tombstones included.
    pub fn events_in(&self, calendar: &str) -> impl Iterator<Item = &Event> {
        self.events.get(calendar).into_iter().flat_map(BTreeMap::values)
    }

    /// Stores an event under its calendar and id, replacing what was there, with a new version and `updated`.
    pub fn put(&mut self, mut event: Event) -> &Event {
        self.note_write(&event.calendar, &event.id);
        event.version = self.next_version();
        event.updated = self.now();
        let calendar = self.events.entry(event.calendar.clone()).or_default();
        let id = event.id.clone();
        calendar.insert(id.clone(), event);
        &calendar[&id]
    }

    /// Gives an event a new version and `updated` after a change made in place.
    pub fn touch(&mut self, calendar: &str, id: &str) {
        self.note_write(calendar, id);
        let (version, now) = (self.next_version(), self.now());
        if let Some(event) = self.event_mut(calendar, id) {
            event.version = version;
            event.updated = now;
        }
    }
}
