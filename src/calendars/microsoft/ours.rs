//! Every event of ours on a calendar, found without knowing of it.

use super::wire::{self, Event};
use super::{MicrosoftCalendar, events_of};
use crate::calendars::http::address;
use crate::calendars::{AccessToken, CalendarError, Ours};
use crate::scheduling::interval::Interval;

impl MicrosoftCalendar {
    /// Whatever carries our property with any value. Graph joins such a condition with none on times, so the window is cut here;
    /// no titles, no guests come along.
    pub(super) async fn find_ours(
        &self,
        token: &AccessToken,
        calendar: &str,
        window: Interval,
    ) -> Result<Vec<Ours>, CalendarError> {
        let filter = format!("singleValueExtendedProperties/Any(ep: ep/id eq '{}' and ep/value ne null)", wire::MARKER);
        let expand = format!("singleValueExtendedProperties($filter=id eq '{}')", wire::MARKER);
        let query = [
            ("$filter", filter.as_str()),
            ("$expand", expand.as_str()),
            ("$select", "id,start,end,isAllDay,isCancelled"),
            ("$top", "500"),
        ];
        let url = address(&self.api, &events_of(calendar), &query);
        let events: Vec<Event> = self.all(token, "events.list", url).await?;
        let ours = events.iter().filter_map(Event::as_ours);
        Ok(ours.filter(|one| one.span.is_none_or(|span| span.overlaps(&window))).collect())
    }
}
