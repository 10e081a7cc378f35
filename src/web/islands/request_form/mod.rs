//! The request form: plain controls of one form, a picture beside them that follows what is typed.
//!
//! The form's controls are the truth; the island listens to them, asks the server what they give ([`api::look`]) and shows the
//! answer. Without script the same form posts, and "Update the picture" sends it along in the page's query. Zones come in as
//! children, already rendered: no list of them has to reach the browser twice.

pub mod api;
mod ask;
pub mod data;
pub mod hours;
mod paint;
mod panel;
mod people;

use std::collections::BTreeSet;

use leptos::prelude::*;

use crate::web::components::{
    Banner, Checkbox, Field, Glyph, Icon, InputKind, Reminders, TextField, TextareaField, Tone, Wrong,
    field::{described_by, wrong_line},
    input::textarea_text,
};
use ask::Asker;
use data::{Start, Values};
use paint::PaintHours;
use panel::PicturePanel;
use people::PeopleField;

/// Shown only where scripts do not run.
const NO_SCRIPT: &str = "hidden gap-4 [@media(scripting:none)]:grid";

/// Lets a date's input shrink with its column on a phone.
const NARROW: &str = "[&_input]:min-w-0";

/// The whole form, with its picture.
#[island(lazy)]
pub fn RequestForm(
    start: Start,
    /// The time zone's field.
    children: Children,
) -> impl IntoView {
    let Start { values, live, touched, refused, team } = start;
    let asker = Asker::new(live);
    let touched = RwSignal::new(touched.into_iter().collect::<BTreeSet<String>>());
    let error = move |field: &'static str| {
        Signal::derive(move || {
            let seen = touched.with(|touched| touched.contains(field));
            let note = || {
                asker
                    .live
                    .with(|live| live.errors.iter().find(|note| note.field == field).map(|note| note.wrong.clone()))
            };
            if seen { note() } else { None }
        })
    };
    let Values { week, who, .. } = values.clone();
    let (week, who) = (RwSignal::new(week), RwSignal::new(who));
    let interviewers = RwSignal::new(values.interviewers.clone());
    let optional = RwSignal::new(values.optional.clone());
    let windows = RwSignal::new(values.windows.clone());
    let teammates = team.iter().map(|mate| view! { <option value=mate.email.clone()>{mate.name.clone()}</option> });
    let teammates = teammates.collect_view();
    let team = StoredValue::new(team);

    let summary = refused.then(|| summary(asker));
    Effect::new(move |_| {
        // Something was typed before this woke.
        if asker.form.get().is_some_and(|form| form.has_attribute("data-typed")) {
            asker.now();
        }
    });
    let touch = move |event: leptos::ev::Event| {
        let name = event_target::<leptos::web_sys::Element>(&event).get_attribute("name");
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            touched.update(|touched| {
                touched.insert(name);
            });
        }
        asker.soon();
    };
    let Values { candidate_name, candidate_email, interview_type, duration, from, to, any_of, .. } = values.clone();
    let Values { interviewers_text, optional_text, reminders, .. } = values.clone();
    view! {
        <form
            id="new-request"
            class="cols-form"
            method="post"
            action="/requests/new"
            novalidate=true
            autocomplete="off"
            node_ref=asker.form
            on:input=move |_| asker.soon()
            on:change=touch
        >
            <div class="stack">
                {summary}
                <TextField label="Candidate name" name="candidate_name" value=candidate_name error=error("candidate_name") autocomplete="off" />
                <TextField label="Candidate email" name="candidate_email" kind=InputKind::Email value=candidate_email error=error("candidate_email") autocomplete="off" />
                {values.application_id.clone().map(|value| {
                    view! { <TextField label="Application ID" name="application_id" value=value error=error("application_id") hint="As your applicant-tracking system shows it. Notes about the interview are written there." autocomplete="off" /> }
                })}
                <div class="pair">
                    <TextField label="Interview type" name="interview_type" value=interview_type error=error("interview_type") list="interview-types" placeholder="Coding" />
                    <TextField label="Duration" name="duration" value=duration error=error("duration") list="durations" />
                </div>
                <div class="pair">
                    <TextField label="From" name="from" kind=InputKind::Date value=from error=error("from") class=NARROW />
                    <TextField label="To" name="to" kind=InputKind::Date value=to error=error("to") class=NARROW />
                </div>
                <PeopleField
                    name="interviewers"
                    label="Interviewers"
                    chips=interviewers
                    text=interviewers_text
                    error=error("interviewers")
                    windows
                    team
                    asker
                />
                <Needed any_of interviewers error=error("any_of") />
                <Unknown values=values.clone() windows touched asker error=error("windows") end_error=error("unknown_end") start_error=error("unknown_start") />
                {children()}
                <Rules
                    values=values.clone()
                    before=error("buffer_before")
                    after=error("buffer_after")
                    notice=error("notice")
                    change=error("change_notice")
                >
                    <Reminders
                        choices=reminders
                        hint="A mail to the candidate and to whoever interviews. None are sent if nothing is ticked."
                        error=error("reminders")
                    />
                </Rules>
                <More values=values.clone() location_error=error("location") notes_error=error("notes")>
                    <PeopleField
                        name="optional"
                        label="Also welcome"
                        hint="They come along if they are free, and never prevent a time."
                        optional=true
                        chips=optional
                        text=optional_text
                        error=error("optional")
                        windows
                        team
                        asker
                    />
                </More>
                <div class=NO_SCRIPT>
                    <button type="submit" class="btn" formaction="/requests/new" formmethod="get" formnovalidate=true>
                        "Update the picture"
                    </button>
                </div>
            </div>
            <div>
                <input type="hidden" name="week" value=week.get_untracked() prop:value=move || week.get() />
                <PicturePanel week who asker />
            </div>
            <datalist id="team">{teammates}</datalist>
            <datalist id="interview-types">
                {["Coding", "System design", "Behavioural", "Hiring manager", "Phone screen"].map(|kind| view! { <option value=kind></option> })}
            </datalist>
            <datalist id="durations">
                {["15 min", "30 min", "45 min", "60 min", "90 min"].map(|length| view! { <option value=length></option> })}
            </datalist>
        </form>
    }
    .into_any()
}

