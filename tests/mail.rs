//! Mail, end to end: messages in their words, calendar objects judged by a second parser, and real SMTP on loopback.

mod support;

mod calendar;
mod delivery;
mod headers;
mod tree;
mod wording;
