//! Signing in and connecting a calendar: the code flow, from the button to the session.
//!
//! [`begin`] writes down what was asked for and sends the browser to the provider; [`finish`] takes the answer, once. Who
//! somebody is, is (issuer, subject), never an e-mail address: an unknown identity starts an organisation of its own even if
//! its address is somebody else's here. Errors and their sentences live in [`error`].

pub mod attempts;
pub mod callback;
pub mod consent;
pub mod error;
pub mod return_to;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};

use self::{
    attempts::{Attempt, BrowserToken, Goal},
    callback::{Answer, CallbackQuery},
    error::SignInError,
    return_to::ReturnTo,
};
use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    calendars::{
        Account, Provider,
        identity::Identity,
        oauth::{AuthorizeRequest, Pkce, Prompt, TokenSet, scopes::short_name},
    },
    config::SignUp,
    connections::{
        self, Connection, Need, Services,
        connect::{self, ConnectError, Grant, Probe},
    },
    ids::{Email, IdentityId, LinkToken, OrgId, PersonId, PersonName},
    invitations::{self, Invitation, redeem},
    people::{
        self, Member, NewPerson, Person, no_address,
        sessions::{self, SessionToken},
        welcome,
    },
    store::{
        Stamp, StoreError, Txn, Violation,
        entities::{identities, organisations},
        words::{ConnectionStatus, Role},
    },
};

/// What somebody goes to the provider for.
#[derive(Clone, Copy, Debug)]
pub enum Purpose<'a> {
    /// To sign in or up, and to connect their calendar on the way.
    SignIn,
    /// To connect or reconnect a calendar of somebody who is signed in.
    Connect(&'a Member),
    /// To accept an invitation, by whoever holds its link.
    Accept(&'a Invitation),
    /// To take up the role that somebody who is signed in was offered, with the permission it needs.
    Coordinate(&'a Member, &'a Invitation),
}

impl Purpose<'_> {
    fn goal(self) -> Goal {
        match self {
            Self::SignIn => Goal::SignIn,
            Self::Connect(member) => Goal::Connect(member.person),
            Self::Accept(invitation) => Goal::Accept(invitation.id),
            Self::Coordinate(member, offer) => Goal::Coordinate(member.person, offer.id),
        }
    }
}

/// Where to send the browser, and the cookie by which it is known when it comes back.
pub struct Redirect {
    pub authorize_url: url::Url,
    /// A `Set-Cookie` value.
    pub browser_cookie: String,
}

/// Starts an attempt. `browser` is the attempt cookie the browser has already, if any, so that two tabs do not shut each other
/// out; `zone` is where the browser says it is, for a person of whom nobody knows better.
///
/// # Errors
/// [`SignInError::ProviderUnknown`] if the provider is not set up here, or not for signing in.
pub async fn begin(
    services: &Services,
    provider: Provider,
    purpose: Purpose<'_>,
    return_to: &ReturnTo,
    browser: Option<BrowserToken>,
    zone: Option<Tz>,
) -> Result<Redirect, SignInError> {
    let client = services.calendars.get(provider).ok_or(SignInError::ProviderUnknown)?;
    if purpose.goal().opens_the_door() && !services.calendars.signs_in(provider) {
        return Err(SignInError::ProviderUnknown);
    }
    let browser = browser.unwrap_or_else(BrowserToken::random);
    let (role, hint) = match purpose {
        // Nobody knows yet who comes; whoever signs up runs requests.
        Purpose::SignIn => (Role::Coordinator, None),
        Purpose::Connect(member) => (member.role, account_to_reconnect(services, provider, member).await?),
        Purpose::Accept(invitation) => (invitation.role, None),
        Purpose::Coordinate(member, offer) => (offer.role, account_to_reconnect(services, provider, member).await?),
    };
    let pkce = Pkce::generate();
    let request = AuthorizeRequest {
        redirect_uri: client.redirect_uri.clone(),
        state: LinkToken::random().expose().to_owned(),
        nonce: LinkToken::random().expose().to_owned(),
        pkce_challenge: pkce.challenge,
        scopes: connect::asks(role),
        login_hint: hint,
        prompt: Some(match (purpose, provider) {
            // The one way to get a refresh token from Google again.
            (Purpose::SignIn, _) | (_, Provider::Microsoft) => Prompt::SelectAccount,
            (_, Provider::Google) => Prompt::Consent,
        }),
    };
    let attempt = Attempt {
        provider,
        goal: purpose.goal(),
        nonce: request.nonce.clone(),
        verifier: pkce.verifier,
        return_to: return_to.clone(),
        zone,
    };
    attempts::store(services, &request.state, &browser, &attempt).await?;
    let authorize_url = client.oauth.authorize_url(&request);
    Ok(Redirect { authorize_url, browser_cookie: browser.set_cookie() })
}

