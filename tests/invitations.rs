//! Invitations: who is asked, what a link may do and what it never may, times given by hand, and what follows for requests.

mod story;
mod support;

#[path = "bad_inputs/front.rs"]
#[allow(dead_code, reason = "the front door, of which each test uses a part")]
mod front;
#[path = "bad_inputs/html.rs"]
#[allow(dead_code, reason = "reading pages back, of which each test uses a part")]
mod html;

#[path = "invitations/accepting.rs"]
mod accepting;
#[path = "invitations/asking.rs"]
mod asking;
#[path = "invitations/belonging.rs"]
mod belonging;
#[path = "invitations/giving.rs"]
mod giving;
#[path = "invitations/pages.rs"]
mod pages;
