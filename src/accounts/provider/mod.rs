//! Sign-in at a provider: start, return, exchange of a code, identities, and sign-out at the provider.

mod exchange;
mod flow;
mod identities;
mod new_user;
mod return_to;
mod sign_out;
mod start;
mod user_returns;

pub use exchange::exchange_code;
pub use flow::StartFlow;
pub use identities::{Identity, list_identities, remove_identity};
pub use return_to::ReturnTo;
pub use sign_out::{sign_out_at_provider, sign_out_with_provider};
pub use start::{Redirect, prepare_link, prepare_sign_up, start};
pub use user_returns::{Destination, ProviderResponse, user_returns};

use crate::app::AppState;
use crate::error::Error;
use crate::oidc::Provider;
use crate::types::provider_name::ProviderName;

/// Returns a provider of the settings.
///
/// # Errors
/// [`Error::NotFound`].
fn find<'a>(app: &'a AppState, name: &ProviderName) -> Result<&'a Provider, Error> {
    app.providers.find(name).ok_or(Error::NotFound)
}