/// What the browser brought back.
pub struct Callback {
    pub query: CallbackQuery,
    /// The cookie [`begin`] set.
    pub browser: Option<BrowserToken>,
    /// The session it presents, which a new one replaces.
    pub session: Option<SessionToken>,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Somebody new, with an organisation of their own.
    SignedUp,
    SignedIn,
    /// A calendar was connected for somebody who was signed in already.
    Connected,
    /// An invitation was accepted: somebody's calendar is connected, and they can sign in from now on.
    Accepted,
}

/// A browser that is signed in now.
pub struct SignedIn {
    pub session: SessionToken,
    pub return_to: ReturnTo,
    pub outcome: Outcome,
    pub person: PersonId,
    pub connection: Connection,
}

/// Takes the provider's answer: checks that this browser asked for it, exchanges the code, checks who it is, reads the
/// calendar once, and writes everything in one transaction. When any of it fails nothing is written, but that somebody known was
/// refused.
///
/// # Errors
/// Each with its own code and sentence, see [`SignInError`].
pub async fn finish(
    services: &Services,
    sign_up: SignUp,
    provider: Provider,
    callback: Callback,
    origin: &Origin,
) -> Result<SignedIn, SignInError> {
    let mut whom = None;
    let finished = complete(services, sign_up, provider, callback, origin, &mut whom).await;
    if let Err(error) = &finished {
        tracing::warn!(%provider, code = error.code(), "a sign-in was refused");
        if let Some((org, person)) = whom {
            let (actor, subject) = (Actor::Person(person), person.to_string());
            let detail = serde_json::json!({ "provider": provider.as_str(), "code": error.code() });
            let action = "person.sign_in_refused";
            let txn = services.store.begin().await?;
            audit::record(&txn, AuditEntry { org, actor, action, subject, detail, origin: origin.clone() }).await?;
            txn.commit().await?;
        }
    }
    finished
}

/// As [`finish`]; `whom` says who came, as soon as that is known.
async fn complete(
    services: &Services,
    sign_up: SignUp,
    provider: Provider,
    callback: Callback,
    origin: &Origin,
    whom: &mut Option<(OrgId, PersonId)>,
) -> Result<SignedIn, SignInError> {
    let client = services.calendars.get(provider).ok_or(SignInError::ProviderUnknown)?;
    let now = services.clock.now();
    let attempt = matched(services, provider, &callback, now).await?;
    // The settings may have changed since it was begun, in another process even.
    if attempt.goal.opens_the_door() && !services.calendars.signs_in(provider) {
        return Err(SignInError::ProviderUnknown);
    }
    if callback.query.issuer.as_deref().is_some_and(|issuer| !client.is_issuer(issuer)) {
        return Err(SignInError::Issuer);
    }
    let code = match callback.query.answer {
        Answer::Code(code) => code,
        Answer::Refused(refusal) => return Err(SignInError::from_provider(provider, refusal)),
    };
    let tokens = client
        .oauth
        .exchange(&code, &attempt.verifier, &client.redirect_uri)
        .await
        .map_err(|error| SignInError::of_exchange(provider, &error))?;
    let id_token = tokens.id_token.as_ref().ok_or(SignInError::Exchange(provider))?;
    let identity = client.id_tokens.verify(id_token, &attempt.nonce, now).await;
    let identity = identity.map_err(|error| SignInError::of_identity(provider, &error))?;

    let signed_in = match &callback.session {
        Some(session) => sessions::authenticate(&services.store, session, now).await?,
        None => None,
    };
    let member = match attempt.goal {
        Goal::SignIn | Goal::Accept(_) => None,
        // Connecting is for the person who asked for it, in the session they asked from.
        Goal::Connect(person) | Goal::Coordinate(person, _) => {
            match signed_in.filter(|member| member.person == person) {
                Some(member) => Some(member),
                None => return Err(SignInError::State { signed_in: false }),
            }
        }
    };
    *whom = member.as_ref().map(|member| (member.org, member.person));
    if let Some(member) = &member {
        same_account(services, provider, member, &identity).await?;
    }
    let known = match &member {
        Some(member) => people::find(services.store.reader(), member.org, member.person).await?,
        None => by_identity(services.store.reader(), &identity).await?,
    };
    *whom = known.as_ref().map(|person| (person.org, person.id));
    let entrance = entrance(services, provider, attempt.goal, member.as_ref(), known.as_ref()).await?;
    let Roles { asked, needed } = entrance.roles(known.as_ref());
    let asked = connect::asks(asked);
    let scopes = if tokens.scopes.is_empty() {
        // RFC 6749 section 5.1: an answer that names no scope granted what was asked for.
        asked.scopes(provider).iter().map(|scope| short_name(scope).to_owned()).collect()
    } else {
        tokens.scopes.clone()
    };
    let account = Account {
        email: identity.email.clone().unwrap_or_default(),
        personal: identity.personal,
        zone: known.as_ref().and_then(|person| person.zone),
    };
    let needs = connect::needs(needed);
    let probe = connect::probe(client, provider, &tokens.access, &account, &scopes, needs, now).await;

    let zone = probe.zone().or(attempt.zone);
    let entry = Entry { provider, identity: &identity, tokens: &tokens, scopes: &scopes, probe: &probe, zone, sign_up };
    let session = callback.session.as_ref();
    let mut written = write(services, &entry, &entrance, session, origin, now).await;
    if let Err(SignInError::Store(StoreError::Refused(Violation::Duplicate))) = written {
        // The same new identity signed up in another window at the same moment: it is known now.
        written = write(services, &entry, &entrance, session, origin, now).await;
    }
    let (session, person, connection, outcome) = written?;
    Ok(SignedIn { session, return_to: attempt.return_to, outcome, person, connection })
}

