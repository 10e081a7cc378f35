//! What an operator counts: how many, how long, with which outcome. Prometheus reads it from `/metrics`
//! (`web/scrape.rs` serves that); `docs/operations.md` says what each number means and when to worry.
//!
//! Each kind of thing is recorded in one place: jobs where the worker settles them, calls where they leave, requests where they
//! are logged. This folder knows nobody, and everybody may name it. What only the database knows (how many jobs wait) is not
//! recorded here but read when somebody asks ([`now`]).
//!
//! What a newcomer would get wrong: a label is never an id, an address or a name, and never anything that somebody outside chose:
//! every value is a word of this program. The numbers are this process's own, whatever number of apps run in it.

use std::{sync::OnceLock, time::Duration};

use ::metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram, with_local_recorder,
};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

/// Upper bounds in seconds of what takes up to a minute: requests, jobs, calls to providers.
const SECONDS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0];
/// Of what may take as long as a calendar stays silent.
const DELAYS: [f64; 13] = [0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 300.0, 900.0, 3600.0];

const HTTP: &str = "convene_http_request_seconds";
const JOB: &str = "convene_job_seconds";
const CALL: &str = "convene_provider_call_seconds";
const APPLIED: &str = "convene_push_applied_seconds";
const PUSHES: &str = "convene_pushes_total";
const SYNCS: &str = "convene_sync_attempts_total";
const REFRESHES: &str = "convene_token_refreshes_total";
const MAILS: &str = "convene_mails_total";
const DEAD: &str = "convene_dead_letters_total";
const ALERTS: &str = "convene_sync_alerts_total";
const STREAMS: &str = "convene_live_streams";
const JOBS_NOW: &str = "convene_jobs";
const OLDEST: &str = "convene_jobs_oldest_seconds";
const CONNECTIONS: &str = "convene_connections";
const ALERTS_NOW: &str = "convene_sync_alerts";
const DATABASE: &str = "convene_database_up";
const BUILD: &str = "convene_build_info";

static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Begins to count, once in a process. Before that, recording does nothing and costs next to nothing.
pub fn begin() {
    HANDLE.get_or_init(|| {
        let recorder = recorder().inspect_err(|error| tracing::error!(%error, "nothing is counted")).ok()?;
        let handle = recorder.handle();
        // Refused if somebody else counts in this process; then their numbers are not ours to show.
        ::metrics::set_global_recorder(recorder).ok()?;
        describe();
        Some(handle)
    });
}

/// What was counted so far, as Prometheus reads it (text exposition format 0.0.4); nothing before [`begin`].
pub fn counted() -> String {
    HANDLE.get().and_then(Option::as_ref).map(PrometheusHandle::render).unwrap_or_default()
}

/// Frees what histograms gathered since the last look. To be called now and then, whether or not anybody asks.
pub fn upkeep() {
    if let Some(handle) = HANDLE.get().and_then(Option::as_ref) {
        handle.run_upkeep();
    }
}

/// How many jobs of a kind are in a state.
#[derive(Clone, Debug, PartialEq)]
pub struct Jobs {
    pub kind: String,
    /// `due`, `later`, `running`, `parked` or `dead`.
    pub state: &'static str,
    pub count: u64,
    /// How long the oldest of them has been in it; of those to be run later nothing.
    pub oldest: Option<Duration>,
}

/// What only the database knows, and holds for all processes on it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Now {
    pub jobs: Vec<Jobs>,
    /// Provider, status, and how many.
    pub connections: Vec<(String, String, u64)>,
    /// People whose calendars fail again and again.
    pub alerts: u64,
}

