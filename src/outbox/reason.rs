//! Why a promise is not kept yet, or never will be: a code for the database, a sentence of ours for people.
//!
//! What a provider, a mail server, the database or a panic said itself is for the log only.

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $code:literal: $sentence:literal,)*) => {
        /// A known reason.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Reason { $($(#[$doc])* $name,)* }

        impl Reason {
            const ALL: &[Self] = &[$(Self::$name,)*];

            /// As stored; stable.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// For people, with its full stop.
            pub fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)* }
            }
        }
    };
}

reasons! {
    SignInExpired = "sign_in_expired": "The sign-in to the calendar has expired. Sign in again to go on.",
    PermissionMissing = "permission_missing": "Permission to write to the calendar is missing. Sign in again and allow it.",
    ReadPermissionMissing = "read_permission_missing": "Permission to see when its owner is busy is missing. They have to sign in again and allow it.",
    CalendarGone = "calendar_gone": "A calendar that is to be read is no longer in the account. Its owner has to choose again.",
    NotConnected = "not_connected": "The calendar is no longer connected.",
    NotSetUp = "not_set_up": "Calendars of this provider are not set up on this server.",
    RateLimited = "rate_limited": "The calendar asked us to slow down.",
    Gone = "gone": "The calendar, or the event that stood in it, is no longer there.",
    Conflict = "conflict": "Somebody else changed the event in the calendar at the same moment.",
    Moved = "moved": "Somebody gave the event another time in the calendar.",
    Unavailable = "unavailable": "The calendar did not answer.",
    UnknownOutcome = "unknown_outcome": "The calendar did not say whether it took the event.",
    Rejected = "rejected": "The calendar refused the event.",
    /// Of a held booking.
    CalendarSilent = "calendar_silent": "A calendar has not answered yet.",
    HoldUnsettled = "hold_unsettled": "The time that was kept could be neither confirmed nor released.",
    MailDeferred = "mail_deferred": "The mail server asked to try again later.",
    MailRefused = "mail_refused": "The mail server refused the mail.",
    MailUnavailable = "mail_unavailable": "The mail server cannot be used at the moment.",
    MailUnanswered = "mail_unanswered": "The mail server did not say whether it took the mail.",
    MailUnreadable = "mail_unreadable": "The stored mail cannot be read.",
    MailOvertaken = "mail_overtaken": "The interview was moved or cancelled meanwhile.",
    MailTooLate = "mail_too_late": "The interview had begun before the mail could go.",
    NoteKeyRefused = "note_key_refused": "The applicant-tracking system did not accept this server's key.",
    NoteUnknownApplication = "note_unknown_application": "The applicant-tracking system knows no application with this ID.",
    NoteRefused = "note_refused": "The applicant-tracking system refused the note.",
    NoteDeferred = "note_deferred": "The applicant-tracking system asked us to slow down.",
    NoteUnavailable = "note_unavailable": "The applicant-tracking system did not answer.",
    NoteUnanswered = "note_unanswered": "The applicant-tracking system did not say whether it took the note.",
    NoteSwitchedOff = "note_switched_off": "No applicant-tracking system is set up on this server any more.",
    WebhookRefused = "webhook_refused": "The webhook's server did not take it.",
    WebhookUnanswered = "webhook_unanswered": "The webhook's server did not answer.",
    KeyMissing = "key_missing": "A key that this server needs is missing.",
    Database = "database": "The database failed.",
    BrokeOff = "broke_off": "Something failed on our side.",
    TookTooLong = "took_too_long": "It took too long.",
    OtherVersion = "other_version": "It was promised by another version of Convene.",
}

impl Reason {
    /// Reads a stored code; an empty one is no reason.
    pub fn stored(code: &str) -> Option<Self> {
        if code.is_empty() {
            return None;
        }
        // A code of another version tells nothing that this one could explain.
        Some(Self::ALL.iter().copied().find(|reason| reason.code() == code).unwrap_or(Self::BrokeOff))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_back_and_told_apart() {
        for reason in Reason::ALL {
            assert_eq!(Reason::stored(reason.code()), Some(*reason));
            assert!(reason.sentence().ends_with('.'), "{reason:?}");
        }
        assert_eq!(Reason::stored(""), None);
        assert_eq!(Reason::stored("of_tomorrow"), Some(Reason::BrokeOff));
    }
}
