//! Files that only their owner may read: secrets, and the database with password hashes.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use rand::Rng as _;

/// Prevents other users from reading new files of this process, such as those that SQLite creates next to the database.
pub(crate) fn restrict_new_files() {
    #[cfg(all(unix, not(daypass_portable)))]
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
}

/// Creates a file that only its owner can read (0600). Fails if the file exists.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(all(unix, not(daypass_portable)))]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Creates a file in a folder and deletes it again, to check that files can be created there.
pub(crate) fn create_temporary(folder: &Path) -> io::Result<()> {
    let path = folder.join(format!(".daypass-{:016x}", super::random::secure().next_u64()));
    create(&path)?;
    std::fs::remove_file(path)
}

/// Gives `to` the owner and group of `from`, so that a command of root leaves a file that the service can open.
#[cfg(all(unix, not(daypass_portable)))]
pub(crate) fn copy_owner(from: &Path, to: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, chown};
    let (wanted, present) = (from.metadata()?, to.metadata()?);
    if (wanted.uid(), wanted.gid()) == (present.uid(), present.gid()) {
        return Ok(());
    }
    chown(to, Some(wanted.uid()), Some(wanted.gid()))
}

/// Does nothing, because new files belong to the user who runs the service.
#[cfg(any(not(unix), daypass_portable))]
pub(crate) fn copy_owner(_: &Path, _: &Path) -> io::Result<()> {
    Ok(())
}

/// Whether permissions of files are checked on this system.
pub(crate) const CHECKS_PERMISSIONS: bool = cfg!(all(unix, not(daypass_portable)));

/// Returns the permissions of a file or folder, or of the target of a link, if the group or other users may access it.
#[cfg(all(unix, not(daypass_portable)))]
pub(crate) fn shared_mode(path: &Path) -> Option<u32> {
    let mode = std::os::unix::fs::MetadataExt::mode(&path.metadata().ok()?) & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}

/// Returns `None`, because access control lists are not checked.
#[cfg(any(not(unix), daypass_portable))]
pub(crate) fn shared_mode(_: &Path) -> Option<u32> {
    None
}
