//! Signing in and connecting a calendar: the code flow, from the button to the session.
//!
//! [`begin`] writes down what was asked for and sends the browser to the provider; [`finish`] takes the answer, once. Who
//! somebody is, is (issuer, subject), never an e-mail address: an unknown identity starts an organisation of its own even if
//! its address is somebody else's here ([`identities`]). By which door somebody comes in is told in [`entrance`], what it leaves
//! behind in [`write`]; errors and their sentences live in [`error`].

pub mod attempts;
pub mod callback;
pub mod consent;
mod entrance;
pub mod error;
pub(crate) mod identities;
pub mod return_to;
mod write;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use self::{
    attempts::{Attempt, BrowserToken, Goal},
    callback::{Answer, CallbackQuery},
    entrance::{Roles, entrance},
    error::SignInError,
    identities::by_identity,
    return_to::ReturnTo,
    write::{Entry, write},
};
use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    calendars::{
        Account, Provider,
        identity::Identity,
        oauth::{AuthorizeRequest, Pkce, Prompt, scopes::short_name},
    },
    config::SignUp,
    connections::{self, Connection, Services, connect, connect::Wish},
    ids::{LinkToken, OrgId, PersonId},
    invitations::Invitation,
    people::{
        self, Member,
        sessions::{self, SessionToken},
    },
    store::{
        StoreError, Violation,
        words::{ConnectionStatus, Role},
    },
};

