//! From an invitation's mail to a connected calendar, over HTTP; what it asks for, and whom it leaves alone.

use convene::{
    connections::{self, Need},
    people,
    store::{
        entities::{identities, messages},
        words::{ConnectionStatus, Role},
    },
};
use sea_orm::{EntityTrait, PaginatorTrait};

use super::*;

pub struct Town {
    pub state: AppState,
    pub app: Router,
    pub provider: Arc<FakeProvider>,
    pub ana: Browser,
}

impl Town {
    /// Ana has signed up and is an administrator.
    pub async fn new() -> Self {
        let (state, provider) = world().await;
        let (app, mut ana) = (router(state.clone()), Browser::new());
        let landed = through(&app, &provider, &mut ana, "/auth/google", "zone=Europe%2FBerlin", &ana_account()).await;
        assert_eq!(landed, "/welcome", "somebody new is led on");
        Self { state, app, provider, ana }
    }

    pub async fn invite(&mut self, form: &'static str) {
        let asked = post(&self.app, &mut self.ana, "/people/invite", form).await;
        assert!(asked.header("location").contains("asked=1"), "{}", asked.body);
    }

    /// The path of the latest invitation's link.
    pub async fn link(&self) -> String {
        let mails = messages::Entity::find().all(self.state.store.reader()).await.expect("read");
        let mail = mails.iter().rev().find(|mail| mail.kind == "connect_calendar").expect("a mail");
        let text = convene::notifications::body(&self.state.config.keys, mail).expect("opened").text;
        let token = text.split("/invite/").nth(1).and_then(|rest| rest.split_whitespace().next()).expect("a link");
        format!("/invite/{token}")
    }

    pub async fn accept(&self, browser: &mut Browser, link: &str, account: &Account) -> String {
        through(&self.app, &self.provider, browser, link, "provider=google&zone=Asia%2FTokyo", account).await
    }

    async fn identities(&self) -> u64 {
        identities::Entity::find().count(self.state.store.reader()).await.expect("counted")
    }
}

fn ana_account() -> Account {
    Account::google("ana-sub", "ana@example.com")
}

pub fn ben_account() -> Account {
    Account::google("ben-sub", "ben@example.com")
}

#[tokio::test]
async fn an_interviewer_connects_read_only_and_belongs_to_whoever_asked() {
    let mut town = Town::new().await;
    town.invite("emails=ben%40example.com").await;
    let link = town.link().await;
    let mut ben = Browser::new();
    let begun = post(&town.app, &mut ben, &link, "provider=google").await;
    let page: Url = begun.header("location").parse().expect("the provider's page");
    let asked: std::collections::HashMap<_, _> = page.query_pairs().into_owned().collect();
    assert!(asked["scope"].contains("calendar.freebusy"), "{}", asked["scope"]);
    assert!(!asked["scope"].contains("calendar.events") && !asked["scope"].contains("calendarlist"), "least privilege");

    assert_eq!(town.accept(&mut ben, &link, &ben_account()).await, "/settings?news=connected");
    let (me, boss) = (member(&town.state, &ben).await, member(&town.state, &town.ana).await);
    assert_eq!((me.org, me.role, me.email.as_str()), (boss.org, Role::Interviewer, "ben@example.com"));
    assert_eq!(me.zone, Some(chrono_tz::Asia::Tokyo), "nobody knew where he is; his browser did");
    let found = connections::of_people(town.state.store.reader(), me.org, &[me.person]).await.expect("read");
    let [connection] = &found[&me.person][..] else { panic!("{found:?}") };
    assert!(connection.can(Need::ReadBusy) && !connection.can(Need::WriteEvents));
    let settings = get(&town.app, &mut ben, "/settings").await;
    assert!(
        settings.body.contains("Working hours") && !settings.body.contains("href=\"/dashboard\" aria"),
        "{}",
        settings.body
    );
    assert_eq!(get(&town.app, &mut ben, "/dashboard").await.status, StatusCode::FORBIDDEN);

    // The link is used up, whoever holds it, and Ben signs in without it from now on.
    let mut eve = Browser::new();
    let page = get(&town.app, &mut eve, &link).await;
    assert_eq!((page.status, code(&page).as_str()), (StatusCode::GONE, "invitation_used"));
    let again = post(&town.app, &mut eve, &link, "provider=google").await;
    assert_eq!(again.status, StatusCode::GONE);
    let mut later = Browser::new();
    let landed =
        through(&town.app, &town.provider, &mut later, "/auth/google", "return_to=%2Fsettings", &ben_account()).await;
    assert_eq!(landed, "/settings");
    assert_eq!(member(&town.state, &later).await.person, me.person);
}

