//! What every staff page shares: who is signed in, where they may go, and the way to sign-in for those who are not.

use axum::http::request::Parts;
use leptos::{
    nonce::{Nonce, use_nonce},
    prelude::*,
};
use leptos_meta::Title;

use crate::{
    app::fail_with,
    calendars::Provider,
    connections::{self, Connection},
    error::{AppError, WayOn},
    people::{self, Admin, Coordinator, Forbidden, Member, Organisation},
    state::AppState,
    store::words::Role,
    web::{
        components::{Banner, Button, InputKind, NavItem, Section, StaffShell, TextField, Tone, WhoAmI, ZoneSelect},
        pages::{
            failing::{Failing, KeepsFailing},
            mend::{self, Mend},
        },
        session,
        zones::zone_options,
    },
};

/// Fills in the browser's own zone where `data-guess-zone` asks for it.
pub const GUESS_ZONE: &str = include_str!("guess_zone.js");

/// What signing in has to have shown before a page is.
pub trait Staff: Clone + Send + Sync + 'static {
    /// Whether an organisation may keep such pages shut until one's own calendar is connected.
    const WAITS_FOR_CALENDAR: bool = false;

    fn of(member: Member) -> Result<Self, Forbidden>;

    fn member(&self) -> &Member;
}

impl Staff for Member {
    fn of(member: Member) -> Result<Self, Forbidden> {
        Ok(member)
    }

    fn member(&self) -> &Member {
        self
    }
}

impl Staff for Coordinator {
    const WAITS_FOR_CALENDAR: bool = true;

    fn of(member: Member) -> Result<Self, Forbidden> {
        member.coordinator()
    }

    fn member(&self) -> &Member {
        Self::member(self)
    }
}

impl Staff for Admin {
    fn of(member: Member) -> Result<Self, Forbidden> {
        member.admin()
    }

    fn member(&self) -> &Member {
        Self::member(self)
    }
}

/// Somebody who is signed in, and what their pages need.
#[derive(Clone)]
pub struct Desk<Who = Coordinator> {
    pub state: AppState,
    /// Who it is, as what they may do.
    pub who: Who,
    pub organisation: Organisation,
    /// What a provider calls their address without vouching for it, while they have none; empty otherwise.
    pub claimed_address: String,
    /// Their own connected accounts that only they can mend.
    pub broken: Vec<Connection>,
    /// Calendars that fail again and again, as far as they are to know.
    pub failing: Failing,
    /// Path and query of the page.
    pub here: String,
    /// For the scripts of parts that wait for something.
    pub nonce: Option<Nonce>,
}

impl<Who: Staff> Desk<Who> {
    pub fn me(&self) -> &Member {
        self.who.member()
    }

    /// Whose calendars one may connect: those that are set up here, without what the organisation does not want.
    pub fn calendar_providers(&self) -> Vec<Provider> {
        let policies = &self.organisation.policies;
        let mut providers = self.state.services.calendars.names();
        providers.retain(|provider| policies.connects(connections::stored(*provider)));
        providers
    }

    /// The same for parts that every member sees.
    fn of_member(&self) -> Desk<Member> {
        Desk {
            state: self.state.clone(),
            who: self.me().clone(),
            organisation: self.organisation.clone(),
            claimed_address: self.claimed_address.clone(),
            broken: self.broken.clone(),
            failing: self.failing.clone(),
            here: self.here.clone(),
            nonce: self.nonce.clone(),
        }
    }
}

