//! What an entry says, as a sentence about whoever did it: "connected a Google calendar". The code itself stands below it on the
//! page; an action this version does not know is shown as that.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::Value;

use crate::{
    audit::{
        search::Entry,
        subjects::{Names, Subject},
    },
    booking::difference,
    ids::PersonId,
    notifications::when,
    outbox::Reason,
    store::words::ActorKind,
    web::{device, wording::grouped},
};

/// Who did it.
pub(super) fn who(entry: &Entry, names: &Names) -> String {
    let is = |kind: ActorKind| entry.actor_kind == kind.as_str();
    match entry.actor_id.and_then(|id| names.person(id)) {
        Some((name, _)) => match calendar_of(entry) {
            Some(calendar) => format!("{name}, in {calendar}"),
            None => name.to_owned(),
        },
        None if is(ActorKind::Candidate) => "The candidate".to_owned(),
        None if is(ActorKind::System) => "Convene".to_owned(),
        None => "Somebody who is gone".to_owned(),
    }
}

/// The calendar in which they did it, if they did not do it here.
fn calendar_of(entry: &Entry) -> Option<&'static str> {
    let calendars = [ActorKind::InGoogle, ActorKind::InMicrosoft, ActorKind::InApple];
    let kind = calendars.into_iter().find(|kind| entry.actor_kind == kind.as_str())?;
    kind.provider().map(difference::label)
}

