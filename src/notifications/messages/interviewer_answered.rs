use crate::notifications::{Recipient, letter::Letter, link::Link};

/// To a coordinator whose requests waited for somebody: they connected their calendar or gave times.
#[derive(Clone, PartialEq, Eq)]
pub struct InterviewerAnswered {
    pub interviewer: String,
    pub how: Answered,
    /// The open requests they take part in.
    pub requests: Vec<AnsweredRequest>,
    /// The request's page, or the list of several.
    pub link: Link,
}

/// How somebody answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    Connected,
    GaveTimes,
}

/// One request, with the times it offers now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnsweredRequest {
    pub candidate: String,
    pub interview_type: String,
    pub times: usize,
}

impl InterviewerAnswered {
    pub(crate) fn letter(&self, _: &Recipient) -> Letter {
        let Self { interviewer, .. } = self;
        let name = super::short_title(interviewer);
        let (did, means) = match self.how {
            Answered::Connected => {
                ("connected their calendar", "Their calendar decides now; times typed for them no longer do.")
            }
            Answered::GaveTimes => ("gave times", "They are asked for nothing else; the times they gave count now."),
        };
        let letter = Letter::new(&format!("{name} {did}"), &format!("{name} {did}"))
            .say(&format!("{interviewer} {did}. {means}"));
        let letter = self.requests.iter().fold(letter, |letter, request| {
            let times = match request.times {
                0 => "no times open".to_owned(),
                1 => "1 time open".to_owned(),
                more => format!("{more} times open"),
            };
            letter.fact(&format!("{}, {}", request.candidate, request.interview_type), &times)
        });
        let label = if self.requests.len() == 1 { "Open the request" } else { "Open the requests" };
        letter.button(label, &self.link).footer_for_members()
    }
}
