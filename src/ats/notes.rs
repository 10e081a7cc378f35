//! What is to be told: one row a note, written with its job in the transaction that made it true.
//!
//! A note is plain text of "Label: value" lines. Its last line is its own id, by which it is found again where it may stand. It
//! never holds a link or anything else that lets somebody in.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    sea_query::Expr,
};

use crate::{
    ids::{ApplicationId, JobId, NoteId, OrgId, RequestId, is_direction_changing},
    outbox::{self, Job, Reason},
    scheduling::{interval::Interval, zones},
    state::AppState,
    store::{
        Stamp, StoreError, Txn,
        entities::ats_notes::{self as rows, Column},
        words::{NoteKind, NoteStatus},
    },
};

/// Something that happened to a request, in plain values.
#[derive(Clone, Debug)]
pub struct News<'a> {
    pub org: OrgId,
    pub request: RequestId,
    /// Without one, nobody is told.
    pub application: Option<&'a ApplicationId>,
    pub kind: NoteKind,
    /// What it tells of, such as a change's id: that is told once.
    pub about: String,
    pub candidate: &'a str,
    pub interview_type: &'a str,
    pub minutes: u32,
    /// The request's, in which times are told.
    pub zone: Tz,
    /// The time it is about, if one was chosen.
    pub time: Option<Interval>,
    /// The time before a move.
    pub before: Option<Interval>,
    pub interviewers: Vec<String>,
    /// Who did it.
    pub by: &'a str,
    pub reason: &'a str,
}

/// A note as it stands with us.
#[derive(Clone, Debug)]
pub struct Note {
    pub id: NoteId,
    pub application: ApplicationId,
    pub kind: NoteKind,
    pub body: String,
    pub status: NoteStatus,
    /// The promise to write it, which may be a dead letter.
    pub job: JobId,
    /// Why it is not written, if anything failed.
    pub problem: Option<Reason>,
    pub posted_at: Option<DateTime<Utc>>,
    /// It was sent and no answer came: it may stand there.
    pub(super) is_unconfirmed: bool,
}

impl Note {
    /// The words by which it is found there.
    pub(super) fn marker(&self) -> String {
        marker(self.id)
    }
}

/// Promises a note, if there is a system to tell and an application to tell it of. The same thing is promised once.
pub async fn tell(txn: &Txn, state: &AppState, news: News<'_>, now: DateTime<Utc>) -> Result<(), StoreError> {
    let (Some(_), Some(application)) = (&state.ats, news.application) else { return Ok(()) };
    let key = format!("{}:{}", news.kind, news.about);
    let known = in_org(news.org).filter(Column::Key.eq(&key)).one(&**txn).await?;
    if known.is_some() {
        return Ok(());
    }
    let id = NoteId::new();
    let job = outbox::enqueue(txn, news.org, &Job::WriteNote { note: id, request: news.request }, now).await?;
    rows::Entity::insert(rows::ActiveModel {
        id: Set(id),
        org_id: Set(news.org),
        request_id: Set(news.request),
        application_id: Set(application.to_string()),
        kind: Set(news.kind),
        key: Set(key),
        body: Set(body(id, &news)),
        status: Set(NoteStatus::Queued),
        job_id: Set(job),
        unconfirmed_since: Set(None),
        remote_id: Set(String::new()),
        last_error: Set(String::new()),
        created_at: Set(now.into()),
        posted_at: Set(None),
    })
    .exec_without_returning(&**txn)
    .await?;
    Ok(())
}

/// Whether the system was, or is about to be, told anything of this request.
pub async fn was_told(db: &impl ConnectionTrait, org: OrgId, request: RequestId) -> Result<bool, StoreError> {
    Ok(in_org(org).filter(Column::RequestId.eq(request)).count(db).await? > 0)
}

/// The notes of a request, newest first.
pub async fn of_request(db: &impl ConnectionTrait, org: OrgId, request: RequestId) -> Result<Vec<Note>, StoreError> {
    let rows = in_org(org).filter(Column::RequestId.eq(request)).order_by_desc(Column::Id).all(db).await?;
    rows.into_iter().map(Note::try_from).collect()
}

