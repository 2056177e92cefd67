//! The JSON Schemas of the files that people write, for editors. Tests hold them against the
//! decoder.

/// Kind of file → its schema.
pub const SCHEMAS: [(&str, &str); 5] = [
    ("request", include_str!("schemas/request.json")),
    ("fixture", include_str!("schemas/fixture.json")),
    ("recording", include_str!("schemas/recording.json")),
    ("scheme", include_str!("schemas/scheme.json")),
    ("workspace", include_str!("schemas/workspace.json")),
];

#[must_use]
pub fn schema_of(kind: &str) -> Option<&'static str> {
    SCHEMAS
        .iter()
        .find(|(name, _)| *name == kind)
        .map(|(_, text)| *text)
}
