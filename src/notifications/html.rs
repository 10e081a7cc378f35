//! The HTML form of a letter: one column, inline styles because many mail programs drop style sheets, no images, no
//! script, real headings and a real table of facts.
//!
//! Written with maud: markup is checked when compiled, sits next to the code it belongs to, and every value in it is
//! escaped without anyone having to remember. The style sheet in the head serves only dark mode; programs that drop it
//! show the light colours, which are all set in pairs of ink and ground.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::letter::{Letter, Part, Value};

const BODY: &str = "margin:0;padding:0;background-color:#f4f6f6;color:#1b2426;";
const FONT: &str = "font-family:-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;";
const CARD: &str = "max-width:560px;margin:0 auto;padding:32px 28px;background-color:#ffffff;color:#1b2426;\
    border-radius:8px;font-size:16px;line-height:1.5;";
const HEADING: &str = "margin:0 0 20px;font-size:22px;line-height:1.3;font-weight:600;color:#1b2426;";
const SENTENCE: &str = "margin:0 0 16px;";
const TABLE: &str = "margin:0 0 24px;border-collapse:collapse;font-size:16px;line-height:1.5;";
const LABEL: &str = "padding:4px 20px 4px 0;text-align:left;vertical-align:top;font-weight:400;color:#56646a;";
const VALUE: &str = "padding:4px 0;vertical-align:top;color:#1b2426;word-break:break-word;";
const BUTTON: &str = "display:inline-block;padding:12px 22px;border-radius:6px;background-color:#0d6270;color:#ffffff;\
    font-weight:600;text-decoration:none;";
const LINK: &str = "color:#0d6270;";
const NOTE: &str = "margin:0 0 16px;font-size:14px;color:#56646a;";
const FOOTER: &str =
    "max-width:560px;margin:0 auto;padding:16px 28px 32px;font-size:13px;line-height:1.5;color:#56646a;";

/// Colours for `prefers-color-scheme: dark`; they must outrank the inline ones.
const DARK: &str = ":root{color-scheme:light dark;supported-color-schemes:light dark}\
    @media (prefers-color-scheme:dark){\
    .ground{background-color:#111819!important}.card{background-color:#1a2426!important;color:#e7eeee!important}\
    .ink{color:#e7eeee!important}.quiet{color:#a3b3b5!important}.link{color:#6fc7d4!important}\
    .button{background-color:#6fc7d4!important;color:#0b2a30!important}}";

/// The whole HTML document.
pub fn document(letter: &Letter, greeting: &str) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" dir="ltr" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="supported-color-schemes" content="light dark";
                title { (letter.subject) }
                style { (PreEscaped(DARK)) }
            }
            body class="ground" style=(format!("{BODY}{FONT}")) {
                div style="padding:24px 12px;" {
                    div class="card" role="article" aria-label=(letter.subject) style=(CARD) {
                        h1 class="ink" style=(HEADING) { (letter.heading) }
                        p style=(SENTENCE) { (greeting) }
                        @for part in &letter.parts { (self::part(part)) }
                    }
                    p class="quiet" style=(FOOTER) { (letter.footer) }
                }
            }
        }
    };
    page.into_string()
}

fn part(part: &Part) -> Markup {
    match part {
        Part::Sentence(text) => html! { p style=(SENTENCE) { (text) } },
        Part::Note(text) => html! { p class="quiet" style=(NOTE) { (text) } },
        Part::Facts(facts) => html! {
            table style=(TABLE) {
                tbody {
                    @for (label, value) in facts {
                        tr {
                            th class="quiet" scope="row" style=(LABEL) { (label) }
                            td class="ink" dir="auto" style=(VALUE) { (self::value(value)) }
                        }
                    }
                }
            }
        },
        // The address is shown too: some programs do not follow links in mails from unknown senders.
        Part::Button(label, link) => html! {
            p style="margin:24px 0 8px;" { a class="button" href=(link) style=(BUTTON) { (label) } }
            p class="quiet" style=(format!("{NOTE}word-break:break-all;")) { "Or open " a class="link" href=(link) style=(LINK) { (link) } }
        },
    }
}

fn value(value: &Value) -> Markup {
    match value {
        Value::Text(text) => html! { (text) },
        Value::Link(link) => html! { a class="link" href=(link) style=(LINK) { (link) } },
    }
}
