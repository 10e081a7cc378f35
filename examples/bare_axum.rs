//! The least an axum program can be: what the start and the memory of Convene are compared with (`benches/start.rs`).
//!
//! Serves one line at every address, on the port that `LISTEN` names.

use axum::Router;

#[tokio::main]
async fn main() {
    let address = std::env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());
    let listener = tokio::net::TcpListener::bind(address).await.expect("a free port");
    axum::serve(listener, Router::new().fallback(|| async { "here\n" })).await.expect("served");
}
