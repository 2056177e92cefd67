//! A response as assertions see it. Its body is read as JSON at most once, and only if a subject
//! needs it. Every text of it passes through the redactor that `with_redaction` was given.

use super::actual_value::ActualValue;
use super::show::ValueFormatter;
use crate::diagnostic::{did_you_mean, join_names, pluralize};
use crate::jsonpath::{DeadEnd, JsonPath, MissingChild, PathMatches};
use crate::model::assertion::Subject;
use crate::model::conversion::Conversion;
use crate::value::{JsonError, JsonKind, JsonRef, Value};
use crate::wire::WireResponse;
use crate::xml::{XPath, XPathDeadEnd, XPathFound, XmlDocument};
use jiff::Timestamp;
use std::cell::OnceCell;

/// One response, ready to be judged.
pub struct ResponseView<'a> {
    response: &'a WireResponse,
    status: Value,
    formatter: ValueFormatter<'a>,
    /// The body as XML, read at most once.
    xml: OnceCell<Result<XmlDocument<'a>, String>>,
    /// A name that stands twice inside of a value counts as well, not only one on the way to it.
    looks_inside: bool,
}

/// Where a value lies that is made from a response, while it is judged.
#[derive(Default)]
pub(super) struct MadeValue(OnceCell<Value>);

/// The values of a header or a cookie, of which a response can send several.
fn one_or_repeated<'r>(values: impl Iterator<Item = &'r str>) -> ActualValue<'r> {
    let values: Vec<&str> = values.collect();
    match values.as_slice() {
        [] => ActualValue::Absent,
        [one] => ActualValue::Header(one),
        _ => ActualValue::RepeatedHeader(values),
    }
}

/// Why a subject cannot be read, and the value that is there instead.
pub(super) struct SubjectError {
    pub(super) reason: String,
    pub(super) actual: String,
}

impl<'a> ResponseView<'a> {
    #[must_use]
    pub fn new(response: &'a WireResponse) -> Self {
        Self {
            response,
            status: Value::from(i64::from(response.status)),
            formatter: ValueFormatter::default(),
            xml: OnceCell::new(),
            looks_inside: true,
        }
    }

    /// Every text of a failure passes through `hide` while it is still whole, because a shortened
    /// secret is none that could be recognised.
    #[must_use]
    pub fn with_redaction(self, hide: &'a dyn Fn(&str) -> String) -> Self {
        Self {
            formatter: ValueFormatter::redacting(hide),
            ..self
        }
    }

    /// For the rules of a scheme: they look at the members that they name, and a response is not
    /// refused for a name that stands twice elsewhere.
    pub(super) fn for_scheme_rules(&self) -> Self {
        Self {
            response: self.response,
            status: self.status.clone(),
            formatter: self.formatter,
            xml: OnceCell::new(),
            looks_inside: false,
        }
    }

    #[must_use]
    pub fn status(&self) -> u16 {
        self.response.status
    }

    /// When the response was made: when it was recorded, or received.
    pub(super) fn made_at(&self) -> Option<Timestamp> {
        Timestamp::from_millisecond(self.response.made_at_ms?).ok()
    }

    /// A value that `as` does not convert. A token that is no JWT is a secret all the same.
    pub(super) fn describe_unconverted(
        &self,
        actual: &ActualValue<'_>,
        conversions: &[Conversion],
    ) -> String {
        if conversions.iter().any(Conversion::reads_token) {
            return "a value of a token (not shown)".to_owned();
        }
        match actual.to_value() {
            Some(value) => self.formatter.with_type(&value),
            None => "nothing".to_owned(),
        }
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// When it is not JSON.
    pub(crate) fn json(&self) -> Result<JsonRef<'_>, &JsonError> {
        self.response.json()
    }

