//! What a candidate sees once they chose: booked, held, about to cancel, cancelled.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use leptos_meta::Title;

use super::{Typed, Visit, choose::About};
use crate::{
    booking::Booking,
    notifications::when,
    web::{
        again::{Attempt, problem, wrong},
        components::{Button, ButtonKind, ButtonSize, Fact, Facts, Glyph, LinkButton, PublicShell, TextareaField},
    },
};

/// Whether the candidate may still move or cancel.
pub fn may_change(visit: &Visit, booking: &Booking, now: DateTime<Utc>) -> bool {
    now < visit.request.change_deadline(booking.span.start())
}

/// The time in the candidate's zone, and in the coordinator's where clocks differ.
fn times(visit: &Visit, booking: &Booking) -> Fact {
    let mut fact = Fact::new(Glyph::CalendarCheck, when::span(booking.span, visit.zone));
    if when::clocks_differ(booking.span, visit.zone, visit.coordinator_zone()) {
        fact.detail = when::span(booking.span, visit.coordinator_zone());
    }
    fact
}

#[component]
pub fn Booked(visit: Visit, booking: Booking, attempt: Option<Attempt<Typed>>, now: DateTime<Utc>) -> impl IntoView {
    let changeable = may_change(&visit, &booking, now);
    let notice = when::length(visit.request.change_notice);
    let file = visit.has_file.then(|| {
        let href = format!("/calendar/{}.ics", visit.token.expose());
        view! { <LinkButton label="Add to calendar" icon=Glyph::CalendarPlus href size=ButtonSize::Large kind=ButtonKind::Primary /> }
    });
    let changes = if changeable {
        view! {
            <LinkButton label="Move" icon=Glyph::CalendarClock href=visit.href("/move") size=ButtonSize::Large />
            <LinkButton label="Cancel" icon=Glyph::CalendarX href=visit.href("/cancel") size=ButtonSize::Large kind=ButtonKind::Danger />
        }
        .into_any()
    } else {
        ().into_any()
    };
    let words = if changeable {
        format!("You can move or cancel here until {notice} before it starts.")
    } else {
        format!("It starts in less than {notice}. To change it, write to {}.", visit.coordinator.name_and_address())
    };
    view! {
        <Title text="You're booked" />
        <PublicShell organisation=visit.organisation.clone() sheet=true>
            {problem(attempt.as_ref(), &[])}
            <h1 class="public-title">"You're booked"</h1>
            <p class="mt-2">
                {visit.request.interview_type.clone()} " with " {visit.organisation.clone()} ". "
                "The invitation is on its way to " <bdi>{visit.request.candidate_email.to_string()}</bdi> "."
            </p>
            <div class="mt-6">
                <Facts facts=vec![times(&visit, &booking)] />
            </div>
            <div class="row mt-6">
                {file}
                {changes}
            </div>
            <p class="hint mt-4">{words}</p>
        </PublicShell>
    }
}

#[component]
pub fn Held(visit: Visit, booking: Booking, attempt: Option<Attempt<Typed>>) -> impl IntoView {
    let until = booking.hold_until.map(|until| when::instant(until, visit.zone)).unwrap_or_default();
    view! {
        <Title text="We are confirming your time" />
        <PublicShell organisation=visit.organisation.clone() sheet=true>
            {problem(attempt.as_ref(), &[])}
            <h1 class="public-title">"We are confirming your time"</h1>
            <p class="mt-2">
                "The time is kept for you. One calendar has not answered yet; you get a mail as soon as it is certain, at the latest "
                {until} ". There is nothing you need to do."
            </p>
            <div class="mt-6">
                <Facts facts=vec![times(&visit, &booking)] />
            </div>
        </PublicShell>
    }
}

#[component]
pub fn Cancelled(visit: Visit) -> impl IntoView {
    view! {
        <Title text="Interview cancelled" />
        <PublicShell organisation=visit.organisation.clone() sheet=true>
            <h1 class="public-title">"This interview is cancelled"</h1>
            <p class="mt-2">
                "It does not take place, and calendars are being cleared. Nothing more needs to be done. If you have questions, write to "
                {visit.coordinator.name_and_address()} "."
            </p>
        </PublicShell>
    }
}

#[component]
pub fn ConfirmCancel(visit: Visit, booking: Booking, attempt: Option<Attempt<Typed>>) -> impl IntoView {
    let problem = problem(attempt.as_ref(), &[]);
    let wrong = wrong(attempt.as_ref(), "reason");
    let reason = attempt.map(|attempt| attempt.typed.reason).unwrap_or_default();
    view! {
        <Title text="Cancel the interview" />
        <PublicShell organisation=visit.organisation.clone() sheet=true>
            {problem}
            <About visit=visit.clone() title="Cancel this interview?" />
            <div class="mt-4">
                <Facts facts=vec![times(&visit, &booking)] />
            </div>
            <form method="post" action=visit.href("/cancel") class="stack mt-6">
                <TextareaField label="Reason" name="reason" value=reason error=wrong optional=true large=true rows=3 maxlength=500u32 hint=format!("{} reads it.", visit.coordinator.name) />
                <div class="row">
                    <Button label="Cancel interview" kind=ButtonKind::DangerFinal size=ButtonSize::Large />
                    <LinkButton label="Keep it" href=visit.href("") size=ButtonSize::Large />
                </div>
            </form>
        </PublicShell>
    }
}
