//! Native dialogs. A dialog opens by URL: a link leads to the page with `?dialog=…`, which renders it `open`; so it works without
//! script, back closes it, and it can be shared. An island may call `showModal()` on the same element instead.

use leptos::prelude::*;

use super::button::{ButtonKind, ButtonSize, LinkButton};
use super::icons::Glyph;

/// Asks before something is done, or holds a short form.
#[component]
pub fn Dialog(
    #[prop(into)] id: String,
    #[prop(into)] title: String,
    /// Open from the start: the URL says so.
    #[prop(optional)]
    open: bool,
    /// The URL without the dialog; behind the cross at its corner.
    #[prop(into)]
    close_href: String,
    /// Buttons, the one that acts last.
    #[prop(default = None, into)]
    actions: Option<AnyView>,
    children: Children,
) -> impl IntoView {
    let title_id = format!("{id}-title");
    view! {
        <dialog class="dialog" id=id open=open aria-labelledby=title_id>
            <div class="dialog-head">
                <h2 id=title_id.clone()>{title}</h2>
                <LinkButton label="Close" href=close_href icon=Glyph::X icon_only=true kind=ButtonKind::Quiet size=ButtonSize::Small />
            </div>
            <div class="dialog-body">{children()}</div>
            {actions.map(|actions| view! { <div class="dialog-acts">{actions}</div> })}
        </dialog>
    }
    .into_any()
}
