//! The manifest of ways in: it lists exactly what the router serves, and each way lets in whom it says, and nobody else.

use std::{collections::BTreeSet, sync::Arc};

use crate::story::{Asked, coordinator, organisation};
use crate::support::Answer;
use crate::support::front::{BEN, Front};
use crate::support::html::Page;
use axum::http::Method;
use convene::{
    api_keys::{self, NewKey, Scope},
    app::App,
    booking::{self, difference, outside},
    calendars::Response,
    config::Config,
    ids::{LinkToken, OrgId, PersonId, RequestId, SessionId},
    invitations::{
        self,
        ask::{self, Ask},
    },
    people::{self, Member},
    store::{
        entities::{jobs, messages},
        words::Role as Role_,
    },
    web::{
        manifest::{Policy, WAYS, Way},
        routes,
    },
    webhooks,
};
use leptos::server_fn::axum::server_fn_paths;
use leptos_axum::generate_route_list;
use sea_orm::{EntityTrait, Iterable};

#[test]
fn every_way_in_is_listed_and_every_listed_way_is_served() {
    let pages = generate_route_list(App);
    let pages = pages.iter().map(|page| ("GET".to_owned(), page.path().to_owned()));
    let functions = server_fn_paths().map(|(path, method)| (method.to_string(), path.to_owned()));
    let routes = routes::all();
    let routes = routes.ways().iter().map(|(method, path)| (method.to_string(), (*path).to_owned()));
    let served: Vec<_> = pages.chain(functions).chain(routes).collect();
    let listed: Vec<_> = WAYS.iter().map(|way| (way.method.to_string(), way.path.to_owned())).collect();
    let set = |all: &[(String, String)]| all.iter().cloned().collect::<BTreeSet<_>>();
    assert_eq!(set(&served), set(&listed));
    assert_eq!((served.len(), listed.len()), (set(&served).len(), set(&listed).len()), "each once");
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Nobody,
    /// Of the same organisation.
    Interviewer,
    /// Of another organisation.
    Foreigner,
    /// Who made what is asked for.
    Coordinator,
    /// Of the same organisation.
    Admin,
}

const ROLES: [Role; 5] = [Role::Nobody, Role::Interviewer, Role::Foreigner, Role::Coordinator, Role::Admin];

/// Convene with two organisations, and somebody in every role.
struct House {
    front: Front,
    ben: PersonId,
    uma: (OrgId, PersonId),
    ida: PersonId,
    keys: Keys,
}

/// What programs have.
struct Keys {
    /// In Ana's name, for everything.
    own: String,
    /// In Uma's name, for everything.
    foreign: String,
    /// In Ana's name, for one thing.
    availability: String,
    requests: String,
}

impl Keys {
    /// A key that is for something else.
    fn nothing_of(&self, way: &Way) -> String {
        if way.path.ends_with("/availability") { self.requests.clone() } else { self.availability.clone() }
    }
}

impl House {
    async fn open() -> Self {
        let front = Front::open().await;
        let app = &front.app;
        let ben = app.person(BEN).await;
        let theirs = organisation(app.store(), "Contoso", app.now()).await;
        let uma = coordinator(app.store(), theirs, "uma@example.com").await;
        let uma = (theirs, uma.member().person);
        let ida = app.person("ida@example.com").await;
        let id = app.uuid(ida.uuid());
        app.run(&format!("UPDATE people SET role = 'admin' WHERE id = {id}")).await;
        let keys = Self::keys(&front, ida, uma).await;
        Self { front, ben, uma, ida, keys }
    }

    async fn keys(front: &Front, ida: PersonId, uma: (OrgId, PersonId)) -> Keys {
        let app = &front.app;
        let key = async |org: OrgId, admin: PersonId, coordinator: PersonId, scopes: Vec<Scope>| {
            let found = people::find(app.store().reader(), org, admin).await.expect("read").expect("there");
            let as_admin = people::Person { role: Role_::Admin, ..found };
            let admin = Member::of(&as_admin).and_then(|member| member.admin().ok()).expect("an administrator");
            let new = NewKey { name: "A program".into(), scopes, coordinator, expires_at: None };
            let made = api_keys::create(app.store(), &admin, &new, &Default::default(), app.now()).await;
            made.expect("a key").1.expose()
        };
        let (all, ana) = (Scope::iter().collect::<Vec<_>>(), app.ana.member().person);
        let keys = Keys {
            own: key(app.org, ida, ana, all.clone()).await,
            foreign: key(uma.0, uma.1, uma.1, all).await,
            availability: key(app.org, ida, ana, vec![Scope::AvailabilityRead]).await,
            requests: key(app.org, ida, ana, vec![Scope::RequestsRead]).await,
        };
        // One to be revoked.
        key(app.org, ida, ana, vec![Scope::AvailabilityRead]).await;
        keys
    }

