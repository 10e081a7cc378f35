//! The candidate's booking card: facts, month and times side by side, one bar to confirm. The panes are given by the page;
//! `month_picker`, `slot_list` and `zone_select` fill them.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::icons::{Glyph, Icon};

/// Its children are the panes: facts, then month, then times. Two panes and one pane work too.
#[component]
pub fn Booker(
    children: Children,
    /// `ConfirmBar`, at the foot of the card.
    #[prop(default = None, into)]
    foot: Option<AnyView>,
) -> impl IntoView {
    view! {
        <div class="booker">
            <div class="booker-panes">{children()}</div>
            {foot}
        </div>
    }
    .into_any()
}

/// The chosen time in words and the one button. On a phone it sticks to the bottom edge.
#[component]
pub fn ConfirmBar(
    /// "Wednesday 10 March, 15:00-16:00, Berlin", or what to do first.
    #[prop(into)]
    summary: String,
    /// "You can move or cancel until 24 hours before."
    #[prop(optional, into)]
    detail: MaybeProp<String>,
    /// The button.
    children: Children,
) -> impl IntoView {
    let detail = detail.get_untracked();
    view! {
        <div class="confirm">
            <div class="confirm-words">
                <p class="confirm-what" aria-live="polite">{summary}</p>
                {detail.map(|detail| view! { <p class="hint">{detail}</p> })}
            </div>
            {children()}
        </div>
    }
    .into_any()
}

/// One thing a candidate wants to know before choosing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    pub glyph: Glyph,
    pub text: String,
    /// A second, smaller line; may be empty.
    #[serde(default)]
    pub detail: String,
    /// Where the text leads; a web address.
    #[serde(default)]
    pub href: Option<String>,
}

impl Fact {
    /// A fact of one line.
    pub fn new(glyph: Glyph, text: impl Into<String>) -> Self {
        Self { glyph, text: text.into(), detail: String::new(), href: None }
    }
}

/// How long, where, with whom.
#[component]
pub fn Facts(facts: Vec<Fact>) -> impl IntoView {
    view! {
        <ul class="facts" role="list">
            {facts
                .into_iter()
                .map(|fact| {
                    let detail = (!fact.detail.is_empty()).then_some(fact.detail);
                    let text = match fact.href {
                        Some(href) => view! { <a class="link break-all" href=href rel="noreferrer">{fact.text}</a> }.into_any(),
                        None => fact.text.into_any(),
                    };
                    view! {
                        <li>
                            <Icon glyph=fact.glyph />
                            <div>{text} {detail.map(|detail| view! { <small>{detail}</small> })}</div>
                        </li>
                    }
                })
                .collect_view()}
        </ul>
    }
    .into_any()
}
