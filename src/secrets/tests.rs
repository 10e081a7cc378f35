use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::ids::LinkId;

const GOOD: &str = "8f2a6c1e94b7d3505b1c7e0f3a9d62481706cfe2b85d93a4417e0cb6952fd83a";
const OTHER: &str = "b1946ac92492d2347c6235b4d2611184c0ffee5a9178ad03e64b21f7953d8c0e";

fn place(row: &str) -> Place {
    Place::new(None, "connections", row, "refresh_token")
}

#[test]
fn settings_that_start_nothing() {
    let counting: String = (0..32).map(|byte| format!("{byte:02x}")).collect();
    let cases = [
        ("", KeyError::Missing),
        ("  ", KeyError::Missing),
        ("abc", KeyError::NotHex(1)),
        (&GOOD[..62], KeyError::NotHex(1)),
        (&"zz".repeat(32), KeyError::NotHex(1)),
        (&"00".repeat(32), KeyError::Weak(1)),
        (&"ff".repeat(32), KeyError::Weak(1)),
        (&"deadbeef".repeat(8), KeyError::Weak(1)),
        (&"0123456789abcdef".repeat(4), KeyError::Weak(1)),
        (&counting, KeyError::Weak(1)),
        (SAMPLES[0], KeyError::Weak(1)),
        (&SAMPLES[0].to_uppercase(), KeyError::Weak(1)),
        (&format!("{GOOD},"), KeyError::NotHex(2)),
        (&format!("{GOOD},{}", "11".repeat(32)), KeyError::Weak(2)),
        (&format!("{GOOD}, {GOOD}"), KeyError::Twice(2)),
    ];
    for (setting, wanted) in cases {
        assert_eq!(KeyRing::parse(setting).err(), Some(wanted), "{setting}");
    }
    assert!(KeyRing::parse(&format!(" {GOOD} , {OTHER} ")).is_ok());
}

#[test]
fn the_first_key_seals_and_all_open() {
    let old = KeyRing::parse(OTHER).unwrap();
    let sealed = old.seal(&place("a"), "refresh");
    let rotated = KeyRing::parse(&format!("{GOOD},{OTHER}")).unwrap();
    assert_eq!(rotated.open(&place("a"), &sealed).ok().unwrap().expose(), "refresh");
    let anew = rotated.seal(&place("a"), "refresh");
    assert!(anew.starts_with(&format!("v1.{}.", rotated.current_id())));
    assert_eq!(old.open(&place("a"), &anew).err(), Some(OpenError::UnknownKey(rotated.current_id().to_owned())));
}

#[test]
fn a_value_moved_elsewhere_does_not_open() {
    let (ring, org) = (KeyRing::random(), OrgId::new());
    let home = Place::new(Some(org), "connections", "a", "refresh_token");
    let sealed = ring.seal(&home, "refresh");
    let elsewhere = [
        Place::new(Some(OrgId::new()), "connections", "a", "refresh_token"),
        Place::new(None, "connections", "a", "refresh_token"),
        Place::new(Some(org), "oauth_attempts", "a", "refresh_token"),
        Place::new(Some(org), "connections", "b", "refresh_token"),
        Place::new(Some(org), "connections", "a", "access_token"),
    ];
    for other in &elsewhere {
        assert_eq!(ring.open(other, &sealed).err(), Some(OpenError::Refused), "{other:?}");
    }
    assert_eq!(ring.open(&home, &sealed).ok().unwrap().expose(), "refresh");
}

#[test]
fn texts_that_are_no_envelope() {
    let ring = KeyRing::random();
    let id = ring.current_id().to_owned();
    let malformed = [
        String::new(),
        "v1".into(),
        format!("v2.{id}.AAAA"),
        format!("v1.{id}.!"),
        format!("v1.{id}.AAAA"),
        format!("v1.{id}.AAAA.B"),
    ];
    for text in malformed {
        assert_eq!(ring.open(&place("a"), &text).err(), Some(OpenError::Malformed), "{text}");
    }
}

