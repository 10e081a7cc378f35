//! Plain HTTP beside the pages: sign-in callbacks, calendar files, health. One file per concern, each with a `routes()`.

mod auth;
mod health;

use axum::Router;

use crate::{
    state::AppState,
    web::pages::{booking, mailbox, new_request, request, settings},
};

pub fn all() -> Router<AppState> {
    Router::new()
        .merge(auth::routes())
        .merge(health::routes())
        .merge(booking::post::routes())
        .merge(request::post::routes())
        .merge(mailbox::files::routes())
        .merge(new_request::post::routes())
        .merge(settings::routes())
}
