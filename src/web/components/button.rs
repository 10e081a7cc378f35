//! Buttons and links that look like them. A button does something, a link goes somewhere; the look is shared, the element is not.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::icons::{Glyph, Icon};

/// What a button means. One `Primary` per view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ButtonKind {
    /// The one thing this view is for.
    Primary,
    /// Everything else one may do here.
    #[default]
    Secondary,
    /// Takes something away, and asks before it does.
    Danger,
    /// The last step of taking something away; only inside the dialog that asked.
    DangerFinal,
    /// Beside others, where a border would be noise.
    Quiet,
    /// A quiet action in the accent, such as "Invite" in a card's head.
    Accent,
}

impl ButtonKind {
    const fn class(self) -> &'static str {
        match self {
            Self::Primary => "btn-primary",
            Self::Secondary => "",
            Self::Danger => "btn-danger",
            Self::DangerFinal => "btn-danger-fill",
            Self::Quiet => "btn-quiet",
            Self::Accent => "btn-accent",
        }
    }
}

/// 36 px on staff pages, 32 in rows, 44 on public pages; 44 everywhere on touch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ButtonSize {
    /// Rows, toolbars.
    Small,
    /// Staff pages.
    #[default]
    Normal,
    /// Candidate and interviewer pages.
    Large,
}

impl ButtonSize {
    const fn class(self) -> &'static str {
        match self {
            Self::Small => "btn-sm",
            Self::Normal => "",
            Self::Large => "btn-lg",
        }
    }
}

fn look(kind: ButtonKind, size: ButtonSize, block: bool, icon_only: bool, class: &str) -> String {
    super::classes(&[
        "btn",
        kind.class(),
        size.class(),
        if block { "btn-block" } else { "" },
        if icon_only { "btn-icon" } else { "" },
        class,
    ])
}

fn word(label: String, icon_only: bool) -> impl IntoView {
    if icon_only {
        view! { <span class="vh">{label}</span> }.into_any()
    } else {
        view! { <span class="btn-word">{label}</span> }.into_any()
    }
}

/// A button. Inside a form it submits unless `plain`.
///
/// While `loading` it keeps its width and its focus, spins instead of showing its icon, and takes no second press.
#[component]
pub fn Button(
    /// The word on it, and its accessible name.
    #[prop(into)]
    label: String,
    #[prop(optional)] kind: ButtonKind,
    #[prop(optional)] size: ButtonSize,
    /// Before the word.
    #[prop(default = None, into)]
    icon: Option<Glyph>,
    /// Shows the icon alone; `label` stays as the name. Only where the icon is known to everybody (previous, next, close).
    #[prop(optional)]
    icon_only: bool,
    /// As wide as its container.
    #[prop(optional)]
    block: bool,
    /// Does not submit: for islands and dialogs.
    #[prop(optional)]
    plain: bool,
    /// Form field name, when one form has several buttons.
    #[prop(optional, into)]
    name: MaybeProp<String>,
    /// Form field value that goes with `name`.
    #[prop(optional, into)]
    value: MaybeProp<String>,
    /// Where this button sends the form, if not where the form says.
    #[prop(optional, into)]
    formaction: MaybeProp<String>,
    /// Submits the form with this id from outside it, such as a page's one main action in its header.
    #[prop(optional, into)]
    form: MaybeProp<String>,
    #[prop(optional, into)] disabled: Signal<bool>,
    #[prop(optional, into)] loading: Signal<bool>,
    /// More classes, for placement only.
    #[prop(optional, into)]
    class: String,
) -> impl IntoView {
    let name = name.get_untracked();
    let value = value.get_untracked();
    let formaction = formaction.get_untracked();
    let form = form.get_untracked();
    view! {
        <button
            type=if plain { "button" } else { "submit" }
            class=look(kind, size, block, icon_only, &class)
            name=name
            value=value
            formaction=formaction
            form=form
            disabled=move || disabled.get()
            aria-busy=move || loading.get().then_some("true")
            aria-disabled=move || loading.get().then_some("true")
        >
            {move || {
                if loading.get() {
                    Some(view! { <Icon glyph=Glyph::LoaderCircle spin=true /> }.into_any())
                } else {
                    icon.map(|glyph| view! { <Icon glyph=glyph /> }.into_any())
                }
            }}
            {word(label, icon_only)}
        </button>
    }
    .into_any()
}

/// A link that looks like a button.
#[component]
pub fn LinkButton(
    /// The word on it, and its accessible name.
    #[prop(into)]
    label: String,
    #[prop(into)] href: String,
    #[prop(optional)] kind: ButtonKind,
    #[prop(optional)] size: ButtonSize,
    /// Before the word.
    #[prop(default = None, into)]
    icon: Option<Glyph>,
    /// Shows the icon alone; `label` stays as the name.
    #[prop(optional)]
    icon_only: bool,
    /// As wide as its container.
    #[prop(optional)]
    block: bool,
    /// Nowhere to go (such as "previous month" in the past): drawn, announced as unavailable, not reachable.
    #[prop(optional)]
    disabled: bool,
    /// More classes, for placement only.
    #[prop(optional, into)]
    class: String,
) -> impl IntoView {
    view! {
        <a
            class=look(kind, size, block, icon_only, &class)
            href=(!disabled).then_some(href)
            role=disabled.then_some("link")
            aria-disabled=disabled.then_some("true")
        >
            {icon.map(|glyph| view! { <Icon glyph=glyph /> })}
            {word(label, icon_only)}
        </a>
    }
    .into_any()
}
