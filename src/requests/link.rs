//! The candidate's way in: a link for one request, 256 bits, valid until the interview is over.
//!
//! Nothing secret is stored: the token is derived from a random salt with a key that is not in the database, so that the
//! coordinator can be shown the same link again, and only its SHA-256 is looked up.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};
use serde_json::json;

use super::Request;
use crate::{
    ats::{self, News},
    audit::{self, Actor, AuditEntry, Origin},
    error::AppError,
    ids::{LinkId, LinkToken, OrgId, RequestId},
    limits::{self, LimitError},
    notifications::{self, BookingLink, Message, Post, Recipient},
    people::{self, Coordinator},
    secrets::{KeyRing, NewLinkToken},
    state::AppState,
    store::{
        Stamp, StoreError, Txn,
        entities::{booking_links, requests},
        words::{NoteKind, RequestStatus},
    },
};

const PURPOSE: &str = "booking";
/// Mails one address may be sent within an hour on anybody's click.
const MAILS_PER_HOUR: u32 = 5;
const HOUR: Duration = Duration::from_secs(3600);

/// Why a link does not open.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    #[error("link_unknown")]
    Unknown,
    /// The request it belongs to is named, so that the page can say whom to ask.
    #[error("link_expired")]
    Expired { org: OrgId, request: RequestId },
    #[error("link_revoked")]
    Revoked { org: OrgId, request: RequestId },
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<LinkError> for AppError {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Unknown => AppError::new(404, "link_unknown", "This link is not valid. Ask for a new one.")
                .hint("Check that the address was copied whole. If it was, whoever sent it can send another."),
            LinkError::Expired { .. } => {
                AppError::new(410, "link_expired", "This link has expired. Ask for a new one.")
            }
            LinkError::Revoked { .. } => {
                AppError::new(410, "link_revoked", "This link was replaced. Use the newest one you were sent.")
            }
            LinkError::Store(error) => error.into(),
        }
    }
}

/// A link that opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenLink {
    pub id: LinkId,
    pub org: OrgId,
    pub request: RequestId,
}

/// Makes the link of a new request.
pub async fn create(
    txn: &Txn,
    keys: &KeyRing,
    org: OrgId,
    request: RequestId,
    expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let id = LinkId::new();
    let NewLinkToken { token, key_id, salt } = keys.new_link_token(PURPOSE, id.uuid());
    booking_links::Entity::insert(booking_links::ActiveModel {
        id: Set(id),
        org_id: Set(org),
        request_id: Set(request),
        token_hash: Set(token.hash()),
        salt: Set(salt),
        key_id: Set(key_id),
        expires_at: Set(expires_at.into()),
        revoked_at: Set(None),
        created_at: Set(now.into()),
    })
    .exec_without_returning(&**txn)
    .await?;
    Ok(())
}

/// A link as it is stored, whether or not it still opens.
#[derive(Clone, Copy, Debug)]
pub struct Link {
    opens: OpenLink,
    expires_at: DateTime<Utc>,
    revoked: bool,
}

impl Link {
    /// What it opens at this moment.
    pub fn at(&self, now: DateTime<Utc>) -> Result<OpenLink, LinkError> {
        let OpenLink { org, request, .. } = self.opens;
        if self.revoked {
            return Err(LinkError::Revoked { org, request });
        }
        if self.expires_at <= now {
            return Err(LinkError::Expired { org, request });
        }
        Ok(self.opens)
    }
}

/// What a token opens. Reading changes nothing.
pub async fn open(db: &impl ConnectionTrait, token: &LinkToken, now: DateTime<Utc>) -> Result<OpenLink, LinkError> {
    find(db, token).await?.0.at(now)
}

