//! Hours for somebody without a calendar: half-hour cells on a week, clicked, dragged over or toggled by keyboard. What is
//! painted stands as lines in the plain text field `windows`, which does the same without script.

use leptos::{ev::KeyboardEvent, prelude::*, wasm_bindgen::JsCast};

use super::{ask::Asker, hours};
use crate::web::components::{Glyph, Icon, WeekDay};

/// Minutes per cell.
const CELL: u16 = 30;

/// The grid for one person at a time.
#[component]
pub fn PaintHours(windows: RwSignal<String>, asker: Asker) -> impl IntoView {
    let chosen = RwSignal::new(String::new());
    let people = Memo::new(move |_| {
        asker.live.with(|live| {
            let can_type = live.people.iter().filter(|person| person.can_type);
            can_type.map(|person| (person.email.clone(), person.name.clone())).collect::<Vec<_>>()
        })
    });
    let who = Memo::new(move |_| {
        let chosen = chosen.get();
        people.with(|people| {
            let found = people.iter().find(|(email, _)| *email == chosen).or(people.first());
            found.map(|(email, _)| email.clone()).unwrap_or_default()
        })
    });
    let days = Memo::new(move |_| {
        asker.picture.with(|picture| {
            let view = picture.as_ref().and_then(|picture| picture.views.first());
            view.map(|view| view.week.days.iter().map(bare).collect::<Vec<_>>()).unwrap_or_default()
        })
    });
    let span = Memo::new(move |_| {
        asker.picture.with(|picture| {
            let view = picture.as_ref().and_then(|picture| picture.views.first());
            view.map_or((8, 18), |view| (view.week.first_hour.min(8), view.week.last_hour.max(18)))
        })
    });
    let choice = move || {
        people.with(|people| {
            let options = people.iter().map(|(email, name)| {
                let selected = *email == who.get();
                view! { <option value=email.clone() selected=selected>{name.clone()}</option> }
            });
            options.collect_view()
        })
    };
    view! {
        <div class="stack">
            <label class="row">
                <span class="label">"Hours of"</span>
                <span class="select-wrap">
                    <select class="select" on:change=move |event| chosen.set(event_target_value(&event))>
                        {choice}
                    </select>
                    <Icon glyph=Glyph::ChevronDown class="chevron" />
                </span>
            </label>
            {move || {
                let days = days.get();
                if days.is_empty() || who.with(String::is_empty) {
                    return view! { <p class="hint">"Choose the days and the people first."</p> }.into_any();
                }
                view! { <Cells days span=span.get() who windows asker /> }.into_any()
            }}
        </div>
    }
    .into_any()
}

/// Date, head and name of a day.
type Day = (String, String, String);

fn bare(day: &WeekDay) -> Day {
    (day.date.clone(), day.label.clone(), day.name.clone())
}

fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

