//! `/mailbox`: every mail a demo sent, its own and its providers', as the people they went to would find them. Only a
//! demo has it; elsewhere mail goes to mailboxes of real people and is nobody else's business.

pub mod files;
mod mails;

use chrono_tz::Tz;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};

use self::mails::{Mail, Mails, Sender};
use crate::{
    app::fail_with,
    calendars::Provider,
    error::AppError,
    notifications::when,
    state::AppState,
    web::{
        components::{
            Banner, Card, CardBody, CardHead, EmptyState, Glyph, LinkButton, Provider as Mark, ProviderMark,
            PublicShell, PublicWidth, StatusBadge, Tone, logo::LogoMark,
        },
        wording::ago,
    },
};

/// Loads something and shows it in the mailbox's frame, unless this is no demo.
fn mailbox<F>(show: impl FnOnce(AppState) -> F + Send + 'static) -> impl IntoView
where
    F: Future<Output = Result<AnyView, AppError>> + Send + 'static,
{
    let state = expect_context::<AppState>();
    let response = use_context::<leptos_axum::ResponseOptions>();
    let page = Suspend::new(async move {
        let outcome = if state.config.demo { show(state).await } else { Err(AppError::not_found()) };
        match outcome {
            Ok(page) => view! {
                <PublicShell organisation="Convene demo" width=PublicWidth::Booker>
                    {page}
                </PublicShell>
            }
            .into_any(),
            Err(error) => fail_with(response, error).into_any(),
        }
    });
    view! { <Suspense>{page}</Suspense> }
}

/// `/mailbox`, of everybody or of one address (`?to=`).
#[component]
pub fn MailboxPage() -> impl IntoView {
    let to = use_query_map().read_untracked().get("to").filter(|to| !to.is_empty());
    mailbox(move |state| async move {
        let now = state.clock.now();
        let Mails { mut list, sandbox_problem } = mails::all(&state).await?;
        if let Some(to) = &to {
            list.retain(|mail| mail.to.eq_ignore_ascii_case(to));
        }
        let problem = sandbox_problem.map(|problem| {
            view! {
                <Banner tone=Tone::Warning title="The providers' own mails are missing here" class="mb-4">
                    "The sandbox did not answer: " {problem}
                </Banner>
            }
        });
        let whose = to.as_ref().map(|to| {
            view! {
                <p class="mt-2">
                    "Mails to " <bdi>{to.clone()}</bdi> ". " <a class="link" href="/mailbox">"All mails"</a>
                </p>
            }
        });
        let rows = list.iter().map(|mail| view! { <Line mail=mail.clone() now /> }).collect_view();
        let content = if list.is_empty() {
            view! {
                <EmptyState
                    glyph=Glyph::Mail
                    title="No mail yet"
                    sentence="Send a booking link to a candidate, or book a time. Every mail that goes out appears here."
                >
                    <LinkButton label="Dashboard" href="/dashboard" />
                </EmptyState>
            }
            .into_any()
        } else {
            view! { <ul class="rows">{rows}</ul> }.into_any()
        };
        Ok(view! {
            <Title text="Mailbox" />
            <div class="px-5 sm:px-0 mb-6">
                <h1 class="public-title">"Mailbox"</h1>
                <p class="mt-2 text-muted">
                    "In a demo no mail leaves this machine. Here is every mail that Convene, Google and Microsoft sent, newest first."
                </p>
                {whose}
            </div>
            {problem}
            <Card label="Mails">{content}</Card>
        }
        .into_any())
    })
}

#[component]
fn Line(mail: Mail, now: chrono::DateTime<chrono::Utc>) -> impl IntoView {
    let path = format!("/mailbox/{}", mail.id);
    let exact = when::instant(mail.at, Tz::UTC);
    view! {
        <li class="flex items-start gap-4">
            <span class="pt-1">
                <SenderMark sender=mail.sender />
            </span>
            <div class="grow min-w-0">
                <a class="link-quiet h3" href=path>
                    {mail.subject}
                </a>
                <p class="hint break-words">"To " <bdi>{mail.to}</bdi></p>
                <p class="hint">{sent_by(mail.sender)} ", " {mail.kind}</p>
            </div>
            <div class="flex flex-col items-end gap-1 shrink-0">
                <StatusBadge status=mail.status />
                <time class="hint" datetime=mail.at.to_rfc3339() title=exact>
                    {ago(mail.at, now)}
                </time>
            </div>
        </li>
    }
    .into_any()
}

/// `/mailbox/{id}`: one mail with everything in it.
#[component]
pub fn MailPage() -> impl IntoView {
    let id = use_params_map().read_untracked().get("id").unwrap_or_default();
    mailbox(move |state| async move {
        let mail = mails::find(&state, &id).await?.ok_or_else(AppError::not_found)?;
        let path = format!("/mailbox/{}", mail.id);
        let problem = (!mail.problem.is_empty()).then(|| {
            view! {
                <Banner tone=Tone::Warning title="This mail is not sent" class="mb-4">
                    {mail.problem.clone()}
                </Banner>
            }
        });
        let shown = format!("{path}/html");
        let html = (!mail.html.is_empty()).then(|| {
            view! {
                <Card>
                    <CardHead title="As a mail program shows it" />
                    <iframe
                        class="w-full h-160 block"
                        src=shown
                        title="The mail as HTML"
                        sandbox="allow-popups allow-popups-to-escape-sandbox"
                    ></iframe>
                </Card>
            }
        });
        let ics = (!mail.ics.is_empty()).then(|| {
            let download = view! { <a class="link" href=format!("{path}/invite.ics")>"Download invite.ics"</a> };
            view! {
                <Card>
                    <CardHead title="Calendar object" sub=format!("iTIP method {}", mail.method)>
                        {download}
                    </CardHead>
                    <CardBody>
                        <pre class="code text-sm overflow-x-auto" tabindex="0" role="region" aria-label="Calendar object">
                            {mail.ics.clone()}
                        </pre>
                    </CardBody>
                </Card>
            }
        });
        let others =
            format!("/mailbox?to={}", url::form_urlencoded::byte_serialize(mail.to.as_bytes()).collect::<String>());
        Ok(view! {
            <Title text=mail.subject.clone() />
            <div class="px-5 sm:px-0 mb-6">
                <p class="mb-4">
                    <a class="link" href="/mailbox">"Mailbox"</a>
                </p>
                <h1 class="public-title break-words">{mail.subject.clone()}</h1>
                <div class="row mt-4">
                    <SenderMark sender=mail.sender />
                    <span>{sent_by(mail.sender)}</span>
                    <StatusBadge status=mail.status />
                    <time class="hint" datetime=mail.at.to_rfc3339()>{when::instant(mail.at, Tz::UTC)}</time>
                </div>
                <p class="hint mt-2 break-words">
                    "From " <bdi>{mail.from.clone()}</bdi> " to "
                    <a class="link" href=others><bdi>{mail.to.clone()}</bdi></a>
                </p>
            </div>
            {problem}
            <div class="stack-lg">
                <Card>
                    <CardHead title="As text" />
                    <CardBody>
                        <p class="whitespace-pre-wrap break-words">{with_links(&mail.text)}</p>
                    </CardBody>
                </Card>
                {html}
                {ics}
            </div>
        }
        .into_any())
    })
}

fn sent_by(sender: Sender) -> &'static str {
    match sender {
        Sender::Convene => "Sent by Convene",
        Sender::Provider(Provider::Google) => "Sent by Google",
        Sender::Provider(Provider::Microsoft) => "Sent by Microsoft",
        Sender::Provider(Provider::Apple) => "Sent by Apple",
    }
}

