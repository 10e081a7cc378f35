//! One contract for every calendar client: what `Calendar` promises, tried on the one in memory, on
//! Google's, Microsoft's and Apple's against the sandbox, which runs as a child process on ports of its own, and
//! on CalDAV's against a real server, Radicale, which does so too.
//!
//! The sandbox's binary is `$CONVENE_SANDBOX_BIN`, or `convene-sandbox` beside this test's target
//! directory (`cargo build -p convene-sandbox`). Each test against it ends with a look at every request
//! the client sent: `contract/check_requests.mjs` holds them against the vendors' own descriptions.

/// The same cases on every stage; those about guests only where the provider invites them.
macro_rules! on_every_stage {
    ($($case:ident),* $(,)?; with_guests: $($guests:ident),* $(,)?) => {
        on_every_stage!(@all $($case,)* $($guests,)*);
        mod apple_calendar { $(#[tokio::test] async fn $case() { crate::contract::apple::with(async |stage| crate::contract::suite::$case(stage).await).await; })* }
        mod caldav { $(#[tokio::test] async fn $case() { crate::contract::radicale::with(async |stage| crate::contract::suite::$case(stage).await).await; })* }
    };
    (@all $($case:ident,)*) => {
        mod in_memory { $(#[tokio::test] async fn $case() { let stage = crate::contract::memory::MemoryStage::open(); crate::contract::suite::$case(&stage).await; })* }
        mod google { $(#[tokio::test] async fn $case() { crate::contract::vendor::with(crate::contract::vendor::Cast::Google, async |stage| crate::contract::suite::$case(stage).await).await; })* }
        mod outlook_at_work { $(#[tokio::test] async fn $case() { crate::contract::vendor::with(crate::contract::vendor::Cast::OutlookWork, async |stage| crate::contract::suite::$case(stage).await).await; })* }
        mod outlook_at_home { $(#[tokio::test] async fn $case() { crate::contract::vendor::with(crate::contract::vendor::Cast::OutlookPersonal, async |stage| crate::contract::suite::$case(stage).await).await; })* }
    };
}

on_every_stage![
    put_twice_is_one_event_and_one_mail,
    two_puts_at_once_are_one_event,
    a_lost_answer_is_found_again,
    a_lost_answer_to_a_move_is_found_again,
    a_refused_write_changes_nothing,
    an_update_moves_the_same_event,
    cancel_twice_is_one_cancellation,
    cancelling_what_never_was_is_done,
    what_was_placed_unseen_is_found_and_removed,
    a_lost_answer_to_a_cancellation_is_no_trouble,
    what_a_person_deleted_is_gone,
    the_next_generation_is_placed_afresh,
    nobody_is_mailed_unless_asked,
    a_video_meeting_survives_new_words,
    an_alert_is_what_was_asked_for,
    another_alert_goes_along_with_the_next_change,
    what_is_not_there_is_not_found,
    busy_is_what_blocks_and_nothing_else,
    busy_covers_long_windows_and_is_cut_to_them,
    an_unknown_calendar_is_an_error_and_never_free,
    one_calendar_is_the_primary,
    a_calendar_of_a_name_is_made_once,
    a_lost_answer_to_a_new_calendar_makes_no_second,
    a_dead_sign_in_says_so,
    a_limit_says_how_long_to_wait,
    what_changed_since_a_cursor_is_told_once,
    an_older_cursor_is_as_good_as_it_was,
    our_own_writes_are_told_too,
    a_full_read_lists_what_is_there,
    a_forgotten_cursor_says_so,
    what_is_no_cursor_is_a_forgotten_one,
    a_calendar_that_is_not_there_has_no_changes,
    a_dead_sign_in_tells_and_pushes_nothing,
    what_a_person_moved_is_not_overwritten,
    whole_days_a_person_made_are_not_overwritten,
    a_move_of_ours_whose_answer_was_lost_is_nobody_elses,
    what_is_ours_is_found_without_knowing_it,
    changes_are_pushed_until_nobody_watches,
    a_subscription_is_made_longer_or_replaced;
    with_guests:
    an_answer_is_told,
    an_update_changes_the_guests,
    who_comes_is_invited_and_who_leaves_is_told,
    answers_are_read_and_survive_an_update,
];

mod vendors_only {
    use crate::contract::vendor::{self, Cast};

    #[tokio::test]
    async fn someone_elses_change_is_read_and_ours_applied_once_more() {
        for cast in Cast::ALL {
            vendor::with(cast, async |stage| vendor::cases::a_conflict_is_settled_once(stage).await).await;
        }
    }

    #[tokio::test]
    async fn an_unticked_permission_is_named() {
        for cast in Cast::ALL {
            vendor::with(cast, async |stage| vendor::cases::a_missing_permission_is_named(stage).await).await;
        }
    }

    #[tokio::test]
    async fn without_permission_nothing_is_told() {
        for cast in Cast::ALL {
            vendor::with(cast, async |stage| vendor::cases::without_permission_nothing_is_told(stage).await).await;
        }
    }

    #[tokio::test]
    async fn a_token_that_is_none_any_more_is_known() {
        for cast in [Cast::OutlookWork, Cast::OutlookPersonal] {
            vendor::with(cast, async |stage| vendor::cases::a_token_that_is_none_any_more_is_known(stage).await).await;
        }
    }

    #[tokio::test]
    async fn a_calendar_that_fails_inside_free_busy_is_an_error() {
        vendor::with(Cast::Google, async |stage| vendor::cases::a_failed_calendar_is_an_error(stage).await).await;
    }

    #[tokio::test]
    async fn many_calendars_are_few_calls() {
        for cast in Cast::ALL {
            vendor::with(cast, async |stage| vendor::cases::many_calendars_are_few_calls(stage).await).await;
        }
    }

    #[tokio::test]
    async fn an_all_day_entry_takes_its_owners_day() {
        for cast in [Cast::OutlookWork, Cast::OutlookPersonal] {
            vendor::with(cast, async |stage| vendor::cases::an_all_day_entry_takes_its_owners_day(stage).await).await;
        }
    }

    #[tokio::test]
    async fn an_organisation_tells_of_its_people_and_of_nobody_else() {
        for cast in [Cast::Google, Cast::OutlookWork] {
            vendor::with(cast, async |stage| {
                vendor::cases::an_organisation_tells_of_its_people_and_of_nobody_else(stage).await;
            })
            .await;
        }
    }

    #[tokio::test]
    async fn many_people_are_few_calls() {
        for cast in [Cast::Google, Cast::OutlookWork] {
            vendor::with(cast, async |stage| vendor::cases::many_people_are_few_calls(stage).await).await;
        }
    }

    #[tokio::test]
    async fn what_an_organisation_refuses_is_unknown() {
        for cast in [Cast::Google, Cast::OutlookWork] {
            vendor::with(cast, async |stage| vendor::cases::what_an_organisation_refuses_is_unknown(stage).await).await;
        }
    }

    #[tokio::test]
    async fn the_code_flow_signs_in_refreshes_and_revokes() {
        for cast in Cast::ALL {
            vendor::with(cast, async |stage| vendor::cases::the_code_flow(stage).await).await;
        }
    }
}

mod radicale_only {
    use crate::contract::radicale::{self, cases};

    macro_rules! with_radicale {
        ($($case:ident),* $(,)?) => { $(#[tokio::test] async fn $case() { radicale::with(async |stage| cases::$case(stage).await).await; })* };
    }

    with_radicale![
        who_takes_part_stands_in_the_words,
        what_a_person_added_survives_an_update,
        a_conflict_is_settled_once,
        a_move_in_the_last_moment_is_not_overwritten,
        a_server_without_sync_reports_is_compared,
        a_server_that_stops_knowing_sync_reports_is_read_anew,
        an_etag_that_is_not_told_is_asked_for,
        an_event_under_another_name_is_adopted,
        series_and_whole_days_are_counted_off,
        calendars_for_events_are_listed_with_name_and_colour,
        an_account_is_found_from_wherever_one_begins,
    ];
}

mod apple_only {
    use crate::contract::apple::cases;

    #[tokio::test]
    async fn seeded_weeks_are_counted_off() {
        cases::seeded_weeks_are_counted_off().await;
    }

    #[tokio::test]
    async fn a_dead_token_is_known_however_it_is_said() {
        cases::a_dead_token_is_known_however_it_is_said().await;
    }

    #[tokio::test]
    async fn odd_answers_are_understood() {
        cases::odd_answers_are_understood().await;
    }

    #[tokio::test]
    async fn answers_that_are_none_are_named() {
        cases::answers_that_are_none_are_named().await;
    }

    #[tokio::test]
    async fn the_password_stays_with_the_server_that_was_typed() {
        cases::the_password_stays_with_the_server_that_was_typed().await;
    }
}
