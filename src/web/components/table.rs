//! Tables whose heads sort by link, and what stands in their place when there is nothing to show.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::icons::{Glyph, Icon, IconSize};

/// Which way a column is sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SortDirection {
    Ascending,
    Descending,
}

/// The link in a head that sorts by its column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SortLink {
    /// The page sorted this way; for the column sorted already, the other way round.
    pub href: String,
    /// How it is sorted now, if by this column.
    pub now: Option<SortDirection>,
}

/// A column's head.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    pub label: String,
    /// For screen readers only (a column of buttons).
    #[serde(default)]
    pub hidden: bool,
    /// Numbers stand right.
    #[serde(default)]
    pub numeric: bool,
    #[serde(default)]
    pub sort: Option<SortLink>,
}

impl Column {
    /// A plain head.
    pub fn new(label: impl Into<String>) -> Self {
        Self { label: label.into(), ..Self::default() }
    }

    /// A head only screen readers see.
    pub fn hidden(label: impl Into<String>) -> Self {
        Self { label: label.into(), hidden: true, ..Self::default() }
    }

    /// A head over numbers.
    pub fn numeric(label: impl Into<String>) -> Self {
        Self { label: label.into(), numeric: true, ..Self::default() }
    }
}

fn head(column: Column) -> impl IntoView {
    let sorted = column.sort.as_ref().and_then(|sort| sort.now);
    let inside = match column.sort {
        Some(sort) => view! {
            <a href=sort.href>
                {column.label}
                <Icon
                    glyph=match sort.now {
                        Some(SortDirection::Ascending) => Glyph::ArrowUp,
                        Some(SortDirection::Descending) => Glyph::ArrowDown,
                        None => Glyph::ChevronsUpDown,
                    }
                    size=IconSize::Tiny
                />
            </a>
        }
        .into_any(),
        None if column.hidden => view! { <span class="vh">{column.label}</span> }.into_any(),
        None => column.label.into_any(),
    };
    view! {
        <th
            scope="col"
            class=column.numeric.then_some("r")
            aria-sort=sorted
                .map(|direction| match direction {
                    SortDirection::Ascending => "ascending",
                    SortDirection::Descending => "descending",
                })
        >
            {inside}
        </th>
    }
    .into_any()
}

/// Rows (`<tr>`) are its children. With `empty` set it shows that instead of rows.
///
/// On a phone the rows become blocks (`stack`, the default): give cells that need it their head again as `data-label`.
#[component]
pub fn DataTable(
    /// What the table lists; read out, and the name of the region that scrolls.
    #[prop(into)]
    caption: String,
    columns: Vec<Column>,
    /// An `EmptyState`, when there are no rows.
    #[prop(default = None, into)]
    empty: Option<AnyView>,
    /// Turns rows into blocks on a phone; otherwise the table scrolls sideways.
    #[prop(default = true)]
    stack: bool,
    children: Children,
) -> impl IntoView {
    if let Some(empty) = empty {
        return empty;
    }
    let region = caption.clone();
    view! {
        <div class="table-scroll" role="region" aria-label=region tabindex="0">
            <table class=if stack { "table table-stack" } else { "table" }>
                <caption class="vh">{caption}</caption>
                <thead>
                    <tr>{columns.into_iter().map(head).collect_view()}</tr>
                </thead>
                <tbody>{children()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// Nothing here yet: says so, says why, offers the way on.
#[component]
pub fn EmptyState(
    #[prop(default = Glyph::Inbox)] glyph: Glyph,
    #[prop(into)] title: String,
    /// Why it is empty and what would fill it.
    #[prop(optional, into)]
    sentence: MaybeProp<String>,
    /// A button.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let sentence = sentence.get_untracked();
    view! {
        <div class="empty">
            <Icon glyph=glyph />
            <strong>{title}</strong>
            {sentence.map(|sentence| view! { <p>{sentence}</p> })}
            {children.map(|children| view! { <div class="empty-acts">{children()}</div> })}
        </div>
    }
    .into_any()
}
