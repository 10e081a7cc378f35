//! What an address must look like before anything is asked of it.

use std::{fmt, net::IpAddr, str::FromStr};

use url::{Host, Url};

use super::address::{Reach, reach};

/// Ports of servers that speak TLS to everybody.
const PORTS: [u16; 2] = [443, 8443];

/// Why an address may not be used. For the log: whoever typed it is told only that it may not, lest they learn our network by it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("not a URL of a host")]
    NotAUrl,
    #[error("the scheme {0} is not allowed")]
    Scheme(String),
    #[error("port {0} is not allowed")]
    Port(u16),
    #[error("a user name or password inside the address")]
    UserInfo,
    #[error("a host name that can be taken for another")]
    Name,
    #[error("{0} is not a public address")]
    Address(IpAddr),
    #[error("the name has no address")]
    NoAddress,
}

/// A host and a port that the operator listed. In a stand-in's entry the port is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    host: Host<String>,
    port: Option<u16>,
}

impl Listed {
    /// Whatever listens on the host of this address, on any port: a stand-in plays several hosts there.
    pub fn all_of(url: &Url) -> Option<Self> {
        Some(Self { host: url.host()?.to_owned(), port: None })
    }
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.host),
            None => write!(f, "{}", self.host),
        }
    }
}

/// The text is no `host:port`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a host and a port such as calendar.lan:5232")]
pub struct NotListed;

impl FromStr for Listed {
    type Err = NotListed;

    /// Reads `calendar.lan:5232`, `10.1.2.3:443` or `[fd12::1]:443`.
    fn from_str(text: &str) -> Result<Self, NotListed> {
        let (host, port) = text.rsplit_once(':').ok_or(NotListed)?;
        let port = port.parse().ok().filter(|port| *port != 0).ok_or(NotListed)?;
        let host = Host::parse(host).map_err(|_| NotListed)?;
        Ok(Self { host, port: Some(port) })
    }
}

/// What the operator allows beyond public servers that speak TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Private addresses, plain http and other ports, for exactly these.
    pub listed: Vec<Listed>,
    /// Private addresses of any name, with TLS and on the usual ports.
    pub allow_private: bool,
}

impl Rules {
    /// Reads what a person typed; `https://` may be left out.
    ///
    /// # Errors
    /// [`Refused`], also for what a URL parser would quietly mend: blanks, breaks, backslashes, and names in other than ASCII
    /// letters, of which some look like others.
    pub fn read(&self, text: &str) -> Result<Url, Refused> {
        let text = text.trim();
        if text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\') {
            return Err(Refused::NotAUrl);
        }
        let with_scheme = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let host = with_scheme.split_once("://").map_or("", |(_, rest)| rest);
        match host.split(['/', '?', '#']).next() {
            None | Some("") => return Err(Refused::NotAUrl),
            Some(host) if !host.is_ascii() => return Err(Refused::Name),
            Some(_) => {}
        }
        let mut url = Url::parse(&with_scheme).map_err(|_| Refused::NotAUrl)?;
        url.set_fragment(None);
        self.check(&url)?;
        Ok(url)
    }

    /// Judges an address by its looks; what its name leads to is judged when it is resolved. Says whether that may be private.
    pub(super) fn check(&self, url: &Url) -> Result<bool, Refused> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Refused::Scheme(url.scheme().to_owned()));
        }
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else { return Err(Refused::NotAUrl) };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refused::UserInfo);
        }
        let host = host.to_owned();
        let is_listed = self.listed.iter().any(|one| one.host == host && one.port.is_none_or(|known| known == port));
        if !is_listed {
            if url.scheme() == "http" {
                return Err(Refused::Scheme("http".to_owned()));
            }
            if !PORTS.contains(&port) {
                return Err(Refused::Port(port));
            }
        }
        let may_be_private = is_listed || self.allow_private;
        match host {
            // A name that ends in a dot is the same host under another name, with another certificate.
            Host::Domain(name) if name.ends_with('.') || name.contains("..") => return Err(Refused::Name),
            Host::Domain(_) => {}
            Host::Ipv4(address) => judge(address.into(), may_be_private)?,
            Host::Ipv6(address) => judge(address.into(), may_be_private)?,
        }
        Ok(may_be_private)
    }
}

