//! The banner on every staff page while a connected account of one's own waits for its owner.

use leptos::prelude::*;

use crate::{
    connections::{Connection, Need, busy::GONE, connect},
    store::words::{ConnectionStatus, Role},
    web::{
        components::{Banner, Button, ButtonSize, LinkButton, Tone},
        pages::providers::{ProviderForm, password_page},
    },
};

/// Whether nobody but its owner can make it work.
pub fn needs_owner(connection: &Connection, role: Role) -> bool {
    match connection.status {
        ConnectionStatus::Expired => true,
        ConnectionStatus::Active => {
            connection.last_error == GONE || !connection.missing(connect::needs(role)).is_empty()
        }
        // It may answer again by itself; the card in the settings says when it is asked.
        ConnectionStatus::Error | ConnectionStatus::Inactive => false,
    }
}

/// One banner for each, with the button that mends it.
#[component]
pub fn Mend(broken: Vec<Connection>, role: Role, here: String) -> impl IntoView {
    // Its card says so there, and the welcome asks in its own words.
    if here.starts_with("/settings/calendar") || here.starts_with("/welcome") {
        return ().into_any();
    }
    let banners = broken.into_iter().map(|one| {
        let label = one.provider.label();
        let reads = one.can(Need::ReadBusy);
        let (title, means, code) = match one.status {
            ConnectionStatus::Expired => (
                format!("{label} needs you to sign in again"),
                "Your busy times are left out until you reconnect, so no interviews are offered with you; updates of interviews wait and are made then.".to_owned(),
                "sign_in_expired",
            ),
            _ if one.last_error == GONE => {
                (format!("{label} lacks a calendar you chose"), one.last_error.clone(), "calendar_gone")
            }
            _ => {
                let missing = one.missing(connect::needs(role)).join(" and to ");
                let so = if reads { "Interviews you arrange cannot be put into it." } else { "Nobody knows when you are free." };
                (format!("{label} is only partly connected"), format!("Permission to {missing} is missing. {so}"), "permission_missing")
            }
        };
        let remedy = if code == "calendar_gone" {
            view! { <LinkButton label="Choose calendars" href="/settings/calendar" size=ButtonSize::Small /> }.into_any()
        } else {
            match password_page(one.provider) {
                Some(href) => view! { <LinkButton label="Reconnect" href size=ButtonSize::Small /> }.into_any(),
                None => view! {
                    <ProviderForm provider=one.provider purpose="connect" return_to=here.clone()>
                        <Button label="Reconnect" size=ButtonSize::Small />
                    </ProviderForm>
                }
                .into_any(),
            }
        };
        let tone = if one.status == ConnectionStatus::Expired { Tone::Danger } else { Tone::Warning };
        view! { <Banner tone title code actions=remedy class="mb-4">{means}</Banner> }
    });
    banners.collect_view().into_any()
}
