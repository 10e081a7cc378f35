//! Being written.
use crate::world::World;
use axum::Router;
/// Its routes.
pub fn router(_world: World) -> Router {
    Router::new()
}
