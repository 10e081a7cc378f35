//! The form's right side: the week, the times per day and what stands in their way. Keeps the last picture while a new one is
//! on its way.

use leptos::prelude::*;

use super::{
    ask::Asker,
    data::{Picture, View},
};
use crate::web::components::{
    Banner, Button, ButtonSize, Card, CardBody, DayBars, EmptyState, Glyph, Icon, Tone, WeekGrid,
};

/// Week, bars and reasons.
#[component]
pub fn PicturePanel(week: RwSignal<String>, who: RwSignal<String>, asker: Asker) -> impl IntoView {
    let retry = move |_| asker.now();
    let headline = move || asker.picture.with(|picture| picture.as_ref().map(|picture| picture.headline.clone()));
    // Buttons stay while pictures come and go, so that the focus does.
    let is_drawn = Memo::new(move |_| asker.picture.with(Option::is_some));
    let is_empty = Memo::new(move |_| asker.live.with(|live| live.people.is_empty()));
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
                        {move || {
                            if is_drawn.get() {
                                view! { <Week week who asker /> }.into_any()
                            } else {
                                let (title, sentence) = if is_empty.get() {
                                    ("Add an interviewer", "Their week appears here, with the times that work for everyone.")
                                } else {
                                    ("Almost there", "The week appears once the days, the duration and the rules are complete.")
                                };
                                view! { <EmptyState glyph=Glyph::CalendarDays title sentence /> }.into_any()
                            }
                        }}
                    </CardBody>
                </Card>
                {move || asker.picture.get().map(|picture| view! { <Counts picture /> })}
            </div>
        </div>
    }
    .into_any()
}

#[component]
fn Week(week: RwSignal<String>, who: RwSignal<String>, asker: Asker) -> impl IntoView {
    let everyone = move |of: fn(&View) -> String| {
        asker.picture.with(|picture| {
            let first = picture.as_ref().and_then(|picture| picture.views.first());
            first.map(of).unwrap_or_default()
        })
    };
    let people = Memo::new(move |_| {
        asker.picture.with(|picture| {
            let views = picture.iter().flat_map(|picture| &picture.views);
            views.map(|view| (view.who.clone(), view.name.clone())).collect::<Vec<_>>()
        })
    });
    let shown = Memo::new(move |_| {
        let who = who.get();
        asker.picture.with(|picture| {
            let views = picture.as_ref().map(|picture| picture.views.as_slice()).unwrap_or_default();
            views.iter().find(|view| view.who == who).or(views.first()).cloned().unwrap_or_default()
        })
    });
    let neighbour = move |of: fn(&Picture) -> Option<String>| {
        Signal::derive(move || asker.picture.with(|picture| picture.as_ref().and_then(of)))
    };
    view! {
        <div class="wg-title">
            <h2 class="h2">
                {move || everyone(|view| view.week.title.clone())} " "
                <span class="wg-zone">{move || everyone(|view| view.week.zone.clone())}</span>
            </h2>
            <span class=move || if asker.asking.get() { "row text-sm text-muted" } else { "row text-sm text-muted invisible" }>
                <Icon glyph=Glyph::LoaderCircle spin=true />
                <span class="sr-only sm:not-sr-only">"Asking the calendars"</span>
            </span>
            <Turn label="Previous week" glyph=Glyph::ChevronLeft to=neighbour(|picture| picture.previous.clone()) week asker />
            <Turn label="Next week" glyph=Glyph::ChevronRight to=neighbour(|picture| picture.next.clone()) week asker />
        </div>
        {move || {
            let people = people.get();
            (people.len() > 1).then(|| view! { <Whose people shown who /> })
        }}
        {move || {
            let View { week, .. } = shown.get();
            view! { <WeekGrid week bare=true /> }
        }}
    }
    .into_any()
}

/// Everybody's week, or one person's.
#[component]
fn Whose(
    /// Value and name of each choice.
    people: Vec<(String, String)>,
    shown: Memo<View>,
    who: RwSignal<String>,
) -> impl IntoView {
    let choices = people.into_iter().map(|(value, name)| {
        let (of, set) = (value.clone(), value.clone());
        let is_shown = shown.with_untracked(|view| view.who == of);
        view! {
            <label class="has-focus-visible:outline-2">
                <input
                    class="vh"
                    type="radio"
                    name="who"
                    value=value
                    checked=is_shown
                    prop:checked=move || shown.with(|view| view.who == of)
                    on:change=move |_| who.set(set.clone())
                />
                {name}
            </label>
        }
    });
    let choices = choices.collect_view();
    // Everything that is needed is here already: the form need not hear of it.
    view! {
        <div
            class="overflow-x-auto"
            role="radiogroup"
            aria-label="Whose week"
            on:input=|event| event.stop_propagation()
            on:change=|event| event.stop_propagation()
        >
            <div class="seg">{choices}</div>
        </div>
    }
    .into_any()
}

/// Turns to another week: a button that sends the form along, or asks for the week at once.
#[component]
fn Turn(
    label: &'static str,
    glyph: Glyph,
    /// Monday of that week; nothing where the request's days end.
    to: Signal<Option<String>>,
    week: RwSignal<String>,
    asker: Asker,
) -> impl IntoView {
    view! {
        <button
            type="submit"
            class="btn btn-sm btn-icon"
            formaction="/requests/new"
            formmethod="get"
            formnovalidate=true
            name="week"
            value=move || to.get().unwrap_or_else(|| week.get_untracked())
            aria-disabled=move || to.get().is_none().then_some("true")
            on:click=move |event| {
                event.prevent_default();
                if let Some(monday) = to.get_untracked() {
                    week.set(monday);
                    asker.now();
                }
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