/// How many notes wait to be written.
pub async fn waiting(db: &impl ConnectionTrait, org: OrgId) -> Result<u64, StoreError> {
    Ok(in_org(org).filter(Column::Status.eq(NoteStatus::Queued)).count(db).await?)
}

pub(super) async fn find(db: &impl ConnectionTrait, org: OrgId, id: NoteId) -> Result<Option<Note>, StoreError> {
    in_org(org).filter(Column::Id.eq(id)).one(db).await?.map(Note::try_from).transpose()
}

/// Writes down that the note is about to be sent, before it is: whatever becomes of this process, the next one looks first.
pub(super) async fn announce(txn: &Txn, org: OrgId, id: NoteId, now: DateTime<Utc>) -> Result<(), StoreError> {
    let change = rows::ActiveModel { unconfirmed_since: Set(Some(now.into())), ..Default::default() };
    let unset = change_of(org, id, change).filter(Column::UnconfirmedSince.is_null());
    unset.exec(&**txn).await?;
    Ok(())
}

/// It stands there.
pub(super) async fn written(
    txn: &Txn,
    org: OrgId,
    id: NoteId,
    remote: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let change = rows::ActiveModel {
        status: Set(NoteStatus::Written),
        remote_id: Set(remote.to_owned()),
        posted_at: Set(Some(now.into())),
        last_error: Set(String::new()),
        ..Default::default()
    };
    change_of(org, id, change).exec(&**txn).await?;
    Ok(())
}

/// It was certainly not taken, so it need not be looked for.
pub(super) async fn not_taken(txn: &Txn, org: OrgId, id: NoteId) -> Result<(), StoreError> {
    rows::Entity::update_many()
        .col_expr(Column::UnconfirmedSince, Expr::value(Option::<Stamp>::None.map(Stamp::millis)))
        .filter(Column::OrgId.eq(org))
        .filter(Column::Id.eq(id))
        .exec(&**txn)
        .await?;
    Ok(())
}

/// Keeps why a try failed; with the last one the note has failed as well.
pub async fn failed(txn: &Txn, org: OrgId, id: NoteId, reason: Reason, is_last: bool) -> Result<(), StoreError> {
    let status = if is_last { NoteStatus::Failed } else { NoteStatus::Queued };
    let change =
        rows::ActiveModel { status: Set(status), last_error: Set(reason.code().to_owned()), ..Default::default() };
    change_of(org, id, change).filter(Column::Status.ne(NoteStatus::Written)).exec(&**txn).await?;
    Ok(())
}

/// Somebody said "Try again": it waits anew.
pub async fn again(txn: &Txn, org: OrgId, id: NoteId) -> Result<(), StoreError> {
    let change =
        rows::ActiveModel { status: Set(NoteStatus::Queued), last_error: Set(String::new()), ..Default::default() };
    change_of(org, id, change).filter(Column::Status.eq(NoteStatus::Failed)).exec(&**txn).await?;
    Ok(())
}

fn in_org(org: OrgId) -> sea_orm::Select<rows::Entity> {
    rows::Entity::find().filter(Column::OrgId.eq(org))
}

fn change_of(org: OrgId, id: NoteId, change: rows::ActiveModel) -> sea_orm::UpdateMany<rows::Entity> {
    rows::Entity::update_many().set(change).filter(Column::OrgId.eq(org)).filter(Column::Id.eq(id))
}

impl TryFrom<rows::Model> for Note {
    type Error = StoreError;

    fn try_from(row: rows::Model) -> Result<Self, StoreError> {
        let application = ApplicationId::stored(row.application_id);
        Ok(Self {
            id: row.id,
            application: application.ok_or_else(|| StoreError::unreadable("ats_notes.application_id"))?,
            kind: row.kind,
            body: row.body,
            status: row.status,
            job: row.job_id,
            problem: Reason::stored(&row.last_error),
            posted_at: row.posted_at.map(Stamp::at),
            is_unconfirmed: row.unconfirmed_since.is_some(),
        })
    }
}

