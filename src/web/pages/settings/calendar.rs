//! `/settings/calendar`: the calendars somebody connected, what is read of them, and how to end it.

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use chrono::{DateTime, Utc};
use leptos::{nonce::use_nonce, prelude::*};
use leptos_router::hooks::use_query_map;

use super::{View, Views};
use crate::{
    audit::Origin,
    calendars::Provider,
    connections::{self, Connection, Need, disconnect::disconnect},
    error::AppError,
    invitations::{self, Invitation},
    notifications::when,
    people::{self, Member, Person},
    state::AppState,
    store::words::{ConnectionStatus, Role},
    web::{
        components::{
            Banner, Button, ButtonKind, Card, CardBody, Dialog, LinkButton, ProviderMark, Section, Status, StatusBadge,
            Toast, Toasts, Tone,
            provider_mark::{Provider as Mark, ProviderButton},
        },
        pages::{
            providers::{ProviderForm, connect_label, continue_label, password_page},
            staff::{Desk, Frame, GUESS_ZONE, desk},
        },
        routes::Routes,
        standing::connection_status,
        wording::ago,
    },
};

pub fn routes() -> Routes {
    Routes::default().post("/settings/calendar/{provider}/disconnect", end)
}

/// The page.
#[component]
pub fn CalendarPage() -> impl IntoView {
    let query = use_query_map().get_untracked();
    let (news, ending) = (query.get("news"), query.get("disconnect"));
    let nonce = use_nonce();
    desk(move |desk: Desk<Member>| async move {
        let (db, me, now) = (desk.state.store.reader(), desk.me().clone(), desk.state.clock.now());
        let list = connections::of_people(db, me.org, &[me.person]).await?.remove(&me.person).unwrap_or_default();
        let providers = desk.state.services.calendars.names();
        let is_first = !list.iter().any(is_connected);
        let cards = providers.iter().map(|provider| {
            let connection = list.iter().find(|one| one.provider == *provider).cloned();
            view! { <ProviderCard provider=*provider connection is_first me=me.clone() now /> }
        });
        let cards = cards.collect_view();
        let ending = ending.and_then(|provider| provider.parse::<Provider>().ok());
        let ending = ending.filter(|provider| list.iter().any(|one| one.provider == *provider && is_connected(one)));
        let offer = offer(&desk)
            .await?
            .map(|(offer, inviter)| view! { <Offer offer inviter list=list.clone() providers=providers.clone() /> });
        let news = match news.as_deref() {
            Some("disconnected") => Some("Disconnected. Convene no longer reads this calendar."),
            Some("connected") => Some("Connected. Convene reads from when to when you are busy."),
            _ => None,
        };
        let news = news.map(|text| view! { <Toast text dismiss_href="/settings/calendar" /> });
        Ok(view! {
            <script nonce=nonce>{GUESS_ZONE}</script>
            <Frame desk title="Settings" current=Section::Settings>
                <Views current=View::Calendar />
                {offer}
                <div class="stack-lg max-w-3xl">
                    <h2 class="vh">"Calendar"</h2>
                    {cards}
                </div>
                <Ending provider=ending role=me.role />
                <Toasts>{news}</Toasts>
            </Frame>
        })
    })
}

fn is_connected(one: &Connection) -> bool {
    one.status != ConnectionStatus::Inactive
}

#[component]
fn ProviderCard(
    provider: Provider,
    connection: Option<Connection>,
    /// Whether nothing is connected yet.
    is_first: bool,
    me: Member,
    now: DateTime<Utc>,
) -> impl IntoView {
    let connected = connection.filter(is_connected);
    let status = connected.as_ref().map(|one| connection_status(std::slice::from_ref(one)));
    let writes = me.role != Role::Interviewer;
    let (line, error) = match &connected {
        None if writes => ("Read when you are busy, and take the interviews you arrange.".to_owned(), None),
        None => ("Read when you are busy, never what it is.".to_owned(), None),
        Some(one) => {
            let synced = one.last_synced_at.map(|at| format!(" Last read {}.", ago(at, now))).unwrap_or_default();
            let since = when::date(one.connected_at, me.clock());
            let account = if one.account_email.is_empty() { "Connected" } else { &one.account_email };
            (format!("{account}, since {since}.{synced}"), (!one.last_error.is_empty()).then(|| one.last_error.clone()))
        }
    };
    let reads = connected.as_ref().map(|one| {
        let reads = if one.can(Need::ReadBusy) {
            "Convene reads from when to when you are busy."
        } else {
            "Convene cannot read when you are busy."
        };
        let writes = if one.can(Need::WriteEvents) && one.is_primary && writes {
            " Interviews you arrange are put into it."
        } else {
            " It changes nothing in this calendar."
        };
        view! { <p class="hint">{reads} {writes}</p> }
    });
    let form = |label: &'static str, primary: bool| {
        let kind = if primary { ButtonKind::Primary } else { ButtonKind::Secondary };
        match password_page(provider) {
            Some(href) => view! { <LinkButton label kind href /> }.into_any(),
            None => view! {
                <ProviderForm provider purpose="connect" return_to="/settings/calendar">
                    <Button label kind />
                </ProviderForm>
            }
            .into_any(),
        }
    };
    let wants_sign_in = matches!(status, Some(Status::SignInExpired | Status::PermissionMissing))
        || connected.as_ref().is_some_and(|one| !one.missing(connections::connect::needs(me.role)).is_empty());
    let actions = match &connected {
        None => form(connect_label(provider), is_first),
        Some(_) => view! {
            {wants_sign_in.then(|| form("Reconnect", true))}
            <LinkButton label="Disconnect" href=format!("/settings/calendar?disconnect={provider}") />
        }
        .into_any(),
    };
    view! {
        <Card>
            <CardBody>
                <div class="provider-card">
                    <ProviderMark provider=provider.into() tile=true />
                    <div class="provider-words">
                        <div class="row">
                            <h3 class="h3">{provider.label()}</h3>
                            {status.map(|status| view! { <StatusBadge status /> })}
                        </div>
                        <p class="hint">{line}</p>
                        {reads}
                        {error.map(|error| view! { <p class="error">{error}</p> })}
                    </div>
                    <div class="form-acts">{actions}</div>
                </div>
            </CardBody>
        </Card>
    }
}

