//! The audit log as a file: CSV for people, JSON lines for programs. Written while it is read, so that its size does not matter.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::State,
    http::{HeaderValue, header, request::Parts},
    response::Response,
};
use hyper::body::Frame;
use leptos::prelude::*;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::mpsc;

use super::{CHECKS, Filter, PAGE, PER};
use crate::{
    audit::{
        self, Actor, AuditEntry, Origin,
        search::{self, Entry, Search},
        subjects::Names,
    },
    error::AppError,
    ids::OrgId,
    limits,
    people::Admin,
    state::AppState,
    store::{Store, StoreError},
    web::{
        again::{self, Attempt},
        components::{Button, ButtonSize, Glyph},
        form,
        routes::Routes,
    },
};

/// Entries read at a time, and chunks that wait for a slow reader.
const BATCH: u64 = 500;
const AHEAD: usize = 4;

/// The columns of a CSV file; the keys of a JSON line are the same.
const COLUMNS: [&str; 14] = [
    "entry",
    "at",
    "actor_kind",
    "actor_id",
    "actor_name",
    "actor_email",
    "action",
    "subject",
    "detail",
    "ip",
    "user_agent",
    "id",
    "organisation",
    "hash",
];

pub(super) fn routes() -> Routes {
    Routes::default().post("/admin/audit/export", export)
}

/// The buttons, with what the page was asked for. Downloading writes to the log, so it is no link.
#[component]
pub(super) fn Form(filter: Filter) -> impl IntoView {
    let hidden =
        filter.fields().map(|(name, value)| view! { <input type="hidden" name=name value=value.to_owned() /> });
    let what = if filter.is_empty() { "Everything as a file:" } else { "What was found, as a file:" };
    view! {
        <form method="post" action="/admin/audit/export" class="row">
            {hidden.collect_view()}
            <span class="hint">{what}</span>
            <Button label="CSV" icon=Glyph::Download size=ButtonSize::Small name="format" value="csv" attr:aria-label="Export as CSV" />
            <Button label="JSON lines" icon=Glyph::Download size=ButtonSize::Small name="format" value="jsonl" attr:aria-label="Export as JSON lines" />
        </form>
    }
}

/// What the form says: the fields of a [`Filter`], and which button was pressed.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Asked {
    q: String,
    who: String,
    what: String,
    from: String,
    to: String,
    format: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Csv,
    Jsonl,
}

impl Format {
    fn of(word: &str) -> Option<Self> {
        match word {
            "csv" => Some(Self::Csv),
            "jsonl" => Some(Self::Jsonl),
            _ => None,
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Jsonl => "application/x-ndjson; charset=utf-8",
        }
    }

    fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
        }
    }

    fn head(self) -> Option<String> {
        (self == Self::Csv).then(|| csv_line(COLUMNS.iter().copied()))
    }

    fn line(self, entry: &Entry, names: &Names) -> String {
        let fields = fields(entry, names);
        match self {
            Self::Csv => csv_line(fields.iter().map(String::as_str)),
            Self::Jsonl => {
                let mut line = serde_json::Map::new();
                line.extend(COLUMNS.iter().zip(fields).map(|(name, value)| ((*name).to_owned(), json!(value))));
                // As text, exactly as it is stored: its hash was made of that.
                line.insert("entry".to_owned(), json!(entry.seq));
                line.insert("at_millis".to_owned(), json!(entry.at.millis()));
                format!("{}\n", serde_json::Value::Object(line))
            }
        }
    }
}

fn fields(entry: &Entry, names: &Names) -> [String; 14] {
    let (name, email) = entry.actor_id.and_then(|id| names.person(id)).unwrap_or_default();
    [
        entry.seq.to_string(),
        entry.at.at().to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        entry.actor_kind.clone(),
        entry.actor_id.map(|id| id.uuid().to_string()).unwrap_or_default(),
        name.to_owned(),
        email.to_owned(),
        entry.action.clone(),
        entry.subject.clone(),
        entry.detail.clone(),
        entry.ip.clone(),
        entry.user_agent.clone(),
        entry.id.uuid().to_string(),
        entry.org_id.uuid().to_string(),
        entry.hash.clone(),
    ]
}

