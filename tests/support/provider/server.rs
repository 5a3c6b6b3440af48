//! The HTTP server of the OIDC provider for tests: its connections and its faults.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{Request, Response};
use futures_util::{StreamExt as _, stream};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::behaviour::Fault;
use super::endpoints::{Answer, FOLLOWED, State, form};
use crate::support::PROVIDER_EVENTS;

pub(super) const HOSTILE_TEXT: &str = "PROVIDER-SECRET-TEXT <script>alert(1)</script>\r\nlevel=ERROR forged=true";
/// The length of the description of [`Fault::Error`].
const LONG: usize = 20_000;
/// The number of spaces that are sent at a time.
const PADDING_CHUNK: usize = 16 * 1024;
const JSON: &str = "application/json";

/// Accepts connections. When this future is dropped, all connections are closed.
pub(super) async fn serve(listener: TcpListener, state: Arc<Mutex<State>>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        let service = service_fn(move |request| respond(Arc::clone(&state), request));
        connections.spawn(async move {
            let builder = Builder::new(TokioExecutor::new());
            let _ = builder.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn respond(state: Arc<Mutex<State>>, request: Request<Incoming>) -> io::Result<Response<Body>> {
    let (request, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let (answer, fault) = {
        let mut state = state.lock().unwrap();
        let fault = state.count(request.uri.path());
        if let Some(Fault::Redirect(status)) = fault {
            return Ok(redirect(status, &format!("{}{FOLLOWED}{}", state.origin, request.uri)));
        }
        (state.answer(&request, &body), fault)
    };
    report(&request, &body, &answer);
    match fault {
        Some(fault) => faulty(fault, answer, state).await,
        None => Ok(response(answer.0, JSON, answer.1.to_string())),
    }
}

/// Sends an event with the names of the members. `tests/flows` records these events.
fn report(request: &Parts, body: &[u8], (status, document): &Answer) {
    let names: Vec<_> = form(body).into_iter().map(|(name, _)| name).collect();
    let members: Vec<_> = document.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    let (form, members) = (names.join(", "), members.join(", "));
    let (method, path) = (&request.method, request.uri.path());
    tracing::trace!(target: PROVIDER_EVENTS, %method, %path, %form, %status, %members);
}

async fn faulty(fault: Fault, (status, document): Answer, state: Arc<Mutex<State>>) -> io::Result<Response<Body>> {
    let text = document.to_string();
    Ok(match fault {
        Fault::Status(status) => response(status, "text/html", format!("<h1>{HOSTILE_TEXT}</h1>")),
        Fault::Redirect(_) => unreachable!("redirects have no answer"),
        Fault::Junk => response(200, JSON, format!("<h1>{HOSTILE_TEXT}</h1>")),
        Fault::ContentType(kind) => response(status, kind, text),
        Fault::Error => {
            let description = format!("{HOSTILE_TEXT} {}", "x".repeat(LONG));
            let error = json!({"error": "invalid_request", "error_description": description});
            response(400, JSON, error.to_string())
        }
        Fault::Padded(length) => response(status, JSON, padded(text, length, state)),
        Fault::Silent => std::future::pending().await,
        Fault::Slow => response(status, JSON, slow(text)),
        Fault::Closed => return Err(closed()),
        Fault::CutOff => {
            let half = Bytes::from(text[..text.len() / 2].to_owned());
            response(status, JSON, Body::from_stream(stream::iter([Ok(half), Err(closed())])))
        }
    })
}

/// A service that returns an error makes the server close the connection.
fn closed() -> io::Error {
    io::ErrorKind::ConnectionAborted.into()
}

fn response(status: u16, kind: &str, body: impl Into<Body>) -> Response<Body> {
    let response = Response::builder().status(status).header("content-type", kind).header("cache-control", "no-store");
    response.body(body.into()).unwrap()
}

fn redirect(status: u16, location: &str) -> Response<Body> {
    Response::builder().status(status).header("location", location).body(Body::empty()).unwrap()
}

fn padded(text: String, length: usize, state: Arc<Mutex<State>>) -> Body {
    let chunks = (0..length).step_by(PADDING_CHUNK).map(move |sent| PADDING_CHUNK.min(length - sent));
    let spaces = stream::iter(chunks).map(move |size| {
        state.lock().unwrap().requests.padding += size;
        Bytes::from(vec![b' '; size])
    });
    Body::from_stream(stream::iter([Bytes::from(text)]).chain(spaces).map(Ok::<_, io::Error>))
}

fn slow(text: String) -> Body {
    let bytes = stream::iter(text.into_bytes()).then(|byte| async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok::<_, io::Error>(Bytes::from(vec![byte]))
    });
    Body::from_stream(bytes)
}
