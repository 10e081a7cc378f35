//! When the candidate and the interviewers are reminded: any of a few moments, or none.

use leptos::prelude::*;

use super::data::ReminderChoice;
use crate::web::components::{
    Checkbox, Wrong,
    field::{described_by, wrong_line},
};

#[component]
pub fn Reminders(choices: Vec<ReminderChoice>, error: Signal<Option<Wrong>>) -> impl IntoView {
    let boxes = choices.into_iter().map(|ReminderChoice { minutes, words, on }| {
        view! { <Checkbox label=words name="reminders[]" value=minutes.to_string() checked=on /> }
    });
    let boxes = boxes.collect_view();
    view! {
        <fieldset class="field" id="reminders" aria-describedby=move || described_by("reminders", true, error.get().is_some())>
            <legend class="label">"Reminders"</legend>
            <p class="hint" id="reminders-hint">"A mail to the candidate and to whoever interviews. None are sent if nothing is ticked."</p>
            <div class="check-list">{boxes}</div>
            {move || wrong_line("reminders", error.get())}
        </fieldset>
    }
    .into_any()
}
