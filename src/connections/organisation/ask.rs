//! Asking through an organisation's access: everybody in one question, by one process at a time, and nobody while the provider
//! wants to be left alone. The same rules as for a person's own account ([`crate::connections::busy`]).

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter,
    sea_query::{Expr, SimpleExpr},
};
use serde_json::json;
use tokio::{sync::oneshot, task::JoinSet, time::Instant};

use super::{
    Access,
    busy::{forget_all, reads, store},
    in_org, rows,
    tokens::{TokenError, token},
};
use crate::{
    audit::{self, Actor, AuditEntry, Origin},
    calendars::{AccessToken, Account, CalendarError, Colleague, Provider, oauth::OAuthError},
    connections::{
        ProviderClient, Services,
        busy::{DEADLINE, LOOK_EVERY, UnknownReason, read::Read, turn},
        stored,
    },
    ids::{PersonId, random_bytes},
    scheduling::interval::{Interval, normalise},
    store::{Stamp, StoreError, words::AccessStatus},
};

/// "Last read" is not written more often than this.
const READ_EVERY: TimeDelta = TimeDelta::minutes(1);
/// Colleagues asked as themselves at the same time.
const SIDE_BY_SIDE: usize = 4;

const NO_ANSWER: &str = "It did not answer when last asked. We keep trying.";
const NOT_SET_UP: &str = "This provider is no longer set up on this server. Ask whoever runs it.";
const NOT_ALLOWED: &str = "The provider no longer lets Convene read calendars of your organisation. Allow it again.";
const KEY_REFUSED: &str =
    "Google no longer accepts the key, or the address that requests act as. Check both and hand in a new key.";

/// What was heard of each person, or why nothing was.
pub(in crate::connections) type Answers = HashMap<PersonId, Result<Read, UnknownReason>>;

/// One question through one access.
pub(super) struct Question {
    pub access: Access,
    pub people: Vec<(PersonId, Colleague)>,
    pub window: Interval,
}

