//! Durations as people write them: `24h`, `90s`, `1d 12h`.

use chrono::TimeDelta;

/// Reads a duration of whole seconds.
pub(super) fn parse(text: &str) -> Result<TimeDelta, String> {
    let duration = humantime::parse_duration(text).map_err(|error| format!("{error}; write it like 24h or 90s"))?;
    if duration.subsec_nanos() != 0 {
        return Err("whole seconds only".to_owned());
    }
    TimeDelta::from_std(duration).map_err(|_| "longer than can be counted".to_owned())
}
