//! Query options of OData: reading them, and applying them to a rendered collection.
//!
//! The filter language is in `filter`. Collections are rendered first and cut afterwards; a mailbox here is small.

use std::cmp::Ordering;

use serde_json::{Map, Value, json};

use super::ask::Ask;
use super::errors::GraphError;
use super::filter::{self, Filter};
use super::schema::EVENT;

/// Graph's page size when the client names none.
const PAGE: usize = 10;
/// The largest `$top` Graph takes for events.
const TOP: usize = 1000;

/// The query of one request.
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub select: Option<Vec<String>>,
    pub top: Option<usize>,
    pub skip: usize,
    /// Property path and whether it descends.
    pub order: Vec<(String, bool)>,
    pub filter: Option<Filter>,
    /// Ids of the extended properties to show; an empty list means all.
    pub expand_properties: Option<Vec<String>>,
    pub expand_extensions: bool,
    pub count: bool,
    /// Everything as it came, for the link to the next page.
    pairs: Vec<(String, String)>,
}

impl Options {
    /// Reads a query string.
    ///
    /// # Errors
    /// 400 for an option that is malformed, out of bounds, or unknown to Graph.
    pub fn read(query: &str) -> Result<Self, GraphError> {
        let mut options = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()).into_owned() {
            match name.as_str() {
                "$select" => options.select = Some(names(&value)),
                "$top" => options.top = Some(number(&name, &value).and_then(checked_top)?),
                "$skip" => options.skip = number(&name, &value)?,
                // Only delta links have them; other lists go on by $skip here.
                "$skiptoken" | "$deltatoken" => {}
                "$orderby" => options.order = order(&value)?,
                "$filter" => options.filter = Some(filter::parse(&value)?),
                "$expand" => options.expand(&value)?,
                "$count" => options.count = value == "true",
                option if option.starts_with('$') => {
                    let message =
                        format!("The query specified in the URI is not valid. The option '{option}' is not supported.");
                    return Err(GraphError::bad("BadRequest", message));
                }
                _ => {}
            }
            options.pairs.push((name, value));
        }
        Ok(options)
    }

    /// Refuses what a delta query does not take.
    ///
    /// # Errors
    /// 400 naming the option.
    pub fn refuse_shaping(&self) -> Result<(), GraphError> {
        let options = ["$select", "$filter", "$orderby", "$expand", "$search"];
        match options.iter().find(|name| self.parameter(name).is_some()) {
            Some(name) => {
                let message = format!("The query option '{name}' is not supported with change tracking.");
                Err(GraphError::bad("ErrorInvalidUrlQuery", message))
            }
            None => Ok(()),
        }
    }

    /// A plain parameter, such as `startDateTime`.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Refuses `$select` and `$orderby` of properties an event does not have.
    pub fn check_event_names(&self) -> Result<(), GraphError> {
        let selected = self.select.iter().flatten().map(String::as_str);
        let ordered = self.order.iter().map(|(path, _)| path.split('/').next().unwrap_or_default());
        match selected.chain(ordered).find(|name| !EVENT.knows(name)) {
            Some(name) => {
                let message = format!("Could not find a property named '{name}' on type 'microsoft.graph.event'.");
                Err(GraphError::bad("RequestBroker--ParseUri", message))
            }
            None => Ok(()),
        }
    }

    /// Leaves only what `$select` names, plus id and annotations.
    pub fn selected(&self, mut value: Value) -> Value {
        if let (Some(select), Some(fields)) = (&self.select, value.as_object_mut()) {
            fields.retain(|name, _| name == "id" || name.starts_with('@') || select.contains(name));
        }
        value
    }

    /// Filters, orders and pages a collection; the next page's address is absolute, on the origin the client used.
    pub fn collection(&self, ask: &Ask, context: String, mut values: Vec<Value>) -> Value {
        if let Some(filter) = &self.filter {
            values.retain(|value| filter.holds(value));
        }
        values.sort_by(|a, b| self.compare(a, b));
        let total = values.len();
        let size = self.top.or(ask.prefer.page_size).unwrap_or(PAGE);
        let shown: Vec<_> = values.into_iter().skip(self.skip).take(size).map(|value| self.finished(value)).collect();
        let mut body = Map::new();
        body.insert("@odata.context".into(), json!(context));
        if self.count {
            body.insert("@odata.count".into(), json!(total));
        }
        let next = self.skip + shown.len();
        if next < total && !shown.is_empty() {
            body.insert("@odata.nextLink".into(), json!(self.next_link(ask, next)));
        }
        body.insert("value".into(), Value::Array(shown));
        Value::Object(body)
    }

    /// Applies `$select` and `$expand` to one rendered event, which carries everything.
    pub fn finished(&self, mut value: Value) -> Value {
        let Some(fields) = value.as_object_mut() else { return value };
        let properties = fields.remove("singleValueExtendedProperties");
        let extensions = fields.remove("extensions");
        let mut value = self.selected(value);
        if let (Some(wanted), Some(Value::Array(all))) = (&self.expand_properties, properties) {
            let shown: Vec<_> = all
                .into_iter()
                .filter(|property| wanted.is_empty() || wanted.iter().any(|id| same_id(id, &property["id"])))
                .collect();
            if !shown.is_empty() {
                value["singleValueExtendedProperties"] = Value::Array(shown);
            }
        }
        if self.expand_extensions {
            value["extensions"] = extensions.unwrap_or_else(|| json!([]));
        }
        value
    }

    fn expand(&mut self, value: &str) -> Result<(), GraphError> {
        let name = value.split('(').next().unwrap_or_default().trim();
        match name {
            "singleValueExtendedProperties" => {
                self.expand_properties = Some(filter::quoted(value));
                Ok(())
            }
            "extensions" => {
                self.expand_extensions = true;
                Ok(())
            }
            "calendar" | "attachments" | "instances" | "multiValueExtendedProperties" | "exceptionOccurrences" => {
                Ok(())
            }
            _ => {
                let message = format!(
                    "Parsing OData Select and Expand failed: Could not find a property named '{name}' on type \
                     'microsoft.graph.event'."
                );
                Err(GraphError::bad("BadRequest", message))
            }
        }
    }

    fn next_link(&self, ask: &Ask, skip: usize) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.pairs.iter().filter(|(name, _)| name != "$skip" && name != "$skiptoken"));
        query.append_pair("$skip", &skip.to_string());
        format!("{}{}?{}", ask.origin, ask.path, query.finish())
    }

    fn compare(&self, a: &Value, b: &Value) -> Ordering {
        for (path, descends) in &self.order {
            let order = filter::compare(filter::at(a, path), filter::at(b, path)).unwrap_or(Ordering::Equal);
            let order = if *descends { order.reverse() } else { order };
            if order.is_ne() {
                return order;
            }
        }
        Ordering::Equal
    }
}

