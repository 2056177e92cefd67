//! What the options of curl do to a request, and which of them take a value.

/// What an option does to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CurlOption {
    /// `-X`
    Method,
    RequestTarget,
    Url,
    /// `--url-query`
    UrlQuery,
    Header,
    Data(DataKind),
    Json,
    Form,
    FormString,
    /// `-G`
    Get,
    Head,
    User,
    Bearer,
    /// `--digest` and the like: curl answers a challenge of the server, so the request is not known.
    Challenge,
    AwsSignature,
    Cookie,
    UserAgent,
    Referer,
    Range,
    Compressed,
    Upload,
    PathAsIs,
    Globoff,
    /// `--next`: another request follows.
    Next,
    /// `-K`: options stand in a file.
    Config,
    /// `--variable` and `--expand-…`.
    Variable,
    /// `-L`
    Location,
    /// It changes nothing that is signed.
    Ignored,
    IgnoredValue,
    /// It says how a request is sent: through what, over which connection, how long and how often. A
    /// request file or `ingam.yaml` has to say that otherwise.
    Sending,
    SendingValue,
}

/// How the value of `-d` and its relatives is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DataKind {
    /// `@` names a file, whose line ends and NULs are removed.
    Text,
    /// `@` names a file.
    Binary,
    Raw,
    UrlEncode,
}

impl CurlOption {
    /// Whether a value follows.
    #[must_use]
    pub(super) fn takes_value(self) -> bool {
        !matches!(
            self,
            Self::Get
                | Self::Head
                | Self::Challenge
                | Self::Compressed
                | Self::PathAsIs
                | Self::Globoff
                | Self::Next
                | Self::Location
                | Self::Ignored
                | Self::Sending
        )
    }

    /// An option of one letter.
    #[must_use]
    pub(super) fn of_letter(letter: char) -> Option<Self> {
        Some(match letter {
            'X' => Self::Method,
            'H' => Self::Header,
            'd' => Self::Data(DataKind::Text),
            'F' => Self::Form,
            'G' => Self::Get,
            'I' => Self::Head,
            'u' => Self::User,
            'b' => Self::Cookie,
            'A' => Self::UserAgent,
            'e' => Self::Referer,
            'r' => Self::Range,
            'T' => Self::Upload,
            'g' => Self::Globoff,
            ':' => Self::Next,
            'L' => Self::Location,
            'K' => Self::Config,
            'E' | 'm' | 'x' | 'y' | 'Y' => Self::SendingValue,
            'c' | 'C' | 'D' | 'h' | 'o' | 'P' | 'Q' | 't' | 'U' | 'w' | 'z' => Self::IgnoredValue,
            '0' | '1' | '2' | '3' | '4' | '6' | 'k' | 'n' => Self::Sending,
            '#' | 'a' | 'B' | 'f' | 'i' | 'j' | 'J' | 'l' | 'M' | 'N' | 'O' | 'p' | 'q' | 'R'
            | 's' | 'S' | 'v' | 'V' | 'Z' => Self::Ignored,
            _ => return None,
        })
    }
}