#[component]
fn SenderMark(sender: Sender) -> impl IntoView {
    match sender {
        Sender::Convene => view! { <LogoMark /> }.into_any(),
        Sender::Provider(Provider::Google) => view! { <ProviderMark provider=Mark::Google /> }.into_any(),
        Sender::Provider(Provider::Microsoft) => view! { <ProviderMark provider=Mark::Microsoft /> }.into_any(),
        Sender::Provider(Provider::Apple) => view! { <ProviderMark provider=Mark::Apple /> }.into_any(),
    }
}

/// The text with its web addresses as links, as mail programs show them.
fn with_links(text: &str) -> Vec<AnyView> {
    let mut parts = Vec::new();
    let mut plain = String::new();
    for piece in text.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end();
        if !(word.starts_with("http://") || word.starts_with("https://")) {
            plain.push_str(piece);
            continue;
        }
        // A full stop after an address ends the sentence.
        let address = word.trim_end_matches(['.', ',', ')', ';']).to_owned();
        let rest = &piece[address.len()..];
        parts.push(std::mem::take(&mut plain).into_any());
        let href = address.clone();
        parts.push(view! { <a class="link" href=href>{address}</a> }.into_any());
        plain.push_str(rest);
    }
    parts.push(plain.into_any());
    parts
}
