//! Rows are linked in the order of their commits, and whatever is done to them by hand is found.

use std::collections::BTreeSet;

use convene::{
    audit::verify::{Fault, Verdict, organisations},
    store::entities::{audit_heads, audit_log},
};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use super::*;

async fn verdict(app: &TestApp) -> Verdict {
    verify(app.store().reader(), app.org).await.expect("read")
}

fn broken(seq: i64, fault: Fault) -> Verdict {
    Verdict::Broken { seq, fault }
}

async fn rows(app: &TestApp, org: OrgId) -> Vec<audit_log::Model> {
    let rows = audit_log::Entity::find().filter(audit_log::Column::OrgId.eq(org)).order_by_asc(audit_log::Column::Seq);
    rows.all(app.store().reader()).await.expect("read")
}

/// Ten entries of ours, and one of somebody else's.
async fn ten(app: &TestApp) {
    let by = Actor::Person(app.ana.member().person);
    record(app.store(), (0..10).map(|_| deed(app.org, by, "person.hours_set"))).await;
    let theirs = crate::story::organisation(app.store(), "Elsewhere", app.now()).await;
    record(app.store(), [deed(theirs, Actor::System, "event.placed")]).await;
    assert!(matches!(verdict(app).await, Verdict::Unbroken { entries: 10, .. }));
    unlock(app).await;
}

