//! As much of Markdown as is needed to find links and the anchors that they may lead to.
//!
//! Not a parser: it knows ATX headings, inline links, images, reference definitions, HTML ids and
//! what code is. Setext headings are not seen; an anchor to one is reported as broken, which asks
//! for the other spelling.

use std::collections::{BTreeMap, BTreeSet};

/// What a document offers and asks for.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Document {
    /// Fragments that lead into this document, without the `#`.
    pub(super) anchors: BTreeSet<String>,
    pub(super) links: Vec<Link>,
}

/// A link as written.
#[derive(Debug, PartialEq)]
pub(super) struct Link {
    /// Counted from 1.
    pub(super) line: usize,
    pub(super) destination: String,
}

/// Reads one document.
pub(super) fn read(text: &str) -> Document {
    let mut document = Document::default();
    let mut seen = BTreeMap::new();
    let mut fence: Option<String> = None;
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        if let Some(open) = &fence {
            let is_close = trimmed.starts_with(open.as_str())
                && trimmed.trim_end().trim_start_matches(open.as_str()).is_empty();
            if is_close {
                fence = None;
            }
            continue;
        }
        fence = opened_fence(trimmed);
        if fence.is_some() {
            continue;
        }
        let prose = without_code(line);
        if let Some(heading) = heading(line) {
            document.anchors.insert(numbered(slug(heading), &mut seen));
        }
        document.anchors.extend(html_ids(&prose));
        let destinations = definition(&prose).into_iter().chain(inline(&prose));
        document
            .links
            .extend(destinations.map(|destination| Link { line: index + 1, destination }));
    }
    document
}

/// The marks of a fence that this line opens: three or more of ``` or ~~~.
fn opened_fence(trimmed: &str) -> Option<String> {
    let mark = trimmed.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let marks: String = trimmed.chars().take_while(|c| *c == mark).collect();
    let info = trimmed.get(marks.len()..).unwrap_or_default();
    (marks.len() >= 3 && !info.contains('`')).then_some(marks)
}

fn heading(line: &str) -> Option<&str> {
    let text = line.trim_start_matches('#');
    let level = line.len() - text.len();
    ((1..=6).contains(&level) && text.starts_with(' '))
        .then(|| text.trim().trim_end_matches('#').trim())
}

/// The anchor of a heading, as GitHub and mdBook make it.
fn slug(heading: &str) -> String {
    link_texts(heading)
        .to_lowercase()
        .chars()
        .filter_map(|c| match c {
            ' ' => Some('-'),
            c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
            _ => None,
        })
        .collect()
}

/// The heading with `[text](link)` as `text`: what a reader sees.
fn link_texts(heading: &str) -> String {
    let mut text = String::new();
    let mut rest = heading;
    while let Some((before, after)) = rest.split_once("](") {
        text.push_str(before);
        rest = after.split_once(')').map_or("", |(_, rest)| rest);
    }
    text + rest
}

/// The second heading of the same words gets `-1`, the third `-2`.
fn numbered(slug: String, seen: &mut BTreeMap<String, usize>) -> String {
    let count = seen.entry(slug.clone()).or_default();
    let anchor = if *count == 0 { slug } else { format!("{slug}-{count}") };
    *count += 1;
    anchor
}

/// The line with code spans blanked. A span ends at as many backticks as began it; without such an
/// end the backticks are text.
fn without_code(line: &str) -> String {
    let mut prose = String::new();
    let mut rest = line;
    while let Some(start) = rest.find('`') {
        let (before, span) = rest.split_at(start);
        prose.push_str(before);
        let body = span.trim_start_matches('`');
        let marks = span.len() - body.len();
        match closing(body, marks) {
            Some(end) => rest = body.get(end..).unwrap_or_default(),
            None => {
                prose.push(' ');
                rest = body;
            }
        }
    }
    prose + rest
}

/// Where the text goes on after a run of exactly `marks` backticks.
fn closing(body: &str, marks: usize) -> Option<usize> {
    let mut at = 0;
    while let Some(start) = body.get(at..)?.find('`') {
        let run = body.get(at + start..)?;
        let length = run.len() - run.trim_start_matches('`').len();
        at += start + length;
        if length == marks {
            return Some(at);
        }
    }
    None
}

