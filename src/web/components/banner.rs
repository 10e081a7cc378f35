//! A message in the page's flow: what happened, what it means, what to do about it.

use leptos::prelude::*;

use super::badge::Tone;
use super::icons::{Glyph, Icon};

/// A message that stays. The remedy goes into `actions` ("Ask Ben to reconnect").
#[component]
pub fn Banner(
    #[prop(optional)] tone: Tone,
    /// What happened, in one sentence.
    #[prop(optional, into)]
    title: MaybeProp<String>,
    /// Instead of the tone's own shape.
    #[prop(default = None, into)]
    glyph: Option<Glyph>,
    /// Buttons or links.
    #[prop(default = None, into)]
    actions: Option<AnyView>,
    /// Read out at once when it appears. Only for what just went wrong by the reader's own action.
    #[prop(optional)]
    alert: bool,
    /// More classes, for placement only.
    #[prop(optional, into)]
    class: String,
    /// The stable code of the failure it tells of, for programs and tests.
    #[prop(optional, into)]
    code: MaybeProp<String>,
    /// What it means.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let title = title.get_untracked();
    let code = code.get_untracked();
    let look = match tone {
        Tone::Neutral => "",
        Tone::Info => "banner-info",
        Tone::Success => "banner-success",
        Tone::Warning => "banner-warning",
        Tone::Danger => "banner-danger",
        Tone::Accent => "banner-accent",
    };
    view! {
        <div class=super::classes(&["banner", look, &class]) role=alert.then_some("alert") data-code=code>
            <Icon glyph=glyph.unwrap_or(if tone == Tone::Neutral { Glyph::Info } else { tone.glyph() }) />
            <div class="banner-words">
                {title.map(|title| view! { <p class="banner-title">{title}</p> })}
                {children.map(|children| view! { <div class="banner-body">{children()}</div> })}
                {actions.map(|actions| view! { <div class="banner-acts">{actions}</div> })}
            </div>
        </div>
    }
    .into_any()
}
