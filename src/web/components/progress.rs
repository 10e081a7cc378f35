//! How far something is: known (a bar that fills) or unknown (a bar that moves). For anything over three seconds.

use leptos::prelude::*;

/// A native progress bar with its words.
#[component]
pub fn Progress(
    /// "Reading Ana's calendar"
    #[prop(into)]
    label: String,
    /// Done so far; without it the bar only says that something is going on.
    #[prop(default = None, into)]
    value: Option<u32>,
    #[prop(default = 100)] max: u32,
    /// "3 of 8 people". Beside the label.
    #[prop(optional, into)]
    detail: MaybeProp<String>,
) -> impl IntoView {
    let detail = detail.get_untracked();
    let name = label.clone();
    view! {
        <div class="progress-line">
            <p class="progress-words" aria-hidden="true">
                <span>{label}</span>
                {detail.map(|detail| view! { <span class="num">{detail}</span> })}
            </p>
            <progress
                class="progress"
                aria-label=name
                max=max.to_string()
                value=value.map(|value| value.min(max).to_string())
            ></progress>
        </div>
    }
    .into_any()
}
