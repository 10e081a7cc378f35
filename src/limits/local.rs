//! Limits on what pages cost this process. Counted in memory: another process pays for its own pages, and a write for every
//! view would cost more than the view.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::LimitError;
use crate::ids::RequestId;

/// Searches for open times that run at once.
const AT_ONCE: usize = 32;
/// How long a search waits for its turn.
const PATIENCE: Duration = Duration::from_secs(3);
const MINUTE: Duration = Duration::from_secs(60);

/// Who may search for open times now. Cheap to clone.
#[derive(Clone)]
pub struct Searches {
    turns: Arc<Semaphore>,
    views: Arc<Mutex<Views>>,
    views_per_minute: u32,
    patience: Duration,
}

/// The views of each request's link in the minute that began at `since`.
struct Views {
    since: Instant,
    of_request: HashMap<RequestId, u32>,
}

impl Searches {
    /// With this many views of one link within a minute; 0 for any number.
    pub fn new(views_per_minute: u32) -> Self {
        Self {
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            views: Arc::new(Mutex::new(Views { since: Instant::now(), of_request: HashMap::new() })),
            views_per_minute,
            patience: PATIENCE,
        }
    }

    /// Counts one view of a request by its link. Another link for it starts nothing over.
    ///
    /// # Errors
    /// It was looked at too often within the minute.
    pub fn view(&self, request: RequestId) -> Result<(), LimitError> {
        if self.views_per_minute == 0 {
            return Ok(());
        }
        // Numbers are whole at any time, whoever panicked.
        let mut views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        if views.since.elapsed() >= MINUTE {
            *views = Views { since: Instant::now(), of_request: HashMap::new() };
        }
        let left = MINUTE.saturating_sub(views.since.elapsed());
        let count = views.of_request.entry(request).or_default();
        *count = count.saturating_add(1);
        if *count > self.views_per_minute {
            return Err(LimitError::RetryAfter(Duration::from_secs(left.as_secs() + 1)));
        }
        Ok(())
    }

    /// A turn to search, for as long as the permit is kept.
    ///
    /// # Errors
    /// So many searches are under way that none came up in time.
    pub async fn turn(&self) -> Result<OwnedSemaphorePermit, LimitError> {
        let busy = || LimitError::RetryAfter(PATIENCE);
        let turn = tokio::time::timeout(self.patience, self.turns.clone().acquire_owned()).await;
        // The semaphore is never closed.
        turn.map_err(|_| busy())?.map_err(|_| busy())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_are_counted_for_each_link() {
        let searches = Searches::new(2);
        let (one, other) = (RequestId::new(), RequestId::new());
        assert!((0..2).all(|_| searches.view(one).is_ok()));
        let Err(LimitError::RetryAfter(wait)) = searches.view(one) else { panic!("a third view") };
        assert!((1..=60).contains(&wait.as_secs()), "{wait:?}");
        assert!(searches.view(other).is_ok());
        let any = Searches::new(0);
        assert!((0..100).all(|_| any.view(one).is_ok()));
    }

    #[tokio::test]
    async fn searches_beyond_the_most_wait_for_a_turn_or_are_refused() {
        let searches = Searches { patience: Duration::from_millis(10), ..Searches::new(0) };
        let mut turns = Vec::new();
        for _ in 0..AT_ONCE {
            turns.push(searches.turn().await.expect("a turn"));
        }
        assert!(matches!(searches.turn().await, Err(LimitError::RetryAfter(_))));
        let waiting = tokio::spawn({
            let searches = Searches { patience: PATIENCE, ..searches.clone() };
            async move { searches.turn().await.is_ok() }
        });
        tokio::task::yield_now().await;
        turns.pop();
        assert!(waiting.await.expect("not cancelled"), "the next in line");
    }
}
