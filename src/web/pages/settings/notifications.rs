//! `/settings/notifications`: what goes into somebody's calendar, when that alerts them, and when new requests of a coordinator
//! remind people. Two forms, each saved by itself.

use std::borrow::Cow;

use axum::{
    extract::{RawForm, State},
    http::request::Parts,
    response::{IntoResponse, Redirect, Response},
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use sea_orm::Iterable;
use serde::Deserialize;

use super::{View, Views};
use crate::{
    audit::Origin,
    connections,
    error::AppError,
    people::{
        Member,
        preferences::{self, Preference},
    },
    requests::draft::reminders,
    state::AppState,
    store::words::{Alert, EventKind},
    web::{
        again::{self, Attempt, problem, wrong},
        components::{
            Banner, Button, ButtonKind, Card, CardBody, CardHead, Choice, LinkButton, RadioGroup, Reminders, Section,
            SelectField, Switch, Toast, Toasts, Tone, Wrong,
        },
        form,
        pages::staff::{Desk, Frame, desk},
        routes::Routes,
        wording::reminder_choices,
    },
};

const PAGE: &str = "/settings/notifications";

pub fn routes() -> Routes {
    Routes::default().post(PAGE, save).post("/settings/notifications/reminders", remind)
}

/// How a kind of event stands on the page.
struct Kind {
    kind: EventKind,
    name: &'static str,
    hint: &'static str,
    /// What its switch and its alert are called in the form.
    sync: &'static str,
    alert: &'static str,
}

const KINDS: [Kind; 5] = [
    Kind {
        kind: EventKind::Interview,
        name: "Interviews",
        hint: "Interviews you coordinate. Switched off, everybody is invited by mail, and no video link is made.",
        sync: "sync_interview",
        alert: "alert_interview",
    },
    Kind {
        kind: EventKind::Practice,
        name: "Practice sessions",
        hint: "Sessions you hold, and those you booked with others.",
        sync: "sync_practice",
        alert: "alert_practice",
    },
    Kind {
        kind: EventKind::Assignment,
        name: "Assignments",
        hint: "Work that is yours to do, on the days it takes.",
        sync: "sync_assignment",
        alert: "alert_assignment",
    },
    Kind {
        kind: EventKind::FollowUp,
        name: "Follow-ups",
        hint: "What is to be done after an interview.",
        sync: "sync_follow_up",
        alert: "alert_follow_up",
    },
    Kind {
        kind: EventKind::Reminder,
        name: "Reminders",
        hint: "What you asked to be reminded of.",
        sync: "sync_reminder",
        alert: "alert_reminder",
    },
];

fn alert_in_words(alert: Alert) -> &'static str {
    match alert {
        Alert::Usual => "As my calendar does",
        Alert::Silent => "None",
        Alert::AtStart => "When it starts",
        Alert::Minutes5 => "5 minutes before",
        Alert::Minutes10 => "10 minutes before",
        Alert::Minutes15 => "15 minutes before",
        Alert::Minutes30 => "30 minutes before",
        Alert::Hour => "1 hour before",
        Alert::Day => "1 day before",
    }
}

/// The form of kinds, in the order of [`KINDS`]: whether it is put into the calendar, and the alert as it was sent.
#[derive(Clone, Debug, Default)]
struct Typed([(bool, String); 5]);

impl Typed {
    fn of(wanted: &[(EventKind, Preference)]) -> Self {
        Self(KINDS.map(|Kind { kind, .. }| {
            let said = wanted.iter().find(|(of, _)| *of == kind).map(|(_, said)| *said).unwrap_or_default();
            (said.is_synced, said.alert.as_str().to_owned())
        }))
    }

    fn read(body: &[u8]) -> Result<Self, AppError> {
        let mut typed = Self::default();
        for (name, value) in url::form_urlencoded::parse(body) {
            let row = KINDS.iter().zip(&mut typed.0).find(|(kind, _)| name == kind.sync || name == kind.alert);
            match row {
                Some((kind, row)) if name == kind.alert => row.1 = value.into_owned(),
                // A switch sends one thing, or nothing.
                Some((_, row)) => row.0 = value == "true",
                None => return Err(AppError::unknown_field()),
            }
        }
        Ok(typed)
    }

    fn wanted(&self) -> Result<Vec<(EventKind, Preference)>, AppError> {
        let row = |(kind, (is_synced, said)): (&Kind, &(bool, String))| {
            let alert = Alert::iter().find(|alert| alert.as_str() == said);
            let alert = alert.ok_or_else(|| {
                AppError::invalid(kind.alert, "alert_invalid", "Choose from the list when your calendar alerts you.")
            })?;
            Ok((kind.kind, Preference { is_synced: *is_synced, alert }))
        };
        KINDS.iter().zip(&self.0).map(row).collect()
    }
}

