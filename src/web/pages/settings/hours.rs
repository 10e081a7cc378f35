//! Working hours: for each weekday from when to when, in one stretch or two.

use std::collections::BTreeMap;

use axum::{
    extract::{RawForm, State},
    http::request::Parts,
    response::{IntoResponse, Redirect, Response},
};
use chrono::Weekday;
use leptos::prelude::*;

use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    error::AppError,
    people::{self, Member},
    requests::draft::times,
    scheduling::hours::{DayWindow, TimeOfDay, WeeklyWindow},
    state::AppState,
    web::{
        again::{self, Attempt, wrong},
        components::{Button, ButtonKind, Card, CardBody, CardHead, InputKind, TextInput},
        routes::Routes,
    },
};

const WEEK: [(Weekday, &str, &str); 7] = [
    (Weekday::Mon, "mon", "Monday"),
    (Weekday::Tue, "tue", "Tuesday"),
    (Weekday::Wed, "wed", "Wednesday"),
    (Weekday::Thu, "thu", "Thursday"),
    (Weekday::Fri, "fri", "Friday"),
    (Weekday::Sat, "sat", "Saturday"),
    (Weekday::Sun, "sun", "Sunday"),
];
/// From and to, and once more after a break.
const ENDS: [&str; 4] = ["from", "to", "from2", "to2"];

pub fn routes() -> Routes {
    Routes::default().post("/settings/hours", save)
}

/// What the form says, by field: `mon_from`, `mon_to`, `mon_from2`, `mon_to2` and so on.
#[derive(Clone, Debug, Default)]
pub struct Hours(BTreeMap<String, String>);

impl Hours {
    fn of(weekly: &[WeeklyWindow]) -> Self {
        let mut fields = BTreeMap::new();
        for (weekday, day, _) in WEEK {
            let stretches = weekly.iter().filter(|window| window.weekday() == weekday).map(WeeklyWindow::hours);
            for (stretch, [from, to]) in stretches.zip([["from", "to"], ["from2", "to2"]]) {
                fields.insert(format!("{day}_{from}"), stretch.start().to_string());
                fields.insert(format!("{day}_{to}"), shown(stretch.end()));
            }
        }
        Self(fields)
    }

    fn read(body: &[u8]) -> Result<Self, AppError> {
        let mut fields = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(body) {
            let known = WEEK.iter().any(|(_, day, _)| ENDS.iter().any(|end| name == format!("{day}_{end}")));
            if !known {
                return Err(AppError::unknown_field());
            }
            fields.insert(name.into_owned(), value.trim().to_owned());
        }
        Ok(Self(fields))
    }

    fn get(&self, day: &str, end: &str) -> &str {
        self.0.get(&format!("{day}_{end}")).map_or("", String::as_str)
    }

    /// The weekly hours this says.
    fn weekly(&self) -> Result<Vec<WeeklyWindow>, AppError> {
        let mut weekly = Vec::new();
        for (weekday, day, name) in WEEK {
            let windows = windows(ENDS.map(|end| self.get(day, end)), name, day)?;
            weekly.extend(windows.into_iter().map(|window| WeeklyWindow::new(weekday, window)));
        }
        Ok(weekly)
    }
}

/// The hours of a day that four fields say: from and to, and once more after a break. `name` is the day in a sentence, `field` where
/// the sentence stands.
pub(super) fn windows(ends: [&str; 4], name: &str, field: &'static str) -> Result<Vec<DayWindow>, AppError> {
    let wrong = |code: &'static str, sentence: String| AppError::new(422, code, sentence).field(field);
    let mut windows: Vec<DayWindow> = Vec::new();
    for [start, end] in [[ends[0], ends[1]], [ends[2], ends[3]]] {
        let (start, end) = (times::plain_digits(start), times::plain_digits(end));
        if start.is_empty() && end.is_empty() {
            continue;
        }
        // A browser's field cannot say 24:00: midnight at the end is the end of the day.
        let until = if end == "00:00" { Some(TimeOfDay::END_OF_DAY) } else { end.parse().ok() };
        let (Ok(start), Some(end)) = (start.parse::<TimeOfDay>(), until) else {
            return Err(wrong("hours_invalid", format!("{name}: give both times, such as 09:00 and 17:00.")));
        };
        let window = DayWindow::new(start, end);
        let window = window.ok_or_else(|| wrong("hours_backwards", format!("{name} ends before it starts.")))?;
        if windows.last().is_some_and(|before| start < before.end()) {
            return Err(wrong("hours_overlap", format!("{name}: the second stretch begins before the first ends.")));
        }
        windows.push(window);
    }
    Ok(windows)
}

/// A field for times of day has no 24:00.
pub(super) fn shown(end: TimeOfDay) -> String {
    if end == TimeOfDay::END_OF_DAY { "00:00".to_owned() } else { end.to_string() }
}

