//! `/requests/{id}`: where it stands, who takes part, what happened, and what a coordinator may do about it.

mod ats_card;
mod chosen;
mod difference_card;
pub mod difference_page;
pub mod difference_words;
mod history;
mod link_card;
pub mod move_page;
mod panel;
pub mod post;
pub mod question;
mod substitutes;
pub mod swap_page;

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use self::question::Question;
use super::staff::{Desk, Frame, desk};
use crate::{
    booking::{
        self, Booking,
        difference::{self, Difference},
        list::{self, Line, NotPlaced, Standing},
        sitting::{self, Why},
        timeline::{self, Entry},
    },
    calendars::Response,
    connections::{self, busy, organisation},
    error::AppError,
    events::{self, Event, Placement},
    ids::{ConnectionId, PersonId, RequestId},
    invitations::{self, Invitation},
    notifications::{link::Link, when},
    outbox::Outlook,
    people::Person,
    requests::{Panel, link},
    store::words::RequestStatus,
    web::{
        components::{
            Banner, Button, ButtonKind, ButtonSize, Card, CardBody, CardHead, Dialog, Fact, Facts, Glyph, LinkButton,
            ProviderMark, Section, Status, StatusBadge, TextareaField, Timeline, Toast, Toasts, Tone,
        },
        islands::Live,
        live::Topic,
        standing::Source,
        wording::ago,
    },
};

/// Everything the page shows.
#[derive(Clone)]
struct Sheet {
    now: DateTime<Utc>,
    line: Line,
    panel: Panel,
    connections: HashMap<PersonId, Vec<connections::Connection>>,
    told: HashMap<PersonId, organisation::Told>,
    /// Until when providers want to be left alone.
    pauses: HashMap<ConnectionId, DateTime<Utc>>,
    invitations: BTreeMap<PersonId, Invitation>,
    link: Option<String>,
    /// Why those sit who do.
    why: BTreeMap<PersonId, Why>,
    event: Option<Event>,
    placements: Vec<Placement>,
    history: Vec<Entry>,
    team: Vec<Person>,
    ats: Option<ats_card::Told>,
    /// What a calendar says otherwise, and is not settled.
    questions: Vec<Question>,
}

impl Sheet {
    async fn load(desk: &Desk, id: &str) -> Result<Self, AppError> {
        let id: RequestId = id.parse().map_err(|_| AppError::not_found())?;
        let (db, org, now) = (desk.state.store.reader(), desk.me().org, desk.state.clock.now());
        let line = list::line(db, org, id, now).await?.ok_or_else(AppError::not_found)?;
        let panel = sitting::panel(db, &line.request).await?;
        let booking = booking::latest(db, org, id).await?;
        let event = match &booking {
            Some(booking) => events::of_booking(db, org, booking.id).await?,
            None => None,
        };
        let why = match &booking {
            Some(booking) => sitting::of(db, org, booking.id).await?,
            None => Default::default(),
        };
        let placements = match &event {
            Some(event) => events::placements_of(db, org, event.id).await?,
            None => Vec::new(),
        };
        let mut questions = Vec::new();
        // What is over needs no decision.
        let ahead = booking.as_ref().filter(|booking| booking.span.end() > now).map(|booking| booking.id);
        let is_open = |found: &Difference| found.is_open() && Some(found.booking) == ahead;
        for found in difference::of_request(db, org, id).await?.into_iter().filter(is_open) {
            let turn = desk.state.searches.turn().await?;
            questions.push(Question::of(desk, found).await);
            drop(turn);
        }
        let mut asked = panel.members();
        asked.push(line.request.coordinator);
        let connections = connections::of_people(db, org, &asked).await?;
        Ok(Self {
            now,
            told: organisation::told(db, org, &asked, &connections).await?,
            pauses: busy::pauses(db, org, now).await?,
            connections,
            invitations: invitations::of_people(db, org, &asked).await?,
            link: link::url(&desk.state, org, id).await?,
            history: timeline::of(db, &line.request).await?,
            team: crate::people::team(db, org).await?,
            ats: ats_card::load(&desk.state, &line.request).await?,
            questions,
            line,
            panel,
            why,
            event,
            placements,
        })
    }

