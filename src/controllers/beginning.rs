//! Beginning a session: what signing up, signing in and changing the password have in common.
//!
//! A session always begins with an id of its own, so that one planted in a browser before is worth nothing (session
//! fixation), and the one that was presented ends (ASVS 7.2.4). Its variables move along if that is asked for.

use chrono::SubsecRound as _;
use metrics::counter;
use sea_orm::ConnectionTrait;
use secrecy::ExposeSecret;
use tracing::warn;

use crate::app::App;
use crate::auth::reason::Reason;
use crate::auth::revocations::Ended;
use crate::auth::token::{AnySession, Issued};
use crate::carrier::Carrier;
use crate::error::Error;
use crate::extract::{Caller, Fields, carrier};
use crate::models::bag::Bag;
use crate::models::{session, user};
use crate::random;
use crate::variables::Place;
use crate::views::{self, Credentials, User};

/// How a session is to begin.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Terms {
    /// How its token is to travel.
    pub(crate) carrier: Carrier,
    /// Whether the variables of the session that was presented move along.
    pub(crate) keep_variables: bool,
}

impl Terms {
    /// Takes them from `carrier` and `keepVariables`.
    pub(super) fn take(fields: &mut Fields) -> Option<Self> {
        let carrier = fields.optional("carrier", carrier).unwrap_or_default();
        let keep_variables = fields.flag("keepVariables")?;
        Some(Self { carrier, keep_variables })
    }

    /// The variables that are to move along to `user`: an anonymous visitor's, or their own. To be called as late as
    /// can be: what is written after it stays behind.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store of the variables does not answer.
    pub(super) async fn kept(self, app: &App, caller: &Caller, user: Option<i64>) -> Result<Bag, Error> {
        match &caller.session {
            Some(session) if self.keep_variables && session.user.is_none_or(|(owner, _)| Some(owner) == user) => {
                app.variables.read(app, Place::of(session, caller.sealed.as_deref())).await
            }
            _ => Ok(Bag::default()),
        }
    }
}

/// A session that has begun.
pub(super) struct Begun {
    pub(super) credentials: Credentials,
    session: AnySession,
}

/// Begins a session of `user`: issues its token and records it.
pub(super) async fn begin(
    app: &App,
    db: &impl ConnectionTrait,
    user: &user::Model,
    caller: &Caller,
    (message, carrier): (&'static str, Carrier),
) -> Result<Begun, Error> {
    let now = app.clock.now();
    let Issued { token, session, key_id } = app.tokens.issue(Some(user.id), now, &mut random::secure())?;
    let row = session::create(db, user.id, &session, (&key_id, caller.user_agent.as_deref()), now).await?;
    let account = (&*user.username, &*user.password_hash);
    let remembered = caller.device.as_deref().and_then(|token| app.tokens.remembered(token, account.0, now));
    let device = remembered.and_then(|remembered| app.tokens.device(&remembered, account.1));
    counter!("daypass_sessions_created_total").increment(1);
    let (token_type, cookies, session_token) = match carrier {
        Carrier::Bearer => {
            let before = (caller.carrier == Carrier::Cookie).then(|| app.cookies.take_back_session()).transpose()?;
            ("Bearer", Vec::from_iter(before), Some(token))
        }
        Carrier::Cookie => {
            let cookie = app.cookies.carry(token.expose_secret(), session.expires_at, now)?;
            ("Cookie", vec![cookie], None)
        }
    };
    let credentials = Credentials {
        user: User::from(user),
        session: views::Session::of(&row, true),
        message,
        session_token,
        token_type,
        expires_in: (session.expires_at - now.trunc_subsecs(0)).num_seconds(),
        device_token: app.tokens.remember_device(device, account, now, &mut random::secure())?,
        cookies,
    };
    Ok(Begun { credentials, session })
}

/// Ends the session that the caller presented, in the transaction in which another begins.
pub(super) async fn end_presented(app: &App, db: &impl ConnectionTrait, caller: &Caller) -> Result<Vec<Ended>, Error> {
    match &caller.session {
        Some(session) => session::end_presented(db, session, Reason::Replaced, app.clock.now()).await,
        None => Ok(Vec::new()),
    }
}

impl Begun {
    /// Gives the session the variables that move along, once it has begun for good. They are not worth failing for.
    pub(super) async fn with_variables(self, app: &App, bag: &Bag) -> Credentials {
        let Self { mut credentials, session } = self;
        if bag.is_empty() {
            return credentials;
        }
        let place = Place::of(&session, None);
        let fill = |new: &mut Bag| {
            new.clone_from(bag);
            Ok(())
        };
        let kept = app.variables.change(app, place, fill).await.and_then(|((), sealed)| {
            let now = app.clock.now();
            sealed.map(|sealed| app.cookies.keep(&sealed, session.ends_at, now)).transpose()
        });
        match kept {
            Ok(cookie) => credentials.cookies.extend(cookie),
            Err(error) => warn!(%error, "the variables of a session could not move to the next"),
        }
        credentials
    }
}
