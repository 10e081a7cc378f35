//! Cookies that sign nobody in (U09), and languages nobody speaks (U12).

use crate::{
    support::front::{Front, assert_failure},
    support::html::Page,
};

#[tokio::test]
async fn odd_session_cookies_sign_nobody_in() {
    let mut front = Front::open().await;
    let asked = front.app.asks(|_| ()).await;
    let real = front.cookie.clone();
    assert_eq!(front.get("/dashboard").await.status.as_u16(), 200, "the real cookie does");

    let (name, value) = real.split_once('=').expect("a cookie");
    let rows = [
        format!("{real}; {real}"),
        format!("{real}; {name}=garbled"),
        format!("{name}=garbled; {real}"),
        format!("{name}={}", &value[..value.len() - 1]),
        format!("{name}={value}A"),
        format!("{name}={}", value.chars().rev().collect::<String>()),
        format!("{name}=\"{value}\""),
        format!("{name}="),
        name.to_owned(),
        format!("convene={value}"),
        "; ;=;".to_owned(),
        String::new(),
    ];
    let before = front.written().await;
    for cookie in rows {
        front.cookie = cookie.clone();
        let answer = front.get("/dashboard").await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("location")),
            (303, "/signin?return_to=%2Fdashboard"),
            "U09 {cookie}"
        );
        for path in ["/requests/new".to_owned(), format!("/requests/{}/cancel", asked.id), "/jobs/x/retry".to_owned()] {
            let answer = front.post(&path, &[]).await;
            assert_failure(&format!("U09 {cookie} {path}"), &answer, 401, "signed_out", "You are signed out.");
        }
    }
    assert_eq!(front.written().await, before, "U09: something was written");
    front.cookie = format!("{real}; theme=dark");
    let page = front.get("/dashboard").await;
    assert_eq!(page.status.as_u16(), 200);
    assert_eq!(Page(&page.body).find("data-theme", "dark").map(|tag| tag.name), Some("html"));
}
