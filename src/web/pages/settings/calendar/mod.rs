//! `/settings/calendar`: the accounts somebody connected. What each of them looks like is told in [`card`], what is read and written
//! in [`choose`], what stands in the way of another account in [`in_the_way`].

mod card;
mod choose;
mod in_the_way;
mod offer;

use axum::{
    Form,
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use leptos::{nonce::use_nonce, prelude::*};
use leptos_router::hooks::use_query_map;

use super::{View, Views};
use crate::{
    audit::Origin,
    booking::leave::{self, Interviews},
    calendars::Provider,
    connections::{
        self, Connection, Need, choice,
        refresh::{Refreshed, refresh},
    },
    error::AppError,
    events::leaving,
    limits,
    outbox::{self, Job},
    people::Member,
    state::AppState,
    store::words::{ConnectionStatus, Role},
    web::{
        again::{Attempt, problem},
        components::{Button, ButtonKind, Dialog, LinkButton, Radio, Section, Toast, Toasts},
        pages::{
            providers::password_page,
            staff::{Desk, Frame, GUESS_ZONE, desk},
        },
        routes::Routes,
    },
};
use card::{Account, ProviderCard};
use in_the_way::Switching;

pub use in_the_way::InTheWay;
pub(super) use offer::{Offer, offer};

/// Why a provider connected no calendar.
#[derive(Clone, Copy, Debug)]
pub struct NotConnected;

const PAGE: &str = "/settings/calendar";
/// How often somebody may have one of their accounts read at once.
const SYNCS: u32 = 12;
const PER: std::time::Duration = std::time::Duration::from_secs(60);

pub fn routes() -> Routes {
    Routes::default()
        .get("/settings/integrations", moved)
        .post("/settings/calendar/{provider}/sync", sync)
        .post("/settings/calendar/{provider}/disconnect", end)
        .merge(choose::routes())
}

/// The page.
#[component]
pub fn CalendarPage() -> impl IntoView {
    let query = use_query_map().get_untracked();
    let provider_of = move |name: &str| query.get(name).and_then(|provider| provider.parse::<Provider>().ok());
    let (news, ending, switching, own) = (
        use_query_map().get_untracked().get("news"),
        provider_of("disconnect"),
        provider_of("switch"),
        provider_of("own"),
    );
    let in_the_way = use_context::<Attempt<InTheWay>>();
    let chosen = use_context::<Attempt<choose::Ticked>>();
    let not_connected = use_context::<Attempt<NotConnected>>();
    let nonce = use_nonce();
    desk(move |desk: Desk<Member>| async move {
        let (db, me, now) = (desk.state.store.reader(), desk.me().clone(), desk.state.clock.now());
        let list = connections::of_people(db, me.org, &[me.person]).await?.remove(&me.person).unwrap_or_default();
        let connected: Vec<Connection> = list.into_iter().filter(is_connected).collect();
        let ids: Vec<_> = connected.iter().map(|one| one.id).collect();
        let mut calendars = choice::of_connections(db, me.org, &ids).await?;
        let pauses = connections::busy::pauses(db, me.org, now).await?;
        let providers = desk.state.services.calendars.names();
        let one_calendar = desk.organisation.policies.one_calendar;
        let mut cards = Vec::new();
        for provider in &providers {
            let mut account = None;
            if let Some(connection) = connected.iter().find(|one| one.provider == *provider).cloned() {
                let id = connection.id;
                account = Some(Account {
                    calendars: calendars.remove(&id).unwrap_or_default(),
                    asked_again: outbox::next_try(db, me.org, &Job::ReadConnection { connection: id }).await?,
                    waiting: outbox::waiting_for(db, me.org, id).await?,
                    paused_until: pauses.get(&id).copied(),
                    connection,
                });
            }
            let is_first = connected.is_empty();
            let switches = one_calendar && account.is_none() && !is_first;
            let wants_ours = own == Some(*provider);
            let is_allowed = desk.calendar_providers().contains(provider);
            let me = me.clone();
            cards.push(
                view! { <ProviderCard provider=*provider account is_allowed is_first switches wants_ours me now /> },
            );
        }
        let ending = ending.and_then(|provider| connected.iter().find(|one| one.provider == provider).cloned());
        let standing = match &ending {
            Some(connection) => leaving::count_standing(db, me.org, connection.id, now).await?,
            None => 0,
        };
        let next = ending.as_ref().and_then(|ending| next(&connected, ending)).map(|one| one.provider);
        let switching = switching.filter(|_| one_calendar).and_then(|wanted| {
            connected.iter().find(|one| one.provider != wanted).map(|one| InTheWay::other_provider(wanted, one))
        });
        let switching = in_the_way.as_ref().map(|attempt| attempt.typed.clone()).or(switching);
        let offer = offer(&desk).await?.map(|(offer, inviter)| {
            view! { <Offer offer inviter list=connected.clone() providers=desk.calendar_providers() /> }
        });
        let news = news.as_deref().and_then(news_in_words);
        let news = news.map(|text| view! { <Toast text dismiss_href=PAGE /> });
        let problem = (problem(chosen.as_ref(), &["read", "target"]), problem(not_connected.as_ref(), &[]));
        Ok(view! {
            <script nonce=nonce>{GUESS_ZONE}</script>
            <Frame desk title="Settings" current=Section::Settings>
                <Views current=View::Calendar />
                {offer}
                {problem}
                <div class="stack-lg max-w-3xl">
                    <h2 class="vh">"Calendar"</h2>
                    {cards.collect_view()}
                </div>
                <Ending connection=ending role=me.role standing next />
                <Switching in_the_way=switching role=me.role />
                <Toasts>{news}</Toasts>
            </Frame>
        })
    })
}

fn news_in_words(news: &str) -> Option<&'static str> {
    Some(match news {
        "disconnected" => "Disconnected. Convene no longer reads this calendar.",
        "left" => "Disconnected. Interviews to come are being taken out of this calendar.",
        "connected" => "Connected. Convene reads from when to when you are busy.",
        "chosen" => "Saved. It holds from now on.",
        "synced" => "Read just now.",
        "needs_you" => "It could not be read: the card says what it needs from you.",
        "paused" => "It was asked too often and is asked again in a while.",
        "no_answer" => "It did not answer. We keep trying.",
        _ => return None,
    })
}

