//! Finds secrets in bytes, in every form somebody may have written them down in.

use std::collections::HashMap;

use base64::{
    Engine, alphabet,
    engine::{GeneralPurpose, general_purpose::NO_PAD},
};

/// Shorter ones would be met by chance.
const SHORTEST: usize = 8;

/// What is looked for: a name to tell it by, and its bytes.
pub type Secret = (String, Vec<u8>);

/// A place where a secret stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    pub secret: String,
    pub form: &'static str,
    /// What stands around it, for whoever has to find out how it came there.
    pub around: String,
}

/// Looks for many secrets at once.
pub struct Scanner {
    secrets: Vec<Secret>,
    patterns: Vec<(usize, &'static str, Vec<u8>)>,
    /// Patterns by their first four bytes, and whether any begins with these two.
    by_start: HashMap<[u8; 4], Vec<usize>>,
    starts: Vec<bool>,
}

impl Scanner {
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Self {
        let secrets: Vec<Secret> = secrets.into_iter().collect();
        let mut patterns: Vec<(usize, &'static str, Vec<u8>)> = Vec::new();
        for (index, (name, bytes)) in secrets.iter().enumerate() {
            assert!(bytes.len() >= SHORTEST, "{name} is too short to be told from chance");
            for (form, pattern) in forms(bytes) {
                let known = patterns.iter().any(|(other, _, one)| *other == index && *one == pattern);
                if pattern.len() >= SHORTEST && !known {
                    patterns.push((index, form, pattern));
                }
            }
        }
        let mut by_start: HashMap<[u8; 4], Vec<usize>> = HashMap::new();
        let mut starts = vec![false; 1 << 16];
        for (index, (.., pattern)) in patterns.iter().enumerate() {
            let start = [pattern[0], pattern[1], pattern[2], pattern[3]];
            by_start.entry(start).or_default().push(index);
            starts[usize::from(u16::from_le_bytes([start[0], start[1]]))] = true;
        }
        Self { secrets, patterns, by_start, starts }
    }

    /// Every secret in there, once per form.
    pub fn find(&self, text: &[u8]) -> Vec<Hit> {
        let mut hits: Vec<Hit> = Vec::new();
        for (at, start) in text.windows(4).enumerate() {
            if !self.starts[usize::from(u16::from_le_bytes([start[0], start[1]]))] {
                continue;
            }
            let Some(candidates) = self.by_start.get(start) else { continue };
            for (secret, form, pattern) in candidates.iter().map(|index| &self.patterns[*index]) {
                let secret = &self.secrets[*secret].0;
                let is_new = !hits.iter().any(|hit| hit.secret == *secret && hit.form == *form);
                if is_new && text[at..].starts_with(pattern) {
                    let around = &text[at.saturating_sub(60)..(at + pattern.len() + 20).min(text.len())];
                    let around = String::from_utf8_lossy(around).into_owned();
                    hits.push(Hit { secret: secret.clone(), form, around });
                }
            }
        }
        hits
    }
}

/// The ways in which bytes are written down.
fn forms(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut forms = vec![("as it is", bytes.to_vec())];
    forms.push(("hex", each(bytes, |byte| format!("{byte:02x}"))));
    forms.push(("HEX", each(bytes, |byte| format!("{byte:02X}"))));
    for (form, letters) in [("base64", alphabet::STANDARD), ("base64url", alphabet::URL_SAFE)] {
        forms.extend((0..3).map(|before| (form, in_base64(bytes, &letters, before))));
    }
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let escaped = |byte: u8| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    forms.push(("URL-encoded", each(bytes, escaped)));
    let small = |byte: u8| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02x}") };
    forms.push(("URL-encoded", each(bytes, small)));
    forms.push(("URL-encoded", each(bytes, |byte| format!("%{byte:02X}"))));
    // As `Debug` shows bytes.
    forms.push(("numbers", bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(", ").into_bytes()));
    if let Ok(text) = std::str::from_utf8(bytes) {
        let json = serde_json::Value::from(text).to_string();
        let json = &json[1..json.len() - 1];
        forms.push(("JSON-escaped", json.as_bytes().to_vec()));
        forms.push(("JSON-escaped", json.replace('/', "\\/").into_bytes()));
        forms.push((
            "JSON-escaped",
            text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect::<String>().into(),
        ));
        let html = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
        forms.push(("HTML-escaped", html.into_bytes()));
        forms.push(("UTF-16LE", text.encode_utf16().flat_map(u16::to_le_bytes).collect()));
        forms.push(("UTF-16BE", text.encode_utf16().flat_map(u16::to_be_bytes).collect()));
    }
    forms
}

fn each(bytes: &[u8], write: impl Fn(u8) -> String) -> Vec<u8> {
    bytes.iter().flat_map(|byte| write(*byte).into_bytes()).collect()
}

/// What is the same of its base64 whatever stands around it, with so many bytes before it in a group of three. Padding is never
/// part of that.
fn in_base64(bytes: &[u8], letters: &alphabet::Alphabet, before: usize) -> Vec<u8> {
    let engine = GeneralPurpose::new(letters, NO_PAD);
    let encoded = engine.encode([&vec![0; before][..], bytes].concat()).into_bytes();
    // A letter carries six bits: those of others' bytes at both ends are not ours.
    let (from, to) = ((before * 8).div_ceil(6), (before + bytes.len()) * 8 / 6);
    encoded[from..to].to_vec()
}

/// The bytes that runs of hexadecimal digits stand for, as dumps write blobs.
pub fn unhexed(dump: &str) -> Vec<u8> {
    let runs = dump.split(|c: char| !c.is_ascii_hexdigit()).filter(|run| run.len() >= 2 * SHORTEST);
    let mut bytes = Vec::new();
    for run in runs {
        let pairs = run.as_bytes().chunks_exact(2);
        bytes.extend(pairs.filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()));
        bytes.push(b'\n');
    }
    bytes
}

