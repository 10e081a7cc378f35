//! What the mail tests share: sample values, golden files, and a small SMTP receiver.

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use convene::{
    calendars::ical::{Attendee, Invitation, Method, PartStat, Party, Status},
    notifications::{
        Message, Recipient,
        address::{Mailbox, MessageId},
        email::OutgoingMail,
    },
    scheduling::interval::Interval,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

pub fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

pub fn span(start: &str, end: &str) -> Interval {
    Interval::new(at(start), at(end)).expect("a span")
}

pub fn link<T: std::str::FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    text.parse().expect(text)
}

pub fn sender() -> Mailbox {
    "Convene <invites@convene.example.com>".parse().expect("a sender")
}

pub fn sam() -> Recipient {
    Recipient::new("sam@example.net", "Sam Candidate", Tz::Europe__Berlin).expect("a recipient")
}

pub fn dana() -> Recipient {
    Recipient::new("dana@example.com", "Dana Cole", Tz::America__New_York).expect("a recipient")
}

/// The interview all golden files are about: Tuesday 9 March 2027, 15:00 in Berlin and 09:00 in New York.
pub fn event(method: Method) -> Invitation {
    let attendee = |email: &str, name: &str, optional| Attendee {
        email: link(email),
        name: name.to_owned(),
        optional,
        partstat: PartStat::NeedsAction,
    };
    Invitation {
        method,
        uid: "0195a1b2c3d47e5f8a9b0c1d2e3f4a5b@convene.example.com".to_owned(),
        sequence: 0,
        dtstamp: at("2027-03-01T10:00:00Z"),
        span: span("2027-03-09T14:00:00Z", "2027-03-09T14:45:00Z"),
        summary: "Interview: Backend engineer, first round".to_owned(),
        description:
            "Join: https://meet.example.com/abc\nMove or cancel: https://convene.example.com/b/x\nFragen? Wir \
                      antworten gern; schreiben Sie Dana."
                .to_owned(),
        location: Some("https://meet.example.com/abc".to_owned()),
        url: Some(link("https://meet.example.com/abc")),
        organizer: Party { email: link("invites@convene.example.com"), name: "Dana Cole".to_owned() },
        attendees: vec![
            attendee("sam@example.net", "Sam Candidate", false),
            attendee("jörg@example.org", "Jörg \"JJ\" Interviewer; Ph.D.", false),
            attendee("raj@example.org", "Raj Observer", true),
        ],
        status: Status::Confirmed,
    }
}

pub fn outgoing(message: &Message, to: &Recipient, sequence: u32) -> OutgoingMail {
    OutgoingMail {
        id: MessageId::derive("convene.example.com", "bkg_0195a1b2", &to.email, message.kind(), sequence),
        to: Mailbox { address: to.email.clone(), name: Some(to.name.clone()) },
        reply_to: Some("Dana Cole <dana@example.com>".parse().expect("a mailbox")),
        date: at("2027-03-01T10:00:00Z"),
        content: message.render(to),
    }
}

/// Compares with the file of that name, byte by byte. `UPDATE_GOLDEN=1` writes it instead, for a person to review.
pub fn golden(name: &str, actual: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/mail/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, actual).expect("the golden file is written");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert!(expected == actual, "{name} differs from what is written now:\n{actual}");
}

/// What the receiver does with the next connection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Script {
    Accept,
    /// Answers the command that begins with the first text by the second.
    Answer(&'static str, &'static str),
    /// Answers the mail itself by this.
    AnswerMail(&'static str),
    /// Reads the mail, keeps it, and hangs up without an answer.
    DropAfterMail,
    /// Hangs up instead of answering this command.
    DropAt(&'static str),
    /// Never answers the mail.
    SilentAfterMail,
    /// Greets by this and hangs up.
    Greet(&'static str),
}

/// One conversation as the receiver saw it.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    pub commands: Vec<String>,
    /// The mail with dots unstuffed, if one came through to its end.
    pub mail: Option<Vec<u8>>,
}

/// A small SMTP server on loopback: a real socket, one scripted behaviour per connection, then acceptance.
pub struct Receiver {
    pub port: u16,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Receiver {
    pub async fn start(scripts: &[Script]) -> Self {
        Self::with_extensions(scripts, &["8BITMIME"]).await
    }

    pub async fn with_extensions(scripts: &[Script], extensions: &'static [&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let mut scripts: VecDeque<Script> = scripts.iter().copied().collect();
        let store = heard.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let script = scripts.pop_front().unwrap_or(Script::Accept);
                let index = {
                    let mut heard = store.lock().expect("no panic while locked");
                    heard.push(Heard::default());
                    heard.len() - 1
                };
                let store = store.clone();
                // A connection that the client gives up is no failure of the receiver.
                tokio::spawn(async move {
                    let _ = converse(stream, script, extensions, |keep| {
                        keep(&mut store.lock().expect("no panic while locked")[index]);
                    })
                    .await;
                });
            }
        });
        Self { port, heard }
    }

    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    pub fn heard(&self) -> Vec<Heard> {
        self.heard.lock().expect("no panic while locked").clone()
    }

    /// All mails that came through to their end, accepted or not.
    pub fn mails(&self) -> Vec<Vec<u8>> {
        self.heard().into_iter().filter_map(|heard| heard.mail).collect()
    }
}

async fn converse(
    stream: TcpStream,
    script: Script,
    extensions: &[&str],
    keep: impl Fn(&dyn Fn(&mut Heard)),
) -> std::io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    if let Script::Greet(greeting) = script {
        return writer.write_all(format!("{greeting}\r\n").as_bytes()).await;
    }
    writer.write_all(b"220 mx.test ESMTP\r\n").await?;
    let mut line = Vec::new();
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
        }
        let command = String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned();
        keep(&|heard| heard.commands.push(command.clone()));
        let is = |prefix: &str| command.to_ascii_uppercase().starts_with(prefix);
        match script {
            Script::Answer(prefix, answer) if is(prefix) => {
                writer.write_all(format!("{answer}\r\n").as_bytes()).await?;
                continue;
            }
            Script::DropAt(prefix) if is(prefix) => return Ok(()),
            _ => {}
        }
        if is("EHLO") {
            let mut lines = vec!["mx.test".to_owned()];
            lines.extend(extensions.iter().map(|extension| (*extension).to_owned()));
            let last = lines.len() - 1;
            for (i, line) in lines.iter().enumerate() {
                let sign = if i == last { ' ' } else { '-' };
                writer.write_all(format!("250{sign}{line}\r\n").as_bytes()).await?;
            }
        } else if is("DATA") {
            writer.write_all(b"354 go on\r\n").await?;
            let mail = read_mail(&mut reader).await?;
            keep(&|heard| heard.mail = Some(mail.clone()));
            match script {
                Script::DropAfterMail => return Ok(()),
                Script::SilentAfterMail => std::future::pending::<()>().await,
                Script::AnswerMail(answer) => writer.write_all(format!("{answer}\r\n").as_bytes()).await?,
                _ => writer.write_all(b"250 queued\r\n").await?,
            }
        } else if is("QUIT") {
            return writer.write_all(b"221 bye\r\n").await;
        } else {
            writer.write_all(b"250 ok\r\n").await?;
        }
    }
}

async fn read_mail(reader: &mut (impl AsyncBufReadExt + Unpin)) -> std::io::Result<Vec<u8>> {
    let mut mail = Vec::new();
    loop {
        let mut line = Vec::new();
        if reader.read_until(b'\n', &mut line).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if line == b".\r\n" {
            return Ok(mail);
        }
        mail.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}