fn is_connected(one: &Connection) -> bool {
    one.status != ConnectionStatus::Inactive
}

/// The account into which interviews go once this one is gone.
fn next<'a>(connected: &'a [Connection], ending: &Connection) -> Option<&'a Connection> {
    connected.iter().find(|one| one.id != ending.id && one.is_usable() && one.can(Need::WriteEvents))
}

/// Asks before anything ends.
#[component]
fn Ending(
    connection: Option<Connection>,
    role: Role,
    /// How many interviews to come stand in it.
    standing: u64,
    /// Where new interviews go afterwards, if into any calendar.
    next: Option<Provider>,
) -> impl IntoView {
    let Some(Connection { provider, account_email, .. }) = connection else { return ().into_any() };
    let form = "disconnect-form";
    let actions = view! {
        <LinkButton label="Keep it" href=PAGE />
        <Button label="Disconnect" kind=ButtonKind::DangerFinal form=form />
    };
    let means = match (role, next) {
        (Role::Interviewer, _) => {
            "Nobody knows when you are busy after that, so interviews are offered with you only at times you or a coordinator typed.".to_owned()
        }
        (_, Some(next)) => format!(
            "What is in it is not known after that. Interviews you arrange go into {} from then on.",
            next.label(),
        ),
        (_, None) => {
            "Your busy times are not known after that, and interviews you arrange go into no calendar: everybody is invited by mail.".to_owned()
        }
    };
    let account = if account_email.is_empty() { String::new() } else { format!(" ({account_email})") };
    let title = format!("Disconnect {}{account}?", provider.label());
    let then = if password_page(provider).is_some() {
        "Your password and what was read are deleted. Take the password itself back where you made it: at Apple, under Sign-In and Security."
    } else {
        "The permission you gave is handed back, and what was read is deleted."
    };
    view! {
        <Dialog id="disconnect" title open=true close_href=PAGE actions=actions.into_any()>
            <p>{means}</p>
            <p class="hint mt-2">{then}</p>
            <form id=form method="post" action=format!("/settings/calendar/{provider}/disconnect") class=(standing > 0).then_some("mt-4")>
                {(standing > 0).then(|| view! { <WhatStands standing provider next /> })}
            </form>
        </Dialog>
    }
    .into_any()
}