/// Why nothing was heard of anybody.
enum Silence {
    /// Only an administrator can mend it; the sentence says how.
    Refused(&'static str),
    NoAnswer,
    TooOften(Option<std::time::Duration>),
}

type Heard = Vec<(PersonId, Result<Vec<Interval>, CalendarError>)>;

/// Asks on a task of its own: an answer that comes too late for this caller is stored for the next.
pub(super) fn ask(services: Services, question: Question) -> oneshot::Receiver<Result<Answers, UnknownReason>> {
    let (answer, receiver) = oneshot::channel();
    tokio::spawn(async move {
        let answered = ask_in_turn(&services, &question).await.unwrap_or_else(|error| {
            let (org, provider) = (question.access.org, question.access.provider);
            tracing::warn!(%org, %provider, %error, "an organisation's calendars were not asked");
            Err(UnknownReason::NoAnswer)
        });
        // Nobody waits any more: the answer is stored, that is enough.
        let _ = answer.send(answered);
    });
    receiver
}

/// Asks when it is this process's turn. While somebody else asks, their answer is waited for, and counts if it holds what is
/// asked here.
async fn ask_in_turn(services: &Services, question: &Question) -> Result<Result<Answers, UnknownReason>, StoreError> {
    let Question { access, people, window } = question;
    // They began before we did, by no longer than an answer may take.
    let since = services.clock.now() - TimeDelta::from_std(DEADLINE).unwrap_or_default();
    let waits_until = Instant::now() + DEADLINE;
    let mut waited = false;
    loop {
        match take(services, access).await? {
            Turn::Paused(until) => return Ok(Err(UnknownReason::AskedTooOften { until })),
            Turn::Gone => return Ok(Err(UnknownReason::AccessRefused)),
            Turn::Ours(owner) => {
                let stored = reads(services.store.reader(), access, people).await?;
                let heard = |(person, _): &(PersonId, Colleague)| {
                    let read = stored.get(person).filter(|read| read.covers(*window) && read.read_at >= since)?;
                    Some((*person, Ok(read.within(*window))))
                };
                // Between our look and our turn somebody may have answered all of it.
                if let Some(answers) = people.iter().map(heard).collect::<Option<Answers>>().filter(|_| waited) {
                    let txn = services.store.begin().await?;
                    change(&*txn, access, &owner, released()).await?;
                    txn.commit().await?;
                    return Ok(Ok(answers));
                }
                return Ok(ask_and_store(services, question, &owner).await);
            }
            Turn::Theirs if Instant::now() >= waits_until => return Ok(Err(UnknownReason::NoAnswer)),
            Turn::Theirs => {
                waited = true;
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
    }
}

async fn ask_and_store(services: &Services, question: &Question, owner: &str) -> Result<Answers, UnknownReason> {
    // Before the question: what changes while it is answered may be missing from the answer.
    let read_at = services.clock.now();
    let heard = hear(services, question).await;
    // By the clock of now: the wait counts from the answer.
    let now = services.clock.now();
    let limit = match &heard {
        Ok(heard) => heard.iter().find_map(|(_, one)| match one {
            Err(CalendarError::RateLimited { retry_after }) => Some(*retry_after),
            _ => None,
        }),
        Err(Silence::TooOften(retry_after)) => Some(*retry_after),
        Err(_) => None,
    };
    let paused_until = limit.map(|retry_after| turn::pause_from(now, retry_after));
    let reason = |error: &CalendarError| match (error, paused_until) {
        (CalendarError::Gone, _) => UnknownReason::NoMailbox,
        (CalendarError::PermissionMissing(_), _) => UnknownReason::PermissionMissing,
        (CalendarError::RateLimited { .. }, Some(until)) => UnknownReason::AskedTooOften { until },
        _ => UnknownReason::NoAnswer,
    };
    let read = |(person, one): (PersonId, Result<Vec<Interval>, CalendarError>)| {
        let one = one.map(|spans| Read { window: question.window, intervals: normalise(spans), read_at });
        (person, one.map_err(|error| reason(&error)))
    };
    let (answered, sentence) = match heard {
        Ok(heard) => {
            let answers: Answers = heard.into_iter().map(read).collect();
            let sentence = sentence(&answers);
            (Ok(answers), sentence)
        }
        Err(Silence::Refused(sentence)) => (Err(UnknownReason::AccessRefused), Some(sentence)),
        Err(Silence::NoAnswer) => (Err(UnknownReason::NoAnswer), Some(NO_ANSWER)),
        Err(Silence::TooOften(_)) => {
            (Err(paused_until.map_or(UnknownReason::NoAnswer, |until| UnknownReason::AskedTooOften { until })), None)
        }
    };
    if let Err(error) = note(services, question, owner, &answered, sentence, paused_until).await {
        let (org, provider) = (question.access.org, question.access.provider);
        tracing::warn!(%org, %provider, %error, "what an organisation's calendars said could not be stored");
    }
    answered
}

/// How the access stands after these answers: the sentence of its error, or an empty one; `None` if they say nothing of it. Somebody
/// whom the directory does not know, or who is shut out, is no fault of the access.
fn sentence(answers: &Answers) -> Option<&'static str> {
    let all = |reason: UnknownReason| !answers.is_empty() && answers.values().all(|one| *one == Err(reason));
    if answers.values().any(Result::is_ok) {
        Some("")
    } else if all(UnknownReason::PermissionMissing) {
        Some(NOT_ALLOWED)
    } else if answers.values().any(|one| *one == Err(UnknownReason::NoAnswer)) {
        Some(NO_ANSWER)
    } else {
        None
    }
}

/// Asks the provider; a token it does not take is replaced once.
async fn hear(services: &Services, question: &Question) -> Result<Heard, Silence> {
    let Question { access, people, window } = question;
    let client = services.calendars.get(access.provider).ok_or(Silence::Refused(NOT_SET_UP))?;
    let colleagues: Vec<Colleague> = people.iter().map(|(_, one)| one.clone()).collect();
    let first = token(services, client, access, &access.subject, None).await?;
    let heard = match client.calendar.busy_of(&first, &colleagues, *window).await {
        Err(CalendarError::SignInExpired) => {
            let second = token(services, client, access, &access.subject, Some(&first)).await?;
            client.calendar.busy_of(&second, &colleagues, *window).await?
        }
        heard => heard?,
    };
    let mut heard: HashMap<String, Result<Vec<Interval>, CalendarError>> =
        heard.into_iter().map(|(address, one)| (address.to_lowercase(), one)).collect();
    let left_out = || Err(CalendarError::Unavailable("somebody was left out of an answer".into()));
    let mut answers: Heard = people
        .iter()
        .map(|(person, one)| (*person, heard.remove(&one.address.to_lowercase()).unwrap_or_else(left_out)))
        .collect();
    if access.provider == Provider::Google {
        as_themselves(services, client, question, &mut answers).await;
    }
    Ok(answers)
}

/// Google says "not found" also of colleagues who share nothing with the person that was acted as. The delegation holds for them
/// too, so they are asked as themselves; of whom there is no token there is no mailbox.
async fn as_themselves(services: &Services, client: &ProviderClient, question: &Question, answers: &mut Heard) {
    let Question { access, people, window } = question;
    let hidden: Vec<usize> =
        answers.iter().enumerate().filter(|(_, (_, one))| *one == Err(CalendarError::Gone)).map(|(at, _)| at).collect();
    let mut asking = JoinSet::new();
    let mut limited = None;
    let mut hidden = hidden.into_iter();
    loop {
        while asking.len() < SIDE_BY_SIDE && limited.is_none() {
            let Some(at) = hidden.next() else { break };
            let (services, client, access, window) = (services.clone(), client.clone(), access.clone(), *window);
            let colleague = people[at].1.clone();
            asking.spawn(async move { (at, as_one(&services, &client, &access, &colleague, window).await) });
        }
        match asking.join_next().await {
            None => break,
            Some(Ok((at, one))) => {
                limited = limited.or_else(|| one.clone().err().filter(CalendarError::is_limit));
                answers[at].1 = one;
            }
            // Its task broke: what stood there stays, which is no answer.
            Some(Err(_)) => {}
        }
    }
    if let Some(error) = limited {
        hidden.for_each(|at| answers[at].1 = Err(error.clone()));
    }
}

async fn as_one(
    services: &Services,
    client: &ProviderClient,
    access: &Access,
    who: &Colleague,
    window: Interval,
) -> Result<Vec<Interval>, CalendarError> {
    let account = Account { email: who.address.clone(), personal: false, zone: who.zone };
    let theirs =
        async |refused: Option<&AccessToken>| match token(services, client, access, &who.address, refused).await {
            Ok(token) => Ok(token),
            // The same key was good for somebody else just now: there is nobody of this address, or they are not of the Workspace.
            Err(TokenError::OAuth(OAuthError::InvalidGrant | OAuthError::AdminApproval | OAuthError::Denied)) => {
                Err(CalendarError::Gone)
            }
            Err(error) => Err(CalendarError::Unavailable(error.to_string())),
        };
    let token = theirs(None).await?;
    match client.calendar.busy(&token, &account, &[], window).await {
        Err(CalendarError::SignInExpired) => {
            let token = theirs(Some(&token)).await?;
            client.calendar.busy(&token, &account, &[], window).await
        }
        busy => busy,
    }
}

impl From<TokenError> for Silence {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Withdrawn => Self::Refused(NOT_ALLOWED),
            TokenError::OAuth(OAuthError::AdminApproval | OAuthError::Denied) => Self::Refused(NOT_ALLOWED),
            TokenError::OAuth(OAuthError::InvalidGrant) => Self::Refused(KEY_REFUSED),
            // An operator's matter, or a passing one: nobody's consent was withdrawn.
            error @ (TokenError::OAuth(_) | TokenError::Sealed(_) | TokenError::Store(_)) => {
                tracing::warn!(%error, "an organisation's access gave no token");
                Self::NoAnswer
            }
        }
    }
}

