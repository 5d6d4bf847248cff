//! What kind of place an address is, for requests whose target somebody else chose (I11): only what is out in the
//! public internet may be spoken to unasked.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where an address leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AddressClass {
    /// Somewhere in the internet.
    Public,
    /// This machine.
    Loopback,
    /// A private network (RFC 1918, ULA, site-local).
    Private,
    /// Addresses between a provider and its customers (RFC 6598, 100.64.0.0/10).
    Shared,
    /// This link only: also where clouds keep their metadata (169.254.169.254).
    LinkLocal,
    /// A cloud's metadata outside of link-local (`fd00:ec2::254`, 100.100.100.200 and 168.63.129.16).
    Metadata,
    /// Many at once.
    Multicast,
    /// No address, or the whole net.
    Unspecified,
    /// Set aside for documents, tests or later use.
    Reserved,
}

impl AddressClass {
    /// May it be spoken to although nobody opened it?
    #[must_use]
    pub const fn is_public(self) -> bool {
        matches!(self, Self::Public)
    }

    /// In words, for the person who chose it.
    #[must_use]
    pub const fn as_words(self) -> &'static str {
        match self {
            Self::Public => "a public address",
            Self::Loopback => "this machine itself",
            Self::Private => "a private network",
            Self::Shared => "a provider's shared network (100.64.0.0/10)",
            Self::LinkLocal => "a link-local address",
            Self::Metadata => "a cloud's metadata service",
            Self::Multicast => "a multicast address",
            Self::Unspecified => "no address at all",
            Self::Reserved => "a range that is set aside",
        }
    }
}

/// Sorts an address. An IPv4 address wrapped into IPv6 (mapped, compatible, NAT64, 6to4, Teredo, ISATAP) is what it wraps.
#[must_use]
pub fn classify(address: IpAddr) -> AddressClass {
    match address {
        IpAddr::V4(address) => of_v4(address),
        IpAddr::V6(address) => of_v6(address),
    }
}

fn of_v4(address: Ipv4Addr) -> AddressClass {
    let [a, b, c, d] = address.octets();
    match (a, b, c, d) {
        (168, 63, 129, 16) | (100, 100, 100, 200) => AddressClass::Metadata,
        (0, ..) | (255, 255, 255, 255) => AddressClass::Unspecified,
        (127, ..) => AddressClass::Loopback,
        (10, ..) | (172, 16..=31, ..) | (192, 168, ..) => AddressClass::Private,
        (100, 64..=127, ..) => AddressClass::Shared,
        (169, 254, ..) => AddressClass::LinkLocal,
        (224..=239, ..) => AddressClass::Multicast,
        // IETF protocols and relays, documentation, benchmarks, and what is kept for later.
        (192, 0, 0 | 2, _) | (192, 88, 99, _) | (198, 18 | 19, ..) | (198, 51, 100, _) | (203, 0, 113, _) => {
            AddressClass::Reserved
        }
        (240..=255, ..) => AddressClass::Reserved,
        _ => AddressClass::Public,
    }
}

fn of_v6(address: Ipv6Addr) -> AddressClass {
    if address.is_unspecified() {
        return AddressClass::Unspecified;
    }
    if address.is_loopback() {
        return AddressClass::Loopback;
    }
    if let Some(wrapped) = wrapped(address) {
        return of_v4(wrapped);
    }
    match address.segments() {
        [0xfd00, 0x0ec2, ..] => AddressClass::Metadata,
        [first, ..] if first & 0xff00 == 0xff00 => AddressClass::Multicast,
        [first, ..] if first & 0xffc0 == 0xfe80 => AddressClass::LinkLocal,
        [first, ..] if first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfec0 => AddressClass::Private,
        // NAT64 inside of a network (RFC 8215), documentation, benchmarks, ORCHID, discard-only, SRv6.
        [0x0064, 0xff9b, 1, ..]
        | [0x2001, 0x0db8, ..]
        | [0x3fff, ..]
        | [0x2001, 0x0002, 0, ..]
        | [0x0100, 0, 0, ..]
        | [0x5f00, ..] => AddressClass::Reserved,
        [0x2001, second, ..] if second & 0xfff0 == 0x0010 || second & 0xfff0 == 0x0020 => {
            AddressClass::Reserved
        }
        // Only 2000::/3 is given out to the internet.
        [first, ..] if first & 0xe000 != 0x2000 => AddressClass::Reserved,
        _ => AddressClass::Public,
    }
}

