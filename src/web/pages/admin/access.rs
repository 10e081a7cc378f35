//! On `/admin/integrations/calendar`: what is allowed for the whole organisation, at each provider.

use axum::{
    extract::{Path, RawQuery, State},
    http::{HeaderMap, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use chrono::{DateTime, Utc};
use leptos::prelude::*;
use serde::Deserialize;

use super::calendar::PAGE;
use crate::{
    audit::Origin,
    calendars::{Provider, oauth::KeyError},
    connections::organisation::{self, Access, Allowed, DomainsError, GrantError, parse_domains},
    error::AppError,
    people::{Admin, CalendarAccess},
    sign_in::{
        attempts::BrowserToken,
        consent::{self, ConsentError},
    },
    state::AppState,
    store::words::AccessStatus,
    web::{
        again::{self, Attempt, wrong},
        components::{
            Button, ButtonKind, Card, CardBody, Dialog, LinkButton, ProviderMark, Status, StatusBadge, TextField,
            TextareaField,
        },
        form::Form,
        routes::{Routes, auth::leave_for},
        session::cookies,
        wording::ago,
    },
};

pub fn routes() -> Routes {
    Routes::default()
        .post("/admin/integrations/calendar/microsoft", allow_microsoft)
        .get("/auth/microsoft/organisation", microsoft_allowed)
        .post("/admin/integrations/calendar/google", allow_google)
        .post("/admin/integrations/calendar/{provider}/withdraw", end)
}

/// The fields that say themselves what is wrong with them.
pub(super) const FIELDS: [&str; 3] = ["key", "subject", "domains"];

/// What was typed on a provider's card. A key is never shown again.
#[derive(Clone, Debug)]
pub(super) struct Typed {
    provider: Provider,
    subject: String,
    domains: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Microsoft {
    #[serde(default)]
    domains: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Google {
    #[serde(default)]
    key: String,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    domains: String,
}

/// A card for each provider that is set up.
#[component]
pub(super) fn AccessCards(
    providers: Vec<Provider>,
    accesses: Vec<Access>,
    policy: CalendarAccess,
    /// The administrator's own, where it is known.
    address: Option<String>,
    attempt: Option<Attempt<Typed>>,
    now: DateTime<Utc>,
) -> impl IntoView {
    let cards = providers.into_iter().map(|provider| {
        let access = accesses.iter().find(|access| access.provider == provider).cloned();
        let attempt = attempt.clone().filter(|attempt| attempt.typed.provider == provider);
        view! { <AccessCard provider access policy address=address.clone() attempt now /> }
    });
    cards.collect_view().into_any()
}

#[component]
fn AccessCard(
    provider: Provider,
    access: Option<Access>,
    policy: CalendarAccess,
    address: Option<String>,
    attempt: Option<Attempt<Typed>>,
    now: DateTime<Utc>,
) -> impl IntoView {
    let body = match access {
        Some(access) => view! { <Granted access policy now /> }.into_any(),
        None => view! { <Ask provider address attempt /> }.into_any(),
    };
    let title = match provider {
        Provider::Google => "Google Workspace, for the whole organisation",
        Provider::Microsoft => "Microsoft 365, for the whole organisation",
        // Apple lets nobody read for a whole organisation, so no card is made.
        Provider::Apple => return ().into_any(),
    };
    view! {
        <Card attr:id=anchor(provider)>
            <CardBody>
                <div class="provider-card">
                    <ProviderMark provider=provider.into() tile=true />
                    <div class="provider-words">
                        <h3 class="h3">{title}</h3>
                        {body}
                    </div>
                </div>
            </CardBody>
        </Card>
    }
    .into_any()
}

fn anchor(provider: Provider) -> String {
    format!("{provider}-access")
}

/// What stands, and the way to end it.
#[component]
fn Granted(access: Access, policy: CalendarAccess, now: DateTime<Utc>) -> impl IntoView {
    let status = match access.status {
        AccessStatus::Active => Status::Connected,
        AccessStatus::Error => Status::NotAnswering,
    };
    let read = access.last_read_at.map(|at| format!(" Last read {}.", ago(at, now))).unwrap_or_default();
    let account = match access.provider {
        Provider::Google => format!("{} acts as {}", access.account, access.subject),
        Provider::Microsoft => format!("Tenant {}", access.account),
        Provider::Apple => String::new(),
    };
    let line = format!("{account}, for addresses at {}.{read}", access.domains.join(", "));
    let idle = (policy == CalendarAccess::Delegated).then(|| {
        view! { <p class="hint">"It is not used: the policy above reads each person's own connection only."</p> }
    });
    let error = (!access.last_error.is_empty()).then(|| view! { <p class="error">{access.last_error.clone()}</p> });
    let href = format!("{PAGE}?withdraw={}", access.provider);
    view! {
        <div class="row"><StatusBadge status /></div>
        <p class="hint">{line}</p>
        {idle}
        {error}
        <div class="form-acts mt-2"><LinkButton label="Withdraw" href /></div>
    }
}

/// What it takes to allow it.
#[component]
fn Ask(provider: Provider, address: Option<String>, attempt: Option<Attempt<Typed>>) -> impl IntoView {
    let wrong = |field: &str| wrong(attempt.as_ref(), field);
    let own = address.unwrap_or_default();
    let domain = own.rsplit_once('@').map(|(_, domain)| domain.to_owned()).unwrap_or_default();
    let (subject, domains) = attempt
        .as_ref()
        .map_or((own, domain), |attempt| (attempt.typed.subject.clone(), attempt.typed.domains.clone()));
    // What is wrong is shown where it was typed.
    let action = format!("{PAGE}/{provider}#{}", anchor(provider));
    let field = view! {
        <TextField
            id=format!("{provider}-domains")
            label="Domains"
            name="domains"
            value=domains
            error=wrong("domains")
            hint="Whose addresses it covers, such as example.com. A domain below another counts as another."
        />
    };
    match provider {
        Provider::Apple => ().into_any(),
        Provider::Microsoft => view! {
            <p class="hint">"An administrator of your tenant lets Convene read when its people are busy, without each of them connecting. Connect your own Outlook of that tenant first: it is read once to see that it works."</p>
            <form method="post" action=action class="stack mt-2">
                {field}
                <div><Button label="Allow for the whole organisation" /></div>
            </form>
        }
        .into_any(),
        Provider::Google => view! {
            <p class="hint">"A service account of yours with domain-wide delegation reads when your people are busy, without each of them connecting. The key is stored encrypted and not shown again."</p>
            <form method="post" action=action class="stack mt-2">
                <TextareaField
                    id="google-key"
                    label="Key file (JSON)"
                    name="key"
                    rows=5
                    error=wrong("key")
                    hint="As Google hands it out. Delegate the scope calendar.freebusy to it in the Workspace's admin console."
                />
                <TextField
                    id="google-subject"
                    label="Acts as"
                    name="subject"
                    value=subject
                    error=wrong("subject")
                    hint="The address of somebody of your Workspace who sees when colleagues are busy."
                />
                {field}
                <div><Button label="Allow for the whole organisation" /></div>
            </form>
        }
        .into_any(),
    }
}

/// Asks before anything ends.
#[component]
pub(super) fn Withdrawing(provider: Option<Provider>) -> impl IntoView {
    let Some(provider) = provider else { return ().into_any() };
    let form = "withdraw-form";
    let actions = view! {
        <LinkButton label="Keep it" href=PAGE />
        <Button label="Withdraw" kind=ButtonKind::DangerFinal form=form />
    };
    let title = format!("Withdraw the organisation's access to {}?", provider.label());
    view! {
        <Dialog id="withdraw" title open=true close_href=PAGE actions=actions.into_any()>
            <p>"Nobody's busy times are read through it after that. Who has connected a calendar is read by that where the policy says so; of everybody else nobody knows when they are free."</p>
            <p class="hint mt-2">"What was read is deleted, and so is a key. The permission at the provider stays until it is removed there."</p>
            <form id=form method="post" action=format!("{PAGE}/{provider}/withdraw")></form>
        </Dialog>
    }
    .into_any()
}

async fn allow_microsoft(
    State(state): State<AppState>,
    admin: Admin,
    headers: HeaderMap,
    parts: Parts,
    Form(form): Form<Microsoft>,
) -> Response {
    let browser = BrowserToken::from_cookies(cookies(&headers));
    let begun = match parse_domains(&form.domains) {
        Ok(domains) => consent::begin(&state.services, &admin, browser, &domains).await.map_err(AppError::from),
        Err(error) => Err(error.into()),
    };
    match begun {
        Ok(begun) => leave_for(&begun.page, &begun.browser_cookie),
        Err(error) => {
            let typed = Typed { provider: Provider::Microsoft, subject: String::new(), domains: form.domains };
            again::show_at(PAGE, state, parts, Attempt { error, typed }).await
        }
    }
}

async fn microsoft_allowed(
    State(state): State<AppState>,
    admin: Admin,
    origin: Origin,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, AppError> {
    let browser = BrowserToken::from_cookies(cookies(&headers));
    consent::finish(&state.services, &admin, browser, &query.unwrap_or_default(), &origin).await?;
    Ok(Redirect::to(&format!("{PAGE}?news=allowed")).into_response())
}

async fn allow_google(
    State(state): State<AppState>,
    admin: Admin,
    origin: Origin,
    parts: Parts,
    Form(form): Form<Google>,
) -> Response {
    match keep_google(&state, &admin, &form, &origin).await {
        Ok(()) => Redirect::to(&format!("{PAGE}?news=allowed")).into_response(),
        Err(error) => {
            let typed = Typed { provider: Provider::Google, subject: form.subject, domains: form.domains };
            again::show_at(PAGE, state, parts, Attempt { error, typed }).await
        }
    }
}

async fn keep_google(state: &AppState, admin: &Admin, form: &Google, origin: &Origin) -> Result<(), AppError> {
    let client = state.services.calendars.get(Provider::Google).ok_or(GrantError::NotSetUp)?;
    let door = client.oauth().ok_or(GrantError::NotSetUp)?;
    let account = door.client.read_key_file(form.key.trim())?;
    let subject = form.subject.parse().map_err(|_| {
        AppError::invalid("subject", "subject_invalid", "This is not an e-mail address. Type the one requests act as.")
    })?;
    let domains = parse_domains(&form.domains)?;
    let allowed = Allowed::ServiceAccount { account, subject };
    Ok(organisation::grant(&state.services, admin, allowed, domains, origin).await?)
}

async fn end(
    State(state): State<AppState>,
    Path(provider): Path<String>,
    admin: Admin,
    origin: Origin,
) -> Result<Response, AppError> {
    let provider: Provider = provider.parse().map_err(|_| AppError::not_found())?;
    organisation::withdraw(&state.services, &admin, provider, &origin).await?;
    Ok(Redirect::to(&format!("{PAGE}?news=withdrawn")).into_response())
}

impl From<DomainsError> for AppError {
    fn from(error: DomainsError) -> Self {
        let sentence = match error {
            DomainsError::None => "Name at least one domain, such as example.com.".to_owned(),
            DomainsError::TooMany => "Name at most twenty domains.".to_owned(),
            DomainsError::NotOne(word) => format!("\u{201c}{word}\u{201d} is not a domain. Write it like example.com."),
        };
        Self::invalid("domains", "domains_invalid", sentence)
    }
}

impl From<KeyError> for AppError {
    fn from(error: KeyError) -> Self {
        let (code, sentence) = match error {
            KeyError::Unreadable => {
                ("key_unreadable", "This is not a key file. Paste all of the JSON that Google gave.")
            }
            KeyError::OtherKind => {
                ("key_other_kind", "This JSON is not a service account's key. Make one of the type JSON.")
            }
            KeyError::Key => ("key_damaged", "The private key inside cannot be read. Paste the file as it is."),
            KeyError::Elsewhere => ("key_elsewhere", "This key is not for the Google that this server uses."),
        };
        Self::invalid("key", code, sentence)
    }
}

impl From<GrantError> for AppError {
    fn from(error: GrantError) -> Self {
        match error {
            GrantError::NotSetUp => Self::new(422, "provider_unknown", "This provider is not set up on this server.")
                .hint("Ask whoever runs it. Nothing was changed."),
            GrantError::OtherTenant => Self::new(
                422,
                "tenant_not_yours",
                "You have connected no Outlook of the tenant that agreed.",
            )
            .hint("Connect your own Outlook of that tenant in your settings, and allow it again. Nothing was changed."),
            GrantError::DomainTaken(domain) => Self::invalid(
                "domains",
                "domain_taken",
                format!("{domain} is read at the other provider already. Withdraw that first, or leave it out here."),
            ),
            GrantError::NotAllowed => {
                Self::new(422, "access_not_allowed", "The provider does not let Convene read your calendar this way.")
                    .hint("Allow it there, wait a few minutes until it holds, and try again. Nothing was changed.")
            }
            GrantError::KeyRefused => Self::new(422, "key_refused", "Google accepts this key not for this address.")
                .hint(
                    "Check that the key still stands, and that the address is of your Workspace. Nothing was changed.",
                ),
            GrantError::NoMailbox => {
                Self::new(422, "mailbox_unknown", "There is no calendar at the address that was tried.")
                    .hint("Try the address of somebody who has one. Nothing was changed.")
            }
            GrantError::NoAnswer => {
                Self::new(422, "provider_silent", "The provider did not answer, so nothing was changed.")
                    .hint("Try again in a few minutes.")
            }
            GrantError::Store(error) => error.into(),
        }
    }
}

impl From<ConsentError> for AppError {
    fn from(error: ConsentError) -> Self {
        match error {
            ConsentError::State => {
                Self::new(400, "consent_state", "The answer could not be matched to this browser. Nothing was changed.")
                    .hint("Go to Administration, Calendars, and start again.")
            }
            ConsentError::Denied => {
                Self::new(422, "consent_denied", "It was not allowed at Microsoft. Nothing was changed.")
                    .hint("Go to Administration, Calendars, to start again.")
            }
            ConsentError::Response => Self::new(
                400,
                "consent_response",
                "The answer of Microsoft's page could not be read. Nothing was changed.",
            )
            .hint("Go to Administration, Calendars, and start again."),
            ConsentError::Grant(error) => error.into(),
        }
    }
}
