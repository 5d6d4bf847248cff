//! Rights from outside: invited, changed, taken away; and what a business hides from its own people.

use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use switchboard_simulator::NewCall;

use super::person::{Person, code_of, cookie_of, login};
use crate::support::world::{API_KEY, EMAIL, PASSWORD, World};

const NEW_PASSWORD: &str = "a password nobody has used yet";

/// As the operator's key.
async fn operator(world: &World, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
    let request = world.client().request(method, world.url(path)).bearer_auth(API_KEY).json(&body);
    let answer = request.send().await.expect("an answer");
    (answer.status(), answer.json().await.unwrap_or_default())
}

/// As nobody.
async fn post(world: &World, path: &str, body: Value) -> reqwest::Response {
    world.client().post(world.url(path)).json(&body).send().await.expect("an answer")
}

async fn invited(world: &World, email: &str, role: &str, branches: Value) -> String {
    let body = json!({
        "email": email, "name": "Bruno", "role": role, "branch_ids": branches, "language": "pt-BR",
    });
    let (status, made) = operator(world, Method::POST, "/api/v1/invitations", body).await;
    assert_eq!((status, &made["mailed"]), (StatusCode::CREATED, &json!(false)), "{made}");
    let link = made["link"].as_str().expect("a link");
    assert!(link.contains("/invite/"), "{link}");
    link.rsplit('/').next().expect("a token").to_owned()
}

async fn accepted(world: &World, token: &str) -> reqwest::Response {
    let body = json!({"token": token, "name": "Bruno Reis", "password": PASSWORD, "language": "pt-BR"});
    post(world, "/api/v1/invitations/accept", body).await
}

async fn branch(world: &World, name: &str) -> String {
    let (_, made) = operator(world, Method::POST, "/api/v1/branches", json!({"name": name})).await;
    made["id"].as_str().expect("an id").to_owned()
}

async fn id_of(world: &World, email: &str) -> String {
    let (_, users) = operator(world, Method::GET, "/api/v1/users", json!({})).await;
    let all = users["items"].as_array().expect("a list");
    let user = all.iter().find(|user| user["email"] == email).expect("the person");
    user["id"].as_str().expect("an id").to_owned()
}

