//! Names that no marketplace uses, so that the sandbox can speak for itself.

/// Every path below it is a control of the sandbox.
pub(crate) const CONTROL_PATH: &str = "/.ingam/";

/// The header of a response to a request that was verified, but for which nothing is recorded.
pub const NO_RECORDING: &str = "x-ingam-no-recording";
/// The header of a recorded response: when it was recorded, in Unix milliseconds.
pub(crate) const RECORDED_AT: &str = "x-ingam-recorded-ms";
/// The value of [`NO_RECORDING`] if a recording of the request would help.
pub(crate) const NOT_RECORDED: &str = "not-recorded";
/// The header that holds the key of the controls.
pub(crate) const CONTROL_KEY_HEADER: &str = "x-ingam-control-key";
/// The header of a response that is made up: nothing is recorded for its request.
pub(crate) const SAMPLE: &str = "x-ingam-sample";
