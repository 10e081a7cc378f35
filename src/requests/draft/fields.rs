//! Texts and numbers of a request form.

use chrono_tz::Tz;
use unicode_segmentation::UnicodeSegmentation;

use super::FieldError;
use crate::{
    ids::{ApplicationId, Email, NotA, PersonName},
    scheduling::zones,
};

/// Longest notes, in graphemes.
const LONGEST_NOTES: usize = 4_000;

/// A person's name, with the sentence for each way it can be wrong.
pub fn name(field: &str, text: &str) -> Result<PersonName, FieldError> {
    text.parse().map_err(|error| match error {
        NotA::NameTooLong => FieldError::new(field, "name_too_long", "Use at most 80 characters."),
        NotA::NameControl => {
            FieldError::new(field, "name_control_chars", "The name contains characters that cannot be used.")
        }
        _ => FieldError::new(field, "name_required", "Enter a name."),
    })
}

/// One address.
pub fn email(field: &str, text: &str) -> Result<Email, FieldError> {
    text.parse().map_err(|error| match error {
        NotA::EmailTooLong => FieldError::new(field, "email_too_long", "Use an address of at most 254 characters."),
        _ => FieldError::new(field, "email_invalid", "Check the e-mail address."),
    })
}

pub(super) fn line(field: &str, text: &str, most: usize) -> Result<String, FieldError> {
    let text = text.trim();
    if text.chars().any(|c| c.is_control() || crate::ids::is_direction_changing(c)) {
        return Err(FieldError::new(field, "name_control_chars", "This contains characters that cannot be used."));
    }
    if text.graphemes(true).count() > most {
        return Err(FieldError::new(field, "name_too_long", format!("Use at most {most} characters.")));
    }
    Ok(text.to_owned())
}

/// A place or a https link.
pub(super) fn location(text: &str) -> Result<String, FieldError> {
    let text = line("location", text, 300)?;
    let scheme = text.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    let looks_like_link = text.contains("://")
        || scheme
            .as_deref()
            .is_some_and(|s| matches!(s, "javascript" | "data" | "file" | "vbscript" | "http" | "https" | "ftp"));
    if looks_like_link {
        let link = url::Url::parse(&text)
            .ok()
            .filter(|url| url.scheme() == "https" && url.username().is_empty() && url.password().is_none());
        if link.is_none() {
            return Err(FieldError::new("location", "link_invalid", "Use a https link."));
        }
    }
    Ok(text)
}

pub(super) fn notes(text: &str) -> Result<String, FieldError> {
    if text.contains('\0') {
        return Err(FieldError::new(
            "notes",
            "invalid_character",
            "The notes contain a character that cannot be stored.",
        ));
    }
    if text.len() > 4 * LONGEST_NOTES || text.graphemes(true).count() > LONGEST_NOTES {
        return Err(FieldError::new("notes", "notes_too_long", "Use at most 4,000 characters."));
    }
    Ok(text.replace("\r\n", "\n").trim().to_owned())
}

/// The application in the applicant-tracking system.
pub(super) fn application(text: &str) -> Result<ApplicationId, FieldError> {
    let field = "application_id";
    if text.trim().is_empty() {
        return Err(FieldError::new(field, "application_required", "Enter the application's ID."));
    }
    let sentence = format!("Use letters, digits and dashes, at most {} of them.", ApplicationId::MAX);
    text.parse().map_err(|_| FieldError::new(field, "application_invalid", sentence))
}

/// "45", "45 min", "45 minutes" and "1 h" are durations; 15 to 480 minutes in steps of 5.
pub(super) fn duration(text: &str) -> Result<u32, FieldError> {
    let wrong = || FieldError::new("duration", "duration_invalid", "Choose 15 to 480 minutes in steps of 5.");
    let minutes = amount(text).ok_or_else(wrong)?;
    if (15..=480).contains(&minutes) && minutes % 5 == 0 { Ok(minutes) } else { Err(wrong()) }
}

pub(super) fn minutes(field: &str, text: &str, default: u32, most: u32) -> Result<u32, FieldError> {
    if text.trim().is_empty() {
        return Ok(default);
    }
    amount(text).filter(|minutes| *minutes <= most).ok_or_else(|| {
        let sentence = match most / (24 * 60) {
            0 => format!("Give a whole number of minutes, at most {most}."),
            1 => "Give minutes, hours or a day: at most 24 hours.".to_owned(),
            days => format!("Give minutes, hours or days: at most {days} days."),
        };
        FieldError::new(field, "duration_invalid", sentence)
    })
}

/// Whole minutes from "45", "45 min", "2 h", "1 day".
fn amount(text: &str) -> Option<u32> {
    let text = text.trim().to_lowercase();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: u32 = text[..digits].parse().ok()?;
    let unit = match text[digits..].trim() {
        "" | "m" | "min" | "mins" | "minute" | "minutes" => 1,
        "h" | "hour" | "hours" => 60,
        "d" | "day" | "days" => 24 * 60,
        _ => return None,
    };
    number.checked_mul(unit)
}

/// A zone by its IANA name.
pub fn zone(field: &str, text: &str) -> Result<Tz, FieldError> {
    zones::parse(text).map_err(|_| FieldError::new(field, "zone_unknown", "Choose a time zone from the list."))
}