/// The attempt this answer belongs to, taken out of the database by the statement that reads it.
async fn matched(
    services: &Services,
    provider: Provider,
    callback: &Callback,
    now: DateTime<Utc>,
) -> Result<Attempt, SignInError> {
    let taken = match &callback.query.state {
        Some(state) => attempts::take(services, state, provider, callback.browser.as_ref(), now).await?,
        None => None,
    };
    if let Some(attempt) = taken {
        return Ok(attempt);
    }
    tracing::warn!(%provider, "a sign-in answer matched no attempt of this browser");
    let signed_in = match &callback.session {
        Some(session) => sessions::authenticate(&services.store, session, now).await?.is_some(),
        None => false,
    };
    Err(SignInError::State { signed_in })
}

/// Who comes in, and by which door.
enum Entrance {
    /// Somebody who signs in or up.
    Anyone,
    /// Somebody who is signed in and connects a calendar.
    Member(Member),
    /// Whoever holds the link of an invitation.
    Invited(Invitation),
    /// Somebody who is signed in and takes up what they were offered.
    Promoted(Member, Invitation),
}

/// For whom permissions were asked, and for whom they have to suffice.
struct Roles {
    asked: Role,
    needed: Role,
}

impl Entrance {
    fn roles(&self, known: Option<&Person>) -> Roles {
        match self {
            // Nobody knew who would come; whoever signs up runs requests.
            Self::Anyone => Roles { asked: Role::Coordinator, needed: known.map_or(Role::Admin, |person| person.role) },
            Self::Member(member) => Roles { asked: member.role, needed: member.role },
            Self::Invited(invitation) | Self::Promoted(_, invitation) => {
                Roles { asked: invitation.role, needed: invitation.role }
            }
        }
    }
}

/// The door an attempt leads to, if it is still open.
async fn entrance(
    services: &Services,
    provider: Provider,
    goal: Goal,
    member: Option<&Member>,
    known: Option<&Person>,
) -> Result<Entrance, SignInError> {
    let db = services.store.reader();
    let now = services.clock.now();
    match (goal, member) {
        (Goal::Coordinate(_, id), Some(member)) => {
            let offer = invitations::of_id(db, member.org, id).await?;
            let offer = offer.filter(|offer| offer.person == member.person && offer.works(now).is_ok());
            Ok(Entrance::Promoted(member.clone(), offer.ok_or(SignInError::InvitationSpent)?))
        }
        (Goal::Connect(_), Some(member)) => Ok(Entrance::Member(member.clone())),
        (Goal::Accept(id), _) => {
            let invitation = invitations::redeemable(db, id, now).await?.ok_or(SignInError::InvitationSpent)?;
            if known.is_some() {
                return Err(SignInError::AccountInUse);
            }
            let organisation = people::organisation(db, invitation.org).await?;
            if !organisation.policies.signs_in(connections::stored(provider)) {
                return Err(SignInError::ProviderNotAllowed(provider));
            }
            Ok(Entrance::Invited(invitation))
        }
        (Goal::SignIn, _) => Ok(Entrance::Anyone),
        // A member was found for every goal that needs one.
        (Goal::Connect(_) | Goal::Coordinate(..), None) => Err(SignInError::State { signed_in: false }),
    }
}

