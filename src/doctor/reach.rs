//! Whether `BASE_URL` leads to us: for people, over TLS that holds, and for the servers of calendar providers, which tell of
//! changes from the internet and from nowhere else.

use std::net::IpAddr;

use reqwest::Method;
use url::{Host, Url};

use super::{Finding, Outcome, PATIENCE, finding};
use crate::{
    config::Config,
    http::guard::{Call, Guard, GuardError, Reach, Rules, reach},
};

pub(super) async fn examine(config: &Config) -> Vec<Finding> {
    let base = &config.web.base_url;
    vec![
        finding("BASE_URL answer", examine_answer(base, &config.web.url("/healthz")).await),
        finding("webhooks", examine_webhooks(base).await),
    ]
}

/// Asks our own address, as a browser would. That nobody answers may only mean that Convene is not started yet.
async fn examine_answer(base: &Url, health: &str) -> Outcome {
    let (Some(host), Some(port)) = (base.host(), base.port_or_known_default()) else {
        return Outcome::Wrong("names no host".to_owned());
    };
    // An operator's own address may be anywhere.
    let listed = format!("{host}:{port}").parse().into_iter().collect();
    let Ok(url) = health.parse() else { return Outcome::Wrong("is no address".to_owned()) };
    let guard = Guard::new(Rules { listed, allow_private: true });
    let call = Call { action: "doctor", method: Method::GET, url, headers: Vec::new(), body: None, credentials: None };
    let start = "start convene, and look whether the proxy in front leads to LISTEN";
    match tokio::time::timeout(PATIENCE, guard.send(call)).await {
        Ok(Ok(answer)) if answer.reply.status.is_success() && answer.reply.body == b"ok" => {
            Outcome::Fine(format!("{base} answers"))
        }
        Ok(Ok(answer)) => Outcome::Mind(format!(
            "something answers with {}, which is not Convene; {start}",
            answer.reply.status.as_u16()
        )),
        Ok(Err(GuardError::Tls(why))) => Outcome::Wrong(format!(
            "its TLS does not hold ({why}); browsers and calendar providers refuse it: put a certificate for this name into the proxy in front"
        )),
        Ok(Err(GuardError::Refused(why))) => Outcome::Wrong(format!("{why}; check its DNS record")),
        Ok(Err(_)) | Err(_) => Outcome::Mind(format!("nobody answers there so far; {start}")),
    }
}

/// Providers push to public https addresses only. Without them nothing is lost: calendars are asked instead.
async fn examine_webhooks(base: &Url) -> Outcome {
    let instead = "calendars cannot tell of changes, which are then seen only when they are asked";
    if base.scheme() != "https" {
        return Outcome::Mind(format!(
            "{base} is this very machine: {instead}, and nobody else can open it; set BASE_URL to the https address that people use"
        ));
    }
    let addresses = match tokio::time::timeout(PATIENCE, addresses(base)).await {
        Ok(Ok(addresses)) if !addresses.is_empty() => addresses,
        _ => return Outcome::Wrong(format!("the name in {base} leads nowhere; check its DNS record")),
    };
    match addresses.into_iter().find(|address| reach(*address) != Reach::Public) {
        Some(inside) => Outcome::Mind(format!(
            "{base} leads to {inside}, which providers do not reach from the internet: {instead}"
        )),
        None => Outcome::Fine(format!("{base} is public, so that calendars can tell of changes")),
    }
}

async fn addresses(base: &Url) -> std::io::Result<Vec<IpAddr>> {
    Ok(match base.host() {
        Some(Host::Ipv4(address)) => vec![address.into()],
        Some(Host::Ipv6(address)) => vec![address.into()],
        Some(Host::Domain(name)) => tokio::net::lookup_host((name, 0)).await?.map(|one| one.ip()).collect(),
        None => Vec::new(),
    })
}
