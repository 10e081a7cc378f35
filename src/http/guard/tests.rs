use std::{
    collections::VecDeque,
    io,
    net::{IpAddr, SocketAddr},
    sync::Mutex,
};

use async_trait::async_trait;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;

/// A server that gives these answers in turn, one a connection, and keeps what it was asked.
struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn answering(answers: impl IntoIterator<Item = String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (seen, mut answers) = (Arc::clone(&asked), answers.into_iter().collect::<VecDeque<_>>());
        tokio::spawn(async move {
            while let Some(answer) = answers.pop_front() {
                let (mut socket, _) = listener.accept().await.expect("a caller");
                let mut request = [0; 4096];
                let read = socket.read(&mut request).await.expect("a request");
                seen.lock().expect("no panic").push(String::from_utf8_lossy(&request[..read]).into_owned());
                // A caller who had enough hangs up.
                let _ = socket.write_all(answer.as_bytes()).await;
            }
        });
        Self { address, asked }
    }

    fn url(&self, path: &str) -> Url {
        format!("http://{}{path}", self.address).parse().expect("a url")
    }

    fn listed(&self) -> Listed {
        self.address.to_string().parse().expect("a host and a port")
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no panic").clone()
    }
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

fn to(location: &str) -> String {
    format!("HTTP/1.1 301 Moved Permanently\r\nLocation: {location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

fn call<'a>(url: &Url, realm: &'a Realm) -> Call<'a> {
    Call {
        action: "test",
        method: Method::from_bytes(b"PROPFIND").expect("a method"),
        url: url.clone(),
        headers: vec![("Depth", "0".to_owned())],
        body: Some("<propfind/>".to_owned()),
        credentials: Some(Credentials { user: "ana", password: "abcd-efgh", realm }),
    }
}

fn guard(listed: impl IntoIterator<Item = Listed>) -> Guard {
    Guard::new(Rules { listed: listed.into_iter().collect(), allow_private: false })
}

/// `Basic ana:abcd-efgh`
const PASSWORD: &str = "authorization: Basic YW5hOmFiY2QtZWZnaA==";

fn has_password(request: &str) -> bool {
    request.to_lowercase().contains(&PASSWORD.to_lowercase())
}

