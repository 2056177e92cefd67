//! Exports: programs are run against the sandbox, and everything else is imported again.

mod program_secrets;
mod programs;
mod round_trip;
mod workshop;

/// Everything with `INGAM_MEASURE=1`, a tenth otherwise.
fn is_whole() -> bool {
    std::env::var_os("INGAM_MEASURE").is_some()
}
