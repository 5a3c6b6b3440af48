//! Sets `cfg(daypass_portable)` if the environment variable `DAYPASS_PORTABLE` is set. The build then uses only code that
//! runs on every operating system, so that this code can be tested on Linux.

fn main() {
    println!("cargo::rerun-if-env-changed=DAYPASS_PORTABLE");
    println!("cargo::rustc-check-cfg=cfg(daypass_portable)");
    if std::env::var_os("DAYPASS_PORTABLE").is_some() {
        println!("cargo::rustc-cfg=daypass_portable");
    }
}
