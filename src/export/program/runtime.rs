//! The functions that a program brings along: each is a section of a file in `runtime/`, with the
//! sections, the imports and the libraries that it needs.

/// One function, or what several need.
#[derive(Debug, Default)]
pub(super) struct Section {
    pub(super) name: &'static str,
    pub(super) needs: Vec<&'static str>,
    pub(super) imports: Vec<&'static str>,
    /// A library that is not part of the language.
    pub(super) library: Option<&'static str>,
    pub(super) code: String,
}

/// Every section of a file. A section begins with a line `#@ name` or `//@ name`; lines that go on
/// with `needs:`, `import:` and `library:` say what it needs.
pub(super) fn sections(file: &'static str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for line in file.lines() {
        let mark = line.strip_prefix("#@ ").or(line.strip_prefix("//@ "));
        match (mark, sections.last_mut()) {
            (Some(mark), Some(section)) if mark.starts_with("needs: ") => {
                section.needs.extend(mark["needs: ".len()..].split(' '));
            }
            (Some(mark), Some(section)) if mark.starts_with("import: ") => {
                section.imports.push(&mark["import: ".len()..]);
            }
            (Some(mark), Some(section)) if mark.starts_with("library: ") => {
                section.library = Some(&mark["library: ".len()..]);
            }
            (Some(name), _) => sections.push(Section {
                name,
                ..Section::default()
            }),
            (None, Some(section)) => {
                section.code.push_str(line);
                section.code.push('\n');
            }
            (None, None) => {}
        }
    }
    for section in &mut sections {
        section.code = section.code.trim_matches('\n').to_owned();
    }
    sections
}

/// The sections of these names and those that they need, in the order of the file.
///
/// # Errors
/// With the name of a section that the file does not have.
pub(super) fn needed_sections<'s>(
    sections: &'s [Section],
    names: &[&'static str],
) -> Result<Vec<&'s Section>, &'static str> {
    let mut wanted: Vec<&'static str> = names.to_vec();
    let mut at = 0;
    while let Some(name) = wanted.get(at).copied() {
        let section = sections.iter().find(|section| section.name == name);
        for need in &section.ok_or(name)?.needs {
            if !wanted.contains(need) {
                wanted.push(need);
            }
        }
        at += 1;
    }
    let is_wanted = |section: &&Section| wanted.contains(&section.name);
    Ok(sections.iter().filter(is_wanted).collect())
}
