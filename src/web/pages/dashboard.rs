//! `/dashboard`: what needs somebody first, then the requests, the next interviews and who is connected.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::staff::{Desk, Frame, desk};
use crate::{
    ats::{breaker, notes},
    booking::{
        difference,
        list::{self, Filter, Line},
    },
    connections::{self, Connection, Need, busy, organisation},
    error::AppError,
    ids::{ConnectionId, PersonId},
    invitations::{self, Invitation},
    notifications::when,
    outbox::{self, DeadLetter, Job},
    people::{
        self, Person,
        given::{self, GivenTimes},
        welcome::{self, Step},
    },
    requests::{self, Request},
    scheduling::zones,
    store::words::ConnectionStatus,
    web::{
        components::{
            Avatars, Badge, Banner, Button, ButtonKind, ButtonSize, Card, CardBody, CardHead, EmptyState, Glyph, Icon,
            LinkButton, PersonLine, Section, Segments, StatusBadge, TabLink, Toast, Toasts, Tone,
        },
        pages::{
            people::InviteButton,
            request::{
                difference_words::Words,
                question::{Acts, Question},
            },
        },
        standing::Source,
        wording::{full, given_up},
    },
};

const LINES: u64 = 50;
/// Most differences that are listed, and of how many of them substitutes are looked up.
const MOST_QUESTIONS: u64 = 20;
const LOOKED_UP: usize = 3;

#[component]
pub fn Dashboard() -> impl IntoView {
    let filter = filter();
    let asked = use_query_map().read_untracked().get("news").as_deref() == Some("asked");
    desk(move |desk: Desk| async move {
        let board = Board::load(&desk, filter).await?;
        let setting_up = welcome::step(desk.state.store.reader(), desk.me()).await?;
        let setting_up = setting_up.map(|step| view! { <SettingUp step /> });
        let news = asked.then(|| view! { <Toast text="The invitation is on its way." dismiss_href="/dashboard" /> });
        let zone = desk.me().clock();
        let today = board.now.with_timezone(&zone);
        let sub = format!("{}, {}", today.format("%A %-d %B"), zones::place(zone));
        let action =
            view! { <LinkButton label="New request" icon=Glyph::Plus href="/requests/new" kind=ButtonKind::Primary /> };
        Ok(view! {
            <Frame desk title="Dashboard" sub current=Section::Dashboard actions=action.into_any()>
                <div class="cols-main">
                    <div class="stack-lg">
                        {setting_up}
                        <NeedsYou board=board.clone() />
                        <Requests board=board.clone() filter path="/dashboard" />
                    </div>
                    <div class="stack-lg">
                        <NextInterviews board=board.clone() />
                        <Interviewers board />
                    </div>
                </div>
                <Toasts>{news}</Toasts>
            </Frame>
        })
    })
}

/// `/requests`: the same list alone.
#[component]
pub fn RequestsPage() -> impl IntoView {
    let filter = filter();
    desk(move |desk: Desk| async move {
        let board = Board::load(&desk, filter).await?;
        let action =
            view! { <LinkButton label="New request" icon=Glyph::Plus href="/requests/new" kind=ButtonKind::Primary /> };
        Ok(view! {
            <Frame desk title="Requests" current=Section::Requests actions=action.into_any()>
                <Requests board filter path="/requests" />
            </Frame>
        })
    })
}

fn filter() -> Filter {
    match use_query_map().read_untracked().get("show").as_deref() {
        Some("booked") => Filter::Booked,
        Some("done") => Filter::Done,
        _ => Filter::Open,
    }
}

/// The way back into the welcome, for whoever left it.
#[component]
fn SettingUp(step: Step) -> impl IntoView {
    let sub = format!("Step {} of 3: {}", step.number(), step.title());
    view! {
        <Card>
            <CardHead title="Finish setting up" sub open=true>
                <form method="post" action="/welcome">
                    <input type="hidden" name="step" value="done" />
                    <Button label="Not now" kind=ButtonKind::Quiet size=ButtonSize::Small />
                </form>
                <LinkButton label="Continue" href="/welcome" size=ButtonSize::Small kind=ButtonKind::Primary />
            </CardHead>
        </Card>
    }
}

