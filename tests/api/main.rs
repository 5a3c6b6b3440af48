//! The API as clients see it: status, headers and body. One module for each resource or concern.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../support/mod.rs"]
mod support;

mod account;
mod authorization;
mod browser_security;
mod concurrent_deletion;
mod confusable_usernames;
mod cookies;
mod database_restore;
mod disabled_users;
mod documents;
mod email;
mod email_restoration;
mod errors;
mod events;
mod export;
mod feed_loop;
mod forward_auth;
mod hash_queue;
mod health;
mod invitations;
mod keys;
mod metrics;
mod missing_session_rows;
mod outgoing_mail;
mod ownership;
mod password_resets;
mod passwords;
mod provider_accounts;
mod provider_faults;
mod provider_flow;
mod provider_id_tokens;
mod provider_identities;
mod provider_logout;
mod provider_take_over;
mod purge;
mod purge_clocks;
mod purge_task;
mod quotas;
mod rate_limits;
mod renewal;
mod replicas;
mod request_bodies;
mod reset_codes;
mod resources;
mod revocation_feed;
mod revocation_set;
mod revocations_endpoint;
mod role_changes;
mod roles;
mod rolling_sessions;
mod seeds;
mod sessions;
mod sign_in;
mod sign_in_limits;
mod sign_out;
mod stateless_validation;
mod tokens;
mod upgrade;
mod users;
mod variables;
