//! Asking: making an invitation and mailing it, mailing it again, taking it back.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde_json::json;

use super::{Invitation, LIFE, has_account, insert, pending, url};
use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    connections,
    error::AppError,
    ids::{Email, InvitationId, PersonId, PersonName, RequestId},
    limits::{self, LimitError},
    notifications::{self, Asked, ConnectCalendar, Message, Post, Recipient},
    people::{self, Coordinator, Person},
    requests::{self, Request},
    state::AppState,
    store::{Stamp, StoreError, Txn, Violation, entities::invitations, words::Role},
};

/// Mails one address may be sent within an hour on anybody's click.
const MAILS_PER_HOUR: u32 = 5;
const HOUR: Duration = Duration::from_secs(3600);

/// Who is asked, for what.
#[derive(Clone, Debug)]
pub struct Ask {
    pub email: Email,
    /// Used if nobody has this address yet.
    pub name: Option<PersonName>,
    pub role: Role,
    /// The request that makes somebody ask.
    pub request: Option<RequestId>,
}

impl Ask {
    /// For an interviewer, who is only read.
    pub fn interviewer(email: Email, request: Option<RequestId>) -> Self {
        Self { email, name: None, role: Role::Interviewer, request }
    }
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A mail with a link is on its way.
    Invited(InvitationId),
    /// They have an account here: a mail asks them to sign in, where they find what they are asked for.
    AskedToSignIn,
}

/// Why nobody was asked.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    #[error("already_connected")]
    AlreadyConnected { name: String },
    /// Only administrators make coordinators.
    #[error("forbidden")]
    Forbidden,
    #[error("person_disabled")]
    Disabled,
    #[error("not_found")]
    NotFound,
    #[error("email_invalid")]
    Unmailable,
    #[error("too_many_mails")]
    TooMany(Duration),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<AskError> for AppError {
    fn from(error: AskError) -> Self {
        match error {
            AskError::AlreadyConnected { name } => Self::new(
                409,
                "already_connected",
                format!("{name} is connected already. There is nothing to ask for."),
            ),
            AskError::Forbidden => Self::new(403, "forbidden", "Only an administrator can invite coordinators."),
            AskError::Disabled => Self::new(409, "person_disabled", "This person was switched off here.")
                .hint("Ask an administrator to switch them on again."),
            AskError::NotFound => Self::not_found(),
            AskError::Unmailable => Self::invalid("email", "email_invalid", "Mail cannot carry this address."),
            AskError::TooMany(wait) => {
                let (code, sentence) = ("too_many_mails", "This person was sent several mails within the hour.");
                Self { code: code.into(), sentence: sentence.into(), ..Self::too_many(wait) }
            }
            AskError::Store(error) => error.into(),
        }
    }
}

/// Asks somebody by mail. An invitation that waits already is mailed again and works as long as a new one.
///
/// # Errors
/// See [`AskError`]; nothing was written or mailed then.
pub async fn ask(state: &AppState, coordinator: &Coordinator, ask: &Ask, origin: &Origin) -> Result<Outcome, AskError> {
    let me = coordinator.member();
    if ask.role != Role::Interviewer && me.role != Role::Admin {
        return Err(AskError::Forbidden);
    }
    match limits::hit(&state.store, "mail_to", ask.email.as_str(), MAILS_PER_HOUR, HOUR).await {
        Err(LimitError::RetryAfter(wait)) => return Err(AskError::TooMany(wait)),
        Err(LimitError::Store(error)) => return Err(error.into()),
        Ok(()) => {}
    }
    match once(state, coordinator, ask, origin).await {
        // Somebody else invited the same person at the same moment: their invitation is the one now.
        Err(AskError::Store(StoreError::Refused(Violation::Duplicate))) => once(state, coordinator, ask, origin).await,
        outcome => outcome,
    }
}

