//! What an administrator decides for everybody: forms that are refused keep what was typed and change nothing.

use convene::people;

use super::{
    joining::{Town, ben_account},
    *,
};

const PAGE: &str = "/admin/integrations/calendar";

async fn reminders(town: &Town) -> Vec<u32> {
    let me = member(&town.state, &town.ana).await;
    let organisation = people::organisation(town.state.store.reader(), me.org).await.expect("read");
    organisation.policies.reminder_minutes
}

async fn send(town: &mut Town, path: &str, form: &'static str) -> Answer {
    post(&town.app, &mut town.ana, path, form).await
}

#[tokio::test]
async fn new_requests_start_with_the_reminders_of_the_organisation() {
    let mut town = Town::new().await;
    let ticked = |page: &str| -> Vec<String> {
        let boxes = page.split("<input").filter(|tag| tag.contains("name=\"reminders[]\""));
        let ticked = boxes.filter(|tag| tag.split('>').next().is_some_and(|tag| tag.contains(" checked")));
        ticked.filter_map(|tag| Some(tag.split("value=\"").nth(1)?.split('"').next()?.to_owned())).collect()
    };
    let form = get(&town.app, &mut town.ana, "/requests/new").await.body;
    assert_eq!(ticked(&form), ["1440", "60"]);
    let saved = send(&mut town, PAGE, "sign_in=both&reminders%5B%5D=&reminders%5B%5D=15&reminders%5B%5D=10080").await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
    assert_eq!(reminders(&town).await, [10080, 15]);
    for page in [PAGE, "/requests/new"] {
        let shown = get(&town.app, &mut town.ana, page).await.body;
        assert_eq!(ticked(&shown), ["10080", "15"], "{page}");
    }
    let wrong = send(&mut town, PAGE, "sign_in=both&reminders%5B%5D=&reminders%5B%5D=4").await;
    assert_eq!((wrong.status, code(&wrong)), (StatusCode::UNPROCESSABLE_ENTITY, "reminder_invalid".to_owned()));
    assert!(wrong.body.contains("Choose reminders from the list"), "{}", wrong.body);
    // A form without the field changes nothing of it; one in which nothing is ticked does.
    send(&mut town, PAGE, "sign_in=both").await;
    assert_eq!(reminders(&town).await, [10080, 15]);
    send(&mut town, PAGE, "sign_in=both&reminders%5B%5D=").await;
    assert_eq!(reminders(&town).await, [0; 0]);
    let unknown = send(&mut town, PAGE, "sign_in=both&role=admin").await;
    assert_eq!(code(&unknown), "unknown_field");
}

#[tokio::test]
async fn nobody_is_read_by_an_access_that_nobody_gave() {
    let mut town = Town::new().await;
    let early = send(&mut town, PAGE, "sign_in=both&calendar_access=app_only").await;
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
        let refused = send(&mut town, "/admin/integrations/calendar/google", form).await;
        assert_eq!((refused.status, code(&refused)), (StatusCode::UNPROCESSABLE_ENTITY, why.to_owned()), "{form}");
        assert!(refused.body.contains(&format!("id=\"google-{field}-error\"")), "{}", refused.body);
        assert!(refused.body.contains("value=\"ana@example.com\""), "what was typed: {}", refused.body);
        assert!(!refused.body.contains("nonsense"), "a key is not shown again");
    }
    // Microsoft asks its administrator on a page of its own; until the answer comes nothing is kept.
    let asks = send(&mut town, "/admin/integrations/calendar/microsoft", "domains=example.com").await;
    assert_eq!(asks.status, StatusCode::SEE_OTHER, "{}", asks.body);
    assert!(asks.header("location").contains("/adminconsent?"), "{}", asks.header("location"));
    let none = send(&mut town, "/admin/integrations/calendar/microsoft", "domains=+%2C+").await;
    assert_eq!(code(&none), "domains_invalid", "{}", none.body);
    let kept =
        convene::connections::organisation::of_org(town.state.store.reader(), member(&town.state, &town.ana).await.org);
    assert_eq!(kept.await.expect("read"), []);
}

#[tokio::test]
async fn somebody_is_switched_off_and_on_again() {
    let mut town = Town::new().await;
    town.invite("emails=ben%40example.com").await;
    let (link, mut ben) = (town.link().await, Browser::new());
    town.accept(&mut ben, &link, &ben_account()).await;
    let id = member(&town.state, &ben).await.person;
    let shown = async |town: &mut Town, path: &str| get(&town.app, &mut town.ana, path).await.body;
    let page = shown(&mut town, "/admin").await;
    assert!(
        page.contains("Administrator · ana@example.com") && page.contains("Interviewer · ben@example.com"),
        "{page}"
    );
    // An interviewer is asked, and nobody decides about themselves.
    let dialog = shown(&mut town, &format!("/admin?person={id}")).await;
    assert!(dialog.contains("Ask to coordinate"), "{dialog}");
    let raised = send(&mut town, &format!("/admin/people/{id}/role"), "role=admin").await;
    assert_eq!((raised.status, code(&raised)), (StatusCode::UNPROCESSABLE_ENTITY, "consent_needed".to_owned()));
    let me = member(&town.state, &town.ana).await.person;
    for (verb, form) in [("role", "role=interviewer"), ("off", "")] {
        let own = send(&mut town, &format!("/admin/people/{me}/{verb}"), form).await;
        assert_eq!(code(&own), "own_role", "{}", own.body);
    }
    assert_eq!(code(&send(&mut town, &format!("/admin/people/{id}/role"), "role=owner").await), "role_unknown");
    let nobody = convene::ids::PersonId::new();
    assert_eq!(send(&mut town, &format!("/admin/people/{nobody}/off"), "").await.status, StatusCode::NOT_FOUND);

    assert!(shown(&mut town, &format!("/admin?off={id}")).await.contains("Switch Ben off?"));
    let off = send(&mut town, &format!("/admin/people/{id}/off"), "").await;
    assert_eq!(off.header("location"), "/admin?news=off", "{}", off.body);
    let shut = get(&town.app, &mut ben, "/settings").await;
    assert!(shut.header("location").starts_with("/signin"), "{}: at once", shut.status);
    let again = through(&town.app, &town.provider, &mut Browser::new(), "/auth/google", "", &ben_account()).await;
    assert_eq!(again, "person_disabled");
    assert!(shown(&mut town, "/admin").await.contains("Switched off"));

    let on = send(&mut town, &format!("/admin/people/{id}/on"), "").await;
    assert_eq!(on.header("location"), "/admin?news=on", "{}", on.body);
    let back = through(&town.app, &town.provider, &mut ben, "/auth/google", "", &ben_account()).await;
    assert!(back.starts_with('/'), "{back}");
    assert_eq!(member(&town.state, &ben).await.person, id, "the same person as before");
}
