//! New words in an Outlook event without breaking its Teams meeting.
//!
//! Exchange keeps the join block inside the event's body: a PATCH that replaces the body cuts the
//! meeting off. The block starts with a long rule of underscores, in HTML and in text.

use serde_json::{Value, json};

use super::wire::Body;

/// Outlook's own rule is 80 long; people rarely type twenty.
const RULE: &str = "____________________";

/// The body to write: our text, then whatever the meeting needs of the old one.
pub fn rewritten(old: Option<&Body>, has_meeting: bool, description: &str) -> Value {
    match old {
        Some(old) if has_meeting && !old.content.trim().is_empty() => {
            let is_html = old.content_type.as_deref() != Some("text");
            let kept = if is_html { html_block(&old.content) } else { text_block(&old.content) };
            if is_html {
                json!({ "contentType": "html", "content": format!("<div>{}</div>\n{kept}", as_html(description)) })
            } else {
                json!({ "contentType": "text", "content": format!("{description}\n{kept}") })
            }
        }
        _ => json!({ "contentType": "text", "content": description }),
    }
}

/// From the start of the element that holds the rule. A body without a rule is kept whole: better an
/// old sentence than a meeting nobody can join.
fn html_block(content: &str) -> &str {
    let inside = inner_html(content);
    match inside.find(RULE) {
        Some(rule) => &inside[inside[..rule].rfind("<div").unwrap_or(rule)..],
        None => inside,
    }
}

fn text_block(content: &str) -> &str {
    content.find(RULE).map_or(content, |rule| &content[rule..])
}

/// What stands between `<body>` and `</body>`, or everything.
fn inner_html(content: &str) -> &str {
    // Lower-casing ASCII keeps every byte where it is, so positions fit the original.
    let lower = content.to_ascii_lowercase();
    let start = lower.find("<body").and_then(|at| Some(at + lower[at..].find('>')? + 1)).unwrap_or(0);
    let end = lower.rfind("</body").filter(|end| *end >= start).unwrap_or(content.len());
    &content[start..end]
}

fn as_html(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\r' => {}
            '\n' => html.push_str("<br>"),
            other => html.push(other),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(content: &str) -> Body {
        Body { content_type: Some("html".into()), content: content.into() }
    }

    #[test]
    fn the_join_block_survives_new_words() {
        let block =
            "<div>________________________________________________________________</div><div>Join the meeting</div>";
        let old = html(&format!("<html><head></head><BODY lang=\"en\"><p>Old</p>{block}</BODY></html>"));
        let new = rewritten(Some(&old), true, "New <words>\nand more");
        assert_eq!(new["contentType"], "html");
        let content = new["content"].as_str().expect("text");
        assert_eq!(content, format!("<div>New &lt;words&gt;<br>and more</div>\n{block}"));
    }

    #[test]
    fn a_body_without_a_recognised_block_is_kept_whole_while_a_meeting_hangs_on_it() {
        let old = html("<html><body><a href=\"https://teams.example/j\">Join</a></body></html>");
        let new = rewritten(Some(&old), true, "New");
        assert!(new["content"].as_str().is_some_and(|content| content.contains("https://teams.example/j")));
        let text = Body { content_type: Some("text".into()), content: format!("Old\n{RULE}\nJoin") };
        assert_eq!(rewritten(Some(&text), true, "New")["content"], format!("New\n{RULE}\nJoin"));
    }

    #[test]
    fn without_a_meeting_the_body_is_simply_ours() {
        let new = rewritten(Some(&html("<p>Old</p>")), false, "New");
        assert_eq!(new, json!({ "contentType": "text", "content": "New" }));
    }
}