mod tests {
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD};

    use super::*;

    const SECRET: &str = "zaq+7/Kolibri=\"Pass\"&w\u{f6}rd?>";

    fn scanner() -> Scanner {
        Scanner::new([("the secret".to_owned(), SECRET.into()), ("another".to_owned(), b"nobody-wrote-this".to_vec())])
    }

    #[test]
    fn a_secret_is_found_in_every_form() {
        let hex: String = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect();
        let percent: String = SECRET.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let form = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect::<String>();
        let units = SECRET.encode_utf16();
        let mut planted: Vec<(&str, Vec<u8>)> = vec![
            ("as it is", SECRET.into()),
            ("hex", hex.clone().into()),
            ("HEX", hex.to_uppercase().into()),
            ("URL-encoded", percent.into()),
            ("URL-encoded", form.into()),
            ("URL-encoded", "zaq%2b7%2fKolibri%3d%22Pass%22%26w%c3%b6rd%3f%3e".into()),
            ("numbers", format!("{:?}", SECRET.as_bytes()).into()),
            ("JSON-escaped", serde_json::to_vec(SECRET).expect("JSON")),
            ("JSON-escaped", "zaq+7\\/Kolibri=\\\"Pass\\\"&w\u{f6}rd?>".into()),
            ("HTML-escaped", "zaq+7/Kolibri=&quot;Pass&quot;&amp;w\u{f6}rd?&gt;".into()),
            ("UTF-16LE", units.clone().flat_map(u16::to_le_bytes).collect()),
            ("UTF-16BE", units.flat_map(u16::to_be_bytes).collect()),
        ];
        // At every alignment, whatever follows, with and without padding.
        for before in ["", "a", "ab", "abc"] {
            for after in ["", "z", "zy"] {
                let text = format!("{before}{SECRET}{after}");
                planted.push(("base64", BASE64_STANDARD.encode(&text).into()));
                planted.push(("base64url", BASE64_URL_SAFE.encode(&text).into()));
                planted.push(("base64url", BASE64_URL_SAFE_NO_PAD.encode(&text).into()));
            }
        }
        for (form, text) in planted {
            for around in ["", "0123 <", "Bearer \u{1F600}"] {
                let text = [around.as_bytes(), &text, around.as_bytes()].concat();
                let hits = scanner().find(&text);
                let same = |hit: &Hit| hit.form == form || (hit.form == "base64" && form == "base64url");
                assert!(hits.iter().any(same), "{form}: {:?} gives {hits:?}", String::from_utf8_lossy(&text));
                assert!(hits.iter().all(|hit| hit.secret == "the secret"), "{hits:?}");
            }
        }
    }

    #[test]
    fn what_is_only_like_a_secret_is_none() {
        let near = [&SECRET[1..], &SECRET[..SECRET.len() - 1], "ZAQ+7/KOLIBRI", "nobody-wrote-thi", ""];
        for text in near {
            assert_eq!(scanner().find(text.as_bytes()), [], "{text}");
        }
        let noise: Vec<u8> = (0..200_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        assert_eq!(scanner().find(&noise), []);
    }

    #[test]
    fn blobs_in_a_dump_are_read() {
        let hex: String =
            BASE64_STANDARD.encode(format!("x{SECRET}")).bytes().map(|byte| format!("{byte:02x}")).collect();
        let dump = format!("INSERT INTO t VALUES (1, '\\x{hex}', X'00');");
        assert_eq!(scanner().find(dump.as_bytes()), []);
        assert_eq!(scanner().find(&unhexed(&dump)).len(), 1);
    }
}
