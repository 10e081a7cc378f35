//! What somebody says about themselves in the settings, through the front door: where they are signed in, and on which dates they
//! keep other hours.

mod story;
mod support;

#[path = "settings/dates.rs"]
mod dates;
#[path = "bad_inputs/front.rs"]
#[allow(dead_code, reason = "the front door, of which each test uses a part")]
mod front;
#[path = "bad_inputs/html.rs"]
#[allow(dead_code, reason = "reading pages back, of which each test uses a part")]
mod html;
#[path = "settings/sessions.rs"]
mod sessions;

use front::Front;
use html::Page;
use story::stories;

fn typed(fields: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}
