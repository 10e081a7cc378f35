//! iCalendar text as a tree, and back (RFC 5545, section 3.1).
//!
//! A server keeps what it is given: properties it does not know stay, in their order and in their own spelling. Only the
//! folding is made anew.

use crate::world::ics::fold;

/// Why a text is no calendar object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IcalError {
    #[error("line {0} is no content line")]
    Line(usize),
    #[error("a BEGIN or END has no partner")]
    Unbalanced,
    #[error("the text is not exactly one VCALENDAR")]
    NotOneCalendar,
    #[error("{0} is missing")]
    Missing(&'static str),
    #[error("{0} is not a time that can be understood")]
    Time(String),
    #[error("the zone {0} is unknown")]
    Zone(String),
    #[error("the recurrence rule cannot be understood: {0}")]
    Rule(String),
}

/// One content line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Upper case.
    pub name: String,
    /// Names in upper case; values as written, quotes included.
    pub params: Vec<(String, String)>,
    /// As written, escapes included.
    pub value: String,
}

impl Line {
    /// A line without parameters.
    pub fn new(name: &str, value: impl Into<String>) -> Self {
        Self { name: name.to_owned(), params: Vec::new(), value: value.into() }
    }

    /// The same line with one more parameter.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.params.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A parameter's value without its quotes.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(known, _)| known == name).map(|(_, value)| value.trim_matches('"'))
    }

    /// Sets a parameter, replacing what it was.
    pub fn set_param(&mut self, name: &str, value: &str) {
        self.params.retain(|(known, _)| known != name);
        self.params.push((name.to_owned(), value.to_owned()));
    }

    /// The value of a TEXT property, unescaped.
    pub fn text(&self) -> String {
        let mut text = String::with_capacity(self.value.len());
        let mut characters = self.value.chars();
        while let Some(character) = characters.next() {
            match character {
                '\\' => match characters.next() {
                    Some('n' | 'N') => text.push('\n'),
                    Some(escaped) => text.push(escaped),
                    None => text.push('\\'),
                },
                other => text.push(other),
            }
        }
        text
    }

    /// The address of an ORGANIZER or ATTENDEE, without `mailto:`, in lower case.
    pub fn address(&self) -> String {
        let value = self.value.trim().to_ascii_lowercase();
        value.strip_prefix("mailto:").unwrap_or(&value).to_owned()
    }

    fn parse(text: &str) -> Option<Self> {
        let mut quoted = false;
        let mut cuts = Vec::new();
        let mut colon = None;
        for (at, character) in text.char_indices() {
            match character {
                '"' => quoted = !quoted,
                ';' if !quoted => cuts.push(at),
                ':' if !quoted => {
                    colon = Some(at);
                    break;
                }
                _ => {}
            }
        }
        let colon = colon?;
        cuts.push(colon);
        let name = text[..cuts[0]].to_ascii_uppercase();
        let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if !is_name(&name) {
            return None;
        }
        let params = cuts
            .windows(2)
            .map(|ends| text[ends[0] + 1..ends[1]].split_once('='))
            .map(|param| param.map(|(name, value)| (name.to_ascii_uppercase(), value.to_owned())))
            .collect::<Option<Vec<_>>>()?;
        Some(Self { name, params, value: text[colon + 1..].to_owned() })
    }

    fn write(&self, out: &mut String) {
        let mut line = self.name.clone();
        for (name, value) in &self.params {
            line.push_str(&format!(";{name}={value}"));
        }
        line.push(':');
        line.push_str(&self.value);
        out.push_str(&fold(&line));
    }
}

/// A component: its lines, then the components within.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// Upper case.
    pub name: String,
    pub lines: Vec<Line>,
    pub parts: Vec<Component>,
}

