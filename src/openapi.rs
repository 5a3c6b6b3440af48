//! The OpenAPI document.
//!
//! Handlers document their own responses. This module adds the errors that any request, any request body or a group of
//! routes can cause. It also gives all errors the schema of a problem document.

use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Components, Content, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Response, Tag};
use utoipa::{PartialSchema, ToSchema};

use crate::views::Problem;

/// The names of the security schemes: the session token in `Authorization` and in a cookie.
const BEARER: &str = "sessionToken";
const COOKIE: &str = "sessionCookie";

/// Merges the three groups of routes into one document, and completes the document.
#[must_use]
pub fn complete(mut public: OpenApi, mut protected: OpenApi, mut any_session: OpenApi) -> OpenApi {
    for operation in operations(&mut any_session) {
        // Except for sign-out, these routes also work without a token.
        if operation.operation_id.as_deref() != Some("sign_out") {
            operation.security.get_or_insert_default().push(SecurityRequirement::default());
        }
    }
    protected.merge(any_session);
    for operation in operations(&mut protected) {
        for scheme in [BEARER, COOKIE] {
            let token = SecurityRequirement::new(scheme, Vec::<String>::new());
            operation.security.get_or_insert_default().push(token);
        }
        describe(operation, "400", "`ambiguous_token`");
        describe(operation, "401", "The token is missing or was rejected; `code` has the reason.");
    }
    for operation in changing(&mut protected) {
        describe(operation, "403", "`cross_site`");
    }
    public.merge(protected);
    for operation in operations(&mut public) {
        if operation.request_body.is_some() {
            describe(operation, "400", "`malformed_json`");
            describe(operation, "408", "`body_timeout`");
            describe(operation, "413", "`body_too_large`");
            describe(operation, "415", "`unsupported_media_type`");
            describe(operation, "415", "`unsupported_encoding`");
            describe(operation, "422", "`invalid_fields`");
        }
        describe(operation, "500", "`internal_error`");
        describe(operation, "503", "`unavailable`");
        complete_responses(operation);
    }
    for operation in changing(&mut public) {
        describe(operation, "503", "`outcome_unknown`");
    }
    let mut components = public.components.take().unwrap_or_default();
    add_problem(&mut components);
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Daypass")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(env!("CARGO_PKG_DESCRIPTION")))
                .license(Some(utoipa::openapi::License::new(env!("CARGO_PKG_LICENSE")))),
        )
        .paths(public.paths)
        .components(Some(components))
        .tags(Some(
            ["users", "sessions", "providers", "session variables", "items", "workout logs", "keys", "health"]
                .map(Tag::new),
        ))
        .build()
}

fn changing(document: &mut OpenApi) -> impl Iterator<Item = &mut Operation> {
    let paths = document.paths.paths.values_mut();
    paths.flat_map(|path| [&mut path.post, &mut path.put, &mut path.patch, &mut path.delete]).flatten()
}

fn operations(document: &mut OpenApi) -> impl Iterator<Item = &mut Operation> {
    let paths = document.paths.paths.values_mut();
    paths.flat_map(|path| [&mut path.get, &mut path.post, &mut path.put, &mut path.patch, &mut path.delete]).flatten()
}

/// Adds a response, or extends the description of an existing response with the same status.
fn describe(operation: &mut Operation, status: &str, description: &str) {
    match operation.responses.responses.get_mut(status) {
        Some(RefOr::T(response)) => {
            if !response.description.contains(description) {
                response.description = format!("{}, {description}", response.description);
            }
        }
        _ => {
            operation.responses.responses.insert(status.to_owned(), RefOr::T(Response::new(description)));
        }
    }
}

fn complete_responses(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response {
            if response.description.is_empty() {
                "Success.".clone_into(&mut response.description);
            }
            if !status.starts_with(['4', '5']) {
                continue;
            }
            let schema = Content::new(Some(Ref::from_schema_name(Problem::name())));
            response.content.insert("application/problem+json".to_owned(), schema.into());
        }
    }
}

fn add_problem(components: &mut Components) {
    let mut parts = Vec::new();
    Problem::schemas(&mut parts);
    parts.push((Problem::name().into_owned(), Problem::schema()));
    components.schemas.extend(parts);
    let token = Http::builder().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    components.security_schemes.insert(BEARER.to_owned(), SecurityScheme::Http(token).into());
    let cookie = ApiKey::Cookie(ApiKeyValue::new("__Host-daypass"));
    components.security_schemes.insert(COOKIE.to_owned(), SecurityScheme::ApiKey(cookie).into());
}
