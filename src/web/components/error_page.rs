//! The body of an error page: what happened, what it means, what to do, and the reference that ties it to the log.

use leptos::prelude::*;

/// Goes into the public shell. Says nothing the reader cannot use; the status is small print.
#[component]
pub fn ErrorPage(
    /// HTTP status, in small print.
    status: u16,
    /// The failure's stable code, for programs and tests.
    #[prop(optional, into)]
    code: MaybeProp<String>,
    /// "This link has expired"
    #[prop(into)]
    title: String,
    /// What it means and what to do.
    #[prop(into)]
    sentence: String,
    /// Ties this page to the log. Shown so that it can be quoted.
    #[prop(optional, into)]
    reference: MaybeProp<String>,
    /// Buttons or links: the way on.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let code = code.get_untracked();
    let reference = reference.get_untracked();
    view! {
        <div class="error-page" data-code=code>
            <p class="error-status num">"Error " {status.to_string()}</p>
            <h1 class="error-title">{title}</h1>
            <p class="error-sentence">{sentence}</p>
            {children.map(|children| view! { <div class="error-acts">{children()}</div> })}
            {reference
                .map(|reference| {
                    view! {
                        <p class="error-reference">
                            "If you ask for help, quote this reference: " <code class="code">{reference}</code>
                        </p>
                    }
                })}
        </div>
    }
    .into_any()
}
