//! Who is mailed what when a booking is made, moves or ends.
//!
//! One sender per event and attendee. Where the event stands on a calendar that mails its attendees, the candidate gets our
//! plain confirmation with the link to change it, and no calendar object; otherwise every attendee gets our own iMIP message
//! (RFC 6047), with the service address as ORGANIZER so that the coordinator can answer as an attendee.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::{Booking, difference::Difference};
use crate::{
    audit::Actor,
    calendars::ical,
    events::{self, Event, Participant, theirs::Theirs},
    ids::{EventId, OrgId},
    notifications::{
        self, BookingCancelled, BookingConfirmed, BookingHeld, BookingMoved, CalendarDiffers, CalendarSays,
        CandidateDid, CoordinatorNotice, HeldReleased, Invitation, InvitationCancelled, InvitationReplaced,
        InvitationUpdated, InvitationWithdrawn, Meeting, Message, Post, Recipient, link::Link,
    },
    outbox::Reason,
    people::{self, Person},
    requests::{self, Request, link},
    scheduling::interval::Interval,
    state::AppState,
    store::{
        StoreError, Txn,
        words::{DifferenceKind, EventStatus, Inviter, ParticipantRole},
    },
};

/// What every letter about one booking shares.
pub(super) struct Desk<'a> {
    pub txn: &'a Txn,
    pub state: &'a AppState,
    pub request: &'a Request,
    pub booking: &'a Booking,
    pub coordinator: &'a Person,
    pub now: DateTime<Utc>,
}

impl Desk<'_> {
    pub fn meeting(&self) -> Meeting {
        Meeting {
            interview_type: self.request.interview_type.clone(),
            span: self.booking.span,
            place: (!self.request.location.is_empty()).then(|| self.request.location.clone()),
            coordinator: self.coordinator.name.clone(),
            coordinator_zone: self.coordinator_zone(),
        }
    }

    fn coordinator_zone(&self) -> Tz {
        self.coordinator.zone_for(self.request.zone)
    }

    /// The candidate's link, which is where they move or cancel.
    pub async fn manage(&self) -> Result<Option<Link>, StoreError> {
        let url = link::url_in(&**self.txn, self.state, self.request.org, self.request.id).await?;
        Ok(url.and_then(|url| url.parse().ok()))
    }

    fn request_page(&self) -> Option<Link> {
        self.state.config.web.url(&format!("/requests/{}", self.request.id)).parse().ok()
    }

    pub fn candidate(&self) -> Option<Recipient> {
        Recipient::parse(self.request.candidate_email.as_str(), &self.request.candidate_name, self.booking.zone)
    }

    fn coordinator(&self) -> Option<Recipient> {
        Recipient::parse(self.coordinator.contact()?.as_str(), &self.coordinator.name, self.coordinator_zone())
    }

    async fn post(&self, to: Option<Recipient>, sequence: u32, message: Message) -> Result<(), StoreError> {
        // Addresses were parsed when they were typed; one that mail cannot carry after all is skipped, not fatal.
        let Some(to) = to else {
            tracing::warn!(booking = %self.booking.id, kind = message.kind(), "an address cannot be mailed");
            return Ok(());
        };
        let post = Post {
            org: self.request.org,
            request: Some(self.request.id),
            booking: Some(self.booking.id),
            about: self.booking.id.to_string(),
            sequence,
            reply_to: self.coordinator.contact().map(ToString::to_string),
        };
        notifications::post(self.txn, &self.state.config, &message, &to, post, self.now).await
    }

    async fn notice(&self, sequence: u32, what: CandidateDid) -> Result<(), StoreError> {
        let Some(request) = self.request_page() else { return Ok(()) };
        let candidate = self.request.candidate_name.clone();
        let notice = CoordinatorNotice { candidate, meeting: self.meeting(), what, request };
        self.post(self.coordinator(), sequence, Message::CoordinatorNotice(notice)).await
    }

    /// The event as an iCalendar object, from the service address to everyone who takes part.
    fn object(&self, event: &Event, method: ical::Method, listed: &[Participant]) -> Option<ical::Invitation> {
        let attendee = |one: &Participant| {
            Some(ical::Attendee {
                email: one.email.parse().ok()?,
                name: one.name.clone(),
                optional: one.role == ParticipantRole::Optional,
                partstat: ical::PartStat::NeedsAction,
            })
        };
        Some(ical::Invitation {
            method,
            uid: event.uid.clone(),
            sequence: event.sequence,
            dtstamp: self.now,
            span: event.span,
            summary: event.summary.clone(),
            description: event.description.clone(),
            location: (!event.location.is_empty()).then(|| event.location.clone()),
            url: None,
            organizer: ical::Party { email: event.organizer.email.parse().ok()?, name: event.organizer.name.clone() },
            attendees: listed.iter().filter_map(attendee).collect(),
            status: ical::Status::Confirmed,
        })
    }

    /// Where a participant of an event reads mail, and in which zone.
    async fn reader(&self, one: &Participant) -> Result<Option<Recipient>, StoreError> {
        let zone = match one.person {
            None => self.booking.zone,
            Some(id) => people::find(&**self.txn, self.request.org, id)
                .await?
                .map_or(self.request.zone, |person| person.zone_for(self.request.zone)),
        };
        Ok(Recipient::parse(&one.email, &one.name, zone))
    }

    /// Our own message to each of these, the candidate with the link to change it.
    async fn invite(
        &self,
        event: &Event,
        to: &[Participant],
        message: impl Fn(Option<Link>) -> Option<Message>,
    ) -> Result<(), StoreError> {
        let manage = self.manage().await?;
        // Whoever has it on their calendar from us needs no second copy of it.
        let placements = events::placements_of(&**self.txn, self.request.org, event.id).await?;
        let is_placed = placements.iter().any(|placement| !placement.is_withdrawn);
        for one in to.iter().filter(|one| !(is_placed && one.role == ParticipantRole::Organizer)) {
            let manage = if one.role == ParticipantRole::Candidate { manage.clone() } else { None };
            let Some(message) = message(manage) else { continue };
            self.post(self.reader(one).await?, event.sequence, message).await?;
        }
        Ok(())
    }
}

