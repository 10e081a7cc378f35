//! What goes into a calendar, and when people are alerted and reminded: kept, shown, one's own alone, and done.

use convene::{
    booking::list::{self, Standing},
    calendars::Alert,
    people::preferences,
    store::words::{self, EventKind, Inviter},
};

use super::*;
use crate::{
    story::{ANA, Asked, TestApp},
    support::Answer,
};

const PAGE: &str = "/settings/notifications";
const REMINDERS: &str = "/settings/notifications/reminders";
const BEN: &str = "ben@example.com";
const PRIYA: &str = "priya@example.net";
const SWITCHES: [&str; 5] = ["sync_interview", "sync_practice", "sync_assignment", "sync_follow_up", "sync_reminder"];
const ALERTS: [&str; 5] =
    ["alert_interview", "alert_practice", "alert_assignment", "alert_follow_up", "alert_reminder"];

/// The form as it would be sent with these kinds switched on and these alerts.
fn form(on: [bool; 5], alerts: [&str; 5]) -> Vec<(&'static str, String)> {
    let switches = SWITCHES.into_iter().zip(on).filter(|(_, on)| *on).map(|(name, _)| (name, "true".to_owned()));
    switches.chain(ALERTS.into_iter().zip(alerts.map(str::to_owned))).collect()
}

/// What the page shows: who is switched on, and the alerts.
fn shown(page: &str) -> ([bool; 5], [String; 5]) {
    let page = Page(page);
    (SWITCHES.map(|name| page.values(name) == ["true"]), ALERTS.map(|name| page.values(name).concat()))
}

/// What the page shows of reminders: whose, and those that are ticked.
fn reminders(page: &str) -> (String, Vec<String>) {
    (Page(page).values("whose").concat(), Page(page).values("reminders[]"))
}

fn saved(answer: &Answer) {
    let to = answer.header("location").split('#').next().unwrap_or_default();
    assert_eq!((answer.status.as_u16(), to), (303, "/settings/notifications?news=saved"), "{}", answer.body);
}

/// Ana in her settings. Only interviews are of use so far: whether they are put into her calendar, and the alert.
async fn ana_wants(front: &Front, is_synced: bool, alert: &str) {
    let form = form([is_synced, true, true, true, true], [alert, "default", "default", "default", "default"]);
    saved(&front.post(PAGE, &form).await);
}

async fn standing(app: &TestApp, asked: &Asked) -> Standing {
    let line = list::line(app.store().reader(), app.org, asked.id, app.now()).await.expect("read");
    line.expect("the request").standing
}

/// The alert at each event that stands in Ana's calendar.
fn alerts(app: &TestApp) -> Vec<Alert> {
    app.on_calendar().iter().map(|event| app.google.alert(ANA, &event.placed).expect("it stands there")).collect()
}

