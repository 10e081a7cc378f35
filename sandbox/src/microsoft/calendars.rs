//! `/me`, `/me/calendars` and what hangs on the mailbox itself.

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::ask::{Ask, Named, Permission};
use super::errors::GraphError;
use super::schema::{CALENDAR, json_body};
use super::zones::Zone;
use super::{ids, mailbox, render};
use crate::world::Calendar;

/// GET /me
pub async fn me(ask: Ask) -> Result<Response, GraphError> {
    ask.allow(Permission::UserRead)?;
    let account = &ask.account;
    let mut user = json!({
        "@odata.context": ask.context("users/$entity"),
        "businessPhones": [],
        "displayName": account.name,
        "givenName": account.given_name,
        "jobTitle": account.job_title,
        "mail": account.email,
        "mobilePhone": null,
        "officeLocation": null,
        "preferredLanguage": if ask.is_work() { json!("en-GB") } else { Value::Null },
        "surname": account.family_name,
        "userPrincipalName": account.email,
        "id": if ask.is_work() { account.subject.clone() } else { personal_id(&account.subject) },
    });
    user = ask.options.selected(user);
    Ok(ask.json(StatusCode::OK, &user))
}

/// A personal account's Graph id is the short form of its object id.
fn personal_id(subject: &str) -> String {
    subject.rsplitn(3, '-').take(2).collect::<Vec<_>>().into_iter().rev().collect()
}

/// GET /me/mailboxSettings
pub async fn settings(ask: Ask) -> Result<Response, GraphError> {
    ask.allow(Permission::MailboxSettingsRead)?;
    let zone = Zone::of_mailbox(ask.account.zone).name;
    let settings = json!({
        "@odata.context": ask.user_context("mailboxSettings"),
        "timeZone": zone,
        "dateFormat": "dd/MM/yyyy",
        "timeFormat": "HH:mm",
        "language": { "locale": "en-GB", "displayName": "English (United Kingdom)" },
        "workingHours": working_hours(&zone),
    });
    Ok(ask.json(StatusCode::OK, &ask.options.selected(settings)))
}

/// When every seeded person works.
pub fn working_hours(zone: &str) -> Value {
    json!({
        "daysOfWeek": ["monday", "tuesday", "wednesday", "thursday", "friday"],
        "startTime": "09:00:00.0000000",
        "endTime": "17:00:00.0000000",
        "timeZone": { "name": zone },
    })
}

/// GET /me/calendars, and the same below /users/{user}
pub async fn list(ask: Ask) -> Result<Response, GraphError> {
    ask.allow(Permission::CalendarsReadBasic)?;
    let calendars: Vec<Value> = {
        let state = ask.world.lock();
        state.calendars_of(&ask.account.email).into_iter().map(|one| render::calendar(one, &ask.account)).collect()
    };
    Ok(ask.json(StatusCode::OK, &ask.options.collection(&ask, ask.user_context("calendars"), calendars)))
}

/// GET /me/calendar, and the same below /users/{user}
pub async fn default(ask: Ask) -> Result<Response, GraphError> {
    ask.allow(Permission::CalendarsReadBasic)?;
    let calendar = {
        let state = ask.world.lock();
        render::calendar(mailbox::default_calendar(&state, &ask.account)?, &ask.account)
    };
    Ok(ask.json(StatusCode::OK, &ask.options.selected(entity(&ask, calendar))))
}

/// GET /me/calendars/{id}, and the same below /users/{user}
pub async fn get(ask: Ask, Path(Named { id }): Path<Named>) -> Result<Response, GraphError> {
    ask.allow(Permission::CalendarsReadBasic)?;
    let calendar = {
        let state = ask.world.lock();
        render::calendar(mailbox::calendar(&state, &ask.account, &id)?, &ask.account)
    };
    Ok(ask.json(StatusCode::OK, &ask.options.selected(entity(&ask, calendar))))
}

/// POST /me/calendars
pub async fn create(ask: Ask, body: Bytes) -> Result<Response, GraphError> {
    ask.allow(Permission::CalendarsReadWrite)?;
    let body = json_body(&body)?;
    CALENDAR.check(&body)?;
    let name = body["name"].as_str().map(str::trim).filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| GraphError::cannot("The calendar needs a name."))?.to_owned();
    let mut state = ask.world.lock();
    refuse_duplicate(&state, &ask, &name)?;
    let mut extra = Map::new();
    if let Some(color) = body.get("color") {
        extra.insert("color".into(), color.clone());
    }
    let (owner, zone) = (ask.account.email.clone(), ask.account.zone);
    let version = state.next_version();
    let calendar = Calendar { id: ids::calendar(), owner, name, zone, primary: false, version, extra };
    let shown = render::calendar(&calendar, &ask.account);
    state.calendars.insert(calendar.id.clone(), calendar);
    drop(state);
    Ok(ask.json(StatusCode::CREATED, &entity(&ask, shown)))
}

/// PATCH /me/calendars/{id}
pub async fn update(ask: Ask, Path(id): Path<String>, body: Bytes) -> Result<Response, GraphError> {
    ask.allow(Permission::CalendarsReadWrite)?;
    let body = json_body(&body)?;
    CALENDAR.check(&body)?;
    let mut state = ask.world.lock();
    let mut calendar = mailbox::calendar(&state, &ask.account, &id)?.clone();
    if let Some(name) = body["name"].as_str().filter(|name| *name != calendar.name) {
        refuse_duplicate(&state, &ask, name)?;
        name.clone_into(&mut calendar.name);
    }
    if let Some(color) = body.get("color") {
        calendar.extra.insert("color".into(), color.clone());
    }
    calendar.version = state.next_version();
    let shown = render::calendar(&calendar, &ask.account);
    state.calendars.insert(id, calendar);
    drop(state);
    Ok(ask.json(StatusCode::OK, &entity(&ask, shown)))
}

/// DELETE /me/calendars/{id}
pub async fn delete(ask: Ask, Path(id): Path<String>) -> Result<Response, GraphError> {
    ask.allow(Permission::CalendarsReadWrite)?;
    let mut state = ask.world.lock();
    if mailbox::calendar(&state, &ask.account, &id)?.primary {
        return Err(GraphError::bad("ErrorDeleteDistinguishedFolder", "Distinguished folders cannot be deleted."));
    }
    state.remove_calendar(&id);
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn refuse_duplicate(state: &crate::world::State, ask: &Ask, name: &str) -> Result<(), GraphError> {
    let taken = state.calendars_of(&ask.account.email).iter().any(|calendar| calendar.name.eq_ignore_ascii_case(name));
    if taken {
        let message = "A folder with the specified name already exists.";
        return Err(GraphError::new(StatusCode::CONFLICT, "ErrorFolderExists", message));
    }
    Ok(())
}

fn entity(ask: &Ask, mut calendar: Value) -> Value {
    calendar["@odata.context"] = json!(ask.user_context("calendars/$entity"));
    calendar
}
