//! Modes, owners and kinds of files.

use crate::platform::AccessFault;
use rustix::fs::OFlags;
use std::fs::{DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io::Result;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// A new file can be read by its user only. The mode is part of open(2): with a chmod afterwards
/// others could open the file in between.
pub(crate) fn private_file(options: &mut OpenOptions) {
    options.mode(0o600);
}

/// The same, and neither a link nor a pipe is opened. A link in this place could make this process
/// read or overwrite another file, and to open a pipe would block.
pub(crate) fn private_file_without_links(options: &mut OpenOptions) {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    options.mode(0o600).custom_flags(flags.bits().cast_signed());
}

/// To open a named pipe blocks until somebody writes into it. To ask for its kind before would not
/// help: the file could be replaced in between.
pub(crate) fn without_waiting(options: &mut OpenOptions) {
    options.custom_flags(OFlags::NONBLOCK.bits().cast_signed());
}

/// A new folder, and its missing parents, are for its user only.
pub(crate) fn private_folder(builder: &mut DirBuilder) {
    builder.mode(0o700);
}

/// Those of a new file that is not private; the umask still applies to them.
#[expect(clippy::unnecessary_wraps, reason = "other systems have none")]
pub(crate) fn shared_permissions() -> Option<Permissions> {
    Some(Permissions::from_mode(0o666))
}

/// A name is durable when its folder is.
///
/// # Errors
/// When the folder cannot be synced.
pub(crate) fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder)?.sync_all()
}

/// # Errors
/// If the file belongs to another user, or others can read or change it.
pub(crate) fn check_access(metadata: &Metadata) -> std::result::Result<(), AccessFault> {
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(AccessFault::NotOwned);
    }
    match metadata.mode() & 0o777 {
        // The lower six bits are the rights of the group and of all others. None may be set.
        mode if mode.trailing_zeros() >= 6 => Ok(()),
        mode => Err(AccessFault::InsecureMode(mode)),
    }
}

/// Whether kernel locks of two machines do not see each other there; by the magic numbers of
/// statfs(2).
///
/// # Errors
/// If the file system cannot be asked: a folder whose file system is not known must not count as a
/// local disk.
#[cfg(target_os = "linux")]
pub(crate) fn is_on_network(folder: &Path) -> Result<bool> {
    // NFS, SMB, CIFS, SMB2, 9P and Coda. FUSE and Ceph are not in the list: the number of FUSE says
    // nothing about what is behind it, and Ceph has locks that hold between machines.
    const NETWORK: [u32; 6] = [
        0x6969,
        0x517b,
        0xff53_4d42,
        0xfe53_4d42,
        0x0102_1997,
        0x7375_7245,
    ];
    let stat = rustix::fs::statfs(folder)?;
    // The width of the number is the system's; these 32 bits are all that is used of it.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the magic numbers have 32 bits"
    )]
    let kind = stat.f_type as u32;
    Ok(NETWORK.contains(&kind))
}

/// The same, by `MNT_LOCAL` of statfs(2).
///
/// # Errors
/// If the file system cannot be asked.
#[cfg(target_vendor = "apple")]
pub(crate) fn is_on_network(folder: &Path) -> Result<bool> {
    const MNT_LOCAL: u32 = 0x0000_1000;
    Ok(rustix::fs::statfs(folder)?.f_flags & MNT_LOCAL == 0)
}

/// Other systems are not asked.
///
/// # Errors
/// Never.
#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
pub(crate) fn is_on_network(_: &Path) -> Result<bool> {
    Ok(false)
}

/// The folder itself is locked, so that no lock file stands in a folder that people commit.
///
/// # Errors
/// If it cannot be opened.
pub(crate) fn open_folder_lock(folder: &Path) -> Result<File> {
    File::open(folder)
}
