//! Names become addresses here, and only addresses that were judged leave: what is connected to is what was looked at, however
//! often the name's owner changes their mind.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::rules::{Refused, judge};

/// Something that knows the addresses of names.
#[async_trait]
pub trait Lookup: Send + Sync {
    async fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// The system's own.
pub struct System;

#[async_trait]
impl Lookup for System {
    async fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((name, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// Lets through what may be connected to. A name with one address that may not is refused whole.
#[derive(Clone)]
pub(super) struct Judging {
    pub lookup: Arc<dyn Lookup>,
    pub may_be_private: bool,
}

impl Resolve for Judging {
    fn resolve(&self, name: Name) -> Resolving {
        let Self { lookup, may_be_private } = self.clone();
        Box::pin(async move {
            let addresses = lookup.addresses(name.as_str()).await?;
            if addresses.is_empty() {
                return Err(Refused::NoAddress.into());
            }
            for address in &addresses {
                judge(*address, may_be_private)?;
            }
            let addresses: Addrs = Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}
