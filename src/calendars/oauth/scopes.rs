//! What we ask for, and what is missing of it.
//!
//! Scopes are compared under their short names and by what they open: someone who granted more than
//! we ask has not granted less. Sign-in scopes are not compared; the id token is their proof.

use std::collections::BTreeSet;

use crate::calendars::Provider;

/// What a person is asked for, by what they come for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScopeSet {
    /// Who they are, nothing else.
    SignIn,
    /// Free/busy or read-only.
    Interviewer,
    /// What an interviewer gives, and the list of calendars to choose from.
    Chooser,
    /// Events read and write, free/busy, and the list of calendars to choose from.
    Coordinator,
    /// What a coordinator gives, and a calendar of our own.
    OwnCalendar,
}

const GOOGLE_SIGN_IN: &[&str] = &["openid", "email", "profile"];
const GOOGLE_INTERVIEWER: &[&str] =
    &["openid", "email", "profile", "https://www.googleapis.com/auth/calendar.freebusy"];
const GOOGLE_CHOOSER: &[&str] = &[
    "openid",
    "email",
    "profile",
    "https://www.googleapis.com/auth/calendar.freebusy",
    "https://www.googleapis.com/auth/calendar.calendarlist.readonly",
];
const GOOGLE_OWN_CALENDAR: &[&str] = &[
    "openid",
    "email",
    "profile",
    "https://www.googleapis.com/auth/calendar.events",
    "https://www.googleapis.com/auth/calendar.freebusy",
    "https://www.googleapis.com/auth/calendar.calendarlist.readonly",
    "https://www.googleapis.com/auth/calendar.app.created",
];
const GOOGLE_COORDINATOR: &[&str] = &[
    "openid",
    "email",
    "profile",
    "https://www.googleapis.com/auth/calendar.events",
    "https://www.googleapis.com/auth/calendar.freebusy",
    "https://www.googleapis.com/auth/calendar.calendarlist.readonly",
];
const MICROSOFT_SIGN_IN: &[&str] = &["openid", "profile", "email"];
const MICROSOFT_INTERVIEWER: &[&str] = &["openid", "profile", "email", "offline_access", "Calendars.Read"];
const MICROSOFT_COORDINATOR: &[&str] =
    &["openid", "profile", "email", "offline_access", "User.Read", "Calendars.ReadWrite"];

impl ScopeSet {
    /// The names to send, in the provider's own spelling.
    pub fn scopes(self, provider: Provider) -> &'static [&'static str] {
        match (provider, self) {
            (Provider::Google, Self::SignIn) => GOOGLE_SIGN_IN,
            (Provider::Google, Self::Interviewer) => GOOGLE_INTERVIEWER,
            (Provider::Google, Self::Chooser) => GOOGLE_CHOOSER,
            (Provider::Google, Self::Coordinator) => GOOGLE_COORDINATOR,
            (Provider::Google, Self::OwnCalendar) => GOOGLE_OWN_CALENDAR,
            (Provider::Microsoft, Self::SignIn) => MICROSOFT_SIGN_IN,
            (Provider::Microsoft, Self::Interviewer | Self::Chooser) => MICROSOFT_INTERVIEWER,
            (Provider::Microsoft, Self::Coordinator | Self::OwnCalendar) => MICROSOFT_COORDINATOR,
            (Provider::Apple, _) => &[],
        }
    }
}

/// A permission that was asked for and not granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MissingPermission {
    /// The scope's short name.
    pub scope: &'static str,
    /// What it lets us do, to complete "Convene may …".
    pub name: &'static str,
}

