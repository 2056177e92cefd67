//! The arguments of `ingam call` as the text of a request file, which then takes the way of every
//! other one. Texts of the command line are templates, as in a file; what comes from a file or from
//! standard input is data.

use super::given_file::{ItemFiles, standard_input};
use super::item::{ItemKind, RequestItem};
use super::nested_key;
use crate::cli::call_args::CallArgs;
use crate::cli::command_error::CommandError;
use crate::cli::shown_argument::shown_argument;
use crate::diagnostic::similar_names;
use crate::model::request::Method;
use crate::request_file::{DocumentBody, DocumentEntry, RequestDocument};
use crate::value::{JsonDocument, JsonRef, ObjectMember, Value, parse};
use crate::wire::media_type_of;
use bytes::Bytes;

/// What the arguments say, as it would stand in a file.
pub(super) struct CallRequest {
    /// Its account is what stands behind `@` of the scheme, or under `--account`.
    pub(super) document: RequestDocument,
}

impl CallRequest {
    /// # Errors
    /// When the arguments contradict each other, or a file that they name cannot be read.
    pub(super) fn new(args: &CallArgs, files: &ItemFiles<'_>) -> Result<Self, CommandError> {
        let (scheme, account) = scheme_and_account(args)?;
        let method = method_of(&args.method)?;
        let items = args
            .items
            .iter()
            .map(|text| parse_item(text))
            .collect::<Result<Vec<_>, _>>()?;
        let mut document = RequestDocument::new(scheme, method, args.path.as_str());
        document.account = account;
        document.query = query_entries(&items, files)?;
        document.headers = header_entries(&items, files)?;
        document.body = body(args, method, &items, &mut document.headers, files)?;
        Ok(Self { document })
    }

    /// The request file of the call itself: the run gets the account as an option, since the
    /// environment can have no accounts.
    #[must_use]
    pub(super) fn sent(&self) -> RequestDocument {
        RequestDocument {
            account: None,
            ..self.document.clone()
        }
    }
}

/// `shopee@sg` is the scheme `shopee` as the account `sg`.
fn scheme_and_account(args: &CallArgs) -> Result<(String, Option<String>), CommandError> {
    let option = args.target.account.clone();
    let Some((scheme, account)) = args.scheme.split_once('@') else {
        return Ok((args.scheme.clone(), option));
    };
    if account.is_empty() {
        return Err(
            CommandError::usage(format!("`{}` has no account after `@`", args.scheme))
                .hint("write `shopee@sg` for the account `sg`, or remove `@`"),
        );
    }
    match option {
        Some(option) if option != account => Err(CommandError::usage(format!(
            "`{}` and `--account {option}` name different accounts",
            args.scheme
        ))
        .hint("remove one of them")),
        _ => Ok((scheme.to_owned(), Some(account.to_owned()))),
    }
}

fn method_of(text: &str) -> Result<Method, CommandError> {
    if let Some(method) = Method::parse(&text.to_ascii_uppercase()) {
        return Ok(method);
    }
    let usage = "write `ingam call SCHEME METHOD PATH`, such as `ingam call shopee GET /api/v2/shop/get_shop_info`";
    if text.starts_with('/') {
        return Err(
            CommandError::usage(format!("the method is missing before the path `{text}`"))
                .hint(usage),
        );
    }
    let names = Method::ALL.map(Method::name);
    let upper = text.to_ascii_uppercase();
    let similar = similar_names(&upper, names.iter().copied());
    let hint = similar.first().map_or_else(
        || format!("the methods are {}", names.join(", ")),
        |name| format!("did you mean `{name}`?"),
    );
    Err(CommandError::usage(format!(
        "there is no method {}",
        shown_argument(text, names)
    ))
    .hint(hint))
}

fn parse_item(text: &str) -> Result<RequestItem, CommandError> {
    let item = RequestItem::parse(text).map_err(|reason| {
        CommandError::usage(format!(
            "the item {} cannot be read: {reason}",
            shown_argument(text, [])
        ))
        .hint("write `name==value` for the query, `Name:value` for a header, `name=text` or `name:=json` for the body")
    })?;
    if item.key.is_empty() && item.kind != ItemKind::File {
        return Err(
            CommandError::usage(format!("the item `{}` has no name", item.shown()))
                .hint("write a name before the sign, such as `limit==5`"),
        );
    }
    Ok(item)
}

