//! What is connected already is never swapped silently: another account of the same provider, or the one calendar that an
//! organisation wants of each person, is asked about first.

use leptos::prelude::*;

use super::PAGE;
use crate::{
    calendars::Provider,
    connections::Connection,
    store::words::Role,
    web::{
        components::{Button, ButtonKind, Dialog, LinkButton},
        pages::providers::{ProviderForm, password_page},
    },
};

/// Somebody wants to connect an account, and another is in its way.
#[derive(Clone, Debug)]
pub struct InTheWay {
    pub wanted: Provider,
    /// The account they chose at the provider, if they were there already.
    pub chosen: Option<String>,
    /// What is connected: an address, or the provider's name.
    pub connected: String,
    /// Whether it is the organisation that wants one calendar of each person.
    pub by_policy: bool,
}

impl InTheWay {
    pub fn other_provider(wanted: Provider, connected: &Connection) -> Self {
        let connected = match connected.account_email.as_str() {
            "" => connected.provider.label().to_owned(),
            email => format!("{} ({email})", connected.provider.label()),
        };
        Self { wanted, chosen: None, connected, by_policy: true }
    }
}

#[component]
pub fn Switching(in_the_way: Option<InTheWay>, role: Role) -> impl IntoView {
    let Some(InTheWay { wanted, chosen, connected, by_policy }) = in_the_way else { return ().into_any() };
    let label = wanted.label();
    let title = match &chosen {
        Some(chosen) => format!("Connect {chosen} instead of {connected}?"),
        None => format!("Switch to {label}?"),
    };
    let why = if by_policy {
        format!("Your organisation wants one calendar of each person, and {connected} is connected.")
    } else {
        format!("You chose another account than the one that is connected, {connected}.")
    };
    let becomes = if role == Role::Interviewer {
        "It is disconnected once the new one is connected, and its busy times no longer count."
    } else {
        "It is disconnected once the new one is connected: its busy times no longer count, and interviews you arrange go into the new one. Those that are in it stay there."
    };
    let button = if by_policy { format!("Switch to {label}") } else { "Switch account".to_owned() };
    let switch = match password_page(wanted) {
        Some(page) => {
            view! { <LinkButton label=button kind=ButtonKind::Primary href=format!("{page}?take_over=yes") /> }
                .into_any()
        }
        None => view! {
            <ProviderForm provider=wanted purpose="connect" wish="take_over" return_to=PAGE>
                <Button label=button kind=ButtonKind::Primary />
            </ProviderForm>
        }
        .into_any(),
    };
    let actions = view! {
        <LinkButton label="Keep it" href=PAGE />
        {switch}
    };
    let next = match password_page(wanted) {
        Some(_) => "Next you type the account. If you change your mind there, nothing is changed here.".to_owned(),
        None => {
            format!("Next you choose the account at {label}. If you change your mind there, nothing is changed here.")
        }
    };
    view! {
        <Dialog id="switch" title open=true close_href=PAGE actions=actions.into_any()>
            <p>{why}</p>
            <p class="mt-2">{becomes}</p>
            <p class="hint mt-2">{next}</p>
        </Dialog>
    }
    .into_any()
}