/// Whether a connection may go to this address.
pub(super) fn judge(address: IpAddr, may_be_private: bool) -> Result<(), Refused> {
    match reach(address) {
        Reach::Public => Ok(()),
        Reach::Private if may_be_private => Ok(()),
        Reach::Private | Reach::Never => Err(Refused::Address(address)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(listed: &[&str], allow_private: bool) -> Rules {
        Rules { listed: listed.iter().map(|text| text.parse().expect(text)).collect(), allow_private }
    }

    /// Ways in which addresses that are not public, or not as they look, have been written.
    const REFUSED: &[&str] = &[
        "http://caldav.example.com/",
        "ftp://caldav.example.com/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:70/",
        "javascript://x/",
        "https://",
        "https:///path",
        "https://user@caldav.example.com/",
        "https://user:pw@caldav.example.com/",
        "https://caldav.example.com:22/",
        "https://caldav.example.com:80/",
        "https://caldav.example.com:0/",
        "https://caldav.example.com:65536/",
        "https://caldav.example.com:5232/",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://127.0.1/",
        "https://0x7f.1/",
        "https://0x7f000001/",
        "https://0x7f.0x0.0x0.0x1/",
        "https://2130706433/",
        "https://017700000001/",
        "https://0177.0.0.1/",
        "https://0/",
        "https://0.0.0.0/",
        "https://127.0.0.1./",
        "https://10.0.0.1:8443/",
        "https://192.168.1.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://2852039166/",
        "https://0xa9fea9fe/",
        "https://0251.0376.0251.0376/",
        "https://100.64.0.1/",
        "https://224.0.0.1/",
        "https://[::1]/",
        "https://[::]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[::ffff:169.254.169.254]/",
        "https://[::127.0.0.1]/",
        "https://[0:0:0:0:0:ffff:10.0.0.1]/",
        "https://[fe80::1]/",
        "https://[fe80::1%25eth0]/",
        "https://[fe80::1%eth0]/",
        "https://[fc00::1]/",
        "https://[fd00:ec2::254]/",
        "https://[ff02::1]/",
        "https://[64:ff9b::a00:1]/",
        "https://[64:ff9b::169.254.169.254]/",
        "https://[2002:7f00:1::]/",
        "https://[2002:a00:1::]/",
        "https://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
        "https://caldav.example.com./",
        "https://caldav..example.com/",
        "https://./",
        "https://аpple.com/",
        "https://müller.example/",
        "https://１２７.0.0.1/",
        "https://①②⑦.0.0.1/",
        "https://127。0。0。1/",
        "https://caldav.example.com\\@127.0.0.1/",
        "https:\\\\127.0.0.1/",
        "https://caldav.exa\tmple.com/",
        "https://caldav.exam\nple.com/",
        "https://caldav.example.com /",
        "https://caldav%2eexample.com@127.0.0.1/",
        "https://%31%32%37.0.0.1/",
        "127.0.0.1",
        "user@127.0.0.1",
        "",
        "/dav/",
        "//127.0.0.1/",
    ];

    #[test]
    fn what_looks_wrong_is_refused() {
        assert!(REFUSED.len() >= 60);
        for text in REFUSED {
            assert!(rules(&[], false).read(text).is_err(), "{text} was taken");
        }
    }

    #[test]
    fn public_servers_with_tls_are_taken_as_they_are_typed() {
        for (text, url) in [
            ("https://caldav.icloud.com/", "https://caldav.icloud.com/"),
            (" https://dav.example.com/users/ana%40b/ ", "https://dav.example.com/users/ana%40b/"),
            ("dav.example.com", "https://dav.example.com/"),
            ("dav.example.com:8443/dav", "https://dav.example.com:8443/dav"),
            ("https://xn--mller-kva.example/", "https://xn--mller-kva.example/"),
            ("https://17.248.192.1/", "https://17.248.192.1/"),
            ("https://[2606:4700:4700::1111]/#x", "https://[2606:4700:4700::1111]/"),
        ] {
            assert_eq!(rules(&[], false).read(text).map(String::from).as_deref(), Ok(url), "{text}");
        }
    }

    #[test]
    fn the_operators_list_opens_exactly_what_it_names() {
        let listed = rules(&["calendar.lan:5232", "10.1.2.3:443", "[fd12::1]:8443", "169.254.169.254:443"], false);
        for (text, taken) in [
            ("http://calendar.lan:5232/dav/", true),
            ("https://calendar.lan:5232/dav/", true),
            ("https://CALENDAR.lan:5232/", true),
            ("http://calendar.lan/", false),
            ("http://calendar.lan:5233/", false),
            ("http://other.lan:5232/", false),
            ("https://10.1.2.3/", true),
            ("http://10.1.2.3/", false),
            ("https://10.1.2.3:8443/", false),
            ("https://10.1.2.4/", false),
            ("https://[fd12::1]:8443/", true),
            ("https://[fd12::1]/", false),
            // Nobody can allow this.
            ("https://169.254.169.254/", false),
            ("https://user:pw@calendar.lan:5232/", false),
        ] {
            assert_eq!(listed.read(text).is_ok(), taken, "{text}");
        }
        let private = rules(&[], true);
        for (text, taken) in [
            ("https://10.1.2.3/", true),
            ("https://127.0.0.1:8443/", true),
            ("http://10.1.2.3/", false),
            ("https://10.1.2.3:5232/", false),
            ("https://169.254.169.254/", false),
            ("https://[fd00:ec2::254]/", false),
            ("https://100.100.100.200/", false),
        ] {
            assert_eq!(private.read(text).is_ok(), taken, "{text}");
        }
    }

    #[test]
    fn entries_of_the_list_are_a_host_and_a_port() {
        for text in
            ["calendar.lan", "calendar.lan:0", "calendar.lan:x", ":5232", "http://calendar.lan:5232", "a b:1", ""]
        {
            assert_eq!(text.parse::<Listed>(), Err(NotListed), "{text}");
        }
        assert_eq!(
            "Calendar.LAN:5232".parse::<Listed>().map(|one| one.to_string()).as_deref(),
            Ok("calendar.lan:5232")
        );
    }
}
