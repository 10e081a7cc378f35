//! What only its owner can mend about a calendar is told on every page of theirs, with what mends it.

use convene::connections::busy::GONE;

use super::*;

const PAGES: [&str; 10] = [
    "/dashboard",
    "/requests",
    "/requests/new",
    "/people/invite",
    "/settings",
    "/settings/notifications",
    "/settings/sessions",
    "/admin",
    "/admin/integrations/calendar",
    "/admin/audit",
];

stories! {
    async fn what_only_its_owner_can_mend_is_told_on_every_page(app) {
        app.ana_connects().await;
        let id = app.uuid(app.ana.member().person.uuid());
        app.run(&format!("UPDATE people SET role = 'admin' WHERE id = {id}")).await;
        let front = Front::over(app).await;
        let reconnect = ("action=\"/auth/google\"", "Reconnect");
        let states = [
            ("status = 'expired'", "sign_in_expired", "Google Calendar needs you to sign in again", reconnect),
            (
                &format!("status = 'active', last_error = '{GONE}'"),
                "calendar_gone",
                "Google Calendar lacks a calendar you chose",
                ("href=\"/settings/calendar\"", "Choose calendars"),
            ),
            (
                "last_error = '', scopes = 'openid calendar.freebusy'",
                "permission_missing",
                "Permission to add events to your calendar is missing. Interviews you arrange cannot be put into it.",
                reconnect,
            ),
            (
                "scopes = 'openid'",
                "permission_missing",
                "Permission to see when you are busy and to add events to your calendar is missing. Nobody knows when you are free.",
                reconnect,
            ),
        ];
        for page in PAGES {
            let answer = front.get(page).await;
            assert_eq!(answer.status.as_u16(), 200, "{page}");
            assert!(states.iter().all(|(_, code, ..)| !answer.body.contains(&format!("data-code=\"{code}\""))), "{page}");
        }
        for (change, code, words, (leads, button)) in states {
            front.app.run(&format!("UPDATE connections SET {change}")).await;
            for page in PAGES {
                let answer = front.get(page).await;
                let banner = answer.body.split(&format!("data-code=\"{code}\"")).nth(1);
                let banner = banner.unwrap_or_else(|| panic!("{page} does not tell of {code}"));
                let end = banner.find(button).unwrap_or_else(|| panic!("{page}: no {button}"));
                assert!(Page(&banner[..end]).text().contains(words), "{page}: {}", Page(banner).text());
                assert!(banner[..end].contains(leads), "{page}: {button} leads elsewhere: {}", &banner[..end]);
            }
            // Where its card says so itself, once is enough.
            let card = front.get("/settings/calendar").await;
            assert!(!card.body.contains(&format!("data-code=\"{code}\"")), "{code}");
        }
    }
}
