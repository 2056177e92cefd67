//! One declared request, or a flow of them, as a file states it.

use crate::charset::Charset;
use crate::jsonpath::JsonPath;
pub(crate) use crate::method::Method;
use crate::model::assertion::Assertion;
use crate::model::capture::Capture;
use crate::model::lazy_regex::LazyRegex;
use crate::model::outcome::ExpectedOutcome;
use crate::model::pages::PageValue;
use crate::model::redact_rule::RedactRule;
use crate::model::repeat::{DEFAULT_ATTEMPTS, ForEach, RepeatMode};
use crate::model::scheme::Scheme;
use crate::model::secret_rules::SecretRules;
use crate::model::template::{Expression, Template, TemplateTree};
use crate::model::value_path::ValuePath;
use crate::span::Span;
use crate::value::CompactText;
use crate::wire::HostPattern;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The default timeout of one attempt.
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// A name with its place.
#[derive(Clone, Debug)]
pub struct SpannedName {
    pub name: String,
    pub at: Span,
}

/// A name and its value: a variable, a query parameter, a header, a form field.
#[derive(Clone, Debug)]
pub struct TemplateField {
    pub name: CompactText,
    pub name_at: Span,
    pub value: TemplateTree,
}

/// The `when` of a file or a step: one expression, which must give true or false.
#[derive(Clone, Debug)]
pub struct RunCondition {
    /// The key.
    pub at: Span,
    /// As written, without the braces.
    pub source: String,
    /// A template of this expression alone.
    pub value: TemplateTree,
}

/// One line of `cases` or `params`: an id and variables.
#[derive(Clone, Debug)]
pub struct CaseVariant {
    pub id: String,
    pub at: Span,
    pub vars: Vec<TemplateField>,
}

/// One file of `requests/`.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its path below `requests/` without the ending: `coupang/product_search`.
    pub name: String,
    /// The file itself.
    pub at: Span,
    pub account: Option<SpannedName>,
    pub tags: Vec<String>,
    /// Why it is left out.
    pub skip: Option<String>,
    /// Judged before fixtures are set up.
    pub when: Option<RunCondition>,
    pub vars: Vec<TemplateField>,
    /// The file runs once for each; without any, once.
    pub cases: Vec<CaseVariant>,
    /// The table of cases has a fault, so the names that cases define are not known.
    pub has_unread_cases: bool,
    /// Fixtures, by name.
    pub needs: Vec<SpannedName>,
    /// Rules for personal data in its responses, besides those of scheme and workspace.
    pub redact: Vec<RedactRule>,
    pub secret_rules: SecretRules,
    /// Cookies go back to the host that set them, from step to step.
    pub keeps_cookies: bool,
    /// One for a single request; several for a flow, all named.
    pub steps: Vec<Step>,
    /// Where the steps of other files stand in place. Empty once they are among `steps`.
    pub uses: Vec<StepUse>,
}

/// `{ use: flows/login }` among the steps of a flow.
#[derive(Clone, Debug)]
pub struct StepUse {
    /// The request file.
    pub file: SpannedName,
    /// What the names of its steps begin with, and the name of its captures.
    pub prefix: String,
    /// Variables that replace those of the file.
    pub vars: Vec<TemplateField>,
    pub account: Option<SpannedName>,
    /// So many steps of the flow stand before.
    pub position: usize,
}

/// The variables of steps that come from another file: these steps see no others of the flow.
#[derive(Clone, Debug)]
pub struct UsedScope {
    /// The request file.
    pub file: String,
    /// The name under which the flow sees the captures of these steps.
    pub prefix: String,
    pub at: Span,
    /// Of the file.
    pub vars: Vec<TemplateField>,
    /// Beside `use`; the flow's own variables are seen here.
    pub given: Vec<TemplateField>,
}

impl Request {
    /// Every call that it can make.
    pub fn calls(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().flat_map(Step::calls)
    }
}

/// One call.
#[derive(Clone, Debug)]
pub struct Step {
    /// Only in a flow.
    pub name: Option<String>,
    /// Its method key.
    pub at: Span,
    pub scheme: SpannedName,
    pub level: Option<SpannedName>,
    pub method: Method,
    /// The path as written; its literal text is kept as it is. With `external` one expression, whose
    /// value is the whole address.
    pub path: Template,
    /// Boxed: few steps have one.
    pub external: Option<Box<ExternalHosts>>,
    /// How many redirects are followed.
    pub redirects: u32,
    pub query: Vec<TemplateField>,
    pub headers: Vec<TemplateField>,
    pub body: RequestBody,
    pub expected_outcome: ExpectedOutcome,
    /// Where `ok` is written.
    pub ok_at: Option<Span>,
    pub assertions: Vec<Assertion>,
    pub captures: Vec<Capture>,
    /// Boxed: few steps have one.
    pub for_each: Option<Box<ForEach>>,
    /// Only in a flow; boxed for the same reason.
    pub when: Option<Box<RunCondition>>,
    /// As whom it is sent, in place of the account of the file.
    pub account: Option<SpannedName>,
    /// The step is one of another file.
    pub used: Option<Arc<UsedScope>>,
    pub repeat: RepeatMode,
    /// What `retry` says; see [`Step::max_attempts`].
    pub retry: Option<u32>,
    /// Where the step itself sets more than one attempt.
    pub retry_at: Option<Span>,
    /// Whether it only reads, if it says so.
    pub reads: Option<bool>,
    /// Why its path is none of those that the scheme is written for. Boxed: few steps say it.
    pub outside_paths: Option<Box<SpannedName>>,
    /// For one attempt.
    pub timeout: Duration,
    /// The largest response, in bytes, where the step says it.
    pub max_body: Option<u64>,
    /// Where the body of its response is written to. Boxed: few steps have one.
    pub output: Option<Box<OutputFile>>,
    /// Its response is compared with a stored one. Boxed: few steps have one.
    pub snapshot: Option<Box<Snapshot>>,
    /// Takes back what the step creates, when its fixture or its flow ends. Shared with what waits
    /// to be undone.
    pub undo: Option<Arc<UndoStep>>,
}

