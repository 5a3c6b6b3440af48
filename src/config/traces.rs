//! The standard settings of OpenTelemetry that Daypass reads itself. The OpenTelemetry SDK reads all others.

use std::time::Duration;

use crate::platform::telemetry::{Encoding, Export};

const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
const PROTOCOLS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"];
const TIMEOUTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"];
const SAMPLERS: [&str; 6] = [
    "always_on",
    "always_off",
    "traceidratio",
    "parentbased_always_on",
    "parentbased_always_off",
    "parentbased_traceidratio",
];
/// The time limit in the specification of the exporter.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// Returns how to send traces, or `None` if they are off. `variable` returns the value of an environment variable.
///
/// # Errors
/// A message about a value that has no effect, for the operator.
pub fn trace_export(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Export>, String> {
    let get = |name: &&'static str| {
        let value = variable(name)?.trim().to_owned();
        (!value.is_empty()).then_some((*name, value))
    };
    let is = |name: &'static str, text: &str| get(&name).is_some_and(|(_, value)| value.eq_ignore_ascii_case(text));
    let has_endpoint = ENDPOINTS.iter().any(|name| get(name).is_some());
    if !has_endpoint || is("OTEL_SDK_DISABLED", "true") || is("OTEL_TRACES_EXPORTER", "none") {
        return Ok(None);
    }
    if let Some((name, value)) = get(&"OTEL_TRACES_SAMPLER").filter(|(_, value)| !SAMPLERS.contains(&&**value)) {
        return Err(format!("{name}: {value:?} is invalid: must be {}", SAMPLERS.join(" or ")));
    }
    let encoding = match PROTOCOLS.iter().find_map(get) {
        None => Encoding::Protobuf,
        Some((name, value)) => match &*value {
            "http/protobuf" => Encoding::Protobuf,
            "http/json" => Encoding::Json,
            _ => return Err(format!("{name}: {value:?} is invalid: must be http/protobuf or http/json")),
        },
    };
    let timeout = match TIMEOUTS.iter().find_map(get) {
        None => DEFAULT_TIMEOUT,
        Some((name, value)) => match value.parse() {
            Ok(milliseconds) => Duration::from_millis(milliseconds),
            Err(_) => return Err(format!("{name}: {value:?} is invalid: must be a number of milliseconds")),
        },
    };
    Ok(Some(Export { encoding, timeout }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(settings: &[(&str, &str)]) -> Result<Option<Export>, String> {
        let value = |name: &str| settings.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned());
        trace_export(value)
    }

    fn export(encoding: Encoding, milliseconds: u64) -> Result<Option<Export>, String> {
        Ok(Some(Export { encoding, timeout: Duration::from_millis(milliseconds) }))
    }

    const URL: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318");

    #[test]
    fn traces_are_off_without_an_endpoint() {
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", " "), ("OTEL_SERVICE_NAME", "accounts")]), Ok(None));
        assert_eq!(read(&[URL]), export(Encoding::Protobuf, 10_000));
        assert_eq!(read(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", URL.1)]), export(Encoding::Protobuf, 10_000));
    }

    #[test]
    fn traces_can_be_switched_off_by_the_standard_settings() {
        assert_eq!(read(&[URL, ("OTEL_SDK_DISABLED", "TRUE")]), Ok(None));
        assert_eq!(read(&[URL, ("OTEL_TRACES_EXPORTER", "none")]), Ok(None));
        assert_ne!(read(&[URL, ("OTEL_SDK_DISABLED", "false"), ("OTEL_TRACES_EXPORTER", "otlp")]), Ok(None));
    }

    #[test]
    fn settings_of_traces_override_those_of_all_signals() {
        let general = [("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"), ("OTEL_EXPORTER_OTLP_TIMEOUT", "3000")];
        assert_eq!(read(&[&[URL], &general[..]].concat()), export(Encoding::Protobuf, 3_000));
        let own = [("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json"), ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "500")];
        assert_eq!(read(&[&[URL], &general[..], &own].concat()), export(Encoding::Json, 500));
    }

    #[test]
    fn unsupported_values_are_errors_that_name_the_setting() {
        for (name, value) in [
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s"),
            ("OTEL_TRACES_SAMPLER", "jaeger_remote"),
        ] {
            let error = read(&[URL, (name, value)]).unwrap_err();
            assert!(error.starts_with(&format!("{name}: {value:?} is invalid")), "{error}");
        }
    }
}
