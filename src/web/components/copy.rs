//! A value to take along, and the button that copies it. Markup only: an island holds `copied` and does the copying; without
//! script the field can be selected and copied by hand.

use leptos::prelude::*;

use super::button::{Button, ButtonKind, ButtonSize};
use super::field::Field;
use super::icons::{Glyph, Icon};

/// Copies something; turns into "Copied" while `copied` is true and says so to screen readers.
#[component]
pub fn CopyButton(
    #[prop(default = "Copy link".to_owned(), into)] label: String,
    #[prop(optional, into)] copied: Signal<bool>,
    #[prop(default = None, into)] on_copy: Option<Callback<()>>,
    #[prop(optional)] size: ButtonSize,
) -> impl IntoView {
    view! {
        <span class="copy-act">
            <Button
                label=label
                icon=Glyph::Copy
                size=size
                kind=ButtonKind::Secondary
                plain=true
                on:click=move |_| {
                    if let Some(on_copy) = on_copy {
                        on_copy.run(());
                    }
                }
            />
            <span class="copy-done" role="status">
                {move || {
                    copied
                        .get()
                        .then(|| {
                            view! {
                                <Icon glyph=Glyph::Check />
                                "Copied"
                            }
                        })
                }}
            </span>
        </span>
    }
    .into_any()
}

/// A read-only value with its copy button.
#[component]
pub fn CopyField(
    #[prop(default = "Booking link".to_owned(), into)] label: String,
    #[prop(into)] id: String,
    #[prop(into)] value: String,
    #[prop(default = "Copy link".to_owned(), into)] button: String,
    /// "Opened 3 times, last on Monday."
    #[prop(optional, into)]
    hint: MaybeProp<String>,
    #[prop(optional, into)] copied: Signal<bool>,
    #[prop(default = None, into)] on_copy: Option<Callback<()>>,
) -> impl IntoView {
    let described = {
        let id = id.clone();
        move || super::field::described_by(&id, hint.get().is_some(), false)
    };
    view! {
        <Field id=id.clone() label=label hint=hint>
            <span class="copy">
                <input class="input" id=id type="text" readonly=true value=value aria-describedby=described />
                <CopyButton label=button copied=copied on_copy=on_copy />
            </span>
        </Field>
    }
    .into_any()
}
