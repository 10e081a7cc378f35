//! Accepting connections, and stopping without cutting anybody off.

use std::{io, net::SocketAddr, time::Duration};

use axum::{Extension, Router, extract::ConnectInfo};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceBuilder;

use crate::shutdown::Shutdown;

const SLOWEST_HEADERS: Duration = Duration::from_secs(10);
/// How long requests under way may take once we were told to stop.
const LONGEST_GOODBYE: Duration = Duration::from_secs(20);

/// Serves until told to stop, then finishes what was begun.
pub async fn serve(listener: TcpListener, router: Router, shutdown: Shutdown) {
    let mut http = http1::Builder::new();
    // A little above what `web::gate` allows, so that its words are heard first.
    http.timer(TokioTimer::new()).header_read_timeout(SLOWEST_HEADERS).max_headers(128).max_buf_size(64 * 1024);
    let connections = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.begun() => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                wait_out(&error).await;
                continue;
            }
        };
        let connection = http.serve_connection(socket(stream), service(&router, peer));
        let connection = connections.watch(connection);
        // How a client broke off is its own business.
        tokio::spawn(async move { drop(connection.await) });
    }
    drop(listener);
    if tokio::time::timeout(LONGEST_GOODBYE, connections.shutdown()).await.is_err() {
        tracing::warn!("some requests were still under way when the time to stop was up");
    }
}

fn socket(stream: TcpStream) -> TokioIo<TcpStream> {
    // Without it small answers wait for the client's acknowledgement; a socket that refuses it still works.
    drop(stream.set_nodelay(true));
    TokioIo::new(stream)
}

fn service(
    router: &Router,
    peer: SocketAddr,
) -> TowerToHyperService<
    impl tower::Service<
        hyper::Request<hyper::body::Incoming>,
        Response = axum::response::Response,
        Error = std::convert::Infallible,
        Future: Send,
    > + Clone
    + Send
    + 'static,
> {
    TowerToHyperService::new(ServiceBuilder::new().layer(Extension(ConnectInfo(peer))).service(router.clone()))
}

/// A connection lost before it was accepted is nothing; running out of sockets passes.
async fn wait_out(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::error!(%error, "cannot accept connections");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
