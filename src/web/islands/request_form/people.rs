//! People by address: chips in a box, and an input that makes more of them. Enter, comma, blank or leaving the input ends an
//! address; Enter never sends the form.

use leptos::{ev::KeyboardEvent, html, prelude::*};

use super::{ask::Asker, data::Teammate, hours};
use crate::web::components::{
    Avatar, AvatarSize, Badge, ChipBox, Field, Glyph, Icon, IconSize, Tone, Wrong, field::described_by,
};

const SEPARATORS: [char; 6] = [',', ';', ' ', '\n', '\r', '\t'];

/// One field of people. Its chips are sent as `name[]`, what is still in the input as `name`.
#[component]
pub fn PeopleField(
    name: &'static str,
    label: &'static str,
    #[prop(optional, into)] hint: MaybeProp<String>,
    #[prop(optional)] optional: bool,
    chips: RwSignal<Vec<String>>,
    /// What could not become a chip.
    text: String,
    error: Signal<Option<Wrong>>,
    windows: RwSignal<String>,
    team: StoredValue<Vec<Teammate>>,
    asker: Asker,
) -> impl IntoView {
    let input = NodeRef::<html::Input>::new();
    let add = move |all: bool| {
        let Some(input) = input.get_untracked() else { return };
        let typed = input.value();
        let (new, rest) = team.with_value(|team| split(&typed, all, team));
        if new.is_empty() {
            // The comma after somebody who was a chip before it was typed.
            if typed.chars().all(|one| SEPARATORS.contains(&one)) {
                input.set_value("");
            }
            return;
        }
        chips.update(|chips| {
            for email in new {
                if !chips.iter().any(|chip| chip.eq_ignore_ascii_case(&email)) {
                    chips.push(email);
                }
            }
        });
        input.set_value(&rest);
        asker.now();
    };
    let remove = move |email: &str| {
        chips.update(|chips| chips.retain(|chip| chip != email));
        windows.update(|text| *text = hours::without(text, email));
        if let Some(input) = input.get_untracked() {
            // The button that had the focus is gone. A browser that refuses leaves it at the page's start.
            let _ = input.focus();
        }
        asker.now();
    };
    let on_key = move |event: KeyboardEvent| match event.key().as_str() {
        "Enter" if !event.is_composing() => {
            event.prevent_default();
            add(true);
        }
        "Backspace" if input.get_untracked().is_some_and(|input| input.value().is_empty()) => {
            if let Some(last) = chips.with_untracked(|chips| chips.last().cloned()) {
                remove(&last);
            }
        }
        _ => {}
    };
    // What was typed before this woke.
    Effect::new(move |_| {
        if input.get().is_some() {
            add(false);
        }
    });
    let chip = move |email: String| {
        let person = {
            let email = email.clone();
            Memo::new(move |_| {
                asker.live.with(|live| live.people.iter().find(|one| one.email.eq_ignore_ascii_case(&email)).cloned())
            })
        };
        let shown = {
            let email = email.clone();
            move || person.get().map_or_else(|| email.clone(), |person| person.name)
        };
        let (for_avatar, for_button) = (shown.clone(), shown.clone());
        let (title, gone) = (email.clone(), email.clone());
        view! {
            <span class="chip" title=title>
                {move || view! { <Avatar name=for_avatar() size=AvatarSize::Small /> }}
                <span>{shown}</span>
                {move || match person.get() {
                    Some(person) => view! { <Badge text=person.word tone=person.tone plain=true /> },
                    None => view! { <Badge text="looking" tone=Tone::Neutral plain=true /> },
                }}
                <input type="hidden" name=format!("{name}[]") value=email.clone() />
                <button
                    type="submit"
                    formaction="/requests/new"
                    formmethod="get"
                    formnovalidate=true
                    name="remove"
                    value=email
                    on:click=move |event| {
                        event.prevent_default();
                        remove(&gone);
                    }
                >
                    <Icon glyph=Glyph::X size=IconSize::Small />
                    <span class="vh">"Remove " {for_button}</span>
                </button>
            </span>
        }
        .into_any()
    };
    let hinted = hint.get_untracked().is_some();
    view! {
        <Field id=name label=label hint=hint error=error optional=optional>
            <ChipBox>
                {move || chips.get().into_iter().map(chip).collect_view()}
                <input
                    id=name
                    name=name
                    type="text"
                    inputmode="email"
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    data-people=""
                    list="team"
                    placeholder="Add by email"
                    value=text
                    node_ref=input
                    aria-describedby=move || described_by(name, hinted, error.get().is_some())
                    aria-invalid=move || error.get().is_some().then_some("true")
                    on:keydown=on_key
                    on:input=move |_| add(false)
                    on:blur=move |_| add(true)
                />
            </ChipBox>
        </Field>
    }
    .into_any()
}

