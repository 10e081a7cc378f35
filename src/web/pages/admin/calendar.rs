//! `/admin/integrations/calendar`: whom people sign in with, whether a calendar has to be connected first, whose consent opens
//! calendars, and when new requests remind. What is allowed for the whole organisation stands below ([`access`](super::access)).

use std::borrow::Cow;

use axum::{
    extract::{RawForm, State},
    http::request::Parts,
    response::{IntoResponse, Redirect, Response},
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use serde::Deserialize;

use super::{
    View, Views,
    access::{self, AccessCards, Withdrawing},
    everybody::{Calendars, EverybodysCalendars},
};
use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    calendars,
    connections::{self, organisation},
    error::AppError,
    people::{
        self, Admin, CalendarAccess, Policies,
        policies::{self, PolicyError},
    },
    requests::draft::reminders,
    state::AppState,
    store::words::Provider,
    web::{
        again::{self, Attempt, problem, wrong},
        components::{
            Button, ButtonKind, Card, CardBody, CardHead, Checkbox, Choice, RadioGroup, Reminders, Section,
            SelectField, Switch, Toast, Toasts, Wrong, described_by, field::wrong_line,
        },
        form,
        pages::staff::{Desk, Frame, desk},
        routes::Routes,
        wording::reminder_choices,
    },
};

pub(super) const PAGE: &str = "/admin/integrations/calendar";

pub fn routes() -> Routes {
    Routes::default().post(PAGE, decide)
}

/// The fields that say themselves what is wrong with them.
const FIELDS: [&str; 5] = ["sign_in", "calendars", "calendar_access", "expiry_grace", "reminders"];

/// The choices of how long what was read counts when a sign-in has expired.
const GRACES: [(u32, &str); 4] = [(0, "No time"), (15, "15 minutes"), (30, "30 minutes"), (60, "1 hour")];

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Decision {
    #[serde(default)]
    sign_in: String,
    #[serde(default)]
    require_calendar: String,
    #[serde(default)]
    one_calendar: String,
    #[serde(default)]
    expiry_grace: String,
    #[serde(default)]
    calendar_access: String,
    /// Whose calendars may be connected, of those that are set up here; `None` if the form has no such field.
    #[serde(skip)]
    calendars: Option<Vec<String>>,
    /// Minutes before an interview, separated by commas; `None` if the form has no such field.
    #[serde(skip)]
    reminders: Option<String>,
}

/// The three ways to sign in, as the form calls them.
const WAYS: [(&str, &str, &[Provider]); 3] = [
    ("both", "Google and Microsoft", &[Provider::Google, Provider::Microsoft]),
    ("google", "Google only", &[Provider::Google]),
    ("microsoft", "Microsoft only", &[Provider::Microsoft]),
];

/// Whose consent opens calendars: as the form calls it, in words, and what it means.
const CONSENTS: [(&str, CalendarAccess, &str, &str); 3] = [
    ("delegated", CalendarAccess::Delegated, "Each person's own", "Everybody connects their calendar themselves."),
    (
        "both",
        CalendarAccess::Both,
        "Their own, or else the organisation's",
        "Who has connected a calendar that works is read by that; everybody else by what is allowed below.",
    ),
    (
        "app_only",
        CalendarAccess::AppOnly,
        "The organisation's only",
        "What people connected is not read. Whose address is not covered below is unknown.",
    ),
];

impl Decision {
    fn read(body: &[u8]) -> Result<Self, AppError> {
        let mut pairs: Vec<(Cow<'_, str>, Cow<'_, str>)> = url::form_urlencoded::parse(body).collect();
        let mut several = |wanted: &str| {
            let said: Vec<String> =
                pairs.extract_if(.., |(name, _)| name == wanted).map(|(_, said)| said.into()).collect();
            (!said.is_empty()).then_some(said)
        };
        let (reminders, calendars) = (several("reminders[]"), several("calendars[]"));
        Ok(Self { reminders: reminders.map(|said| said.join(",")), calendars, ..form::of_pairs(pairs)? })
    }

