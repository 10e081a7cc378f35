//! A week as a picture: days as columns, hours down, and inside a day one lane per person where wanted. Busy is solid grey
//! without titles, typed hours hatched, unknown dotted with a question mark, times that work outlined in the accent.
//!
//! The caller does all time arithmetic and hands in wall-clock minutes of each day, so neither zone nor clock is needed
//! here. A day with a clock change says so in its head (`WeekDay::note`); a wall-clock hour that happens twice is drawn once.
//! The text form of the same data is `week_table`, which `WeekGrid` brings along folded up.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::button::{ButtonSize, LinkButton};
use super::icons::Glyph;
use super::week_table::WeekTable;

/// What a stretch of time is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockKind {
    // In the order they are painted: later ones lie on top.
    /// Outside everybody's working hours.
    Outside,
    /// Inside working hours with nothing in the way.
    Free,
    /// Hours somebody typed, because no calendar says anything.
    Typed,
    /// Nobody knows: the calendar did not answer, or nobody said anything. Never free.
    Unknown,
    /// Somebody has something.
    Busy,
    /// Starts that work for everyone lie here.
    Slot,
}

impl BlockKind {
    /// Every kind, in painting order.
    pub const ALL: [Self; 6] = [Self::Outside, Self::Free, Self::Typed, Self::Unknown, Self::Busy, Self::Slot];

    /// What the key and the table call it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Slot => "Works for everyone",
            Self::Busy => "Busy",
            Self::Typed => "Typed hours",
            Self::Unknown => "Unknown",
            Self::Free => "Free",
            Self::Outside => "Outside hours",
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Slot => "wg-slot",
            Self::Busy => "wg-busy",
            Self::Typed => "wg-manual",
            Self::Unknown => "wg-unknown",
            Self::Free => "wg-free",
            Self::Outside => "wg-off",
        }
    }
}

/// A stretch of one day. Half open, in minutes since the day's midnight on the wall clock (0 to 1440).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeekBlock {
    pub kind: BlockKind,
    pub start: u16,
    pub end: u16,
    /// Which of `WeekPicture::lanes`; nothing spans them all.
    #[serde(default)]
    pub lane: Option<u16>,
    /// Written inside a slot: "4 times", "15:00". Empty for others.
    #[serde(default)]
    pub label: String,
    /// The same where there is little room: "4". May be empty.
    #[serde(default)]
    pub short: String,
    /// Makes it a link: the day's times, or this start.
    #[serde(default)]
    pub href: Option<String>,
    /// The one that was chosen.
    #[serde(default)]
    pub chosen: bool,
}

impl WeekBlock {
    /// A stretch across all lanes, without words.
    #[must_use]
    pub const fn new(kind: BlockKind, start: u16, end: u16) -> Self {
        Self { kind, start, end, lane: None, label: String::new(), short: String::new(), href: None, chosen: false }
    }

    /// The same, in one person's lane.
    #[must_use]
    pub const fn in_lane(mut self, lane: u16) -> Self {
        self.lane = Some(lane);
        self
    }

    /// The same with words in it, long and short.
    #[must_use]
    pub fn labelled(mut self, label: impl Into<String>, short: impl Into<String>) -> Self {
        self.label = label.into();
        self.short = short.into();
        self
    }
}

/// One column.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeekDay {
    /// ISO date, for islands and ids.
    pub date: String,
    /// "Mon 8"
    pub label: String,
    /// "Monday 8 March"
    pub name: String,
    /// How many starts work, if that is what the picture is about.
    #[serde(default)]
    pub times: Option<u32>,
    /// Such as "Clocks go forward at 02:00". May be empty.
    #[serde(default)]
    pub note: String,
    #[serde(default)]
    pub today: bool,
    pub blocks: Vec<WeekBlock>,
}

/// Where now is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NowLine {
    /// Index into `WeekPicture::days`.
    pub day: u16,
    /// Minutes since that day's midnight on the wall clock.
    pub minute: u16,
}

