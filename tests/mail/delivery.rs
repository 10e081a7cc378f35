//! Handing mails over to a real socket, and what each way of failing is called.

use std::time::Duration;

use convene::notifications::{
    Message,
    email::{
        MailError, Mailer, MemoryMailer, SmtpMailer,
        smtp::{Patience, SmtpUrlError},
    },
};

use crate::mail::support::{Receiver, Script, outgoing, sam, sender};

fn mail() -> convene::notifications::email::OutgoingMail {
    let message = Message::Invitation(crate::mail::tree::invitation());
    outgoing(&message, &sam(), 0)
}

fn mailer(url: &str) -> SmtpMailer {
    SmtpMailer::from_url(url, sender()).unwrap_or_else(|e| panic!("{url}: {e}"))
}

async fn sent_to(script: Script) -> (Result<(), MailError>, Receiver) {
    let receiver = Receiver::start(&[script]).await;
    let result = mailer(&receiver.url()).send(&mail()).await;
    (result, receiver)
}

#[tokio::test]
async fn a_mail_arrives_as_it_was_written() {
    let (result, receiver) = sent_to(Script::Accept).await;
    assert_eq!(result, Ok(()));
    let heard = &receiver.heard()[0];
    assert_eq!(heard.commands[1], "MAIL FROM:<invites@convene.example.com>");
    assert_eq!(heard.commands[2], "RCPT TO:<sam@example.net>");
    assert_eq!(heard.commands.iter().filter(|c| c.starts_with("RCPT")).count(), 1, "one mail, one recipient");
    let bytes = mail().to_mime(&sender()).expect("a mail").formatted();
    // The client ends the last line before the dot.
    assert_eq!(receiver.mails()[0].strip_suffix(b"\r\n"), Some(bytes.as_slice()));
    assert!(bytes.is_ascii() && bytes.split(|b| *b == b'\n').all(|line| line.len() <= 999), "fit for any relay");
}