/// What is to be written.
struct Entry<'a> {
    provider: Provider,
    identity: &'a Identity,
    tokens: &'a TokenSet,
    scopes: &'a BTreeSet<String>,
    probe: &'a Probe,
    /// Where they seem to live: the calendar's word, else the browser's.
    zone: Option<Tz>,
    sign_up: SignUp,
}

type Written = (SessionToken, PersonId, Connection, Outcome);

async fn write(
    services: &Services,
    entry: &Entry<'_>,
    entrance: &Entrance,
    presented: Option<&SessionToken>,
    origin: &Origin,
    now: DateTime<Utc>,
) -> Result<Written, SignInError> {
    let txn = services.store.begin().await?;
    let (org, person, outcome) = match entrance {
        Entrance::Member(member) | Entrance::Promoted(member, _) => (member.org, member.person, Outcome::Connected),
        Entrance::Invited(invitation) => {
            // Who holds the link, not who they say they are, decides who they become; but nobody who is somebody already.
            if by_identity(&*txn, entry.identity).await?.is_some() {
                return Err(SignInError::AccountInUse);
            }
            let redeemed = redeem::redeem(&txn, invitation.id, now, origin).await?;
            let Invitation { org, person, .. } = redeemed.ok_or(SignInError::InvitationSpent)?;
            add_identity(&txn, org, person, entry.provider, entry.identity, now).await?;
            (org, person, Outcome::Accepted)
        }
        Entrance::Anyone => match by_identity(&*txn, entry.identity).await? {
            Some(person) if person.disabled_at.is_some() => return Err(SignInError::Disabled),
            Some(person) => {
                let organisation = people::organisation(&*txn, person.org).await?;
                if !organisation.policies.signs_in(connections::stored(entry.provider)) {
                    return Err(SignInError::ProviderNotAllowed(entry.provider));
                }
                (person.org, person.id, Outcome::SignedIn)
            }
            None => {
                let (org, person) = found_organisation(&txn, entry, origin, now).await?;
                (org, person, Outcome::SignedUp)
            }
        },
    };
    if let Some(zone) = entry.zone {
        people::learn_zone(&txn, org, person, zone).await?;
    }
    let grant = Grant {
        provider: entry.provider,
        identity: entry.identity,
        tokens: entry.tokens,
        scopes: entry.scopes,
        probe: entry.probe,
    };
    let connection = match connect::store(services, &txn, org, person, grant, origin).await {
        // Who only signs in gets in. The connection goes on waiting for "Sign in again", which asks for consent.
        Err(ConnectError::OfflineMissing) if matches!(entrance, Entrance::Anyone) => {
            expired(&txn, org, person, entry.provider).await?.ok_or(SignInError::OfflineMissing(entry.provider))?
        }
        stored => stored.map_err(|error| SignInError::of_connect(entry.provider, error))?,
    };
    if let Entrance::Promoted(_, offer) = entrance {
        // What was allowed, not what was asked: without it they stay what they are, and the offer stands.
        if connection.can(Need::WriteEvents) && !redeem::take_offer(&txn, org, person, offer.id, now, origin).await? {
            return Err(SignInError::InvitationSpent);
        }
    }
    let session = sessions::open(&txn, org, person, presented, origin, now).await?;
    let detail = serde_json::json!({ "provider": entry.provider.as_str() });
    let actor = Actor::Person(person);
    let (action, subject) = ("person.signed_in", person.to_string());
    audit::record(&txn, AuditEntry { org, actor, action, subject, detail, origin: origin.clone() }).await?;
    txn.commit().await?;
    Ok((session, person, connection, outcome))
}

/// The person's connection at this provider, if it waits for them to sign in again.
async fn expired(
    txn: &Txn,
    org: OrgId,
    person: PersonId,
    provider: Provider,
) -> Result<Option<Connection>, StoreError> {
    let found = connections::of_people(&**txn, org, &[person]).await?;
    let waits = |one: &Connection| one.provider == provider && one.status == ConnectionStatus::Expired;
    Ok(found.into_values().flatten().find(waits))
}

