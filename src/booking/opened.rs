//! What a candidate's link opens, read from the database once and then again whenever something in it changed.

use std::sync::Arc;

use tokio::sync::OnceCell;

use super::{
    Booking, latest,
    offer::{self, Ask},
};
use crate::{
    ids::LinkToken,
    people::{self, Person},
    requests::{
        self, Panel, Request,
        link::{self, Link, LinkError},
    },
    scheduling::Answer,
    state::AppState,
    store::{StoreError, words::RequestStatus},
};

/// Rows behind one link. What the clock decides, whether the link still opens and which times are still open, is asked of it.
pub struct Opened {
    pub link: Link,
    pub request: Arc<Request>,
    pub panel: Arc<Panel>,
    pub coordinator: Arc<Person>,
    /// Its name.
    pub organisation: String,
    /// The living one.
    pub booking: Option<Booking>,
    /// Only read for pages that offer times.
    stored: OnceCell<offer::Stored>,
}

/// What this token opens, if there is such a link.
pub async fn opened(state: &AppState, token: &LinkToken) -> Result<Arc<Opened>, LinkError> {
    state.store.unchanged(&token.hash(), Opened::read(state, token)).await
}

impl Opened {
    async fn read(state: &AppState, token: &LinkToken) -> Result<Self, LinkError> {
        let db = state.store.reader();
        let (link, request) = link::find(db, token).await?;
        let (org, id) = (request.org, request.id);
        let (coordinator, organisation) =
            people::find_with_organisation(db, org, request.coordinator).await?.ok_or(LinkError::Unknown)?;
        Ok(Self {
            link,
            panel: Arc::new(requests::panel(db, org, id).await?),
            coordinator: Arc::new(coordinator),
            organisation: organisation.name,
            booking: match request.status {
                // Open is what a request is without a living booking.
                RequestStatus::Open => None,
                _ => latest(db, org, id).await?.filter(Booking::is_live),
            },
            request: Arc::new(request),
            stored: OnceCell::new(),
        })
    }

    /// The times open now.
    pub async fn open_slots(&self, state: &AppState) -> Result<Answer, StoreError> {
        let ask = Ask::of(&self.request, &self.panel);
        let stored = self.stored.get_or_try_init(|| offer::stored(state.store.reader(), &ask, None)).await?;
        offer::open_slots_of(state, &self.request, &self.panel, stored).await
    }
}