/// One row per permission that matters after sign-in: its short name, what it lets us do, and the
/// wider scopes that open the same.
const PERMISSIONS: &[(Provider, &str, &str, &[&str])] = &[
    (Provider::Google, "calendar.events", "see and change events on your calendars", &["calendar"]),
    (
        Provider::Google,
        "calendar.freebusy",
        "see when you are busy",
        &["calendar.events.freebusy", "calendar.readonly", "calendar"],
    ),
    (
        Provider::Google,
        "calendar.calendarlist.readonly",
        "see the list of your calendars",
        &["calendar.calendarlist", "calendar.readonly", "calendar"],
    ),
    (Provider::Google, "calendar.app.created", "make a calendar of its own", &["calendar"]),
    (
        Provider::Microsoft,
        "Calendars.Read",
        "read your calendars",
        &["Calendars.ReadWrite", "Calendars.Read.Shared", "Calendars.ReadWrite.Shared"],
    ),
    (Provider::Microsoft, "Calendars.ReadWrite", "see and change your calendars", &["Calendars.ReadWrite.Shared"]),
    (Provider::Microsoft, "User.Read", "read your profile", &["User.ReadWrite", "User.Read.All", "User.ReadWrite.All"]),
];

/// What of the wanted set was not granted, in the order it was asked for.
pub fn missing(provider: Provider, granted: &BTreeSet<String>, wanted: ScopeSet) -> Vec<MissingPermission> {
    let has = |scope: &str| granted.iter().any(|one| short_name(one).eq_ignore_ascii_case(scope));
    let asked = wanted.scopes(provider).iter().map(|scope| short_name(scope));
    asked
        .filter_map(|scope| PERMISSIONS.iter().find(|(of, name, ..)| *of == provider && *name == scope))
        .filter(|(_, scope, _, wider)| !has(scope) && !wider.iter().any(|one| has(one)))
        .map(|(_, scope, name, _)| MissingPermission { scope, name })
        .collect()
}

/// The name without the address in front of it: `userinfo.email` and the like become the sign-in scope
/// that they are.
pub fn short_name(scope: &str) -> &str {
    let name = ["https://www.googleapis.com/auth/", "https://graph.microsoft.com/"]
        .iter()
        .find_map(|prefix| scope.strip_prefix(prefix))
        .unwrap_or(scope);
    match name {
        "userinfo.email" => "email",
        "userinfo.profile" => "profile",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(scopes: &str) -> BTreeSet<String> {
        scopes.split(' ').map(str::to_owned).collect()
    }

    fn missing_names(provider: Provider, scopes: &str, wanted: ScopeSet) -> Vec<&'static str> {
        missing(provider, &granted(scopes), wanted).iter().map(|one| one.scope).collect()
    }

    #[test]
    fn an_unticked_box_is_named() {
        let all = "openid https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/calendar.events \
                   https://www.googleapis.com/auth/calendar.freebusy calendar.calendarlist.readonly";
        let of = |scopes: &str| missing_names(Provider::Google, scopes, ScopeSet::Coordinator);
        assert!(of(all).is_empty());
        assert_eq!(of(&all.replace("https://www.googleapis.com/auth/calendar.events ", "")), ["calendar.events"]);
        assert_eq!(of("openid email"), ["calendar.events", "calendar.freebusy", "calendar.calendarlist.readonly"]);
        assert!(missing(Provider::Google, &granted("openid"), ScopeSet::SignIn).is_empty());
    }

    #[test]
    fn wider_scopes_open_what_narrower_ones_do_and_not_the_other_way() {
        let google = |scopes, wanted| missing_names(Provider::Google, scopes, wanted);
        assert!(google("https://www.googleapis.com/auth/calendar", ScopeSet::Coordinator).is_empty());
        assert!(google("calendar.events.freebusy", ScopeSet::Interviewer).is_empty());
        assert_eq!(google("calendar.events", ScopeSet::Interviewer), ["calendar.freebusy"]);
        let microsoft = |scopes, wanted| missing_names(Provider::Microsoft, scopes, wanted);
        assert!(microsoft("https://graph.microsoft.com/Calendars.ReadWrite", ScopeSet::Interviewer).is_empty());
        assert_eq!(microsoft("Calendars.Read user.read", ScopeSet::Coordinator), ["Calendars.ReadWrite"]);
        assert_eq!(microsoft("Calendars.ReadBasic", ScopeSet::Interviewer), ["Calendars.Read"]);
    }
}
