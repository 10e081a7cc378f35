//! Microsoft: identity platform v2.0 and the calendar part of Graph v1.0.
//!
//! Both hosts are on one port. `identity` is the sign-in; the rest is Graph: `ask` reads who wants what (`application` is
//! about those who ask without a person), `draft` and `render` translate between its JSON and the neutral event, the
//! handlers are named after their paths.

mod application;
mod ask;
mod batch;
mod calendars;
mod delta;
mod draft;
mod errors;
mod events;
mod filter;
mod graph;
mod identity;
mod ids;
mod mailbox;
mod notify;
mod odata;
mod online;
mod render;
mod respond;
mod schedule;
mod schema;
mod series;
mod subscriptions;
mod text;
mod throttle;
mod write;
mod zones;

use axum::Router;
use serde_json::Value;

pub use application::{PERMISSIONS as APPLICATION_PERMISSIONS, whose};
pub use errors::{catalogue, catalogue_names, status_answer};
pub use identity::tenant_id;
pub use notify::{end_with_grant, idle, lifecycle, pushed};
pub use throttle::{Seat, within_quota};

use crate::world::{Event, Provider, ShowAs, World};

/// Both hosts' paths on one port.
pub fn router(world: World) -> Router {
    identity::router(world.clone()).merge(graph::router(world))
}

/// Makes a guest's copy of an organizer's event fit for a Microsoft calendar: its id and its own properties.
///
/// `copy.extra` holds the organizer's properties if the organizer is at Microsoft too, else nothing. The id is used
/// only if the guest has no copy yet. A cancelled event is not passed here.
pub fn guest_copy(copy: &mut Event, _from: Provider) {
    copy.id = ids::event();
    for own in ["transactionId", "categories", "isReminderOn", "reminderMinutesBeforeStart", "deleted", "type"] {
        copy.extra.remove(own);
    }
    // Until it is answered, an invitation is tentative.
    if copy.show_as == ShowAs::Busy {
        copy.show_as = ShowAs::Tentative;
    }
}

/// The zone a Windows or an IANA name stands for; calendar objects of anybody may name one.
pub fn zone(name: &str) -> Option<chrono_tz::Tz> {
    zones::Zone::parse(name).map(|zone| zone.tz)
}

/// Tokens without a browser, as the token endpoint would answer a code exchange for these scopes.
///
/// # Errors
/// A sentence, for an unknown account or scope.
pub fn control_token(world: &World, account: &str, scopes: &[String]) -> Result<Value, String> {
    identity::for_control(world, account, scopes)
}
