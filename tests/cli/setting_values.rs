//! Values of settings that are accepted or rejected, parsed in this process.

use std::net::IpAddr;
use std::path::Path;

use chrono::TimeDelta;
use clap::Parser as _;
use daypass::cli::Cli;
use daypass::config::{
    Config, CookieSecure, EXAMPLE_SECRET, Environment, RateLimits, SecretSource, SessionStore, SigningAlgorithm,
    generate_secret,
};
use daypass::platform::random;
use daypass::platform::telemetry::LogFormat;
use secrecy::{ExposeSecret as _, SecretString};
use tempfile::TempDir;

fn parse(setting: &str) -> Result<Config, String> {
    Cli::try_parse_from(["daypass", setting]).map(|cli| cli.config).map_err(|error| error.to_string())
}

fn config(setting: &str) -> Config {
    parse(setting).unwrap_or_else(|error| panic!("{setting}: {error}"))
}

#[test]
fn values_within_the_documented_limits_are_accepted() {
    for (flag, values) in [
        ("keep-alive", &["75s", "1s", "1h", "2m 30s"][..]),
        ("jwt-leeway", &["0s", "60s"]),
        ("trusted-proxies", &["10.0.0.0/8", "fd00::/8", "127.0.0.1", "::1"]),
        ("rate-limits", &["on", "off", "sign-in=20/15m", "anonymous-data=16MiB/24h", "sign-in=5/1m, sign-up=3/1h"]),
    ] {
        for value in values {
            config(&format!("--{flag}={value}"));
        }
    }
}

#[test]
fn words_are_accepted_in_any_case_and_with_blanks_around_them() {
    for (words, expected) in [
        (&["true", "True", "1", "YES", "on", " true "][..], true),
        (&["false", "FALSE", "0", "no", "Off", "false\t"], false),
    ] {
        for word in words {
            assert_eq!(config(&format!("--classroom={word}")).classroom.classroom, Some(expected), "{word:?}");
            let secure = if expected { CookieSecure::Always } else { CookieSecure::Never };
            assert_eq!(config(&format!("--cookie-secure={word}")).sessions.cookie_secure, Some(secure), "{word:?}");
            let limits = config(&format!("--rate-limits={word}")).limits.rate_limits.unwrap();
            assert_eq!(limits.0.is_some(), expected, "{word:?}");
        }
    }
    assert_eq!(config("--cookie-secure= Auto").sessions.cookie_secure, Some(CookieSecure::Auto));
    assert_eq!(config("--session-rolling=0").sessions.session_rolling.0, None);
    assert_eq!(config("--daypass-env= Production ").daypass_env, Environment::Production);
    assert_eq!(config("--jwt-algorithm=eddsa").tokens.jwt_algorithm, SigningAlgorithm::EdDsa);
    assert_eq!(config("--log-format=JSON").log.log_format, Some(LogFormat::Json));
    assert_eq!(config("--port= 8080 ").listen.port, 8080);
    assert!(matches!(config("--session-store=Memory ").sessions.session_store, SessionStore::Memory));
}

#[test]
fn addresses_may_be_written_as_in_a_url() {
    for (text, address) in [
        ("localhost", "127.0.0.1"),
        ("LOCALHOST", "127.0.0.1"),
        ("[::1]", "::1"),
        ("::", "::"),
        (" 0.0.0.0", "0.0.0.0"),
    ] {
        assert_eq!(config(&format!("--host={text}")).listen.host, address.parse::<IpAddr>().unwrap(), "{text}");
    }
    for (text, address) in
        [("localhost:9090", "127.0.0.1:9090"), ("[::1]:9090", "[::1]:9090"), ("0.0.0.0:9090", "0.0.0.0:9090")]
    {
        let parsed = config(&format!("--metrics-listen={text}")).log.metrics_listen;
        assert_eq!(parsed, Some(address.parse().unwrap()), "{text}");
    }
    for bad in ["--host=example.com", "--host=[::1", "--host=127.0.0.1:3000", "--metrics-listen=9090"] {
        assert!(parse(bad).is_err(), "{bad}");
    }
    assert!(parse("--metrics-listen=::1:9090").is_err(), "an IPv6 address needs brackets");
}

