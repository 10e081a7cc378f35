//! How values are written: ids, instants, dates and closed vocabularies, and what the document says of them.

use chrono::{DateTime, SecondsFormat, Utc};
use sea_orm::Iterable;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type},
    },
};

use crate::{
    api_keys::Scope,
    ids::{BookingId, CalendarId, ConnectionId, DeliveryId, EndpointId, PersonId, RequestId},
    store::words::{
        AccessLevel, Alert, BookingStatus, ConnectionStatus, DeliveryStatus, EventKind, HookEvent, Provider,
        RequestStatus, Role, SeatKind,
    },
};

/// An instant in UTC, with seconds and `Z`. Read with any offset (RFC 3339).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(pub DateTime<Utc>);

impl From<DateTime<Utc>> for Instant {
    fn from(at: DateTime<Utc>) -> Self {
        Self(at)
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_rfc3339_opts(SecondsFormat::Secs, true))
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        // RFC 3339 wants the T, and years of four digits; chrono takes more.
        let plain = text.as_bytes().get(10).is_some_and(|byte| byte.eq_ignore_ascii_case(&b'T'));
        let read = DateTime::parse_from_rfc3339(&text).ok().filter(|_| plain);
        let known = read.map(|at| at.to_utc()).filter(|at| (0..=9_999).contains(&chrono::Datelike::year(at)));
        known.map(Self).ok_or_else(|| serde::de::Error::custom("an instant such as 2027-03-07T09:00:00Z is wanted"))
    }
}

impl PartialSchema for Instant {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some("RFC 3339. Answers are in UTC, with seconds and Z."))
            .examples(["2027-03-08T14:00:00Z"])
            .into()
    }
}

impl ToSchema for Instant {
    fn name() -> std::borrow::Cow<'static, str> {
        "Instant".into()
    }
}

/// Ids, by their prefix.
macro_rules! ids {
    ($($name:ident = $prefix:literal;)*) => {$(
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .pattern(Some(concat!("^", $prefix, "_[0-9a-f]{32}$")))
                    .examples([concat!($prefix, "_0193f0c2a1b47c3e9d5e2f60718293a4")])
                    .into()
            }
        }

        impl ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
        }
    )*};
}

ids! {
    RequestId = "req";
    BookingId = "bkg";
    PersonId = "per";
    ConnectionId = "con";
    CalendarId = "cal";
    EndpointId = "whe";
    DeliveryId = "whd";
}

/// Closed vocabularies, word by word.
macro_rules! vocabularies {
    ($($name:ident as $shown:literal;)*) => {$(
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .enum_values(Some(<$name>::iter().map(|word| word.as_str())))
                    .into()
            }
        }

        impl ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                $shown.into()
            }
        }
    )*};
}

vocabularies! {
    RequestStatus as "RequestStatus";
    BookingStatus as "BookingStatus";
    SeatKind as "SeatKind";
    Role as "Role";
    Provider as "Provider";
    ConnectionStatus as "ConnectionStatus";
    AccessLevel as "AccessLevel";
    EventKind as "EventKind";
    Alert as "Alert";
    Scope as "Scope";
    HookEvent as "WebhookEvent";
    DeliveryStatus as "DeliveryStatus";
}

/// Reads an id of an address: what is none is not there.
pub fn id<I: std::str::FromStr>(text: &str) -> Result<I, crate::error::AppError> {
    text.parse().map_err(|_| crate::error::AppError::not_found())
}
