//! Responses of health probes.

use serde::Serialize;
use utoipa::ToSchema;

/// The result of a successful probe.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// Always `ok`. A probe that fails returns an error.
    #[schema(example = "ok")]
    pub status: &'static str,
}

impl Health {
    pub const OK: Self = Self { status: "ok" };
}
