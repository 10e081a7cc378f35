//! `/invite/{token}/times`: a week of half hours to tick, for somebody who connects nothing.

use chrono::TimeDelta;
use chrono_tz::Tz;
use leptos::{nonce::use_nonce, prelude::*};
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use super::{Visit, visit, week::Week};
use crate::{
    notifications::when,
    people::given,
    scheduling::zones,
    web::{
        again::{Attempt, problem},
        components::{
            Banner, Button, ButtonKind, ButtonSize, Glyph, Icon, LinkButton, PublicShell, PublicWidth, TimeGrid, Tone,
            ZoneSelect,
        },
        zones::zone_options,
    },
};

/// Comfort only: painting over several half hours, and arrow keys.
const SCRIPT: &str = include_str!("paint.js");

/// What a form said that could not be kept.
#[derive(Clone, Debug, Default)]
pub struct Ticked {
    pub times: Vec<String>,
}

#[component]
pub fn TimesPage() -> impl IntoView {
    let attempt = use_context::<Attempt<Ticked>>();
    let nonce = use_nonce();
    let query = use_query_map().get_untracked();
    visit(async move |visit, state| {
        let (db, now) = (state.store.reader(), state.clock.now());
        let (person, org) = (&visit.opened.person, visit.opened.organisation.id);
        let given = given::of_people(db, org, &[person.id]).await?.remove(&person.id);
        let asked = query.get("tz").and_then(|zone| zones::parse(&zone).ok());
        let guessed = asked.or(given.as_ref().map(|given| given.zone)).or(person.zone);
        let zone = guessed.unwrap_or_else(|| visit.request.as_ref().map_or(Tz::UTC, |request| request.zone));
        let all_hours = query.get("hours").as_deref() == Some("all");
        let week = query.get("week").and_then(|week| Week::parse(&week, zone, now));
        let week = week.unwrap_or_else(|| first_week(&visit, zone, now));

        let mut windows = given.as_ref().map(|given| given.windows.clone()).unwrap_or_default();
        if let Some(attempt) = &attempt {
            windows = week.windows(attempt.typed.times.iter().map(String::as_str)).unwrap_or_default();
        }
        let said = given.as_ref().filter(|given| week.span().is_some_and(|span| given.speaks_of(span)));
        let state_line = match said {
            Some(given) => format!("You gave times for this week: {}.", when::instant(given.given_at, zone)),
            None => "You have not said anything about this week yet.".to_owned(),
        };
        let page = {
            let (path, hours) = (visit.href("/times"), if all_hours { "&hours=all" } else { "" });
            move |week: Week| format!("{path}?week={}&tz={}{hours}", week.name(), zone.name())
        };
        let news = (query.get("news").as_deref() == Some("saved")).then(|| {
            let title =
                format!("Saved. {} is told, and interviews can be planned at these times.", visit.opened.inviter.name);
            view! { <Banner tone=Tone::Success title class="mb-4" /> }
        });
        let problem = problem(attempt.as_ref(), &[]);
        let asked_for = visit.request.as_ref().map(|request| {
            let days = when::days(request.window, request.zone);
            view! { <p class="hint">{format!("Asked for: {}, {}, {days}", request.interview_type, when::length(request.duration))}</p> }
        });
        let nav = view! {
            <nav class="tg-nav" aria-label="Weeks">
                {week.before(now).map(|week| view! { <LinkButton label="Earlier" icon=Glyph::ChevronLeft href=page(week) size=ButtonSize::Small /> })}
                <h2 class="h2" id="week">{week.label()}</h2>
                {week.next(now).map(|week| view! { <LinkButton label="Later" href=page(week) size=ButtonSize::Small /> })}
            </nav>
        };
        let other_hours = {
            let (label, all) =
                if all_hours { ("Only 07:00 to 21:00", "") } else { ("Show all 24 hours", "&hours=all") };
            let href = format!("{}?week={}&tz={}{all}", visit.href("/times"), week.name(), zone.name());
            view! { <a href=href>{label}</a> }
        };
        let place = zones::place(zone);
        let caption = format!("When you can, {} on the clocks of {place}", week.label());
        let unsure = (guessed.is_none()).then_some("");
        Ok(view! {
            <Title text="Give times" />
            <script nonce=nonce.clone()>{super::GUESS_ZONE}</script>
            <script nonce=nonce>{SCRIPT}</script>
            <PublicShell organisation=visit.opened.organisation.name.clone() width=PublicWidth::Read sheet=true
                foot="Times you give count until you change them here or connect your calendar.">
                {news}
                {problem}
                <div class="stack-lg">
                    <div class="stack">
                        <a class="crumb" href=visit.href("")>
                            <Icon glyph=Glyph::ChevronLeft />
                            "Connect a calendar instead"
                        </a>
                        <h1 class="public-title">"When can you interview?"</h1>
                        <p class="text-muted">
                            {format!("Tick the half hours in which {} may plan interviews with you.", visit.opened.inviter.name)}
                        </p>
                        {asked_for}
                    </div>
                    <form method="get" action=visit.href("/times") class="tg-zone" data-guess-zone=unsure>
                        <input type="hidden" name="week" value=week.name() />
                        {all_hours.then(|| view! { <input type="hidden" name="hours" value="all" /> })}
                        <ZoneSelect options=zone_options(now, zone.name()) large=true />
                        <Button label="Use this zone" size=ButtonSize::Large />
                    </form>
                    {nav}
                    <p class="hint">{state_line}</p>
                    <form method="post" action=page(week) class="stack">
                        <input type="hidden" name="tz" value=zone.name() />
                        <input type="hidden" name="week" value=week.name() />
                        <TimeGrid name="times[]" caption rows=Week::rows(all_hours) days=week.days(&windows, now, all_hours) />
                        <p class="hint">{other_hours} " · Nothing ticked means you have no time in this week."</p>
                        <div class="form-acts">
                            <Button label="Save these times" kind=ButtonKind::Primary size=ButtonSize::Large />
                            {week
                                .next(now)
                                .map(|_| view! { <Button label="Save and go to next week" name="then" value="next" size=ButtonSize::Large /> })}
                        </div>
                    </form>
                </div>
            </PublicShell>
        }
        .into_any())
    })
}

/// The week of what they were asked for, else this one.
fn first_week(visit: &Visit, zone: Tz, now: chrono::DateTime<chrono::Utc>) -> Week {
    let begins = visit.request.as_ref().map(|request| request.window.start().max(now));
    let week = begins.and_then(|at| Week::parse(&Week::of(at, zone).name(), zone, now));
    // Of a week that is nearly over there is little left to tick.
    week.unwrap_or_else(|| Week::of(now + TimeDelta::days(2), zone))
}
