//! The documentation of this very version at `/docs`: the repository's Markdown, embedded, rendered when it is first asked
//! for. No script, nothing from elsewhere.

mod page;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use axum::Router;
use axum::extract::Path;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use http::{StatusCode, header};

use page::Page;

/// `docs/` of the repository.
#[derive(rust_embed::RustEmbed)]
#[folder = "../../docs"]
struct Folder;

/// What stands at the root of the repository and belongs to the documentation: its file, its place here.
const OF_THE_ROOT: [(&str, &str, &str); 3] = [
    ("ARCHITECTURE.md", "architecture", include_str!("../../../ARCHITECTURE.md")),
    ("CONTRIBUTING.md", "contributing", include_str!("../../../CONTRIBUTING.md")),
    ("CHANGELOG.md", "changelog", include_str!("../../../CHANGELOG.md")),
];

/// The page people land on.
const INDEX: &str = "";
const STYLE: &str = include_str!("docs/style.css");

/// `/docs`, `/docs/` and everything below.
pub fn docs_router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/docs", get(|| async { Redirect::permanent("/docs/") }))
        .route("/docs/", get(|| async { answer(INDEX) }))
        .route(
            "/docs/style.css",
            get(|| async {
                (
                    [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")],
                    STYLE,
                )
            }),
        )
        .route("/docs/{*page}", get(|Path(page): Path<String>| async move { answer(&page) }))
}

fn answer(place: &str) -> Response {
    let caching = [(header::CACHE_CONTROL, "no-cache")];
    if let Some(page) = pages().get(place) {
        return (caching, Html(page.html.clone())).into_response();
    }
    // A link from the repository, or typed by hand.
    let plain = place.trim_end_matches('/').trim_end_matches(".md").trim_end_matches("README");
    let plain = plain.trim_end_matches('/');
    if plain != place && pages().contains_key(plain) {
        return Redirect::permanent(&address(plain)).into_response();
    }
    (StatusCode::NOT_FOUND, caching, Html(page::missing(&navigation(sources(), place)))).into_response()
}

/// All pages by their place below `/docs/`.
fn pages() -> &'static BTreeMap<String, Page> {
    static PAGES: OnceLock<BTreeMap<String, Page>> = OnceLock::new();
    PAGES.get_or_init(|| {
        let sources = sources();
        sources
            .iter()
            .map(|(place, source)| {
                let navigation = navigation(sources, place);
                let link = |target: &str| resolve(source.file.as_str(), target);
                (place.clone(), page::render(&source.text, &navigation, link))
            })
            .collect()
    })
}

/// One Markdown file.
struct Source {
    /// Its path in the repository.
    file: String,
    text: String,
}

fn sources() -> &'static BTreeMap<String, Source> {
    static SOURCES: OnceLock<BTreeMap<String, Source>> = OnceLock::new();
    SOURCES.get_or_init(|| {
        let mut sources = BTreeMap::new();
        for name in Folder::iter().filter(|name| name.ends_with(".md")) {
            let Some(file) = Folder::get(&name) else { continue };
            let text = String::from_utf8_lossy(&file.data).into_owned();
            sources.insert(place_of(&format!("docs/{name}")), Source { file: format!("docs/{name}"), text });
        }
        for (file, place, text) in OF_THE_ROOT {
            sources.insert(place.to_owned(), Source { file: file.to_owned(), text: text.to_owned() });
        }
        sources
    })
}

/// `docs/guides/install.md` → `guides/install`; `docs/README.md` → the index.
fn place_of(file: &str) -> String {
    let place = file.strip_prefix("docs/").unwrap_or(file).trim_end_matches(".md");
    if place == "README" { INDEX.to_owned() } else { place.to_owned() }
}

fn address(place: &str) -> String {
    format!("/docs/{place}")
}

