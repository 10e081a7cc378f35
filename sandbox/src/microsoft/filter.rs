//! The part of OData's `$filter` that calendars answer: comparisons, `and`, `or`, `not`, parentheses, `startsWith`,
//! `contains`, and `singleValueExtendedProperties/Any(…)`.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::errors::GraphError;
use super::odata::same_id;

/// A condition on a rendered event.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Not(Box<Filter>),
    Compare {
        path: String,
        operator: Operator,
        value: Value,
    },
    /// `startsWith(path,'text')`
    StartsWith {
        path: String,
        text: String,
    },
    /// `contains(path,'text')`
    Contains {
        path: String,
        text: String,
    },
    /// An extended property of this id, compared with this value if one is named.
    Property {
        id: String,
        value: Option<(Operator, Value)>,
    },
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
}

impl Operator {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "eq" => Self::Eq,
            "ne" => Self::Ne,
            "gt" => Self::Gt,
            "ge" => Self::Ge,
            "lt" => Self::Lt,
            "le" => Self::Le,
            _ => return None,
        })
    }

    fn holds(self, left: &Value, right: &Value) -> bool {
        let order = compare(left, right);
        match self {
            Self::Eq => order == Some(Ordering::Equal),
            Self::Ne => order != Some(Ordering::Equal),
            Self::Gt => order == Some(Ordering::Greater),
            Self::Ge => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
            Self::Lt => order == Some(Ordering::Less),
            Self::Le => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        }
    }
}

impl Filter {
    /// Whether it holds for a rendered event, which still carries its extended properties.
    pub fn holds(&self, event: &Value) -> bool {
        match self {
            Self::And(left, right) => left.holds(event) && right.holds(event),
            Self::Or(left, right) => left.holds(event) || right.holds(event),
            Self::Not(inner) => !inner.holds(event),
            Self::Compare { path, operator, value } => operator.holds(at(event, path), value),
            Self::StartsWith { path, text } => starts_with(at(event, path), text),
            Self::Contains { path, text } => {
                at(event, path).as_str().is_some_and(|found| found.to_lowercase().contains(&text.to_lowercase()))
            }
            Self::Property { id, value } => {
                let all = event["singleValueExtendedProperties"].as_array();
                let mut own = all.into_iter().flatten().filter(|property| same_id(id, &property["id"]));
                own.any(|property| {
                    value.as_ref().is_none_or(|(operator, value)| operator.holds(&property["value"], value))
                })
            }
        }
    }
}

fn starts_with(value: &Value, text: &str) -> bool {
    value.as_str().is_some_and(|found| found.to_lowercase().starts_with(&text.to_lowercase()))
}

/// The value at a path such as `start/dateTime`.
pub fn at<'a>(event: &'a Value, path: &str) -> &'a Value {
    path.split('/').fold(event, |value, name| &value[name])
}

/// Orders two values of one kind; texts that are times of different precision compare as times.
pub fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::String(left), Value::String(right)) => Some(plain_time(left).cmp(plain_time(right))),
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        (Value::Number(left), Value::Number(right)) => left.as_f64()?.partial_cmp(&right.as_f64()?),
        (Value::Null, Value::Null) => Some(Ordering::Equal),
        _ => None,
    }
}

