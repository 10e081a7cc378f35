//! Plain HTTP beside the pages: sign-in callbacks, calendar files, health. One file per concern, each with a `routes()`.

pub mod auth;
mod health;
mod hooks;

use axum::{
    Router,
    handler::Handler,
    http::Method,
    routing::{MethodRouter, delete, get, post, put},
};

use crate::{
    state::AppState,
    web::pages::{admin, booking, invite, mailbox, new_request, people, request, settings, welcome},
};

/// Routes that remember what they are, so that the [`manifest`](super::manifest) can be held against them.
#[derive(Default)]
pub struct Routes {
    router: Router<AppState>,
    ways: Vec<(Method, &'static str)>,
}

impl Routes {
    /// Adds what answers a GET (and HEAD) of this path.
    #[must_use]
    pub fn get<H: Handler<T, AppState>, T: 'static>(self, path: &'static str, handler: H) -> Self {
        self.with(Method::GET, path, get(handler))
    }

    /// Adds what answers a POST to this path.
    #[must_use]
    pub fn post<H: Handler<T, AppState>, T: 'static>(self, path: &'static str, handler: H) -> Self {
        self.with(Method::POST, path, post(handler))
    }

    /// Adds what answers a PUT to this path.
    #[must_use]
    pub fn put<H: Handler<T, AppState>, T: 'static>(self, path: &'static str, handler: H) -> Self {
        self.with(Method::PUT, path, put(handler))
    }

    /// Adds what answers a DELETE of this path.
    #[must_use]
    pub fn delete<H: Handler<T, AppState>, T: 'static>(self, path: &'static str, handler: H) -> Self {
        self.with(Method::DELETE, path, delete(handler))
    }

    fn with(mut self, method: Method, path: &'static str, handler: MethodRouter<AppState>) -> Self {
        self.ways.push((method, path));
        Self { router: self.router.route(path, handler), ..self }
    }

    /// All of both.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.ways.extend(other.ways);
        Self { router: self.router.merge(other.router), ..self }
    }

    /// Method and path of each.
    pub fn ways(&self) -> &[(Method, &'static str)] {
        &self.ways
    }

    pub fn into_router(self) -> Router<AppState> {
        self.router
    }
}

pub fn all() -> Routes {
    Routes::default()
        .merge(auth::routes())
        .merge(health::routes())
        .merge(hooks::routes())
        .merge(booking::post::routes())
        .merge(request::post::routes())
        .merge(mailbox::files::routes())
        .merge(new_request::post::routes())
        .merge(settings::routes())
        .merge(invite::post::routes())
        .merge(people::post::routes())
        .merge(welcome::routes())
        .merge(admin::routes())
        .merge(crate::api::routes())
}