    /// From here on, this is who asks. Signed in anew, since signing out is one of the ways.
    async fn become_one(&mut self, role: Role) {
        let ana = self.front.app.ana.member();
        let who = match role {
            Role::Nobody => None,
            Role::Interviewer => Some((ana.org, self.ben)),
            Role::Foreigner => Some(self.uma),
            Role::Coordinator => Some((ana.org, ana.person)),
            Role::Admin => Some((ana.org, self.ida)),
        };
        self.front.cookie = match who {
            Some((org, person)) => self.front.session_of(org, person).await,
            None => String::new(),
        };
    }

    /// An invitation of somebody of Ana's organisation: who, and the token of its link.
    async fn invited(&self, number: usize) -> (PersonId, LinkToken) {
        let app = &self.front.app;
        let email = format!("guest-{number}@example.com").parse().expect("an address");
        let asked = ask::ask(&app.state, &app.ana, &Ask::interviewer(email, None), &Default::default()).await;
        let Ok(ask::Outcome::Invited(id)) = asked else { panic!("{asked:?}") };
        let invitation = invitations::of_id(app.store().reader(), app.org, id).await.expect("read").expect("made");
        (invitation.person, app.invitation_token(invitation.person).await)
    }

    /// A dead letter of Ana's organisation.
    async fn dead_letter(&self, asked: &Asked) -> String {
        let app = &self.front.app;
        let sent = convene::requests::link::send(&app.state, &app.ana, asked.id, &Default::default()).await;
        // An address is sent a few mails an hour; any job will do.
        drop(sent);
        app.run("UPDATE jobs SET status = 'dead', finished_at = created_at").await;
        let job = jobs::Entity::find().one(app.store().reader()).await.expect("jobs").expect("a job");
        job.id.to_string()
    }

    /// Ben declines the interview of this request.
    async fn difference(&self, asked: &Asked) -> String {
        let app = &self.front.app;
        let booking = booking::latest(app.store().reader(), app.org, asked.id).await.expect("read").expect("booked");
        let event = app.event_of(booking.id).await;
        let on = app.placement_of(&event).await.id;
        let answers = [(BEN.to_owned(), Response::Declined)].into();
        outside::answered(&app.state, app.org, event.id, on, &answers).await.expect("heard");
        let found = difference::of_request(app.store().reader(), app.org, asked.id).await.expect("read");
        found[0].id.to_string()
    }

    /// A way to a webhook of Ana's organisation, which was told something.
    async fn webhook(&self, way: &Way) -> String {
        let app = &self.front.app;
        let events = [webhooks::HookEvent::RequestCreated];
        let added =
            webhooks::endpoints::add(&app.state, &app.ana, "https://example.com/", &events, &Default::default()).await;
        let (endpoint, _) = added.expect("added");
        app.asks(|_| ()).await;
        let told = webhooks::deliveries(app.store().reader(), app.org, endpoint.id, None, 1).await.expect("read");
        way.path.replace("{id}", &endpoint.id.to_string()).replace("{delivery}", &told[0].id.to_string())
    }

    /// A mail in the demo's mailbox.
    async fn mail(&self) -> String {
        self.front.app.run("UPDATE messages SET ics = 'BEGIN:VCALENDAR', ics_method = 'REQUEST'").await;
        let mail = messages::Entity::find().one(self.front.app.store().reader()).await.expect("messages");
        mail.expect("a mail").id.to_string()
    }

