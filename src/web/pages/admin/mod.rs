//! What administrators decide for their organisation: who belongs to it ([`team`]), what holds for all of them ([`calendar`],
//! [`access`]), how everybody's calendars stand ([`everybody`]), how they are kept in step ([`sync`]), which programs reach it
//! ([`api`]), and what everybody did ([`audit`]).

mod access;
pub mod api;
pub mod audit;
pub mod calendar;
mod everybody;
pub mod sync;
pub mod team;

use leptos::prelude::*;

use crate::web::{
    components::{TabLink, Tabs},
    routes::Routes,
};

pub use api::ApiPage;
pub use audit::AuditPage;
pub use calendar::CalendarPolicyPage;
pub use sync::SyncPage;
pub use team::TeamPage;

pub fn routes() -> Routes {
    calendar::routes()
        .merge(access::routes())
        .merge(team::routes())
        .merge(api::routes())
        .merge(audit::routes())
        .merge(sync::routes())
}

/// The views of the administration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum View {
    People,
    Calendars,
    Sync,
    Api,
    Audit,
}

#[component]
fn Views(current: View) -> impl IntoView {
    let tabs = vec![
        TabLink::new("People", team::PAGE, current == View::People),
        TabLink::new("Calendars", calendar::PAGE, current == View::Calendars),
        TabLink::new("Sync", sync::PAGE, current == View::Sync),
        TabLink::new("API", api::PAGE, current == View::Api),
        TabLink::new("Audit log", audit::PAGE, current == View::Audit),
    ];
    view! {
        <div class="mb-6">
            <Tabs tabs label="Administration" />
        </div>
    }
}
