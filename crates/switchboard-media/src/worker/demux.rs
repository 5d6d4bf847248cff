//! Whose datagram is it? On the shared port a browser is known by its address, and an address becomes known only by a
//! STUN message with the right MESSAGE-INTEGRITY.

use std::collections::HashMap;
use std::net::SocketAddr;

/// Addresses one line may have at once (networks of a laptop); the oldest goes first.
const ADDRESSES_OF_A_LINE: usize = 8;

/// Who is who on the shared port. Lines are named by their place in the worker's table.
#[derive(Debug, Default)]
pub(crate) struct Demux {
    by_ufrag: HashMap<String, usize>,
    by_address: HashMap<SocketAddr, usize>,
    addresses: HashMap<usize, Vec<SocketAddr>>,
}

impl Demux {
    /// A line that will be asked for by this ICE user name.
    pub(crate) fn expect(&mut self, ufrag: &str, line: usize) {
        self.by_ufrag.insert(ufrag.to_owned(), line);
    }

    /// The line a STUN message names. Proves nothing yet.
    pub(crate) fn named(&self, ufrag: &str) -> Option<usize> {
        self.by_ufrag.get(ufrag).copied()
    }

    /// The line that has shown, by STUN, to be at this address.
    pub(crate) fn at(&self, address: SocketAddr) -> Option<usize> {
        self.by_address.get(&address).copied()
    }

    /// The line has shown, by STUN, to be at this address.
    pub(crate) fn learn(&mut self, address: SocketAddr, line: usize) {
        if let Some(before) = self.by_address.insert(address, line) {
            if before == line {
                // In use: it goes to the end of the row of those that may be forgotten.
                if let Some(addresses) = self.addresses.get_mut(&line) {
                    addresses.retain(|known| *known != address);
                    addresses.push(address);
                }
                return;
            }
            if let Some(addresses) = self.addresses.get_mut(&before) {
                addresses.retain(|known| *known != address);
            }
        }
        let addresses = self.addresses.entry(line).or_default();
        if addresses.len() == ADDRESSES_OF_A_LINE {
            self.by_address.remove(&addresses.remove(0));
        }
        addresses.push(address);
    }

    /// The line is gone.
    pub(crate) fn forget(&mut self, ufrag: &str, line: usize) {
        self.by_ufrag.remove(ufrag);
        for address in self.addresses.remove(&line).unwrap_or_default() {
            self.by_address.remove(&address);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], port))
    }

    #[test]
    fn an_address_in_use_is_not_pushed_out_by_newer_ones() {
        let mut demux = Demux::default();
        demux.learn(address(1), 7);
        for port in 2..=40 {
            demux.learn(address(port), 7);
            demux.learn(address(1), 7);
        }
        assert_eq!(demux.at(address(1)), Some(7));
    }

    #[test]
    fn a_line_keeps_its_last_addresses_only() {
        let mut demux = Demux::default();
        for port in 1..=20 {
            demux.learn(address(port), 3);
        }
        assert_eq!(demux.at(address(12)), None);
        assert_eq!(demux.at(address(13)), Some(3));
        assert_eq!(demux.by_address.len(), ADDRESSES_OF_A_LINE);
    }

    #[test]
    fn an_address_that_moves_to_another_line_is_not_taken_away_with_the_first() {
        let mut demux = Demux::default();
        demux.expect("first", 1);
        demux.expect("second", 2);
        demux.learn(address(1), 1);
        demux.learn(address(1), 2);
        demux.forget("first", 1);
        assert_eq!(demux.at(address(1)), Some(2));
        assert_eq!(demux.named("first"), None);
        assert_eq!(demux.named("second"), Some(2));
    }
}
