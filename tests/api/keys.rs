//! What opens the door, and what does not.

use chrono::TimeDelta;
use convene::{
    api_keys::{self, Scope},
    audit::Origin,
    store::entities::api_keys as rows,
};
use sea_orm::EntityTrait;

use super::program::Program;
use crate::story::stories;

stories! {
    async fn without_a_key_that_works_nothing_opens(app) {
        let mut program = Program::over(app).await;
        let good = program.key.clone();
        let none = program.call_as("", "GET", "/api/v1/requests", None, None).await;
        assert_eq!(none.refusal(), (401, "key_invalid", ""));
        assert_eq!(none.header("www-authenticate"), r#"Bearer realm="convene""#);
        for bad in ["cnv_", "x", &format!("{good}x"), &good[4..], &good.replace("cnv_", "CNV_")] {
            let refused = program.call_as(bad, "GET", "/api/v1/requests", None, None).await;
            assert_eq!(refused.refusal(), (401, "key_invalid", ""), "{bad}");
            assert!(refused.header("www-authenticate").contains(r#"error="invalid_token""#), "{bad}");
        }
        assert_eq!(program.get("/api/v1/requests").await.status, 200);

        // One that ends, ends.
        let ana = program.app.ana.member().person;
        program.key = program.key_of(program.app.org, ana, &[Scope::RequestsRead], Some(1)).await;
        assert_eq!(program.get("/api/v1/requests").await.status, 200);
        program.app.passes(TimeDelta::days(1));
        assert_eq!(program.get("/api/v1/requests").await.refusal(), (401, "key_invalid", ""));
    }

    async fn a_revoked_key_opens_nothing_and_its_hash_alone_is_stored(app) {
        let program = Program::over(app).await;
        let admin = program.admin(program.app.org).await;
        let row = rows::Entity::find().one(program.app.store().reader()).await.expect("read").expect("a key");
        assert!(!format!("{row:?}").contains(&program.key[8..]));
        assert_eq!(program.get("/api/v1/requests").await.status, 200);
        let used = api_keys::find(program.app.store().reader(), program.app.org, row.id).await.expect("read");
        assert_eq!(used.expect("there").last_used_at, Some(program.app.now()));
        for _ in 0..2 {
            let done = api_keys::revoke(program.app.store(), &admin, row.id, &Origin::default(), program.app.now()).await;
            assert!(done.expect("the store answers"));
        }
        assert_eq!(program.get("/api/v1/requests").await.refusal(), (401, "key_invalid", ""));
        assert_eq!(program.app.rows("audit_log WHERE action = 'api_key.created'").await, 1);
        assert_eq!(program.app.rows("audit_log WHERE action = 'api_key.revoked'").await, 1);
        // Another organisation's administrator finds no such key.
        let theirs = crate::story::organisation(program.app.store(), "Contoso", program.app.now()).await;
        let uma = program.admin(theirs).await;
        let done = api_keys::revoke(program.app.store(), &uma, row.id, &Origin::default(), program.app.now()).await;
        assert!(!done.expect("the store answers"));
    }

    async fn a_key_does_what_its_scopes_say_and_what_its_coordinator_may(app) {
        let mut program = Program::over(app).await;
        program.key = program.key_for(&[Scope::RequestsRead]).await;
        assert_eq!(program.get("/api/v1/requests").await.status, 200);
        let wish = program.wish();
        let refused = program.post("/api/v1/requests", "one", &wish).await;
        assert_eq!(refused.refusal(), (403, "scope_missing", ""));
        assert!(refused.header("www-authenticate").contains(r#"scope="requests:write""#));
        assert_eq!(program.app.rows("requests").await, 0);

        let ana = program.app.uuid(program.app.ana.member().person.uuid());
        program.app.run(&format!("UPDATE people SET role = 'interviewer' WHERE id = {ana}")).await;
        let refused = program.get("/api/v1/requests").await;
        assert_eq!(refused.refusal(), (403, "key_without_coordinator", ""));
    }

    async fn a_key_is_counted(app) {
        let mut program = Program::over(app).await;
        let mut state = program.app.state.clone();
        let mut config = (*state.config).clone();
        config.web.api_calls = 2;
        state.config = std::sync::Arc::new(config);
        program.ask_through(convene::web::server::router(state));
        // Windows begin with the minute, so that up to four calls may be allowed around one.
        let mut statuses = Vec::new();
        for _ in 0..5 {
            statuses.push(program.get("/api/v1/requests").await.status);
        }
        assert!(statuses.starts_with(&[200]) && statuses.contains(&429), "{statuses:?}");
        // Another key has a count of its own.
        program.key = program.key_for(&[Scope::RequestsRead]).await;
        assert_eq!(program.get("/api/v1/requests").await.status, 200);
    }
}