#[test]
fn filter_of_the_log_matches_something() {
    for (good, read) in [
        ("info", "info"),
        (" info", "info"),
        ("WARN", "WARN"),
        ("off", "off"),
        ("info,daypass::request=debug", "info,daypass::request=debug"),
        ("info, sqlx=trace,", "info,sqlx=trace"),
        ("daypass::request", "daypass::request"),
        ("info,[request]=debug", "info,[request]=debug"),
        ("info,daypass[request]=debug", "info,daypass[request]=debug"),
    ] {
        assert_eq!(config(&format!("--log={good}")).log.filter, read, "{good:?}");
    }
    for bad in ["warning", "verbose", "5", "info,daypas=debug", "info;daypass=debug", "daypass=loud", ",", "="] {
        let error = parse(&format!("--log={bad}")).unwrap_err();
        assert!(error.contains("matches nothing") && error.contains("warn"), "{bad}: {error}");
    }
}

#[test]
fn values_outside_the_documented_limits_are_rejected() {
    for (flag, values) in [
        ("keep-alive", &["", "0s", "75", "1500ms", "2h", "never"][..]),
        ("jwt-ttl", &["59s", "401d", "tomorrow", "", "1500ms"]),
        ("jwt-leeway", &["61s"]),
        ("session-rolling", &["true", "59s", "", "soon"]),
        ("max-sessions", &["0", "10001", "-1", "many"]),
        ("max-items", &["0", "1000001", "many"]),
        ("password-min-length", &["7", "65", ""]),
        ("hash-threads", &["0", "65"]),
        (
            "argon2",
            &[
                "",
                "m=1",
                "t=2,m=19456,p=1",
                "m=19456,t=2,p=1,x=1",
                "m=19456,t=2,p=a",
                "m=1,t=1,p=1",
                "m=9999999,t=2,p=1",
            ],
        ),
        ("cors-origins", &["*", "http://*.example.com", "http://example.com/", "example.com", "null"]),
        ("trusted-proxies", &["", "10.0.0.0/33", "proxy.example", "10.0.0.0/8/8"]),
        (
            "rate-limits",
            &["", "perhaps", "sign-in", "login=5/1m", "sign-in=5", "sign-in=101/15m", "on,off", "anonymous-data=5/1h"],
        ),
    ] {
        for value in values {
            assert!(parse(&format!("--{flag}={value}")).is_err(), "{flag}={value}");
        }
    }
    for quota in ["", "20", "20/", "/15m", "0/15m", "-1/15m", "20/0s", "20/25h", "20/15", "1000001/1h"] {
        assert!(parse(&format!("--rate-limits=sign-up={quota}")).is_err(), "{quota}");
    }
    for bytes in ["", "16", "16/24h", "16MB/24h", "0MiB/24h", "1025MiB/24h", "1MiB/59s", "1MiB/25h", "1MiB/"] {
        assert!(parse(&format!("--rate-limits=anonymous-data={bytes}")).is_err(), "{bytes}");
    }
}

#[test]
fn durations_and_numbers_are_read() {
    assert_eq!(config("--keep-alive=75s").connections.keep_alive, TimeDelta::seconds(75));
    assert_eq!(config("--jwt-ttl=24h").tokens.jwt_ttl, TimeDelta::days(1));
    assert_eq!(config("--session-rolling=false").sessions.session_rolling.0, None);
    assert_eq!(config("--session-rolling=30m").sessions.session_rolling.0, Some(TimeDelta::minutes(30)));
    let argon2 = config("--argon2=m=47104,t=1,p=1").passwords.argon2;
    assert_eq!((argon2.m_cost(), argon2.t_cost(), argon2.p_cost()), (47104, 1, 1));
}