    /// What somebody answered to the invitation in their calendar: "accepted". Nothing while they have not.
    fn answer(&self, email: &str) -> Option<&'static str> {
        let address = email.to_lowercase();
        let stands = self.placements.iter().filter(|at| at.removed_at.is_none() && !at.is_withdrawn);
        match stands.filter_map(|at| at.answers.get(&address)).next()? {
            Response::Accepted => Some("accepted"),
            Response::Tentative => Some("tentative"),
            Response::Declined => Some("declined"),
            Response::NeedsAction => None,
        }
    }

    fn booking(&self) -> Option<&Booking> {
        self.line.booking.as_ref().filter(|booking| booking.is_live())
    }

    /// How we know when somebody of the panel can. Their own word counts if it is about these days.
    fn source(&self, id: PersonId) -> Source<'_> {
        let window = self.line.request.window;
        let typed = self.panel.typed.get(&id).and_then(|typed| typed.typed);
        let typist = |by: PersonId| self.team.iter().find(|person| person.id == by).map(|person| person.name.as_str());
        Source {
            connections: self.connections.get(&id).map_or(&[], Vec::as_slice),
            told: self.told.get(&id).copied(),
            paused_until: self.connections.get(&id).and_then(|list| self.pauses.get(&list.first()?.id)).copied(),
            given: self.panel.given.get(&id).filter(|given| given.speaks_of(window)),
            typed: typed.map(|(by, at)| (typist(by).unwrap_or("somebody"), at)),
            invitation: self.invitations.get(&id),
        }
    }

    fn name_of(&self, id: PersonId) -> String {
        self.team
            .iter()
            .find(|person| person.id == id)
            .map(|person| person.name.clone())
            .unwrap_or_else(|| "Somebody".to_owned())
    }

    /// For sentences; all of the name where two people share the first.
    fn first_name_of(&self, id: PersonId) -> String {
        let first = |name: &str| name.split_whitespace().next().unwrap_or(name).to_owned();
        let name = self.name_of(id);
        let is_shared = self.team.iter().any(|person| person.id != id && first(&person.name) == first(&name));
        if is_shared { name } else { first(&name) }
    }
}

#[component]
pub fn RequestPage() -> impl IntoView {
    let id = use_params_map().read_untracked().get("id").unwrap_or_default();
    let query = use_query_map().get_untracked();
    let (dialog, news) = (query.get("dialog"), query.get("news"));
    desk(move |desk: Desk| async move {
        let topic = Topic::Request(desk.me().org, id.parse().map_err(|_| AppError::not_found())?);
        // Before anything is read: what changes meanwhile is news.
        let since = topic.mark(&desk.state).await?;
        let sheet = Sheet::load(&desk, &id).await?;
        let request = sheet.line.request.clone();
        let zone = desk.me().clock();
        let sub = match sheet.booking() {
            Some(booking) => format!("{}, {}", request.interview_type, when::span(booking.span, zone)),
            None => format!("{}, {}", request.interview_type, when::length(request.duration)),
        };
        let path = format!("/requests/{}", request.id);
        let actions = view! { <Actions sheet=sheet.clone() path=path.clone() /> };
        let history = history::entries(&sheet, zone);
        let (cancelling, replacing) = (dialog.as_deref() == Some("cancel"), dialog.as_deref() == Some("replace-link"));
        let news = news.and_then(|news| news_text(&news));
        let news = news.map(|text| view! { <Toast text dismiss_href=path.clone() /> });
        Ok(view! {
            <Frame
                desk
                title=request.candidate_name.clone()
                sub
                current=Section::Requests
                back=("Requests".to_owned(), "/requests".to_owned())
                actions=actions.into_any()
            >
                <Live url=format!("{path}/live") since />
                <div class="cols-main">
                    <div class="stack-lg" data-live="standing">
                        <difference_card::Questions sheet=sheet.clone() zone />
                        <Standings sheet=sheet.clone() zone />
                        <panel::People sheet=sheet.clone() />
                    </div>
                    <div class="stack-lg">
                        <panel::Unknown sheet=sheet.clone() />
                        <link_card::BookingLink sheet=sheet.clone() path=path.clone() />
                        <ats_card::AtsCard sheet=sheet.clone() />
                        <div data-live="history">
                            <Card>
                                <CardHead title="What happened" />
                                <CardBody>
                                    <Timeline entries=history />
                                </CardBody>
                            </Card>
                        </div>
                    </div>
                </div>
                <link_card::ReplaceDialog sheet=sheet.clone() path=path.clone() open=replacing />
                <CancelDialog sheet path=path.clone() open=cancelling />
                <Toasts>{news}</Toasts>
            </Frame>
        })
    })
}