    pub(super) fn formatter(&self) -> ValueFormatter<'a> {
        self.formatter
    }

    /// The part of the response that a subject names. What is not a part of it but made from it, such
    /// as the text of a node of XML, lies in `made`.
    pub(super) fn select<'s>(
        &'s self,
        subject: &Subject,
        made: &'s MadeValue,
    ) -> Result<ActualValue<'s>, SubjectError> {
        match subject {
            Subject::Status => Ok(ActualValue::Json((&self.status).into())),
            Subject::Latency => Ok(ActualValue::Latency(self.response.latency)),
            Subject::Body => match self.response.text() {
                Ok(text) => Ok(ActualValue::Text(text)),
                Err(error) => Err(self.unreadable_body(format!("the body is not text: {error}"))),
            },
            Subject::Bytes => Ok(ActualValue::Bytes(self.response.bytes())),
            Subject::Header(name) => Ok(self.header(name)),
            Subject::Cookie(name) => Ok(one_or_repeated(self.response.cookies(name))),
            Subject::Path(path) => self.path(path),
            Subject::XPath(path) => self.xpath(path, made),
        }
    }

    /// The last text that a path finds in an XML body, or `None` where it finds none. For a token,
    /// which must be kept of a response whatever else is wrong with it.
    pub(crate) fn last_xml_text(&self, path: &XPath) -> Option<String> {
        path.texts(self.xml().ok()?).ok()?.pop()
    }

    fn xpath<'s>(
        &'s self,
        path: &XPath,
        made: &'s MadeValue,
    ) -> Result<ActualValue<'s>, SubjectError> {
        let document = self
            .xml()
            .map_err(|reason| self.unreadable_body(reason.to_owned()))?;
        let found = path.find(document).map_err(|error| {
            let body = self.unreadable_body(self.formatter.sentence(&error.to_string()));
            // The whole document says nothing that the reason does not.
            SubjectError {
                actual: format!("XML of {}", pluralize(self.response.body().len(), "byte")),
                ..body
            }
        })?;
        Ok(match found {
            XPathFound::Nothing => ActualValue::Absent,
            XPathFound::One(value) => ActualValue::Json(made.0.get_or_init(|| value).into()),
            XPathFound::List(values) => {
                let list = made.0.get_or_init(|| Value::List(values));
                ActualValue::NodeList(JsonRef::from(list).children().collect())
            }
        })
    }

    /// The body as XML, or why it is none.
    fn xml(&self) -> Result<&XmlDocument<'a>, &str> {
        let xml = self.xml.get_or_init(|| {
            let response = self.response;
            let text = response
                .text()
                .map_err(|error| format!("the body is not text: {error}"))?;
            XmlDocument::parse(text).map_err(|error| self.not_what_it_should_be(&error))
        });
        xml.as_ref().map_err(String::as_str)
    }

    fn header(&self, name: &str) -> ActualValue<'_> {
        let named = self
            .response
            .headers
            .iter()
            // RFC 9110, section 5.1: field names are case-insensitive.
            .filter(|(key, _)| key.eq_ignore_ascii_case(name));
        one_or_repeated(named.map(|(_, value)| value.as_str()))
    }

    fn path(&self, path: &JsonPath) -> Result<ActualValue<'_>, SubjectError> {
        let root = self
            .json()
            .map_err(|error| self.unreadable_body(self.not_what_it_should_be(error)))?;
        let found = if self.looks_inside {
            path.find(root)
        } else {
            path.find_outside(root)
        };
        match found {
            Ok(PathMatches::One(found)) => Ok(found.map_or(ActualValue::Absent, ActualValue::Json)),
            // An empty list where there is no list at all would let `none` and `length: 0` hold for
            // a path with a typing mistake.
            Ok(PathMatches::Many(found)) if found.is_empty() && path.dead_end(root).is_some() => {
                Ok(ActualValue::Absent)
            }
            Ok(PathMatches::Many(found)) => Ok(ActualValue::NodeList(found)),
            Err(error) => Err(SubjectError {
                reason: self.formatter.text(&error.to_string()),
                actual: self.formatter.with_type(root),
            }),
        }
    }

    /// That the body is no JSON or no XML. The content type is named if it says something else.
    fn not_what_it_should_be(&self, error: &(dyn std::error::Error + 'static)) -> String {
        let wanted = if error.is::<JsonError>() {
            "json"
        } else {
            "xml"
        };
        let kind = match self.response.content_type() {
            Some(kind) if !kind.contains(wanted) => {
                format!("; its content-type is `{}`", self.formatter.text(kind))
            }
            _ => String::new(),
        };
        if self.response.body().is_empty() {
            format!("the body is empty{kind}")
        } else {
            format!("the body is {error}{kind}")
        }
    }

    fn unreadable_body(&self, why: String) -> SubjectError {
        let body = match self.response.decoded_body() {
            Ok(text) => String::from_utf8_lossy(text),
            Err(_) => String::from_utf8_lossy(self.response.body()),
        };
        SubjectError {
            reason: why,
            actual: if body.is_empty() {
                "no body".to_owned()
            } else {
                self.formatter.text(&body)
            },
        }
    }

    /// Whether the response has the subject, or cannot be read there.
    pub(crate) fn has(&self, subject: &Subject) -> bool {
        let made = MadeValue::default();
        !matches!(self.select(subject, &made), Ok(ActualValue::Absent))
    }

    /// How many elements a path finds: those of a list, or of the list at a path for one value.
    /// `None` if there is no list, `Some(0)` also for `null`.
    pub(crate) fn count(&self, path: &JsonPath) -> Option<usize> {
        match self.path(path).ok()? {
            ActualValue::NodeList(found) => Some(found.len()),
            ActualValue::Json(value) if value.is_null() => Some(0),
            ActualValue::Json(value) => value.as_list().map(Iterator::count),
            _ => None,
        }
    }

    /// A hint about a subject that is missing: a similar name, or the place where its path ends.
    pub(crate) fn missing_hint(&self, subject: &Subject) -> Option<String> {
        match subject {
            Subject::Header(name) => {
                let known = self.response.headers.iter().map(|(key, _)| key.as_str());
                // Without a similar name the hint would list all headers of the response.
                did_you_mean(name, known).filter(|hint| hint.starts_with("did you mean"))
            }
            Subject::Path(path) => path
                .dead_end(self.json().ok()?)
                .map(|end| self.dead_end_hint(&end)),
            Subject::XPath(path) => path
                .dead_end(self.xml().ok()?)
                .map(|end| self.missing_element_hint(&end)),
            Subject::Cookie(name) => {
                let known = self.response.all_cookies().map(|(name, _)| name);
                did_you_mean(name, known).filter(|hint| hint.starts_with("did you mean"))
            }
            _ => None,
        }
    }

    fn missing_element_hint(&self, end: &XPathDeadEnd) -> String {
        let (path, missing) = (
            self.formatter.text(&end.path),
            self.formatter.text(&end.missing),
        );
        if let Some(position) = end.position {
            return format!("`{path}` has no {missing}[{position}], because it has fewer of them");
        }
        let present: Vec<String> = end
            .present
            .iter()
            .map(|name| self.formatter.text(name))
            .collect();
        let local = missing.rsplit(':').next().unwrap_or(&missing);
        format!(
            "`{path}` has no element `{missing}`; {}",
            Self::names_hint(local, &present)
        )
    }

    fn dead_end_hint(&self, end: &DeadEnd<'_>) -> String {
        let path = self.formatter.text(&end.path);
        match (end.missing, end.node.kind()) {
            (MissingChild::Name(name), JsonKind::Object) => {
                format!(
                    "`{path}` has no member `{}`; {}",
                    self.formatter.text(name),
                    self.members_hint(name, end.node)
                )
            }
            (MissingChild::Index(index), JsonKind::List) => {
                let len = end.node.children().count();
                let plural = if len == 1 { "" } else { "s" };
                format!("`{path}` has {len} element{plural}, so there is no [{index}]")
            }
            _ => format!("`{path}` is {}", self.formatter.with_type(end.node)),
        }
    }

    /// The most similar member, or all members if they are few.
    fn members_hint(&self, name: &str, object: JsonRef<'_>) -> String {
        let names: Vec<String> = object
            .members()
            .map(|(key, _)| self.formatter.text(&key))
            .collect();
        Self::names_hint(name, &names)
    }

    /// The most similar name, or all of them if they are few.
    fn names_hint(name: &str, names: &[String]) -> String {
        const FEW: usize = 8;
        let names = || names.iter().map(String::as_str);
        // Only a similar name: lists are made below, where they are short.
        let meant = did_you_mean(name, names()).filter(|hint| hint.starts_with("did you mean"));
        meant.unwrap_or_else(|| match names().count() {
            0 => "it is empty".to_owned(),
            1..=FEW => format!("it has {}", join_names(names(), "and")),
            many => format!("it has {many} others"),
        })
    }
}