/// What has to be mended before the request is there, with ways to it.
fn summary(asker: Asker) -> AnyView {
    let notes = asker.live.get_untracked().errors;
    let code = notes.first().map(|note| note.wrong.code.clone());
    let lines = notes.into_iter().map(|note| {
        view! { <li><a href=format!("#{}", note.field)>{note.wrong.sentence}</a></li> }
    });
    let lines = lines.collect_view();
    view! {
        <Banner tone=Tone::Danger title="The request is not created yet" code alert=true>
            <ul>{lines}</ul>
        </Banner>
    }
    .into_any()
}

/// Everyone, or any few of them.
#[component]
fn Needed(any_of: String, interviewers: RwSignal<Vec<String>>, error: Signal<Option<Wrong>>) -> impl IntoView {
    let chosen = RwSignal::new(any_of);
    let options = move || {
        // One choice more than makes sense before there are people, for a form that cannot grow.
        let most = interviewers.with(|people| people.len().saturating_sub(1)).max(2);
        let chosen = chosen.get_untracked();
        let option = |needed: usize| {
            let words = if needed == 1 { "Any one of them".to_owned() } else { format!("Any {needed} of them") };
            let selected = chosen == needed.to_string();
            view! { <option value=needed.to_string() selected=selected>{words}</option> }
        };
        (1..=most).map(option).collect_view()
    };
    let everyone = chosen.get_untracked().is_empty();
    view! {
        <Field id="any_of" label="Who is needed" error=error>
            <span class="select-wrap">
                <select
                    class="select"
                    id="any_of"
                    name="any_of"
                    aria-describedby=move || described_by("any_of", false, error.get().is_some())
                    aria-invalid=move || error.get().is_some().then_some("true")
                    on:change=move |event| chosen.set(event_target_value(&event))>
                    <option value="" selected=everyone>"Everyone"</option>
                    {options}
                </select>
                <Icon glyph=Glyph::ChevronDown class="chevron" />
            </span>
        </Field>
    }
    .into_any()
}

