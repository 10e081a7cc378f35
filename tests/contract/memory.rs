//! The stage in memory.

use std::time::Duration;

use async_trait::async_trait;
use convene::calendars::memory::{Action, Entry, Memory, NoticeKind};
use convene::calendars::{AccessToken, Account, Alert, Calendar, CalendarError, EventDraft, Placed, Response};
use convene::scheduling::interval::Interval;

use super::{Mails, Stage, Stands};

const HOST: &str = "ana.alvarez@example.com";
const GUEST: &str = "ben.okafor@example.com";

pub struct MemoryStage {
    memory: Memory,
    token: AccessToken,
    account: Account,
}

impl MemoryStage {
    pub fn open() -> Self {
        let memory = Memory::new();
        let token = memory.sign_in(HOST);
        memory.sign_in(GUEST);
        Self { memory, token, account: Account { email: HOST.to_owned(), personal: true, zone: None } }
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

    async fn add_entry(&self, stands: Stands, span: Interval) {
        let entry = Entry {
            calendar: "primary".to_owned(),
            span,
            transparent: stands == Stands::Transparent,
            declined: stands == Stands::Declined,
        };
        self.memory.add_entry(HOST, entry);
    }

    async fn delete_by_hand(&self, _draft: &EventDraft, placed: &Placed) {
        self.memory.delete_by_hand(HOST, placed);
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
