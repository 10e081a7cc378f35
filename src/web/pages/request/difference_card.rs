//! What a calendar says otherwise of this interview, above everything else.

use leptos::prelude::*;

use super::{
    Sheet,
    difference_words::Words,
    question::{Acts, Question},
};
use crate::web::components::{Card, CardBody, CardHead, Tone};

#[component]
pub(super) fn Questions(sheet: Sheet, zone: chrono_tz::Tz) -> impl IntoView {
    let cards = sheet.questions.iter().map(|question| {
        let Question { found, substitutes } = question.clone();
        let words = Words::of(&found, &sheet.line.request.candidate_name, |id| sheet.name_of(id));
        let shown = words.shown(zone);
        let shown = (!shown.is_empty()).then(|| {
            view! { <p class="num">{format!("{}: {shown}", found.calendar())}</p> }
        });
        let acts = view! { <Acts found substitutes /> };
        view! {
            <Card tone=Tone::Warning>
                <CardHead title=words.title open=true />
                <CardBody class="stack">
                    <p>{words.means}</p>
                    {shown}
                    {acts}
                </CardBody>
            </Card>
        }
    });
    cards.collect_view()
}
