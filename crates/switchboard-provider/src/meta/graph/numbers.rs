//! `GET /{phone number}`: what Meta says of a number itself (Meta, Phone number reference and Messaging limits, 2026).

use std::time::Duration;

use reqwest::Method;

use crate::error::GraphError;
use crate::meta::members::Members;
use crate::secret::AccessToken;
use crate::settings::NumberFields;

use super::answer::Doing;
use super::{GraphClient, Request};

const READ_NUMBER: Doing = Doing { action: "read_number", text: "read the number", repeatable: true };
/// `messaging_limit_tier` is not among them: Meta has withdrawn it.
const FIELDS: &str = "verified_name,display_phone_number,quality_rating,whatsapp_business_manager_messaging_limit,health_status";
/// Problems of a number's health that are kept.
const MAX_PROBLEMS: usize = 5;

impl GraphClient {
    /// Quality, messaging limit, name and health of a number.
    pub async fn number_fields(
        &self,
        number: &str,
        token: &AccessToken,
        give_up_after: Duration,
    ) -> Result<NumberFields, GraphError> {
        let request = Request {
            doing: READ_NUMBER,
            method: Method::GET,
            number,
            query: &[("fields", FIELDS)],
            ..Request::default()
        };
        let text = self.request(request, token, give_up_after).await?;
        Ok(Members::of(&text).map(|answer| read(&answer)).unwrap_or_default())
    }
}

fn read(answer: &Members<'_>) -> NumberFields {
    let capital = |name: &str| answer.text(name).map(|word| word.trim().to_ascii_uppercase());
    let health = answer.object("health_status");
    let entities = health.as_ref().map(|health| health.objects("entities")).unwrap_or_default();
    let problems = entities.iter().flat_map(|entity| entity.objects("errors"));
    NumberFields {
        verified_name: answer.text("verified_name"),
        display_phone: answer.text("display_phone_number"),
        quality_rating: capital("quality_rating"),
        messaging_limit: capital("whatsapp_business_manager_messaging_limit"),
        health: health.and_then(|health| health.text("can_send_message")),
        health_problems: problems
            .filter_map(|problem| {
                problem.text("error_description").or_else(|| problem.text("possible_solution"))
            })
            .take(MAX_PROBLEMS)
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_and_what_it_does_not_say_is_not_there() {
        let answer = r#"{"verified_name":"Bakery","display_phone_number":"+1 555-010-0001","quality_rating":"green",
            "whatsapp_business_manager_messaging_limit":"TIER_2K","id":"1","health_status":{"can_send_message":"LIMITED",
            "entities":[{"entity_type":"WABA","can_send_message":"LIMITED","errors":[{"error_code":141010,
            "error_description":"The business has not passed verification."}]},7]}}"#;
        let fields = read(&Members::of(answer).expect("an object"));
        assert_eq!(
            (fields.quality_rating.as_deref(), fields.messaging_limit.as_deref()),
            (Some("GREEN"), Some("TIER_2K"))
        );
        assert_eq!(fields.health.as_deref(), Some("LIMITED"));
        assert_eq!(fields.health_problems, ["The business has not passed verification."]);
        assert_eq!(read(&Members::of("{}").expect("an object")), NumberFields::default());
    }
}
