//! Where mail is set up, whoever is invited or has forgotten the password gets a letter with a link that works.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::mail_server::{KeptMail, MailServer};
use crate::support::patience::eventually;
use crate::support::world::{PASSWORD, Plan, World};

const NEW_PASSWORD: &str = "another horse, another battery";

/// Language, what the invitation says in it, and what the letter about the password says.
const LETTERS: [(&str, &str, &str); 3] = [
    ("en", "invites you to take calls", "asked for a new password"),
    ("es", "te invita a atender", "El enlace vale 60 minutos"),
    ("pt-BR", "para atender as chamadas", "O link vale por 60 minutos"),
];

async fn with_mail() -> (World, MailServer) {
    let mail = MailServer::start().await;
    let settings = vec![
        ("SWITCHBOARD_SMTP_URL", mail.url()),
        ("SWITCHBOARD_MAIL_FROM", "Switchboard <calls@example.com>".to_owned()),
    ];
    (World::start(Plan { settings, ..Plan::default() }).await, mail)
}

/// The letters somebody got that hold a link to this page, when there are so many.
async fn letters(mail: &MailServer, to: &str, page: &str, count: usize) -> Vec<KeptMail> {
    eventually(&format!("{count} letters with a link to {page}"), || async {
        let mut kept = mail.kept();
        kept.retain(|letter| letter.to.contains(&format!("<{to}>")) && letter.text.contains(page));
        (kept.len() == count).then_some(kept)
    })
    .await
}

/// The token of the link in a letter.
fn token(world: &World, letter: &KeptMail, page: &str) -> String {
    let before = world.url(page);
    let (_, link) = letter.text.split_once(&before).expect("a link to this exchange");
    link.split_whitespace().next().expect("a token").to_owned()
}

async fn post(world: &World, path: &str, body: Value) -> StatusCode {
    world.client().post(world.url(path)).json(&body).send().await.expect("an answer").status()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_invited_and_the_forgetful_get_a_letter_in_their_language_whose_link_works() {
    let (world, mail) = with_mail().await;
    for (language, invites, resets) in LETTERS {
        let email = format!("bruno.{}@example.com", language.to_lowercase());
        let wanted = json!({"email": email, "name": "Bruno Reis", "role": "agent", "language": language});
        let (status, made) = world.api_with(Method::POST, "/api/v1/invitations", &wanted).await;
        assert_eq!((status, &made["mailed"]), (StatusCode::CREATED, &json!(true)), "{made}");
        let letter = letters(&mail, &email, "/invite/", 1).await.remove(0);
        assert!(letter.text.contains(invites), "{}", letter.text);
        let token_of_the_letter = token(&world, &letter, "/invite/");
        assert!(made["link"].as_str().expect("a link").ends_with(&token_of_the_letter));
        let answer = json!({"token": token_of_the_letter, "name": "Bruno", "password": PASSWORD, "language": language});
        assert_eq!(post(&world, "/api/v1/invitations/accept", answer).await, StatusCode::CREATED);

        let forgotten = json!({"email": email});
        assert_eq!(post(&world, "/api/v1/password-resets", forgotten).await, StatusCode::ACCEPTED);
        let letter = letters(&mail, &email, "/reset/", 1).await.remove(0);
        assert!(letter.text.contains(resets), "{}", letter.text);
        let new = json!({"token": token(&world, &letter, "/reset/"), "password": NEW_PASSWORD});
        assert_eq!(post(&world, "/api/v1/password-resets/complete", new).await, StatusCode::NO_CONTENT);
        let login = json!({"email": email, "password": NEW_PASSWORD});
        assert_eq!(post(&world, "/api/v1/login", login).await, StatusCode::OK);
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_who_makes_a_link_has_it_mailed_and_a_refused_invitation_mails_nothing() {
    let (world, mail) = with_mail().await;
    let (_, people) = world.api(Method::GET, "/api/v1/users").await;
    let (id, email) = (&people["items"][0]["id"], &people["items"][0]["email"]);
    let (id, email) = (id.as_str().expect("an id"), email.as_str().expect("an address"));
    let path = format!("/api/v1/users/{id}/password-reset");
    let (status, made) = world.api_with(Method::POST, &path, &json!({})).await;
    assert_eq!((status, &made["mailed"]), (StatusCode::CREATED, &json!(true)), "{made}");
    let letter = letters(&mail, email, "/reset/", 1).await.remove(0);
    assert!(made["link"].as_str().expect("a link").ends_with(&token(&world, &letter, "/reset/")));

    // Somebody with an account cannot be invited, and nobody is written to about it.
    let wanted = json!({"email": email, "name": "Once more", "role": "agent", "language": "en"});
    let (status, problem) = world.api_with(Method::POST, "/api/v1/invitations", &wanted).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("email_taken")), "{problem}");
    // Nor is anybody nobody knows.
    let forgotten = json!({"email": "nobody@example.com"});
    assert_eq!(post(&world, "/api/v1/password-resets", forgotten).await, StatusCode::ACCEPTED);
    let (_, again) = world.api_with(Method::POST, &path, &json!({})).await;
    assert_eq!(again["mailed"], true);
    letters(&mail, email, "/reset/", 2).await;
    assert!(
        !mail.kept().iter().any(|letter| letter.to.contains("nobody") || letter.text.contains("/invite/"))
    );
    // What is done is wiped: the links stand in no job any more.
    eventually("the letters are done", || async {
        let (_, jobs) = world.api(Method::GET, "/api/v1/jobs?state=done").await;
        let done = jobs["items"].as_array()?.iter().filter(|job| job["kind"] == "mail").count();
        (done >= 2).then_some(())
    })
    .await;
    world.stop().await;
}