#[derive(Clone)]
struct Board {
    /// Whose dashboard it is.
    me: PersonId,
    now: DateTime<Utc>,
    zone: chrono_tz::Tz,
    counts: [u64; 3],
    lines: Vec<Line>,
    next: Vec<Line>,
    people: BTreeMap<PersonId, Person>,
    connections: BTreeMap<PersonId, Vec<Connection>>,
    told: HashMap<PersonId, organisation::Told>,
    /// Until when providers want to be left alone.
    pauses: HashMap<ConnectionId, DateTime<Utc>>,
    given: BTreeMap<PersonId, GivenTimes>,
    invitations: BTreeMap<PersonId, Invitation>,
    dead: Vec<DeadLetter>,
    /// When calendars whose first read failed are asked again.
    tries: BTreeMap<ConnectionId, DateTime<Utc>>,
    ats: Option<AtsSilence>,
    /// What calendars say otherwise of interviews.
    questions: Vec<(Question, Request)>,
}

/// The applicant-tracking system does not answer.
#[derive(Clone)]
struct AtsSilence {
    system: &'static str,
    since: DateTime<Utc>,
    /// Notes that wait for it.
    waiting: u64,
}

impl AtsSilence {
    async fn load(desk: &Desk) -> Result<Option<Self>, AppError> {
        let Some(ats) = &desk.state.ats else { return Ok(None) };
        let (db, org) = (desk.state.store.reader(), desk.me().org);
        let Some(silence) = breaker::silence(db, org).await? else { return Ok(None) };
        Ok(Some(Self { system: ats.name(), since: silence.since, waiting: notes::waiting(db, org).await? }))
    }

    /// "14:02" today, with the day before that.
    fn since(&self, now: DateTime<Utc>, zone: chrono_tz::Tz) -> String {
        let (since, today) = (self.since.with_timezone(&zone), now.with_timezone(&zone).date_naive());
        if since.date_naive() == today { since.format("%H:%M").to_string() } else { when::instant(self.since, zone) }
    }
}

impl Board {
    async fn load(desk: &Desk, filter: Filter) -> Result<Self, AppError> {
        let (db, org, now) = (desk.state.store.reader(), desk.me().org, desk.state.clock.now());
        let team = people::team(db, org).await?;
        let ids: Vec<PersonId> = team.iter().map(|person| person.id).collect();
        let connections = connections::of_people(db, org, &ids).await?;
        let told = organisation::told(db, org, &ids, &connections).await?;
        let connections: BTreeMap<_, _> = connections.into_iter().collect();
        let mut tries = BTreeMap::new();
        for one in connections.values().flatten().filter(|one| one.status == ConnectionStatus::Error) {
            let job = Job::ReadConnection { connection: one.id };
            tries.extend(outbox::next_try(db, org, &job).await?.map(|at| (one.id, at)));
        }
        Ok(Self {
            tries,
            pauses: busy::pauses(db, org, now).await?,
            ats: AtsSilence::load(desk).await?,
            questions: questions(desk).await?,
            me: desk.me().person,
            now,
            zone: desk.me().clock(),
            counts: list::counts(db, org, now).await?,
            lines: list::page(db, org, filter, now, 0, LINES).await?,
            next: list::next_interviews(db, org, now, 5).await?,
            connections,
            told,
            given: given::of_people(db, org, &ids).await?,
            invitations: invitations::of_people(db, org, &ids).await?,
            people: team.into_iter().map(|person| (person.id, person)).collect(),
            dead: outbox::dead_letters(db, org, 10).await?,
        })
    }

    /// What a working connection of somebody else was not granted.
    fn missing(&self, connection: &Connection) -> Vec<&'static str> {
        match connection.status {
            ConnectionStatus::Active => connection.missing(&[Need::ReadBusy]),
            _ => Vec::new(),
        }
    }

    fn paused(&self, person: PersonId) -> Option<DateTime<Utc>> {
        self.pauses.get(&self.connections.get(&person)?.first()?.id).copied()
    }

    /// How we know when somebody can.
    fn source(&self, person: PersonId) -> Source<'_> {
        Source {
            connections: self.connections.get(&person).map_or(&[], Vec::as_slice),
            told: self.told.get(&person).copied(),
            paused_until: self.paused(person),
            given: self.given.get(&person),
            typed: None,
            invitation: self.invitations.get(&person),
        }
    }

    fn names(&self, people: &[PersonId]) -> Vec<String> {
        people.iter().filter_map(|id| self.people.get(id)).map(|person| person.name.clone()).collect()
    }
}

/// What waits for a decision about an interview. Who could come instead is looked up for the first few alone.
async fn questions(desk: &Desk) -> Result<Vec<(Question, Request)>, AppError> {
    let (db, org) = (desk.state.store.reader(), desk.me().org);
    let mut questions = Vec::new();
    for (number, found) in
        difference::open_in(db, org, desk.state.clock.now(), MOST_QUESTIONS).await?.into_iter().enumerate()
    {
        let Some(request) = requests::find(db, org, found.request).await? else { continue };
        let question = if number < LOOKED_UP {
            let _turn = desk.state.searches.turn().await?;
            Question::of(desk, found).await
        } else {
            Question { found, substitutes: None }
        };
        questions.push((question, request));
    }
    Ok(questions)
}

