//! Every component in every state on one page, light beside dark. Served in demo and development only. The people and
//! times on it are made up, and nothing on it does anything.

use leptos::prelude::*;

use crate::web::{components::*, zones::zone_options};

use self::samples::{sample_counts, sample_lanes, sample_month, sample_slots, sample_week};

#[path = "styleguide/samples.rs"]
pub(crate) mod samples;

/// One component's row: its name, then the same example on light and on dark ground.
fn section(name: &'static str, example: fn(&'static str) -> AnyView) -> AnyView {
    let id = name.to_lowercase().replace(' ', "-");
    view! {
        <section class="guide-section" aria-labelledby=id>
            <h2 class="guide-name" id=id.clone()>
                {name}
            </h2>
            <div class="guide-pair">
                <div class="guide-panel" data-theme="light">
                    {example("light")}
                </div>
                <div class="guide-panel" data-theme="dark">
                    {example("dark")}
                </div>
            </div>
        </section>
    }
    .into_any()
}

fn buttons(_: &'static str) -> AnyView {
    let sizes = [ButtonSize::Small, ButtonSize::Normal, ButtonSize::Large];
    view! {
        <div class="stack">
            <div class="row">
                <Button label="Create request" kind=ButtonKind::Primary plain=true />
                <Button label="Move interview" plain=true />
                <Button label="Cancel interview" kind=ButtonKind::Danger plain=true />
                <Button label="Yes, cancel it" kind=ButtonKind::DangerFinal plain=true />
                <Button label="Not now" kind=ButtonKind::Quiet plain=true />
                <Button label="Invite" kind=ButtonKind::Accent icon=Glyph::UserPlus plain=true />
            </div>
            <div class="row">
                {sizes
                    .map(|size| view! { <Button label="Sync now" icon=Glyph::RefreshCw size=size plain=true /> })
                    .collect_view()}
                <Button label="Close" icon=Glyph::X icon_only=true plain=true />
                <LinkButton label="New request" href="#buttons" icon=Glyph::Plus kind=ButtonKind::Primary />
            </div>
            <div class="row">
                <Button label="Create request" kind=ButtonKind::Primary plain=true class="is-hover" />
                <Button label="Create request" kind=ButtonKind::Primary plain=true class="is-active" />
                <Button label="Create request" kind=ButtonKind::Primary plain=true disabled=true />
                <Button label="Creating request" kind=ButtonKind::Primary plain=true loading=true />
                <LinkButton label="Previous" href="" disabled=true icon=Glyph::ChevronLeft />
            </div>
        </div>
    }
    .into_any()
}

fn fields(theme: &'static str) -> AnyView {
    let id = move |name: &str| format!("{theme}-{name}");
    let zones = zone_options(chrono::Utc::now(), "Europe/Berlin");
    view! {
        <div class="stack">
            <TextField
                label="Candidate name"
                name="name"
                id=id("name")
                value="Sofía Hernández"
                autocomplete="off"
            />
            <TextField
                label="Candidate email"
                name="email"
                id=id("email")
                kind=InputKind::Email
                value="sofia.hernandez@example"
                hint="The booking link goes there."
                error=Wrong::new("email_invalid", "This address has no domain. Did you mean example.net?")
            />
            <div class="cols-2">
                <SelectField
                    label="Duration"
                    name="duration"
                    id=id("duration")
                    choices=vec![Choice::new("30", "30 min"), Choice::new("45", "45 min")]
                    selected="45"
                />
                <TextField label="From" name="from" id=id("from") kind=InputKind::Date value="2027-03-08" />
                <TextField label="Owner" name="owner" id=id("owner") value="Ana Alvarez" readonly=true />
                <TextField label="Room" name="room" id=id("room") placeholder="Not used" disabled=true optional=true />
            </div>
            <ZoneSelect options=zones id=id("zone") hint="Guessed from your browser." large=true />
            <TextareaField
                label="Note to the candidate"
                name="note"
                id=id("note")
                optional=true
                rows=3
                value="Bring nothing."
            />
            <Field id=id("people") label="Interviewers" hint="Everyone is needed.">
                <ChipBox>
                    <Chip label="Ana Alvarez" name="people" value="ana" state=("connected".to_owned(), Tone::Success) />
                    <Chip label="Mia Rossi" name="people" value="mia" state=("typed times".to_owned(), Tone::Neutral) />
                    <Chip label="Kenji Watanabe" name="people" value="ken" state=("unknown".to_owned(), Tone::Warning) />
                    <input
                        id=id("people")
                        name="add"
                        type="email"
                        placeholder="Add by email"
                        aria-describedby=id("people-hint")
                    />
                </ChipBox>
            </Field>
        </div>
    }
    .into_any()
}

