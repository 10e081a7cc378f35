//! `/requests/{id}/move`: the coordinator chooses another of the open times.

use chrono::NaiveDate;
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use crate::{
    booking::{self, BookError, Booking, Key, offer, sitting},
    error::AppError,
    ids::RequestId,
    notifications::when,
    requests,
    web::{
        again::{Attempt, problem},
        components::{Booker, Button, ButtonKind, EmptyState, Glyph, MonthPicker, Section, SlotList},
        pages::{
            booking::picture::Times,
            staff::{Desk, Frame, desk},
        },
    },
};

#[component]
pub fn MoveRequestPage() -> impl IntoView {
    let id = use_params_map().read_untracked().get("id").unwrap_or_default();
    let asked: Option<NaiveDate> = use_query_map().read_untracked().get("day").and_then(|day| day.parse().ok());
    let attempt = use_context::<Attempt<()>>();
    desk(move |desk: Desk| async move {
        let id: RequestId = id.parse().map_err(|_| AppError::not_found())?;
        let member = desk.me().clone();
        let db = desk.state.store.reader();
        let request = requests::find(db, member.org, id).await?.ok_or_else(AppError::not_found)?;
        let booking =
            booking::latest(db, member.org, id).await?.filter(Booking::is_live).ok_or(BookError::NotBooked)?;
        let panel = sitting::panel(db, &request).await?;
        let turn = desk.state.searches.turn().await?;
        let answer = offer::open_slots(&desk.state, &request, &panel).await?;
        drop(turn);
        let times = Times::new(answer.slots().map(|slot| slot.start()), request.duration, member.clock(), booking.zone);
        let today = desk.state.clock.now().with_timezone(&member.clock()).date_naive();
        let path = format!("/requests/{id}");
        let problem = problem(attempt.as_ref(), &[]);
        let choice = match times.day_shown(asked) {
            None => view! {
                <EmptyState glyph=Glyph::CalendarX title="No other time is open" sentence="Nobody is free at the same time within this request's days." />
            }
            .into_any(),
            Some(day) => {
                let slots = times.slot_day(day);
                let many = slots.slots.len() > 8;
                let action = format!("{path}/move");
                let href = { let action = action.clone(); move |day: NaiveDate| format!("{action}?day={day}") };
                view! {
                    <Booker>
                        <section class="pane pane-month" aria-label="Choose a day">
                            <MonthPicker month=times.month(day, today, href) />
                        </section>
                        <form method="post" action=format!("{action}?day={day}") class="pane pane-times">
                            <input type="hidden" name="key" value=Key::fresh() />
                            <SlotList days=vec![slots] name="start" two_columns=many />
                            <Button label="Move interview" kind=ButtonKind::Primary block=true class="mt-4" />
                            <p class="hint mt-3">"Everyone is told, and calendars follow."</p>
                        </form>
                    </Booker>
                }
                .into_any()
            }
        };
        Ok(view! {
            <Frame
                desk
                title="Move interview"
                sub=format!("{}, now {}", request.candidate_name, when::span(booking.span, member.clock()))
                current=Section::Requests
                back=(request.candidate_name.clone(), path)
            >
                {problem}
                {choice}
            </Frame>
        })
    })
}