/// What only a person can mend, each with its remedy.
#[component]
fn NeedsYou(board: Board) -> impl IntoView {
    let broken: Vec<(&Person, &Connection)> = board
        .connections
        .iter()
        .filter_map(|(id, list)| Some((board.people.get(id)?, list.first()?)))
        .filter(|(_, one)| match one.status {
            // One's own stands in a banner above every page, with its remedy.
            ConnectionStatus::Expired | ConnectionStatus::Active if one.person == board.me => false,
            ConnectionStatus::Expired | ConnectionStatus::Error => true,
            ConnectionStatus::Active => !board.missing(one).is_empty(),
            ConnectionStatus::Inactive => false,
        })
        .collect();
    let count = broken.len() + board.dead.len() + board.questions.len();
    if count == 0 && board.ats.is_none() {
        return ().into_any();
    }
    let broken = broken.into_iter().map(|(person, one)| {
        let what = match one.status {
            ConnectionStatus::Expired => format!("{}'s sign-in to {} has expired", person.name, one.provider.label()),
            ConnectionStatus::Active => format!("{}'s {} is only partly connected", person.name, one.provider.label()),
            _ => format!("{}'s {} did not answer", person.name, one.provider.label()),
        };
        let again =
            board.tries.get(&one.id).map(|at| format!(" It is asked again: {}.", when::instant(*at, board.zone)));
        let mine = one.person == board.me;
        let means = match board.missing(one).as_slice() {
            [] => {
                let means =
                    "Their times are left out of open requests until it answers. Nothing already booked is affected.";
                format!("{means}{}", again.unwrap_or_default())
            }
            _ => "Permission to see when they are busy is missing, so nobody knows when they are free.".to_owned(),
        };
        let again = mine.then(|| {
            view! {
                <form method="post" action=format!("/settings/calendar/{}/sync", one.provider)>
                    <Button label="Sync now" size=ButtonSize::Small />
                </form>
            }
        });
        view! {
            <li class="row justify-between">
                <div>
                    <p class="h3">{what}</p>
                    <p class="hint">{means}</p>
                </div>
                {again}
            </li>
        }
    });
    let dead = board.dead.iter().map(|letter| {
        let what = given_up(&letter.kind);
        view! {
            <li class="row justify-between">
                <div>
                    <p class="h3">{what}</p>
                    <p class="hint" title=full(letter.failed_at, board.zone)>{letter.reason.sentence()}</p>
                </div>
                <form method="post" action=format!("/jobs/{}/retry", letter.id)>
                    <Button label="Try again" size=ButtonSize::Small />
                </form>
            </li>
        }
    });
    let questions = board.questions.iter().map(|(question, request)| {
        let Question { found, substitutes } = question.clone();
        let name = |id: PersonId| board.people.get(&id).map_or_else(|| "Somebody".to_owned(), |one| one.name.clone());
        let words = Words::of(&found, &request.candidate_name, name);
        let shown = words.shown(board.zone);
        let about = format!("{}, {}.", request.candidate_name, request.interview_type);
        let shown = if shown.is_empty() { about } else { format!("{about} {}: {shown}.", found.calendar()) };
        view! {
            <li class="row justify-between">
                <div>
                    <a class="link-quiet h3" href=format!("/requests/{}", request.id)>
                        {words.title}
                    </a>
                    <p class="hint">{shown}</p>
                </div>
                <div class="stack">
                    <Acts found substitutes />
                </div>
            </li>
        }
    });
    let questions = questions.collect_view();
    let (broken, dead) = (broken.collect_view(), dead.collect_view());
    // Nobody here can mend it, so it does not count.
    let silent = board.ats.as_ref().map(|silence| {
        let title = format!("{} has not answered since {}.", silence.system, silence.since(board.now, board.zone));
        let waiting = match silence.waiting {
            1 => "1 note waits and is written when it answers.".to_owned(),
            many => format!("{many} notes wait and are written when it answers."),
        };
        view! { <li><Banner tone=Tone::Warning title code="ats_silent">{waiting}</Banner></li> }
    });
    let lead = view! { <span class="text-danger-text"><Icon glyph=Glyph::CircleAlert /></span> };
    let beside =
        (count > 0).then(|| view! { <Badge text=count.to_string() tone=Tone::Danger plain=true /> }.into_any());
    view! {
        <Card>
            <CardHead title="Needs you" lead=lead.into_any() beside />
            <ul class="rows">{silent} {questions} {broken} {dead}</ul>
        </Card>
    }
    .into_any()
}

