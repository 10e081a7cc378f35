//! One line or several lines of text: the bare controls, and each with its field.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::field::{Field, Wrong, described_by};

/// What is typed, so that a phone shows the right keyboard and a browser the right picker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum InputKind {
    #[default]
    Text,
    Email,
    Password,
    Search,
    Url,
    /// Digits only.
    Number,
    /// `YYYY-MM-DD` on the wire.
    Date,
    /// `HH:MM` on the wire.
    Time,
    /// `YYYY-MM-DDTHH:MM` on the wire, without a zone: say the zone in the label.
    DateTime,
}

impl InputKind {
    const fn attribute(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Email => "email",
            Self::Password => "password",
            Self::Search => "search",
            Self::Url => "url",
            Self::Number => "number",
            Self::Date => "date",
            Self::Time => "time",
            Self::DateTime => "datetime-local",
        }
    }
}

/// A line of text without label: give it one with `Field` or `attr:aria-label`.
///
/// `value` is what it starts with; an island that drives it adds `prop:value` and `on:input`.
#[component]
pub fn TextInput(
    #[prop(into)] id: String,
    #[prop(into)] name: String,
    #[prop(optional)] kind: InputKind,
    #[prop(optional, into)] value: String,
    #[prop(optional, into)] placeholder: MaybeProp<String>,
    #[prop(optional, into)] autocomplete: MaybeProp<String>,
    #[prop(optional)] required: bool,
    #[prop(optional, into)] disabled: Signal<bool>,
    #[prop(optional)] readonly: bool,
    /// Something is wrong with what stands in it.
    #[prop(optional, into)]
    invalid: Signal<bool>,
    /// Ids of the texts that explain it (`field::described_by`).
    #[prop(optional, into)]
    described_by: MaybeProp<String>,
    /// Lower bound, in the control's own format.
    #[prop(optional, into)]
    min: MaybeProp<String>,
    /// Upper bound, in the control's own format.
    #[prop(optional, into)]
    max: MaybeProp<String>,
    /// Grid, in the control's own unit (seconds for times).
    #[prop(optional, into)]
    step: MaybeProp<String>,
    /// Most characters.
    #[prop(default = None, into)]
    maxlength: Option<u32>,
    /// Id of a `<datalist>` to pick from.
    #[prop(optional, into)]
    list: MaybeProp<String>,
) -> impl IntoView {
    let placeholder = placeholder.get_untracked();
    let autocomplete = autocomplete.get_untracked();
    let min = min.get_untracked();
    let max = max.get_untracked();
    let step = step.get_untracked();
    let list = list.get_untracked();
    view! {
        <input
            class="input"
            type=kind.attribute()
            id=id
            name=name
            value=value
            placeholder=placeholder
            autocomplete=autocomplete
            inputmode=matches!(kind, InputKind::Number).then_some("numeric")
            required=required
            readonly=readonly
            disabled=move || disabled.get()
            aria-invalid=move || invalid.get().then_some("true")
            aria-describedby=move || described_by.get()
            min=min
            max=max
            step=step
            maxlength=maxlength.map(|most| most.to_string())
            list=list
        />
    }
    .into_any()
}

/// A labelled line of text. Its id is its name unless given.
#[component]
pub fn TextField(
    #[prop(into)] label: String,
    #[prop(into)] name: String,
    /// If two forms on a page use the same name.
    #[prop(optional, into)]
    id: MaybeProp<String>,
    #[prop(optional)] kind: InputKind,
    #[prop(optional, into)] value: String,
    #[prop(optional, into)] hint: MaybeProp<String>,
    #[prop(optional, into)] error: MaybeProp<Wrong>,
    #[prop(optional, into)] placeholder: MaybeProp<String>,
    #[prop(optional, into)] autocomplete: MaybeProp<String>,
    /// May stay empty; says so. Otherwise the browser asks for it too.
    #[prop(optional)]
    optional: bool,
    #[prop(optional)] large: bool,
    #[prop(optional)] label_hidden: bool,
    #[prop(optional, into)] disabled: Signal<bool>,
    #[prop(optional)] readonly: bool,
    #[prop(optional, into)] min: MaybeProp<String>,
    #[prop(optional, into)] max: MaybeProp<String>,
    #[prop(optional, into)] step: MaybeProp<String>,
    #[prop(default = None, into)] maxlength: Option<u32>,
    #[prop(optional, into)] list: MaybeProp<String>,
    /// More classes, for placement only.
    #[prop(optional, into)]
    class: String,
) -> impl IntoView {
    let id = id.get_untracked();
    let placeholder = placeholder.get_untracked();
    let autocomplete = autocomplete.get_untracked();
    let min = min.get_untracked();
    let max = max.get_untracked();
    let step = step.get_untracked();
    let list = list.get_untracked();
    let id = id.unwrap_or_else(|| name.clone());
    let described = {
        let id = id.clone();
        Signal::derive(move || described_by(&id, hint.get().is_some(), error.get().is_some()))
    };
    let invalid = Signal::derive(move || error.get().is_some());
    view! {
        <Field id=id.clone() label=label hint=hint error=error optional=optional large=large label_hidden=label_hidden class=class>
            <TextInput
                id=id
                name=name
                kind=kind
                value=value
                placeholder=placeholder
                autocomplete=autocomplete
                required=!optional && !readonly
                disabled=disabled
                readonly=readonly
                invalid=invalid
                described_by=described
                min=min
                max=max
                step=step
                maxlength=maxlength
                list=list
            />
        </Field>
    }
    .into_any()
}

