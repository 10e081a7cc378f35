//! From a message to the mail transport: a row and a job in the verb's transaction, delivery by the worker.

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::json;

use super::{
    Message, Recipient, RenderedMail,
    address::{MailAddress, Mailbox, MessageId},
    email::{MailError, OutgoingMail},
    pace,
};
use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    calendars::ical::Method,
    config::Config,
    ids::{self, BookingId, OrgId, RequestId},
    metrics,
    outbox::{self, Job, JobError, Reason},
    secrets::{KeyRing, OpenError, Place},
    state::AppState,
    store::{
        self, Stamp, StoreError, Txn,
        entities::{events, messages},
        words::{EventStatus, MessageStatus},
    },
};

/// The kinds of message that tell somebody to be there at a time.
const TIMES: [&str; 6] =
    ["booking_confirmed", "booking_held", "booking_moved", "invitation", "invitation_updated", "invitation_replaced"];

/// The kinds of message that make no sense once the interview has begun, or has another time.
const REMINDERS: [&str; 2] = ["reminder", "reminder_interviewer"];

/// What a message is about, beside its words.
#[derive(Clone, Debug)]
pub struct Post {
    pub org: OrgId,
    pub request: Option<RequestId>,
    pub booking: Option<BookingId>,
    /// Messages about one thing to one person are delivered in order.
    pub about: String,
    /// With the kind and the recipient, decides the Message-ID: the same message is written once.
    pub sequence: u32,
    /// Who answers replies.
    pub reply_to: Option<String>,
}

/// Promises to send a message from the service address. A message with the same kind, recipient and sequence about the same thing
/// is promised once.
pub async fn post(
    txn: &Txn,
    config: &Config,
    message: &Message,
    to: &Recipient,
    post: Post,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    promise(txn, config, message, to, post, None, now).await
}

/// Promises a reminder of an interview that starts then, to go by half of the time that is left whatever was sent to the address
/// within the hour: an hour's wait would miss its sense. Its `about` is [`reminder_about`]; an address is reminded once of that.
pub async fn remind(
    txn: &Txn,
    config: &Config,
    message: &Message,
    to: &Recipient,
    post: Post,
    start: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    promise(txn, config, message, to, post, Some(now + (start - now) / 2), now).await
}

/// What tells a reminder from others: a booking, the time it had, and how long before.
pub fn reminder_about(booking: BookingId, start: DateTime<Utc>, minutes: u32) -> String {
    format!("{}{minutes}", reminders_of(booking, start))
}

fn reminders_of(booking: BookingId, start: DateTime<Utc>) -> String {
    format!("{booking}:{}:", start.timestamp_millis())
}

async fn promise(
    txn: &Txn,
    config: &Config,
    message: &Message,
    to: &Recipient,
    post: Post,
    latest: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let kind = message.kind();
    let message_id =
        MessageId::derive(config.mail.from.address.domain(), &post.about, &to.email, kind, post.sequence).to_string();
    let known = messages::Entity::find().filter(messages::Column::MessageId.eq(&message_id)).one(&**txn).await?;
    if known.is_some() {
        return Ok(());
    }
    let due = pace::due(txn, config, &to.email.to_string(), now).await?;
    let due = latest.map_or(due, |latest| due.min(latest));
    let mail = message.render(to);
    let (method, ics) = mail.ics.map_or_else(Default::default, |(method, ics)| (method.as_str().to_owned(), ics));
    let id = ids::MessageId::new();
    // Bodies hold links, and who reads a link may act by it: a copy of the database must not be enough.
    let seal = |column, text: &str| config.keys.seal(&body_place(post.org, id, column), text);
    messages::Entity::insert(messages::ActiveModel {
        id: Set(id),
        org_id: Set(post.org),
        booking_id: Set(post.booking),
        request_id: Set(post.request),
        kind: Set(kind.to_owned()),
        to_email: Set(to.email.to_string()),
        to_name: Set(to.name.to_string()),
        reply_to: Set(post.reply_to.unwrap_or_default()),
        about: Set(post.about.clone()),
        sequence: Set(i32::try_from(post.sequence).unwrap_or(i32::MAX)),
        message_id: Set(message_id),
        subject: Set(mail.subject),
        text_body: Set(seal("text_body", &mail.text)),
        html_body: Set(seal("html_body", &mail.html)),
        ics_method: Set(method),
        ics: Set(ics),
        status: Set(MessageStatus::Queued),
        last_error: Set(String::new()),
        created_at: Set(now.into()),
        due_at: Set(due.into()),
        sent_at: Set(None),
    })
    .exec_without_returning(&**txn)
    .await?;
    let thread = thread(&post.about, &to.email.to_string());
    outbox::enqueue_at(txn, post.org, &Job::SendMessage { message: id, thread }, due, now).await?;
    Ok(())
}

