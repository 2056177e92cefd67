//! Variations of method, path and host.

use super::catalogue::MistakeCode as M;
use super::query_edits::edit_sources;
use super::query_text::{Alphabet, percent_decoded};
use super::recipe::Recipe;
use super::suspect::Surroundings;
use super::variation::{ChangeRequest, Claim, Edit, Variation, VariedPart};
use crate::method::Method;
use crate::model::scheme::SignStep;
use crate::wire::BaseUrl;
use std::rc::Rc;

pub(super) fn method_variations(recipe: &Recipe<'_>) -> Vec<Variation> {
    if !recipe.reads(&["method"]) {
        return Vec::new();
    }
    let name = if recipe.signed.is_push {
        "push.method"
    } else {
        "req.method"
    };
    let sent = recipe.signed.request.draft.method;
    let mut all: Vec<Variation> = Method::ALL
        .into_iter()
        .filter(|method| *method != sent)
        .map(|method| {
            let text = format!(
                "`{}` is signed, but `{}` was sent",
                method.name(),
                sent.name()
            );
            let claim = Claim::new(M::OTHER_METHOD, text);
            Variation::name(claim, VariedPart::Method, name, method.name())
        })
        .collect();
    let claim = Claim::plain(M::METHOD_CASE);
    all.push(Variation::name(claim, VariedPart::Method, name, sent.key()));
    let capital = sent.name()[..1].to_owned() + &sent.key()[1..];
    let claim = Claim::new(
        M::METHOD_CASE,
        "the method is written with one upper-case letter",
    );
    all.push(Variation::name(claim, VariedPart::Method, name, capital));
    all
}

const PATHS: [&str; 4] = ["path", "api_path", "path_query", "url"];

fn path(claim: Claim, change: impl Fn(&str) -> Option<String> + 'static) -> Variation {
    Variation::request(claim, VariedPart::Path, move |request| {
        if let Some(path) = change(&request.draft.path) {
            request.draft.path = path;
        }
    })
}

pub(super) fn path_variations(recipe: &Recipe<'_>, around: &Surroundings<'_>) -> Vec<Variation> {
    let mut all = Vec::new();
    if !recipe.reads(&PATHS) {
        add_uncovered_path(recipe, &mut all);
        return all;
    }
    add_base_path(recipe, &mut all);
    add_slashes(&mut all);
    add_path_coding(&mut all);
    add_other_paths(recipe, around, &mut all);
    if recipe.reads(&["path", "api_path"]) {
        add_whole_address(recipe, &mut all);
    }
    if recipe.reads(&["path", "api_path", "path_query"]) {
        add_address_before_path(recipe, &mut all);
    }
    all
}

fn add_slashes(all: &mut Vec<Variation>) {
    let slash = |text: &str| Claim::new(M::SLASHES, text);
    all.push(path(
        slash("the slash at the end of the path is missing from the text"),
        |path| path.strip_suffix('/').map(str::to_owned),
    ));
    all.push(path(
        slash("the path is signed with a slash at its end"),
        |path| (!path.ends_with('/')).then(|| format!("{path}/")),
    ));
    all.push(path(
        slash("the slash at the beginning of the path is missing from the text"),
        |path| path.strip_prefix('/').map(str::to_owned),
    ));
    all.push(path(
        slash("two slashes begin the path in the text"),
        |path| Some(format!("/{path}")),
    ));
    all.push(path(slash("`//` is sent, but `/` is signed"), |path| {
        let mut text = path.to_owned();
        while text.contains("//") {
            text = text.replace("//", "/");
        }
        Some(text)
    }));
    all.push(path(
        slash("no slash is at either end of the path in the text"),
        |path| Some(path.trim_matches('/').to_owned()),
    ));
    all.push(path(slash("an empty path is signed as nothing"), |path| {
        (path == "/").then(String::new)
    }));
}

