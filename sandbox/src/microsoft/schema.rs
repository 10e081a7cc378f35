//! Which properties request bodies may have, and of what kind: the types of Graph's metadata that calendars need.
//!
//! [`Type::check`] refuses what Graph refuses: unknown properties, wrong kinds, values outside an enumeration. What
//! the values mean is `draft`'s business.

use serde_json::Value;

use super::errors::GraphError;

/// What a property holds. All but collections may be null.
pub enum Kind {
    Text,
    Flag,
    Int,
    /// One of these words, of the enumeration named first.
    OneOf(&'static str, &'static [&'static str]),
    Object(&'static Type),
    Many(&'static Kind),
    /// Whatever is sent; open types.
    Any,
}

/// A structured type.
pub struct Type {
    /// As in Graph's metadata, without the namespace.
    pub name: &'static str,
    pub writable: &'static [(&'static str, Kind)],
    /// Properties of answers that a body may not carry.
    pub read_only: &'static [&'static str],
}

const ATTENDEE_TYPE: Kind = Kind::OneOf("attendeeType", &["required", "optional", "resource"]);
const RESPONSE: &[&str] = &["none", "organizer", "tentativelyAccepted", "accepted", "declined", "notResponded"];
const LOCATION_TYPE: &[&str] = &[
    "default",
    "conferenceRoom",
    "homeAddress",
    "businessAddress",
    "geoCoordinates",
    "streetAddress",
    "hotel",
    "restaurant",
    "localBusiness",
    "postalAddress",
];
const UNIQUE_ID_TYPE: &[&str] = &["unknown", "locationStore", "directory", "private", "bing"];
const DAY: Kind =
    Kind::OneOf("dayOfWeek", &["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]);
const PATTERNS: &[&str] =
    &["daily", "weekly", "absoluteMonthly", "relativeMonthly", "absoluteYearly", "relativeYearly"];

/// `dateTimeTimeZone`
pub static DATE_TIME: Type =
    Type { name: "dateTimeTimeZone", writable: &[("dateTime", Kind::Text), ("timeZone", Kind::Text)], read_only: &[] };

static EMAIL_ADDRESS: Type =
    Type { name: "emailAddress", writable: &[("address", Kind::Text), ("name", Kind::Text)], read_only: &[] };

static RESPONSE_STATUS: Type = Type {
    name: "responseStatus",
    writable: &[("response", Kind::OneOf("responseType", RESPONSE)), ("time", Kind::Text)],
    read_only: &[],
};

static TIME_SLOT: Type = Type {
    name: "timeSlot",
    writable: &[("start", Kind::Object(&DATE_TIME)), ("end", Kind::Object(&DATE_TIME))],
    read_only: &[],
};

static ATTENDEE: Type = Type {
    name: "attendee",
    writable: &[
        ("emailAddress", Kind::Object(&EMAIL_ADDRESS)),
        ("type", ATTENDEE_TYPE),
        ("status", Kind::Object(&RESPONSE_STATUS)),
        ("proposedNewTime", Kind::Object(&TIME_SLOT)),
    ],
    read_only: &[],
};

static BODY: Type = Type {
    name: "itemBody",
    writable: &[("contentType", Kind::OneOf("bodyType", &["text", "html"])), ("content", Kind::Text)],
    read_only: &[],
};

static LOCATION: Type = Type {
    name: "location",
    writable: &[
        ("displayName", Kind::Text),
        ("locationType", Kind::OneOf("locationType", LOCATION_TYPE)),
        ("locationUri", Kind::Text),
        ("locationEmailAddress", Kind::Text),
        ("uniqueId", Kind::Text),
        ("uniqueIdType", Kind::OneOf("locationUniqueIdType", UNIQUE_ID_TYPE)),
        ("address", Kind::Any),
        ("coordinates", Kind::Any),
    ],
    read_only: &[],
};

static PATTERN: Type = Type {
    name: "recurrencePattern",
    writable: &[
        ("type", Kind::OneOf("recurrencePatternType", PATTERNS)),
        ("interval", Kind::Int),
        ("month", Kind::Int),
        ("dayOfMonth", Kind::Int),
        ("daysOfWeek", Kind::Many(&DAY)),
        ("firstDayOfWeek", DAY),
        ("index", Kind::OneOf("weekIndex", &["first", "second", "third", "fourth", "last"])),
    ],
    read_only: &[],
};

static RANGE: Type = Type {
    name: "recurrenceRange",
    writable: &[
        ("type", Kind::OneOf("recurrenceRangeType", &["endDate", "noEnd", "numbered"])),
        ("startDate", Kind::Text),
        ("endDate", Kind::Text),
        ("recurrenceTimeZone", Kind::Text),
        ("numberOfOccurrences", Kind::Int),
    ],
    read_only: &[],
};

static RECURRENCE: Type = Type {
    name: "patternedRecurrence",
    writable: &[("pattern", Kind::Object(&PATTERN)), ("range", Kind::Object(&RANGE))],
    read_only: &[],
};

static SINGLE_VALUE: Type = Type {
    name: "singleValueLegacyExtendedProperty",
    writable: &[("id", Kind::Text), ("value", Kind::Text)],
    read_only: &[],
};

/// `event`, as written.
pub static EVENT: Type = Type {
    name: "event",
    writable: &[
        ("subject", Kind::Text),
        ("body", Kind::Object(&BODY)),
        ("start", Kind::Object(&DATE_TIME)),
        ("end", Kind::Object(&DATE_TIME)),
        ("isAllDay", Kind::Flag),
        ("location", Kind::Object(&LOCATION)),
        ("locations", Kind::Many(&Kind::Object(&LOCATION))),
        ("attendees", Kind::Many(&Kind::Object(&ATTENDEE))),
        ("showAs", Kind::OneOf("freeBusyStatus", &["unknown", "free", "tentative", "busy", "oof", "workingElsewhere"])),
        ("sensitivity", Kind::OneOf("sensitivity", &["normal", "personal", "private", "confidential"])),
        ("importance", Kind::OneOf("importance", &["low", "normal", "high"])),
        ("isReminderOn", Kind::Flag),
        ("reminderMinutesBeforeStart", Kind::Int),
        ("responseRequested", Kind::Flag),
        ("allowNewTimeProposals", Kind::Flag),
        ("hideAttendees", Kind::Flag),
        ("categories", Kind::Many(&Kind::Text)),
        ("isOnlineMeeting", Kind::Flag),
        (
            "onlineMeetingProvider",
            Kind::OneOf(
                "onlineMeetingProviderType",
                &["unknown", "skypeForBusiness", "skypeForConsumer", "teamsForBusiness"],
            ),
        ),
        ("recurrence", Kind::Object(&RECURRENCE)),
        ("transactionId", Kind::Text),
        ("singleValueExtendedProperties", Kind::Many(&Kind::Object(&SINGLE_VALUE))),
        ("multiValueExtendedProperties", Kind::Many(&Kind::Any)),
        ("extensions", Kind::Many(&Kind::Any)),
        ("attachments", Kind::Many(&Kind::Any)),
    ],
    read_only: &[
        "id",
        "createdDateTime",
        "lastModifiedDateTime",
        "changeKey",
        "bodyPreview",
        "cancelledOccurrences",
        "hasAttachments",
        "iCalUId",
        "isCancelled",
        "isDraft",
        "isOrganizer",
        "onlineMeeting",
        "onlineMeetingUrl",
        "organizer",
        "originalEndTimeZone",
        "originalStart",
        "originalStartTimeZone",
        "responseStatus",
        "seriesMasterId",
        "type",
        "webLink",
        "calendar",
        "exceptionOccurrences",
        "instances",
    ],
};

/// `calendar`, as written.
pub static CALENDAR: Type = Type {
    name: "calendar",
    writable: &[
        ("name", Kind::Text),
        (
            "color",
            Kind::OneOf(
                "calendarColor",
                &[
                    "auto",
                    "lightBlue",
                    "lightGreen",
                    "lightOrange",
                    "lightGray",
                    "lightYellow",
                    "lightTeal",
                    "lightPink",
                    "lightBrown",
                    "lightRed",
                    "maxColor",
                ],
            ),
        ),
    ],
    read_only: &[
        "id",
        "allowedOnlineMeetingProviders",
        "canEdit",
        "canShare",
        "canViewPrivateItems",
        "changeKey",
        "defaultOnlineMeetingProvider",
        "hexColor",
        "isDefaultCalendar",
        "isRemovable",
        "isTallyingResponses",
        "owner",
    ],
};

/// Parameters of `getSchedule`, in lower camel case.
pub static GET_SCHEDULE: Type = Type {
    name: "getSchedule",
    writable: &[
        ("schedules", Kind::Many(&Kind::Text)),
        ("startTime", Kind::Object(&DATE_TIME)),
        ("endTime", Kind::Object(&DATE_TIME)),
        ("availabilityViewInterval", Kind::Int),
    ],
    read_only: &[],
};

/// Parameters of `cancel`.
pub static CANCEL: Type = Type { name: "cancel", writable: &[("comment", Kind::Text)], read_only: &[] };

/// What a subscription is made of.
pub static SUBSCRIPTION: Type = Type {
    name: "subscription",
    writable: &[
        ("changeType", Kind::Text),
        ("notificationUrl", Kind::Text),
        ("lifecycleNotificationUrl", Kind::Text),
        ("resource", Kind::Text),
        ("expirationDateTime", Kind::Text),
        ("clientState", Kind::Text),
        ("latestSupportedTlsVersion", Kind::OneOf("tlsVersion", &["v1_0", "v1_1", "v1_2", "v1_3"])),
        ("includeResourceData", Kind::Flag),
        ("encryptionCertificate", Kind::Text),
        ("encryptionCertificateId", Kind::Text),
    ],
    read_only: &["id", "applicationId", "creatorId", "notificationUrlAppId"],
};

/// What may be changed about one.
pub static SUBSCRIPTION_RENEWAL: Type = Type {
    name: "subscription",
    writable: &[("expirationDateTime", Kind::Text)],
    read_only: &["id", "resource", "changeType", "notificationUrl", "lifecycleNotificationUrl", "clientState"],
};

/// Parameters of `accept`, `tentativelyAccept` and `decline`.
pub static RESPOND: Type = Type {
    name: "respond",
    writable: &[("comment", Kind::Text), ("sendResponse", Kind::Flag), ("proposedNewTime", Kind::Object(&TIME_SLOT))],
    read_only: &[],
};

impl Type {
    /// Whether answers of this type have the property.
    pub fn knows(&self, name: &str) -> bool {
        self.writable.iter().any(|(known, _)| *known == name) || self.read_only.contains(&name)
    }

    /// Refuses a body that does not fit.
    ///
    /// # Errors
    /// 400 `RequestBodyRead` for what the metadata does not allow, `ErrorInvalidPropertySet` for a read-only property.
    pub fn check(&self, body: &Value) -> Result<(), GraphError> {
        let Some(fields) = body.as_object() else {
            return Err(wrong_kind(self.name));
        };
        for (name, value) in fields {
            if name.starts_with('@') {
                continue;
            }
            match self.writable.iter().find(|(known, _)| known == name) {
                Some((_, kind)) => kind.check(name, value)?,
                None if self.read_only.contains(&name.as_str()) => {
                    let message = format!("The property '{name}' is read-only and cannot be set.");
                    return Err(GraphError::bad("ErrorInvalidPropertySet", message));
                }
                None => {
                    let message = format!(
                        "The property '{name}' does not exist on type 'microsoft.graph.{}'. Make sure to only use \
                         property names that are defined by the type.",
                        self.name
                    );
                    return Err(GraphError::bad("RequestBodyRead", message));
                }
            }
        }
        Ok(())
    }
}

impl Kind {
    fn check(&self, name: &str, value: &Value) -> Result<(), GraphError> {
        match (self, value) {
            (Self::Many(_), Value::Null) => {
                let message = format!("A null value was found for the property named '{name}', which is a collection.");
                Err(GraphError::bad("RequestBodyRead", message))
            }
            (_, Value::Null) | (Self::Any, _) | (Self::Text, Value::String(_)) | (Self::Flag, Value::Bool(_)) => Ok(()),
            (Self::Int, Value::Number(number)) if number.as_i64().is_some_and(|n| i32::try_from(n).is_ok()) => Ok(()),
            (Self::OneOf(_, words), Value::String(word)) if words.contains(&word.as_str()) => Ok(()),
            (Self::OneOf(kind, _), Value::String(word)) => {
                let message =
                    format!("Cannot convert the literal '{word}' to the expected type 'microsoft.graph.{kind}'.");
                Err(GraphError::bad("RequestBodyRead", message))
            }
            (Self::Object(kind), value) => kind.check(value),
            (Self::Many(kind), Value::Array(values)) => values.iter().try_for_each(|value| kind.check(name, value)),
            _ => Err(wrong_kind(name)),
        }
    }
}

fn wrong_kind(name: &str) -> GraphError {
    GraphError::bad("RequestBodyRead", format!("Cannot convert the value of '{name}' to the expected type."))
}

/// Reads a JSON body.
///
/// # Errors
/// 400 for an empty or unreadable one.
pub fn json_body(body: &[u8]) -> Result<Value, GraphError> {
    serde_json::from_slice(body).map_err(|_| {
        let message = "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of \
                       valid JSON format.";
        GraphError::bad("BadRequest", message)
    })
}

/// The parameters of an action: names are taken in either case of their first letter, and no body means none.
pub fn action_body(body: &[u8]) -> Result<Value, GraphError> {
    if body.is_empty() {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    let Value::Object(fields) = json_body(body)? else { return Err(wrong_kind("the body")) };
    let lowered = |name: String| {
        let mut characters = name.chars();
        characters.next().map_or_else(String::new, |first| first.to_lowercase().chain(characters).collect())
    };
    Ok(Value::Object(fields.into_iter().map(|(name, value)| (lowered(name), value)).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refused(body: &Value) -> String {
        EVENT.check(body).unwrap_err().code
    }

    #[test]
    fn what_graph_knows_is_taken() {
        let body = json!({
            "subject": "Interview", "body": { "contentType": "html", "content": "<p>x</p>" }, "showAs": "busy",
            "start": { "dateTime": "2026-12-01T16:00:00", "timeZone": "UTC" }, "location": null, "categories": ["a"],
            "attendees": [{ "emailAddress": { "address": "a@example.com" }, "type": "required" }],
            "@odata.type": "#microsoft.graph.event",
        });
        assert_eq!(EVENT.check(&body), Ok(()));
    }

    #[test]
    fn what_graph_does_not_know_is_refused() {
        assert_eq!(refused(&json!({ "title": "x" })), "RequestBodyRead");
        assert_eq!(refused(&json!({ "showAs": "Busy" })), "RequestBodyRead");
        assert_eq!(refused(&json!({ "attendees": null })), "RequestBodyRead");
        assert_eq!(refused(&json!({ "attendees": [{ "email": "a@example.com" }] })), "RequestBodyRead");
        assert_eq!(refused(&json!({ "reminderMinutesBeforeStart": "15" })), "RequestBodyRead");
        assert_eq!(refused(&json!({ "iCalUId": "x" })), "ErrorInvalidPropertySet");
        assert_eq!(refused(&json!([])), "RequestBodyRead");
    }

    #[test]
    fn actions_take_either_case() {
        assert_eq!(action_body(br#"{"Comment":"x"}"#).unwrap(), json!({ "comment": "x" }));
        assert_eq!(action_body(b"").unwrap(), json!({}));
        assert_eq!(action_body(b"{").unwrap_err().code, "BadRequest");
    }
}