/// What they did, from the capital letter on.
pub(super) fn what(entry: &Entry, names: &Names, zone: Tz) -> String {
    let detail: Value = serde_json::from_str(&entry.detail).unwrap_or_default();
    let detail = Detail { detail: &detail, names, zone };
    let subject = names.subject(&entry.subject);
    let person = match subject {
        Some(Subject::Person { .. }) if entry.actor_id.is_some_and(|id| id.to_string() == entry.subject) => {
            "themselves"
        }
        Some(Subject::Person { name }) => name,
        _ => "somebody",
    };
    let interview = match subject {
        Some(Subject::Interview { candidate, .. }) => format!("the interview with {candidate}"),
        _ => "an interview".to_owned(),
    };
    let (calendar, whose) = match subject {
        Some(Subject::Connection { provider, owner }) => (provider_name(provider.as_str()), format!("{owner}'s ")),
        _ => (detail.provider(), String::new()),
    };
    let mail = match subject {
        Some(Subject::Mail { to }) => format!(" to {to}"),
        _ => String::new(),
    };
    match entry.action.as_str() {
        "organisation.founded" => "Founded the organisation".to_owned(),
        "organisation.policies_set" => "Changed the policies of the organisation".to_owned(),
        "organisation_access.granted" => format!("Allowed reading calendars at {} for everybody", detail.provider()),
        "organisation_access.withdrawn" => {
            format!("Withdrew the organisation's access to calendars at {}", detail.provider())
        }
        "organisation_access.refused" => format!("Was refused the organisation's calendars at {}", detail.provider()),
        "audit.checked" => match (detail.number("entries"), detail.number("broken_at")) {
            (_, Some(seq)) => format!("Checked this log: entry {} is not as it was written", grouped(seq)),
            (entries, None) => format!("Checked this log: {} entries, unbroken", grouped(entries.unwrap_or_default())),
        },
        "audit.exported" => format!("Exported this log as {}", detail.text("format")),

        "person.signed_in" => format!("Signed in with {}", detail.provider()),
        "person.signed_out" => "Signed out".to_owned(),
        "person.sign_in_refused" => format!("Could not sign in with {} ({})", detail.provider(), detail.text("code")),
        "session.revoked" => format!("Signed {} out", device::words(detail.text("user_agent"))),
        "session.all_revoked" => "Signed out everywhere".to_owned(),

        "person.hours_set" => "Changed their working hours".to_owned(),
        "person.dates_set" => format!("Changed their hours on {}", detail.days()),
        "person.dates_removed" => format!("Put their usual hours back on {}", detail.days()),
        "person.limits_set" => "Changed how many interviews they take".to_owned(),
        "person.preferences_set" => "Changed what is put into their calendar, and when that alerts them".to_owned(),
        "person.reminders_set" => "Changed when their new requests remind people".to_owned(),
        "person.zone_set" => format!("Set their time zone to {}", detail.text("zone")),
        "person.address_confirmed" => "Confirmed an address of theirs".to_owned(),
        "person.times_given" => "Gave times at which they can".to_owned(),
        "person.role_changed" => {
            format!("Made {person} {} instead of {}", role(detail.text("to")), role(detail.text("from")))
        }
        "person.switched_off" => format!("Switched {person} off"),
        "person.switched_on" => format!("Switched {person} on again"),
        "person.invited" => format!("Invited {person} as {}", role(detail.text("role"))),
        "person.invitation_withdrawn" => format!("Withdrew the invitation of {person}"),
        "person.invitation_accepted" => format!("Accepted an invitation as {}", role(detail.text("role"))),

        "connection.connected" => format!("Connected a calendar at {calendar}"),
        "connection.reconnected" => format!("Reconnected the calendar at {calendar}"),
        "connection.disconnected" => format!("Disconnected the calendar at {calendar}"),
        "connection.calendars_chosen" => format!("Chose the calendars at {calendar} that are read and written to"),
        "connection.switched" => {
            format!(
                "Switched from the calendar at {} to one at {}",
                provider_name(detail.text("from")),
                provider_name(detail.text("to"))
            )
        }
        "connection.grant_ended" => match detail.text("outcome") {
            "revoked" => format!("Handed the permission back to {calendar}"),
            "used_elsewhere" => format!("Left the permission at {calendar}, which is in use"),
            "given_up" => format!("Could not hand the permission back to {calendar}"),
            _ => format!("Dropped the permission of {calendar}, which takes none back"),
        },
        "connection.expired" => format!("Lost {whose}sign-in to {calendar}: they have to sign in again"),
        "connection.refresh_failed" => {
            format!("Could not renew {whose}access to {calendar} ({}); it is tried again", refusal(detail.text("why")))
        }

        "api_key.created" => format!("Made the API key \u{201c}{}\u{201d}", detail.text("name")),
        "api_key.revoked" => "Revoked an API key".to_owned(),
        "webhook.added" => format!("Has {} told what happens", detail.text("host")),
        "webhook.removed" => "Removed a webhook".to_owned(),
        "webhook.switched_on" => "Switched a webhook on again".to_owned(),
        "webhook.switched_off" => "Switched a webhook off".to_owned(),
        "webhook.replayed" => "Had something told to a webhook again".to_owned(),

        "request.created" => format!("Asked for {interview}"),
        "request.link_sent" => format!("Sent the booking link for {interview}"),
        "request.link_replaced" => format!("Replaced the booking link for {interview}"),
        "request.cancelled" => format!("Cancelled the request for {interview}"),

        "booking.made" => format!("Booked {interview}{}", detail.at("start")),
        "booking.held" => format!("Chose a time for {interview}{}, which waits for a calendar", detail.at("start")),
        "booking.confirmed" => format!("Confirmed the time of {interview}"),
        "booking.released" => format!("Released the time of {interview}: a calendar did not confirm it"),
        "booking.moved" => format!("Moved {interview}{}", detail.to("to")),
        "booking.cancelled" => format!("Cancelled {interview}{}", detail.at("start")),
        "booking.swapped" => {
            format!("Put {} in the place of {} in {interview}", detail.person("came"), detail.person("left"))
        }

        "difference.found" => match detail.text("kind") {
            "moved" => format!("Moved {interview}{}, which was not followed", detail.to("to")),
            "gone" => format!("Deleted {interview}, which is still booked"),
            "declined" => format!("Found that {} declined {interview}", detail.person("person")),
            "candidate_declined" => format!("Found that the candidate declined {interview}"),
            _ => format!("Found {interview} changed here and in a calendar"),
        },
        "difference.settled" => match (detail.text("kind"), detail.text("outcome")) {
            ("declined" | "candidate_declined", "kept") => format!("Kept {interview} as it is, though it was declined"),
            ("declined", "withdrawn") => format!("Settled that {} declined {interview}", detail.person("person")),
            ("declined", _) => format!("Answered that {} declined {interview}", detail.person("person")),
            (_, "ours") => format!("Kept {interview} as it is here, over a calendar"),
            (_, "theirs") => format!("Followed what was done to {interview} in a calendar"),
            _ => format!("Settled what a calendar said otherwise of {interview}"),
        },

        "event.placed" => format!("Put {interview} into a calendar"),
        "event.left_calendar" => format!("Moves {interview} out of the calendar that was disconnected"),
        "event.removed" => format!("Took {interview} out of a calendar"),
        "event.place_failed" => format!("Could not put {interview} into a calendar. {}", detail.reason()),
        "event.remove_failed" => format!("Could not take {interview} out of a calendar. {}", detail.reason()),
        "message.sent" => format!("Sent a mail{mail} ({})", spaced(detail.text("kind"))),
        "message.dropped" => format!("Left out a mail{mail} ({}), which was overtaken", spaced(detail.text("kind"))),
        "message.failed" => format!("Could not send a mail{mail}. {}", detail.reason()),
        "reminder.left_out" => format!("Left out a reminder of {interview}"),
        "note.written" => "Wrote a note on the application".to_owned(),
        "job.retried" => "Had something tried again that had failed".to_owned(),
        other => other.to_owned(),
    }
}

