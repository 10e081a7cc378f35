//! What follows when a calendar connection stops or starts working: its owner is told once, its jobs wait and wake up.

use std::sync::Arc;

use async_trait::async_trait;
use chrono_tz::Tz;
use tokio::sync::Notify;

use super::{CalendarFailing, Message, Post, Recipient, ReconnectNeeded, link::Link, post};
use crate::{
    config::Config,
    connections::{self, Connection, Need, Watch, alerts::Alert},
    ids::{OrgId, RevocationId},
    outbox::{self, Job, Reason},
    people,
    store::{
        self, StoreError, Txn,
        words::{ConnectionStatus, Role},
    },
    webhooks,
};

/// Writes to the owner of a broken connection, and wakes the jobs of a mended one. One that did not answer yet is read
/// again. Administrators hear of one that fails again and again.
pub struct TellOwner {
    pub config: Arc<Config>,
    pub wake: Arc<Notify>,
}

#[async_trait]
impl Watch for TellOwner {
    async fn expired(&self, txn: &Txn, connection: &Connection) -> Result<(), StoreError> {
        webhooks::tell(txn, connection.org, webhooks::Event::ConnectionExpired(account(connection))).await?;
        let Some(person) = people::find(&**txn, connection.org, connection.person).await? else { return Ok(()) };
        let to = person
            .contact()
            .and_then(|email| Recipient::parse(email.as_str(), &person.name, person.zone.unwrap_or(Tz::UTC)));
        let (Some(to), Ok(link)) = (to, self.config.web.url("/dashboard").parse()) else { return Ok(()) };
        let now = store::now(&**txn).await?;
        let message = Message::ReconnectNeeded(ReconnectNeeded {
            provider: connection.provider.label().to_owned(),
            account: connection.account_email.clone(),
            since: now,
            is_written: connection.is_primary && connection.can(Need::WriteEvents),
            link,
        });
        let about = Post {
            org: connection.org,
            request: None,
            booking: None,
            // Once per expiry.
            about: format!("{}:{}", connection.id, now.timestamp_millis()),
            sequence: 0,
            reply_to: None,
        };
        post(txn, &self.config, &message, &to, about, now).await?;
        self.wake.notify_one();
        Ok(())
    }

    async fn connected(&self, txn: &Txn, connection: &Connection) -> Result<(), StoreError> {
        outbox::unpark(txn, connection.org, connection.id).await?;
        webhooks::tell(txn, connection.org, webhooks::Event::ConnectionConnected(account(connection))).await?;
        if connection.status == ConnectionStatus::Error {
            let job = Job::ReadConnection { connection: connection.id };
            outbox::enqueue(txn, connection.org, &job, store::now(&**txn).await?).await?;
        }
        self.wake.notify_one();
        Ok(())
    }

    async fn failing(&self, txn: &Txn, alert: &Alert) -> Result<(), StoreError> {
        let (org, db) = (alert.connection.org, &**txn);
        let Some(person) = people::find(db, org, alert.person).await? else { return Ok(()) };
        let Ok(link) = self.config.web.url("/admin/sync").parse::<Link>() else { return Ok(()) };
        let reason = Reason::stored(&alert.reason).map(Reason::sentence).unwrap_or_default();
        let message = Message::CalendarFailing(CalendarFailing {
            person: person.name,
            provider: alert.connection.provider.label().to_owned(),
            reason: reason.to_owned(),
            since: alert.raised_at,
            link,
        });
        for admin in people::team(db, org).await?.iter().filter(|one| one.role == Role::Admin) {
            let to = admin
                .contact()
                .and_then(|email| Recipient::parse(email.as_str(), &admin.name, admin.zone.unwrap_or(Tz::UTC)));
            let Some(to) = to else { continue };
            let about = Post {
                org,
                request: None,
                booking: None,
                // Once per episode.
                about: format!("{}:{}", alert.person, alert.raised_at.timestamp_millis()),
                sequence: 0,
                reply_to: None,
            };
            post(txn, &self.config, &message, &to, about, alert.raised_at).await?;
        }
        self.wake.notify_one();
        Ok(())
    }

    async fn ended(&self, txn: &Txn, connection: &Connection) -> Result<(), StoreError> {
        webhooks::tell(txn, connection.org, webhooks::Event::ConnectionDisconnected(account(connection))).await
    }

    async fn disconnected(&self, txn: &Txn, org: OrgId, revocation: RevocationId) -> Result<(), StoreError> {
        let now = store::now(&**txn).await?;
        outbox::enqueue(txn, org, &Job::EndGrant { revocation }, now).await?;
        self.wake.notify_one();
        Ok(())
    }
}

fn account(connection: &Connection) -> webhooks::Account {
    let provider = connections::stored(connection.provider);
    webhooks::Account { connection: connection.id, person: connection.person, provider }
}
