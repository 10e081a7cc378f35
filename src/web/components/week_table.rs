//! The week picture as a table: the same data for those who cannot see it or would rather read. Folded up under the picture.

use leptos::prelude::*;

use super::week_grid::{BlockKind, WeekDay, WeekPicture, clock};

/// "09:00-10:30, 13:00-14:00" for one kind of block in one lane of a day; words in slots are kept.
fn stretches(day: &WeekDay, kind: BlockKind, lane: Option<u16>) -> String {
    let mut blocks: Vec<_> = day
        .blocks
        .iter()
        .filter(|block| block.kind == kind && (lane.is_none() || block.lane.is_none() || block.lane == lane))
        .collect();
    blocks.sort_by_key(|block| (block.start, block.end));
    blocks
        .into_iter()
        .map(|block| {
            let span = format!("{}-{}", clock(block.start), clock(block.end));
            if block.label.is_empty() || block.label == clock(block.start) {
                span
            } else {
                format!("{span} ({})", block.label)
            }
        })
        .collect::<Vec<_>>()
        .join(", ")
}

/// One row per day, or per day and person where the picture has lanes; one column per kind that occurs.
#[component]
pub fn WeekTable(week: WeekPicture) -> impl IntoView {
    let kinds: Vec<_> = BlockKind::ALL
        .into_iter()
        .rev()
        .filter(|kind| week.days.iter().any(|day| day.blocks.iter().any(|block| block.kind == *kind)))
        .collect();
    let with_people = !week.lanes.is_empty();
    let lanes: Vec<(Option<u16>, String)> = if with_people {
        week.lanes.iter().zip(0u16..).map(|(name, lane)| (Some(lane), name.clone())).collect()
    } else {
        vec![(None, String::new())]
    };
    let rows = week
        .days
        .iter()
        .flat_map(|day| {
            lanes
                .iter()
                .map(|(lane, person)| {
                    let cells = kinds
                        .iter()
                        .map(|kind| {
                            let words = stretches(day, *kind, *lane);
                            view! { <td data-label=kind.word()>{if words.is_empty() { "none".to_owned() } else { words }}</td> }
                        })
                        .collect_view();
                    let note = (!day.note.is_empty()).then(|| view! { <span class="two">{day.note.clone()}</span> });
                    view! {
                        <tr>
                            <th scope="row">{day.name.clone()} {note}</th>
                            {with_people.then(|| view! { <td data-label="Person">{person.clone()}</td> })}
                            {cells}
                        </tr>
                    }
                })
                .collect::<Vec<_>>()
        })
        .collect_view();
    view! {
        <details class="wg-text">
            <summary>"Show as a table"</summary>
            <div class="table-scroll" role="region" aria-label=format!("{} as a table", week.title) tabindex="0">
                <table class="table table-stack">
                    <caption class="vh">{format!("{}, {}", week.title, week.zone)}</caption>
                    <thead>
                        <tr>
                            <th scope="col">"Day"</th>
                            {with_people.then(|| view! { <th scope="col">"Person"</th> })}
                            {kinds.iter().map(|kind| view! { <th scope="col">{kind.word()}</th> }).collect_view()}
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </details>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::components::week_grid::WeekBlock;

    #[test]
    fn a_cell_lists_its_stretches_in_order_with_their_words() {
        let day = WeekDay {
            blocks: vec![
                WeekBlock::new(BlockKind::Slot, 780, 840).labelled("4 times", "4"),
                WeekBlock::new(BlockKind::Slot, 540, 600).labelled("09:00", "09:00"),
                WeekBlock::new(BlockKind::Busy, 600, 660).in_lane(1),
            ],
            ..WeekDay::default()
        };
        assert_eq!(stretches(&day, BlockKind::Slot, None), "09:00-10:00, 13:00-14:00 (4 times)");
        assert_eq!(
            stretches(&day, BlockKind::Slot, Some(0)),
            "09:00-10:00, 13:00-14:00 (4 times)",
            "slots span all lanes"
        );
        assert_eq!(stretches(&day, BlockKind::Busy, Some(0)), "");
        assert_eq!(stretches(&day, BlockKind::Busy, Some(1)), "10:00-11:00");
    }
}
