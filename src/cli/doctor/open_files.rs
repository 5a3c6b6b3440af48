//! The limit on open files, which limits the number of connections.

use super::{Check, Finding};
use crate::platform::descriptors;
use crate::server::{MAX_CONNECTIONS, SPARE_DESCRIPTORS};

const CHECK: Check = Check("open-files");
/// With fewer connections, a few browsers could use up all of them.
const MIN_CONNECTIONS: u64 = 128;

pub(super) fn check() -> Finding {
    let Some(limit) = descriptors::hard_limit() else {
        return CHECK.ok(format!("no limit; up to {MAX_CONNECTIONS} connections are possible"));
    };
    let needed = MAX_CONNECTIONS + SPARE_DESCRIPTORS;
    if limit >= needed {
        return CHECK.ok(format!("{limit} open files are enough for {MAX_CONNECTIONS} connections"));
    }
    let possible = limit.saturating_sub(SPARE_DESCRIPTORS).max(1);
    let found = format!("the hard limit of {limit} open files allows {possible} connections, not {MAX_CONNECTIONS}");
    let repair = format!(
        "ulimit -Hn {needed}, with systemd LimitNOFILE={needed}, with Docker --ulimit nofile={needed}:{needed}"
    );
    if possible < MIN_CONNECTIONS { CHECK.error(found, repair) } else { CHECK.warning(found, repair) }
}