#[tokio::test]
async fn a_redirect_keeps_method_body_and_password_on_its_origin() {
    let server = Server::answering([to("/dav/"), to("principal?x#y"), ok("done")]).await;
    let realm = Realm::Origin(server.url("/").origin());
    let answer =
        guard([server.listed()]).send(call(&server.url("/.well-known/caldav"), &realm)).await.expect("an answer");
    assert_eq!((answer.reply.body.as_slice(), answer.url), (b"done".as_slice(), server.url("/dav/principal?x")));
    assert!(!answer.without_password);
    for (request, path) in server.asked().iter().zip(["/.well-known/caldav", "/dav/", "/dav/principal?x"]) {
        assert!(request.starts_with(&format!("PROPFIND {path} HTTP/1.1\r\n")), "{request}");
        assert!(request.ends_with("<propfind/>") && has_password(request), "{request}");
    }
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn a_redirect_to_another_origin_goes_without_the_password_for_good() {
    let (here, there) = (TcpListener::bind("127.0.0.1:0").await.expect("a port"), 0);
    let here_address = here.local_addr().expect("bound");
    drop((here, there));
    let back = format!("http://{here_address}/back");
    let other = Server::answering([to(&back)]).await;
    let elsewhere = other.url("/elsewhere");
    let listener = TcpListener::bind(here_address).await.expect("the port is free still");
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    tokio::spawn(async move {
        for answer in [to(elsewhere.as_str()), ok("back")] {
            let (mut socket, _) = listener.accept().await.expect("a caller");
            let mut request = [0; 4096];
            let read = socket.read(&mut request).await.expect("a request");
            seen.lock().expect("no panic").push(String::from_utf8_lossy(&request[..read]).into_owned());
            socket.write_all(answer.as_bytes()).await.expect("an answer");
        }
    });
    let first: Url = format!("http://{here_address}/").parse().expect("a url");
    let realm = Realm::Origin(first.origin());
    let listed = [other.listed(), here_address.to_string().parse().expect("listed")];
    let answer = guard(listed).send(call(&first, &realm)).await.expect("an answer");
    assert!(answer.without_password);
    assert!(other.asked().len() == 1 && !has_password(&other.asked()[0]), "{:?}", other.asked());
    let here = asked.lock().expect("no panic").clone();
    assert!(has_password(&here[0]) && !has_password(&here[1]), "{here:?}");
}

#[tokio::test]
async fn the_fourth_redirect_is_not_followed() {
    let server = Server::answering((0..6).map(|_| to("/round"))).await;
    let realm = Realm::Origin(server.url("/").origin());
    let outcome = guard([server.listed()]).send(call(&server.url("/"), &realm)).await;
    assert!(matches!(outcome, Err(GuardError::AnswerLost(_))), "{outcome:?}");
    assert_eq!(server.asked().len(), 4);
}

#[tokio::test]
async fn every_hop_is_judged() {
    for (target, refused) in [
        ("http://169.254.169.254/latest/", Refused::Scheme("http".to_owned())),
        ("https://169.254.169.254/latest/", Refused::Address([169, 254, 169, 254].into())),
        ("https://10.0.0.1/", Refused::Address([10, 0, 0, 1].into())),
        ("//10.0.0.1/", Refused::Scheme("http".to_owned())),
        ("https://user:pw@caldav.example.com/", Refused::UserInfo),
        ("https://caldav.example.com:22/", Refused::Port(22)),
        ("file:///etc/passwd", Refused::Scheme("file".to_owned())),
        ("https://[::ffff:10.0.0.1]/", Refused::Address("::ffff:10.0.0.1".parse().expect("an address"))),
    ] {
        let server = Server::answering([to(target)]).await;
        let realm = Realm::Origin(server.url("/").origin());
        let outcome = guard([server.listed()]).send(call(&server.url("/"), &realm)).await;
        assert_eq!(outcome.map(|answer| answer.url), Err(GuardError::Refused(refused)), "{target}");
    }
}

#[test]
fn nothing_leads_from_https_to_http() {
    let from: Url = "https://dav.example.com/".parse().expect("a url");
    let headers = HeaderMap::from_iter([(LOCATION, "http://dav.example.com/".parse().expect("a value"))]);
    let reply = Reply { status: StatusCode::FOUND, headers, body: Vec::new() };
    assert_eq!(redirect(&reply, &from), Err(GuardError::Refused(Refused::Scheme("http".to_owned()))));
    let elsewhere = Reply { status: StatusCode::SEE_OTHER, ..reply };
    assert_eq!(redirect(&elsewhere, &from), Ok(None), "another request than ours");
}

#[test]
fn a_password_belongs_to_its_realm_alone() {
    let table = [
        ("https://caldav.icloud.com/", true),
        ("https://p42-caldav.icloud.com:443/1/calendars/", true),
        ("https://icloud.com/", true),
        ("http://caldav.icloud.com/", false),
        ("https://caldav.icloud.com:8443/", false),
        ("https://evil-icloud.com/", false),
        ("https://icloud.com.example.com/", false),
        ("https://caldav.icloud.com.:443/", false),
        ("https://17.248.192.1/", false),
    ];
    for (url, admitted) in table {
        assert_eq!(Realm::Domain("icloud.com").admits(&url.parse().expect(url)), admitted, "{url}");
    }
    let origin = Realm::Origin("https://dav.example.com/x".parse::<Url>().expect("a url").origin());
    for (url, admitted) in [
        ("https://dav.example.com/y", true),
        ("https://dav.example.com:8443/", false),
        ("http://dav.example.com/", false),
        ("https://www.dav.example.com/", false),
    ] {
        assert_eq!(origin.admits(&url.parse().expect(url)), admitted, "{url}");
    }
}

/// Names whose owner changes their mind: one answer after the other.
struct Flipping(Mutex<VecDeque<Vec<IpAddr>>>);

#[async_trait]
impl Lookup for Flipping {
    async fn addresses(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        Ok(self.0.lock().expect("no panic").pop_front().expect("one lookup for each connection, and no more"))
    }
}

fn flipping(answers: &[&[&str]], rules: Rules) -> Guard {
    let parse = |list: &&[&str]| list.iter().map(|text| text.parse().expect("an address")).collect();
    Guard::looking_up(rules, Arc::new(Flipping(Mutex::new(answers.iter().map(parse).collect()))))
}

#[tokio::test]
async fn a_name_is_refused_for_each_address_that_may_not_be() {
    let url: Url = "https://dav.example.com/".parse().expect("a url");
    let realm = Realm::Origin(url.origin());
    for (answer, allow_private, refused) in [
        (&["127.0.0.1"][..], false, "127.0.0.1"),
        (&["17.248.192.1", "10.0.0.1"], false, "10.0.0.1"),
        (&["::ffff:192.168.1.1"], false, "::ffff:192.168.1.1"),
        (&["169.254.169.254"], true, "169.254.169.254"),
        (&["10.0.0.1", "fd00:ec2::254"], true, "fd00:ec2::254"),
    ] {
        let guard = flipping(&[answer], Rules { listed: Vec::new(), allow_private });
        let outcome = guard.send(call(&url, &realm)).await.map(|answer| answer.url);
        let refused = Refused::Address(refused.parse().expect("an address"));
        assert_eq!(outcome, Err(GuardError::Refused(refused)), "{answer:?}");
    }
    let outcome = flipping(&[&[]], Rules::default()).send(call(&url, &realm)).await.map(|answer| answer.url);
    assert_eq!(outcome, Err(GuardError::Refused(Refused::NoAddress)));
}

/// The name leads to our server when it is looked at, and to where it must not afterwards: the connection goes to what was looked
/// at, and the next look is a judgement of its own.
#[tokio::test]
async fn a_name_that_changes_its_mind_gains_nothing() {
    let server = Server::answering([ok("one"), ok("two")]).await;
    let url: Url = format!("http://dav.example.com:{}/", server.address.port()).parse().expect("a url");
    let realm = Realm::Origin(url.origin());
    let listed = vec![format!("dav.example.com:{}", server.address.port()).parse().expect("listed")];
    let guard = flipping(&[&["127.0.0.1"], &["169.254.169.254"]], Rules { listed, allow_private: false });
    let first = guard.send(call(&url, &realm)).await.expect("the address that was looked at");
    assert_eq!(first.reply.body, b"one");
    let second = guard.send(call(&url, &realm)).await.map(|answer| answer.url);
    assert_eq!(second, Err(GuardError::Refused(Refused::Address([169, 254, 169, 254].into()))));
    assert_eq!(server.asked().len(), 1);
}

/// The same name on a port that was not listed is public or nothing.
#[tokio::test]
async fn a_listed_name_is_private_on_its_port_only() {
    let listed = vec!["dav.example.com:5232".parse().expect("listed")];
    let guard = flipping(&[&["10.0.0.1"]], Rules { listed, allow_private: false });
    let url: Url = "https://dav.example.com/".parse().expect("a url");
    let outcome = guard.send(call(&url, &Realm::Origin(url.origin()))).await.map(|answer| answer.url);
    assert_eq!(outcome, Err(GuardError::Refused(Refused::Address([10, 0, 0, 1].into()))));
}

#[tokio::test]
async fn bodies_end_at_the_cap_and_compressed_ones_are_not_taken() {
    let endless = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}", "x".repeat(BODY_CAP + 1));
    let gzip =
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\nConnection: close\r\n\r\n\x1f\x08\x08";
    let full = ok(&"x".repeat(BODY_CAP));
    let server = Server::answering([endless, gzip.to_owned(), full]).await;
    let (guard, realm) = (guard([server.listed()]), Realm::Origin(server.url("/").origin()));
    for _ in 0..2 {
        let outcome = guard.send(call(&server.url("/"), &realm)).await;
        assert!(
            matches!(outcome, Err(GuardError::AnswerLost(_))),
            "{:?}",
            outcome.map(|answer| answer.reply.body.len())
        );
    }
    let whole = guard.send(call(&server.url("/"), &realm)).await.expect("just as much as may be");
    assert_eq!(whole.reply.body.len(), BODY_CAP);
}