/// The call that takes back what a step created.
#[derive(Clone, Debug)]
pub struct UndoStep {
    pub step: Step,
    /// A response that fulfils this says that the thing is deleted already, which is a success.
    pub gone: Vec<Assertion>,
    /// How to find what was created when its response was lost.
    pub find: Option<LeftoverSearch>,
}

/// A list of things, and how one of this run is recognised.
#[derive(Clone, Debug)]
pub struct LeftoverSearch {
    pub step: Step,
    /// The things in the response.
    pub each: JsonPath,
    /// The text in a thing that holds the run's id.
    pub tag: JsonPath,
    /// What the undo uses of a thing: name → path in it.
    pub capture: Vec<(String, JsonPath)>,
}

/// The `external` key of a step: its address comes from a response, and leads to other hosts than
/// those of scheme and environment.
#[derive(Clone, Debug)]
pub struct ExternalHosts {
    pub at: Span,
    /// Which hosts.
    pub(crate) patterns: Vec<HostPattern>,
}

/// The `output` key of a step.
#[derive(Clone, Debug)]
pub struct OutputFile {
    pub at: Span,
    /// Below the folder of outputs; each template fills one segment.
    pub path: Template,
}

/// The `snapshot` key of a step.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub at: Span,
    /// The parts of the response that vary, besides those that the scheme masks.
    pub masks: Vec<SnapshotMask>,
    /// Lists whose elements may come in any order.
    pub unordered: Vec<JsonPath>,
}

/// What a snapshot leaves out.
#[derive(Clone, Debug)]
pub enum SnapshotMask {
    /// Of JSON or XML.
    Path(ValuePath),
    /// Of text that is not JSON.
    Pattern(LazyRegex),
}

/// The body of a request.
#[derive(Clone, Debug, Default)]
pub enum RequestBody {
    #[default]
    None,
    Json(TemplateTree),
    Form(Vec<TemplateField>),
    Multipart(Vec<MultipartField>),
    Text(TemplateTree),
    /// A body that names its encoding.
    Encoded(EncodedBody),
    /// A file inside the workspace.
    File(BodyFile),
}

/// A body that names its encoding.
#[derive(Clone, Debug)]
pub struct EncodedBody {
    pub content: EncodedContent,
    pub charset: Charset,
    pub at: Span,
}

impl EncodedBody {
    #[must_use]
    pub fn expressions(&self) -> Vec<&Expression> {
        match &self.content {
            EncodedContent::Text(tree) | EncodedContent::Xml(tree) => tree.expressions(),
            EncodedContent::Form(fields) => fields
                .iter()
                .flat_map(|field| field.value.expressions())
                .collect(),
        }
    }
}

#[derive(Clone, Debug)]
pub enum EncodedContent {
    Form(Vec<TemplateField>),
    Text(TemplateTree),
    /// The values of templates in it are escaped.
    Xml(TemplateTree),
}

/// A file that a request sends.
#[derive(Clone, Debug)]
pub enum BodyFile {
    Fixed(WorkspaceFile),
    /// Its path is made when the request is; variables that a person wrote are all that it sees.
    Named(Template),
}

/// One part of a multipart body; several may have one name.
#[derive(Clone, Debug)]
pub struct MultipartField {
    pub name: String,
    pub content: MultipartContent,
    /// Of a file without one, the name of the file.
    pub filename: Option<Template>,
    /// Of a file or JSON without one, the usual one.
    pub media_type: Option<String>,
}

#[derive(Clone, Debug)]
pub enum MultipartContent {
    Text(TemplateTree),
    Json(TemplateTree),
    File(BodyFile),
}

/// A file that a request sends; its path lies inside the workspace.
#[derive(Clone, Debug)]
pub struct WorkspaceFile {
    /// Relative to the root of the workspace.
    pub path: PathBuf,
    pub at: Span,
}

