//! On the calendar page: an interviewer is asked to coordinate.

use leptos::prelude::*;

use super::is_connected;
use crate::{
    calendars::Provider,
    connections::Connection,
    error::AppError,
    invitations::{self, Invitation},
    notifications::when,
    people::{self, Member, Person},
    store::words::Role,
    web::{
        components::{
            Banner, Tone,
            provider_mark::{Provider as Mark, ProviderButton},
        },
        pages::{
            providers::{ProviderForm, continue_label, password_page},
            staff::Desk,
        },
    },
};

/// What this person was offered and by whom, if it still stands.
pub async fn offer(desk: &Desk<Member>) -> Result<Option<(Invitation, Person)>, AppError> {
    let (db, me) = (desk.state.store.reader(), desk.me());
    if me.role != Role::Interviewer {
        return Ok(None);
    }
    let offer = invitations::pending(db, me.org, me.person).await?;
    let offer = offer.filter(|one| one.role == Role::Coordinator && one.works(desk.state.clock.now()).is_ok());
    let Some(offer) = offer else { return Ok(None) };
    let inviter = people::find(db, me.org, offer.invited_by).await?;
    Ok(inviter.map(|inviter| (offer, inviter)))
}

/// An interviewer is asked to coordinate: it takes one more permission.
#[component]
pub fn Offer(offer: Invitation, inviter: Person, list: Vec<Connection>, providers: Vec<Provider>) -> impl IntoView {
    let connected: Vec<Provider> = list.iter().filter(|one| is_connected(one)).map(|one| one.provider).collect();
    let choices = if connected.is_empty() { providers } else { connected };
    let choices = choices.into_iter().filter(|provider| password_page(*provider).is_none());
    let buttons = choices.map(|provider| {
        let mark = Mark::from(provider);
        view! {
            <ProviderForm provider purpose="coordinate" return_to="/dashboard">
                <ProviderButton provider=mark label=continue_label(mark) />
            </ProviderForm>
        }
    });
    let buttons = buttons.collect_view();
    let title = format!("{} asks you to arrange interviews", inviter.name);
    let until = when::instant(offer.expires_at, inviter.zone.unwrap_or(chrono_tz::Tz::UTC));
    view! {
        <Banner tone=Tone::Accent title actions=buttons.into_any() class="mb-4">
            {format!("As a coordinator you make requests and see candidates. Convene then also puts the interviews you arrange into your calendar, and asks you for that permission once. The offer stands until {until}.")}
        </Banner>
    }
}