/// Hands one message to the transport. Sent twice at most when the transport's answer was lost; the Message-ID is then the same.
pub async fn deliver(state: &AppState, org: OrgId, id: ids::MessageId) -> Result<(), JobError> {
    let found = messages::Entity::find()
        .filter(messages::Column::OrgId.eq(org))
        .filter(messages::Column::Id.eq(id))
        .one(state.store.reader())
        .await
        .map_err(StoreError::from)?;
    let Some(row) = found.filter(|row| row.status != MessageStatus::Sent) else { return Ok(()) };
    if let Some(reason) = senseless(state, &row).await? {
        let txn = state.store.begin().await?;
        let change = (MessageStatus::Failed, Some(reason));
        settle(&txn, org, id, change, state.clock.now(), "message.dropped", json!({ "kind": row.kind })).await?;
        metrics::mail("dropped");
        return Ok(txn.commit().await?);
    }
    let kind = row.kind.clone();
    let Some(mail) = outgoing(state, row) else { return Err(JobError::GiveUp { reason: Reason::MailUnreadable }) };
    let sent = state.mailer.send(&mail).await;
    metrics::mail(match &sent {
        Ok(_) => "sent",
        Err(MailError::Transient { .. }) => "deferred",
        Err(MailError::Permanent { .. }) => "refused",
        Err(MailError::Unavailable { .. }) => "unavailable",
        Err(MailError::UnknownOutcome { .. }) => "unanswered",
    });
    let Err(error) = sent else {
        let txn = state.store.begin().await?;
        let change = (MessageStatus::Sent, None);
        settle(&txn, org, id, change, state.clock.now(), "message.sent", json!({ "kind": kind })).await?;
        return Ok(txn.commit().await?);
    };
    // What the server said besides may name the recipient.
    tracing::warn!(message = %id, %error, "a mail was not handed over");
    let reason = match &error {
        MailError::Transient { .. } => Reason::MailDeferred,
        MailError::Permanent { .. } => Reason::MailRefused,
        MailError::Unavailable { .. } => Reason::MailUnavailable,
        MailError::UnknownOutcome { .. } => Reason::MailUnanswered,
    };
    Err(if error.is_retryable() {
        JobError::Retry { after: error.retry_after(), reason }
    } else {
        JobError::GiveUp { reason }
    })
}

/// Keeps why a try failed; with the last one the message has failed as well.
pub async fn failed(
    txn: &Txn,
    org: OrgId,
    id: ids::MessageId,
    reason: Reason,
    is_last: bool,
) -> Result<(), StoreError> {
    let status = if is_last { MessageStatus::Failed } else { MessageStatus::Queued };
    let detail = json!({ "reason": reason.code(), "given_up": is_last });
    let now = store::now(&**txn).await?;
    settle(txn, org, id, (status, Some(reason)), now, "message.failed", detail).await
}

/// A message's words.
pub struct Body {
    pub text: String,
    pub html: String,
}

/// Opens the words of a stored message.
///
/// # Errors
/// The key they were sealed with is gone, or they were altered.
pub fn body(keys: &KeyRing, row: &messages::Model) -> Result<Body, OpenError> {
    let open =
        |column, sealed: &str| Ok(keys.open(&body_place(row.org_id, row.id, column), sealed)?.expose().to_owned());
    Ok(Body { text: open("text_body", &row.text_body)?, html: open("html_body", &row.html_body)? })
}

fn body_place(org: OrgId, message: ids::MessageId, column: &'static str) -> Place {
    Place::new(Some(org), "messages", message, column)
}

