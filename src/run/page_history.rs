//! What the pages of a step have shown so far: which requests were sent, and which of the members
//! that the paging names were there.

use crate::check::ResponseView;
use crate::model::assertion::Subject;
use crate::model::pages::{PageCondition, PageTest, PagingOptions};
use crate::span::Span;
use crate::wire::Draft;
use sha2::{Digest, Sha256};
use std::collections::{BTreeSet, HashMap};

/// A member that the paging names.
pub(super) struct PageMember {
    /// The key that names it: `while`, `until`, `set`, `of`, `equals`.
    pub(super) key: &'static str,
    pub(super) subject: Subject,
    pub(super) at: Span,
    /// Whether a page held it.
    is_held: bool,
}

/// What the pages so far have shown.
pub(super) struct PageHistory {
    /// The digest of each request, and the page that it asked for, from 1.
    requests: HashMap<[u8; 32], u32>,
    members: Vec<PageMember>,
    /// The link relations that a page held; only with `link`.
    pub(super) relations: BTreeSet<String>,
    /// How many items all pages together held.
    pub(super) items: usize,
}

impl PageHistory {
    pub(super) fn of(pages: &PagingOptions) -> Self {
        Self {
            requests: HashMap::new(),
            members: members_of(pages),
            relations: BTreeSet::new(),
            items: 0,
        }
    }

    /// The earlier page that was asked for with the same request.
    pub(super) fn insert_request(&mut self, draft: &Draft, page: u32) -> Option<u32> {
        self.requests.insert(request_digest(draft), page)
    }

    pub(super) fn look_at(&mut self, view: &ResponseView<'_>) {
        for member in self.members.iter_mut().filter(|member| !member.is_held) {
            member.is_held = view.has(&member.subject);
        }
    }

    /// The first member that no page held.
    pub(super) fn missing_member(&self) -> Option<&PageMember> {
        self.members.iter().find(|member| !member.is_held)
    }
}

impl PageMember {
    fn new(key: &'static str, subject: Subject, at: Span) -> Self {
        Self {
            key,
            subject,
            at,
            is_held: false,
        }
    }
}

fn condition_members(condition: &PageCondition) -> Vec<PageMember> {
    let key = condition.key();
    match &condition.test {
        PageTest::Flag(path) => {
            vec![PageMember::new(
                key,
                Subject::Path(path.clone()),
                condition.at,
            )]
        }
        PageTest::Assertions(assertions) => assertions
            .iter()
            .map(|assertion| PageMember::new(key, assertion.subject.clone(), assertion.at))
            .collect(),
    }
}

fn members_of(pages: &PagingOptions) -> Vec<PageMember> {
    let mut members = match pages.next.condition() {
        Some(condition) => condition_members(condition),
        None => Vec::new(),
    };
    let set = pages.next.variables().iter();
    members.extend(
        set.filter_map(|setting| setting.value.capture())
            .map(|capture| PageMember::new("set", capture.from.clone(), capture.at)),
    );
    if let Some(count) = &pages.count {
        let of = Subject::Path(count.of.clone());
        members.push(PageMember::new("of", of, count.of_at));
        let equals = count.equals.capture();
        members.extend(
            equals.map(|capture| PageMember::new("equals", capture.from.clone(), capture.at)),
        );
    }
    members
}

/// Equal for equal requests. The requests themselves are not kept: each may hold a file.
fn request_digest(draft: &Draft) -> [u8; 32] {
    let head = format!(
        "{:?}",
        (
            draft.method,
            &draft.path,
            &draft.raw_query,
            &draft.query,
            &draft.headers
        )
    );
    let body = draft.body.to_bytes();
    let mut digest = Sha256::new_with_prefix((head.len() as u64).to_le_bytes());
    digest.update(head);
    digest.update(body);
    digest.finalize().into()
}
