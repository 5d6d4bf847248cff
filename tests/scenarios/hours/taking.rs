//! The other way: Meta's hours take the place of ours.

use super::*;
use crate::support::world::account;

/// Sets hours at Meta, as somebody does in WhatsApp Manager.
async fn at_meta(world: &World, hours: &Value) {
    let url = format!("{}/v25.0/{}/settings", world.simulator.url(), account().numbers[0].id);
    let request = world.client().post(url).query(&[("access_token", "access-token-of-the-scenarios")]);
    let body = json!({ "calling": { "call_hours": hours } });
    let answer = request.json(&body).send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK, "{:?}", answer.text().await);
}

fn metas(zone: &str) -> Value {
    json!({ "status": "ENABLED", "timezone_id": zone,
        "weekly_operating_hours": [
            { "day_of_week": "MONDAY", "open_time": "1000", "close_time": "2359" },
            { "day_of_week": "TUESDAY", "open_time": "0900", "close_time": "1300" },
            { "day_of_week": "TUESDAY", "open_time": "1500", "close_time": "1800" } ],
        "holiday_schedule": [ { "date": "2035-12-25", "start_time": "0900", "end_time": "1200" } ] })
}

#[tokio::test(flavor = "multi_thread")]
async fn metas_hours_take_the_place_of_ours_and_the_log_says_what_changed() {
    let world = World::with_destination("agents").await;
    let path = path(&world).await;
    let mut ours = every_day(&[(540, 1_080)]);
    ours["holidays"] = json!([{ "date": "2035-12-25", "name": "Christmas" }]);
    ours["out_of_hours"] = json!({ "action": "message", "text": "We are closed." });
    ours["outbound_blocked"] = json!(true);
    assert_eq!(world.api_with(Method::PUT, &path, &ours).await.0, StatusCode::OK);
    at_meta(&world, &metas("America/Sao_Paulo")).await;
    // No webhook tells of hours.
    let read = path.replace("/hours", "/calling/refresh");
    assert_eq!(world.api(Method::POST, &read).await.0, StatusCode::OK);
    let (_, beside) = world.api(Method::GET, &format!("{path}/meta")).await;
    let foretold = beside["taking"]["changes"].clone();
    let changes = foretold.as_array().expect("changes");
    assert!(changes.contains(&json!({ "field": "zone", "ours": "UTC", "meta": "America/Sao_Paulo" })));
    assert!(changes.contains(&json!({ "field": "weekly.wed", "ours": "09:00-18:00", "meta": "closed" })));
    assert!(
        changes.contains(&json!({ "field": "holidays.2035-12-25", "ours": "closed", "meta": "09:00-12:00" })),
        "{beside}"
    );
    assert_eq!(world.api(Method::GET, &path).await.1["zone"], "UTC", "looking changes nothing");

    let (status, mut taken) = world.api(Method::POST, &format!("{path}/take")).await;
    assert_eq!((status, &taken["set"]), (StatusCode::OK, &json!(true)), "{taken}");
    assert_eq!(taken.as_object_mut().and_then(|taken| taken.remove("changes")).as_ref(), Some(&foretold));
    assert_eq!(taken["zone"], "America/Sao_Paulo");
    assert_eq!(taken["weekly"]["mon"], json!([["10:00", "24:00"]]), "their last minute is our midnight");
    assert_eq!(taken["weekly"]["tue"], json!([["09:00", "13:00"], ["15:00", "18:00"]]));
    assert_eq!(taken["weekly"]["sun"], json!([]));
    assert_eq!(
        taken["holidays"],
        json!([{ "date": "2035-12-25", "name": "Christmas", "ranges": [["09:00", "12:00"]] }])
    );
    assert_eq!(
        (&taken["out_of_hours"]["text"], &taken["outbound_blocked"]),
        (&json!("We are closed."), &json!(true)),
        "what Meta knows nothing of stays"
    );
    assert_eq!(world.api(Method::GET, &path).await.1, taken, "it is kept");
    let (_, beside) = world.api(Method::GET, &format!("{path}/meta")).await;
    assert_eq!((&beside["drift"], &beside["taking"]["changes"]), (&json!([]), &json!([])), "{beside}");
    let (_, log) = world.api(Method::GET, "/api/v1/audit?what=number.changed").await;
    let entry = &log["items"][0];
    assert_eq!(entry["detail"]["hours_taken_from_meta"], true, "{log}");
    assert_eq!(
        entry["detail"]["changes"]["weekly.wed"],
        json!({ "from": "09:00-18:00", "to": "closed" }),
        "{log}"
    );
    // Once more is no change, and nobody has told Meta anything.
    assert_eq!(world.api(Method::POST, &format!("{path}/take")).await.0, StatusCode::OK);
    let (_, log) = world.api(Method::GET, "/api/v1/audit?what=number.changed").await;
    let taken = log["items"].as_array().expect("entries").iter();
    assert_eq!(taken.filter(|one| one["detail"]["hours_taken_from_meta"] == true).count(), 1, "{log}");
    let (_, log) = world.api(Method::GET, "/api/v1/audit?what=number.changed&limit=200").await;
    assert!(!log.to_string().contains("hours_sent_to_meta"), "{log}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_meta_has_not_and_what_ours_cannot_be_is_not_taken() {
    let world = World::with_destination("agents").await;
    let path = path(&world).await;
    let ours = every_day(&[(540, 1_080)]);
    assert_eq!(world.api_with(Method::PUT, &path, &ours).await.0, StatusCode::OK);
    let (status, refused) = world.api(Method::POST, &format!("{path}/take")).await;
    assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("no_hours_at_meta")), "{refused}");
    assert_eq!(world.api(Method::GET, &format!("{path}/meta")).await.1["taking"], Value::Null);

    at_meta(&world, &metas("America/Manaus")).await;
    let (status, _) = world.api(Method::POST, &format!("{path}/take")).await;
    assert_eq!(status, StatusCode::OK);
    let mut off = metas("America/Manaus");
    off["status"] = json!("DISABLED");
    at_meta(&world, &off).await;
    let (status, refused) = world.api(Method::POST, &format!("{path}/take")).await;
    assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("no_hours_at_meta")), "{refused}");
    assert_eq!(world.api(Method::GET, &path).await.1["zone"], "America/Manaus", "ours stay as they were");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn they_are_taken_from_the_command_line_after_a_look_at_what_changes() {
    let world = World::with_destination("agents").await;
    let nothing = switchboard(&world, &["hours", "take"]).await;
    assert!(!nothing.well && nothing.err.contains("Meta has no hours"), "{nothing:?}");
    at_meta(&world, &metas("America/Sao_Paulo")).await;
    let look = switchboard(&world, &["hours", "take", "--dry-run"]).await;
    assert!(look.well && look.out.starts_with("This would change:"), "{look:?}");
    assert!(look.out.contains("weekly.tue") && look.out.contains("09:00-13:00, 15:00-18:00"), "{look:?}");
    let path = path(&world).await;
    assert_eq!(world.api(Method::GET, &path).await.1["set"], false);
    let taken = switchboard(&world, &["hours", "take"]).await;
    assert!(taken.well && taken.out.starts_with("This has changed:"), "{taken:?}");
    assert!(taken.out.contains("weekly.tue") && taken.out.contains("09:00-13:00, 15:00-18:00"), "{taken:?}");
    let again = switchboard(&world, &["hours", "take", "--json"]).await.json();
    assert_eq!(again["changes"], json!([]), "{again}");
    assert_eq!(world.api(Method::GET, &path).await.1["zone"], "America/Sao_Paulo");
    world.stop().await;
}