#[test]
fn rate_limits_can_be_changed_individually() {
    let limits = |value: &str| config(&format!("--rate-limits={value}")).limits.rate_limits.unwrap();
    assert_eq!(limits("off"), RateLimits(None));
    let (defaults, changed) = (limits("on").0.unwrap(), limits("sign-in=5/1m, sign-up=3/1h").0.unwrap());
    assert_eq!((changed.sign_in.tries, changed.sign_up.tries), (5, 3));
    assert_eq!(changed.sign_in.window.as_secs(), 60);
    assert_eq!(changed.password_change, defaults.password_change);
    let data = limits("anonymous-data=1MiB/1h");
    assert_eq!(data.0.unwrap().anonymous_data.tries, 1_048_576);
    assert_eq!(limits(&data.to_string()), data);
    let unset = config("--port=0").limits;
    let in_development = unset.rate_limits(Environment::Development).0.unwrap();
    assert_eq!((in_development.sign_up.tries, in_development.sign_in_address.tries), (1000, 1000));
    assert_eq!(
        (in_development.sign_in, unset.rate_limits(Environment::Production).0),
        (defaults.sign_in, Some(defaults))
    );
    let data = limits("anonymous-data=16MiB/24h").0.unwrap().anonymous_data;
    assert_eq!((data.tries, data.window.as_secs()), (16_777_216, 24 * 3600));
}

fn store(text: &str) -> SessionStore {
    SessionStore::from(text.to_owned())
}

#[test]
fn error_does_not_contain_the_invalid_address_of_redis() {
    for bad in ["", "postgres://u:p@host", "redis", "redis:p@host", "redis://:p@0.0.0.0", "redis://:p@host:port"] {
        let mut sessions = config("--port=0").sessions;
        sessions.session_store = store(bad);
        let error = sessions.check(Environment::Development, TimeDelta::days(1)).unwrap_err();
        assert!(bad.is_empty() || bad == "redis" || !error.contains(bad), "{bad}");
    }
}

#[test]
fn display_of_redis_does_not_contain_the_password() {
    for (address, shown) in [
        ("redis://user:p@ss@host:6379/1", "redis://host:6379/1"),
        ("REDISS://:p%40ss@host", "rediss://host:6379"),
        ("redis://[::1]:7000/?protocol=resp3", "redis://[::1]:7000"),
        ("redis+unix:///tmp/x.sock?pass=p@ss&db=2", "redis+unix:///tmp/x.sock"),
        ("redis://user:p?ss@host", "redis"),
        ("nonsense:p@ss", "redis"),
    ] {
        assert_eq!(store(address).to_string(), shown, "{address}");
        assert!(!format!("{:?}", store(address)).contains("ss@"), "{address}");
    }
    for name in ["database", "memory", "cookie"] {
        assert_eq!(store(name).to_string(), name);
    }
}

/// Returns the secret of these settings, as a start in development reads it.
fn secret(setting: &str, folder: &Path) -> Option<(SecretString, SecretSource)> {
    let mut tokens = config("--port=0").tokens;
    tokens.jwt_secret = Some(SecretString::from(setting));
    tokens.signing_secret(Environment::Development, folder, &mut random::secure()).ok()
}

#[test]
fn weak_secret_is_rejected() {
    let repeated = "a".repeat(64);
    for weak in [
        "",
        "secret",
        &repeated,
        "passwordpasswordpasswordpassword",
        EXAMPLE_SECRET,
        &" ".repeat(40),
        "0123456789abcdef0123456789abcde",
    ] {
        assert!(secret(weak, Path::new("none")).is_none(), "{weak:?}");
    }
}

#[test]
fn valid_secret_is_unchanged_except_for_a_final_newline() {
    for good in [
        "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
        "with blanks inside, and punctuation: §±!",
        "  leading blanks are part of the secret  ",
    ] {
        for text in [good.to_owned(), format!("{good}\r\n")] {
            assert_eq!(secret(&text, Path::new("none")).unwrap().0.expose_secret(), good);
        }
    }
}

#[test]
fn leftover_draft_of_an_earlier_start_is_ignored() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("jwt-secret");
    std::fs::write(path.with_extension(std::process::id().to_string()), "half a secret").unwrap();
    let tokens = config("--port=0").tokens;
    let (secret, source) =
        tokens.signing_secret(Environment::Development, folder.path(), &mut random::secure()).unwrap();
    let stored = std::fs::read_to_string(&path).unwrap();
    assert_eq!((source, &*stored), (SecretSource::Generated(path), secret.expose_secret()));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "no other draft is left");
}

#[test]
fn generated_secrets_are_valid_and_differ() {
    let mut rng = random::secure();
    let (one, other) = (generate_secret(&mut rng), generate_secret(&mut rng));
    assert!(secret(&one, Path::new("none")).is_some());
    assert_ne!(one, other);
}
