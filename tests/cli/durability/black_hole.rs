//! The host of the database vanishes: packets are neither answered nor refused. A proxy in this process simulates the
//! network and stops forwarding.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::trial::{readiness, status, usual, write};
use crate::installation::test_server;
use crate::running::{Running, daypass, wait_until};

/// Forwards connections. Each belongs to an era: those of an earlier era are never forwarded again, like connections
/// to a host that has restarted, and in an odd era nothing is.
struct Network {
    address: String,
    era: Arc<AtomicUsize>,
}

impl Network {
    fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let era = Arc::new(AtomicUsize::new(0));
        let now = Arc::clone(&era);
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, upstream) = (client.unwrap(), TcpStream::connect(&server).unwrap());
                let born = now.load(Ordering::SeqCst);
                for (mut from, mut to) in [
                    (client.try_clone().unwrap(), upstream.try_clone().unwrap()),
                    (upstream.try_clone().unwrap(), client.try_clone().unwrap()),
                ] {
                    let now = Arc::clone(&now);
                    thread::spawn(move || {
                        let mut buffer = [0; 16 * 1024];
                        while let Ok(length @ 1..) = from.read(&mut buffer) {
                            let era = now.load(Ordering::SeqCst);
                            if era == born && era.is_multiple_of(2) && to.write_all(&buffer[..length]).is_err() {
                                break;
                            }
                        }
                        if now.load(Ordering::SeqCst) == born {
                            let _ = to.shutdown(Shutdown::Both);
                        }
                    });
                }
            }
        });
        Self { address, era }
    }

    fn change(&self) {
        self.era.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn vanished_database_host_is_answered_503_in_time_and_its_return_is_noticed() {
    let Some(database) = test_server("a database host that vanishes").await else { return };
    let url = database.url().expose();
    let (credentials, rest) = url.split_once('@').unwrap();
    let (server, name) = rest.split_once('/').unwrap();
    let network = Network::to(server.to_owned());
    let url = format!("{credentials}@{}/{name}", network.address);
    let folder = TempDir::new().unwrap();
    let mut command = daypass(folder.path(), &[], &[("DATABASE_URL", &url)]);
    command.envs(usual());
    let service = Running::spawn(command);
    let token = service.sign_up();
    // Several connections are open when the host vanishes, some of them in use.
    let load = |time: Duration| {
        let begun = Instant::now();
        let mut slowest = Duration::ZERO;
        while begun.elapsed() < time {
            let asked = Instant::now();
            let read = status(&service.request("GET", "/api/items", &token, ""));
            assert!(matches!(read, 200 | 503), "{read}");
            let (written, answer) = write(&service, &token);
            assert!(matches!(written, 201 | 503), "{answer}");
            slowest = slowest.max(asked.elapsed());
        }
        slowest
    };
    thread::scope(|scope| {
        let loads: Vec<_> = (0..6).map(|_| scope.spawn(|| load(Duration::from_secs(9)))).collect();
        thread::sleep(Duration::from_secs(1));
        network.change();
        thread::sleep(Duration::from_millis(500));
        let asked = Instant::now();
        assert_eq!(readiness(&service), 503);
        assert!(asked.elapsed() < Duration::from_secs(15));
        let slowest: Vec<_> = loads.into_iter().map(|load| load.join().unwrap()).collect();
        // A read and a write, each within five seconds. A busy machine can delay some of them. Without a time limit of
        // the database, the deadline of a request would end each after 30 seconds.
        assert!(slowest.iter().min() < Some(&Duration::from_secs(10)), "{slowest:?}");
        assert!(slowest.iter().max() < Some(&Duration::from_secs(25)), "{slowest:?}");
    });
    assert_eq!(write(&service, &token).0, 503);

    // A busy machine can delay a response, so one of five returns has to be noticed in time.
    let mut times = vec![time_to_notice_return(&service, &token, &network)];
    while times.len() < 5 && times.last() > Some(&Duration::from_millis(2500)) {
        network.change();
        assert_eq!(write(&service, &token).0, 503);
        times.push(time_to_notice_return(&service, &token, &network));
    }
    assert!(times.last() <= Some(&Duration::from_millis(2500)), "{times:?}");

    // It vanishes again: the process ends although the pool cannot be closed.
    network.change();
    let asked = Instant::now();
    let (code, log) = service.stop("-TERM");
    assert_eq!(code, Some(0), "{log}");
    assert!(asked.elapsed() < Duration::from_secs(25), "{:?}", asked.elapsed());
}

/// Lets the host return, and waits until a write succeeds.
fn time_to_notice_return(service: &Running, token: &str, network: &Network) -> Duration {
    network.change();
    wait_until("the return is noticed", || write(service, token).0 == 201)
}
