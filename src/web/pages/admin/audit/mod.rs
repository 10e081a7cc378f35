//! `/admin/audit`: who did what, when and from where; whether the log is as it was written ([`crate::audit::verify`]); and the
//! same as a file ([`export`]).

mod export;
mod filter;
mod words;

use axum::{
    extract::State,
    http::request::Parts,
    response::{IntoResponse, Redirect, Response},
};
use chrono_tz::Tz;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::{View, Views};
use crate::{
    audit::{
        self, Actor, AuditEntry, Origin,
        search::{self, Entry, Group, Search},
        subjects::{Names, Subject},
        verify::{Verdict, verify},
    },
    error::AppError,
    limits,
    people::{self, Admin, Person},
    scheduling::zones,
    state::AppState,
    web::{
        again::{self, Attempt, problem, wrong},
        components::{
            Banner, Button, ButtonSize, Card, CardFoot, CardHead, Choice, Column, DataTable, EmptyState, Field, Glyph,
            InputKind, LinkButton, Section, Select, TextInput, Toast, Toasts, Tone, Wrong,
        },
        device,
        pages::staff::{Desk, Frame, desk},
        routes::Routes,
        wording::{ago, full, grouped},
    },
};
use filter::{FIELDS, Filter};

pub(super) const PAGE: &str = "/admin/audit";

/// Entries on a page.
const MOST: usize = 50;
/// Checks and exports by one person: each reads the whole log.
const CHECKS: u32 = 20;
const PER: std::time::Duration = std::time::Duration::from_secs(600);

pub fn routes() -> Routes {
    Routes::default().post("/admin/audit/check", check).merge(export::routes())
}

/// What the page was asked for.
#[derive(Clone)]
struct Asked {
    filter: Filter,
    /// Or what is wrong with it.
    search: Result<Search, AppError>,
    before: Option<i64>,
}

#[component]
pub fn AuditPage() -> impl IntoView {
    let attempt = use_context::<Attempt<Filter>>();
    let response = use_context::<leptos_axum::ResponseOptions>();
    let query = use_query_map().get_untracked();
    let filter = attempt.as_ref().map_or_else(|| Filter::of(|name| query.get(name)), |attempt| attempt.typed.clone());
    let before = query.get("before").and_then(|before| before.parse().ok());
    let news = (query.get("news").as_deref() == Some("checked")).then_some("Checked.");
    desk(move |desk: Desk<Admin>| async move {
        let (db, me, zone) = (desk.state.store.reader(), desk.me().clone(), desk.me().clock());
        let asked = Asked { search: filter.search(zone), filter, before };
        let attempt = attempt.or_else(|| {
            let error = asked.search.clone().err()?;
            Some(Attempt { error, typed: asked.filter.clone() })
        });
        if let (Some(response), Err(error)) = (response, &asked.search) {
            response.set_status(error.status_code());
        }
        let limit = u64::try_from(MOST + 1).unwrap_or(u64::MAX);
        let mut entries = match &asked.search {
            Ok(search) => search::older(db, me.org, search, before, limit).await?,
            Err(_) => Vec::new(),
        };
        let older =
            (entries.len() > MOST).then(|| entries.truncate(MOST)).and_then(|()| entries.last()).map(|one| one.seq);
        let names = Names::of(db, me.org, &entries).await?;
        let last = search::last(db, me.org, "audit.checked").await?;
        let checker = Names::of(db, me.org, last.as_slice()).await?;
        let status = Standing::of(last.as_ref(), &checker, &desk);
        let everybody = people::everybody(db, me.org).await?;
        let problem = problem(attempt.as_ref(), &FIELDS);
        let rows = entries.iter().map(|entry| view! { <Row entry=entry.clone() names=&names zone /> }).collect_view();
        let empty = entries.is_empty().then(|| nothing(&asked));
        let caption = "Audit log, newest first";
        let columns = ["When", "Who", "What", "From where"].map(Column::new).to_vec();
        let newest =
            before.map(|_| view! { <LinkButton label="Newest" href=asked.filter.href(None) icon=Glyph::ArrowUp /> });
        let older = older
            .map(|seq| view! { <LinkButton label="Older" href=asked.filter.href(Some(seq)) icon=Glyph::ArrowDown /> });
        let pages = (newest.is_some() || older.is_some()).then(|| {
            view! { <nav class="row" aria-label="Pages of the log">{newest} {older}</nav> }
        });
        let news = news.map(|text| view! { <Toast text dismiss_href=PAGE /> });
        Ok(view! {
            <Frame desk title="Administration" sub="What holds for everybody of your organisation" current=Section::Admin>
                <Views current=View::Audit />
                {problem}
                {status.banner()}
                <Card>
                    <CardHead title="Audit log" sub=status.line>
                        <form method="post" action="/admin/audit/check">
                            <Button label="Check the log" icon=Glyph::ListChecks size=ButtonSize::Small />
                        </form>
                    </CardHead>
                    <Filters filter=asked.filter.clone() everybody attempt />
                    <div class="log">
                        <DataTable caption columns empty>
                            {rows}
                        </DataTable>
                    </div>
                    <CardFoot>
                        <div class="log-foot">
                            {pages}
                            <export::Form filter=asked.filter.clone() />
                        </div>
                    </CardFoot>
                </Card>
                <Toasts>{news}</Toasts>
            </Frame>
        })
    })
}