macro_rules! desk {
    ($txn:ident, $state:ident, $request:ident, $booking:ident, $coordinator:ident, $now:ident) => {
        Desk { txn: $txn, state: $state, request: $request, booking: $booking, coordinator: $coordinator, now: $now }
    };
}

/// The interview is certain.
pub(super) async fn booked(
    txn: &Txn,
    state: &AppState,
    request: &Request,
    booking: &Booking,
    event: &Event,
    coordinator: &Person,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let desk = desk!(txn, state, request, booking, coordinator, now);
    match event.inviter {
        Inviter::Provider => {
            if let Some(manage) = desk.manage().await? {
                let message = BookingConfirmed { meeting: desk.meeting(), manage };
                desk.post(desk.candidate(), event.sequence, Message::BookingConfirmed(message)).await?;
            }
        }
        Inviter::Mail => {
            let object = desk.object(event, ical::Method::Request, &event.participants);
            desk.invite(event, &event.participants, |manage| {
                let (event, coordinator, coordinator_zone) =
                    (object.clone()?, desk.coordinator.name.clone(), desk.coordinator_zone());
                Some(Message::Invitation(Invitation { event, coordinator, coordinator_zone, manage }))
            })
            .await?;
        }
    }
    desk.notice(event.sequence, CandidateDid::Booked).await
}

/// The time is kept, and not certain yet.
pub(super) async fn held(
    txn: &Txn,
    state: &AppState,
    request: &Request,
    booking: &Booking,
    coordinator: &Person,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let desk = desk!(txn, state, request, booking, coordinator, now);
    let (Some(manage), Some(answer_by)) = (desk.manage().await?, booking.hold_until) else { return Ok(()) };
    desk.post(desk.candidate(), 0, Message::BookingHeld(BookingHeld { meeting: desk.meeting(), answer_by, manage }))
        .await
}

