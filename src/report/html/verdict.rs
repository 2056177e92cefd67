//! How the page shows a verdict. A sign carries the meaning, so that the page can be read without
//! colours.

use crate::report::document::VerdictWord;

pub(super) fn verdict_symbol(word: VerdictWord) -> &'static str {
    match word {
        VerdictWord::Pass => "✓",
        VerdictWord::Fail => "✗",
        VerdictWord::Error => "!",
        VerdictWord::Skip => "–",
    }
}

pub(super) fn verdict_label(word: VerdictWord) -> &'static str {
    match word {
        VerdictWord::Pass => "passed",
        VerdictWord::Fail => "failed",
        VerdictWord::Error => "could not be done",
        VerdictWord::Skip => "skipped",
    }
}
