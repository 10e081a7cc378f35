//! Sockets: accepting, TLS, and hanging up.
//!
//! axum's own server always answers. A faithful stand-in must sometimes do the work and then close the
//! connection, because that is what proves a client's retries harmless; hence this small loop over hyper.

use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

/// Put into a response's extensions: close the connection instead of sending it.
#[derive(Clone, Copy, Debug)]
pub struct HangUp;

/// Ends a connection's service without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is closed on purpose")]
struct HungUp;

/// Accepts connections until the future is dropped, which also ends those under way.
pub async fn serve(listener: TcpListener, router: Router, tls: Option<TlsAcceptor>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let (router, tls) = (router.clone(), tls.clone());
                    connections.spawn(async move {
                        let Some(tls) = tls else { return connection(stream, router).await };
                        match tls.accept(stream).await {
                            Ok(stream) => connection(stream, router).await,
                            Err(error) => tracing::debug!(%error, "TLS handshake failed"),
                        }
                    });
                }
                Err(error) => {
                    // Out of file descriptors, most likely: waiting a moment lets connections end.
                    tracing::warn!(%error, "accept failed");
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, router: Router) {
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let router = router.clone();
        async move {
            let response: Result<Response, Infallible> = router.oneshot(request.map(Body::new)).await;
            let Ok(response) = response;
            if response.extensions().get::<HangUp>().is_some() { Err(HungUp) } else { Ok(response) }
        }
    });
    if let Err(error) = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await
    {
        tracing::debug!(%error, "connection ended");
    }
}