/// The link of this token, with its request.
pub async fn find(db: &impl ConnectionTrait, token: &LinkToken) -> Result<(Link, Request), LinkError> {
    let of_request = booking_links::Entity::belongs_to(requests::Entity)
        .from((booking_links::Column::OrgId, booking_links::Column::RequestId))
        .to((requests::Column::OrgId, requests::Column::Id));
    let (row, request) = booking_links::Entity::find()
        .join(JoinType::InnerJoin, of_request.into())
        .select_also(requests::Entity)
        .filter(booking_links::Column::TokenHash.eq(token.hash()))
        .one(db)
        .await
        .map_err(StoreError::from)?
        .and_then(|(link, request)| Some((link, request?)))
        .ok_or(LinkError::Unknown)?;
    let opens = OpenLink { id: row.id, org: row.org_id, request: row.request_id };
    let link = Link { opens, expires_at: row.expires_at.at(), revoked: row.revoked_at.is_some() };
    Ok((link, request.try_into()?))
}

/// The request's current link as text, or `None` if its key is no longer in the ring.
pub async fn url(state: &AppState, org: OrgId, request: RequestId) -> Result<Option<String>, StoreError> {
    url_in(state.store.reader(), state, org, request).await
}

/// The same for a caller inside a transaction, which must not wait for a second connection: all of them may be taken by
/// transactions that wait for this one.
pub(crate) async fn url_in(
    db: &impl ConnectionTrait,
    state: &AppState,
    org: OrgId,
    request: RequestId,
) -> Result<Option<String>, StoreError> {
    let row = booking_links::Entity::find()
        .filter(booking_links::Column::OrgId.eq(org))
        .filter(booking_links::Column::RequestId.eq(request))
        .filter(booking_links::Column::RevokedAt.is_null())
        .order_by_desc(booking_links::Column::CreatedAt)
        .one(db)
        .await?;
    let token = row.and_then(|row| state.keys.link_token(&row.key_id, PURPOSE, row.id.uuid(), &row.salt).ok());
    Ok(token.map(|token| state.config.web.url(&format!("/book/{}", token.expose()))))
}

/// From now on the link is valid until `until`: the end of the interview, or again of the window.
pub async fn extend(txn: &Txn, org: OrgId, request: RequestId, until: DateTime<Utc>) -> Result<(), StoreError> {
    booking_links::Entity::update_many()
        .col_expr(booking_links::Column::ExpiresAt, Expr::value(Stamp::from(until)))
        .filter(booking_links::Column::OrgId.eq(org))
        .filter(booking_links::Column::RequestId.eq(request))
        .filter(booking_links::Column::RevokedAt.is_null())
        .exec(&**txn)
        .await?;
    Ok(())
}

/// Remembers that the candidate's browser asked for times (a form or script did, not a mere GET by a mail scanner).
pub async fn opened(state: &AppState, link: OpenLink) -> Result<(), StoreError> {
    let txn = state.store.begin().await?;
    requests::Entity::update_many()
        .col_expr(requests::Column::LinkOpenedAt, Expr::value(Stamp::from(state.clock.now())))
        .filter(requests::Column::OrgId.eq(link.org))
        .filter(requests::Column::Id.eq(link.request))
        .filter(requests::Column::LinkOpenedAt.is_null())
        .exec(&*txn)
        .await?;
    txn.commit().await
}

/// Why the link was not sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error("not_found")]
    NotFound,
    #[error("request_closed")]
    Closed,
    #[error("link_lost")]
    KeyLost,
    #[error("too_many_mails")]
    TooMany(Duration),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<SendError> for AppError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::NotFound => AppError::not_found(),
            SendError::Closed => {
                AppError::new(409, "request_closed", "This request is cancelled, so its link is not sent any more.")
            }
            SendError::KeyLost => {
                AppError::new(409, "link_lost", "The key this link was made with is gone. Replace the link.")
            }
            SendError::TooMany(wait) => {
                let (code, sentence) = ("too_many_mails", "This candidate was sent several mails within the hour.");
                AppError { code: code.into(), sentence: sentence.into(), ..AppError::too_many(wait) }
            }
            SendError::Store(error) => error.into(),
        }
    }
}

