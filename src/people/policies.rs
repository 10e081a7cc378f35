//! What an organisation decided for all of its people. Kept as JSON beside its name; a key that is not there has its default.

use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, sea_query::Expr};
use serde::{Deserialize, Serialize};

use super::Admin;
use crate::{
    ids::OrgId,
    store::{
        StoreError, Txn,
        entities::{identities, organisations},
        words::Provider,
    },
};

/// Whose consent opens people's calendars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CalendarAccess {
    /// Each person's own.
    #[default]
    Delegated,
    /// The organisation's alone, for all it covers; what people connected themselves is not read.
    AppOnly,
    /// Each person's own where it works, else the organisation's.
    Both,
}

/// The policies of one organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Policies {
    /// Whom its people may sign in with; what is not set up on this server does not count.
    pub sign_in_providers: Vec<Provider>,
    /// Whose calendars its people may connect. What is connected already stays.
    pub calendar_providers: Vec<Provider>,
    /// Whether arranging interviews waits until one's own calendar is connected, and again when access was revoked.
    pub require_calendar: bool,
    /// How many minutes before an interview people are reminded, where its request does not say otherwise.
    pub reminder_minutes: Vec<u32>,
    /// Whose consent opens the calendars that are read.
    pub calendar_access: CalendarAccess,
    /// Whether each person has one calendar account connected at a time: another takes its place.
    pub one_calendar: bool,
    /// For how many minutes what was read last still counts when a sign-in expires, so that its owner can mend it before
    /// candidates notice.
    pub expiry_grace_minutes: u32,
    /// What another version of this program decided by: kept as it is.
    #[serde(flatten)]
    pub others: serde_json::Map<String, serde_json::Value>,
}

impl Default for Policies {
    fn default() -> Self {
        let sign_in_providers = vec![Provider::Google, Provider::Microsoft];
        let reminder_minutes = vec![24 * 60, 60];
        Self {
            sign_in_providers,
            calendar_providers: vec![Provider::Google, Provider::Microsoft, Provider::Apple],
            require_calendar: false,
            reminder_minutes,
            calendar_access: CalendarAccess::Delegated,
            one_calendar: false,
            expiry_grace_minutes: 15,
            others: serde_json::Map::new(),
        }
    }
}

impl Policies {
    /// Whether people of this organisation may sign in with it.
    pub fn signs_in(&self, provider: Provider) -> bool {
        self.sign_in_providers.contains(&provider)
    }

    /// Whether they may connect calendars there.
    pub fn connects(&self, provider: Provider) -> bool {
        self.calendar_providers.contains(&provider)
    }
}

/// Why nothing was decided.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The administrator could not sign in again.
    #[error("would_lock_out")]
    LocksOut,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Decides for the administrator's organisation.
///
/// # Errors
/// [`PolicyError::LocksOut`] if the administrator themselves signs in with none of the providers.
pub async fn set(txn: &Txn, admin: &Admin, policies: &Policies) -> Result<(), PolicyError> {
    let me = admin.member();
    let own = identities::Entity::find()
        .filter(identities::Column::OrgId.eq(me.org))
        .filter(identities::Column::PersonId.eq(me.person))
        .filter(identities::Column::Provider.is_in(policies.sign_in_providers.iter().copied()))
        .one(&**txn)
        .await
        .map_err(StoreError::from)?;
    if own.is_none() {
        return Err(PolicyError::LocksOut);
    }
    write(txn, me.org, policies).await?;
    Ok(())
}

async fn write(txn: &Txn, org: OrgId, policies: &Policies) -> Result<(), StoreError> {
    let text = serde_json::to_string(policies).map_err(|error| DbErr::Json(error.to_string()))?;
    organisations::Entity::update_many()
        .col_expr(organisations::Column::Policies, Expr::value(text))
        .filter(organisations::Column::Id.eq(org))
        .exec(&**txn)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_decided_has_its_default() {
        let read = |text: &str| serde_json::from_str::<Policies>(text).unwrap();
        assert_eq!(read("{}"), Policies::default());
        let google = read(r#"{"sign_in_providers":["google"],"of_another_version":1}"#);
        assert_eq!(google.reminder_minutes, [1440, 60]);
        assert_eq!(google.calendar_access, CalendarAccess::Delegated);
        assert_eq!(read(r#"{"calendar_access":"app_only"}"#).calendar_access, CalendarAccess::AppOnly);
        assert_eq!(read(r#"{"reminder_minutes": []}"#).reminder_minutes, [0; 0]);
        assert!(google.signs_in(Provider::Google) && !google.signs_in(Provider::Microsoft) && !google.require_calendar);
    }
}
