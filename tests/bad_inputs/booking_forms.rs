//! The forms of a booking link, and the coordinator's forms about one request: times, keys, zones, reasons, strangers.

use chrono::{DateTime, TimeDelta, Utc};
use convene::{
    audit::Origin,
    ids::LinkToken,
    requests::{create, draft::Draft, link},
};

use crate::{
    story::{self, Asked},
    support::front::{BEN, Front, Typed, assert_failure},
    support::html::Page,
};

const NOT_OFFERED: &str = "This time is not among those offered. Choose one from the list.";

/// The instant as a page offers it.
fn offered(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Where a time is chosen.
enum Chooser {
    Book,
    Move,
    CoordinatorMoves,
}

impl Chooser {
    const ALL: [Self; 3] = [Self::Book, Self::Move, Self::CoordinatorMoves];

    fn path(&self, asked: &Asked) -> String {
        match self {
            Self::Book => book_path(&asked.token),
            Self::Move => format!("{}/move", book_path(&asked.token)),
            Self::CoordinatorMoves => format!("/requests/{}/move", asked.id),
        }
    }

    /// A request at the point where this chooser is what it has to show.
    async fn request(&self, front: &Front) -> Asked {
        let asked = front.app.asks(|_| ()).await;
        if !matches!(self, Self::Book) {
            front.app.book(&asked, front.app.time(0, "10:00")).await.expect("booked");
        }
        asked
    }

    fn form(&self, start: &str, key: &str) -> Typed {
        let mut form = vec![("start", start.to_owned()), ("key", key.to_owned())];
        if !matches!(self, Self::CoordinatorMoves) {
            form.push(("tz", "Europe/Berlin".to_owned()));
        }
        form
    }
}

fn book_path(token: &LinkToken) -> String {
    format!("/book/{}", token.expose())
}

/// Posts, and sees that it is refused in place: the banner's code and sentence, and nothing written.
async fn assert_refused(what: &str, front: &Front, path: &str, form: &Typed, status: u16, code: &str, sentence: &str) {
    let before = front.written().await;
    let answer = front.post(path, form).await;
    assert_failure(what, &answer, status, code, sentence);
    assert_eq!(front.written().await, before, "{what}: something was written");
}

#[tokio::test]
async fn times_that_were_never_offered() {
    for chooser in Chooser::ALL {
        let front = Front::open().await;
        let asked = chooser.request(&front).await;
        let path = chooser.path(&asked);
        let ten = front.app.time(1, "10:00");
        assert!(
            Page(&front.get(&format!("{path}?tz=Etc%2FUTC&day={}", ten.date_naive())).await.body)
                .find("value", &offered(ten))
                .is_some()
        );

        let (hours, seconds) = (TimeDelta::hours, TimeDelta::seconds);
        let rows = [
            ("B16 a second late", offered(ten + seconds(1))),
            ("B16 seven minutes off the grid", offered(ten + seconds(420))),
            ("B16 with an offset", ten.format("%Y-%m-%dT%H:%M:%S+00:00").to_string()),
            ("B16 in another zone", (ten.format("%Y-%m-%dT12:%M:%S+02:00")).to_string()),
            ("B16 with sub-seconds", ten.format("%Y-%m-%dT%H:%M:%S.000Z").to_string()),
            ("B16 in lower case", offered(ten).to_lowercase()),
            ("B16 without seconds", ten.format("%Y-%m-%dT%H:%MZ").to_string()),
            ("B16 at night", offered(ten - hours(8))),
            ("B16 on a Saturday", offered(ten + hours(4 * 24))),
            ("B16 weeks later", offered(ten + hours(21 * 24))),
            ("B16 years ago", "1999-03-01T10:00:00Z".to_owned()),
            ("B16 in words", "tomorrow".to_owned()),
            ("B16 beyond all days", "+262142-12-31T23:59:59Z".to_owned()),
        ];
        for (row, start) in rows {
            let what = format!("{row} at {path}");
            assert_refused(&what, &front, &path, &chooser.form(&start, "key-1"), 422, "slot_not_offered", NOT_OFFERED)
                .await;
        }
        let none = chooser.form("", "key-1");
        assert_refused("no time", &front, &path, &none, 422, "start_required", "Choose a time first.").await;
    }
}

#[tokio::test]
async fn times_of_other_requests_are_not_told_from_nonsense() {
    let mut front = Front::open().await;
    let evening = front.app.monday();
    // Tom is there in the evening, and so is somebody of another organisation; Ben never is.
    let toms = front
        .app
        .asks(|draft| {
            draft.interviewers = "tom@example.com".to_owned();
            draft.windows = format!("tom@example.com {evening} 18:00 20:00");
        })
        .await;
    let org = story::organisation(front.app.store(), "Southwind", front.app.now()).await;
    let uma = story::coordinator(front.app.store(), org, "uma@example.org").await;
    let draft = Draft {
        candidate_name: "Raj".to_owned(),
        candidate_email: "raj@example.net".to_owned(),
        duration: "45".to_owned(),
        from: evening.to_string(),
        to: evening.to_string(),
        interviewers: "uma@example.org".to_owned(),
        windows: format!("uma@example.org {evening} 20:00 22:00"),
        zone: "Etc/UTC".to_owned(),
        ..Draft::default()
    };
    let new = draft.parse(front.app.now()).expect("a good draft");
    let theirs = create::create(&front.app.state, &uma, &new, &Origin::default()).await.expect("a request");
    let url = link::url(&front.app.state, org, theirs).await.expect("the store answers").expect("a link");
    let their_path = url.strip_prefix("https://interviews.example.com").expect("a page of ours").to_owned();

    let (at_six, at_eight) = (front.app.time(0, "18:00"), front.app.time(0, "20:00"));
    for (path, start) in [(book_path(&toms.token), at_six), (their_path, at_eight)] {
        let page = front.get(&format!("{path}?tz=Etc%2FUTC")).await;
        assert!(Page(&page.body).find("value", &offered(start)).is_some(), "{path} offers {start}");
    }
    for chooser in Chooser::ALL {
        let asked = chooser.request(&front).await;
        let path = chooser.path(&asked);
        let mut answers = Vec::new();
        for start in [at_six, at_eight, front.app.time(0, "23:00")] {
            let form = chooser.form(&offered(start), "key-1");
            assert_refused("B17", &front, &path, &form, 422, "slot_not_offered", NOT_OFFERED).await;
            let answer = front.post(&path, &form).await;
            answers.push(Page(&answer.body).find("role", "alert").expect("a banner").text());
        }
        assert!(
            answers.iter().all(|answer| *answer == answers[0]),
            "B17: no hint that a time exists elsewhere: {answers:?}"
        );
        front.app.ana_cancels(&asked, "").await.ok();
    }
    // Whose request it is decides, not what is sent.
    let stranger = format!("/requests/{theirs}");
    for (action, form) in
        [("send", vec![]), ("cancel", vec![]), ("move", Chooser::CoordinatorMoves.form(&offered(at_eight), "k"))]
    {
        let what = format!("B17 {action} of another organisation");
        let path = format!("{stranger}/{action}");
        assert_refused(&what, &front, &path, &form, 404, "not_found", "There is nothing at this address.").await;
    }
    front.sign_in().await;
    assert_eq!(front.get(&stranger).await.status.as_u16(), 404);
}

#[tokio::test]
async fn a_time_that_was_just_taken() {
    let front = Front::open().await;
    let (asked, other) = (front.app.asks(|_| ()).await, front.app.asks(|_| ()).await);
    let ten = front.app.time(0, "10:00");
    front.app.book(&other, ten).await.expect("booked");
    let path = format!("{}?tz=Etc%2FUTC&day={}", book_path(&asked.token), ten.date_naive());
    let form = Chooser::Book.form(&offered(ten), "key-1");
    let before = front.written().await;
    let answer = front.post(&path, &form).await;
    assert_failure("B18", &answer, 409, "slot_taken", "Someone just took this time.");
    assert_eq!(front.written().await, before);
    let page = Page(&answer.body);
    let times: Vec<_> = page.tags().into_iter().filter(|tag| tag.get("name") == Some("start")).collect();
    assert!(times.len() >= 3, "B18: the next times are there to choose from");
    assert!(times.iter().all(|time| time.get("value") != Some(&offered(ten))), "B18: the one that is gone is not");
}

#[tokio::test]
async fn keys() {
    for chooser in Chooser::ALL {
        let front = Front::open().await;
        let asked = chooser.request(&front).await;
        let path = chooser.path(&asked);
        let (ten, eleven) = (offered(front.app.time(1, "10:00")), offered(front.app.time(1, "11:00")));
        let long = "k".repeat(300);
        for (what, key) in
            [("B19 no key", ""), ("B19 300 characters", long.as_str()), ("B19 a key in words", "my key ü")]
        {
            let sentence = "The form was incomplete. Reload the page and try again.";
            assert_refused(what, &front, &path, &chooser.form(&ten, key), 400, "key_required", sentence).await;
        }
        let done = front.post(&path, &chooser.form(&ten, "key-1")).await;
        assert_eq!(done.status.as_u16(), 303, "{}", Page(&done.body).text());
        let sentence = "This form was already sent with another time. Reload the page to see what is booked.";
        let again = chooser.form(&eleven, "key-1");
        assert_refused("B19 the same key, another time", &front, &path, &again, 422, "key_reused", sentence).await;
        // The same form again is the same answer.
        let before = front.written().await;
        let same = front.post(&path, &chooser.form(&ten, "key-1")).await;
        assert_eq!((same.status.as_u16(), same.header("location")), (303, done.header("location")));
        assert_eq!(front.written().await, before);
    }
}

#[tokio::test]
async fn zones_of_candidates() {
    let front = Front::open().await;
    let start = offered(front.app.time(1, "10:00"));
    let booked = front.app.asks(|_| ()).await;
    front.app.book(&booked, front.app.time(0, "10:00")).await.expect("booked");
    let asked = front.app.asks(|_| ()).await;
    let long = "x".repeat(5 * 1024);
    for path in [book_path(&asked.token), format!("{}/move", book_path(&booked.token))] {
        for zone in ["Mars/Phobos", "EST", "GMT+25", "../../etc/passwd", "", &long] {
            let form = vec![("start", start.clone()), ("key", "key-1".to_owned()), ("tz", zone.to_owned())];
            let what = format!("Z01 {zone:.20} at {path:.12}");
            let sentence = "Choose a time zone from the list.";
            assert_refused(&what, &front, &path, &form, 422, "zone_unknown", sentence).await;
        }
    }
    // In an address it falls back: a link that was passed on still opens. An alias is shown under today's name.
    for (zone, shown) in [("Mars%2FPhobos", "UTC"), ("", "UTC"), ("US%2FEastern", "America/New_York")] {
        let answer = front.get(&format!("{}?tz={zone}", book_path(&asked.token))).await;
        let zones = Page(&answer.body).values("tz");
        assert_eq!(zones, [shown, shown], "Z02 {zone}: the select and the form");
    }
    let form = vec![("start", start), ("key", "key-2".to_owned()), ("tz", "US/Eastern".to_owned())];
    let done = front.post(&book_path(&asked.token), &form).await;
    assert!(done.header("location").ends_with("?tz=America/New_York"), "Z02: {}", done.header("location"));
}

#[tokio::test]
async fn reasons() {
    let front = Front::open().await;
    let asked = front.app.asks(|_| ()).await;
    front.app.book(&asked, front.app.time(0, "10:00")).await.expect("booked");
    let (candidates, coordinators) =
        (format!("{}/cancel", book_path(&asked.token)), format!("/requests/{}/cancel", asked.id));
    for reason in ["x".repeat(501), "👩‍👩‍👧‍👦".repeat(501)] {
        for path in [&candidates, &coordinators] {
            let form = vec![("reason", reason.clone())];
            assert_refused("Z08", &front, path, &form, 422, "reason_too_long", "Use at most 500 characters.").await;
        }
        let answer = front.post(&candidates, &[("reason", reason.clone())]).await;
        let page = Page(&answer.body);
        assert_eq!(page.values("reason"), [reason], "what was typed is shown again");
        assert_eq!(page.control("reason").expect("a reason").get("aria-invalid"), Some("true"));
        assert_eq!(page.find("id", "reason-error").expect("an error").get("data-code"), Some("reason_too_long"));
    }
    let families = vec![("reason", "👩‍👩‍👧‍👦".repeat(500))];
    let done = front.post(&candidates, &families).await;
    assert_eq!(done.status.as_u16(), 303, "Z08: {}", Page(&done.body).text());
}

#[tokio::test]
async fn fields_that_are_none_of_it() {
    let front = Front::open().await;
    let (open, booked) = (front.app.asks(|_| ()).await, front.app.asks(|_| ()).await);
    front.app.book(&booked, front.app.time(0, "10:00")).await.expect("booked");
    let start = offered(front.app.time(1, "10:00"));
    let rows = [
        (book_path(&open.token), Chooser::Book.form(&start, "k")),
        (format!("{}/move", book_path(&booked.token)), Chooser::Move.form(&start, "k")),
        (format!("{}/cancel", book_path(&booked.token)), vec![("reason", "ill".to_owned())]),
        (format!("/requests/{}/move", booked.id), Chooser::CoordinatorMoves.form(&start, "k")),
        (format!("/requests/{}/cancel", booked.id), vec![("reason", "ill".to_owned())]),
        ("/auth/google".to_owned(), vec![("return_to", "/".to_owned())]),
    ];
    for (path, form) in rows {
        for field in ["role", "tenant_id", "status", "start[]"] {
            let form = [form.clone(), vec![(field, "admin".to_owned())]].concat();
            let what = format!("B20 {field} at {path:.14}");
            let sentence = "The form has a field that is not known here.";
            assert_refused(&what, &front, &path, &form, 422, "unknown_field", sentence).await;
        }
    }
}

/// U07: who confirms too often is told when to come back, by page and by header.
#[tokio::test]
async fn confirmations_are_limited() {
    let front = Front::open().await;
    let asked = front.app.asks(|draft| draft.interviewers = BEN.to_owned()).await;
    let form = Chooser::Book.form("nonsense", "k");
    let mut limited = None;
    // A window may end in between, once.
    for _ in 0..125 {
        let answer = front.post(&book_path(&asked.token), &form).await;
        if answer.status.as_u16() == 429 {
            limited = Some(answer);
            break;
        }
    }
    let limited = limited.expect("a limit");
    assert_failure("U07", &limited, 429, "too_many_requests", "This was asked too often in a short time.");
    assert!(limited.header("retry-after").parse::<u64>().is_ok_and(|seconds| (1..=600).contains(&seconds)));
}
