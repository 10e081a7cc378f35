//! What people do with their calendars, and administrators with what holds for all, is recorded with who, where and by what.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{Method, Request},
};
use convene::{
    clock::{FixedClock, SystemClock},
    notifications::email::MemoryMailer,
    people::sessions,
    state::AppState,
    store::entities::audit_log,
    web::{server::router, site::Site},
};
use sea_orm::{EntityTrait, QueryOrder};

use crate::{
    common::{
        office::Browser,
        provider::{Account, CLIENT_ID, CLIENT_SECRET, FakeProvider, PERSONAL},
        test_stores,
    },
    story::Home,
    support::{Answer, ask, config},
};

const ADDRESS: &str = "198.51.100.23";
const AGENT: &str = "Careful/1 (a test)";

/// One browser, from one address.
struct Caller {
    router: Router,
    state: AppState,
    provider: Arc<FakeProvider>,
    browser: Browser,
}

impl Caller {
    async fn at(home: &Home) -> Self {
        let provider = FakeProvider::start(Arc::new(FixedClock::at(chrono::Utc::now()))).await;
        let origin = provider.origin.as_str().trim_end_matches('/').to_owned();
        let config = config(&[
            ("GOOGLE_CLIENT_ID", CLIENT_ID),
            ("GOOGLE_CLIENT_SECRET", CLIENT_SECRET),
            ("GOOGLE_BASE_URL", &origin),
            ("MICROSOFT_CLIENT_ID", CLIENT_ID),
            ("MICROSOFT_CLIENT_SECRET", CLIENT_SECRET),
            ("MICROSOFT_BASE_URL", &origin),
        ]);
        let mailer = Arc::new(MemoryMailer::new(config.mail.from.clone()));
        let site = Site::named("no-site", None);
        let state = AppState::wire(home.store.clone(), Arc::new(config), Arc::new(SystemClock), mailer, site);
        Self { router: router(state.clone()), state, provider, browser: Browser::new() }
    }

    async fn send(&mut self, method: Method, path: &str, form: Option<&'static str>) -> Answer {
        let peer: SocketAddr = format!("{ADDRESS}:50000").parse().expect("an address");
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("accept", "text/html")
            .header("sec-fetch-site", "same-origin")
            .header("user-agent", AGENT)
            // Nobody in front is trusted, so this is only what the browser claims.
            .header("x-forwarded-for", "203.0.113.99")
            .header("cookie", self.browser.header())
            .extension(ConnectInfo(peer));
        let request = match form {
            Some(form) => request.header("content-type", "application/x-www-form-urlencoded").body(Body::from(form)),
            None => request.body(Body::empty()),
        };
        let answer = ask(&self.router, request.expect("a request")).await;
        for cookie in answer.headers.get_all("set-cookie") {
            self.browser.set(cookie.to_str().expect("text"));
        }
        answer
    }

    async fn post(&mut self, path: &str, form: &'static str) {
        let answer = self.send(Method::POST, path, Some(form)).await;
        assert_eq!(answer.status.as_u16(), 303, "{path}: {}", answer.body);
    }

    /// To the provider, where this account agrees, and back.
    async fn through(&mut self, account: &Account, form: &'static str) {
        let provider = account.provider;
        let begun = self.send(Method::POST, &format!("/auth/{provider}"), Some(form)).await;
        let page = begun.header("location").parse().unwrap_or_else(|_| panic!("{}", begun.body));
        let query = self.provider.agree(&page, account, None);
        let back = self.send(Method::GET, &format!("/auth/{provider}/callback?{query}"), None).await;
        assert_eq!(back.status.as_u16(), 303, "{}", back.body);
    }
}

#[tokio::test]
async fn who_connects_reconnects_switches_and_disconnects_is_recorded_with_address_and_browser() {
    for home in test_stores().await {
        let mut caller = Caller::at(&home).await;
        let ana = Account::google("ana-sub", "ana@example.com");
        let outlook = Account::microsoft(9, PERSONAL, "ana@outlook.example");
        caller.through(&ana, "").await;
        caller.through(&ana, "purpose=connect&return_to=%2Fsettings%2Fcalendar").await;
        caller.post("/admin/integrations/calendar", "sign_in=both&one_calendar=true").await;
        caller.through(&outlook, "purpose=connect&wish=take_over").await;
        caller.post("/settings/calendar/microsoft/disconnect", "").await;

        let session = caller.browser.session().expect("signed in");
        let me = sessions::authenticate(&caller.state.store, &session, chrono::Utc::now()).await.expect("read");
        let me = me.expect("signed in");
        let rows = audit_log::Entity::find().order_by_asc(audit_log::Column::Seq).all(home.store.reader()).await;
        let rows = rows.expect("read");
        let of_connections = [
            "connection.connected",
            "connection.reconnected",
            "organisation.policies_set",
            "connection.switched",
            "connection.connected",
            "connection.disconnected",
        ];
        let found: Vec<_> = rows.iter().filter(|row| of_connections.contains(&row.action.as_str())).collect();
        let actions: Vec<_> = found.iter().map(|row| row.action.as_str()).collect();
        assert_eq!(actions, of_connections, "{}", home.kind);
        for row in found {
            let who = (row.org_id, row.actor_kind.as_str(), row.actor_id);
            assert_eq!(who, (me.org, "person", Some(me.person)), "{}: {}", home.kind, row.action);
            assert_eq!((row.ip.as_str(), row.user_agent.as_str()), (ADDRESS, AGENT), "{}: {}", home.kind, row.action);
        }
    }
}