async fn once(state: &AppState, coordinator: &Coordinator, ask: &Ask, origin: &Origin) -> Result<Outcome, AskError> {
    let (me, now) = (coordinator.member(), state.clock.now());
    let org = me.org;
    let txn = state.store.begin().await?;
    let request = match ask.request {
        Some(id) => Some(requests::find(&*txn, org, id).await?.ok_or(AskError::NotFound)?),
        None => None,
    };
    let name = ask.name.as_ref().map_or_else(|| ask.email.guessed_name(), ToString::to_string);
    let id = people::ensure_interviewer(&txn, org, &ask.email, &name).await?;
    let person = people::find(&*txn, org, id).await?.ok_or(AskError::NotFound)?;
    if person.disabled_at.is_some() {
        return Err(AskError::Disabled);
    }
    if is_there(&txn, &person, ask.role).await? {
        return Err(AskError::AlreadyConnected { name: person.name });
    }
    let account = has_account(&*txn, org, id).await?;
    let invitation = match (pending(&*txn, org, id).await?, account) {
        // Nothing to accept: they sign in and connect.
        (None, true) if ask.role == Role::Interviewer => None,
        (Some(waiting), _) => Some(again(&txn, &waiting, ask, me.person, now).await?),
        (None, _) => Some(first(&txn, state, ask, id, coordinator, now).await?),
    };
    let link = match &invitation {
        Some(invitation) if !account => url(&*txn, state, org, invitation.id).await?,
        _ => Some(state.config.web.url("/settings/calendar")),
    };
    // The key of a link just made is in the ring; that of an older one may be gone, and a new one takes its place.
    let (link, invitation) = match (link, invitation) {
        (Some(link), invitation) => (link, invitation),
        (None, Some(lost)) => {
            withdraw_row(&txn, &lost, now).await?;
            let made = first(&txn, state, ask, id, coordinator, now).await?;
            (url(&*txn, state, org, made.id).await?.ok_or(AskError::NotFound)?, Some(made))
        }
        (None, None) => return Err(AskError::NotFound),
    };
    mail(&txn, state, coordinator, ask, request.as_ref(), &person, invitation.as_ref(), &link, now).await?;
    audit::record(
        &txn,
        AuditEntry {
            org,
            actor: Actor::Person(me.person),
            action: "person.invited",
            subject: id.to_string(),
            detail: json!({ "role": ask.role.as_str(), "request": ask.request, "has_account": account }),
            origin: origin.clone(),
        },
    )
    .await?;
    txn.commit().await?;
    state.wake.notify_one();
    Ok(match invitation {
        Some(invitation) if !account => Outcome::Invited(invitation.id),
        _ => Outcome::AskedToSignIn,
    })
}

/// Whether they are what they would be asked to become.
async fn is_there(txn: &Txn, person: &Person, wanted: Role) -> Result<bool, StoreError> {
    if wanted != Role::Interviewer && person.role == Role::Interviewer {
        return Ok(false);
    }
    Ok(connections::serving(&**txn, person.org, person.id, wanted).await?.is_some())
}

async fn first(
    txn: &Txn,
    state: &AppState,
    ask: &Ask,
    person: PersonId,
    by: &Coordinator,
    now: DateTime<Utc>,
) -> Result<Invitation, StoreError> {
    let invitation = Invitation {
        id: InvitationId::new(),
        org: by.member().org,
        person,
        role: ask.role,
        invited_by: by.member().person,
        request: ask.request,
        sent_at: now,
        expires_at: now + LIFE,
        revoked_at: None,
        accepted_at: None,
    };
    insert(txn, &state.keys, &invitation).await?;
    Ok(invitation)
}

/// The same invitation once more: by whoever asks now, for what they ask now.
async fn again(
    txn: &Txn,
    waiting: &Invitation,
    ask: &Ask,
    by: PersonId,
    now: DateTime<Utc>,
) -> Result<Invitation, StoreError> {
    // An interviewer's invitation sent to somebody who is asked to coordinate takes nothing back.
    let role = if waiting.role == Role::Interviewer { ask.role } else { waiting.role };
    let request = ask.request.or(waiting.request);
    let next = Invitation { role, request, invited_by: by, sent_at: now, expires_at: now + LIFE, ..waiting.clone() };
    invitations::Entity::update_many()
        .col_expr(invitations::Column::Role, Expr::value(role))
        .col_expr(invitations::Column::RequestId, Expr::value(request.map(RequestId::uuid)))
        .col_expr(invitations::Column::InvitedBy, Expr::value(by.uuid()))
        .col_expr(invitations::Column::SentAt, Expr::value(Stamp::from(now)))
        .col_expr(invitations::Column::ExpiresAt, Expr::value(Stamp::from(next.expires_at)))
        .filter(invitations::Column::OrgId.eq(waiting.org))
        .filter(invitations::Column::Id.eq(waiting.id))
        .exec(&**txn)
        .await?;
    Ok(next)
}

