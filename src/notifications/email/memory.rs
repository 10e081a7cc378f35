//! A mailer that keeps what it is given, for tests and for the demo, where nothing leaves the machine.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;

use super::{MailError, Mailer, OutgoingMail};

/// Accepts every mail and remembers the latest ones. Refuses a mail that could not be encoded, as a real one would.
pub struct MemoryMailer {
    from: crate::notifications::address::Mailbox,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    sent: VecDeque<OutgoingMail>,
    failures: VecDeque<MailError>,
}

impl MemoryMailer {
    /// How many mails are remembered; a demo may run for weeks.
    const KEEP: usize = 1000;

    pub fn new(from: crate::notifications::address::Mailbox) -> Self {
        Self { from, state: Mutex::default() }
    }

    /// The mails taken, oldest first.
    pub fn sent(&self) -> Vec<OutgoingMail> {
        self.state().sent.iter().cloned().collect()
    }

    /// Makes the next send fail like this; several queue up.
    pub fn fail_next(&self, error: MailError) {
        self.state().failures.push_back(error);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere cannot leave these two queues half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Mailer for MemoryMailer {
    async fn send(&self, mail: &OutgoingMail) -> Result<(), MailError> {
        mail.to_mime(&self.from)?;
        let mut state = self.state();
        if let Some(error) = state.failures.pop_front() {
            return Err(error);
        }
        if state.sent.len() == Self::KEEP {
            state.sent.pop_front();
        }
        state.sent.push_back(mail.clone());
        Ok(())
    }

    async fn check(&self) -> Result<(), MailError> {
        Ok(())
    }
}