/// A new organisation with the identity's person as its administrator.
async fn found_organisation(
    txn: &Txn,
    entry: &Entry<'_>,
    origin: &Origin,
    now: DateTime<Utc>,
) -> Result<(OrgId, PersonId), SignInError> {
    match entry.sign_up {
        SignUp::Open => {}
        SignUp::Invite | SignUp::Closed => return Err(SignInError::SignUpClosed),
    }
    let (org, person) = (OrgId::new(), PersonId::new());
    let (email, name) = contact(entry.identity, person);
    let row = organisations::ActiveModel {
        id: Set(org),
        name: Set(format!("{name}'s team")),
        policies: Set("{}".to_owned()),
        created_at: Set(now.into()),
    };
    organisations::Entity::insert(row).exec_without_returning(&**txn).await.map_err(StoreError::from)?;
    let new = NewPerson { id: person, org, email: &email, name: &name, zone: entry.zone, role: Role::Admin };
    people::insert(txn, &new, now.into()).await?;
    welcome::begin(txn, org, person).await?;
    add_identity(txn, org, person, entry.provider, entry.identity, now).await?;
    let actor = Actor::Person(person);
    let (action, subject, detail) = ("organisation.founded", org.to_string(), serde_json::json!({}));
    audit::record(txn, AuditEntry { org, actor, action, subject, detail, origin: origin.clone() }).await?;
    Ok((org, person))
}

/// Lets an identity sign in as a person from now on.
///
/// # Errors
/// A duplicate if the identity is somebody's already.
pub(crate) async fn add_identity(
    txn: &Txn,
    org: OrgId,
    person: PersonId,
    provider: Provider,
    identity: &Identity,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let row = identities::ActiveModel {
        id: Set(IdentityId::new()),
        org_id: Set(org),
        person_id: Set(person),
        provider: Set(connections::stored(provider)),
        issuer: Set(identity.issuer.clone()),
        subject: Set(identity.subject.clone()),
        created_at: Set(Stamp::from(now)),
    };
    identities::Entity::insert(row).exec_without_returning(&**txn).await?;
    Ok(())
}

/// The person behind an identity. The one place that answers "who is this"; no address is looked at.
pub(crate) async fn by_identity(
    db: &impl sea_orm::ConnectionTrait,
    identity: &Identity,
) -> Result<Option<Person>, StoreError> {
    let row = identities::Entity::find()
        .filter(identities::Column::Issuer.eq(&identity.issuer))
        .filter(identities::Column::Subject.eq(&identity.subject))
        .one(db)
        .await?;
    match row {
        Some(row) => people::find(db, row.org_id, row.person_id).await,
        None => Ok(None),
    }
}

/// The address the provider vouches for. Another is none: it may be anybody's, and is asked for and confirmed by mail.
fn vouched(identity: &Identity) -> Option<Email> {
    identity.email.as_deref().filter(|_| identity.email_verified)?.parse().ok()
}

/// Address and name for somebody new.
fn contact(identity: &Identity, person: PersonId) -> (Email, String) {
    let email = vouched(identity);
    let named: Option<PersonName> = identity.name.as_deref().and_then(|text| text.parse().ok());
    let name = match (&named, &email) {
        (Some(name), _) => name.to_string(),
        (None, Some(email)) => email.guessed_name(),
        (None, None) => "Somebody new".to_owned(),
    };
    (email.unwrap_or_else(|| no_address(person)), name)
}

/// Refuses another account than the one that is connected: a calendar is never swapped silently.
async fn same_account(
    services: &Services,
    provider: Provider,
    member: &Member,
    identity: &Identity,
) -> Result<(), SignInError> {
    match connected(services, provider, member).await? {
        Some(connection) if connection.account_subject != identity.subject => Err(SignInError::AccountMismatch {
            chosen: identity.email.clone().unwrap_or_default(),
            wanted: connection.account_email,
        }),
        _ => Ok(()),
    }
}

async fn account_to_reconnect(
    services: &Services,
    provider: Provider,
    member: &Member,
) -> Result<Option<String>, StoreError> {
    let connection = connected(services, provider, member).await?;
    Ok(connection.map(|connection| connection.account_email).filter(|email| !email.is_empty()))
}

/// The member's connection at this provider, unless they disconnected it.
async fn connected(services: &Services, provider: Provider, member: &Member) -> Result<Option<Connection>, StoreError> {
    let found = connections::of_people(services.store.reader(), member.org, &[member.person]).await?;
    let is_this =
        |connection: &Connection| connection.provider == provider && connection.status != ConnectionStatus::Inactive;
    Ok(found.into_values().flatten().find(is_this))
}
