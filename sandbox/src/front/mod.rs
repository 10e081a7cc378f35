//! Being written.
use axum::Router;
use crate::world::World;
/// Its routes.
pub fn router(_world: World) -> Router {
    Router::new()
}
