//! The ways in from the web, and what pages are made of.
//!
//! `components` and `islands` are compiled for both halves; everything else is the server's. Nothing here holds rules of
//! scheduling or booking: a page, a route or a server function parses, asks who is there, calls one verb and shows the
//! answer.

// View parts for pages and islands.
pub mod components;
// What moves in the browser.
pub mod islands;
// JSON for server functions, unknown fields refused.
mod strict_json;

// The client's address, behind trusted proxies or not.
#[cfg(feature = "ssr")]
pub mod client;
// What somebody signed in with, in words.
#[cfg(feature = "ssr")]
mod device;
// Posted forms as values.
#[cfg(feature = "ssr")]
mod form;
// Errors as pages and problem details; panics.
#[cfg(feature = "ssr")]
mod failures;
// What a request must look like: host, method, address, headers.
#[cfg(feature = "ssr")]
mod gate;
// The headers of every response.
#[cfg(feature = "ssr")]
mod headers;
// Pages shown again from a form that could not be carried out.
#[cfg(feature = "ssr")]
mod again;
// Open pages that follow what happens.
#[cfg(feature = "ssr")]
pub mod live;
// Badges for where things stand.
#[cfg(feature = "ssr")]
mod standing;
// Small words of pages.
#[cfg(feature = "ssr")]
mod wording;
// Every way in, and who may use it.
#[cfg(feature = "ssr")]
pub mod manifest;
// Bodies, judged before anybody reads them.
#[cfg(feature = "ssr")]
mod intake;
// Request ids and the log line.
#[cfg(feature = "ssr")]
pub mod observe;
// One file per page.
#[cfg(feature = "ssr")]
pub mod pages;
// Percent-decoding that refuses what is not text.
#[cfg(feature = "ssr")]
pub(crate) mod percent;
// Plain HTTP beside the pages.
#[cfg(feature = "ssr")]
pub mod routes;
// Accepting connections, stopping gently.
#[cfg(feature = "ssr")]
pub mod serve;
// The router and its layers.
#[cfg(feature = "ssr")]
pub mod server;
// What operators read, on a listener of its own.
#[cfg(feature = "ssr")]
pub mod scrape;
// Who is asking.
#[cfg(feature = "ssr")]
pub mod session;
// Zones as choices.
#[cfg(feature = "ssr")]
mod zones;
// Where the build's files are.
#[cfg(feature = "ssr")]
pub mod site;