fn html_ids(prose: &str) -> Vec<String> {
    ["id=\"", "name=\""]
        .iter()
        .filter(|_| prose.contains('<'))
        .flat_map(|mark| prose.split(mark).skip(1))
        .filter_map(|rest| rest.split_once('"').map(|(id, _)| id.to_owned()))
        .collect()
}

/// `[label]: destination "title"`; a footnote is none.
fn definition(prose: &str) -> Option<String> {
    let (label, rest) = prose.trim_start().strip_prefix('[')?.split_once("]:")?;
    (!label.starts_with('^') && !label.contains(']')).then(|| target(rest.trim_start(), None))
}

/// The destinations of `[text](destination "title")` and of images.
fn inline(prose: &str) -> Vec<String> {
    prose.split("](").skip(1).map(|rest| target(rest.trim_start(), Some(')'))).collect()
}

/// Cuts the destination from the text that starts with it: to `>` if it is in angle brackets,
/// otherwise to a blank or to the closing parenthesis that no other in it opened.
fn target(rest: &str, end: Option<char>) -> String {
    if let Some((inside, _)) = rest.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
        return inside.to_owned();
    }
    let mut depth = 0_usize;
    rest.chars()
        .take_while(|&c| {
            if c == '(' {
                depth += 1;
            } else if c == ')' && depth > 0 {
                depth -= 1;
            } else if Some(c) == end {
                return false;
            }
            !c.is_whitespace()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(text: &str) -> Vec<(usize, String)> {
        read(text).links.into_iter().map(|link| (link.line, link.destination)).collect()
    }

    fn anchors(text: &str) -> Vec<String> {
        read(text).anchors.into_iter().collect()
    }

    #[test]
    fn links_of_all_spellings_are_found_with_their_line() {
        let text = "see [a](a.md) and ![b](img/b.png \"title\")\n\n[c]: c.md#x \"t\"\n[d](<d e.md>) [f](f_(x).md)\n";
        let expected =
            [(1, "a.md"), (1, "img/b.png"), (3, "c.md#x"), (4, "d e.md"), (4, "f_(x).md")];
        assert_eq!(links(text), expected.map(|(line, link)| (line, link.to_owned())));
    }

    #[test]
    fn a_linked_image_is_two_links() {
        let expected = [(1, "b.svg".to_owned()), (1, "ci.md".to_owned())];
        assert_eq!(links("[![badge](b.svg)](ci.md)"), expected);
    }

    #[test]
    fn code_holds_no_links_and_no_headings() {
        let text = "`[a](a.md)` ``x ` [b](b.md)`` [c](c.md)\n```sh\n# no [d](d.md)\n```\n~~~~\n~~~\n[e](e.md)\n~~~~\n[f](f.md)\n";
        assert_eq!(links(text), [(1, "c.md".to_owned()), (9, "f.md".to_owned())]);
        assert_eq!(anchors(text), [""; 0]);
    }

    #[test]
    fn a_lone_backtick_hides_nothing() {
        assert_eq!(links("a ` b [c](c.md)"), [(1, "c.md".to_owned())]);
    }

    #[test]
    fn anchors_are_made_as_the_renderers_make_them() {
        for (heading, anchor) in [
            ("# Getting started", "getting-started"),
            ("## What `plan` does, and why?", "what-plan-does-and-why"),
            ("### VLANs 1–4094", "vlans-14094"),
            ("## [Link](x.md) here ##", "link-here"),
            ("# snake_case & more", "snake_case--more"),
        ] {
            assert_eq!(anchors(heading), [anchor], "{heading}");
        }
        assert_eq!(anchors("#hash\n####### seven"), [""; 0]);
        assert_eq!(anchors("# A\n# A\n# A\n"), ["a", "a-1", "a-2"]);
        assert_eq!(anchors("<a id=\"here\"></a> x"), ["here"]);
    }

    #[test]
    fn a_footnote_is_no_link() {
        assert_eq!(links("[^1]: words"), []);
    }
}