/// A week, or any one to fourteen columns, ready to draw.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeekPicture {
    /// "Week of 8 March"
    pub title: String,
    /// "New York time"
    pub zone: String,
    /// First hour drawn, 0 to 23.
    pub first_hour: u8,
    /// Hour at which the picture ends, 1 to 24.
    pub last_hour: u8,
    pub days: Vec<WeekDay>,
    /// One name per lane inside each day; empty for one lane that stands for everybody.
    #[serde(default)]
    pub lanes: Vec<String>,
    #[serde(default)]
    pub now: Option<NowLine>,
    /// The week before.
    #[serde(default)]
    pub previous: Option<String>,
    /// The week after.
    #[serde(default)]
    pub next: Option<String>,
}

/// Pixels per hour.
const HOUR: u32 = 32;

/// Where a minute of the day lies, in pixels from the top of the picture; outside it the nearest edge.
fn y(minute: u16, first_hour: u8, last_hour: u8) -> f64 {
    let first = u16::from(first_hour) * 60;
    let last = u16::from(last_hour) * 60;
    f64::from(minute.clamp(first, last.max(first)) - first) * f64::from(HOUR) / 60.0
}

/// Share of a day's width a lane takes: x and width in percent.
fn lane_box(lane: Option<u16>, lanes: usize) -> (String, String) {
    // More lanes than u16 holds do not fit on any screen.
    let lanes = u16::try_from(lanes.max(1)).unwrap_or(u16::MAX);
    match lane {
        Some(lane) => {
            let width = 100.0 / f64::from(lanes);
            (format!("{:.3}%", f64::from(lane.min(lanes - 1)) * width), format!("{width:.3}%"))
        }
        None => ("0".to_owned(), "100%".to_owned()),
    }
}

pub(super) fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// Frame of reference all blocks of a picture share.
#[derive(Clone)]
struct Frame {
    id: String,
    first_hour: u8,
    last_hour: u8,
    lanes: usize,
}

fn block(block: WeekBlock, day: &WeekDay, frame: &Frame) -> Option<AnyView> {
    let top = y(block.start, frame.first_hour, frame.last_hour);
    let tall = y(block.end, frame.first_hour, frame.last_hour) - top;
    if tall <= 0.0 || block.kind == BlockKind::Free {
        return None;
    }
    let (x, width) = lane_box(block.lane, frame.lanes);
    let fill = match block.kind {
        BlockKind::Typed => Some(format!("url(#{}-hatch)", frame.id)),
        BlockKind::Unknown => Some(format!("url(#{}-dots)", frame.id)),
        _ => None,
    };
    let words = (!block.label.is_empty() && tall >= 14.0).then(|| {
        let short = if block.short.is_empty() { block.label.clone() } else { block.short.clone() };
        view! {
            <text class="wg-long" x="7" y="15">{block.label.clone()}</text>
            <text class="wg-short" x="50%" y="15" text-anchor="middle">{short}</text>
        }
    });
    let question = (block.kind == BlockKind::Unknown && tall >= 16.0).then(
        || view! { <text class="wg-q" x="50%" y=format!("{:.1}", tall / 2.0 + 4.0) text-anchor="middle">"?"</text> },
    );
    let name = format!(
        "{}, {} to {}{}{}",
        day.name,
        clock(block.start),
        clock(block.end),
        if block.label.is_empty() { "" } else { ", " },
        block.label
    );
    let class = super::classes(&[block.kind.class(), if block.chosen { "wg-slot-chosen" } else { "" }]);
    let shape = view! {
        <svg
            class="wg-block"
            x=x
            y=format!("{top:.1}")
            width=width
            height=format!("{tall:.1}")
            data-day=day.date.clone()
            data-start=block.start.to_string()
            data-end=block.end.to_string()
        >
            <rect class="wg-ground" width="100%" height="100%"></rect>
            {fill.map(|fill| view! { <rect class="wg-fill" width="100%" height="100%" fill=fill></rect> })}
            {question}
            {words}
        </svg>
    };
    Some(match block.href {
        Some(href) => view! {
            <a class=class href=href aria-label=name aria-current=block.chosen.then_some("true")>
                {shape}
            </a>
        }
        .into_any(),
        None => view! { <g class=class>{shape}</g> }.into_any(),
    })
}

