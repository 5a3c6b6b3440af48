//! Traces: the spans that a collector receives. A build without the feature `otel` sends none.

use tempfile::TempDir;

use crate::running::*;

const CHEAP: (&str, &str) = ("ARGON2", "m=8,t=1,p=1");
const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

#[cfg(not(feature = "otel"))]
#[test]
fn build_without_traces_warns_once_if_a_collector_is_set() {
    for (endpoint, warnings) in [("http://127.0.0.1:4318", 1), ("", 0)] {
        let folder = TempDir::new().unwrap();
        let running = Running::start(folder.path(), &[CHEAP, (ENDPOINT, endpoint)]);
        running.sign_up();
        let (status, log) = running.stop("-TERM");
        assert_eq!(status, Some(0));
        let lines: Vec<_> = log.lines().filter(|line| line.contains("no traces are sent")).collect();
        assert_eq!(lines.len(), warnings, "{log}");
        assert!(lines.iter().all(|line| line.contains("WARN") && line.contains("the feature otel")), "{log}");
    }
}

#[cfg(feature = "otel")]
mod with_feature {
    use std::collections::BTreeSet;
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::path::Path;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::thread;
    use std::time::{Duration, Instant};

    use serde_json::Value;

    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const PARENT: &str = "b7ad6b7169203331";
    /// The header of a client that records its own trace.
    const TRACEPARENT: &str = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n";
    const DETAILED_LOG: (&str, &str) = ("LOG", "info,daypass::request=debug");

    /// A collector that keeps the requests that it receives, and accepts all.
    struct Collector {
        url: String,
        requests: Receiver<CollectorRequest>,
    }

    struct CollectorRequest {
        head: String,
        body: Value,
    }

    impl Collector {
        fn start() -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let url = format!("http://{}", listener.local_addr().unwrap());
            let (sender, requests) = channel();
            thread::spawn(move || {
                for stream in listener.incoming() {
                    let (stream, sender) = (stream.unwrap(), sender.clone());
                    thread::spawn(move || while Self::answer(&stream, &sender).is_some() {});
                }
            });
            Self { url, requests }
        }

