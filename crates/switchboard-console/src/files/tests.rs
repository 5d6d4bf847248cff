use axum::Router;
use axum::body::to_bytes;
use http::HeaderMap;
use rust_embed::EmbeddedFile;
use std::borrow::Cow;
use tower::ServiceExt;

use super::*;
use crate::{CONSOLE, PHONE};

/// A built folder of seven files; the hash is that of nothing, only equality matters.
fn folder(name: &str) -> Option<EmbeddedFile> {
    let (text, hash) = match name {
        "index.html" => ("<title>Console</title>", 1),
        "phone/index.html" => ("<title>Phone</title>", 2),
        "phone/assets/index-Qw9.js" => ("ring()", 6),
        ".vite/manifest.json" => ("{}", 7),
        "favicon.svg" => ("<svg/>", 3),
        "assets/index-Dk3.js" => ("console.log('a long script')", 4),
        "assets/index-Dk3.js.br" => ("packed", 5),
        _ => return None,
    };
    Some(EmbeddedFile {
        data: Cow::Borrowed(text.as_bytes()),
        metadata: rust_embed::Metadata::__rust_embed_new([hash; 32], None, None),
    })
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("header is text"))
    }
}

async fn ask(pages: &'static Pages, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let router =
        Router::new().fallback(move |request: Request| async move { answer(folder, pages, &request) });
    let mut request = http::Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = router.oneshot(request.body(Body::empty()).expect("request")).await.expect("answer");
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, 1 << 20).await.expect("body");
    Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        text: String::from_utf8(bytes.to_vec()).expect("text"),
    }
}

#[tokio::test]
async fn a_deep_link_gets_the_console_page() {
    for path in ["/", "/calls", "/calls/call_018f?tab=quality"] {
        let answer = ask(&CONSOLE, "GET", path, &[]).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, "<title>Console</title>"), "{path}");
        assert_eq!(answer.header("cache-control"), "no-cache");
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    }
}

#[tokio::test]
async fn an_unknown_asset_or_api_path_is_not_a_page() {
    for path in ["/assets/gone-1.js", "/assets/gone", "/robots.txt", "/api/v1/nothing"] {
        assert_eq!(ask(&CONSOLE, "GET", path, &[]).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_hashed_asset_is_kept_for_a_year_and_others_are_asked_for_again() {
    let asset = ask(&CONSOLE, "GET", "/assets/index-Dk3.js", &[]).await;
    assert_eq!(asset.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(asset.header("content-type"), "text/javascript; charset=utf-8");
    assert_eq!(ask(&CONSOLE, "GET", "/favicon.svg", &[]).await.header("cache-control"), "no-cache");
}

#[tokio::test]
async fn a_browser_that_has_the_page_gets_304_and_no_body() {
    let first = ask(&CONSOLE, "GET", "/", &[]).await;
    let tag = first.header("etag").to_owned();
    for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".into()] {
        let again = ask(&CONSOLE, "GET", "/calls", &[("if-none-match", &known)]).await;
        assert_eq!((again.status, again.text.as_str()), (304, ""), "{known}");
        assert_eq!(again.header("etag"), tag);
    }
    assert_eq!(ask(&CONSOLE, "GET", "/", &[("if-none-match", "\"other\"")]).await.status, 200);
}

#[tokio::test]
async fn a_packed_copy_goes_only_to_a_browser_that_takes_it() {
    let path = "/assets/index-Dk3.js";
    let packed = ask(&CONSOLE, "GET", path, &[("accept-encoding", "gzip, deflate, br;q=0.9")]).await;
    assert_eq!((packed.header("content-encoding"), packed.text.as_str()), ("br", "packed"));
    assert_eq!(packed.header("content-type"), "text/javascript; charset=utf-8");
    for refused in ["gzip", "br;q=0"] {
        let plain = ask(&CONSOLE, "GET", path, &[("accept-encoding", refused)]).await;
        assert_eq!(plain.header("content-encoding"), "", "{refused}");
    }
}

#[tokio::test]
async fn neither_front_end_serves_the_page_of_the_other() {
    for path in ["/phone/index.html", "/phone/assets/index-Qw9.js", "/.vite/manifest.json"] {
        assert_eq!(ask(&CONSOLE, "GET", path, &[]).await.status, 404, "{path}");
    }
    for path in ["/calls", "/assets/index-Dk3.js", "/favicon.svg", "/phone/index.html"] {
        assert_eq!(ask(&PHONE, "GET", path, &[]).await.status, 404, "{path}");
    }
    assert_eq!(ask(&PHONE, "GET", "/", &[]).await.text, "<title>Phone</title>");
    let asset = ask(&PHONE, "GET", "/assets/index-Qw9.js", &[]).await;
    assert_eq!(asset.header("cache-control"), "public, max-age=31536000, immutable");
}

#[tokio::test]
async fn head_has_the_length_but_no_body_and_writing_is_refused() {
    let head = ask(&CONSOLE, "HEAD", "/", &[]).await;
    assert_eq!((head.status, head.header("content-length"), head.text.as_str()), (200, "22", ""));
    let post = ask(&CONSOLE, "POST", "/calls", &[]).await;
    assert_eq!((post.status, post.header("allow")), (405, "GET, HEAD"));
}

#[tokio::test]
async fn a_path_cannot_leave_the_folder() {
    for path in ["/../Cargo.toml", "/assets/../../Cargo.toml", "/%2e%2e/Cargo.toml"] {
        let answer = crate::console_router()
            .oneshot(http::Request::builder().uri(path).body(Body::empty()).expect("request"))
            .await
            .expect("answer");
        assert_eq!(answer.status(), 404, "{path}");
    }
}

#[tokio::test]
async fn both_routers_serve_their_page_from_the_real_folder() {
    for router in [crate::console_router(), crate::phone_router()] {
        let request = http::Request::builder().uri("/").body(Body::empty()).expect("request");
        let answer = router.oneshot(request).await.expect("answer");
        assert_eq!(answer.status(), 200);
        assert!(answer.headers()["content-type"].to_str().expect("text").starts_with("text/html"));
    }
}
