//! What the form's right side shows: everybody's week and each person's, the times per day, and what stands in the way.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Utc, Weekday};

use super::{
    sets::{Ground, Share, at_least, minutes},
    week::{Sketch, monday, span},
};
use crate::{
    booking::preview::{Guest, Known, Outlook, Preview},
    connections::busy::UnknownReason,
    notifications::when,
    requests::draft::FieldError,
    scheduling::{
        Interval,
        interval::intersect,
        why::{self, Rule},
        zones,
    },
    web::{
        components::{DayCount, Tone, Wrong, times},
        islands::request_form::data::{Invitee, Live, Note, Picture, View},
        wording::{ago, listed},
    },
};

/// Most sentences about what stands in the way.
const MOST_REASONS: usize = 6;

/// A preview in words and pictures. `week` is any date of the week to show.
pub fn live(preview: &Preview, week: Option<NaiveDate>, now: DateTime<Utc>) -> Live {
    Live {
        people: preview.people.iter().map(|guest| invitee(guest, now)).collect(),
        errors: preview.errors.iter().map(note).collect(),
        picture: preview.outlook.as_ref().and_then(|outlook| picture(preview, outlook, week, now)),
        warning: warning(preview),
    }
}

pub fn note(error: &FieldError) -> Note {
    Note { field: error.field.clone(), wrong: Wrong::new(&error.code, &error.message) }
}

fn invitee(guest: &Guest, now: DateTime<Utc>) -> Invitee {
    // How we know, and how old that is.
    let aged = |word: &str, at: Option<DateTime<Utc>>| match at {
        Some(at) => format!("{word} {}", ago(at, now)),
        None => word.to_owned(),
    };
    let (word, tone) = match guest.known {
        Known::Calendar(Some(read_at)) => (aged("connected, read", Some(read_at)), Tone::Success),
        Known::Calendar(None) => (aged("connected", None), Tone::Success),
        Known::Silent(UnknownReason::SignInExpired) => (aged("sign-in expired", None), Tone::Warning),
        Known::Silent(UnknownReason::PermissionMissing) => (aged("not shared", None), Tone::Warning),
        Known::Silent(UnknownReason::CalendarGone) => (aged("calendar gone", None), Tone::Warning),
        Known::Silent(UnknownReason::NoAnswer) => (aged("not answering", None), Tone::Warning),
        Known::Silent(UnknownReason::AskedTooOften { .. }) => (aged("asked too often", None), Tone::Warning),
        Known::Silent(UnknownReason::AccessRefused) => (aged("access refused", None), Tone::Warning),
        Known::Silent(UnknownReason::NoMailbox) => (aged("no such mailbox", None), Tone::Warning),
        Known::Silent(UnknownReason::NotCovered) => (aged("not read", None), Tone::Warning),
        Known::Given(at) => (aged("gave times", Some(at)), Tone::Neutral),
        Known::Typed => (aged("typed times", None), Tone::Neutral),
        Known::Nobody => (aged("not connected, unknown", None), Tone::Warning),
    };
    Invitee {
        email: guest.person.email.to_string(),
        name: guest.person.name.clone(),
        word,
        tone,
        can_type: matches!(guest.known, Known::Given(_) | Known::Typed | Known::Nobody),
    }
}

/// Names for sentences: the first word, or all of it where two people share one.
fn names(people: &[Guest]) -> BTreeMap<String, String> {
    let first = |guest: &Guest| guest.person.name.split_whitespace().next().unwrap_or(&guest.person.name).to_owned();
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    for guest in people {
        *count.entry(first(guest)).or_default() += 1;
    }
    let name = |guest: &Guest| if count[&first(guest)] > 1 { guest.person.name.clone() } else { first(guest) };
    people.iter().map(|guest| (guest.person.id.to_string(), name(guest))).collect()
}

fn warning(preview: &Preview) -> String {
    let names = names(&preview.people);
    let those = |wanted: fn(&Guest) -> bool| -> Vec<String> {
        let guests = preview.people.iter().filter(|guest| wanted(guest));
        guests.map(|guest| names[&guest.person.id.to_string()].clone()).collect()
    };
    let is = |people: &[String]| if people.len() == 1 { "is" } else { "are" };
    let unknown = those(|guest| guest.known == Known::Nobody && !guest.optional);
    let mut sentences = Vec::new();
    if !unknown.is_empty() {
        sentences.push(format!("Nobody knows when {} {} free.", listed(&unknown), is(&unknown)));
        let has_fallback = preview.outlook.as_ref().is_some_and(|outlook| !outlook.request.fallback.is_empty());
        sentences.push(
            if has_fallback {
                "Times are offered inside the hours below until they connect a calendar or give times; you can invite them once the request is made."
            } else {
                "No times are offered with them until they connect a calendar or give times; you can invite them once the request is made."
            }
            .to_owned(),
        );
    }
    // Of those with a calendar the weekly hours count, and those are hours of some place.
    let homeless =
        those(|guest| guest.person.zone.is_none() && matches!(guest.known, Known::Calendar(_) | Known::Silent(_)));
    if let (false, Some(outlook)) = (homeless.is_empty(), &preview.outlook) {
        let (who, place) = (listed(&homeless), zones::place(outlook.request.zone));
        sentences.push(format!(
            "Nobody knows where {who} {} at home: working hours are taken in {place} time.",
            is(&homeless)
        ));
    }
    sentences.join(" ")
}

