//! Dates with other hours than usual: a public holiday, a holiday, a day that begins late.

use axum::{
    extract::State,
    http::request::Parts,
    response::{IntoResponse, Redirect, Response},
};
use chrono::NaiveDate;
use leptos::prelude::*;
use serde::Deserialize;

use super::hours;
use crate::{
    audit::Origin,
    error::AppError,
    people::{
        Member,
        dates::{self, DatesError, MOST, MOST_AT_ONCE, Run, Span},
    },
    requests::draft::times,
    scheduling::hours::{DayOverride, DayWindow},
    state::AppState,
    web::{
        again::{self, Attempt, problem, wrong},
        components::{
            Button, ButtonKind, ButtonSize, Card, CardBody, CardHead, Choice, InputKind, LinkButton, RadioGroup,
            TextField, TextInput,
        },
        form::Form,
        routes::Routes,
        wording::{self, listed},
    },
};

/// The fields that say themselves what is wrong with them.
const FIELDS: [&str; 4] = ["first", "last", "day", "date_hours"];

pub fn routes() -> Routes {
    Routes::default().post("/settings/dates", save).post("/settings/dates/remove", remove)
}

/// What the form says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Typed {
    first: String,
    /// Nothing for a single day.
    last: String,
    /// `off` or `hours`.
    day: String,
    from: String,
    to: String,
    from2: String,
    to2: String,
    /// The dates that are changed into these.
    was_first: String,
    was_last: String,
}

impl Typed {
    /// What a run looks like in the form.
    fn of(run: &Run) -> Self {
        let mut ends = run.windows.iter().map(|window| (window.start().to_string(), hours::shown(window.end())));
        let ((from, to), (from2, to2)) = (ends.next().unwrap_or_default(), ends.next().unwrap_or_default());
        let (first, last) = (run.span.first.to_string(), run.span.last.to_string());
        let day = if run.windows.is_empty() { "off" } else { "hours" }.to_owned();
        Self { was_first: first.clone(), was_last: last.clone(), first, last, day, from, to, from2, to2 }
    }

    fn run(&self) -> Result<Run, AppError> {
        let span = span(&self.first, &self.last)?;
        let windows = match self.day.as_str() {
            "off" => Vec::new(),
            "hours" => {
                let ends = [&self.from, &self.to, &self.from2, &self.to2].map(String::as_str);
                let windows = hours::windows(ends, "The day", "date_hours")?;
                if windows.is_empty() {
                    let sentence = "Give the hours, such as 09:00 and 12:00, or choose a day off.";
                    return Err(AppError::invalid("date_hours", "hours_missing", sentence));
                }
                windows
            }
            _ => return Err(AppError::invalid("day", "day_kind_unknown", "Choose a day off or other hours.")),
        };
        Ok(Run { span, windows })
    }

    /// The dates of before, if the form changes any.
    fn was(&self) -> Option<Span> {
        span(&self.was_first, &self.was_last).ok().filter(|_| !self.was_first.is_empty())
    }
}

/// The dates that two fields say; no second one is the first again.
fn span(first: &str, last: &str) -> Result<Span, AppError> {
    let date = |name: &'static str, text: &str| {
        times::date(name, text).map_err(|error| AppError::invalid(name, "date_invalid", error.message))
    };
    let first = date("first", first)?;
    let last = if last.trim().is_empty() { first } else { date("last", last)? };
    let backwards = || AppError::invalid("last", "dates_backwards", "The last day is before the first.");
    Span::new(first, last).ok_or_else(backwards)
}

/// The card with the list and the form. `chosen` is the first date of a run to be changed; `attempt` what could not be saved.
#[component]
pub fn DatesCard(
    overrides: Vec<DayOverride>,
    today: NaiveDate,
    chosen: Option<NaiveDate>,
    #[prop(default = None)] attempt: Option<Attempt<Typed>>,
) -> impl IntoView {
    let runs = dates::runs(&overrides, today);
    let changed = runs.iter().find(|run| Some(run.span.first) == chosen);
    let typed = match (&attempt, changed) {
        (Some(attempt), _) => attempt.typed.clone(),
        (None, Some(run)) => Typed::of(run),
        (None, None) => Typed { day: "off".to_owned(), ..Typed::default() },
    };
    let was = typed.was();
    let lines = runs.iter().map(|run| view! { <Line run=run.clone() /> }).collect_view();
    let list = (!runs.is_empty()).then(|| view! { <ul class="dates" aria-label="Dates with other hours">{lines}</ul> });
    let problem = problem(attempt.as_ref(), &FIELDS);
    view! {
        <Card attr:id="dates">
            <CardHead title="Other hours on dates" />
            <CardBody>
                <div class="stack-lg">
                    <p class="hint">
                        {format!("Days off, and days with other hours than usual, by the clock of your time zone. At most {MOST_AT_ONCE} days at a time. Days that are over go by themselves.")}
                    </p>
                    {list}
                    {problem}
                    <DatesForm typed was today attempt />
                </div>
            </CardBody>
        </Card>
    }
}