#[tokio::test]
async fn accounts_that_are_there_stay_what_they_are() {
    let mut town = Town::new().await;
    let mut eve = Browser::new();
    let eve_account = Account::google("eve-sub", "eve@example.com");
    through(&town.app, &town.provider, &mut eve, "/auth/google", "", &eve_account).await;
    town.invite("emails=ben%40example.com").await;
    let link = town.link().await;
    let before = (town.identities().await, member(&town.state, &eve).await);
    // Somebody of another organisation, the inviter herself, signed in or not: nobody becomes Ben.
    for account in [&eve_account, &ana_account()] {
        for mut browser in [Browser::new(), eve.clone(), town.ana.clone()] {
            assert_eq!(town.accept(&mut browser, &link, account).await, "account_in_use");
        }
    }
    assert_eq!((town.identities().await, member(&town.state, &eve).await), before);
    // Nothing of it used the link up.
    assert_eq!(town.accept(&mut Browser::new(), &link, &ben_account()).await, "/settings?news=connected");
    // Two browsers that went off with one link: the second comes too late.
    town.invite("emails=tom%40example.com").await;
    let link = town.link().await;
    let (mut one, mut two) = (Browser::new(), Browser::new());
    let pages = [&mut one, &mut two];
    let mut begun = Vec::new();
    for browser in pages {
        let answer = post(&town.app, browser, &link, "provider=google").await;
        begun.push(answer.header("location").parse::<Url>().expect("the provider's page"));
    }
    let tom = Account::google("tom-sub", "tom@example.com");
    let mallory = Account::google("mallory-sub", "mallory@example.com");
    let first = format!("/auth/google/callback?{}", town.provider.agree(&begun[0], &tom, None));
    let second = format!("/auth/google/callback?{}", town.provider.agree(&begun[1], &mallory, None));
    assert_eq!(get(&town.app, &mut one, &first).await.header("location"), "/settings?news=connected");
    let late = get(&town.app, &mut two, &second).await;
    assert_eq!((late.status, code(&late).as_str()), (StatusCode::GONE, "invitation_used"));
}

#[tokio::test]
async fn an_interviewer_becomes_a_coordinator_by_one_more_consent() {
    let mut town = Town::new().await;
    town.invite("emails=ben%40example.com").await;
    let link = town.link().await;
    let mut ben = Browser::new();
    town.accept(&mut ben, &link, &ben_account()).await;
    // Unasked, nobody promotes themselves.
    let alone = post(&town.app, &mut ben, "/auth/google", "purpose=coordinate").await;
    assert_eq!(code(&alone), "invitation_used");
    town.invite("emails=ben%40example.com&role=coordinator").await;
    assert_eq!(member(&town.state, &ben).await.role, Role::Interviewer, "an offer changes nothing");
    let page = get(&town.app, &mut ben, "/settings").await;
    assert!(page.body.contains("asks you to arrange interviews"), "{}", page.body);
    // Without the permission it needs, the offer stands and the role too.
    let begun = post(&town.app, &mut ben, "/auth/google", "purpose=coordinate&return_to=%2Fdashboard").await;
    let page: Url = begun.header("location").parse().expect("the provider's page");
    assert!(page.as_str().contains("calendar.events"), "{page}");
    let some = "openid email profile https://www.googleapis.com/auth/calendar.freebusy";
    let query = town.provider.agree(&page, &ben_account(), Some(some));
    get(&town.app, &mut ben, &format!("/auth/google/callback?{query}")).await;
    assert_eq!(member(&town.state, &ben).await.role, Role::Interviewer);
    let form = "purpose=coordinate&return_to=%2Fdashboard";
    let landed = through(&town.app, &town.provider, &mut ben, "/auth/google", form, &ben_account()).await;
    assert_eq!(landed, "/dashboard");
    assert_eq!(member(&town.state, &ben).await.role, Role::Coordinator);
    assert_eq!(get(&town.app, &mut ben, "/dashboard").await.status, StatusCode::OK);
    // An interviewer's invitation takes nothing back.
    let again = post(&town.app, &mut town.ana, "/people/invite", "emails=ben%40example.com").await;
    assert_eq!(again.status, StatusCode::SEE_OTHER);
    assert_eq!(member(&town.state, &ben).await.role, Role::Coordinator);
}