fn choices(theme: &'static str) -> AnyView {
    view! {
        <div class="stack">
            <Checkbox label="Ana Alvarez" name=format!("{theme}-read") checked=true />
            <Checkbox
                label="Work travel"
                name=format!("{theme}-read")
                hint="Only when you are busy, never what it is."
            />
            <Checkbox label="Holidays in Germany" name=format!("{theme}-read") disabled=true />
            <RadioGroup
                legend="Put interviews in"
                name=format!("{theme}-target")
                selected="primary"
                choices=vec![
                    (Choice::new("primary", "My calendar"), String::new()),
                    (Choice::new("own", "A calendar called Convene"), "Your own calendar is never changed.".into()),
                ]
                error=Wrong::new("calendar_refused", "Google did not allow a new calendar. Choose your own one for now.")
            />
            <Switch label="Remind me" name=format!("{theme}-remind") checked=true hint="By e-mail, an hour before." />
            <Switch label="Weekly summary" name=format!("{theme}-weekly") />
        </div>
    }
    .into_any()
}

fn states(_: &'static str) -> AnyView {
    use Status::*;
    let connections =
        [Connected, TypedTimes, Invited, NotConnected, NotAnswering, SignInExpired, PermissionMissing, Disconnected];
    let requests =
        [Draft, WaitingForCandidate, Confirming, Booked, InterviewerDeclined, NoTimes, LinkExpired, Cancelled, Done];
    let events = [InCalendar, Placing, Differs, NotInCalendar, Waiting, Sent, Failed, GivenUp];
    view! {
        <div class="stack">
            <div class="row">{connections.map(|status| view! { <StatusBadge status=status /> }).collect_view()}</div>
            <div class="row">{requests.map(|status| view! { <StatusBadge status=status /> }).collect_view()}</div>
            <div class="row">{events.map(|status| view! { <StatusBadge status=status /> }).collect_view()}</div>
            <div class="row">
                {events.map(|status| view! { <StatusBadge status=status quiet=true /> }).collect_view()}
            </div>
            <div class="row">
                <Badge text="+38 times" tone=Tone::Success plain=true />
                <Badge text="2" tone=Tone::Danger plain=true />
                <Badge text="beta" plain=true />
            </div>
        </div>
    }
    .into_any()
}

fn messages(_: &'static str) -> AnyView {
    view! {
        <div class="stack">
            <Banner
                tone=Tone::Warning
                title="Ben's calendar stopped answering 12 minutes ago"
                actions=view! { <Button label="Ask Ben to reconnect" size=ButtonSize::Small plain=true /> }.into_any()
            >
                "His times are left out until he reconnects."
            </Banner>
            <Banner tone=Tone::Danger title="The interview could not be moved">
                "Tom is in another meeting then. " <a href="#messages">"Choose another time"</a>
            </Banner>
            <Banner tone=Tone::Info>
                "From 14 March New York is only 5 hours behind you, because its clocks change first."
            </Banner>
            <Banner tone=Tone::Success title="All 5 calendars are up to date" />
            <Banner title="Practice sessions are off">"An administrator can switch them on."</Banner>
            <Toast text="Link sent to Priya" dismiss_href="#messages">
                <Button label="Undo" kind=ButtonKind::Accent size=ButtonSize::Small plain=true />
            </Toast>
            <Toast text="Still reading Raj's calendar" tone=Tone::Info />
        </div>
    }
    .into_any()
}

