//! How the outside reaches us: the public address, the socket, the proxies in front.

use std::net::SocketAddr;

use url::{Host, Url};

use super::{Network, Reader};

#[derive(Debug, Clone)]
pub struct Web {
    /// Scheme, host and port under which people reach us. Every absolute URL we hand out is made from it, never from a
    /// request.
    pub base_url: Url,
    pub listen: SocketAddr,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// How often one booking link may be asked for times within a minute; 0 for any number.
    pub link_views: u32,
    /// How often one API key may call within a minute; 0 for any number.
    pub api_calls: u32,
}

impl Web {
    /// Whether people reach us over TLS. Without it, only a loopback address is allowed.
    pub fn is_https(&self) -> bool {
        self.base_url.scheme() == "https"
    }

    /// Whether the public address is this very machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.base_url)
    }

    /// The absolute URL of a path, which starts with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin())
    }

    /// The public address as an origin (RFC 6454): no trailing slash, no default port.
    pub fn origin(&self) -> String {
        self.base_url.origin().ascii_serialization()
    }

    /// What a `Host` header may say (RFC 9110 section 7.2). A loopback address goes by all its names.
    pub fn hosts(&self) -> Vec<String> {
        let port = self.base_url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let own = self.base_url.host_str().unwrap_or_default();
        let mut hosts = vec![format!("{own}{port}")];
        if self.is_loopback() {
            hosts.extend(["localhost", "127.0.0.1", "[::1]"].map(|name| format!("{name}{port}")));
        }
        if let (None, Some(default)) = (self.base_url.port(), self.base_url.port_or_known_default()) {
            hosts.push(format!("{own}:{default}"));
        }
        hosts
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let base_url = reader.parsed("BASE_URL", "http://127.0.0.1:3000", parse_base_url);
        let listen = reader.parsed("LISTEN", "127.0.0.1:3000", |text| {
            text.parse().map_err(|_| "must be an address and a port, such as 127.0.0.1:3000 or [::]:3000".to_owned())
        });
        let trusted_proxies = reader.parsed("TRUSTED_PROXIES", "", |text| {
            let networks = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            let wrong =
                |part: &str| format!("{part:?} is not an address or network; use a list such as 10.0.0.0/8, 192.0.2.7");
            networks.map(|part| part.parse().map_err(|()| wrong(part))).collect()
        });
        let link_views = reader.parsed("LINK_VIEWS_PER_MINUTE", "6000", |text| {
            text.parse().map_err(|_| "must be a whole number; 0 lifts the limit".to_owned())
        });
        let api_calls = reader.parsed("API_CALLS_PER_MINUTE", "600", |text| {
            text.parse().map_err(|_| "must be a whole number; 0 lifts the limit".to_owned())
        });
        Some(Self {
            base_url: base_url?,
            listen: listen?,
            trusted_proxies: trusted_proxies?,
            link_views: link_views?,
            api_calls: api_calls?,
        })
    }
}

/// An address without a path, over TLS unless it is this very machine.
pub(super) fn parse_base_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|_| "must be a URL such as https://interviews.example.com".to_owned())?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err("must start with https:// and name a host".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not contain a user name or password".to_owned());
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err("must be scheme, host and port only, without a path".to_owned());
    }
    if url.scheme() == "http" && !is_loopback(&url) {
        return Err("must use https; plain http is allowed for localhost and 127.0.0.1 only".to_owned());
    }
    Ok(url)
}

pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
