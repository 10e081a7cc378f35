//! A small curve of something over time (queue depth, latency), with its latest value in words beside it.

use std::fmt::Write as _;

use leptos::prelude::*;

use super::badge::Tone;

const WIDTH: f64 = 100.0;
const HEIGHT: f64 = 30.0;

/// Path data of the curve, left to right, highest value at the top. Fewer than two points give a level line.
fn curve(values: &[f64], top: f64) -> String {
    let level = [values.first().copied().unwrap_or(0.0); 2];
    let points = if values.len() < 2 { &level[..] } else { values };
    // Counts are small; the loss of precision starts at 2^52 points.
    #[allow(clippy::cast_precision_loss)]
    let step = WIDTH / (points.len() - 1) as f64;
    let mut path = String::new();
    let mut x = 0.0;
    for (index, value) in points.iter().enumerate() {
        let y = if top > 0.0 { HEIGHT - (value.clamp(0.0, top) / top) * (HEIGHT - 2.0) } else { HEIGHT };
        let command = if index == 0 { 'M' } else { 'L' };
        // Writing to a String cannot fail.
        let _ = write!(path, "{command}{x:.1} {y:.1}");
        x += step;
    }
    path
}

/// Values oldest first, with an optional line that should not be crossed.
#[component]
pub fn Sparkline(
    values: Vec<f64>,
    /// Says it all in one sentence for those who cannot see it: "Queue depth over the last hour: 3 now, 18 at most".
    #[prop(into)]
    label: String,
    /// Drawn as a dashed line.
    #[prop(default = None, into)]
    limit: Option<f64>,
    #[prop(optional)] tone: Tone,
) -> impl IntoView {
    let top = values.iter().copied().chain(limit).fold(0.0_f64, f64::max);
    let line = curve(&values, top);
    let area = format!("{line}L{WIDTH} {HEIGHT}L0 {HEIGHT}Z");
    let limit = limit.filter(|_| top > 0.0).map(|limit| curve(&[limit, limit], top));
    let class = match tone {
        Tone::Warning => "spark spark-warn",
        Tone::Danger => "spark spark-bad",
        Tone::Neutral | Tone::Info | Tone::Success | Tone::Accent => "spark",
    };
    view! {
        <svg class=class viewBox="0 0 100 30" preserveAspectRatio="none" role="img" aria-label=label>
            <path class="area" d=area></path>
            {limit.map(|limit| view! { <path class="limit" d=limit></path> })}
            <path d=line></path>
        </svg>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::curve;

    #[test]
    fn the_highest_value_is_at_the_top_and_nothing_lies_on_the_ground() {
        assert_eq!(curve(&[0.0, 4.0], 4.0), "M0.0 30.0L100.0 2.0");
        assert_eq!(curve(&[], 0.0), "M0.0 30.0L100.0 30.0");
        assert_eq!(curve(&[2.0], 4.0), "M0.0 16.0L100.0 16.0");
    }
}
