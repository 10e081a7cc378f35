//! The frame of staff pages: rail on the left, bottom bar on a phone, the page's heading with its one main action.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::avatar::Avatar;
use super::button::{Button, ButtonKind, ButtonSize};
use super::icons::{Glyph, Icon, IconSize};
use super::logo::LogoMark;

/// The places of the rail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    Dashboard,
    Requests,
    Practice,
    MySchedule,
    Settings,
    Admin,
}

impl Section {
    /// Its name in the rail.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Dashboard => "Dashboard",
            Self::Requests => "Requests",
            Self::Practice => "Practice",
            Self::MySchedule => "My schedule",
            Self::Settings => "Settings",
            Self::Admin => "Admin",
        }
    }

    /// Where it is.
    #[must_use]
    pub const fn href(self) -> &'static str {
        match self {
            Self::Dashboard => "/dashboard",
            Self::Requests => "/requests",
            Self::Practice => "/practice",
            Self::MySchedule => "/my-schedule",
            Self::Settings => "/settings",
            Self::Admin => "/admin",
        }
    }

    const fn glyph(self) -> Glyph {
        match self {
            Self::Dashboard => Glyph::LayoutDashboard,
            Self::Requests => Glyph::CalendarClock,
            Self::Practice => Glyph::UsersRound,
            Self::MySchedule => Glyph::CalendarDays,
            Self::Settings => Glyph::Settings,
            Self::Admin => Glyph::Shield,
        }
    }
}

/// A place the signed-in person may go to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NavItem {
    pub section: Section,
    /// How many things wait there.
    #[serde(default)]
    pub count: Option<u32>,
    /// They need a person.
    #[serde(default)]
    pub alert: bool,
}

impl From<Section> for NavItem {
    fn from(section: Section) -> Self {
        Self { section, count: None, alert: false }
    }
}

/// Who is signed in, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhoAmI {
    pub name: String,
    pub organisation: String,
}

/// Places the bottom bar has room for; with more, the last one opens a menu with the rest.
const BOTTOM_PLACES: usize = 5;

fn rail_link(item: &NavItem, current: Option<Section>) -> impl IntoView + use<> {
    let alert = if item.alert { "count count-alert" } else { "count" };
    view! {
        <a class="rail-link" href=item.section.href() aria-current=(current == Some(item.section)).then_some("page")>
            <Icon glyph=item.section.glyph() />
            {item.section.label()}
            {item.count.filter(|count| *count > 0).map(|count| view! { <span class=alert>{count.to_string()}</span> })}
        </a>
    }
    .into_any()
}

fn bottom_bar(nav: &[NavItem], current: Option<Section>) -> impl IntoView + use<> {
    let direct = if nav.len() > BOTTOM_PLACES { BOTTOM_PLACES - 1 } else { nav.len() };
    let (shown, rest) = nav.split_at(direct);
    let rest_current = rest.iter().any(|item| current == Some(item.section));
    let link = move |item: &NavItem| {
        view! {
            <a href=item.section.href() aria-current=(current == Some(item.section)).then_some("page")>
                <Icon glyph=item.section.glyph() size=IconSize::Large />
                {item.section.label()}
            </a>
        }
    };
    view! {
        <nav class="bottombar" aria-label="Main">
            {shown.iter().map(link).collect_view()}
            {(!rest.is_empty())
                .then(|| {
                    view! {
                        <details class="more-menu">
                            <summary aria-current=rest_current.then_some("true")>
                                <Icon glyph=Glyph::Ellipsis size=IconSize::Large />
                                "More"
                            </summary>
                            <div class="menu">{rest.iter().map(|item| rail_link(item, current)).collect_view()}</div>
                        </details>
                    }
                })}
        </nav>
    }
    .into_any()
}

fn sign_out(action: String) -> impl IntoView {
    view! {
        <form method="post" action=action>
            <Button label="Sign out" icon=Glyph::LogOut kind=ButtonKind::Quiet size=ButtonSize::Small class="rail-out" />
        </form>
    }
    .into_any()
}

/// The page's heading, with the way back up, what stands beside it, and its actions.
fn page_head(
    title: String,
    sub: Option<String>,
    beside: Option<AnyView>,
    actions: Option<AnyView>,
    back: Option<(String, String)>,
) -> AnyView {
    view! {
        <div class="page-head" data-live="head">
            <div class="page-words">
                {back
                    .map(|(name, href)| {
                        view! {
                            <a class="crumb" href=href>
                                <Icon glyph=Glyph::ChevronLeft size=IconSize::Small />
                                {name}
                            </a>
                        }
                    })}
                <div class="page-title">
                    <h1><bdi>{title}</bdi></h1>
                    {beside}
                </div>
                {sub.map(|sub| view! { <p class="sub">{sub}</p> })}
            </div>
            {actions.map(|actions| view! { <div class="acts">{actions}</div> })}
        </div>
    }
    .into_any()
}

/// The frame around a staff page; its children are the page below the heading.
#[component]
pub fn StaffShell(
    /// The page's heading.
    #[prop(into)]
    title: String,
    /// A line under the heading.
    #[prop(optional, into)]
    sub: MaybeProp<String>,
    /// Beside the heading: a badge.
    #[prop(default = None, into)]
    beside: Option<AnyView>,
    /// The page's one main action, and at most two lesser ones before it.
    #[prop(default = None, into)]
    actions: Option<AnyView>,
    /// The way back up: name and URL of the list this page belongs to.
    #[prop(default = None, into)]
    back: Option<(String, String)>,
    /// The places this person may go to, in order.
    nav: Vec<NavItem>,
    /// The place this page belongs to.
    #[prop(default = None, into)]
    current: Option<Section>,
    who: WhoAmI,
    /// Where the sign-out form posts to.
    #[prop(default = "/signout".to_owned(), into)]
    sign_out_action: String,
    /// 640 px instead of 1200: forms and settings.
    #[prop(optional)]
    narrow: bool,
    children: Children,
) -> impl IntoView {
    let sub = sub.get_untracked();
    let me = move |who: WhoAmI| {
        view! {
            <Avatar name=who.name.clone() />
            <span class="rail-who">
                <span class="cut">{who.name}</span>
                <small class="cut">{who.organisation}</small>
            </span>
        }
    };
    view! {
        <a class="skip" href="#main">"Skip to content"</a>
        <div class="shell">
            <header class="rail">
                <div class="rail-in">
                <a class="rail-org" href="/dashboard">
                    <LogoMark />
                    "Convene"
                </a>
                <nav class="rail-nav" aria-label="Main">
                    {nav.iter().map(|item| rail_link(item, current)).collect_view()}
                </nav>
                <div class="rail-foot">
                    <div class="rail-me">{me(who.clone())}</div>
                    {sign_out(sign_out_action.clone())}
                </div>
                </div>
            </header>
            <div class="stage">
                <header class="appbar">
                    <a class="appbar-home" href="/dashboard">
                        <LogoMark />
                        "Convene"
                    </a>
                    <details class="more-menu me-menu">
                        <summary>
                            <Avatar name=who.name.clone() />
                            <span class="vh">"Account"</span>
                        </summary>
                        <div class="menu">
                            <div class="rail-me">{me(who)}</div>
                            {sign_out(sign_out_action)}
                        </div>
                    </details>
                </header>
                <main class=if narrow { "page page-narrow" } else { "page" } id="main" tabindex="-1">
                    {page_head(title, sub, beside, actions, back)}
                    {children()}
                </main>
            </div>
            {bottom_bar(&nav, current)}
        </div>
    }
    .into_any()
}
