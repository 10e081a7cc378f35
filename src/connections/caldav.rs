//! Connecting a calendar that a name and a password open: iCloud, or a CalDAV server at an address that its owner typed.
//!
//! The account is looked up and read once before anything is stored. What is wrong with what was typed has a code and a sentence
//! each; why an address may not be used is for the log only.

use std::{collections::BTreeSet, time::Duration};

use url::Url;

use super::{
    Connection, ProviderClient, Services,
    connect::{self, Grant, Opener, READ, WRITE},
};
use crate::{
    audit::Origin,
    calendars::{
        Account, CalendarError, Provider,
        caldav::{DavError, Server, SignedIn},
        identity::Identity,
    },
    error::AppError,
    people::{self, Member},
    secrets::Secret,
    store::{StoreError, words::ConnectionStatus},
};

/// How long looking an account up may take; somebody waits for it.
const DEADLINE: Duration = Duration::from_secs(15);
/// Longer than any name, password or address.
const LONGEST: usize = 500;

/// What somebody typed.
pub struct Typed {
    /// Empty for iCloud.
    pub server: String,
    pub user: String,
    pub password: Secret,
    /// They agreed that it takes the place of what is in its way.
    pub takes_over: bool,
}

/// Why a calendar was not connected.
#[derive(Debug, thiserror::Error)]
pub enum CaldavError {
    #[error("This Convene connects no such calendars.")]
    NotSetUp,
    #[error("Type your address.")]
    UserMissing,
    #[error("Type an app-specific password.")]
    PasswordMissing,
    /// Why is for the log.
    #[error("This address cannot be used from here.")]
    UrlNotAllowed,
    #[error("No connection that can be trusted was made: {0}.")]
    Tls(String),
    #[error("User name or app password refused.")]
    Login,
    #[error("This server leads on to {0}. Type that address instead.")]
    Elsewhere(String),
    #[error("This address answers, but not as a CalDAV server.")]
    NotCaldav,
    #[error("The server sent what Convene does not read.")]
    XmlForbidden,
    #[error("The account has no calendar for events.")]
    NoCalendar,
    #[error("The server did not answer in time, or not as it should.")]
    NoAnswer,
    #[error("Your organisation does not connect such calendars.")]
    NotAllowed,
    #[error("The account {0} is connected already.")]
    OtherAccount(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<DavError> for CaldavError {
    fn from(error: DavError) -> Self {
        match error {
            DavError::Address(_) => Self::UrlNotAllowed,
            DavError::Tls(reason) => Self::Tls(reason),
            DavError::Login | DavError::Calendar(CalendarError::SignInExpired) => Self::Login,
            DavError::Elsewhere(url) => Self::Elsewhere(shown(&url)),
            DavError::NotCaldav => Self::NotCaldav,
            DavError::Xml(_) => Self::XmlForbidden,
            DavError::NoCalendar => Self::NoCalendar,
            DavError::Calendar(_) => Self::NoAnswer,
        }
    }
}

impl From<CaldavError> for AppError {
    fn from(error: CaldavError) -> Self {
        let sentence = error.to_string();
        let about = |field, code| Self::invalid(field, code, sentence.clone());
        match error {
            CaldavError::NotSetUp => Self::not_found(),
            CaldavError::UserMissing => about("user", "user_missing"),
            CaldavError::PasswordMissing => about("password", "password_missing"),
            CaldavError::UrlNotAllowed => Self::new(422, "url_not_allowed", sentence)
                .hint("It must be https and public. Whoever runs this Convene can list a server of your own network in CALDAV_ALLOWED_HOSTS."),
            CaldavError::Tls(_) => about("server", "tls_failed"),
            CaldavError::Login => about("password", "dav_login"),
            CaldavError::Elsewhere(_) => about("server", "dav_elsewhere"),
            CaldavError::NotCaldav => about("server", "dav_not_caldav"),
            CaldavError::XmlForbidden => about("server", "dav_xml_forbidden"),
            CaldavError::NoCalendar => about("user", "dav_no_calendar"),
            CaldavError::NoAnswer => {
                Self::new(503, "dav_no_answer", sentence).hint("Nothing was stored. Try again in a few minutes.")
            }
            CaldavError::NotAllowed => Self::new(403, "calendar_not_allowed", sentence)
                .hint("Connect another one, or ask an administrator of your organisation."),
            CaldavError::OtherAccount(_) => {
                Self::new(409, "account_mismatch", sentence).hint("Disconnect it first, or type its name and password.")
            }
            CaldavError::Store(error) => error.into(),
        }
    }
}

/// Where somebody would have to go, without what else is in the address.
fn shown(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// Connects the member's calendar, or connects it again.
///
/// # Errors
/// [`CaldavError`]; nothing was written then. The password is tried once.
pub async fn connect(
    services: &Services,
    member: &Member,
    typed: &Typed,
    origin: &Origin,
) -> Result<Connection, CaldavError> {
    let client = services.calendars.get(Provider::Apple).ok_or(CaldavError::NotSetUp)?;
    let (user, password) = (typed.user.trim(), typed.password.expose().trim());
    // A name with a colon cannot be told from its password (RFC 7617 section 2).
    let fits = |text: &str| !text.is_empty() && text.len() <= LONGEST && !text.chars().any(char::is_control);
    if !fits(user) || user.contains(':') {
        return Err(CaldavError::UserMissing);
    }
    if !fits(password) {
        return Err(CaldavError::PasswordMissing);
    }
    let (server, found) = look_up(client, &typed.server, user, password).await?;
    let writes = found.calendars.iter().any(|one| one.primary && one.writable);
    let rights: BTreeSet<String> =
        [Some(READ), writes.then_some(WRITE)].into_iter().flatten().map(str::to_owned).collect();
    let identity = identity(&server, user, &found);
    let (needs, now) = (connect::needs(member.role), services.clock.now());
    let account = Account { email: identity.email.clone().unwrap_or_default(), personal: true, zone: member.zone };
    let probe = connect::probe(client, Provider::Apple, &found.token, &account, &rights, needs, now).await;

    let txn = services.store.begin().await?;
    let known = super::of_people(&*txn, member.org, &[member.person]).await?.remove(&member.person).unwrap_or_default();
    let one_calendar = people::organisation(&*txn, member.org).await?.policies.one_calendar;
    let is_this = |one: &Connection| one.provider == Provider::Apple && one.account_subject == identity.subject;
    let mut in_the_way = known.into_iter().filter(|one| {
        let counts = one_calendar || one.provider == Provider::Apple;
        one.status != ConnectionStatus::Inactive && counts && !is_this(one)
    });
    if let Some(other) = in_the_way.next().filter(|_| !typed.takes_over) {
        return Err(CaldavError::OtherAccount(other.account_email));
    }
    if let Some(zone) = probe.zone() {
        people::learn_zone(&txn, member.org, member.person, zone).await?;
    }
    let opener = Opener::Password(&found.token);
    let grant = Grant {
        provider: Provider::Apple,
        identity: &identity,
        opener,
        scopes: &rights,
        probe: &probe,
        takes_over: typed.takes_over,
    };
    let stored = connect::store(services, &txn, member.org, member.person, grant, origin).await;
    let connection = stored.map_err(|error| match error {
        connect::ConnectError::Store(error) => error.into(),
        connect::ConnectError::NotAllowed => CaldavError::NotAllowed,
        connect::ConnectError::OfflineMissing => CaldavError::NoAnswer,
    })?;
    txn.commit().await?;
    Ok(connection)
}

async fn look_up(
    client: &ProviderClient,
    typed: &str,
    user: &str,
    password: &str,
) -> Result<(Server, SignedIn), CaldavError> {
    let client = client.password().ok_or(CaldavError::NotSetUp)?;
    let server = match typed.trim() {
        "" => Server::Icloud,
        text if text.len() > LONGEST => return Err(CaldavError::UrlNotAllowed),
        text => client.server(text).map_err(|refused| {
            tracing::warn!(%refused, "an address was refused");
            CaldavError::UrlNotAllowed
        })?,
    };
    let signed_in = tokio::time::timeout(DEADLINE, client.sign_in(&server, user, password)).await;
    let signed_in = signed_in.map_err(|_| CaldavError::NoAnswer)?;
    let found = signed_in.map_err(|error| {
        tracing::warn!(%error, "a CalDAV account was not connected");
        CaldavError::from(error)
    })?;
    Ok((server, found))
}

/// Who the account is. What it calls its own address is to show; nobody vouches for it.
fn identity(server: &Server, user: &str, found: &SignedIn) -> Identity {
    let email = if user.contains('@') { Some(user.to_owned()) } else { found.email.clone() };
    Identity {
        issuer: match server {
            Server::Icloud => "https://caldav.icloud.com".to_owned(),
            Server::At(url) => shown(url),
        },
        subject: found.subject.clone(),
        tenant: None,
        email: email.or_else(|| Some(user.to_owned())),
        email_verified: false,
        name: None,
        personal: true,
    }
}
