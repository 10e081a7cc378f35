//! The time zone as a native select. The server knows the zones and their offsets today and hands in ready labels, so
//! that no zone database is shipped to a browser.

use leptos::prelude::*;

use super::field::Wrong;
use super::icons::Glyph;
use super::select::SelectField;

/// "Time zone": one group per region ("Europe"), one choice per zone (`Europe/Berlin`, "Berlin (UTC+1)"), as the server wrote them
/// (`web::zones`).
///
/// Put it into a GET form with a button so that it works without script; an island may submit on `change` instead.
#[component]
pub fn ZoneSelect(
    /// The choices as HTML, one of them selected.
    options: String,
    /// The form field.
    #[prop(default = "tz".to_owned(), into)]
    name: String,
    #[prop(optional, into)] id: MaybeProp<String>,
    #[prop(default = "Time zone".to_owned(), into)] label: String,
    /// Such as "Guessed from your browser. Ana is in New York."
    #[prop(optional, into)]
    hint: MaybeProp<String>,
    #[prop(optional, into)] error: MaybeProp<Wrong>,
    #[prop(optional)] large: bool,
    /// More classes, for placement only.
    #[prop(optional, into)]
    class: String,
) -> impl IntoView {
    let id = id.get_untracked();
    let id = id.unwrap_or_else(|| name.clone());
    view! {
        <SelectField
            label=label
            name=name
            id=id
            written=options
            hint=hint
            error=error
            icon=Glyph::Globe
            large=large
            class=class
        />
    }
    .into_any()
}