/// The IPv4 address an IPv6 address stands for.
fn wrapped(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match address.segments() {
        // ::ffff:a.b.c.d, ::ffff:0:a.b.c.d and the old ::a.b.c.d
        [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0, 0, 0, 0, 0, 0, high, low] => Some(v4(high, low)),
        // NAT64, RFC 6052.
        [0x0064, 0xff9b, 0, 0, 0, 0, high, low] => Some(v4(high, low)),
        // 6to4.
        [0x2002, high, low, ..] => Some(v4(high, low)),
        // Teredo hides the client's address by inverting it.
        [0x2001, 0, .., high, low] => Some(v4(!high, !low)),
        // ISATAP.
        [.., 0x0000 | 0x0200, 0x5efe, high, low] => Some(v4(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(text: &str) -> AddressClass {
        classify(text.parse().expect("an address"))
    }

    #[test]
    fn public_addresses_are_public() {
        for text in [
            "1.1.1.1",
            "8.8.8.8",
            "157.240.1.1",
            "172.15.255.255",
            "172.32.0.1",
            "100.63.255.255",
            "100.128.0.1",
            "169.253.0.1",
            "192.167.1.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a03:2880:f12f::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2002:808:808::1",
        ] {
            assert_eq!(class(text), AddressClass::Public, "{text}");
        }
    }

    #[test]
    fn every_other_kind_is_told_apart() {
        for (expected, texts) in [
            (AddressClass::Loopback, &["127.0.0.1", "127.255.0.9", "::1"][..]),
            (
                AddressClass::Private,
                &[
                    "10.0.0.1",
                    "172.16.0.1",
                    "172.31.255.255",
                    "192.168.1.1",
                    "fc00::1",
                    "fd12:3456::1",
                    "fec0::1",
                ],
            ),
            (AddressClass::Shared, &["100.64.0.1", "100.127.255.255"]),
            (AddressClass::LinkLocal, &["169.254.169.254", "169.254.0.1", "fe80::1", "febf::1"]),
            (AddressClass::Metadata, &["fd00:ec2::254", "100.100.100.200", "168.63.129.16"]),
            (AddressClass::Multicast, &["224.0.0.1", "239.255.255.255", "ff02::1"]),
            (AddressClass::Unspecified, &["0.0.0.0", "0.1.2.3", "255.255.255.255", "::"]),
            (
                AddressClass::Reserved,
                &[
                    "192.0.2.1",
                    "198.51.100.7",
                    "203.0.113.9",
                    "198.18.0.1",
                    "198.19.255.255",
                    "192.0.0.8",
                    "192.88.99.1",
                    "240.0.0.1",
                    "2001:db8::1",
                    "3fff::1",
                    "100::1",
                    "4000::1",
                    "64:ff9b:1::a00:1",
                ],
            ),
        ] {
            for text in texts {
                assert_eq!(class(text), expected, "{text}");
            }
        }
    }

    #[test]
    fn what_is_wrapped_counts_not_the_wrapping() {
        for (text, expected) in [
            ("::ffff:127.0.0.1", AddressClass::Loopback),
            ("::ffff:10.0.0.1", AddressClass::Private),
            ("::ffff:0:10.0.0.1", AddressClass::Private),
            ("::10.0.0.1", AddressClass::Private),
            ("::ffff:169.254.169.254", AddressClass::LinkLocal),
            ("64:ff9b::7f00:1", AddressClass::Loopback),
            ("64:ff9b::a9fe:a9fe", AddressClass::LinkLocal),
            ("2002:7f00:1::", AddressClass::Loopback),
            ("2002:c0a8:101::1", AddressClass::Private),
            ("2001:0:1:2:3:4:80ff:fffe", AddressClass::Loopback),
            ("2606:4700::5efe:a00:1", AddressClass::Private),
            ("2606:4700::200:5efe:a9fe:a9fe", AddressClass::LinkLocal),
        ] {
            assert_eq!(class(text), expected, "{text}");
        }
    }
}
