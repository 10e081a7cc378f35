//! Reminding everybody of a booked interview.
//!
//! The promises are written with the booking, move with it and end with it; whom to remind, and whether it still makes sense, is
//! read when one is kept. So somebody who was swapped in meanwhile is reminded, and nobody of an interview that was cancelled.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::{Booking, find, seat, tell::Desk};
use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    events,
    ids::{BookingId, OrgId},
    notifications::{self, InterviewerReminder, Message, Post, Recipient, Reminder, link::Link, reminder_about},
    outbox::{self, Job, JobError},
    people::{self, Person},
    requests::{self, Request},
    state::AppState,
    store::{StoreError, Txn, words::BookingStatus},
};

/// Promises the reminders of a booking that has become certain or has another time. What was promised for an earlier time is
/// taken back; for moments already past nothing is promised.
pub(super) async fn promise(
    txn: &Txn,
    request: &Request,
    booking: &Booking,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    withdraw(txn, request, booking, now).await?;
    for minutes in &request.reminders {
        let due = due(booking, *minutes);
        if due > now {
            outbox::enqueue_at(txn, request.org, &job(booking, *minutes), due, now).await?;
        }
    }
    Ok(())
}

/// Takes the reminders of a booking back.
pub(super) async fn withdraw(
    txn: &Txn,
    request: &Request,
    booking: &Booking,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    for minutes in &request.reminders {
        outbox::withdraw(txn, request.org, &job(booking, *minutes), now).await?;
    }
    Ok(())
}

/// When reminders of a booking are still to come, earliest first; none unless it is certain.
pub fn planned(request: &Request, booking: &Booking, now: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    if booking.status != BookingStatus::Confirmed {
        return Vec::new();
    }
    let mut moments: Vec<_> = request.reminders.iter().map(|minutes| due(booking, *minutes)).collect();
    moments.retain(|due| *due > now);
    moments.sort_unstable();
    moments
}

fn job(booking: &Booking, minutes: u32) -> Job {
    Job::Remind { booking: booking.id, minutes }
}

fn due(booking: &Booking, minutes: u32) -> DateTime<Utc> {
    booking.span.start() - TimeDelta::minutes(i64::from(minutes))
}

/// Reminds the candidate and whoever sits, each once of this time. Too late, or with the next reminder due as well, it is left
/// out, which is recorded.
pub async fn remind(state: &AppState, org: OrgId, id: BookingId, minutes: u32) -> Result<(), JobError> {
    let Some(found) = find(state.store.reader(), org, id).await? else { return Ok(()) };
    let txn = state.store.begin().await?;
    // A move or a cancellation under way ends before the booking is read, or begins after the mails are promised.
    let Some(request) = requests::lock(&txn, org, found.request).await? else { return Ok(()) };
    let certain = |booking: &Booking| booking.status == BookingStatus::Confirmed;
    let Some(booking) = find(&*txn, org, id).await?.filter(certain) else { return Ok(()) };
    let (now, start) = (state.clock.now(), booking.span.start());
    if let Ok(after) = (due(&booking, minutes) - now).to_std()
        && !after.is_zero()
    {
        return Err(JobError::Later { after });
    }
    let nearer = |other: &&u32| **other < minutes && due(&booking, **other) <= now;
    let left_out =
        if start <= now { Some("too_late") } else { request.reminders.iter().find(nearer).map(|_| "next_is_due") };
    match left_out {
        None => post(&txn, state, &request, &booking, minutes, now).await?,
        Some(why) => {
            let entry = AuditEntry {
                org,
                actor: Actor::System,
                action: "reminder.left_out",
                subject: id.to_string(),
                detail: json!({ "minutes": minutes, "why": why }),
                origin: Origin::default(),
            };
            audit::record(&txn, entry).await?;
        }
    }
    txn.commit().await?;
    state.wake.notify_one();
    Ok(())
}

async fn post(
    txn: &Txn,
    state: &AppState,
    request: &Request,
    booking: &Booking,
    minutes: u32,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (org, start) = (request.org, booking.span.start());
    let Some(coordinator) = people::find(&**txn, org, request.coordinator).await? else { return Ok(()) };
    let desk = Desk { txn, state, request, booking, coordinator: &coordinator, now };
    let join = join(txn, org, booking.id).await?;
    let mut letters = Vec::new();
    if let Some(manage) = desk.manage().await? {
        let may_change = now < request.change_deadline(start);
        let message = Reminder { meeting: desk.meeting(), join: join.clone(), manage, may_change };
        letters.push((desk.candidate(), Message::Reminder(message)));
    }
    let seated = seat::seated(&**txn, org, booking.id).await?;
    for person in people::find_all(&**txn, org, &seated).await? {
        let candidate = request.candidate_name.clone();
        let message = InterviewerReminder { candidate, meeting: desk.meeting(), join: join.clone() };
        letters.push((reader(&person, request), Message::InterviewerReminder(message)));
    }
    for (to, message) in letters {
        let Some(to) = to else {
            tracing::warn!(booking = %booking.id, kind = message.kind(), "an address cannot be mailed");
            continue;
        };
        let about = Post {
            org,
            request: Some(request.id),
            booking: Some(booking.id),
            about: reminder_about(booking.id, start, minutes),
            // Of one time and one distance there is one reminder.
            sequence: 0,
            reply_to: coordinator.contact().map(ToString::to_string),
        };
        notifications::remind(txn, &state.config, &message, &to, about, start, now).await?;
    }
    Ok(())
}

/// Where an interviewer reads mail, if anywhere.
fn reader(person: &Person, request: &Request) -> Option<Recipient> {
    Recipient::parse(person.contact()?.as_str(), &person.name, person.zone_for(request.zone))
}

/// The video call, as the calendar it stands on told it.
async fn join(txn: &Txn, org: OrgId, booking: BookingId) -> Result<Option<Link>, StoreError> {
    let Some(event) = events::of_booking(&**txn, org, booking).await? else { return Ok(None) };
    let placements = events::placements_of(&**txn, org, event.id).await?;
    Ok(placements.iter().find_map(|placement| placement.join_url.parse().ok()))
}