#[component]
fn Requests(board: Board, filter: Filter, path: &'static str) -> impl IntoView {
    let [open, booked, done] = board.counts.map(|count| u32::try_from(count).unwrap_or(u32::MAX));
    let tab = |label: &str, show: &str, count: u32, this: Filter| {
        let mut tab = TabLink::new(label, format!("{path}?show={show}"), filter == this);
        tab.count = Some(count);
        tab
    };
    let tabs = vec![
        tab("Open", "open", open, Filter::Open),
        tab("Booked", "booked", booked, Filter::Booked),
        tab("Done", "done", done, Filter::Done),
    ];
    let rows = board.lines.iter().map(|line| {
        let request = &line.request;
        let when = match &line.booking {
            Some(booking) if booking.is_live() => when::span(booking.span, board.zone),
            _ => when::days(request.window, request.zone),
        };
        view! {
            <li class="request-row">
                <div class="request-who">
                    <a class="link-quiet h3" href=format!("/requests/{}", request.id)>
                        <bdi>{request.candidate_name.clone()}</bdi>
                    </a>
                    <p class="hint">{format!("{}, {} min", request.interview_type, request.duration)}</p>
                </div>
                <p class="request-when num">{when}</p>
                <div class="request-people"><Avatars names=board.names(&line.people) /></div>
                <div class="request-state"><StatusBadge status=line.standing.status() /></div>
            </li>
        }
    });
    let rows = rows.collect_view();
    let empty = board.lines.is_empty();
    view! {
        <Card>
            <CardHead title="Requests">
                <Segments tabs label="Requests by state" />
            </CardHead>
            {if empty {
                let (title, sentence) = match filter {
                    Filter::Open => ("No open requests", "A request asks a candidate to pick a time that suits the whole panel."),
                    Filter::Booked => ("Nothing booked ahead", "Booked interviews appear here until they are over."),
                    Filter::Done => ("Nothing done yet", "Past, cancelled and lapsed requests appear here."),
                };
                view! {
                    <EmptyState title sentence>
                        <LinkButton label="New request" href="/requests/new" />
                    </EmptyState>
                }
                    .into_any()
            } else {
                view! { <ul class="rows">{rows}</ul> }.into_any()
            }}
        </Card>
    }
}

#[component]
fn NextInterviews(board: Board) -> impl IntoView {
    let rows = board.next.iter().filter_map(|line| {
        let booking = line.booking.as_ref()?;
        let local = booking.span.start().with_timezone(&board.zone);
        Some(view! {
            <li class="flex gap-4">
                <p class="h3 num">{local.format("%H:%M").to_string()}</p>
                <div>
                    <a class="link-quiet h3" href=format!("/requests/{}", line.request.id)>
                        <bdi>{line.request.candidate_name.clone()}</bdi>
                    </a>
                    <p class="hint">{format!("{}, {} min", local.format("%a %-d %B"), line.request.duration)}</p>
                </div>
            </li>
        })
    });
    let rows: Vec<_> = rows.collect();
    view! {
        <Card>
            <CardHead title="Next interviews" />
            {if rows.is_empty() {
                view! {
                    <CardBody>
                        <p class="hint">"Nothing is booked yet."</p>
                    </CardBody>
                }
                    .into_any()
            } else {
                view! { <ul class="rows">{rows}</ul> }.into_any()
            }}
        </Card>
    }
}

#[component]
fn Interviewers(board: Board) -> impl IntoView {
    let rows = board.people.values().map(|person| {
        let source = board.source(person.id);
        let (status, detail) = source.in_words(board.now);
        // Whoever was asked already is asked again on the page of invitations.
        let waits = source.invitation.is_some_and(Invitation::is_pending);
        let ask = (source.is_unknown() && !waits && person.contact().is_some() && person.id != board.me)
            .then(|| view! { <InviteButton person=person.id.to_string() label="Invite" back="/dashboard" /> });
        view! {
            <li>
                <PersonLine name=person.name.clone() detail>
                    <StatusBadge status />
                    {ask}
                </PersonLine>
            </li>
        }
    });
    let rows = rows.collect_view();
    view! {
        <Card>
            <CardHead title="Interviewers">
                <a class="link text-sm" href="/people/invite">"Invite"</a>
            </CardHead>
            <ul class="rows">{rows}</ul>
        </Card>
    }
}