stories! {
    async fn entries_are_numbered_and_linked_in_the_order_of_their_commits(app) {
        let none = verdict(&app).await;
        assert!(matches!(none, Verdict::Unbroken { entries: 0, .. }), "{none:?}");
        let (us, them) = (app.org, crate::story::organisation(app.store(), "Elsewhere", app.now()).await);
        let txn = app.store().begin().await.expect("a write");
        for org in [us, them, us, us] {
            audit::record(&txn, deed(org, Actor::System, "event.placed")).await.expect("recorded");
        }
        txn.commit().await.expect("committed");
        record(app.store(), [deed(us, Actor::Candidate, "booking.made")]).await;
        let numbered = |rows: &[audit_log::Model]| rows.iter().map(|row| (row.seq, row.action.clone())).collect::<Vec<_>>();
        let ours = rows(&app, us).await;
        let placed = "event.placed".to_owned();
        assert_eq!(numbered(&ours), [(1, placed.clone()), (2, placed.clone()), (3, placed.clone()), (4, "booking.made".into())]);
        assert_eq!(numbered(&rows(&app, them).await), [(1, placed)]);
        assert!(ours.is_sorted_by_key(|row| row.at), "times run as numbers do");
        let last = ours[3].hash.clone();
        assert_eq!(verdict(&app).await, Verdict::Unbroken { entries: 4, hash: last });
        let named: BTreeSet<String> = organisations(app.store().reader()).await.expect("read").into_iter().map(|(_, name)| name).collect();
        assert_eq!(named, ["Elsewhere", "Northwind"].map(String::from).into());
    }

    async fn what_is_rolled_back_leaves_no_entry_and_no_gap(app) {
        record(app.store(), [deed(app.org, Actor::System, "event.placed")]).await;
        let txn = app.store().begin().await.expect("a write");
        audit::record(&txn, deed(app.org, Actor::System, "event.removed")).await.expect("recorded");
        drop(txn);
        record(app.store(), [deed(app.org, Actor::System, "event.placed")]).await;
        assert!(matches!(verdict(&app).await, Verdict::Unbroken { entries: 2, .. }));
    }

    async fn many_at_once_make_one_chain(app) {
        let mut writing = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let (store, org) = (app.store().clone(), app.org);
            writing.spawn(async move { record(&store, (0..10).map(|_| deed(org, Actor::System, "event.placed"))).await });
        }
        writing.join_all().await;
        assert!(matches!(verdict(&app).await, Verdict::Unbroken { entries: 80, .. }));
    }

    /// Deeds are recorded before a transaction takes its other locks, and after.
    async fn recording_takes_no_lock(app) {
        if app.store().backend() == DbBackend::Sqlite {
            return; // One writer at a time.
        }
        let ana = app.ana.member().person;
        record(app.store(), [deed(app.org, Actor::System, "event.placed")]).await;
        let (first, second) = (app.store().begin().await.expect("a write"), app.store().begin().await.expect("a write"));
        audit::record(&first, deed(app.org, Actor::System, "event.placed")).await.expect("recorded");
        second.lock_people(&[ana]).await.expect("locked");
        let waiting = tokio::spawn(async move {
            first.lock_people(&[ana]).await?;
            first.commit().await
        });
        audit::record(&second, deed(app.org, Actor::System, "event.removed")).await.expect("recorded");
        second.commit().await.expect("nobody waits for it in vain");
        waiting.await.expect("ended").expect("nor for the other");
        assert!(matches!(verdict(&app).await, Verdict::Unbroken { entries: 3, .. }));
    }

    async fn a_changed_field_is_found_whichever_it_is(app) {
        ten(&app).await;
        let changes = [
            "action = 'person.zone_set'", "subject = ''", "detail = '{}'", "ip = '192.0.2.8'", "user_agent = ''", "at = at - 1",
            "actor_kind = 'nonsense'", "actor_id = NULL", "hash = 'none'",
        ];
        for change in changes {
            let before = rows(&app, app.org).await.swap_remove(6);
            app.run(&format!("UPDATE audit_log SET {change} WHERE seq = 7 AND org_id = {}", app.uuid(app.org.uuid()))).await;
            assert_eq!(verdict(&app).await, broken(7, Fault::Changed), "{change}");
            // As it was.
            let txn = app.store().begin().await.expect("a write");
            let all = audit_log::ActiveModel::from(before).reset_all();
            audit_log::Entity::update(all).exec(&*txn).await.expect("put back");
            txn.commit().await.expect("committed");
            assert!(matches!(verdict(&app).await, Verdict::Unbroken { entries: 10, .. }), "{change}");
        }
    }

    async fn what_was_left_out_is_missed_wherever_it_stood(app) {
        ten(&app).await;
        let org = app.uuid(app.org.uuid());
        // From the end, then in the middle, then at the start, then everything; the first that is wrong is named.
        for (which, first) in [("seq > 8", 9), ("seq = 5", 5), ("seq = 1", 1), ("seq > 0", 1)] {
            app.run(&format!("DELETE FROM audit_log WHERE {which} AND org_id = {org}")).await;
            assert_eq!(verdict(&app).await, broken(first, Fault::Missing), "{which}");
        }
        app.run(&format!("DELETE FROM audit_heads WHERE org_id = {org}")).await;
        assert!(matches!(verdict(&app).await, Verdict::Unbroken { entries: 0, .. }), "nothing is left to tell by: see the docs");
    }

    async fn a_hole_that_was_closed_is_found(app) {
        ten(&app).await;
        let org = app.uuid(app.org.uuid());
        app.run(&format!("DELETE FROM audit_log WHERE seq = 5 AND org_id = {org}")).await;
        for seq in 6..=10 {
            app.run(&format!("UPDATE audit_log SET seq = {seq} - 1 WHERE seq = {seq} AND org_id = {org}")).await;
        }
        assert_eq!(verdict(&app).await, broken(5, Fault::Changed));
    }

    async fn entries_that_changed_places_are_found(app) {
        ten(&app).await;
        let org = app.uuid(app.org.uuid());
        for (from, to) in [(3, 99), (4, 3), (99, 4)] {
            app.run(&format!("UPDATE audit_log SET seq = {to} WHERE seq = {from} AND org_id = {org}")).await;
        }
        assert_eq!(verdict(&app).await, broken(3, Fault::Changed));
    }

    async fn entries_that_were_put_in_are_found(app) {
        ten(&app).await;
        let org = app.uuid(app.org.uuid());
        let put_in = |seq: i64| {
            let id = app.uuid(convene::ids::AuditId::new().uuid());
            format!(
                "INSERT INTO audit_log (id, org_id, seq, actor_kind, action, subject, at, hash)
                 VALUES ({id}, {org}, {seq}, 'system', 'booking.cancelled', '', 0, 'made up')"
            )
        };
        for (seq, found) in [(11, broken(11, Fault::Changed)), (0, broken(0, Fault::Surplus)), (-3, broken(-3, Fault::Surplus))] {
            app.run(&put_in(seq)).await;
            assert_eq!(verdict(&app).await, found, "{seq}");
            app.run(&format!("DELETE FROM audit_log WHERE seq = {seq} AND org_id = {org}")).await;
        }
        // With a hash that follows, so that only the end of the chain tells.
        let last = rows(&app, app.org).await.swap_remove(9);
        let mut next = audit_log::Model { id: convene::ids::AuditId::new(), seq: 11, ..last.clone() };
        next.hash = convene::store::ledger::hash(&last.hash, &next);
        let txn = app.store().begin().await.expect("a write");
        audit_log::Entity::insert(audit_log::ActiveModel::from(next)).exec_without_returning(&*txn).await.expect("put in");
        txn.commit().await.expect("committed");
        assert_eq!(verdict(&app).await, broken(11, Fault::Surplus));
    }

    async fn an_end_that_was_written_anew_is_found(app) {
        ten(&app).await;
        let org = app.uuid(app.org.uuid());
        // The last row anew, with a hash that follows: the head knows another.
        let rows = rows(&app, app.org).await;
        let mut last = audit_log::Model { action: "person.zone_set".into(), ..rows[9].clone() };
        last.hash = convene::store::ledger::hash(&rows[8].hash, &last);
        app.run(&format!("UPDATE audit_log SET action = '{}', hash = '{}' WHERE seq = 10 AND org_id = {org}", last.action, last.hash)).await;
        assert_eq!(verdict(&app).await, broken(10, Fault::End));
        app.run(&format!("DELETE FROM audit_heads WHERE org_id = {org}")).await;
        assert_eq!(verdict(&app).await, broken(1, Fault::Surplus));
        assert_eq!(audit_heads::Entity::find().all(app.store().reader()).await.expect("read").len(), 1, "theirs");
    }

    /// SQLite keeps anything anywhere.
    async fn a_row_that_cannot_be_read_is_named_too(app) {
        if app.store().backend() != DbBackend::Sqlite {
            return;
        }
        ten(&app).await;
        app.run(&format!("UPDATE audit_log SET actor_id = 'nobody' WHERE seq = 4 AND org_id = {}", app.uuid(app.org.uuid()))).await;
        assert_eq!(verdict(&app).await, broken(4, Fault::Changed));
    }
}