impl From<CalendarError> for Silence {
    fn from(error: CalendarError) -> Self {
        match error {
            CalendarError::SignInExpired | CalendarError::PermissionMissing(_) => Self::Refused(NOT_ALLOWED),
            CalendarError::RateLimited { retry_after } => Self::TooOften(retry_after),
            error => {
                tracing::warn!(%error, "an organisation's calendars did not answer");
                Self::NoAnswer
            }
        }
    }
}

/// Whether this process may ask now.
enum Turn {
    Ours(String),
    Theirs,
    Paused(DateTime<Utc>),
    /// The grant is not there any more.
    Gone,
}

/// Takes the turn if it is free.
async fn take(services: &Services, access: &Access) -> Result<Turn, StoreError> {
    use rows::Column;
    let row = this(access).one(services.store.reader()).await?;
    let Some(row) = row else { return Ok(Turn::Gone) };
    if let Some(until) = row.paused_until.map(Stamp::at).filter(|until| services.clock.now() < *until) {
        return Ok(Turn::Paused(until));
    }
    let owner: String = random_bytes()[..12].iter().map(|byte| format!("{byte:02x}")).collect();
    let txn = services.store.begin().await?;
    let now = crate::store::now(&*txn).await?;
    let free = Condition::any().add(Column::TurnUntil.is_null()).add(Column::TurnUntil.lte(Stamp::from(now)));
    let taken = rows::Entity::update_many()
        .col_expr(Column::TurnOwner, Expr::value(owner.clone()))
        .col_expr(Column::TurnUntil, Expr::value(Stamp::from(now + turn::LEASE).millis()))
        .filter(one(access))
        .filter(free)
        .exec(&*txn)
        .await?;
    txn.commit().await?;
    Ok(if taken.rows_affected == 1 { Turn::Ours(owner) } else { Turn::Theirs })
}

