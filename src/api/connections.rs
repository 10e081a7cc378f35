//! `/connections` and `/preferences`: the calendars of the person a key acts for, one account at each provider, and what is put into them.
//!
//! Connecting itself is a person's: the answer is the page where they start, and the provider sends their browser back to Convene.

use std::collections::BTreeSet;

use axum::{
    extract::{Path, State},
    response::Response,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    Caller, Once, Reply,
    body::Body,
    caller::{ConnectionsRead, ConnectionsWrite},
    paging::Params,
    words::Instant,
};
use crate::{
    booking::leave::{self, Interviews},
    calendars::Provider,
    connections::{
        self, Connection, Need, choice,
        choice::{Choice, Target},
        refresh::{Refreshed, refresh},
    },
    error::AppError,
    ids::{CalendarId, ConnectionId},
    limits,
    people::{Member, preferences, preferences::Preference},
    state::AppState,
    store::words::{self, AccessLevel, Alert, ConnectionStatus, EventKind},
    web::routes::Routes,
};

/// How often somebody may have their accounts read at once; the pages count with us.
const SYNCS: u32 = 12;
const MINUTE: std::time::Duration = std::time::Duration::from_secs(60);

pub fn routes() -> Routes {
    Routes::default()
        .get("/api/v1/connections", list_all)
        .get("/api/v1/connections/{provider}", get_one)
        .post("/api/v1/connections/{provider}/connect", connect)
        .put("/api/v1/connections/{provider}/calendars", choose)
        .post("/api/v1/connections/{provider}/sync", sync)
        .delete("/api/v1/connections/{provider}", disconnect)
        .get("/api/v1/preferences", get_preferences)
        .put("/api/v1/preferences", set_preferences)
}

/// An account at a provider.
#[derive(Serialize, ToSchema)]
pub struct ConnectionView {
    pub id: ConnectionId,
    pub provider: words::Provider,
    /// Which account it is; `null` if the provider did not tell.
    pub account_email: Option<String>,
    pub status: ConnectionStatus,
    /// What its owner can do about it, in a sentence; `null` when all is well.
    pub problem: Option<String>,
    /// The one that interviews are written to.
    pub is_primary: bool,
    pub can_read_busy: bool,
    pub can_write_events: bool,
    pub calendars: Vec<CalendarView>,
    pub connected_at: Instant,
    pub last_synced_at: Option<Instant>,
}

#[derive(Serialize, ToSchema)]
pub struct CalendarView {
    pub id: CalendarId,
    pub name: String,
    pub access: AccessLevel,
    /// Its busy times count.
    pub is_read: bool,
    /// Interviews are put into it.
    pub is_write_target: bool,
    /// Whether the provider still named it when last asked.
    pub is_listed: bool,
}

#[derive(Serialize, ToSchema)]
pub struct ConnectionList {
    pub connections: Vec<ConnectionView>,
}

async fn own(state: &AppState, member: &Member) -> Result<Vec<ConnectionView>, AppError> {
    let db = state.store.reader();
    let found = connections::of_people(db, member.org, &[member.person]).await?.remove(&member.person);
    let found: Vec<Connection> =
        found.unwrap_or_default().into_iter().filter(|one| one.status != ConnectionStatus::Inactive).collect();
    let ids: Vec<ConnectionId> = found.iter().map(|one| one.id).collect();
    let mut calendars = choice::of_connections(db, member.org, &ids).await?;
    let view = |one: Connection| ConnectionView {
        provider: connections::stored(one.provider),
        can_read_busy: one.can(Need::ReadBusy),
        can_write_events: one.can(Need::WriteEvents),
        calendars: calendars.remove(&one.id).unwrap_or_default().into_iter().map(CalendarView::from).collect(),
        id: one.id,
        account_email: Some(one.account_email).filter(|email| !email.is_empty()),
        status: one.status,
        problem: Some(one.last_error).filter(|problem| !problem.is_empty()),
        is_primary: one.is_primary,
        connected_at: one.connected_at.into(),
        last_synced_at: one.last_synced_at.map(Into::into),
    };
    Ok(found.into_iter().map(view).collect())
}

impl From<choice::Calendar> for CalendarView {
    fn from(calendar: choice::Calendar) -> Self {
        Self {
            id: calendar.id,
            name: calendar.name,
            access: calendar.access,
            is_read: calendar.is_read,
            is_write_target: calendar.is_write_target,
            is_listed: calendar.is_listed,
        }
    }
}

async fn view(state: &AppState, member: &Member, provider: Provider) -> Result<ConnectionView, AppError> {
    let provider = connections::stored(provider);
    own(state, member).await?.into_iter().find(|one| one.provider == provider).ok_or_else(AppError::not_found)
}

fn provider(text: &str) -> Result<Provider, AppError> {
    text.parse().map_err(|_| AppError::not_found())
}

