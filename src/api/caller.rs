//! Who is asking: the key of the `Authorization` header (RFC 6750), and the coordinator in whose name it acts.

use std::{marker::PhantomData, time::Duration};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, header, request::Parts},
    response::{IntoResponse, Response},
};

use crate::{
    api_keys::{self, Opened, Scope, Token},
    audit::Origin,
    error::AppError,
    ids::{ApiKeyId, OrgId},
    limits,
    people::{Coordinator, Member},
    state::AppState,
    web::session,
};

const MINUTE: Duration = Duration::from_secs(60);
/// What follows `Bearer ` when no key, or none that works, was sent (RFC 6750 section 3).
const NO_KEY: &str = r#"Bearer realm="convene""#;
const BAD_KEY: &str = r#"Bearer realm="convene", error="invalid_token""#;

/// What a key must be allowed to do, as a type: a handler cannot be reached without it.
pub trait Needs: Send + Sync + 'static {
    const SCOPE: Scope;
    /// Arranging interviews waits for a connected calendar where the organisation's policy says so.
    const ARRANGES: bool = false;
}

macro_rules! needs {
    ($($name:ident $(arranges $arranges:literal)?;)*) => {$(
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl Needs for $name {
            const SCOPE: Scope = Scope::$name;
            $(const ARRANGES: bool = $arranges;)?
        }
    )*};
}

needs! {
    AvailabilityRead;
    RequestsRead;
    RequestsWrite arranges true;
    BookingsRead;
    BookingsWrite arranges true;
    InterviewersRead;
    InterviewersWrite arranges true;
    ConnectionsRead;
    ConnectionsWrite;
    WebhooksRead;
    WebhooksWrite;
}

/// A key that may do what `N` names.
#[derive(Clone, Debug)]
pub struct Caller<N> {
    pub key: ApiKeyId,
    pub org: OrgId,
    /// In whose name.
    pub coordinator: Coordinator,
    /// For the audit log: which key it was stands where a browser's name would.
    pub origin: Origin,
    needs: PhantomData<N>,
}

impl<N> Caller<N> {
    pub fn member(&self) -> &Member {
        self.coordinator.member()
    }
}

impl<N: Needs> FromRequestParts<AppState> for Caller<N> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Response> {
        let token = token(&parts.headers).map_err(|refused| unauthorised(refused.is_none()))?;
        let opened = api_keys::open(&state.store, &token, state.clock.now()).await;
        let (key, coordinator) = match opened.map_err(|error| AppError::from(error).into_response())? {
            Opened::As(key, coordinator) => (key, coordinator),
            Opened::Nothing => return Err(unauthorised(false)),
            Opened::WithoutCoordinator => {
                let error = AppError::new(
                    403,
                    "key_without_coordinator",
                    "The person this key acts for no longer coordinates.",
                )
                .hint("Ask an administrator for a key in somebody else's name.");
                return Err(error.into_response());
            }
        };
        let (limit, who) = (state.config.web.api_calls, key.id.to_string());
        if limit > 0 {
            limits::hit(&state.store, "api_key", &who, limit, MINUTE).await.map_err(IntoResponse::into_response)?;
        }
        if !key.allows(N::SCOPE) {
            return Err(without_scope(N::SCOPE));
        }
        let coordinator = if N::ARRANGES {
            let allowed = session::coordinating(state, coordinator.member().clone()).await;
            allowed.map_err(IntoResponse::into_response)?
        } else {
            coordinator
        };
        let Origin { ip, user_agent } = session::origin(parts);
        let origin = Origin::new(ip, &format!("API key {} {user_agent}", key.id));
        Ok(Self { key: key.id, org: key.org, coordinator, origin, needs: PhantomData })
    }
}

/// The key of the `Authorization` header; an error with what was sent instead of one, if anything was.
fn token(headers: &HeaderMap) -> Result<Token, Option<()>> {
    let mut sent = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = sent.next() else { return Err(None) };
    // Two of them could be read differently by two programs.
    if sent.next().is_some() {
        return Err(Some(()));
    }
    let value = value.to_str().map_err(|_| Some(()))?;
    let (scheme, key) = value.split_once(' ').ok_or(Some(()))?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Some(()));
    }
    key.trim().parse().map_err(|_| Some(()))
}

fn unauthorised(nothing_sent: bool) -> Response {
    let error = AppError::new(401, "key_invalid", "This needs an API key that works.").hint(
        "Send it as \"Authorization: Bearer cnv_…\". An administrator makes keys on the page Administration, API.",
    );
    let challenge = if nothing_sent { NO_KEY } else { BAD_KEY };
    ([(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge))], error).into_response()
}

fn without_scope(scope: Scope) -> Response {
    let error = AppError::new(403, "scope_missing", format!("This key may not be used for {scope}."))
        .hint("Ask an administrator for a key that may.");
    // Words of ours are header text.
    let challenge = format!(r#"Bearer realm="convene", error="insufficient_scope", scope="{scope}""#);
    let challenge = HeaderValue::from_str(&challenge).unwrap_or(HeaderValue::from_static(NO_KEY));
    ([(header::WWW_AUTHENTICATE, challenge)], error).into_response()
}
