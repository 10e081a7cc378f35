//! Change notifications and lifecycle notifications.
//!
//! They say that something changed and where, not what. Many may come in one request, for several subscriptions and several
//! people.

use serde_json::{Value, json};

use super::{ids, mailbox, render, subscriptions};
use crate::faults::PushFate;
use crate::world::channels::{Channel, ChannelKind, News, What};
use crate::world::people::PERSONAL_TENANT;
use crate::world::pushes::PushKind;
use crate::world::{Account, Provider, Push, Service, State};

/// Most notifications in one request.
const MOST: usize = 100;

/// What tells these subscriptions the news, as few requests as may be. A calendar that is gone ends its subscriptions.
pub fn pushed(state: &mut State, subscriptions: &[&Channel], news: &[News]) -> Vec<Push> {
    let mut pushes: Vec<Push> = Vec::new();
    for subscription in subscriptions {
        for (calendar, id, is_new) in changes(subscription, news) {
            let item = item(state, subscription, calendar, id, is_new);
            let Some(item) = item else { continue };
            let fate = state.take_push_fate(Service::Microsoft, &subscription.account);
            add(&mut pushes, subscription, item, fate);
        }
        let own = |news: &News| {
            news.what == What::CalendarGone && subscription.calendar.as_deref() == Some(news.calendar.as_str())
        };
        if news.iter().any(own) {
            pushes.extend(lifecycle(state, &subscription.id, "subscriptionRemoved"));
        }
    }
    pushes
}

/// Calendar, id and whether it is new of each event that changed, once.
fn changes<'a>(subscription: &Channel, news: &'a [News]) -> Vec<(&'a str, &'a str, bool)> {
    let mut changes: Vec<(&str, &str, bool)> = Vec::new();
    for news in news.iter().filter(|news| subscription.watches(news)) {
        let What::Event { id, is_new } = &news.what else { continue };
        // What was made and changed at once is new.
        if !changes.iter().any(|(calendar, known, _)| *calendar == news.calendar && known == id) {
            changes.push((&news.calendar, id, *is_new));
        }
    }
    changes
}

/// Puts an item with others for the same address, unless a fault wants it alone.
fn add(pushes: &mut Vec<Push>, subscription: &Channel, item: Value, fate: PushFate) {
    let plain = fate == PushFate::default();
    let room = |push: &&mut Push| {
        let items = push.body.as_ref().and_then(|body| body["value"].as_array()).map_or(0, Vec::len);
        plain && push.fate == fate && push.url == subscription.address && items < MOST
    };
    if let Some(push) = pushes.iter_mut().find(room) {
        if let Some(items) = push.body.as_mut().and_then(|body| body["value"].as_array_mut()) {
            items.push(item);
        }
        if !push.channels.contains(&subscription.id) {
            push.channels.push(subscription.id.clone());
        }
        return;
    }
    pushes.push(message(subscription, PushKind::Change, subscription.address.clone(), item, fate));
}

fn message(subscription: &Channel, kind: PushKind, url: String, item: Value, fate: PushFate) -> Push {
    Push {
        number: None,
        provider: Provider::Microsoft,
        account: subscription.account.clone(),
        channels: vec![subscription.id.clone()],
        kind,
        url,
        headers: Vec::new(),
        body: Some(json!({ "value": [item] })),
        fate,
    }
}

/// One notification, if the subscription is for changes of its kind.
fn item(state: &State, subscription: &Channel, calendar: &str, id: &str, is_new: bool) -> Option<Value> {
    let ChannelKind::Microsoft { change_types, immutable_ids, .. } = &subscription.kind else { return None };
    let account = state.account_of(Provider::Microsoft, &subscription.account)?;
    let event = state.event(calendar, id)?;
    let change = match (mailbox::is_visible(event, account), is_new) {
        (false, _) => "deleted",
        (true, true) => "created",
        (true, false) => "updated",
    };
    let shown = ids::shown(id, *immutable_ids);
    let resource = format!("Users/{}/Events/{shown}", account.subject);
    let mut item = about(subscription, account);
    item["changeType"] = json!(change);
    item["resource"] = json!(resource);
    item["resourceData"] = json!({
        "@odata.type": "#Microsoft.Graph.Event",
        "@odata.id": resource,
        "@odata.etag": render::etag(event),
        "id": shown,
    });
    change_types.contains(change).then_some(item)
}

/// What every notification says of its subscription.
fn about(subscription: &Channel, account: &Account) -> Value {
    json!({
        "subscriptionId": subscription.id,
        "subscriptionExpirationDateTime": subscriptions::end(subscription),
        "clientState": subscription.token,
        "tenantId": account.tenant.as_deref().unwrap_or(PERSONAL_TENANT),
    })
}

/// A notification about a subscription itself: `reauthorizationRequired`, `subscriptionRemoved`, which ends it, or `missed`.
/// `None` if it has no address for these.
pub fn lifecycle(state: &mut State, id: &str, event: &str) -> Option<Push> {
    let now = state.now();
    let subscription = state.channels.get_mut(Provider::Microsoft, id, now)?;
    if let ChannelKind::Microsoft { reauthorization_due, .. } = &mut subscription.kind {
        *reauthorization_due |= event == "reauthorizationRequired";
    }
    let subscription = subscription.clone();
    if event == "subscriptionRemoved" {
        state.channels.end(|channel| channel.provider == Provider::Microsoft && channel.id == id);
    }
    let account = state.account_of(Provider::Microsoft, &subscription.account)?;
    let mut item = about(&subscription, account);
    item["lifecycleEvent"] = json!(event);
    let url = subscription.lifecycle_address.clone()?;
    let fate = state.take_push_fate(Service::Microsoft, &subscription.account);
    Some(message(&subscription, PushKind::Lifecycle, url, item, fate))
}

/// Ends the subscriptions of a person whose grant is gone, or of everybody; they are told.
pub fn end_with_grant(state: &mut State, account: Option<&str>) -> usize {
    let now = state.now();
    let meant = |channel: &&Channel| {
        channel.provider == Provider::Microsoft && account.is_none_or(|account| account == channel.account)
    };
    let ids: Vec<String> = state.channels.live(now).filter(meant).map(|channel| channel.id.clone()).collect();
    for id in &ids {
        if let Some(push) = lifecycle(state, id, "subscriptionRemoved") {
            state.push(push);
        }
    }
    ids.len()
}

/// A notification behind which is nothing, for a storm.
pub fn idle(state: &mut State, subscription: &Channel) -> Option<Push> {
    let calendars = state.calendars_of(&subscription.account);
    let calendar = calendars.iter().find(|one| subscription.calendar.as_ref().is_none_or(|id| *id == one.id))?;
    let (calendar, event) = (calendar.id.clone(), state.events_in(&calendar.id).next()?.id.clone());
    let item = item(state, subscription, &calendar, &event, false)?;
    let fate = state.take_push_fate(Service::Microsoft, &subscription.account);
    Some(message(subscription, PushKind::Storm, subscription.address.clone(), item, fate))
}
