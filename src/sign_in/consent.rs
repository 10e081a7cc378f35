//! An administrator goes to Microsoft to agree for the whole organisation, and comes back.
//!
//! Nobody is signed in by it. The answer names a tenant in plain sight, so it counts for nothing by itself: the state says that this
//! session asked, in this browser, once; that the tenant is the administrator's own, and that it can be read, is found out by
//! [`organisation::grant`].

use chrono::Duration;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use url::Url;

use super::attempts::BrowserToken;
use crate::{
    audit::Origin,
    calendars::{Provider, endpoints::parse_guid},
    connections::{
        Services,
        organisation::{self, Allowed, GrantError},
    },
    ids::{LinkToken, sha256},
    people::{Admin, Member},
    store::{Stamp, StoreError, entities::access_attempts as rows},
};

/// How long Microsoft's page may stay open.
const LIFE: Duration = Duration::minutes(10);
const LONGEST_STATE: usize = 512;

/// Where to go, and the cookie that ties the answer to this browser.
pub struct Begun {
    pub page: Url,
    pub browser_cookie: String,
}

/// Why nothing was allowed.
#[derive(Debug, thiserror::Error)]
pub enum ConsentError {
    /// No attempt of this session in this browser has this state: never made, used, or over.
    #[error("the answer belongs to no question of this browser")]
    State,
    #[error("the administrator said no")]
    Denied,
    #[error("not an answer")]
    Response,
    #[error(transparent)]
    Grant(#[from] GrantError),
}

impl From<StoreError> for ConsentError {
    fn from(error: StoreError) -> Self {
        Self::Grant(error.into())
    }
}

/// Writes down who asks and for which domains, and says where to go.
///
/// # Errors
/// [`GrantError::NotSetUp`] without Microsoft on this server.
pub async fn begin(
    services: &Services,
    admin: &Admin,
    browser: Option<BrowserToken>,
    domains: &[String],
) -> Result<Begun, ConsentError> {
    let client = services.calendars.get(Provider::Microsoft).and_then(|client| client.oauth());
    let client = client.ok_or(GrantError::NotSetUp)?;
    let (me, now) = (admin.member(), services.clock.now());
    let (state, browser) = (LinkToken::random(), browser.unwrap_or_else(BrowserToken::random));
    let row = rows::ActiveModel {
        state_hash: Set(sha256(state.expose().as_bytes())),
        browser_hash: Set(browser.hash()),
        org_id: Set(me.org),
        person_id: Set(me.person),
        session_id: Set(me.session),
        domains: Set(domains.join(" ")),
        expires_at: Set((now + LIFE).into()),
    };
    let txn = services.store.begin().await?;
    rows::Entity::delete_many()
        .filter(rows::Column::ExpiresAt.lte(Stamp::from(now)))
        .exec(&*txn)
        .await
        .map_err(StoreError::from)?;
    rows::Entity::insert(row).exec_without_returning(&*txn).await.map_err(StoreError::from)?;
    txn.commit().await?;
    let page = client.client.admin_consent_url(&client.consent_uri, state.expose());
    Ok(Begun { page, browser_cookie: browser.set_cookie() })
}

/// Takes Microsoft's answer, once, and keeps the access if a mailbox can be read with it.
///
/// # Errors
/// [`ConsentError`]; what there was before stays then.
pub async fn finish(
    services: &Services,
    admin: &Admin,
    browser: Option<BrowserToken>,
    query: &str,
    origin: &Origin,
) -> Result<(), ConsentError> {
    let answer = Answer::read(query).ok_or(ConsentError::Response)?;
    let state = answer.state.as_deref().ok_or(ConsentError::State)?;
    let txn = services.store.begin().await?;
    let row = rows::Entity::delete_by_id(sha256(state.as_bytes())).exec_with_returning(&*txn).await;
    let row = row.map_err(StoreError::from)?;
    txn.commit().await?;
    let row =
        row.filter(|row| fits(row, admin.member(), browser.as_ref()) && services.clock.now() < row.expires_at.at());
    let row = row.ok_or(ConsentError::State)?;
    if answer.error {
        return Err(ConsentError::Denied);
    }
    let agreed = answer.admin_consent.is_some_and(|said| said.eq_ignore_ascii_case("true"));
    let tenant = answer.tenant.as_deref().and_then(parse_guid).filter(|_| agreed).ok_or(ConsentError::Response)?;
    let domains = row.domains.split(' ').map(str::to_owned).collect();
    Ok(organisation::grant(services, admin, Allowed::Tenant(tenant), domains, origin).await?)
}

/// Whether this session asked, in this browser.
fn fits(row: &rows::Model, me: &Member, browser: Option<&BrowserToken>) -> bool {
    browser.is_some_and(|browser| browser.hash() == row.browser_hash)
        && (row.org_id, row.person_id, row.session_id) == (me.org, me.person, me.session)
}

/// The parts of the query that mean something here.
#[derive(Debug, Default, PartialEq, Eq)]
struct Answer {
    state: Option<String>,
    tenant: Option<String>,
    admin_consent: Option<String>,
    error: bool,
}

impl Answer {
    /// `None` if something stands there twice, or is longer than anything Microsoft sends.
    fn read(query: &str) -> Option<Self> {
        let mut answer = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let slot = match &*name {
                "state" => &mut answer.state,
                "tenant" => &mut answer.tenant,
                "admin_consent" => &mut answer.admin_consent,
                "error" => {
                    answer.error = true;
                    continue;
                }
                _ => continue,
            };
            if value.len() > LONGEST_STATE || slot.replace(value.into_owned()).is_some() {
                return None;
            }
        }
        Some(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_strictly() {
        let read = Answer::read("admin_consent=True&tenant=t&state=s&scope=x").expect("an answer");
        assert_eq!((read.state.as_deref(), read.tenant.as_deref(), read.error), (Some("s"), Some("t"), false));
        assert!(Answer::read("error=access_denied&state=s").is_some_and(|answer| answer.error));
        assert_eq!(Answer::read("tenant=a&tenant=b&state=s"), None);
        assert_eq!(Answer::read(&format!("state={}", "s".repeat(LONGEST_STATE + 1))), None);
    }
}
