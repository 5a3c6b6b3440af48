//! `daypass invite`: invitations to sign up.

use chrono::{DateTime, TimeDelta, Utc};
use clap::{Args, Subcommand};
use serde::Serialize;

use super::database;
use super::failure::Failure;
use super::links::warn_of_useless_links;
use super::output::{iso_8601, qr_code, stderr_line, stdout_line};
use crate::accounts::administration;
use crate::config::{Config, SignUpPolicy, duration, integer};
use crate::models::invitation;
use crate::models::invitation::{NewInvitation, Usability};
use crate::platform::clock::Clock;
use crate::platform::database::Pool;
use crate::platform::random;
use crate::types::InvitationId;
use crate::types::limits::MAX_NOTE_CHARS;
use crate::types::role::{Role, Roles};
use crate::types::secret_code::SecretCode;

#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// Create an invitation and print its link
    Create(Create),
    /// List all invitations
    List {
        /// Print one JSON object per line
        #[arg(long)]
        json: bool,
    },
    /// Revoke an invitation
    Revoke {
        /// Id of the invitation, as `invite list` shows it
        id: InvitationId,
    },
}

#[derive(Args, Debug)]
pub(super) struct Create {
    /// Number of users that can sign up with this invitation
    #[arg(long, default_value_t = 1, value_parser = integer::<i64>(1..=100_000))]
    uses: i64,
    /// Time until the invitation expires
    #[arg(long, default_value = "7d", value_parser = duration("1m", "400d"))]
    expires: TimeDelta,
    /// Role of the new users; can be repeated
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<Role>,
    /// Text that `invite list` shows
    #[arg(long, value_name = "TEXT", value_parser = note)]
    note: Option<String>,
}

pub(super) async fn run(command: &Command, config: &Config) -> Result<(), Failure> {
    let run = async |db: &Pool| match command {
        Command::Create(create) => create_invitation(db, create, config).await,
        Command::List { json } => list(db, *json).await,
        Command::Revoke { id } => revoke(db, *id).await,
    };
    database::with(config, run).await
}

/// Creates an invitation. Prints only the link to standard output.
async fn create_invitation(db: &Pool, create: &Create, config: &Config) -> Result<(), Failure> {
    let Create { uses, expires, roles, note } = create;
    let roles = Roles::new(roles.iter().cloned()).map_err(|error| Failure::usage(error.to_string()))?;
    let (now, code) = (Clock::System.now(), SecretCode::random(&mut random::secure()));
    let new = NewInvitation { max_uses: *uses, roles, note: note.clone(), expires_at: now + *expires };
    let (transaction, invitation) = administration::create_invitation(db, &code, new, now).await?;
    let link = config.public_url().with_fragment("invitation", code.expose());
    // Print before the commit: without the link, the invitation would be useless.
    stdout_line(&link)?;
    transaction.commit().await?;
    let row = Row::of(&invitation, now);
    stderr_line(&format!(
        "{}invitation {}: uses {}, expires {}, roles {}",
        qr_code(&link),
        row.id,
        row.max_uses,
        row.expires_at,
        listed(&invitation.roles()),
    ));
    warn_of_useless_links(config);
    if config.sign_up.sign_up == SignUpPolicy::Closed {
        stderr_line("warning: with SIGN_UP=closed, invitations cannot be used; set SIGN_UP=invited");
    }
    Ok(())
}

async fn list(db: &Pool, json: bool) -> Result<(), Failure> {
    let now = Clock::System.now();
    if !json {
        stdout_line(&format!(
            "{:>6}  {:<24}  {:<24}  {:>11}  {:<8}  ROLES / NOTE",
            "ID", "CREATED", "EXPIRES", "USES", "STATUS"
        ))?;
    }
    for invitation in invitation::list(db).await? {
        let row = Row::of(&invitation, now);
        stdout_line(&if json { row.json()? } else { row.columns(&invitation.roles()) })?;
    }
    Ok(())
}

async fn revoke(db: &Pool, id: InvitationId) -> Result<(), Failure> {
    if administration::revoke_invitation(db, id, Clock::System.now()).await? {
        return stdout_line(&format!("revoked invitation {id}"));
    }
    Err(Failure::from(format!("invitation {id} not found")))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    id: InvitationId,
    created_at: String,
    expires_at: String,
    uses: i64,
    max_uses: i64,
    status: &'static str,
    roles: Vec<String>,
    note: Option<&'a str>,
}

impl<'a> Row<'a> {
    fn of(invitation: &'a invitation::Model, now: DateTime<Utc>) -> Self {
        let status = match invitation.usability(now) {
            Usability::Usable => "usable",
            Usability::Revoked => "revoked",
            Usability::Expired => "expired",
            Usability::UsedUp => "used up",
        };
        Self {
            id: invitation.id,
            created_at: iso_8601(invitation.created_at.0),
            expires_at: iso_8601(invitation.expires_at.0),
            uses: invitation.uses,
            max_uses: invitation.max_uses,
            status,
            roles: invitation.roles().names().map(str::to_owned).collect(),
            note: invitation.note.as_deref(),
        }
    }

    fn json(&self) -> Result<String, Failure> {
        Ok(serde_json::to_string(self).map_err(|error| error.to_string())?)
    }

    fn columns(&self, roles: &Roles) -> String {
        let Self { id, created_at, expires_at, uses, max_uses, status, note, .. } = self;
        let uses = format!("{uses}/{max_uses}");
        let note = note.map(|note| format!(" / {note:?}")).unwrap_or_default();
        format!("{id:>6}  {created_at:<24}  {expires_at:<24}  {uses:>11}  {status:<8}  {}{note}", listed(roles))
    }
}

/// Returns the names of the roles for people.
fn listed(roles: &Roles) -> &str {
    if roles.is_empty() { "-" } else { roles.as_str() }
}

fn note(text: &str) -> Result<String, String> {
    let chars = text.chars().count();
    if chars <= MAX_NOTE_CHARS && !text.contains('\0') {
        return Ok(text.to_owned());
    }
    Err(format!("must have at most {MAX_NOTE_CHARS} characters, and not the character NUL"))
}
