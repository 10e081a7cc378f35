//! Convene's mark: a V of two lines that meet in one point. Organisations may bring their own logo (`PublicShell`).

use leptos::prelude::*;

/// The mark alone, 24 px.
#[component]
pub fn LogoMark() -> impl IntoView {
    view! {
        <svg class="logo-mark" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
            <rect class="logo-ground" x="1" y="1" width="22" height="22" rx="6"></rect>
            <path class="logo-line" d="M6.5 8.25c2.6 0 3.3 1.9 4.1 4.2l1.4 3.8 1.4-3.8c.8-2.3 1.5-4.2 4.1-4.2"></path>
        </svg>
    }
    .into_any()
}

/// Mark and name.
#[component]
pub fn Logo() -> impl IntoView {
    view! {
        <span class="logo">
            <LogoMark />
            <span>"Convene"</span>
        </span>
    }
    .into_any()
}