/// Dates with the same hours, in words.
#[component]
fn Line(run: Run) -> impl IntoView {
    let Span { first, last } = run.span;
    let words = in_words(run.span);
    let what = hours_in_words(&run.windows);
    view! {
        <li class="dates-run">
            <span class="dates-words">
                <span class="dates-when">{words.clone()}</span>
                <span class="two">{what}</span>
            </span>
            <span class="row">
                <LinkButton label="Change" href=format!("/settings?date={first}#dates") size=ButtonSize::Small attr:aria-label=format!("Change {words}") />
                <form method="post" action="/settings/dates/remove#dates">
                    <input type="hidden" name="first" value=first.to_string() />
                    <input type="hidden" name="last" value=last.to_string() />
                    <Button label="Remove" size=ButtonSize::Small attr:aria-label=format!("Remove {words}") />
                </form>
            </span>
        </li>
    }
}

#[component]
fn DatesForm(typed: Typed, was: Option<Span>, today: NaiveDate, attempt: Option<Attempt<Typed>>) -> impl IntoView {
    let wrong = |field: &str| wrong(attempt.as_ref(), field);
    let (wrong_first, wrong_last, wrong_day) = (wrong("first"), wrong("last"), wrong("day"));
    let wrong_hours = wrong("date_hours");
    let bad = wrong_hours.is_some();
    let note = wrong_hours.map(|wrong| {
        view! { <p class="err" id="date_hours-error" data-code=wrong.code>{wrong.sentence}</p> }
    });
    let time = |name: &'static str, label: &'static str, value: &str| {
        view! {
            <TextInput
                id=format!("date_{name}")
                name
                kind=InputKind::Time
                value=value.to_owned()
                invalid=Signal::stored(bad)
                described_by=if bad { "date_hours-error" } else { "" }
                attr:aria-label=label
            />
        }
    };
    let kinds =
        vec![(Choice::new("off", "Day off"), String::new()), (Choice::new("hours", "Other hours"), String::new())];
    let today = today.to_string();
    let title = was.map_or_else(|| "Add dates".to_owned(), |was| format!("Change {}", in_words(was)));
    let hidden = was.map(|was| {
        view! {
            <input type="hidden" name="was_first" value=was.first.to_string() />
            <input type="hidden" name="was_last" value=was.last.to_string() />
        }
    });
    let (label, cancel) = match was {
        Some(_) => ("Save dates", Some(view! { <LinkButton label="Cancel" href="/settings#dates" /> })),
        None => ("Add dates", None),
    };
    view! {
        <form method="post" action="/settings/dates#dates" class="stack dates-form" aria-labelledby="dates-form-title">
            <h3 class="h3" id="dates-form-title">{title}</h3>
            {hidden}
            <div class="pair max-w-lg">
                <TextField label="First day" name="first" kind=InputKind::Date value=typed.first min=today.clone() error=wrong_first />
                <TextField label="Last day" name="last" kind=InputKind::Date value=typed.last min=today error=wrong_last optional=true />
            </div>
            <RadioGroup legend="On these days" name="day" choices=kinds selected=typed.day error=wrong_day />
            <div class="dates-hours">
                <span class="hours-stretch">
                    {time("from", "Hours, from", &typed.from)} <span class="text-muted">"to"</span> {time("to", "Hours, to", &typed.to)}
                </span>
                <span class="hours-stretch">
                    {time("from2", "Hours, again from", &typed.from2)} <span class="text-muted">"to"</span> {time("to2", "Hours, again to", &typed.to2)}
                </span>
            </div>
            {note}
            <div class="form-acts">
                <Button label kind=ButtonKind::Primary />
                {cancel}
            </div>
        </form>
    }
}

/// "Fri 24 December 2027", "Wed 22 to Sun 26 December 2027"
fn in_words(span: Span) -> String {
    if span.first == span.last {
        span.first.format("%a %-d %B %Y").to_string()
    } else {
        wording::dates(span.first, span.last)
    }
}

/// "Day off", "09:00-12:00 and 14:00-17:00"
fn hours_in_words(windows: &[DayWindow]) -> String {
    let each: Vec<String> = windows.iter().map(|window| format!("{}-{}", window.start(), window.end())).collect();
    if each.is_empty() { "Day off".to_owned() } else { listed(&each) }
}

/// Today where somebody lives.
pub(super) fn today(state: &AppState, member: &Member) -> NaiveDate {
    state.clock.now().with_timezone(&member.clock()).date_naive()
}

async fn save(
    State(state): State<AppState>,
    member: Member,
    origin: Origin,
    parts: Parts,
    Form(typed): Form<Typed>,
) -> Response {
    match keep(&state, &member, &typed, &origin).await {
        Ok(()) => Redirect::to("/settings?news=saved#dates").into_response(),
        Err(error) => again::show_at("/settings", state, parts, Attempt { error, typed }).await,
    }
}