fn news_text(news: &str) -> Option<&'static str> {
    match news {
        "asked" => Some("The invitation is on its way. Times appear as soon as it is answered."),
        "created" => Some("The request is ready. Send the link or copy it."),
        "replaced" => Some("The link is replaced. Send the new one or copy it."),
        "sent" => Some("The link is on its way to the candidate."),
        "moved" => Some("The interview has a new time. Everyone is told."),
        "swapped" => Some("Somebody else takes this interview. Everyone who is invited is told."),
        "ours" => Some("The interview stays as it is in Convene, and the calendar follows."),
        "theirs" => Some("The calendar counts. Everyone is told."),
        "kept" => Some("The interview stays as it is."),
        "cancelled" => Some("The interview is cancelled. Everyone is told."),
        _ => None,
    }
}

#[component]
fn Actions(sheet: Sheet, path: String) -> impl IntoView {
    let over = sheet.booking().is_some_and(|booking| booking.span.end() <= sheet.now);
    if sheet.line.request.status == RequestStatus::Cancelled || over {
        return ().into_any();
    }
    let move_to = sheet.booking().map(|_| view! { <LinkButton label="Move interview" href=format!("{path}/move") /> });
    view! {
        {move_to}
        <LinkButton label="Cancel interview" href=format!("{path}?dialog=cancel") kind=ButtonKind::Danger />
    }
    .into_any()
}

/// The state, the time on both sides, and what each calendar says.
#[component]
fn Standings(sheet: Sheet, zone: chrono_tz::Tz) -> impl IntoView {
    let request = sheet.line.request.clone();
    let time = sheet.booking().map(|booking| {
        let mut fact = Fact::new(Glyph::CalendarCheck, when::span(booking.span, zone));
        if when::clocks_differ(booking.span, zone, booking.zone) {
            fact.detail = format!("{} for {}", when::span(booking.span, booking.zone), request.candidate_name);
        }
        fact
    });
    let mut facts: Vec<Fact> = time.into_iter().collect();
    facts.push(Fact::new(Glyph::Clock, when::length(request.duration)));
    let mut address = Fact::new(Glyph::Mail, request.candidate_email.to_string());
    if request.candidate_email.has_foreign_domain() {
        address.detail =
            "Letters after the @ are not from the Latin alphabet. Make sure the address is the one you mean.".into();
    }
    if let Some(answer) = sheet.booking().and_then(|_| sheet.answer(request.candidate_email.as_str())) {
        address.detail = [address.detail, format!("{answer} the invitation")].join(" ").trim().to_owned();
    }
    facts.push(address);
    let join = sheet.placements.iter().find(|at| !at.join_url.is_empty()).map(|at| at.join_url.clone());
    if let Some(join) = join {
        // What a provider calls a link is one only if it is.
        let href = join.parse::<Link>().is_ok().then(|| join.clone());
        facts.push(Fact { href, ..Fact::new(Glyph::Video, join) });
    } else if request.video {
        let where_to = match sheet.line.standing {
            Standing::InCalendar => "Video call, the link is in the event",
            Standing::KeptOff | Standing::NotInCalendar(NotPlaced::NoCalendar) => {
                "Video call, without a link: no calendar makes one"
            }
            _ => "Video call, the link is made with the event",
        };
        facts.push(Fact::new(Glyph::Video, where_to));
    }
    if !request.location.is_empty() {
        facts.push(Fact::new(Glyph::MapPin, request.location.clone()));
    }
    let problem = match sheet.line.standing {
        Standing::NotInCalendar(why) => Some(view! { <NotInCalendar why /> }.into_any()),
        Standing::KeptOff => {
            let words = "Its coordinator keeps interviews out of calendars. Everybody was invited by mail.";
            Some(view! { <p class="hint mt-4">{words}</p> }.into_any())
        }
        _ => None,
    };
    let calendar = |placement: &Placement| view! { <CalendarLine sheet=sheet.clone() placement=placement.clone() /> };
    let calendars = sheet.placements.iter().map(calendar).collect_view();
    let placed = !sheet.placements.is_empty();
    let status = sheet.line.standing.status();
    view! {
        <Card>
            <CardBody>
                <StatusBadge status />
                <div class="mt-4">
                    <Facts facts />
                </div>
                {(!request.notes.is_empty()).then(|| view! { <p class="mt-4 whitespace-pre-line">{request.notes.clone()}</p> })}
                {problem}
            </CardBody>
            {placed.then(|| view! { <ul class="rows">{calendars}</ul> })}
        </Card>
    }
}

