//! Making a connection from what a provider granted: a first read, then the row with its sealed tokens.
//!
//! The read happens before the transaction and decides nothing about keeping the tokens: a provider that is down right now
//! leaves a connection with status `error` that works as soon as it answers.

use std::{collections::BTreeSet, time::Duration};

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    sea_query::Expr,
};

use super::{
    Connection, Need, ProviderClient, Services, alerts, busy, choice, disconnect, from_row, revocation, stored,
    token_place, tokens, tokens::AccessError,
};
use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    calendars::{
        AccessToken, Account, CalendarError, CalendarInfo, Provider,
        identity::Identity,
        oauth::{self, ScopeSet, TokenSet},
    },
    ids::{ConnectionId, OrgId, PersonId},
    people,
    scheduling::{interval::Interval, zones},
    store::{
        Stamp, StoreError, Txn,
        entities::connections,
        words::{ConnectionStatus, Direction, Role},
    },
};

/// How long the first read may take; signing in waits for it.
const PROBE_DEADLINE: Duration = Duration::from_secs(5);
/// What an account that a password opens allows; a provider with OAuth has scopes for it.
pub(super) const READ: &str = "caldav.read";
pub(super) const WRITE: &str = "caldav.write";

/// What the first read of an account showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Empty if the account may not list its calendars, or did not answer.
    pub calendars: Vec<CalendarInfo>,
    pub status: ConnectionStatus,
    /// A sentence for its owner; empty when all is well.
    pub last_error: String,
}

impl Probe {
    /// The zone of the account's primary calendar, where the provider tells it.
    pub fn zone(&self) -> Option<chrono_tz::Tz> {
        self.calendars
            .iter()
            .find(|calendar| calendar.primary)?
            .zone
            .as_deref()
            .and_then(|zone| zones::parse(zone).ok())
    }
}

/// What a person of this role needs a connection for.
pub fn needs(role: Role) -> &'static [Need] {
    match role {
        Role::Admin | Role::Coordinator => &[Need::ReadBusy, Need::WriteEvents],
        Role::Interviewer => &[Need::ReadBusy],
    }
}

/// What somebody wants beyond reading and, for those who arrange interviews, writing: asked for on demand, never ahead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wish {
    #[default]
    Usual,
    /// To choose which calendars are read.
    ChooseCalendars,
    /// A calendar of our own, so that theirs is never changed.
    OwnCalendar,
    /// This account in place of what is connected; they said so.
    TakeOver,
}

impl Wish {
    pub const ALL: [Self; 4] = [Self::Usual, Self::ChooseCalendars, Self::OwnCalendar, Self::TakeOver];

    /// The same without giving up what the connection can do already: tokens that open less would take its place.
    #[must_use]
    pub fn keeping(self, connection: &Connection) -> Self {
        match self {
            Self::Usual | Self::ChooseCalendars if connection.can(Need::MakeCalendars) => Self::OwnCalendar,
            Self::Usual if connection.can(Need::ListCalendars) => Self::ChooseCalendars,
            wish => wish,
        }
    }
}

/// What to ask a person of this role for.
pub fn asks(role: Role, wish: Wish) -> ScopeSet {
    match (role, wish) {
        (Role::Interviewer, Wish::ChooseCalendars) => ScopeSet::Chooser,
        (Role::Interviewer, _) => ScopeSet::Interviewer,
        (Role::Admin | Role::Coordinator, Wish::OwnCalendar) => ScopeSet::OwnCalendar,
        (Role::Admin | Role::Coordinator, _) => ScopeSet::Coordinator,
    }
}

