//! Dates with other hours: kept, shown, changed, removed, and counted in what is offered.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use convene::{people, scheduling::zones};

use super::*;
use crate::story::{Asked, TestApp};

const BEN: &str = "ben@example.com";

/// Ben with a calendar, in his settings.
async fn ben(app: TestApp, zone: Tz) -> Front {
    app.connected(&[BEN]).await;
    let ben = app.person(BEN).await;
    let txn = app.store().begin().await.expect("a write");
    people::set_zone(&txn, app.org, ben, zone).await.expect("moved");
    txn.commit().await.expect("committed");
    let mut front = Front::over(app).await;
    front.cookie = front.session_of(front.app.org, ben).await;
    front
}

async fn save(front: &Front, fields: &[(&'static str, &str)]) -> crate::support::Answer {
    front.post("/settings/dates", &typed(fields)).await
}

async fn saved(front: &Front, fields: &[(&'static str, &str)]) {
    let answer = save(front, fields).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (303, "/settings?news=saved#dates"),
        "{}",
        answer.body
    );
}

/// What the list says.
async fn list(front: &Front) -> Vec<(String, String)> {
    let page = front.get("/settings").await.body;
    let text = |tag: &str| tag.split('>').nth(1).and_then(|rest| rest.split('<').next()).unwrap_or_default().to_owned();
    page.split("class=\"dates-when\"")
        .skip(1)
        .map(|rest| (text(rest), text(rest.split("class=\"two\"").nth(1).expect("its hours"))))
        .collect()
}

/// Whether a page says this, above or below a field.
fn told(answer: &crate::support::Answer, code: &str) -> bool {
    answer.body.contains(&format!("data-code=\"{code}\""))
}

/// What stands in a field of the form, which comes after the list with its buttons.
fn shown(page: &str, name: &str) -> Option<String> {
    Page(page).values(name).pop()
}

/// The times offered on a date, on a clock.
async fn on(front: &Front, asked: &Asked, date: NaiveDate, zone: Tz) -> Vec<String> {
    let offered: Vec<DateTime<Utc>> = front.app.offered(asked).await;
    let local = offered.into_iter().map(|start| start.with_timezone(&zone)).filter(|start| start.date_naive() == date);
    local.map(|start| start.format("%H:%M").to_string()).collect()
}

fn ends(times: &[String]) -> (&str, &str) {
    (times.first().map_or("", String::as_str), times.last().map_or("", String::as_str))
}

stories! {
    async fn what_is_offered_follows_the_dates(app) {
        let front = ben(app, Tz::UTC).await;
        let asked = front.app.asks(|_| ()).await;
        let (monday, tuesday) = (front.app.monday(), front.app.monday() + Days::new(1));
        let usual = on(&front, &asked, monday, Tz::UTC).await;
        assert_eq!(ends(&usual), ("09:00", "16:15"));

        saved(&front, &[("first", &monday.to_string()), ("day", "hours"), ("from", "20:00"), ("to", "24:00")]).await;
        assert_eq!(ends(&on(&front, &asked, monday, Tz::UTC).await), ("20:00", "23:15"));
        assert_eq!(on(&front, &asked, tuesday, Tz::UTC).await, usual, "that date alone");

        saved(&front, &[("first", &monday.to_string()), ("last", &tuesday.to_string()), ("day", "off")]).await;
        assert_eq!(list(&front).await.len(), 1);
        for date in [monday, tuesday] {
            assert_eq!(on(&front, &asked, date, Tz::UTC).await, Vec::<String>::new());
        }
        // A page that was open meanwhile offers nothing that is not there any more.
        let nine = front.app.time(0, "09:00");
        assert!(front.app.book(&asked, nine).await.is_err());
        front.post("/settings/dates/remove", &typed(&[("first", &monday.to_string()), ("last", &monday.to_string())])).await;
        assert_eq!(on(&front, &asked, monday, Tz::UTC).await, usual);
        front.app.book(&asked, nine).await.expect("the usual hours are back");
    }

    /// Clocks are put forward or back on that date, and its hours are those of the clocks.
    async fn hours_of_a_day_on_which_clocks_change(app) {
        let zone = Tz::Europe__Berlin;
        let front = ben(app, zone).await;
        let now = front.app.now() + TimeDelta::days(3);
        let change = zones::next_change(zone, now, now + TimeDelta::days(300)).expect("twice a year");
        let date = change.at.with_timezone(&zone).date_naive();
        let day = |date: NaiveDate| date.to_string();
        let asked = front.app.asks(|draft| {
            (draft.from, draft.to, draft.zone) = (day(date - Days::new(1)), day(date + Days::new(1)), zone.name().into());
        }).await;
        assert_eq!(on(&front, &asked, date, zone).await, Vec::<String>::new(), "a Sunday");
        saved(&front, &[("first", &day(date)), ("day", "hours"), ("from", "00:00"), ("to", "05:00")]).await;
        let offered = front.app.offered(&asked).await;
        let that_day: Vec<_> = offered.iter().filter(|start| start.with_timezone(&zone).date_naive() == date).collect();
        // Four hours in spring and six in autumn; the last start is 45 minutes before the end.
        let hours = 5 - i64::from(change.offset_after - change.offset_before) / 3600;
        let (first, last) = (**that_day.first().expect("open"), **that_day.last().expect("open"));
        assert_eq!(last - first, TimeDelta::hours(hours) - TimeDelta::minutes(45), "{hours} hours");
        assert_eq!(first.with_timezone(&zone).format("%H:%M").to_string(), "00:00");
        assert_eq!(last.with_timezone(&zone).format("%H:%M").to_string(), "04:15");
    }

    async fn dates_are_added_changed_and_removed(app) {
        let front = ben(app, Tz::UTC).await;
        let today = front.app.now().date_naive();
        let day = |days: u64| (today + Days::new(days)).to_string();
        saved(&front, &[("first", &day(30)), ("last", &day(34)), ("day", "off")]).await;
        saved(&front, &[("first", &day(32)), ("day", "hours"), ("from", "09:00"), ("to", "12:00"), ("from2", "14:00"), ("to2", "00:00")]).await;
        let said = list(&front).await;
        assert_eq!(said.iter().map(|(_, hours)| hours.as_str()).collect::<Vec<_>>(), ["Day off", "09:00-12:00 and 14:00-24:00", "Day off"]);

        // Changed: the form has what is there, and what it was goes.
        let page = front.get(&format!("/settings?date={}", day(32))).await.body;
        for (name, value) in [("first", day(32)), ("was_first", day(32)), ("from", "09:00".into()), ("to2", "00:00".into())] {
            assert_eq!(shown(&page, name), Some(value), "{name}");
        }
        saved(&front, &[
            ("first", &day(40)), ("last", ""), ("day", "off"), ("was_first", &day(32)), ("was_last", &day(32)),
        ]).await;
        assert_eq!(list(&front).await.len(), 3, "30-31, 33-34, 40");

        let removed = front.post("/settings/dates/remove", &typed(&[("first", &day(30)), ("last", &day(34))])).await;
        assert_eq!(removed.header("location"), "/settings?news=saved#dates");
        assert_eq!(list(&front).await.len(), 1);
        assert_eq!(front.app.rows("audit_log WHERE action = 'person.dates_set'").await, 3);
        assert_eq!(front.app.rows("audit_log WHERE action = 'person.dates_removed'").await, 1);
        // What is over is not shown, and goes with the next change.
        front.app.run(r#"UPDATE people SET date_overrides = '[{"date":"2020-01-01","windows":[]}]'"#).await;
        assert_eq!(list(&front).await, []);
        saved(&front, &[("first", &day(0)), ("last", &day(1)), ("day", "off")]).await;
        assert_eq!(front.app.rows("people WHERE date_overrides LIKE '%2020%' AND email = 'ben@example.com'").await, 0);
    }

    async fn what_is_wrong_with_dates_is_named_where_it_is(app) {
        let front = ben(app, Tz::UTC).await;
        let today = front.app.now().date_naive();
        let day = |days: i64| (today + TimeDelta::days(days)).to_string();
        let (soon, late, over) = (day(30), day(30 + 366), day(-1));
        let rows: [(&[(&'static str, &str)], &str); 9] = [
            (&[("first", "2026-02-30"), ("day", "off")], "date_invalid"),
            (&[("first", "2026-W01-1"), ("day", "off")], "date_invalid"),
            (&[("first", &soon), ("last", "x"), ("day", "off")], "date_invalid"),
            (&[("first", &late), ("last", &soon), ("day", "off")], "dates_backwards"),
            (&[("first", &over), ("day", "off")], "date_past"),
            (&[("first", &soon), ("last", &late), ("day", "off")], "too_many_days"),
            (&[("first", &soon), ("day", "hours"), ("from", "12:00"), ("to", "09:00")], "hours_backwards"),
            (&[("first", &soon), ("day", "hours"), ("from", "09:00"), ("to", "12:00"), ("from2", "11:59"), ("to2", "13:00")], "hours_overlap"),
            (&[("first", &soon), ("day", "off"), ("person", "ana")], "unknown_field"),
        ];
        for (fields, code) in rows {
            let answer = save(&front, fields).await;
            assert_eq!((answer.status.as_u16(), told(&answer, code)), (422, true), "{fields:?}: {}", answer.body);
            if code != "unknown_field" {
                assert_eq!(shown(&answer.body, "first").as_deref(), Some(fields[0].1), "what was typed stays");
            }
        }
        assert_eq!(list(&front).await, []);
        // A year at a time, three times; the next is one too many for one person.
        for year in 0..3_i64 {
            let (first, last) = (day(30 + 366 * year), day(30 + 366 * year + 365 - if year == 2 { 98 } else { 0 }));
            saved(&front, &[("first", &first), ("last", &last), ("day", "off")]).await;
        }
        let (first, code) = (day(2000), "too_many_dates");
        let answer = save(&front, &[("first", &first), ("day", "off")]).await;
        assert_eq!((answer.status.as_u16(), told(&answer, code)), (422, true));
        assert_eq!(list(&front).await.len(), 1);
    }
}
