//! Requests, and what candidates and coordinators do with them, as one-liners.

use std::sync::atomic::Ordering;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use convene::{
    audit::Origin,
    booking::{
        BookError, Booking, Key,
        book::{self, Choice},
        change::{self, Mover},
        offer,
        opened::opened,
        sitting,
    },
    ids::{LinkToken, PersonId, RequestId},
    notifications, people,
    requests::{self, Request, create, draft::Draft, link},
    scheduling::Answer,
};

use super::{TestApp, store};

/// A request and its candidate's link.
#[derive(Clone, Debug)]
pub struct Asked {
    pub id: RequestId,
    pub token: LinkToken,
}

impl TestApp {
    /// The token of the invitation this person has waiting, as its mail carries it.
    pub async fn invitation_token(&self, person: PersonId) -> LinkToken {
        let email = people::find(self.store().reader(), self.org, person).await.expect("read").expect("there").email;
        let mails = self.messages().await;
        let mail = mails.iter().rev().find(|mail| mail.kind == "connect_calendar" && mail.to_email == email.as_str());
        let text = notifications::body(&self.state.keys, mail.expect("a mail")).expect("opened").text;
        let token = text.split("/invite/").nth(1).and_then(|rest| rest.split_whitespace().next()).expect("a link");
        token.parse().expect("a token")
    }

    /// Ana asks for 45 minutes of Ben in the week of [`TestApp::time`], changed as the story wants it. No mail goes out.
    pub async fn asks(&self, change: impl FnOnce(&mut Draft)) -> Asked {
        let text = |text: &str| text.to_owned();
        let mut draft = Draft {
            candidate_name: text("Priya Venkataraman"),
            candidate_email: text("priya@example.net"),
            interview_type: text("Coding"),
            duration: text("45 min"),
            from: self.monday().to_string(),
            to: (self.monday() + TimeDelta::days(4)).to_string(),
            interviewers: text("ben@example.com"),
            zone: text("Etc/UTC"),
            ..Draft::default()
        };
        change(&mut draft);
        let new = draft.parse(self.now()).unwrap_or_else(|errors| panic!("{errors:?}"));
        let id = create::create(&self.state, &self.ana, &new, &Origin::default()).await.expect("a request");
        let url = link::url(&self.state, self.org, id).await.expect("the store answers").expect("a link");
        let token = url.rsplit('/').next().and_then(|token| token.parse().ok()).expect("a token");
        Asked { id, token }
    }

    pub async fn request(&self, asked: &Asked) -> Request {
        let found = requests::find(self.store().reader(), self.org, asked.id).await.expect("the store answers");
        found.expect("a request of this organisation")
    }

    /// The times a candidate is shown now, which must be those that the rows give when all of them are read again.
    pub async fn offered(&self, asked: &Asked) -> Vec<DateTime<Utc>> {
        let request = self.request(asked).await;
        let panel = sitting::panel(self.store().reader(), &request).await.expect("a panel");
        let answer = offer::open_slots(&self.state, &request, &panel).await.expect("an answer");
        let starts = |answer: Answer| answer.slots().map(|slot| slot.start()).collect::<Vec<_>>();
        let shown = opened(&self.state, &asked.token).await.expect("the link opens").open_slots(&self.state).await;
        let shown = starts(shown.expect("an answer"));
        assert_eq!(shown, starts(answer), "the page and the rows differ");
        shown
    }

    /// A form of its own, as a page would make it.
    pub fn choice(&self, start: DateTime<Utc>) -> Choice {
        self.choice_with(start, &format!("form-{}", self.keys.fetch_add(1, Ordering::Relaxed)))
    }

    pub fn choice_with(&self, start: DateTime<Utc>, key: &str) -> Choice {
        Choice { start, zone: Tz::America__New_York, key: Key::parse(key).expect("a key") }
    }

    /// The candidate sends a fresh form with this time.
    pub async fn book(&self, asked: &Asked, start: DateTime<Utc>) -> Result<Booking, BookError> {
        self.send(asked, &self.choice(start)).await
    }

    pub async fn send(&self, asked: &Asked, choice: &Choice) -> Result<Booking, BookError> {
        book::book(&self.state, &asked.token, choice, &Origin::default()).await
    }

    pub async fn candidate_moves(&self, asked: &Asked, start: DateTime<Utc>) -> Result<Booking, BookError> {
        let mover = Mover::candidate(&self.state, &asked.token).await?;
        change::reschedule(&self.state, &mover, &self.choice(start), &Origin::default()).await
    }

    pub async fn ana_moves(&self, asked: &Asked, start: DateTime<Utc>) -> Result<Booking, BookError> {
        let mover = Mover::coordinator(&self.ana, asked.id);
        change::reschedule(&self.state, &mover, &self.choice(start), &Origin::default()).await
    }

    pub async fn candidate_cancels(&self, asked: &Asked) -> Result<(), BookError> {
        let mover = Mover::candidate(&self.state, &asked.token).await?;
        change::cancel(&self.state, &mover, "", &Origin::default()).await
    }

    /// Ana ends the request, booked or not.
    pub async fn ana_withdraws(&self, asked: &Asked) {
        let ended = change::withdraw(&self.state, &self.ana, asked.id, "", &Origin::default()).await;
        ended.expect("withdrawn");
    }

    pub async fn ana_cancels(&self, asked: &Asked, reason: &str) -> Result<(), BookError> {
        let mover = Mover::coordinator(&self.ana, asked.id);
        change::cancel(&self.state, &mover, reason, &Origin::default()).await
    }
}

/// A second program on the same database: what another process would be.
pub async fn twin(home: &store::Home) -> convene::store::Store {
    convene::store::Store::open(&home.url).await.expect("opened once more")
}
