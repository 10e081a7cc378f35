//! What administrators decide for their organisation: who belongs to it ([`team`]), and what holds for all of them ([`calendar`],
//! [`access`]).

mod access;
pub mod calendar;
pub mod team;

use leptos::prelude::*;

use crate::web::{
    components::{TabLink, Tabs},
    routes::Routes,
};

pub use calendar::CalendarPolicyPage;
pub use team::TeamPage;

pub fn routes() -> Routes {
    calendar::routes().merge(access::routes()).merge(team::routes())
}

/// The views of the administration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum View {
    People,
    Calendars,
}

#[component]
fn Views(current: View) -> impl IntoView {
    let tabs = vec![
        TabLink::new("People", team::PAGE, current == View::People),
        TabLink::new("Calendars", calendar::PAGE, current == View::Calendars),
    ];
    view! {
        <div class="mb-6">
            <Tabs tabs label="Administration" />
        </div>
    }
}
