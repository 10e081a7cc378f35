//! Short news in a corner after something went well ("Link copied", "Sent to Priya"). What went wrong is a `Banner`, and stays.

use leptos::prelude::*;

use super::badge::Tone;
use super::button::{ButtonKind, ButtonSize, LinkButton};
use super::icons::{Glyph, Icon};

/// Where toasts stack. One per page; screen readers are told politely when something appears in it.
#[component]
pub fn Toasts(#[prop(optional)] children: Option<Children>) -> impl IntoView {
    view! {
        <div class="toasts" role="status" aria-live="polite">
            {children.map(|children| children())}
        </div>
    }
    .into_any()
}

/// One piece of news.
#[component]
pub fn Toast(
    #[prop(into)] text: String,
    #[prop(default = Tone::Success)] tone: Tone,
    /// The page's URL without the news, behind a cross. An island may take it away instead.
    #[prop(optional, into)]
    dismiss_href: MaybeProp<String>,
    /// "Undo".
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let dismiss_href = dismiss_href.get_untracked();
    let look = match tone {
        Tone::Warning => "toast toast-warning",
        Tone::Danger => "toast toast-danger",
        Tone::Neutral | Tone::Info | Tone::Accent => "toast toast-info",
        Tone::Success => "toast",
    };
    view! {
        <div class=look>
            <Icon glyph=tone.glyph() class="toast-mark" />
            <p class="toast-text">{text}</p>
            {children.map(|children| children())}
            {dismiss_href
                .map(|href| {
                    view! {
                        <LinkButton label="Dismiss" href=href icon=Glyph::X icon_only=true kind=ButtonKind::Quiet size=ButtonSize::Small />
                    }
                })}
        </div>
    }
    .into_any()
}
