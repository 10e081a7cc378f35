//! What a sign-in leaves behind: the person, where they are new; the identity; the connection; the session.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use sea_orm::{ActiveValue::Set, EntityTrait};

use super::{
    Outcome,
    entrance::Entrance,
    error::SignInError,
    identities::{add_identity, by_identity},
};
use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    calendars::{Provider, identity::Identity, oauth::TokenSet},
    config::SignUp,
    connections::{
        self, Connection, Need, Services,
        connect::{self, ConnectError, Grant, Opener, Probe},
    },
    ids::{Email, OrgId, PersonId, PersonName},
    invitations::{Invitation, redeem},
    people::{
        self, NewPerson, no_address,
        sessions::{self, SessionToken},
        welcome,
    },
    store::{
        StoreError, Txn,
        entities::organisations,
        words::{ConnectionStatus, Role},
    },
};

/// What is to be written.
pub(super) struct Entry<'a> {
    pub provider: Provider,
    pub identity: &'a Identity,
    pub tokens: &'a TokenSet,
    pub scopes: &'a BTreeSet<String>,
    pub probe: &'a Probe,
    /// Where they seem to live: the calendar's word, else the browser's.
    pub zone: Option<Tz>,
    pub sign_up: SignUp,
    /// Whether its owner agreed that it takes the place of what is connected.
    pub takes_over: bool,
}

/// The connection is there unless somebody only signed in whose calendar is not to be connected.
pub(super) type Written = (SessionToken, PersonId, Option<Connection>, Outcome);

/// Writes it all in one transaction, or nothing.
pub(super) async fn write(
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
        opener: Opener::Tokens(entry.tokens),
        scopes: entry.scopes,
        probe: entry.probe,
        takes_over: entry.takes_over,
    };
    let only_signs_in = matches!(entrance, Entrance::Anyone);
    let subject = &entry.identity.subject;
    let connection = if only_signs_in && !connect::comes_along(&txn, org, person, entry.provider, subject).await? {
        None
    } else {
        let connection = match connect::store(services, &txn, org, person, grant, origin).await {
            // Who only signs in gets in. The connection goes on waiting for "Sign in again", which asks for consent.
            Err(ConnectError::OfflineMissing) if only_signs_in => {
                expired(&txn, org, person, entry.provider).await?.ok_or(SignInError::OfflineMissing(entry.provider))?
            }
            stored => stored.map_err(|error| SignInError::of_connect(entry.provider, error))?,
        };
        Some(connection)
    };
    if let Entrance::Promoted(_, offer) = entrance {
        // What was allowed, not what was asked: without it they stay what they are, and the offer stands.
        let can_write = connection.as_ref().is_some_and(|connection| connection.can(Need::WriteEvents));
        if can_write && !redeem::take_offer(&txn, org, person, offer.id, now, origin).await? {
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