/// Why there is nothing to see.
fn nothing(asked: &Asked) -> AnyView {
    if asked.filter.is_empty() && asked.before.is_none() {
        let sentence = "Who signs in, connects a calendar, or books an interview will be listed here.";
        return view! { <EmptyState glyph=Glyph::History title="Nothing has happened yet" sentence /> }.into_any();
    }
    let sentence = "No entry has all of this. Look for less, or for other days.";
    view! {
        <EmptyState glyph=Glyph::Search title="Nothing found" sentence>
            <LinkButton label="Show everything" href=PAGE />
        </EmptyState>
    }
    .into_any()
}

/// What is known of the chain: what the last check found.
struct Standing {
    line: String,
    /// What is wrong, and the number of the entry.
    broken: Option<(String, i64)>,
}

impl Standing {
    fn of(last: Option<&Entry>, names: &Names, desk: &Desk<Admin>) -> Self {
        let Some(last) = last else {
            let line =
                "Each entry is sealed with the one before. Check whether any was changed or taken out.".to_owned();
            return Self { line, broken: None };
        };
        let detail: serde_json::Value = serde_json::from_str(&last.detail).unwrap_or_default();
        let when = ago(last.at.at(), desk.state.clock.now());
        let who = words::who(last, names);
        match detail["broken_at"].as_i64() {
            None => {
                let entries = grouped(detail["entries"].as_i64().unwrap_or_default());
                Self { line: format!("Checked {when} by {who}: {entries} entries, unbroken."), broken: None }
            }
            Some(seq) => {
                let fault = match detail["fault"].as_str() {
                    Some("missing") => "is missing",
                    Some("surplus") => "was never written by Convene",
                    Some("end") => "is not the last one that was written",
                    _ => "was changed, or stands in another place",
                };
                let line = format!("Checked {when} by {who}: broken at entry {}.", grouped(seq));
                Self { line, broken: Some((format!("Entry {} {fault}", grouped(seq)), seq)) }
            }
        }
    }

    fn banner(&self) -> Option<impl IntoView + use<>> {
        let (title, seq) = self.broken.clone()?;
        let actions =
            view! { <LinkButton label="Show what is there" href=format!("{PAGE}?before={}", seq.saturating_add(3)) /> };
        Some(view! {
            <Banner tone=Tone::Danger title code="audit_broken" alert=true class="mb-4" actions=actions.into_any()>
                "Somebody changed the database behind Convene's back. What stands before this entry is as it was written; of what follows nobody can say. Compare with a backup."
            </Banner>
        })
    }
}

/// The form above the list. It leads to an address, so that what was found can be shared.
#[component]
fn Filters(filter: Filter, everybody: Vec<Person>, attempt: Option<Attempt<Filter>>) -> impl IntoView {
    let wrong = |field: &str| wrong(attempt.as_ref(), field);
    let field = |name: &'static str, label: &'static str, kind: InputKind, value: &str, error: Option<Wrong>| {
        let (invalid, value) = (error.is_some(), value.to_owned());
        let place = if kind == InputKind::Date { "log-filter-date" } else { "" };
        let described_by = error.as_ref().map(|_| format!("{name}-error"));
        let maxlength = (kind == InputKind::Search).then_some(u32::try_from(filter::LONGEST).unwrap_or(u32::MAX));
        view! {
            <Field id=name label error=MaybeProp::from(error) class=place>
                <TextInput id=name name kind value invalid=Signal::stored(invalid) described_by=described_by.unwrap_or_default() maxlength />
            </Field>
        }
    };
    let mut who = vec![
        Choice::new("", "Anybody"),
        Choice::new("candidates", "Candidates"),
        Choice::new("convene", "Convene itself"),
    ];
    who.extend(everybody.into_iter().map(|person| Choice::new(person.id.to_string(), person.name)));
    let mut what = vec![Choice::new("", "Anything")];
    what.extend(Group::ALL.iter().map(|group| Choice::new(group.as_str(), group.label())));
    let clear = (!filter.is_empty()).then(|| view! { <LinkButton label="Clear" href=PAGE /> });
    view! {
        <form method="get" action=PAGE class="log-filter" role="search" aria-label="Audit log">
            <div class="log-filter-wide">{field("q", "Search", InputKind::Search, &filter.q, wrong("q"))}</div>
            <Field id="who" label="Who">
                <Select id="who" name="who" choices=who selected=filter.who.clone() />
            </Field>
            <Field id="what" label="What">
                <Select id="what" name="what" choices=what selected=filter.what.clone() />
            </Field>
            {field("from", "From", InputKind::Date, &filter.from, wrong("from"))}
            {field("to", "To", InputKind::Date, &filter.to, wrong("to"))}
            <div class="form-acts log-filter-wide log-filter-acts">
                <Button label="Show" icon=Glyph::Search />
                {clear}
            </div>
        </form>
    }
}

