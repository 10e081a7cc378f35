//! What the page is asked for: the fields of its form, in its address and in the form of an export.

use chrono::{Days, NaiveTime};
use chrono_tz::Tz;
use serde::Deserialize;

use crate::{
    audit::search::{By, Group, Search},
    error::AppError,
    requests::draft::times,
    scheduling::clock,
};

/// Longest text somebody may look for, in characters.
pub(super) const LONGEST: usize = 100;

/// The fields that say themselves what is wrong with them.
pub(super) const FIELDS: [&str; 3] = ["q", "from", "to"];

/// As typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Filter {
    pub q: String,
    /// A person's id, `candidates` or `convene`.
    pub who: String,
    pub what: String,
    /// The first and the last day, on the clock of whoever asks.
    pub from: String,
    pub to: String,
}

impl Filter {
    /// Reads the fields of a page's address.
    pub fn of(get: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name| get(name).unwrap_or_default().trim().to_owned();
        Self { q: get("q"), who: get("who"), what: get("what"), from: get("from"), to: get("to") }
    }

    /// Nothing is looked for.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What it means by this clock.
    ///
    /// # Errors
    /// The field that means nothing: 422 `text_too_long`, `date_invalid`, `dates_backwards`, `filter_invalid`.
    pub fn search(&self, zone: Tz) -> Result<Search, AppError> {
        if self.q.chars().count() > LONGEST {
            return Err(AppError::invalid("q", "text_too_long", format!("Look for at most {LONGEST} characters.")));
        }
        let by = match self.who.as_str() {
            "" => None,
            "candidates" => Some(By::Candidates),
            "convene" => Some(By::System),
            id => Some(By::Person(id.parse().map_err(|_| filter_invalid("who"))?)),
        };
        let group = match self.what.as_str() {
            "" => None,
            word => {
                let group = Group::ALL.iter().find(|group| group.as_str() == word);
                Some(*group.ok_or_else(|| filter_invalid("what"))?)
            }
        };
        let day = |name: &'static str, text: &str| {
            let date = (!text.is_empty()).then(|| times::date(name, text)).transpose();
            date.map_err(|error| AppError::invalid(name, "date_invalid", error.message))
        };
        let (first, last) = (day("from", &self.from)?, day("to", &self.to)?);
        if first.zip(last).is_some_and(|(first, last)| last < first) {
            return Err(AppError::invalid("to", "dates_backwards", "The last day is before the first."));
        }
        let midnight = |date: chrono::NaiveDate| clock::resolve(zone, date.and_time(NaiveTime::MIN)).instant();
        Ok(Search {
            text: self.q.clone(),
            by,
            group,
            from: first.map(midnight),
            until: last.map(|last| midnight(last + Days::new(1))),
        })
    }

    /// The page with this filter, from before an entry on.
    pub fn href(&self, before: Option<i64>) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.fields().into_iter().filter(|(_, value)| !value.is_empty()) {
            query.append_pair(name, value);
        }
        if let Some(before) = before {
            query.append_pair("before", &before.to_string());
        }
        let query = query.finish();
        if query.is_empty() { super::PAGE.to_owned() } else { format!("{}?{query}", super::PAGE) }
    }

    /// Names and values, for an address or hidden fields.
    pub fn fields(&self) -> [(&'static str, &str); 5] {
        [("q", &self.q), ("who", &self.who), ("what", &self.what), ("from", &self.from), ("to", &self.to)]
    }
}

fn filter_invalid(field: &'static str) -> AppError {
    AppError::invalid(field, "filter_invalid", "There is no such choice.").hint("Choose from the list.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_whoever_asks() {
        let filter = Filter { from: "2027-03-28".into(), to: "2027-03-28".into(), ..Filter::default() };
        let search = filter.search(Tz::Europe__Berlin).unwrap();
        let text = |at: Option<chrono::DateTime<chrono::Utc>>| at.map(|at| at.to_rfc3339()).unwrap_or_default();
        // The day on which clocks are put forward has 23 hours.
        assert_eq!(text(search.from), "2027-03-27T23:00:00+00:00");
        assert_eq!(text(search.until), "2027-03-28T22:00:00+00:00");
    }

    #[test]
    fn what_means_nothing_is_named() {
        let long = "x".repeat(LONGEST + 1);
        let table: [(Filter, &str, &str); 6] = [
            (Filter { from: "2027-02-30".into(), ..Filter::default() }, "from", "date_invalid"),
            (Filter { to: "tomorrow".into(), ..Filter::default() }, "to", "date_invalid"),
            (
                Filter { from: "2027-03-02".into(), to: "2027-03-01".into(), ..Filter::default() },
                "to",
                "dates_backwards",
            ),
            (Filter { q: long, ..Filter::default() }, "q", "text_too_long"),
            (Filter { who: "per_1".into(), ..Filter::default() }, "who", "filter_invalid"),
            (Filter { what: "everything".into(), ..Filter::default() }, "what", "filter_invalid"),
        ];
        for (filter, field, code) in table {
            let error = filter.search(Tz::UTC).unwrap_err();
            assert_eq!((error.field.as_deref(), &*error.code, error.status), (Some(field), code, 422), "{filter:?}");
        }
    }

    #[test]
    fn an_address_holds_what_was_typed_and_nothing_else() {
        assert_eq!(Filter::default().href(None), "/admin/audit");
        let filter = Filter { q: "Ana & Ben".into(), what: "people".into(), ..Filter::default() };
        assert_eq!(filter.href(Some(7)), "/admin/audit?q=Ana+%26+Ben&what=people&before=7");
    }
}
