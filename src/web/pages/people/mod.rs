//! `/people/invite`: asking people to connect their calendar, and the invitations that still wait.

pub mod post;

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::staff::{Desk, Frame, desk};
use crate::{
    invitations::{self, Invitation},
    people::{self, Person},
    store::words::Role,
    web::{
        again::{Attempt, problem, wrong},
        components::{
            Button, ButtonKind, ButtonSize, Card, CardBody, CardHead, Choice, EmptyState, PersonLine, RadioGroup,
            Section, TextareaField, Toast, Toasts,
        },
        wording::{ago, full},
    },
};

/// What a form that invites people said.
#[derive(Clone, Debug, Default)]
pub struct Invited {
    pub emails: String,
    pub role: String,
}

#[component]
pub fn InvitePeoplePage() -> impl IntoView {
    let attempt = use_context::<Attempt<Invited>>();
    let query = use_query_map().get_untracked();
    let count = |name: &str| query.get(name).and_then(|count| count.parse::<usize>().ok()).unwrap_or_default();
    let (asked, skipped, news) = (count("asked"), count("skipped"), query.get("news"));
    desk(move |desk: Desk| async move {
        let (db, org, now) = (desk.state.store.reader(), desk.me().org, desk.state.clock.now());
        let team = people::team(db, org).await?;
        let ids: Vec<_> = team.iter().map(|person| person.id).collect();
        let invitations = invitations::of_people(db, org, &ids).await?;
        let zone = desk.me().clock();
        let waiting = team.iter().filter_map(|person| {
            let invitation = invitations.get(&person.id).filter(|invitation| invitation.is_pending())?;
            Some((person.clone(), invitation.clone()))
        });
        let waiting: Vec<(Person, Invitation)> = waiting.collect();
        let empty = waiting.is_empty();
        let rows = waiting.into_iter().map(|(person, invitation)| {
            let detail = if invitation.expires_at <= now {
                format!("{}, expired {}", person.email, ago(invitation.expires_at, now))
            } else {
                format!("{}, invited {}", person.email, ago(invitation.sent_at, now))
            };
            view! {
                <li title=full(invitation.sent_at, zone)>
                    <PersonLine name=person.name.clone() detail>
                        <InviteButton person=person.id.to_string() label="Send again" back="/people/invite" />
                        <form method="post" action=format!("/people/{}/withdraw", person.id)>
                            <Button label="Withdraw" kind=ButtonKind::Quiet size=ButtonSize::Small />
                        </form>
                    </PersonLine>
                </li>
            }
        });
        let rows = rows.collect_view();
        let news = match news.as_deref() {
            Some("asked") => Some(told(asked, skipped)),
            Some("withdrawn") => Some("The invitation is withdrawn. Its link no longer works.".to_owned()),
            _ => None,
        };
        let news = news.map(|text| view! { <Toast text dismiss_href="/people/invite" /> });
        let is_admin = desk.me().role == Role::Admin;
        Ok(view! {
            <Frame
                desk
                title="Invite people"
                sub="They connect their calendar once, or give times by hand."
                current=Section::Dashboard
                back=("Dashboard".to_owned(), "/dashboard".to_owned())
            >
                <div class="stack-lg max-w-3xl">
                    <Card>
                        <CardBody>
                            <InviteForm action="/people/invite" is_admin attempt>
                                <Button label="Send invitations" kind=ButtonKind::Primary />
                            </InviteForm>
                        </CardBody>
                    </Card>
                    <Card>
                        <CardHead title="Waiting for an answer" />
                        {if empty {
                            view! { <EmptyState title="Nobody is waiting" sentence="Invitations that were sent and not answered yet appear here." /> }
                                .into_any()
                        } else {
                            view! { <ul class="rows">{rows}</ul> }.into_any()
                        }}
                    </Card>
                </div>
                <Toasts>{news}</Toasts>
            </Frame>
        })
    })
}

/// "3 invitations are on their way. 1 person is connected already."
fn told(asked: usize, skipped: usize) -> String {
    let sent = match asked {
        0 => "No invitation was needed.".to_owned(),
        1 => "The invitation is on its way.".to_owned(),
        many => format!("{many} invitations are on their way."),
    };
    match skipped {
        0 => sent,
        1 => format!("{sent} 1 person is connected already."),
        many => format!("{sent} {many} people are connected already."),
    }
}

/// The fields that invite people; the buttons are its children.
#[component]
pub fn InviteForm(
    #[prop(into)] action: String,
    /// Only administrators make coordinators.
    is_admin: bool,
    #[prop(default = None)] attempt: Option<Attempt<Invited>>,
    children: Children,
) -> impl IntoView {
    let (wrong, problem) = (wrong(attempt.as_ref(), "emails"), problem(attempt.as_ref(), &["emails"]));
    let typed = attempt.map(|attempt| attempt.typed).unwrap_or_default();
    let roles = is_admin.then(|| {
        let choices = vec![
            (
                Choice::new("interviewer", "Interviewers"),
                "Their calendar is only read: from when to when they are busy.".to_owned(),
            ),
            (
                Choice::new("coordinator", "Coordinators"),
                "They arrange interviews too, and see every candidate.".to_owned(),
            ),
        ];
        let selected = if typed.role.is_empty() { "interviewer".to_owned() } else { typed.role.clone() };
        view! { <RadioGroup legend="Invite them as" name="role" choices selected /> }
    });
    view! {
        {problem}
        <form method="post" action=action class="stack-lg">
            <TextareaField
                label="Addresses"
                name="emails"
                rows=5
                value=typed.emails
                error=wrong
                placeholder="ben@example.com\nEva Lindqvist <eva@example.com>"
                hint="One or many, as you would paste them into a mail."
            />
            {roles}
            <div class="form-acts">{children()}</div>
        </form>
    }
}

/// Asks one person, from wherever they stand.
#[component]
pub fn InviteButton(
    #[prop(into)] person: String,
    #[prop(into)] label: String,
    /// The request that makes one ask.
    #[prop(optional, into)]
    request: MaybeProp<String>,
    /// Where to go on.
    #[prop(into)]
    back: String,
) -> impl IntoView {
    let request = request.get_untracked();
    view! {
        <form method="post" action=format!("/people/{person}/invite")>
            {request.map(|request| view! { <input type="hidden" name="request" value=request /> })}
            <input type="hidden" name="return_to" value=back />
            <Button label size=ButtonSize::Small />
        </form>
    }
}
