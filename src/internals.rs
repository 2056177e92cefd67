//! What the binary, the integration tests and the benchmarks reach inside for. Everything else of
//! the crate is private, so that the compiler finds what nothing uses.

pub mod check {
    pub use crate::check::{ResponseOutcome, ResponseView, classify_response, judge};
}
pub mod cli {
    pub use crate::cli::{ExitStatus, command_line, run};
}
pub mod core_dump {
    pub use crate::core_dump::disable_core_dumps;
}
pub mod host {
    pub use crate::host::{
        ClockAndRng, ColorChoice, HostContext, OutputStream, RandomError, RandomSource,
    };
}
pub mod import {
    use crate::import::{ImportSource, read_requests};

    /// A request that was read: method, URL, headers, and body.
    pub type ReadRequest = (String, String, Vec<(String, String)>, Vec<u8>);

    /// The first request of a text, for tests and the fuzzer.
    ///
    /// # Errors
    /// The reason.
    pub fn read(
        text: &[u8],
        read_file: &dyn Fn(&str) -> Result<Vec<u8>, String>,
    ) -> Result<ReadRequest, String> {
        let source = ImportSource::new(text.to_vec()).map_err(|error| error.to_string())?;
        let read = read_requests(&source, read_file).map_err(|error| error.to_string())?;
        let first = read.into_iter().next().ok_or("there is no request")?;
        let url = format!("{}{}", first.origin.unwrap_or_default(), first.target);
        let method = first.method.name().to_owned();
        Ok((method, url, first.headers, first.body.to_vec()))
    }
}
pub mod jsonpath {
    use crate::jsonpath::{JsonPath, PathMatches};
    use crate::value::JsonDocument;
    use bytes::Bytes;

    /// How many values a path finds in a document, for the fuzzer; `None` when one of the two is
    /// malformed or the search ends early.
    #[must_use]
    pub fn count_matches(path: &str, document: &Bytes) -> Option<usize> {
        let path = JsonPath::parse(path).ok()?;
        let document = JsonDocument::parse(document).ok()?;
        Some(match path.find(document.root()).ok()? {
            PathMatches::One(found) => usize::from(found.is_some()),
            PathMatches::Many(found) => found.len(),
        })
    }
}
pub mod load {
    pub use crate::load::{
        LoadedWorkspace, RecordingFaults, SCHEMAS, all_schemes, load, schema_of,
    };
}
pub mod method {
    pub use crate::method::Method;
}
pub mod mistake {
    pub use crate::mistake::{
        KnownSecrets, MistakeCode, ProvenMistake, RequestObservation, SentStep, SignatureDiagnosis,
        SignatureVerdict, SuspectKind, SuspectRequest, TextComparison, TextDifference, TextSource,
        diagnose, first_difference,
    };
}
pub mod model {
    pub mod recording {
        pub use crate::model::recording::{
            RecordedBody, RecordedHeaders, RecordedOutcome, RecordedRequest, RecordedResponse,
            ResponseBody,
        };
    }
    pub mod request {
        pub use crate::model::request::{Step, WorkspaceFile, WorkspaceFileError};
    }
    pub mod scheme {
        pub use crate::model::scheme::{
            AuthorizeLink, CoveredPart, Level, RequestPart, Scheme, TokenRequest, Webhook,
        };
    }
}
pub mod platform {
    /// Runs a command on a stack that is large enough on every system.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn with_large_stack<T: Send + 'static>(
        work: impl FnOnce() -> T + Send + 'static,
    ) -> std::io::Result<T> {
        crate::platform::with_large_stack(work)
    }
}
pub mod recording {
    pub use crate::recording::RecordingReplay;
}
pub mod redact {
    pub use crate::redact::Redactor;
}
pub mod render {
    pub use crate::render::{
        BodyFiles, FreshValues, VariableLayer, VariableScope, render_draft, render_tree,
    };
}
pub mod renew {
    pub use crate::renew::{RefreshJob, RefreshKind, SchemeSource};
}
pub mod sandbox {
    pub use crate::sandbox::{
        ControlGuard, JournalLine, ListenOptions, NO_RECORDING, PortPlan, RequestJournal,
        SandboxOrigins, SandboxServer, test_account,
    };
}
pub mod secret {
    pub use crate::secret::Secret;
}
pub mod sign {
    pub use crate::sign::{
        NamedValues, ReceivedRequest, SealedRequest, SigningInputs, TestAccount, VerifierKeys,
        authorize_draft, choose_level, lint, run_vector, seal, sends_signature, token_draft,
        verify,
    };
}
pub mod snapshot {
    pub use crate::snapshot::SnapshotFile;
}
pub mod span {
    pub use crate::span::FileId;
}
pub mod tokens {
    pub use crate::tokens::{
        FamilyKey, FamilyLabel, FamilyRecord, PendingSplit, StoreConfig, StoreError, StoreKey,
        StoreLocation, TokenPair, TokenStore,
    };
}
pub mod transport {
    pub use crate::transport::{LiveTransport, NetworkPolicy, Route, SendLimits, TransportError};
}
pub mod value {
    pub use crate::value::{Number, ObjectMember, Value, parse};
}
pub mod wire {
    pub use crate::wire::{
        BaseUrl, Draft, DraftBody, DraftPart, WireRequest, WireResponse, encode_strict, parse_form,
    };
}
pub mod yaml {
    pub use crate::yaml::{has_same_reading, parse};
}
