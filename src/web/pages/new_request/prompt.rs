//! Above the request form: the calendar that is not connected yet or gets no interviews, and where in the welcome one is.

use leptos::prelude::*;

use crate::{
    calendars::Provider,
    connections,
    error::AppError,
    people::{preferences, welcome::Step},
    store::words::EventKind,
    web::{
        components::{Banner, Button, LinkButton, Step as Mark, StepState, Stepper, Tone},
        pages::{
            providers::{ProviderForm, connect_label},
            staff::Desk,
        },
    },
};

/// What stands above the form for this coordinator.
pub async fn connect(desk: &Desk, query: &str) -> Result<impl IntoView + use<>, AppError> {
    let me = desk.me();
    let target = connections::write_target(desk.state.store.reader(), me.org, me.person).await?;
    let providers = desk.calendar_providers();
    let back = if query.is_empty() { "/requests/new".to_owned() } else { format!("/requests/new?{query}") };
    let wanted = preferences::preference(desk.state.store.reader(), me.org, me.person, EventKind::Interview).await?;
    let prompt = match (wanted.is_synced, target) {
        (true, None) => Some(view! { <Prompt providers back /> }.into_any()),
        (true, Some(_)) => None,
        (false, _) => Some(view! { <KeptOff /> }.into_any()),
    };
    let is_welcome = url::form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "welcome");
    let steps = is_welcome.then(|| {
        let marks = Step::ALL.map(|step| match step {
            Step::Request => Mark::new(step.title(), StepState::Current),
            step => Mark {
                href: Some(format!("/welcome?step={}", step.number())),
                ..Mark::new(step.title(), StepState::Done)
            },
        });
        view! {
            <div class="mb-4">
                <Stepper steps=marks.to_vec() label="Setting up" />
            </div>
        }
    });
    Ok(view! {
        {steps}
        {prompt}
    })
}

/// They chose so, and may have forgotten it.
#[component]
fn KeptOff() -> impl IntoView {
    let link = view! { <LinkButton label="Notifications" href="/settings/notifications" /> };
    view! {
        <Banner tone=Tone::Info title="Your interviews stay out of calendars" actions=link.into_any() class="mb-4">
            "As you set it, everybody is invited by mail, and no video link is made."
        </Banner>
    }
}

#[component]
fn Prompt(providers: Vec<Provider>, back: String) -> impl IntoView {
    let buttons = providers.into_iter().map(|provider| {
        view! {
            <ProviderForm provider purpose="connect" return_to=back.clone()>
                <Button label=connect_label(provider) />
            </ProviderForm>
        }
    });
    let buttons = buttons.collect_view();
    view! {
        <Banner tone=Tone::Warning title="Your calendar is not connected" actions=buttons.into_any() class="mb-4">
            "Interviews you arrange now are invited by mail and stand in nobody's calendar until yours is connected. You come back to this form; connect first, what is typed now is not kept."
        </Banner>
    }
}
