//! What a device and a person see of the login of a device: the response with its codes, and the
//! page where the person decides. The page needs no login: who has the code may decide.

use super::device_logins::{BegunLogin, DeviceDecision, POLL_INTERVAL_MS};
use super::html_page::{escape_html, html_page, subject_label};
use crate::model::template::TemplateTree;
use crate::render::{FreshValues, RenderError};
use crate::sandbox::marketplace::TestMarketplace;
use crate::sandbox::reply::{SandboxReply, unmakeable_reply};
use crate::sandbox::reserved_names::CONTROL_PATH;
use crate::sign::ReceivedRequest;
use crate::value::Value;
use crate::wire::join_query;

/// What the page is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DevicePageRequest {
    pub(crate) user_code: Option<String>,
    pub(crate) decision: Option<DeviceDecision>,
}

/// A response of RFC 8628, section 3.5, which is the same at every marketplace.
pub(super) fn device_error(error: &str) -> SandboxReply {
    let json = Value::Object(vec![("error".into(), error.into())]);
    SandboxReply::json(400, &json)
}

impl TestMarketplace {
    /// `json` is what the scheme says of this response.
    pub(super) fn device_codes_reply(
        &self,
        json: Option<&TemplateTree>,
        begun: &BegunLogin,
        received: &ReceivedRequest,
        moment: FreshValues,
    ) -> SandboxReply {
        let made = self.device_codes_json(json, begun, received, moment);
        match made {
            Ok(json) => SandboxReply::json(200, &json),
            Err(error) => unmakeable_reply(&error),
        }
    }

    fn device_codes_json(
        &self,
        json: Option<&TemplateTree>,
        begun: &BegunLogin,
        received: &ReceivedRequest,
        moment: FreshValues,
    ) -> Result<Value, RenderError> {
        let address = format!("{}{CONTROL_PATH}device", received.base.origin());
        let with_code = join_query(&[("user_code".to_owned(), begun.user_code.clone())]);
        let code = &begun.device_code;
        let values: [(&str, Value); 6] = [
            ("device_code", code.value.as_str().into()),
            ("user_code", begun.user_code.as_str().into()),
            ("verification_uri", address.as_str().into()),
            (
                "verification_uri_complete",
                format!("{address}?{with_code}").into(),
            ),
            ("expires_in", code.seconds_left(moment.unix_ms).into()),
            ("interval", (POLL_INTERVAL_MS / 1_000).into()),
        ];
        let Some(json) = json else {
            let members = values.map(|(name, value)| (name.into(), value));
            return Ok(Value::Object(members.into()));
        };
        let mut scope = self.reply_scope(received.path(), moment)?;
        for (name, value) in values {
            scope = scope.with(name, value);
        }
        scope.render(json)
    }

    /// The page for a person with a code, who decides by one of its links.
    pub(crate) fn device_page(&mut self, asked: &DevicePageRequest, now_ms: i64) -> SandboxReply {
        let title = self.page_title().to_owned();
        let Some(code) = &asked.user_code else {
            return html_page(
                200,
                &title,
                "<form><label>The code of your device: <input name=\"user_code\"></label> <button>Continue</button></form>",
            );
        };
        if let Some(decision) = &asked.decision {
            let devices = &mut self.tokens.devices;
            let is_known = devices.decide(code, decision.clone(), now_ms);
            return match (is_known, decision) {
                (false, _) => unknown_code(&title),
                (true, DeviceDecision::Denied) => html_page(200, &title, "<p>Denied.</p>"),
                (true, _) => html_page(200, &title, "<p>Confirmed. Go back to your device.</p>"),
            };
        }
        let Some(subjects) = self.tokens.devices.subjects(code, now_ms) else {
            return unknown_code(&title);
        };
        let link = |decision: &str, label: &str| {
            let pairs = [
                ("user_code".to_owned(), code.clone()),
                ("decision".to_owned(), decision.to_owned()),
            ];
            let address = escape_html(&format!("?{}", join_query(&pairs)));
            format!(
                "<li><a href=\"{address}\">{}</a></li>\n",
                escape_html(label)
            )
        };
        let mut items = String::new();
        for (index, subject) in subjects.iter().enumerate() {
            items.push_str(&link(&index.to_string(), &subject_label(subject)));
        }
        items.push_str(&link("deny", "Deny"));
        let text = format!("<p>Choose what the device may act for:</p>\n<ul>\n{items}</ul>");
        html_page(200, &title, &text)
    }
}

fn unknown_code(title: &str) -> SandboxReply {
    html_page(
        404,
        title,
        "<p>No login with this code is waiting for a decision.</p>",
    )
}
