//! Texts that would be something else than text where they are shown (B05, B26): every page shows them, none obeys.

use crate::{support::front::Front, support::html::Page};

const IMAGE: &str = "<img src=x onerror=alert(1)>";
const TEMPLATE: &str = "{{7*7}}${7*7}<%= 7*7 %>";
const FORMULA: &str = "=HYPERLINK(\"http://evil.example\",\"x\")";
const NOTES: &str = "</textarea></script><script>alert(2)</script> ]]> <!-- \u{1b}[31mred\u{1b}[0m & &amp; 'x' \"y\"";

/// The page shows the text, and no browser would take any of it for markup.
fn assert_shown(what: &str, body: &str, text: &str) {
    let page = Page(body);
    assert!(page.text().contains(text), "{what} does not show {text}: {}", page.text());
    assert_tame(what, body);
}

fn assert_tame(what: &str, body: &str) {
    for raw in ["<img src=x", "<script>alert", "</textarea></script>"] {
        let around = body.find(raw).map(|at| body.get(at.saturating_sub(120)..(at + 60).min(body.len())));
        assert_eq!(around, None, "{what} has {raw} as markup");
    }
    let strange = |name: &str| ["img", "iframe", "object", "embed"].contains(&name);
    for tag in Page(body).tags() {
        assert!(!strange(tag.name) && tag.get("onerror").is_none(), "{what}: {tag:?}");
    }
}

#[tokio::test]
async fn texts_are_texts_on_every_page() {
    let front = Front::open().await;
    for name in [IMAGE, TEMPLATE, FORMULA] {
        let change = |draft: &mut convene::requests::draft::Draft| {
            draft.candidate_name = name.to_owned();
            draft.interview_type = IMAGE.to_owned();
            draft.location = IMAGE.to_owned();
            draft.notes = NOTES.to_owned();
        };
        let (open, booked) = (front.app.asks(change).await, front.app.asks(change).await);
        let booking = front.app.offered(&booked).await[0];
        front.app.book(&booked, booking).await.expect("booked");
        front.app.ana_moves(&booked, front.app.offered(&booked).await[3]).await.expect("moved");
        front.app.candidate_cancels(&open).await.expect_err("nothing is booked");

        let link = |asked: &crate::story::Asked, page: &str| format!("/book/{}{page}", asked.token.expose());
        let pages = [
            (format!("/requests/{}", open.id), vec![name, IMAGE, NOTES]),
            (format!("/requests/{}", booked.id), vec![name, IMAGE, NOTES]),
            (format!("/requests/{}?dialog=cancel", booked.id), vec![name]),
            (format!("/requests/{}/move", booked.id), vec![name]),
            ("/requests".to_owned(), vec![name, IMAGE]),
            ("/dashboard".to_owned(), vec![name, IMAGE]),
            (link(&open, ""), vec![name, IMAGE, NOTES]),
            (link(&booked, ""), vec![IMAGE]),
            (link(&booked, "/move"), vec![name, NOTES]),
            (link(&booked, "/cancel"), vec![name, IMAGE, NOTES]),
        ];
        for (path, texts) in pages {
            let answer = front.get(&path).await;
            assert_eq!(answer.status.as_u16(), 200, "{path}: {}", Page(&answer.body).text());
            for text in texts {
                assert_shown(&path, &answer.body, text);
            }
        }
    }
    // The page's title quotes the candidate: text too, as much as an attribute or a paragraph.
    let asked = front.app.asks(|draft| draft.candidate_name = IMAGE.to_owned()).await;
    let page = front.get(&format!("/requests/{}", asked.id)).await;
    assert_eq!(Page(&page.body).title(), "&lt;img src=x onerror=alert(1)&gt; · Convene");

    // Cancelled with a reason that would be markup.
    let asked = front.app.asks(|_| ()).await;
    front.app.book(&asked, front.app.offered(&asked).await[0]).await.expect("booked");
    front.app.ana_cancels(&asked, NOTES).await.expect("cancelled");
    assert_shown("the history", &front.get(&format!("/requests/{}", asked.id)).await.body, NOTES);
}

/// What was typed is shown again by the form, and quoted by its errors.
#[tokio::test]
async fn texts_are_texts_in_forms_and_errors() {
    let front = Front::open().await;
    let fields = [
        "candidate_name",
        "candidate_email",
        "interview_type",
        "duration",
        "from",
        "to",
        "interviewers",
        "optional",
        "any_of",
        "zone",
        "notice",
        "location",
        "notes",
        "windows",
        "unknown_start",
        "week",
        "who",
    ];
    for text in [IMAGE, TEMPLATE, FORMULA, NOTES] {
        let typed: Vec<_> = fields.map(|field| (field, text.to_owned())).into();
        let answer = front.post("/requests/new", &typed).await;
        assert_eq!(answer.status.as_u16(), 422);
        assert_tame("the form, refused", &answer.body);
        let again = Page(&answer.body);
        for field in ["candidate_email", "interview_type", "duration", "from", "location", "notes", "windows"] {
            assert_eq!(again.values(field), [text], "{field}");
        }
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&typed).finish();
        let answer = front.get(&format!("/requests/new?{query}")).await;
        assert_eq!(answer.status.as_u16(), 200);
        assert_tame("the form, filled in", &answer.body);
    }
    let asked = front.app.asks(|_| ()).await;
    front.app.book(&asked, front.app.offered(&asked).await[0]).await.expect("booked");
    let path = format!("/book/{}/cancel", asked.token.expose());
    let reason = NOTES.repeat(20);
    let answer = front.post(&path, &[("reason", reason.clone())]).await;
    assert_tame("the reason, refused", &answer.body);
    assert_eq!(Page(&answer.body).values("reason"), [reason]);
}