fn picture(preview: &Preview, outlook: &Outlook, week: Option<NaiveDate>, now: DateTime<Utc>) -> Option<Picture> {
    let request = &outlook.request;
    let zone = request.zone;
    let local = |at: DateTime<Utc>| at.with_timezone(&zone).date_naive();
    let first = local(request.window.start());
    let last = local(request.window.end() - TimeDelta::seconds(1));
    let starts: Vec<DateTime<Utc>> = outlook.answer.slots().map(|slot| slot.start()).collect();

    let (first_week, last_week) = (monday(first), monday(last));
    let shown = week.or_else(|| starts.first().map(|start| local(*start))).unwrap_or(first.max(local(now)));
    let shown = monday(shown).clamp(first_week, last_week);
    let around = span(shown, zone)?;
    let of_week: Vec<DateTime<Utc>> = starts.iter().copied().filter(|start| around.contains_instant(*start)).collect();

    let sketch = |ground: &Ground| {
        let duration = TimeDelta::minutes(i64::from(request.duration));
        Sketch { monday: shown, zone, ground, starts: &of_week, duration, window: request.window, now }.picture()
    };
    let shares: Vec<(&Guest, Share)> =
        preview.people.iter().filter_map(|guest| Some((guest, Share::of(guest, outlook, around)?))).collect();
    let required: Vec<Share> =
        shares.iter().filter(|(guest, _)| !guest.optional).map(|(_, share)| share.clone()).collect();
    let mut views = vec![View {
        who: String::new(),
        name: "Everyone".to_owned(),
        week: sketch(&Ground::new(&required, needed(outlook), around)),
    }];
    if shares.len() > 1 {
        let names = names(&preview.people);
        views.extend(shares.iter().map(|(guest, share)| View {
            who: guest.person.email.to_string(),
            name: names[&guest.person.id.to_string()].clone(),
            week: sketch(&Ground::new(std::slice::from_ref(share), 1, around)),
        }));
    }

    let week_of = |monday: NaiveDate| monday.to_string();
    let days = days(&starts, first, last, zone);
    let total = u32::try_from(starts.len()).unwrap_or(u32::MAX);
    let working = days.len();
    let found = if total == 0 { "No times".to_owned() } else { times(total) };
    Some(Picture {
        views,
        previous: (shown > first_week).then(|| week_of(shown - Days::new(7))),
        next: (shown < last_week).then(|| week_of(shown + Days::new(7))),
        headline: format!("{found} in {working} working day{}", if working == 1 { "" } else { "s" }),
        days,
        total,
        why: reasons(preview, outlook, now),
    })
}

/// How many of the required people must be there.
fn needed(outlook: &Outlook) -> usize {
    let request = &outlook.request;
    request.any_of.map_or(request.interviewers.len(), |needed| needed as usize)
}

/// One bar per working day, and per weekend day that has times.
fn days(starts: &[DateTime<Utc>], first: NaiveDate, last: NaiveDate, zone: chrono_tz::Tz) -> Vec<DayCount> {
    let mut counts: BTreeMap<NaiveDate, u32> = BTreeMap::new();
    for start in starts {
        *counts.entry(start.with_timezone(&zone).date_naive()).or_default() += 1;
    }
    let mut days: Vec<DayCount> = Vec::new();
    let mut before = None;
    for date in first.iter_days().take_while(|date| *date <= last) {
        let count = counts.get(&date).copied().unwrap_or(0);
        if count == 0 && matches!(date.weekday(), Weekday::Sat | Weekday::Sun) {
            continue;
        }
        days.push(DayCount {
            label: date.format("%-d").to_string(),
            name: date.format("%A %-d %B").to_string(),
            count,
            after_gap: before.is_some_and(|before: NaiveDate| before + Days::new(1) != date),
            ..DayCount::default()
        });
        before = Some(date);
    }
    days
}