    async fn ask(&self, way: &Way, path: &str) -> Answer {
        match (way.method.clone(), way.path.starts_with("/api/")) {
            (Method::GET, _) => self.front.get(path).await,
            (_, true) => self.front.post_json(path, r#"{"form":"duration=45"}"#.to_owned()).await,
            _ => self.front.post(path, &[]).await,
        }
    }
}

/// What an answer says, without what differs from one to the next.
fn said(answer: &Answer) -> (u16, String) {
    let text = Page(&answer.body).text().replace(answer.header("x-request-id"), "");
    (answer.status.as_u16(), text)
}

/// The request did what it is for, or was told what is wrong with it; nobody was sent away.
fn let_in(answer: &Answer) -> bool {
    let sign_in = answer.header("location").starts_with("/signin");
    matches!(answer.status.as_u16(), 200 | 204 | 303 | 400 | 409 | 422) && !sign_in
}

#[tokio::test]
async fn every_way_lets_in_whom_it_says() {
    let mut house = House::open().await;
    for (number, (way, role)) in WAYS.iter().flat_map(|way| ROLES.map(|role| (way, role))).enumerate() {
        {
            // Each way finds everything new: some of them end what they are asked about.
            // So many interviews are booked here that a week would not hold them.
            let until = (house.front.app.monday() + chrono::TimeDelta::days(40)).to_string();
            let asked = house.front.app.asks(|draft| draft.to = until).await;
            if ["/move", "/swap/{person}", "/difference/{difference}"].iter().any(|end| way.path.ends_with(end)) {
                let free = house.front.app.offered(&asked).await;
                house.front.app.book(&asked, free[0]).await.expect("booked");
            }
            let what = format!("{} {} as {role:?}", way.method, way.path);
            match way.policy {
                Policy::Public => {
                    house.become_one(role).await;
                    let path = way.path.replace("{provider}", "google");
                    let answer = house.ask(way, &path).await;
                    assert!(let_in(&answer) || answer.header("location") == "/signin", "{what}: {:?}", said(&answer));
                }
                Policy::Link if way.path.starts_with("/invite/") => {
                    let (_, token) = house.invited(number).await;
                    house.become_one(role).await;
                    let answer = house.ask(way, &way.path.replace("{token}", token.expose())).await;
                    let told = matches!(answer.status.as_u16(), 404) && way.method == Method::POST;
                    assert!(let_in(&answer) || told, "{what}: {:?}", said(&answer));
                    let answer = house.ask(way, &way.path.replace("{token}", LinkToken::random().expose())).await;
                    let code = Page(&answer.body).code();
                    assert_eq!((answer.status.as_u16(), code.as_deref()), (404, Some("invitation_unknown")), "{what}");
                }
                Policy::Link => {
                    house.become_one(role).await;
                    let with = |token: &LinkToken| {
                        let file = format!("{}.ics", token.expose());
                        way.path.replace("{token}", token.expose()).replace("{file}", &file)
                    };
                    let answer = house.ask(way, &with(&asked.token)).await;
                    assert!(let_in(&answer), "{what}: {:?}", said(&answer));
                    let answer = house.ask(way, &with(&LinkToken::random())).await;
                    let code = Page(&answer.body).code();
                    assert_eq!((answer.status.as_u16(), code.as_deref()), (404, Some("link_unknown")), "{what}");
                }
                Policy::Push => {
                    house.become_one(role).await;
                    let answer = house.front.post(way.path, &[]).await;
                    // Whoever asks shows no token of a channel.
                    assert!(matches!(answer.status.as_u16(), 400 | 404), "{what}: {:?}", said(&answer));
                }
                Policy::Coordinator => coordinators_only(&mut house, way, role, &asked, number, &what).await,
                Policy::Member | Policy::Admin => {
                    let path = match way.path.contains("{id}") {
                        true if way.path.starts_with("/settings/sessions/") => {
                            way.path.replace("{id}", &SessionId::new().to_string())
                        }
                        true if way.path.starts_with("/admin/api/keys/") => {
                            let keys = api_keys::list(house.front.app.store().reader(), house.front.app.org).await;
                            // The newest, which no other way needs.
                            way.path.replace("{id}", &keys.expect("keys")[0].id.to_string())
                        }
                        true if way.path.starts_with("/admin/api/webhooks/") => house.webhook(way).await,
                        true => way.path.replace("{id}", &house.invited(number).await.0.to_string()),
                        false => way.path.replace("{provider}", "google"),
                    };
                    house.become_one(role).await;
                    let answer = house.ask(way, &path).await;
                    // Who signs out everywhere is led to the sign-in page, and not asked to come back.
                    let done = let_in(&answer) || answer.header("location") == "/signin";
                    match role {
                        Role::Nobody => turned_away(way, &answer, &what),
                        Role::Admin => assert!(done, "{what}: {:?}", said(&answer)),
                        _ if way.policy == Policy::Member => assert!(done, "{what}: {:?}", said(&answer)),
                        _ => assert_eq!(answer.status.as_u16(), 403, "{what}: {:?}", said(&answer)),
                    }
                }
                Policy::ApiKey => programs_only(&mut house, way, role, &asked, number, &what).await,
                Policy::Demo => {
                    house.become_one(role).await;
                    let answer = house.ask(way, &way.path.replace("{id}", "x")).await;
                    assert_eq!(answer.status.as_u16(), 404, "{what}: there is no demo");
                }
            }
        }
    }
}

/// Somebody signed out is sent to sign in, or told so.
fn turned_away(way: &Way, answer: &Answer, what: &str) {
    if way.method == Method::GET {
        let sign_in = answer.header("location").starts_with("/signin?return_to=");
        assert!(answer.status.as_u16() == 303 && sign_in, "{what}: {:?}", said(answer));
    } else {
        assert_eq!(answer.status.as_u16(), 401, "{what}: {:?}", said(answer));
    }
}

async fn coordinators_only(house: &mut House, way: &Way, role: Role, asked: &Asked, number: usize, what: &str) {
    let (is_job, is_person) = (way.path.starts_with("/jobs/"), way.path.starts_with("/people/{id}"));
    let id = match (is_job, is_person) {
        (true, _) => house.dead_letter(asked).await,
        (_, true) => house.invited(number).await.0.to_string(),
        _ => asked.id.to_string(),
    };
    let difference = match way.path.contains("{difference}") {
        true => house.difference(asked).await,
        false => String::new(),
    };
    house.become_one(role).await;
    let path = way.path.replace("{person}", &house.ben.to_string()).replace("{difference}", &difference);
    let answer = house.ask(way, &path.replace("{id}", &id)).await;
    let status = answer.status.as_u16();
    match role {
        Role::Nobody => turned_away(way, &answer, what),
        Role::Interviewer => assert_eq!(status, 403, "{what}: {:?}", said(&answer)),
        Role::Foreigner if way.path.contains("{id}") => {
            // The same words as for what never was.
            let other = match (is_job, is_person) {
                (true, _) => convene::ids::JobId::new().to_string(),
                (_, true) => PersonId::new().to_string(),
                _ => RequestId::new().to_string(),
            };
            let never = house.ask(way, &path.replace("{id}", &other)).await;
            assert_eq!(status, 404, "{what}: {:?}", said(&answer));
            assert_eq!(said(&answer), said(&never), "{what}");
        }
        Role::Foreigner | Role::Coordinator | Role::Admin => assert!(let_in(&answer), "{what}: {:?}", said(&answer)),
    }
}

/// Whoever is signed in: it is the key that counts.
async fn programs_only(house: &mut House, way: &Way, role: Role, asked: &Asked, number: usize, what: &str) {
    let id = if way.path.contains("/bookings/") {
        // Some ways before this one disconnect whoever asks.
        house.front.app.ana_connects().await;
        house.front.app.connected(&[BEN]).await;
        let free = house.front.app.offered(asked).await;
        house.front.app.book(asked, free[0]).await.expect("booked").id.to_string()
    } else {
        asked.id.to_string()
    };
    let (id, delivery) = match way.path.contains("/webhooks/") {
        true => (convene::ids::EndpointId::new().to_string(), convene::ids::DeliveryId::new().to_string()),
        false => (id, String::new()),
    };
    let path = way.path.replace("{id}", &id).replace("{provider}", "google").replace("{delivery}", &delivery);
    let body = if way.method == Method::GET { "" } else { "{}" };
    house.become_one(role).await;
    let mut calls = 0;
    let mut ask = async |key: Option<&str>, path: &str| {
        calls += 1;
        house.front.call(way.method.clone(), path, key, &format!("{number}-{calls}"), body).await
    };
    let none = ask(None, &path).await;
    assert_eq!((none.status.as_u16(), none.code().as_str()), (401, "key_invalid"), "{what}: {}", none.body);
    assert!(none.header("www-authenticate").starts_with("Bearer"), "{what}");
    let lacking = ask(Some(&house.keys.nothing_of(way)), &path).await;
    assert_eq!((lacking.status.as_u16(), lacking.code().as_str()), (403, "scope_missing"), "{what}: {}", lacking.body);
    let theirs = ask(Some(&house.keys.foreign), &path).await;
    let own = ask(Some(&house.keys.own), &path).await;
    if way.path.contains("{id}") {
        // An empty object is read before anything is looked for; what it lacks is said to anybody.
        let expected = if own.status == 422 { 422 } else { 404 };
        assert_eq!(theirs.status.as_u16(), expected, "{what}: {}", theirs.body);
    }
    if way.path.contains("{provider}") && way.method == Method::GET {
        assert_eq!(theirs.status.as_u16(), 404, "{what}: Uma has no calendar");
    }
    assert!(let_in(&own) || matches!(own.status.as_u16(), 201 | 404 | 429), "{what}: {} {}", own.status, own.body);
}

#[tokio::test]
async fn a_demo_shows_its_pages_to_anyone() {
    let mut house = House::open().await;
    let asked = house.front.app.asks(|_| ()).await;
    house.dead_letter(&asked).await;
    let mail = house.mail().await;
    let mut state = house.front.app.state.clone();
    state.config = Arc::new(Config { demo: true, ..(*state.config).clone() });
    house.front.serve(state);
    for way in WAYS.iter().filter(|way| way.policy == Policy::Demo) {
        for role in ROLES {
            house.become_one(role).await;
            let answer = house.ask(way, &way.path.replace("{id}", &mail)).await;
            assert_eq!(answer.status.as_u16(), 200, "{} as {role:?}: {:?}", way.path, said(&answer));
        }
    }
}
