//! What an organisation has decided for everybody in it. What it has not decided has a default.

use sea_orm::{ConnectionTrait, DbErr, EntityTrait};
use serde::Deserialize;

use crate::{
    ids::OrgId,
    store::{StoreError, entities::organisations},
};

/// The decisions, as stored in `organisations.policies`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Policies {
    /// How many minutes before an interview people are reminded, where its request does not say otherwise.
    pub reminder_minutes: Vec<u32>,
}

impl Default for Policies {
    fn default() -> Self {
        Self { reminder_minutes: vec![24 * 60, 60] }
    }
}

/// The organisation's policies.
pub async fn policies(db: &impl ConnectionTrait, org: OrgId) -> Result<Policies, StoreError> {
    let row = organisations::Entity::find_by_id(org).one(db).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotFound(org.to_string()))?;
    serde_json::from_str(&row.policies).map_err(|_| StoreError::unreadable("organisations.policies"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_decided_has_a_default() {
        let read = |text| serde_json::from_str::<Policies>(text).unwrap().reminder_minutes;
        assert_eq!(read("{}"), [1440, 60]);
        assert_eq!(read(r#"{"require_calendar": true}"#), [1440, 60]);
        assert_eq!(read(r#"{"reminder_minutes": [30]}"#), [30]);
        assert_eq!(read(r#"{"reminder_minutes": []}"#), [0; 0]);
    }
}
