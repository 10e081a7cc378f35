//! Being told by Microsoft that something changed.
//!
//! What a newcomer would get wrong: Graph asks both addresses to prove themselves before it answers the request that names them,
//! so whoever waits for that answer must not keep them from answering. The lifecycle address cannot be added later.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::{MicrosoftCalendar, READ};
use crate::calendars::changes::{Hook, Watching};
use crate::calendars::http::{Ask, address};
use crate::calendars::{AccessToken, CalendarError};

/// Less than three days: what every region of the service has allowed so far.
const LIFE: TimeDelta = TimeDelta::minutes(4200);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Subscription {
    id: String,
    resource: String,
    expiration_date_time: DateTime<Utc>,
}

impl MicrosoftCalendar {
    pub(super) async fn subscribe(
        &self,
        token: &AccessToken,
        calendar: &str,
        hook: &Hook,
    ) -> Result<Watching, CalendarError> {
        let resource = match calendar {
            "primary" => "/me/events".to_owned(),
            id => format!("/me/calendars/{id}/events"),
        };
        let body = json!({
            "changeType": "created,updated,deleted",
            "resource": resource,
            "notificationUrl": hook.address,
            "lifecycleNotificationUrl": hook.lifecycle,
            "expirationDateTime": end(),
            "clientState": hook.token.expose(),
            "latestSupportedTlsVersion": "v1_2",
        });
        let ask = Ask::new("subscriptions.create", Method::POST, address(&self.api, &["subscriptions"], &[]));
        Ok(self.ask(token, ask.json(body), READ).await?.read::<Subscription>(true)?.watching())
    }

    pub(super) async fn make_longer(
        &self,
        token: &AccessToken,
        watching: &Watching,
    ) -> Result<Watching, CalendarError> {
        let ask = Ask::new("subscriptions.renew", Method::PATCH, self.subscription(watching));
        let ask = ask.json(json!({ "expirationDateTime": end() }));
        Ok(self.ask(token, ask, READ).await?.read::<Subscription>(true)?.watching())
    }

    pub(super) async fn unsubscribe(&self, token: &AccessToken, watching: &Watching) -> Result<(), CalendarError> {
        let ask = Ask::new("subscriptions.delete", Method::DELETE, self.subscription(watching));
        match self.ask(token, ask, READ).await {
            Ok(_) | Err(CalendarError::Gone) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn subscription(&self, watching: &Watching) -> url::Url {
        address(&self.api, &["subscriptions", &watching.id], &[])
    }
}

fn end() -> String {
    (Utc::now() + LIFE).to_rfc3339_opts(SecondsFormat::Secs, true)
}

impl Subscription {
    fn watching(self) -> Watching {
        Watching { id: self.id, resource: self.resource, expires_at: self.expiration_date_time }
    }
}
