//! Exchange's limits: four requests at once per mailbox, the fifth is told to come back later; and, once quotas are switched
//! on, so many in ten minutes.

use super::errors::GraphError;
use crate::faults::Answer;
use crate::world::quotas::Over;
use crate::world::{Provider, World};

/// Most requests at once for one mailbox.
const MOST: usize = 4;

/// One request under way for a mailbox; dropping it ends the request.
pub struct Seat {
    world: World,
    account: String,
}

impl Seat {
    /// Takes a seat for this account's request.
    ///
    /// # Errors
    /// 429 with `Retry-After` if four are taken.
    pub fn take(world: &World, account: &str) -> Result<Self, Answer> {
        let mut state = world.lock();
        let taken = state.under_way.entry(account.to_owned()).or_default();
        if *taken >= MOST {
            return Err(GraphError::concurrency().answer());
        }
        *taken += 1;
        drop(state);
        Ok(Self { world: world.clone(), account: account.to_owned() })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        // After a reset nothing is counted any more.
        if let Some(taken) = self.world.lock().under_way.get_mut(&self.account) {
            *taken = taken.saturating_sub(1);
        }
    }
}

/// Counts a request to a mailbox.
///
/// # Errors
/// 429 with `Retry-After` if it is one too many.
pub fn within_quota(world: &World, account: Option<&str>) -> Result<(), Answer> {
    let counted = world.lock().count_request(Provider::Microsoft, account);
    counted.map_err(|over| {
        let mut answer = GraphError::named("throttled.generic").answer();
        if let Over::Mailbox { retry_after } = over {
            answer.headers = vec![("retry-after", retry_after.to_string())];
        }
        answer
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fifth_at_once_waits() {
        let world = World::new(3900, "http://127.0.0.1:3000").unwrap();
        let seats: Vec<_> = (0..MOST).map(|_| Seat::take(&world, "a").map_err(|_| "full").unwrap()).collect();
        let refused = Seat::take(&world, "a").err().unwrap();
        assert_eq!(refused.status.as_u16(), 429);
        assert!(Seat::take(&world, "b").is_ok());
        drop(seats);
        assert!(Seat::take(&world, "a").is_ok());
    }
}