#[test]
fn nonces_and_so_envelopes_differ() {
    let ring = KeyRing::random();
    let sealed: HashSet<_> = (0..2_000).map(|_| ring.seal(&place("a"), "same")).collect();
    assert_eq!(sealed.len(), 2_000);
}

#[test]
fn a_link_token_comes_back_and_depends_on_everything() {
    let ring = KeyRing::parse(&format!("{GOOD},{OTHER}")).unwrap();
    let link = LinkId::new().uuid();
    let made = ring.new_link_token("book", link);
    let token =
        |ring: &KeyRing, key: &str, purpose, link, salt: &[u8]| ring.link_token(key, purpose, link, salt).unwrap();
    assert_eq!(token(&ring, &made.key_id, "book", link, &made.salt), made.token);
    let turned = KeyRing::parse(&format!("{OTHER},{GOOD}")).unwrap();
    assert_eq!(token(&turned, &made.key_id, "book", link, &made.salt), made.token);
    let others = [
        token(&ring, &made.key_id, "move", link, &made.salt),
        token(&ring, &made.key_id, "book", LinkId::new().uuid(), &made.salt),
        token(&ring, &made.key_id, "book", link, b"other salt"),
        token(&ring, turned.current_id(), "book", link, &made.salt),
    ];
    assert!(others.iter().all(|other| *other != made.token));
    assert!(KeyRing::random().link_token(&made.key_id, "book", link, &made.salt).is_err());
}

/// RFC 5869 appendix A.1 gives PRK and, for its info, 42 bytes of output; the first block has length 32.
#[test]
fn derivation_is_the_first_block_of_hkdf_expand() {
    let hex = |text: &str| -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    };
    let key: [u8; 32] = hex(SAMPLES[2]).try_into().unwrap();
    let mut mac = keyed(&key);
    mac.update(&hex("f0f1f2f3f4f5f6f7f8f9"));
    mac.update(&[1]);
    let block = mac.finalize().into_bytes().to_vec();
    assert_eq!(block, hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"));
    assert_ne!(*derive(&key, "a"), *derive(&key, "b"));
}

proptest! {
    #[test]
    fn what_was_sealed_opens(text in any::<String>(), row in "[a-z0-9]{1,20}") {
        let ring = KeyRing::random();
        let opened = ring.open(&place(&row), &ring.seal(&place(&row), &text));
        let opened = opened.ok().unwrap();
        prop_assert_eq!(opened.expose(), text);
    }

    #[test]
    fn one_flipped_bit_is_refused(text in "\\PC{0,64}", at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let ring = KeyRing::random();
        let sealed = ring.seal(&place("a"), &text);
        let (head, body) = sealed.rsplit_once('.').unwrap();
        let mut body = URL_SAFE_NO_PAD.decode(body).unwrap();
        let at = at.index(body.len());
        body[at] ^= 1 << bit;
        let altered = format!("{head}.{}", URL_SAFE_NO_PAD.encode(body));
        prop_assert_eq!(ring.open(&place("a"), &altered).err(), Some(OpenError::Refused));
    }

    #[test]
    fn a_shortened_envelope_is_refused(text in "\\PC{0,64}", cut in any::<prop::sample::Index>()) {
        let ring = KeyRing::random();
        let sealed = ring.seal(&place("a"), &text);
        let cut = cut.index(sealed.len());
        prop_assert!(ring.open(&place("a"), &sealed[..cut]).is_err());
    }

    #[test]
    fn another_row_never_opens_it(from in "[a-z0-9]{1,20}", to in "[a-z0-9]{1,20}") {
        prop_assume!(from != to);
        let ring = KeyRing::random();
        let sealed = ring.seal(&place(&from), "refresh");
        prop_assert_eq!(ring.open(&place(&to), &sealed).err(), Some(OpenError::Refused));
    }
}
