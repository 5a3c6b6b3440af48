//! The memory that this process may use.

use std::fs;
use std::path::{Component, Path};

/// Higher limits mean that there is none: cgroup v1 writes the largest number of pages.
const UNLIMITED: u64 = 1 << 60;

/// A limit on the memory of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MemoryLimit {
    pub(crate) bytes: u64,
    pub(crate) source: MemorySource,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MemorySource {
    /// The control group of a container or a systemd unit.
    Cgroup,
    Machine,
}

/// Returns the memory limit of this process, or `None` if the system does not provide it. Only Linux does.
pub(crate) fn limit() -> Option<MemoryLimit> {
    limit_below(Path::new("/"))
}

fn limit_below(root: &Path) -> Option<MemoryLimit> {
    let machine = machine_memory(root);
    match cgroup_limit(root) {
        Some(bytes) if machine.is_none_or(|machine| bytes < machine) => {
            Some(MemoryLimit { bytes, source: MemorySource::Cgroup })
        }
        _ => machine.map(|bytes| MemoryLimit { bytes, source: MemorySource::Machine }),
    }
}

/// Returns the lowest limit of the control group and its parents, for cgroup v2 and v1.
fn cgroup_limit(root: &Path) -> Option<u64> {
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    let limits = groups.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':');
        let (_, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
        let (mount, file) = match controllers {
            "" => ("sys/fs/cgroup", "memory.max"),
            names if names.split(',').any(|name| name == "memory") => ("sys/fs/cgroup/memory", "memory.limit_in_bytes"),
            _ => return None,
        };
        lowest_limit(&root.join(mount), Path::new(path.trim_start_matches('/')), file)
    });
    limits.min()
}

fn lowest_limit(mount: &Path, group: &Path, file: &str) -> Option<u64> {
    // In a container, the path can lead out of the mounted part. Then only the mounted group is known.
    let is_inside = group.components().all(|part| matches!(part, Component::Normal(_)));
    let group = if is_inside { group } else { Path::new("") };
    let limit = |group: &Path| fs::read_to_string(mount.join(group).join(file)).ok()?.trim().parse().ok();
    group.ancestors().filter_map(limit).filter(|bytes| *bytes < UNLIMITED).min()
}

fn machine_memory(root: &Path) -> Option<u64> {
    let text = fs::read_to_string(root.join("proc/meminfo")).ok()?;
    let total = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = total.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    /// Creates a folder with these files.
    fn system(files: &[(&str, &str)]) -> TempDir {
        let root = TempDir::new().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    const MACHINE: (&str, &str) = ("proc/meminfo", "MemTotal:        4194304 kB\nMemFree: 1 kB\n");

    fn found(files: &[(&str, &str)]) -> Option<(u64, MemorySource)> {
        let root = system(files);
        limit_below(root.path()).map(|limit| (limit.bytes, limit.source))
    }

    #[test]
    fn lowest_limit_of_a_group_and_its_parents_is_used() {
        let v2 = [
            MACHINE,
            ("proc/self/cgroup", "0::/system.slice/daypass.service\n"),
            ("sys/fs/cgroup/system.slice/memory.max", "268435456\n"),
            ("sys/fs/cgroup/system.slice/daypass.service/memory.max", "max\n"),
        ];
        assert_eq!(found(&v2), Some((268_435_456, MemorySource::Cgroup)));
        let container = [MACHINE, ("proc/self/cgroup", "0::/\n"), ("sys/fs/cgroup/memory.max", "134217728\n")];
        assert_eq!(found(&container), Some((134_217_728, MemorySource::Cgroup)));
        let outside = [MACHINE, ("proc/self/cgroup", "0::/../x\n"), ("sys/fs/cgroup/memory.max", "134217728\n")];
        assert_eq!(found(&outside), Some((134_217_728, MemorySource::Cgroup)));
    }

    #[test]
    fn limit_of_cgroup_v1_is_read() {
        let v1 = [
            MACHINE,
            ("proc/self/cgroup", "5:cpu,cpuacct:/docker/a\n4:memory:/docker/a\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "536870912\n"),
        ];
        assert_eq!(found(&v1), Some((536_870_912, MemorySource::Cgroup)));
        let unlimited = [v1[0], v1[1], ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n")];
        assert_eq!(found(&unlimited), Some((4_294_967_296, MemorySource::Machine)));
    }

    #[test]
    fn machine_without_these_files_has_no_known_limit() {
        assert_eq!(found(&[]), None);
        assert_eq!(found(&[MACHINE]), Some((4_294_967_296, MemorySource::Machine)));
    }
}