stories! {
    async fn what_was_chosen_is_kept_and_is_ones_own(app) {
        let mut front = Front::over(app).await;
        let usual = ([true; 5], ["default"; 5].map(str::to_owned));
        assert_eq!(shown(&front.get(PAGE).await.body), usual, "nobody said anything yet");
        let (on, alerts) = ([false, true, false, true, false], ["none", "0", "5", "60", "1440"]);
        saved(&front.post(PAGE, &form(on, alerts)).await);
        assert_eq!(shown(&front.get(PAGE).await.body), (on, alerts.map(str::to_owned)));
        let (on, alerts) = ([true, true, false, true, true], ["10", "15", "30", "default", "1440"]);
        saved(&front.post(PAGE, &form(on, alerts)).await);
        assert_eq!(shown(&front.get(PAGE).await.body), (on, alerts.map(str::to_owned)), "the second time, too");
        assert!(front.get(&format!("{PAGE}?news=saved")).await.body.contains("Saved."));
        let db = front.app.store().reader();
        let ana = front.app.ana.member().person;
        let said = preferences::preference(db, front.app.org, ana, EventKind::Assignment).await.expect("read");
        assert_eq!((said.is_synced, said.alert), (false, words::Alert::Minutes30));
        assert_eq!(front.app.rows("audit_log WHERE action = 'person.preferences_set' AND detail LIKE '%\"alert\":\"30\"%'").await, 1);

        // Neither a colleague's nor, asked for in another organisation, anybody's.
        let ben = front.app.person(BEN).await;
        front.cookie = front.session_of(front.app.org, ben).await;
        assert_eq!(shown(&front.get(PAGE).await.body), usual);
        saved(&front.post(PAGE, &form([false; 5], ["none"; 5])).await);
        front.sign_in().await;
        assert_eq!(shown(&front.get(PAGE).await.body), (on, alerts.map(str::to_owned)));
        let db = front.app.store().reader();
        let theirs = crate::story::organisation(front.app.store(), "Elsewhere", front.app.now()).await;
        let said = preferences::preference(db, theirs, ana, EventKind::Assignment).await.expect("read");
        assert_eq!(said, preferences::Preference::default());
    }

    async fn the_schema_knows_the_kinds_and_the_alerts(app) {
        let (org, ana) = (app.uuid(app.org.uuid()), app.uuid(app.ana.member().person.uuid()));
        let theirs = crate::story::organisation(app.store(), "Elsewhere", app.now()).await;
        let theirs = app.uuid(theirs.uuid());
        let row = |org: &str, kind: &str, alert: &str| format!(
            "INSERT INTO sync_preferences (org_id, person_id, kind, is_synced, alert) VALUES ({org}, {ana}, '{kind}', 1 = 1, '{alert}')"
        );
        for (org, kind, alert) in [(&org, "lunch", "15"), (&org, "interview", "7"), (&org, "interview", ""), (&theirs, "interview", "15")] {
            assert!(app.try_run(&row(org, kind, alert)).await.is_err(), "{kind} {alert}");
        }
        app.run(&row(&org, "interview", "15")).await;
        assert!(app.try_run(&row(&org, "interview", "30")).await.is_err(), "one row for each kind");
    }

    async fn what_is_wrong_is_named_where_it_is_and_nothing_is_lost(app) {
        let front = Front::over(app).await;
        let (on, alerts) = ([true, false, true, false, true], ["10", "15", "30", "60", "1440"]);
        saved(&front.post(PAGE, &form(on, alerts)).await);
        for (index, wrong) in [(0, "7"), (1, "-5"), (2, ""), (3, "soon"), (4, "15 ")] {
            let mut typed = ["none"; 5];
            typed[index] = wrong;
            let answer = front.post(PAGE, &form([false, true, true, false, false], typed)).await;
            let page = Page(&answer.body);
            assert_eq!(answer.status.as_u16(), 422, "{wrong}: {}", page.text());
            let line = page.find("id", &format!("{}-error", ALERTS[index])).unwrap_or_else(|| panic!("{wrong}: nothing at the field"));
            assert_eq!(line.get("data-code"), Some("alert_invalid"));
            let select = page.find("id", ALERTS[index]).expect("the select");
            assert_eq!((select.get("aria-invalid"), select.get("aria-describedby")), (Some("true"), line.get("id")));
            let (switches, said) = shown(&answer.body);
            assert_eq!(switches, [false, true, true, false, false], "{wrong}: what was chosen stays");
            assert!(said.iter().enumerate().all(|(at, alert)| at == index || alert == "none"), "{wrong}: {said:?}");
        }
        // A form that leaves an alert out switches nothing off.
        for (typed, code) in [
            (vec![], "alert_invalid"),
            (form(on, alerts).into_iter().chain([("person", "ben".to_owned())]).collect(), "unknown_field"),
            (form(on, alerts).into_iter().chain([("alert_lunch", "5".to_owned())]).collect(), "unknown_field"),
        ] {
            let answer = front.post(PAGE, &typed).await;
            assert_eq!(answer.status.as_u16(), 422, "{code}: {}", answer.body);
            assert!(answer.body.contains(&format!("data-code=\"{code}\"")), "{}", answer.body);
        }
        assert_eq!(shown(&front.get(PAGE).await.body), (on, alerts.map(str::to_owned)));
    }

    async fn interviews_that_are_switched_off_go_by_mail(app) {
        app.ana_connects().await;
        app.connected(&[BEN]).await;
        let front = Front::over(app).await;
        let before = front.app.asks(|_| ()).await;
        front.app.book(&before, front.app.time(0, "10:00")).await.expect("booked");
        front.app.work().await;
        ana_wants(&front, false, "default").await;

        let after = front.app.asks(|draft| draft.video = "true".into()).await;
        let booking = front.app.book(&after, front.app.time(0, "14:00")).await.expect("booked");
        front.app.work().await;
        let event = front.app.event_of(booking.id).await;
        assert_eq!((event.inviter, event.kept_off, front.app.on_calendar().len()), (Inviter::Mail, true, 1));
        let mut invited: Vec<String> = front.app.objects().into_iter().filter(|(_, uid, ..)| *uid == event.uid).map(|(.., to)| to).collect();
        invited.sort();
        assert_eq!(invited, [ANA, BEN, PRIYA]);
        assert_eq!((standing(&front.app, &before).await, standing(&front.app, &after).await), (Standing::InCalendar, Standing::KeptOff));
        let page = front.get(&format!("/requests/{}", after.id)).await.body;
        assert!(page.contains("Its coordinator keeps interviews out of calendars") && !page.contains("as it should be"), "{page}");
        assert!(page.contains("Video call, without a link"), "{page}");
        assert!(front.get("/requests/new").await.body.contains("Your interviews stay out of calendars"));

        // What stood there before is kept in step there; what came after stays with the mail, whatever is wanted later.
        front.app.candidate_moves(&before, front.app.time(1, "10:00")).await.expect("moved");
        ana_wants(&front, true, "default").await;
        front.app.candidate_moves(&after, front.app.time(1, "14:00")).await.expect("moved");
        front.app.work().await;
        let standing_at: Vec<_> = front.app.on_calendar().into_iter().filter_map(|one| one.span).map(|span| span.start()).collect();
        assert_eq!(standing_at, [front.app.time(1, "10:00")]);
        assert_eq!(front.app.objects().len(), 6, "three people twice: {:?}", front.app.objects());
        let third = front.app.asks(|_| ()).await;
        front.app.book(&third, front.app.time(2, "10:00")).await.expect("booked");
        front.app.work().await;
        assert_eq!(front.app.on_calendar().len(), 2, "switched on again");
        front.app.all_is_well().await;
    }

    async fn the_alert_reaches_the_calendar_with_the_next_write(app) {
        app.ana_connects().await;
        app.connected(&[BEN]).await;
        let front = Front::over(app).await;
        let asked = front.app.asks(|_| ()).await;
        front.app.book(&asked, front.app.time(0, "10:00")).await.expect("booked");
        front.app.work().await;
        assert_eq!(alerts(&front.app), [Alert::Usual]);
        let etag = || front.app.on_calendar()[0].placed.etag.clone();
        let before = etag();

        ana_wants(&front, true, "30").await;
        assert_eq!((front.app.work().await, alerts(&front.app)), (0, vec![Alert::Usual]), "nothing is written because of it");
        assert_eq!(etag(), before);
        front.app.candidate_moves(&asked, front.app.time(1, "10:00")).await.expect("moved");
        front.app.work().await;
        assert_eq!(alerts(&front.app), [Alert::Before(30)]);
        ana_wants(&front, true, "none").await;
        front.app.candidate_moves(&asked, front.app.time(2, "10:00")).await.expect("moved");
        front.app.work().await;
        assert_eq!(alerts(&front.app), [Alert::Silent]);
        ana_wants(&front, true, "0").await;
        let next = front.app.asks(|_| ()).await;
        front.app.book(&next, front.app.time(3, "10:00")).await.expect("booked");
        front.app.work().await;
        let mut all = alerts(&front.app);
        all.sort_by_key(|alert| *alert == Alert::Silent);
        assert_eq!(all, [Alert::Before(0), Alert::Silent]);
        front.app.all_is_well().await;
    }

    async fn a_new_request_starts_with_ones_own_reminders(app) {
        let mut front = Front::over(app).await;
        let organisation = ("organisation".to_owned(), vec!["1440".to_owned(), "60".to_owned()]);
        assert_eq!(reminders(&front.get(PAGE).await.body), organisation);
        let own = |minutes: &[&str]| {
            let times = minutes.iter().map(|minutes| ("reminders[]", (*minutes).to_owned()));
            [("whose", "own".to_owned())].into_iter().chain(times).collect::<Vec<_>>()
        };
        let new = async |front: &Front| Page(&front.get("/requests/new").await.body).values("reminders[]");
        for (ticked, then) in [(&["15", "2880"][..], &["2880", "15"][..]), (&["90"], &["90"]), (&[], &[])] {
            saved(&front.post(REMINDERS, &own(ticked)).await);
            assert_eq!(reminders(&front.get(PAGE).await.body), ("own".to_owned(), then.iter().map(|one| (*one).to_owned()).collect()));
            assert_eq!(new(&front).await, then, "own times, or none");
        }
        saved(&front.post(REMINDERS, &own(&["240"])).await);
        front.app.run("UPDATE organisations SET policies = '{\"reminder_minutes\": [30]}'").await;
        assert_eq!(new(&front).await, ["240"], "whatever the organisation decides");
        for wrong in ["soon", "0", "999999"] {
            let answer = front.post(REMINDERS, &own(&["60", wrong])).await;
            let page = Page(&answer.body);
            assert_eq!(answer.status.as_u16(), 422, "{wrong}");
            assert_eq!(page.find("id", "reminders-error").expect("at the field").get("data-code"), Some("reminder_invalid"));
            assert!(reminders(&answer.body).1.contains(&"60".to_owned()), "{wrong}: what was ticked is shown again");
            assert!(!page.text().contains("Saved"));
        }
        for typed in [vec![], vec![("whose", "ben".to_owned())]] {
            let answer = front.post(REMINDERS, &typed).await;
            assert_eq!(answer.status.as_u16(), 422);
            assert!(answer.body.contains("data-code=\"reminders_whose\""), "{}", answer.body);
        }
        assert_eq!(new(&front).await, ["240"]);
        saved(&front.post(REMINDERS, &[("whose", "organisation".to_owned()), ("reminders[]", "15".to_owned())]).await);
        assert_eq!(new(&front).await, ["30"], "what is ticked below does not count then");
        assert_eq!(front.app.rows("audit_log WHERE action = 'person.reminders_set'").await, 5);

        // Who makes no requests has none to decide about.
        let ben = front.app.person(BEN).await;
        front.cookie = front.session_of(front.app.org, ben).await;
        let page = front.get(PAGE).await;
        assert!(page.status.is_success() && !page.body.contains("name=\"whose\""), "{}", page.body);
        assert_eq!(front.post(REMINDERS, &own(&["15"])).await.status.as_u16(), 403);
    }
}

#[tokio::test]
async fn the_page_says_whether_a_calendar_is_there_to_put_anything_into() {
    let mut front = Front::over(TestApp::at(crate::story::on_sqlite().await).await).await;
    let page = front.get(PAGE).await.body;
    assert!(page.contains("No calendar is connected") && page.contains("href=\"/settings/calendar\""), "{page}");
    front.app.ana_connects().await;
    assert!(!front.get(PAGE).await.body.contains("No calendar is connected"));
    front.app.connected(&[BEN]).await;
    let ben = front.app.person(BEN).await;
    front.cookie = front.session_of(front.app.org, ben).await;
    assert!(front.get(PAGE).await.body.contains("Your calendar is only read"));
}

#[tokio::test]
async fn settings_stay_open_where_a_calendar_is_required() {
    let front = Front::over(TestApp::at(crate::story::on_sqlite().await).await).await;
    front.app.run("UPDATE organisations SET policies = '{\"require_calendar\": true}'").await;
    saved(&front.post(PAGE, &form([false; 5], ["none"; 5])).await);
    saved(&front.post(REMINDERS, &[("whose", "own".to_owned()), ("reminders[]", "15".to_owned())]).await);
}
