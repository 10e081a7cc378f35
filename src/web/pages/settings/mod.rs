//! What somebody says about themselves, each view under its own address: who and where they are and when they work
//! ([`profile`], [`hours`], [`dates`]), how many interviews they take ([`limits`]), the calendars they connected ([`calendar`]), what goes into
//! those and when people are reminded ([`notifications`]), and where they are signed in ([`sessions`]).

mod apple;
pub mod calendar;
pub mod dates;
pub mod hours;
pub mod limits;
pub mod notifications;
pub mod profile;
pub mod sessions;

use leptos::prelude::*;

use crate::web::{
    components::{TabLink, Tabs},
    routes::Routes,
};

pub use apple::ApplePage;
pub use calendar::CalendarPage;
pub use notifications::NotificationsPage;
pub use profile::SettingsPage;
pub use sessions::SessionsPage;

pub fn routes() -> Routes {
    profile::routes()
        .merge(hours::routes())
        .merge(dates::routes())
        .merge(limits::routes())
        .merge(calendar::routes())
        .merge(apple::routes())
        .merge(notifications::routes())
        .merge(sessions::routes())
}

/// The views of the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum View {
    Profile,
    Calendar,
    Notifications,
    Sessions,
}

#[component]
fn Views(current: View) -> impl IntoView {
    let tabs = vec![
        TabLink::new("Profile", "/settings", current == View::Profile),
        TabLink::new("Calendar", "/settings/calendar", current == View::Calendar),
        TabLink::new("Notifications", "/settings/notifications", current == View::Notifications),
        TabLink::new("Sessions", "/settings/sessions", current == View::Sessions),
    ];
    view! {
        <div class="mb-6">
            <Tabs tabs label="Settings" />
        </div>
    }
}