/// Gives the turn back, stores what was read, and keeps on the access that it works or why not. Nothing of it for a grant that was
/// withdrawn or replaced meanwhile.
async fn note(
    services: &Services,
    question: &Question,
    owner: &str,
    answered: &Result<Answers, UnknownReason>,
    sentence: Option<&'static str>,
    paused_until: Option<DateTime<Utc>>,
) -> Result<(), StoreError> {
    use rows::Column;
    let Question { access, people, .. } = question;
    let now = services.clock.now();
    let txn = services.store.begin().await?;
    let mut columns = released();
    if let Some(until) = paused_until {
        columns.push((Column::PausedUntil, Expr::value(Stamp::from(until).millis())));
    }
    if let Some(sentence) = sentence {
        let status = if sentence.is_empty() { AccessStatus::Active } else { AccessStatus::Error };
        columns.push((Column::Status, Expr::value(status.as_str())));
        columns.push((Column::LastError, Expr::value(sentence)));
    }
    if sentence == Some("") && access.last_read_at.is_none_or(|last| now - last >= READ_EVERY) {
        columns.push((Column::LastReadAt, Expr::value(Stamp::from(now).millis())));
    }
    let before = this(access).one(&*txn).await?;
    if !change(&*txn, access, owner, columns).await? {
        return Ok(());
    }
    if let Ok(answers) = answered {
        let older = reads(&*txn, access, people).await?;
        for (person, colleague) in people {
            let Some(Ok(read)) = answers.get(person) else { continue };
            let older = older.get(person);
            // An answer that was overtaken by a younger one of the same stretch has nothing to add.
            if !older.is_some_and(|older| older.read_at > read.read_at && older.covers(read.window)) {
                store(&txn, access, *person, colleague, &read.clone().set_into(older)).await?;
            }
        }
    }
    let refused = sentence.is_some_and(|sentence| !sentence.is_empty() && sentence != NO_ANSWER);
    if refused {
        // Nobody is offered by what was read a moment ago, as with a connection that has expired.
        forget_all(&txn, access).await?;
    }
    if refused && before.is_some_and(|before| Some(before.last_error.as_str()) != sentence) {
        let detail = json!({ "provider": access.provider.as_str(), "why": sentence });
        let (actor, action) = (Actor::System, "organisation_access.refused");
        let subject = access.org.to_string();
        audit::record(&txn, AuditEntry { org: access.org, actor, action, subject, detail, origin: Origin::default() })
            .await?;
    }
    txn.commit().await
}

/// This very grant, not one that took its place.
fn this(access: &Access) -> sea_orm::Select<rows::Entity> {
    in_org(access.org).filter(one(access))
}

fn one(access: &Access) -> Condition {
    Condition::all()
        .add(rows::Column::OrgId.eq(access.org))
        .add(rows::Column::Provider.eq(stored(access.provider)))
        .add(rows::Column::GrantedAt.eq(Stamp::from(access.granted_at)))
}

/// The columns that give a turn back.
fn released() -> Vec<(rows::Column, SimpleExpr)> {
    vec![(rows::Column::TurnOwner, Expr::value(None::<String>)), (rows::Column::TurnUntil, Expr::value(None::<i64>))]
}

/// Sets columns of the grant if the turn is still this owner's; says whether it was.
async fn change(
    db: &impl sea_orm::ConnectionTrait,
    access: &Access,
    owner: &str,
    columns: Vec<(rows::Column, SimpleExpr)>,
) -> Result<bool, StoreError> {
    let update = rows::Entity::update_many().filter(one(access)).filter(rows::Column::TurnOwner.eq(owner));
    let update = columns.into_iter().fold(update, |update, (column, value)| update.col_expr(column, value));
    Ok(update.exec(db).await?.rows_affected == 1)
}
