//! What differs between systems, and the only room that names one: modes and owners of files,
//! locks of folders, signals, process groups, core dumps, clocks, terminals. Each system has every
//! function; where it has no such thing, its function says what takes its place.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;
/// The part of Windows that only Windows has.
#[cfg(windows)]
mod windows_api;

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

pub(crate) use system::{
    StopSignalStream, boot_id_file, check_access, check_free_descriptors, detach,
    disable_core_dumps, display_variables, interrupt, is_on_network, milliseconds_since_boot,
    open_folder_lock, private_file, private_file_without_links, private_folder, read_key,
    row_count, shared_permissions, sync_folder, with_large_stack, without_waiting,
};

/// Why a file or folder is not its user's alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    windows,
    allow(dead_code, reason = "only Unix has owners and modes to check")
)]
pub(crate) enum AccessFault {
    NotOwned,
    InsecureMode(u32),
}

/// A request of a person or of the system to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SystemSignal {
    Interrupt,
    Terminate,
    HangUp,
}

/// Compiles the functions of Windows on other systems, with stand-ins for what only Windows has, so
/// that a change of this room that breaks them is found without a Windows machine.
#[cfg(all(test, not(windows)))]
#[allow(dead_code, reason = "nothing calls them here")]
mod windows_check {
    use super::{AccessFault, SystemSignal};

    #[path = "../windows.rs"]
    mod windows;
    mod windows_api;

    #[test]
    fn the_functions_of_windows_that_need_no_windows_work() {
        use std::path::Path;
        // Prefixes are read on Windows only.
        assert!(!windows::is_on_network(Path::new("/")).unwrap());
        assert_eq!(windows::with_large_stack(|| 7).unwrap(), 7);
        assert_eq!(windows::boot_id_file(), None);
        assert_eq!(windows::milliseconds_since_boot(), None);
    }
}