/// What the entry tells beside its code.
struct Detail<'a> {
    detail: &'a Value,
    names: &'a Names,
    zone: Tz,
}

impl<'a> Detail<'a> {
    fn text(&self, key: &str) -> &'a str {
        self.detail[key].as_str().unwrap_or("unknown")
    }

    fn number(&self, key: &str) -> Option<i64> {
        self.detail[key].as_i64()
    }

    fn provider(&self) -> &'static str {
        provider_name(self.text("provider"))
    }

    /// ", Tue 9 March, 15:00, Berlin"
    fn at(&self, key: &str) -> String {
        let at: Option<DateTime<Utc>> = self.detail[key].as_str().and_then(|text| text.parse().ok());
        at.map(|at| format!(", {}", when::instant(at, self.zone))).unwrap_or_default()
    }

    fn to(&self, key: &str) -> String {
        let at: Option<DateTime<Utc>> = self.detail[key].as_str().and_then(|text| text.parse().ok());
        at.map(|at| format!(" to {}", when::instant(at, self.zone))).unwrap_or_default()
    }

    fn person(&self, key: &str) -> String {
        let id: Option<PersonId> = self.detail[key].as_str().and_then(|text| text.parse().ok());
        let name = id.and_then(|id| self.names.person(id)).map(|(name, _)| name.to_owned());
        name.unwrap_or_else(|| "somebody".to_owned())
    }

    fn reason(&self) -> &'static str {
        Reason::stored(self.text("reason")).map_or("", Reason::sentence)
    }

    /// "24 December 2027", "22 to 26 December 2027"
    fn days(&self) -> String {
        let day = |key: &str| self.detail[key].as_str().and_then(|text| text.parse::<chrono::NaiveDate>().ok());
        match (day("from"), day("to")) {
            (Some(from), Some(to)) => crate::web::wording::dates(from, to),
            _ => "some days".to_owned(),
        }
    }
}

fn provider_name(word: &str) -> &'static str {
    match word {
        "google" => "Google",
        "microsoft" => "Microsoft",
        "apple" => "Apple",
        _ => "a provider",
    }
}

fn role(word: &str) -> &'static str {
    match word {
        "admin" => "administrator",
        "coordinator" => "coordinator",
        "interviewer" => "interviewer",
        _ => "something else",
    }
}

/// Why a token was not renewed.
fn refusal(code: &str) -> &'static str {
    match code {
        "misconfigured" => "the provider does not accept this server's registration",
        _ => "the provider did not answer",
    }
}

fn spaced(code: &str) -> String {
    code.replace('_', " ")
}
