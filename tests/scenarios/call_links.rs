//! Links that call the number: as text, as a picture to be printed, and what comes back with the call.

use std::collections::BTreeSet;

use qrcode::QrCode;
use reqwest::{Method, StatusCode};
use serde_json::json;
use switchboard_simulator::{CallState, NewCall};

use crate::support::world::{API_KEY, Plan, World};

async fn world() -> World {
    let settings = vec![("SWITCHBOARD_NUMBER_PHONE", "+44 7700 900001".to_owned())];
    World::start(Plan { destination: "echo", settings, ..Plan::default() }).await
}

/// A payload as it stands in an address.
fn written(payload: &str) -> String {
    url::form_urlencoded::byte_serialize(payload.as_bytes()).collect()
}

/// The dark modules of a picture, by column and row, and how many modules a side has.
fn modules(svg: &str) -> (BTreeSet<(usize, usize)>, usize) {
    let number = |text: &str| text.parse::<usize>().expect("a number");
    let after = |text: &str, name: &str| {
        let (_, rest) = text.split_once(name).expect("it is there");
        number(rest.split('"').next().expect("its value"))
    };
    let side = after(svg, "width=\"");
    let (_, path) = svg.split_once(" d=\"").expect("a path");
    let path = path.split('"').next().expect("its end");
    // Each module is a square: M x y h s v s H x V y.
    let squares: Vec<(usize, usize, usize)> = path
        .split('M')
        .skip(1)
        .map(|square| {
            let (x, rest) = square.split_once(' ').expect("a column");
            let (y, rest) = rest.split_once('h').expect("a row");
            let (unit, _) = rest.split_once('v').expect("a side");
            (number(x), number(y), number(unit))
        })
        .collect();
    let unit = squares.first().expect("a module").2;
    assert!(squares.iter().all(|(x, y, size)| *size == unit && x % unit == 0 && y % unit == 0));
    (squares.into_iter().map(|(x, y, _)| (x / unit, y / unit)).collect(), side / unit)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_and_its_picture_carry_a_payload() {
    let world = world().await;
    let path = format!("/api/v1/numbers/{}/call-link", world.number().await.id);
    let (status, plain) = world.api(Method::GET, &path).await;
    assert_eq!((status, &plain["url"]), (StatusCode::OK, &json!("https://wa.me/call/447700900001")));
    let payload = "order 7 & ñandú";
    let (_, link) = world.api(Method::GET, &format!("{path}?payload={}", written(payload))).await;
    let url = link["url"].as_str().expect("a link").to_owned();
    let carried = url::Url::parse(&url).expect("a URL");
    let carried: Vec<_> =
        carried.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    assert_eq!(carried, [("biz_payload".to_owned(), payload.to_owned())]);

    let picture = world.client().get(world.url(&format!("{path}.svg?payload={}", written(payload))));
    let picture = picture.bearer_auth(API_KEY).send().await.expect("an answer");
    assert_eq!(picture.status(), StatusCode::OK);
    assert_eq!(picture.headers()["content-type"], "image/svg+xml");
    let (dark, side) = modules(&picture.text().await.expect("text"));
    // The picture is the code of the link, with the quiet zone of four modules that readers need.
    let code = QrCode::new(url.as_bytes()).expect("a code");
    let width = code.width();
    assert_eq!(side, width + 8, "four modules of nothing on each side");
    let colors = code.to_colors();
    for y in 0..width {
        for x in 0..width {
            let is_dark = colors[y * width + x] == qrcode::Color::Dark;
            assert_eq!(dark.contains(&(x + 4, y + 4)), is_dark, "column {x}, row {y}");
        }
    }
    assert_eq!(dark.len(), colors.iter().filter(|color| **color == qrcode::Color::Dark).count());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_that_is_too_long_is_refused_for_the_link_and_for_the_picture() {
    let world = world().await;
    let path = format!("/api/v1/numbers/{}/call-link", world.number().await.id);
    let longest = written(&"x".repeat(512));
    assert_eq!(world.api(Method::GET, &format!("{path}?payload={longest}")).await.0, StatusCode::OK);
    assert_eq!(world.api(Method::GET, &format!("{path}.svg?payload={longest}")).await.0, StatusCode::OK);
    for (payload, end) in [("x".repeat(513), ""), ("x".repeat(513), ".svg"), ("ñ".repeat(512), ".svg")] {
        let (status, problem) =
            world.api(Method::GET, &format!("{path}{end}?payload={}", written(&payload))).await;
        assert_eq!(
            (status, &problem["code"], &problem["path"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!("invalid_message"), &json!("payload")),
            "{end}: {problem}"
        );
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_link_or_a_button_carries_stands_in_the_call() {
    let world = world().await;
    let call = world.call(NewCall {
        deeplink_payload: Some("poster-7".to_owned()),
        cta_payload: Some("order-42".to_owned()),
        ..NewCall::default()
    });
    world.customer_is(&call.id, CallState::Accepted).await;
    let row = world.row_until(&call.wacid, "it is here", |row| row.facts().offered).await;
    let says = |shown: &serde_json::Value| {
        assert_eq!(
            (&shown["deeplink_payload"], &shown["cta_payload"]),
            (&json!("poster-7"), &json!("order-42")),
            "{shown}"
        );
    };
    let path = format!("/api/v1/calls/{}", row.id);
    says(&world.api(Method::GET, &path).await.1);
    world.simulator.hang_up(&call.id);
    world.ended(&call.wacid).await;
    says(&world.api(Method::GET, &path).await.1);
    let (_, page) = world.api(Method::GET, "/api/v1/calls").await;
    says(&page["items"][0]);
    world.stop().await;
}
