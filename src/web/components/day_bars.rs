//! How many times each day has, as small bars. Each bar says its number in text, so it needs no second form.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// One day and how many starts work on it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayCount {
    /// Under the bar: "8".
    pub label: String,
    /// Read out and shown on hover: "Monday 8 March".
    pub name: String,
    pub count: u32,
    /// What it was before the change being tried, drawn as an outline.
    #[serde(default)]
    pub was: Option<u32>,
    /// Shows that day.
    #[serde(default)]
    pub href: Option<String>,
    /// The day that is shown.
    #[serde(default)]
    pub current: bool,
    /// Days were left out before this one (a weekend).
    #[serde(default)]
    pub after_gap: bool,
}

/// Pixels the tallest bar is high.
const TALLEST: u32 = 40;

/// Height in pixels; a day with any time at all shows.
fn height(count: u32, most: u32) -> u32 {
    if count == 0 || most == 0 {
        return 0;
    }
    let scaled = u64::from(count) * u64::from(TALLEST) / u64::from(most);
    // At most TALLEST, because count <= most.
    u32::try_from(scaled).unwrap_or(TALLEST).max(3)
}

fn bar(day: DayCount, most: u32) -> impl IntoView {
    let tall = height(day.count, most);
    let was = day.was.filter(|was| *was != day.count).map(|was| height(was, most));
    let words = format!("{}: {}", day.name, super::times(day.count));
    let inside = view! {
        <b class=if day.count == 0 { "zero" } else { "" } aria-hidden="true">{day.count.to_string()}</b>
        <svg viewBox="0 0 20 44" preserveAspectRatio="none" aria-hidden="true" focusable="false">
            {was
                .map(|was| {
                    view! { <rect class="was" x="1.5" y=(43 - was).to_string() width="17" height=was.to_string()></rect> }
                })}
            <rect class="base" x="1" y="42.5" width="18" height="1.5"></rect>
            {(tall > 0)
                .then(|| {
                    view! { <rect x="1" y=(44 - tall).to_string() width="18" height=tall.to_string() rx="1.5"></rect> }
                })}
        </svg>
        <span aria-hidden="true">{day.label}</span>
        <span class="vh">{words}</span>
    };
    let class = if day.after_gap { "bar bar-gap" } else { "bar" };
    let current = day.current.then_some("date");
    match day.href {
        Some(href) => view! { <a class=class href=href title=day.name aria-current=current>{inside}</a> }.into_any(),
        None => view! { <span class=class title=day.name aria-current=current>{inside}</span> }.into_any(),
    }
}

/// One bar per day, the highest as tall as fits.
#[component]
pub fn DayBars(
    days: Vec<DayCount>,
    /// What is counted, for screen readers: "Times per day".
    #[prop(default = "Times per day".to_owned(), into)]
    label: String,
) -> impl IntoView {
    let most = days.iter().map(|day| day.count.max(day.was.unwrap_or(0))).max().unwrap_or(0);
    view! {
        <ul class="bars" role="list" aria-label=label>
            {days.into_iter().map(|day| view! { <li>{bar(day, most)}</li> }).collect_view()}
        </ul>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::{TALLEST, height};

    #[test]
    fn one_time_among_thousands_still_shows() {
        assert_eq!(height(0, 9000), 0);
        assert_eq!(height(1, 9000), 3);
        assert_eq!(height(9000, 9000), TALLEST);
        assert_eq!(height(u32::MAX, u32::MAX), TALLEST);
        assert_eq!(height(0, 0), 0);
    }
}
