//! The banner on staff pages while somebody's calendar fails again and again: for administrators about everybody, for others about
//! their own, with the button that mends it where there is one.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use sea_orm::ConnectionTrait;

use crate::{
    connections::{
        Connection,
        alerts::{self, Alert},
    },
    outbox::Reason,
    people::{self, Member},
    store::{StoreError, words::Role},
    web::{
        components::{Banner, Button, ButtonSize, LinkButton, Tone},
        wording::listed,
    },
};

/// What a member is to know of: their own alert, and the names of others whose calendars fail.
#[derive(Clone, Default)]
pub struct Failing {
    own: Option<Alert>,
    others: Vec<String>,
}

impl Failing {
    pub async fn of(db: &impl ConnectionTrait, member: &Member, now: DateTime<Utc>) -> Result<Self, StoreError> {
        let whose = (member.role != Role::Admin).then_some(member.person);
        let mut alerts = alerts::open(db, member.org, whose, now).await?;
        if alerts.is_empty() {
            return Ok(Self::default());
        }
        let own = alerts.iter().position(|alert| alert.person == member.person).map(|at| alerts.remove(at));
        let ids: Vec<_> = alerts.iter().map(|alert| alert.person).collect();
        let others = people::find_all(db, member.org, &ids).await?.into_iter().map(|person| person.name).collect();
        Ok(Self { own, others })
    }

    /// Leaves out what another banner asks its owner to mend.
    #[must_use]
    pub fn unless(mut self, broken: &[Connection]) -> Self {
        self.own = self.own.filter(|own| broken.iter().all(|one| one.id != own.connection.id));
        self
    }
}

/// At most one about others, and one about one's own.
#[component]
pub fn KeepsFailing(failing: Failing, here: String) -> impl IntoView {
    // The page itself says so there.
    let others = if here.starts_with("/admin/sync") { Vec::new() } else { failing.others };
    let own = if here.starts_with("/settings/calendar") { None } else { failing.own };
    let others = (!others.is_empty()).then(|| {
        let title = match others.as_slice() {
            [one] => format!("The calendar of {one} keeps failing"),
            [_, _] | [_, _, _] => format!("The calendars of {} keep failing", listed(&others)),
            many => format!("The calendars of {} people keep failing", many.len()),
        };
        let more = view! { <LinkButton label="See what fails" href="/admin/sync" size=ButtonSize::Small /> };
        view! {
            <Banner tone=Tone::Danger title code="sync_failing" actions=more.into_any() class="mb-4">
                "Reading or writing failed more than five times within an hour. We keep trying."
            </Banner>
        }
    });
    let own = own.map(|alert| {
        let provider = alert.connection.provider;
        let why = Reason::stored(&alert.reason).map(Reason::sentence).unwrap_or_default();
        let again = view! {
            <form method="post" action=format!("/settings/calendar/{provider}/sync")>
                <Button label="Sync now" size=ButtonSize::Small />
            </form>
        };
        let title = format!("Your {} keeps failing", provider.label());
        view! {
            <Banner tone=Tone::Danger title code="own_sync_failing" actions=again.into_any() class="mb-4">
                {why} " We keep trying. Nothing that was booked is lost."
            </Banner>
        }
    });
    view! { {own} {others} }.into_any()
}