fn query_entries(
    items: &[RequestItem],
    files: &ItemFiles<'_>,
) -> Result<Vec<DocumentEntry>, CommandError> {
    let mut entries = Vec::new();
    for item in items {
        let value = match item.kind {
            ItemKind::Query => item.value.clone(),
            ItemKind::QueryFile => files.template_of(&item.value)?,
            _ => continue,
        };
        entries.push(DocumentEntry::new(item.name(), value));
    }
    Ok(entries)
}

fn header_entries(
    items: &[RequestItem],
    files: &ItemFiles<'_>,
) -> Result<Vec<DocumentEntry>, CommandError> {
    let mut entries: Vec<DocumentEntry> = Vec::new();
    for item in items {
        let name = item.name();
        let value = match item.kind {
            ItemKind::Header if item.value.is_empty() => {
                return Err(CommandError::usage(format!(
                    "the header `{name}:` has no value"
                ))
                .hint(format!(
                    "write `{name};` for an empty header; a header that ingam adds can be replaced, but not removed"
                )));
            }
            ItemKind::Header => item.value.clone(),
            ItemKind::HeaderFile => files.template_of(&item.value)?.trim().to_owned(),
            ItemKind::EmptyHeader if item.value.is_empty() => String::new(),
            ItemKind::EmptyHeader => {
                return Err(CommandError::usage(format!(
                    "the item `{name};…` has a value after `;`"
                ))
                .hint(format!(
                    "write `{name}:value` for a header, and `{name};` for an empty one"
                )));
            }
            _ => continue,
        };
        if has_header(&entries, &name) {
            return Err(
                CommandError::usage(format!("the header `{name}` appears twice"))
                    .hint("join its values with a comma, if the marketplace reads a list"),
            );
        }
        entries.push(DocumentEntry::new(name, value));
    }
    Ok(entries)
}

fn has_header(headers: &[DocumentEntry], name: &str) -> bool {
    let mut headers = headers.iter();
    headers.any(|header| header.name.eq_ignore_ascii_case(name))
}

fn body(
    args: &CallArgs,
    method: Method,
    items: &[RequestItem],
    headers: &mut Vec<DocumentEntry>,
    files: &ItemFiles<'_>,
) -> Result<DocumentBody, CommandError> {
    let body: Vec<&RequestItem> = items.iter().filter(|item| item.kind.is_body()).collect();
    if let Some(raw) = &args.raw {
        return match body.first() {
            Some(item) => Err(CommandError::usage(format!(
                "`--raw` sets the whole body, but `{}` sets a part of it",
                item.shown()
            ))
            .hint("remove one of them")),
            None => raw_body(raw, args.form, headers),
        };
    }
    let Some(first) = body.first() else {
        return Ok(DocumentBody::None);
    };
    if matches!(method, Method::Get | Method::Head | Method::Options) {
        return Err(body_item_error(first, method));
    }
    if let Some(whole) = body.iter().find(|item| item.key.is_empty()) {
        return whole_file(whole, &body, headers, files);
    }
    let has_file = body.iter().any(|item| item.kind == ItemKind::File);
    if args.multipart || (args.form && has_file) {
        return multipart_body(&body, files);
    }
    if args.form {
        return form_body(&body, files);
    }
    if has_file {
        return Err(CommandError::usage(format!(
            "`{}` sends a file, but a JSON body cannot hold a file",
            first_file(&body)
        ))
        .hint(
            "add `--form` for a form with files, or write `name=@file` for the text of the file",
        ));
    }
    json_body(&body, files)
}

fn first_file(body: &[&RequestItem]) -> String {
    let mut files = body.iter().filter(|item| item.kind == ItemKind::File);
    files.next().map_or_else(String::new, |item| item.shown())
}