fn people(_: &'static str) -> AnyView {
    let panel = ["Ben Okafor", "Chloé Dubois", "Eva Lindqvist", "Tom Baker", "Mia Rossi", "Raj Patel"];
    view! {
        <div class="stack">
            <div class="row">
                <Avatar name="Ana Alvarez" size=AvatarSize::Small named=true />
                <Avatar name="Ana Alvarez" named=true />
                <Avatar name="Ana Alvarez" size=AvatarSize::Large named=true />
                <Avatar name="Anyone of the team" open=true named=true />
                <Avatars names=panel.map(String::from).to_vec() />
            </div>
            <PersonLine name="Ben Okafor" detail="Google, 2 min ago">
                <StatusBadge status=Status::Connected />
            </PersonLine>
            <PersonLine name="Tom Baker" detail="2 interviews this week, same skills" href="#people">
                <Button label="Swap in Tom" kind=ButtonKind::Primary size=ButtonSize::Small plain=true />
            </PersonLine>
            <div class="row">
                {[Provider::Google, Provider::Microsoft, Provider::Apple, Provider::CalDav]
                    .map(|provider| view! { <ProviderMark provider=provider tile=true /> })
                    .collect_view()}
                <ProviderMark provider=Provider::Google />
                <ProviderMark provider=Provider::Microsoft />
                <Logo />
            </div>
        </div>
    }
    .into_any()
}

fn cards(theme: &'static str) -> AnyView {
    let states = vec![
        TabLink { label: "Open".into(), href: "#cards".into(), count: Some(7), current: true },
        TabLink { label: "Booked".into(), href: "#cards".into(), count: Some(12), current: false },
    ];
    let tabs = vec![
        TabLink::new("Profile", "#cards", false),
        TabLink::new("Calendar", "#cards", true),
        TabLink::new("Notifications", "#cards", false),
    ];
    view! {
        <div class="stack">
            <Tabs tabs=tabs label=format!("Settings, {theme}") />
            <Card>
                <CardHead title="Requests" beside=view! { <Badge text="2" tone=Tone::Danger plain=true /> }.into_any()>
                    <Segments tabs=states label=format!("Requests by state, {theme}") />
                </CardHead>
                <CardBody>"The inside of a card."</CardBody>
                <CardFoot>
                    <Button label="Save" kind=ButtonKind::Primary size=ButtonSize::Small plain=true />
                    <Button label="Discard" kind=ButtonKind::Quiet size=ButtonSize::Small plain=true />
                </CardFoot>
            </Card>
            <Card tone=Tone::Danger>
                <CardHead
                    title="Outlook"
                    lead=view! { <ProviderMark provider=Provider::Microsoft tile=true /> }.into_any()
                    beside=view! { <StatusBadge status=Status::SignInExpired /> }.into_any()
                    sub="ana@northwind.example. Worked until today 09:12."
                    open=true
                >
                    <Button label="Reconnect" kind=ButtonKind::Primary size=ButtonSize::Small plain=true />
                </CardHead>
                <CardBody>"Your Outlook times are left out until you reconnect."</CardBody>
            </Card>
        </div>
    }
    .into_any()
}