    fn of(policies: &Policies) -> Self {
        let way = WAYS.iter().find(|(.., providers)| {
            providers.len() == policies.sign_in_providers.len()
                && providers.iter().all(|provider| policies.signs_in(*provider))
        });
        Self {
            sign_in: way.map_or("both", |(word, ..)| word).to_owned(),
            calendar_access: CONSENTS
                .iter()
                .find(|(_, access, ..)| *access == policies.calendar_access)
                .map_or("delegated", |(word, ..)| word)
                .to_owned(),
            require_calendar: if policies.require_calendar { "true".to_owned() } else { String::new() },
            one_calendar: if policies.one_calendar { "true".to_owned() } else { String::new() },
            expiry_grace: policies.expiry_grace_minutes.to_string(),
            calendars: Some(policies.calendar_providers.iter().map(|one| one.as_str().to_owned()).collect()),
            reminders: Some(policies.reminder_minutes.iter().map(u32::to_string).collect::<Vec<_>>().join(",")),
        }
    }

    /// `shown` are the kinds of calendars the form asks about.
    fn policies(&self, before: Policies, shown: &[Provider]) -> Result<Policies, AppError> {
        let way = WAYS.iter().find(|(word, ..)| *word == self.sign_in);
        let (.., providers) = way.ok_or_else(|| {
            AppError::invalid("sign_in", "providers_invalid", "Choose whom your people sign in with.")
        })?;
        // A form of before has no such field: nothing changes.
        let consent = match self.calendar_access.as_str() {
            "" => Some(before.calendar_access),
            said => CONSENTS.iter().find(|(word, ..)| *word == said).map(|(_, access, ..)| *access),
        };
        let calendar_access = consent.ok_or_else(|| {
            AppError::invalid("calendar_access", "calendar_access_invalid", "Choose whose consent opens calendars.")
        })?;
        let reminder_minutes = match &self.reminders {
            None => before.reminder_minutes,
            Some(said) => reminders::parse(said)
                .map_err(|error| AppError::invalid("reminders", "reminder_invalid", error.message))?,
        };
        let expiry_grace_minutes = match self.expiry_grace.as_str() {
            "" => before.expiry_grace_minutes,
            said => GRACES.iter().map(|(minutes, _)| *minutes).find(|minutes| minutes.to_string() == said).ok_or_else(
                || {
                    AppError::invalid(
                        "expiry_grace",
                        "expiry_grace_invalid",
                        "Choose how long what was read last counts.",
                    )
                },
            )?,
        };
        let calendar_providers = match &self.calendars {
            None => before.calendar_providers,
            Some(said) => {
                let ticked = |one: &Provider| said.iter().any(|word| word == one.as_str());
                let mut kept = before.calendar_providers;
                kept.retain(|one| !shown.contains(one));
                kept.extend(shown.iter().copied().filter(ticked));
                kept
            }
        };
        if !shown.iter().any(|one| calendar_providers.contains(one)) {
            return Err(AppError::invalid(
                "calendars",
                "calendars_missing",
                "Leave at least one kind of calendar, or nobody could connect any.",
            ));
        }
        Ok(Policies {
            calendar_access,
            calendar_providers,
            expiry_grace_minutes,
            reminder_minutes,
            sign_in_providers: providers.to_vec(),
            require_calendar: self.require_calendar == "true",
            one_calendar: self.one_calendar == "true",
            ..before
        })
    }
}

