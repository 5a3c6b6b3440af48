//! Limits that the database server applies to this service's connections. Without them, if this host loses its network,
//! the server keeps open transactions and their locks until TCP detects the failure, which takes hours.

#[cfg(any(feature = "postgres", feature = "mysql"))]
use sea_orm::sqlx::{self, pool::PoolOptions};

/// The limits to set, unless the server already has lower ones.
#[derive(Clone, Copy, Debug)]
pub(super) enum SessionLimits {
    /// A statement waits at most four seconds for a lock. A transaction waits at most five seconds for its next
    /// statement. The second limit is higher: otherwise, if a host fails, each of its waiting transactions would get
    /// the lock in turn and hold it.
    ForRequests,
    /// No limits, because the operator's commands may take longer.
    None,
}

impl SessionLimits {
    #[cfg(feature = "postgres")]
    pub(super) fn on_postgres(self, pool: PoolOptions<sqlx::Postgres>) -> PoolOptions<sqlx::Postgres> {
        const SET: &str = "SELECT set_config(name, CASE name WHEN 'lock_timeout' THEN '4s' ELSE '5s' END, false) \
                           FROM pg_settings WHERE name IN ('lock_timeout', 'idle_in_transaction_session_timeout') \
                           AND (setting = '0' OR setting::bigint > CASE name WHEN 'lock_timeout' THEN 4000 ELSE 5000 END)";
        match self {
            Self::None => pool,
            Self::ForRequests => pool.after_connect(|connection, _| {
                Box::pin(async move { sqlx::raw_sql(SET).execute(connection).await.map(drop) })
            }),
        }
    }

    #[cfg(feature = "mysql")]
    pub(super) fn on_mysql(self, pool: PoolOptions<sqlx::MySql>) -> PoolOptions<sqlx::MySql> {
        const LOCKS: &str = "SET SESSION innodb_lock_wait_timeout = LEAST(@@innodb_lock_wait_timeout, 4)";
        const IDLE: &str = "SET SESSION idle_transaction_timeout = IF(@@idle_transaction_timeout, LEAST(@@idle_transaction_timeout, 5), 5)";
        match self {
            Self::None => pool,
            Self::ForRequests => pool.after_connect(|connection, _| {
                Box::pin(async move {
                    sqlx::raw_sql(LOCKS).execute(&mut *connection).await?;
                    // MySQL does not have this setting, so the error is ignored.
                    let _ = sqlx::raw_sql(IDLE).execute(connection).await;
                    Ok(())
                })
            }),
        }
    }
}
