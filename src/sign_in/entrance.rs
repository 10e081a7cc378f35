//! The doors by which somebody comes in: each says whom it is for, and what has to be allowed.

use super::{attempts::Goal, error::SignInError};
use crate::{
    calendars::Provider,
    connections::{self, Services},
    invitations::{self, Invitation},
    people::{self, Member, Person},
    store::words::Role,
};

/// Who comes in, and by which door.
pub(super) enum Entrance {
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
pub(super) struct Roles {
    pub asked: Role,
    pub needed: Role,
}

impl Entrance {
    pub fn roles(&self, known: Option<&Person>) -> Roles {
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
pub(super) async fn entrance(
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
        (Goal::Connect(..), Some(member)) => Ok(Entrance::Member(member.clone())),
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
        (Goal::Connect(..) | Goal::Coordinate(..), None) => Err(SignInError::State { signed_in: false }),
    }
}
