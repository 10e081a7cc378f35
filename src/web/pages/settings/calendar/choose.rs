//! What is read of an account, and into which of its calendars interviews are put: the lower half of its card, and the form behind
//! it.

use axum::{
    extract::{Path, RawForm, State},
    http::{HeaderMap, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use leptos::prelude::*;

use super::PAGE;
use crate::{
    audit::Origin,
    calendars::Provider,
    connections::{
        Connection, Need,
        choice::{self, Calendar, Choice, ChoiceError, Target},
        connect::Wish,
    },
    error::AppError,
    ids::CalendarId,
    people::Member,
    sign_in::{self, Purpose, attempts::BrowserToken, return_to::ReturnTo},
    state::AppState,
    store::words::AccessLevel,
    web::{
        again::{self, Attempt, wrong},
        components::{Button, ButtonKind, Checkbox, SelectField, select::Choice as Option_},
        pages::providers::ProviderForm,
        routes::{Routes, auth::leave_for},
        session::cookies,
    },
};

/// Value of the choice for a calendar of our own.
const OURS: &str = "ours";

pub fn routes() -> Routes {
    Routes::default().post("/settings/calendar/{provider}", save)
}

/// What was ticked, for the page that shows it again.
#[derive(Clone, Debug)]
pub struct Ticked {
    provider: Provider,
    read: Vec<String>,
    target: String,
}

impl Ticked {
    fn parse(provider: Provider, body: &[u8]) -> Result<Self, AppError> {
        let (mut read, mut target) = (Vec::new(), None);
        for (name, value) in url::form_urlencoded::parse(body) {
            match (&*name, value) {
                ("read[]", id) => read.push(id.into_owned()),
                ("target", id) if target.is_none() => target = Some(id.into_owned()),
                _ => return Err(AppError::unknown_field()),
            }
        }
        Ok(Self { provider, read, target: target.unwrap_or_default() })
    }

    fn choice(&self) -> Result<Choice, ChoiceError> {
        let id = |text: &String| text.parse::<CalendarId>().map_err(|_| ChoiceError::UnknownCalendar);
        let target = match self.target.as_str() {
            "" => Target::AsBefore,
            OURS => Target::Ours,
            _ => Target::Calendar(id(&self.target)?),
        };
        Ok(Choice { read: self.read.iter().map(id).collect::<Result<_, _>>()?, target })
    }
}

/// The form. Nothing for an account that cannot be asked.
#[component]
pub fn Choose(
    connection: Connection,
    calendars: Vec<Calendar>,
    /// Whether its owner arranges interviews.
    writes: bool,
    /// The permission for a calendar of our own was given a moment ago, at this wish.
    wants_ours: bool,
) -> impl IntoView {
    let provider = connection.provider;
    let attempt = use_context::<Attempt<Ticked>>().filter(|attempt| attempt.typed.provider == provider);
    let typed = attempt.as_ref().map(|attempt| attempt.typed.clone());
    let is_ticked = |calendar: &Calendar| match &typed {
        Some(typed) => typed.read.contains(&calendar.id.to_string()),
        None => calendar.is_read,
    };
    let lines = calendars.iter().filter(|calendar| !calendar.is_ours).map(|calendar| {
        view! {
            <Checkbox
                label=calendar.name.clone()
                name="read[]"
                value=calendar.id.to_string()
                checked=is_ticked(calendar)
                hint=access_in_words(calendar)
                mark=dot(&calendar.colour)
            />
        }
    });
    let lines = lines.collect_view();
    let ours = calendars.iter().find(|calendar| calendar.is_ours && calendar.is_listed);
    // It does not change what is read: its entries are interviews, which count anyhow.
    let ours_read = ours.filter(|calendar| calendar.is_read).map(|calendar| {
        view! { <input type="hidden" name="read[]" value=calendar.id.to_string() /> }
    });
    let more = (!connection.can(Need::ListCalendars)).then(|| {
        let hint = format!("{} asks you once more, for the list of your calendars.", account_at(provider));
        view! {
            <div class="stack-sm">
                <ProviderForm provider purpose="connect" wish="choose" return_to=PAGE>
                    <Button label="Choose among more calendars" />
                </ProviderForm>
                <p class="hint">{hint}</p>
            </div>
        }
    });
    let target = (writes && connection.can(Need::WriteEvents)).then(|| {
        let mut options: Vec<Option_> = Vec::new();
        if !connection.is_primary {
            options.push(Option_::new("", "Not into this account"));
        }
        options.extend(calendars.iter().filter(|one| one.is_writable() || one.is_write_target).map(|one| {
            let name = match (one.is_main(), one.is_listed) {
                (_, false) => format!("{} (no longer there)", one.name),
                (true, true) => format!("{} (primary)", one.name),
                (false, true) => one.name.clone(),
            };
            Option_::new(one.id.to_string(), name)
        }));
        if ours.is_none() {
            options.push(Option_::new(OURS, "Convene (a calendar of its own)"));
        }
        let chosen = calendars.iter().find(|one| one.is_write_target && connection.is_primary);
        let selected = match &typed {
            Some(typed) => typed.target.clone(),
            None if wants_ours => ours.map_or_else(|| OURS.to_owned(), |ours| ours.id.to_string()),
            None => chosen.map(|one| one.id.to_string()).unwrap_or_default(),
        };
        let error = wrong(attempt.as_ref(), "target");
        let hint = if connection.is_primary {
            "Those that are booked already stay where they are. Convene never changes anything it did not create."
        } else {
            "Interviews go into another account of yours. Choose a calendar here to have them put into it from now on."
        };
        let (id, label) = (format!("target-{provider}"), "Put interviews in");
        view! { <SelectField id label name="target" choices=options selected hint error /> }
    });
    let none = wrong(attempt.as_ref(), "read");
    let (legend_id, error_id) = (format!("read-{provider}"), format!("read-{provider}-error"));
    let read_legend = legend_id.clone();
    let described = none.as_ref().map(|_| error_id.clone());
    let none = none.map(|wrong| {
        view! { <p class="error" id=error_id data-code=wrong.code.to_string()>{wrong.sentence.to_string()}</p> }
    });
    view! {
        <form method="post" action=format!("/settings/calendar/{provider}#{provider}") class="calendar-choice">
            <fieldset class="field" aria-labelledby=read_legend aria-describedby=described>
                <legend class="label" id=legend_id>"Read busy times from"</legend>
                <p class="hint">"Only when you are busy, never what it is."</p>
                <div class="check-list">{lines} {ours_read}</div>
                {none}
            </fieldset>
            <div class="stack">{target}</div>
            <div class="form-acts">
                <Button label="Save calendars" kind=ButtonKind::Secondary />
            </div>
        </form>
        {more}
    }
    .into_any()
}

fn account_at(provider: Provider) -> &'static str {
    match provider {
        Provider::Google => "Google",
        Provider::Microsoft => "Microsoft",
        Provider::Apple => "Apple",
    }
}

/// The calendar's own colour, as its owner knows it.
fn dot(colour: &str) -> AnyView {
    // A shape's attribute, as the page's policy allows no style of its own for an element.
    let fill = if colour.is_empty() { "currentColor".to_owned() } else { colour.to_owned() };
    view! {
        <svg class="calendar-dot" viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
            <circle cx="6" cy="6" r="6" fill=fill />
        </svg>
    }
    .into_any()
}

fn access_in_words(calendar: &Calendar) -> &'static str {
    if !calendar.is_listed {
        return "No longer in this account. Untick it, or nobody knows when you are free.";
    }
    match calendar.access {
        AccessLevel::FreeBusy => "Shared with you: free and busy only",
        AccessLevel::Read => "Can be read",
        AccessLevel::Write => "Shared with you: can be changed",
        AccessLevel::Own => "Yours",
    }
}

