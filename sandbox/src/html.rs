//! The frame around every page and its stylesheet.

use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = r"
:root{color-scheme:light dark;--ink:#1c2430;--soft:#5b6675;--paper:#f5f6f8;--card:#fff;--line:#d8dde4;--accent:#2457c5;--on:#fff;--busy:#dbe6fb;--off:#eceff3;--bad:#a5231c}
@media (prefers-color-scheme:dark){:root{--ink:#e8ecf2;--soft:#a3adbb;--paper:#12161c;--card:#1b212a;--line:#343d4a;--accent:#8fb2ff;--on:#10182a;--busy:#263a63;--off:#20262f;--bad:#ff9a92}}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:72rem;margin:0 auto;padding:24px 16px 64px}main.narrow{max-width:30rem;padding-top:8vh}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 8px}h2{font-size:1.1rem;margin:32px 0 8px}p{margin:0 0 12px}.soft{color:var(--soft)}
a{color:var(--accent)}nav.top{display:flex;flex-wrap:wrap;gap:4px 16px;margin-bottom:24px}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:20px}
button,.button{font:inherit;min-height:44px;padding:8px 16px;border-radius:8px;border:1px solid var(--line);background:var(--card);color:var(--ink);cursor:pointer}
button.main{background:var(--accent);border-color:var(--accent);color:var(--on);font-weight:600}
button:hover{border-color:var(--accent)}:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.accounts{list-style:none;margin:16px 0 0;padding:0;display:grid;gap:8px}.accounts button{width:100%;text-align:left}
.accounts small{display:block;color:var(--soft)}
fieldset{border:0;margin:16px 0;padding:0}.scope{display:flex;gap:12px;padding:10px 0;border-top:1px solid var(--line)}
.scope input{width:20px;height:20px;margin:2px 0 0;flex:none}.scope small{display:block;color:var(--soft);overflow-wrap:anywhere}
.actions{display:flex;gap:12px;justify-content:flex-end}
table{border-collapse:collapse;width:100%;font-size:.9rem}th,td{text-align:left;vertical-align:top;padding:6px 10px 6px 0;border-top:1px solid var(--line)}
.scroll{overflow-x:auto}pre{overflow-x:auto;background:var(--off);padding:12px;border-radius:8px;font-size:.8rem}
details summary{cursor:pointer;color:var(--soft);min-height:24px}details form{display:flex;flex-wrap:wrap;gap:8px;margin-top:8px}
label.field{display:grid;gap:2px;font-size:.85rem}input,select{font:inherit;min-height:40px;padding:4px 8px;border:1px solid var(--line);border-radius:8px;background:var(--card);color:var(--ink);max-width:100%}
.row{display:flex;flex-wrap:wrap;gap:12px;align-items:end}.bad{color:var(--bad)}
";

/// What only a week needs.
const WEEK: &str = include_str!("front/week/week.css");

/// A whole page. `narrow` is for sign-in, the rest is as wide as a week.
pub fn page(title: &str, narrow: bool, body: Markup) -> Response {
    let class = if narrow { "narrow" } else { "wide" };
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                link rel="icon" href="data:,";
                title { (title) }
                style { (PreEscaped(STYLE)) (PreEscaped(WEEK)) }
            }
            body { main class=(class) { (body) } }
        }
    };
    Html(page.into_string()).into_response()
}

/// A page that says what went wrong and what to do.
pub fn problem(status: StatusCode, title: &str, text: &str) -> Response {
    let body = html! {
        div class="card" {
            h1 { (title) }
            p { (text) }
        }
    };
    (status, page(title, true, body)).into_response()
}
