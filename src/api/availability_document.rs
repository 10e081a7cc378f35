//! What the document of the API says of the QUERY and the ANSWER. They are read and written in `scheduling::query`, by hand and without
//! going through these types; a test holds answers against what is said here.
#![expect(dead_code, reason = "described, never made")]

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::words::Instant;

/// Who could meet when: everything that the answer rests on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "window": {"start": "2027-03-08T00:00:00Z", "end": "2027-03-09T00:00:00Z"},
    "now": "2027-03-06T23:00:00Z", "duration_minutes": 30, "step_minutes": 30,
    "people": [{"id": "ana", "zone": "America/New_York", "busy": [],
                "weekly": [{"weekday": "mon", "start": "09:00", "end": "09:30"}]}],
    "seats": [{"all": ["ana"]}]
}))]
pub struct AvailabilityQuery {
    /// At most 400 days.
    window: Span,
    /// Nothing starts before this, plus the notice.
    now: Instant,
    #[serde(default)]
    #[schema(maximum = 527_040)]
    min_notice_minutes: u32,
    #[schema(minimum = 1, maximum = 1440)]
    duration_minutes: u32,
    /// How far apart starts are, counted from midnight of `align_zone`.
    #[schema(minimum = 1, maximum = 1440)]
    step_minutes: u32,
    /// IANA name.
    #[serde(default)]
    #[schema(default = "UTC")]
    align_zone: String,
    #[serde(default)]
    #[schema(maximum = 1440)]
    buffer_before_minutes: u32,
    #[serde(default)]
    #[schema(maximum = 1440)]
    buffer_after_minutes: u32,
    #[schema(max_items = 2000)]
    people: Vec<QueryPerson>,
    /// Who is needed. All of them.
    #[schema(min_items = 1)]
    seats: Vec<QuerySeat>,
    /// Ids of people who come along if they can, and prevent nothing.
    #[serde(default)]
    optional: Vec<String>,
    /// When people whose calendar nobody knows are offered all the same.
    #[serde(default)]
    fallback: Vec<Span>,
    /// Answer for every slot who could sit.
    #[serde(default)]
    list_available: bool,
    /// Answer why starts were refused.
    #[serde(default)]
    explain: bool,
    /// Most slots in the answer; `total` counts all.
    limit: Option<u32>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QueryPerson {
    #[schema(min_length = 1)]
    id: String,
    /// IANA name.
    zone: String,
    #[serde(default)]
    weekly: Vec<QueryWeekly>,
    #[serde(default)]
    overrides: Vec<QueryOverride>,
    /// When they can beyond their hours.
    #[serde(default)]
    manual: Vec<Span>,
    busy: QueryBusy,
    #[schema(maximum = 1440)]
    buffer_before_minutes: Option<u32>,
    #[schema(maximum = 1440)]
    buffer_after_minutes: Option<u32>,
    max_per_day: Option<u32>,
    max_per_week: Option<u32>,
    /// Starts of interviews they hold already.
    #[serde(default)]
    load: Vec<Instant>,
}

/// Busy times, or the word `unknown`, which is never free.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
pub enum QueryBusy {
    Known(Vec<Span>),
    Unknown(UnknownWord),
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum UnknownWord {
    Unknown,
}

#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
pub enum QuerySeat {
    All(SeatOfAll),
    Any(SeatOfAny),
}

/// Everybody of a list.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeatOfAll {
    #[schema(min_items = 1)]
    all: Vec<String>,
}

/// Any so many of a list.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeatOfAny {
    #[schema(minimum = 1)]
    any: u32,
    #[schema(min_items = 1)]
    of: Vec<String>,
}

/// From an instant until another, which does not belong to it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Span {
    start: Instant,
    end: Instant,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QueryWeekly {
    weekday: QueryWeekday,
    #[schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    start: String,
    /// Up to `24:00`.
    #[schema(pattern = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
    end: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum QueryWeekday {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

/// Other hours on one date; none is a day off.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QueryOverride {
    #[schema(format = Date)]
    date: String,
    windows: Vec<QueryWindow>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QueryWindow {
    #[schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    start: String,
    #[schema(pattern = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
    end: String,
}

#[derive(Serialize, ToSchema)]
pub struct AvailabilityAnswer {
    slots: Vec<AnswerSlot>,
    /// Before `limit`.
    total: u64,
    /// With `explain`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    refused: Option<Vec<AnswerRefused>>,
}

#[derive(Serialize, ToSchema)]
pub struct AnswerSlot {
    start: Instant,
    end: Instant,
    /// Who sits, then who comes along.
    people: Vec<String>,
    /// With `list_available`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    available: Option<Vec<String>>,
}

#[derive(Serialize, ToSchema)]
pub struct AnswerRefused {
    start: Instant,
    reasons: Vec<AnswerReason>,
}

#[derive(Serialize, ToSchema)]
pub struct AnswerReason {
    person: String,
    rule: AnswerRule,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AnswerRule {
    Notice,
    Unknown,
    Hours,
    Busy,
    Buffer,
    Limit,
}