fn column(mut day: WeekDay, now: Option<u16>, frame: &Frame) -> impl IntoView + use<> {
    let hours = u32::from(frame.last_hour.saturating_sub(frame.first_hour));
    let height = (hours * HOUR).to_string();
    let mut blocks = std::mem::take(&mut day.blocks);
    blocks.sort_by_key(|block| (block.kind, block.start));
    let label = match day.times {
        Some(times) => format!("{}, {}", day.name, super::times(times)),
        None => day.name.clone(),
    };
    let lines = (1..hours)
        .map(|hour| {
            let at = (hour * HOUR).to_string();
            view! { <line class="wg-hour" x1="0" x2="100%" y1=at.clone() y2=at></line> }
        })
        .collect_view();
    let lanes = (1..frame.lanes.max(1))
        .map(|lane| {
            let (at, _) = lane_box(u16::try_from(lane).ok(), frame.lanes);
            view! { <line class="wg-lane" x1=at.clone() x2=at y1="0" y2="100%"></line> }
        })
        .collect_view();
    let (under, over): (Vec<_>, Vec<_>) = blocks.into_iter().partition(|block| block.kind == BlockKind::Outside);
    let under = under.into_iter().filter_map(|one| block(one, &day, frame)).collect::<Vec<_>>();
    let over = over.into_iter().filter_map(|one| block(one, &day, frame)).collect::<Vec<_>>();
    let now = now
        .filter(|minute| (u16::from(frame.first_hour) * 60..u16::from(frame.last_hour) * 60).contains(minute))
        .map(|minute| {
            let at = format!("{:.1}", y(minute, frame.first_hour, frame.last_hour));
            view! {
                <line class="wg-now" x1="0" x2="100%" y1=at.clone() y2=at.clone()></line>
                <circle class="wg-now-dot" cx="3" cy=at r="3"></circle>
            }
        });
    view! {
        <svg class="wg-col" width="100%" height=height role="group" aria-label=label>
            {under}
            {lines}
            {lanes}
            {over}
            {now}
        </svg>
    }
    .into_any()
}

fn head(day: &WeekDay, lanes: &[String]) -> impl IntoView + use<> {
    let times = day.times.map(|times| {
        view! {
            <span class=if times == 0 { "none" } else { "" } title=super::times(times)>
                {times.to_string()}
            </span>
        }
    });
    let note = (!day.note.is_empty())
        .then(|| view! { <span class="wg-note" title=day.note.clone()>{day.note.clone()}</span> });
    let lanes = (!lanes.is_empty()).then(|| {
        let names = lanes
            .iter()
            .map(|name| view! { <span title=name.clone()>{super::avatar::initials(name)}</span> })
            .collect_view();
        view! { <span class="wg-lanes">{names}</span> }
    });
    view! {
        <div class=if day.today { "wg-head wg-today" } else { "wg-head" } aria-hidden="true">
            <b>{day.label.clone()} {times}</b>
            {note}
            {lanes}
        </div>
    }
    .into_any()
}

/// The two patterns blocks refer to. Kept out of `display: none`, which would switch patterns off.
fn patterns(id: &str) -> impl IntoView + use<> {
    view! {
        <svg class="wg-patterns" width="0" height="0" aria-hidden="true" focusable="false">
            <defs>
                <pattern id=format!("{id}-hatch") width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
                    <line class="hatch-line" x1="0" x2="0" y1="0" y2="7"></line>
                </pattern>
                <pattern id=format!("{id}-dots") width="8" height="8" patternUnits="userSpaceOnUse">
                    <circle class="dot-mark" cx="2" cy="2" r="1"></circle>
                </pattern>
            </defs>
        </svg>
    }
    .into_any()
}

fn key(kinds: Vec<BlockKind>, id: &str) -> impl IntoView + use<> {
    let fill = |kind| match kind {
        BlockKind::Typed => Some(format!("url(#{id}-hatch)")),
        BlockKind::Unknown => Some(format!("url(#{id}-dots)")),
        _ => None,
    };
    view! {
        <ul class="key" role="list" aria-label="Key">
            {kinds
                .into_iter()
                .map(|kind| {
                    view! {
                        <li>
                            <svg class="key-swatch" width="18" height="12" aria-hidden="true" focusable="false">
                                <g class=kind.class()>
                                    <rect class="wg-ground" width="100%" height="100%"></rect>
                                    {fill(kind)
                                        .map(|fill| {
                                            view! { <rect class="wg-fill" width="100%" height="100%" fill=fill></rect> }
                                        })}
                                </g>
                            </svg>
                            {kind.word()}
                        </li>
                    }
                })
                .collect_view()}
        </ul>
    }
    .into_any()
}