#[tokio::test]
async fn a_server_that_drips_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("a caller");
        let _ = socket.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        while socket.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let url: Url = format!("http://{address}/").parse().expect("a url");
    let guard = Guard { patience: Duration::from_millis(200), ..guard([address.to_string().parse().expect("listed")]) };
    let outcome = guard.send(call(&url, &Realm::Origin(url.origin()))).await;
    assert!(matches!(outcome, Err(GuardError::AnswerLost(_))), "{outcome:?}");
}

/// The record and the ServerHello of a server that speaks nothing later than TLS 1.0 (RFC 2246 section 7.4.1.3).
fn tls_one() -> Vec<u8> {
    let mut hello = vec![3, 1];
    hello.extend([7; 32]);
    // No session, TLS_RSA_WITH_AES_128_CBC_SHA, no compression.
    hello.extend([0, 0, 0x2f, 0]);
    let length = u8::try_from(hello.len()).expect("short");
    [vec![22, 3, 1, 0, length + 4, 2, 0, 0, length], hello].concat()
}

/// A certificate for this name that is over or not, signed by itself.
fn certificate(name: &str, is_over: bool) -> (Vec<u8>, tokio_rustls::TlsAcceptor) {
    let mut parameters = rcgen::CertificateParams::new(vec![name.to_owned()]).expect("a name");
    parameters.not_before = rcgen::date_time_ymd(2020, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(if is_over { 2021 } else { 2090 }, 1, 1);
    let key = rcgen::KeyPair::generate().expect("a key");
    let certificate = parameters.self_signed(&key).expect("signed").der().clone();
    let crypto = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let config = tokio_rustls::rustls::ServerConfig::builder_with_provider(crypto)
        .with_safe_default_protocol_versions()
        .expect("today's versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key.serialize_der().try_into().expect("a key"))
        .expect("a server's set-up");
    (certificate.to_vec(), tokio_rustls::TlsAcceptor::from(Arc::new(config)))
}

/// K20. Trusted certificates show that the reason is the one it seems to be.
#[tokio::test]
async fn tls_that_cannot_be_trusted_is_named() {
    let here = "127.0.0.1";
    for (what, name, is_over, is_trusted, reason) in [
        ("all right", here, false, true, None),
        ("expired", here, true, true, Some("certificate expired")),
        ("expired and of itself", here, true, false, Some("certificate expired")),
        ("of another host", "dav.example.com", false, true, Some("not valid for name")),
        ("of itself", here, false, false, Some("UnknownIssuer")),
    ] {
        let (root, acceptor) = certificate(name, is_over);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        tokio::spawn(async move {
            let (socket, _) = listener.accept().await.expect("a caller");
            // A caller who does not trust it hangs up.
            if let Ok(mut socket) = acceptor.accept(socket).await {
                let mut request = [0; 4096];
                let _ = socket.read(&mut request).await;
                let _ = socket.write_all(ok("trusted").as_bytes()).await;
            }
        });
        let url: Url = format!("https://{address}/").parse().expect("a url");
        let mut guard = guard([address.to_string().parse().expect("listed")]);
        if is_trusted {
            let root = reqwest::Certificate::from_der(&root).expect("a certificate");
            guard.private = reqwest::Client::builder().tls_certs_only([root]).no_proxy().build().expect("a client");
        }
        let outcome = guard.send(call(&url, &Realm::Origin(url.origin()))).await.map(|answer| answer.reply.body);
        match (reason, &outcome) {
            (None, Ok(body)) => assert_eq!(body, b"trusted", "{what}"),
            (Some(reason), Err(GuardError::Tls(said))) => assert!(said.contains(reason), "{what}: {said}"),
            _ => panic!("{what}: {outcome:?}"),
        }
    }
}

#[tokio::test]
async fn who_speaks_no_tls_of_today_is_named() {
    let alert = [21, 3, 1, 0, 2, 2, 70];
    for (what, says) in [
        ("TLS 1.0, as it answers", tls_one()),
        ("TLS 1.0, as it refuses", alert.to_vec()),
        ("SSH", b"SSH-2.0-OpenSSH_9.6\r\n".to_vec()),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.expect("a caller");
            let _ = socket.write_all(&says).await;
            // Until the caller hangs up.
            let mut rest = [0; 4096];
            while socket.read(&mut rest).await.is_ok_and(|read| read > 0) {}
        });
        let url: Url = format!("https://{address}/").parse().expect("a url");
        let guard = guard([address.to_string().parse().expect("listed")]);
        let outcome = guard.send(call(&url, &Realm::Origin(url.origin()))).await.map(|answer| answer.reply.body);
        assert!(matches!(outcome, Err(GuardError::Tls(_))), "{what}: {outcome:?}");
    }
}
