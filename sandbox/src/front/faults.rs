//! Fault switches as forms.

use std::collections::BTreeMap;

use axum::Form;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde_json::{Map, Value, json};

use super::navigation;
use crate::apple::Quirk;
use crate::control::switch_on;
use crate::html::{page, problem};
use crate::world::{Service, World};

/// `GET /faults`.
pub async fn show(Shared(world): Shared<World>) -> Response {
    let mut state = world.lock();
    let on = state.faults_on();
    let body = html! {
        (navigation(&world))
        h1 { "Faults" }
        p class="soft" {
            "What goes wrong next. Each switch meets as many requests as told, for as long as told, or all until it is switched off."
        }
        h2 { "On now" }
        @if on.is_empty() {
            p { "Nothing: everything works." }
        } @else {
            div class="scroll" {
                table {
                    thead { tr { th { "Provider" } th { "What" } th { "How often" } th { "Until (UTC)" } } }
                    tbody {
                        @for fault in on {
                            tr {
                                td { (fault.provider.name()) }
                                td { code { (json!(fault.kind)) " " (json!(fault.matching)) } }
                                td { @match fault.times { Some(times) => { (times) " more" }, None => "always" } }
                                td { @match fault.until { Some(until) => { (until.format("%Y-%m-%d %H:%M:%S")) }, None => "switched off" } }
                            }
                        }
                    }
                }
            }
            form method="post" action="/faults/clear" { p { button { "Switch all off" } } }
        }
        h2 { "Switch on" }
        (form("status", "An error status", html! {
            (field("Status", html! { input name="status" type="number" min="400" max="599" value="429" required; }))
            (field("Retry-After, seconds", html! { input name="retry_after" type="number" min="0"; }))
        }))
        (form("latency", "Slow answers", milliseconds(3000)))
        (form("drop_after_write", "Do it, then hang up without an answer", html! {}))
        (form("hang_before_write", "Let it hang, then hang up without having done it", milliseconds(60_000)))
        (form("hang_after_write", "Do it, let it hang, then hang up", milliseconds(60_000)))
        (form("late_write", "Let it hang, then do it, whoever has left", milliseconds(60_000)))
        (form("error", "An error of the provider's own", field("Error", html! {
            select name="reason" {
                @for service in Service::ALL {
                    optgroup label=(service.name()) { @for name in names(service) { option { (name) } } }
                }
            }
        })))
        (form("html_page", "A page that asks to sign in, instead of an answer", html! {}))
        (form("redirect", "A redirect to another origin", field("Location", html! {
            input name="location" type="url" placeholder="Google's stand-in";
        })))
        (form("oversize", "An answer without an end", field("Bytes", html! {
            input name="bytes" type="number" min="1" value="50000000" required;
        })))
        (form("quirk", "A habit of CalDAV servers", field("Habit", html! {
            select name="quirk" { @for quirk in Quirk::ALL { option { (quirk.name()) } } }
        })))
        (form("push_drop", "Pushes are lost", html! {}))
        (form("push_duplicate", "Pushes arrive more than once", field("How often in all", html! {
            input name="copies" type="number" min="2" max="100" value="2" required;
        })))
        (form("push_reorder", "Pushes are overtaken by the next one", html! {}))
        (form("push_delay", "Pushes are late", milliseconds(30_000)))
        (form("expire_tokens", "Access tokens stop working now", html! {}))
        (form("revoke", "Access is revoked: refreshing fails; at Apple, app-specific passwords stop working", html! {}))
    };
    page("Faults", false, body)
}

fn names(service: Service) -> Vec<&'static str> {
    match service {
        Service::Google => crate::google::catalogue_names(),
        Service::Microsoft => crate::microsoft::catalogue_names(),
        Service::Apple => crate::apple::catalogue_names(),
        Service::Icims => crate::icims::catalogue_names(),
    }
}

/// Where a kind can be switched on.
fn providers(kind: &str) -> Vec<(&'static str, &'static str)> {
    let all = [("google", "Google"), ("microsoft", "Microsoft"), ("apple", "Apple"), ("icims", "iCIMS")];
    let fits = |name: &str| match kind {
        "quirk" => name == "apple",
        "expire_tokens" | "push_drop" | "push_duplicate" | "push_reorder" | "push_delay" => {
            matches!(name, "google" | "microsoft")
        }
        "revoke" => name != "icims",
        _ => true,
    };
    all.into_iter().filter(|(name, _)| fits(name)).collect()
}

fn field(label: &str, input: Markup) -> Markup {
    html! { label class="field" { (label) (input) } }
}

fn milliseconds(usual: u32) -> Markup {
    field("Milliseconds", html! { input name="ms" type="number" min="1" max="600000" value=(usual) required; })
}

fn form(kind: &str, title: &str, fields: Markup) -> Markup {
    let at_once = matches!(kind, "expire_tokens" | "revoke");
    html! {
        form class="card" method="post" action="/faults" style="margin-bottom:12px" {
            p { strong { (title) } }
            input type="hidden" name="kind" value=(kind);
            div class="row" {
                (field("Provider", html! {
                    select name="provider" {
                        @for (name, title) in providers(kind) { option value=(name) { (title) } }
                    }
                }))
                (fields)
                (field("Only for (e-mail)", html! { input name="account" type="email"; }))
                @if !at_once {
                    (field("How often", html! { input name="times" type="number" min="1" placeholder="always"; }))
                    (field("For how long, seconds", html! { input name="seconds" type="number" min="1" placeholder="until switched off"; }))
                }
                button { @if at_once { "Do it now" } @else { "Switch on" } }
            }
        }
    }
}

/// `POST /faults`: the same as the control API, from a form.
pub async fn add(Shared(world): Shared<World>, Form(form): Form<BTreeMap<String, String>>) -> Response {
    let number = ["status", "retry_after", "ms", "copies", "bytes", "times", "seconds"];
    let request: Map<String, Value> = form
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| {
            let parsed = value.parse::<u64>().ok().filter(|_| number.contains(&name.as_str()));
            let value = parsed.map_or_else(|| json!(value), |number| json!(number));
            (name, value)
        })
        .collect();
    match switch_on(&world, request) {
        Ok(_) => Redirect::to("/faults").into_response(),
        Err(refusal) => problem(StatusCode::UNPROCESSABLE_ENTITY, "Nothing was switched on", refusal.sentence()),
    }
}

/// `POST /faults/clear`.
pub async fn clear(Shared(world): Shared<World>) -> Redirect {
    world.lock().faults.clear();
    Redirect::to("/faults")
}
