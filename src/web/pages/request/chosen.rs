//! Why somebody sits in a booked interview, in words. Says who was busy, never with what.

use crate::{
    booking::sitting::{Choice, Other, Why},
    ids::PersonId,
    scheduling::why::Rule,
};

/// Most people of the pool a sentence names.
const MOST_NAMED: usize = 6;

/// The line below a person's name; nothing for somebody the request asked for by name.
pub fn reason(why: &Why, name_of: impl Fn(PersonId) -> String) -> Option<String> {
    match why {
        Why::Named => None,
        Why::Chosen(choice) => Some(chosen(choice, name_of)),
        Why::Swapped(swap) => {
            let left = swap.before.last().map_or_else(|| "somebody".to_owned(), |left| name_of(*left));
            let asked = if swap.asked { " Was asked before." } else { "" };
            Some(format!("In place of {left}: {}.{asked}", swap.reason.trim_end_matches('.')))
        }
    }
}

/// "Chosen: 1 interview that week, fewest of 4. Eva had 3, Tom had 2, Raj was busy."
fn chosen(choice: &Choice, name_of: impl Fn(PersonId) -> String) -> String {
    let mut others: Vec<&Other> = choice.others.iter().collect();
    others.sort_by_key(|other| (!other.was_free(), std::cmp::Reverse(other.week)));
    let mut told: Vec<String> =
        others.iter().take(MOST_NAMED).map(|other| told(other, &name_of(other.person))).collect();
    let more = others.len().saturating_sub(MOST_NAMED);
    if more > 0 {
        told.push(format!("and {more} more"));
    }
    format!("Chosen: {}, {}. {}.", interviews(choice.week), standing(choice), capital(&told.join(", ")))
}

/// What sets them apart from those who were not chosen.
fn standing(choice: &Choice) -> String {
    let pool = choice.others.len() + choice.needed as usize;
    let free: Vec<&Other> = choice.others.iter().filter(|other| other.was_free()).collect();
    let fewest = if choice.needed == 1 { "fewest" } else { "among the fewest" };
    if free.is_empty() {
        let (only, were) =
            if choice.needed == 1 { ("one".to_owned(), "was") } else { (choice.needed.to_string(), "were") };
        return format!("the only {only} of {pool} who {were} free");
    }
    if choice.others.iter().all(|other| other.week > choice.week) {
        return format!("{fewest} of {pool}");
    }
    if free.iter().all(|other| other.week > choice.week) {
        return format!("{fewest} of the {} who were free", free.len() + choice.needed as usize);
    }
    let rank = (choice.week, choice.day);
    if free.iter().all(|other| (other.week, other.day) > rank) {
        return format!("as few as others and {fewest} that day");
    }
    if free.iter().all(|other| (other.week, other.day) >= rank) {
        return "as few as anybody who was free".to_owned();
    }
    "so that every seat is filled".to_owned()
}

fn told(other: &Other, name: &str) -> String {
    match other.kept_by.iter().min() {
        None => format!("{name} had {}", if other.week == 0 { "none".to_owned() } else { other.week.to_string() }),
        Some(rule) => kept(*rule, name),
    }
}

/// What keeps somebody from a time, for after their name.
pub fn keeps(rules: &[Rule]) -> &'static str {
    match rules.iter().min() {
        None => "free",
        Some(Rule::Notice) => "too soon",
        Some(Rule::Unknown) => "nobody knows",
        Some(Rule::Hours) => "does not work then",
        Some(Rule::Busy) => "busy then",
        Some(Rule::Buffer) => "no time left around it",
        Some(Rule::Limit) => "has as many interviews as agreed",
    }
}

/// What kept somebody from a time that is past deciding.
fn kept(rule: Rule, name: &str) -> String {
    match rule {
        Rule::Notice => format!("it was too soon for {name}"),
        Rule::Unknown => format!("nobody knew whether {name} was free"),
        Rule::Hours => format!("{name} did not work then"),
        Rule::Busy => format!("{name} was busy"),
        Rule::Buffer => format!("{name} had no time left around it"),
        Rule::Limit => format!("{name} had as many interviews as agreed"),
    }
}

/// "no interview that week", "2 interviews that week"
pub fn interviews(count: u32) -> String {
    match count {
        0 => "no interview that week".to_owned(),
        1 => "1 interview that week".to_owned(),
        more => format!("{more} interviews that week"),
    }
}

fn capital(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words for who sits with `week` and `day` interviews, and the others: name, week, day, what kept them.
    fn words(week: u32, day: u32, needed: u32, others: &[(&str, u32, u32, &[Rule])]) -> String {
        let mut names = Vec::new();
        let other = |&(name, week, day, kept_by): &(&str, u32, u32, &[Rule])| {
            let person = PersonId::new();
            names.push((person, name.to_owned()));
            Other { person, week, day, kept_by: kept_by.to_vec() }
        };
        let others = others.iter().map(other).collect();
        let name_of =
            |id: PersonId| names.iter().find(|(person, _)| *person == id).map(|(_, name)| name.clone()).unwrap();
        reason(&Why::Chosen(Choice { week, day, needed, others }), name_of).unwrap()
    }

    #[test]
    fn a_choice_is_told_with_what_set_it_apart() {
        let busy: &[Rule] = &[Rule::Busy, Rule::Limit];
        assert_eq!(
            words(1, 0, 1, &[("Raj", 4, 0, busy), ("Tom", 2, 1, &[]), ("Eva", 3, 0, &[])]),
            "Chosen: 1 interview that week, fewest of 4. Eva had 3, Tom had 2, Raj was busy."
        );
        assert_eq!(
            words(1, 0, 1, &[("Raj", 0, 0, busy), ("Tom", 2, 1, &[])]),
            "Chosen: 1 interview that week, fewest of the 2 who were free. Tom had 2, Raj was busy.",
            "somebody busy may have fewer"
        );
        assert_eq!(
            words(0, 0, 1, &[("Tom", 0, 0, &[Rule::Unknown]), ("Eva", 0, 0, &[Rule::Hours])]),
            "Chosen: no interview that week, the only one of 3 who was free. \
             Nobody knew whether Tom was free, Eva did not work then."
        );
        assert_eq!(
            words(2, 0, 2, &[("Tom", 2, 1, &[])]),
            "Chosen: 2 interviews that week, as few as others and among the fewest that day. Tom had 2."
        );
        assert_eq!(
            words(0, 0, 1, &[("Tom", 0, 0, &[])]),
            "Chosen: no interview that week, as few as anybody who was free. Tom had none."
        );
        assert_eq!(
            words(3, 0, 1, &[("Tom", 1, 0, &[]), ("Eva", 9, 0, &[Rule::Limit])]),
            "Chosen: 3 interviews that week, so that every seat is filled. Tom had 1, Eva had as many interviews as agreed."
        );
    }

    #[test]
    fn who_was_asked_for_by_name_needs_no_reason() {
        assert_eq!(reason(&Why::Named, |_| unreachable!("nobody is named")), None);
    }
}
