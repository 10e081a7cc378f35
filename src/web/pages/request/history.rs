//! The request's records as a timeline, newest first, and above them what is still to come.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::{Sheet, difference_words::Words};
use crate::{
    booking::{difference, remind, timeline::What},
    ids::PersonId,
    notifications::when,
    web::{
        components::{EntryTone, Glyph, TimelineEntry},
        wording::{ago, ahead, full},
    },
};

pub fn entries(sheet: &Sheet, zone: Tz) -> Vec<TimelineEntry> {
    let candidate = &sheet.line.request.candidate_name;
    let entry = |entry: &crate::booking::timeline::Entry| {
        let (glyph, what, more, tone) = match &entry.what {
            What::Created { by } => {
                (Glyph::Plus, format!("Created by {}", sheet.name_of(*by)), String::new(), EntryTone::Plain)
            }
            What::LinkOpened => (Glyph::Eye, "Link opened".to_owned(), String::new(), EntryTone::Plain),
            What::Booked { start } => {
                (Glyph::Check, format!("{candidate} booked"), when::instant(*start, zone), EntryTone::Good)
            }
            What::Held { start } => {
                (Glyph::Hourglass, format!("{candidate} chose a time"), when::instant(*start, zone), EntryTone::Warning)
            }
            What::Confirmed => (Glyph::Check, "Time confirmed".to_owned(), String::new(), EntryTone::Good),
            What::Released => {
                let more = "A calendar did not confirm it; the candidate was asked to choose again.".to_owned();
                (Glyph::RotateCcw, "Time released".to_owned(), more, EntryTone::Warning)
            }
            What::Moved { by, via, to } => {
                let who = by.map_or_else(|| candidate.clone(), |by| sheet.name_of(by));
                let what = match via {
                    Some(via) => format!("Moved in {} by {who}", difference::label(*via)),
                    None => format!("Moved by {who}"),
                };
                (Glyph::CalendarClock, what, when::instant(*to, zone), EntryTone::Plain)
            }
            What::Differs(found) => {
                let words = Words::of(found, candidate, |id| sheet.name_of(id));
                let shown = words.shown(zone);
                (Glyph::TriangleAlert, words.title, shown, EntryTone::Warning)
            }
            What::Settled(found) => {
                let words = Words::of(found, candidate, |id| sheet.name_of(id));
                (Glyph::Check, words.settled, String::new(), EntryTone::Plain)
            }
            What::Swapped { by, left, came, reason } => {
                let name = |id: &Option<PersonId>| id.map_or_else(|| "Somebody".to_owned(), |id| sheet.name_of(id));
                let what = format!("{} replaced {}", name(came), name(left));
                let more = format!("By {}: {reason}", name(by));
                (Glyph::RotateCcw, what, more, EntryTone::Plain)
            }
            What::Cancelled { by, reason } => {
                let who = by.map_or_else(|| candidate.clone(), |by| sheet.name_of(by));
                (Glyph::CalendarX, format!("Cancelled by {who}"), reason.clone(), EntryTone::Warning)
            }
            What::InCalendar => (Glyph::CalendarCheck, "In calendar".to_owned(), String::new(), EntryTone::Good),
            What::RemovedFromCalendar => {
                (Glyph::CalendarX, "Removed from calendar".to_owned(), String::new(), EntryTone::Plain)
            }
            What::CalendarFailed { reason } => (
                Glyph::TriangleAlert,
                "Not in the calendar yet".to_owned(),
                reason.sentence().to_owned(),
                EntryTone::Warning,
            ),
            What::Mailed { kind, to } if mail(kind) == REMINDER => {
                (Glyph::Bell, format!("Reminded {to}"), String::new(), EntryTone::Plain)
            }
            What::Mailed { kind, to } => {
                (Glyph::Mail, format!("{} sent to {to}", mail(kind)), String::new(), EntryTone::Plain)
            }
            What::MailFailed { kind, to, reason } => {
                let what = format!("{} to {to} was not sent", mail(kind));
                (Glyph::TriangleAlert, what, reason.sentence().to_owned(), EntryTone::Danger)
            }
        };
        TimelineEntry {
            glyph,
            what,
            more,
            when: ago(entry.at, sheet.now),
            at: entry.at.to_rfc3339(),
            full: full(entry.at, zone),
            tone,
        }
    };
    let coming = reminders(sheet, zone).into_iter().rev();
    coming.chain(sheet.history.iter().rev().map(entry)).collect()
}

/// The reminders to come, earliest first.
fn reminders(sheet: &Sheet, zone: Tz) -> Vec<TimelineEntry> {
    let Some(booking) = sheet.booking() else { return Vec::new() };
    // The candidate, and whoever sits.
    let count = sheet.line.people.len() + 1;
    let entry = |at: DateTime<Utc>| TimelineEntry {
        glyph: Glyph::Bell,
        what: format!("Reminder to {count} people"),
        more: when::instant(at, zone),
        when: ahead(at, sheet.now),
        at: at.to_rfc3339(),
        full: full(at, zone),
        tone: EntryTone::Next,
    };
    remind::planned(&sheet.line.request, booking, sheet.now).into_iter().map(entry).collect()
}

const REMINDER: &str = "Reminder";

fn mail(kind: &str) -> &'static str {
    match kind {
        "booking_link" => "Link",
        "booking_confirmed" => "Confirmation",
        "booking_moved" => "News of the move",
        "booking_cancelled" => "News of the cancellation",
        "booking_held" => "Note that the time is kept",
        "held_released" => "Request to choose again",
        "invitation" => "Invitation",
        "invitation_updated" => "Updated invitation",
        "invitation_cancelled" => "Cancellation",
        "connect_calendar" | "connect_calendar_again" => "Invitation to connect a calendar",
        "invitation_replaced" => "New invitation",
        "calendar_moved" | "calendar_gone" | "calendar_collided" | "interviewer_declined" | "candidate_declined" => {
            "Question"
        }
        "invitation_withdrawn" => "Word that they are not needed",
        "reminder" | "reminder_interviewer" => REMINDER,
        _ => "Notice",
    }
}