/// The kept time could not be confirmed.
pub(super) async fn released(
    txn: &Txn,
    state: &AppState,
    request: &Request,
    booking: &Booking,
    coordinator: &Person,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let desk = desk!(txn, state, request, booking, coordinator, now);
    let Some(link) = desk.manage().await? else { return Ok(()) };
    let message = HeldReleased { meeting: desk.meeting(), link, until: request.window.end() };
    desk.post(desk.candidate(), 0, Message::HeldReleased(message)).await
}

/// What a move changed.
pub(super) struct Moved<'a> {
    pub event: &'a Event,
    /// The time before.
    pub before: Interval,
    /// Who took part before and no longer does.
    pub left: &'a [Participant],
    pub actor: Actor,
}

/// The interview has another time.
pub(super) async fn moved(
    txn: &Txn,
    state: &AppState,
    request: &Request,
    booking: &Booking,
    coordinator: &Person,
    change: Moved<'_>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let desk = desk!(txn, state, request, booking, coordinator, now);
    let Moved { event, before, left, actor } = change;
    match event.inviter {
        Inviter::Provider => {
            if let Some(manage) = desk.manage().await? {
                let moved_by = by(actor, coordinator);
                let message = BookingMoved { meeting: desk.meeting(), before, moved_by, manage };
                desk.post(desk.candidate(), event.sequence, Message::BookingMoved(message)).await?;
            }
        }
        Inviter::Mail => {
            let name = &coordinator.name;
            let object = desk.object(event, ical::Method::Request, &event.participants);
            desk.invite(event, &event.participants, |manage| {
                let (event, coordinator, coordinator_zone) = (object.clone()?, name.clone(), desk.coordinator_zone());
                Some(Message::InvitationUpdated(InvitationUpdated {
                    event,
                    before: Some(before),
                    coordinator,
                    coordinator_zone,
                    manage,
                }))
            })
            .await?;
            let object = desk.object(event, ical::Method::Cancel, left);
            desk.invite(event, left, |_| withdrawn(&desk, object.clone()?, actor, "")).await?;
        }
    }
    match actor {
        Actor::Candidate => desk.notice(event.sequence, CandidateDid::Moved { before }).await,
        _ => Ok(()),
    }
}

/// Who of an event's people changed.
pub(super) struct Swapped<'a> {
    pub event: &'a Event,
    pub left: &'a [Participant],
    pub came: &'a [Participant],
}

/// Somebody else sits in the interview, at the same time. A provider tells its guests itself, and mails of ours to the candidate
/// name nobody who changed; our own calendar objects list the attendees, so everybody who has one gets it anew.
pub(super) async fn swapped(
    txn: &Txn,
    state: &AppState,
    request: &Request,
    booking: &Booking,
    coordinator: &Person,
    change: Swapped<'_>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let Swapped { event, left, came } = change;
    if event.inviter == Inviter::Provider {
        return Ok(());
    }
    let desk = desk!(txn, state, request, booking, coordinator, now);
    let (name, coordinator_zone) = (&coordinator.name, desk.coordinator_zone());
    let object = desk.object(event, ical::Method::Request, &event.participants);
    let (new, known): (Vec<_>, Vec<_>) =
        event.participants.iter().cloned().partition(|one| came.iter().any(|new| new.email == one.email));
    desk.invite(event, &new, |manage| {
        let (event, coordinator) = (object.clone()?, name.clone());
        Some(Message::Invitation(Invitation { event, coordinator, coordinator_zone, manage }))
    })
    .await?;
    desk.invite(event, &known, |manage| {
        let (event, coordinator) = (object.clone()?, name.clone());
        let update = InvitationUpdated { event, before: None, coordinator, coordinator_zone, manage };
        Some(Message::InvitationUpdated(update))
    })
    .await?;
    let object = desk.object(event, ical::Method::Cancel, left);
    desk.invite(event, left, |_| {
        let (event, coordinator) = (object.clone()?, name.clone());
        Some(Message::InvitationWithdrawn(InvitationWithdrawn { event, coordinator, coordinator_zone }))
    })
    .await
}

