//! When the candidate and the interviewers are reminded: any of a few moments, or none.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::{
    choice::Checkbox,
    field::{Wrong, described_by, wrong_line},
};

/// One moment at which people can be reminded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReminderChoice {
    pub minutes: u32,
    /// "1 day before"
    pub words: String,
    pub on: bool,
}

/// A list to tick, under the name `reminders[]`.
#[component]
pub fn Reminders(
    choices: Vec<ReminderChoice>,
    #[prop(into)] hint: String,
    #[prop(optional, into)] error: Signal<Option<Wrong>>,
) -> impl IntoView {
    let boxes = choices.into_iter().map(|ReminderChoice { minutes, words, on }| {
        view! { <Checkbox label=words name="reminders[]" value=minutes.to_string() checked=on /> }
    });
    let boxes = boxes.collect_view();
    view! {
        <fieldset class="field" id="reminders" aria-describedby=move || described_by("reminders", true, error.get().is_some())>
            <legend class="label">"Reminders"</legend>
            <p class="hint" id="reminders-hint">{hint}</p>
            <div class="check-list">{boxes}</div>
            {move || wrong_line("reminders", error.get())}
        </fieldset>
    }
    .into_any()
}
