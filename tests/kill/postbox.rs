//! A mail server on loopback that takes everything and remembers it, whoever signs in (RFC 5321, RFC 4954, as much as is needed).

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

#[derive(Clone)]
pub struct Postbox {
    pub port: u16,
    mails: Arc<Mutex<Vec<String>>>,
}

impl Postbox {
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let postbox = Self { port, mails: Arc::default() };
        let taken = postbox.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let taken = taken.clone();
                // A sender that is killed in the middle of a word is the point of it all.
                tokio::spawn(async move { taken.converse(stream).await });
            }
        });
        postbox
    }

    /// The Message-IDs of what was taken, once per copy.
    pub fn ids(&self) -> Vec<String> {
        let id =
            |mail: &String| Some(mail.lines().find_map(|line| line.strip_prefix("Message-ID: "))?.trim().to_owned());
        self.mails.lock().expect("no panic while locked").iter().filter_map(id).collect()
    }

    /// What was taken, as it came.
    pub fn mails(&self) -> Vec<String> {
        self.mails.lock().expect("no panic while locked").clone()
    }

    async fn converse(&self, stream: TcpStream) -> std::io::Result<()> {
        let (reader, mut writer) = stream.into_split();
        let mut lines = BufReader::new(reader).lines();
        writer.write_all(b"220 postbox\r\n").await?;
        while let Some(line) = lines.next_line().await? {
            let command = line.to_ascii_uppercase();
            let answer: &[u8] = if command.starts_with("EHLO") {
                b"250-postbox\r\n250-AUTH PLAIN\r\n250 8BITMIME\r\n"
            } else if command.starts_with("AUTH") {
                b"235 welcome\r\n"
            } else if command == "DATA" {
                writer.write_all(b"354 go on\r\n").await?;
                let mut mail = String::new();
                loop {
                    let Some(line) = lines.next_line().await? else { return Ok(()) };
                    if line == "." {
                        break;
                    }
                    mail.push_str(&line);
                    mail.push_str("\r\n");
                }
                // Taken from here on, whether or not the sender lives to hear it.
                self.mails.lock().expect("no panic while locked").push(mail);
                b"250 taken\r\n"
            } else if command.starts_with("QUIT") {
                return writer.write_all(b"221 bye\r\n").await;
            } else {
                b"250 ok\r\n"
            };
            writer.write_all(answer).await?;
        }
        Ok(())
    }
}
