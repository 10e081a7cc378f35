//! What administrators decide for their organisation.

pub mod calendar;

use crate::web::routes::Routes;

pub use calendar::CalendarPolicyPage;

pub fn routes() -> Routes {
    calendar::routes()
}
