//! `GET /{WABA}/message_templates`: what may be sent outside the window. The call is ordinary Graph: `fields`, `status`,
//! `limit` and paging as in Meta's "Message templates" reference of the WhatsApp Business Management API; the kind of
//! component that asks for a permission is from "Obtain user call permissions" (June 2026).

use std::time::Duration;

use reqwest::Method;

use crate::error::GraphError;
use crate::meta::members::Members;
use crate::outgoing::Template;
use crate::secret::AccessToken;

use super::answer::Doing;
use super::{GraphClient, Request};

const READ_TEMPLATES: Doing =
    Doing { action: "read_templates", text: "read the templates", repeatable: true };
const FIELDS: &str = "name,language,status,category,components";
/// Templates of one page.
const PAGE: &str = "100";
/// Pages that are read: a business may have 6,000 templates, a person picks from fewer.
const MAX_PAGES: usize = 5;

impl GraphClient {
    /// The approved templates of a business account, by name.
    pub async fn templates(
        &self,
        waba: &str,
        token: &AccessToken,
        give_up_after: Duration,
    ) -> Result<Vec<Template>, GraphError> {
        let mut templates = Vec::new();
        let mut after: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let mut query = vec![("fields", FIELDS), ("status", "APPROVED"), ("limit", PAGE)];
            if let Some(after) = &after {
                query.push(("after", after));
            }
            let request = Request {
                doing: READ_TEMPLATES,
                method: Method::GET,
                number: waba,
                edge: "message_templates",
                query: &query,
                ..Request::default()
            };
            let text = self.request(request, token, give_up_after).await?;
            let Some(answer) = Members::of(&text) else { break };
            templates.extend(answer.objects("data").iter().filter_map(read));
            let paging = answer.object("paging");
            let more = paging.as_ref().is_some_and(|paging| paging.raw("next").is_some());
            after = paging
                .and_then(|paging| paging.object("cursors")?.text("after"))
                .filter(|next| more && after.as_ref() != Some(next));
            if after.is_none() {
                break;
            }
        }
        templates.sort_by(|one: &Template, other: &Template| {
            (&one.name, &one.language).cmp(&(&other.name, &other.language))
        });
        Ok(templates)
    }
}

/// None: it is not approved, or nobody could send it.
fn read(template: &Members<'_>) -> Option<Template> {
    if template.word("status").is_some_and(|status| status != "approved") {
        return None;
    }
    let components = template.objects("components");
    let of_kind =
        |kind: &str| components.iter().find(|component| component.word("type").as_deref() == Some(kind));
    let body = of_kind("body").and_then(|body| body.text("text"));
    let buttons = of_kind("buttons").map(|buttons| buttons.objects("buttons")).unwrap_or_default();
    let voice_call = buttons.iter().position(|button| button.word("type").as_deref() == Some("voice_call"));
    Some(Template {
        name: template.text("name")?,
        language: template.text("language")?,
        category: template.text("category").unwrap_or_default(),
        parameters: body.as_deref().map_or(0, placeholders),
        body,
        asks_permission: of_kind("call_permission_request").is_some(),
        voice_call: voice_call.and_then(|place| u8::try_from(place).ok()),
    })
}

/// How many different `{{…}}` a text has.
fn placeholders(text: &str) -> u32 {
    let mut names: Vec<&str> =
        text.split("{{").skip(1).filter_map(|rest| rest.split_once("}}")).map(|it| it.0.trim()).collect();
    names.sort_unstable();
    names.dedup();
    u32::try_from(names.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_says_what_is_filled_in_and_what_it_asks() {
        let json = r#"{"name":"sample_cpr","language":"en","status":"APPROVED","category":"UTILITY","components":[
            {"type":"BODY","text":"We would like to call you about {{1}} on {{2}}, {{1}}."},
            {"type":"call_permission_request"}]}"#;
        let template = read(&Members::of(json).expect("an object")).expect("approved");
        assert_eq!((template.parameters, template.asks_permission, template.voice_call), (2, true, None));
        let json = r#"{"name":"call","language":"es","components":[{"type":"BUTTONS","buttons":[
            {"type":"URL"},{"type":"voice_call","text":"Call Now"}]}]}"#;
        let template = read(&Members::of(json).expect("an object")).expect("approved");
        assert_eq!((template.parameters, template.asks_permission, template.voice_call), (0, false, Some(1)));
        let json = r#"{"name":"late","language":"en","status":"PAUSED"}"#;
        assert_eq!(read(&Members::of(json).expect("an object")), None);
    }
}
