//! Native selects: the bare control, and with its field. Zones have their own (`zone_select`).

use leptos::{prelude::*, tachys::html::InertElement};
use serde::{Deserialize, Serialize};

use super::field::{Field, Wrong, described_by};
use super::icons::{Glyph, Icon};

/// One thing to choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// What the form sends.
    pub value: String,
    /// What the person reads.
    pub label: String,
    /// Shown but not to be had.
    #[serde(default)]
    pub disabled: bool,
}

impl Choice {
    /// A choice that can be made.
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into(), disabled: false }
    }
}

fn options(choices: Vec<Choice>, selected: &str) -> Vec<AnyView> {
    choices
        .into_iter()
        .map(|choice| {
            let chosen = choice.value == selected;
            view! {
                <option value=choice.value selected=chosen disabled=choice.disabled>
                    {choice.label}
                </option>
            }
            .into_any()
        })
        .collect()
}

/// A native select without label: give it one with `Field` or `attr:aria-label` on an own `<select class="select">`.
#[component]
pub fn Select(
    #[prop(into)] id: String,
    #[prop(into)] name: String,
    #[prop(optional)] choices: Vec<Choice>,
    /// Instead of choices, on pages the browser does not take over: the choices as HTML.
    #[prop(optional, into)]
    written: String,
    /// The value chosen at first.
    #[prop(optional, into)]
    selected: String,
    /// Before the words, such as a globe for zones.
    #[prop(default = None, into)]
    icon: Option<Glyph>,
    #[prop(optional)] required: bool,
    #[prop(optional, into)] disabled: Signal<bool>,
    #[prop(optional, into)] invalid: Signal<bool>,
    /// Ids of the texts that explain it (`field::described_by`).
    #[prop(optional, into)]
    described_by: MaybeProp<String>,
    #[prop(optional, into)] autocomplete: MaybeProp<String>,
) -> impl IntoView {
    let autocomplete = autocomplete.get_untracked();
    let options = options(choices, &selected);
    let written = (!written.is_empty()).then(|| InertElement::new(written));
    view! {
        <span class="select-wrap">
            {icon.map(|glyph| view! { <Icon glyph=glyph class="lead" /> })}
            <select
                class="select"
                id=id
                name=name
                required=required
                autocomplete=autocomplete
                disabled=move || disabled.get()
                aria-invalid=move || invalid.get().then_some("true")
                aria-describedby=move || described_by.get()
            >
                {options}
                {written}
            </select>
            <Icon glyph=Glyph::ChevronDown class="chevron" />
        </span>
    }
    .into_any()
}

/// A labelled native select. Its id is its name unless given. A `change` event bubbles to listeners set on the component.
#[component]
pub fn SelectField(
    #[prop(into)] label: String,
    #[prop(into)] name: String,
    #[prop(optional)] choices: Vec<Choice>,
    /// Instead of choices, on pages the browser does not take over: the choices as HTML.
    #[prop(optional, into)]
    written: String,
    /// The value chosen at first.
    #[prop(optional, into)]
    selected: String,
    /// If two forms on a page use the same name.
    #[prop(optional, into)]
    id: MaybeProp<String>,
    #[prop(optional, into)] hint: MaybeProp<String>,
    #[prop(optional, into)] error: MaybeProp<Wrong>,
    #[prop(default = None, into)] icon: Option<Glyph>,
    /// May stay at an empty choice; says so.
    #[prop(optional)]
    optional: bool,
    #[prop(optional)] large: bool,
    #[prop(optional)] label_hidden: bool,
    #[prop(optional, into)] disabled: Signal<bool>,
    #[prop(optional, into)] autocomplete: MaybeProp<String>,
    /// More classes, for placement only.
    #[prop(optional, into)]
    class: String,
) -> impl IntoView {
    let id = id.get_untracked();
    let autocomplete = autocomplete.get_untracked();
    let id = id.unwrap_or_else(|| name.clone());
    let described = {
        let id = id.clone();
        Signal::derive(move || described_by(&id, hint.get().is_some(), error.get().is_some()))
    };
    let invalid = Signal::derive(move || error.get().is_some());
    view! {
        <Field id=id.clone() label=label hint=hint error=error optional=optional large=large label_hidden=label_hidden class=class>
            <Select
                id=id
                name=name
                choices=choices
                written=written
                selected=selected
                icon=icon
                required=!optional
                disabled=disabled
                invalid=invalid
                described_by=described
                autocomplete=autocomplete
            />
        </Field>
    }
    .into_any()
}
