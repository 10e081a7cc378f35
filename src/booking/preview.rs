//! What a request would find if it were made as its form stands: who is known, which times are open. Writes nothing.
//!
//! Addresses never heard of are people who are not connected, for the length of one answer. What is wrong with a field that
//! has no bearing on times (the candidate's name) does not keep anybody from seeing them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::offer::{self, Ask};
use crate::{
    connections::{
        self,
        busy::{PersonBusy, UnknownReason},
    },
    ids::{Email, OrgId, PersonId},
    people::{
        self, Coordinator, Person,
        given::{self, GivenTimes},
    },
    requests::{
        Panel, Seat, TypedWindows,
        create::STEP_MINUTES,
        draft::{Draft, FieldError, NewRequest, panel::addresses},
    },
    scheduling::{Answer, Query},
    state::AppState,
    store::{
        StoreError,
        words::{ConnectionStatus, Role, SeatKind},
    },
};

/// Most people of one kind that are looked up.
const MOST_PEOPLE: usize = 20;

/// What can be said about a draft.
#[derive(Clone, Debug)]
pub struct Preview {
    /// Everybody named so far, in the order they were named, optional people last.
    pub people: Vec<Guest>,
    /// What would keep the request from being made.
    pub errors: Vec<FieldError>,
    /// `None` while a field that decides on times is missing or wrong.
    pub outlook: Option<Outlook>,
}

/// Somebody on the panel.
#[derive(Clone, Debug)]
pub struct Guest {
    pub person: Person,
    pub optional: bool,
    pub known: Known,
}

/// Where knowledge of somebody's time comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Their own calendar, and when it was read.
    Calendar(Option<DateTime<Utc>>),
    /// Their calendar, which says nothing at the moment.
    Silent(UnknownReason),
    /// Times they gave themselves, and when.
    Given(DateTime<Utc>),
    /// Hours typed for them.
    Typed,
    /// Nobody knows. The coordinator's own windows stand in, or nothing does.
    Nobody,
}

/// The times a draft would offer, with the question that was put.
#[derive(Clone, Debug)]
pub struct Outlook {
    pub request: NewRequest,
    pub query: Query,
    pub answer: Answer,
}