async fn save(
    State(state): State<AppState>,
    Path(provider): Path<String>,
    member: Member,
    origin: Origin,
    headers: HeaderMap,
    parts: Parts,
    RawForm(body): RawForm,
) -> Result<Response, AppError> {
    let provider: Provider = provider.parse().map_err(|_| AppError::not_found())?;
    let typed = Ticked::parse(provider, &body)?;
    let outcome = match typed.choice() {
        Ok(choice) => keep(&state, &member, provider, choice, &origin).await,
        Err(error) => Err(error),
    };
    match outcome {
        Ok(()) => Ok(Redirect::to("/settings/calendar?news=chosen").into_response()),
        Err(ChoiceError::PermissionMissing(Need::MakeCalendars)) => {
            let purpose = Purpose::Connect(&member, Wish::OwnCalendar);
            let back = ReturnTo::parse(&format!("{PAGE}?own={provider}"));
            let browser = BrowserToken::from_cookies(cookies(&headers));
            let begun = sign_in::begin(&state.services, provider, purpose, &back, browser, None).await?;
            Ok(leave_for(&begun.authorize_url, &begun.browser_cookie))
        }
        Err(error) => {
            let error = AppError::from(error);
            Ok(again::show_at(PAGE, state, parts, Attempt { error, typed }).await)
        }
    }
}

/// On a task of its own: a browser that goes away must not leave a calendar that was made and is not known. What is read is kept
/// even if permission for a calendar of our own has to be asked for first.
async fn keep(
    state: &AppState,
    member: &Member,
    provider: Provider,
    choice: Choice,
    origin: &Origin,
) -> Result<(), ChoiceError> {
    let (services, member, origin) = (state.services.clone(), member.clone(), origin.clone());
    let keeping = tokio::spawn(async move {
        let outcome = choice::choose(&services, &member, provider, &choice, &origin).await;
        if matches!(outcome, Err(ChoiceError::PermissionMissing(Need::MakeCalendars))) {
            let read = Choice { target: Target::AsBefore, ..choice };
            choice::choose(&services, &member, provider, &read, &origin).await?;
        }
        outcome
    });
    match keeping.await {
        Ok(outcome) => outcome,
        Err(error) => {
            tracing::error!(%error, "keeping a choice broke off");
            Err(ChoiceError::Store(crate::store::StoreError::Closed))
        }
    }
}

impl From<ChoiceError> for AppError {
    fn from(error: ChoiceError) -> Self {
        let (code, sentence) = (error.code(), error.to_string());
        match error {
            ChoiceError::Store(error) => error.into(),
            ChoiceError::NothingRead | ChoiceError::UnknownCalendar => Self::invalid("read", code, sentence),
            ChoiceError::ReadOnly => Self::invalid("target", code, sentence),
            ChoiceError::PermissionMissing(_) => Self::new(403, code, sentence).hint("Reconnect and allow it."),
            ChoiceError::NotMade(_) => Self::new(502, code, sentence)
                .hint("Nothing was changed. Try again in a minute, or choose another calendar."),
            ChoiceError::NotConnected => Self::new(409, code, sentence).hint("Connect it first."),
        }
    }
}