/// What would be in a body, where there is none.
fn body_item_error(item: &RequestItem, method: Method) -> CommandError {
    let (name, mark) = (item.name(), item.kind.mark());
    let hint = if item.kind == ItemKind::File {
        "send files with POST and `--form`".to_owned()
    } else {
        format!("write `{name}==…` for a query parameter, or use POST")
    };
    CommandError::usage(format!(
        "`{name}{mark}…` is part of a body, but {method} has no body"
    ))
    .hint(hint)
}

/// `-` is standard input.
fn raw_body(
    raw: &str,
    is_form: bool,
    headers: &mut Vec<DocumentEntry>,
) -> Result<DocumentBody, CommandError> {
    let text = if raw == "-" {
        standard_input()?
    } else {
        raw.to_owned()
    };
    if !has_header(headers, "content-type") {
        let media_type = if is_form {
            Some("application/x-www-form-urlencoded")
        } else {
            parse(text.as_bytes()).is_ok().then_some("application/json")
        };
        // Other text says that it is text, as in a request file.
        let header = media_type.map(|media_type| DocumentEntry::new("Content-Type", media_type));
        headers.extend(header);
    }
    Ok(DocumentBody::Text(text))
}

fn json_body(body: &[&RequestItem], files: &ItemFiles<'_>) -> Result<DocumentBody, CommandError> {
    let mut json = Value::Object(Vec::new());
    for item in body {
        let value = match item.kind {
            ItemKind::Json | ItemKind::JsonFile => json_value(item, files)?,
            _ => Value::from(text_value(item, files)?),
        };
        nested_key::insert(&mut json, item, value).map_err(|error| {
            CommandError::usage(format!("`{}` {error}", item.shown())).hint(
                "`a[b]=1` sets a member of `a`, `a[]=1` adds an element; for anything else write `a:='{…}'`",
            )
        })?;
    }
    Ok(DocumentBody::Json(json))
}

fn form_body(body: &[&RequestItem], files: &ItemFiles<'_>) -> Result<DocumentBody, CommandError> {
    let mut form = Vec::new();
    for item in body {
        let value = match item.kind {
            ItemKind::Json | ItemKind::JsonFile => form_text(item, files)?,
            _ => text_value(item, files)?,
        };
        form.push(DocumentEntry::new(item.name(), value));
    }
    Ok(DocumentBody::Form(form))
}

/// A field of a form is text: a number or a flag is its spelling.
fn form_text(item: &RequestItem, files: &ItemFiles<'_>) -> Result<String, CommandError> {
    json_value(item, files)?.to_plain_text().ok_or_else(|| {
        CommandError::usage(format!(
            "`{}` is a list or an object, but a form field is text",
            item.shown()
        ))
        .hint("write `name='[1,2]'` to send JSON as text, or repeat the name for each value")
    })
}

fn multipart_body(
    body: &[&RequestItem],
    files: &ItemFiles<'_>,
) -> Result<DocumentBody, CommandError> {
    let mut parts = Vec::new();
    for item in body {
        let part = match item.kind {
            ItemKind::File => file_part(item, files)?,
            ItemKind::Json | ItemKind::JsonFile => {
                Value::Object(vec![("json".into(), json_value(item, files)?)])
            }
            _ => Value::Object(vec![("text".into(), text_value(item, files)?.into())]),
        };
        parts.push(DocumentEntry::new(item.name(), part));
    }
    Ok(DocumentBody::Multipart(parts))
}

/// `@body.bin;type=application/zip`: the bytes of a file, and nothing else.
fn whole_file(
    item: &RequestItem,
    body: &[&RequestItem],
    headers: &mut Vec<DocumentEntry>,
    files: &ItemFiles<'_>,
) -> Result<DocumentBody, CommandError> {
    if body.len() > 1 {
        return Err(CommandError::usage(
            "`@…` sets the whole body, but other items set parts of it",
        )
        .hint("write `name@file` with `--form` for a form that holds a file"));
    }
    let file = GivenPart::parse(item)?;
    if file.filename.is_some() {
        return Err(CommandError::usage(
            "`@…;filename=` sets a file name, but only a part of a form has one",
        )
        .hint("write `name@file` with `--form` for a form that holds a file"));
    }
    let has_type = has_header(headers, "content-type");
    if let Some(media_type) = file.media_type {
        if has_type {
            return Err(CommandError::usage(
                "`@…;type=` and the header `Content-Type` both set the media type",
            )
            .hint("remove one of them"));
        }
        headers.push(DocumentEntry::new("Content-Type", media_type));
    } else if let Some(media_type) = media_type_of(file.path).filter(|_| !has_type) {
        headers.push(DocumentEntry::new("Content-Type", media_type));
    }
    Ok(DocumentBody::File(files.below_root(file.path)?))
}