async fn keep(state: &AppState, member: &Member, typed: &Typed, origin: &Origin) -> Result<(), AppError> {
    let run = typed.run()?;
    let txn = state.store.begin().await?;
    dates::put(&txn, member, &run, typed.was(), today(state, member), origin).await?;
    txn.commit().await?;
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Removal {
    first: String,
    last: String,
}

async fn remove(
    State(state): State<AppState>,
    member: Member,
    origin: Origin,
    parts: Parts,
    Form(removal): Form<Removal>,
) -> Response {
    let outcome = async {
        let span = span(&removal.first, &removal.last)?;
        let txn = state.store.begin().await?;
        dates::remove(&txn, &member, span, today(&state, &member), &origin).await?;
        Ok::<(), AppError>(txn.commit().await?)
    };
    match outcome.await {
        Ok(()) => Redirect::to("/settings?news=saved#dates").into_response(),
        Err(error) => {
            let typed = Typed { day: "off".to_owned(), ..Typed::default() };
            again::show_at("/settings", state, parts, Attempt { error, typed }).await
        }
    }
}

impl From<DatesError> for AppError {
    fn from(error: DatesError) -> Self {
        match error {
            DatesError::Past => Self::invalid("last", "date_past", "These days are over."),
            DatesError::TooManyAtOnce => {
                Self::invalid("last", "too_many_days", format!("Give at most {MOST_AT_ONCE} days at a time."))
            }
            DatesError::TooMany => {
                Self::new(422, "too_many_dates", format!("At most {MOST} dates can have hours of their own."))
                    .hint("Remove some, or change your working hours instead.")
            }
            DatesError::Store(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(first: &str, last: &str, day: &str, ends: [&str; 4]) -> Typed {
        let [from, to, from2, to2] = ends.map(str::to_owned);
        Typed { first: first.into(), last: last.into(), day: day.into(), from, to, from2, to2, ..Typed::default() }
    }

    const NONE: [&str; 4] = [""; 4];

    #[test]
    fn what_was_typed_comes_back() {
        let table = [
            (typed("2027-12-24", "", "off", NONE), "Fri 24 December 2027", "Day off"),
            (typed("2027-12-22", "2027-12-26", "off", ["09:00", "", "", ""]), "22 to 26 December 2027", "Day off"),
            (
                typed("2027-12-24", "", "hours", ["09:00", "12:00", "14:00", "24:00"]),
                "Fri 24 December 2027",
                "09:00-12:00 and 14:00-24:00",
            ),
            (
                typed("2027-12-24", "2027-12-24", "hours", ["", "", "14:00", "00:00"]),
                "Fri 24 December 2027",
                "14:00-24:00",
            ),
            (typed("٢٠٢٧-١٢-٢٤", "", "hours", ["٠٩:٠٠", "١٢:٣٠", "", ""]), "Fri 24 December 2027", "09:00-12:30"),
        ];
        for (typed, when, what) in table {
            let run = typed.run().unwrap();
            assert_eq!((in_words(run.span).as_str(), hours_in_words(&run.windows).as_str()), (when, what), "{typed:?}");
            assert_eq!(Typed::of(&run).run().unwrap(), run);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let hours = |ends| typed("2027-12-24", "", "hours", ends);
        let table = [
            (typed("", "", "off", NONE), "first", "date_invalid"),
            (typed("2026-02-30", "", "off", NONE), "first", "date_invalid"),
            (typed("2026-13-01", "", "off", NONE), "first", "date_invalid"),
            (typed("2026-W01-1", "", "off", NONE), "first", "date_invalid"),
            (typed("24:00", "", "off", NONE), "first", "date_invalid"),
            (typed("2027-12-24", "soon", "off", NONE), "last", "date_invalid"),
            (typed("2027-12-24", "2027-12-23", "off", NONE), "last", "dates_backwards"),
            (typed("2027-12-24", "", "", NONE), "day", "day_kind_unknown"),
            (hours(NONE), "date_hours", "hours_missing"),
            (hours(["09:00", "", "", ""]), "date_hours", "hours_invalid"),
            (hours(["09:00", "25:00", "", ""]), "date_hours", "hours_invalid"),
            (hours(["24:00", "24:00", "", ""]), "date_hours", "hours_backwards"),
            (hours(["12:00", "09:00", "", ""]), "date_hours", "hours_backwards"),
            (hours(["09:00", "12:00", "11:00", "13:00"]), "date_hours", "hours_overlap"),
        ];
        for (typed, field, code) in table {
            let error = typed.run().unwrap_err();
            assert_eq!((error.field.as_deref(), &*error.code, error.status), (Some(field), code, 422), "{typed:?}");
        }
    }
}
