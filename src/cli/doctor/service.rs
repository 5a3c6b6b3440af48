//! The running service: whether it is ready, and whether its proxy is trusted.

use axum::http::StatusCode;

use super::http::Http;
use super::proxy::PROXY;
use super::{Check, Finding};
use crate::cli::healthcheck::local_address;
use crate::config::{Config, ListenConfig, PublicUrl};

const CHECK: Check = Check("service");
const UNTRUSTED: &str = "daypass_untrusted_proxy_requests_total";

/// Requests the service at `url`, or on this machine.
pub(super) async fn check(url: Option<&PublicUrl>, config: &Config, http: &Http) -> Vec<Finding> {
    let local = local_address(&config.listen).ok().map(PublicUrl::of_address);
    let Some(asked) = url.or(local.as_ref()) else {
        return vec![CHECK.ok("not checked, because PORT=0 is not an address; use --url")];
    };
    let ready = match http.get(&asked.with_path("/health/ready")).await {
        Ok(answer) if answer.status == StatusCode::OK => CHECK.ok(format!("the service at {asked} is ready")),
        Ok(answer) => CHECK.warning(
            format!("the service at {asked} is not ready: {}", answer.status),
            "daypass healthcheck, and read the log of the service",
        ),
        Err(cause) if url.is_none() => return vec![CHECK.ok(format!("no service responds at {asked} ({cause})"))],
        Err(cause) => return vec![CHECK.error(format!("{asked}: {cause}"), format!("curl {asked}health/ready"))],
    };
    let mut findings = vec![ready];
    if let Some(metrics) = metrics_address(config, local.as_ref()) {
        findings.extend(untrusted_proxy(&metrics, http).await);
    }
    findings
}

fn metrics_address(config: &Config, local: Option<&PublicUrl>) -> Option<String> {
    if let Some(address) = config.log.metrics_listen {
        let listen = ListenConfig { host: address.ip(), port: address.port(), ..config.listen.clone() };
        return local_address(&listen).ok().map(|address| PublicUrl::of_address(address).with_path("/metrics"));
    }
    local.filter(|_| config.serves_metrics_with_api()).map(|local| local.with_path("/metrics"))
}

/// Reads how many requests came from a proxy that is not trusted.
async fn untrusted_proxy(metrics: &str, http: &Http) -> Option<Finding> {
    let answer = http.get(metrics).await.ok()?;
    let requests = answer.body.lines().find_map(|line| line.strip_prefix(UNTRUSTED)?.trim().parse::<f64>().ok())?;
    Some(if requests > 0.0 {
        PROXY.warning(
            format!(
                "{requests} requests had X-Forwarded-For, but came from an address that is not in TRUSTED_PROXIES; if it is \
                 your proxy, all its clients share one rate limit"
            ),
            "TRUSTED_PROXIES=<the address in the warning about X-Forwarded-For in the log>",
        )
    } else {
        PROXY.ok("the running service has received no X-Forwarded-For from an untrusted address")
    })
}
