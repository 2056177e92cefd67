//! Which request file or fixture, and which account, an exchange belongs to.

/// What stands before the name of a fixture among the names of request files.
const FIXTURE_PREFIX: &str = "fixtures/";

/// A request file, or a fixture, as an account.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct RecordingKey {
    /// `coupang/product_search`, `fixtures/listed_item`
    pub(crate) file: String,
    /// As named by the file or the command line.
    pub(crate) account: Option<String>,
}

impl RecordingKey {
    #[must_use]
    pub(crate) fn for_fixture(name: &str, account: Option<&str>) -> Self {
        Self {
            file: format!("{FIXTURE_PREFIX}{name}"),
            account: account.map(str::to_owned),
        }
    }

    #[must_use]
    pub(crate) fn is_fixture(&self) -> bool {
        self.file.starts_with(FIXTURE_PREFIX)
    }

    /// A call that belongs to no request file.
    #[must_use]
    pub(crate) fn without_file(account: Option<&str>) -> Self {
        Self {
            file: String::new(),
            account: account.map(str::to_owned),
        }
    }
}
