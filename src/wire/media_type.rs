//! The media type that the name of a file says.

/// By the ending of the name. From the IANA registry, without those that servers do not agree on.
const MEDIA_TYPES: [(&str, &str); 29] = [
    ("csv", "text/csv"),
    ("css", "text/css"),
    ("doc", "application/msword"),
    (
        "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    ("gif", "image/gif"),
    ("gz", "application/gzip"),
    ("htm", "text/html"),
    ("html", "text/html"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("js", "text/javascript"),
    ("json", "application/json"),
    ("md", "text/markdown"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("ndjson", "application/x-ndjson"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("tif", "image/tiff"),
    ("tiff", "image/tiff"),
    ("txt", "text/plain"),
    ("webm", "video/webm"),
    ("webp", "image/webp"),
    ("xls", "application/vnd.ms-excel"),
    (
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    ("xml", "application/xml"),
    ("yaml", "application/yaml"),
    ("zip", "application/zip"),
];

/// `None` for a name that says nothing.
#[must_use]
pub(crate) fn media_type_of(file_name: &str) -> Option<&'static str> {
    let (_, ending) = file_name.rsplit_once('.')?;
    let mut known = MEDIA_TYPES.iter();
    known
        .find(|(known, _)| known.eq_ignore_ascii_case(ending))
        .map(|(_, media_type)| *media_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_of_a_name_says_the_type() {
        assert_eq!(media_type_of("a/front.PNG"), Some("image/png"));
        assert_eq!(media_type_of("a.tar.gz"), Some("application/gzip"));
        assert_eq!(media_type_of("png"), None);
        assert_eq!(media_type_of("a.bin"), None);
    }
}
