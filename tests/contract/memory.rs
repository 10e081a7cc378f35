//! The stage in memory.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use convene::calendars::changes::{Hook, HookToken};
use convene::calendars::memory::{Action, Entry, Memory, NoticeKind, Push};
use convene::calendars::{AccessToken, Account, Alert, Calendar, CalendarError, EventDraft, Placed, Response};
use convene::scheduling::interval::Interval;

use super::{Mails, Stage, Stands, at, span};

const HOST: &str = "ana.alvarez@example.com";
const GUEST: &str = "ben.okafor@example.com";

pub struct MemoryStage {
    memory: Memory,
    token: AccessToken,
    account: Account,
    pushes: Mutex<Vec<Push>>,
}

impl MemoryStage {
    pub fn open() -> Self {
        let memory = Memory::new();
        let token = memory.sign_in(HOST);
        memory.sign_in(GUEST);
        let account = Account { email: HOST.to_owned(), personal: true, zone: None };
        Self { memory, token, account, pushes: Mutex::default() }
    }
}

#[async_trait]
impl Stage for MemoryStage {
    fn calendar(&self) -> &dyn Calendar {
        &self.memory
    }

    fn account(&self) -> &Account {
        &self.account
    }

    fn token(&self) -> &AccessToken {
        &self.token
    }

    fn guest(&self) -> &str {
        GUEST
    }

    fn offers_video(&self) -> bool {
        true
    }

    async fn lose_the_next_answer(&self) {
        // Whichever write comes: the case makes one of them.
        self.memory.lose_next_answer(Action::Put);
        self.memory.lose_next_answer(Action::Cancel);
        self.memory.lose_next_answer(Action::CreateCalendar);
    }

    async fn refuse_the_next_write(&self) {
        self.memory.fail_next(Action::Put, CalendarError::Unavailable("503".to_owned()));
    }

    async fn limit_the_next_call(&self, seconds: u64) {
        let retry_after = Some(Duration::from_secs(seconds));
        self.memory.fail_next(Action::Busy, CalendarError::RateLimited { retry_after });
    }

    async fn kill_the_sign_in(&self) {
        self.memory.revoke(HOST);
    }

    async fn forget_cursors(&self) {
        self.memory.forget_cursors(HOST);
    }

    async fn add_entry(&self, stands: Stands, span: Interval) -> String {
        let entry = Entry {
            calendar: "primary".to_owned(),
            span,
            transparent: stands == Stands::Transparent,
            declined: stands == Stands::Declined,
        };
        self.memory.add_entry(HOST, entry)
    }

    async fn remove_entry(&self, id: &str) {
        self.memory.remove_entry(HOST, id);
    }

    async fn delete_by_hand(&self, _draft: &EventDraft, placed: &Placed) {
        self.memory.delete_by_hand(HOST, placed);
    }

    async fn move_by_hand(&self, placed: &Placed, to: Interval) {
        self.memory.move_by_hand(HOST, placed, to);
    }

    async fn make_all_day_by_hand(&self, placed: &Placed) {
        self.memory.make_all_day_by_hand(HOST, placed, span(at(0, 0), 24 * 60));
    }

    fn hook(&self) -> Option<Hook> {
        let address = "https://convene.example/push".to_owned();
        let lifecycle = format!("{address}/lifecycle");
        Some(Hook { channel: uuid::Uuid::now_v7(), address, lifecycle, token: HookToken::new("known to both") })
    }

    async fn pushed(&self, hook: &Hook, least: usize) -> usize {
        let mut pushes = self.pushes.lock().expect("no panic");
        pushes.extend(self.memory.take_pushes());
        let told = pushes.iter().filter(|push| push.hook == *hook && !push.is_first).count();
        assert!(told >= least, "{told} pushes, not {least}");
        told
    }

    async fn answer(&self, _draft: &EventDraft, placed: &Placed, answer: Response) {
        self.memory.answer(HOST, placed, GUEST, answer);
    }

    async fn live_events(&self, _draft: &EventDraft) -> usize {
        // A case places one draft only.
        self.memory.events(HOST).iter().filter(|event| !event.cancelled).count()
    }

    async fn mails(&self, draft: &EventDraft) -> Mails {
        let notices = self.memory.notices();
        let count = |cancelled: bool| {
            let mine = notices.iter().filter(|notice| notice.to == GUEST && notice.marker == draft.marker);
            mine.filter(|notice| (notice.kind == NoticeKind::Cancellation) == cancelled).count()
        };
        Mails { requests: count(false), cancellations: count(true) }
    }

    async fn alert(&self, placed: &Placed) -> Alert {
        self.memory.alert(HOST, placed).expect("it stands there")
    }
}