fn add_path_coding(all: &mut Vec<Variation>) {
    let coding = |text: &str| Claim::new(M::PATH_CODING, text);
    all.push(path(coding("the path is signed decoded"), percent_decoded));
    all.push(path(
        coding("the path is percent-encoded once more in the text"),
        |path| {
            Some(each_segment(path, |segment| {
                Alphabet::Rfc3986.encode(segment)
            }))
        },
    ));
    all.push(path(
        coding("the whole path is percent-encoded in the text, slashes too"),
        |path| Some(Alphabet::Rfc3986.encode(path)),
    ));
    for alphabet in [
        Alphabet::UriComponent,
        Alphabet::Uri,
        Alphabet::Form,
        Alphabet::Rfc3986,
        Alphabet::Browser,
    ] {
        all.push(path(
            coding("the path is encoded with another alphabet in the text"),
            move |path| {
                let decoded =
                    |segment: &str| percent_decoded(segment).unwrap_or_else(|| segment.to_owned());
                Some(each_segment(path, |segment| {
                    alphabet.encode(&decoded(segment))
                }))
            },
        ));
    }
    all.push(path(coding("`%2F` is signed as `/`"), |path| {
        Some(path.replace("%2F", "/").replace("%2f", "/"))
    }));
    all.push(path(
        coding("the hex digits of escapes are in the other case"),
        |path| Some(super::query_text::swap_escape_case(path)),
    ));
}

fn each_segment(path: &str, change: impl Fn(&str) -> String) -> String {
    path.split('/').map(change).collect::<Vec<_>>().join("/")
}

fn add_other_paths(recipe: &Recipe<'_>, around: &Surroundings<'_>, all: &mut Vec<Variation>) {
    let own = &recipe.signed.request.draft.path;
    // A slash at the end is a mistake of its own.
    let segments: Vec<&str> = own.trim_matches('/').split('/').collect();
    for count in (1..segments.len()).rev() {
        let shorter = format!("/{}", segments[..count].join("/"));
        let text = format!("`{shorter}` is signed instead of the whole path");
        all.push(path(Claim::new(M::OTHER_PATH, text), move |_| {
            Some(shorter.clone())
        }));
    }
    for count in 1..segments.len().min(6) {
        let shorter = format!("/{}", segments[count..].join("/"));
        let text = format!("`{shorter}` is signed instead of the whole path");
        all.push(path(Claim::new(M::OTHER_PATH, text), move |_| {
            Some(shorter.clone())
        }));
    }
    for other in around.paths.iter().filter(|other| *other != own).take(40) {
        let text = format!("`{other}` is signed instead of the path that was sent");
        let other = other.clone();
        all.push(path(Claim::new(M::OTHER_PATH, text), move |_| {
            Some(other.clone())
        }));
    }
    let lower = own.to_lowercase();
    let claim = Claim::new(M::OTHER_PATH, "the path is signed in lower case");
    all.push(path(claim, move |_| Some(lower.clone())));
    for bare in ["", "/"] {
        let claim = Claim::new(M::OTHER_PATH, "no path is signed");
        all.push(path(claim, move |_| Some(bare.to_owned())));
    }
}

/// The base path of the host, there or missing, and parts of the path that a recipe cuts off.
fn add_base_path(recipe: &Recipe<'_>, all: &mut Vec<Variation>) {
    let base = recipe.signed.request.base.path().to_owned();
    if !base.is_empty() {
        let own = recipe.reads(&["path", "path_query", "url"]);
        let (text, change): (String, ChangeRequest) = if own {
            let text = format!("the path is signed without the base path `{base}`");
            (
                text,
                Rc::new(|request| {
                    if let Ok(bare) = BaseUrl::parse(request.base.origin()) {
                        request.base = bare;
                    }
                }),
            )
        } else {
            let text = format!("the path is signed with the base path `{base}`");
            (
                text,
                Rc::new(move |request| request.draft.path.insert_str(0, &base)),
            )
        };
        all.push(Variation::new(
            Claim::new(M::BASE_PATH, text),
            VariedPart::Path,
            Edit::Request(change),
        ));
    }
    for from in ["req.path", "req.api_path"] {
        let edit = Edit::Steps(Rc::new(move |steps: &mut Vec<SignStep>| {
            edit_sources(steps, &|source| uncut(source, from));
        }));
        let claim = Claim::new(
            M::BASE_PATH,
            "the whole path is signed, with the part that must be removed",
        );
        all.push(Variation::new(claim, VariedPart::Path, edit));
    }
}

