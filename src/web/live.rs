//! Pages that follow what happens: a stream of server-sent events
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html>) that says no more than "something changed", upon which the
//! island [`Live`](crate::web::islands::Live) fetches the page again and shows what is new of it. So there is one way to render a
//! page, and one check of who may see it.
//!
//! What changed is told by the database, so it does not matter which process changed it. One task of this process asks for the
//! database's version every second while anybody follows anything, and only when that is another one looks at what is followed:
//! a [`Topic`] has a mark, a short text that is another one when its page would show something else. A stream ends with the
//! session it was opened in, and when the process stops.

mod marks;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    http::{HeaderMap, header},
    response::{
        IntoResponse, Response,
        sse::{Event, Sse},
    },
};
use futures_util::stream;
use serde::Deserialize;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{Interval, MissedTickBehavior},
};

pub use marks::Topic;

use super::session::cookies;
use crate::{
    error::AppError,
    ids::PersonId,
    metrics,
    people::{
        Member,
        sessions::{self, SessionToken},
    },
    state::AppState,
};

/// How often the database is asked whether anything changed.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often a stream says that it lives, and looks whether its session does. Proxies cut off who is silent for a minute.
const BREATH: Duration = Duration::from_secs(15);
/// Streams of one process, and of one person in it: each is a connection.
const MOST: usize = 256;
const MOST_OF_ONE: usize = 8;

/// Who follows what. Cheap to clone.
#[derive(Clone)]
pub struct Live(Arc<Inner>);

struct Inner {
    followed: Mutex<Followed>,
    turns: Arc<Semaphore>,
    stop: watch::Sender<bool>,
}

#[derive(Default)]
struct Followed {
    /// The newest mark of each topic.
    topics: HashMap<Topic, watch::Sender<String>>,
    /// Whether the task that looks is there.
    looking: bool,
    by_person: HashMap<PersonId, usize>,
}

/// What the page says it shows already.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Since {
    #[serde(default)]
    since: String,
}

impl Default for Live {
    fn default() -> Self {
        let (stop, _) = watch::channel(false);
        Self(Arc::new(Inner { followed: Mutex::default(), turns: Arc::new(Semaphore::new(MOST)), stop }))
    }
}

impl Live {
    /// Ends every stream, and opens none any more.
    pub fn end(&self) {
        self.0.stop.send_replace(true);
    }

    /// How many are open.
    pub fn open(&self) -> usize {
        MOST - self.0.turns.available_permits()
    }

    fn followed(&self) -> MutexGuard<'_, Followed> {
        // Whole at any time, whoever panicked.
        self.0.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place among the streams.
    fn take_place(&self, person: PersonId) -> Option<Place> {
        let permit = self.0.turns.clone().try_acquire_owned().ok()?;
        let mut followed = self.followed();
        let count = followed.by_person.entry(person).or_default();
        if *count >= MOST_OF_ONE {
            return None;
        }
        *count += 1;
        drop(followed);
        metrics::live_streams(self.open());
        Some(Place { live: self.clone(), person, permit: Some(permit) })
    }

    /// News of this topic, whose mark is `mark` now.
    fn news(&self, state: &AppState, topic: Topic, mark: &str) -> watch::Receiver<String> {
        let mut followed = self.followed();
        let topic = followed.topics.entry(topic).or_insert_with(|| watch::channel(mark.to_owned()).0);
        // The task may not have looked since the page was read.
        topic.send_if_modified(|known| {
            known != mark && {
                mark.clone_into(known);
                true
            }
        });
        let news = topic.subscribe();
        if !followed.looking {
            followed.looking = true;
            tokio::spawn(look(state.clone()));
        }
        news
    }
}

/// A stream that is open. Dropped with it.
struct Place {
    live: Live,
    person: PersonId,
    permit: Option<OwnedSemaphorePermit>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut followed = self.live.followed();
        if let Some(count) = followed.by_person.get_mut(&self.person) {
            *count -= 1;
            if *count == 0 {
                followed.by_person.remove(&self.person);
            }
        }
        drop(followed);
        self.permit.take();
        metrics::live_streams(self.live.open());
    }
}