/// One entry.
#[component]
fn Row<'a>(entry: Entry, names: &'a Names, zone: Tz) -> impl IntoView + use<> {
    let at = entry.at.at();
    let local = at.with_timezone(&zone);
    let time = local.format("%-d %b %Y, %H:%M:%S").to_string();
    let clock = format!("{}, {}", zones::place(zone), zones::offset_label(zone, at));
    let clock = if zone == Tz::UTC { "UTC".to_owned() } else { clock };
    let address = entry.actor_id.and_then(|id| names.person(id)).map(|(_, address)| address.to_owned());
    let device = (!entry.user_agent.is_empty()).then(|| device::words(&entry.user_agent));
    let place = if entry.ip.is_empty() { "Inside Convene".to_owned() } else { entry.ip.clone() };
    let href = match names.subject(&entry.subject) {
        Some(Subject::Interview { request, .. }) => Some(format!("/requests/{request}")),
        _ => None,
    };
    let what = words::what(&entry, names, zone);
    let what = match href {
        Some(href) => view! { <a class="link-plain" href=href>{what}</a> }.into_any(),
        None => what.into_any(),
    };
    let detail =
        serde_json::from_str::<serde_json::Value>(&entry.detail).ok().filter(|detail| *detail != serde_json::json!({}));
    let detail = detail.map(|detail| serde_json::to_string_pretty(&detail).unwrap_or_default());
    let fact = |name: &'static str, value: String| {
        (!value.is_empty()).then(|| view! { <dt>{name}</dt> <dd class="code">{value}</dd> })
    };
    view! {
        <tr id=format!("entry-{}", entry.seq)>
            <td data-label="When">
                <div>
                    <time datetime=at.to_rfc3339() title=full(at, zone)>{time}</time>
                    <span class="two">{clock}</span>
                </div>
            </td>
            <td data-label="Who">
                <div>
                    <span dir="auto">{words::who(&entry, names)}</span>
                    {address.map(|address| view! { <span class="two">{address}</span> })}
                </div>
            </td>
            <td data-label="What">
                <div>
                    <span class="td-main" dir="auto">{what}</span>
                    <details class="log-more">
                        <summary>"Details" <span class="vh">{format!(" of entry {}", entry.seq)}</span></summary>
                        <dl>
                            {fact("Entry", grouped(entry.seq))}
                            {fact("Action", entry.action.clone())}
                            {fact("Subject", entry.subject.clone())}
                            {detail.map(|detail| view! { <dt>"More"</dt> <dd><pre class="code">{detail}</pre></dd> })}
                            {fact("Browser", entry.user_agent.clone())}
                            {fact("Hash", entry.hash.clone())}
                        </dl>
                    </details>
                </div>
            </td>
            <td data-label="From where">
                <div>
                    {place}
                    {device.map(|device| view! { <span class="two">{device}</span> })}
                </div>
            </td>
        </tr>
    }
}

async fn check(State(state): State<AppState>, admin: Admin, origin: Origin, parts: Parts) -> Response {
    match checked(&state, &admin, origin).await {
        Ok(()) => Redirect::to(&format!("{PAGE}?news=checked")).into_response(),
        Err(error) => again::show_at(PAGE, state, parts, Attempt { error, typed: Filter::default() }).await,
    }
}

/// Reads the whole chain. What came out is an entry itself: the page tells of the last one.
async fn checked(state: &AppState, admin: &Admin, origin: Origin) -> Result<(), AppError> {
    let me = admin.member();
    limits::hit(&state.store, "audit_check", &me.person.to_string(), CHECKS, PER).await?;
    let detail = match verify(state.store.reader(), me.org).await? {
        Verdict::Unbroken { entries, hash } => serde_json::json!({ "entries": entries, "hash": hash }),
        Verdict::Broken { seq, fault } => {
            tracing::error!(organisation = %me.org, entry = seq, fault = fault.code(), "an audit log is broken");
            serde_json::json!({ "broken_at": seq, "fault": fault.code() })
        }
    };
    let txn = state.store.begin().await?;
    let (actor, subject) = (Actor::Person(me.person), me.org.to_string());
    audit::record(&txn, AuditEntry { org: me.org, actor, action: "audit.checked", subject, detail, origin }).await?;
    txn.commit().await?;
    Ok(())
}
