//! The names that the templates of a sandbox response can use.

use crate::model::template::TemplateTree;
use crate::render::{RenderError, TemplateDialect, TemplateScope, render_tree};
use crate::value::{ObjectMember, Value};
use std::borrow::Cow;

/// Plain names for the templates of a sandbox. If a name is set twice, the later value counts.
#[derive(Clone)]
pub(super) struct SandboxScope(Vec<ObjectMember>);

impl SandboxScope {
    #[must_use]
    pub(super) fn new() -> Self {
        Self(Vec::new())
    }

    #[must_use]
    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.push((name.into(), value.into()));
        self
    }

    /// # Errors
    /// When a template cannot be rendered.
    pub(super) fn render(&self, written: &TemplateTree) -> Result<Value, RenderError> {
        render_tree(written, self).map(Cow::into_owned)
    }
}

impl TemplateScope for SandboxScope {
    /// A missing member of a known name is null, since a request may leave optional members out.
    fn lookup(&self, path: &[&str]) -> Option<Cow<'_, Value>> {
        let (name, rest) = path.split_first()?;
        let (_, value) = self.0.iter().rev().find(|(key, _)| key == name)?;
        let found = rest
            .iter()
            .try_fold(value, |value, name| member(value, name));
        Some(found.map_or(Cow::Owned(Value::Null), Cow::Borrowed))
    }

    fn dialect(&self) -> TemplateDialect {
        TemplateDialect::Scheme
    }
}

fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    match value {
        Value::List(items) => items.get(name.parse::<usize>().ok()?),
        other => other.get(name),
    }
}