/// Shows a page to somebody who may see it. Signed-out visitors go to sign-in and come back here afterwards; whoever has to
/// connect a calendar first goes to the welcome.
pub fn desk<Who, V, F>(show: impl FnOnce(Desk<Who>) -> F + Send + 'static) -> impl IntoView
where
    Who: Staff,
    V: IntoView + Send + 'static,
    F: Future<Output = Result<V, AppError>> + Send + 'static,
{
    let state = expect_context::<AppState>();
    let response = use_context::<leptos_axum::ResponseOptions>();
    let parts = use_context::<Parts>();
    let nonce = use_nonce();
    let page = Suspend::new(async move {
        let here = parts.as_ref().and_then(|parts| parts.uri.path_and_query());
        let here = here.map_or("/dashboard", |target| target.as_str()).to_owned();
        let outcome = async {
            let member = match &parts {
                Some(parts) => session::member(&state, &parts.headers).await?,
                None => None,
            };
            let Some(member) = member else { return Ok(Shown::Elsewhere(session::sign_in_location(&here))) };
            let organisation = people::organisation(state.store.reader(), member.org).await?;
            let who = Who::of(member).map_err(|_| no_place())?;
            let me = who.member();
            if Who::WAITS_FOR_CALENDAR && session::waits_for_calendar(&state, me, &organisation.policies).await? {
                return Ok(Shown::Elsewhere("/welcome?step=1&reason=required".to_owned()));
            }
            let mine = connections::of_people(state.store.reader(), me.org, &[me.person]).await?;
            let mut broken = mine.into_values().flatten().collect::<Vec<_>>();
            let claimed_address = match me.contact() {
                Some(_) => String::new(),
                None => broken
                    .iter()
                    .map(|one| one.account_email.clone())
                    .find(|email| !email.is_empty())
                    .unwrap_or_default(),
            };
            broken.retain(|one| mend::needs_owner(one, me.role));
            let failing = Failing::of(state.store.reader(), me, state.clock.now()).await?.unless(&broken);
            let (state, here) = (state.clone(), here.clone());
            let desk = Desk { state, who, organisation, claimed_address, broken, failing, here, nonce };
            Ok::<_, AppError>(Shown::Page(show(desk).await?))
        };
        match outcome.await {
            Ok(Shown::Page(page)) => page.into_any(),
            Ok(Shown::Elsewhere(location)) => {
                see_other(response.as_ref(), &location);
                ().into_any()
            }
            Err(error) => fail_with(response, error).into_any(),
        }
    });
    view! { <Suspense>{page}</Suspense> }
}

/// A page, or where to go instead.
enum Shown<V> {
    Page(V),
    Elsewhere(String),
}

/// For somebody whose role has no business on a page.
fn no_place() -> AppError {
    AppError::forbidden()
        .hint("This page is for those who arrange interviews, or run the organisation. Your own times are in the settings.")
        .way_on(WayOn::Settings)
}

/// Sends the browser on instead of showing the page that is being rendered.
pub fn see_other(response: Option<&leptos_axum::ResponseOptions>, location: &str) {
    use axum::http::{HeaderValue, StatusCode, header};
    let Some(response) = response else { return };
    if let Ok(location) = HeaderValue::from_str(location) {
        response.insert_header(header::LOCATION, location);
        response.set_status(StatusCode::SEE_OTHER);
    }
}

/// The frame around a staff page.
#[component]
pub fn Frame<Who: Staff>(
    desk: Desk<Who>,
    #[prop(into)] title: String,
    #[prop(optional, into)] sub: MaybeProp<String>,
    #[prop(optional)] current: Option<Section>,
    #[prop(optional)] actions: Option<AnyView>,
    #[prop(optional)] beside: Option<AnyView>,
    #[prop(default = None, into)] back: Option<(String, String)>,
    children: Children,
) -> impl IntoView {
    let me = desk.me();
    let places: &[Section] = match me.role {
        Role::Interviewer => &[Section::Settings],
        Role::Coordinator => &[Section::Dashboard, Section::Requests, Section::Settings],
        Role::Admin => &[Section::Dashboard, Section::Requests, Section::Settings, Section::Admin],
    };
    let nav: Vec<NavItem> = places.iter().copied().map(NavItem::from).collect();
    let who = WhoAmI { name: me.name.clone(), organisation: desk.organisation.name.clone() };
    // The settings and the welcome ask for it themselves.
    let asks = !matches!(current, Some(Section::Settings) | None) && (me.zone.is_none() || me.contact().is_none());
    let desk = desk.of_member();
    let me = desk.me().clone();
    view! {
        <Title text=title.clone() />
        <StaffShell
            title
            sub
            nav
            current
            who
            back
            actions=actions.unwrap_or_else(|| ().into_any())
            beside=beside.unwrap_or_else(|| ().into_any())
        >
            <Mend broken=desk.broken.clone() role=me.role here=desk.here.clone() />
            <KeepsFailing failing=desk.failing.clone() here=desk.here.clone() />
            {asks.then(|| view! { <AboutYou desk /> })}
            {children()}
        </StaffShell>
    }
}

/// Asks somebody for what no provider told and others need of them.
#[component]
fn AboutYou(desk: Desk<Member>) -> impl IntoView {
    let me = desk.me();
    let (no_zone, no_address) = (me.zone.is_none(), me.contact().is_none());
    let title = match (no_zone, no_address) {
        (true, false) => "Which time zone are you in?",
        (false, _) => "Where may others write to you?",
        (true, true) => "Where are you, and where may others write to you?",
    };
    let zone = no_zone.then(|| {
        let options = zone_options(desk.state.clock.now(), "");
        view! { <ZoneSelect options name="zone" id="your-zone" label="Where you are" /> }
    });
    let address = no_address.then(|| {
        let claimed = desk.claimed_address.clone();
        view! { <TextField label="Your address" name="email" id="your-address" kind=InputKind::Email value=claimed /> }
    });
    let form = view! {
        <form method="post" action="/settings" class="flex flex-col gap-3 sm:flex-row sm:items-end" data-guess-zone="">
            <input type="hidden" name="return_to" value=desk.here />
            {zone}
            {address}
            <Button label="Save" />
        </form>
    };
    view! {
        <script nonce=desk.nonce>{GUESS_ZONE}</script>
        <Banner tone=Tone::Warning title actions=form.into_any() class="mb-4">
            {no_zone.then_some("Your calendar did not say where you are. Until you do, times here are shown in UTC, your working hours are taken in the zone of each request, and whole days in your calendar block a little more than the day. ")}
            {no_address.then_some("Nobody vouches for an address of yours. Until you confirm one by the mail we send to it, you get no mails, are not invited to interviews, and candidates cannot answer you.")}
        </Banner>
    }
}