/// `req.path[5:]` as `req.path`.
fn uncut(source: &str, name: &str) -> String {
    let open = format!("{name}[");
    let Some(at) = source.find(&open) else {
        return source.to_owned();
    };
    let rest = &source[at + open.len()..];
    match rest.find(']') {
        Some(close) => format!("{}{name}{}", &source[..at], &rest[close + 1..]),
        None => source.to_owned(),
    }
}

fn add_whole_address(recipe: &Recipe<'_>, all: &mut Vec<Variation>) {
    let request = &recipe.signed.request;
    let name = if recipe.reads(&["path"]) {
        "req.path"
    } else {
        "req.api_path"
    };
    let bare = format!("{}{}", request.base.origin(), request.full_path());
    let authority = request.base.authority();
    for (text, what) in [
        (
            bare.clone(),
            "the whole address is signed instead of the path",
        ),
        (
            request.url(),
            "the whole address, with its query, is signed instead of the path",
        ),
        (
            format!("{authority}{}", request.full_path()),
            "the host is signed before the path",
        ),
    ] {
        let claim = Claim::new(M::HOST_OR_ADDRESS, what);
        all.push(Variation::name(claim, VariedPart::Host, name, text));
    }
}

/// The host, or the whole address, before the path as it stands in the text of one step.
fn add_address_before_path(recipe: &Recipe<'_>, all: &mut Vec<Variation>) {
    let request = &recipe.signed.request;
    let path = if recipe.reads(&["api_path"]) {
        request.draft.path.clone()
    } else {
        request.full_path()
    };
    let with_base = format!("{}{}", request.base.origin(), request.base.path());
    let mut starts = vec![
        (
            request.base.origin().to_owned(),
            "the whole address is signed instead of the path",
        ),
        (
            request.base.authority().to_owned(),
            "the host is signed before the path",
        ),
    ];
    if recipe.reads(&["api_path"]) && !request.base.path().is_empty() {
        starts.push((with_base, "the whole address is signed instead of the path"));
    }
    for (start, what) in starts {
        let whole = format!("{start}{path}");
        let before = path.clone();
        for step in recipe.text_steps.iter().copied() {
            let (before, whole) = (before.clone(), whole.clone());
            let change = move |text: &str| {
                text.contains(&before)
                    .then(|| text.replacen(&before, &whole, 1))
            };
            all.push(Variation::new(
                Claim::new(M::HOST_OR_ADDRESS, what),
                VariedPart::Host,
                Edit::Text(Some(step), Rc::new(change)),
            ));
        }
        all.push(Variation::new(
            Claim::new(M::HOST_OR_ADDRESS, what),
            VariedPart::Host,
            Edit::Bytes(Rc::new(move |text: &[u8]| {
                let text = std::str::from_utf8(text).ok()?;
                let changed = text.contains(&before);
                changed.then(|| text.replacen(&before, &whole, 1).into_bytes())
            })),
        ));
    }
}

/// A path where the recipe has none: before or behind the text.
fn add_uncovered_path(recipe: &Recipe<'_>, all: &mut Vec<Variation>) {
    let request = &recipe.signed.request;
    for path in [request.full_path(), request.draft.path.clone()] {
        for before in [true, false] {
            let path = path.clone();
            let claim = Claim::new(
                M::OTHER_RECIPE,
                "the path is signed, but the scheme does not sign it",
            );
            all.push(Variation::new(
                claim,
                VariedPart::Path,
                Edit::Bytes(Rc::new(move |text: &[u8]| {
                    let path = path.as_bytes();
                    Some(if before {
                        [path, text].concat()
                    } else {
                        [text, path].concat()
                    })
                })),
            ));
        }
    }
}

const HOSTS: [&str; 2] = ["host", "url"];

