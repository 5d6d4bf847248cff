//! A number's settings, here and at Meta: applied, read back, kept current; what Meta refuses is explained.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use switchboard_core::safeguard::{Quality, RestrictionKind};
use switchboard_simulator::{GraphFault, NumberChange, Restriction};

use crate::support::cli::switchboard;
use crate::support::patience::eventually;
use crate::support::world::{World, account};

async fn path(world: &World) -> String {
    format!("/api/v1/numbers/{}/calling", world.number().await.id)
}

/// What the exchange shows, once it is as wanted.
async fn shown(world: &World, what: &str, is: impl Fn(&Value) -> bool) -> Value {
    let path = path(world).await;
    eventually(what, || async { Some(world.api(Method::GET, &path).await.1).filter(&is) }).await
}

/// What Meta says, as anybody with a token reads it.
async fn at_meta(world: &World) -> Value {
    let url = format!("{}/v25.0/{}/settings", world.simulator.url(), account().numbers[0].id);
    let request = world.client().get(url).query(&[("access_token", "access-token-of-the-scenarios")]);
    request.send().await.expect("an answer").json::<Value>().await.expect("JSON")["calling"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_is_read_by_itself_and_settings_are_applied_read_back_and_kept() {
    let world = World::with_destination("agents").await;
    let first = shown(&world, "it was read by itself", |shown| !shown["meta"].is_null()).await;
    assert_eq!((&first["meta"]["calling"], &first["meta"]["icon"]), (&json!(true), &json!("show")));
    assert_eq!((&first["quality"], &first["messaging_limit"]), (&json!("green"), &json!("TIER_2K")));
    assert_eq!((&first["ours"]["icon"], &first["drift"]), (&Value::Null, &json!([])));
    assert!(
        first["webhook_url"].as_str().is_some_and(|url| url.ends_with("/api/whatsapp/calling")),
        "{first}"
    );

    let wanted = json!({"icon": "hide", "callback_permission": true, "countries": ["br", "PT", "BR"],
        "codecs": ["pcma"], "srtp": "sdes", "business_calls": true});
    let (status, changed) = world.api_with(Method::PATCH, &path(&world).await, &wanted).await;
    assert_eq!(status, StatusCode::OK, "{changed}");
    assert_eq!(changed["ours"]["countries"], json!(["BR", "PT"]));
    assert_eq!((&changed["drift"], &changed["ours"]["business_calls"]), (&json!([]), &json!(true)));
    let meta = at_meta(&world).await;
    assert_eq!(meta["call_icon_visibility"], "DISABLE_ALL");
    assert_eq!(meta["call_icons"]["restrict_to_user_countries"], json!(["BR", "PT"]));
    assert_eq!(
        (&meta["callback_permission_status"], &meta["srtp_key_exchange_protocol"]),
        (&json!("ENABLED"), &json!("SDES"))
    );
    let number = world.number().await;
    assert_eq!((number.icon_shown, number.callback_permission), (Some(false), Some(true)));
    assert!(number.business_calls_enabled);
    let (_, audit) = world.api(Method::GET, "/api/v1/audit").await;
    let kept = audit["items"].as_array().expect("entries").iter().any(|one| one["detail"]["icon"] == "hide");
    assert!(kept, "who changed it is kept: {audit}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_made_at_meta_comes_by_webhook_and_is_shown_as_drift() {
    let world = World::with_destination("agents").await;
    let (status, _) = world.api_with(Method::PATCH, &path(&world).await, &json!({"icon": "show"})).await;
    assert_eq!(status, StatusCode::OK);
    let url = format!("{}/v25.0/{}/settings", world.simulator.url(), account().numbers[0].id);
    let request = world.client().post(url).query(&[("access_token", "access-token-of-the-scenarios")]);
    let elsewhere = json!({"calling": {"call_icon_visibility": "DISABLE_ALL", "status": "DISABLED"}});
    assert_eq!(request.json(&elsewhere).send().await.expect("an answer").status(), StatusCode::OK);
    let drifted =
        shown(&world, "the drift", |shown| shown["drift"].as_array().is_some_and(|all| all.len() == 2)).await;
    let fields: Vec<_> =
        drifted["drift"].as_array().expect("a list").iter().map(|one| &one["field"]).collect();
    assert_eq!(fields, [&json!("calling"), &json!("icon")]);
    assert_eq!(drifted["drift"][1], json!({"field": "icon", "ours": "show", "meta": "hide"}));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_meta_refuses_is_explained_and_not_kept_and_off_is_off_at_once() {
    let world = World::with_destination("agents").await;
    let path = path(&world).await;
    let id = account().numbers[0].id.clone();
    let tier =
        |limit: &str| NumberChange { messaging_limit: Some(limit.to_owned()), ..NumberChange::default() };
    assert_eq!(world.api_with(Method::PATCH, &path, &json!({"calling": false})).await.0, StatusCode::OK);
    assert_eq!(at_meta(&world).await["status"], "DISABLED");
    world.simulator.change_number(&id, tier("TIER_250")).expect("a number");
    let (status, refused) = world.api_with(Method::PATCH, &path, &json!({"calling": true})).await;
    assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("meta_refused")), "{refused}");
    assert_eq!(refused["meta_code"], 138_015);
    assert!(refused["remedy"].as_str().is_some_and(|text| text.contains("2,000")), "{refused}");
    assert!(!world.number().await.calling_enabled, "what Meta refuses is not kept here either");
    let subscribed = NumberChange { calls_subscribed: Some(false), ..tier("TIER_2K") };
    world.simulator.change_number(&id, subscribed).expect("a number");
    let (_, refused) = world.api_with(Method::PATCH, &path, &json!({"calling": true})).await;
    assert_eq!(refused["meta_code"], 138_018, "{refused}");
    let subscribed = NumberChange { calls_subscribed: Some(true), ..NumberChange::default() };
    world.simulator.change_number(&id, subscribed).expect("a number");
    let (status, on) = world.api_with(Method::PATCH, &path, &json!({"calling": true})).await;
    assert_eq!((status, &on["drift"]), (StatusCode::OK, &json!([])), "{on}");

    for (wanted, code, field) in [
        (json!({"icon": "maybe"}), "unknown_word", "icon"),
        (json!({"countries": ["BR", "Brazil"]}), "invalid_country", "countries[1]"),
        (json!({"codecs": ["isac"]}), "unknown_word", "codecs"),
        (json!({"srtp": "zrtp"}), "unknown_word", "srtp"),
    ] {
        let (status, problem) = world.api_with(Method::PATCH, &path, &wanted).await;
        assert_eq!((status, &problem["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!(code)), "{wanted}");
        assert_eq!(problem["path"], field);
    }
    // Meta in trouble: switched off here it is all the same.
    let trouble = GraphFault {
        code: 131_016,
        http_status: 500,
        action: Some("settings".to_owned()),
        probability: 1.0,
        carried_out: false,
    };
    world
        .simulator
        .set_faults(switchboard_simulator::Faults { graph_error: Some(trouble), ..Default::default() });
    let off = json!({"calling": false, "icon": "hide"});
    let (status, problem) = world.api_with(Method::PATCH, &path, &off).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::BAD_GATEWAY, &json!("meta_unavailable")),
        "{problem}"
    );
    assert!(!world.number().await.calling_enabled);
    let (_, log) = world.api(Method::GET, "/api/v1/audit?what=number.changed").await;
    assert_eq!(
        log["items"][0]["detail"],
        json!({"calling": false}),
        "what was done, and not what was refused: {log}"
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restriction_is_obeyed_until_its_end_and_a_red_rating_until_it_is_better() {
    let world = World::with_destination("agents").await;
    let id = account().numbers[0].id.clone();
    let engine = &world.exchange().engine;
    let number = world.number().await;
    shown(&world, "it was read by itself", |shown| !shown["meta"].is_null()).await;
    let ends = world.simulator.now() + 5;
    let restriction = Restriction {
        kind: "RESTRICTED_BUSINESS_INITIATED_CALLING".to_owned(),
        reason: "Customers complained.".to_owned(),
        expiration: Some(ends),
    };
    let change = NumberChange { restrictions: Some(vec![restriction]), ..NumberChange::default() };
    world.simulator.change_number(&id, change).expect("a number");
    let restricted = shown(&world, "the restriction", |shown| shown["restrictions"] != json!([])).await;
    assert_eq!(restricted["restrictions"][0]["blocks_our_calls"], true, "{restricted}");
    let facts = engine.number_facts(&number, engine.clock().now()).await.expect("facts");
    assert_eq!(facts.restrictions[0].kind, RestrictionKind::BusinessInitiatedCalling);
    shown(&world, "it is over by itself", |shown| shown["restrictions"] == json!([])).await;
    let facts = engine.number_facts(&number, engine.clock().now()).await.expect("facts");
    assert_eq!(facts.restrictions, []);

    let rated =
        |rating: &str| NumberChange { quality_rating: Some(rating.to_owned()), ..NumberChange::default() };
    world.simulator.change_number(&id, rated("RED")).expect("a number");
    shown(&world, "the rating", |shown| shown["quality"] == "red").await;
    let facts = engine.number_facts(&number, engine.clock().now()).await.expect("facts");
    assert_eq!(facts.quality, Quality::Red);
    world.simulator.change_number(&id, rated("YELLOW")).expect("a number");
    shown(&world, "it is better", |shown| shown["quality"] == "yellow").await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_icon_is_hidden_and_shown_from_the_command_line_as_for_metas_review() {
    let world = World::with_destination("agents").await;
    let enabled = switchboard(&world, &["calling", "enable"]).await;
    assert!(enabled.well && enabled.out.contains("/api/whatsapp/calling"), "{enabled:?}");
    let hidden = switchboard(&world, &["calling", "icon", "hide"]).await;
    assert!(hidden.well && hidden.out.contains("hide"), "{hidden:?}");
    assert_eq!(at_meta(&world).await["call_icon_visibility"], "DISABLE_ALL");
    let name = world.number().await.name;
    let back = switchboard(&world, &["calling", "icon", "show", "--number", &name, "--json"]).await.json();
    assert_eq!((&back["ours"]["icon"], &back["meta"]["icon"]), (&json!("show"), &json!("show")));
    assert_eq!(at_meta(&world).await["call_icon_visibility"], "DEFAULT");
    let callback = switchboard(&world, &["calling", "callback", "on"]).await;
    assert!(callback.well, "{callback:?}");
    let status = switchboard(&world, &["calling", "status", "--refresh"]).await;
    assert!(status.well && status.out.contains("Call icon") && !status.out.contains("differs"), "{status:?}");
    let sandbox = switchboard(&world, &["calling", "enable", "--sandbox", "--json"]).await.json();
    assert_eq!(sandbox["ours"]["sandbox"], true);
    let unknown = switchboard(&world, &["calling", "status", "--number", "Sales"]).await;
    assert!(!unknown.well && unknown.err.contains("no number has this"), "{unknown:?}");
    assert!(unknown.err.contains(&name), "it says which there are: {unknown:?}");
    world.stop().await;
}
