//! When calendars of Microsoft's are busy: what stands in the view of each.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use url::Url;

use super::wire::Event;
use super::{MicrosoftCalendar, batch};
use crate::calendars::http::address;
use crate::calendars::{AccessToken, Account, CalendarError, Heard};
use crate::scheduling::interval::{Interval, normalise};

impl MicrosoftCalendar {
    /// Several calendars in one `$batch`, after "asked too often" none.
    pub(super) async fn views(
        &self,
        token: &AccessToken,
        account: &Account,
        calendars: &[String],
        window: Interval,
    ) -> Result<Vec<Heard>, CalendarError> {
        // A date is part of the window by its owner's clock, while Graph selects by its own: a day
        // more on either side covers every zone.
        let bound = |instant: DateTime<Utc>| instant.to_rfc3339_opts(SecondsFormat::Secs, true);
        let (start, end) = (bound(window.start() - TimeDelta::days(1)), bound(window.end() + TimeDelta::days(1)));
        let query = [
            ("startDateTime", start.as_str()),
            ("endDateTime", end.as_str()),
            ("$select", "id,start,end,showAs,isCancelled,isAllDay,type,responseStatus"),
            ("$top", "500"),
        ];
        let primary = ["primary".to_owned()];
        let asked = if calendars.is_empty() { primary.as_slice() } else { calendars };
        let view = |calendar: &String| {
            let path = match calendar.as_str() {
                "primary" => vec!["me", "calendarView"],
                id => vec!["me", "calendars", id, "calendarView"],
            };
            address(&self.api, &path, &query)
        };
        let mut views: Vec<Result<Vec<Event>, CalendarError>> = Vec::new();
        for some in asked.chunks(batch::MOST) {
            let limited = views.iter().find_map(|view| view.as_ref().err().filter(|error| error.is_limit()).cloned());
            match (some, limited) {
                (some, Some(error)) => views.extend(some.iter().map(|_| Err(error.clone()))),
                ([one], None) => views.push(self.all(token, "calendarView.list", view(one)).await),
                (some, None) => {
                    let urls: Vec<Url> = some.iter().map(view).collect();
                    views.extend(self.batch(token, "calendarView.list", &urls).await?);
                }
            }
        }
        let blocked = |entries: Vec<Event>| {
            let mut busy = Vec::new();
            for entry in entries {
                let blocked = entry
                    .blocks(account.zone)
                    .map_err(|_| CalendarError::Unavailable("an entry in a time zone nobody knows".into()))?;
                busy.extend(blocked.and_then(|span| span.intersection(&window)));
            }
            Ok(normalise(busy))
        };
        let mut heard = Vec::new();
        for (calendar, view) in asked.iter().zip(views) {
            if matches!(view, Err(CalendarError::SignInExpired)) {
                return Err(CalendarError::SignInExpired);
            }
            heard.push((calendar.clone(), view.and_then(blocked)));
        }
        Ok(heard)
    }
}
