//! What the business writes to customers: the shapes Meta takes, and what it refuses (messages, Nov 2025; call buttons,
//! Nov 2025; call permissions, Jun 2026).

use serde_json::{Map, Value};

use crate::account::Template;
use crate::exchange::LONGEST_TEXT;
use crate::rules::Refusal;

/// Longest body of an interactive message.
const LONGEST_BODY: usize = 1_024;
/// Longest text on a button.
const LONGEST_BUTTON: usize = 20;
/// Longest payload of a call button.
const LONGEST_PAYLOAD: usize = 512;
/// A call button works so many minutes at most, and when nothing is said.
const LONGEST_TTL: i64 = 43_200;
const USUAL_TTL: i64 = 10_080;

/// A message that was understood.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) kind: &'static str,
    pub(crate) text: String,
    /// The name of the template it was made from: allowed outside the window.
    pub(crate) template: Option<String>,
    /// A category of prices.
    pub(crate) category: Option<String>,
    /// It asks for permission to call.
    pub(crate) asks: bool,
    pub(crate) button: Option<Button>,
}

/// A button that calls the business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Button {
    pub(crate) text: String,
    pub(crate) ttl_minutes: i64,
    pub(crate) payload: Option<String>,
}

/// Missing parameter (Cloud API error codes, Nov 2025).
fn missing(name: &str) -> Refusal {
    Refusal::message(
        400,
        131_008,
        "Required parameter is missing",
        format!("The parameter {name} is required"),
    )
}

fn text_at(value: &Value, path: &str) -> Option<String> {
    value.pointer(path).and_then(Value::as_str).map(str::to_owned)
}

fn no_longer(name: &str, text: &str, most: usize) -> Result<(), Refusal> {
    if text.chars().count() > most {
        return Err(Refusal::parameter(format!("Param {name} must be at most {most} characters long.")));
    }
    Ok(())
}

impl Content {
    /// Reads the part of a message named like its type.
    pub(crate) fn read(
        kind: &str,
        parts: &Map<String, Value>,
        templates: &[Template],
    ) -> Result<Self, Refusal> {
        let part = parts.get(kind);
        match kind {
            "text" => {
                let body =
                    part.and_then(|part| text_at(part, "/body")).ok_or_else(|| missing("text.body"))?;
                if body.trim().is_empty() {
                    return Err(missing("text.body"));
                }
                no_longer("text['body']", &body, LONGEST_TEXT)?;
                Ok(Self { kind: "text", text: body, ..Self::default() })
            }
            "interactive" => Self::interactive(part.ok_or_else(|| missing("interactive"))?),
            "template" => Self::template(part.ok_or_else(|| missing("template"))?, templates),
            // Meta sends more than this; nothing here is to be mistaken for Meta's word on it.
            "audio" | "contacts" | "document" | "image" | "location" | "reaction" | "sticker" | "video" => {
                Err(Refusal::parameter(format!("The simulator does not play messages of type {kind}")))
            }
            other => {
                let details = format!("Message type {other} is not supported");
                Err(Refusal::message(400, 131_051, "Unsupported message type", details))
            }
        }
    }

    fn interactive(part: &Value) -> Result<Self, Refusal> {
        let body = text_at(part, "/body/text");
        if let Some(body) = &body {
            no_longer("interactive['body']['text']", body, LONGEST_BODY)?;
        }
        let named = |name: &str| match text_at(part, "/action/name") {
            Some(action) if action == name => Ok(()),
            Some(_) | None => Err(Refusal::parameter(format!("interactive.action.name must be {name}"))),
        };
        match part["type"].as_str() {
            Some("call_permission_request") => {
                named("call_permission_request")?;
                if part.get("header").is_some() || part.get("footer").is_some() {
                    return Err(Refusal::parameter(
                        "A call permission request has neither header nor footer",
                    ));
                }
                let text = body.unwrap_or_default();
                Ok(Self { kind: "call_permission_request", text, asks: true, ..Self::default() })
            }
            Some("voice_call") => {
                named("voice_call")?;
                let text = body.ok_or_else(|| missing("interactive.body.text"))?;
                let button = Button::read(part.pointer("/action/parameters"))?;
                Ok(Self { kind: "voice_call", text, button: Some(button), ..Self::default() })
            }
            Some("button") => {
                let text = body.ok_or_else(|| missing("interactive.body.text"))?;
                let buttons = part.pointer("/action/buttons").and_then(Value::as_array);
                let buttons = buttons.filter(|buttons| (1..=3).contains(&buttons.len()));
                let buttons = buttons.ok_or_else(|| Refusal::parameter("1 to 3 reply buttons are needed"))?;
                for button in buttons {
                    let title = text_at(button, "/reply/title").ok_or_else(|| missing("reply.title"))?;
                    no_longer("reply['title']", &title, LONGEST_BUTTON)?;
                    let id = text_at(button, "/reply/id").ok_or_else(|| missing("reply.id"))?;
                    no_longer("reply['id']", &id, 256)?;
                }
                Ok(Self { kind: "button", text, ..Self::default() })
            }
            Some(other) => Err(Refusal::parameter(format!("interactive.type {other} is not supported"))),
            None => Err(missing("interactive.type")),
        }
    }

