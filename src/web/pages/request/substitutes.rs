//! Who could come instead of somebody who declined, each with a button that swaps them.

use leptos::prelude::*;

use super::chosen::interviews;
use crate::{
    booking::swap::{Standing, Substitute},
    web::components::{Button, ButtonSize, LinkButton},
};

/// Why a swap by one click was made.
const DECLINED: &str = "Declined the invitation";

/// The free ones, best first, and the way to everybody else. `None` where nobody was looked for.
#[component]
pub fn Substitutes(
    request: String,
    leaves: String,
    substitutes: Option<Vec<Substitute>>,
    most: usize,
) -> impl IntoView {
    let action = format!("/requests/{request}/swap/{leaves}");
    let was_looked = substitutes.is_some();
    let free = substitutes.unwrap_or_default().into_iter().filter(|one| one.standing == Standing::Free).take(most);
    let lines: Vec<_> = free
        .map(|one| {
            let label = format!("Swap for {}", one.person.name);
            view! {
                <li class="row">
                    <form method="post" action=action.clone()>
                        <input type="hidden" name="comes" value=one.person.id.to_string() />
                        <input type="hidden" name="reason" value=DECLINED />
                        <Button label size=ButtonSize::Small />
                    </form>
                    <span class="hint">{format!("Free, {}", interviews(one.load.week))}</span>
                </li>
            }
        })
        .collect();
    let nobody =
        (was_looked && lines.is_empty()).then(|| view! { <p class="hint">"Nobody is known to be free then."</p> });
    view! {
        <div class="stack">
            {nobody}
            <ul class="stack">{lines}</ul>
            <div>
                <LinkButton label="Choose somebody else" href=action size=ButtonSize::Small />
            </div>
        </div>
    }
}