/// A line of CSV (RFC 4180). What a spreadsheet would take for a formula gets an apostrophe in front.
fn csv_line<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    let cells = cells.map(|cell| {
        let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
        let cell = if formula { format!("'{cell}") } else { cell.to_owned() };
        if cell.contains(['"', ',', ';', '\r', '\n']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
    });
    let mut line = cells.collect::<Vec<_>>().join(",");
    line.push_str("\r\n");
    line
}

async fn export(
    State(state): State<AppState>,
    admin: Admin,
    origin: Origin,
    parts: Parts,
    form::Form(asked): form::Form<Asked>,
) -> Response {
    let Asked { q, who, what, from, to, format } = asked;
    let filter = Filter { q, who, what, from, to };
    match begin(&state, &admin, &filter, Format::of(&format), origin).await {
        Ok(response) => response,
        Err(error) => again::show_at(PAGE, state, parts, Attempt { error, typed: filter }).await,
    }
}

async fn begin(
    state: &AppState,
    admin: &Admin,
    filter: &Filter,
    format: Option<Format>,
    origin: Origin,
) -> Result<Response, AppError> {
    let me = admin.member();
    let format = format.ok_or_else(|| AppError::new(422, "format_unknown", "Export as CSV or as JSON lines."))?;
    let search = filter.search(me.clock())?;
    limits::hit(&state.store, "audit_check", &me.person.to_string(), CHECKS, PER).await?;
    // Up to here; the export's own entry comes after.
    let until = search::older(state.store.reader(), me.org, &Search::default(), None, 1).await?;
    let until = until.first().map_or(0, |entry| entry.seq);
    let typed: serde_json::Map<_, _> = filter
        .fields()
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect();
    let txn = state.store.begin().await?;
    let (actor, subject) = (Actor::Person(me.person), me.org.to_string());
    let detail = json!({ "format": format.ending(), "until": until, "filter": typed });
    audit::record(&txn, AuditEntry { org: me.org, actor, action: "audit.exported", subject, detail, origin }).await?;
    txn.commit().await?;

    let (sender, chunks) = mpsc::channel(AHEAD);
    let (store, org) = (state.store.clone(), me.org);
    tokio::spawn(async move {
        if let Err(error) = write(&store, org, &search, until, format, &sender).await {
            tracing::warn!(organisation = %org, %error, "an export broke off");
            // The transfer ends without its end, so that nobody takes half of it for all. Whoever hung up does not care.
            let _ = sender.send(Err(error)).await;
        }
    });
    let day = state.clock.now().with_timezone(&me.clock()).format("%Y-%m-%d");
    let name = format!("attachment; filename=\"convene-audit-{day}.{}\"", format.ending());
    let mut response = Response::new(Body::new(Download(chunks)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// A file on its way. Says again that it has ended when it is asked again, as compression does.
struct Download(mpsc::Receiver<Result<Bytes, StoreError>>);

impl HttpBody for Download {
    type Data = Bytes;
    type Error = StoreError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StoreError>>> {
        self.0.poll_recv(context).map(|chunk| chunk.map(|chunk| chunk.map(Frame::data)))
    }
}

/// Writes batch after batch, oldest first; stops when nobody reads any more.
async fn write(
    store: &Store,
    org: OrgId,
    search: &Search,
    until: i64,
    format: Format,
    sender: &mpsc::Sender<Result<Bytes, StoreError>>,
) -> Result<(), StoreError> {
    let mut chunk = format.head().unwrap_or_default();
    let mut after = i64::MIN;
    loop {
        let entries = search::newer(store.reader(), org, search, after, until, BATCH).await?;
        let names = Names::of(store.reader(), org, &entries).await?;
        chunk.extend(entries.iter().map(|entry| format.line(entry, &names)));
        if !chunk.is_empty() && sender.send(Ok(std::mem::take(&mut chunk).into())).await.is_err() {
            return Ok(());
        }
        match entries.last() {
            Some(last) => after = last.seq,
            None => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_and_none_ends_early() {
        let line = |cells: &[&str]| csv_line(cells.iter().copied());
        assert_eq!(line(&["a", "", "b"]), "a,,b\r\n");
        assert_eq!(line(&["=1+1", "+1", "-1", "@SUM(A1)", "\tx"]), "'=1+1,'+1,'-1,'@SUM(A1),'\tx\r\n");
        assert_eq!(line(&["=a,\"b\"", "a\nb", "1=2"]), "\"'=a,\"\"b\"\"\",\"a\nb\",1=2\r\n");
    }
}
