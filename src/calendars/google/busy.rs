//! When calendars of Google's are busy, in as few `freeBusy` queries as it allows.
//!
//! What a newcomer would get wrong: the answer is 200 with an `errors` list inside, for each calendar by itself.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use super::wire::FreeBusy;
use super::{GoogleCalendar, failure};
use crate::calendars::http::{Ask, address};
use crate::calendars::{AccessToken, CalendarError, Heard};
use crate::scheduling::interval::{Interval, normalise};

/// `calendarExpansionMax`: more in one query is an error.
const CALENDARS_PER_QUERY: usize = 50;
/// About three months is an error; 60 days also suit the other provider.
const DAYS_PER_QUERY: i64 = 60;

const FREE_BUSY: &str = "calendar.freebusy";

impl GoogleCalendar {
    /// One `freeBusy` query: few enough calendars, a short enough window. Each calendar answers for itself.
    async fn busy_part(
        &self,
        token: &AccessToken,
        calendars: &[String],
        window: Interval,
    ) -> Result<Vec<Heard>, CalendarError> {
        let items: Vec<Value> = calendars.iter().map(|id| json!({ "id": id })).collect();
        let body = json!({
            "timeMin": window.start().to_rfc3339(),
            "timeMax": window.end().to_rfc3339(),
            "timeZone": "UTC",
            "items": items,
        });
        let ask = Ask::new("freeBusy.query", Method::POST, address(&self.api, &["freeBusy"], &[])).json(body);
        let answer: FreeBusy = self.ask(token, ask.only_reads(), FREE_BUSY).await?.read(false)?;
        let mut by_id: BTreeMap<String, _> =
            answer.calendars.into_iter().map(|(id, calendar)| (id.to_lowercase(), calendar)).collect();
        let mut heard = |id: &String| {
            let calendar = by_id
                .remove(&id.to_lowercase())
                .ok_or_else(|| CalendarError::Unavailable("freeBusy left out a calendar".into()))?;
            if let Some(error) = calendar.errors.first() {
                return Err(failure::of_calendar(&error.reason));
            }
            let periods = calendar
                .busy
                .ok_or_else(|| CalendarError::Unavailable("freeBusy told nothing of a calendar".into()))?;
            // A period without length blocks nothing.
            Ok(periods.iter().filter_map(|period| Interval::new(period.start, period.end)).collect())
        };
        Ok(calendars.iter().map(|id| (id.clone(), heard(id))).collect())
    }

    /// Busy time of each of these calendars, in as few queries as Google allows.
    pub(super) async fn busy_by_id(
        &self,
        token: &AccessToken,
        ids: &[String],
        window: Interval,
    ) -> Result<Vec<Heard>, CalendarError> {
        let mut asked = ids.to_vec();
        asked.sort_unstable_by_key(|id| id.to_lowercase());
        asked.dedup_by_key(|id| id.to_lowercase());
        let mut heard: BTreeMap<&String, Result<Vec<Interval>, CalendarError>> =
            asked.iter().map(|id| (id, Ok(Vec::new()))).collect();
        let mut limited: Option<CalendarError> = None;
        for piece in pieces(window) {
            for some in asked.chunks(CALENDARS_PER_QUERY) {
                let answer = match &limited {
                    Some(error) => Err(error.clone()),
                    None => self.busy_part(token, some, piece).await,
                };
                let parts = match answer {
                    Err(CalendarError::SignInExpired) => return Err(CalendarError::SignInExpired),
                    Err(error) => some.iter().map(|id| (id.clone(), Err(error.clone()))).collect(),
                    Ok(parts) => parts,
                };
                for (id, part) in parts {
                    limited = limited.or_else(|| part.clone().err().filter(CalendarError::is_limit));
                    let Some(whole) = heard.get_mut(&id) else { continue };
                    match (whole.as_mut(), part) {
                        (Ok(whole), Ok(part)) => whole.extend(part),
                        (Ok(_), Err(error)) => *whole = Err(error),
                        // One piece that nobody knows, the whole unknown.
                        (Err(_), _) => {}
                    }
                }
            }
        }
        let cut =
            |spans: Vec<Interval>| normalise(spans.iter().filter_map(|span| span.intersection(&window)).collect());
        Ok(heard.into_iter().map(|(id, spans)| (id.clone(), spans.map(cut))).collect())
    }
}

/// The window in pieces that one query may ask for.
pub(super) fn pieces(window: Interval) -> impl Iterator<Item = Interval> {
    let mut start = window.start();
    std::iter::from_fn(move || {
        let end = (start + TimeDelta::days(DAYS_PER_QUERY)).min(window.end());
        let piece = Interval::new(start, end)?;
        start = end;
        Some(piece)
    })
}
