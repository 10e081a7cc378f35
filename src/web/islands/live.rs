//! A page that follows what happens: whenever the server says that something changed, the page is fetched again, and the parts of
//! it that are marked `data-live` are replaced by what they are now. Without script the page says the same when it is reloaded.
//!
//! What a newcomer would get wrong: a part that is replaced must hold no island, for nobody would wake it.

use leptos::prelude::*;

/// The header of a page fetched by itself rather than by somebody.
pub const FOLLOWS: &str = "x-follows";

/// Follows a stream of events for as long as the page is looked at.
#[island(lazy)]
pub fn Live(
    /// Where the stream is.
    url: String,
    /// The mark of what the page shows: the stream begins with what came after it.
    since: String,
) -> impl IntoView {
    let news = RwSignal::new("");
    follow(url, since, news);
    view! { <p class="vh" role="status">{move || news.get()}</p> }
}

#[cfg(not(feature = "hydrate"))]
fn follow(_: String, _: String, _: RwSignal<&'static str>) {}

#[cfg(feature = "hydrate")]
use in_browser::follow;

#[cfg(feature = "hydrate")]
mod in_browser {
    use std::{cell::RefCell, rc::Rc, time::Duration};

    use leptos::prelude::*;
    use wasm_bindgen::{JsCast, JsValue, closure::Closure};
    use wasm_bindgen_futures::JsFuture;
    use web_sys::{
        DomParser, Element, EventSource, Headers, MessageEvent, RequestInit, Response, SupportedType, VisibilityState,
    };

    use super::FOLLOWS;

    /// How long to leave a part alone that somebody types into.
    const LATER: Duration = Duration::from_secs(5);

    /// What is followed, and the stream while there is one.
    struct Following {
        url: String,
        since: String,
        source: Option<EventSource>,
        /// The session is over: nobody tries again.
        is_over: bool,
    }

    type Shared = Rc<RefCell<Following>>;

    /// Streams take connections, of which a browser has few: a page that nobody looks at gives its own back.
    pub fn follow(url: String, since: String, news: RwSignal<&'static str>) {
        let following = Rc::new(RefCell::new(Following { url, since, source: None, is_over: false }));
        open_or_close(&following, news);
        let turned = Closure::<dyn Fn()>::new(move || open_or_close(&following, news));
        // A listener of the page's, as long as the page.
        drop(document().add_event_listener_with_callback("visibilitychange", turned.as_ref().unchecked_ref()));
        turned.forget();
    }

    fn open_or_close(following: &Shared, news: RwSignal<&'static str>) {
        let is_seen = document().visibility_state() == VisibilityState::Visible;
        let mut now = following.borrow_mut();
        if !is_seen || now.is_over {
            if let Some(source) = now.source.take() {
                source.close();
            }
            return;
        }
        if now.source.is_some() {
            return;
        }
        let Ok(source) = EventSource::new(&format!("{}?since={}", now.url, now.since)) else { return };
        let changed = Closure::<dyn Fn(MessageEvent)>::new({
            let following = following.clone();
            move |event: MessageEvent| {
                following.borrow_mut().since = event.last_event_id();
                leptos::task::spawn_local(show(news));
            }
        });
        let over = Closure::<dyn Fn()>::new({
            let following = following.clone();
            move || {
                following.borrow_mut().is_over = true;
                open_or_close(&following, news);
                // The page says by itself what became of the session.
                drop(location().reload());
            }
        });
        drop(source.add_event_listener_with_callback("changed", changed.as_ref().unchecked_ref()));
        drop(source.add_event_listener_with_callback("over", over.as_ref().unchecked_ref()));
        changed.forget();
        over.forget();
        now.source = Some(source);
    }

    /// Shows what is new, and says that it does.
    async fn show(news: RwSignal<&'static str>) {
        match replace().await {
            Ok(Outcome::Nothing) => {}
            Ok(Outcome::Replaced) => {
                news.set("");
                set_timeout(move || news.set("This page was updated."), Duration::from_millis(100));
            }
            Ok(Outcome::Later) => set_timeout(move || leptos::task::spawn_local(show(news)), LATER),
            // Reloading by hand still works, and so does the next change.
            Err(error) => leptos::logging::warn!("the page could not be fetched: {error:?}"),
        }
    }

    enum Outcome {
        Nothing,
        Replaced,
        /// Somebody types there.
        Later,
    }

    async fn replace() -> Result<Outcome, JsValue> {
        let headers = Headers::new()?;
        headers.set(FOLLOWS, "1")?;
        headers.set("accept", "text/html")?;
        let init = RequestInit::new();
        init.set_headers(&headers);
        let here = format!("{}{}", location().pathname()?, location().search()?);
        let response: Response = JsFuture::from(window().fetch_with_str_and_init(&here, &init)).await?.dyn_into()?;
        if !response.ok() || response.redirected() {
            return Ok(Outcome::Nothing);
        }
        let text = JsFuture::from(response.text()?).await?.as_string().unwrap_or_default();
        let page = DomParser::new()?.parse_from_string(&text, SupportedType::TextHtml)?;
        let parts = document().query_selector_all("[data-live]")?;
        let mut outcome = Outcome::Nothing;
        for at in 0..parts.length() {
            let Some(part) = parts.get(at).and_then(|node| node.dyn_into::<Element>().ok()) else { continue };
            let name = part.get_attribute("data-live").unwrap_or_default();
            let Some(new) = page.query_selector(&format!("[data-live=\"{name}\"]"))? else { continue };
            if part.inner_html() == new.inner_html() {
                continue;
            }
            if is_used(&part) {
                outcome = Outcome::Later;
                continue;
            }
            let open = opened(&part)?;
            part.set_inner_html(&new.inner_html());
            reopen(&part, &open)?;
            if !matches!(outcome, Outcome::Later) {
                outcome = Outcome::Replaced;
            }
        }
        Ok(outcome)
    }

    /// Whether the focus is inside: it would be lost.
    fn is_used(part: &Element) -> bool {
        document().active_element().is_some_and(|active| part.contains(Some(&active)))
    }

    /// Which of what unfolds in there is unfolded.
    fn opened(part: &Element) -> Result<Vec<bool>, JsValue> {
        let all = part.query_selector_all("details")?;
        let is_open = |at| all.get(at).and_then(|node| node.dyn_into::<Element>().ok());
        Ok((0..all.length()).map(|at| is_open(at).is_some_and(|details| details.has_attribute("open"))).collect())
    }

    fn reopen(part: &Element, open: &[bool]) -> Result<(), JsValue> {
        let all = part.query_selector_all("details")?;
        for (at, _) in (0..all.length()).zip(open).filter(|(_, open)| **open) {
            if let Some(details) = all.get(at).and_then(|node| node.dyn_into::<Element>().ok()) {
                details.set_attribute("open", "")?;
            }
        }
        Ok(())
    }
}
