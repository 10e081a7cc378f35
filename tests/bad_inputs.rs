//! What people type wrongly, follow too late or send twice, over HTTP: the rows of the bad-input catalogue that concern
//! forms, links, zones and texts (B, U01, U02, U09, Z), by page, and those of callbacks (C) and CalDAV (K) that are not shown
//! beside the code; `docs/bad-inputs.md` lists these two.
//!
//! Each row says which answer it gets: status, stable code and sentence. Forms show again what was typed and mark the field that
//! is wrong, and nothing is written.

mod assets;
mod booking_forms;
pub mod caldav;
mod callbacks;
mod links;
mod look;
mod reminders;
mod request_form;
mod sessions;
mod shown;
mod swap_form;
mod unplaced;
