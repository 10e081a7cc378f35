//! Who is asked on a request's page: how we know when each of them can, and what follows where nobody knows.

use leptos::prelude::*;

use super::{Sheet, chosen};
use crate::{
    booking::Booking,
    people::Person,
    scheduling::zones,
    store::words::{BookingStatus, RequestStatus, SeatKind},
    web::{
        components::{Banner, ButtonSize, Card, CardHead, LinkButton, PersonLine, StatusBadge, Tone},
        pages::people::InviteButton,
        wording::listed,
    },
};

#[component]
pub(super) fn People(sheet: Sheet) -> impl IntoView {
    let seated = sheet.booking().map(|_| sheet.line.people.clone());
    let certain = |booking: &Booking| booking.status == BookingStatus::Confirmed && booking.span.end() > sheet.now;
    let swaps = sheet.booking().is_some_and(certain);
    let rows = sheet.panel.people.values().map(|person| {
        let source = sheet.source(person.id);
        let (status, detail) = source.in_words(sheet.now);
        let sits = seated.as_ref().is_some_and(|seated| seated.contains(&person.id));
        let why = sheet.why.get(&person.id).filter(|_| sits);
        let reason = why.and_then(|why| chosen::reason(why, |id| sheet.first_name_of(id)));
        let swap = (sits && swaps).then(|| {
            let href = format!("/requests/{}/swap/{}", sheet.line.request.id, person.id);
            view! { <LinkButton label="Swap" href size=ButtonSize::Small /> }
        });
        let detail = if sits { format!("sits in this interview · {detail}") } else { detail };
        let answer = person.contact().filter(|_| seated.is_some()).and_then(|email| sheet.answer(email.as_str()));
        let detail = match answer {
            Some(answer) => format!("{answer} · {detail}"),
            None => detail,
        };
        let detail = if person.zone.is_none() && source.is_connected() {
            format!("{detail} · hours taken in {} time", zones::place(sheet.line.request.zone))
        } else {
            detail
        };
        view! {
            <li>
                <PersonLine name=person.name.clone() detail>
                    <StatusBadge status />
                    {swap}
                </PersonLine>
                {reason.map(|reason| view! { <p class="hint mt-1">{reason}</p> })}
            </li>
        }
    });
    let rows = rows.collect_view();
    view! {
        <Card>
            <CardHead title="Interviewers" />
            <ul class="rows">{rows}</ul>
        </Card>
    }
}

/// Before the link is sent: of whom nobody knows anything, what that means, and how to ask them.
#[component]
pub(super) fn Unknown(sheet: Sheet) -> impl IntoView {
    let request = &sheet.line.request;
    let unknown: Vec<&Person> = sheet.panel.people.values().filter(|one| sheet.source(one.id).is_unknown()).collect();
    let is_open = request.status == RequestStatus::Open && request.window.end() > sheet.now;
    if !is_open || unknown.is_empty() {
        return ().into_any();
    }
    let names: Vec<&str> = unknown.iter().map(|person| person.name.as_str()).collect();
    let verb = if names.len() == 1 { "is" } else { "are" };
    let title = format!("Nobody knows when {} {verb} free", listed(&names));
    let means = means(&sheet, &unknown);
    let buttons = unknown.iter().filter(|person| person.contact().is_some()).map(|person| {
        let waits = sheet.source(person.id).invitation.is_some_and(|one| one.is_pending());
        let first = person.name.split_whitespace().next().unwrap_or(&person.name);
        let label = if waits { format!("Ask {first} again") } else { format!("Invite {first}") };
        view! {
            <InviteButton person=person.id.to_string() label request=request.id.to_string() back=format!("/requests/{}", request.id) />
        }
    });
    let buttons = buttons.collect_view();
    view! {
        <Banner tone=Tone::Warning title actions=buttons.into_any()>
            {means}
        </Banner>
    }
    .into_any()
}

/// What the candidate is offered meanwhile.
fn means(sheet: &Sheet, unknown: &[&Person]) -> &'static str {
    let is_needed = |person: &&Person| {
        let seat = sheet.panel.seats.iter().find(|seat| seat.people.contains(&person.id));
        match seat.map(|seat| seat.kind) {
            Some(SeatKind::All) => true,
            Some(SeatKind::Any) => seat.is_some_and(|seat| {
                let others = seat.people.iter().filter(|id| !unknown.iter().any(|person| person.id == **id)).count();
                others < seat.needed as usize
            }),
            Some(SeatKind::Optional) | None => false,
        }
    };
    match (unknown.iter().any(is_needed), sheet.panel.fallback.is_empty()) {
        (true, true) => {
            "If you send the link now, the candidate finds no times: an unknown calendar is never taken for a free one. Times open as soon as everybody needed has connected or given times."
        }
        (true, false) => {
            "If you send the link now, the candidate is offered times inside the hours you gave for people nobody knows about, and nobody checks whether they can. As soon as they connect or give times, that decides."
        }
        (false, _) => {
            "The candidate is offered times without them. As soon as they connect or give times, they are considered."
        }
    }
}
