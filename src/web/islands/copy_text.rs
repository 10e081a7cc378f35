//! Copies a field's text and says so. Without script the field can be selected and copied by hand.

use leptos::prelude::*;

use crate::web::components::CopyField;

/// A read-only value with a button that copies it.
#[island(lazy)]
pub fn CopyText(
    /// The field's element id.
    id: String,
    /// The field's label.
    label: String,
    value: String,
    /// What the button says.
    button: String,
) -> impl IntoView {
    let copied = RwSignal::new(false);
    let on_copy = Callback::new({
        let (id, value) = (id.clone(), value.clone());
        move |()| copy(id.clone(), value.clone(), copied)
    });
    view! { <CopyField id label value button copied on_copy /> }
}

/// Through the clipboard; where the browser refuses, the text is selected so that one keystroke copies it.
#[cfg(feature = "hydrate")]
fn copy(id: String, value: String, copied: RwSignal<bool>) {
    use wasm_bindgen::JsCast;

    let writing = window().navigator().clipboard().write_text(&value);
    leptos::task::spawn_local(async move {
        if wasm_bindgen_futures::JsFuture::from(writing).await.is_ok() {
            copied.set(true);
            set_timeout(move || copied.set(false), std::time::Duration::from_secs(4));
        } else if let Some(field) = document().get_element_by_id(&id)
            && let Ok(field) = field.dyn_into::<web_sys::HtmlInputElement>()
        {
            field.select();
        }
    });
}

#[cfg(not(feature = "hydrate"))]
fn copy(_: String, _: String, _: RwSignal<bool>) {}