impl Component {
    /// One without anything in it.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), lines: Vec::new(), parts: Vec::new() }
    }

    /// Reads a text that holds one VCALENDAR.
    ///
    /// # Errors
    /// For a line without a name or value, for components that do not close, and for anything but one calendar.
    pub fn parse(text: &str) -> Result<Self, IcalError> {
        let mut open: Vec<Self> = Vec::new();
        let mut done: Vec<Self> = Vec::new();
        for (number, line) in unfold(text) {
            let line = Line::parse(&line).ok_or(IcalError::Line(number))?;
            match line.name.as_str() {
                "BEGIN" => open.push(Self::new(&line.value.trim().to_ascii_uppercase())),
                "END" => {
                    let closed = open.pop().filter(|closed| closed.name == line.value.trim().to_ascii_uppercase());
                    let closed = closed.ok_or(IcalError::Unbalanced)?;
                    match open.last_mut() {
                        Some(parent) => parent.parts.push(closed),
                        None => done.push(closed),
                    }
                }
                _ => open.last_mut().ok_or(IcalError::Unbalanced)?.lines.push(line),
            }
        }
        if !open.is_empty() {
            return Err(IcalError::Unbalanced);
        }
        match <[Self; 1]>::try_from(done) {
            Ok([calendar]) if calendar.name == "VCALENDAR" => Ok(calendar),
            _ => Err(IcalError::NotOneCalendar),
        }
    }

    /// The first line of this name.
    pub fn line(&self, name: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.name == name)
    }

    /// Every line of this name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Line> {
        self.lines.iter().filter(move |line| line.name == name)
    }

    /// The unescaped text of a property; empty if there is none.
    pub fn text(&self, name: &str) -> String {
        self.line(name).map(Line::text).unwrap_or_default()
    }

    /// Replaces every line of that name by this one, where the first stood or else at the end.
    pub fn set(&mut self, line: Line) {
        let at = self.lines.iter().position(|known| known.name == line.name).unwrap_or(self.lines.len());
        self.lines.retain(|known| known.name != line.name);
        self.lines.insert(at.min(self.lines.len()), line);
    }

    /// Takes every line of that name away.
    pub fn remove(&mut self, name: &str) {
        self.lines.retain(|line| line.name != name);
    }

    /// The components of this name directly within.
    pub fn parts_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.parts.iter().filter(move |part| part.name == name)
    }

    /// As text, folded.
    pub fn write(&self) -> String {
        let mut out = String::new();
        self.write_to(&mut out);
        out
    }

    fn write_to(&self, out: &mut String) {
        out.push_str(&format!("BEGIN:{}\r\n", self.name));
        for line in &self.lines {
            line.write(out);
        }
        for part in &self.parts {
            part.write_to(out);
        }
        out.push_str(&format!("END:{}\r\n", self.name));
    }
}

/// Whole lines with the number of the line they begin on; empty ones are left out.
fn unfold(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    for (index, piece) in text.split('\n').enumerate() {
        let piece = piece.strip_suffix('\r').unwrap_or(piece);
        match (piece.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(rest), Some((_, line))) => line.push_str(rest),
            _ if piece.is_empty() => {}
            _ => lines.push((index + 1, piece.to_owned())),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_back() {
        let text = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nX-ODD;A=\"x:y;z\";B=2:a\\,b\r\nBEGIN:VEVENT\r\nUID:1\r\nX-BLANK:text  \
                    \r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        let calendar = Component::parse(text).expect("a calendar");
        assert_eq!(calendar.line("X-ODD").and_then(|line| line.param("A")), Some("x:y;z"));
        assert_eq!(calendar.text("X-ODD"), "a,b");
        assert_eq!(calendar.write(), text);
    }

    #[test]
    fn folded_lines_are_joined_and_bare_line_feeds_are_taken() {
        let calendar = Component::parse("BEGIN:VCALENDAR\nSUMMARY:one\n  two\n\tthree\nEND:VCALENDAR\n");
        assert_eq!(calendar.expect("a calendar").text("SUMMARY"), "one twothree");
    }

    #[test]
    fn what_is_not_one_calendar_is_refused() {
        let cases = [
            ("", IcalError::NotOneCalendar),
            ("BEGIN:VEVENT\nEND:VEVENT\n", IcalError::NotOneCalendar),
            ("BEGIN:VCALENDAR\nEND:VCALENDAR\nBEGIN:VCALENDAR\nEND:VCALENDAR\n", IcalError::NotOneCalendar),
            ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR\n", IcalError::Unbalanced),
            ("BEGIN:VCALENDAR\n", IcalError::Unbalanced),
            ("BEGIN:VCALENDAR\nno colon\nEND:VCALENDAR\n", IcalError::Line(2)),
        ];
        for (text, error) in cases {
            assert_eq!(Component::parse(text), Err(error), "{text}");
        }
    }
}