/// Where a link of `file` leads. None: to a file of the repository that is no page here.
fn resolve(file: &str, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") || target.starts_with('#') {
        return Some(target.to_owned());
    }
    let (path, fragment) = target.split_once('#').map_or((target, None), |(path, part)| (path, Some(part)));
    let mut parts: Vec<&str> = file.split('/').collect();
    parts.pop();
    for step in path.split('/') {
        match step {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    let wanted = parts.join("/");
    let (place, _) = sources().iter().find(|(_, source)| source.file == wanted)?;
    let address = address(place);
    Some(fragment.map_or(address.clone(), |fragment| format!("{address}#{fragment}")))
}

/// The groups of the menu, in the order one reads them, and where their pages lie.
const GROUPS: [(&str, &[&str]); 6] = [
    ("Guides", &["guides/"]),
    ("Operation", &["operation/"]),
    ("Concepts", &["life-of-a-call", "architecture", "security", "concepts/"]),
    ("Reference", &["reference/"]),
    ("Decisions", &["decisions/"]),
    ("The project", &["changelog", "testing", "contributing"]),
];

fn navigation(sources: &BTreeMap<String, Source>, current: &str) -> String {
    let mut html = String::new();
    for (group, places) in GROUPS {
        let mut items = String::new();
        for wanted in places {
            let found = sources.iter().filter(|(place, _)| {
                place.as_str() == *wanted || (wanted.ends_with('/') && place.starts_with(wanted))
            });
            for (place, source) in found {
                let title = page::escaped(page::title(&source.text));
                let here = if place == current { " aria-current=\"page\"" } else { "" };
                items.push_str(&format!("<li><a href=\"{}\"{here}>{title}</a></li>", address(place)));
            }
        }
        if !items.is_empty() {
            html.push_str(&format!("<h2>{group}</h2><ul>{items}</ul>"));
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_link_between_pages_leads_to_a_page_and_every_part_is_there() {
        let mut links = 0;
        for (place, page) in pages() {
            for link in &page.links {
                if link.contains("://") || link.starts_with("mailto:") {
                    continue;
                }
                links += 1;
                let (address, part) = link.split_once('#').unwrap_or((link, ""));
                let target = if address.is_empty() { place } else { address.trim_start_matches("/docs/") };
                let target = pages().get(target);
                let target = target.unwrap_or_else(|| panic!("/docs/{place}: {link} leads nowhere"));
                assert!(
                    part.is_empty() || target.anchors.iter().any(|anchor| anchor == part),
                    "/docs/{place}: {link} names no part of that page; there are {:?}",
                    target.anchors
                );
            }
        }
        assert!(links > 10, "hardly any links were found: {links}");
    }

    #[test]
    fn every_page_is_in_the_menu_and_has_a_title_of_its_own() {
        let menu = navigation(sources(), INDEX);
        let mut titles = std::collections::BTreeSet::new();
        for (place, source) in sources() {
            let title = page::title(&source.text);
            assert!(!title.is_empty() && titles.insert(title), "/docs/{place}: {title:?}");
            assert!(
                place == INDEX || menu.contains(&format!("href=\"{}\"", address(place))),
                "/docs/{place} is in no menu"
            );
        }
        assert!(sources().contains_key(INDEX), "docs/README.md is the first page");
    }

    #[test]
    fn nothing_is_fetched_from_elsewhere_and_nothing_runs() {
        for (place, page) in pages() {
            for forbidden in ["<script", "<img", "<iframe", " style=", " onclick=", "@import", "url(http"] {
                assert!(!page.html.contains(forbidden), "/docs/{place} has {forbidden}");
            }
        }
        assert!(!STYLE.contains("url("));
    }

    #[test]
    fn links_of_the_repository_become_places_here() {
        assert_eq!(
            resolve("docs/guides/install.md", "../reference/metrics.md#calls").as_deref(),
            Some("/docs/reference/metrics#calls")
        );
        assert_eq!(resolve("docs/guides/install.md", "upgrade.md").as_deref(), Some("/docs/guides/upgrade"));
        assert_eq!(
            resolve("ARCHITECTURE.md", "docs/decisions/0001-media-ends-here.md").as_deref(),
            Some("/docs/decisions/0001-media-ends-here")
        );
        assert_eq!(
            resolve("docs/guides/upgrade.md", "../../CHANGELOG.md").as_deref(),
            Some("/docs/changelog")
        );
        assert_eq!(resolve("README.md", "LICENSE-MIT"), None);
    }

    async fn get(path: &str) -> (StatusCode, Response) {
        use tower::ServiceExt;
        let request = axum::extract::Request::get(path).body(axum::body::Body::empty()).expect("a request");
        let answer = docs_router::<()>().oneshot(request).await.expect("an answer");
        (answer.status(), answer)
    }

    #[tokio::test]
    async fn the_index_is_found_with_and_without_a_slash() {
        let (status, answer) = get("/docs").await;
        assert_eq!(
            (status, &answer.headers()[header::LOCATION]),
            (StatusCode::PERMANENT_REDIRECT, &"/docs/".parse().expect("a header"))
        );
        assert_eq!(get("/docs/").await.0, StatusCode::OK);
        assert_eq!(get("/docs/style.css").await.0, StatusCode::OK);
        let (status, answer) = get("/docs/guides/install.md").await;
        assert_eq!(
            (status, &answer.headers()[header::LOCATION]),
            (StatusCode::PERMANENT_REDIRECT, &"/docs/guides/install".parse().expect("a header"))
        );
        assert_eq!(get("/docs/nowhere").await.0, StatusCode::NOT_FOUND);
    }
}
