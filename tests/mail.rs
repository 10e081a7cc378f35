//! Mail, end to end: messages in their words, calendar objects judged by a second parser, and real SMTP on loopback.

#[path = "mail/support.rs"]
mod support;

#[path = "mail/calendar.rs"]
mod calendar;
#[path = "mail/delivery.rs"]
mod delivery;
#[path = "mail/headers.rs"]
mod headers;
#[path = "mail/tree.rs"]
mod tree;
#[path = "mail/wording.rs"]
mod wording;