/// Why the booked interview is not in the calendar, and whether anybody is at it.
#[component]
fn NotInCalendar(why: NotPlaced) -> impl IntoView {
    let (words, dead) = match why {
        NotPlaced::NoCalendar => {
            ("No calendar to write to is connected. Everybody was invited by mail.".to_owned(), None)
        }
        NotPlaced::Failed(reason, outlook) => {
            let (next, dead) = match outlook {
                Some(Outlook::Trying) => (" We keep trying.", None),
                Some(Outlook::Waiting) => (" It goes on by itself after that.", None),
                Some(Outlook::GivenUp(job)) => (" We have stopped trying.", Some(job)),
                None => ("", None),
            };
            (format!("{}{next}", reason.sentence()), dead)
        }
    };
    let again = dead.map(|job| {
        view! {
            <form method="post" action=format!("/jobs/{job}/retry")>
                <Button label="Try again" size=ButtonSize::Small />
            </form>
        }
        .into_any()
    });
    view! {
        <Banner tone=Tone::Warning title="The interview is booked, but it is not in your calendar as it should be." actions=again class="mt-4">
            {words}
        </Banner>
    }
}

#[component]
fn CalendarLine(sheet: Sheet, placement: Placement) -> impl IntoView {
    let connection = sheet.connections.values().flatten().find(|one| one.id == placement.connection).cloned();
    let (mark, name) = match connection.as_ref().map(|one| one.provider) {
        Some(crate::calendars::Provider::Microsoft) => (crate::web::components::Provider::Microsoft, "Outlook"),
        Some(crate::calendars::Provider::Apple) => (crate::web::components::Provider::Apple, "Apple Calendar"),
        _ => (crate::web::components::Provider::Google, "Google Calendar"),
    };
    let status = match &sheet.event {
        _ if placement.removed_at.is_some() => Status::Cancelled,
        Some(event) if placement.is_current(event) => Status::InCalendar,
        _ if placement.problem.is_some() => Status::NotInCalendar,
        _ => Status::Placing,
    };
    let synced = placement
        .last_synced_at
        .map(|at| format!("Synced {}", ago(at, sheet.now)))
        .unwrap_or_else(|| "On its way".to_owned());
    let owner = connection.map(|one| one.account_email).unwrap_or_default();
    view! {
        <li class="row justify-between">
            <div class="row flex-nowrap min-w-0">
                <ProviderMark provider=mark />
                <div>
                    <p class="h3">{name}</p>
                    <p class="hint">{format!("{owner}, {synced}")}</p>
                </div>
            </div>
            <StatusBadge status />
        </li>
    }
}

#[component]
fn CancelDialog(sheet: Sheet, path: String, open: bool) -> impl IntoView {
    if !open || sheet.line.request.status == RequestStatus::Cancelled {
        return ().into_any();
    }
    let (title, text) = match sheet.booking() {
        Some(_) => {
            ("Cancel this interview?", "The event is removed from calendars and everyone who was invited is told.")
        }
        None => ("Cancel this request?", "The candidate's link stops offering times."),
    };
    let form = "cancel-form";
    let actions = view! {
        <LinkButton label="Keep it" href=path.clone() />
        <Button label="Yes, cancel" kind=ButtonKind::DangerFinal form=form />
    };
    view! {
        <Dialog id="cancel" title open=true close_href=path.clone() actions=actions.into_any()>
            <p>{text}</p>
            <form id=form method="post" action=format!("{path}/cancel") class="mt-4">
                <TextareaField label="Reason" name="reason" optional=true rows=3 maxlength=500u32 hint="The candidate reads it." />
            </form>
        </Dialog>
    }
    .into_any()
}
