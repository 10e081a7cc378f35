//! What somebody says about themselves in the settings, through the front door: where they are signed in, on which dates they
//! keep other hours, what goes into their calendar, and when people are reminded.

mod attention;
mod dates;
mod notifications;
mod sessions;

use crate::story::stories;
use crate::support::front::Front;
use crate::support::html::Page;

fn typed(fields: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}
