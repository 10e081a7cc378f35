//! The form's right side: the week, the times per day and what stands in their way. Keeps the last picture while a new one is
//! on its way.

use leptos::prelude::*;

use super::{
    ask::Asker,
    data::{Picture, View},
};
use crate::web::components::{
    Banner, Button, ButtonSize, Card, CardBody, DayBars, EmptyState, Glyph, Icon, Progress, Tone, WeekGrid,
};

/// Week, bars and reasons.
#[component]
pub fn PicturePanel(week: RwSignal<String>, who: RwSignal<String>, asker: Asker) -> impl IntoView {
    let retry = move |_| asker.now();
    let headline = move || asker.picture.with(|picture| picture.as_ref().map(|picture| picture.headline.clone()));
    let old = move || if asker.stale.get() { "stack-lg opacity-60" } else { "stack-lg" };
    view! {
        <div class="stack-lg" role="region" aria-label="Times this request offers" aria-busy=move || asker.asking.get().to_string()>
            <p class="vh" role="status">{headline}</p>
            {move || {
                asker
                    .failed
                    .get()
                    .map(|why| {
                        let again = view! { <Button label="Look again" size=ButtonSize::Small plain=true on:click=retry /> };
                        view! {
                            <Banner tone=Tone::Warning title="The picture could not be updated" actions=again.into_any()>
                                {why}
                            </Banner>
                        }
                    })
            }}
            {move || {
                (asker.stale.get() && asker.picture.with(Option::is_some))
                    .then(|| view! { <p class="hint">"Mend the marked fields to see these times again."</p> })
            }}
            <div class=old>
                <Card>
                    <CardBody class="stack">
                        {move || match asker.picture.get() {
                            Some(picture) => view! { <Week picture week who asker /> }.into_any(),
                            None => {
                                view! {
                                    <EmptyState
                                        glyph=Glyph::CalendarDays
                                        title="Add an interviewer"
                                        sentence="Their week appears here, with the times that work for everyone."
                                    />
                                }
                                    .into_any()
                            }
                        }}
                        <div class=move || if asker.asking.get() { "" } else { "invisible" }>
                            <Progress label="Asking the calendars" />
                        </div>
                    </CardBody>
                </Card>
                {move || asker.picture.get().map(|picture| view! { <Counts picture /> })}
            </div>
        </div>
    }
    .into_any()
}

#[component]
fn Week(picture: Picture, week: RwSignal<String>, who: RwSignal<String>, asker: Asker) -> impl IntoView {
    let Picture { views, previous, next, .. } = picture;
    let Some(first) = views.first().cloned() else { return ().into_any() };
    let (title, zone) = (first.week.title.clone(), first.week.zone.clone());
    let choices: Vec<(String, String)> = views.iter().map(|view| (view.who.clone(), view.name.clone())).collect();
    let shown = Memo::new(move |_| {
        let who = who.get();
        views.iter().find(|view| view.who == who).unwrap_or(&first).clone()
    });
    let choices = (choices.len() > 1).then(|| {
        let choices = choices.into_iter().map(|(value, name)| {
            let (of, set) = (value.clone(), value.clone());
            view! {
                <label class="has-focus-visible:outline-2">
                    <input
                        class="vh"
                        type="radio"
                        name="who"
                        value=value
                        checked=move || shown.with(|view| view.who == of)
                        on:change=move |event| {
                            event.stop_propagation();
                            who.set(set.clone());
                        }
                    />
                    {name}
                </label>
            }
        });
        let choices = choices.collect_view();
        view! {
            <div class="overflow-x-auto" role="radiogroup" aria-label="Whose week" on:input=|event| event.stop_propagation()>
                <div class="seg">{choices}</div>
            </div>
        }
    });
    view! {
        <div class="wg-title">
            <h2 class="h2">{title} " " <span class="wg-zone">{zone}</span></h2>
            <Turn label="Previous week" glyph=Glyph::ChevronLeft to=previous week asker />
            <Turn label="Next week" glyph=Glyph::ChevronRight to=next week asker />
        </div>
        {choices}
        {move || {
            let View { week, .. } = shown.get();
            view! { <WeekGrid week bare=true /> }
        }}
    }
    .into_any()
}

/// Turns to another week: a button that sends the form along, or asks for the week at once.
#[component]
fn Turn(
    label: &'static str,
    glyph: Glyph,
    /// Monday of that week; nothing where the request's days end.
    to: Option<String>,
    week: RwSignal<String>,
    asker: Asker,
) -> impl IntoView {
    let none = to.is_none();
    let monday = to.unwrap_or_default();
    let value = monday.clone();
    view! {
        <button
            type="submit"
            class="btn btn-sm btn-icon"
            formaction="/requests/new"
            formmethod="get"
            formnovalidate=true
            name="week"
            value=value
            disabled=none
            on:click=move |event| {
                event.prevent_default();
                week.set(monday.clone());
                asker.now();
            }
        >
            <Icon glyph=glyph />
            <span class="vh">{label}</span>
        </button>
    }
    .into_any()
}

#[component]
fn Counts(picture: Picture) -> impl IntoView {
    let Picture { headline, days, total, why, .. } = picture;
    let reasons = (!why.is_empty()).then(|| {
        let title = if total == 0 { "Why are there no times?" } else { "Why so few times?" };
        let why = why
            .into_iter()
            .map(|sentence| view! { <li class="border-t border-line-soft py-2 first:border-t-0">{sentence}</li> });
        let why = why.collect_view();
        view! {
            <div>
                <h2 class="h2">{title}</h2>
                <ul class="mt-1">{why}</ul>
            </div>
        }
    });
    view! {
        <Card>
            <CardBody>
                <div class="cols-2">
                    <div class="stack">
                        <h2 class="h2">{headline}</h2>
                        <DayBars days />
                    </div>
                    {reasons}
                </div>
            </CardBody>
        </Card>
    }
    .into_any()
}
