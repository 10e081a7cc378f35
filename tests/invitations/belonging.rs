//! Who belongs to an organisation, and as what: an administrator decides about others, and there always is one.

use convene::{
    audit::Origin,
    ids::PersonId,
    people::{
        self, Admin,
        roles::{self, RoleError},
    },
    store::{entities::audit_log, words::Role},
};
use sea_orm::EntityTrait;

use crate::story::{TestApp, coordinator, organisation, stories};

async fn administrator(app: &TestApp, id: PersonId) -> Admin {
    app.run(&format!("UPDATE people SET role = 'admin' WHERE id = {}", app.uuid(id.uuid()))).await;
    let person = people::find(app.store().reader(), app.org, id).await.expect("read").expect("there");
    people::Member::of(&person).expect("not disabled").admin().expect("an administrator")
}

async fn changes(app: &TestApp, boss: &Admin, id: PersonId, role: Role) -> Result<(), RoleError> {
    let txn = app.store().begin().await.expect("a write");
    roles::change(&txn, boss, id, role, &Origin::default()).await?;
    txn.commit().await.expect("committed");
    Ok(())
}

stories! {
    async fn an_administrator_decides_about_others(app) {
        let ana = administrator(&app, app.ana.member().person).await;
        let bo = coordinator(app.store(), app.org, "bo@example.com").await.member().person;
        changes(&app, &ana, bo, Role::Admin).await.expect("changed");
        changes(&app, &ana, bo, Role::Interviewer).await.expect("changed");
        let refused = changes(&app, &ana, bo, Role::Coordinator).await;
        assert!(matches!(refused, Err(RoleError::NeedsConsent)), "{refused:?}");
        let own = changes(&app, &ana, ana.member().person, Role::Coordinator).await;
        assert!(matches!(own, Err(RoleError::Yourself)), "{own:?}");
        let theirs = organisation(app.store(), "Elsewhere", app.now()).await;
        let foreign = changes(&app, &ana, coordinator(app.store(), theirs, "uma@example.com").await.member().person, Role::Admin).await;
        assert!(matches!(foreign, Err(RoleError::Unknown)), "{foreign:?}");
        let rows = audit_log::Entity::find().all(app.store().reader()).await.expect("read");
        assert_eq!(rows.iter().filter(|row| row.action == "person.role_changed").count(), 2);
    }

    /// Two who take each other's role at the same moment: one of them keeps it.
    async fn there_always_is_an_administrator(app) {
        let bo = coordinator(app.store(), app.org, "bo@example.com").await.member().person;
        for round in 0..20 {
            let (ana, bo) = (administrator(&app, app.ana.member().person).await, administrator(&app, bo).await);
            let takes = |boss: Admin, other: PersonId| {
                let store = app.store().clone();
                tokio::spawn(async move {
                    loop {
                        let txn = match store.begin().await {
                            Ok(txn) => txn,
                            Err(error) if error.is_contention() => continue,
                            Err(error) => panic!("{error}"),
                        };
                        match roles::change(&txn, &boss, other, Role::Coordinator, &Origin::default()).await {
                            Ok(()) => match txn.commit().await {
                                Ok(()) => return true,
                                Err(error) if error.is_contention() => {}
                                Err(error) => panic!("{error}"),
                            },
                            Err(RoleError::NoAdmin) => return false,
                            Err(RoleError::Store(error)) if error.is_contention() => {}
                            Err(error) => panic!("{error}"),
                        }
                    }
                })
            };
            let (one, other) = (ana.member().person, bo.member().person);
            let (first, second) = tokio::join!(takes(ana, other), takes(bo, one));
            let done = [first.expect("no panic"), second.expect("no panic")];
            assert_eq!(done.iter().filter(|done| **done).count(), 1, "round {round}");
            assert_eq!(app.rows("people WHERE role = 'admin'").await, 1, "round {round}");
        }
    }
}
