//! A step that is sent page by page: what says that there is another page, and how it is requested.

use crate::jsonpath::JsonPath;
use crate::model::assertion::Assertion;
use crate::model::capture::Capture;
use crate::model::template::{Expression, TemplateTree};
use crate::span::Span;

/// The default limit of pages.
pub(crate) const DEFAULT_MAX_PAGES: u32 = 50;

/// Page by page.
#[derive(Clone, Debug)]
pub struct PagingOptions {
    pub at: Span,
    pub next: NextPage,
    /// What is counted on all pages and compared at the end.
    pub count: Option<PageCount>,
    /// More pages are a failure.
    pub max_pages: u32,
    /// Whether one page without the members that the paging names is complete.
    pub allows_single_page: bool,
}

/// How the next page is found.
#[derive(Clone, Debug)]
pub enum NextPage {
    /// With other values of variables, as long as a condition says so.
    Variables {
        condition: PageCondition,
        set: Vec<NextPageVariable>,
    },
    /// At the link with this relation (RFC 8288).
    Link(LinkRelation),
}

/// `link: next`
#[derive(Clone, Debug)]
pub struct LinkRelation {
    /// In small letters.
    pub name: String,
    pub at: Span,
}

/// What says whether there is another page.
#[derive(Clone, Debug)]
pub struct PageCondition {
    pub at: Span,
    pub test: PageTest,
    /// `until`: the paging ends with the first page for which the test holds. Otherwise it ends
    /// with the first page for which it does not hold.
    pub is_until: bool,
}

#[derive(Clone, Debug)]
pub enum PageTest {
    /// A path for one value, which is `true`, `false` or not there.
    Flag(JsonPath),
    /// All of them must hold.
    Assertions(Vec<Assertion>),
}

/// A variable of the next page.
#[derive(Clone, Debug)]
pub struct NextPageVariable {
    pub name: String,
    pub name_at: Span,
    pub value: PageValue,
}

/// A value that a page gives.
#[derive(Clone, Debug)]
pub enum PageValue {
    Capture(Box<Capture>),
    /// It sees the variables that the page was requested with, and the captures of the page.
    Template(TemplateTree),
}

/// `count: { of: $.items, equals: $.total }`
#[derive(Clone, Debug)]
pub struct PageCount {
    /// The list whose elements are counted on each page.
    pub of: JsonPath,
    pub of_at: Span,
    /// The number of all pages, as the last page gives it.
    pub equals: PageValue,
    pub equals_at: Span,
}

impl PageCondition {
    /// The key in the file.
    #[must_use]
    pub fn key(&self) -> &'static str {
        if self.is_until { "until" } else { "while" }
    }

    #[must_use]
    pub fn assertions(&self) -> &[Assertion] {
        match &self.test {
            PageTest::Flag(_) => &[],
            PageTest::Assertions(assertions) => assertions,
        }
    }
}

impl PageValue {
    #[must_use]
    pub fn capture(&self) -> Option<&Capture> {
        match self {
            Self::Capture(capture) => Some(capture),
            Self::Template(_) => None,
        }
    }

    #[must_use]
    pub fn expressions(&self) -> Vec<&Expression> {
        match self {
            Self::Capture(_) => Vec::new(),
            Self::Template(tree) => tree.expressions(),
        }
    }
}

impl NextPage {
    #[must_use]
    pub fn condition(&self) -> Option<&PageCondition> {
        match self {
            Self::Variables { condition, .. } => Some(condition),
            Self::Link(_) => None,
        }
    }

    /// The variables that it sets.
    #[must_use]
    pub fn variables(&self) -> &[NextPageVariable] {
        match self {
            Self::Variables { set, .. } => set,
            Self::Link(_) => &[],
        }
    }
}

impl PagingOptions {
    #[must_use]
    pub fn assertions(&self) -> &[Assertion] {
        self.next.condition().map_or(&[], PageCondition::assertions)
    }

    /// What is taken from each page, or from the last one.
    pub fn values(&self) -> impl Iterator<Item = &PageValue> {
        let set = self.next.variables().iter().map(|setting| &setting.value);
        set.chain(self.count.iter().map(|count| &count.equals))
    }

    /// Every expression of its templates.
    #[must_use]
    pub fn expressions(&self) -> Vec<&Expression> {
        let condition = self.assertions().iter();
        condition
            .flat_map(Assertion::expressions)
            .chain(self.values().flat_map(PageValue::expressions))
            .collect()
    }
}