#[tokio::test]
async fn the_organisation_decides_whom_one_signs_in_with() {
    let mut town = Town::new().await;
    let page = "/admin/integrations/calendar";
    let locked = post(&town.app, &mut town.ana, page, "sign_in=microsoft").await;
    assert_eq!((locked.status, code(&locked).as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "would_lock_out"));
    assert_eq!(code(&post(&town.app, &mut town.ana, page, "sign_in=yahoo").await), "providers_invalid");
    town.invite("emails=ben%40example.com").await;
    let link = town.link().await;
    let mut ben = Browser::new();
    town.accept(&mut ben, &link, &ben_account()).await;
    assert_eq!(post(&town.app, &mut ben, page, "sign_in=google").await.status, StatusCode::FORBIDDEN);
    // Decided by somebody else meanwhile: Google people stay signed in and cannot sign in again.
    let me = member(&town.state, &town.ana).await;
    let txn = town.state.store.begin().await.expect("a write");
    let sql = "UPDATE organisations SET policies = '{\"sign_in_providers\":[\"microsoft\"]}'";
    sea_orm::ConnectionTrait::execute_unprepared(&*txn, sql).await.expect("decided");
    txn.commit().await.expect("committed");
    assert_eq!(get(&town.app, &mut town.ana, "/dashboard").await.status, StatusCode::OK);
    let refused = through(&town.app, &town.provider, &mut Browser::new(), "/auth/google", "", &ana_account()).await;
    assert_eq!(refused, "provider_not_allowed");
    let policies = people::organisation(town.state.store.reader(), me.org).await.expect("read").policies;
    assert_eq!(policies.sign_in_providers.len(), 1);
    // Invitations offer only what is allowed.
    town.invite("emails=tom%40example.com").await;
    let link = town.link().await;
    let page = get(&town.app, &mut Browser::new(), &link).await;
    assert!(!page.body.contains("Continue with Google"), "{}", page.body);
    assert_eq!(code(&post(&town.app, &mut Browser::new(), &link, "provider=google").await), "provider_not_allowed");
}

