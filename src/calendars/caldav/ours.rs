//! Every event of ours on a calendar, found without knowing of it.

use super::{Access, CaldavCalendar, Component, Space, busy, changes::object_id};
use crate::{
    calendars::{CalendarError, Ours, ical::object::Entry},
    scheduling::interval::Interval,
};

impl CaldavCalendar {
    /// Servers find objects by their time at most, so all of the window are read and ours are picked out here.
    pub(super) async fn find_ours(
        &self,
        access: &Access,
        calendar: &str,
        window: Interval,
    ) -> Result<Vec<Ours>, CalendarError> {
        let base = access.at(calendar).ok_or(CalendarError::Gone)?;
        let (realm, responses) = (access.realm(self), self.query(access, calendar, window).await?);
        let picked = tokio::task::spawn_blocking(move || {
            let mut ours = Vec::new();
            for response in responses {
                let data = response.property(Space::Caldav, "calendar-data");
                let object = data.and_then(|data| Component::read(&data.text).ok());
                let id = object_id(&base, &base, &response.href, &realm);
                if let (Some(object), Some(id)) = (object, id) {
                    ours.extend(in_object(&object, &id));
                }
            }
            ours.retain(|one: &Ours| one.span.is_none_or(|span| span.overlaps(&window)));
            ours
        });
        picked.await.map_err(|_| CalendarError::Unavailable("the events of a calendar could not be read".into()))
    }
}

/// One object holds one event, with its exceptions if a person made a series of it.
fn in_object(object: &Component, id: &str) -> Option<Ours> {
    let mut events = object.components().filter(|one| one.name == "VEVENT" && one.get("RECURRENCE-ID").is_none());
    events.find_map(|event| {
        Some(Ours {
            provider_id: id.to_owned(),
            marker: Entry::marker_of(event)?.to_owned(),
            span: busy::times_of(event, object),
            cancelled: event.value("STATUS").eq_ignore_ascii_case("CANCELLED"),
        })
    })
}