pub(super) fn host_variations(recipe: &Recipe<'_>, around: &Surroundings<'_>) -> Vec<Variation> {
    let mut all = Vec::new();
    if !recipe.reads(&HOSTS) {
        return all;
    }
    let request = &recipe.signed.request;
    let base = &request.base;
    for header in ["x-forwarded-host", "host", "x-original-host"] {
        let mut headers = request.draft.headers.iter();
        let Some((_, value)) = headers.find(|(name, _)| name == header) else {
            continue;
        };
        let protocol = if base.is_https() { "https" } else { "http" };
        let text = format!("the host is signed as in `{header}`: `{value}`");
        all.extend(other_base(
            base,
            &format!("{protocol}://{value}{}", base.path()),
            Claim::new(M::PROXY_HOST, text),
        ));
    }
    for other in &around.hosts {
        let text = format!("`{other}` is signed, but `{}` was called", base.origin());
        all.extend(other_base(
            base,
            other,
            Claim::new(M::HOST_OR_ADDRESS, text),
        ));
    }
    let authority = base.authority();
    let www = match authority.strip_prefix("www.") {
        Some(bare) => bare.to_owned(),
        None => format!("www.{authority}"),
    };
    let protocol = if base.is_https() { "https" } else { "http" };
    let claim = Claim::new(M::HOST_OR_ADDRESS, format!("`{www}` is signed as the host"));
    all.extend(other_base(
        base,
        &format!("{protocol}://{www}{}", base.path()),
        claim,
    ));
    add_address_parts(recipe, &mut all);
    add_protocol(recipe, &mut all);
    all
}

fn other_base(own: &BaseUrl, other: &str, claim: Claim) -> Option<Variation> {
    let other = BaseUrl::parse(other).ok().filter(|other| other != own)?;
    Some(Variation::request(
        claim,
        VariedPart::Host,
        move |request| {
            request.base = other.clone();
        },
    ))
}

/// The path for the whole address.
fn add_address_parts(recipe: &Recipe<'_>, all: &mut Vec<Variation>) {
    if !recipe.reads(&["url"]) {
        return;
    }
    let origin = recipe.signed.request.base.origin().to_owned();
    let authority = recipe.signed.request.base.authority().to_owned();
    let host = recipe.signed.request.base.host().to_owned();
    let path = recipe.signed.request.full_path();
    for (from, to, what) in [
        (
            origin.clone(),
            String::new(),
            "the path is signed instead of the whole address",
        ),
        (
            origin.clone(),
            authority,
            "the address is signed without its protocol",
        ),
        (
            format!("{origin}{path}"),
            path.clone(),
            "the path is signed instead of the whole address",
        ),
        (
            format!("{origin}{path}"),
            host,
            "only the host is signed instead of the whole address",
        ),
    ] {
        add_replaced(
            recipe,
            &Claim::new(M::HOST_OR_ADDRESS, what),
            (&from, &to),
            all,
        );
    }
}

/// A part of the text by another one: in every step, or in one only, where a step has another one's
/// text in it.
fn add_replaced(
    recipe: &Recipe<'_>,
    claim: &Claim,
    (from, to): (&str, &str),
    all: &mut Vec<Variation>,
) {
    let mut places = vec![None];
    if recipe.text_steps.len() > 1 {
        places.extend(recipe.text_steps.iter().copied().map(Some));
    }
    for step in places {
        let (from, to) = (from.to_owned(), to.to_owned());
        let change = move |text: &str| text.contains(&from).then(|| text.replacen(&from, &to, 1));
        all.push(Variation::new(
            claim.clone(),
            VariedPart::Host,
            Edit::Text(step, Rc::new(change)),
        ));
    }
}

fn add_protocol(recipe: &Recipe<'_>, all: &mut Vec<Variation>) {
    let base = &recipe.signed.request.base;
    let (own, other) = if base.is_https() {
        ("https", "http")
    } else {
        ("http", "https")
    };
    let authority = base.authority();
    let text = format!(
        "`{other}://` is signed, and `{own}://` was sent (a redirect, or a server behind a proxy)"
    );
    let claim = Claim::new(M::PROTOCOL_OR_PORT, text);
    all.extend(other_base(
        base,
        &format!("{other}://{authority}{}", base.path()),
        claim,
    ));
    let port = if base.is_https() { "443" } else { "80" };
    for (to, what) in [
        (
            format!("{authority}:{port}"),
            "the host is signed with its port",
        ),
        (
            format!("{}:80", base.host()),
            "the host is signed with another port",
        ),
        (
            base.host().to_owned(),
            "the host is signed without its port",
        ),
        (authority.to_uppercase(), "the host is signed in upper case"),
    ] {
        if to != authority {
            let claim = Claim::new(M::PROTOCOL_OR_PORT, what);
            add_replaced(recipe, &claim, (authority, &to), all);
        }
    }
}
