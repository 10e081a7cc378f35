//! Redeeming a link: once, by whoever signs in first, and never over somebody who is somebody already.

use chrono::TimeDelta;
use convene::{
    audit::Origin,
    connections::{self, disconnect::switch_off},
    invitations::{self, redeem::redeem},
    people,
    store::{
        entities::{audit_log, identities},
        words::{ConnectionStatus, Role},
    },
};
use sea_orm::{ActiveValue::Set, EntityTrait};

use super::asking::{KENJI, invite};
use crate::story::{ANA, stories};

stories! {
    /// A hundred browsers come back from the provider at once.
    async fn one_of_a_hundred_redeems(app) {
        let invitation = invite(&app, KENJI).await;
        let tasks: Vec<_> = (0..100)
            .map(|_| {
                let (store, now, id) = (app.store().clone(), app.now(), invitation.id);
                tokio::spawn(async move {
                    loop {
                        let txn = match store.begin().await {
                            Ok(txn) => txn,
                            Err(error) if error.is_contention() => continue,
                            Err(error) => panic!("{error}"),
                        };
                        match redeem(&txn, id, now, &Origin::default()).await {
                            Ok(redeemed) => match txn.commit().await {
                                Ok(()) => return redeemed.is_some(),
                                Err(error) if error.is_contention() => continue,
                                Err(error) => panic!("{error}"),
                            },
                            Err(error) if error.is_contention() => continue,
                            Err(error) => panic!("{error}"),
                        }
                    }
                })
            })
            .collect();
        let mut redeemed = 0;
        for task in tasks {
            redeemed += usize::from(task.await.expect("no panic"));
        }
        assert_eq!(redeemed, 1);
        let rows = audit_log::Entity::find().all(app.store().reader()).await.expect("read");
        assert_eq!(rows.iter().filter(|row| row.action == "person.invitation_accepted").count(), 1);
    }

    /// Whoever waits for a calendar is told that it is there, and how many times it opened.
    async fn the_coordinator_is_told_of_a_calendar(app) {
        let invitation = invite(&app, KENJI).await;
        app.asks(|draft| draft.interviewers = KENJI.into()).await;
        let txn = app.store().begin().await.expect("a write");
        redeem(&txn, invitation.id, app.now(), &Origin::default()).await.expect("asked").expect("redeemed");
        txn.commit().await.expect("committed");
        app.connected(&[KENJI]).await;
        app.work().await;
        let mails = app.messages().await;
        let told: Vec<_> = mails.iter().filter(|mail| mail.kind == "interviewer_answered").collect();
        assert_eq!(told.iter().map(|mail| mail.to_email.as_str()).collect::<Vec<_>>(), [ANA]);
        let text = convene::notifications::body(&app.state.keys, told[0]).expect("opened").text;
        assert!(text.contains("Kenji connected"), "{text}");
    }

    async fn what_ended_redeems_nothing(app) {
        let invitation = invite(&app, KENJI).await;
        app.passes(TimeDelta::days(15));
        let txn = app.store().begin().await.expect("a write");
        assert_eq!(redeem(&txn, invitation.id, app.now(), &Origin::default()).await.expect("asked"), None);
        drop(txn);
        let fresh = invite(&app, KENJI).await;
        invitations::ask::withdraw(&app.state, &app.ana, fresh.person, &Origin::default()).await.expect("withdrawn");
        let txn = app.store().begin().await.expect("a write");
        assert_eq!(redeem(&txn, fresh.id, app.now(), &Origin::default()).await.expect("asked"), None);
    }

    /// R19: an invitation sent before somebody signed in another way leaves who they are alone.
    async fn somebody_with_an_account_is_not_changed(app) {
        let invitation = invite(&app, KENJI).await;
        let txn = app.store().begin().await.expect("a write");
        identities::Entity::insert(identities::ActiveModel {
            id: Set(convene::ids::IdentityId::new()),
            org_id: Set(app.org),
            person_id: Set(invitation.person),
            provider: Set(convene::store::words::Provider::Google),
            issuer: Set("https://accounts.google.com".to_owned()),
            subject: Set("kenji-sub".to_owned()),
            created_at: Set(app.now().into()),
        })
        .exec_without_returning(&*txn)
        .await
        .expect("an identity");
        txn.commit().await.expect("committed");
        let txn = app.store().begin().await.expect("a write");
        assert_eq!(redeem(&txn, invitation.id, app.now(), &Origin::default()).await.expect("asked"), None);
        drop(txn);
        let person = people::find(app.store().reader(), app.org, invitation.person).await.expect("read").expect("there");
        assert_eq!(person.role, Role::Interviewer);
    }

    /// R26: barred is barred, at once and everywhere.
    async fn whoever_is_switched_off_is_gone_at_once(app) {
        let (ben, now) = (app.person("ben@example.com").await, app.now());
        app.connected(&["ben@example.com"]).await;
        let asked = app.asks(|draft| draft.any_of = String::new()).await;
        assert!(!app.offered(&asked).await.is_empty());
        let invitation = invite(&app, KENJI).await;
        let token = app.invitation_token(invitation.person).await;
        let ana = app.uuid(app.ana.member().person.uuid());
        app.run(&format!("UPDATE people SET role = 'admin' WHERE id = {ana}")).await;
        let boss = people::find(app.store().reader(), app.org, app.ana.member().person).await.expect("read");
        let boss = people::Member::of(&boss.expect("there")).expect("not disabled").admin().expect("an administrator");
        let txn = app.store().begin().await.expect("a write");
        let session = people::sessions::open(&txn, app.org, ben, None, &Origin::default(), now).await.expect("opened");
        for person in [ben, invitation.person] {
            switch_off(&app.state.services, &txn, &boss, person, &Origin::default()).await.expect("switched off");
        }
        txn.commit().await.expect("committed");
        let signed_in = people::sessions::authenticate(app.store(), &session, now).await.expect("read");
        assert!(signed_in.is_none());
        let found = connections::of_people(app.store().reader(), app.org, &[ben]).await.expect("read");
        assert_eq!(found[&ben][0].status, ConnectionStatus::Inactive);
        assert_eq!(app.rows("connections WHERE access_token IS NOT NULL").await, 0);
        assert!(app.offered(&asked).await.is_empty(), "no interview with somebody who left");
        let opened = invitations::open(app.store().reader(), &token, now).await;
        assert!(matches!(opened, Err(invitations::LinkError::Withdrawn)), "{opened:?}");
    }
}
