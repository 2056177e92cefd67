//! Which snapshots may be written: the variable `INSTA_UPDATE` of insta, and `CI`, where none is.

/// What a run does with a response that differs from its snapshot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum SnapshotUpdate {
    /// It is written beside the snapshot, for a person to look at.
    Pending,
    /// It replaces the snapshot. `force` also writes unchanged ones.
    Always { force: bool },
    /// It becomes the snapshot where there is none, and is pending otherwise.
    Unseen,
    #[default]
    Nothing,
}

/// The variable `INSTA_UPDATE` holds a word that insta does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("INSTA_UPDATE cannot be `{0}`")]
pub(crate) struct InvalidInstaUpdate(String);

/// The action for one response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UpdateBehavior {
    Nothing,
    Pending,
    Accept,
}

impl SnapshotUpdate {
    /// `insta_update` is the variable `INSTA_UPDATE`; its words are insta's. In CI nothing is
    /// written, whatever it says.
    ///
    /// # Errors
    /// When it is none of insta's.
    pub(crate) fn from_insta_update(
        insta_update: Option<&str>,
        is_ci: bool,
    ) -> Result<Self, InvalidInstaUpdate> {
        let chosen = match insta_update.unwrap_or("auto") {
            "auto" | "new" | "" => Self::Pending,
            "always" | "1" => Self::Always { force: false },
            "force" => Self::Always { force: true },
            "unseen" => Self::Unseen,
            "no" => Self::Nothing,
            other => return Err(InvalidInstaUpdate(other.to_owned())),
        };
        // After the word is checked, so that a misspelled one is an error in CI as well.
        Ok(if is_ci { Self::Nothing } else { chosen })
    }

    /// The action for a response that differs from its snapshot, or has none.
    #[must_use]
    pub(crate) fn behavior_for(self, has_snapshot: bool) -> UpdateBehavior {
        match self {
            Self::Pending => UpdateBehavior::Pending,
            Self::Unseen if has_snapshot => UpdateBehavior::Pending,
            Self::Always { .. } | Self::Unseen => UpdateBehavior::Accept,
            Self::Nothing => UpdateBehavior::Nothing,
        }
    }

    #[must_use]
    pub(crate) fn allows_writing(self) -> bool {
        self != Self::Nothing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_ci_nothing_is_written_whatever_is_said() {
        for word in [
            None,
            Some("auto"),
            Some("always"),
            Some("force"),
            Some("new"),
            Some("unseen"),
            Some("no"),
            Some("1"),
        ] {
            assert!(
                !SnapshotUpdate::from_insta_update(word, true)
                    .unwrap()
                    .allows_writing(),
                "{word:?}"
            );
        }
        assert!(SnapshotUpdate::from_insta_update(Some("sometimes"), false).is_err());
    }

    #[test]
    fn each_word_does_what_it_does_in_insta() {
        let steps = |word: &str| {
            let update = SnapshotUpdate::from_insta_update(Some(word), false).unwrap();
            (update.behavior_for(false), update.behavior_for(true))
        };
        assert_eq!(
            steps("auto"),
            (UpdateBehavior::Pending, UpdateBehavior::Pending)
        );
        assert_eq!(
            steps("new"),
            (UpdateBehavior::Pending, UpdateBehavior::Pending)
        );
        assert_eq!(
            steps("unseen"),
            (UpdateBehavior::Accept, UpdateBehavior::Pending)
        );
        assert_eq!(
            steps("always"),
            (UpdateBehavior::Accept, UpdateBehavior::Accept)
        );
        assert_eq!(
            steps("force"),
            (UpdateBehavior::Accept, UpdateBehavior::Accept)
        );
        assert_eq!(
            steps("no"),
            (UpdateBehavior::Nothing, UpdateBehavior::Nothing)
        );
    }
}
