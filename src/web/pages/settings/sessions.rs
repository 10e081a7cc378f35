//! `/settings/sessions`: where somebody is signed in, and how to end it there.

use axum::{
    extract::{Path, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Redirect, Response},
};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::{View, Views};
use crate::{
    audit::Origin,
    error::AppError,
    ids::SessionId,
    people::{
        Member,
        sessions::{self, Session},
    },
    state::AppState,
    web::{
        components::{
            Badge, Button, ButtonKind, ButtonSize, Card, CardHead, Dialog, Glyph, Icon, LinkButton, Section, Toast,
            Toasts, Tone,
        },
        device,
        pages::staff::{Desk, Frame, desk},
        routes::Routes,
        wording::{ago, full},
    },
};

const PAGE: &str = "/settings/sessions";

pub fn routes() -> Routes {
    Routes::default().post("/settings/sessions/{id}/end", end).post("/settings/sessions/end-all", end_all)
}

/// The page.
#[component]
pub fn SessionsPage() -> impl IntoView {
    let query = use_query_map().get_untracked();
    let asks = query.get("end").as_deref() == Some("all");
    let news = match query.get("news").as_deref() {
        Some("ended") => Some("Signed out there."),
        Some("gone") => Some("Nobody was signed in there any more."),
        _ => None,
    };
    desk(move |desk: Desk<Member>| async move {
        let (me, now) = (desk.me().clone(), desk.state.clock.now());
        let mut list = sessions::list(desk.state.store.reader(), &me, now).await?;
        // This one first, then as they were used.
        list.sort_by_key(|one| Some(one.id) != me.session);
        let rows = list.into_iter().map(|one| {
            let here = Some(one.id) == me.session;
            view! { <Line one here zone=me.clock() now /> }
        });
        let rows = rows.collect_view();
        let news = news.map(|text| view! { <Toast text dismiss_href=PAGE /> });
        let sub = "A session ends by itself after 12 hours without use, and after 7 days in any case.";
        Ok(view! {
            <Frame desk title="Settings" current=Section::Settings>
                <Views current=View::Sessions />
                <div class="stack-lg max-w-3xl">
                    <Card>
                        <CardHead title="Sessions" sub>
                            <LinkButton label="Sign out everywhere" href=format!("{PAGE}?end=all") size=ButtonSize::Small kind=ButtonKind::Danger />
                        </CardHead>
                        <ul class="rows">{rows}</ul>
                    </Card>
                    <p class="hint">
                        "Something here you do not know? Sign it out, and look whether your account at Google or Microsoft is still yours alone: whoever can sign in there can sign in here."
                    </p>
                </div>
                {asks.then(|| view! { <Everywhere /> })}
                <Toasts>{news}</Toasts>
            </Frame>
        })
    })
}

/// One browser somebody is signed in with.
#[component]
fn Line(one: Session, here: bool, zone: Tz, now: DateTime<Utc>) -> impl IntoView {
    let device = device::words(&one.user_agent);
    let glyph = if device::is_phone(&one.user_agent) { Glyph::Smartphone } else { Glyph::Monitor };
    let address = if one.ip.is_empty() { "an unknown address".to_owned() } else { one.ip.clone() };
    let time = |at: DateTime<Utc>, words: String| {
        view! { <time datetime=at.to_rfc3339() title=full(at, zone)>{words}</time> }
    };
    let seen = if here {
        view! { "Active now" }.into_any()
    } else {
        view! { "Last seen " {time(one.last_seen_at, ago(one.last_seen_at, now))} }.into_any()
    };
    let label =
        if here { format!("Sign out {device}, this device") } else { format!("Sign out {device} at {address}") };
    view! {
        <li class="session">
            <span class="session-picture"><Icon glyph /></span>
            <div class="session-words">
                <div class="row">
                    <span class="session-device">{device}</span>
                    {here.then(|| view! { <Badge text="This device" tone=Tone::Success /> })}
                </div>
                <span class="two">
                    {seen} " · " {address} " · signed in " {time(one.created_at, ago(one.created_at, now))}
                </span>
            </div>
            <form method="post" action=format!("{PAGE}/{}/end", one.id)>
                <Button label="Sign out" size=ButtonSize::Small attr:aria-label=label />
            </form>
        </li>
    }
}

/// Asks before all of it ends.
#[component]
fn Everywhere() -> impl IntoView {
    let form = "end-all-form";
    let actions = view! {
        <LinkButton label="Stay signed in" href=PAGE />
        <Button label="Sign out everywhere" kind=ButtonKind::DangerFinal form=form />
    };
    view! {
        <Dialog id="end-all" title="Sign out everywhere?" open=true close_href=PAGE actions=actions.into_any()>
            <p>"Every browser you are signed in with is signed out at once, this one too. You can sign in again right after."</p>
            <p class="hint">"Your calendars stay connected, and interviews stand."</p>
            <form id=form method="post" action=format!("{PAGE}/end-all")></form>
        </Dialog>
    }
}

async fn end(
    State(state): State<AppState>,
    member: Member,
    Path(id): Path<String>,
    origin: Origin,
) -> Result<Response, AppError> {
    let id: SessionId = id.parse().map_err(|_| AppError::not_found())?;
    let txn = state.store.begin().await?;
    let ended = sessions::revoke(&txn, &member, id, &origin).await?;
    txn.commit().await?;
    if member.session == Some(id) {
        return Ok(signed_out());
    }
    let news = if ended { "ended" } else { "gone" };
    Ok(Redirect::to(&format!("{PAGE}?news={news}")).into_response())
}

async fn end_all(State(state): State<AppState>, member: Member, origin: Origin) -> Result<Response, AppError> {
    let txn = state.store.begin().await?;
    sessions::revoke_all(&txn, &member, &origin).await?;
    txn.commit().await?;
    Ok(signed_out())
}

/// To the sign-in page, without the cookie.
fn signed_out() -> Response {
    let mut response = Redirect::to("/signin").into_response();
    // Fixed text.
    if let Ok(cookie) = HeaderValue::from_str(&sessions::clear_cookie()) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
