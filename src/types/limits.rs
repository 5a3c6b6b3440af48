//! Limits of fields. The parsers, the OpenAPI schema and a test of the database schema use the same constants.

pub const MAX_USERNAME_CHARS: usize = 64;
/// The key of a username can be longer than the username: NFKC turns one rare ligature into 18 code points.
pub const MAX_USERNAME_KEY_CHARS: usize = 255;
/// A skeleton can be longer than the username: a few Korean syllables have a skeleton of six code points.
pub const MAX_USERNAME_SKELETON_CHARS: usize = 512;
/// The default and minimum value of the setting `PASSWORD_MIN_LENGTH`.
pub const MIN_PASSWORD_CHARS: usize = 8;
pub const MAX_PASSWORD_BYTES: usize = 1024;

pub const MAX_ITEM_NAME_CHARS: usize = 200;
/// The limit of the course's columns for `description`, `definition` and `result`.
pub const MAX_WORKOUT_TEXT_CHARS: usize = 255;
/// A search key has at most this many code points per code point of its text.
pub const MAX_KEY_GROWTH: usize = 3;

/// The maximum length of a stored `User-Agent` header. Longer headers are truncated.
pub const MAX_USER_AGENT_CHARS: usize = 255;

/// The number of rows of a page if the client does not send `limit`.
pub const DEFAULT_PAGE_LIMIT: u64 = 20;
pub const MAX_PAGE_LIMIT: u64 = 100;

/// The maximum size of a request body. A larger body is rejected before it is read completely.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

pub const MAX_VARIABLE_NAME_BYTES: usize = 64;
/// The maximum size of the value of a session variable as JSON.
pub const MAX_VALUE_BYTES: usize = 4 * 1024;
/// The maximum number of variables of a session.
pub const MAX_VARIABLES: usize = 50;

/// The maximum length of an e-mail address (RFC 5321 §4.5.3.1.3, without the angle brackets).
pub const MAX_EMAIL_BYTES: usize = 254;

pub const MAX_ROLE_CHARS: usize = 32;
/// The maximum number of roles of a user.
pub const MAX_ROLES: usize = 16;
/// The maximum length of the note of an invitation.
pub const MAX_NOTE_CHARS: usize = 200;
/// The maximum number of authentication methods that a provider names (`amr`). The token contains them.
pub const MAX_AUTH_METHODS: usize = 8;
/// The maximum number of characters of such a method.
pub const MAX_AUTH_METHOD_CHARS: usize = 32;
