//! What administrators decide for their organisation.

mod access;
pub mod calendar;

use crate::web::routes::Routes;

pub use calendar::CalendarPolicyPage;

pub fn routes() -> Routes {
    calendar::routes().merge(access::routes())
}
