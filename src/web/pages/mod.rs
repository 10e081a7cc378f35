//! One file per page. Server only: a page may call verbs directly and holds no rules.

pub mod admin;
pub mod booking;
pub mod dashboard;
mod failing;
pub mod home;
pub mod invite;
pub mod mailbox;
pub mod mend;
pub mod new_request;
pub mod people;
mod providers;
pub mod request;
pub mod settings;
pub mod signin;
mod staff;
pub mod styleguide;
pub mod welcome;