/// Ids of extended properties are compared without regard to case, as their GUIDs are.
pub fn same_id(id: &str, value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.eq_ignore_ascii_case(id))
}

fn names(value: &str) -> Vec<String> {
    value.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn number(name: &str, value: &str) -> Result<usize, GraphError> {
    value
        .parse()
        .map_err(|_| GraphError::bad("BadRequest", format!("Invalid value '{value}' for {name} query option found.")))
}

fn checked_top(top: usize) -> Result<usize, GraphError> {
    if (1..=TOP).contains(&top) {
        return Ok(top);
    }
    let message = format!(
        "The limit of '{TOP}' for Top query has been exceeded. The value from the incoming request is '{top}'."
    );
    Err(GraphError::bad("ErrorInvalidUrlQuery", message))
}

fn order(value: &str) -> Result<Vec<(String, bool)>, GraphError> {
    let part = |part: &str| {
        let mut words = part.split_whitespace();
        match (words.next(), words.next(), words.next()) {
            (Some(path), None | Some("asc"), None) => Ok((path.to_owned(), false)),
            (Some(path), Some("desc"), None) => Ok((path.to_owned(), true)),
            _ => Err(GraphError::bad("BadRequest", format!("Syntax error in the $orderby option '{value}'."))),
        }
    };
    value.split(',').map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_out_of_bounds_are_refused() {
        assert_eq!(Options::read("$top=1000").unwrap().top, Some(1000));
        for query in ["$top=0", "$top=1001", "$top=x", "$search=y", "$orderby=a b c", "$expand=owner"] {
            assert!(Options::read(query).is_err(), "{query}");
        }
        let options = Options::read("$select=subject,nonsense").unwrap();
        assert_eq!(options.check_event_names().unwrap_err().code, "RequestBroker--ParseUri");
    }

    #[test]
    fn select_keeps_id_and_annotations() {
        let options = Options::read("$select=subject").unwrap();
        let event = json!({ "@odata.etag": "e", "id": "1", "subject": "s", "body": {} });
        assert_eq!(options.selected(event), json!({ "@odata.etag": "e", "id": "1", "subject": "s" }));
    }

    #[test]
    fn extended_properties_show_only_when_expanded() {
        let event =
            json!({ "id": "1", "singleValueExtendedProperties": [{ "id": "String {A} Name b", "value": "v" }] });
        assert_eq!(Options::default().finished(event.clone()), json!({ "id": "1" }));
        let query = "$expand=singleValueExtendedProperties($filter=id eq 'String {a} Name b')";
        assert_eq!(Options::read(query).unwrap().finished(event.clone()), event);
        let query = "$expand=singleValueExtendedProperties($filter=id eq 'String {a} Name c')";
        assert_eq!(Options::read(query).unwrap().finished(event.clone()), json!({ "id": "1" }));
        let query =
            "$expand=singleValueExtendedProperties($filter=id eq 'String {a} Name c' or id eq 'String {a} Name b')";
        assert_eq!(Options::read(query).unwrap().finished(event.clone()), event);
    }
}