/// Reads a day of the account and its list of calendars, as far as that was granted, and says what is missing of `needs`.
pub async fn probe(
    client: &ProviderClient,
    provider: Provider,
    token: &AccessToken,
    account: &Account,
    scopes: &BTreeSet<String>,
    needs: &[Need],
    now: DateTime<Utc>,
) -> Probe {
    let missing = missing_sentence(provider, scopes, needs);
    if !opens(provider, scopes, Need::ReadBusy) {
        return Probe { calendars: Vec::new(), status: ConnectionStatus::Active, last_error: missing };
    }
    let looked = tokio::time::timeout(PROBE_DEADLINE, look(client, token, account, now)).await;
    let looked = looked.unwrap_or_else(|_| Look {
        calendars: Vec::new(),
        is_readable: true,
        failed: Some(CalendarError::Unavailable("no answer in time".to_owned())),
    });
    let (status, last_error) = match &looked.failed {
        Some(error) => {
            tracing::warn!(%provider, %error, "the first read of a calendar failed");
            (ConnectionStatus::Error, busy::NO_ANSWER.to_owned())
        }
        None if looked.is_readable => (ConnectionStatus::Active, missing),
        None => (ConnectionStatus::Active, busy::CANNOT_READ.to_owned()),
    };
    Probe { calendars: looked.calendars, status, last_error }
}

/// Reads an account again whose first read failed: its calendars, where its owner lives, and whether it answers at all.
///
/// # Errors
/// What kept it from being read, for the worker's retry rules.
pub async fn read_again(services: &Services, org: OrgId, id: ConnectionId) -> Result<(), AccessError> {
    let db = services.store.reader();
    let Some(connection) = super::find(db, org, id).await?.filter(|one| one.can(Need::ReadBusy)) else { return Ok(()) };
    let Some(owner) = people::find(db, org, connection.person).await? else { return Ok(()) };
    let client = services.calendars.get(connection.provider).ok_or(AccessError::NotConnected)?;
    let (account, now) = (connection.account(owner.zone), services.clock.now());
    let looked = tokens::with_access(services, org, id, |token| {
        let (client, account) = (client.clone(), account.clone());
        async move {
            let looked = look(&client, &token, &account, now).await;
            looked.failed.clone().map_or(Ok(looked), Err)
        }
    });
    let looked = looked.await?;
    let last_error = if looked.is_readable {
        missing_sentence(connection.provider, &connection.scopes, needs(owner.role))
    } else {
        busy::CANNOT_READ.to_owned()
    };
    let probe = Probe { calendars: looked.calendars, status: ConnectionStatus::Active, last_error };
    let txn = services.store.begin().await?;
    choice::keep_list(&txn, org, id, connection.provider, &probe.calendars).await?;
    if let Some(zone) = probe.zone() {
        people::learn_zone(&txn, org, connection.person, zone).await?;
    }
    connections::Entity::update_many()
        .col_expr(connections::Column::Status, Expr::value(probe.status.as_str()))
        .col_expr(connections::Column::LastError, Expr::value(probe.last_error))
        .col_expr(connections::Column::LastSyncedAt, Expr::value(Stamp::from(now).millis()))
        .filter(connections::Column::OrgId.eq(org))
        .filter(connections::Column::Id.eq(id))
        // One that expired or was disconnected meanwhile stays that.
        .filter(connections::Column::Status.is_in([ConnectionStatus::Active, ConnectionStatus::Error]))
        .exec(&*txn)
        .await
        .map_err(StoreError::from)?;
    alerts::succeeded(&txn, &connection, Direction::In).await?;
    txn.commit().await?;
    Ok(())
}

/// What one look at an account showed.
struct Look {
    calendars: Vec<CalendarInfo>,
    /// Whether its owner allowed reading when they are busy.
    is_readable: bool,
    /// What may go better another time.
    failed: Option<CalendarError>,
}

/// Asks for the list of calendars and for the coming day. A list that may not be had is empty.
async fn look(client: &ProviderClient, token: &AccessToken, account: &Account, now: DateTime<Utc>) -> Look {
    let day = Interval::new(now, now + chrono::Duration::days(1));
    let read = async {
        match day {
            Some(day) => client.calendar.busy(token, account, &[], day).await.map(drop),
            None => Ok(()),
        }
    };
    let (listed, read) = tokio::join!(client.calendar.calendars(token), read);
    let is_readable = !matches!(read, Err(CalendarError::PermissionMissing(_)));
    let read = read.err().filter(|_| is_readable);
    let unlisted = listed.as_ref().err().filter(|error| error.is_retryable()).cloned();
    Look { calendars: listed.unwrap_or_default(), is_readable, failed: read.or(unlisted) }
}