fn tables(theme: &'static str) -> AnyView {
    let sorted = Column {
        sort: Some(SortLink { href: "#tables".into(), now: Some(SortDirection::Ascending) }),
        ..Column::new("Candidate")
    };
    let sortable = Column { sort: Some(SortLink { href: "#tables".into(), now: None }), ..Column::new("When") };
    let columns = vec![sorted, sortable, Column::numeric("Tries"), Column::hidden("State")];
    view! {
        <div class="stack">
            <Card>
                <DataTable caption=format!("Open requests, {theme}") columns=columns>
                    <tr>
                        <td class="td-main">"Mei-Ling Tsai" <span class="two">"Onsite loop, 4 stages"</span></td>
                        <td data-label="When">"Tue 9 March, 09:30"</td>
                        <td class="r" data-label="Tries">"1"</td>
                        <td>
                            <StatusBadge status=Status::InCalendar />
                        </td>
                    </tr>
                    <tr>
                        <td class="td-main">"Sofía Hernández" <span class="two">"Coding, 60 min"</span></td>
                        <td data-label="When">"no times yet"</td>
                        <td class="r" data-label="Tries">"12"</td>
                        <td>
                            <StatusBadge status=Status::NoTimes />
                        </td>
                    </tr>
                </DataTable>
            </Card>
            <Card>
                <EmptyState title="No open requests" sentence="A request asks a candidate to pick one of the times that suit everyone.">
                    <LinkButton label="New request" href="#tables" icon=Glyph::Plus kind=ButtonKind::Primary />
                </EmptyState>
            </Card>
        </div>
    }
    .into_any()
}

fn journeys(theme: &'static str) -> AnyView {
    let entry = |glyph, what: &str, more: &str, when: &str, tone| TimelineEntry {
        glyph,
        what: what.into(),
        more: more.into(),
        when: when.into(),
        at: "2027-03-04T21:02:00Z".into(),
        full: "Thursday 4 March 2027, 16:02, New York".into(),
        tone,
    };
    let entries = vec![
        entry(Glyph::Bell, "Reminder to 5 people", "", "Mon 09:30", EntryTone::Next),
        entry(
            Glyph::TriangleAlert,
            "Tom moved \"Values\" in his calendar",
            "from 12:30 to 12:45",
            "4 min",
            EntryTone::Warning,
        ),
        entry(Glyph::CircleX, "Invitation to Raj came back", "mailbox full", "Thu 16:03", EntryTone::Danger),
        entry(Glyph::CalendarCheck, "In all 5 calendars", "", "Thu 16:02", EntryTone::Good),
        entry(Glyph::Send, "Link sent", "", "Wed 11:20", EntryTone::Plain),
    ];
    view! {
        <div class="stack-lg">
            <Stepper
                label=format!("Welcome, {theme}")
                steps=vec![
                    Step::new("Connect your calendar", StepState::Done),
                    Step::new("Invite your team", StepState::Skipped),
                    Step::new("Create your first request", StepState::Current),
                ]
            />
            <Timeline entries=entries />
            <Progress label="Reading calendars" value=3_u32 max=8 detail="3 of 8 people" />
            <Progress label="Looking for times" />
            <CopyField
                id=format!("{theme}-link")
                value="https://convene.example/book/8fQ2vLr0mZk"
                hint="Opened 3 times, last on Monday."
            />
            <CopyField
                id=format!("{theme}-copied")
                value="https://convene.example/book/8fQ2vLr0mZk"
                copied=true
            />
            <div class="cols-2">
                <Skeleton />
                <Skeleton shape=SkeletonShape::People count=2 />
                <Skeleton shape=SkeletonShape::Slots count=2 />
                <Skeleton shape=SkeletonShape::Picture count=1 />
            </div>
        </div>
    }
    .into_any()
}

fn pictures(theme: &'static str) -> AnyView {
    view! {
        <div class="stack-lg">
            <WeekGrid week=sample_week() id=format!("{theme}-week") />
            <WeekGrid week=sample_lanes() id=format!("{theme}-lanes") bare=true />
            <DayBars days=sample_counts() label=format!("Times per day, {theme}") />
            <div class="cols-2">
                <Sparkline values=vec![2.0, 3.0, 1.0, 4.0, 9.0, 18.0, 7.0, 3.0] label="Queue depth over the last hour: 3 now, 18 at most" />
                <Sparkline values=vec![0.2, 0.3, 0.2, 0.9, 1.4, 1.1] limit=1.0 tone=Tone::Danger label="Seconds per sync: 1.1 now, 1.4 at most" />
            </div>
        </div>
    }
    .into_any()
}

