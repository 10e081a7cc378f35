//! The frame around one control: label above, hint under the label, error under the control, tied together by ids.
//! The controls themselves are in `input`, `select` and `zone_select`.

use leptos::prelude::*;

use super::icons::{Glyph, Icon};

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
    /// What is wrong and how to mend it.
    #[prop(optional, into)]
    error: MaybeProp<String>,
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
    let error_id = format!("{id}-error");
    view! {
        <div class=super::classes(&["field", if large { "field-lg" } else { "" }, &class])>
            <label class=if label_hidden { "vh" } else { "label" } for=id>
                {label}
                {optional.then(|| view! { <span class="opt">" (optional)"</span> })}
            </label>
            {move || hint.get().map(|hint| view! { <p class="hint" id=hint_id.clone()>{hint}</p> })}
            {children()}
            {move || {
                error
                    .get()
                    .map(|error| {
                        view! {
                            <p class="err" id=error_id.clone()>
                                <Icon glyph=Glyph::CircleAlert />
                                <span>{error}</span>
                            </p>
                        }
                    })
            }}
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
