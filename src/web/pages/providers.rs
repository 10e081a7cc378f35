//! The forms that lead to a provider: its mark, the words on the button, and what travels with it.

use leptos::prelude::*;

use crate::{
    calendars, connections,
    store::words,
    web::components::provider_mark::{Provider as Mark, ProviderButton, ProviderLink},
};

impl From<words::Provider> for Mark {
    fn from(provider: words::Provider) -> Self {
        match provider {
            words::Provider::Google => Self::Google,
            words::Provider::Microsoft => Self::Microsoft,
            words::Provider::Apple => Self::Apple,
        }
    }
}

impl From<calendars::Provider> for Mark {
    fn from(provider: calendars::Provider) -> Self {
        connections::stored(provider).into()
    }
}

/// "Continue with Google": whose account it is.
pub fn continue_label(provider: Mark) -> &'static str {
    match provider {
        Mark::Google => "Continue with Google",
        Mark::Microsoft => "Continue with Microsoft",
        Mark::Apple => "Continue with Apple",
        Mark::CalDav => "Continue with CalDAV",
    }
}

/// "Connect Google Calendar": whose calendar it is.
pub fn connect_label(provider: calendars::Provider) -> &'static str {
    match provider {
        calendars::Provider::Google => "Connect Google Calendar",
        calendars::Provider::Microsoft => "Connect Outlook",
        calendars::Provider::Apple => "Connect Apple Calendar",
    }
}

/// The page that asks for a password, for a provider that has no sign-in of its own.
pub fn password_page(provider: calendars::Provider) -> Option<&'static str> {
    (provider == calendars::Provider::Apple).then_some("/settings/calendar/apple")
}

/// A POST to the provider's sign-in, so that nobody is sent there by following a link; the button is its child.
#[component]
pub fn ProviderForm(
    provider: calendars::Provider,
    /// `connect` or `coordinate`, as [`routes::auth`](crate::web::routes::auth) reads it.
    purpose: &'static str,
    /// What is wanted beyond that: `choose`, `own` or `take_over`.
    #[prop(optional)]
    wish: &'static str,
    /// Where to go on.
    #[prop(into)]
    return_to: String,
    children: Children,
) -> impl IntoView {
    view! {
        <form method="post" action=format!("/auth/{provider}")>
            <input type="hidden" name="purpose" value=purpose />
            {(!wish.is_empty()).then(|| view! { <input type="hidden" name="wish" value=wish /> })}
            <input type="hidden" name="return_to" value=return_to />
            <input type="hidden" name="zone" data-guess-zone="" />
            {children()}
        </form>
    }
    .into_any()
}

/// One wide button for each provider that connects a calendar.
#[component]
pub fn ConnectButtons(providers: Vec<calendars::Provider>, return_to: &'static str) -> impl IntoView {
    let buttons = providers.into_iter().map(|provider| match password_page(provider) {
        Some(href) => view! { <ProviderLink provider=provider.into() label=connect_label(provider) href /> }.into_any(),
        None => view! {
            <ProviderForm provider purpose="connect" return_to>
                <ProviderButton provider=provider.into() label=connect_label(provider) />
            </ProviderForm>
        }
        .into_any(),
    });
    buttons.collect_view().into_any()
}