#[allow(clippy::too_many_arguments, reason = "what a letter says, once")]
async fn mail(
    txn: &Txn,
    state: &AppState,
    coordinator: &Coordinator,
    ask: &Ask,
    request: Option<&Request>,
    person: &Person,
    invitation: Option<&Invitation>,
    link: &str,
    now: DateTime<Utc>,
) -> Result<(), AskError> {
    let me = coordinator.member();
    let zone = request.map_or_else(|| me.clock(), |request| request.zone);
    let to = person.contact().and_then(|email| Recipient::parse(email.as_str(), &person.name, person.zone_for(zone)));
    let to = to.ok_or(AskError::Unmailable)?;
    let Ok(link) = link.parse() else { return Err(AskError::Unmailable) };
    let works = invitation.filter(|_| !matches!(person.role, Role::Admin | Role::Coordinator));
    let message = Message::ConnectCalendar(ConnectCalendar {
        inviter: me.name.clone(),
        organisation: people::organisation(&**txn, me.org).await?.name,
        asked: match (ask.role, works) {
            (Role::Interviewer, None) => Asked::ToReconnect,
            (Role::Interviewer, Some(_)) => Asked::ToBeRead,
            _ => Asked::ToArrange,
        },
        interview: request.map(|request| request.interview_type.clone()),
        link,
        until: works.map(|invitation| invitation.expires_at),
    });
    let about = Post {
        org: me.org,
        request: ask.request,
        booking: None,
        // Each time anew.
        about: match invitation {
            Some(invitation) => format!("{}:{}", invitation.id, now.timestamp_millis()),
            None => format!("{}:{}", person.id, now.timestamp_millis()),
        },
        sequence: 0,
        reply_to: me.contact().map(ToString::to_string),
    };
    notifications::post(txn, &state.config, &message, &to, about, now).await?;
    Ok(())
}

/// Takes an invitation back: its link stops working.
///
/// # Errors
/// [`AskError::NotFound`] if it is not one of the coordinator's organisation that still waits.
pub async fn withdraw(
    state: &AppState,
    coordinator: &Coordinator,
    person: PersonId,
    origin: &Origin,
) -> Result<(), AskError> {
    let me = coordinator.member();
    let txn = state.store.begin().await?;
    let waiting = pending(&*txn, me.org, person).await?.ok_or(AskError::NotFound)?;
    if !withdraw_row(&txn, &waiting, state.clock.now()).await? {
        return Err(AskError::NotFound);
    }
    let (actor, subject) = (Actor::Person(me.person), person.to_string());
    let (action, detail) = ("person.invitation_withdrawn", json!({ "invitation": waiting.id }));
    audit::record(&txn, AuditEntry { org: me.org, actor, action, subject, detail, origin: origin.clone() }).await?;
    txn.commit().await?;
    Ok(())
}

async fn withdraw_row(txn: &Txn, waiting: &Invitation, now: DateTime<Utc>) -> Result<bool, StoreError> {
    let done = invitations::Entity::update_many()
        .col_expr(invitations::Column::RevokedAt, Expr::value(Some(Stamp::from(now).millis())))
        .filter(invitations::Column::OrgId.eq(waiting.org))
        .filter(invitations::Column::Id.eq(waiting.id))
        .filter(invitations::Column::RevokedAt.is_null())
        .filter(invitations::Column::AcceptedAt.is_null())
        .exec(&**txn)
        .await?;
    Ok(done.rows_affected == 1)
}
