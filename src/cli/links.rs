//! Links to the page of the service.

use super::output::stderr_line;
use crate::config::Config;

/// Warns if a link does not work with the present settings.
pub(super) fn warn_of_useless_links(config: &Config) {
    if config.listen.public_url.is_none() {
        stderr_line("warning: set PUBLIC_URL to the address at which people reach the service");
    }
    if !config.serves_pages() {
        stderr_line(
            "warning: with PAGES=false, the page at PUBLIC_URL must be yours, and must read the code in the link",
        );
    }
}