/// Why a grant was not stored.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The provider gave no refresh token and we have none from before that works: the connection would end within the hour.
    #[error("no refresh token was granted")]
    OfflineMissing,
    /// The organisation wants none of this provider's calendars.
    #[error("the organisation does not connect calendars there")]
    NotAllowed,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What opens an account.
#[derive(Clone, Copy)]
pub enum Opener<'a> {
    /// Tokens that are renewed.
    Tokens(&'a TokenSet),
    /// A name and a password, in the shape of a token that has no end.
    Password(&'a AccessToken),
}

/// What a provider granted, and for which account.
#[derive(Clone, Copy)]
pub struct Grant<'a> {
    pub provider: Provider,
    pub identity: &'a Identity,
    pub opener: Opener<'a>,
    /// The granted scopes: of the answer, or those asked for where it names none (RFC 6749 section 5.1).
    pub scopes: &'a BTreeSet<String>,
    pub probe: &'a Probe,
    /// Whether its owner agreed that it takes the place of what is in its way: another account of this provider, or any other one
    /// where the organisation wants one calendar of each person.
    pub takes_over: bool,
}

/// Whether somebody who only signs in connects their calendar as well: not one that they disconnected, and none that their
/// organisation does not want.
///
/// # Errors
/// The database's.
pub async fn comes_along(
    txn: &Txn,
    org: OrgId,
    person: PersonId,
    provider: Provider,
    subject: &str,
) -> Result<bool, StoreError> {
    let known = super::of_people(&**txn, org, &[person]).await?.remove(&person).unwrap_or_default();
    let known = known.into_iter().find(|one| one.provider == provider && one.account_subject == subject);
    Ok(match known {
        Some(connection) => connection.status != ConnectionStatus::Inactive,
        None => people::organisation(&**txn, org).await?.policies.connects(stored(provider)),
    })
}

