//! View parts shared by pages (server only) and islands (also in the browser).
//!
//! A component here turns plain values into markup and knows every look it can have: hover, focus, active, disabled,
//! loading, error. It fetches nothing, knows no route but the ones given to it, and imports neither database nor clock, so
//! it compiles for both halves. What moves in the browser is an island's business (`web/islands`), which wraps these.
//!
//! Easily got wrong: no `style` attribute anywhere, our content security policy refuses it. Geometry of pictures is
//! SVG attributes, everything else is a class from `style/`.
//!
//! Every component hands out an `AnyView`, so that the type of a page stays short enough for the compiler.
//! Attributes and listeners set on a component (`attr:id=…`, `on:click=…`) land on its outermost element.

pub mod avatar;
pub mod badge;
pub mod banner;
pub mod booker;
pub mod button;
pub mod card;
pub mod chips;
pub mod choice;
pub mod copy;
pub mod day_bars;
pub mod dialog;
pub mod error_page;
pub mod field;
pub mod icons;
pub mod input;
pub mod logo;
pub mod month_picker;
pub mod progress;
pub mod provider_mark;
pub mod public_shell;
pub mod reminders;
pub mod select;
pub mod skeleton;
pub mod slot_list;
pub mod sparkline;
pub mod staff_shell;
pub mod stepper;
pub mod table;
pub mod tabs;
pub mod time_grid;
pub mod timeline;
pub mod toast;
pub mod week_grid;
pub mod week_table;
pub mod zone_select;

pub use avatar::{Avatar, AvatarSize, Avatars, PersonLine};
pub use badge::{Badge, Status, StatusBadge, Tone};
pub use banner::Banner;
pub use booker::{Booker, ConfirmBar, Fact, Facts};
pub use button::{Button, ButtonKind, ButtonSize, LinkButton};
pub use card::{Card, CardBody, CardFoot, CardHead};
pub use chips::{Chip, ChipBox};
pub use choice::{Checkbox, Radio, RadioGroup, Switch};
pub use copy::{CopyButton, CopyField};
pub use day_bars::{DayBars, DayCount};
pub use dialog::Dialog;
pub use error_page::ErrorPage;
pub use field::{Field, Wrong, described_by};
pub use icons::{Glyph, Icon, IconSize};
pub use input::{InputKind, TextField, TextInput, Textarea, TextareaField};
pub use logo::{Logo, LogoMark};
pub use month_picker::{MonthDay, MonthPicker, MonthPicture, WeekdayName};
pub use progress::Progress;
pub use provider_mark::{Provider, ProviderButton, ProviderLink, ProviderMark};
pub use public_shell::{PublicShell, PublicWidth};
pub use reminders::{ReminderChoice, Reminders};
pub use select::{Choice, Select, SelectField};
pub use skeleton::{Skeleton, SkeletonShape};
pub use slot_list::{SlotDay, SlotList, SlotRow};
pub use sparkline::Sparkline;
pub use staff_shell::{NavItem, Section, StaffShell, WhoAmI};
pub use stepper::{Step, StepState, Stepper};
pub use table::{Column, DataTable, EmptyState, SortDirection, SortLink};
pub use tabs::{Segments, TabLink, Tabs};
pub use time_grid::{TimeCell, TimeDay, TimeGrid};
pub use timeline::{EntryTone, Timeline, TimelineEntry};
pub use toast::{Toast, Toasts};
pub use week_grid::{BlockKind, NowLine, WeekBlock, WeekDay, WeekGrid, WeekPicture};
pub use week_table::WeekTable;
pub use zone_select::ZoneSelect;

/// Joins class lists, leaving out empty ones.
pub(crate) fn classes(parts: &[&str]) -> String {
    parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(" ")
}

/// "1 time", "4 times", "no times": how many starts work, in words.
pub(crate) fn times(count: u32) -> String {
    match count {
        0 => "no times".to_owned(),
        1 => "1 time".to_owned(),
        more => format!("{more} times"),
    }
}
