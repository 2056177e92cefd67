//! Whose exchanges they are.

/// What stands before the name of a fixture among the names of request files.
const FIXTURES: &str = "fixtures/";

/// A request file, or a fixture, as an account.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Whose {
    /// `coupang/product_search`, `fixtures/listed_item`
    pub file: String,
    /// As named by the file or the command line.
    pub account: Option<String>,
}

impl Whose {
    #[must_use]
    pub fn of_fixture(name: &str, account: Option<&str>) -> Self {
        Self { file: format!("{FIXTURES}{name}"), account: account.map(str::to_owned) }
    }

    #[must_use]
    pub fn is_fixture(&self) -> bool {
        self.file.starts_with(FIXTURES)
    }

    /// A call that is none of a request file's.
    #[must_use]
    pub fn nobody_s(account: Option<&str>) -> Self {
        Self { file: String::new(), account: account.map(str::to_owned) }
    }
}
