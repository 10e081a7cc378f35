//! What an administrator decides for everybody: forms that are refused keep what was typed and change nothing.

use convene::people;

use super::*;

const PAGE: &str = "/admin/integrations/calendar";

struct Desk {
    state: AppState,
    app: Router,
    ana: Browser,
}

impl Desk {
    /// Ana has signed up and is an administrator.
    async fn open() -> Self {
        let (state, provider) = world().await;
        let (app, mut ana) = (router(state.clone()), Browser::new());
        let account = Account::google("ana-sub", "ana@example.com");
        through(&app, &provider, &mut ana, "/auth/google", "", &account).await;
        Self { state, app, ana }
    }

    async fn post(&mut self, path: &str, form: &'static str) -> Answer {
        post(&self.app, &mut self.ana, path, form).await
    }

    async fn reminders(&self) -> Vec<u32> {
        let me = member(&self.state, &self.ana).await;
        let organisation = people::organisation(self.state.store.reader(), me.org).await.expect("read");
        organisation.policies.reminder_minutes
    }
}

#[tokio::test]
async fn new_requests_start_with_the_reminders_of_the_organisation() {
    let mut desk = Desk::open().await;
    let ticked = |page: &str| -> Vec<String> {
        let boxes = page.split("<input").filter(|tag| tag.contains("name=\"reminders[]\""));
        let ticked = boxes.filter(|tag| tag.split('>').next().is_some_and(|tag| tag.contains(" checked")));
        ticked.filter_map(|tag| Some(tag.split("value=\"").nth(1)?.split('"').next()?.to_owned())).collect()
    };
    let form = get(&desk.app, &mut desk.ana, "/requests/new").await.body;
    assert_eq!(ticked(&form), ["1440", "60"]);
    let saved = desk.post(PAGE, "sign_in=both&reminders%5B%5D=&reminders%5B%5D=15&reminders%5B%5D=10080").await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
    assert_eq!(desk.reminders().await, [10080, 15]);
    for page in [PAGE, "/requests/new"] {
        let shown = get(&desk.app, &mut desk.ana, page).await.body;
        assert_eq!(ticked(&shown), ["10080", "15"], "{page}");
    }
    let wrong = desk.post(PAGE, "sign_in=both&reminders%5B%5D=&reminders%5B%5D=4").await;
    assert_eq!((wrong.status, code(&wrong)), (StatusCode::UNPROCESSABLE_ENTITY, "reminder_invalid".to_owned()));
    assert!(wrong.body.contains("Choose reminders from the list"), "{}", wrong.body);
    // A form without the field changes nothing of it; one in which nothing is ticked does.
    desk.post(PAGE, "sign_in=both").await;
    assert_eq!(desk.reminders().await, [10080, 15]);
    desk.post(PAGE, "sign_in=both&reminders%5B%5D=").await;
    assert_eq!(desk.reminders().await, [0; 0]);
    let unknown = desk.post(PAGE, "sign_in=both&role=admin").await;
    assert_eq!(code(&unknown), "unknown_field");
}

#[tokio::test]
async fn nobody_is_read_by_an_access_that_nobody_gave() {
    let mut desk = Desk::open().await;
    let early = desk.post(PAGE, "sign_in=both&calendar_access=app_only").await;
    assert_eq!((early.status, code(&early)), (StatusCode::UNPROCESSABLE_ENTITY, "access_missing".to_owned()));
    let table = [
        ("domains=example.com&subject=ana%40example.com&key=nonsense", "key_unreadable", "key"),
        (
            "domains=example.com&subject=ana%40example.com&key=%7B%22type%22%3A%22authorized_user%22%7D",
            "key_other_kind",
            "key",
        ),
    ];
    for (form, why, field) in table {
        let refused = desk.post("/admin/integrations/calendar/google", form).await;
        assert_eq!((refused.status, code(&refused)), (StatusCode::UNPROCESSABLE_ENTITY, why.to_owned()), "{form}");
        assert!(refused.body.contains(&format!("id=\"google-{field}-error\"")), "{}", refused.body);
        assert!(refused.body.contains("value=\"ana@example.com\""), "what was typed: {}", refused.body);
        assert!(!refused.body.contains("nonsense"), "a key is not shown again");
    }
    // Microsoft asks its administrator on a page of its own; until the answer comes nothing is kept.
    let asks = desk.post("/admin/integrations/calendar/microsoft", "domains=example.com").await;
    assert_eq!(asks.status, StatusCode::SEE_OTHER, "{}", asks.body);
    assert!(asks.header("location").contains("/adminconsent?"), "{}", asks.header("location"));
    let none = desk.post("/admin/integrations/calendar/microsoft", "domains=+%2C+").await;
    assert_eq!(code(&none), "domains_invalid", "{}", none.body);
    let kept =
        convene::connections::organisation::of_org(desk.state.store.reader(), member(&desk.state, &desk.ana).await.org);
    assert_eq!(kept.await.expect("read"), []);
}