async fn change(world: &World, email: &str, body: Value) -> (StatusCode, Value) {
    operator(world, Method::PATCH, &format!("/api/v1/users/{}", id_of(world, email).await), body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invited_person_makes_the_account_once_and_it_is_written_down() {
    let world = World::with_destination("agents").await;
    let token = invited(&world, "bruno@example.com", "agent", Value::Null).await;
    let letter = world.client().get(world.url(&format!("/api/v1/invitations/by-token/{token}")));
    let letter: Value = letter.send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!((&letter["email"], &letter["role"]), (&json!("bruno@example.com"), &json!("agent")));
    let weak = json!({"token": token, "name": "Bruno", "password": "short", "language": "en"});
    assert_eq!(code_of(post(&world, "/api/v1/invitations/accept", weak).await).await, "password_too_short");
    let made = accepted(&world, &token).await;
    assert_eq!(made.status(), StatusCode::CREATED);
    assert!(cookie_of(&made).starts_with("switchboard_session="), "signed in at once");
    assert_eq!(made.json::<Value>().await.expect("JSON")["name"], "Bruno Reis");
    let twice = accepted(&world, &token).await;
    assert_eq!(twice.status(), StatusCode::GONE);
    assert_eq!(code_of(twice).await, "link_not_valid");
    let (_, open) = operator(&world, Method::GET, "/api/v1/invitations", json!({})).await;
    assert_eq!(open["items"], json!([]));

    let admin = Person::sign_in(&world).await;
    let log: Value = admin
        .send(Method::GET, "/api/v1/audit?what=invitation.made,invitation.accepted")
        .await
        .json()
        .await
        .expect("JSON");
    let words: Vec<_> =
        log["items"].as_array().expect("a list").iter().map(|item| item["what"].clone()).collect();
    assert_eq!(words, ["invitation.accepted", "invitation.made"]);
    assert!(!log.to_string().contains(&token), "the log does not hold the link");
    let file = admin.send(Method::GET, "/api/v1/audit.csv").await;
    assert_eq!(file.headers()[header::CACHE_CONTROL], "no-store");
    let file = file.text().await.expect("text");
    assert!(file.starts_with("at,by,who,") && file.contains("invitation.accepted"), "{file}");
    let exported: Value =
        admin.send(Method::GET, "/api/v1/audit?what=audit.exported").await.json().await.expect("JSON");
    assert_eq!(exported["items"][0]["by"], "person");
    assert_eq!(exported["items"].as_array().expect("a list").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_password_is_set_by_a_link_and_every_session_ends() {
    let world = World::with_destination("agents").await;
    let token = invited(&world, "bruno@example.com", "agent", Value::Null).await;
    let cookie = cookie_of(&accepted(&world, &token).await);
    let asked =
        async |email: &str| post(&world, "/api/v1/password-resets", json!({"email": email})).await.status();
    assert_eq!(asked("bruno@example.com").await, StatusCode::ACCEPTED);
    assert_eq!(asked("nobody@example.com").await, StatusCode::ACCEPTED, "nobody learns who has an account");
    let path = format!("/api/v1/users/{}/password-reset", id_of(&world, "bruno@example.com").await);
    let (status, made) = operator(&world, Method::POST, &path, json!({})).await;
    assert_eq!(status, StatusCode::CREATED);
    let token = made["link"].as_str().expect("a link").rsplit('/').next().expect("a token").to_owned();
    let complete = async || {
        let body = json!({"token": token, "password": NEW_PASSWORD});
        post(&world, "/api/v1/password-resets/complete", body).await
    };
    assert_eq!(complete().await.status(), StatusCode::NO_CONTENT);
    assert_eq!(code_of(complete().await).await, "link_not_valid");
    let me = world.client().get(world.url("/api/v1/me")).header(header::COOKIE, &cookie);
    assert_eq!(me.send().await.expect("an answer").status(), StatusCode::UNAUTHORIZED);
    assert_eq!(login(&world, "bruno@example.com", PASSWORD).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(login(&world, "bruno@example.com", NEW_PASSWORD).await.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_of_ones_own_leaves_this_browser_signed_in_and_no_other() {
    let world = World::with_destination("agents").await;
    let (this, that) = (Person::sign_in(&world).await, Person::sign_in(&world).await);
    let mut stream = that.open_stream().await;
    let change = async |old: &str| {
        let body = json!({"old": old, "new": NEW_PASSWORD});
        let request = world.client().post(world.url("/api/v1/me/password")).json(&body);
        let request = request.header(header::COOKIE, &this.cookie).header(header::ORIGIN, world.url(""));
        request.send().await.expect("an answer")
    };
    assert_eq!(code_of(change("not my password at all").await).await, "wrong_password");
    assert_eq!(change(PASSWORD).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(stream.next_of("bye").await["why"], "logout");
    assert_eq!(that.send(Method::GET, "/api/v1/me").await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(this.send(Method::GET, "/api/v1/me").await.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_rights_count_at_once_on_open_pages() {
    let world = World::with_destination("agents").await;
    let north = branch(&world, "North").await;
    let token = invited(&world, "bruno@example.com", "supervisor", json!([north])).await;
    assert_eq!(accepted(&world, &token).await.status(), StatusCode::CREATED);
    let bruno = Person::sign_in_as(&world, "bruno@example.com").await;
    let mut page = bruno.open_stream().await;
    assert_eq!(bruno.send(Method::GET, "/api/v1/users").await.status(), StatusCode::OK);
    let (status, changed) = change(&world, "bruno@example.com", json!({"role": "agent"})).await;
    assert_eq!(
        (status, &changed["role"], &changed["branch_ids"]),
        (StatusCode::OK, &json!("agent"), &json!([north]))
    );
    assert_eq!(page.next_of("bye").await["why"], "rights_changed");
    assert_eq!(
        bruno.send(Method::GET, "/api/v1/users").await.status(),
        StatusCode::FORBIDDEN,
        "without signing in again"
    );
    bruno.open_stream().await;
    let half = change(&world, "bruno@example.com", json!({"role": "admin"})).await;
    assert_eq!((half.0, &half.1["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("needs_all_branches")));
    let used = operator(&world, Method::DELETE, &format!("/api/v1/branches/{north}"), json!({})).await;
    assert_eq!(
        (used.0, &used.1["code"], &used.1["uses"]["users"]),
        (StatusCode::CONFLICT, &json!("branch_in_use"), &json!(1))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_lifts_himself_and_the_last_administrator_stays() {
    let world = World::with_destination("agents").await;
    let last = change(&world, EMAIL, json!({"disabled": true})).await;
    assert_eq!((last.0, &last.1["code"]), (StatusCode::CONFLICT, &json!("last_admin")));
    let admin = Person::sign_in(&world).await;
    let mine = format!("/api/v1/users/{}", id_of(&world, EMAIL).await);
    let send = async |method: Method, path: &str, body: Value| {
        let request = world.client().request(method, world.url(path)).json(&body);
        let request = request.header(header::COOKIE, &admin.cookie).header(header::ORIGIN, world.url(""));
        request.send().await.expect("an answer").status()
    };
    assert_eq!(send(Method::PATCH, &mine, json!({"role": "operator"})).await, StatusCode::FORBIDDEN);
    assert_eq!(send(Method::PATCH, &mine, json!({"name": "Ana Lima"})).await, StatusCode::OK);
    let above = json!({"email": "x@example.com", "name": "X", "role": "operator", "language": "en"});
    assert_eq!(send(Method::POST, "/api/v1/invitations", above).await, StatusCode::FORBIDDEN);
    let above = json!({"name": "X", "role": "operator"});
    assert_eq!(send(Method::POST, "/api/v1/api-keys", above).await, StatusCode::FORBIDDEN);
    let metrics = json!({"name": "X", "role": "agent", "scopes": ["metrics"]});
    assert_eq!(send(Method::POST, "/api/v1/api-keys", metrics).await, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_shown_once_works_and_is_withdrawn_at_once() {
    let world = World::with_destination("agents").await;
    let new = json!({"name": "Till", "role": "agent"});
    let (status, made) = operator(&world, Method::POST, "/api/v1/api-keys", new).await;
    assert_eq!(status, StatusCode::CREATED);
    let key = made["key"].as_str().expect("a key").to_owned();
    assert!(key.starts_with(made["prefix"].as_str().expect("a prefix")));
    let (_, list) = operator(&world, Method::GET, "/api/v1/api-keys", json!({})).await;
    assert!(list.to_string().contains("Till") && !list.to_string().contains(&key));
    let calls = async || {
        let request = world.client().get(world.url("/api/v1/calls")).bearer_auth(&key);
        request.send().await.expect("an answer").status()
    };
    assert_eq!(calls().await, StatusCode::OK);
    let path = format!("/api/v1/api-keys/{}", made["id"].as_str().expect("an id"));
    assert_eq!(operator(&world, Method::DELETE, &path, json!({})).await.0, StatusCode::NO_CONTENT);
    assert_eq!(calls().await, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_acts_for_a_business_and_to_others_it_does_not_exist() {
    let world = World::with_destination("agents").await;
    let (_, made) = operator(&world, Method::POST, "/api/v1/tenants", json!({"name": "Padaria"})).await;
    let tenant = made["id"].as_str().expect("an id").to_owned();
    let numbers = async |tenant: &str| {
        let request = world.client().get(world.url("/api/v1/numbers")).bearer_auth(API_KEY);
        let answer = request.header("switchboard-tenant", tenant).send().await.expect("an answer");
        (answer.status(), answer.json::<Value>().await.expect("JSON"))
    };
    let (status, theirs) = numbers(&tenant).await;
    assert_eq!((status, &theirs["items"]), (StatusCode::OK, &json!([])));
    assert_eq!(numbers("ten_0199aaaabbbb7ccc8dddeeeeffff0001").await.0, StatusCode::NOT_FOUND);
    let admin = Person::sign_in(&world).await;
    let foreign = world.client().get(world.url("/api/v1/numbers")).header(header::COOKIE, &admin.cookie);
    let foreign = foreign.header("switchboard-tenant", &tenant).send().await.expect("an answer");
    assert_eq!(code_of(foreign).await, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_business_hides_numbers_from_its_agents_at_every_exit() {
    let world = World::with_destination("agents").await;
    let token = invited(&world, "bruno@example.com", "agent", Value::Null).await;
    assert_eq!(accepted(&world, &token).await.status(), StatusCode::CREATED);
    let (bruno, admin) =
        (Person::sign_in_as(&world, "bruno@example.com").await, Person::sign_in(&world).await);
    let call = world.call(NewCall {
        from: Some("5511982114477".to_owned()),
        name: Some("+55 11 98211-4477".to_owned()),
        deeplink_payload: Some("from=5511982114477&order=7".to_owned()),
        ..NewCall::default()
    });
    let row = world.row_until(&call.wacid, "the call is known", |row| row.facts().offered).await;
    let mut page = bruno.open_stream().await;
    let settings = json!({"mask_numbers_for": "agent"});
    let (status, settings) = operator(&world, Method::PATCH, "/api/v1/settings", settings).await;
    assert_eq!((status, &settings["mask_numbers_for"]), (StatusCode::OK, &json!("agent")));
    assert_eq!(page.next_of("bye").await["why"], "rights_changed");

    let exits = ["/api/v1/calls", &format!("/api/v1/calls/{}", row.id), "/api/v1/events"];
    for path in exits {
        let (his, hers) = (bruno.send(Method::GET, path).await, admin.send(Method::GET, path).await);
        let (his, hers) = (his.text().await.expect("text"), hers.text().await.expect("text"));
        assert!(!his.contains("98211") && !his.contains("119821"), "{path}: {his}");
        if path != "/api/v1/events" {
            assert!(his.contains("+55 11 •••• 4477") && his.contains("order=7"), "{path}: {his}");
            assert!(hers.contains("+55 11 98211-4477"), "{path}: {hers}");
        }
    }
    // What she writes comes to his page without it, and hers is asked for without it.
    let mut page = bruno.open_stream().await;
    world.simulator.write("5511982114477", "Call me: +55 11 98211-4477").expect("written");
    let written = page.next_of("message").await.to_string();
    assert!(written.contains("Call me") && !written.contains("98211"), "{written}");
    let hello = bruno.hello().await.to_string();
    assert!(hello.contains("•••• 4477") && !hello.contains("98211"), "{hello}");
    let found = async |search: &str| {
        let page = bruno.send(Method::GET, &format!("/api/v1/calls?search={search}")).await;
        page.json::<Value>().await.expect("JSON")["items"].as_array().expect("a list").len()
    };
    assert_eq!((found("5511982114477").await, found("98211").await), (1, 0));
}