/// What is so at this moment, as Prometheus reads it; without an answer only that the database gave none. Made anew each time, so
/// that what is no more has no line.
pub fn now(now: Option<&Now>) -> String {
    let Ok(recorder) = recorder() else { return String::new() };
    let handle = recorder.handle();
    with_local_recorder(&recorder, || {
        describe_gauge!(JOBS_NOW, "Jobs by kind and state");
        describe_gauge!(OLDEST, Unit::Seconds, "How long the oldest job has been in this state");
        describe_gauge!(CONNECTIONS, "Calendar accounts by provider and status");
        describe_gauge!(ALERTS_NOW, "People whose calendars fail again and again");
        describe_gauge!(BUILD, "The version that runs");
        gauge!(BUILD, "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        describe_gauge!(DATABASE, "Whether the database said how things stand");
        gauge!(DATABASE).set(if now.is_some() { 1.0 } else { 0.0 });
        let Some(now) = now else { return };
        gauge!(ALERTS_NOW).set(whole(now.alerts));
        for jobs in &now.jobs {
            gauge!(JOBS_NOW, "kind" => jobs.kind.clone(), "state" => jobs.state).set(whole(jobs.count));
            if let Some(oldest) = jobs.oldest {
                gauge!(OLDEST, "kind" => jobs.kind.clone(), "state" => jobs.state).set(oldest.as_secs_f64());
            }
        }
        for (provider, status, count) in &now.connections {
            gauge!(CONNECTIONS, "provider" => provider.clone(), "status" => status.clone()).set(whole(*count));
        }
    });
    handle.render()
}

/// One answered request. `route` is the route's template, `status` its HTTP status.
pub fn request(method: &'static str, route: &'static str, status: u16, took: Duration) {
    histogram!(HTTP, "method" => method, "route" => route, "class" => class(status)).record(took);
}

/// One try of a job: `done`, `later`, `retry`, `parked`, `dead` or `overtaken`.
pub fn job(kind: &'static str, outcome: &'static str, took: Duration) {
    histogram!(JOB, "kind" => kind, "outcome" => outcome).record(took);
    if outcome == "dead" {
        counter!(DEAD, "kind" => kind).increment(1);
    }
}

/// One call to a provider's calendar. Without a status no whole answer came.
pub fn provider_call(provider: &'static str, action: &'static str, status: Option<u16>, took: Duration) {
    let outcome = match status {
        None => "no_answer",
        Some(429) => "429",
        Some(status) => class(status),
    };
    histogram!(CALL, "provider" => provider, "action" => action, "outcome" => outcome).record(took);
}

/// One try to bring a calendar and Convene in step: `in` reads it, `out` writes to it. `outcome` is `ok` or a known reason's code.
pub fn sync_attempt(provider: &'static str, direction: &'static str, outcome: &'static str) {
    counter!(SYNCS, "provider" => provider, "direction" => direction, "outcome" => outcome).increment(1);
}

/// One renewal of a token: `ok`, `expired`, `misconfigured` or `unavailable`.
pub fn token_refresh(provider: &'static str, outcome: &'static str) {
    counter!(REFRESHES, "provider" => provider, "outcome" => outcome).increment(1);
}

/// One try to hand over a mail: `sent`, `dropped` (it had no sense any more), `deferred`, `refused`, `unavailable` or `unanswered`.
pub fn mail(outcome: &'static str) {
    counter!(MAILS, "outcome" => outcome).increment(1);
}

/// One push of a provider: `taken`, or why it was not.
pub fn push_received(provider: &'static str, outcome: &'static str) {
    counter!(PUSHES, "provider" => provider, "outcome" => outcome).increment(1);
}

/// How long after a provider said that something changed the change was true here.
pub fn observe_push_applied(provider: &'static str, delay: Duration) {
    histogram!(APPLIED, "provider" => provider).record(delay);
}

/// Administrators were told that somebody's calendar of this provider fails again and again.
pub fn sync_alert(provider: &'static str) {
    counter!(ALERTS, "provider" => provider).increment(1);
}

/// How many pages of this process are open and follow what happens.
pub fn live_streams(open: usize) {
    gauge!(STREAMS).set(whole(u64::try_from(open).unwrap_or(u64::MAX)));
}

fn class(status: u16) -> &'static str {
    match status {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}

/// Exact up to 2^53, which is more than there is of anything here.
#[allow(clippy::cast_precision_loss, reason = "see above")]
fn whole(count: u64) -> f64 {
    count as f64
}

fn recorder() -> Result<PrometheusRecorder, BuildError> {
    let full = |name: &str| Matcher::Full(name.to_owned());
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(full(HTTP), &SECONDS)?
        .set_buckets_for_metric(full(JOB), &SECONDS)?
        .set_buckets_for_metric(full(CALL), &SECONDS)?
        .set_buckets_for_metric(full(APPLIED), &DELAYS)?;
    Ok(builder.build_recorder())
}

fn describe() {
    describe_histogram!(HTTP, Unit::Seconds, "How long requests took, by route and class of status");
    describe_histogram!(JOB, Unit::Seconds, "How long tries of jobs took, by what became of them");
    describe_histogram!(CALL, Unit::Seconds, "How long calls to providers' calendars took");
    describe_histogram!(APPLIED, Unit::Seconds, "From a provider's push until its change was true here");
    describe_counter!(PUSHES, "Pushes of providers");
    describe_counter!(SYNCS, "Tries to read a calendar (in) or to write to it (out)");
    describe_counter!(REFRESHES, "Renewals of access tokens");
    describe_counter!(MAILS, "Tries to hand over a mail");
    describe_counter!(DEAD, "Jobs that were given up");
    describe_counter!(ALERTS, "Episodes in which somebody's calendar failed again and again");
    describe_gauge!(STREAMS, "Open pages that follow what happens");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is recorded by `story`, and nothing else.
    fn recorded(story: impl FnOnce()) -> String {
        let recorder = recorder().expect("the buckets are good");
        let handle = recorder.handle();
        with_local_recorder(&recorder, story);
        handle.render()
    }

    #[test]
    fn what_is_recorded_is_read_with_its_labels() {
        let text = recorded(|| {
            sync_attempt("google", "out", "ok");
            sync_attempt("google", "out", "ok");
            provider_call("microsoft", "events.create", Some(201), Duration::from_millis(80));
            provider_call("microsoft", "events.create", Some(429), Duration::from_millis(8));
            provider_call("apple", "put", None, Duration::from_secs(20));
            job("send_message", "dead", Duration::from_millis(3));
            observe_push_applied("google", Duration::from_secs(3));
        });
        for line in [
            r#"convene_sync_attempts_total{provider="google",direction="out",outcome="ok"} 2"#,
            r#"convene_provider_call_seconds_bucket{provider="microsoft",action="events.create",outcome="2xx",le="0.1"} 1"#,
            r#"convene_provider_call_seconds_bucket{provider="microsoft",action="events.create",outcome="2xx",le="0.05"} 0"#,
            r#"convene_provider_call_seconds_count{provider="microsoft",action="events.create",outcome="429"} 1"#,
            r#"convene_provider_call_seconds_count{provider="apple",action="put",outcome="no_answer"} 1"#,
            r#"convene_dead_letters_total{kind="send_message"} 1"#,
            r#"convene_push_applied_seconds_bucket{provider="google",le="5"} 1"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn what_is_no_more_has_no_line() {
        let jobs =
            |kind: &str| Jobs { kind: kind.into(), state: "due", count: 3, oldest: Some(Duration::from_secs(7)) };
        let first = now(Some(&Now { jobs: vec![jobs("place_event"), jobs("remind")], ..Now::default() }));
        assert!(first.contains(r#"convene_jobs{kind="remind",state="due"} 3"#), "{first}");
        assert!(first.contains(r#"convene_jobs_oldest_seconds{kind="remind",state="due"} 7"#), "{first}");
        let second = now(Some(&Now { jobs: vec![jobs("place_event")], ..Now::default() }));
        assert!(second.contains("place_event") && !second.contains("remind"), "{second}");
    }
}
