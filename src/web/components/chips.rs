//! People (or other things) already chosen, as chips in a box with an input to add more. Pure markup: without script the
//! input is added by the form's submit and a chip goes by its own submit button; an island listens instead.

use leptos::prelude::*;

use super::avatar::{Avatar, AvatarSize};
use super::badge::{Badge, Tone};
use super::icons::{Glyph, Icon, IconSize};

/// The box around chips and the input that adds more. Chips and input are its children; focus anywhere inside lights it.
#[component]
pub fn ChipBox(children: Children) -> impl IntoView {
    view! { <div class="combo">{children()}</div> }
}

/// One chosen thing. Carries its value in a hidden field called `name`.
#[component]
pub fn Chip(
    /// What is read: a person's name.
    #[prop(into)]
    label: String,
    /// The form field that repeats once per chip.
    #[prop(into)]
    name: String,
    #[prop(into)] value: String,
    /// A word on its state ("connected", "typed times", "unknown") with its tone.
    #[prop(default = None, into)]
    state: Option<(String, Tone)>,
    /// Shows initials; off for things that are not people.
    #[prop(default = true)]
    person: bool,
    /// The name of the submit button that takes it out, sent with this chip's value. Empty: cannot be taken out.
    #[prop(default = "remove".to_owned(), into)]
    remove: String,
    /// Called instead of submitting, inside an island.
    #[prop(default = None, into)]
    on_remove: Option<Callback<()>>,
) -> impl IntoView {
    let who = label.clone();
    let taken_out = value.clone();
    view! {
        <span class="chip">
            {person.then(|| view! { <Avatar name=who size=AvatarSize::Small /> })}
            <span>{label.clone()}</span>
            {state.map(|(word, tone)| view! { <Badge text=word tone=tone plain=true /> })}
            <input type="hidden" name=name value=value />
            {(!remove.is_empty())
                .then(|| {
                    view! {
                        <button
                            type=if on_remove.is_some() { "button" } else { "submit" }
                            formnovalidate=true
                            name=remove
                            value=taken_out
                            on:click=move |_| {
                                if let Some(on_remove) = on_remove {
                                    on_remove.run(());
                                }
                            }
                        >
                            <Icon glyph=Glyph::X size=IconSize::Small />
                            <span class="vh">"Remove " {label}</span>
                        </button>
                    }
                })}
        </span>
    }
    .into_any()
}
