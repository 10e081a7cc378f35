//! Looks settings up by name, and remembers what it saw so that `doctor` can say a line about each.

use std::fmt;

use super::Wrong;

/// One wrong setting and how to mend it. Never repeats the value of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub setting: &'static str,
    /// Continues the setting's name: "must be …", "is not set; …".
    pub sentence: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.setting, self.sentence)
    }
}

/// One setting as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    pub setting: &'static str,
    /// What to show of it ("set" for secrets), or what is wrong.
    pub outcome: Result<String, String>,
}

/// Where settings are looked up, by name.
type LookUp<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// Reads settings from wherever `look_up` looks.
pub struct Reader<'a> {
    look_up: Box<LookUp<'a>>,
    sights: Vec<Sight>,
}

impl<'a> Reader<'a> {
    pub fn new(look_up: impl Fn(&str) -> Option<String> + 'a) -> Self {
        Self { look_up: Box::new(look_up), sights: Vec::new() }
    }

    /// Looks in the process environment, after adding what `.env` says and the environment does not.
    ///
    /// # Errors
    /// A `.env` that cannot be read.
    pub fn from_env() -> Result<Self, Wrong> {
        super::load_dot_env()?;
        Ok(Self::new(|name| std::env::var(name).ok()))
    }

    /// Every setting looked at so far, in that order.
    pub fn sights(&self) -> &[Sight] {
        &self.sights
    }

    pub fn has_problems(&self) -> bool {
        self.sights.iter().any(|sight| sight.outcome.is_err())
    }

    pub fn into_problems(self) -> Vec<Problem> {
        let wrong = |sight: Sight| Some(Problem { setting: sight.setting, sentence: sight.outcome.err()? });
        self.sights.into_iter().filter_map(wrong).collect()
    }

    /// The value without surrounding blanks. Set to nothing is as good as not set.
    pub(super) fn value(&self, setting: &str) -> Option<String> {
        (self.look_up)(setting).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    pub(super) fn fine(&mut self, setting: &'static str, shown: impl Into<String>) {
        self.sights.push(Sight { setting, outcome: Ok(shown.into()) });
    }

    pub(super) fn wrong(&mut self, setting: &'static str, sentence: impl Into<String>) {
        self.sights.push(Sight { setting, outcome: Err(sentence.into()) });
    }

    /// A setting with a default, shown as it is.
    pub(super) fn parsed<T>(
        &mut self,
        setting: &'static str,
        default: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.value(setting);
        let shown = value.clone().unwrap_or_else(|| format!("{default} (default)"));
        match parse(value.as_deref().unwrap_or(default)) {
            Ok(parsed) => {
                self.fine(setting, shown);
                Some(parsed)
            }
            Err(sentence) => {
                self.wrong(setting, sentence);
                None
            }
        }
    }

    /// A setting that takes one of a few words.
    pub(super) fn choice<T: Copy>(&mut self, setting: &'static str, default: &str, words: &[(&str, T)]) -> Option<T> {
        self.parsed(setting, default, |value| {
            let chosen = words.iter().find(|(word, _)| *word == value);
            let all: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            chosen.map(|(_, meaning)| *meaning).ok_or_else(|| format!("must be one of {}", all.join(", ")))
        })
    }

    /// A setting that must not be shown, with a default that may.
    pub(super) fn secret_or<T>(
        &mut self,
        setting: &'static str,
        default: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        match self.value(setting) {
            None => self.parsed(setting, default, parse),
            Some(value) => match parse(&value) {
                Ok(parsed) => {
                    self.fine(setting, "set");
                    Some(parsed)
                }
                Err(sentence) => {
                    self.wrong(setting, sentence);
                    None
                }
            },
        }
    }
}
