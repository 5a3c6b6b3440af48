//! What the service prints when it starts: its addresses, where its data is, and what to do next.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::output::qr_code;
use crate::auth::password::hasher::PasswordHasher;
use crate::config::{Config, CookieSecure, SecretOrigin, SecretSource, SignUpPolicy, shared_files};
use crate::platform::network;

/// Prints the addresses and the main settings, and logs warnings about insecure settings.
pub(super) fn announce(config: &Config, address: SocketAddr, source: &SecretSource) {
    let threads = config.passwords.threads();
    let (bound, larger) = PasswordHasher::memory_bound(&config.passwords.argon2, threads);
    let lifetime = humantime::format_duration(config.tokens.jwt_ttl.to_std().unwrap_or_default());
    let leeway = humantime::format_duration(config.tokens.jwt_leeway.to_std().unwrap_or_default());
    let unused = config.sessions.session_rolling.0.map_or_else(String::new, |unused| {
        format!(", end after {} without use", humantime::format_duration(unused.to_std().unwrap_or_default()))
    });
    let notice = format!(
        "Daypass {}\n{}  database  {}\n  secret    {}\n  hashing   {threads} threads, at most {bound} MiB, and {larger} MiB while \
         a larger imported hash is verified\n{}{}  tokens    valid for {lifetime}{unused}, leeway {leeway}\n",
        env!("CARGO_PKG_VERSION"),
        addresses(config, address),
        config.database.database_url,
        secret_source(config, source),
        switched_off(config),
        first_request(config, address),
    );
    let version = env!("CARGO_PKG_VERSION");
    tracing::info!(version, listener = %address, database = config.database.database_url.kind(), "started");
    // The server continues if standard output is closed.
    let _ = std::io::stdout().write_all(notice.as_bytes());
    match config.sessions.cookie_secure(config.daypass_env) {
        CookieSecure::Never => tracing::warn!(
            "COOKIE_SECURE=false: session cookies are sent without TLS, and other hosts of this domain can set them"
        ),
        CookieSecure::Auto if !address.ip().is_loopback() => tracing::warn!(
            "COOKIE_SECURE=auto: other machines that use http send their session cookies without TLS; set \
             COOKIE_SECURE=true if all use https"
        ),
        CookieSecure::Auto | CookieSecure::Always => {}
    }
    if let Some(files) = shared_files(config) {
        tracing::warn!("{files}");
    }
    if matches!(source, SecretSource::Stored(_) | SecretSource::Generated(_)) {
        tracing::warn!("signing with a development secret; set JWT_SECRET before others use this service");
    }
}

/// Returns the addresses of the service for this machine and, if the service listens on a network, for other devices.
fn addresses(config: &Config, bound: SocketAddr) -> String {
    let local = local_address(bound);
    let docs = if config.serves_pages() { format!(", documented at http://{local}/docs") } else { String::new() };
    let page = if config.serves_pages() { format!("  page      http://{local}/\n") } else { String::new() };
    let mut text = format!("{page}  API       http://{local}/api{docs}\n");
    if let Some(own) = network::own_address(bound.ip()) {
        let address = format!("http://{}/", SocketAddr::new(own, bound.port()));
        text.push_str(&format!("  network   {address} for other devices\n"));
        text.push_str(&if config.listen.qr { qr_code(&address) } else { String::new() });
    } else if config.listen.qr {
        text.push_str("  network   only this machine can connect; set HOST=0.0.0.0 for a QR code\n");
    }
    text
}

fn secret_source(config: &Config, source: &SecretSource) -> String {
    match (source, config.tokens.origins.signing) {
        (SecretSource::Setting, SecretOrigin::SecretFile) => "the file of JWT_SECRET_FILE".to_owned(),
        (source, _) => source.describe(),
    }
}

/// Returns the address for clients on this machine.
fn local_address(bound: SocketAddr) -> SocketAddr {
    match bound.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), bound.port()),
        IpAddr::V6(ip) if ip.is_unspecified() => SocketAddr::new(Ipv6Addr::LOCALHOST.into(), bound.port()),
        _ => bound,
    }
}

/// Returns the line about what is off, with the settings that turn it on.
fn switched_off(config: &Config) -> String {
    let metrics = config.log.metrics_listen.is_some() || config.serves_metrics_with_api();
    let parts = [
        (config.serves_pages(), "test client and API reference (PAGES=true)"),
        (config.classroom.is_enabled(config.daypass_env), "course routes (CLASSROOM=true)"),
        (metrics, "metrics (METRICS_LISTEN=127.0.0.1:9090)"),
    ];
    let off: Vec<_> = parts.into_iter().filter(|(is_on, _)| !is_on).map(|(_, part)| part).collect();
    if off.is_empty() { String::new() } else { format!("  off       {}\n", off.join(", ")) }
}

/// Returns the line with a command that creates a user.
fn first_request(config: &Config, address: SocketAddr) -> String {
    match config.sign_up.sign_up {
        SignUpPolicy::Open => {}
        SignUpPolicy::Invited => {
            return "  try       daypass invite create, because sign-up needs an invitation\n".to_owned();
        }
        SignUpPolicy::Closed => return "  try       daypass user create NAME, because sign-up is closed\n".to_owned(),
    }
    format!(
        "  try       curl http://{}/api/users -H 'content-type: application/json' \
         -d '{{\"username\":\"ada\",\"password\":\"orbit lantern cactus velvet\"}}'\n",
        local_address(address)
    )
}
