//! The permission of a customer, got as a business gets it: he writes, is asked, and allows calls.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use switchboard_simulator::Simulator;
use switchboard_simulator::permissions::Answer;

use super::patience::eventually;
use super::process::Outside;
use super::world::World;

/// A request of the operator.
pub(crate) trait Operator {
    fn simulator(&self) -> &Simulator;
    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value);
}

impl Operator for World {
    fn simulator(&self) -> &Simulator {
        &self.simulator
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        match body {
            Some(body) => self.api_with(method, path, &body).await,
            None => self.api(method, path).await,
        }
    }
}

impl Operator for Outside {
    fn simulator(&self) -> &Simulator {
        &self.simulator
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        self.api(method, path, body).await
    }
}

/// The customer writes, is asked whether he may be called, and allows it for good.
pub(crate) async fn has_allowed_calls(at: &impl Operator, customer: &str) {
    at.simulator().write(customer, "Good morning").expect("a message");
    let path = format!("/api/v1/contacts?q={customer}");
    let contact = eventually("the customer is known", || async {
        let (_, page) = at.ask(Method::GET, &path, None).await;
        Some(page["items"].as_array()?.first()?["id"].as_str()?.to_owned())
    })
    .await;
    let (status, asked) =
        at.ask(Method::POST, "/api/v1/permissions/request", Some(json!({ "contact_id": contact }))).await;
    assert_eq!(status, StatusCode::CREATED, "{asked}");
    at.simulator().reply(customer, Answer::Permanent).expect("an answer");
    let path = format!("/api/v1/permissions?contact_id={contact}&status=permanent");
    eventually("he has allowed it", || async {
        let (_, page) = at.ask(Method::GET, &path, None).await;
        page["items"].as_array().filter(|items| !items.is_empty()).map(|_| ())
    })
    .await;
}
