//! What is known of a signature.

use super::catalogue::MistakeCode;
use super::difference::TextDifference;
use super::observation::RequestObservation;
use super::variation::Claim;
use crate::sign::SignTrace;

/// What is known of a signature.
pub struct SignatureDiagnosis {
    pub verdict: SignatureVerdict,
    /// What the request shows by itself, each of them certain; a right signature can have some, such
    /// as a time that is too old.
    pub observations: Vec<RequestObservation>,
    /// How the right signature is made; with secrets in it, so that it must be redacted before it is
    /// shown.
    pub trace: Option<SignTrace>,
    /// The steps whose results are in the request, with what was sent. Redact before it is shown.
    pub sent_steps: Vec<SentStep>,
    /// Where the text that was to be signed differs from that of the other program or the server.
    pub differences: Vec<TextComparison>,
    /// How many signatures were computed.
    pub tried: usize,
    /// What was not tried, and why; sentences.
    pub left_out: Vec<String>,
    /// What remains when nothing was found, the likeliest first; sentences.
    pub suspects: Vec<String>,
}

/// The value of a step as it was sent.
pub struct SentStep {
    /// The id of the step.
    pub id: String,
    /// `query.sign`
    pub location: String,
    pub sent: String,
    /// What the scheme gives; `None` for a signature that differs each time.
    pub expected: Option<String>,
    pub is_right: bool,
}

/// A text that was given, beside the one that the scheme signs.
pub struct TextComparison {
    pub source: TextSource,
    /// The step whose text it is compared with.
    pub step: String,
    /// `None` when they are equal.
    pub difference: Option<TextDifference>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextSource {
    /// What the marketplace printed.
    Server,
    /// What the other program printed.
    Own,
}

pub enum SignatureVerdict {
    /// The signature is the one of this scheme and this account.
    Equal {
        account: String,
        /// Empty for a scheme without levels.
        level: String,
    },
    /// Each is proven, and only together they give what was sent.
    Mistakes(Vec<ProvenMistake>),
    /// The signature differs, and no variation gives what was sent.
    Different,
    /// Nothing could be compared; the reason, as a sentence.
    Unknown(String),
}

/// A mistake that gives exactly the signature that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenMistake {
    pub code: MistakeCode,
    /// Other mistakes that give the same bytes, so that nobody can tell which one it was.
    pub or: Vec<MistakeCode>,
    /// What was done, as a sentence without a full stop.
    pub text: String,
    pub way_out: String,
}

/// Why a signature is unknown although the credentials may be at hand.
pub(super) const NO_SIGNATURE: &str =
    "the signature is missing at the place that the scheme defines";
pub(super) const EMPTY_SIGNATURE: &str = "the signature is empty";
pub(super) const VARIABLE_SIGNATURE: &str =
    "a variable is in the place of the signature, and its value is not in the text";

impl SignatureDiagnosis {
    /// Whether the request has no signature that could be compared, with whatever key.
    #[must_use]
    pub(crate) fn lacks_signature(&self) -> bool {
        let reasons = [NO_SIGNATURE, EMPTY_SIGNATURE, VARIABLE_SIGNATURE];
        matches!(&self.verdict, SignatureVerdict::Unknown(reason) if reasons.contains(&reason.as_str()))
    }

    pub(super) fn unknown(reason: String) -> Self {
        Self {
            verdict: SignatureVerdict::Unknown(reason),
            observations: Vec::new(),
            trace: None,
            sent_steps: Vec::new(),
            differences: Vec::new(),
            tried: 0,
            left_out: Vec::new(),
            suspects: Vec::new(),
        }
    }
}

pub(super) enum Found {
    Equal,
    Mistakes(Vec<ProvenMistake>),
    Nothing,
}

/// A mistake by its claim.
pub(super) fn proven(claim: &Claim, or: Vec<MistakeCode>) -> ProvenMistake {
    ProvenMistake {
        code: claim.code,
        or,
        text: claim.text.clone(),
        way_out: claim.code.way_out().to_owned(),
    }
}