/// The picture with its title, arrows, key and table.
#[component]
pub fn WeekGrid(
    week: WeekPicture,
    /// Tells several grids on a page apart.
    #[prop(default = "week".to_owned(), into)]
    id: String,
    /// Leaves out title and arrows, where the page has its own.
    #[prop(optional)]
    bare: bool,
) -> impl IntoView {
    let frame =
        Frame { id: id.clone(), first_hour: week.first_hour, last_hour: week.last_hour, lanes: week.lanes.len() };
    let mut kinds: Vec<_> = week.days.iter().flat_map(|day| day.blocks.iter().map(|block| block.kind)).collect();
    kinds.sort_unstable_by(|one, other| other.cmp(one));
    kinds.dedup();
    let columns = format!("wg wg-{}", week.days.len().clamp(1, 14));
    let table = week.clone();
    let hours = u32::from(week.last_hour.saturating_sub(week.first_hour));
    let marks = (1..hours)
        .map(|hour| {
            // first_hour + hour < last_hour <= 24.
            let words = clock(u16::try_from((u32::from(week.first_hour) + hour) * 60).unwrap_or(0));
            view! { <text x="100%" dx="-8" y=(hour * HOUR + 4).to_string() text-anchor="end">{words}</text> }
        })
        .collect_view();
    let no_previous = week.previous.is_none();
    let no_next = week.next.is_none();
    let title = (!bare).then(|| {
        view! {
            <div class="wg-title">
                <h2 class="h2">{week.title.clone()} " " <span class="wg-zone">{week.zone.clone()}</span></h2>
                <LinkButton label="Previous week" href=week.previous.unwrap_or_default() disabled=no_previous icon=Glyph::ChevronLeft icon_only=true size=ButtonSize::Small />
                <LinkButton label="Next week" href=week.next.unwrap_or_default() disabled=no_next icon=Glyph::ChevronRight icon_only=true size=ButtonSize::Small />
            </div>
        }
    });
    let heads = week.days.iter().map(|day| head(day, &week.lanes)).collect_view();
    let now = week.now;
    let days = week
        .days
        .into_iter()
        .enumerate()
        .map(|(index, day)| {
            let now = now.filter(|now| usize::from(now.day) == index).map(|now| now.minute);
            view! { <div class="wg-day">{column(day, now, &frame)}</div> }
        })
        .collect_view();
    view! {
        <div class="week" role="group" aria-label=format!("{}, {}", week.title, week.zone)>
            {patterns(&id)}
            {title}
            <div class=columns>
                <div class="wg-corner" aria-hidden="true"></div>
                {heads}
                <div class="wg-hours" aria-hidden="true">
                    <svg width="100%" height=(hours * HOUR).to_string()>{marks}</svg>
                </div>
                {days}
            </div>
            {key(kinds, &id)}
            <WeekTable week=table />
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_outside_the_picture_stick_to_its_edges() {
        assert!((y(8 * 60, 9, 17) - 0.0).abs() < f64::EPSILON);
        assert!((y(9 * 60 + 30, 9, 17) - 16.0).abs() < f64::EPSILON);
        assert!((y(1440, 9, 17) - 256.0).abs() < f64::EPSILON);
        assert!((y(600, 17, 9) - 0.0).abs() < f64::EPSILON, "a picture upside down is flat, not a panic");
    }

    #[test]
    fn lanes_share_the_width_of_a_day() {
        assert_eq!(lane_box(None, 3), ("0".to_owned(), "100%".to_owned()));
        assert_eq!(lane_box(Some(1), 4), ("25.000%".to_owned(), "25.000%".to_owned()));
        assert_eq!(lane_box(Some(9), 0), ("0.000%".to_owned(), "100.000%".to_owned()));
    }
}