#[component]
fn Cells(
    days: Vec<Day>,
    /// First and last hour.
    span: (u8, u8),
    who: Memo<String>,
    windows: RwSignal<String>,
    asker: Asker,
) -> impl IntoView {
    // What a press paints while it lasts: hours, or their absence.
    let brush = StoredValue::new(None::<bool>);
    // A mouse paints when it goes down; the click that follows has nothing left to do. Fingers and keys only click.
    let by_mouse = StoredValue::new(false);
    // The one cell that the Tab key reaches.
    let here = RwSignal::new((0usize, 0usize));
    let rows: Vec<u16> = (u16::from(span.0) * 60..u16::from(span.1) * 60).step_by(usize::from(CELL)).collect();
    let (height, width) = (rows.len(), days.len());
    let set = move |date: &str, start: u16, on: bool| {
        let who = who.get_untracked();
        windows.update(|text| *text = hours::set(text, &who, date, (start, start + CELL), on));
    };
    // Asked when the stroke is over: an answer may move the page under the pointer.
    let lift = move || {
        if brush.get_value().is_some() {
            brush.set_value(None);
            asker.soon();
        }
    };
    let on_key = move |event: KeyboardEvent| {
        let (row, column) = here.get_untracked();
        let to = match event.key().as_str() {
            "ArrowUp" => (row.saturating_sub(1), column),
            "ArrowDown" => ((row + 1).min(height - 1), column),
            "ArrowLeft" => (row, column.saturating_sub(1)),
            "ArrowRight" => (row, (column + 1).min(width - 1)),
            "Home" => (0, column),
            "End" => (height - 1, column),
            _ => return,
        };
        event.prevent_default();
        here.set(to);
        let cell = document().get_element_by_id(&cell_id(to));
        if let Some(cell) = cell.and_then(|cell| cell.dyn_into::<leptos::web_sys::HtmlElement>().ok()) {
            // Only moves the focus; where it cannot go it stays.
            let _ = cell.focus();
        }
    };
    let heads = days.iter().map(|(_, label, name)| {
        view! { <th scope="col" class="p-1 text-xs font-medium" abbr=name.clone()>{label.clone()}</th> }
    });
    let heads = heads.collect_view();
    let lines = rows.into_iter().enumerate().map(|(row, start)| {
        let cells = days.iter().enumerate().map(|(column, (date, _, name))| {
            let covered = {
                let date = date.clone();
                Memo::new(move |_| {
                    let typed = windows.with(|text| who.with(|who| hours::of(text, who, &date)));
                    hours::covers(&typed, (start, start + CELL))
                })
            };
            let (press, pass, click) = (date.clone(), date.clone(), date.clone());
            let label = format!("{name}, {} to {}", clock(start), clock(start + CELL));
            view! {
                <td class="border border-line-soft p-0">
                    <button
                        type="button"
                        id=cell_id((row, column))
                        class="block h-4 w-full cursor-pointer bg-free hover:bg-accent-soft aria-pressed:bg-accent focus-visible:outline-2 focus-visible:-outline-offset-2 pointer-coarse:h-6"
                        aria-label=label
                        aria-pressed=move || covered.get().to_string()
                        tabindex=move || if here.get() == (row, column) { "0" } else { "-1" }
                        on:focus=move |_| here.set((row, column))
                        on:pointerdown=move |event| {
                            by_mouse.set_value(event.pointer_type() != "touch");
                            if by_mouse.get_value() && event.button() == 0 {
                                let on = !covered.get_untracked();
                                brush.set_value(Some(on));
                                set(&press, start, on);
                            }
                        }
                        on:pointerenter=move |event| {
                            if event.buttons() == 0 {
                                lift();
                            }
                            if let Some(on) = brush.get_value() {
                                set(&pass, start, on);
                            }
                        }
                        on:click=move |event| {
                            // A key's click counts no presses.
                            if event.detail() == 0 || !by_mouse.get_value() {
                                set(&click, start, !covered.get_untracked());
                                asker.soon();
                            }
                        }
                    ></button>
                </td>
            }
        });
        let cells = cells.collect_view();
        let hour = (start % 60 == 0).then(|| clock(start));
        view! {
            <tr>
                <th scope="row" class="w-12 pr-2 text-right align-top text-2xs font-normal text-faint num">{hour}</th>
                {cells}
            </tr>
        }
    });
    let lines = lines.collect_view();
    view! {
        <table class="w-full table-fixed border-collapse select-none" on:keydown=on_key on:pointerup=move |_| lift() on:pointerleave=move |_| lift()>
            <caption class="vh">"Half hours of the week. Press a cell to offer it or to take it back."</caption>
            <thead>
                <tr>
                    <td class="w-12"></td>
                    {heads}
                </tr>
            </thead>
            <tbody>{lines}</tbody>
        </table>
    }
    .into_any()
}

fn cell_id((row, column): (usize, usize)) -> String {
    format!("paint-{row}-{column}")
}