#[tokio::test]
async fn a_server_that_defers_is_asked_later() {
    for (script, code, wait) in [
        (Script::Answer("RCPT", "451 4.7.1 Greylisted, please try again in 300 seconds"), 451, Some(300)),
        (Script::Answer("RCPT", "450 4.2.0 Greylisted for 5 minutes"), 450, Some(300)),
        (Script::Answer("RCPT", "451 try again in 99999999999 seconds"), 451, Some(3600)),
        (Script::Answer("MAIL", "452 4.3.1 Insufficient system storage"), 452, None),
        (Script::Answer("DATA", "421 4.3.2 shutting down"), 421, None),
        (Script::AnswerMail("451 4.3.0 local error"), 451, None),
    ] {
        match sent_to(script).await.0 {
            Err(error @ MailError::Transient { code: got, .. }) => {
                assert_eq!(got, code, "{script:?}");
                assert_eq!(error.retry_after(), wait.map(Duration::from_secs), "{script:?}");
                assert!(error.is_retryable());
            }
            other => panic!("{script:?}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_refused_mail_is_not_tried_again() {
    for (script, code) in [
        (Script::Answer("RCPT", "550 5.1.1 no such user"), 550),
        (Script::Answer("MAIL", "553 5.1.8 sender refused"), 553),
        (Script::AnswerMail("554 5.7.1 looks like spam"), 554),
    ] {
        let error = sent_to(script).await.0.expect_err("refused");
        assert!(matches!(error, MailError::Permanent { code: Some(got), .. } if got == code), "{script:?}: {error:?}");
        assert!(!error.is_retryable());
        assert!(
            !error.to_string().contains("no such user") && !error.detail().is_empty(),
            "the server's text is detail"
        );
    }
}

#[tokio::test]
async fn a_server_that_cannot_be_used_says_nothing_about_the_mail() {
    for script in [
        Script::Greet("554 5.3.2 no service here"),
        Script::Greet("421 too many connections"),
        Script::Greet("not smtp at all"),
        Script::DropAt("EHLO"),
        Script::DropAt("MAIL"),
        Script::DropAt("RCPT"),
        Script::DropAt("DATA"),
    ] {
        let (result, receiver) = sent_to(script).await;
        assert!(matches!(result, Err(MailError::Unavailable { .. })), "{script:?}: {result:?}");
        assert!(receiver.mails().is_empty());
    }
    let closed =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port");
    let result = mailer(&format!("smtp://{closed}")).send(&mail()).await;
    assert!(matches!(result, Err(MailError::Unavailable { .. })), "{result:?}");
}

#[tokio::test]
async fn a_connection_lost_after_the_mail_leaves_the_outcome_open() {
    let receiver = Receiver::start(&[Script::DropAfterMail]).await;
    let mailer = mailer(&receiver.url());
    let first = mailer.send(&mail()).await;
    assert!(matches!(first, Err(MailError::UnknownOutcome { .. })), "{first:?}");
    assert_eq!(mailer.send(&mail()).await, Ok(()));
    let mails = receiver.mails();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0], mails[1], "the second try is the same mail, its Message-ID included");
}

#[tokio::test]
async fn a_server_that_falls_silent_after_the_mail_leaves_the_outcome_open() {
    let receiver = Receiver::start(&[Script::SilentAfterMail]).await;
    let patience = Patience { delivery: Duration::from_millis(300), ..Patience::default() };
    let result = mailer(&receiver.url()).with_patience(patience).send(&mail()).await;
    assert!(matches!(result, Err(MailError::UnknownOutcome { .. })), "{result:?}");
}

#[tokio::test]
async fn without_tls_nothing_is_said() {
    for (extensions, script) in [
        (&["8BITMIME", "AUTH PLAIN LOGIN"][..], Script::Accept),
        (&["STARTTLS", "AUTH PLAIN"][..], Script::Answer("STARTTLS", "454 4.7.0 TLS not available")),
        // Says yes and goes on in plain text.
        (&["STARTTLS", "AUTH PLAIN"][..], Script::Answer("STARTTLS", "220 go ahead")),
    ] {
        let receiver = Receiver::with_extensions(&[script], extensions).await;
        let url = format!("smtp://user:secret@127.0.0.1:{}?tls=required", receiver.port);
        let patience = Patience { dialogue: Duration::from_secs(2), ..Patience::default() };
        let result = mailer(&url).with_patience(patience).send(&mail()).await;
        assert!(matches!(result, Err(MailError::Unavailable { .. })), "{result:?}");
        let said = receiver.heard()[0].commands.join("\n").to_ascii_uppercase();
        assert!(!said.contains("AUTH") && !said.contains("MAIL FROM"), "said in plain text: {said}");
        assert!(receiver.mails().is_empty());
    }
    let receiver = Receiver::start(&[]).await;
    let patience = Patience { dialogue: Duration::from_secs(2), ..Patience::default() };
    let url = format!("smtps://user:secret@127.0.0.1:{}", receiver.port);
    let result = mailer(&url).with_patience(patience).send(&mail()).await;
    assert!(matches!(result, Err(MailError::Unavailable { .. })), "{result:?}");
    assert!(receiver.mails().is_empty());
}

#[tokio::test]
async fn a_refused_sign_in_is_not_the_mails_fault() {
    let scripts = [Script::Answer("AUTH", "535 5.7.8 bad credentials"), Script::Answer("AUTH", "235 2.7.0 welcome")];
    let receiver = Receiver::with_extensions(&scripts, &["AUTH PLAIN"]).await;
    let mailer = mailer(&format!("smtp://us%40er:p%C3%A4ss@127.0.0.1:{}", receiver.port));
    let refused = mailer.send(&mail()).await;
    assert!(matches!(refused, Err(MailError::Unavailable { .. })), "{refused:?}");
    assert_eq!(mailer.send(&mail()).await, Ok(()));
    // base64 of NUL us@er NUL päss
    assert_eq!(receiver.heard()[1].commands[1], "AUTH PLAIN AHVzQGVyAHDDpHNz");
}

#[tokio::test]
async fn check_greets_and_sends_nothing() {
    let receiver = Receiver::start(&[Script::Accept, Script::Answer("NOOP", "421 going down")]).await;
    let mailer = mailer(&receiver.url());
    assert_eq!(mailer.check().await, Ok(()));
    assert!(receiver.heard()[0].commands.iter().any(|command| command == "NOOP"));
    let down = mailer.check().await;
    assert!(matches!(down, Err(MailError::Unavailable { .. })), "{down:?}");
    assert!(receiver.heard().iter().all(|heard| heard.mail.is_none()));
}

#[tokio::test]
async fn addresses_beyond_ascii_need_a_server_that_knows_them() {
    let to =
        convene::notifications::Recipient::new("jörg@example.org", "Jörg", chrono_tz::Tz::UTC).expect("a recipient");
    let mail = outgoing(&Message::Invitation(crate::mail::tree::invitation()), &to, 0);
    let plain = Receiver::start(&[]).await;
    let refused = mailer(&plain.url()).send(&mail).await;
    assert!(matches!(refused, Err(MailError::Permanent { code: None, .. })), "{refused:?}");
    let modern = Receiver::with_extensions(&[], &["8BITMIME", "SMTPUTF8"]).await;
    assert_eq!(mailer(&modern.url()).send(&mail).await, Ok(()));
    assert!(modern.heard()[0].commands.iter().any(|c| c.starts_with("MAIL") && c.contains("SMTPUTF8")));
}

#[test]
fn settings_are_read_strictly() {
    for good in [
        "smtps://user:pass@mail.example.com",
        "smtp://user:pass@mail.example.com:587",
        "smtp://mail.example.com?tls=required",
        "smtp://127.0.0.1:1025",
        "smtp://[::1]:1025",
        "smtp://localhost/mail.example.com",
    ] {
        assert!(SmtpMailer::from_url(good, sender()).is_ok(), "{good} was refused");
    }
    for (bad, error) in [
        ("", SmtpUrlError::NotAUrl),
        ("mail.example.com:587", SmtpUrlError::Scheme),
        ("http://mail.example.com", SmtpUrlError::Scheme),
        ("smtp://", SmtpUrlError::Host),
        ("smtp://mail.example.com?tls=none", SmtpUrlError::Parameter),
        ("smtp://mail.example.com?tls=opportunistic", SmtpUrlError::Parameter),
        ("smtp://user@mail.example.com", SmtpUrlError::Credentials),
        ("smtp://user:%zz@mail.example.com", SmtpUrlError::Credentials),
        ("smtp://user:a%0d%0ab@mail.example.com", SmtpUrlError::Credentials),
        ("smtp://mail.example.com/a%20b", SmtpUrlError::Path),
    ] {
        assert_eq!(SmtpMailer::from_url(bad, sender()).err(), Some(error), "{bad}");
    }
}

#[tokio::test]
async fn the_memory_mailer_keeps_and_fails_on_demand() {
    let mailer = MemoryMailer::new(sender());
    mailer.fail_next(MailError::Unavailable { detail: "down".to_owned() });
    assert!(mailer.send(&mail()).await.is_err());
    assert_eq!(mailer.send(&mail()).await, Ok(()));
    assert!(mailer.sent() == [mail()]);
    let mut wrong = mail();
    wrong.content.ics = wrong.content.ics.map(|(_, ics)| (convene::calendars::ical::Method::Cancel, ics));
    assert!(matches!(mailer.send(&wrong).await, Err(MailError::Permanent { code: None, .. })));
}