#[tokio::test]
async fn the_organisation_decides_which_calendars_are_connected() {
    let mut town = Town::new().await;
    let page = "/admin/integrations/calendar";
    let none = post(&town.app, &mut town.ana, page, "sign_in=both&calendars%5B%5D=").await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", none.body);
    assert!(none.body.contains("calendars_missing") && none.body.contains("Leave at least one kind of calendar"));
    let offers = get(&town.app, &mut town.ana, "/settings/calendar").await.body;
    assert!(offers.contains("Connect Outlook") && !offers.contains("does not connect these calendars"), "{offers}");
    let decided = post(&town.app, &mut town.ana, page, "sign_in=both&calendars%5B%5D=&calendars%5B%5D=google").await;
    assert_eq!(decided.status, StatusCode::SEE_OTHER, "{}", decided.body);
    let offers = get(&town.app, &mut town.ana, "/settings/calendar").await.body;
    assert!(!offers.contains("Connect Outlook") && offers.contains("does not connect these calendars"), "{offers}");
    // A form that does not ask about it changes nothing, and the page shows what was decided.
    post(&town.app, &mut town.ana, page, "sign_in=both").await;
    let shown = get(&town.app, &mut town.ana, page).await.body;
    let ticked = |kind: &str| shown.contains(&format!(r#"name="calendars[]" value="{kind}" checked"#));
    assert!(ticked("google") && !ticked("microsoft"), "{shown}");
    assert!(shown.contains("Everybody's calendars") || shown.contains("Everybody&#x27;s calendars"), "{shown}");
}

#[tokio::test]
async fn a_required_calendar_gates_until_it_is_connected_and_again_when_access_ends() {
    let mut town = Town::new().await;
    let decided =
        post(&town.app, &mut town.ana, "/admin/integrations/calendar", "sign_in=both&require_calendar=true").await;
    assert_eq!(decided.status, StatusCode::SEE_OTHER, "{}", decided.body);
    assert_eq!(get(&town.app, &mut town.ana, "/dashboard").await.status, StatusCode::OK);
    let me = member(&town.state, &town.ana).await;
    let txn = town.state.store.begin().await.expect("a write");
    sea_orm::ConnectionTrait::execute_unprepared(&*txn, "UPDATE connections SET status = 'expired'")
        .await
        .expect("expired");
    txn.commit().await.expect("committed");
    for path in ["/dashboard", "/requests", "/requests/new", "/people/invite"] {
        let gated = get(&town.app, &mut town.ana, path).await;
        assert_eq!(
            (gated.status, gated.header("location")),
            (StatusCode::SEE_OTHER, "/welcome?step=1&reason=required"),
            "{path}"
        );
    }
    let posted = post(&town.app, &mut town.ana, "/people/invite", "emails=ben%40example.com").await;
    assert_eq!((posted.status, code(&posted).as_str()), (StatusCode::FORBIDDEN, "calendar_required"));
    let welcome = get(&town.app, &mut town.ana, "/welcome?step=1&reason=required").await;
    assert!(welcome.body.contains("Your organisation needs a connected calendar"), "{}", welcome.body);
    // What mends it, and what undoes it, stay open.
    for path in ["/settings", "/settings/calendar", "/admin/integrations/calendar"] {
        assert_eq!(get(&town.app, &mut town.ana, path).await.status, StatusCode::OK, "{path}");
    }
    let form = "purpose=connect&return_to=%2Fdashboard";
    let landed = through(&town.app, &town.provider, &mut town.ana, "/auth/google", form, &ana_account()).await;
    assert_eq!(landed, "/dashboard");
    assert_eq!(get(&town.app, &mut town.ana, "/dashboard").await.status, StatusCode::OK);
    assert_eq!(member(&town.state, &town.ana).await.person, me.person);
}

#[tokio::test]
async fn the_welcome_can_be_left_and_found_again() {
    let mut town = Town::new().await;
    let shown = async |town: &mut Town, path: &str| get(&town.app, &mut town.ana, path).await.body;
    // Sign-up connected the calendar: the first step is done.
    assert!(shown(&mut town, "/welcome").await.contains("Step 2 of 3"));
    assert!(shown(&mut town, "/welcome?step=1").await.contains("Your calendar is connected"));
    assert!(shown(&mut town, "/dashboard").await.contains("Finish setting up"));
    let wrong = post(&town.app, &mut town.ana, "/welcome/invite", "emails=nobody").await;
    assert_eq!((wrong.status, code(&wrong).as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "email_invalid"));
    assert!(wrong.body.contains("Step 2 of 3"), "{}", wrong.body);
    let sent = post(&town.app, &mut town.ana, "/welcome/invite", "emails=ben%40example.com%0Atom%40example.com").await;
    assert_eq!(sent.header("location"), "/welcome?step=3&asked=2");
    assert!(shown(&mut town, "/welcome").await.contains("Step 3 of 3"), "it goes on where it was left");
    let sample = shown(&mut town, "/welcome").await;
    let href = sample.split("href=\"/requests/new?").nth(1).and_then(|rest| rest.split('"').next()).expect("a sample");
    let form = shown(&mut town, &format!("/requests/new?{}", href.replace("&amp;", "&"))).await;
    assert!(form.contains("Sam Sample") && form.contains("value=\"ana@example.com\""), "{form}");
    let skipped = post(&town.app, &mut town.ana, "/welcome", "step=done").await;
    assert_eq!(skipped.header("location"), "/dashboard");
    assert!(!shown(&mut town, "/dashboard").await.contains("Finish setting up"));
}

#[tokio::test]
async fn disconnecting_wipes_the_tokens_and_tells_the_provider() {
    let town = Town::new().await;
    let mut ana = town.ana.clone();
    let me = member(&town.state, &ana).await;
    let page = get(&town.app, &mut ana, "/settings/calendar?disconnect=google").await;
    assert!(page.body.contains("Disconnect Google Calendar (ana@example.com)?"), "{}", page.body);
    let done = post(&town.app, &mut ana, "/settings/calendar/google/disconnect", "").await;
    assert_eq!(done.header("location"), "/settings/calendar?news=disconnected");
    let row = convene::store::entities::connections::Entity::find().one(town.state.store.reader()).await;
    let row = row.expect("read").expect("the row stays");
    assert_eq!((row.status, row.access_token, row.refresh_token), (ConnectionStatus::Inactive, None, None));
    // Again is no error, and connecting again works.
    let again = post(&town.app, &mut ana, "/settings/calendar/google/disconnect", "").await;
    assert_eq!(again.status, StatusCode::SEE_OTHER);
    let form = "purpose=connect&return_to=%2Fsettings%2Fcalendar";
    through(&town.app, &town.provider, &mut ana, "/auth/google", form, &ana_account()).await;
    let found = connections::of_people(town.state.store.reader(), me.org, &[me.person]).await.expect("read");
    assert!(found[&me.person][0].is_usable() && found[&me.person][0].is_primary);
}
