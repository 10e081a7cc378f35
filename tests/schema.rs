//! What the schema refuses whatever the code above it does, by SQL of our own on both databases.

use crate::story::{Asked, TestApp, stories};
use convene::store::{Store, StoreError, Violation};
use sea_orm::{ConnectionTrait, DbBackend, Statement};

const BEN: &str = "ben@example.com";

/// A booking of Ben at ten; gives what its occupancy is made of, as SQL.
async fn booked(app: &TestApp) -> (Asked, String, String, String, i64) {
    let asked = app.asks(|draft| (draft.unknown_start, draft.unknown_end) = ("09:00".into(), "17:00".into())).await;
    let ten = app.time(0, "10:00");
    let booking = app.book(&asked, ten).await.expect("booked");
    let ben = app.person(BEN).await;
    let (org, ben) = (app.uuid(app.org.uuid()), app.uuid(ben.uuid()));
    (asked, org, ben, app.literal(booking.id), ten.timestamp_millis())
}

fn occupancy(app: &TestApp, org: &str, person: &str, booking: &str, from: i64, until: i64) -> String {
    let id = app.uuid(uuid::Uuid::now_v7());
    format!(
        "INSERT INTO occupancies (id, org_id, person_id, booking_id, taken_from, taken_until, starts_at, ends_at)
         VALUES ({id}, {org}, {person}, {booking}, {from}, {until}, {from}, {until})"
    )
}

/// A difference, of somebody who declined or of a move, as SQL.
fn difference(
    app: &TestApp,
    org: &str,
    request: &str,
    booking: &str,
    event: &str,
    owner: &str,
    declined: Option<&str>,
) -> String {
    let id = app.uuid(uuid::Uuid::now_v7());
    let (kind, person) = declined.map_or(("moved", "NULL"), |person| ("declined", person));
    format!(
        "INSERT INTO differences (id, org_id, request_id, booking_id, event_id, placement_id, owner_id, provider, kind, person_id, found_at)
         VALUES ({id}, {org}, {request}, {booking}, {event}, {id}, {owner}, 'google', '{kind}', {person}, 0)"
    )
}

/// What the schema says to a statement.
async fn verdict(app: &TestApp, sql: &str) -> Result<(), StoreError> {
    app.try_run(sql).await.map(drop).map_err(StoreError::from)
}

const MINUTE: i64 = 60_000;