/// What somebody goes to the provider for.
#[derive(Clone, Copy, Debug)]
pub enum Purpose<'a> {
    /// To sign in or up, and to connect their calendar on the way.
    SignIn,
    /// To connect or reconnect a calendar of somebody who is signed in.
    Connect(&'a Member, Wish),
    /// To accept an invitation, by whoever holds its link.
    Accept(&'a Invitation),
    /// To take up the role that somebody who is signed in was offered, with the permission it needs.
    Coordinate(&'a Member, &'a Invitation),
}

impl Purpose<'_> {
    fn goal(self) -> Goal {
        match self {
            Self::SignIn => Goal::SignIn,
            Self::Connect(member, wish) => Goal::Connect(member.person, wish),
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
    let door = client.oauth().ok_or(SignInError::ProviderUnknown)?;
    if purpose.goal().opens_the_door() && !services.calendars.signs_in(provider) {
        return Err(SignInError::ProviderUnknown);
    }
    let browser = browser.unwrap_or_else(BrowserToken::random);
    let (asked, hint) = match purpose {
        // Nobody knows yet who comes; whoever signs up runs requests.
        Purpose::SignIn => (connect::asks(Role::Coordinator, Wish::Usual), None),
        Purpose::Accept(invitation) => (connect::asks(invitation.role, Wish::Usual), None),
        // Another account, or it would not be in the way.
        Purpose::Connect(member, Wish::TakeOver) => {
            allowed(services, provider, member).await?;
            (connect::asks(member.role, Wish::Usual), None)
        }
        Purpose::Connect(member, wish) => {
            nothing_in_the_way(services, provider, member).await?;
            let connected = connections::own(services.store.reader(), member, provider).await?;
            if connected.is_none() {
                allowed(services, provider, member).await?;
            }
            let wish = connected.as_ref().map_or(wish, |connection| wish.keeping(connection));
            (connect::asks(member.role, wish), connected.map(|connection| connection.account_email))
        }
        Purpose::Coordinate(member, offer) => {
            let connected = connections::own(services.store.reader(), member, provider).await?;
            (connect::asks(offer.role, Wish::Usual), connected.map(|connection| connection.account_email))
        }
    };
    let hint = hint.filter(|email| !email.is_empty());
    let pkce = Pkce::generate();
    let request = AuthorizeRequest {
        redirect_uri: door.redirect_uri.clone(),
        state: LinkToken::random().expose().to_owned(),
        nonce: LinkToken::random().expose().to_owned(),
        pkce_challenge: pkce.challenge,
        scopes: asked,
        login_hint: hint,
        prompt: Some(match (purpose, provider) {
            // The one way to get a refresh token from Google again.
            (Purpose::SignIn, _) | (_, Provider::Microsoft | Provider::Apple) => Prompt::SelectAccount,
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
    let authorize_url = door.client.authorize_url(&request);
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
    /// The calendar that is connected with it; none for somebody who only signs in and has disconnected theirs.
    pub connection: Option<Connection>,
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
    let door = client.oauth().ok_or(SignInError::ProviderUnknown)?;
    let now = services.clock.now();
    let attempt = matched(services, provider, &callback, now).await?;
    // The settings may have changed since it was begun, in another process even.
    if attempt.goal.opens_the_door() && !services.calendars.signs_in(provider) {
        return Err(SignInError::ProviderUnknown);
    }
    if callback.query.issuer.as_deref().is_some_and(|issuer| !door.is_issuer(issuer)) {
        return Err(SignInError::Issuer);
    }
    let code = match callback.query.answer {
        Answer::Code(code) => code,
        Answer::Refused(refusal) => return Err(SignInError::from_provider(provider, refusal)),
    };
    let tokens = door
        .client
        .exchange(&code, &attempt.verifier, &door.redirect_uri)
        .await
        .map_err(|error| SignInError::of_exchange(provider, &error))?;
    let id_token = tokens.id_token.as_ref().ok_or(SignInError::Exchange(provider))?;
    let identity = door.id_tokens.verify(id_token, &attempt.nonce, now).await;
    let identity = identity.map_err(|error| SignInError::of_identity(provider, &error))?;

    let signed_in = match &callback.session {
        Some(session) => sessions::authenticate(&services.store, session, now).await?,
        None => None,
    };
    let member = match attempt.goal {
        Goal::SignIn | Goal::Accept(_) => None,
        // Connecting is for the person who asked for it, in the session they asked from.
        Goal::Connect(person, _) | Goal::Coordinate(person, _) => {
            match signed_in.filter(|member| member.person == person) {
                Some(member) => Some(member),
                None => return Err(SignInError::State { signed_in: false }),
            }
        }
    };
    *whom = member.as_ref().map(|member| (member.org, member.person));
    let takes_over = matches!(attempt.goal, Goal::Connect(_, Wish::TakeOver));
    if let Some(member) = member.as_ref().filter(|_| !takes_over) {
        same_account(services, provider, member, &identity).await?;
        nothing_in_the_way(services, provider, member).await?;
    }
    let known = match &member {
        Some(member) => people::find(services.store.reader(), member.org, member.person).await?,
        None => by_identity(services.store.reader(), &identity).await?,
    };
    *whom = known.as_ref().map(|person| (person.org, person.id));
    let entrance = entrance(services, provider, attempt.goal, member.as_ref(), known.as_ref()).await?;
    let Roles { asked, needed } = entrance.roles(known.as_ref());
    let wish = if let Goal::Connect(_, wish) = attempt.goal { wish } else { Wish::Usual };
    let asked = connect::asks(asked, wish);
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
    let (identity, tokens, scopes, probe) = (&identity, &tokens, &scopes, &probe);
    let entry = Entry { provider, identity, tokens, scopes, probe, zone, sign_up, takes_over };
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

/// Refuses another account than the one that is connected: a calendar is never swapped silently.
async fn same_account(
    services: &Services,
    provider: Provider,
    member: &Member,
    identity: &Identity,
) -> Result<(), SignInError> {
    match connections::own(services.store.reader(), member, provider).await? {
        Some(connection) if connection.account_subject != identity.subject => Err(SignInError::AccountMismatch {
            provider,
            chosen: identity.email.clone().unwrap_or_default(),
            wanted: connection.account_email,
        }),
        _ => Ok(()),
    }
}

/// Refuses a second account where the organisation wants one calendar of each person: the other is asked about first.
async fn nothing_in_the_way(services: &Services, provider: Provider, member: &Member) -> Result<(), SignInError> {
    let db = services.store.reader();
    if !people::organisation(db, member.org).await?.policies.one_calendar {
        return Ok(());
    }
    let found = connections::of_people(db, member.org, &[member.person]).await?.into_values().flatten();
    let mut others = found.filter(|one| one.provider != provider && one.status != ConnectionStatus::Inactive);
    others
        .next()
        .map_or(Ok(()), |connected| Err(SignInError::OneCalendar { wanted: provider, connected: connected.provider }))
}

/// Refuses a provider whose calendars the organisation does not want, before somebody goes there.
async fn allowed(services: &Services, provider: Provider, member: &Member) -> Result<(), SignInError> {
    let organisation = people::organisation(services.store.reader(), member.org).await?;
    match organisation.policies.connects(connections::stored(provider)) {
        true => Ok(()),
        false => Err(SignInError::CalendarNotAllowed(provider)),
    }
}