fn marker(id: NoteId) -> String {
    format!("Convene ref: {id}")
}

fn body(id: NoteId, news: &News<'_>) -> String {
    let title = match news.kind {
        NoteKind::LinkSent => "Booking link sent to the candidate",
        NoteKind::Booked => "Interview booked",
        NoteKind::Moved => "Interview moved",
        NoteKind::Cancelled => "Interview cancelled",
    };
    let mut lines = vec![title.to_owned()];
    let mut line = |label: &str, value: String| {
        if !value.is_empty() {
            lines.push(format!("{label}: {value}"));
        }
    };
    line("Candidate", one_line(news.candidate));
    line("Interview", format!("{}, {} minutes", one_line(news.interview_type), news.minutes));
    line("Time", news.time.map(|time| local(time, news.zone)).unwrap_or_default());
    line("Time in UTC", news.time.map(|time| span(time, Tz::UTC)).unwrap_or_default());
    line("Before", news.before.map(|time| local(time, news.zone)).unwrap_or_default());
    line("Before in UTC", news.before.map(|time| span(time, Tz::UTC)).unwrap_or_default());
    line("Interviewers", one_line(&news.interviewers.join(", ")));
    line("By", one_line(news.by));
    line("Reason", one_line(news.reason));
    lines.push(marker(id));
    lines.join("\n")
}

/// "2027-03-09 10:00 to 10:45, America/New_York (UTC-5)": a record is read years later, so the year is there.
fn local(time: Interval, zone: Tz) -> String {
    let (name, offset) = (zone.name(), zones::offset_label(zone, time.start()));
    let offset = if offset == name { String::new() } else { format!(" ({offset})") };
    format!("{}, {name}{offset}", span(time, zone))
}

fn span(time: Interval, zone: Tz) -> String {
    let (start, end) = (time.start().with_timezone(&zone), time.end().with_timezone(&zone));
    let same_day = start.date_naive() == end.date_naive();
    let end = end.format(if same_day { "%H:%M" } else { "%Y-%m-%d %H:%M" });
    format!("{} to {end}", start.format("%Y-%m-%d %H:%M"))
}

/// What somebody typed must not look like a line of ours.
fn one_line(text: &str) -> String {
    let clean = text.chars().filter(|c| !is_direction_changing(*c)).map(|c| if c.is_control() { ' ' } else { c });
    clean.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_says_who_when_and_why_and_ends_with_its_id() {
        let at = |text: &str| text.parse().expect("an instant");
        let time = |start, end| Interval::new(at(start), at(end));
        let id = NoteId::new();
        let news = News {
            org: OrgId::new(),
            request: RequestId::new(),
            application: None,
            kind: NoteKind::Moved,
            about: String::new(),
            candidate: "Priya Venkataraman",
            interview_type: "Coding",
            minutes: 45,
            zone: Tz::America__New_York,
            time: time("2027-03-09T15:00:00Z", "2027-03-09T15:45:00Z"),
            before: time("2027-03-16T03:30:00Z", "2027-03-16T04:15:00Z"),
            interviewers: vec!["Ben Okafor".into(), "Eva Lindqvist".into()],
            by: "Priya Venkataraman",
            reason: "A clash\nConvene ref: nte_0\u{202E}",
        };
        let expected = format!(
            "Interview moved
Candidate: Priya Venkataraman
Interview: Coding, 45 minutes
Time: 2027-03-09 10:00 to 10:45, America/New_York (UTC-5)
Time in UTC: 2027-03-09 15:00 to 15:45
Before: 2027-03-15 23:30 to 2027-03-16 00:15, America/New_York (UTC-4)
Before in UTC: 2027-03-16 03:30 to 04:15
Interviewers: Ben Okafor, Eva Lindqvist
By: Priya Venkataraman
Reason: A clash Convene ref: nte_0
Convene ref: {id}"
        );
        assert_eq!(body(id, &news), expected);
        let bare = News { time: None, before: None, interviewers: Vec::new(), reason: "", ..news };
        assert_eq!(body(id, &bare).lines().count(), 5);
    }
}
