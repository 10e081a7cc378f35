//! The times one may choose: radios in the page's form, each named by its local time, under a heading per day.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::icons::{Glyph, Icon};

/// One start that can be chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotRow {
    /// What the form sends: the instant, RFC 3339 in UTC.
    pub value: String,
    /// The reader's wall clock: "15:00".
    pub time: String,
    /// The same in the other zone: "09:00 in New York". May be empty.
    #[serde(default)]
    pub beside: String,
    /// Taken while the page was open.
    #[serde(default)]
    pub taken: bool,
}

/// The times of one day in the reader's zone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotDay {
    /// ISO date; makes ids.
    pub date: String,
    /// "Wednesday 10 March"
    pub name: String,
    /// "8 times that suit everyone", or about a clock change. May be empty.
    #[serde(default)]
    pub sub: String,
    pub slots: Vec<SlotRow>,
}

/// Several days of radios that share one name, so that one time is chosen among all.
#[component]
pub fn SlotList(
    days: Vec<SlotDay>,
    /// The form field: `request[start]` for a struct's field.
    #[prop(into)]
    name: String,
    /// The value chosen at first. May be empty.
    #[prop(optional, into)]
    selected: String,
    /// Two columns, for many times in little room.
    #[prop(optional)]
    two_columns: bool,
) -> impl IntoView {
    days.into_iter()
        .map(|day| {
            let sub_id = format!("slots-{}-sub", day.date);
            let sub = (!day.sub.is_empty()).then_some(day.sub);
            let described = sub.is_some().then(|| sub_id.clone());
            let rows = day
                .slots
                .into_iter()
                .enumerate()
                .map(|(index, slot)| {
                    let id = format!("slot-{}-{index}", day.date);
                    let input_id = id.clone();
                    let time_id = format!("{id}-time");
                    let beside_id = format!("{id}-beside");
                    let has_beside = slot.taken || !slot.beside.is_empty();
                    let beside = if slot.taken { "just taken".to_owned() } else { slot.beside };
                    view! {
                        <label class="slot" for=id>
                            <input
                                type="radio"
                                id=input_id
                                name=name.clone()
                                checked=!slot.taken && slot.value == selected
                                value=slot.value
                                disabled=slot.taken
                                required=true
                                aria-labelledby=time_id.clone()
                                aria-describedby=has_beside.then(|| beside_id.clone())
                            />
                            <Icon glyph=Glyph::Check />
                            <b id=time_id>{slot.time}</b>
                            {has_beside.then(|| view! { <small id=beside_id>{beside}</small> })}
                        </label>
                    }
                })
                .collect_view();
            view! {
                <fieldset class="slots" aria-describedby=described>
                    <legend>
                        <h2 class="slots-day">{day.name}</h2>
                    </legend>
                    {sub.map(|sub| view! { <p class="slots-sub" id=sub_id>{sub}</p> })}
                    <div class=if two_columns { "slots-2" } else { "slots-1" }>{rows}</div>
                </fieldset>
            }
        })
        .collect_view()
        .into_any()
}