/// Looks for what changed as long as anybody follows anything.
async fn look(state: AppState) {
    let live = state.live.clone();
    let mut stop = live.0.stop.subscribe();
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = None;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        let topics: Vec<Topic> = {
            let mut followed = live.followed();
            followed.topics.retain(|_, news| news.receiver_count() > 0);
            if followed.topics.is_empty() {
                // Under the lock that whoever comes next takes: they find nobody looking, and begin anew.
                followed.looking = false;
                return;
            }
            followed.topics.keys().copied().collect()
        };
        let version = match state.store.version().await {
            Ok(version) => version,
            Err(error) => {
                tracing::warn!(%error, "nobody knows whether anything changed");
                continue;
            }
        };
        let unchanged = version.is_some() && version == last;
        let mut is_complete = true;
        for topic in topics.into_iter().filter(|topic| !unchanged || topic.ages()) {
            match topic.mark(&state).await {
                Ok(mark) => {
                    if let Some(news) = live.followed().topics.get(&topic) {
                        news.send_if_modified(|known| {
                            *known != mark && {
                                known.clone_from(&mark);
                                true
                            }
                        });
                    }
                }
                Err(error) => {
                    is_complete = false;
                    tracing::warn!(%error, "what is followed could not be looked at");
                }
            }
        }
        // What could not be looked at is looked at again, changed or not.
        last = version.filter(|_| is_complete);
    }
}

/// Opens a stream for a member whose session came with these headers, as long as they `may` follow this.
///
/// # Errors
/// Too many are open; whoever asks does not read event streams; the database's.
pub async fn follow(
    state: &AppState,
    topic: Topic,
    member: &Member,
    may: fn(Member) -> bool,
    headers: &HeaderMap,
    since: &Since,
) -> Result<Response, AppError> {
    if !reads_events(headers) {
        return Err(AppError::new(400, "event_stream", "This address is for pages that follow what happens.")
            .hint("Open the page itself; it follows by itself where scripts run."));
    }
    let Some(token) = SessionToken::from_cookies(cookies(headers)) else { return Err(AppError::signed_out()) };
    let place = state.live.take_place(member.person).ok_or_else(|| {
        AppError::new(503, "too_many_streams", "Too many pages are open that follow what happens.")
            .hint("This page still works; reload it to see what is new.")
    })?;
    // Before the page's own mark is compared: what changes from here on is news.
    let mark = topic.mark(state).await?;
    let news = state.live.news(state, topic, &mark);
    // A browser that comes back says what it heard last.
    let heard = headers.get("last-event-id").and_then(|id| id.to_str().ok()).unwrap_or(&since.since).to_owned();
    let mut ticks = tokio::time::interval(BREATH);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.reset();
    let follower = Follower {
        stop: state.live.0.stop.subscribe(),
        state: state.clone(),
        who: (member.person, token, may),
        news,
        heard,
        ticks,
        is_over: false,
        _place: place,
    };
    let events = stream::unfold(follower, |mut follower| async move {
        let event = follower.next().await?;
        Some((Ok::<_, std::convert::Infallible>(event), follower))
    });
    Ok(Sse::new(events).into_response())
}

/// Whether a request comes from a page that follows: its browser's own doing, not its user's. Such requests do not keep a session
/// from running out.
pub(super) fn reads_events(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).is_some_and(|accept| accept == "text/event-stream")
}

/// One open page.
struct Follower {
    state: AppState,
    who: (PersonId, SessionToken, fn(Member) -> bool),
    news: watch::Receiver<String>,
    /// The mark of what the page shows.
    heard: String,
    ticks: Interval,
    stop: watch::Receiver<bool>,
    is_over: bool,
    _place: Place,
}

impl Follower {
    /// The next event, or nothing if that was all.
    async fn next(&mut self) -> Option<Event> {
        if self.is_over {
            return None;
        }
        loop {
            let mark = self.news.borrow_and_update().clone();
            if mark != self.heard {
                if !self.may_go_on().await {
                    return Some(self.over());
                }
                self.heard.clone_from(&mark);
                return Some(Event::default().event("changed").id(mark).data("{}"));
            }
            let breath = tokio::select! {
                changed = self.news.changed() => {
                    changed.ok()?;
                    false
                }
                _ = self.ticks.tick() => true,
                _ = self.stop.wait_for(|stop| *stop) => return None,
            };
            if breath {
                let goes_on = self.may_go_on().await;
                return Some(if goes_on { Event::default().comment("") } else { self.over() });
            }
        }
    }

    /// Says that the session ended, so that the page does not try again.
    fn over(&mut self) -> Event {
        self.is_over = true;
        Event::default().event("over").data("{}")
    }

    /// A database that does not answer is no reason to send anybody away.
    async fn may_go_on(&self) -> bool {
        let (person, token, may) = &self.who;
        match sessions::look(&self.state.store, token, self.state.clock.now()).await {
            Ok(member) => member.is_some_and(|member| member.person == *person && may(member)),
            Err(error) => {
                tracing::warn!(%error, "whether a session lives is not known");
                true
            }
        }
    }
}