        /// Reads a request and responds to it. Returns `None` at the end of the connection.
        fn answer(mut stream: &TcpStream, sender: &Sender<CollectorRequest>) -> Option<()> {
            let mut reader = BufReader::new(stream);
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                (reader.read_line(&mut head).ok()? > 0).then_some(())?;
            }
            let head = head.to_ascii_lowercase();
            let length = head.split("content-length: ").nth(1)?.lines().next()?.parse().ok()?;
            let mut body = vec![0; length];
            reader.read_exact(&mut body).ok()?;
            let body = serde_json::from_slice(&body).unwrap_or_default();
            let response = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
            stream.write_all(response.as_bytes()).ok()?;
            sender.send(CollectorRequest { head, body }).ok()
        }

        /// Starts the service with this collector and these further settings.
        fn service(&self, folder: &Path, settings: &[(&str, &str)]) -> Running {
            let own = [CHEAP, (ENDPOINT, &self.url), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")];
            Running::start(folder, &[&own[..], settings].concat())
        }

        /// Returns everything that was received. The service must have stopped, which sends all spans.
        fn received(&self) -> Vec<CollectorRequest> {
            // The thread that received the last request may not have sent it here yet.
            std::iter::from_fn(|| self.requests.recv_timeout(Duration::from_millis(500)).ok()).collect()
        }
    }

    fn spans(requests: &[CollectorRequest]) -> Vec<Value> {
        let groups = requests.iter().flat_map(|request| request.body["resourceSpans"].as_array().unwrap());
        let scopes = groups.flat_map(|group| group["scopeSpans"].as_array().unwrap());
        scopes.flat_map(|scope| scope["spans"].as_array().unwrap().clone()).collect()
    }

    fn attributes(of: &Value) -> Vec<(&str, String)> {
        let text = |attribute: &Value| {
            let value = &attribute["value"];
            let texts = value["arrayValue"]["values"].as_array().map(|values| values[0]["stringValue"].clone());
            let value = texts.unwrap_or_else(|| value.as_object().unwrap().values().next().unwrap().clone());
            value.as_str().map_or_else(|| value.to_string(), str::to_owned)
        };
        let pair = |attribute| {
            let attribute: &Value = attribute;
            (attribute["key"].as_str().unwrap(), text(attribute))
        };
        let mut pairs: Vec<_> = of["attributes"].as_array().unwrap().iter().map(pair).collect();
        pairs.sort();
        pairs
    }

    fn named<'a>(spans: &'a [Value], name: &str) -> &'a Value {
        let mut found = spans.iter().filter(|span| span["name"] == name);
        let span = found.next().unwrap_or_else(|| panic!("no span {name} in {spans:?}"));
        assert!(found.next().is_none(), "two spans {name}");
        span
    }

    #[test]
    fn request_is_a_span_in_the_trace_of_its_client() {
        let (folder, collector) = (TempDir::new().unwrap(), Collector::start());
        let running = collector.service(folder.path(), &[("LOG_FORMAT", "json"), DETAILED_LOG]);
        let token = running.sign_up();
        let headers = format!("{TRACEPARENT}x-request-id: from-the-client\r\nauthorization: {token}\r\n");
        let answer = running.exchange("GET /api/items/12345?secret=of-the-query", &headers, "");
        assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
        let (status, log) = running.stop("-TERM");
        assert_eq!(status, Some(0));

        let requests = collector.received();
        assert!(requests.iter().all(|request| request.head.starts_with("post /v1/traces http/1.1")));
        let spans = spans(&requests);
        let span = named(&spans, "GET /api/items/{id}");
        assert_eq!((&span["traceId"], &span["parentSpanId"]), (&TRACE.into(), &PARENT.into()));
        assert_eq!(span["kind"], 2, "a server");
        let expected = [
            ("daypass.error.code", "not_found"),
            ("http.request.method", "GET"),
            ("http.response.header.x-request-id", "from-the-client"),
            ("http.response.status_code", "404"),
            ("http.route", "/api/items/{id}"),
            ("network.protocol.version", "1.1"),
            ("url.path", "/api/items/12345"),
            ("url.scheme", "http"),
        ];
        assert_eq!(attributes(span), expected.map(|(name, value)| (name, value.to_owned())));
        let code = span["status"]["code"].as_i64().unwrap_or_default();
        assert_eq!(code, 0, "a rejected request is not an error of the service");

        let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let line = lines.iter().find(|line| line["request.id"] == "from-the-client").unwrap();
        assert_eq!(line["trace_id"], TRACE);
        let signed_up = lines.iter().find(|line| line["message"] == "signed up").unwrap();
        assert_eq!(signed_up["span"]["trace_id"], named(&spans, "POST /api/users")["traceId"]);
        let sent = requests.iter().map(|request| request.body.to_string()).collect::<String>();
        for private in ["of-the-query", "ada", "correct horse", "127.0.0.1", token.rsplit('.').next().unwrap()] {
            assert!(!sent.contains(private), "{private} in {sent}");
        }
    }

    #[test]
    fn request_without_a_valid_traceparent_starts_a_trace() {
        let (folder, collector) = (TempDir::new().unwrap(), Collector::start());
        let running = collector.service(folder.path(), &[]);
        for header in ["", "traceparent: 00-zz-zz-01\r\n", "traceparent: 00-00000000000000000000000000000000-00-01\r\n"]
        {
            let answer = running.exchange("BREW /api/verify", header, "");
            assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
        }
        assert!(running.exchange("GET /no/such/path", "x-forwarded-proto: https\r\n", "").contains(" 404 "));
        running.stop("-TERM");
        let spans = spans(&collector.received());
        let traces: BTreeSet<_> = spans.iter().map(|span| span["traceId"].as_str().unwrap()).collect();
        assert_eq!((spans.len(), traces.len()), (4, 4), "{spans:?}");
        for span in &spans {
            assert_eq!(span["parentSpanId"].as_str().unwrap_or_default(), "", "{span}");
        }
        let unusual = spans.iter().find(|span| span["name"] == "HTTP /api/verify").unwrap();
        let attribute = |span, name| attributes(span).into_iter().find(|(key, _)| *key == name).map(|(_, value)| value);
        assert_eq!(attribute(unusual, "http.request.method").as_deref(), Some("_OTHER"));
        assert_eq!(attribute(unusual, "http.request.method_original").as_deref(), Some("BREW"));
        let unknown = named(&spans, "GET");
        assert_eq!(attribute(unknown, "http.route"), None);
        assert_eq!(attribute(unknown, "url.scheme").as_deref(), Some("https"));
    }

    #[test]
    fn standard_settings_name_the_service_and_choose_the_traces() {
        for (settings, name, spans_expected) in [
            (&[][..], "daypass", true),
            (&[("OTEL_SERVICE_NAME", "accounts")], "accounts", true),
            (&[("OTEL_RESOURCE_ATTRIBUTES", "service.name=logins,region=north")], "logins", true),
            (&[("OTEL_TRACES_SAMPLER", "always_off")], "", false),
            (&[("OTEL_SDK_DISABLED", "true")], "", false),
            (&[("OTEL_TRACES_EXPORTER", "none")], "", false),
        ] {
            let (folder, collector) = (TempDir::new().unwrap(), Collector::start());
            let running = collector.service(folder.path(), settings);
            running.sign_up();
            running.stop("-TERM");
            let requests = collector.received();
            assert_eq!(!requests.is_empty(), spans_expected, "{settings:?}");
            for request in requests {
                let resource = &request.body["resourceSpans"][0]["resource"];
                let attributes = attributes(resource);
                assert!(attributes.contains(&("service.name", name.to_owned())), "{settings:?}: {attributes:?}");
                let version = ("service.version", env!("CARGO_PKG_VERSION").to_owned());
                assert!(attributes.contains(&version), "{attributes:?}");
            }
        }
    }

    #[test]
    fn unsupported_setting_is_one_warning_and_the_service_works() {
        let (folder, collector) = (TempDir::new().unwrap(), Collector::start());
        let settings = [CHEAP, (ENDPOINT, &collector.url), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")];
        let running = Running::start(folder.path(), &settings);
        running.sign_up();
        let (_, log) = running.stop("-TERM");
        assert_eq!(log.matches("no traces are sent").count(), 1, "{log}");
        assert!(log.contains("must be http/protobuf or http/json"), "{log}");
        assert!(collector.received().is_empty());
    }

    #[test]
    fn unreachable_collector_delays_neither_requests_nor_the_stop() {
        // Nobody accepts the connections of the second one, so the system accepts them and no response arrives.
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let silent = format!("http://{}", silent.local_addr().unwrap());
        for url in [format!("http://127.0.0.1:{}", free_port()), silent] {
            let folder = TempDir::new().unwrap();
            // A queue that is full after a few requests.
            let queue = [("OTEL_BSP_MAX_QUEUE_SIZE", "8"), ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4")];
            let delay = [("OTEL_BSP_SCHEDULE_DELAY", "50")];
            let settings = [&[CHEAP, (ENDPOINT, &url)], &queue[..], &delay].concat();
            let running = Running::start(folder.path(), &settings);
            let token = running.sign_up();
            let started = Instant::now();
            for _ in 0..200 {
                assert_eq!(running.verify(&token), 204);
            }
            let requests = started.elapsed();
            let stopping = Instant::now();
            let (status, log) = running.stop("-TERM");
            let stop = stopping.elapsed();
            assert_eq!(status, Some(0));
            assert!(requests < Duration::from_secs(10), "200 requests took {requests:?}");
            assert!(stop < Duration::from_secs(6), "the stop took {stop:?}");
            assert!(log.matches("cannot send traces").count() <= 1, "{log}");
        }
    }

    #[test]
    fn outage_of_the_collector_is_logged_when_it_starts_and_when_it_ends() {
        let port = free_port();
        let folder = TempDir::new().unwrap();
        let url = format!("http://127.0.0.1:{port}");
        let settings = [CHEAP, (ENDPOINT, &url), ("OTEL_BSP_SCHEDULE_DELAY", "50"), ("LOG_FORMAT", "json")];
        let running = Running::start_with_log(folder.path(), &settings, log_file(folder.path()));
        let has_logged = |text: &str| std::fs::read_to_string(folder.path().join("log")).unwrap().contains(text);
        let after_request = |text: &str| {
            running.request("GET", "/health/live", "", "");
            has_logged(text)
        };
        wait_until("the outage is logged", || after_request("cannot send traces"));
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let (sender, _received) = channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, sender) = (stream.unwrap(), sender.clone());
                thread::spawn(move || while Collector::answer(&stream, &sender).is_some() {});
            }
        });
        wait_until("the end of the outage is logged", || after_request("traces can be sent again"));
        let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
        assert_eq!(log.matches("cannot send traces").count(), 1, "{log}");
    }

    fn log_file(folder: &Path) -> std::process::Stdio {
        std::fs::File::create(folder.join("log")).unwrap().into()
    }
}
