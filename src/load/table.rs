//! Reads a table of cases: CSV, whose columns have one type each, or JSON, whose values have their
//! own. It refuses cells that are left out and columns that stand twice.

use crate::charset::Charset;
use crate::model::request::{WorkspaceFile, WorkspaceFileError};
use crate::value::{CompactText, JsonError, ObjectMember, Value};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// The first member is the id.
pub(super) type TableRow = Vec<ObjectMember>;

/// A table as a file names it.
pub(super) struct TableSource<'t> {
    pub(super) file: &'t WorkspaceFile,
    /// Columns that are text whatever their cells look like.
    pub(super) text_columns: &'t [String],
    /// The encoding of the file; without one UTF-8, or the one that its byte order mark names.
    pub(super) charset: Option<Charset>,
}

/// Why a file is no table of cases.
#[derive(Debug, thiserror::Error)]
pub(super) enum TableError {
    #[error(transparent)]
    File(#[from] WorkspaceFileError),
    #[error("`{}` is not {charset} text: byte {offset} is not valid", .path.display())]
    NotText {
        path: PathBuf,
        charset: &'static str,
        offset: usize,
    },
    #[error("`{}` begins with a byte order mark of {mark}, but `charset` is {charset}", .path.display())]
    OtherMark {
        path: PathBuf,
        mark: &'static str,
        charset: &'static str,
    },
    #[error("a table must be a `.csv` or a `.json` file")]
    UnknownFormat,
    #[error(transparent)]
    Csv(#[from] csv::Error),
    #[error("{0}")]
    Json(#[from] JsonError),
    #[error("it is not a list of objects")]
    NotList,
    #[error("each element must be an object whose first member is the id")]
    NotObject,
    #[error("the column `{0}` appears twice")]
    ColumnTwice(String),
    #[error("there is no column `{column}`")]
    UnknownColumn {
        column: String,
        /// What there is.
        columns: Vec<String>,
    },
    #[error("`text` is only for `.csv` files, because the values of a `.json` file have types")]
    TextOfJson,
}

impl TableError {
    pub(super) fn hint(&self) -> Option<String> {
        match self {
            // Excel writes the encoding of the system, which is CP949 in Korea, unless it is told.
            Self::NotText { path, .. } => Some(format!(
                "write its encoding: `{{ file: {}, charset: cp949 }}`; or save it as UTF-8: in Excel \"CSV UTF-8\", elsewhere `iconv -f CP949 -t UTF-8`",
                path.display()
            )),
            Self::OtherMark { .. } => Some("remove `charset`".to_owned()),
            Self::UnknownColumn { column, columns } => {
                crate::diagnostic::did_you_mean(column, columns.iter().map(String::as_str))
            }
            Self::TextOfJson => Some("put the values in quotes in the file".to_owned()),
            _ => None,
        }
    }
}

impl TableSource<'_> {
    /// # Errors
    /// When it is no table.
    pub(super) fn rows(&self, bytes: &[u8]) -> Result<Vec<TableRow>, TableError> {
        let text = self.decode(bytes)?;
        match ending(&self.file.path) {
            Some("csv") => csv_rows(&text, self.text_columns),
            Some("json") if !self.text_columns.is_empty() => Err(TableError::TextOfJson),
            Some("json") => json_rows(&text),
            _ => Err(TableError::UnknownFormat),
        }
    }

    fn decode(&self, bytes: &[u8]) -> Result<String, TableError> {
        let path = || self.file.path.clone();
        // Excel writes a byte order mark, which would become a part of the first name.
        let mark = Charset::of_byte_order_mark(bytes);
        if let (Some((mark, _)), Some(charset)) = (mark, self.charset)
            && mark != charset
        {
            return Err(TableError::OtherMark {
                path: path(),
                mark: mark.name(),
                charset: charset.name(),
            });
        }
        let (marked, skipped) = mark.unwrap_or((Charset::UTF_8, 0));
        let charset = self.charset.unwrap_or(marked);
        charset
            .decode(&bytes[skipped..])
            .map_err(|fault| TableError::NotText {
                path: path(),
                charset: charset.name(),
                offset: skipped + fault.offset,
            })
    }
}

fn ending(path: &Path) -> Option<&str> {
    path.extension()?.to_str()
}

/// What all cells of a column are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ColumnType {
    Number,
    Boolean,
    Text,
}

impl ColumnType {
    /// By its cells that are not empty: one that is no number makes the whole column text, so that
    /// `7` and `7a` of a column of codes are both text.
    fn of<'c>(cells: impl Iterator<Item = &'c str>) -> Self {
        let mut found = None;
        for cell in cells.filter(|cell| !cell.is_empty()) {
            let own = match Value::from_scalar_text(cell) {
                Value::Number(_) => Self::Number,
                Value::Bool(_) => Self::Boolean,
                _ => return Self::Text,
            };
            if *found.get_or_insert(own) != own {
                return Self::Text;
            }
        }
        found.unwrap_or(Self::Text)
    }

    fn value(self, cell: &str) -> Value {
        match self {
            Self::Text => Value::from(cell),
            Self::Number | Self::Boolean if cell.is_empty() => Value::Null,
            Self::Number | Self::Boolean => Value::from_scalar_text(cell),
        }
    }
}

