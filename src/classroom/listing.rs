//! Lists of the course, which have no pages.

use crate::models::page::{PageRequest, Sort};

/// All rows, or the newest 1000 if there are more; newest first. The course lists all rows; the limit bounds the response.
pub(super) const NEWEST: PageRequest = PageRequest { limit: 1000, sort: Sort::Newest, after: None, containing: None };
