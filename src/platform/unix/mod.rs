//! Linux, macOS and other Unix systems.

mod files;
mod process;
mod signals;
mod terminal;

pub(crate) use files::{
    check_access, is_on_network, open_folder_lock, private_file, private_file_without_links,
    private_folder, shared_permissions, sync_folder, without_waiting,
};
pub(crate) use process::{
    boot_id_file, check_free_descriptors, detach, disable_core_dumps, display_variables, interrupt,
    milliseconds_since_boot, with_large_stack,
};
pub(crate) use signals::StopSignalStream;
pub(crate) use terminal::{read_key, row_count};
