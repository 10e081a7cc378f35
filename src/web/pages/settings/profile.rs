//! `/settings`: where somebody is, where others may write to them, and when they work. The question for zone and address on
//! other staff pages posts here too, and goes back there.

use axum::{
    extract::State,
    http::request::Parts,
    response::{IntoResponse, Redirect, Response},
};
use chrono_tz::Tz;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use serde::Deserialize;

use super::{
    View, Views, calendar,
    dates::{self, DatesCard},
    hours::{Hours, HoursCard},
    limits::{LimitsCard, Typed},
};
use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    connections,
    error::AppError,
    ids::Email,
    limits,
    notifications::{self, ConfirmAddress, Message, Post, Recipient},
    people::{self, Member, contact},
    scheduling::zones,
    sign_in::return_to::ReturnTo,
    state::AppState,
    store::{StoreError, Violation},
    web::{
        again::{self, Attempt, problem, wrong},
        components::{
            Banner, Button, ButtonKind, Card, CardBody, CardHead, InputKind, Section, TextField, Toast, Toasts, Tone,
            ZoneSelect,
        },
        form::Form,
        pages::staff::{Desk, Frame, GUESS_ZONE, desk},
        routes::Routes,
        zones::zone_options,
    },
};

/// Mails to addresses that somebody typed, per person and hour.
const MAILS: u32 = 5;
const PER: std::time::Duration = std::time::Duration::from_secs(3600);

