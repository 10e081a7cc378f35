//! A card: one subject, a line around it, no shadow. Head, body and foot are separate so that lists may reach the edges.

use leptos::prelude::*;

use super::badge::Tone;

/// The frame. With a `label` it is a landmark of its own.
#[component]
pub fn Card(
    /// Names the section for screen readers, if its head is not enough.
    #[prop(optional, into)]
    label: MaybeProp<String>,
    /// `Danger` and `Warning` colour the line around it.
    #[prop(optional)]
    tone: Tone,
    /// More classes, for placement only.
    #[prop(optional, into)]
    class: String,
    children: Children,
) -> impl IntoView {
    let label = label.get_untracked();
    let line = match tone {
        Tone::Danger => "card-danger",
        Tone::Warning => "card-warning",
        Tone::Neutral | Tone::Info | Tone::Success | Tone::Accent => "",
    };
    view! {
        <section class=super::classes(&["card", line, &class]) aria-label=label>
            {children()}
        </section>
    }
    .into_any()
}

/// Title on the left, links or buttons (children) on the right.
#[component]
pub fn CardHead(
    #[prop(into)] title: String,
    /// A line under the title.
    #[prop(optional, into)]
    sub: MaybeProp<String>,
    /// Before the title: an icon, a provider's mark.
    #[prop(default = None, into)]
    lead: Option<AnyView>,
    /// Right after the title: a count, a badge.
    #[prop(default = None, into)]
    beside: Option<AnyView>,
    /// Lets the head run into the body without a line.
    #[prop(optional)]
    open: bool,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    let sub = sub.get_untracked();
    view! {
        <header class=if open { "card-head card-head-open" } else { "card-head" }>
            {lead}
            <div class="card-head-words">
                <div class="card-head-title">
                    <h2 class="h2">{title}</h2>
                    {beside}
                </div>
                {sub.map(|sub| view! { <p class="hint">{sub}</p> })}
            </div>
            {children.map(|children| view! { <div class="card-head-acts">{children()}</div> })}
        </header>
    }
    .into_any()
}

/// The padded inside.
#[component]
pub fn CardBody(
    /// More classes, for placement only.
    #[prop(optional, into)]
    class: String,
    children: Children,
) -> impl IntoView {
    view! { <div class=super::classes(&["card-body", &class])>{children()}</div> }
}

/// Buttons at the end, on sunken ground.
#[component]
pub fn CardFoot(children: Children) -> impl IntoView {
    view! { <footer class="card-foot">{children()}</footer> }
}
