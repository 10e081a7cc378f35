//! How far clients have read calendars, and making them forget: sync tokens and delta links that no longer work.
//!
//! What a token says is its provider's business. All carry a [`Cursors::generation`]; one of another generation is expired.

use super::{Provider, State};
use crate::oauth::random;

/// Which tokens still count.
#[derive(Debug)]
pub struct Cursors {
    /// Another one in every world, so that a reset ends all tokens.
    epoch: String,
    expired: Vec<Expiry>,
}

#[derive(Debug)]
struct Expiry {
    provider: Provider,
    /// Everybody without one.
    account: Option<String>,
    reason: Option<&'static str>,
}

impl Expiry {
    fn meets(&self, provider: Provider, account: &str) -> bool {
        self.provider == provider && self.account.as_ref().is_none_or(|own| own.eq_ignore_ascii_case(account))
    }
}

impl Default for Cursors {
    fn default() -> Self {
        Self { epoch: random::hex(4), expired: Vec::new() }
    }
}

impl Cursors {
    /// What a token of this account carries as long as it works.
    pub fn generation(&self, provider: Provider, account: &str) -> String {
        let times = self.expired.iter().filter(|expiry| expiry.meets(provider, account)).count();
        format!("{}{times}", self.epoch)
    }

    /// As what this account's dead tokens are refused, if something other than the usual was asked for.
    pub fn reason(&self, provider: Provider, account: &str) -> Option<&'static str> {
        self.expired.iter().rfind(|expiry| expiry.meets(provider, account))?.reason
    }
}

impl State {
    /// Ends the tokens of one account or of everybody at this provider; they are refused with `reason`, or as usual.
    pub fn expire_cursors(&mut self, provider: Provider, account: Option<&str>, reason: Option<&'static str>) {
        self.cursors.expired.push(Expiry { provider, account: account.map(str::to_owned), reason });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_account_forgets_and_the_others_do_not() {
        let mut state = State::empty();
        let of = |state: &State, account: &str| state.cursors.generation(Provider::Google, account);
        let before = (of(&state, "ana@example.com"), of(&state, "ben@example.com"));
        state.expire_cursors(Provider::Google, Some("Ana@example.com"), Some("updatedMinTooLongAgo"));
        assert_ne!(of(&state, "ana@example.com"), before.0);
        assert_eq!(of(&state, "ben@example.com"), before.1);
        assert_eq!(state.cursors.reason(Provider::Google, "ana@example.com"), Some("updatedMinTooLongAgo"));
        state.expire_cursors(Provider::Google, None, None);
        assert_ne!(of(&state, "ben@example.com"), before.1);
        assert_ne!(State::empty().cursors.generation(Provider::Google, "ben@example.com"), before.1, "another world");
    }
}
