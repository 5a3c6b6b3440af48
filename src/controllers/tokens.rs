//! Explanations of tokens.

use axum::Json as Reply;
use axum::extract::State;
use utoipa::ToSchema;

use crate::accounts;
use crate::app::AppState;
use crate::error::Error;
use crate::extract::{Fields, FromBody, Json};
use crate::views::Explanation;

/// The token to explain.
#[derive(ToSchema)]
pub struct ExplainToken {
    #[schema(example = "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiIxIn0.x")]
    token: String,
}

impl FromBody for ExplainToken {
    fn from_body(mut fields: Fields, _: &AppState) -> Result<Self, Error> {
        let token = fields.required("token", |text| Ok(text.to_owned()));
        fields.finish(token.map(|token| Self { token }))
    }
}

/// Explain a token
///
/// Does the checks of a request with this token, and says what each one found. Nothing is changed. Not served in
/// production, unless `TOKEN_EXPLAIN` is set.
#[utoipa::path(post, path = "/api/tokens/explain", tag = "sessions", request_body = ExplainToken, responses(
    (status = 200, body = Explanation),
    (status = 404, description = "`not_found`: this service does not explain tokens"),
    (status = 503, description = "`not_ready`"),
))]
pub async fn explain_token(
    State(app): State<AppState>,
    Json(request): Json<ExplainToken>,
) -> Result<Reply<Explanation>, Error> {
    if !app.config.explains_tokens() {
        return Err(Error::NotFound);
    }
    Ok(Reply(accounts::explain_token(&app, &request.token).await?.into()))
}
