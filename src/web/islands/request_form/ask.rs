//! Asking the server about the form, not more often than it makes sense: 300 ms after the last keystroke, and only the newest
//! answer counts.

use leptos::{html, prelude::*};

use super::data::{Live, Picture};

/// The form, what was last said about it, and whether an answer is on its way.
#[derive(Clone, Copy)]
pub struct Asker {
    pub form: NodeRef<html::Form>,
    pub live: RwSignal<Live>,
    /// The last picture there was.
    pub picture: RwSignal<Option<Picture>>,
    /// The picture is older than the form: a field that decides on times has to be mended first.
    pub stale: RwSignal<bool>,
    pub asking: RwSignal<bool>,
    /// Why the last question got no answer.
    pub failed: RwSignal<Option<String>>,
    /// Counts questions.
    turn: StoredValue<u32>,
}

impl Asker {
    pub fn new(live: Live) -> Self {
        Self {
            form: NodeRef::new(),
            picture: RwSignal::new(live.picture.clone()),
            live: RwSignal::new(live),
            stale: RwSignal::new(false),
            asking: RwSignal::new(false),
            failed: RwSignal::new(None),
            turn: StoredValue::new(0),
        }
    }

    /// After a keystroke.
    pub fn soon(self) {
        self.after(300);
    }

    /// After something was chosen. Not at once: what was chosen has to be in the form first.
    pub fn now(self) {
        self.after(10);
    }

    #[cfg(not(feature = "hydrate"))]
    fn after(self, _milliseconds: u64) {
        let _ = self.turn;
    }

    #[cfg(feature = "hydrate")]
    fn after(self, milliseconds: u64) {
        let turn = self.turn.get_value().wrapping_add(1);
        self.turn.set_value(turn);
        let ask = move || {
            if self.turn.try_get_value() == Some(turn) {
                leptos::task::spawn_local(self.ask(turn));
            }
        };
        set_timeout(ask, std::time::Duration::from_millis(milliseconds));
    }

    #[cfg(feature = "hydrate")]
    async fn ask(self, turn: u32) {
        let Some(form) = self.form.get_untracked() else { return };
        let Some(form) = encoded(&form) else { return };
        self.asking.set(true);
        let answer = super::api::look(form).await;
        if self.turn.try_get_value() != Some(turn) {
            return;
        }
        self.asking.set(false);
        match answer {
            Ok(live) => {
                self.failed.set(None);
                self.stale.set(live.picture.is_none());
                if live.picture.is_some() || live.people.is_empty() {
                    self.picture.set(live.picture.clone());
                }
                self.live.set(live);
            }
            Err(error) => {
                let hint = error.hint.map(|hint| format!(" {hint}")).unwrap_or_default();
                self.failed.set(Some(format!("{}{hint}", error.sentence)));
            }
        }
    }
}

/// The form as a browser would post it.
#[cfg(feature = "hydrate")]
fn encoded(form: &web_sys::HtmlFormElement) -> Option<String> {
    let data = web_sys::FormData::new_with_form(form).ok()?;
    let pairs = web_sys::UrlSearchParams::new_with_str_sequence_sequence(&data).ok()?;
    Some(pairs.to_string().into())
}
