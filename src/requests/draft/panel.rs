//! Who takes part, as a request form says it.

use super::FieldError;
use crate::ids::Email;

/// Most people on one panel, required and optional together.
const LARGEST_PANEL: usize = 20;

/// Addresses separated by commas, semicolons, blanks or lines.
pub fn addresses(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ';', ' ', '\n', '\r', '\t']).map(str::trim).filter(|part| !part.is_empty())
}

/// Who must take part and who may, in the order of the form.
pub(super) fn panel(required: &str, optional: &str) -> Result<(Vec<Email>, Vec<Email>), FieldError> {
    let mut seen = Vec::new();
    let needed = list("interviewers", required, &mut seen)?;
    if needed.is_empty() {
        return Err(FieldError::new("interviewers", "interviewer_required", "Add at least one interviewer."));
    }
    let extra = list("optional", optional, &mut seen)?;
    Ok((needed, extra))
}

/// The addresses of one field. `seen` are those of the panel so far.
fn list(field: &str, text: &str, seen: &mut Vec<Email>) -> Result<Vec<Email>, FieldError> {
    let from = seen.len();
    for part in addresses(text) {
        let person: Email = part
            .parse()
            .map_err(|_| FieldError::new(field, "email_invalid", format!("Check the address \"{part}\".")))?;
        match seen.iter().position(|other| *other == person) {
            Some(at) if at < from => {
                return Err(FieldError::new(field, "interviewer_twice", format!("{person} is already required.")));
            }
            Some(_) => return Err(FieldError::new(field, "interviewer_twice", format!("{person} is there twice."))),
            None => {}
        }
        if seen.len() == LARGEST_PANEL {
            let sentence = format!("A panel has at most {LARGEST_PANEL} people; {person} is one too many.");
            return Err(FieldError::new(field, "too_many_interviewers", sentence));
        }
        seen.push(person);
    }
    Ok(seen[from..].to_vec())
}

/// How many of the interviewers are needed; `None` is all of them.
pub(super) fn any_of(text: &str, of: usize) -> Result<Option<u32>, FieldError> {
    let needed = match text.trim() {
        "" | "0" => return Ok(None),
        number => number.parse::<u32>().ok(),
    };
    match needed {
        Some(needed) if needed as usize == of => Ok(None),
        Some(needed) if needed >= 1 && (needed as usize) < of => Ok(Some(needed)),
        _ => Err(FieldError::new("any_of", "seats_invalid", "Choose how many of the interviewers are needed.")),
    }
}