/// The form of reminders.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Own {
    /// Whose reminders new requests start with.
    #[serde(default)]
    whose: String,
    /// Minutes before an interview, separated by commas.
    #[serde(skip)]
    minutes: String,
}

const OF_THE_ORGANISATION: &str = "organisation";
const OF_ONES_OWN: &str = "own";

impl Own {
    fn of(own: Option<&[u32]>, organisation: &[u32]) -> Self {
        let minutes: Vec<String> = own.unwrap_or(organisation).iter().map(u32::to_string).collect();
        let whose = if own.is_some() { OF_ONES_OWN } else { OF_THE_ORGANISATION };
        Self { whose: whose.to_owned(), minutes: minutes.join(",") }
    }

    fn read(body: &[u8]) -> Result<Self, AppError> {
        let is_time = |(name, _): &(Cow<'_, str>, Cow<'_, str>)| name == "reminders[]";
        let (times, others): (Vec<_>, Vec<_>) = url::form_urlencoded::parse(body).partition(is_time);
        let minutes: Vec<&str> = times.iter().map(|(_, value)| &**value).collect();
        Ok(Self { minutes: minutes.join(","), ..form::of_pairs(others)? })
    }

    /// `None` is as the organisation has it, whatever is ticked.
    fn minutes(&self) -> Result<Option<Vec<u32>>, AppError> {
        match self.whose.as_str() {
            OF_THE_ORGANISATION => Ok(None),
            OF_ONES_OWN => reminders::parse(&self.minutes)
                .map(Some)
                .map_err(|error| AppError::invalid("reminders", "reminder_invalid", error.message)),
            _ => Err(AppError::invalid("whose", "reminders_whose", "Choose what your new requests start with.")),
        }
    }
}

/// The page.
#[component]
pub fn NotificationsPage() -> impl IntoView {
    let kinds = use_context::<Attempt<Typed>>();
    let own = use_context::<Attempt<Own>>();
    let news = use_query_map().get_untracked().get("news").filter(|news| news == "saved");
    desk(move |desk: Desk<Member>| async move {
        let (db, me) = (desk.state.store.reader(), desk.me().clone());
        let typed = match &kinds {
            Some(attempt) => attempt.typed.clone(),
            None => Typed::of(&preferences::preferences(db, me.org, me.person).await?),
        };
        let errors = KINDS.iter().map(|kind| wrong(kinds.as_ref(), kind.alert)).collect();
        let target = connections::write_target(db, me.org, me.person).await?;
        let list = connections::of_people(db, me.org, &[me.person]).await?.remove(&me.person).unwrap_or_default();
        let missing = target.is_none().then(|| view! { <NoCalendar is_read=list.iter().any(|one| one.is_usable()) /> });
        let reminders = match me.clone().coordinator() {
            Ok(_) => {
                let organisation = desk.organisation.policies.reminder_minutes.clone();
                let typed = match &own {
                    Some(attempt) => attempt.typed.clone(),
                    None => {
                        let said = preferences::own_reminders(db, me.org, me.person).await?;
                        Own::of(said.as_deref(), &organisation)
                    }
                };
                let (whose, times) = (wrong(own.as_ref(), "whose"), wrong(own.as_ref(), "reminders"));
                Some(view! { <RemindersCard typed organisation whose times /> })
            }
            Err(_) => None,
        };
        let fields: Vec<&str> = KINDS.iter().map(|kind| kind.alert).collect();
        let problem = (problem(kinds.as_ref(), &fields), problem(own.as_ref(), &["whose", "reminders"]));
        let news = news.map(|_| view! { <Toast text="Saved. It counts from now on." dismiss_href=PAGE /> });
        Ok(view! {
            <Frame desk title="Settings" current=Section::Settings>
                <Views current=View::Notifications />
                {problem}
                <div class="stack-lg max-w-3xl">
                    {missing}
                    <KindsCard typed errors />
                    {reminders}
                </div>
                <Toasts>{news}</Toasts>
            </Frame>
        })
    })
}

/// Nothing goes into a calendar, whatever is set here.
#[component]
fn NoCalendar(
    /// One is connected, but not to be written to.
    is_read: bool,
) -> impl IntoView {
    let (title, words, label) = if is_read {
        ("Your calendar is only read", "Nothing is put into it until it may be written to.", "See your calendars")
    } else {
        ("No calendar is connected", "What you set here counts once one of yours is.", "Connect a calendar")
    };
    let link = view! { <LinkButton label href="/settings/calendar" /> };
    view! {
        <Banner tone=Tone::Info title actions=link.into_any()>
            {words}
        </Banner>
    }
}

