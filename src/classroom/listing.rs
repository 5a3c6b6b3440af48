//! Lists for the course's routes, which have no pagination.

use crate::models::page::{PageRequest, Sort};

/// Requests the newest 1000 rows, newest first. The course lists all rows. The limit bounds the size of the response.
pub(super) const NEWEST: PageRequest = PageRequest { limit: 1000, sort: Sort::Newest, after: None, containing: None };
