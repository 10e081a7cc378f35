//! A month whose days are links. A bar under the number says few, some or many times; the link says the number.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::button::{ButtonSize, LinkButton};
use super::icons::Glyph;

/// A weekday over its column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeekdayName {
    /// "Mon"
    pub short: String,
    /// "Monday"
    pub long: String,
}

/// One day of the month.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonthDay {
    /// 1 to 31.
    pub day: u8,
    /// "Wednesday 10 March"
    pub name: String,
    /// How many starts work.
    pub times: u32,
    /// Shows that day; without it the day is plain text.
    #[serde(default)]
    pub href: Option<String>,
    /// The day that is shown.
    #[serde(default)]
    pub current: bool,
    #[serde(default)]
    pub today: bool,
    #[serde(default)]
    pub past: bool,
}

/// A month, ready to draw. Weeks have seven places; those outside the month are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonthPicture {
    /// "March 2027"
    pub title: String,
    /// Seven, from the first day of the week.
    pub weekdays: Vec<WeekdayName>,
    pub weeks: Vec<Vec<Option<MonthDay>>>,
    /// The month before; nothing if it has nothing to offer.
    #[serde(default)]
    pub previous: Option<String>,
    /// The month after.
    #[serde(default)]
    pub next: Option<String>,
}

/// Few is up to three, many from eight.
const fn mark(times: u32) -> &'static str {
    match times {
        0 => "",
        1..=3 => "day-few",
        4..=7 => "day-some",
        _ => "day-many",
    }
}

fn cell(day: MonthDay) -> impl IntoView {
    let class = super::classes(&[
        "day",
        mark(day.times),
        if day.today { "day-today" } else { "" },
        if day.past { "day-past" } else { "" },
    ]);
    let number = day.day.to_string();
    let today = if day.today { ", today" } else { "" };
    match day.href {
        Some(href) => {
            let words = format!("{}{today}, {}", day.name, super::times(day.times));
            view! {
                <a class=class href=href aria-label=words aria-current=day.current.then_some("date")>
                    {number}
                </a>
            }
            .into_any()
        }
        None => view! { <span class=class>{number}</span> }.into_any(),
    }
}

/// The month with its two arrows.
#[component]
pub fn MonthPicker(month: MonthPicture) -> impl IntoView {
    let no_previous = month.previous.is_none();
    let no_next = month.next.is_none();
    view! {
        <div class="month">
            <div class="month-head">
                <h2>{month.title.clone()}</h2>
                <LinkButton
                    label="Previous month"
                    href=month.previous.unwrap_or_default()
                    disabled=no_previous
                    icon=Glyph::ChevronLeft
                    icon_only=true
                    size=ButtonSize::Small
                />
                <LinkButton
                    label="Next month"
                    href=month.next.unwrap_or_default()
                    disabled=no_next
                    icon=Glyph::ChevronRight
                    icon_only=true
                    size=ButtonSize::Small
                />
            </div>
            <table>
                <caption class="vh">{month.title}</caption>
                <thead>
                    <tr>
                        {month
                            .weekdays
                            .into_iter()
                            .map(|weekday| {
                                view! {
                                    <th scope="col" abbr=weekday.long>
                                        {weekday.short}
                                    </th>
                                }
                            })
                            .collect_view()}
                    </tr>
                </thead>
                <tbody>
                    {month
                        .weeks
                        .into_iter()
                        .map(|week| {
                            view! {
                                <tr>{week.into_iter().map(|day| view! { <td>{day.map(cell)}</td> }).collect_view()}</tr>
                            }
                        })
                        .collect_view()}
                </tbody>
            </table>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::mark;

    #[test]
    fn the_mark_grows_with_the_number_of_times() {
        assert_eq!(
            [0, 1, 3, 4, 7, 8, 90].map(mark),
            ["", "day-few", "day-few", "day-some", "day-some", "day-many", "day-many"]
        );
    }
}