    fn template(part: &Value, templates: &[Template]) -> Result<Self, Refusal> {
        let name = text_at(part, "/name").ok_or_else(|| missing("template.name"))?;
        let language = text_at(part, "/language/code").ok_or_else(|| missing("template.language.code"))?;
        let found = templates.iter().find(|each| each.name == name && each.language == language);
        let Some(template) = found else {
            let details = format!("template name ({name}) does not exist in {language}");
            return Err(Refusal::message(
                404,
                132_001,
                "Template name does not exist in the translation",
                details,
            ));
        };
        match template.status.as_str() {
            "APPROVED" => {}
            "PAUSED" => {
                return Err(Refusal::message(400, 132_015, "Template is paused", "Template is paused"));
            }
            "DISABLED" => {
                return Err(Refusal::message(400, 132_016, "Template is disabled", "Template is disabled"));
            }
            _ => {
                let details = format!("template name ({name}) is not approved");
                return Err(Refusal::message(404, 132_001, "Template does not exist", details));
            }
        }
        let components = part["components"].as_array().cloned().unwrap_or_default();
        let given = |kind: &str| {
            components
                .iter()
                .find(|each| each["type"].as_str().is_some_and(|word| word.eq_ignore_ascii_case(kind)))
        };
        let values: Vec<String> = given("body")
            .and_then(|body| body["parameters"].as_array())
            .map(|parameters| parameters.iter().filter_map(|each| text_at(each, "/text")).collect())
            .unwrap_or_default();
        let text = template.body();
        let wanted = (1..).take_while(|number| text.contains(&format!("{{{{{number}}}}}"))).count();
        if values.len() != wanted {
            let details = format!(
                "body: number of localizable_params ({}) does not match the expected number of \
                 params ({wanted})",
                values.len()
            );
            return Err(Refusal::message(400, 132_000, "Number of parameters does not match", details));
        }
        let text = values
            .iter()
            .enumerate()
            .fold(text, |text, (at, value)| text.replace(&format!("{{{{{}}}}}", at + 1), value));
        let button = match template.call_button() {
            Some(label) => {
                let mut parameters = Map::new();
                parameters.insert("display_text".into(), Value::String(label));
                let given = components.iter().filter(|each| {
                    each["sub_type"].as_str().is_some_and(|word| word.eq_ignore_ascii_case("voice_call"))
                });
                for parameter in given.filter_map(|each| each["parameters"].as_array()).flatten() {
                    if let Some(name) = parameter["type"].as_str() {
                        parameters.insert(name.to_owned(), parameter[name].clone());
                    }
                }
                Some(Button::read(Some(&Value::Object(parameters)))?)
            }
            None => None,
        };
        Ok(Self {
            kind: "template",
            text,
            template: Some(name),
            category: Some(template.category.to_ascii_lowercase()),
            asks: template.asks(),
            button,
        })
    }
}

impl Button {
    fn read(parameters: Option<&Value>) -> Result<Self, Refusal> {
        let none = Value::Null;
        let parameters = parameters.unwrap_or(&none);
        let text = text_at(parameters, "/display_text").unwrap_or_else(|| "Call Now".to_owned());
        no_longer("display_text", &text, LONGEST_BUTTON)?;
        let ttl_minutes = match parameters.get("ttl_minutes") {
            None => USUAL_TTL,
            Some(ttl) => match ttl.as_i64() {
                Some(ttl) if (1..=LONGEST_TTL).contains(&ttl) => ttl,
                Some(_) | None => {
                    return Err(Refusal::parameter(format!("ttl_minutes must be 1 to {LONGEST_TTL}")));
                }
            },
        };
        let payload = text_at(parameters, "/payload");
        if let Some(payload) = &payload {
            no_longer("payload", payload, LONGEST_PAYLOAD)?;
        }
        Ok(Self { text, ttl_minutes, payload })
    }
}
