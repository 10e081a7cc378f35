//! The marks of the calendar providers, drawn as simple shapes in the providers' colours. Beside their name always.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::icons::{Glyph, Icon, IconSize};

/// Whose calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    Google,
    Microsoft,
    Apple,
    /// Another CalDAV server.
    CalDav,
}

/// A provider's mark, 20 px, or in a 36 px tile at the head of a card.
#[component]
pub fn ProviderMark(
    provider: Provider,
    /// In a tile with a line around it.
    #[prop(optional)]
    tile: bool,
) -> impl IntoView {
    let mark = match provider {
        Provider::Google => view! {
            <svg class="glyph-20" viewBox="0 0 20 20" aria-hidden="true" focusable="false" fill="none" stroke-width="3">
                <path stroke="#ea4335" d="M4.2 5.9A7 7 0 0 1 14.9 5"></path>
                <path stroke="#fbbc05" d="M4 13.6a7 7 0 0 1 .2-7.7"></path>
                <path stroke="#34a853" d="M14.4 15.4A7 7 0 0 1 4 13.6"></path>
                <path stroke="#4285f4" d="M10 10h7a7 7 0 0 1-2.6 5.4"></path>
            </svg>
        }
        .into_any(),
        Provider::Microsoft => view! {
            <svg class="glyph-20" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
                <path fill="#f25022" d="M2 2h7.5v7.5H2z"></path>
                <path fill="#7fba00" d="M10.5 2H18v7.5h-7.5z"></path>
                <path fill="#00a4ef" d="M2 10.5h7.5V18H2z"></path>
                <path fill="#ffb900" d="M10.5 10.5H18V18h-7.5z"></path>
            </svg>
        }
        .into_any(),
        Provider::Apple => view! { <Icon glyph=Glyph::Apple size=IconSize::Large class="glyph-ink" /> }.into_any(),
        Provider::CalDav => {
            view! { <Icon glyph=Glyph::CalendarSync size=IconSize::Large class="glyph-ink" /> }.into_any()
        }
    };
    if tile { view! { <span class="provider-tile">{mark}</span> }.into_any() } else { mark }
}

/// "Continue with Google": a provider's mark and the words, as wide as its container, 44 px. Submits its form.
#[component]
pub fn ProviderButton(
    provider: Provider,
    #[prop(into)] label: String,
    /// Form field name, when one form offers several providers.
    #[prop(optional, into)]
    name: MaybeProp<String>,
    /// Form field value that goes with `name`.
    #[prop(optional, into)]
    value: MaybeProp<String>,
    /// Where this button sends the form, if not where the form says.
    #[prop(optional, into)]
    formaction: MaybeProp<String>,
) -> impl IntoView {
    view! {
        <button
            type="submit"
            class="btn btn-lg btn-provider"
            name=name.get_untracked()
            value=value.get_untracked()
            formaction=formaction.get_untracked()
        >
            <ProviderMark provider=provider />
            <span class="btn-word">{label}</span>
        </button>
    }
    .into_any()
}

/// The same as a link, where connecting starts with a GET.
#[component]
pub fn ProviderLink(provider: Provider, #[prop(into)] label: String, #[prop(into)] href: String) -> impl IntoView {
    view! {
        <a class="btn btn-lg btn-provider" href=href>
            <ProviderMark provider=provider />
            <span class="btn-word">{label}</span>
        </a>
    }
    .into_any()
}