/// Mails the link to the candidate.
pub async fn send(
    state: &AppState,
    coordinator: &Coordinator,
    id: RequestId,
    origin: &Origin,
) -> Result<(), SendError> {
    let org = coordinator.member().org;
    let request = super::find(state.store.reader(), org, id).await?.ok_or(SendError::NotFound)?;
    if request.status == RequestStatus::Cancelled {
        return Err(SendError::Closed);
    }
    let link = url(state, org, id).await?.ok_or(SendError::KeyLost)?;
    let now = state.clock.now();
    match limits::hit(&state.store, "mail_to", request.candidate_email.as_str(), MAILS_PER_HOUR, HOUR).await {
        Err(LimitError::RetryAfter(wait)) => return Err(SendError::TooMany(wait)),
        counted => counted.map_err(store_error)?,
    }
    let txn = state.store.begin().await?;
    post_link(&txn, state, coordinator, &request, link, now).await?;
    ats::tell(&txn, state, link_sent(&request, coordinator, now), now).await?;
    requests::Entity::update_many()
        .col_expr(requests::Column::LinkSentAt, Expr::value(Stamp::from(now)))
        .filter(requests::Column::OrgId.eq(org))
        .filter(requests::Column::Id.eq(id))
        .exec(&*txn)
        .await
        .map_err(StoreError::from)?;
    audit::record(
        &txn,
        AuditEntry {
            org,
            actor: Actor::Person(coordinator.member().person),
            action: "request.link_sent",
            subject: id.to_string(),
            detail: json!({}),
            origin: origin.clone(),
        },
    )
    .await?;
    txn.commit().await?;
    state.wake.notify_one();
    Ok(())
}

async fn post_link(
    txn: &Txn,
    state: &AppState,
    coordinator: &Coordinator,
    request: &Request,
    link: String,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let Ok(link) = link.parse() else { return Ok(()) };
    let panel = super::panel(&**txn, request.org, request.id).await?;
    let message = Message::BookingLink(BookingLink {
        interview_type: request.interview_type.clone(),
        coordinator: coordinator.member().name.clone(),
        organisation: people::organisation(&**txn, request.org).await?.name,
        interviewers: panel.people.values().map(|person| person.name.clone()).collect(),
        minutes: request.duration,
        note: (!request.notes.is_empty()).then(|| request.notes.clone()),
        link,
        until: request.window.end(),
    });
    let Some(to) = Recipient::parse(request.candidate_email.as_str(), &request.candidate_name, request.zone) else {
        return Ok(());
    };
    let post = Post {
        org: request.org,
        request: Some(request.id),
        booking: None,
        // Sending again is a new mail, not the same one twice.
        about: format!("{}:{}", request.id, now.timestamp_millis()),
        sequence: 0,
        reply_to: coordinator.member().contact().map(ToString::to_string),
    };
    notifications::post(txn, &state.config, &message, &to, post, now).await
}

/// What the applicant-tracking system is told. Never the link itself.
fn link_sent<'a>(request: &'a Request, coordinator: &'a Coordinator, now: DateTime<Utc>) -> News<'a> {
    News {
        org: request.org,
        request: request.id,
        application: request.application.as_ref(),
        kind: NoteKind::LinkSent,
        // Sending again is news again.
        about: format!("{}:{}", request.id, now.timestamp_millis()),
        candidate: &request.candidate_name,
        interview_type: &request.interview_type,
        minutes: request.duration,
        zone: request.zone,
        time: None,
        before: None,
        interviewers: Vec::new(),
        by: &coordinator.member().name,
        reason: "",
    }
}

fn store_error(error: LimitError) -> StoreError {
    match error {
        LimitError::Store(error) => error,
        LimitError::RetryAfter(_) => StoreError::Contended,
    }
}
