//! The candidate's link on the request's page: copying, sending and replacing it.

use leptos::prelude::*;

use super::Sheet;
use crate::{
    store::words::RequestStatus,
    web::{
        components::{Button, ButtonKind, Card, CardBody, Dialog, Glyph, LinkButton},
        islands::copy_text::CopyText,
        wording::ago,
    },
};

#[component]
pub(super) fn BookingLink(sheet: Sheet, path: String) -> impl IntoView {
    let closed = sheet.line.request.status == RequestStatus::Cancelled;
    let sent = sheet.line.request.link_sent_at.map(|at| format!("Sent {}.", ago(at, sheet.now)));
    let opened = sheet.line.request.link_opened_at.map(|at| format!("Opened {}.", ago(at, sheet.now)));
    let hint = [sent, opened].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let label = if sheet.line.request.link_sent_at.is_some() { "Send again" } else { "Send to candidate" };
    view! {
        <Card>
            <CardBody class="stack">
                {match sheet.link.clone() {
                    Some(link) => {
                        view! {
                            <CopyText id="booking-link".to_owned() label="Booking link".to_owned() value=link button="Copy link".to_owned() />
                        }
                            .into_any()
                    }
                    None => view! { <p>"The key this link was made with is gone. Replace the link."</p> }.into_any(),
                }}
                {(!hint.is_empty()).then(|| view! { <p class="hint">{hint}</p> })}
                {(!closed && sheet.link.is_some())
                    .then(|| {
                        view! {
                            <form method="post" action=format!("{path}/send")>
                                <Button label icon=Glyph::Send block=true />
                            </form>
                        }
                    })}
                {(!closed)
                    .then(|| view! { <LinkButton label="Replace link" href=format!("{path}?dialog=replace-link") /> })}
            </CardBody>
        </Card>
    }
}

#[component]
pub(super) fn ReplaceDialog(sheet: Sheet, path: String, open: bool) -> impl IntoView {
    if !open || sheet.line.request.status == RequestStatus::Cancelled {
        return ().into_any();
    }
    let form = "replace-form";
    let actions = view! {
        <LinkButton label="Keep it" href=path.clone() />
        <Button label="Yes, replace it" kind=ButtonKind::DangerFinal form=form />
    };
    view! {
        <Dialog id="replace-link" title="Replace this link?" open=true close_href=path.clone() actions=actions.into_any()>
            <p>
                "The link in use stops working at once, also in mails already sent. Send the new one afterwards; what is booked stays booked."
            </p>
            <form id=form method="post" action=format!("{path}/replace-link")></form>
        </Dialog>
    }
    .into_any()
}
