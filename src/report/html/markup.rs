//! Text of a page. Markup is written in the program; everything else is escaped, and there is no
//! third way.

use crate::redact::escape_control_chars;

/// A page that grows.
#[derive(Default)]
pub(super) struct HtmlPage(String);

impl HtmlPage {
    /// Markup of the program itself: no value of a run has the life of the program.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// A value, between tags or inside of a quoted attribute.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        // HTML allows fewer characters than a name or a message can hold.
        for letter in escape_control_chars(text).chars() {
            match letter {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                letter => self.0.push(letter),
            }
        }
        self
    }

    /// A number, for coordinates with one decimal.
    pub(super) fn number(&mut self, number: f64) -> &mut Self {
        self.0.push_str(&format!("{number:.1}"));
        self
    }

    /// A value between two pieces of markup.
    pub(super) fn text_between(
        &mut self,
        before: &'static str,
        text: &str,
        after: &'static str,
    ) -> &mut Self {
        self.raw(before).text(text).raw(after)
    }

    #[must_use]
    pub(super) fn into_text(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_can_become_markup() {
        let mut page = HtmlPage::default();
        page.text_between("<p title=\"", "\"><script>'&", "\">");
        assert_eq!(
            page.into_text(),
            "<p title=\"&quot;&gt;&lt;script&gt;&#39;&amp;\">"
        );
    }
}