#[component]
pub fn CalendarPolicyPage() -> impl IntoView {
    let attempt = use_context::<Attempt<Decision>>();
    let below = use_context::<Attempt<access::Typed>>();
    let query = use_query_map().get_untracked();
    let news = match query.get("news").as_deref() {
        Some("saved") => Some("Saved. It holds from now on."),
        Some("allowed") => Some("Allowed for the whole organisation. One calendar was read to see that it works."),
        Some("withdrawn") => Some("Withdrawn. Nothing is read through it any more."),
        _ => None,
    };
    let withdrawing = query.get("withdraw").and_then(|provider| provider.parse::<calendars::Provider>().ok());
    desk(move |desk: Desk<Admin>| async move {
        let said =
            attempt.as_ref().map_or_else(|| Decision::of(&desk.organisation.policies), |attempt| attempt.typed.clone());
        let wrong = |field: &str| wrong(attempt.as_ref(), field);
        let (wrong_way, wrong_consent) = (wrong("sign_in"), wrong("calendar_access"));
        let (wrong_grace, wrong_kinds) = (wrong("expiry_grace"), wrong("calendars"));
        let kinds = kinds(&desk.state);
        let team = Calendars::load(&desk).await?;
        let graces: Vec<_> = GRACES.iter().map(|(minutes, label)| Choice::new(minutes.to_string(), *label)).collect();
        let wrong_reminder = Signal::stored(wrong("reminders"));
        let choices_of_reminders = reminder_choices(said.reminders.as_deref().unwrap_or_default());
        let problem = (problem(attempt.as_ref(), &FIELDS), problem(below.as_ref(), &access::FIELDS));
        let accesses = organisation::of_org(desk.state.store.reader(), desk.me().org).await?;
        let withdrawing = withdrawing.filter(|provider| accesses.iter().any(|access| access.provider == *provider));
        let consents =
            CONSENTS.iter().map(|(word, _, label, hint)| (Choice::new(*word, *label), (*hint).to_owned())).collect();
        let (mut providers, now) = (desk.state.services.calendars.names(), desk.state.clock.now());
        providers.retain(|provider| *provider != calendars::Provider::Apple);
        let policy = desk.organisation.policies.calendar_access;
        let address = desk.me().contact().map(ToString::to_string);
        let is_set_up = |provider: &Provider| desk.state.config.providers.sign_in.contains(provider);
        let choices = WAYS
            .iter()
            .map(|(word, label, providers)| {
                let missing = providers.iter().any(|provider| !is_set_up(provider));
                let hint = if missing { "Not all of it is set up on this server." } else { "" };
                (Choice::new(*word, *label), hint.to_owned())
            })
            .collect();
        let news = news.map(|text| view! { <Toast text dismiss_href=PAGE /> });
        Ok(view! {
            <Frame desk title="Administration" sub="What holds for everybody of your organisation" current=Section::Admin>
                <Views current=View::Calendars />
                <h2 class="vh">"Calendars"</h2>
                {problem}
                <div class="stack-lg max-w-3xl">
                    <Card>
                        <CardHead title="Policies" />
                        <CardBody>
                            <form method="post" action=PAGE class="stack-lg">
                                <RadioGroup
                                    legend="People sign in with"
                                    name="sign_in"
                                    choices
                                    selected=said.sign_in
                                    error=wrong_way
                                    hint="Who is signed in stays so; calendars of the other provider can still be connected."
                                />
                                <Kinds kinds ticked=said.calendars.unwrap_or_default() error=wrong_kinds />
                                <RadioGroup
                                    legend="Whose consent opens calendars"
                                    name="calendar_access"
                                    choices=consents
                                    selected=said.calendar_access
                                    error=wrong_consent
                                />
                                <Switch
                                    label="A connected calendar is required"
                                    name="require_calendar"
                                    checked=said.require_calendar == "true"
                                    hint="Coordinators see requests and the dashboard only while their own calendar is connected, and are asked to connect it again when access was withdrawn."
                                />
                                <Switch
                                    label="One calendar account each"
                                    name="one_calendar"
                                    checked=said.one_calendar == "true"
                                    hint="Who connects another account is asked first, and the one before is disconnected then. What is connected already stays."
                                />
                                <SelectField
                                    label="When a sign-in expires, what was read last counts for"
                                    name="expiry_grace"
                                    choices=graces
                                    selected=said.expiry_grace
                                    error=wrong_grace
                                    hint="Time for its owner to reconnect before their times are left out. A time that is booked with what was read more than 5 minutes ago is held until they did."
                                />
                                <input type="hidden" name="reminders[]" value="" />
                                <Reminders
                                    choices=choices_of_reminders
                                    hint="What new requests start with: a mail to the candidate and to whoever interviews."
                                    error=wrong_reminder
                                />
                                <div>
                                    <Button label="Save" kind=ButtonKind::Primary />
                                </div>
                            </form>
                        </CardBody>
                    </Card>
                    <AccessCards providers accesses policy address attempt=below now />
                    <EverybodysCalendars team now />
                </div>
                <Withdrawing provider=withdrawing />
                <Toasts>{news}</Toasts>
            </Frame>
        })
    })
}

