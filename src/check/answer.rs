//! An answer as assertions look at it. Its body is read as JSON at most once, and only when a subject asks for it; it
//! refuses to show anything that was not first given to `hiding`.

use super::actual::Actual;
use super::show::Show;
use crate::diagnostic::{did_you_mean, list_of};
use crate::jsonpath::{DeadEnd, Found, JsonPath, Missing};
use crate::model::assertion::Subject;
use crate::value::{JsonError, Member, Value};
use crate::wire::WireResponse;

/// One answer, ready to be judged.
pub struct Answer<'a> {
    response: &'a WireResponse,
    status: Value,
    show: Show<'a>,
}

/// Why a subject cannot be looked at, and what is there instead.
pub(super) struct Unseen {
    pub why: String,
    pub actual: String,
}

impl<'a> Answer<'a> {
    #[must_use]
    pub fn new(response: &'a WireResponse) -> Self {
        Self { response, status: Value::from(i64::from(response.status)), show: Show::default() }
    }

    /// Every text of a failure passes through `hide` while it is still whole, because a shortened secret is none that could
    /// be recognised.
    #[must_use]
    pub fn hiding(self, hide: &'a dyn Fn(&str) -> String) -> Self {
        Self { show: Show::hiding(hide), ..self }
    }

    #[must_use]
    pub fn status(&self) -> u16 {
        self.response.status
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// When it is not JSON.
    pub fn json(&self) -> Result<&Value, &JsonError> {
        self.response.json()
    }

    pub(super) fn show(&self) -> Show<'a> {
        self.show
    }

    /// The part of the answer that a subject names.
    pub(super) fn look(&self, subject: &Subject) -> Result<Actual<'_>, Unseen> {
        match subject {
            Subject::Status => Ok(Actual::Json(&self.status)),
            Subject::Latency => Ok(Actual::Latency(self.response.latency)),
            Subject::Body => match std::str::from_utf8(self.response.body()) {
                Ok(text) => Ok(Actual::Text(text)),
                Err(_) => Err(self.unseen("the body is not UTF-8, so it cannot be compared as text".to_owned())),
            },
            Subject::Header(name) => Ok(self.header(name)),
            Subject::Path(path) => self.path(path),
        }
    }

    fn header(&self, name: &str) -> Actual<'_> {
        let named = self.response.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        let values: Vec<&str> = named.map(|(_, value)| value.as_str()).collect();
        match values.as_slice() {
            [] => Actual::Nothing,
            [one] => Actual::Header(one),
            _ => Actual::Headers(values),
        }
    }

    fn path(&self, path: &JsonPath) -> Result<Actual<'_>, Unseen> {
        let root = self.json().map_err(|error| self.unseen(self.not_json(error)))?;
        match path.find(root) {
            Ok(Found::One(found)) => Ok(found.map_or(Actual::Nothing, Actual::Json)),
            Ok(Found::Many(found)) => Ok(Actual::Found(found)),
            Err(overrun) => Err(Unseen { why: overrun.to_string(), actual: self.show.value(root) }),
        }
    }

    fn not_json(&self, error: &JsonError) -> String {
        let kind = match self.response.header("content-type") {
            Some(kind) if !kind.contains("json") => format!("; its content-type is `{}`", self.show.text(kind)),
            _ => String::new(),
        };
        if self.response.body().is_empty() { format!("the body is empty{kind}") } else { format!("the body is {error}{kind}") }
    }

    fn unseen(&self, why: String) -> Unseen {
        let body = String::from_utf8_lossy(self.response.body());
        Unseen { why, actual: if body.is_empty() { "no body".to_owned() } else { self.show.text(&body) } }
    }

    /// What might be meant by a subject that is not there.
    pub(super) fn missing(&self, subject: &Subject) -> Option<String> {
        match subject {
            Subject::Header(name) => {
                let known = self.response.headers.iter().map(|(key, _)| key.as_str());
                did_you_mean(name, known).filter(|hint| hint.starts_with("did you mean"))
            }
            Subject::Path(path) => path.dead_end(self.json().ok()?).map(|end| self.lacking(&end)),
            _ => None,
        }
    }

    fn lacking(&self, end: &DeadEnd<'_>) -> String {
        let path = self.show.text(&end.path);
        match (end.missing, end.node) {
            (Missing::Name(name), Value::Object(members)) => {
                format!("`{path}` has no member `{}`; {}", self.show.text(name), self.members(name, members))
            }
            (Missing::Index(index), Value::List(items)) => {
                let plural = if items.len() == 1 { "" } else { "s" };
                format!("`{path}` has {} element{plural}, so there is no [{index}]", items.len())
            }
            (_, node) => format!("`{path}` is {}", self.show.value(node)),
        }
    }

    /// The member that was probably meant, or those that are there when they are few.
    fn members(&self, name: &str, members: &[Member]) -> String {
        const FEW: usize = 8;
        let names: Vec<String> = members.iter().map(|(key, _)| self.show.text(key)).collect();
        let names = || names.iter().map(String::as_str);
        let meant = did_you_mean(name, names()).filter(|hint| hint.starts_with("did you mean"));
        meant.unwrap_or_else(|| match members.len() {
            0 => "it is empty".to_owned(),
            1..=FEW => format!("it has {}", list_of(names(), "and")),
            many => format!("it has {many} others"),
        })
    }
}