/// Asks before anything ends.
#[component]
fn Ending(provider: Option<Provider>, role: Role) -> impl IntoView {
    let Some(provider) = provider else { return ().into_any() };
    let form = "disconnect-form";
    let actions = view! {
        <LinkButton label="Keep it" href="/settings/calendar" />
        <Button label="Disconnect" kind=ButtonKind::DangerFinal form=form />
    };
    let means = if role == Role::Interviewer {
        "Nobody knows when you are busy after that, so interviews are offered with you only at times you or a coordinator typed."
    } else {
        "Your busy times are not known after that, and interviews you arrange are no longer put into it. Those that are in it stay there."
    };
    let title = format!("Disconnect {}?", provider.label());
    let then = if password_page(provider).is_some() {
        "Your password and what was read are deleted. Take the password itself back where you made it: at Apple, under Sign-In and Security."
    } else {
        "The permission you gave is handed back, and what was read is deleted."
    };
    view! {
        <Dialog id="disconnect" title open=true close_href="/settings/calendar" actions=actions.into_any()>
            <p>{means}</p>
            <p class="hint mt-2">{then}</p>
            <form id=form method="post" action=format!("/settings/calendar/{provider}/disconnect")></form>
        </Dialog>
    }
    .into_any()
}

/// What this person was offered and by whom, if it still stands.
pub(super) async fn offer(desk: &Desk<Member>) -> Result<Option<(Invitation, Person)>, AppError> {
    let (db, me) = (desk.state.store.reader(), desk.me());
    if me.role != Role::Interviewer {
        return Ok(None);
    }
    let offer = invitations::pending(db, me.org, me.person).await?;
    let offer = offer.filter(|one| one.role == Role::Coordinator && one.works(desk.state.clock.now()).is_ok());
    let Some(offer) = offer else { return Ok(None) };
    let inviter = people::find(db, me.org, offer.invited_by).await?;
    Ok(inviter.map(|inviter| (offer, inviter)))
}

/// An interviewer is asked to coordinate: it takes one more permission.
#[component]
pub(super) fn Offer(
    offer: Invitation,
    inviter: Person,
    list: Vec<Connection>,
    providers: Vec<Provider>,
) -> impl IntoView {
    let connected: Vec<Provider> = list.iter().filter(|one| is_connected(one)).map(|one| one.provider).collect();
    let choices = if connected.is_empty() { providers } else { connected };
    let choices = choices.into_iter().filter(|provider| password_page(*provider).is_none());
    let buttons = choices.map(|provider| {
        let mark = Mark::from(provider);
        view! {
            <ProviderForm provider purpose="coordinate" return_to="/dashboard">
                <ProviderButton provider=mark label=continue_label(mark) />
            </ProviderForm>
        }
    });
    let buttons = buttons.collect_view();
    let title = format!("{} asks you to arrange interviews", inviter.name);
    let until = when::instant(offer.expires_at, inviter.zone.unwrap_or(chrono_tz::Tz::UTC));
    view! {
        <Banner tone=Tone::Accent title actions=buttons.into_any() class="mb-4">
            {format!("As a coordinator you make requests and see candidates. Convene then also puts the interviews you arrange into your calendar, and asks you for that permission once. The offer stands until {until}.")}
        </Banner>
    }
}

async fn end(
    State(state): State<AppState>,
    Path(provider): Path<String>,
    member: Member,
    origin: Origin,
) -> Result<Response, AppError> {
    let provider: Provider = provider.parse().map_err(|_| AppError::not_found())?;
    // On a task of its own: a browser that goes away must not keep the provider from being told.
    let services = state.services.clone();
    let ending = tokio::spawn(async move { disconnect(&services, &member, provider, &origin).await });
    match ending.await {
        Ok(ended) => ended?,
        Err(error) => return Err(AppError::internal(&error)),
    };
    Ok(Redirect::to("/settings/calendar?news=disconnected").into_response())
}