/// What becomes of interviews that are in the calendar.
#[component]
fn WhatStands(standing: u64, provider: Provider, next: Option<Provider>) -> impl IntoView {
    let legend = match standing {
        1 => "One interview to come is in it".to_owned(),
        many => format!("{many} interviews to come are in it"),
    };
    let to = match next {
        Some(next) => format!("go into {}", next.label()),
        None => "come by mail".to_owned(),
    };
    let leave = if provider.invites() {
        format!("No interview is cancelled. The invitations of {} are withdrawn, and new ones {to}.", provider.label())
    } else {
        "No interview is cancelled, and guests notice nothing.".to_owned()
    };
    view! {
        <fieldset class="field">
            <legend class="label">{legend}</legend>
            <div class="check-list">
            <Radio
                name="interviews"
                value="stay"
                label="Leave in the calendar"
                hint="When one is moved or cancelled later, this calendar shows it only after you connect it again."
                checked=true
            />
            <Radio name="interviews" value="leave" label="Take out of the calendar" hint=leave />
            </div>
        </fieldset>
    }
}

/// Where other products have it.
async fn moved() -> Redirect {
    Redirect::to(PAGE)
}

async fn sync(
    State(state): State<AppState>,
    Path(provider): Path<String>,
    member: Member,
) -> Result<Response, AppError> {
    let provider: Provider = provider.parse().map_err(|_| AppError::not_found())?;
    limits::hit(&state.store, "sync_now", &member.person.to_string(), SYNCS, PER).await?;
    let list = connections::of_people(state.store.reader(), member.org, &[member.person]).await?;
    let connection = list.into_values().flatten().find(|one| one.provider == provider && is_connected(one));
    let connection = connection.ok_or_else(|| {
        AppError::new(409, "not_connected", "This calendar is not connected.").hint("Connect it first.")
    })?;
    // On a task of its own: what was read counts, whether or not the browser waits for it.
    let services = state.services.clone();
    let reading = tokio::spawn(async move { refresh(&services, &member, connection.id).await });
    let news = match reading.await.map_err(|error| AppError::internal(&error))?? {
        Refreshed::Read => "synced",
        Refreshed::NeedsOwner => "needs_you",
        Refreshed::Paused(_) => "paused",
        Refreshed::NoAnswer => "no_answer",
    };
    Ok(Redirect::to(&format!("{PAGE}?news={news}#{provider}")).into_response())
}

/// What somebody wants who disconnects.
#[derive(serde::Deserialize)]
struct Ends {
    /// Where nothing stands in the calendar, nothing is asked.
    #[serde(default)]
    interviews: String,
}

async fn end(
    State(state): State<AppState>,
    Path(provider): Path<String>,
    member: Member,
    origin: Origin,
    Form(ends): Form<Ends>,
) -> Result<Response, AppError> {
    let provider: Provider = provider.parse().map_err(|_| AppError::not_found())?;
    let interviews = match ends.interviews.as_str() {
        "" => Interviews::Stay,
        chosen => chosen.parse().map_err(|()| {
            AppError::invalid("interviews", "interviews_unknown", "Choose whether interviews stay in the calendar.")
        })?,
    };
    // On a task of its own: a browser that goes away must not keep the provider from being told.
    let ending = tokio::spawn(async move { leave::disconnect(&state, &member, provider, interviews, &origin).await });
    match ending.await {
        Ok(ended) => ended?,
        Err(error) => return Err(AppError::internal(&error)),
    };
    let news = if interviews == Interviews::Leave { "left" } else { "disconnected" };
    Ok(Redirect::to(&format!("{PAGE}?news={news}")).into_response())
}
