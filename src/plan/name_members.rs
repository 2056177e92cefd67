//! The members of the names that have some: of `account`, of fixtures, and of what `use` brings.

use crate::model::request::{Request, SpannedName};
use crate::model::scheme::CredentialScope;
use crate::model::workspace::Workspace;
use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

const ACCOUNT: &str = "account";

/// The members of one name.
pub(super) struct NameMembers {
    pub(super) root: String,
    /// The subject of the message about one that is not there.
    pub(super) description: String,
    /// In the order of the file, for hints.
    member_names: Vec<String>,
    /// The same names, to look one up.
    index: OnceCell<HashSet<String>>,
}

impl NameMembers {
    pub(super) fn new(root: &str, description: String, member_names: Vec<String>) -> Self {
        Self {
            root: root.to_owned(),
            description,
            member_names,
            index: OnceCell::new(),
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.index
            .get_or_init(|| self.member_names.iter().cloned().collect())
            .contains(name)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.member_names.iter().map(String::as_str)
    }

    /// What an account knows: its name, what the schemes say of accounts, and what `ingam.yaml`
    /// says of one.
    fn of_account(workspace: &Workspace, environment: &str, schemes: &HashSet<&str>) -> Self {
        let mut known = vec!["name".to_owned()];
        let of_scheme = |name: &str| schemes.contains(name);
        for scheme in workspace.schemes.iter().filter(|one| of_scheme(&one.name)) {
            let own = scheme.credentials.iter().filter(|credential| {
                !credential.is_secret && credential.scope == CredentialScope::Account
            });
            known.extend(own.map(|credential| credential.name.clone()));
            for account in workspace.accounts(environment, &scheme.name) {
                known.extend(account.values.iter().map(|(name, _)| name.to_string()));
            }
        }
        known.sort();
        known.dedup();
        Self::new(ACCOUNT, "an account".to_owned(), known)
    }
}

/// The members of all names of a file.
pub(super) struct MemberTable<'w> {
    workspace: &'w Workspace,
    environment: &'w str,
    schemes: HashSet<&'w str>,
    /// Looked up when a template first asks for a member of `account`.
    account: OnceCell<NameMembers>,
    others: Vec<NameMembers>,
    /// The first of each root, in `others`.
    positions: HashMap<String, usize>,
}

impl<'w> MemberTable<'w> {
    /// The members of a file that uses these schemes and fixtures.
    pub(super) fn new(
        (workspace, environment): (&'w Workspace, &'w str),
        schemes: impl Iterator<Item = &'w str>,
        needs: &[SpannedName],
    ) -> Self {
        let mut table = Self {
            workspace,
            environment,
            schemes: schemes.collect(),
            account: OnceCell::new(),
            others: Vec::new(),
            positions: HashMap::new(),
        };
        for fixture in needs
            .iter()
            .filter_map(|needed| workspace.fixture(&needed.name))
        {
            let values = fixture.values.iter().map(|field| field.name.to_string());
            let description = format!("the fixture `{}`", fixture.name);
            let members = NameMembers::new(&fixture.name, description, values.collect());
            table.push(members);
        }
        table
    }

    pub(super) fn of_request(
        (workspace, environment): (&'w Workspace, &'w str),
        request: &'w Request,
    ) -> Self {
        let schemes = request.calls().map(|step| step.scheme.name.as_str());
        Self::new((workspace, environment), schemes, &request.needs)
    }

    pub(super) fn push(&mut self, members: NameMembers) {
        self.positions
            .entry(members.root.clone())
            .or_insert(self.others.len());
        self.others.push(members);
    }

    pub(super) fn get(&self, root: &str) -> Option<&NameMembers> {
        if root == ACCOUNT {
            return Some(self.account());
        }
        self.others.get(*self.positions.get(root)?)
    }

    /// The first name that has a member of this name.
    pub(super) fn having(&self, member: &str) -> Option<&NameMembers> {
        std::iter::once(self.account())
            .chain(&self.others)
            .find(|members| members.has(member))
    }

    fn account(&self) -> &NameMembers {
        self.account.get_or_init(|| {
            NameMembers::of_account(self.workspace, self.environment, &self.schemes)
        })
    }
}