fn times(theme: &'static str) -> AnyView {
    view! {
        <div class="stack-lg">
            <MonthPicker month=sample_month() />
            <form>
                <SlotList
                    days=sample_slots(&format!("{theme}-"))
                    name=format!("{theme}-start")
                    selected="2027-03-10T15:00:00Z"
                />
            </form>
            <form>
                <SlotList days=sample_slots(&format!("{theme}-2-")) name=format!("{theme}-start-2") two_columns=true />
            </form>
        </div>
    }
    .into_any()
}

fn booking(theme: &'static str) -> AnyView {
    let facts = vec![
        Fact::new(Glyph::Clock, "60 minutes"),
        Fact { detail: "The link comes with the invitation.".into(), ..Fact::new(Glyph::Video, "Google Meet") },
    ];
    let confirm = view! {
        <ConfirmBar
            summary="Wednesday 10 March, 15:00-16:00, Berlin"
            detail="You can move or cancel until 24 hours before."
        >
            <Button label="Confirm booking" kind=ButtonKind::Primary size=ButtonSize::Large plain=true />
        </ConfirmBar>
    };
    view! {
        <div class="stack-lg">
            <Booker foot=confirm.into_any()>
                <div class="stack">
                    <p class="public-title">"Systems design"</p>
                    <Facts facts=facts />
                </div>
                <div>
                    <SlotList days=sample_slots(&format!("{theme}-3-")) name=format!("{theme}-start-3") />
                </div>
            </Booker>
            <div class="stack">
                <ProviderButton provider=Provider::Google label="Continue with Google" />
                <ProviderLink provider=Provider::Apple label="Connect Apple Calendar" href="#booking" />
            </div>
        </div>
    }
    .into_any()
}

fn dialogs(theme: &'static str) -> AnyView {
    let actions = view! {
        <Button label="Keep it" plain=true />
        <Button label="Cancel interview" kind=ButtonKind::DangerFinal plain=true />
    };
    view! {
        <Dialog
            id=format!("{theme}-dialog")
            title="Cancel the interview?"
            open=true
            close_href="#dialogs"
            actions=actions.into_any()
        >
            <p>"Mei-Ling and 4 interviewers are told, and the event leaves all 5 calendars."</p>
        </Dialog>
    }
    .into_any()
}

fn ends(_: &'static str) -> AnyView {
    view! {
        <ErrorPage
            status=410
            title="This link has expired"
            sentence="Links work for 14 days. Ana Alvarez can send you a new one; your interview is not affected."
            reference="req_01JN8Z6W3K"
        >
            <LinkButton label="Ask for a new link" href="#ends" kind=ButtonKind::Primary size=ButtonSize::Large />
        </ErrorPage>
    }
    .into_any()
}

/// The guide.
#[component]
pub fn Styleguide() -> impl IntoView {
    view! {
        <a class="skip" href="#main">
            "Skip to content"
        </a>
        <main class="guide" id="main" tabindex="-1">
            <header class="guide-head">
                <Logo />
                <h1>"Style guide"</h1>
                <p>"Every component in every state, on light and on dark ground."</p>
            </header>
            {section("Buttons", buttons)}
            {section("Fields", fields)}
            {section("Choices", choices)}
            {section("States", states)}
            {section("Messages", messages)}
            {section("People", people)}
            {section("Cards", cards)}
            {section("Tables", tables)}
            {section("Journeys", journeys)}
            {section("Pictures", pictures)}
            {section("Times", times)}
            {section("Booking", booking)}
            {section("Dialogs", dialogs)}
            {section("Ends", ends)}
        </main>
    }
    .into_any()
}