pub fn routes() -> Routes {
    Routes::default().post("/settings", save)
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Profile {
    #[serde(default)]
    zone: String,
    #[serde(default)]
    email: String,
    /// What the link in a mail carried.
    #[serde(default)]
    address: String,
    #[serde(default)]
    return_to: String,
}

/// The settings page.
#[component]
pub fn SettingsPage() -> impl IntoView {
    let attempt = use_context::<Attempt<Profile>>();
    let hours = use_context::<Attempt<Hours>>();
    let limits = use_context::<Attempt<Typed>>();
    let dates = use_context::<Attempt<dates::Typed>>();
    let query = use_query_map().get_untracked();
    let (news, link) = (query.get("news"), query.get("address"));
    let chosen = query.get("date").and_then(|date| date.parse().ok());
    desk(move |desk: Desk<Member>| async move {
        let member = desk.me();
        let db = desk.state.store.reader();
        let person = people::find(db, member.org, member.person).await?.ok_or_else(AppError::signed_out)?;
        let offer = match calendar::offer(&desk).await? {
            Some((offer, inviter)) => {
                let list = connections::of_people(db, member.org, &[member.person]).await?;
                let list = list.into_values().flatten().collect();
                let providers = desk.calendar_providers();
                Some(view! { <calendar::Offer offer inviter list providers /> })
            }
            None => None,
        };
        let (now, today) = (desk.state.clock.now(), dates::today(&desk.state, member));
        let (wrong_zone, wrong_email) = (wrong(attempt.as_ref(), "zone"), wrong(attempt.as_ref(), "email"));
        let problem = problem(attempt.as_ref(), &["zone", "email"]);
        let typed = attempt.as_ref().map(|attempt| attempt.typed.clone()).unwrap_or_default();
        let known = member.zone.map(|zone| zone.name().to_owned()).unwrap_or_default();
        let options = zone_options(now, if wrong_zone.is_some() { &typed.zone } else { &known });
        let address = match (&wrong_email, member.contact()) {
            (Some(_), _) => typed.email,
            (None, Some(email)) => email.to_string(),
            (None, None) => desk.claimed_address.clone(),
        };
        let guess = known.is_empty() && wrong_zone.is_none();
        let script = guess.then(|| view! { <script nonce=desk.nonce.clone()>{GUESS_ZONE}</script> });
        let confirm = link.and_then(|link| {
            let email = contact::proposed(&desk.state.config.keys, member, &link, now)?;
            let form = view! {
                <form method="post" action="/settings">
                    <input type="hidden" name="address" value=link />
                    <Button label="Confirm this address" kind=ButtonKind::Primary />
                </form>
            };
            let title = format!("Is {email} your address?");
            Some(view! {
                <Banner tone=Tone::Accent title actions=form.into_any() class="mb-4">
                    "Mails about your interviews go there then, and candidates' answers too."
                </Banner>
            })
        });
        let news = news.and_then(|news| match news.as_str() {
            "saved" => Some("Saved."),
            "connected" => Some("Your calendar is connected. There is nothing else you need to do."),
            "mailed" => Some("Open the link in the mail we sent to confirm the address."),
            _ => None,
        });
        let news = news.map(|text| view! { <Toast text dismiss_href="/settings" /> });
        Ok(view! {
            {script}
            <Frame desk title="Settings" current=Section::Settings>
                <Views current=View::Profile />
                {problem}
                {confirm}
                {offer}
                <div class="stack-lg max-w-3xl">
                <Card>
                    <CardHead title="Profile" />
                    <CardBody>
                        <div class="stack-lg max-w-lg">
                            <form method="post" action="/settings" class="stack" data-guess-zone=guess.then_some("")>
                                <input type="hidden" name="return_to" value="/settings?news=saved" />
                                <ZoneSelect
                                    options
                                    name="zone"
                                    error=wrong_zone
                                    hint="Your working hours are hours of this zone, and pages and mails tell you times in it."
                                />
                                <div>
                                    <Button label="Save" kind=ButtonKind::Primary />
                                </div>
                            </form>
                            <form method="post" action="/settings" class="stack">
                                <TextField
                                    label="Address"
                                    name="email"
                                    kind=InputKind::Email
                                    value=address
                                    error=wrong_email
                                    hint="Others write to you here. Another address counts once you opened the link we mail to it."
                                />
                                <div>
                                    <Button label="Send a link" />
                                </div>
                            </form>
                        </div>
                    </CardBody>
                </Card>
                <HoursCard weekly=person.weekly attempt=hours />
                <DatesCard overrides=person.overrides today=today chosen attempt=dates />
                <LimitsCard limits=person.limits attempt=limits />
                </div>
                <Toasts>{news}</Toasts>
            </Frame>
        })
    })
}

async fn save(
    State(state): State<AppState>,
    member: Member,
    origin: Origin,
    parts: Parts,
    Form(profile): Form<Profile>,
) -> Response {
    match keep(&state, &member, &profile, origin).await {
        Ok(next) => Redirect::to(&next).into_response(),
        Err(error) => again::show(state, parts, Attempt { error, typed: profile }).await,
    }
}

/// Keeps what was said; gives the page to go on with.
async fn keep(state: &AppState, member: &Member, profile: &Profile, origin: Origin) -> Result<String, AppError> {
    if !profile.address.is_empty() {
        confirm(state, member, &profile.address, origin).await?;
        return Ok("/settings?news=saved".to_owned());
    }
    let said = |text: &str| !text.trim().is_empty();
    let email = said(&profile.email).then(|| profile.email.trim().parse::<Email>()).transpose();
    let email =
        email.map_err(|_| AppError::invalid("email", "email_invalid", "Type an address like ana@example.com."))?;
    if email.is_none() || said(&profile.zone) {
        let zone = zones::parse(&profile.zone)
            .map_err(|_| AppError::invalid("zone", "zone_unknown", "Choose a time zone from the list."))?;
        move_to(state, member, zone, origin).await?;
    }
    match email {
        Some(email) if member.contact() != Some(&email) => {
            propose(state, member, &email).await?;
            Ok("/settings?news=mailed".to_owned())
        }
        _ => Ok(ReturnTo::parse(&profile.return_to).as_str().to_owned()),
    }
}

async fn move_to(state: &AppState, member: &Member, zone: Tz, origin: Origin) -> Result<(), AppError> {
    let txn = state.store.begin().await?;
    people::set_zone(&txn, member.org, member.person, zone).await?;
    let detail = serde_json::json!({ "zone": zone.name() });
    audit::record(&txn, entry(member, "person.zone_set", detail, origin)).await?;
    txn.commit().await?;
    Ok(())
}

/// Mails a link to an address somebody says is theirs.
async fn propose(state: &AppState, member: &Member, email: &Email) -> Result<(), AppError> {
    limits::hit(&state.store, "address_mail", &member.person.to_string(), MAILS, PER).await?;
    let now = state.clock.now();
    let (text, until) = contact::proposal(&state.config.keys, member, email, now);
    let link = state.config.web.url(&format!("/settings?address={text}")).parse();
    let link = link.map_err(|error| AppError::internal(&error))?;
    let unmailable = || AppError::invalid("email", "email_invalid", "Mail cannot carry this address.");
    let to = Recipient::parse(email.as_str(), &email.guessed_name(), member.clock()).ok_or_else(unmailable)?;
    let about = Post {
        org: member.org,
        request: None,
        booking: None,
        // Each time anew.
        about: format!("{}:{}", member.person, now.timestamp_millis()),
        sequence: 0,
        reply_to: None,
    };
    let txn = state.store.begin().await?;
    notifications::post(&txn, &state.config, &Message::ConfirmAddress(ConfirmAddress { link, until }), &to, about, now)
        .await?;
    txn.commit().await?;
    state.wake.notify_one();
    Ok(())
}

async fn confirm(state: &AppState, member: &Member, text: &str, origin: Origin) -> Result<(), AppError> {
    let email = contact::proposed(&state.config.keys, member, text, state.clock.now()).ok_or_else(|| {
        AppError::new(410, "address_link_expired", "This link no longer works.").hint("Have a new one sent below.")
    })?;
    let txn = state.store.begin().await?;
    contact::set(&txn, member, &email).await.map_err(|error| match error {
        StoreError::Refused(Violation::Duplicate) => {
            AppError::invalid("email", "address_taken", "Somebody else of your organisation has this address.")
        }
        error => error.into(),
    })?;
    audit::record(&txn, entry(member, "person.address_confirmed", serde_json::json!({}), origin)).await?;
    txn.commit().await?;
    Ok(())
}

fn entry(member: &Member, action: &'static str, detail: serde_json::Value, origin: Origin) -> AuditEntry {
    let actor = Actor::Person(member.person);
    AuditEntry { org: member.org, actor, action, subject: member.person.to_string(), detail, origin }
}
