//! `/`: what this is, and the way in.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::web::components::{ButtonKind, ButtonSize, LinkButton, PublicShell};

#[component]
pub fn Home() -> impl IntoView {
    view! {
        <Title text="Interviews that fit every calendar" />
        <PublicShell organisation="Convene" sheet=true>
            <div class="flex flex-col gap-6">
                <h1 class="text-2xl font-semibold">"Interviews that fit every calendar"</h1>
                <p class="text-md text-muted">
                    "Convene reads the calendars of everyone involved, offers the candidate only times that work for all of them, \
                     books exactly one, and keeps every calendar and inbox in step."
                </p>
                <div class="flex flex-wrap gap-3">
                    <LinkButton label="Sign in" href="/signin" kind=ButtonKind::Primary size=ButtonSize::Large />
                    <LinkButton label="Sign up" href="/signup" size=ButtonSize::Large />
                </div>
                <p class="text-muted">
                    "Were you invited to an interview? Use the link in your mail; you need no account."
                </p>
            </div>
        </PublicShell>
    }
}
