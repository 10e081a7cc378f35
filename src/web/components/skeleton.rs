//! Grey shapes where content is about to be. They are hidden from screen readers; the region around them says that it is busy.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// What is about to be there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SkeletonShape {
    /// Lines of text.
    #[default]
    Lines,
    /// Avatar and two lines, for lists of people.
    People,
    /// Buttons below each other, for a list of times.
    Slots,
    /// One tall block, for pictures.
    Picture,
}

/// `count` lines, people or slots. Says "Loading" once, politely.
#[component]
pub fn Skeleton(
    #[prop(optional)] shape: SkeletonShape,
    #[prop(default = 3)] count: usize,
    #[prop(default = "Loading".to_owned(), into)] label: String,
) -> impl IntoView {
    let part = move |index: usize| match shape {
        SkeletonShape::Lines => {
            let width = ["w-full", "w-11/12", "w-3/5"][index % 3];
            view! { <span class=super::classes(&["skeleton skeleton-line", width])></span> }.into_any()
        }
        SkeletonShape::People => view! {
            <span class="skeleton-person">
                <span class="skeleton skeleton-round"></span>
                <span class="skeleton-words">
                    <span class="skeleton skeleton-line w-2/5"></span>
                    <span class="skeleton skeleton-line w-3/5"></span>
                </span>
            </span>
        }
        .into_any(),
        SkeletonShape::Slots => view! { <span class="skeleton skeleton-slot"></span> }.into_any(),
        SkeletonShape::Picture => view! { <span class="skeleton skeleton-picture"></span> }.into_any(),
    };
    view! {
        <div class="skeletons" role="status">
            <span class="vh">{label}</span>
            {(0..count).map(part).collect_view()}
        </div>
    }
    .into_any()
}
