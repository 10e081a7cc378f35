//! What happened to something, newest first or oldest first as given, and what will happen next.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::icons::{Glyph, Icon, IconSize};

/// How an entry looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryTone {
    /// Happened.
    #[default]
    Plain,
    /// Happened, and is what everybody hoped for.
    Good,
    /// Needs a look.
    Warning,
    /// Went wrong.
    Danger,
    /// Will happen.
    Next,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineEntry {
    pub glyph: Glyph,
    /// "Link sent"
    pub what: String,
    /// A second line. May be empty.
    #[serde(default)]
    pub more: String,
    /// As the reader says it: "4 min", "Thu 16:02".
    pub when: String,
    /// RFC 3339, for machines.
    pub at: String,
    /// The whole truth on hover: "Thursday 4 March 2027, 16:02, New York".
    pub full: String,
    #[serde(default)]
    pub tone: EntryTone,
}

/// The line through all entries.
#[component]
pub fn Timeline(entries: Vec<TimelineEntry>) -> impl IntoView {
    view! {
        <ol class="timeline" role="list">
            {entries
                .into_iter()
                .map(|entry| {
                    let class = match entry.tone {
                        EntryTone::Plain => "",
                        EntryTone::Good => "good",
                        EntryTone::Warning => "warn",
                        EntryTone::Danger => "bad",
                        EntryTone::Next => "next",
                    };
                    let more = (!entry.more.is_empty()).then_some(entry.more);
                    view! {
                        <li class=class>
                            <span class="dot">
                                <Icon glyph=entry.glyph size=IconSize::Small />
                            </span>
                            <span class="what">{entry.what}</span>
                            <time datetime=entry.at title=entry.full>
                                {entry.when}
                            </time>
                            {more.map(|more| view! { <span class="more">{more}</span> })}
                        </li>
                    }
                })
                .collect_view()}
        </ol>
    }
    .into_any()
}
