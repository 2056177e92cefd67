//! Decodes how an environment is reached: `tls`, `proxy`, `plain_http`. Files of certificates are
//! read here, so that a faulty one is found by `check`.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::load::node_reader::{CheckedMap, text};
use crate::load::workspace_files::WorkspaceFiles;
use crate::model::environment::{PemFile, ProxyAddress, TlsSettings};
use crate::span::Span;
use crate::yaml::YamlNode;
use percent_encoding::percent_decode_str;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use url::Url;

const TLS_KEYS: [&str; 2] = ["ca", "client_cert"];

/// Of proxies, as the client knows them.
const PROXY_PROTOCOLS: [&str; 4] = ["http", "https", "socks5", "socks5h"];

/// The place of `plain_http: true`.
pub(super) fn plain_http(map: &CheckedMap<'_>, diagnostics: &mut Diagnostics) -> Option<Span> {
    let is_allowed = map.optional_boolean("plain_http", diagnostics)?;
    is_allowed.then(|| map.get("plain_http").map(|node| node.at))?
}

/// `tls: { ca: certs/ca.pem, client_cert: certs/me.pem }`
pub(super) fn tls_settings(
    node: &YamlNode,
    files: &WorkspaceFiles,
    diagnostics: &mut Diagnostics,
) -> TlsSettings {
    let Some(map) = CheckedMap::open(node, "`tls`", &TLS_KEYS, diagnostics) else {
        return TlsSettings::default();
    };
    if map.present_entries(&TLS_KEYS).is_empty() && !map.has_unknown_key(&TLS_KEYS) {
        let diagnostic = Diagnostic::error("`tls` needs `ca` or `client_cert`");
        diagnostics.push(diagnostic.at(map.at, "says nothing"));
    }
    let mut pem = |key: &str| {
        let node = map.get(key)?;
        pem_file(node, key == "ca", files, diagnostics)
    };
    TlsSettings {
        ca: pem("ca"),
        client_cert: pem("client_cert"),
    }
}

fn pem_file(
    node: &YamlNode,
    is_authority: bool,
    files: &WorkspaceFiles,
    diagnostics: &mut Diagnostics,
) -> Option<PemFile> {
    let file = files.workspace_file(node, diagnostics)?;
    let bytes = files
        .read_data(&file)
        .map_err(|reason| {
            let diagnostic = Diagnostic::error(format!("the file {reason}"));
            diagnostics.push(diagnostic.at(file.at, "this path"));
        })
        .ok()?;
    let shown = file.path.display();
    // A file that holds a key, too, is how many programs keep both.
    if bytes
        .windows(KEY_MARK.len())
        .any(|window| window == KEY_MARK)
    {
        let diagnostic = Diagnostic::error(format!(
            "`{shown}` contains a private key, but a workspace is shared"
        ));
        diagnostics.push(diagnostic.at(file.at, "the file must contain only certificates").hint(
            "set the variable `INGAM_<SCHEME>__TLS_KEY_FILE` to a key file outside the workspace; if this file was shared, replace the key",
        ));
        return None;
    }
    match check_certificates(&bytes, is_authority) {
        Ok(text) => Some(PemFile {
            path: file.path,
            at: file.at,
            text,
        }),
        Err(reason) => {
            let diagnostic = Diagnostic::error(format!("`{shown}` {reason}"));
            diagnostics.push(diagnostic.at(file.at, "this file").hint(
                "use certificates in PEM format, beginning with `-----BEGIN CERTIFICATE-----`; `openssl x509 -inform der -in FILE` converts a certificate",
            ));
            None
        }
    }
}

const KEY_MARK: &[u8] = b"PRIVATE KEY-----";

/// The text of a file that holds certificates and nothing broken.
fn check_certificates(bytes: &[u8], is_authority: bool) -> Result<String, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "is not text".to_owned())?;
    let mut count = 0;
    for certificate in CertificateDer::pem_slice_iter(bytes) {
        let certificate = certificate.map_err(|error| format!("is not PEM: {error}"))?;
        count += 1;
        if is_authority {
            RootCertStore::empty()
                .add(certificate)
                .map_err(|error| format!("contains a certificate that cannot be used: {error}"))?;
        }
    }
    match count {
        0 => Err("contains no certificate".to_owned()),
        _ => Ok(text.to_owned()),
    }
}

/// `http://user@host:port`
pub(super) fn proxy_address(
    node: &YamlNode,
    diagnostics: &mut Diagnostics,
) -> Option<ProxyAddress> {
    let written = text(node, "`proxy`", diagnostics)?;
    let mut refuse = |title: String, label: &str, hint: &str| {
        diagnostics.push(Diagnostic::error(title).at(node.at, label).hint(hint));
    };
    let url = match Url::parse(written) {
        Ok(url) if PROXY_PROTOCOLS.contains(&url.scheme()) && url.host().is_some() => url,
        // Not as it is written: it can hold a password.
        _ => {
            refuse(
                "`proxy` is not the address of a proxy".to_owned(),
                "this value",
                "write `http://host:port`; `https`, `socks5` and `socks5h` also work",
            );
            return None;
        }
    };
    let refused_password = url.password().map(str::to_owned);
    if refused_password.is_some() {
        refuse(
            "`proxy` contains a password, but this file is shared".to_owned(),
            "in this address",
            "remove it and set the variable `INGAM_PROXY_PASSWORD`; if the file was shared, replace the password",
        );
    } else if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        refuse(
            "`proxy` has a path".to_owned(),
            "in this address",
            "write only the protocol, the host and the port",
        );
    }
    let user = percent_decode_str(url.username()).decode_utf8_lossy();
    let port = url
        .port()
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    Some(ProxyAddress {
        at: node.at,
        url: format!(
            "{}://{}{port}",
            url.scheme(),
            url.host_str().unwrap_or_default()
        ),
        user: Some(user.into_owned()).filter(|user| !user.is_empty()),
        refused_password,
    })
}