stories! {
    async fn nobody_is_taken_twice(app) {
        let (_, org, ben, booking, ten) = booked(&app).await;
        let end = ten + 45 * MINUTE;
        let overlaps = [
            ("the same", ten, end),
            ("inside", ten + MINUTE, end - MINUTE),
            ("around", ten - MINUTE, end + MINUTE),
            ("over its start", ten - MINUTE, ten + 1),
            ("over its end", end - 1, end + MINUTE),
        ];
        for (how, from, until) in overlaps {
            let refused = verdict(&app, &occupancy(&app, &org, &ben, &booking, from, until)).await;
            assert!(matches!(refused, Err(StoreError::Refused(Violation::Overlap))), "{how}: {refused:?}");
        }
        for (how, from, until) in [("before", ten - MINUTE, ten), ("after", end, end + MINUTE)] {
            verdict(&app, &occupancy(&app, &org, &ben, &booking, from, until)).await.unwrap_or_else(|e| panic!("{how}: {e}"));
        }
        // Nor by moving what is there.
        let moved = format!("UPDATE occupancies SET taken_from = {ten}, starts_at = {ten} WHERE taken_from = {end}");
        let refused = verdict(&app, &moved).await;
        assert!(matches!(refused, Err(StoreError::Refused(Violation::Overlap))), "{refused:?}");
        // Somebody else may be taken at that time.
        let eva = app.person("eva@example.com").await;
        let eva = app.uuid(eva.uuid());
        verdict(&app, &occupancy(&app, &org, &eva, &booking, ten, end)).await.expect("another person");
        app.no_overlap().await;
    }

    async fn time_runs_forward(app) {
        let (_, org, ben, booking, ten) = booked(&app).await;
        let later = ten + 600 * MINUTE;
        for (from, until) in [(later, later), (later, later - MINUTE)] {
            let refused = verdict(&app, &occupancy(&app, &org, &ben, &booking, from, until)).await;
            assert!(matches!(refused, Err(StoreError::Refused(_) | StoreError::Failed(_))), "{refused:?}");
        }
    }

    async fn a_request_has_one_living_booking(app) {
        let (asked, org, _, booking, ten) = booked(&app).await;
        let request = app.uuid(asked.id.uuid());
        let id = app.uuid(uuid::Uuid::now_v7());
        let columns = "id, org_id, request_id, status, starts_at, ends_at, candidate_zone, local_start, tzdata, created_at";
        let row = |status: &str| {
            format!("INSERT INTO bookings ({columns}) VALUES ({id}, {org}, {request}, '{status}', {ten}, {ten} + 1, 'UTC', '', '', 0)")
        };
        for status in ["held", "confirmed"] {
            let refused = verdict(&app, &row(status)).await;
            assert!(matches!(refused, Err(StoreError::Refused(Violation::SecondBooking))), "{refused:?}");
        }
        app.run(&format!("UPDATE bookings SET status = 'cancelled' WHERE id = {booking}")).await;
        verdict(&app, &row("confirmed")).await.expect("the first one ended");
    }

    async fn one_question_of_a_kind_is_open_and_one_per_person(app) {
        let (asked, org, ben, booking, _) = booked(&app).await;
        let (request, event) = (app.uuid(asked.id.uuid()), app.event_of(latest(&app, &asked).await).await.id);
        let (event, eva) = (app.uuid(event.uuid()), app.uuid(app.person("eva@example.com").await.uuid()));
        let moved = || difference(&app, &org, &request, &booking, &event, &ben, None);
        let declined = |person: &str| difference(&app, &org, &request, &booking, &event, &ben, Some(person));
        for (sql, again) in [(moved(), moved()), (declined(&ben), declined(&ben))] {
            verdict(&app, &sql).await.expect("the first");
            let refused = verdict(&app, &again).await;
            assert!(matches!(refused, Err(StoreError::Refused(Violation::Duplicate))), "{refused:?}");
        }
        verdict(&app, &declined(&eva)).await.expect("another person");
        app.run("UPDATE differences SET settled_at = 1, outcome = 'kept'").await;
        verdict(&app, &moved()).await.expect("the one before is settled");
        let half = verdict(&app, "UPDATE differences SET settled_at = 1, outcome = NULL").await;
        assert!(matches!(half, Err(StoreError::Refused(Violation::Other))), "{half:?}");
    }

    async fn the_audit_log_only_grows(app) {
        booked(&app).await;
        assert!(app.rows("audit_log").await > 0);
        for sql in ["UPDATE audit_log SET action = 'nothing'", "DELETE FROM audit_log"] {
            let refused = app.try_run(sql).await.expect_err(sql);
            assert!(refused.to_string().contains("audit_log_append_only"), "{refused}");
        }
    }

    async fn no_row_points_into_another_organisation(app) {
        let (asked, ours, ben, booking, ten) = booked(&app).await;
        let eva = app.uuid(app.person("eva@example.com").await.uuid());
        let theirs = crate::story::organisation(app.store(), "Elsewhere", app.now()).await;
        let theirs = app.uuid(theirs.uuid());
        let (request, id) = (app.uuid(asked.id.uuid()), app.uuid(uuid::Uuid::now_v7()));
        let later = ten + 600 * MINUTE;
        let event = app.uuid(app.event_of(latest(&app, &asked).await).await.id.uuid());
        let rows = [
            ("occupancies", occupancy(&app, &theirs, &ben, &booking, later, later + MINUTE)),
            ("bookings", format!(
                "INSERT INTO bookings (id, org_id, request_id, status, starts_at, ends_at, candidate_zone, local_start, tzdata, created_at)
                 VALUES ({id}, {theirs}, {request}, 'cancelled', 0, 1, 'UTC', '', '', 0)")),
            ("seats", format!(
                "INSERT INTO seats (id, org_id, request_id, position, kind, needed) VALUES ({id}, {theirs}, {request}, 9, 'all', 1)")),
            ("booking_changes", format!(
                "INSERT INTO booking_changes (id, org_id, booking_id, kind, actor_kind, at) VALUES ({id}, {theirs}, {booking}, 'moved', 'system', 0)")),
            ("differences", difference(&app, &theirs, &request, &booking, &event, &ben, None)),
            ("event_participants", format!(
                "INSERT INTO event_participants (id, org_id, event_id, email, name, role) VALUES ({id}, {theirs}, {event}, 'x@example.com', 'X', 'optional')")),
            ("connections", format!(
                "INSERT INTO connections (id, org_id, person_id, provider, account_subject, account_email, personal_account, status, scopes, access_expires_at, is_primary, connected_at)
                 VALUES ({id}, {theirs}, {ben}, 'google', 's', '', {FALSE}, 'active', '', 0, {FALSE}, 0)", FALSE = "1 = 0")),
            ("invitations", format!(
                "INSERT INTO invitations (id, org_id, person_id, role, invited_by, token_hash, salt, key_id, created_at, sent_at, expires_at)
                 VALUES ({id}, {theirs}, {ben}, 'interviewer', {ben}, {id}, {id}, '', 0, 0, 0)")),
            ("a request of an invitation", format!(
                "INSERT INTO invitations (id, org_id, person_id, role, invited_by, request_id, token_hash, salt, key_id, created_at, sent_at, expires_at)
                 VALUES ({id}, {ours}, {eva}, 'interviewer', {ben}, {id}, {id}, {id}, '', 0, 0, 0)")),
            ("given_times", format!(
                "INSERT INTO given_times (person_id, org_id, periods, windows, zone, tzdata, given_at) VALUES ({ben}, {theirs}, '[]', '[]', 'UTC', '', 0)")),
            ("organisation_access", format!(
                "INSERT INTO organisation_access (org_id, provider, account, subject, domains, status, granted_by, granted_at)
                 VALUES ({theirs}, 'microsoft', '', '', '[]', 'active', {ben}, 0)")),
            ("manual_windows", format!(
                "INSERT INTO manual_windows (id, org_id, request_id, starts_at, ends_at, typed_by, typed_at) VALUES ({id}, {theirs}, {request}, 0, 1, {ben}, 0)")),
        ];
        for (table, sql) in rows {
            let refused = verdict(&app, &sql).await;
            assert!(matches!(refused, Err(StoreError::Refused(Violation::Other))), "{table}: {refused:?}");
        }
    }

    async fn every_tenant_table_names_its_organisation(app) {
        // What belongs to no tenant: the tenants, sign-ins under way, counters, keys, and the migrations' own list.
        let of_nobody = ["organisations", "oauth_attempts", "rate_windows", "key_canaries", "seaql_migrations"];
        let sql = match app.store().backend() {
            DbBackend::Sqlite => "SELECT m.name, max(c.name = 'org_id' AND c.\"notnull\") FROM sqlite_master m, pragma_table_info(m.name) c
                                  WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' GROUP BY m.name",
            _ => "SELECT table_name::text, max(CASE WHEN column_name = 'org_id' AND is_nullable = 'NO' THEN 1 ELSE 0 END)::bigint
                  FROM information_schema.columns WHERE table_schema = 'public' GROUP BY table_name",
        };
        let rows = app.store().reader().query_all_raw(Statement::from_string(app.store().backend(), sql)).await.expect("tables");
        let tables: Vec<(String, i64)> =
            rows.iter().map(|row| (row.try_get_by_index(0).expect("a name"), row.try_get_by_index(1).expect("a flag"))).collect();
        assert!(tables.len() > 20, "{tables:?}");
        for (table, has_org) in tables {
            assert_eq!(has_org == 1, !of_nobody.contains(&table.as_str()), "{table}");
        }
    }

    async fn no_column_holds_a_link(app) {
        let (asked, ..) = booked(&app).await;
        convene::requests::link::send(&app.state, &app.ana, asked.id, &convene::audit::Origin::default()).await.expect("sent");
        app.work().await;
        let token = asked.token.expose();
        assert!(app.mail.sent().iter().any(|mail| mail.content.text.contains(token)), "it did go out");
        let sql = match app.store().backend() {
            DbBackend::Sqlite => "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'",
            _ => "SELECT table_name::text, column_name::text FROM information_schema.columns WHERE table_schema = 'public'",
        };
        let columns = app.store().reader().query_all_raw(Statement::from_string(app.store().backend(), sql)).await.expect("columns");
        assert!(columns.len() > 100, "{}", columns.len());
        for column in columns {
            let table: String = column.try_get_by_index(0).expect("a name");
            let name: String = column.try_get_by_index(1).expect("a name");
            let holds = format!("{table} WHERE CAST(\"{name}\" AS TEXT) LIKE '%{token}%'");
            assert_eq!(app.rows(&holds).await, 0, "{table}.{name}");
        }
    }

    async fn processes_that_start_at_once_migrate_once(app) {
        let url = app.home.another().await;
        let mut starting = tokio::task::JoinSet::new();
        for _ in 0..4 {
            let url = url.clone();
            starting.spawn(async move {
                let store = Store::open(&url).await?;
                store.migrate().await?;
                store.pending_migrations().await
            });
        }
        for outcome in starting.join_all().await {
            assert_eq!(outcome.expect("each of them starts"), Vec::<String>::new());
        }
    }

    async fn migrating_again_changes_nothing(app) {
        assert_eq!(app.store().pending_migrations().await.expect("asked"), Vec::<String>::new());
        app.store().migrate().await.expect("migrated again");
        booked(&app).await;
    }
}

async fn latest(app: &TestApp, asked: &Asked) -> convene::ids::BookingId {
    let found = convene::booking::latest(app.store().reader(), app.org, asked.id).await.expect("the store answers");
    found.expect("a booking").id
}
