//! What somebody says about themselves, each view under its own address: who and where they are and when they work
//! ([`profile`], [`hours`]), how many interviews they take ([`limits`]), and the calendars they connected ([`calendar`]).

mod apple;
pub mod calendar;
pub mod hours;
pub mod limits;
pub mod profile;

use leptos::prelude::*;

use crate::web::{
    components::{TabLink, Tabs},
    routes::Routes,
};

pub use apple::ApplePage;
pub use calendar::CalendarPage;
pub use profile::SettingsPage;

pub fn routes() -> Routes {
    profile::routes().merge(hours::routes()).merge(limits::routes()).merge(calendar::routes()).merge(apple::routes())
}

/// The views of the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum View {
    Profile,
    Calendar,
}

#[component]
fn Views(current: View) -> impl IntoView {
    let tabs = vec![
        TabLink::new("Profile", "/settings", current == View::Profile),
        TabLink::new("Calendar", "/settings/calendar", current == View::Calendar),
    ];
    view! {
        <div class="mb-6">
            <Tabs tabs label="Settings" />
        </div>
    }
}
