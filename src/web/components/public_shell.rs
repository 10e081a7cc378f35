//! The frame of pages for candidates and interviewers: the organisation's name and logo, one column, nothing to wander off to.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::logo::LogoMark;

/// How wide the column is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PublicWidth {
    /// 640 px: forms, invitations, messages.
    #[default]
    Read,
    /// 1024 px: the booking card.
    Booker,
}

/// The frame. Its children are the page, which brings its own `h1`.
#[component]
pub fn PublicShell(
    #[prop(into)] organisation: String,
    /// Same-origin URL of the organisation's logo; Convene's mark otherwise.
    #[prop(optional, into)]
    logo: MaybeProp<String>,
    #[prop(optional)] width: PublicWidth,
    /// Puts the page on a raised sheet. The booking card is a sheet already.
    #[prop(optional)]
    sheet: bool,
    /// Under the page: "Times are checked against the calendars again when you confirm."
    #[prop(optional, into)]
    foot: MaybeProp<String>,
    children: Children,
) -> impl IntoView {
    let logo = logo.get_untracked();
    let foot = foot.get_untracked();
    let column = match width {
        PublicWidth::Read => "public-column public-read",
        PublicWidth::Booker => "public-column public-booker",
    };
    view! {
        <a class="skip" href="#main">"Skip to content"</a>
        <div class="public">
            <div class=column>
                <header class="public-org">
                    {match logo {
                        Some(src) => view! { <img class="public-logo" src=src alt="" width="24" height="24" /> }.into_any(),
                        None => view! { <LogoMark /> }.into_any(),
                    }}
                    <span>{organisation}</span>
                </header>
                <main id="main" tabindex="-1" class=if sheet { "sheet" } else { "" }>
                    {children()}
                </main>
                {foot.map(|foot| view! { <footer class="public-foot">{foot}</footer> })}
            </div>
        </div>
    }
    .into_any()
}