/// List connections
///
/// The connected calendar accounts of the person the key acts for. Those of other people stand beside them in `/interviewers`.
#[utoipa::path(
    get, path = "/api/v1/connections", tag = "connections",
    responses((status = 200, description = "The connected accounts.", body = ConnectionList)),
)]
pub async fn list_all(State(state): State<AppState>, caller: Caller<ConnectionsRead>) -> Result<Reply, AppError> {
    Ok(Reply::ok(&ConnectionList { connections: own(&state, caller.member()).await? }))
}

/// Get a connection
#[utoipa::path(
    get, path = "/api/v1/connections/{provider}", tag = "connections",
    params(("provider" = words::Provider, Path)),
    responses((status = 200, description = "The account at this provider.", body = ConnectionView)),
)]
pub async fn get_one(
    State(state): State<AppState>,
    caller: Caller<ConnectionsRead>,
    Path(path): Path<String>,
) -> Result<Reply, AppError> {
    Ok(Reply::ok(&view(&state, caller.member(), provider(&path)?).await?))
}

#[derive(Serialize, ToSchema)]
pub struct Start {
    /// Where the person goes, signed in, to connect the calendar.
    #[schema(format = "uri")]
    pub url: String,
}

/// Where to connect a calendar
///
/// Changes nothing, so it takes no `Idempotency-Key`. Nobody is sent to a provider by following a link: the person presses the button on
/// that page, and the provider's answer comes to their browser, in which it was asked for.
#[utoipa::path(
    post, path = "/api/v1/connections/{provider}/connect", tag = "connections",
    params(("provider" = words::Provider, Path)),
    responses((status = 200, description = "The page to open.", body = Start)),
)]
pub async fn connect(
    State(state): State<AppState>,
    _: Caller<ConnectionsWrite>,
    Path(path): Path<String>,
) -> Result<Reply, AppError> {
    let provider = provider(&path)?;
    if state.services.calendars.get(provider).is_none() {
        return Err(AppError::new(409, "provider_not_set_up", "This provider is not set up on this server."));
    }
    let page = match provider {
        Provider::Apple => "/settings/calendar/apple".to_owned(),
        provider => format!("/settings/calendar#{provider}"),
    };
    Ok(Reply::ok(&Start { url: state.config.web.url(&page) }))
}

/// Which calendars of an account are read, and into which one interviews are put.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Calendars {
    /// Exactly these are read.
    #[schema(min_items = 1, max_items = 200)]
    pub read: Vec<CalendarId>,
    /// Interviews go into this one from now on, and its account becomes the primary one; as before unless said.
    pub write: Option<CalendarId>,
}

/// Choose calendars
#[utoipa::path(
    put, path = "/api/v1/connections/{provider}/calendars", tag = "connections",
    params(("provider" = words::Provider, Path)),
    request_body = Calendars,
    responses((status = 200, description = "The account as it is now.", body = ConnectionView)),
)]
pub async fn choose(
    State(state): State<AppState>,
    caller: Caller<ConnectionsWrite>,
    once: Once,
    Path(path): Path<String>,
    Body { read, sent }: Body<Calendars>,
) -> Response {
    let act = {
        let (state, caller) = (state.clone(), caller.clone());
        async move {
            let provider = provider(&path)?;
            let target = read.write.map_or(Target::AsBefore, Target::Calendar);
            let chosen = Choice { read: read.read, target };
            choice::choose(&state.services, caller.member(), provider, &chosen, &caller.origin).await?;
            Ok(Reply::ok(&view(&state, caller.member(), provider).await?))
        }
    };
    once.carry_out(&state, &caller, &sent, act).await
}

#[derive(Serialize, ToSchema)]
pub struct Synced {
    pub outcome: SyncOutcome,
    pub connection: ConnectionView,
}

/// How reading an account went.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SyncOutcome {
    Read,
    /// Its owner has to sign in again, allow something, or choose their calendars again.
    NeedsOwner,
    /// The provider wants to be left alone for a while.
    Paused,
    /// We keep trying.
    NoAnswer,
}

/// Read an account now
#[utoipa::path(
    post, path = "/api/v1/connections/{provider}/sync", tag = "connections",
    params(("provider" = words::Provider, Path)),
    responses((status = 200, description = "How it went.", body = Synced)),
)]
pub async fn sync(
    State(state): State<AppState>,
    caller: Caller<ConnectionsWrite>,
    once: Once,
    Path(path): Path<String>,
) -> Response {
    let act = {
        let (state, caller) = (state.clone(), caller.clone());
        async move {
            let (provider, member) = (provider(&path)?, caller.member());
            let found = connections::own(state.store.reader(), member, provider).await?;
            let connection = found.ok_or_else(AppError::not_found)?;
            limits::hit(&state.store, "sync_now", &member.person.to_string(), SYNCS, MINUTE).await?;
            let outcome = match refresh(&state.services, member, connection.id).await? {
                Refreshed::Read => SyncOutcome::Read,
                Refreshed::NeedsOwner => SyncOutcome::NeedsOwner,
                Refreshed::Paused(_) => SyncOutcome::Paused,
                Refreshed::NoAnswer => SyncOutcome::NoAnswer,
            };
            Ok(Reply::ok(&Synced { outcome, connection: view(&state, member, provider).await? }))
        }
    };
    once.carry_out(&state, &caller, &Value::Null, act).await
}

