//! One provider's card: the account that is connected, how it stands, and what its owner can do about it.

use chrono::{DateTime, Utc};
use leptos::prelude::*;

use super::choose::Choose;
use crate::{
    calendars::Provider,
    connections::{self, Connection, choice::Calendar},
    notifications::when,
    people::Member,
    store::words::{ConnectionStatus, Role},
    web::{
        components::{Button, ButtonKind, Card, CardBody, LinkButton, ProviderMark, Status, StatusBadge, Tone},
        pages::providers::{ProviderForm, connect_label, password_page},
        standing::connection_status,
        wording::{ago, ahead, full},
    },
};

/// An account that is connected, and what is known of it.
pub struct Account {
    pub connection: Connection,
    pub calendars: Vec<Calendar>,
    /// When it is read again by itself, where it did not answer.
    pub asked_again: Option<DateTime<Utc>>,
    /// How many updates wait until it works again.
    pub waiting: u64,
    /// Until when its provider wants to be left alone.
    pub paused_until: Option<DateTime<Utc>>,
}

impl Account {
    /// What it waits for, after the sentence about what is wrong.
    fn waits(&self, now: DateTime<Utc>) -> String {
        let again = match (self.paused_until, self.asked_again) {
            (Some(until), _) => format!(" It was asked too often and is asked again {}.", ahead(until, now)),
            (None, Some(at)) if self.connection.status == ConnectionStatus::Error => {
                format!(" It is asked again {}.", ahead(at, now))
            }
            _ => String::new(),
        };
        let waiting = match self.waiting {
            0 => String::new(),
            1 => " One update of an interview waits, and is made when it works again.".to_owned(),
            many => format!(" {many} updates of interviews wait, and are made when it works again."),
        };
        format!("{again}{waiting}")
    }
}

#[component]
pub fn ProviderCard(
    provider: Provider,
    account: Option<Account>,
    /// Whether the organisation wants its calendars.
    is_allowed: bool,
    /// Whether nothing is connected yet.
    is_first: bool,
    /// Whether connecting it would end another account, by the organisation's policy.
    switches: bool,
    /// The permission for a calendar of our own was given a moment ago.
    wants_ours: bool,
    me: Member,
    now: DateTime<Utc>,
) -> impl IntoView {
    let writes = me.role != Role::Interviewer;
    let Some(account) = account else {
        let does = if writes {
            "Read when you are busy, and take the interviews you arrange."
        } else {
            "Read when you are busy, never what it is."
        };
        let kind = if is_first { ButtonKind::Primary } else { ButtonKind::Secondary };
        if !is_allowed {
            let words = view! { <p class="hint">"Your organisation does not connect these calendars."</p> }.into_any();
            let action = ().into_any();
            return view! { <Frame provider tone=Tone::Neutral status=None words action below=None /> }.into_any();
        }
        let action = if switches {
            view! { <LinkButton label=connect_label(provider) href=format!("/settings/calendar?switch={provider}") /> }
                .into_any()
        } else {
            connect(provider, connect_label(provider), kind)
        };
        let words = view! { <p class="hint">{does}</p> }.into_any();
        return view! { <Frame provider tone=Tone::Neutral status=None words action below=None /> }.into_any();
    };
    let waits = account.waits(now);
    let Account { connection, calendars, .. } = account;
    let status = connection_status(std::slice::from_ref(&connection));
    let missing = !connection.missing(connections::connect::needs(me.role)).is_empty();
    let wants_sign_in = missing || status == Status::SignInExpired;
    let tone = match status {
        Status::SignInExpired => Tone::Danger,
        _ if !connection.last_error.is_empty() => Tone::Warning,
        _ => Tone::Neutral,
    };
    let email = match connection.account_email.as_str() {
        "" => "Connected".to_owned(),
        email => email.to_owned(),
    };
    let since = when::date(connection.connected_at, me.clock());
    let synced = connection.last_synced_at.map(|at| {
        let absolute = full(at, me.clock());
        let told = if status == Status::SignInExpired { "Last read" } else { "Last synced" };
        view! { ". " {told} " " <time datetime=at.to_rfc3339() title=absolute>{ago(at, now)}</time> }
    });
    let error = connection.last_error.clone();
    let error = (!error.is_empty() || !waits.is_empty()).then(|| {
        let class = if status == Status::SignInExpired { "error" } else { "hint" };
        view! { <p class=class>{error} {waits}</p> }
    });
    let words = view! {
        <p class="hint">{email} ", since " {since} {synced} "."</p>
        {error}
    }
    .into_any();
    let again = wants_sign_in || status == Status::NotAnswering;
    let action = view! {
        {again.then(|| {
            let kind = if wants_sign_in { ButtonKind::Primary } else { ButtonKind::Secondary };
            connect(provider, "Reconnect", kind)
        })}
        {connection.is_usable().then(|| view! {
            <form method="post" action=format!("/settings/calendar/{provider}/sync")>
                <Button label="Sync now" />
            </form>
        })}
        <LinkButton label="Disconnect" href=format!("/settings/calendar?disconnect={provider}") />
    }
    .into_any();
    let below = (connection.is_usable() && !calendars.is_empty())
        .then(|| view! { <Choose connection calendars writes wants_ours /> }.into_any());
    view! { <Frame provider tone status=Some(status) words action below /> }.into_any()
}

/// To the provider's page, or to the form for a password.
fn connect(provider: Provider, label: &'static str, kind: ButtonKind) -> AnyView {
    match password_page(provider) {
        Some(href) => view! { <LinkButton label kind href /> }.into_any(),
        None => view! {
            <ProviderForm provider purpose="connect" return_to="/settings/calendar">
                <Button label kind />
            </ProviderForm>
        }
        .into_any(),
    }
}

#[component]
fn Frame(
    provider: Provider,
    tone: Tone,
    status: Option<Status>,
    words: AnyView,
    action: AnyView,
    below: Option<AnyView>,
) -> impl IntoView {
    view! {
        <div id=provider.as_str()>
            <Card label=provider.label() tone>
                <CardBody>
                    <div class="provider-card">
                        <ProviderMark provider=provider.into() tile=true />
                        <div class="provider-words">
                            <div class="row">
                                <h3 class="h3">{provider.label()}</h3>
                                {status.map(|status| view! { <StatusBadge status /> })}
                            </div>
                            {words}
                        </div>
                        <div class="form-acts">{action}</div>
                    </div>
                </CardBody>
                {below.map(|below| view! { <div class="card-below">{below}</div> })}
            </Card>
        </div>
    }
    .into_any()
}
