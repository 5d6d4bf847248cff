//! Which file answers which path, and how long a browser may keep it.

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::{HeaderValue, Method, StatusCode, header};
use rust_embed::EmbeddedFile;

/// One of the two front ends that share the built folder.
pub(crate) struct Pages {
    /// Where in the folder this one lies; empty, or ending in a slash.
    pub(crate) root: &'static str,
    /// Places in the folder that this one never serves.
    pub(crate) hidden: &'static [&'static str],
    /// Whether an unknown path without a file ending is a page of the index (a single-page app).
    pub(crate) deep_links: bool,
}

const INDEX: &str = "index.html";

/// Answers a request from the built files; `find` is the folder.
pub(crate) fn answer(
    find: impl Fn(&str) -> Option<EmbeddedFile>,
    pages: &Pages,
    request: &Request,
) -> Response {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return plain(
            StatusCode::METHOD_NOT_ALLOWED,
            "Only GET and HEAD here.\n",
            &[(header::ALLOW, "GET, HEAD")],
        );
    }
    let find = |name: &str| find(&format!("{}{name}", pages.root));
    let path = request.uri().path().trim_start_matches('/');
    if pages.hidden.iter().any(|hidden| path.starts_with(hidden)) {
        return not_found();
    }
    let name = if path.is_empty() { INDEX } else { path };
    if let Some(file) = find(name) {
        return serve(&find, name, file, request);
    }
    // A path that names a file, or a route of the API that nobody mounted, must not look like a page:
    // a script that gets HTML fails in ways nobody understands.
    let last = path.rsplit('/').next().unwrap_or_default();
    if !pages.deep_links || last.contains('.') || path.starts_with("assets/") || path.starts_with("api/") {
        return not_found();
    }
    match find(INDEX) {
        Some(file) => serve(&find, INDEX, file, request),
        // Only where the folder is read while we run and somebody has emptied it.
        None => plain(
            StatusCode::NOT_FOUND,
            "The console has not been built: run `npm run build` in web/.\n",
            &[],
        ),
    }
}

fn serve(
    find: &impl Fn(&str) -> Option<EmbeddedFile>,
    name: &str,
    file: EmbeddedFile,
    request: &Request,
) -> Response {
    let etag = format!("\"{}\"", hex::encode(&file.metadata.sha256_hash()[..16]));
    // Vite puts a hash of the content into the names below assets/; every other name lives on.
    let hashed = name.starts_with("assets/");
    let cache = if hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = Response::builder()
        .header(header::ETAG, &etag)
        .header(header::CACHE_CONTROL, cache)
        .header(header::VARY, "accept-encoding");
    if names_etag(request, &etag) {
        return finish(response.status(StatusCode::NOT_MODIFIED), Body::empty());
    }
    response = response.header(header::CONTENT_TYPE, content_type(name));
    let (encoding, data) = match smaller(find, name, request) {
        Some((encoding, packed)) => (Some(encoding), packed.data),
        None => (None, file.data),
    };
    if let Some(encoding) = encoding {
        response = response.header(header::CONTENT_ENCODING, encoding);
    }
    response = response.header(header::CONTENT_LENGTH, data.len());
    let body = if request.method() == Method::HEAD {
        Body::empty()
    } else {
        match data {
            std::borrow::Cow::Borrowed(bytes) => Body::from(bytes),
            std::borrow::Cow::Owned(bytes) => Body::from(bytes),
        }
    };
    finish(response, body)
}

/// The copy packed at build time (`name.br`, `name.gz`), if there is one and the browser takes it.
fn smaller(
    find: &impl Fn(&str) -> Option<EmbeddedFile>,
    name: &str,
    request: &Request,
) -> Option<(&'static str, EmbeddedFile)> {
    let accepted = request.headers().get(header::ACCEPT_ENCODING)?.to_str().ok()?;
    let takes = |encoding: &str| {
        accepted.split(',').any(|offer| {
            let mut parts = offer.split(';').map(str::trim);
            parts.next() == Some(encoding) && !parts.any(|weight| matches!(weight, "q=0" | "q=0.0"))
        })
    };
    [("br", "br"), ("gzip", "gz")].into_iter().find_map(|(encoding, ending)| {
        let packed = takes(encoding).then(|| find(&format!("{name}.{ending}")))??;
        Some((encoding, packed))
    })
}

fn names_etag(request: &Request, etag: &str) -> bool {
    request.headers().get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()).any(
        |value| {
            // A proxy that compresses marks the tag as weak; it still names the same page.
            value.split(',').map(str::trim).any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
        },
    )
}

fn content_type(name: &str) -> String {
    let kind = mime_guess::from_path(name).first_or_octet_stream();
    if kind.type_() == "text" { format!("{kind}; charset=utf-8") } else { kind.to_string() }
}

fn not_found() -> Response {
    plain(StatusCode::NOT_FOUND, "Not found.\n", &[])
}

fn plain(status: StatusCode, text: &'static str, more: &[(header::HeaderName, &'static str)]) -> Response {
    let mut response = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "text/plain; charset=utf-8")
        .header(header::CACHE_CONTROL, "no-store");
    for (name, value) in more {
        response = response.header(name, HeaderValue::from_static(value));
    }
    finish(response, Body::from(text))
}

fn finish(response: http::response::Builder, body: Body) -> Response {
    response.body(body).expect("names and values above are all valid header text")
}

#[cfg(test)]
mod tests;
