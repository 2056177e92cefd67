//! A disk that is full, read-only or broken, at every write of a renewal: the old or the new record
//! is readable, never neither.

use super::figure;
use super::kills::{RefreshBench, has_strace, system_calls};

const WRITES: &str = "write,writev,pwrite64,openat,fsync,fdatasync,ftruncate,rename,renameat,renameat2,unlink,unlinkat,mkdir";

#[test]
fn a_disk_that_fails_leaves_the_old_or_the_new_record() {
    if !has_strace() {
        return;
    }
    let bench = RefreshBench::new();
    let trace = bench.workspace.folder.path().join("trace");
    let filter = format!("trace={WRITES}");
    assert!(
        bench
            .helper(&["-qq", "-e", &filter, "-o", trace.to_str().unwrap()])
            .status
            .success()
    );
    let calls = system_calls(&trace);
    let (mut tries, mut lost) = (0, 0);
    let stride = if super::scaled(10) == 10 { 1 } else { 4 };
    for error in ["ENOSPC", "EIO", "EROFS"] {
        for (name, count) in calls.iter().step_by(stride) {
            let inject = format!("inject={name}:error={error}:when={count}");
            bench.helper(&["-qq", "-e", &inject, "-o", "/dev/null"]);
            let record = bench.record();
            assert!(
                record.is_some_and(|record| record.current.is_some()),
                "{error} at {name} {count}: no record"
            );
            tries += 1;
            lost += usize::from(bench.is_lost(&format!("{error} at {name} {count}")));
        }
    }
    figure(&format!(
        "{tries} failed writes (ENOSPC, EIO, EROFS at each of {}): a record is always readable, {lost} tokens lost",
        calls.len()
    ));
    assert_eq!(lost, 0, "one failed write costs no token");
}