/// The first line has the names.
fn csv_rows(text: &str, text_columns: &[String]) -> Result<Vec<TableRow>, TableError> {
    let mut reader = csv::ReaderBuilder::new()
        // Spreadsheets pad cells, and an id or a header with a blank would not be found.
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let names = reader.headers()?.clone();
    check_columns(&names, text_columns)?;
    let records = reader.records().collect::<Result<Vec<_>, _>>()?;
    let types: Vec<ColumnType> = names
        .iter()
        .enumerate()
        .map(|(index, name)| {
            // The id stands in square brackets in the ids of units, as it is written.
            if index == 0 || text_columns.iter().any(|column| column == name) {
                return ColumnType::Text;
            }
            ColumnType::of(records.iter().filter_map(|record| record.get(index)))
        })
        .collect();
    let row = |record: &csv::StringRecord| {
        let values = record.iter().zip(&types);
        let values = values.map(|(cell, column_type)| column_type.value(cell));
        names.iter().map(CompactText::from).zip(values).collect()
    };
    Ok(records.iter().map(row).collect())
}

fn check_columns(names: &csv::StringRecord, text_columns: &[String]) -> Result<(), TableError> {
    let mut known = HashSet::new();
    for name in names {
        // The second one would replace the first without a word.
        if !known.insert(name) {
            return Err(TableError::ColumnTwice(name.to_owned()));
        }
    }
    match text_columns
        .iter()
        .find(|column| !known.contains(column.as_str()))
    {
        None => Ok(()),
        Some(column) => Err(TableError::UnknownColumn {
            column: column.clone(),
            columns: names.iter().map(str::to_owned).collect(),
        }),
    }
}

/// A list of objects; the first member of each is the id.
fn json_rows(text: &str) -> Result<Vec<TableRow>, TableError> {
    let value = crate::value::parse(text.as_bytes())?;
    let Value::List(items) = value else {
        return Err(TableError::NotList);
    };
    let row = |item: Value| match item {
        Value::Object(members) if !members.is_empty() => Ok(members),
        _ => Err(TableError::NotObject),
    };
    items.into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(text: &str, text_columns: &[&str]) -> String {
        let names: Vec<String> = text_columns.iter().map(|name| (*name).to_owned()).collect();
        let rows = csv_rows(text, &names).unwrap();
        let rows = rows.into_iter().map(Value::Object);
        Value::List(rows.collect()).to_json()
    }

    #[test]
    fn a_column_has_one_type() {
        for (text, rows) in [
            (
                "id,price\na,1.10\nb,\nc,-2e3\n",
                r#"[{"id":"a","price":1.10},{"id":"b","price":null},{"id":"c","price":-2e3}]"#,
            ),
            (
                "id,sku\na,7\nb,7a\n",
                r#"[{"id":"a","sku":"7"},{"id":"b","sku":"7a"}]"#,
            ),
            (
                "id,zip\na,06236\nb,12345\n",
                r#"[{"id":"a","zip":"06236"},{"id":"b","zip":"12345"}]"#,
            ),
            (
                "id,on\na,true\nb,\n",
                r#"[{"id":"a","on":true},{"id":"b","on":null}]"#,
            ),
            (
                "id,on\na,true\nb,1\n",
                r#"[{"id":"a","on":"true"},{"id":"b","on":"1"}]"#,
            ),
            (
                "id,x\na,null\nb,\n",
                r#"[{"id":"a","x":"null"},{"id":"b","x":""}]"#,
            ),
            ("id,x\n1,\n2,\n", r#"[{"id":"1","x":""},{"id":"2","x":""}]"#),
            (
                "id,big\na,9007199254740993\n",
                r#"[{"id":"a","big":9007199254740993}]"#,
            ),
            ("id,x\na,\" 1 \"\n", r#"[{"id":"a","x":1}]"#),
        ] {
            assert_eq!(columns(text, &[]), rows, "{text}");
        }
        assert_eq!(
            columns("id,code\na,12\nb,\n", &["code"]),
            r#"[{"id":"a","code":"12"},{"id":"b","code":""}]"#
        );
    }

    #[test]
    fn a_table_is_decoded_by_its_charset() {
        let rows = |name: &str, charset: Option<&str>, bytes: &[u8]| {
            let file = WorkspaceFile {
                path: name.into(),
                at: crate::span::Span::default(),
            };
            let source = TableSource {
                file: &file,
                text_columns: &[],
                charset: charset.map(|label| Charset::of_label(label).unwrap()),
            };
            let rows = source.rows(bytes).map_err(|error| error.to_string());
            rows.map(|rows| rows[0][1].1.to_text())
        };
        let korean = b"id,name\na,\xb9\xab\xbc\xb1 \xbc\x8a\n";
        assert_eq!(rows("a.csv", Some("cp949"), korean).unwrap(), "무선 펺");
        assert_eq!(
            rows("a.csv", None, korean).unwrap_err(),
            "`a.csv` is not UTF-8 text: byte 10 is not valid"
        );
        let utf_16 = b"\xff\xfei\0d\0,\0n\0\n\0a\0,\x00b\0\n\0";
        assert_eq!(rows("a.csv", None, utf_16).unwrap(), "b");
        assert_eq!(
            rows("a.csv", None, "\u{feff}id,n\na,é\n".as_bytes()).unwrap(),
            "é"
        );
        let json = b"[{\"id\": \"a\", \"n\": \"\xb9\xab\"}]";
        assert_eq!(rows("a.json", Some("EUC-KR"), json).unwrap(), "무");
    }

    #[test]
    fn a_table_has_an_id_first_and_every_cell() {
        assert!(
            csv_rows("id,a\nx,1,2\n", &[]).is_err(),
            "a row of another length"
        );
        assert!(csv_rows("id,a,a\nx,1,2\n", &[]).is_err(), "a column twice");
        let rows = json_rows(r#"[{"id":"a","n":1},{"id":"b"}]"#).unwrap();
        assert_eq!((rows[0][0].1.as_str(), rows[1].len()), (Some("a"), 1));
        assert!(json_rows("{}").is_err() && json_rows("[1]").is_err());
    }
}
