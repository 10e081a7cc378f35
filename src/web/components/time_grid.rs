//! A week of half hours to tick: when somebody can. Plain checkboxes in a table, so that it works by finger, keyboard and
//! screen reader, and without script.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// One half hour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeCell {
    /// What is sent for it.
    pub value: String,
    /// Read out: "Monday 8 March, 09:00".
    pub name: String,
    pub ticked: bool,
    /// Over, or left out by a clock change.
    pub off: bool,
}

/// One day, a column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeDay {
    /// "Mon"
    pub weekday: String,
    /// "8"
    pub date: String,
    /// "Mar"; left out where there is no room.
    pub month: String,
    pub is_today: bool,
    pub cells: Vec<TimeCell>,
}

/// The grid. Each ticked half hour is sent under `name`.
#[component]
pub fn TimeGrid(
    #[prop(into)] name: String,
    /// What the table is about, for those who do not see it.
    #[prop(into)]
    caption: String,
    /// The time in front of each row: "09:00"; empty for the half hours between.
    rows: Vec<String>,
    days: Vec<TimeDay>,
) -> impl IntoView {
    let heads = days.iter().map(|day| {
        view! {
            <th scope="col" class=if day.is_today { "tg-today" } else { "" }>
                <span class="tg-weekday">{day.weekday.clone()}</span>
                <span class="tg-date num">{day.date.clone()} <span class="tg-month">{day.month.clone()}</span></span>
            </th>
        }
    });
    let heads = heads.collect_view();
    let lines = rows.into_iter().enumerate().map(|(row, label)| {
        let cells = days.iter().filter_map(|day| day.cells.get(row)).map(|cell| {
            view! {
                <td>
                    <label class="tg-cell">
                        <input type="checkbox" name=name.clone() value=cell.value.clone() checked=cell.ticked disabled=cell.off />
                        <span class="tg-box" aria-hidden="true"></span>
                        <span class="vh">{cell.name.clone()}</span>
                    </label>
                </td>
            }
        });
        let cells = cells.collect_view();
        let class = if label.is_empty() { "tg-half" } else { "" };
        view! {
            <tr class=class>
                <th scope="row" class="num">{label}</th>
                {cells}
            </tr>
        }
    });
    let lines = lines.collect_view();
    view! {
        <table class="tg" data-time-grid="">
            <caption class="vh">{caption}</caption>
            <thead>
                <tr>
                    <th scope="col"><span class="vh">"Time"</span></th>
                    {heads}
                </tr>
            </thead>
            <tbody>{lines}</tbody>
        </table>
    }
    .into_any()
}
