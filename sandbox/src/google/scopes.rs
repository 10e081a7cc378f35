//! Scopes: their spellings, what they are called on the consent page, and which of them open which method.

use crate::oauth::consent::ScopeLine;

const PREFIX: &str = "https://www.googleapis.com/auth/";

/// Calendar scopes by the part behind the common prefix, with what they allow.
const CALENDAR: [(&str, &str); 17] = [
    ("calendar", "See, edit, share and delete all calendars"),
    ("calendar.readonly", "See and download any calendar"),
    ("calendar.events", "View and edit events on all calendars"),
    ("calendar.events.readonly", "View events on all calendars"),
    ("calendar.events.owned", "See, create, change and delete events on calendars you own"),
    ("calendar.events.owned.readonly", "See the events on calendars you own"),
    ("calendar.events.freebusy", "See the availability on calendars you can access"),
    ("calendar.events.public.readonly", "See the events on public calendars"),
    ("calendar.freebusy", "View your availability in your calendars"),
    ("calendar.calendarlist", "See, add and remove calendars you are subscribed to"),
    ("calendar.calendarlist.readonly", "See the list of calendars you are subscribed to"),
    ("calendar.calendars", "See and change the properties of calendars, and create new ones"),
    ("calendar.calendars.readonly", "See the title, time zone and other properties of calendars"),
    ("calendar.app.created", "Make secondary calendars, and work with the events on them"),
    ("calendar.settings.readonly", "View your calendar settings"),
    ("calendar.acls", "See and change the sharing of calendars you own"),
    ("calendar.acls.readonly", "See the sharing of calendars you own"),
];

/// A scope as Google spells it in answers, or `None` for one it does not know.
pub fn expand(scope: &str) -> Option<String> {
    match scope {
        "openid" => Some("openid".to_owned()),
        "email" | "profile" => Some(format!("{PREFIX}userinfo.{scope}")),
        full => {
            let name = full.strip_prefix(PREFIX)?;
            let known = matches!(name, "userinfo.email" | "userinfo.profile")
                || CALENDAR.iter().any(|(calendar, _)| *calendar == name);
            known.then(|| full.to_owned())
        }
    }
}

/// A full name from the part behind the prefix.
pub fn full(name: &str) -> String {
    format!("{PREFIX}{name}")
}

/// How a scope is shown. Sign-in scopes have no box.
pub fn line(scope: &str) -> ScopeLine {
    let always = |label: &str| ScopeLine { label: label.to_owned(), always: true };
    match scope.strip_prefix(PREFIX) {
        Some("userinfo.email") => always("See your primary e-mail address"),
        Some("userinfo.profile") => always("See your name and picture"),
        Some(name) => {
            let label = CALENDAR.iter().find(|(calendar, _)| *calendar == name).map_or(name, |(_, label)| label);
            ScopeLine { label: label.to_owned(), always: false }
        }
        None => always("Know who you are"),
    }
}

/// The methods served, as far as their scopes differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    CalendarListGet,
    CalendarListList,
    CalendarsGet,
    CalendarsInsert,
    CalendarsPatch,
    CalendarsUpdate,
    CalendarsDelete,
    FreebusyQuery,
    EventsGet,
    EventsList,
    EventsInsert,
    EventsImport,
    EventsPatch,
    EventsUpdate,
    EventsDelete,
    EventsWatch,
    ChannelsStop,
    SettingsGet,
    SettingsList,
}

impl Method {
    /// As error details name it.
    pub fn rpc_name(self) -> String {
        let name = format!("{self:?}");
        let split = name.rfind(char::is_uppercase).unwrap_or_default();
        format!("calendar.v3.{}.{}", &name[..split], &name[split..])
    }

    /// Any one of these opens it; facts of the API's discovery document.
    pub fn scopes(self) -> &'static [&'static str] {
        match self {
            Self::CalendarListList => {
                &["calendar", "calendar.calendarlist", "calendar.calendarlist.readonly", "calendar.readonly"]
            }
            Self::CalendarListGet => &[
                "calendar",
                "calendar.app.created",
                "calendar.calendarlist",
                "calendar.calendarlist.readonly",
                "calendar.readonly",
            ],
            Self::CalendarsGet => &[
                "calendar",
                "calendar.app.created",
                "calendar.calendars",
                "calendar.calendars.readonly",
                "calendar.readonly",
            ],
            Self::CalendarsInsert | Self::CalendarsPatch | Self::CalendarsUpdate | Self::CalendarsDelete => {
                &["calendar", "calendar.app.created", "calendar.calendars"]
            }
            Self::FreebusyQuery => &["calendar", "calendar.events.freebusy", "calendar.freebusy", "calendar.readonly"],
            Self::EventsGet | Self::EventsList | Self::EventsWatch => &[
                "calendar",
                "calendar.app.created",
                "calendar.events",
                "calendar.events.freebusy",
                "calendar.events.owned",
                "calendar.events.owned.readonly",
                "calendar.events.public.readonly",
                "calendar.events.readonly",
                "calendar.readonly",
            ],
            Self::EventsInsert | Self::EventsImport | Self::EventsPatch | Self::EventsUpdate | Self::EventsDelete => {
                &["calendar", "calendar.app.created", "calendar.events", "calendar.events.owned"]
            }
            Self::ChannelsStop => &[
                "calendar",
                "calendar.acls",
                "calendar.acls.readonly",
                "calendar.app.created",
                "calendar.calendarlist",
                "calendar.calendarlist.readonly",
                "calendar.events",
                "calendar.events.freebusy",
                "calendar.events.owned",
                "calendar.events.owned.readonly",
                "calendar.events.public.readonly",
                "calendar.events.readonly",
                "calendar.readonly",
                "calendar.settings",
                "calendar.settings.readonly",
            ],
            Self::SettingsGet | Self::SettingsList => {
                &["calendar", "calendar.readonly", "calendar.settings", "calendar.settings.readonly"]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_expand_and_strangers_are_refused() {
        assert_eq!(expand("email").as_deref(), Some("https://www.googleapis.com/auth/userinfo.email"));
        assert_eq!(expand("https://www.googleapis.com/auth/calendar").as_deref(), Some(full("calendar").as_str()));
        assert_eq!(expand("calendar"), None);
        assert_eq!(expand("https://www.googleapis.com/auth/drive"), None);
    }

    #[test]
    fn methods_are_named_as_google_names_them() {
        assert_eq!(Method::EventsList.rpc_name(), "calendar.v3.Events.List");
        assert_eq!(Method::CalendarListGet.rpc_name(), "calendar.v3.CalendarList.Get");
        assert_eq!(Method::FreebusyQuery.rpc_name(), "calendar.v3.Freebusy.Query");
    }
}