/// The card with the form. `attempt` is what could not be saved.
#[component]
pub fn HoursCard(weekly: Vec<WeeklyWindow>, #[prop(default = None)] attempt: Option<Attempt<Hours>>) -> impl IntoView {
    let hours = attempt.as_ref().map_or_else(|| Hours::of(&weekly), |attempt| attempt.typed.clone());
    let rows = WEEK.into_iter().map(move |(_, day, name)| {
        let wrong = wrong(attempt.as_ref(), day);
        let bad = wrong.is_some();
        let note = wrong.map(|wrong| {
            view! { <p class="error" id=format!("{day}-error") data-code=wrong.code.to_string()>{wrong.sentence.to_string()}</p> }
        });
        let input = |end: &str, label: &str| {
            let id = format!("{day}_{end}");
            view! {
                <TextInput
                    id=id.clone()
                    name=id
                    kind=InputKind::Time
                    value=hours.get(day, end).to_owned()
                    invalid=Signal::stored(bad)
                    attr:aria-label=format!("{name}, {label}")
                />
            }
        };
        view! {
            <li class="hours-day">
                <span class="hours-name">{name}</span>
                <span class="hours-stretch">{input("from", "from")} <span class="text-muted">"to"</span> {input("to", "to")}</span>
                <span class="hours-stretch">
                    {input("from2", "again from")} <span class="text-muted">"to"</span> {input("to2", "again to")}
                </span>
                {note}
            </li>
        }
    });
    view! {
        <Card attr:id="hours">
            <CardHead title="Working hours" />
            <CardBody>
                <form method="post" action="/settings/hours#hours" class="stack">
                    <p class="hint">
                        "Interviews are planned inside these hours, by the clock of your time zone. Leave a day empty to keep it free; use the second pair for the hours after a break."
                    </p>
                    <ul class="hours">{rows.collect_view()}</ul>
                    <div>
                        <Button label="Save working hours" kind=ButtonKind::Primary />
                    </div>
                </form>
            </CardBody>
        </Card>
    }
}

async fn save(
    State(state): State<AppState>,
    member: Member,
    origin: Origin,
    parts: Parts,
    RawForm(body): RawForm,
) -> Response {
    let hours = match Hours::read(&body) {
        Ok(hours) => hours,
        Err(error) => return error.into_response(),
    };
    match keep(&state, &member, &hours, origin).await {
        Ok(()) => Redirect::to("/settings?news=saved").into_response(),
        Err(error) => again::show_at("/settings", state, parts, Attempt { error, typed: hours }).await,
    }
}

async fn keep(state: &AppState, member: &Member, hours: &Hours, origin: Origin) -> Result<(), AppError> {
    let weekly = hours.weekly()?;
    let txn = state.store.begin().await?;
    people::set_weekly(&txn, member.org, member.person, &weekly).await?;
    audit::record(
        &txn,
        AuditEntry {
            org: member.org,
            actor: Actor::Person(member.person),
            action: "person.hours_set",
            subject: member.person.to_string(),
            detail: serde_json::json!({ "weekly": weekly }),
            origin,
        },
    )
    .await?;
    txn.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_come_back_as_they_were_typed() {
        let form = b"mon_from=09%3A00&mon_to=12%3A00&mon_from2=13%3A00&mon_to2=00%3A00&tue_from=&tue_to=";
        let weekly = Hours::read(form).unwrap().weekly().unwrap();
        let said: Vec<_> =
            weekly.iter().map(|w| format!("{} {}-{}", w.weekday(), w.hours().start(), w.hours().end())).collect();
        assert_eq!(said, ["Mon 09:00-12:00", "Mon 13:00-24:00"]);
        assert_eq!(Hours::of(&weekly).weekly().unwrap(), weekly);
        assert_eq!(Hours::of(&people::default_hours()).get("fri", "to"), "17:00");
    }

    #[test]
    fn what_is_wrong_is_named_with_its_day() {
        let table = [
            ("mon_from=09:00", "hours_invalid"),
            ("mon_from=nine&mon_to=17:00", "hours_invalid"),
            ("mon_from=17:00&mon_to=09:00", "hours_backwards"),
            ("mon_from=09:00&mon_to=09:00", "hours_backwards"),
            ("mon_from=09:00&mon_to=12:00&mon_from2=11:00&mon_to2=13:00", "hours_overlap"),
        ];
        for (form, code) in table {
            let error = Hours::read(form.as_bytes()).unwrap().weekly().unwrap_err();
            assert_eq!((&*error.code, error.field.as_deref()), (code, Some("mon")), "{form}");
        }
        assert_eq!(Hours::read(b"noday_from=1").unwrap_err().code, "unknown_field");
    }
}
