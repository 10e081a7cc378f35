//! Asking people: one mail, one link, and who may ask whom for what.

use chrono::TimeDelta;
use convene::{
    audit::Origin,
    invitations::{
        self,
        ask::{self, Ask, AskError, Outcome},
    },
    people::{self, Member},
    store::{entities::invitations as rows, words::Role},
};
use sea_orm::EntityTrait;

use crate::story::{TestApp, organisation, stories};

pub const KENJI: &str = "kenji@example.net";

pub fn interviewer(email: &str) -> Ask {
    Ask::interviewer(email.parse().expect("an address"), None)
}

pub async fn invite(app: &TestApp, email: &str) -> invitations::Invitation {
    let asked = ask::ask(&app.state, &app.ana, &interviewer(email), &Origin::default()).await;
    let Ok(Outcome::Invited(id)) = asked else { panic!("{asked:?}") };
    invitations::of_id(app.store().reader(), app.org, id).await.expect("read").expect("made")
}

stories! {
    /// Asked again, the same link works as long as a new one: the mail before is no dead end.
    async fn a_second_mail_carries_the_same_link_and_more_time(app) {
        let first = invite(&app, KENJI).await;
        let token = app.invitation_token(first.person).await;
        app.passes(TimeDelta::days(10));
        let second = invite(&app, KENJI).await;
        assert_eq!((second.id, second.sent_at), (first.id, app.now()));
        assert_eq!(app.invitation_token(first.person).await, token);
        app.passes(TimeDelta::days(13));
        assert!(invitations::open(app.store().reader(), &token, app.now()).await.is_ok());
        app.passes(TimeDelta::days(2));
        let late = invitations::open(app.store().reader(), &token, app.now()).await;
        assert!(matches!(late, Err(invitations::LinkError::Expired)), "{late:?}");
        // Asked after it ran out, it works again.
        invite(&app, KENJI).await;
        assert!(invitations::open(app.store().reader(), &token, app.now()).await.is_ok());
        assert_eq!(app.messages().await.iter().filter(|mail| mail.kind == "connect_calendar").count(), 3);
    }

    /// The database holds neither the token nor, in clear, the mail that carries it.
    async fn the_token_stands_nowhere(app) {
        let invitation = invite(&app, KENJI).await;
        let token = app.invitation_token(invitation.person).await;
        let row = rows::Entity::find().one(app.store().reader()).await.expect("read").expect("a row");
        assert_eq!(row.token_hash, token.hash());
        assert!(!format!("{row:?}").contains(token.expose()));
        let mails = app.messages().await;
        assert!(mails.iter().all(|mail| !format!("{mail:?}").contains(token.expose())));
        // It opens an invitation and no booking, and the other way round.
        assert!(convene::requests::link::open(app.store().reader(), &token, app.now()).await.is_err());
        let asked = app.asks(|_| ()).await;
        assert!(invitations::open(app.store().reader(), &asked.token, app.now()).await.is_err());
    }

    async fn a_withdrawn_link_is_closed_and_a_new_one_is_another(app) {
        let first = invite(&app, KENJI).await;
        let token = app.invitation_token(first.person).await;
        ask::withdraw(&app.state, &app.ana, first.person, &Origin::default()).await.expect("withdrawn");
        let closed = invitations::open(app.store().reader(), &token, app.now()).await;
        assert!(matches!(closed, Err(invitations::LinkError::Withdrawn)), "{closed:?}");
        let again = ask::withdraw(&app.state, &app.ana, first.person, &Origin::default()).await;
        assert!(matches!(again, Err(AskError::NotFound)), "{again:?}");
        let second = invite(&app, KENJI).await;
        assert_ne!(second.id, first.id);
        app.passes(TimeDelta::seconds(1));
        assert!(invitations::open(app.store().reader(), &token, app.now()).await.is_err());
    }

    async fn whoever_is_connected_is_not_asked(app) {
        app.connected(&["ben@example.com"]).await;
        let asked = ask::ask(&app.state, &app.ana, &interviewer("ben@example.com"), &Origin::default()).await;
        assert!(matches!(&asked, Err(AskError::AlreadyConnected { name }) if name == "Ben"), "{asked:?}");
        assert!(app.messages().await.is_empty());
    }

    /// Only an administrator makes coordinators; a coordinator's word makes nobody more than an interviewer.
    async fn coordinators_invite_interviewers_only(app) {
        let wanted = Ask { role: Role::Coordinator, ..interviewer(KENJI) };
        let asked = ask::ask(&app.state, &app.ana, &wanted, &Origin::default()).await;
        assert!(matches!(asked, Err(AskError::Forbidden)), "{asked:?}");
        assert_eq!(app.rows("invitations").await, 0);
        let ana = app.ana.member().person;
        app.run(&format!("UPDATE people SET role = 'admin' WHERE id = {}", app.uuid(ana.uuid()))).await;
        let ana = people::find(app.store().reader(), app.org, ana).await.expect("read").expect("there");
        let admin = Member::of(&ana).expect("not disabled").coordinator().expect("a coordinator");
        let asked = ask::ask(&app.state, &admin, &wanted, &Origin::default()).await;
        assert!(matches!(asked, Ok(Outcome::Invited(_))), "{asked:?}");
    }

    async fn nobody_is_mailed_without_end(app) {
        for _ in 0..5 {
            invite(&app, KENJI).await;
        }
        let sixth = ask::ask(&app.state, &app.ana, &interviewer(KENJI), &Origin::default()).await;
        assert!(matches!(sixth, Err(AskError::TooMany(_))), "{sixth:?}");
    }

    async fn another_organisations_request_is_no_reason(app) {
        let theirs = organisation(app.store(), "Contoso", app.now()).await;
        let uma = crate::story::coordinator(app.store(), theirs, "uma@example.com").await;
        let asked = app.asks(|_| ()).await;
        let with = Ask { request: Some(asked.id), ..interviewer(KENJI) };
        let refused = ask::ask(&app.state, &uma, &with, &Origin::default()).await;
        assert!(matches!(refused, Err(AskError::NotFound)), "{refused:?}");
        assert_eq!(app.rows("invitations").await, 0, "nothing was written");
    }
}
