//! A difference that waits for a decision, with what one may do about it: on the request's page, and on the dashboard.

use leptos::prelude::*;

use super::substitutes::Substitutes;
use crate::{
    booking::{
        difference::Difference,
        swap::{self, Substitute},
    },
    store::words::DifferenceKind,
    web::{
        components::{Button, ButtonKind, ButtonSize, LinkButton},
        pages::staff::Desk,
    },
};

/// Most names a card offers.
const MOST: usize = 3;

/// Something open, and who could come instead where somebody declined.
#[derive(Clone)]
pub struct Question {
    pub found: Difference,
    /// `None` where nobody was looked for.
    pub substitutes: Option<Vec<Substitute>>,
}

impl Question {
    /// Looks for substitutes where it is about somebody who declined. Calendars read in the last five minutes answer.
    pub async fn of(desk: &Desk, found: Difference) -> Self {
        let place = match found.person.filter(|_| found.kind == DifferenceKind::Declined) {
            Some(person) => swap::substitutes(&desk.state, &desk.who, found.request, person, "").await.ok(),
            None => None,
        };
        Self { found, substitutes: place.map(|place| place.substitutes) }
    }
}

/// One click where one is enough, and the way to the page where ours and theirs stand side by side.
#[component]
pub fn Acts(found: Difference, substitutes: Option<Vec<Substitute>>) -> impl IntoView {
    let page = format!("/requests/{}/difference/{}", found.request, found.id);
    if found.kind != DifferenceKind::Declined {
        return view! {
            <div>
                <LinkButton label="Decide" href=page kind=ButtonKind::Primary size=ButtonSize::Small />
            </div>
        }
        .into_any();
    }
    let leaves = found.person.map(|person| person.to_string()).unwrap_or_default();
    view! {
        <Substitutes request=found.request.to_string() leaves substitutes most=MOST />
        <form method="post" action=page>
            <input type="hidden" name="shown" value=found.shown() />
            <input type="hidden" name="decision" value="keep" />
            <Button label="Keep as it is" kind=ButtonKind::Quiet size=ButtonSize::Small />
        </form>
    }
    .into_any()
}
