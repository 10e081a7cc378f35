//! Choosing a time: facts on the left, a month with marks, one day's times, one button. A phone shows the same in one column.

use leptos::{nonce::use_nonce, prelude::*};
use leptos_meta::Title;

use super::{Typed, Visit, picture::Times};
use crate::{
    booking::{Booking, Key},
    error::AppError,
    notifications::when,
    scheduling::zones,
    state::AppState,
    web::{
        again::{Attempt, problem},
        components::{
            Banner, Booker, Button, ButtonKind, ButtonSize, EmptyState, Fact, Facts, Glyph, LinkButton, MonthPicker,
            PublicShell, PublicWidth, SlotList, Tone, ZoneSelect,
        },
        wording::listed,
        zones::zone_options,
    },
};

/// What the choice is for.
#[derive(Clone)]
pub enum Purpose {
    Book,
    Move(Booking),
}

/// More times than this stand in two columns.
const IN_ONE_COLUMN: usize = 8;
/// Comfort only; the page is complete without it.
const SCRIPT: &str = include_str!("choose.js");

/// The whole page.
pub async fn choose(
    state: &AppState,
    visit: Visit,
    purpose: Purpose,
    attempt: Option<Attempt<Typed>>,
) -> Result<AnyView, AppError> {
    state.searches.view(visit.request.id)?;
    let turn = state.searches.turn().await?;
    let answer = visit.opened.open_slots(state).await?;
    drop(turn);
    let starts = answer.slots().map(|slot| slot.start());
    let times = Times::new(starts, visit.request.duration, visit.zone, visit.coordinator_zone());
    let today = state.clock.now().with_timezone(&visit.zone).date_naive();
    let page = view! {
        <script nonce=use_nonce()>{SCRIPT}</script>
        <Card visit purpose times today attempt />
    };
    Ok(page.into_any())
}

#[component]
fn Card(
    visit: Visit,
    purpose: Purpose,
    times: Times,
    today: chrono::NaiveDate,
    attempt: Option<Attempt<Typed>>,
) -> impl IntoView {
    let page = match purpose {
        Purpose::Book => "",
        Purpose::Move(_) => "/move",
    };
    let action = visit.href(page);
    let tz = visit.zone.name();
    let zones = zone_options(visit.request.window.start(), tz);
    let href = {
        let action = action.clone();
        move |day: chrono::NaiveDate| format!("{action}?tz={tz}&day={day}")
    };
    let problem = problem(attempt.as_ref(), &[]);
    let typed = attempt.map(|attempt| attempt.typed.start).unwrap_or_default();
    let shown = times.day_shown(visit.day);
    let title = match &purpose {
        Purpose::Book => visit.request.interview_type.clone(),
        Purpose::Move(_) => "Choose a new time".to_owned(),
    };
    let panes = match shown {
        None => view! { <Nothing visit=visit.clone() /> }.into_any(),
        Some(shown) => {
            let warning = times.clock_change(visit.request.window);
            let day = times.slot_day(shown);
            let many = day.slots.len() > IN_ONE_COLUMN;
            let (button, foot) = match &purpose {
                Purpose::Book => (
                    "Confirm booking",
                    format!("You can move or cancel until {} before.", when::length(visit.request.change_notice)),
                ),
                Purpose::Move(booking) => {
                    ("Confirm new time", format!("Until then {} stays booked.", when::span(booking.span, visit.zone)))
                }
            };
            view! {
                <section class="pane pane-month" aria-label="Choose a day">
                    <MonthPicker month=times.month(shown, today, href) />
                    {warning.map(|text| view! { <Banner tone=Tone::Warning class="mt-4">{text}</Banner> })}
                </section>
                <form method="post" action=format!("{action}?tz={tz}&day={shown}") class="pane pane-times">
                    <input type="hidden" name="key" value=Key::fresh() />
                    <input type="hidden" name="tz" value=tz />
                    <SlotList days=vec![day] name="start" selected=typed two_columns=many />
                    <div class="booker-act">
                        <Button label=button kind=ButtonKind::Primary size=ButtonSize::Large block=true />
                        <p class="hint mt-2">{foot}</p>
                    </div>
                </form>
            }
            .into_any()
        }
    };
    view! {
        <Title text=title.clone() />
        <PublicShell organisation=visit.organisation.clone() width=PublicWidth::Booker foot="Times are checked against the calendars again when you confirm.">
            {problem}
            <Booker>
                <section class="pane pane-facts">
                    <About visit=visit.clone() title />
                    // Back must not leave one zone chosen beside the times of another.
                    <form method="get" action=action class="mt-6" autocomplete="off" data-submit-on-change>
                        <ZoneSelect options=zones hint=zone_hint(&visit) />
                        {visit.day.map(|day| view! { <input type="hidden" name="day" value=day.to_string() /> })}
                        <noscript>
                            <Button label="Show times in this zone" class="mt-2" />
                        </noscript>
                    </form>
                </section>
                {panes}
            </Booker>
        </PublicShell>
    }
}

/// Who, what, how long, where.
#[component]
pub fn About(visit: Visit, #[prop(into)] title: String) -> impl IntoView {
    let request = &visit.request;
    let mut facts = vec![Fact::new(Glyph::Clock, when::length(request.duration))];
    if request.video {
        facts.push(Fact::new(Glyph::Video, "Video call, the link comes with the invitation"));
    }
    if !request.location.is_empty() {
        facts.push(Fact::new(Glyph::MapPin, request.location.clone()));
    }
    let people: Vec<&str> =
        visit.panel.required().iter().filter_map(|id| visit.panel.people.get(id)).map(|p| p.name.as_str()).collect();
    if !people.is_empty() {
        facts.push(Fact::new(Glyph::Users, format!("With {}", listed(&people))));
    }
    view! {
        <p class="hint">"Interview for " <bdi>{request.candidate_name.clone()}</bdi></p>
        <h1 class="public-title mt-1">{title}</h1>
        <div class="mt-5">
            <Facts facts />
        </div>
        {(!request.notes.is_empty()).then(|| view! { <p class="whitespace-pre-line mt-4">{request.notes.clone()}</p> })}
    }
}

/// Where the coordinator is, if anybody knows.
fn zone_hint(visit: &Visit) -> Option<String> {
    let zone = visit.coordinator.zone?;
    let place = zones::place(zone);
    let first = visit.coordinator.name.split(' ').next().unwrap_or_default().to_owned();
    Some(if visit.zone == zone { format!("{first} is there too.") } else { format!("{first} is in {place}.") })
}

/// No time suits everyone at the moment.
#[component]
fn Nothing(visit: Visit) -> impl IntoView {
    let write = visit.coordinator.contact().map(|email| {
        let label = format!("Write to {}", visit.coordinator.name);
        view! { <LinkButton label href=format!("mailto:{email}") /> }
    });
    view! {
        <section class="pane">
            <EmptyState
                glyph=Glyph::CalendarX
                title="No time is open at the moment"
                sentence="Calendars change. Look again later, or write to the person who invited you and propose a time."
            >
                {write}
            </EmptyState>
        </section>
    }
}