#[component]
fn KindsCard(typed: Typed, errors: Vec<Option<Wrong>>) -> impl IntoView {
    let rows = KINDS.into_iter().zip(typed.0).zip(errors).map(|((kind, (is_synced, alert)), error)| {
        view! { <KindRow kind is_synced alert error /> }
    });
    let rows = rows.collect_view();
    view! {
        <Card>
            <CardHead
                title="Notifications"
                sub="What is put into your calendar, and when that alerts you. It counts from now on: what stands in your calendar stays there and is kept in step."
            />
            <form method="post" action=PAGE>
                <ul class="rows">{rows}</ul>
                <div class="kinds-acts">
                    <Button label="Save notifications" kind=ButtonKind::Primary />
                </div>
            </form>
        </Card>
    }
}

#[component]
fn KindRow(kind: Kind, is_synced: bool, alert: String, error: Option<Wrong>) -> impl IntoView {
    let choices = Alert::iter().map(|alert| Choice::new(alert.as_str(), alert_in_words(alert))).collect();
    let (name_id, hint_id) = (format!("{}-kind", kind.sync), format!("{}-hint", kind.sync));
    let (labelled, described) = (name_id.clone(), hint_id.clone());
    view! {
        <li>
            <div class="kind" role="group" aria-labelledby=labelled aria-describedby=described>
                <div class="kind-words">
                    <h3 class="h3" id=name_id>{kind.name}</h3>
                    <p class="hint" id=hint_id>{kind.hint}</p>
                </div>
                <div class="kind-choices">
                    <Switch label="Put into my calendar" name=kind.sync checked=is_synced />
                    <SelectField label="Alert" name=kind.alert choices selected=alert error class="kind-alert" />
                </div>
            </div>
        </li>
    }
}

#[component]
fn RemindersCard(typed: Own, organisation: Vec<u32>, whose: Option<Wrong>, times: Option<Wrong>) -> impl IntoView {
    let now = Own::of(None, &organisation).minutes;
    let now: Vec<String> =
        reminder_choices(&now).into_iter().filter(|choice| choice.on).map(|choice| choice.words).collect();
    let now = if now.is_empty() { "Nobody is reminded.".to_owned() } else { format!("{}.", now.join(", ")) };
    let choices = vec![
        (Choice::new(OF_THE_ORGANISATION, "The organisation's reminders"), now),
        (Choice::new(OF_ONES_OWN, "My own"), String::new()),
    ];
    let boxes = reminder_choices(&typed.minutes);
    let times = Signal::stored(times);
    view! {
        <Card attr:id="own-reminders">
            <CardHead
                title="Reminders by mail"
                sub="To the candidate and to whoever interviews. Each request can have others, and those that exist keep theirs."
            />
            <CardBody>
                <form method="post" action="/settings/notifications/reminders#own-reminders" class="stack own-reminders">
                    <RadioGroup legend="New requests of mine start with" name="whose" choices selected=typed.whose error=whose />
                    <Reminders choices=boxes hint="With none ticked, nobody is reminded." error=times />
                    <div>
                        <Button label="Save reminders" kind=ButtonKind::Primary />
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
    let typed = match Typed::read(&body) {
        Ok(typed) => typed,
        Err(error) => return error.into_response(),
    };
    match keep(&state, &member, &typed, origin).await {
        Ok(()) => Redirect::to(&format!("{PAGE}?news=saved")).into_response(),
        Err(error) => again::show(state, parts, Attempt { error, typed }).await,
    }
}

async fn keep(state: &AppState, member: &Member, typed: &Typed, origin: Origin) -> Result<(), AppError> {
    let wanted = typed.wanted()?;
    let txn = state.store.begin().await?;
    preferences::set(&txn, member, &wanted, origin).await?;
    txn.commit().await?;
    Ok(())
}

async fn remind(
    State(state): State<AppState>,
    member: Member,
    origin: Origin,
    parts: Parts,
    RawForm(body): RawForm,
) -> Response {
    let typed = match Own::read(&body) {
        Ok(typed) => typed,
        Err(error) => return error.into_response(),
    };
    match keep_own(&state, member, &typed, origin).await {
        Ok(()) => Redirect::to(&format!("{PAGE}?news=saved#own-reminders")).into_response(),
        Err(error) => again::show_at(PAGE, state, parts, Attempt { error, typed }).await,
    }
}

/// Settings stay open without a calendar: a coordinator's role is enough.
async fn keep_own(state: &AppState, member: Member, typed: &Own, origin: Origin) -> Result<(), AppError> {
    let coordinator = member.coordinator()?;
    let minutes = typed.minutes()?;
    let txn = state.store.begin().await?;
    preferences::set_own_reminders(&txn, &coordinator, minutes.as_deref(), origin).await?;
    txn.commit().await?;
    Ok(())
}