/// Why a file of the workspace cannot be used. The text follows "the file".
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceFileError {
    #[error("`{}` is outside the workspace", .0.display())]
    Outside(PathBuf),
    #[error("`{}` is a link to a place outside the workspace", .0.display())]
    LinkOutside(PathBuf),
    #[error("`{}` is hidden or in a hidden folder, where secrets may be stored", .0.display())]
    Hidden(PathBuf),
    #[error("`{}` is where ingam keeps credentials and tokens", .0.display())]
    Store(PathBuf),
    #[error("`{}` does not exist", .0.display())]
    NotFound(PathBuf),
    #[error("`{}` cannot be read: {error}", .path.display())]
    Unreadable {
        path: PathBuf,
        error: std::io::Error,
    },
}

impl Step {
    /// The level that the file names.
    #[must_use]
    pub(crate) fn level_name(&self) -> Option<&str> {
        self.level.as_ref().map(|level| level.name.as_str())
    }

    /// Whether it changes nothing: as it says itself, or else as its scheme says.
    #[must_use]
    pub(crate) fn is_read(
        &self,
        scheme: &Scheme,
        path: &str,
        query: impl FnOnce() -> Vec<(String, String)>,
    ) -> bool {
        self.reads
            .unwrap_or_else(|| scheme.is_read(self.method, path, query))
    }

    /// The most attempts of one call. A step that expects an error has one: its error is no reason
    /// to retry.
    #[must_use]
    pub fn max_attempts(&self, is_read: bool) -> u32 {
        // RFC 9110, section 9.2.1: a safe method changes nothing, so sending it twice does no harm.
        let usual = if is_read { DEFAULT_ATTEMPTS } else { 1 };
        if self.expected_outcome == ExpectedOutcome::Success {
            self.retry.unwrap_or(usual)
        } else {
            1
        }
    }

    /// Every call that it can make: its own, and those of its undo.
    pub fn calls(&self) -> impl Iterator<Item = &Self> {
        let undo = self.undo.iter().flat_map(|undo| {
            let find = undo.find.iter().map(|find| &find.step);
            find.chain([&undo.step])
        });
        std::iter::once(self).chain(undo)
    }

    /// Every expression of its templates, without those of its undo.
    #[must_use]
    pub fn expressions(&self) -> Vec<&Expression> {
        let mut all: Vec<&Expression> = self.path.expressions().collect();
        all.extend(
            self.output
                .iter()
                .flat_map(|output| output.path.expressions()),
        );
        all.extend(
            self.query
                .iter()
                .chain(&self.headers)
                .flat_map(|field| field.value.expressions()),
        );
        all.extend(self.body.expressions());
        let conditions = self.repeat.conditions().chain(&self.assertions);
        all.extend(conditions.flat_map(Assertion::expressions));
        if let RepeatMode::Pages(pages) = &self.repeat {
            all.extend(pages.values().flat_map(PageValue::expressions));
        }
        all.extend(self.when.iter().flat_map(|when| when.value.expressions()));
        let lists = self.for_each.iter();
        all.extend(lists.flat_map(|each| each.list.expressions()));
        all
    }
}

impl BodyFile {
    fn expressions(&self) -> Vec<&Expression> {
        match self {
            Self::Fixed(_) => Vec::new(),
            Self::Named(path) => path.expressions().collect(),
        }
    }
}

impl RequestBody {
    #[must_use]
    pub fn expressions(&self) -> Vec<&Expression> {
        match self {
            Self::Json(tree) | Self::Text(tree) => tree.expressions(),
            Self::Encoded(body) => body.expressions(),
            Self::Form(fields) => fields
                .iter()
                .flat_map(|field| field.value.expressions())
                .collect(),
            Self::Multipart(parts) => parts
                .iter()
                .flat_map(|part| {
                    let filename = part.filename.iter().flat_map(Template::expressions);
                    let content = match &part.content {
                        MultipartContent::Text(tree) | MultipartContent::Json(tree) => {
                            tree.expressions()
                        }
                        MultipartContent::File(file) => file.expressions(),
                    };
                    filename.chain(content)
                })
                .collect(),
            Self::File(file) => file.expressions(),
            Self::None => Vec::new(),
        }
    }

    /// Those that give a part of the body the name of a file.
    pub(crate) fn filename_expressions(&self) -> impl Iterator<Item = &Expression> {
        let parts = match self {
            Self::Multipart(parts) => parts.as_slice(),
            _ => &[],
        };
        let names = parts.iter().filter_map(|part| part.filename.as_ref());
        names.flat_map(Template::expressions)
    }

    /// Those that name a file.
    #[must_use]
    pub(crate) fn file_expressions(&self) -> Vec<&Expression> {
        match self {
            Self::File(file) => file.expressions(),
            Self::Multipart(parts) => parts
                .iter()
                .flat_map(|part| match &part.content {
                    MultipartContent::File(file) => file.expressions(),
                    MultipartContent::Text(_) | MultipartContent::Json(_) => Vec::new(),
                })
                .collect(),
            _ => Vec::new(),
        }
    }
}
