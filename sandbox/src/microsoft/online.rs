//! Teams meetings: given to work accounts on request, and lost with the body that holds the join block.

use serde_json::{Map, Value, json};

use super::text;
use crate::oauth::random;
use crate::world::Event;

/// Adds a Teams meeting if the body asks for one and the mailbox allows it. What is there already stays: an online
/// meeting cannot be undone.
pub fn wanted(body: &Map<String, Value>, event: &mut Event, work: bool) {
    let asked = body.get("isOnlineMeeting").is_some_and(|online| *online == true);
    let provider = body.get("onlineMeetingProvider").and_then(Value::as_str).unwrap_or("teamsForBusiness");
    // Personal mailboxes allow no provider; Graph then makes a plain event without complaint.
    if !asked || !work || provider != "teamsForBusiness" || join_url(event).is_some() {
        return;
    }
    let meeting = random::token(24);
    let url = format!("https://teams.microsoft.com/l/meetup-join/19%3ameeting_{meeting}%40thread.v2/0");
    let before = match event.extra.get("body") {
        Some(body) if body["contentType"] == "html" => body["content"].as_str().unwrap_or_default().to_owned(),
        _ => text::escaped(&event.description),
    };
    let content = format!(
        "{before}<div class=\"me-email-text\">Microsoft Teams meeting<br><a href=\"{url}\">Join: {url}</a></div>"
    );
    event.description = text::plain(&content);
    event.extra.insert("body".into(), json!({ "contentType": "html", "content": content }));
    event.extra.insert("onlineMeeting".into(), json!({ "joinUrl": url }));
}

/// A new body without the join link breaks the meeting, as it does in Outlook.
pub fn lost_with_body(body: &Map<String, Value>, event: &mut Event) {
    let Some(url) = join_url(event) else { return };
    let kept = body.get("body").is_none_or(|body| body["content"].as_str().is_some_and(|text| text.contains(&url)));
    if !kept {
        event.extra.remove("onlineMeeting");
    }
}

fn join_url(event: &Event) -> Option<String> {
    event.extra.get("onlineMeeting")?["joinUrl"].as_str().map(str::to_owned)
}