/// `photo@images/a.png;type=image/png;filename=front.png`
fn file_part(item: &RequestItem, files: &ItemFiles<'_>) -> Result<Value, CommandError> {
    let given = GivenPart::parse(item)?;
    let mut members: Vec<ObjectMember> =
        vec![("file".into(), Value::from(files.below_root(given.path)?))];
    let media_type = given.media_type.or_else(|| media_type_of(given.path));
    let options = [("filename", given.filename), ("type", media_type)];
    members.extend(
        options
            .into_iter()
            .filter_map(|(name, value)| Some((name.into(), Value::from(value?)))),
    );
    Ok(Value::Object(members))
}

/// What stands behind `@`: a path, and what is said of its file.
struct GivenPart<'i> {
    path: &'i str,
    media_type: Option<&'i str>,
    filename: Option<&'i str>,
}

impl<'i> GivenPart<'i> {
    /// # Errors
    /// When an option stands twice.
    fn parse(item: &'i RequestItem) -> Result<Self, CommandError> {
        let mut given = Self {
            path: &item.value,
            media_type: None,
            filename: None,
        };
        // A path can hold a semicolon: only these two words end it.
        while let Some((path, name, value)) = last_part_option(given.path) {
            given.path = path;
            let option = match name {
                "type" => &mut given.media_type,
                _ => &mut given.filename,
            };
            if option.replace(value).is_some() {
                return Err(
                    CommandError::usage(format!("`{}` sets `{name}` twice", item.shown()))
                        .hint("remove one of them"),
                );
            }
        }
        Ok(given)
    }
}

/// The path with the options before it, the name and the value of the last option.
fn last_part_option(text: &str) -> Option<(&str, &'static str, &str)> {
    let options = ["type", "filename"].into_iter();
    let found = options.filter_map(|name| {
        let mark = format!(";{name}=");
        let at = text.rfind(&mark)?;
        Some((at, name, &text[at + mark.len()..]))
    });
    let (at, name, value) = found.max_by_key(|(at, ..)| *at)?;
    Some((&text[..at], name, value))
}

fn text_value(item: &RequestItem, files: &ItemFiles<'_>) -> Result<String, CommandError> {
    match item.kind {
        ItemKind::TextFile => files.template_of(&item.value),
        ItemKind::File => Err(CommandError::usage(format!(
            "`{}` sends a file, but this form cannot hold a file",
            item.shown()
        ))),
        _ => Ok(item.value.clone()),
    }
}

fn json_value(item: &RequestItem, files: &ItemFiles<'_>) -> Result<Value, CommandError> {
    let is_file = item.kind == ItemKind::JsonFile;
    let text = if is_file {
        files.template_of(&item.value)?
    } else {
        item.value.clone()
    };
    let document = JsonDocument::parse(&Bytes::from(text)).map_err(|error| {
        let hint = if is_file {
            format!("`{}=@…` sends the text of the file", item.name())
        } else {
            format!(
                "write `{}=…` for text, or quote it for JSON: `{}:='\"text\"'`",
                item.name(),
                item.name()
            )
        };
        CommandError::usage(format!(
            "`{}` is not valid JSON at byte {}: {}",
            item.shown(),
            error.offset,
            error.reason
        ))
        .hint(hint)
    })?;
    let json = JsonRef::Node(document.root());
    if let Some(twice) = json.duplicates_inside().next() {
        return Err(CommandError::usage(format!(
            "`{}` has the member `{}` twice in an object",
            item.shown(),
            twice.name
        ))
        .hint("remove one of them, or send the text as it is with `--raw`"));
    }
    Ok(json.to_value())
}