/// What people lose with an event that leaves a calendar.
#[derive(Clone, Copy)]
pub(super) enum Loss {
    /// The invitation they have: that of the provider.
    Invitation,
    /// Nothing yet: the provider was not asked to invite anybody.
    Nothing,
    /// The owner's copy alone. Our own mail invited everybody else.
    Copy,
}

/// The interview is on another calendar, or on none, at the same time. Whoever loses an invitation gets another and hears why.
pub(super) async fn left_calendar(
    txn: &Txn,
    state: &AppState,
    request: &Request,
    booking: &Booking,
    coordinator: &Person,
    (event, loss): (&Event, Loss),
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let desk = desk!(txn, state, request, booking, coordinator, now);
    let replaced = |event: Option<ical::Invitation>, manage: Option<Link>| {
        Message::InvitationReplaced(InvitationReplaced { event, meeting: desk.meeting(), manage })
    };
    if event.inviter == Inviter::Provider {
        return match (loss, desk.manage().await?) {
            (Loss::Invitation, Some(manage)) => {
                desk.post(desk.candidate(), event.sequence, replaced(None, Some(manage))).await
            }
            _ => Ok(()),
        };
    }
    let object = desk.object(event, ical::Method::Request, &event.participants);
    let invitation = |manage| {
        let (coordinator, coordinator_zone) = (desk.coordinator.name.clone(), desk.coordinator_zone());
        Some(Message::Invitation(Invitation { event: object.clone()?, coordinator, coordinator_zone, manage }))
    };
    let everybody = &event.participants;
    match loss {
        Loss::Invitation => desk.invite(event, everybody, |manage| Some(replaced(Some(object.clone()?), manage))).await,
        Loss::Nothing => desk.invite(event, everybody, invitation).await,
        Loss::Copy => {
            let owner: Vec<_> =
                everybody.iter().filter(|one| one.role == ParticipantRole::Organizer).cloned().collect();
            desk.invite(event, &owner, invitation).await
        }
    }
}

/// The interview does not take place.
#[expect(clippy::too_many_arguments, reason = "one letter, all of whose facts come from the verb that cancels")]
pub(super) async fn cancelled(
    txn: &Txn,
    state: &AppState,
    request: &Request,
    booking: &Booking,
    event: &Event,
    coordinator: &Person,
    was_public: bool,
    reason: &str,
    actor: Actor,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let desk = desk!(txn, state, request, booking, coordinator, now);
    if event.inviter == Inviter::Mail && was_public {
        let object = desk.object(event, ical::Method::Cancel, &event.participants);
        desk.invite(event, &event.participants, |_| withdrawn(&desk, object.clone()?, actor, reason)).await?;
    } else {
        let cancelled_by = by(actor, coordinator);
        let message =
            BookingCancelled { meeting: desk.meeting(), cancelled_by, reason: said(reason), book_again: None };
        desk.post(desk.candidate(), event.sequence, Message::BookingCancelled(message)).await?;
    }
    match actor {
        Actor::Candidate => desk.notice(event.sequence, CandidateDid::Cancelled { reason: said(reason) }).await,
        _ => Ok(()),
    }
}

