//! Apple's app-specific passwords, where it says calendars are, and the objects in them as they are stored.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State as Shared};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Refusal, read};
use crate::world::objects::Component;
use crate::world::{Provider, World};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountQuery {
    account: Option<String>,
}

/// The app-specific passwords of one account, or of all.
pub async fn passwords(
    Shared(world): Shared<World>,
    query: Result<Query<AccountQuery>, QueryRejection>,
) -> Result<Json<Value>, Refusal> {
    let Query(AccountQuery { account }) = query.map_err(|error| Refusal::wrong(error.body_text()))?;
    let known = account.as_deref().map(|email| known(&world, email)).transpose()?;
    Ok(shown(&world, known.as_deref()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewPassword {
    account: String,
}

/// One more password, as the person would have one made.
pub async fn add_password(Shared(world): Shared<World>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let NewPassword { account } = read(&body)?;
    let account = known(&world, &account)?;
    let made = world.lock().new_app_password(&account);
    made.map(|password| Json(json!(password)))
        .ok_or_else(|| Refusal::wrong("25 app-specific passwords may live at once."))
}

/// Revokes the passwords of one account, or all there are.
pub async fn revoke_passwords(
    Shared(world): Shared<World>,
    query: Result<Query<AccountQuery>, QueryRejection>,
) -> Result<Json<Value>, Refusal> {
    let Query(AccountQuery { account }) = query.map_err(|error| Refusal::wrong(error.body_text()))?;
    let known = account.as_deref().map(|email| known(&world, email)).transpose()?;
    world.lock().revoke_app_passwords(known.as_deref());
    Ok(shown(&world, known.as_deref()))
}

fn known(world: &World, email: &str) -> Result<String, Refusal> {
    let missing = || Refusal::new(StatusCode::NOT_FOUND, format!("There is no Apple account {email}."));
    let state = world.lock();
    Ok(state.account_of(Provider::Apple, email).ok_or_else(missing)?.email.clone())
}

fn shown(world: &World, account: Option<&str>) -> Json<Value> {
    let state = world.lock();
    let wanted = state.app_passwords.iter().filter(|one| account.is_none_or(|account| account == one.account));
    Json(json!({ "passwords": wanted.collect::<Vec<_>>() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Home {
    url: Option<String>,
}

/// Where accounts are told their calendars are; null for the second port.
pub async fn home(Shared(world): Shared<World>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let Home { url } = read(&body)?;
    let is_origin = |url: &String| url::Url::parse(url).is_ok_and(|parsed| parsed.has_host() && parsed.path() == "/");
    if url.as_ref().is_some_and(|url| !is_origin(url)) {
        return Err(Refusal::wrong("url must be an origin such as http://127.0.0.1:3905, or null."));
    }
    let url = url.map(|url| url.trim_end_matches('/').to_owned());
    world.lock().apple_home.clone_from(&url);
    Ok(Json(json!({ "url": url.unwrap_or_else(|| world.apple_partition_url()) })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectsQuery {
    account: Option<String>,
    calendar: Option<String>,
    uid: Option<String>,
}

/// Stored objects, as they are.
pub async fn objects(
    Shared(world): Shared<World>,
    query: Result<Query<ObjectsQuery>, QueryRejection>,
) -> Result<Json<Value>, Refusal> {
    let Query(query) = query.map_err(|error| Refusal::wrong(error.body_text()))?;
    let owner = query.account.as_deref().map(|email| known(&world, email)).transpose()?;
    let state = world.lock();
    let calendars = state.shelves.keys().filter_map(|id| state.calendars.get(id));
    let calendars = calendars
        .filter(|calendar| owner.as_ref().is_none_or(|owner| *owner == calendar.owner))
        .filter(|calendar| query.calendar.as_ref().is_none_or(|id| *id == calendar.id || *id == calendar.name));
    let mut objects = Vec::new();
    for calendar in calendars {
        let wanted = state.objects_in(&calendar.id).filter(|one| query.uid.as_ref().is_none_or(|uid| *uid == one.uid));
        objects.extend(wanted.map(|object| {
            json!({
                "owner": calendar.owner,
                "calendar": calendar.id,
                "calendar_name": calendar.name,
                "name": object.name,
                "uid": object.uid,
                "etag": crate::apple::etag(object.version, false),
                "version": object.version,
                "updated": object.updated,
                "ics": object.calendar.write(),
            })
        }));
    }
    Ok(Json(json!({ "objects": objects })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewObject {
    account: String,
    /// Id or name; without one the main calendar.
    calendar: Option<String>,
    /// The resource's name.
    name: String,
    ics: String,
}

/// Stores an object as it is, as if another device had; nobody is invited.
pub async fn put_object(Shared(world): Shared<World>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let NewObject { account, calendar, name, ics } = read(&body)?;
    let owner = known(&world, &account)?;
    let content = Component::parse(&ics).map_err(|error| Refusal::wrong(format!("ics: {error}.")))?;
    let mut state = world.lock();
    let own = state.calendars_of(&owner);
    let chosen = own.into_iter().find(|known| match &calendar {
        None => known.primary,
        Some(wanted) => *wanted == known.id || *wanted == known.name,
    });
    let id = chosen.map(|calendar| calendar.id.clone());
    let id = id.ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, format!("{owner} has no such calendar.")))?;
    let object = state.put_object(&id, &name, content);
    let (etag, uid) = (crate::apple::etag(object.version, false), object.uid.clone());
    Ok(Json(json!({ "calendar": id, "name": name, "uid": uid, "etag": etag })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectPlace {
    calendar: String,
    name: String,
}

/// Deletes an object, as if another device had; nobody is told.
pub async fn delete_object(
    Shared(world): Shared<World>,
    query: Result<Query<ObjectPlace>, QueryRejection>,
) -> Result<Json<Value>, Refusal> {
    let Query(ObjectPlace { calendar, name }) = query.map_err(|error| Refusal::wrong(error.body_text()))?;
    let removed = world.lock().remove_object(&calendar, &name);
    let missing = || Refusal::new(StatusCode::NOT_FOUND, format!("There is no {name} in {calendar}."));
    removed.map(|object| Json(json!({ "uid": object.uid }))).ok_or_else(missing)
}
