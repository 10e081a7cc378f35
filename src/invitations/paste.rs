//! Addresses as people paste them: one a line, separated by commas or semicolons, bare or as a mail program writes them
//! ("Ben Okafor <ben@example.com>").

use crate::ids::{Email, PersonName};

/// Most people who are invited at once.
pub const MOST: usize = 50;

/// Somebody who was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub email: Email,
    pub name: Option<PersonName>,
}

/// What cannot be invited.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasteError {
    #[error("Paste at least one address.")]
    Nothing,
    /// The pieces that are no addresses, as they were typed.
    #[error("{}", not_addresses(.0))]
    NotAddresses(Vec<String>),
    #[error("Invite at most {MOST} people at once; these are {0}.")]
    TooMany(usize),
}

impl PasteError {
    /// Stable; programs and tests go by it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Nothing => "email_required",
            Self::NotAddresses(_) => "email_invalid",
            Self::TooMany(_) => "too_many_people",
        }
    }
}

fn not_addresses(pieces: &[String]) -> String {
    let quoted: Vec<String> = pieces.iter().map(|piece| format!("\"{piece}\"")).collect();
    match quoted.as_slice() {
        [one] => format!("{one} is not an address. Nobody was invited yet."),
        all => format!("These are not addresses: {}. Nobody was invited yet.", all.join(", ")),
    }
}

/// Reads what was pasted; an address that stands there twice counts once.
pub fn read(text: &str) -> Result<Vec<Named>, PasteError> {
    let mut found: Vec<Named> = Vec::new();
    let mut wrong = Vec::new();
    for piece in text.split(['\n', '\r', ',', ';']).map(str::trim).filter(|piece| !piece.is_empty()) {
        for named in pieces(piece) {
            match named {
                Ok(named) if found.iter().all(|other| other.email != named.email) => found.push(named),
                Ok(_) => {}
                Err(text) => wrong.push(text),
            }
        }
    }
    if !wrong.is_empty() {
        return Err(PasteError::NotAddresses(wrong));
    }
    match found.len() {
        0 => Err(PasteError::Nothing),
        1..=MOST => Ok(found),
        many => Err(PasteError::TooMany(many)),
    }
}

/// A name with its address, or bare addresses with blanks between them.
fn pieces(text: &str) -> Vec<Result<Named, String>> {
    let shown = || text.chars().take(60).collect::<String>();
    if let Some((name, rest)) = text.split_once('<') {
        let address = rest.strip_suffix('>').and_then(|address| address.trim().parse().ok());
        let name = name.trim().trim_matches('"').parse().ok();
        return vec![address.map(|email| Named { email, name }).ok_or_else(shown)];
    }
    text.split_whitespace()
        .map(|word| word.parse().map(|email| Named { email, name: None }).map_err(|_| word.chars().take(60).collect()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_from_mail_programs_and_sheets_are_read() {
        let text = "ben@example.com, \"Eva Lindqvist\" <eva@example.com>;\r\nTom Baker <tom@example.com>\n ben@example.com mia@example.org";
        let found = read(text).unwrap();
        let said: Vec<_> =
            found.iter().map(|one| format!("{} {:?}", one.email, one.name.as_ref().map(ToString::to_string))).collect();
        assert_eq!(
            said,
            [
                "ben@example.com None",
                "eva@example.com Some(\"Eva Lindqvist\")",
                "tom@example.com Some(\"Tom Baker\")",
                "mia@example.org None"
            ]
        );
    }

    #[test]
    fn every_piece_that_is_no_address_is_named() {
        let error = read("ben@example.com, eva@, <tom@example.com").unwrap_err();
        assert_eq!(error, PasteError::NotAddresses(vec!["eva@".into(), "<tom@example.com".into()]));
        assert_eq!(read(" \n ,").unwrap_err(), PasteError::Nothing);
        let many: String = (0..51).map(|n| format!("p{n}@example.com\n")).collect();
        assert_eq!(read(&many).unwrap_err(), PasteError::TooMany(51));
    }
}
