//! Ids that follow from an event's identity, so a second try names the same event (R60).
//!
//! Both providers' keys come from one SHA-256 over UID and generation; a third digest tells whether
//! the words of an event are still the ones we wrote.

use chrono::{DateTime, SecondsFormat, Utc};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::EventDraft;
use crate::scheduling::interval::Interval;

/// The alphabet of RFC 4648 section 7 in lower case: what Google allows in event ids.
const BASE32HEX: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";

fn identity(draft: &EventDraft) -> [u8; 32] {
    Sha256::digest(format!("{}|{}", draft.uid, draft.generation)).into()
}

/// Google's event id: 52 characters of `0-9a-v`, unique per calendar.
pub fn google_event_id(draft: &EventDraft) -> String {
    base32hex(&identity(draft))
}

/// The id of Google's request for a video meeting: one per event, since a used one is ignored.
pub fn conference_request_id(draft: &EventDraft) -> String {
    transaction_id(draft).to_string()
}

/// The name of an event's resource on a CalDAV server: a UUID in capitals, as Apple's own programs name theirs.
pub fn caldav_name(draft: &EventDraft) -> String {
    format!("{}.ics", transaction_id(draft).to_string().to_ascii_uppercase())
}

/// The last part of a new CalDAV calendar's path, the same for the same name, so that a second try meets the first.
pub fn calendar_name(name: &str) -> String {
    format!("convene-{}", base32hex(&Sha256::digest(name)[..10]))
}

/// Graph's `transactionId`: a UUID of version 8 (RFC 9562 section 5.8).
pub fn transaction_id(draft: &EventDraft) -> Uuid {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&identity(draft)[..16]);
    bytes[6] = (bytes[6] & 0x0f) | 0x80;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    Uuid::from_bytes(bytes)
}

/// Stands for summary, description and place together. Providers re-wrap text and put their own join
/// blocks into it, so what was written cannot be compared with what comes back; its digest can.
pub fn words_digest(draft: &EventDraft) -> String {
    let mut hash = Sha256::new();
    for part in [&draft.summary, &draft.description, draft.location.as_deref().unwrap_or_default()] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    base32hex(&hash.finalize()[..20])
}

/// A time as an event keeps it of our last write, so that one a person gave it is told from one whose receipt was lost. An
/// interval of ISO 8601.
pub fn time_text(span: Interval) -> String {
    let text = |instant: DateTime<Utc>| instant.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    format!("{}/{}", text(span.start()), text(span.end()))
}

/// The same read again.
pub fn time_of(text: &str) -> Option<Interval> {
    let (start, end) = text.split_once('/')?;
    Interval::new(start.parse().ok()?, end.parse().ok()?)
}

/// Tells one version of something from another.
pub fn short_digest(text: &str) -> String {
    base32hex(&Sha256::digest(text)[..5])
}

fn base32hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    let (mut buffer, mut bits) = (0_u32, 0);
    for byte in bytes {
        buffer = (buffer << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(BASE32HEX[(buffer >> bits) as usize & 31] as char);
        }
        buffer &= (1 << bits) - 1;
    }
    if bits > 0 {
        text.push(BASE32HEX[(buffer << (5 - bits)) as usize & 31] as char);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendars::memory::draft_for_tests;

    #[test]
    fn base32hex_follows_rfc_4648() {
        for (plain, coded) in [
            ("", ""),
            ("f", "co"),
            ("fo", "cpng"),
            ("foo", "cpnmu"),
            ("foob", "cpnmuog"),
            ("fooba", "cpnmuoj1"),
            ("foobar", "cpnmuoj1e8"),
        ] {
            assert_eq!(base32hex(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn the_same_identity_gives_the_same_keys_and_another_generation_others() {
        let draft = draft_for_tests("evt_1");
        let mut moved = draft.clone();
        moved.summary = "Another title".into();
        moved.sequence += 1;
        assert_eq!(google_event_id(&draft), google_event_id(&moved));
        assert_eq!(transaction_id(&draft), transaction_id(&moved));
        let again = EventDraft { generation: draft.generation + 1, ..draft.clone() };
        assert_ne!(google_event_id(&draft), google_event_id(&again));
        assert_ne!(transaction_id(&draft), transaction_id(&again));
        let id = google_event_id(&draft);
        assert!(id.len() == 52 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'v')), "{id}");
        assert_eq!(transaction_id(&draft).get_version_num(), 8);
    }

    #[test]
    fn words_moved_from_one_field_to_the_next_are_other_words() {
        let one = EventDraft { summary: "ab".into(), description: "c".into(), ..draft_for_tests("evt_1") };
        let other = EventDraft { summary: "a".into(), description: "bc".into(), ..one.clone() };
        assert_ne!(words_digest(&one), words_digest(&other));
    }
}
