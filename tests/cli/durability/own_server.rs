//! Database servers of the test alone, which it may stop and make read-only.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::trial::{Trial, assert_logged_once};
use crate::installation::test_server;
use crate::running::{free_port, wait_until};

/// A server that can be stopped and started on the same data and port.
trait OwnServer {
    fn url(&self) -> String;
    fn start(&mut self);
    fn stop(&mut self);
}

/// A folder that `user` may write to. Servers refuse to run as root.
fn folder_of(user: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    let _ = Command::new("chown").arg(user).arg(folder.path()).stderr(Stdio::null()).status();
    folder
}

/// Runs `program` as `user` if the test runs as root, otherwise as itself.
fn command_as(user: &str, program: &Path) -> Command {
    let root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    let mut command = if root {
        let mut command = Command::new("runuser");
        command.args(["-u", user, "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

struct Postgres {
    folder: TempDir,
    bin: PathBuf,
    port: u16,
}

impl Postgres {
    fn create() -> Option<Self> {
        let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
        let bin = versions.filter_map(Result::ok).map(|version| version.path().join("bin")).max()?;
        let server = Self { folder: folder_of("postgres"), bin, port: free_port() };
        server.run("initdb", &["-A", "trust", "-U", "daypass", "--no-sync"]);
        Some(server)
    }

    fn run(&self, tool: &str, arguments: &[&str]) {
        let data = self.folder.path().join("data");
        let mut command = command_as("postgres", &self.bin.join(tool));
        assert!(command.arg("-D").arg(data).args(arguments).status().unwrap().success(), "{tool}");
    }
}

impl OwnServer for Postgres {
    fn url(&self) -> String {
        format!("postgres://daypass@127.0.0.1:{}/postgres", self.port)
    }

    fn start(&mut self) {
        let (folder, port) = (self.folder.path().display(), self.port);
        let options = format!("-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}");
        self.run("pg_ctl", &["start", "-w", "-t", "120", "-l", &format!("{folder}/log"), "-o", &options]);
    }

    fn stop(&mut self) {
        self.run("pg_ctl", &["stop", "-m", "immediate", "-w"]);
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let data = self.folder.path().join("data");
        let mut stop = command_as("postgres", &self.bin.join("pg_ctl"));
        let _ = stop.args(["stop", "-m", "immediate", "-w", "-D"]).arg(data).status();
    }
}

struct MariaDb {
    folder: TempDir,
    port: u16,
    server: Option<Child>,
}

impl MariaDb {
    fn create() -> Option<Self> {
        Command::new("mariadb-install-db").arg("--help").output().ok()?;
        let server = Self { folder: folder_of("mysql"), port: free_port(), server: None };
        let mut install = command_as("mysql", Path::new("mariadb-install-db"));
        let data = format!("--datadir={}", server.folder.path().join("data").display());
        let made = install.args(["--no-defaults", "--auth-root-authentication-method=normal", &data]).status();
        assert!(made.unwrap().success(), "mariadb-install-db");
        Some(server)
    }

    fn run(&self, sql: &str) -> bool {
        let mut client = Command::new("mariadb");
        client.args([
            "--no-defaults",
            "--protocol=tcp",
            "-h127.0.0.1",
            "-uroot",
            &format!("-P{}", self.port),
            "-e",
            sql,
        ]);
        client.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|done| done.success())
    }
}

impl OwnServer for MariaDb {
    fn url(&self) -> String {
        format!("mysql://daypass:daypass@127.0.0.1:{}/daypass", self.port)
    }

    fn start(&mut self) {
        let folder = self.folder.path().display();
        let mut server = command_as("mysql", Path::new("mariadbd"));
        server.args(["--no-defaults", "--bind-address=127.0.0.1", "--innodb-fast-shutdown=1"]);
        server.args([format!("--datadir={folder}/data"), format!("--port={}", self.port)]);
        server.args([format!("--socket={folder}/socket"), format!("--pid-file={folder}/pid")]);
        self.server = Some(server.spawn().unwrap());
        wait_until("MariaDB starts", || self.run("SELECT 1"));
        assert!(self.run(
            "CREATE DATABASE IF NOT EXISTS daypass; CREATE USER IF NOT EXISTS daypass@'127.0.0.1' IDENTIFIED BY 'daypass'; \
             CREATE USER IF NOT EXISTS daypass@localhost IDENTIFIED BY 'daypass'; \
             GRANT ALL ON daypass.* TO daypass@'127.0.0.1'; GRANT ALL ON daypass.* TO daypass@localhost"
        ));
    }

    fn stop(&mut self) {
        self.run("SHUTDOWN");
        if let Some(mut server) = self.server.take() {
            let _ = server.wait();
        }
    }
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Stops the server, and starts it again. With it the connections of the service are gone.
fn trial_with_a_stopped_server(mut server: impl OwnServer) {
    server.start();
    let folder = TempDir::new().unwrap();
    let url = server.url();
    let settings = [("DATABASE_URL", url.as_str())];
    let mut trial = Trial::start(folder.path(), &settings);
    server.stop();
    trial.write_until_refused(3);
    trial.sign_out_refused();
    trial.readiness_turns(503);
    server.start();
    trial.write_after_recovery();
    let log = trial.restart_and_count("-KILL");
    assert_logged_once(&log, "");
}

fn skipped(what: &str) {
    let _ = writeln!(std::io::stderr(), "not run: {what}; its server is not installed");
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_after_a_stopped_server_are_durable() {
    let Some(database) = test_server("a stopped server").await else { return };
    tokio::task::block_in_place(|| {
        if database.url().expose().starts_with("postgres") {
            Postgres::create().map_or_else(|| skipped("a stopped PostgreSQL"), trial_with_a_stopped_server);
        } else {
            MariaDb::create().map_or_else(|| skipped("a stopped MariaDB"), trial_with_a_stopped_server);
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn read_only_mariadb_turns_readiness_503_and_writes_go_on_afterwards() {
    let Some(database) = test_server("a read-only MariaDB").await else { return };
    if database.url().expose().starts_with("postgres") {
        return;
    }
    tokio::task::block_in_place(|| {
        let Some(mut server) = MariaDb::create() else { return skipped("a read-only MariaDB") };
        server.start();
        let (folder, url) = (TempDir::new().unwrap(), server.url());
        let settings = [("DATABASE_URL", url.as_str())];
        let trial = Trial::start(folder.path(), &settings);
        let log = trial.run(
            |_| assert!(server.run("SET GLOBAL read_only = 1")),
            |_| assert!(server.run("SET GLOBAL read_only = 0")),
        );
        assert_logged_once(&log, "read-only");
    });
}
