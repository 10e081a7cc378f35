//! The frame around one control: label above, hint under the label, error under the control, tied together by ids.
//! The controls themselves are in `input`, `select` and `zone_select`.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::icons::{Glyph, Icon};

/// What is wrong with a field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wrong {
    /// Stable, for programs and tests.
    pub code: String,
    /// What is wrong and how to mend it.
    pub sentence: String,
}

impl Wrong {
    pub fn new(code: impl Into<String>, sentence: impl Into<String>) -> Self {
        Self { code: code.into(), sentence: sentence.into() }
    }
}

/// The line under a control, or nothing.
pub(crate) fn wrong_line(id: &str, wrong: Option<Wrong>) -> impl IntoView + use<> {
    let id = format!("{id}-error");
    wrong.map(|Wrong { code, sentence }| {
        view! {
            <p class="err" id=id data-code=code>
                <Icon glyph=Glyph::CircleAlert />
                <span>{sentence}</span>
            </p>
        }
    })
}

/// What a control with this id must put into `aria-describedby`; nothing if there is neither hint nor error.
#[must_use]
pub fn described_by(id: &str, hint: bool, error: bool) -> Option<String> {
    match (hint, error) {
        (true, true) => Some(format!("{id}-hint {id}-error")),
        (true, false) => Some(format!("{id}-hint")),
        (false, true) => Some(format!("{id}-error")),
        (false, false) => None,
    }
}

/// Label, hint and error around a control whose `id` is the same.
///
/// Use it for controls that have no field of their own (`ChipBox`, an island's); the control then takes
/// `described_by(id, …)` itself. Everything else has `TextField`, `TextareaField`, `SelectField`, `ZoneSelect`.
#[component]
pub fn Field(
    /// The id of the control inside.
    #[prop(into)]
    id: String,
    #[prop(into)] label: String,
    /// What helps before typing.
    #[prop(optional, into)]
    hint: MaybeProp<String>,
    #[prop(optional, into)] error: MaybeProp<Wrong>,
    /// Says "optional" beside the label. Everything else is required, and says nothing.
    #[prop(optional)]
    optional: bool,
    /// 44 px controls and larger words, for public pages.
    #[prop(optional)]
    large: bool,
    /// The label is for screen readers only (a search box with a button beside it).
    #[prop(optional)]
    label_hidden: bool,
    /// More classes, for placement only.
    #[prop(optional, into)]
    class: String,
    children: Children,
) -> impl IntoView {
    let hint_id = format!("{id}-hint");
    let error_of = id.clone();
    view! {
        <div class=super::classes(&["field", if large { "field-lg" } else { "" }, &class])>
            <label class=if label_hidden { "vh" } else { "label" } for=id>
                {label}
                {optional.then(|| view! { <span class="opt">" (optional)"</span> })}
            </label>
            {move || hint.get().map(|hint| view! { <p class="hint" id=hint_id.clone()>{hint}</p> })}
            {children()}
            {move || wrong_line(&error_of, error.get())}
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::described_by;

    #[test]
    fn a_control_names_what_describes_it_and_nothing_else() {
        assert_eq!(described_by("to", false, false), None);
        assert_eq!(described_by("to", true, false).as_deref(), Some("to-hint"));
        assert_eq!(described_by("to", false, true).as_deref(), Some("to-error"));
        assert_eq!(described_by("to", true, true).as_deref(), Some("to-hint to-error"));
    }
}
