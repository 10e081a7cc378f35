//! One mail before it has a form: a heading, sentences, facts, at most one thing to do. Its plain text is made here, its
//! HTML in `html`, both from the same parts, so that they cannot tell different stories.

use super::{link::Link, words};

/// A part of a letter, in reading order.
pub enum Part {
    Sentence(String),
    /// Label and value pairs, such as "When" and "Where".
    Facts(Vec<(String, Value)>),
    /// The one thing to do: label and target.
    Button(String, Link),
    /// Smaller, after the main thing.
    Note(String),
}

/// The value of a fact.
pub enum Value {
    Text(String),
    Link(Link),
}

/// A mail's content. Everything in it is one line of fit text: the methods see to that.
pub struct Letter {
    pub subject: String,
    pub heading: String,
    pub parts: Vec<Part>,
    pub footer: String,
}

impl Letter {
    pub fn new(subject: &str, heading: &str) -> Self {
        Self { subject: words::line(subject), heading: words::line(heading), parts: Vec::new(), footer: String::new() }
    }

    pub fn say(mut self, sentence: &str) -> Self {
        self.parts.push(Part::Sentence(words::line(sentence)));
        self
    }

    /// A fact. A value that is a web address becomes a link; an empty one is left out.
    pub fn fact(mut self, label: &str, value: &str) -> Self {
        let text = words::line(value);
        if text.is_empty() {
            return self;
        }
        let value = text.parse().map_or(Value::Text(text), Value::Link);
        let fact = (words::line(label), value);
        match self.parts.last_mut() {
            Some(Part::Facts(facts)) => facts.push(fact),
            _ => self.parts.push(Part::Facts(vec![fact])),
        }
        self
    }

    pub fn fact_if(self, label: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.fact(label, value),
            None => self,
        }
    }

    pub fn button(mut self, label: &str, link: &Link) -> Self {
        self.parts.push(Part::Button(label.to_owned(), link.clone()));
        self
    }

    pub fn button_if(self, label: &str, link: Option<&Link>) -> Self {
        match link {
            Some(link) => self.button(label, link),
            None => self,
        }
    }

    pub fn note(mut self, text: &str) -> Self {
        self.parts.push(Part::Note(words::line(text)));
        self
    }

    /// Why the reader gets this mail.
    pub fn footer(mut self, text: &str) -> Self {
        self.footer = words::line(text);
        self
    }

    /// The plain text, lines ended by `\n`. Lines are not wrapped: a wrapped link is a broken link.
    pub fn text(&self, greeting: &str) -> String {
        let mut blocks = vec![greeting.to_owned()];
        for part in &self.parts {
            blocks.push(match part {
                Part::Sentence(text) | Part::Note(text) => text.clone(),
                Part::Button(label, link) => format!("{label}:\n{link}"),
                Part::Facts(facts) => facts.iter().map(fact_line).collect::<Vec<_>>().join("\n"),
            });
        }
        // "-- " alone on a line begins a signature (RFC 3676 section 4.3).
        blocks.push(format!("-- \n{}", self.footer));
        blocks.join("\n\n") + "\n"
    }
}

fn fact_line((label, value): &(String, Value)) -> String {
    match value {
        Value::Text(text) => format!("{label}: {text}"),
        Value::Link(link) => format!("{label}: {link}"),
    }
}
