//! Views of one subject, each with its own URL: tabs for pages, segments for filters. Links, so that back works.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// One view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TabLink {
    pub label: String,
    pub href: String,
    /// How many are in it.
    #[serde(default)]
    pub count: Option<u32>,
    /// The one that is shown.
    #[serde(default)]
    pub current: bool,
}

impl TabLink {
    /// A view without a count.
    pub fn new(label: impl Into<String>, href: impl Into<String>, current: bool) -> Self {
        Self { label: label.into(), href: href.into(), count: None, current }
    }
}

fn links(links: Vec<TabLink>) -> impl IntoView {
    links
        .into_iter()
        .map(|link| {
            view! {
                <a href=link.href aria-current=link.current.then_some("page")>
                    {link.label}
                    {link.count.map(|count| view! { <span class="count">{count.to_string()}</span> })}
                </a>
            }
        })
        .collect_view()
}

/// Underlined, below a page's heading.
#[component]
pub fn Tabs(
    tabs: Vec<TabLink>,
    /// What they are views of: "Settings".
    #[prop(into)]
    label: String,
) -> impl IntoView {
    view! {
        <nav class="tabs" aria-label=label>
            {links(tabs)}
        </nav>
    }
    .into_any()
}

/// A filter in a card's head or a toolbar.
#[component]
pub fn Segments(
    tabs: Vec<TabLink>,
    /// What they filter: "Requests by state".
    #[prop(into)]
    label: String,
) -> impl IntoView {
    view! {
        <nav class="seg" aria-label=label>
            {links(tabs)}
        </nav>
    }
    .into_any()
}
