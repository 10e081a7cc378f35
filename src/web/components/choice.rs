//! Checkboxes, radios and the switch: a whole line is the target, the hint is part of the line.

use leptos::prelude::*;

use super::field::{Wrong, described_by, wrong_line};
use super::select::Choice;

/// Yes or no. Sends `value` (default "true") under `name` when ticked, and nothing otherwise, as browsers do.
#[component]
pub fn Checkbox(
    #[prop(into)] label: String,
    #[prop(into)] name: String,
    #[prop(default = "true".to_owned(), into)] value: String,
    #[prop(optional)] checked: bool,
    #[prop(optional, into)] disabled: Signal<bool>,
    #[prop(optional, into)] hint: MaybeProp<String>,
    /// Something between box and words, such as a calendar's colour.
    #[prop(default = None, into)]
    mark: Option<AnyView>,
) -> impl IntoView {
    let hint = hint.get_untracked();
    view! {
        <label class="check">
            <input type="checkbox" name=name value=value checked=checked disabled=move || disabled.get() />
            {mark}
            <span>{label} {hint.map(|hint| view! { <span class="hint">{hint}</span> })}</span>
        </label>
    }
    .into_any()
}

/// One of several; inside a `RadioGroup` or a fieldset with a legend.
#[component]
pub fn Radio(
    #[prop(into)] label: String,
    #[prop(into)] name: String,
    #[prop(into)] value: String,
    #[prop(optional)] checked: bool,
    #[prop(optional, into)] disabled: Signal<bool>,
    #[prop(optional, into)] hint: MaybeProp<String>,
) -> impl IntoView {
    let hint = hint.get_untracked();
    view! {
        <label class="check">
            <input type="radio" name=name value=value checked=checked disabled=move || disabled.get() />
            <span>{label} {hint.map(|hint| view! { <span class="hint">{hint}</span> })}</span>
        </label>
    }
    .into_any()
}

/// One of a few, all in sight. More than six belong into a select.
#[component]
pub fn RadioGroup(
    #[prop(into)] legend: String,
    #[prop(into)] name: String,
    /// Each choice, with a hint that may be empty.
    choices: Vec<(Choice, String)>,
    #[prop(optional, into)] selected: String,
    #[prop(optional, into)] hint: MaybeProp<String>,
    #[prop(optional, into)] error: MaybeProp<Wrong>,
) -> impl IntoView {
    let hint = hint.get_untracked();
    let hint_id = format!("{name}-hint");
    let error_of = name.clone();
    let described = {
        let (name, hinted) = (name.clone(), hint.is_some());
        move || described_by(&name, hinted, error.get().is_some())
    };
    view! {
        <fieldset class="field" aria-describedby=described>
            <legend class="label">{legend}</legend>
            {hint.map(|hint| view! { <p class="hint" id=hint_id>{hint}</p> })}
            <div class="check-list">
                {choices
                    .into_iter()
                    .map(|(choice, hint)| {
                        let checked = choice.value == selected;
                        let hint = (!hint.is_empty()).then_some(hint);
                        view! {
                            <label class="check">
                                <input type="radio" name=name.clone() value=choice.value checked=checked disabled=choice.disabled />
                                <span>{choice.label} {hint.map(|hint| view! { <span class="hint">{hint}</span> })}</span>
                            </label>
                        }
                    })
                    .collect_view()}
            </div>
            {move || wrong_line(&error_of, error.get())}
        </fieldset>
    }
    .into_any()
}

/// On or off, words on the left, the switch on the right. Like a checkbox it sends "true" or nothing.
#[component]
pub fn Switch(
    #[prop(into)] label: String,
    #[prop(into)] name: String,
    #[prop(optional)] checked: bool,
    #[prop(optional, into)] disabled: Signal<bool>,
    #[prop(optional, into)] hint: MaybeProp<String>,
) -> impl IntoView {
    let hint = hint.get_untracked();
    view! {
        <label class="switch-line">
            <span>{label} {hint.map(|hint| view! { <span class="hint">{hint}</span> })}</span>
            <input class="switch" type="checkbox" role="switch" name=name value="true" checked=checked disabled=move || disabled.get() />
        </label>
    }
    .into_any()
}
