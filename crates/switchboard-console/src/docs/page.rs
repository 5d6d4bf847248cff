//! One page: Markdown in, HTML out.

#![expect(clippy::wildcard_enum_match_arm, reason = "the parser's events are a foreign, growing list")]

use std::fmt::Write as _;

use pulldown_cmark::{CowStr, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd, html};

/// A rendered page.
pub(super) struct Page {
    pub(super) html: String,
    /// Where its links lead, for the test that follows them.
    pub(super) links: Vec<String>,
    /// What can be jumped to.
    pub(super) anchors: Vec<String>,
}

/// The first heading.
pub(super) fn title(markdown: &str) -> &str {
    markdown.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or_default().trim()
}

pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Renders a file; `link` says where a link leads, none: nowhere a reader could go.
pub(super) fn render(markdown: &str, navigation: &str, link: impl Fn(&str) -> Option<String>) -> Page {
    let mut events: Vec<Event<'_>> =
        Parser::new_ext(markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH).collect();
    let mut page = Page { html: String::new(), links: Vec::new(), anchors: Vec::new() };
    let mut shut = Vec::new();
    for at in 0..events.len() {
        let heading = match &events[at] {
            Event::Start(Tag::Heading { .. }) => Some(page.fresh_anchor(&heading_text(&events[at + 1..]))),
            _ => None,
        };
        match &mut events[at] {
            Event::Start(Tag::Heading { id, .. }) => *id = heading.map(CowStr::from),
            Event::Start(Tag::Link { link_type, dest_url, .. }) => {
                let target = if *link_type == LinkType::Email { None } else { link(dest_url) };
                shut.push(target.is_some());
                if let Some(target) = target {
                    page.links.push(target.clone());
                    *dest_url = target.into();
                } else {
                    events[at] = Event::Text(CowStr::Borrowed(""));
                }
            }
            Event::End(TagEnd::Link) if shut.pop() == Some(false) => {
                events[at] = Event::Text(CowStr::Borrowed(""));
            }
            // Our files have no HTML; if one ever had, it would be shown and not run.
            Event::Html(text) | Event::InlineHtml(text) => events[at] = Event::Text(text.clone()),
            _ => {}
        }
    }
    let mut body = String::new();
    html::push_html(&mut body, in_frames(events).into_iter());
    page.html = whole(title(markdown), navigation, &body);
    page
}

/// A wide table scrolls in a frame of its own, so that the page does not.
fn in_frames(events: Vec<Event<'_>>) -> Vec<Event<'_>> {
    let mut framed = Vec::with_capacity(events.len());
    for event in events {
        match event {
            Event::Start(Tag::Table(_)) => {
                framed.push(Event::Html(CowStr::Borrowed("<div class=\"table\" tabindex=\"0\">")));
                framed.push(event);
            }
            Event::End(TagEnd::Table) => {
                framed.push(event);
                framed.push(Event::Html(CowStr::Borrowed("</div>")));
            }
            other => framed.push(other),
        }
    }
    framed
}

fn heading_text(rest: &[Event<'_>]) -> String {
    let mut text = String::new();
    for event in rest {
        match event {
            Event::End(TagEnd::Heading(
                HeadingLevel::H1
                | HeadingLevel::H2
                | HeadingLevel::H3
                | HeadingLevel::H4
                | HeadingLevel::H5
                | HeadingLevel::H6,
            )) => break,
            Event::Text(part) | Event::Code(part) => text.push_str(part),
            _ => {}
        }
    }
    text
}

impl Page {
    /// As the large hosts of repositories make them, so that links work there and here.
    fn fresh_anchor(&mut self, heading: &str) -> String {
        let mut anchor = String::new();
        for letter in heading.chars().flat_map(char::to_lowercase) {
            if letter.is_alphanumeric() || letter == '_' || letter == '-' {
                anchor.push(letter);
            } else if letter == ' ' {
                anchor.push('-');
            }
        }
        let mut fresh = anchor.clone();
        let mut next = 1;
        while self.anchors.contains(&fresh) {
            fresh = format!("{anchor}-{next}");
            next += 1;
        }
        self.anchors.push(fresh.clone());
        fresh
    }
}

/// The page for an address that has none.
pub(super) fn missing(navigation: &str) -> String {
    whole("Not found", navigation, "<h1>There is no such page</h1><p>The menu has all there are.</p>")
}

fn whole(title: &str, navigation: &str, body: &str) -> String {
    let mut html = String::with_capacity(body.len() + navigation.len() + 1_024);
    // Writing to a String cannot fail.
    let _ = write!(
        html,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\">\
         <title>{} · Switchboard</title><link rel=\"icon\" href=\"/favicon.svg\">\
         <link rel=\"stylesheet\" href=\"/docs/style.css\"></head><body>\
         <a class=\"skip\" href=\"#text\">Skip to the text</a>\
         <header><a href=\"/docs/\"><strong>Switchboard</strong> documentation</a>\
         <span>{}</span><a href=\"/api/docs\">API</a><a href=\"/\">Console</a></header>\
         <div class=\"columns\"><details class=\"menu\"><summary>Contents</summary><nav aria-label=\"Documentation\">{}</nav></details>\
         <nav class=\"side\" aria-label=\"Documentation\">{}</nav><main id=\"text\">{}</main></div></body></html>\n",
        escaped(title),
        env!("CARGO_PKG_VERSION"),
        navigation,
        navigation,
        body
    );
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(markdown: &str) -> Page {
        render(markdown, "", |target| (!target.starts_with("code/")).then(|| target.to_owned()))
    }

    #[test]
    fn headings_can_be_jumped_to_and_twice_the_same_are_told_apart() {
        let page = plain("# A `b` (c)\n\n## Part\n\n## Part\n");
        assert_eq!(page.anchors, ["a-b-c", "part", "part-1"]);
        assert!(page.html.contains("<h1 id=\"a-b-c\">"), "{}", page.html);
    }

    #[test]
    fn a_link_to_what_is_no_page_is_plain_text() {
        let page = plain("[a](code/x.rs) and [b](/docs/y)");
        assert_eq!(page.links, ["/docs/y"]);
        assert!(page.html.contains("a and <a href=\"/docs/y\">b</a>"), "{}", page.html);
    }

    #[test]
    fn markup_in_a_file_is_shown_and_not_run() {
        let page = plain("x <script>alert(1)</script>\n\n<div onclick=\"x\">\n");
        assert!(!page.html.contains("<script>") && !page.html.contains("<div onclick"), "{}", page.html);
    }
}
