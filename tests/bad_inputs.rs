//! What people type wrongly, follow too late or send twice, over HTTP: the rows of the bad-input catalogue that concern
//! forms, links, zones and texts (B, U01, U02, U09, Z), by page.
//!
//! Each row says which answer it gets: status, stable code and sentence. Forms show again what was typed and mark the field that
//! is wrong, and nothing is written.

#[allow(
    unused_imports,
    unused_macros,
    reason = "the stories' world, from outside: one database is enough to answer over HTTP"
)]
mod story;
mod support;

#[path = "bad_inputs/front.rs"]
#[allow(dead_code, reason = "the front door, of which each test uses a part")]
mod front;
#[path = "bad_inputs/html.rs"]
mod html;

#[path = "bad_inputs/assets.rs"]
mod assets;
#[path = "bad_inputs/booking_forms.rs"]
mod booking_forms;
#[path = "bad_inputs/links.rs"]
mod links;
#[path = "bad_inputs/look.rs"]
mod look;
#[path = "bad_inputs/reminders.rs"]
mod reminders;
#[path = "bad_inputs/request_form.rs"]
mod request_form;
#[path = "bad_inputs/sessions.rs"]
mod sessions;
#[path = "bad_inputs/shown.rs"]
mod shown;
#[path = "bad_inputs/swap_form.rs"]
mod swap_form;
#[path = "bad_inputs/unplaced.rs"]
mod unplaced;
