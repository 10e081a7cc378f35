//! `/api/v1`: the way in for programs, beside the pages in `web`.
//!
//! One file per resource. A handler names the [`Caller`] it needs, whose type says which scope a key must have; parses; calls the same
//! verb as the pages do; and maps what came of it. Whatever changes something is carried out once per `Idempotency-Key`
//! ([`once`]). What is answered is described in [`document`], from the very types that are read and written.
//!
//! What a newcomer would get wrong: a key acts in the name of a coordinator. "My connections" are that person's, and a key can do nothing
//! that they could not do on the pages.

mod availability;
mod availability_document;
mod body;
mod bookings;
mod caller;
mod connections;
pub mod document;
mod interviewers;
mod once;
mod paging;
mod request_draft;
mod requests;
mod webhooks;
mod words;

use crate::web::routes::Routes;

use caller::Caller;
pub use once::REPLAYED;
use once::{Once, Reply};

/// Everything served under `/api/v1`.
pub fn routes() -> Routes {
    Routes::default()
        .merge(document::routes())
        .merge(availability::routes())
        .merge(requests::routes())
        .merge(bookings::routes())
        .merge(interviewers::routes())
        .merge(connections::routes())
        .merge(webhooks::routes())
}