/// Looks ahead. Calendars not read in the last five minutes are asked, which takes at most three seconds.
pub async fn preview(state: &AppState, coordinator: &Coordinator, draft: &Draft) -> Result<Preview, StoreError> {
    let (org, now) = (coordinator.member().org, state.clock.now());
    let (request, mut errors) = match draft.parse(now) {
        Ok(request) => (Some(request), Vec::new()),
        Err(errors) => (without_bystanders(draft, &errors).parse(now).ok(), errors),
    };
    let required = readable(&draft.interviewers);
    let optional: Vec<Email> =
        readable(&draft.optional).into_iter().filter(|email| !required.contains(email)).collect();
    let everybody: Vec<Email> = required.iter().chain(&optional).cloned().collect();
    let found = people::by_emails(state.store.reader(), org, &everybody).await?;
    let person = |email: &Email| {
        found.iter().find(|person| person.email == *email).cloned().unwrap_or_else(|| stranger(org, email))
    };
    let people: Vec<(Person, bool)> = required
        .iter()
        .map(|email| (person(email), false))
        .chain(optional.iter().map(|email| (person(email), true)))
        .collect();
    for (person, is_optional) in people.iter().filter(|(person, _)| person.disabled_at.is_some()) {
        errors.push(FieldError {
            field: if *is_optional { "optional" } else { "interviewers" }.to_owned(),
            code: "interviewer_disabled".to_owned(),
            message: format!("{} no longer takes part. Choose somebody else.", person.email),
        });
    }
    let typed_for: Vec<Email> =
        draft.windows.lines().filter_map(|line| line.split_whitespace().next()?.parse().ok()).collect();
    if let Some(left_out) = typed_for.iter().find(|email| !everybody.contains(email)) {
        errors.push(FieldError {
            field: "windows".to_owned(),
            code: "window_invalid".to_owned(),
            message: format!("{left_out} has typed hours but is not among the interviewers."),
        });
    }

    let ids: Vec<PersonId> = people.iter().map(|(person, _)| person.id).collect();
    let given = given::of_people(state.store.reader(), org, &ids).await?;
    let window = request.as_ref().map(|request| request.window);
    let (outlook, calendars) = match request {
        Some(request) => {
            let panel = panel(&request, &people, given.clone());
            let ask = Ask {
                org,
                window: request.window,
                zone: request.zone,
                duration: request.duration,
                step: STEP_MINUTES.unsigned_abs(),
                buffer_before: request.buffer_before,
                buffer_after: request.buffer_after,
                min_notice: request.min_notice,
                moving: None,
                panel: &panel,
            };
            let (answer, knowledge, query) = offer::explained(state, &ask).await?;
            (Some(Outlook { request, query, answer }), Some(knowledge.calendars))
        }
        None => (None, None),
    };
    let connections = connections::of_people(state.store.reader(), org, &ids).await?;
    let known = |person: &Person| {
        let calendar = match calendars.as_ref().and_then(|calendars| calendars.get(&person.id)) {
            Some(PersonBusy::Known { read_at, .. }) => Some(Known::Calendar(Some(*read_at))),
            Some(PersonBusy::Unknown { reason, .. }) => Some(Known::Silent(*reason)),
            Some(PersonBusy::NotConnected) => None,
            None => connections.get(&person.id).and_then(|list| list.iter().find_map(standing)),
        };
        let given = given.get(&person.id).filter(|given| window.is_none_or(|window| given.speaks_of(window)));
        calendar.unwrap_or(match given {
            Some(given) => Known::Given(given.given_at),
            None if typed_for.contains(&person.email) => Known::Typed,
            None => Known::Nobody,
        })
    };
    let people =
        people.into_iter().map(|(person, optional)| Guest { known: known(&person), person, optional }).collect();
    Ok(Preview { people, errors, outlook })
}

/// What a connection promises before its calendar was asked.
fn standing(connection: &connections::Connection) -> Option<Known> {
    match connection.status {
        ConnectionStatus::Active => Some(Known::Calendar(connection.last_synced_at)),
        ConnectionStatus::Expired => Some(Known::Silent(UnknownReason::SignInExpired)),
        ConnectionStatus::Error => Some(Known::Silent(UnknownReason::NoAnswer)),
        ConnectionStatus::Inactive => None,
    }
}

/// The addresses that can be read, each once.
fn readable(text: &str) -> Vec<Email> {
    let mut emails: Vec<Email> = Vec::new();
    for email in addresses(text).filter_map(|part| part.parse().ok()) {
        if !emails.contains(&email) && emails.len() < MOST_PEOPLE {
            emails.push(email);
        }
    }
    emails
}

/// The draft with the wrong fields made harmless that do not decide on times, and without addresses that cannot be read.
fn without_bystanders(draft: &Draft, errors: &[FieldError]) -> Draft {
    let mut draft = draft.clone();
    let joined = |text: &str| readable(text).iter().map(Email::as_str).collect::<Vec<_>>().join(", ");
    for error in errors {
        match error.field.as_str() {
            "candidate_name" => "Candidate".clone_into(&mut draft.candidate_name),
            "candidate_email" => "candidate@example.com".clone_into(&mut draft.candidate_email),
            "interview_type" => draft.interview_type.clear(),
            "location" => draft.location.clear(),
            "notes" => draft.notes.clear(),
            "reminders" => draft.reminders.clear(),
            "application_id" => draft.application_id = None,
            "change_notice" => draft.change_notice.clear(),
            "interviewers" | "optional" => {
                draft.interviewers = joined(&draft.interviewers);
                let required = readable(&draft.interviewers);
                let optional: Vec<_> =
                    readable(&draft.optional).into_iter().filter(|email| !required.contains(email)).collect();
                draft.optional = optional.iter().map(Email::as_str).collect::<Vec<_>>().join(", ");
            }
            _ => {}
        }
    }
    draft
}