/// Whose calendars people may connect.
#[component]
fn Kinds(kinds: Vec<Provider>, ticked: Vec<String>, error: Option<Wrong>) -> impl IntoView {
    let boxes = kinds.into_iter().map(|kind| {
        let checked = ticked.iter().any(|word| word == kind.as_str());
        view! { <Checkbox label=connections::known(kind).label() name="calendars[]" value=kind.as_str() checked /> }
    });
    let described = described_by("calendars", true, error.is_some());
    view! {
        <fieldset class="field" aria-describedby=described>
            <legend class="label">"Calendars people may connect"</legend>
            <p class="hint" id="calendars-hint">"What is connected already stays connected."</p>
            // A form without any tick says so too.
            <input type="hidden" name="calendars[]" value="" />
            <div class="check-list">{boxes.collect_view()}</div>
            {wrong_line("calendars", error)}
        </fieldset>
    }
    .into_any()
}

async fn decide(
    State(state): State<AppState>,
    admin: Admin,
    origin: Origin,
    parts: Parts,
    RawForm(body): RawForm,
) -> Response {
    let decision = match Decision::read(&body) {
        Ok(decision) => decision,
        Err(error) => return error.into_response(),
    };
    match keep(&state, &admin, &decision, origin).await {
        Ok(()) => Redirect::to(&format!("{PAGE}?news=saved")).into_response(),
        Err(error) => again::show(state, parts, Attempt { error, typed: decision }).await,
    }
}

/// The kinds of calendars that are set up here.
fn kinds(state: &AppState) -> Vec<Provider> {
    state.services.calendars.names().into_iter().map(connections::stored).collect()
}

async fn keep(state: &AppState, admin: &Admin, decision: &Decision, origin: Origin) -> Result<(), AppError> {
    let me = admin.member();
    let txn = state.store.begin().await?;
    let before = people::organisation(&*txn, me.org).await?.policies;
    let policies = decision.policies(before, &kinds(state))?;
    let is_given = !organisation::of_org(&*txn, me.org).await?.is_empty();
    if policies.calendar_access == CalendarAccess::AppOnly && !is_given {
        return Err(AppError::invalid(
            "calendar_access",
            "access_missing",
            "Nothing is allowed for the organisation yet, so nobody's calendar could be read. Allow it below first.",
        ));
    }
    policies::set(&txn, admin, &policies).await?;
    audit::record(
        &txn,
        AuditEntry {
            org: me.org,
            actor: Actor::Person(me.person),
            action: "organisation.policies_set",
            subject: me.org.to_string(),
            detail: serde_json::json!(policies),
            origin,
        },
    )
    .await?;
    txn.commit().await?;
    Ok(())
}

impl From<PolicyError> for AppError {
    fn from(error: PolicyError) -> Self {
        match error {
            PolicyError::LocksOut => Self::invalid(
                "sign_in",
                "would_lock_out",
                "You sign in with another provider yourself and could not come back. Have an administrator of the other one decide it.",
            ),
            PolicyError::Store(error) => error.into(),
        }
    }
}
