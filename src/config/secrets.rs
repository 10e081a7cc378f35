//! Values that must never reach a log, and the keys that stored tokens are encrypted with.

use std::fmt;

use zeroize::Zeroizing;

use super::Reader;

/// A secret text. Says nothing in `Debug`, is wiped when dropped.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    pub fn new(value: impl Into<String>) -> Self {
        Self(Zeroizing::new(value.into()))
    }

    /// The text itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// `TOKEN_ENCRYPTION_KEY`, judged: one or more keys of 32 bytes in hexadecimal, separated by commas. The first encrypts,
/// all decrypt. There is no way to run without one.
#[derive(Debug, Clone)]
pub struct TokenKeys(Secret);

const MEND: &str = "make one with: openssl rand -hex 32";

impl TokenKeys {
    /// The list as it was set.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// A new random key, for the demo's fresh folder.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn fresh() -> Result<Self, getrandom::Error> {
        let mut bytes = Zeroizing::new([0u8; 32]);
        getrandom::fill(&mut *bytes)?;
        Ok(Self(Secret::new(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())))
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let setting = "TOKEN_ENCRYPTION_KEY";
        let Some(value) = reader.value(setting) else {
            reader.wrong(setting, format!("is not set; tokens are never stored in clear, so {MEND}"));
            return None;
        };
        let keys: Vec<_> = value.split(',').map(str::trim).collect();
        let trouble = keys.iter().find_map(|key| judge(key).err());
        match trouble {
            Some(sentence) => {
                reader.wrong(setting, sentence);
                None
            }
            None => {
                reader.fine(setting, if keys.len() == 1 { "set".to_owned() } else { format!("{} keys set", keys.len()) });
                Some(Self(Secret::new(keys.join(","))))
            }
        }
    }
}

fn judge(key: &str) -> Result<(), String> {
    if key.len() != 64 || !key.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(format!("must be 64 hexadecimal digits (32 bytes) per key; {MEND}"));
    }
    // A key somebody typed: all digits alike, or a count-up such as 000102… or 0123456789abcdef….
    let digits: Vec<u32> = key.chars().filter_map(|c| c.to_digit(16)).collect();
    let bytes: Vec<u32> = digits.chunks(2).map(|pair| pair[0] * 16 + pair[1]).collect();
    let steady = |values: &[u32], wrap: u32| {
        let step = (values[1] + wrap - values[0]) % wrap;
        values.windows(2).all(|pair| (pair[1] + wrap - pair[0]) % wrap == step)
    };
    let halves_alike = bytes.chunks(8).all(|part| part == &bytes[..8]);
    if steady(&digits, 16) || steady(&bytes, 256) || halves_alike {
        return Err(format!("is a sample, not a random key; {MEND}"));
    }
    Ok(())
}
