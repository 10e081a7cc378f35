//! `/interviewers`: who is in the organisation and how their calendars stand; asking somebody to connect one.

use std::collections::{BTreeMap, HashMap};

use axum::{extract::State, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Caller, Once, Reply,
    body::Body,
    caller::{InterviewersRead, InterviewersWrite},
    paging::Params,
    words::Instant,
};
use crate::{
    connections::{self, Connection},
    error::AppError,
    ids::{ConnectionId, Email, NotA, OrgId, PersonId, PersonName, RequestId},
    invitations::{
        self, Invitation,
        ask::{self, Ask, Outcome},
    },
    people::{self, Person},
    state::AppState,
    store::words::{ConnectionStatus, Provider, Role},
    web::routes::Routes,
};

pub fn routes() -> Routes {
    Routes::default().get("/api/v1/interviewers", list_all).post("/api/v1/interviewers", invite)
}

/// Somebody of the organisation, and what is known of their time.
#[derive(Serialize, ToSchema)]
pub struct InterviewerView {
    pub id: PersonId,
    pub name: String,
    pub email: Option<String>,
    pub role: Role,
    /// IANA name; `null` while nobody knows where they live.
    pub zone: Option<String>,
    /// Calendars they connected, also those that need them again. Disconnected ones are left out.
    pub connections: Vec<ConnectionRef>,
    /// The invitation that waits for their answer.
    pub invitation: Option<InvitationView>,
}

#[derive(Serialize, ToSchema)]
pub struct ConnectionRef {
    pub id: ConnectionId,
    pub provider: Provider,
    pub status: ConnectionStatus,
    pub last_synced_at: Option<Instant>,
}

#[derive(Serialize, ToSchema)]
pub struct InvitationView {
    pub sent_at: Instant,
    pub expires_at: Instant,
}

#[derive(Serialize, ToSchema)]
pub struct InterviewerList {
    pub interviewers: Vec<InterviewerView>,
    /// `cursor` of the next page, if there is one.
    pub next_cursor: Option<String>,
}

fn view(
    person: Person,
    connections: &mut HashMap<PersonId, Vec<Connection>>,
    invitations: &BTreeMap<PersonId, Invitation>,
) -> InterviewerView {
    let theirs = connections.remove(&person.id).unwrap_or_default();
    let connected = theirs.into_iter().filter(|one| one.status != ConnectionStatus::Inactive);
    let waiting = invitations.get(&person.id).filter(|one| one.is_pending());
    InterviewerView {
        id: person.id,
        email: person.contact().map(ToString::to_string),
        role: person.role,
        zone: person.zone.map(|zone| zone.name().to_owned()),
        connections: connected
            .map(|one| ConnectionRef {
                id: one.id,
                provider: connections::stored(one.provider),
                status: one.status,
                last_synced_at: one.last_synced_at.map(Into::into),
            })
            .collect(),
        invitation: waiting
            .map(|one| InvitationView { sent_at: one.sent_at.into(), expires_at: one.expires_at.into() }),
        name: person.name,
    }
}

async fn views(state: &AppState, org: OrgId, found: Vec<Person>) -> Result<Vec<InterviewerView>, AppError> {
    let db = state.store.reader();
    let ids: Vec<PersonId> = found.iter().map(|person| person.id).collect();
    let mut connections = connections::of_people(db, org, &ids).await?;
    let invitations = invitations::of_people(db, org, &ids).await?;
    Ok(found.into_iter().map(|person| view(person, &mut connections, &invitations)).collect())
}

/// List interviewers
///
/// Everybody who could be on a panel, coordinators and administrators too, in the order in which they came.
#[utoipa::path(
    get, path = "/api/v1/interviewers", tag = "interviewers",
    params(
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "Entries of a page; 50 unless said."),
        ("cursor" = Option<String>, Query, pattern = "^per_[0-9a-f]{32}$", description = "`next_cursor` of the page before."),
    ),
    responses((status = 200, description = "A page of people.", body = InterviewerList)),
)]
pub async fn list_all(
    State(state): State<AppState>,
    caller: Caller<InterviewersRead>,
    params: Params,
) -> Result<Reply, AppError> {
    params.only(&["limit", "cursor"])?;
    let page = params.page::<PersonId>()?;
    let found = people::team_after(state.store.reader(), caller.org, page.after, page.limit + 1).await?;
    let (found, next_cursor) = page.cut(found, |person| person.id);
    Ok(Reply::ok(&InterviewerList { interviewers: views(&state, caller.org, found).await?, next_cursor }))
}

/// Somebody is asked to connect their calendar, or to give times.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInterviewer {
    #[schema(format = Email)]
    pub email: String,
    /// Used if nobody has this address yet; made of the address unless said.
    #[schema(min_length = 1, max_length = 80)]
    pub name: Option<String>,
    /// The request that makes you ask; the mail names it.
    pub request: Option<RequestId>,
}

#[derive(Serialize, ToSchema)]
pub struct Invited {
    pub interviewer: InterviewerView,
    pub outcome: InvitedHow,
}

#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InvitedHow {
    /// A mail with a link of their own is on its way.
    Invited,
    /// They have an account here: a mail asks them to sign in and connect.
    AskedToSignIn,
}

/// Invite an interviewer
///
/// Mails them. An invitation that waits already is mailed again and works for another fourteen days.
#[utoipa::path(
    post, path = "/api/v1/interviewers", tag = "interviewers",
    request_body = NewInterviewer,
    responses((status = 201, description = "They are asked.", body = Invited)),
)]
pub async fn invite(
    State(state): State<AppState>,
    caller: Caller<InterviewersWrite>,
    once: Once,
    Body { read, sent }: Body<NewInterviewer>,
) -> Response {
    let act = {
        let (state, caller) = (state.clone(), caller.clone());
        async move {
            let email: Email = read.email.parse().map_err(|error| match error {
                NotA::EmailTooLong => AppError::invalid("email", "email_too_long", "This address is too long."),
                _ => AppError::invalid("email", "email_invalid", "This is not one e-mail address."),
            })?;
            let name: Option<PersonName> = read.name.as_deref().map(str::parse).transpose().map_err(|error| {
                let code = match error {
                    NotA::NameTooLong => "name_too_long",
                    NotA::NameMissing => "name_required",
                    _ => "name_control_chars",
                };
                AppError::invalid("name", code, "A name has 1 to 80 visible characters.")
            })?;
            let wanted = Ask { email: email.clone(), name, role: Role::Interviewer, request: read.request };
            let outcome = ask::ask(&state, &caller.coordinator, &wanted, &caller.origin).await?;
            let found = people::by_emails(state.store.reader(), caller.org, &[email]).await?;
            let interviewer = views(&state, caller.org, found).await?.pop().ok_or_else(AppError::not_found)?;
            let outcome = match outcome {
                Outcome::Invited(_) => InvitedHow::Invited,
                Outcome::AskedToSignIn => InvitedHow::AskedToSignIn,
            };
            Ok(Reply::created(&Invited { interviewer, outcome }))
        }
    };
    once.carry_out(&state, &caller, &sent, act).await
}
