//! What a file of another program says, whatever its format: requests in folders, their variables,
//! examples and checks, and what could not be taken over.

mod foreign_text;

pub(crate) use foreign_text::{ForeignPiece, ForeignText, has_mark};

use crate::method::Method;
use crate::value::Value;

/// A file of another program.
#[derive(Clone, Debug, Default)]
pub(crate) struct ImportedCollection {
    pub(crate) title: Option<String>,
    pub(crate) variables: Vec<CollectionVariable>,
    pub(crate) requests: Vec<CollectionRequest>,
    pub(crate) losses: Vec<ImportLoss>,
}

/// A variable and its value; without one it is set elsewhere.
#[derive(Clone, Debug)]
pub(crate) struct CollectionVariable {
    pub(crate) name: String,
    pub(crate) value: Option<ForeignText>,
    pub(crate) is_secret: bool,
    /// What a reader should know of its value.
    pub(crate) remark: Option<String>,
}

impl CollectionVariable {
    #[must_use]
    pub(super) fn new(name: impl Into<String>, value: Option<ForeignText>) -> Self {
        Self {
            name: name.into(),
            value,
            is_secret: false,
            remark: None,
        }
    }
}

/// One request of a file.
#[derive(Clone, Debug)]
pub(crate) struct CollectionRequest {
    /// Where it stands, such as `item[3].item[0]` or `line 12`.
    pub(crate) place: String,
    pub(crate) folders: Vec<String>,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) method: Method,
    /// The whole address, without query and fragment.
    pub(crate) address: ForeignText,
    pub(crate) query: Vec<CollectionField>,
    pub(crate) headers: Vec<CollectionField>,
    pub(crate) body: CollectionBody,
    pub(crate) auth: CollectionAuth,
    /// Its own, before those of the file.
    pub(crate) variables: Vec<CollectionVariable>,
    pub(crate) examples: Vec<CollectionExample>,
    /// Subject and expectation, as in `assert`.
    pub(crate) assertions: Vec<(String, Value)>,
    /// Name and subject, as in `capture`.
    pub(crate) captures: Vec<(String, String)>,
    /// Comments for the file.
    pub(crate) remarks: Vec<String>,
    pub(crate) follows_redirects: bool,
    pub(crate) losses: Vec<ImportLoss>,
}

impl CollectionRequest {
    #[must_use]
    pub(super) fn new(place: impl Into<String>, method: Method, address: ForeignText) -> Self {
        Self {
            place: place.into(),
            folders: Vec::new(),
            name: String::new(),
            description: None,
            method,
            address,
            query: Vec::new(),
            headers: Vec::new(),
            body: CollectionBody::None,
            auth: CollectionAuth::None,
            variables: Vec::new(),
            examples: Vec::new(),
            assertions: Vec::new(),
            captures: Vec::new(),
            remarks: Vec::new(),
            follows_redirects: false,
            losses: Vec::new(),
        }
    }

    pub(super) fn lose(&mut self, what: impl Into<String>) {
        self.losses.push(ImportLoss {
            place: self.place.clone(),
            what: what.into(),
        });
    }
}

/// A parameter, header or form field.
#[derive(Clone, Debug)]
pub(crate) struct CollectionField {
    pub(crate) name: String,
    /// `None` for a parameter without `=`.
    pub(crate) value: Option<ForeignText>,
    pub(crate) is_disabled: bool,
    pub(crate) remark: Option<String>,
}

impl CollectionField {
    #[must_use]
    pub(crate) fn new(name: impl Into<String>, value: ForeignText) -> Self {
        Self {
            name: name.into(),
            value: Some(value),
            is_disabled: false,
            remark: None,
        }
    }
}

/// The body of a request.
#[derive(Clone, Debug)]
pub(crate) enum CollectionBody {
    None,
    /// As it was typed; JSON is recognised later.
    Text {
        text: ForeignText,
        /// The type that its program sends where the headers name none.
        media_type: Option<String>,
    },
    /// Made from a schema; its texts hold no variables.
    Json(Value),
    Form(Vec<CollectionField>),
    Multipart(Vec<CollectionPart>),
    /// The path as it was written.
    File(String),
}

/// A part of a multipart body.
#[derive(Clone, Debug)]
pub(crate) struct CollectionPart {
    pub(crate) name: String,
    pub(crate) content: CollectionPartContent,
    pub(crate) filename: Option<String>,
    pub(crate) media_type: Option<String>,
    pub(crate) is_disabled: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum CollectionPartContent {
    Text(ForeignText),
    /// The path as it was written; it may be empty.
    File(String),
}

/// How a request says who sends it, besides its headers.
#[derive(Clone, Debug)]
pub(crate) enum CollectionAuth {
    None,
    Bearer(ForeignText),
    Basic {
        user: ForeignText,
        password: ForeignText,
    },
    Key {
        name: String,
        value: ForeignText,
        is_in_query: bool,
    },
    /// One that is not imported, by its name.
    Other(String),
}

/// A response that was saved with a request.
#[derive(Clone, Debug)]
pub(crate) struct CollectionExample {
    pub(crate) name: String,
    pub(crate) status: Option<u16>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: ExampleBody,
}

#[derive(Clone, Debug)]
pub(crate) enum ExampleBody {
    None,
    Text(String),
    Base64(String),
}

/// What was not imported, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ImportLoss {
    pub(crate) place: String,
    pub(crate) what: String,
}
