//! The steps of a short journey (the welcome wizard): done, current, to do.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::icons::{Glyph, Icon, IconSize};

/// Where a step stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    Done,
    /// Passed over; can be done later.
    Skipped,
    Current,
    #[default]
    ToDo,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub label: String,
    pub state: StepState,
    /// Goes back (or on) to it.
    #[serde(default)]
    pub href: Option<String>,
}

impl Step {
    /// A step without a link.
    pub fn new(label: impl Into<String>, state: StepState) -> Self {
        Self { label: label.into(), state, href: None }
    }
}

fn step(index: usize, step: Step) -> impl IntoView {
    let (class, word) = match step.state {
        StepState::Done => ("done", ", done"),
        StepState::Skipped => ("skipped", ", skipped"),
        StepState::Current | StepState::ToDo => ("", ""),
    };
    let lead = if step.state == StepState::Done {
        view! { <Icon glyph=Glyph::CircleCheck /> }.into_any()
    } else if step.state == StepState::Skipped {
        view! { <Icon glyph=Glyph::Minus size=IconSize::Small /> }.into_any()
    } else {
        view! { <span class="step-number num">{(index + 1).to_string()}</span> }.into_any()
    };
    let words = view! {
        {step.label}
        {(!word.is_empty()).then(|| view! { <span class="vh">{word}</span> })}
    };
    view! {
        <li class=class aria-current=(step.state == StepState::Current).then_some("step")>
            {lead}
            {match step.href {
                Some(href) => view! { <a class="link-plain" href=href>{words}</a> }.into_any(),
                None => view! { <span>{words}</span> }.into_any(),
            }}
        </li>
    }
    .into_any()
}

/// The whole journey, in order.
#[component]
pub fn Stepper(steps: Vec<Step>, #[prop(default = "Progress".to_owned(), into)] label: String) -> impl IntoView {
    view! {
        <ol class="stepper" role="list" aria-label=label>
            {steps.into_iter().enumerate().map(|(index, one)| step(index, one)).collect_view()}
        </ol>
    }
    .into_any()
}