/// Somebody we have not heard of.
fn stranger(org: OrgId, email: &Email) -> Person {
    Person {
        id: PersonId::new(),
        org,
        email: email.clone(),
        name: email.guessed_name(),
        zone: None,
        role: Role::Interviewer,
        weekly: Vec::new(),
        overrides: Vec::new(),
        limits: people::Limits::default(),
        disabled_at: None,
        created_at: chrono::DateTime::UNIX_EPOCH,
    }
}

/// The panel as creating the request would store it.
fn panel(request: &NewRequest, people: &[(Person, bool)], given: BTreeMap<PersonId, GivenTimes>) -> Panel {
    let ids = |emails: &[Email]| -> Vec<PersonId> {
        let id = |email: &Email| people.iter().find(|(person, _)| person.email == *email).map(|(person, _)| person.id);
        emails.iter().filter_map(id).collect()
    };
    let (required, optional) = (ids(&request.interviewers), ids(&request.optional));
    let kind = if request.any_of.is_some() { SeatKind::Any } else { SeatKind::All };
    let needed = request.any_of.unwrap_or(u32::try_from(required.len()).unwrap_or(u32::MAX));
    let mut seats = vec![Seat { kind, needed, people: required }];
    if !optional.is_empty() {
        seats.push(Seat { kind: SeatKind::Optional, needed: 0, people: optional });
    }
    let mut typed: BTreeMap<PersonId, TypedWindows> = BTreeMap::new();
    for (email, window) in &request.windows {
        if let Some((person, _)) = people.iter().find(|(person, _)| person.email == *email) {
            typed.entry(person.id).or_default().windows.push(*window);
        }
    }
    let people = people.iter().map(|(person, _)| (person.id, person.clone())).collect();
    Panel { seats, people, typed, given, fallback: request.fallback.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> Draft {
        Draft {
            candidate_name: "Priya".into(),
            candidate_email: "priya@example.net".into(),
            duration: "45".into(),
            from: "2027-03-08".into(),
            to: "2027-03-19".into(),
            interviewers: "ben@example.com".into(),
            zone: "America/New_York".into(),
            ..Draft::default()
        }
    }

    #[test]
    fn what_has_no_bearing_on_times_does_not_hide_them() {
        let now = "2027-03-01T12:00:00Z".parse().unwrap();
        let mut draft = draft();
        draft.candidate_name.clear();
        draft.candidate_email = "priya@".into();
        draft.location = "javascript:alert(1)".into();
        draft.interviewers = "ben@example.com, tom@, BEN@example.com, eva@example.com".into();
        draft.optional = "eva@example.com raj@example.org".into();
        let errors = draft.parse(now).unwrap_err();
        let request = without_bystanders(&draft, &errors).parse(now).unwrap();
        assert_eq!(
            request.interviewers.iter().map(Email::as_str).collect::<Vec<_>>(),
            ["ben@example.com", "eva@example.com"]
        );
        assert_eq!(request.optional.len(), 1, "somebody required is not optional too");
    }

    #[test]
    fn what_decides_on_times_does() {
        let now = "2027-03-01T12:00:00Z".parse().unwrap();
        let changes: [fn(&mut Draft); 5] = [
            |d| d.duration = "soon".into(),
            |d| d.to = "2027-03-01".into(),
            |d| d.zone = "Mars/Phobos".into(),
            |d| d.interviewers.clear(),
            |d| d.windows = "ben@example.com tomorrow".into(),
        ];
        for change in changes {
            let mut draft = draft();
            change(&mut draft);
            let errors = draft.parse(now).unwrap_err();
            assert!(without_bystanders(&draft, &errors).parse(now).is_err(), "{draft:?}");
        }
    }
}
