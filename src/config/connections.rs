//! Settings of connections.

use chrono::TimeDelta;
use clap::Args;

use super::parsers::duration;

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Network")]
pub struct ConnectionConfig {
    /// Time after which an idle connection is closed, such as 75s; use a longer time than the load balancer in front of
    /// the service
    #[arg(long, env = "KEEP_ALIVE", default_value = "75s", value_parser = duration("1s", "1h"), global = true)]
    pub keep_alive: TimeDelta,
    /// Time between a stop signal and the moment when the service stops accepting connections, at most 5m. Meanwhile
    /// /health/ready returns 503, so load balancers use other replicas
    #[arg(long, env = "SHUTDOWN_DELAY", default_value = "0s", value_parser = duration("0s", "5m"), global = true)]
    pub shutdown_delay: TimeDelta,
}