/// The text between a textarea's tags, as HTML. Leptos writes it as it is, and does not look at it again when an island wakes:
/// typed text would end the textarea with a tag of its own and go on as markup. In a browser it is a text node, and needs nothing.
pub(crate) fn textarea_text(text: &str) -> String {
    if cfg!(feature = "ssr") { text.replace('&', "&amp;").replace('<', "&lt;") } else { text.to_owned() }
}

/// Several lines of text without label.
#[component]
pub fn Textarea(
    #[prop(into)] id: String,
    #[prop(into)] name: String,
    #[prop(optional, into)] value: String,
    #[prop(default = 4)] rows: u16,
    #[prop(optional, into)] placeholder: MaybeProp<String>,
    #[prop(optional)] required: bool,
    #[prop(optional, into)] disabled: Signal<bool>,
    #[prop(optional, into)] invalid: Signal<bool>,
    /// Ids of the texts that explain it (`field::described_by`).
    #[prop(optional, into)]
    described_by: MaybeProp<String>,
    /// Most characters.
    #[prop(default = None, into)]
    maxlength: Option<u32>,
) -> impl IntoView {
    let placeholder = placeholder.get_untracked();
    view! {
        <textarea
            class="input"
            id=id
            name=name
            rows=rows.to_string()
            placeholder=placeholder
            required=required
            disabled=move || disabled.get()
            aria-invalid=move || invalid.get().then_some("true")
            aria-describedby=move || described_by.get()
            maxlength=maxlength.map(|most| most.to_string())
        >
            {textarea_text(&value)}
        </textarea>
    }
    .into_any()
}

/// Several labelled lines of text. Its id is its name unless given.
#[component]
pub fn TextareaField(
    #[prop(into)] label: String,
    #[prop(into)] name: String,
    /// If two forms on a page use the same name.
    #[prop(optional, into)]
    id: MaybeProp<String>,
    #[prop(optional, into)] value: String,
    #[prop(default = 4)] rows: u16,
    #[prop(optional, into)] hint: MaybeProp<String>,
    #[prop(optional, into)] error: MaybeProp<Wrong>,
    #[prop(optional, into)] placeholder: MaybeProp<String>,
    /// May stay empty; says so.
    #[prop(optional)]
    optional: bool,
    #[prop(optional)] large: bool,
    #[prop(optional, into)] disabled: Signal<bool>,
    #[prop(default = None, into)] maxlength: Option<u32>,
    /// More classes, for placement only.
    #[prop(optional, into)]
    class: String,
) -> impl IntoView {
    let id = id.get_untracked();
    let placeholder = placeholder.get_untracked();
    let id = id.unwrap_or_else(|| name.clone());
    let described = {
        let id = id.clone();
        Signal::derive(move || described_by(&id, hint.get().is_some(), error.get().is_some()))
    };
    let invalid = Signal::derive(move || error.get().is_some());
    view! {
        <Field id=id.clone() label=label hint=hint error=error optional=optional large=large class=class>
            <Textarea
                id=id
                name=name
                value=value
                rows=rows
                placeholder=placeholder
                required=!optional
                disabled=disabled
                invalid=invalid
                described_by=described
                maxlength=maxlength
            />
        </Field>
    }
    .into_any()
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use leptos::prelude::*;

    use super::Textarea;

    #[test]
    fn what_was_typed_stays_inside_the_textarea() {
        let html = Owner::new().with(|| {
            view! { <Textarea id="n" name="n" value="</textarea><script>alert(1)</script> &amp;" /> }.to_html()
        });
        assert!(html.contains(">&lt;/textarea>&lt;script>alert(1)&lt;/script> &amp;amp;</textarea>"), "{html}");
    }
}