/// The event could not be brought in line with the coordinator's calendar, and nobody tries any more.
pub async fn not_placed(
    txn: &Txn,
    state: &AppState,
    org: OrgId,
    event: EventId,
    reason: Reason,
) -> Result<(), StoreError> {
    let Some(event) = events::find(&**txn, org, event).await? else { return Ok(()) };
    let Some(booking) = event.booking else { return Ok(()) };
    let Some(booking) = super::find(&**txn, org, booking).await? else { return Ok(()) };
    let Some(request) = requests::find(&**txn, org, booking.request).await? else { return Ok(()) };
    let Some(coordinator) = people::find(&**txn, org, request.coordinator).await? else { return Ok(()) };
    let (request, booking, coordinator, now) = (&request, &booking, &coordinator, state.clock.now());
    let desk = desk!(txn, state, request, booking, coordinator, now);
    let reason = reason.sentence().to_owned();
    let placements = events::placements_of(&**txn, org, event.id).await?;
    let leaves = event.status == EventStatus::Cancelled || placements.iter().any(|one| one.is_withdrawn);
    let what = if leaves { CandidateDid::NotRemoved { reason } } else { CandidateDid::NotPlaced { reason } };
    desk.notice(event.sequence, what).await
}

/// Something of an interview is otherwise in a calendar, and somebody has to decide.
pub(super) struct Differs<'a> {
    pub found: &'a Difference,
    /// Whose calendar it is.
    pub owner: Option<&'a Person>,
    /// Who declined.
    pub person: Option<&'a Person>,
    /// Why it cannot be followed, in sentences.
    pub why: Vec<String>,
}

/// The request's coordinator is told of a difference, once.
pub(super) async fn differs(
    txn: &Txn,
    state: &AppState,
    request: &Request,
    booking: &Booking,
    coordinator: &Person,
    told: Differs<'_>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let desk = desk!(txn, state, request, booking, coordinator, now);
    let Differs { found, owner, person, why } = told;
    let path = format!("/requests/{}/difference/{}", request.id, found.id);
    let Ok(page) = state.config.web.url(&path).parse() else { return Ok(()) };
    let name = |person: Option<&Person>| person.map_or_else(|| "Somebody".to_owned(), |person| person.name.clone());
    let (to, is_gone) = (found.theirs.and_then(Theirs::span), found.theirs == Some(Theirs::Gone));
    let what = match found.kind {
        DifferenceKind::Moved => CalendarSays::Moved { to, why: why.join(" ") },
        DifferenceKind::Gone => CalendarSays::Gone,
        DifferenceKind::Collided => CalendarSays::Collided { to, is_gone },
        DifferenceKind::Declined => CalendarSays::Declined { who: name(person) },
        DifferenceKind::CandidateDeclined => CalendarSays::CandidateDeclined,
    };
    let message = CalendarDiffers {
        candidate: request.candidate_name.clone(),
        meeting: desk.meeting(),
        calendar: found.calendar(),
        owner: name(owner),
        what,
        page,
    };
    let Some(to) = desk.coordinator() else { return Ok(()) };
    let about = Post {
        org: request.org,
        request: Some(request.id),
        booking: Some(booking.id),
        // Once of each, however often it is found.
        about: found.id.to_string(),
        sequence: 0,
        reply_to: None,
    };
    notifications::post(txn, &state.config, &Message::CalendarDiffers(message), &to, about, now).await
}

fn withdrawn(desk: &Desk<'_>, event: ical::Invitation, actor: Actor, reason: &str) -> Option<Message> {
    let cancelled_by = Some(by(actor, desk.coordinator).unwrap_or_else(|| desk.request.candidate_name.clone()));
    Some(Message::InvitationCancelled(InvitationCancelled {
        event,
        coordinator: desk.coordinator.name.clone(),
        coordinator_zone: desk.coordinator_zone(),
        cancelled_by,
        reason: said(reason),
        book_again: None,
    }))
}

fn by(actor: Actor, coordinator: &Person) -> Option<String> {
    match actor {
        Actor::Candidate => None,
        Actor::Person(_) | Actor::InCalendar(..) | Actor::System => Some(coordinator.name.clone()),
    }
}

fn said(reason: &str) -> Option<String> {
    let reason = reason.trim();
    (!reason.is_empty()).then(|| reason.to_owned())
}