/// The addresses that are complete, and what stays in the input. `all`: the last one is complete too.
fn split(typed: &str, all: bool, team: &[Teammate]) -> (Vec<String>, String) {
    let whole = typed.trim();
    let teammate = team.iter().find(|mate| {
        mate.email.eq_ignore_ascii_case(whole) || (all && mate.name.to_lowercase() == whole.to_lowercase())
    });
    // A teammate chosen from the list, or typed to the end, unless that may be the beginning of another's address.
    if let Some(mate) = teammate {
        let goes_on = |other: &Teammate| {
            other.email.len() > whole.len() && other.email.to_lowercase().starts_with(&whole.to_lowercase())
        };
        if all || !team.iter().any(goes_on) {
            return (vec![mate.email.clone()], String::new());
        }
    }
    let mut parts: Vec<&str> = typed.split(SEPARATORS).collect();
    let last = if all { None } else { parts.pop() };
    let (mut emails, mut rest) = (Vec::new(), Vec::new());
    for part in parts.into_iter().filter(|part| !part.is_empty()) {
        let email = part.trim_matches(['<', '>', '"', '(', ')']);
        match email.split_once('@') {
            Some((local, domain)) if !local.is_empty() && domain.contains('.') && !domain.contains('@') => {
                emails.push(email.to_owned());
            }
            _ => rest.push(part),
        }
    }
    rest.extend(last.filter(|last| !last.is_empty()));
    (emails, rest.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn team() -> Vec<Teammate> {
        let mate = |email: &str, name: &str| Teammate { email: email.to_owned(), name: name.to_owned() };
        vec![
            mate("ben.okafor@example.com", "Ben Okafor"),
            mate("eva@example.co", "Eva"),
            mate("eva@example.com", "Eva Two"),
        ]
    }

    #[test]
    fn a_separator_ends_an_address() {
        let cases: [(&str, bool, &[&str], &str); 8] = [
            ("tom@example.com", false, &[], "tom@example.com"),
            ("tom@example.com", true, &["tom@example.com"], ""),
            ("tom@example.com,", false, &["tom@example.com"], ""),
            ("tom@example.com raj@ex", false, &["tom@example.com"], "raj@ex"),
            ("tom@, raj@example.org;", false, &["raj@example.org"], "tom@"),
            ("Tom Baker <tom@example.com>", true, &["tom@example.com"], "Tom Baker"),
            ("tom@@example.com", true, &[], "tom@@example.com"),
            (" , ", true, &[], ""),
        ];
        for (typed, all, emails, rest) in cases {
            assert_eq!(
                split(typed, all, &[]),
                (emails.iter().map(|e| (*e).to_owned()).collect(), rest.to_owned()),
                "{typed}"
            );
        }
    }

    #[test]
    fn somebody_of_the_team_needs_no_separator() {
        let one = |typed: &str, all: bool| split(typed, all, &team()).0;
        assert_eq!(one("Ben.Okafor@example.com", false), ["ben.okafor@example.com"]);
        assert_eq!(one("ben okafor", true), ["ben.okafor@example.com"]);
        assert!(one("ben okafor", false).is_empty());
        assert!(one("eva@example.co", false).is_empty(), "it may go on to be another's");
        assert_eq!(one("eva@example.co", true), ["eva@example.co"]);
    }
}
