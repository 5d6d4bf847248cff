//! Datagrams in: whose they are, and where their sound goes.

use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use str0m::ice::StunMessage;

use super::Worker;
use super::peers::Shared;
use super::socket::{self, Received};
use crate::rtp::{Kind, kind_of};

/// Datagrams read from one customer socket before the others get their turn.
const TURN: usize = 32;
/// Batches of the shared port read in one turn.
const SHARED_TURN: usize = 8;
/// Attributes of a STUN message that is read at all. A browser's check has eight; a datagram has room for hundreds.
const STUN_ATTRIBUTES: usize = 32;

impl Worker {
    pub(super) fn customer_readable(&mut self, now: Instant, place: usize) {
        let handled = catch_unwind(AssertUnwindSafe(|| self.read_customer(now, place)));
        if handled.is_err() {
            self.give_up_customer(now, place);
        }
    }

    pub(super) fn read_customer(&mut self, now: Instant, place: usize) {
        for _ in 0..TURN {
            let Some(customer) = self.customers.get_mut(place) else { return };
            match customer.socket.recv_from(&mut self.rx) {
                Ok((len, from)) => self.customer_datagram(now, place, socket::plain(from), len),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return,
                // An ICMP message about an earlier datagram of ours; ICE will find out what it means.
                Err(_) => {}
            }
        }
        // Its next event of this same turn finds it here already: a flood gets its turn once, like everybody.
        if !self.unfinished.contains(&place) {
            self.unfinished.push(place);
        }
    }

    pub(super) fn customer_datagram(&mut self, now: Instant, place: usize, from: SocketAddr, len: usize) {
        let Self { customers, lines, tools, rx, wake_at, .. } = self;
        let Some(customer) = customers.get_mut(place) else { return };
        let packet = &mut rx[..len];
        match kind_of(packet) {
            Kind::Rtp => {
                let line = customer.line;
                let Some(heard) =
                    customer.with(tools, |session, _, out| session.heard(now, from, packet, out))
                else {
                    return;
                };
                if let Some(line) = line.and_then(|line| lines.get_mut(line))
                    && let Some(to) = line.leg.transport.peer_address()
                {
                    let Shared { socket, out } = &mut tools.shared;
                    out.push(socket, to, |buf| {
                        line.leg.relay(now, &heard, &packet[heard.payload.clone()], buf)
                    });
                }
            }
            Kind::Rtcp => {
                customer.session.leg.receive_rtcp(now, tools.clock, from, packet);
            }
            Kind::Stun => {
                if !is_plausible(packet) {
                    return;
                }
                let Ok(message) = StunMessage::parse(packet) else { return };
                if customer.session.leg.transport.stun(now, from, message) {
                    customer.session.leg.sign_of_life = now;
                    customer.with(tools, |session, library, out| session.pump(now, None, library, out));
                    customer.plan(wake_at);
                }
            }
            Kind::Dtls => {
                let step = customer.session.leg.transport.dtls(now, from, packet);
                customer.with(tools, |session, library, out| session.pump(now, step, library, out));
                customer.plan(wake_at);
            }
            Kind::Other => {}
        }
    }

    /// Takes back what the codec thread has done.
    pub(super) fn take_translated(&mut self, now: Instant) {
        while let Some(frame) = self.translators.next() {
            let Self { customers, lines, tools, .. } = self;
            let Some(customer) = customers.of(frame.call) else { continue };
            let line = customer.line;
            let heard = customer.with(tools, |session, _, out| session.translated(now, &frame, out));
            if let Some(heard) = heard
                && let Some(line) = line.and_then(|line| lines.get_mut(line))
                && let Some(to) = line.leg.transport.peer_address()
            {
                let Shared { socket, out } = &mut tools.shared;
                out.push(socket, to, |buf| line.leg.relay(now, &heard, &frame.payload, buf));
            }
        }
    }