/// Drops the zeros and the `Z` in which spellings of one time differ.
fn plain_time(text: &str) -> &str {
    let is_time = text.len() >= 19 && text.as_bytes()[10] == b'T' && text.as_bytes()[4] == b'-';
    if !is_time {
        return text;
    }
    let text = text.trim_end_matches('Z');
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

/// Every quoted text; enough for `$expand=…($filter=id eq '…' or id eq '…')`.
pub fn quoted(text: &str) -> Vec<String> {
    text.split('\'').skip(1).step_by(2).map(str::to_owned).collect()
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Open,
    Close,
    Comma,
    Colon,
}

/// Reads a filter.
///
/// # Errors
/// 400 `BadRequest` for what is not a filter, or is more than this module knows.
pub fn parse(text: &str) -> Result<Filter, GraphError> {
    let mut parser = Parser { tokens: tokens(text).ok_or_else(|| invalid(text))?, position: 0 };
    let filter = parser.or().filter(|_| parser.position == parser.tokens.len());
    filter.ok_or_else(|| invalid(text))
}

fn invalid(text: &str) -> GraphError {
    GraphError::bad("BadRequest", format!("Invalid filter clause: syntax error in '{text}'."))
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '(' => tokens.push(Token::Open),
            ')' => tokens.push(Token::Close),
            ',' => tokens.push(Token::Comma),
            '\'' => {
                let mut value = String::new();
                loop {
                    match characters.next()? {
                        // A quote inside a text is doubled.
                        '\'' if characters.next_if_eq(&'\'').is_some() => value.push('\''),
                        '\'' => break,
                        other => value.push(other),
                    }
                }
                tokens.push(Token::Text(value));
            }
            ':' => tokens.push(Token::Colon),
            space if space.is_whitespace() => {}
            first => {
                let mut word = String::from(first);
                // A colon belongs to a word only inside a time such as 2026-12-01T09:00:00Z.
                while let Some(next) = characters.next_if(|c| {
                    !c.is_whitespace()
                        && !"(),'".contains(*c)
                        && (*c != ':' || word.starts_with(|d: char| d.is_ascii_digit()))
                }) {
                    word.push(next);
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    Some(tokens)
}

struct Parser {
    tokens: Vec<Token>,
    position: usize,
}

impl Parser {
    fn peek_word(&self) -> Option<&str> {
        match self.tokens.get(self.position) {
            Some(Token::Word(word)) => Some(word),
            _ => None,
        }
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.position).cloned();
        self.position += 1;
        token
    }

    fn expect(&mut self, token: &Token) -> Option<()> {
        (self.next().as_ref() == Some(token)).then_some(())
    }

    fn word(&mut self) -> Option<String> {
        match self.next()? {
            Token::Word(word) => Some(word),
            _ => None,
        }
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.peek_word() == Some(word);
        self.position += usize::from(found);
        found
    }

    fn or(&mut self) -> Option<Filter> {
        let mut left = self.and()?;
        while self.take("or") {
            left = Filter::Or(Box::new(left), Box::new(self.and()?));
        }
        Some(left)
    }

    fn and(&mut self) -> Option<Filter> {
        let mut left = self.unary()?;
        while self.take("and") {
            left = Filter::And(Box::new(left), Box::new(self.unary()?));
        }
        Some(left)
    }

    fn unary(&mut self) -> Option<Filter> {
        if self.take("not") {
            return Some(Filter::Not(Box::new(self.unary()?)));
        }
        if self.tokens.get(self.position) == Some(&Token::Open) {
            self.position += 1;
            let inner = self.or()?;
            self.expect(&Token::Close)?;
            return Some(inner);
        }
        let word = self.word()?;
        match word.to_ascii_lowercase().as_str() {
            "startswith" | "contains" => {
                self.expect(&Token::Open)?;
                let path = self.word()?;
                self.expect(&Token::Comma)?;
                let Token::Text(text) = self.next()? else { return None };
                self.expect(&Token::Close)?;
                let starts = word.eq_ignore_ascii_case("startswith");
                Some(if starts { Filter::StartsWith { path, text } } else { Filter::Contains { path, text } })
            }
            "singlevalueextendedproperties/any" => self.any(),
            _ => {
                let (operator, value) = self.comparison()?;
                Some(Filter::Compare { path: word, operator, value })
            }
        }
    }

    /// `(ep: ep/id eq '…' and ep/value eq '…')`, in either order.
    fn any(&mut self) -> Option<Filter> {
        self.expect(&Token::Open)?;
        let variable = self.word()?;
        self.expect(&Token::Colon)?;
        let (mut id, mut value) = (None, None);
        loop {
            let path = self.word()?;
            let field = path.strip_prefix(&variable)?.strip_prefix('/')?.to_owned();
            let compared = self.comparison()?;
            match (field.as_str(), compared) {
                ("id", (Operator::Eq, Value::String(text))) => id = Some(text),
                ("value", compared) => value = Some(compared),
                _ => return None,
            }
            if !self.take("and") {
                break;
            }
        }
        self.expect(&Token::Close)?;
        Some(Filter::Property { id: id?, value })
    }

    fn comparison(&mut self) -> Option<(Operator, Value)> {
        let operator = Operator::parse(&self.word()?)?;
        let value = match self.next()? {
            Token::Text(text) => Value::String(text),
            Token::Word(word) => match word.as_str() {
                "true" => json!(true),
                "false" => json!(false),
                "null" => Value::Null,
                other => other.parse::<i64>().map_or_else(|_| json!(other), |number| json!(number)),
            },
            _ => return None,
        };
        Some((operator, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(text: &str) -> bool {
        let event = json!({
            "subject": "Interview: it's on",
            "isAllDay": false,
            "start": { "dateTime": "2026-12-01T09:00:00.0000000" },
            "singleValueExtendedProperties": [{ "id": "String {66F5} Name bookingId", "value": "b-42" }],
        });
        parse(text).unwrap().holds(&event)
    }

    #[test]
    fn an_extended_property_is_found_by_id_and_value() {
        assert!(holds(
            "singleValueExtendedProperties/Any(ep: ep/id eq 'String {66f5} Name bookingId' and ep/value eq 'b-42')"
        ));
        assert!(!holds(
            "singleValueExtendedProperties/any(p:p/id eq 'String {66f5} Name bookingId' and p/value eq 'b-43')"
        ));
        assert!(!holds("singleValueExtendedProperties/Any(ep: ep/id eq 'String {other} Name bookingId')"));
    }

    #[test]
    fn comparisons_combine() {
        assert!(holds("start/dateTime ge '2026-12-01T09:00:00Z' and isAllDay eq false"));
        assert!(holds("not (subject eq 'x') and (isAllDay eq true or startsWith(subject,'interview: it''s'))"));
        assert!(holds("start/dateTime lt 2026-12-02T00:00:00Z"));
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        for text in
            ["", "subject", "subject eq", "(subject eq 'a'", "subject is 'a'", "subject eq 'a' 'b'", "subject eq 'a"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
