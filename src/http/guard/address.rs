//! Which addresses a connection may go to when a person typed where.
//!
//! Ranges are those of IANA's special-purpose registries (RFC 6890 and what was added since). Addresses of IPv4 that travel inside
//! IPv6 are judged as what they lead to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The internet.
    Public,
    /// A private network or this machine: only where the operator says so.
    Private,
    /// Nothing a calendar can be at: metadata of a cloud, a group of hosts, a range without hosts. Nobody can allow it.
    Never,
}

/// Addresses at which clouds tell a machine its own secrets, as far as they lie in ranges that could be allowed otherwise.
const METADATA_V4: [Ipv4Addr; 2] = [Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(168, 63, 129, 16)];
const METADATA_V6: [Ipv6Addr; 2] =
    [Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)];

/// What this address leads to.
pub fn reach(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(address) => reach_v4(address),
        IpAddr::V6(address) => reach_v6(address),
    }
}

fn reach_v4(address: Ipv4Addr) -> Reach {
    if METADATA_V4.contains(&address) {
        return Reach::Never;
    }
    match address.octets() {
        [10 | 127, ..] | [172, 16..=31, ..] | [192, 168, ..] => Reach::Private,
        // Carriers' shared space (RFC 6598), which private overlay networks use too, and the range for benchmarks (RFC 2544).
        [100, 64..=127, ..] | [198, 18 | 19, ..] => Reach::Private,
        // "This network"; link local, with the metadata of most clouds; protocol assignments; documentation; the relays of
        // 6to4; groups, reserved space and broadcast.
        [0, ..] | [169, 254, ..] | [192, 0, 0 | 2, _] | [192, 88, 99, _] | [198, 51, 100, _] | [203, 0, 113, _] => {
            Reach::Never
        }
        [224..=255, ..] => Reach::Never,
        _ => Reach::Public,
    }
}

fn reach_v6(address: Ipv6Addr) -> Reach {
    if METADATA_V6.contains(&address) {
        return Reach::Never;
    }
    if address == Ipv6Addr::LOCALHOST {
        return Reach::Private;
    }
    let parts = address.segments();
    let inside = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        reach_v4(Ipv4Addr::new(a, b, c, d))
    };
    match parts {
        // IPv4-mapped, and the well-known prefix of NAT64 (RFC 6052).
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => inside(high, low),
        // A NAT64 of one's own network (RFC 8215).
        [0x64, 0xff9b, 1, ..] => Reach::Private,
        // ISATAP hides an IPv4 address in the second half (RFC 5214).
        [.., 0 | 0x200, 0x5efe, high, low] if inside(high, low) != Reach::Public => Reach::Never,
        // Unique local, and site local as it was called before.
        [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] => Reach::Private,
        // Protocol assignments with Teredo; documentation; 6to4.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] | [0x2002, ..] => Reach::Never,
        [0x2000..=0x3fff, ..] => Reach::Public,
        // Unspecified, link local, groups, discarded, segment routing, and all that was never given out.
        _ => Reach::Never,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_special_range_is_known() {
        let table = [
            (Reach::Public, "1.1.1.1 8.8.8.8 17.248.192.1 100.63.255.255 100.128.0.1 172.15.255.255 172.32.0.1"),
            (Reach::Public, "192.167.1.1 192.169.1.1 198.17.0.1 198.20.0.1 11.0.0.1 9.255.255.255 223.255.255.255"),
            (
                Reach::Public,
                "2606:4700:4700::1111 2a01:b740::1 2620:149::1 ::ffff:8.8.8.8 64:ff9b::8.8.8.8 2001:200::1",
            ),
            (Reach::Private, "127.0.0.1 127.255.255.254 10.0.0.0 10.255.255.255 172.16.0.1 172.31.255.255 192.168.0.1"),
            (Reach::Private, "100.64.0.1 100.127.255.255 198.18.0.1 198.19.255.255 ::1 fc00::1 fd12:3456::1 fec0::1"),
            (
                Reach::Private,
                "::ffff:10.0.0.1 ::ffff:127.0.0.1 ::ffff:a00:1 64:ff9b::10.0.0.1 64:ff9b::a00:1 64:ff9b:1::1",
            ),
            (Reach::Never, "0.0.0.0 0.1.2.3 169.254.169.254 169.254.170.2 169.254.0.1 192.0.0.1 192.0.0.192 192.0.2.1"),
            (Reach::Never, "198.51.100.7 203.0.113.9 192.88.99.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255"),
            (Reach::Never, "100.100.100.200 168.63.129.16 fd00:ec2::254 fd20:ce::254 ::ffff:169.254.169.254 ::"),
            (Reach::Never, "fe80::1 febf::1 ff02::1 ff0e::1 2001:db8::1 3fff::1 2002:7f00:1:: 2002:a9fe:a9fe:: 100::1"),
            (
                Reach::Never,
                "2001::1 2001:10::1 2001:20::1 64:ff9b::169.254.169.254 ::10.0.0.1 ::ffff:0:127.0.0.1 5f00::1",
            ),
            (Reach::Never, "2a01::5efe:10.0.0.1 2a01::200:5efe:127.0.0.1 4000::1 8000::1"),
        ];
        let mut forms = 0;
        for (expected, addresses) in table {
            for address in addresses.split(' ') {
                forms += 1;
                assert_eq!(reach(address.parse().expect(address)), expected, "{address}");
            }
        }
        assert!(forms >= 60, "{forms}");
    }
}