/// Why this mail must not go any more, if so.
async fn senseless(state: &AppState, row: &messages::Model) -> Result<Option<Reason>, StoreError> {
    match row.booking_id {
        Some(booking) if REMINDERS.contains(&row.kind.as_str()) => {
            let event = event_of(state, row.org_id, booking).await?;
            let start = event.filter(|event| event.status == EventStatus::Confirmed).map(|event| event.starts_at.at());
            Ok(match start.filter(|start| row.about.starts_with(&reminders_of(booking, *start))) {
                None => Some(Reason::MailOvertaken),
                Some(start) => (start <= state.clock.now()).then_some(Reason::MailTooLate),
            })
        }
        _ => Ok(is_overtaken(state, row).await?.then_some(Reason::MailOvertaken)),
    }
}

async fn event_of(state: &AppState, org: OrgId, booking: BookingId) -> Result<Option<events::Model>, StoreError> {
    let event = events::Entity::find()
        .filter(events::Column::OrgId.eq(org))
        .filter(events::Column::BookingId.eq(booking))
        .order_by_desc(events::Column::Sequence)
        .one(state.store.reader())
        .await?;
    Ok(event)
}

/// Whether this mail would be the last word about a time that no longer holds: its event was moved or cancelled, and no later
/// mail to the same person waits behind it to say so. In its turn it may go; tried again after that one, it must not.
async fn is_overtaken(state: &AppState, row: &messages::Model) -> Result<bool, StoreError> {
    let (true, Some(booking)) = (TIMES.contains(&row.kind.as_str()), row.booking_id) else { return Ok(false) };
    let db = state.store.reader();
    let event = event_of(state, row.org_id, booking).await?;
    let holds = event.is_none_or(|event| event.status != EventStatus::Cancelled && event.sequence <= row.sequence);
    if holds {
        return Ok(false);
    }
    let waiting = outbox::queued(db, row.org_id, &thread(&row.about, &row.to_email)).await?;
    let waiting = waiting.into_iter().filter_map(|job| match job {
        Job::SendMessage { message, .. } => Some(message),
        _ => None,
    });
    let later = messages::Entity::find()
        .filter(messages::Column::OrgId.eq(row.org_id))
        .filter(messages::Column::Id.is_in(waiting))
        .filter(messages::Column::Sequence.gt(row.sequence))
        .one(db)
        .await?;
    Ok(later.is_none())
}

/// Keeps the mails about one thing to one person in order.
fn thread(about: &str, to: &str) -> String {
    format!("mail:{about}:{to}")
}

fn outgoing(state: &AppState, row: messages::Model) -> Option<OutgoingMail> {
    let method = match row.ics_method.as_str() {
        "" => None,
        "REQUEST" => Some(Method::Request),
        "CANCEL" => Some(Method::Cancel),
        _ => return None,
    };
    let body = body(&state.keys, &row).ok()?;
    let to: MailAddress = row.to_email.parse().ok()?;
    let domain = state.config.mail.from.address.domain().to_owned();
    Some(OutgoingMail {
        id: MessageId::derive(&domain, &row.about, &to, &row.kind, row.sequence.unsigned_abs()),
        to: Mailbox { address: to, name: row.to_name.parse().ok() },
        reply_to: row.reply_to.parse().ok(),
        date: row.created_at.at(),
        content: RenderedMail {
            subject: row.subject,
            text: body.text,
            html: body.html,
            ics: method.map(|method| (method, row.ics)),
        },
    })
}

async fn settle(
    txn: &Txn,
    org: OrgId,
    id: ids::MessageId,
    (status, reason): (MessageStatus, Option<Reason>),
    now: DateTime<Utc>,
    action: &'static str,
    detail: serde_json::Value,
) -> Result<(), StoreError> {
    let change = messages::ActiveModel {
        status: Set(status),
        last_error: Set(reason.map_or("", Reason::code).to_owned()),
        sent_at: Set((status == MessageStatus::Sent).then(|| Stamp::from(now))),
        ..Default::default()
    };
    messages::Entity::update_many()
        .set(change)
        .filter(messages::Column::OrgId.eq(org))
        .filter(messages::Column::Id.eq(id))
        .exec(&**txn)
        .await?;
    let (actor, subject, origin) = (Actor::System, id.to_string(), Origin::default());
    audit::record(txn, AuditEntry { org, actor, action, subject, detail, origin }).await
}
