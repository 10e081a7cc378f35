//! One file per page. Server only: a page may call verbs directly and holds no rules.

pub mod booking;
pub mod home;
pub mod signin;
