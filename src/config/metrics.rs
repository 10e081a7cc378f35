//! Where operators read what is counted.

use std::net::SocketAddr;

use super::{Reader, Web};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metrics {
    /// Where `/metrics` answers, apart from everything else; `None` if nowhere.
    pub listen: Option<SocketAddr>,
}

impl Metrics {
    /// `web`, where it could be read: the two cannot share an address.
    pub(super) fn read(reader: &mut Reader<'_>, web: Option<&Web>) -> Option<Self> {
        let setting = "METRICS_LISTEN";
        let Some(value) = reader.value(setting) else {
            reader.fine(setting, "not set; nothing is counted");
            return Some(Self { listen: None });
        };
        let Ok(listen) = value.parse::<SocketAddr>() else {
            reader
                .wrong(setting, "must be an address and a port, such as 127.0.0.1:9464; leave it out to count nothing");
            return None;
        };
        if web.is_some_and(|web| web.listen == listen) {
            reader.wrong(setting, "must not be what LISTEN is: whoever reaches the pages would read it");
            return None;
        }
        let shown = if listen.ip().is_loopback() {
            value
        } else {
            format!("{value} (reached from other machines, without a password: let only your Prometheus in)")
        };
        reader.fine(setting, shown);
        Some(Self { listen: Some(listen) })
    }
}
