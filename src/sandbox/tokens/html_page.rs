//! The pages that a person sees when an application or a device is to be authorized.

use super::token_subject::TokenSubject;
use crate::sandbox::marketplace::TestMarketplace;
use crate::sandbox::reply::SandboxReply;

impl TestMarketplace {
    /// The name of the marketplace that is played.
    pub(super) fn page_title(&self) -> &str {
        self.scheme.title.as_deref().unwrap_or(&self.scheme.name)
    }
}

/// `body` is HTML; `title` is text.
pub(super) fn html_page(status: u16, title: &str, body: &str) -> SandboxReply {
    let title = escape_html(title);
    let page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{title}</title></head>\n<body>\n\
         <h1>{title}, simulated by ingam</h1>\n{body}\n</body>\n</html>\n"
    );
    SandboxReply {
        status,
        ..SandboxReply::html(page)
    }
}

/// `seller: client_id sandbox-client-id, account main`
pub(super) fn subject_label(owner: &TokenSubject) -> String {
    let ids: Vec<String> = owner
        .ids
        .iter()
        .map(|(name, value)| format!("{name} {}", value.to_text()))
        .collect();
    format!("{}: {}", owner.token, ids.join(", "))
}

pub(super) fn escape_html(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_on_a_page_is_no_html() {
        assert_eq!(
            escape_html("<a href='\"&\">"),
            "&lt;a href=&#39;&quot;&amp;&quot;&gt;"
        );
    }
}
