//! What a candidate's link opens, read from the database once and then again whenever something in it changed.

use std::sync::Arc;

use sea_orm::ConnectionTrait;
use tokio::sync::OnceCell;

use super::{
    Booking, latest,
    offer::{self, Ask},
    sitting,
};
use crate::{
    events,
    ids::LinkToken,
    people::{self, Person},
    requests::{
        Panel, Request,
        link::{self, Link, LinkError},
    },
    scheduling::Answer,
    state::AppState,
    store::{
        StoreError,
        words::{BookingStatus, RequestStatus},
    },
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
    /// The UID of its calendar file, if there is one.
    pub calendar_uid: Option<String>,
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
        let booking = match request.status {
            // Open is what a request is without a living booking.
            RequestStatus::Open => None,
            _ => latest(db, org, id).await?.filter(Booking::is_live),
        };
        Ok(Self {
            link,
            panel: Arc::new(sitting::panel(db, &request).await?),
            coordinator: Arc::new(coordinator),
            organisation: organisation.name,
            calendar_uid: match &booking {
                Some(booking) => calendar_uid(db, booking).await?,
                None => None,
            },
            booking,
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

/// A file outlives the page, so there is none for a time that may still be taken back, and none under another UID than that of
/// the invitation, which moves and cancellations go by.
async fn calendar_uid(db: &impl ConnectionTrait, booking: &Booking) -> Result<Option<String>, StoreError> {
    if booking.status != BookingStatus::Confirmed {
        return Ok(None);
    }
    match events::of_booking(db, booking.org, booking.id).await? {
        Some(event) => events::mailed_uid(db, &event).await,
        None => Ok(None),
    }
}