/// What counts for people without a calendar: hours typed for them, or the coordinator's own.
#[component]
fn Unknown(
    values: Values,
    windows: RwSignal<String>,
    touched: RwSignal<BTreeSet<String>>,
    asker: Asker,
    error: Signal<Option<Wrong>>,
    start_error: Signal<Option<Wrong>>,
    end_error: Signal<Option<Wrong>>,
) -> impl IntoView {
    let concerned = Memo::new(move |_| {
        asker.live.with(|live| live.people.iter().any(|person| person.can_type)) || !windows.with(String::is_empty)
    });
    let awake = RwSignal::new(false);
    Effect::new(move |_| awake.set(true));
    let warning = move || asker.live.with(|live| live.warning.clone());
    let is_open = !values.windows.is_empty();
    view! {
        <div class=move || if concerned.get() || error.get().is_some() { "stack" } else { NO_SCRIPT }>
            {move || {
                let warning = warning();
                (!warning.is_empty())
                    .then(|| {
                        view! {
                            <Banner tone=Tone::Warning glyph=Glyph::CircleHelp>
                                {warning} " Unless you paint hours, only the times below are offered. "
                                <a href="#paint-hours">"Paint hours"</a>
                            </Banner>
                        }
                    })
            }}
            <fieldset class="field">
                <legend class="label">"If nobody knows when somebody is free, offer them"</legend>
                <div class="row">
                    <span>"between"</span>
                    <input class="input w-auto" type="time" id="unknown_start" name="unknown_start" aria-label="Offer them from" value=values.unknown_start
                        aria-describedby=move || described_by("unknown_start", false, start_error.get().is_some())
                        aria-invalid=move || start_error.get().is_some().then_some("true") />
                    <span>"and"</span>
                    <input class="input w-auto" type="time" id="unknown_end" name="unknown_end" aria-label="Offer them until" value=values.unknown_end
                        aria-describedby=move || described_by("unknown_end", false, end_error.get().is_some())
                        aria-invalid=move || end_error.get().is_some().then_some("true") />
                    <span>"on weekdays"</span>
                </div>
                <p class="hint">"Leave both empty to offer no times."</p>
                {move || match start_error.get() {
                    None => wrong_line("unknown_end", end_error.get()),
                    wrong => wrong_line("unknown_start", wrong),
                }}
            </fieldset>
            <details class="card" id="paint-hours" open=is_open>
                <summary class="card-body cursor-pointer font-medium">"Paint hours"</summary>
                <div class="card-body stack pt-0">
                    {move || awake.get().then(|| view! { <PaintHours windows asker /> })}
                    <Field id="windows" label="The same as text" hint="One line each: address, date, start, end" error=error optional=true>
                        <textarea
                            class="input code"
                            id="windows"
                            name="windows"
                            rows="3"
                            spellcheck="false"
                            placeholder="tom@example.com 2027-03-08 09:00 12:00"
                            aria-describedby=move || described_by("windows", true, error.get().is_some())
                            aria-invalid=move || error.get().is_some().then_some("true")
                            prop:value=move || windows.get()
                            on:input=move |event| windows.set(event_target_value(&event))
                            on:change=move |_| touched.update(|touched| {
                                touched.insert("windows".to_owned());
                            })
                        >
                            {textarea_text(&values.windows)}
                        </textarea>
                    </Field>
                </div>
            </details>
        </div>
    }
    .into_any()
}

/// Time kept free around interviews, how late things may still change, and when people are reminded.
#[component]
fn Rules(
    values: Values,
    before: Signal<Option<Wrong>>,
    after: Signal<Option<Wrong>>,
    notice: Signal<Option<Wrong>>,
    change: Signal<Option<Wrong>>,
    children: Children,
) -> impl IntoView {
    view! {
        <details class="card" open=true>
            <summary class="card-body cursor-pointer font-medium">"Rules"</summary>
            <div class="card-body stack pt-0">
                <div class="trio">
                    <TextField label="Before" name="buffer_before" value=values.buffer_before error=before optional=false />
                    <TextField label="After" name="buffer_after" value=values.buffer_after error=after />
                    <TextField label="Notice" name="notice" value=values.notice error=notice />
                </div>
                <p class="hint">"Minutes kept free before and after, and how soon an interview may start."</p>
                <TextField
                    label="May be moved or cancelled until"
                    name="change_notice"
                    value=values.change_notice
                    hint="Before the start. Later, the candidate has to ask you."
                    error=change
                />
                {children()}
            </div>
        </details>
    }
    .into_any()
}

/// What the candidate reads, and who else may come.
#[component]
fn More(
    values: Values,
    location_error: Signal<Option<Wrong>>,
    notes_error: Signal<Option<Wrong>>,
    children: Children,
) -> impl IntoView {
    let is_open = !values.location.is_empty()
        || !values.notes.is_empty()
        || !values.optional.is_empty()
        || !values.optional_text.is_empty();
    view! {
        <details class="card" open=is_open>
            <summary class="card-body cursor-pointer font-medium">"Place, notes and optional people"</summary>
            <div class="card-body stack pt-0">
                <Checkbox label="Add a video call" name="video" checked=values.video hint="The link is made with the calendar event." />
                <TextField label="Location" name="location" value=values.location optional=true hint="A room, an address or a https link." error=location_error />
                <TextareaField label="Notes for the candidate" name="notes" value=values.notes optional=true rows=3 error=notes_error />
                {children()}
            </div>
        </details>
    }
    .into_any()
}
