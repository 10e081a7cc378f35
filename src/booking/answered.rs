//! Somebody connected their calendar or gave times: their open requests offer other times now, and whoever asked is told.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    booking::offer::{self, Ask},
    connections::{
        self,
        busy::{PersonBusy, UnknownReason},
    },
    ids::{OrgId, PersonId},
    notifications::{self, Answered, AnsweredRequest, InterviewerAnswered, Message, Post, Recipient},
    outbox::{JobError, Reason},
    people::{self, Person},
    requests::{self, Request},
    state::AppState,
    store::{StoreError, words::ConnectionStatus},
};

/// A calendar that was just connected may need a moment.
const ASK_AGAIN: Duration = Duration::from_secs(20);

/// Mails every coordinator who has open requests with this person, once per answer: how many times each of them offers now.
/// `at` is when they answered.
pub async fn tell(state: &AppState, org: OrgId, id: PersonId, at: i64) -> Result<(), JobError> {
    let db = state.store.reader();
    let Some(person) = people::find(db, org, id).await? else { return Ok(()) };
    let mut waiting: BTreeMap<PersonId, Vec<(Request, usize)>> = BTreeMap::new();
    for request in requests::open_now_in(db, org, state.clock.now()).await? {
        let panel = requests::panel(db, org, request.id).await?;
        if !panel.people.contains_key(&id) {
            continue;
        }
        let (answer, known, _) = offer::explained(state, &Ask::of(&request, &panel)).await?;
        if let Some(PersonBusy::Unknown { reason: UnknownReason::NoAnswer, .. }) = known.calendars.get(&id) {
            return Err(JobError::Retry { after: Some(ASK_AGAIN), reason: Reason::CalendarSilent });
        }
        waiting.entry(request.coordinator).or_default().push((request, answer.slots().count()));
    }
    let how = match is_connected(state, &person).await? {
        true => Answered::Connected,
        false => Answered::GaveTimes,
    };
    for (coordinator, list) in waiting {
        tell_one(state, &person, how, coordinator, &list, at).await?;
    }
    Ok(())
}

async fn is_connected(state: &AppState, person: &Person) -> Result<bool, StoreError> {
    let found = connections::of_people(state.store.reader(), person.org, &[person.id]).await?;
    Ok(found.into_values().flatten().any(|one| one.status != ConnectionStatus::Inactive))
}

async fn tell_one(
    state: &AppState,
    person: &Person,
    how: Answered,
    coordinator: PersonId,
    list: &[(Request, usize)],
    at: i64,
) -> Result<(), StoreError> {
    let db = state.store.reader();
    let Some(coordinator) = people::find(db, person.org, coordinator).await? else { return Ok(()) };
    let path = match list {
        [(request, _)] => format!("/requests/{}", request.id),
        _ => "/requests".to_owned(),
    };
    let zone = list.first().map_or(chrono_tz::Tz::UTC, |(request, _)| coordinator.zone_for(request.zone));
    let to = coordinator.contact().and_then(|email| Recipient::parse(email.as_str(), &coordinator.name, zone));
    let (Some(to), Ok(link)) = (to, state.config.web.url(&path).parse()) else { return Ok(()) };
    let requests = list.iter().map(|(request, times)| AnsweredRequest {
        candidate: request.candidate_name.clone(),
        interview_type: request.interview_type.clone(),
        times: *times,
    });
    let (interviewer, requests) = (person.name.clone(), requests.collect());
    let message = Message::InterviewerAnswered(InterviewerAnswered { interviewer, how, requests, link });
    let about = Post {
        org: person.org,
        request: None,
        booking: None,
        // Once per answer, however often the job runs.
        about: format!("{}:{at}", person.id),
        sequence: 0,
        reply_to: person.contact().map(ToString::to_string),
    };
    let txn = state.store.begin().await?;
    notifications::post(&txn, &state.config, &message, &to, about, state.clock.now()).await?;
    txn.commit().await
}
