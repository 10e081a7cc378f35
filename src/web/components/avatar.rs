//! People in a small space: initials in a circle, several of them, and the line of name and detail every list uses.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// 20, 28 or 36 px.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum AvatarSize {
    Small,
    #[default]
    Normal,
    Large,
}

impl AvatarSize {
    const fn class(self) -> &'static str {
        match self {
            Self::Small => "avatar-sm",
            Self::Normal => "",
            Self::Large => "avatar-lg",
        }
    }
}

/// Up to two letters: of the first and the last word of a name, or of what stands before the `@` of an address.
/// A name without any letter gives a question mark.
#[must_use]
pub fn initials(name: &str) -> String {
    let local = name.split('@').next().unwrap_or(name);
    let mut words = local
        .split(|letter: char| letter.is_whitespace() || matches!(letter, '.' | '_' | '-' | ','))
        .filter_map(|word| word.chars().find(|letter| letter.is_alphanumeric()));
    let Some(first) = words.next() else {
        return "?".to_owned();
    };
    // Some letters have more than one capital ("ß" is "SS"); one is enough here.
    let capital = |letter: char| letter.to_uppercase().next().unwrap_or(letter);
    std::iter::once(first).chain(words.last()).map(capital).collect()
}

/// Initials in a circle. Hidden from screen readers unless `named`, because the name nearly always stands beside it.
#[component]
pub fn Avatar(
    #[prop(into)] name: String,
    #[prop(optional)] size: AvatarSize,
    /// The name stands nowhere else: read it, and show it on hover.
    #[prop(optional)]
    named: bool,
    /// Not decided yet ("any of the group"): a dashed ring.
    #[prop(optional)]
    open: bool,
) -> impl IntoView {
    let letters = if open { "?".to_owned() } else { initials(&name) };
    view! {
        <span
            class=super::classes(&["avatar", size.class(), if open { "avatar-none" } else { "" }])
            role=named.then_some("img")
            aria-label=named.then(|| name.clone())
            title=named.then_some(name)
            aria-hidden=(!named).then_some("true")
        >
            {letters}
        </span>
    }
    .into_any()
}

/// Several people, overlapping; beyond `most` a count.
#[component]
pub fn Avatars(names: Vec<String>, #[prop(default = 3)] most: usize) -> impl IntoView {
    let rest = names.len().saturating_sub(most);
    let label = names.join(", ");
    view! {
        <span class="avatars" role="img" aria-label=label.clone() title=label>
            {names.into_iter().take(most).map(|name| view! { <Avatar name=name /> }).collect_view()}
            {(rest > 0).then(|| view! { <span class="avatar" aria-hidden="true">"+" {rest.to_string()}</span> })}
        </span>
    }
    .into_any()
}

/// A person with a second line, and at the end whatever one may do or know about them (badge, button).
#[component]
pub fn PersonLine(
    #[prop(into)] name: String,
    /// "Google, 2 min ago"
    #[prop(optional, into)]
    detail: MaybeProp<String>,
    #[prop(optional, into)] href: MaybeProp<String>,
    /// Badge or buttons at the end of the line.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let detail = detail.get_untracked();
    let href = href.get_untracked();
    let shown = name.clone();
    view! {
        <div class="person">
            <Avatar name=name />
            <div class="person-words">
                {match href {
                    Some(href) => view! { <a class="person-name link-plain" href=href>{shown}</a> }.into_any(),
                    None => view! { <span class="person-name">{shown}</span> }.into_any(),
                }}
                {detail.map(|detail| view! { <span class="two">{detail}</span> })}
            </div>
            {children.map(|children| view! { <div class="person-end">{children()}</div> })}
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::initials;

    #[test]
    fn first_and_last_word_give_the_letters() {
        for (name, letters) in [
            ("Ana Alvarez", "AA"),
            ("Chloé Dubois", "CD"),
            ("Oluwaseun Bola Adeyemi", "OA"),
            ("Plato", "P"),
            ("mei-ling tsai", "MT"),
            ("raj.patel@example.com", "RP"),
            ("李小龙", "李"),
            ("", "?"),
            (" -- ", "?"),
            ("ßen", "S"),
        ] {
            assert_eq!(initials(name), letters, "{name:?}");
        }
    }
}
