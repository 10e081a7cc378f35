//! `/signin` and `/signup`: the same flow under two names, with one button per provider.

use leptos::{nonce::use_nonce, prelude::*};
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use super::{providers::continue_label, staff::GUESS_ZONE};
use crate::{
    config::SignUp as SignUpPolicy,
    state::AppState,
    store::words::Provider,
    web::components::{
        Button, ButtonSize, PublicShell,
        provider_mark::{Provider as Mark, ProviderMark},
    },
};

#[component]
pub fn SignIn() -> impl IntoView {
    view! {
        <Entry title="Sign in" lead="Use the account your calendar is in.">
            <p class="text-muted">"New here? " <a href="/signup">"Sign up"</a></p>
        </Entry>
    }
}

#[component]
pub fn SignUp() -> impl IntoView {
    let state = expect_context::<AppState>();
    let lead = match state.config.sign_up {
        SignUpPolicy::Open => {
            "Use the account your calendar is in. Convene asks to see when you are busy and to add interviews to your calendar."
        }
        SignUpPolicy::Invite => "This Convene is by invitation: use the account you were invited with.",
        SignUpPolicy::Closed => "This Convene takes no new accounts. Sign in if you have one.",
    };
    view! {
        <Entry title="Sign up" lead>
            <p class="text-muted">"Been here before? " <a href="/signin">"Sign in"</a></p>
        </Entry>
    }
}

#[component]
fn Entry(title: &'static str, lead: &'static str, children: Children) -> impl IntoView {
    let state = expect_context::<AppState>();
    // Checked where it is used: only a path of ours is followed.
    let return_to = use_query_map().read_untracked().get("return_to");
    let form = |provider: &Provider| view! { <ProviderForm provider=*provider return_to=return_to.clone() /> };
    let forms = state.config.providers.sign_in.iter().map(form).collect_view();
    view! {
        <Title text=title />
        <script nonce=use_nonce()>{GUESS_ZONE}</script>
        <PublicShell organisation="Convene" sheet=true>
            <div class="flex flex-col gap-6">
                <h1 class="text-xl font-semibold">{title}</h1>
                <p>{lead}</p>
                <div class="flex flex-col gap-3">{forms}</div>
                {children()}
            </div>
        </PublicShell>
    }
}

/// A POST, so that nobody is sent to a provider by following a link.
#[component]
fn ProviderForm(provider: Provider, return_to: Option<String>) -> impl IntoView {
    let mark = Mark::from(provider);
    view! {
        <form method="post" action=format!("/auth/{provider}") class="flex items-center gap-3">
            {return_to.map(|path| view! { <input type="hidden" name="return_to" value=path /> })}
            <input type="hidden" name="zone" data-guess-zone="" />
            <ProviderMark provider=mark />
            <Button label=continue_label(mark) size=ButtonSize::Large block=true />
        </form>
    }
}