/// Stores a grant as the person's connection at this provider, with an audit row. A connection that opens more than this grant is
/// left as it is, and so is what is in its way, unless their owner agreed that this takes its place.
///
/// # Errors
/// [`ConnectError`]; nothing was written then.
pub async fn store(
    services: &Services,
    txn: &Txn,
    org: OrgId,
    person: PersonId,
    grant: Grant<'_>,
    origin: &Origin,
) -> Result<Connection, ConnectError> {
    let rows = super::in_org(org)
        .filter(connections::Column::PersonId.eq(person))
        .order_by_desc(connections::Column::IsPrimary)
        .all(&**txn)
        .await
        .map_err(StoreError::from)?;
    let is_this = |row: &connections::Model| {
        row.provider == stored(grant.provider) && row.account_subject == grant.identity.subject
    };
    let policies = people::organisation(&**txn, org).await?.policies;
    let one_calendar = policies.one_calendar;
    let in_the_way = |row: &&connections::Model| {
        let counts = one_calendar || row.provider == stored(grant.provider);
        row.status != ConnectionStatus::Inactive && !is_this(row) && counts
    };
    let in_the_way: Vec<connections::Model> = rows.iter().filter(in_the_way).cloned().collect();
    let existing = rows.into_iter().find(is_this);
    let goes_on = existing.as_ref().is_some_and(|row| row.status != ConnectionStatus::Inactive);
    if !goes_on && !policies.connects(stored(grant.provider)) {
        return Err(ConnectError::NotAllowed);
    }
    if let Some(kept) = existing.clone().map(from_row).filter(|connection| opens_more(connection, &grant)) {
        return Ok(kept);
    }
    if !grant.takes_over
        && let Some(kept) = in_the_way.first().cloned().map(from_row)
    {
        return Ok(kept);
    }
    for row in &in_the_way {
        disconnect::give_way(services, txn, row, grant.provider, origin).await?;
    }
    let id = existing.as_ref().map_or_else(ConnectionId::new, |row| row.id);
    let connected = existing.as_ref().filter(|row| row.status != ConnectionStatus::Inactive);
    let is_primary = match connected {
        Some(row) => row.is_primary,
        None => !has_primary(txn, org, person).await?,
    };
    let seal = |column, text: &str| services.keys.seal(&token_place(org, id, column), text);
    let now = services.clock.now();
    let (access, refresh, ends) = match grant.opener {
        Opener::Password(token) => (token, None, tokens::never_ends(now)),
        Opener::Tokens(granted) => {
            let refresh = granted.refresh.as_ref().map(|token| seal("refresh_token", token.expose()));
            // An expired connection's refresh token is dead: with it, this would end again within the hour.
            let reusable = existing.as_ref().filter(|row| row.status != ConnectionStatus::Expired);
            let refresh = refresh.or_else(|| reusable.and_then(|row| row.refresh_token.clone()));
            let refresh = refresh.ok_or(ConnectError::OfflineMissing)?;
            (&granted.access, Some(refresh), tokens::ends_at(now, granted.expires_in))
        }
    };
    let row = connections::ActiveModel {
        id: if existing.is_some() { Unchanged(id) } else { Set(id) },
        org_id: Set(org),
        person_id: Set(person),
        provider: Set(stored(grant.provider)),
        account_subject: Set(grant.identity.subject.clone()),
        account_email: Set(grant.identity.email.clone().unwrap_or_default()),
        personal_account: Set(grant.identity.personal),
        status: Set(grant.probe.status),
        last_error: Set(grant.probe.last_error.clone()),
        scopes: Set(grant.scopes.iter().map(String::as_str).collect::<Vec<_>>().join(" ")),
        access_token: Set(Some(seal("access_token", access.expose()))),
        refresh_token: Set(refresh),
        access_expires_at: Set(ends),
        token_version: Set(existing.as_ref().map_or(0, |row| row.token_version + 1)),
        refresh_owner: Set(None),
        refresh_until: Set(None),
        is_primary: Set(is_primary),
        // By the clock that claims go by: a job that is about to be parked asks whether this came after it began.
        connected_at: Set(crate::store::now(&**txn).await?.into()),
        last_synced_at: Set((grant.probe.status == ConnectionStatus::Active).then_some(now.into())),
    };
    let row = if existing.is_some() { row.update(&**txn).await } else { row.insert(&**txn).await };
    let row = row.map_err(StoreError::from)?;
    choice::keep_list(txn, org, id, grant.provider, &grant.probe.calendars).await?;
    busy::forget(txn, org, id).await?;
    revocation::call_off(txn, stored(grant.provider), &grant.identity.subject).await?;
    let connection = from_row(row);
    if connection.status == ConnectionStatus::Active {
        alerts::start_over(txn, &connection).await?;
    }
    let detail = serde_json::json!({
        "provider": connection.provider.as_str(),
        "status": connection.status.as_str(),
        "missing": connection.missing(&[Need::ReadBusy, Need::WriteEvents]),
    });
    let action = if existing.is_some() { "connection.reconnected" } else { "connection.connected" };
    let actor = Actor::Person(person);
    let entry = AuditEntry { org, actor, action, subject: id.to_string(), detail, origin: origin.clone() };
    audit::record(txn, entry).await?;
    services.watch.connected(txn, &connection).await?;
    Ok(connection)
}

/// Whether it works and opens something that this grant does not: somebody signing in again with boxes unticked. A password was
/// typed on purpose, and the one before may be about to end.
fn opens_more(connection: &Connection, grant: &Grant<'_>) -> bool {
    let more = |need: Need| connection.can(need) && !opens(grant.provider, grant.scopes, need);
    connection.is_usable() && matches!(grant.opener, Opener::Tokens(_)) && Need::ALL.into_iter().any(more)
}

async fn has_primary(txn: &Txn, org: OrgId, person: PersonId) -> Result<bool, StoreError> {
    let primary = super::in_org(org)
        .filter(connections::Column::PersonId.eq(person))
        .filter(connections::Column::IsPrimary.eq(true))
        .filter(connections::Column::Status.ne(ConnectionStatus::Inactive));
    Ok(primary.count(&**txn).await? > 0)
}

