//! The router: every way in, and the layers each request passes.

use std::time::Duration;

use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, header, request::Parts},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
};
use leptos::prelude::{provide_context, use_context};
use leptos_axum::{LeptosRoutes, generate_route_list};
use tower::ServiceBuilder;
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer, csrf::CsrfLayer, services::ServeDir};

use super::{client, failures, gate, headers, intake, manifest, observe::observe, routes, site::PKG};
use crate::{
    app::{App, Reference, shell},
    error::{AppError, REQUEST_ID},
    state::AppState,
};

/// The longest anybody works on one request.
const LONGEST_REQUEST: Duration = Duration::from_secs(30);

/// The whole of it, ready to be served or asked directly in a test.
pub fn router(state: AppState) -> Router {
    let pages = generate_route_list(App);
    let page_shell = {
        let state = state.clone();
        move || shell(state.clone())
    };
    let routes = Router::new()
        .leptos_routes_with_context(&state, pages, hand_over, page_shell)
        .merge(routes::all().into_router())
        .route_layer(from_fn_with_state(state.clone(), manifest::only_listed))
        .merge(assets(&state));
    guarded(routes, state)
}

/// Puts every request to these routes through all layers.
pub fn guarded(routes: Router<AppState>, state: AppState) -> Router {
    // Top to bottom is outside to inside.
    let layers = ServiceBuilder::new()
        .layer(from_fn(observe))
        .layer(from_fn_with_state(headers::Policy::new(&state.config), headers::protect))
        .layer(CompressionLayer::new().quality(tower_http::CompressionLevel::Fastest))
        .layer(from_fn_with_state(state.clone(), failures::explain))
        .layer(CatchPanicLayer::custom(failures::panicked))
        .layer(from_fn(in_time))
        .layer(from_fn_with_state(gate::Hosts::new(&state.config.web), gate::check))
        .layer(from_fn(links_need_no_origin))
        .layer(csrf())
        .layer(from_fn_with_state(state.clone(), client::identify))
        .layer(from_fn(intake::judge));
    routes.layer(layers).with_state(state)
}

/// What a page being rendered is told of its request. Leptos draws a nonce of its own; the one in the policy header replaces it.
pub(super) fn hand_over() {
    let nonce = use_context::<Parts>().and_then(|parts| parts.extensions.get::<headers::Nonce>().cloned());
    if let Some(headers::Nonce(nonce)) = nonce {
        provide_context(leptos::nonce::Nonce::from_value(nonce));
    }
    // Parts of a page that wait for something are finished by another task, which does not know it.
    if let Ok(id) = REQUEST_ID.try_with(Clone::clone) {
        provide_context(Reference(id));
    }
}

/// The pages of a booking link tell no referrer, because their address is the secret, so a browser that knows no Fetch metadata
/// (Safari before 16.4) sends their forms with `Origin: null`, as a foreign page could. No cookie counts there: whoever has the
/// address may do it. Such a request goes on as one that names no origin.
async fn links_need_no_origin(mut request: Request, next: Next) -> Response {
    let headers = request.headers();
    let is_hidden = headers.get(header::ORIGIN).is_some_and(|origin| origin == "null");
    if is_hidden && !headers.contains_key("sec-fetch-site") && request.uri().path().starts_with("/book/") {
        request.headers_mut().remove(header::ORIGIN);
    }
    next.run(request).await
}

/// Refuses what another site made a browser send. Providers' pushes and API clients carry no cookies that could be abused.
fn csrf() -> CsrfLayer<impl Fn(tower_http::csrf::ProtectionError) -> Response + Clone> {
    CsrfLayer::new()
        .with_insecure_bypass(|_, uri| uri.path().starts_with("/hooks/") || uri.path().starts_with("/api/v1/"))
        .with_rejection_response(|_| {
            AppError::new(403, "cross_site", "This request came from another site, so it was not carried out.")
                .hint("Open the page on this site and try again.")
                .into_response()
        })
}

async fn in_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(LONGEST_REQUEST, next.run(request)).await {
        Ok(response) => response,
        Err(_) => AppError::new(503, "timeout", "This took too long and was given up.")
            .hint("Try again in a minute.")
            .into_response(),
    }
}

/// The built site and `public/`, with the compressed twins the build made.
fn assets(state: &AppState) -> Router<AppState> {
    let root = state.site.root();
    let files = |folder: &std::path::Path| {
        ServeDir::new(folder).precompressed_br().precompressed_gzip().append_index_html_on_directories(false)
    };
    let hashed = state.site.is_hashed();
    let keep = move |request: Request, next: Next| async move {
        let built = request.uri().path().starts_with("/pkg/");
        let mut response = next.run(request).await;
        if response.status().is_success() {
            let how_long = match (built, hashed) {
                (true, true) => "public, max-age=31536000, immutable",
                (true, false) => "no-cache",
                (false, _) => "public, max-age=86400",
            };
            response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(how_long));
        }
        response
    };
    Router::new()
        .nest_service(&format!("/{PKG}"), files(&root.join(PKG)))
        .fallback_service(files(root))
        .layer(from_fn(keep))
}
