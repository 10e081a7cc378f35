//! Everybody sees where they are signed in, and ends it there, theirs and nobody else's.

use chrono::TimeDelta;

use super::*;

/// Where the list's buttons lead, from top to bottom.
fn ends(page: &str) -> Vec<String> {
    let actions = page.split("action=\"/settings/sessions/").skip(1);
    actions
        .filter_map(|rest| rest.split('"').next())
        .filter(|path| path.ends_with("/end"))
        .map(|path| format!("/settings/sessions/{path}"))
        .collect()
}

stories! {
    async fn a_session_is_ended_from_another(app) {
        let mut front = Front::over(app).await;
        let here = front.cookie.clone();
        front.app.passes(TimeDelta::hours(1));
        front.sign_in().await;
        let there = std::mem::replace(&mut front.cookie, here.clone());

        let page = front.get("/settings/sessions").await;
        let text = Page(&page.body).text();
        assert_eq!(page.body.matches("This device").count(), 1, "{text}");
        assert!(text.find("Active now") < text.find("Last seen just now"), "this one first: {text}");
        assert!(text.contains("signed in 1 h ago"), "{text}");
        let [own, other] = &ends(&page.body)[..] else { panic!("{:?}", ends(&page.body)) };
        let (own, other) = (own.clone(), other.clone());

        // Nobody ends what is not theirs.
        let ben = front.app.person("ben@example.com").await;
        front.cookie = front.session_of(front.app.org, ben).await;
        assert_eq!(front.post(&other, &[]).await.header("location"), "/settings/sessions?news=gone");
        for (cookie, status) in [(&here, 200), (&there, 200)] {
            front.cookie.clone_from(cookie);
            assert_eq!(front.get("/settings").await.status.as_u16(), status);
        }

        front.cookie.clone_from(&here);
        assert_eq!(front.post(&other, &[]).await.header("location"), "/settings/sessions?news=ended");
        front.cookie.clone_from(&there);
        assert_eq!(front.get("/settings").await.header("location"), "/signin?return_to=%2Fsettings", "at once");
        front.cookie.clone_from(&here);
        assert_eq!(ends(&front.get("/settings/sessions").await.body), [own.clone()]);
        assert_eq!(front.post(&other, &[]).await.header("location"), "/settings/sessions?news=gone", "twice");
        assert_eq!(front.post("/settings/sessions/nonsense/end", &[]).await.status.as_u16(), 404);
        assert_eq!(front.app.rows("audit_log WHERE action = 'session.revoked'").await, 1);

        // One's own is signing out.
        let out = front.post(&own, &[]).await;
        assert_eq!((out.status.as_u16(), out.header("location")), (303, "/signin"));
        assert!(out.header("set-cookie").contains("Max-Age=0"), "{}", out.header("set-cookie"));
        assert_eq!(front.get("/settings").await.status.as_u16(), 303);
    }

    async fn signing_out_everywhere_ends_all_of_ones_own(app) {
        let mut front = Front::over(app).await;
        let first = front.cookie.clone();
        let ben = front.app.person("ben@example.com").await;
        let bens = front.session_of(front.app.org, ben).await;
        front.sign_in().await;
        let asks = front.get("/settings/sessions?end=all").await;
        assert!(asks.body.contains("Sign out everywhere?"), "{}", asks.body);
        let out = front.post("/settings/sessions/end-all", &[]).await;
        assert_eq!((out.status.as_u16(), out.header("location")), (303, "/signin"));
        assert!(out.header("set-cookie").contains("Max-Age=0"));
        for cookie in [front.cookie.clone(), first] {
            front.cookie = cookie;
            assert_eq!(front.get("/settings").await.status.as_u16(), 303);
            assert_eq!(front.post("/settings/sessions/end-all", &[]).await.status.as_u16(), 401);
        }
        front.cookie = bens;
        assert_eq!(front.get("/settings").await.status.as_u16(), 200, "Ben's stays");
        assert_eq!(front.app.rows("audit_log WHERE action = 'session.all_revoked' AND detail = '{\"sessions\":2}'").await, 1);
    }
}