/// What is missing of what is needed, as a sentence; empty if nothing is.
fn missing_sentence(provider: Provider, scopes: &BTreeSet<String>, needs: &[Need]) -> String {
    let missing: Vec<_> =
        needs.iter().copied().filter(|need| !opens(provider, scopes, *need)).map(Need::in_words).collect();
    if missing.is_empty() {
        return String::new();
    }
    format!("Permission to {} is missing. Reconnect and allow it.", missing.join(" and to "))
}

/// Whether granted scopes open something; what opens what is [`oauth::scopes`]' knowledge.
pub(super) fn opens(provider: Provider, granted: &BTreeSet<String>, need: Need) -> bool {
    let (asked, scope) = match (provider, need) {
        (Provider::Apple, Need::ReadBusy | Need::ListCalendars) => return granted.contains(READ),
        (Provider::Apple, Need::WriteEvents | Need::MakeCalendars) => return granted.contains(WRITE),
        (Provider::Google, Need::ListCalendars) => (ScopeSet::Chooser, "calendar.calendarlist.readonly"),
        (Provider::Google, Need::MakeCalendars) => (ScopeSet::OwnCalendar, "calendar.app.created"),
        (Provider::Microsoft, Need::ListCalendars) => (ScopeSet::Interviewer, "Calendars.Read"),
        (Provider::Microsoft, Need::MakeCalendars) => (ScopeSet::Coordinator, "Calendars.ReadWrite"),
        (Provider::Google, Need::ReadBusy) => (ScopeSet::Interviewer, "calendar.freebusy"),
        (Provider::Google, Need::WriteEvents) => (ScopeSet::Coordinator, "calendar.events"),
        (Provider::Microsoft, Need::ReadBusy) => (ScopeSet::Interviewer, "Calendars.Read"),
        (Provider::Microsoft, Need::WriteEvents) => (ScopeSet::Coordinator, "Calendars.ReadWrite"),
    };
    !oauth::missing(provider, granted, asked).iter().any(|missing| missing.scope == scope)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_open_what_the_providers_say() {
        let google = "https://www.googleapis.com/auth/";
        let graph = "https://graph.microsoft.com/";
        let table = [
            (Provider::Google, format!("openid {google}calendar.freebusy"), true, false),
            (Provider::Google, format!("{google}calendar.events {google}calendar.calendarlist.readonly"), false, true),
            (Provider::Google, format!("{google}calendar.events {google}calendar.freebusy"), true, true),
            (Provider::Google, format!("{google}calendar"), true, true),
            (Provider::Google, format!("{google}calendar.readonly"), true, false),
            (Provider::Google, "openid email profile".to_owned(), false, false),
            (Provider::Microsoft, "Calendars.Read User.Read".to_owned(), true, false),
            (Provider::Microsoft, format!("{graph}Calendars.ReadWrite"), true, true),
            (Provider::Microsoft, "calendars.read".to_owned(), true, false),
            (Provider::Microsoft, "openid profile User.Read".to_owned(), false, false),
            (Provider::Apple, READ.to_owned(), true, false),
            (Provider::Apple, format!("{READ} {WRITE}"), true, true),
            (Provider::Apple, String::new(), false, false),
        ];
        for (provider, scopes, reads, writes) in table {
            let list: BTreeSet<_> = scopes.split(' ').map(str::to_owned).collect();
            assert_eq!(opens(provider, &list, Need::ReadBusy), reads, "{scopes}");
            assert_eq!(opens(provider, &list, Need::WriteEvents), writes, "{scopes}");
        }
    }

    #[test]
    fn what_is_missing_is_said_in_words() {
        let sentence = missing_sentence(Provider::Google, &BTreeSet::from(["openid".to_owned()]), needs(Role::Admin));
        assert_eq!(
            sentence,
            "Permission to see when you are busy and to add events to your calendar is missing. Reconnect and allow it."
        );
    }
}