    /// Reads the shared port, some batches a turn: whoever floods it does not keep timers, orders and customers waiting.
    pub(super) fn shared_readable(&mut self, now: Instant, received: &mut Received) {
        for _ in 0..SHARED_TURN {
            let more = match received.fill(&self.tools.shared.socket) {
                Ok(more) => more,
                Err(error) => {
                    tracing::warn!(%error, "read the shared agent port");
                    false
                }
            };
            for at in 0..received.count() {
                let Some((from, datagram)) = received.datagram(at) else { continue };
                let mut whose = None;
                let handled =
                    catch_unwind(AssertUnwindSafe(|| self.shared_datagram(now, from, datagram, &mut whose)));
                self.strangers += u64::from(whose.is_none());
                if handled.is_err()
                    && let Some(place) = whose
                {
                    self.give_up_line(place);
                }
            }
            if !more {
                return;
            }
        }
        self.shared_unfinished = true;
    }

    pub(super) fn shared_datagram(
        &mut self,
        now: Instant,
        from: SocketAddr,
        packet: &mut [u8],
        whose: &mut Option<usize>,
    ) {
        let kind = kind_of(packet);
        let Self { customers, lines, demux, tools, config, wake_at, .. } = self;
        let place = match kind {
            Kind::Stun => {
                if !is_plausible(packet) {
                    return;
                }
                let Ok(message) = StunMessage::parse(packet) else { return };
                // As ICE-lite we ask nobody, so nobody answers us.
                let place = message.is_binding_request().then(|| message.split_username()).flatten();
                let Some(place) = place.and_then(|(ours, _)| demux.named(ours)) else { return };
                *whose = Some(place);
                let Some(line) = lines.get_mut(place) else { return };
                if !line.leg.transport.stun(now, from, message) {
                    return;
                }
                demux.learn(from, place);
                place
            }
            Kind::Dtls | Kind::Rtp | Kind::Rtcp => {
                let Some(place) = demux.at(from) else { return };
                place
            }
            Kind::Other => return,
        };
        *whose = Some(place);
        let Some(line) = lines.get_mut(place) else { return };
        let step = match kind {
            Kind::Rtp => {
                let Some(heard) = line.leg.receive_rtp(now, from, packet) else { return };
                if let Some(customer) = line.customer.and_then(|customer| customers.get_mut(customer)) {
                    let payload = &packet[heard.payload.clone()];
                    customer.with(tools, |session, _, out| {
                        session.agent_speaks(now, line.id, &heard, payload, out)
                    });
                }
                return;
            }
            Kind::Rtcp => {
                line.leg.receive_rtcp(now, tools.clock, from, packet);
                return;
            }
            Kind::Dtls => line.leg.transport.dtls(now, from, packet),
            Kind::Stun | Kind::Other => None,
        };
        if kind == Kind::Stun {
            line.leg.sign_of_life = now;
        }
        let failed = line.pump(now, step, tools);
        line.plan(config.consent_limit, wake_at);
        if failed {
            self.close_line(now, place);
        }
    }
}

/// Has this STUN message a bearable number of attributes? Anybody can send one; reading hundreds of them, and whatever
/// is said of odd ones, is work that a stranger must not be able to give us.
fn is_plausible(packet: &[u8]) -> bool {
    let mut rest = packet.get(20..).unwrap_or_default();
    for _ in 0..STUN_ATTRIBUTES {
        let [_, _, high, low, ..] = *rest else { return true };
        let length = usize::from(u16::from_be_bytes([high, low])).next_multiple_of(4);
        rest = rest.get(4 + length..).unwrap_or_default();
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_datagram_full_of_attributes_is_not_read() {
        let header = [0_u8; 20];
        let check: Vec<u8> = header.into_iter().chain([0, 6, 0, 5, 97, 98, 99, 100, 101, 0, 0, 0]).collect();
        assert!(is_plausible(&check));
        assert!(is_plausible(&header));
        let flood: Vec<u8> =
            header.into_iter().chain([0, 1, 0, 0].into_iter().cycle().take(4 * 360)).collect();
        assert!(!is_plausible(&flood));
    }

    #[test]
    fn broken_lengths_do_not_break_the_look() {
        let header = [0_u8; 20];
        for tail in [&[0, 1][..], &[0, 1, 0xFF, 0xFF], &[0, 1, 0xFF, 0xFF, 1, 2, 3]] {
            let packet: Vec<u8> = header.into_iter().chain(tail.iter().copied()).collect();
            assert!(is_plausible(&packet));
        }
        assert!(is_plausible(&[0, 1]));
    }
}