/// What takes times away, the plainest first. Never says what somebody is busy with.
fn reasons(preview: &Preview, outlook: &Outlook, now: DateTime<Utc>) -> Vec<String> {
    let (request, total) = (&outlook.request, outlook.answer.total());
    let names = names(&preview.people);
    let name = |guest: &Guest| names[&guest.person.id.to_string()].clone();
    let blockers = why::blockers(&outlook.answer);
    let alone = |rule: Rule, person: Option<&str>| -> usize {
        blockers
            .iter()
            .filter(|blocker| blocker.rule == rule && person.is_none_or(|person| blocker.person == person))
            .map(|blocker| blocker.alone)
            .sum()
    };
    let soonest = now + TimeDelta::minutes(i64::from(request.min_notice));
    let Some(ahead) = Interval::new(soonest.max(request.window.start()), request.window.end()) else {
        return vec!["These days are over before the minimum notice is.".to_owned()];
    };
    let shares: Vec<(&Guest, Share)> = preview
        .people
        .iter()
        .filter(|guest| !guest.optional)
        .filter_map(|guest| Some((guest, Share::of(guest, outlook, ahead)?)))
        .collect();
    let hours: Vec<Vec<Interval>> = shares.iter().map(|(_, share)| share.hours.clone()).collect();
    let possible = at_least(needed(outlook), &hours);

    let mut reasons = Vec::new();
    for (guest, share) in &shares {
        let who = name(guest);
        if let Known::Silent(reason) = guest.known {
            reasons.push(format!("{who}'s calendar {}, so {who} is not offered", reason.in_words_at(request.zone)));
        } else if share.unknown {
            let waiting = alone(Rule::Unknown, Some(&guest.person.id.to_string()));
            let cost = if waiting > 0 { format!(": {} depend on it", times_in_words(waiting)) } else { String::new() };
            reasons.push(format!("Nobody knows when {who} is free{cost}"));
        } else if share.hours.is_empty() {
            let what = if share.typed { "has no typed hours" } else { "does not work" };
            reasons.push(format!("{who} {what} on these days"));
        }
    }
    let everybody_works = hours.iter().all(|hours| !hours.is_empty());
    if possible.is_empty() && everybody_works {
        let people: Vec<String> = shares.iter().map(|(guest, _)| name(guest)).collect();
        reasons.push(format!("The working hours of {} never overlap", listed(&people)));
    }
    let mut busy: Vec<(i64, String)> = shares
        .iter()
        .filter(|(_, share)| !share.unknown)
        .map(|(guest, share)| (minutes(&intersect(&share.taken, &possible)), name(guest)))
        .filter(|(taken, _)| *taken >= 30)
        .collect();
    busy.sort_by_key(|(taken, _)| std::cmp::Reverse(*taken));
    let hours_of = |minutes: i64| (minutes + 30) / 60;
    for (taken, who) in busy.into_iter().take(3) {
        let (taken, of) = (hours_of(taken).max(1), hours_of(minutes(&possible)).max(1));
        reasons.push(format!("{who} is busy in {taken} of {of} possible hours"));
    }
    let buffered = alone(Rule::Buffer, None);
    if buffered > 0 {
        let before = (request.buffer_before > 0).then(|| format!("{} before", when::length(request.buffer_before)));
        let after = (request.buffer_after > 0).then(|| format!("{} after", when::length(request.buffer_after)));
        let kept: Vec<String> = before.into_iter().chain(after).collect();
        reasons.push(format!("Your {} each interview: {} fewer", listed(&kept), times_in_words(buffered)));
    }
    for (guest, _) in &shares {
        let limited = alone(Rule::Limit, Some(&guest.person.id.to_string()));
        if limited > 0 {
            reasons.push(format!(
                "{} has as many interviews as agreed: {} fewer",
                name(guest),
                times_in_words(limited)
            ));
        }
    }
    let noticed = blockers.iter().filter(|blocker| blocker.rule == Rule::Notice).map(|blocker| blocker.alone).max();
    if let Some(noticed) = noticed.filter(|noticed| *noticed > 0) {
        let notice = when::length(request.min_notice);
        reasons.push(format!("Your minimum notice of {notice}: {} fewer", times_in_words(noticed)));
    }
    // Of those without a calendar neither hours nor dates are asked.
    for (guest, _) in shares.iter().filter(|(guest, _)| matches!(guest.known, Known::Calendar(_))) {
        let off = guest.person.overrides.iter().filter(|day| day.windows.is_empty());
        let off = off.filter(|day| {
            super::week::day(day.date, guest.person.zone_for(request.zone)).is_some_and(|day| day.overlaps(&ahead))
        });
        for day in off.take(2) {
            reasons.push(format!("{} is a day off for {}", day.date.format("%-d %B"), name(guest)));
        }
        let other = guest.person.overrides.iter().filter(|day| !day.windows.is_empty());
        let other = other.filter(|day| {
            super::week::day(day.date, guest.person.zone_for(request.zone)).is_some_and(|day| day.overlaps(&ahead))
        });
        for day in other.take(2) {
            let hours: Vec<String> =
                day.windows.iter().map(|window| format!("{}-{}", window.start(), window.end())).collect();
            reasons.push(format!(
                "{} has other hours on {}: {}",
                name(guest),
                day.date.format("%-d %B"),
                listed(&hours)
            ));
        }
    }
    if total == 0 && !possible.is_empty() && !shares.iter().any(|(_, share)| share.unknown) {
        reasons.push(format!("No {} are left that everyone shares", when::length(request.duration)));
    }
    reasons.truncate(MOST_REASONS);
    reasons
}

fn times_in_words(count: usize) -> String {
    times(u32::try_from(count).unwrap_or(u32::MAX))
}
