//! Both ways: what is done to interviews in people's calendars comes back, and nothing is believed that was not looked at.

mod comparing;
mod following;
mod hooks;
mod pulling;
mod watching;