/// Disconnect an account
///
/// Its tokens are deleted at once and the permission is handed back. No interview is cancelled: with `interviews=leave` those to come are
/// taken out of it and go where new ones go, otherwise they stay where they are. A second time changes nothing.
#[utoipa::path(
    delete, path = "/api/v1/connections/{provider}", tag = "connections",
    params(
        ("provider" = words::Provider, Path),
        ("interviews" = Option<WhatStands>, Query, description = "What becomes of interviews in it; `stay` unless said."),
    ),
    responses((status = 204, description = "It is disconnected.")),
)]
pub async fn disconnect(
    State(state): State<AppState>,
    caller: Caller<ConnectionsWrite>,
    once: Once,
    Path(path): Path<String>,
    params: Params,
) -> Response {
    let act = {
        let (state, caller) = (state.clone(), caller.clone());
        async move {
            let provider = provider(&path)?;
            params.only(&["interviews"])?;
            let interviews = match params.get("interviews") {
                None => Interviews::Stay,
                Some(word) => word
                    .parse()
                    .map_err(|()| AppError::invalid("interviews", "interviews_unknown", "Use stay or leave."))?,
            };
            leave::disconnect(&state, caller.member(), provider, interviews, &caller.origin).await?;
            Ok(Reply::nothing())
        }
    };
    once.carry_out(&state, &caller, &Value::Null, act).await
}

/// What becomes of interviews that stand in a calendar.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum WhatStands {
    Stay,
    Leave,
}

/// What is put into the person's calendar.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Preferences {
    /// Kinds that are left out stay as they are.
    #[schema(min_items = 1, max_items = 5)]
    pub kinds: Vec<KindPreference>,
}

#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KindPreference {
    pub kind: EventKind,
    pub is_synced: bool,
    /// When the calendar alerts them: `default`, `none`, or so many minutes before.
    pub alert: Alert,
}

async fn kept(state: &AppState, member: &Member) -> Result<Preferences, AppError> {
    let found = preferences::preferences(state.store.reader(), member.org, member.person).await?;
    let kinds = found.into_iter();
    let kinds = kinds.map(|(kind, Preference { is_synced, alert })| KindPreference { kind, is_synced, alert });
    Ok(Preferences { kinds: kinds.collect() })
}

/// Get preferences
///
/// Which kinds of events are put into the calendar of the person the key acts for.
#[utoipa::path(
    get, path = "/api/v1/preferences", tag = "connections",
    responses((status = 200, description = "Every kind.", body = Preferences)),
)]
pub async fn get_preferences(
    State(state): State<AppState>,
    caller: Caller<ConnectionsRead>,
) -> Result<Reply, AppError> {
    Ok(Reply::ok(&kept(&state, caller.member()).await?))
}

/// Set preferences
///
/// They hold from now on; what stands in a calendar stays there.
#[utoipa::path(
    put, path = "/api/v1/preferences", tag = "connections",
    request_body = Preferences,
    responses((status = 200, description = "Every kind as it is now.", body = Preferences)),
)]
pub async fn set_preferences(
    State(state): State<AppState>,
    caller: Caller<ConnectionsWrite>,
    once: Once,
    Body { read, sent }: Body<Preferences>,
) -> Response {
    let act = {
        let (state, caller) = (state.clone(), caller.clone());
        async move {
            let mut kinds = BTreeSet::new();
            if read.kinds.is_empty() {
                return Err(AppError::invalid("kinds", "kinds_none", "Name at least one kind."));
            }
            for (at, one) in read.kinds.iter().enumerate() {
                if !kinds.insert(one.kind.as_str()) {
                    let error = AppError::new(422, "kind_twice", "This kind is named twice.");
                    return Err(error.field(format!("kinds[{at}].kind")));
                }
            }
            let preference = |one: &KindPreference| Preference { is_synced: one.is_synced, alert: one.alert };
            let wanted: Vec<_> = read.kinds.iter().map(|one| (one.kind, preference(one))).collect();
            let txn = state.store.begin().await?;
            preferences::set(&txn, caller.member(), &wanted, caller.origin.clone()).await?;
            txn.commit().await?;
            Ok(Reply::ok(&kept(&state, caller.member()).await?))
        }
    };
    once.carry_out(&state, &caller, &sent, act).await
}
