//! Datagrams in: whose they are, and where their sound goes.

use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use str0m::ice::StunMessage;

use super::Worker;
use super::peers::Shared;
use super::socket::{self, Received};
use crate::report::{CustomerFailure, MediaReport};
use crate::rtp::{Kind, kind_of};

/// Datagrams read from one customer socket before the others get their turn.
const TURN: usize = 32;

impl Worker {
    pub(super) fn customer_readable(&mut self, now: Instant, place: usize) {
        let handled = catch_unwind(AssertUnwindSafe(|| self.read_customer(now, place)));
        if handled.is_err()
            && let Some(call) = self.customers.get(place).map(|customer| customer.session.call)
        {
            tracing::error!(call.id = %call, "a packet made the media thread panic; the leg is given up");
            self.tools.reports.tell(MediaReport::CustomerFailed { call, why: CustomerFailure::DtlsFailed });
            self.detach(place);
            if let Some(customer) = self.customers.remove(place) {
                self.pool.give_back(now, customer.port);
            }
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
        self.unfinished.push(place);
    }

    pub(super) fn customer_datagram(&mut self, now: Instant, place: usize, from: SocketAddr, len: usize) {
        let Self { customers, lines, tools, rx, wake_at, .. } = self;
        let Some(customer) = customers.get_mut(place) else { return };
        let packet = &mut rx[..len];
        match kind_of(packet) {
            Kind::Rtp => {
                let line = customer.line;
                let Some(heard) = customer.with(tools, |session, _, out| session.heard(now, packet, out))
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
                customer.session.leg.receive_rtcp(now, tools.clock, packet);
            }
            Kind::Stun => {
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

    pub(super) fn shared_readable(&mut self, now: Instant, received: &mut Received) {
        loop {
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
                if handled.is_err()
                    && let Some(place) = whose
                    && let Some(line) = self.lines.get(place).map(|line| line.id)
                {
                    tracing::error!(line.id = %line, "a packet made the media thread panic; the line is given up");
                    self.tools.reports.tell(MediaReport::LineLost { line });
                    self.close_line(now, place);
                }
            }
            if !more {
                return;
            }
        }
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
                let Some(heard) = line.leg.receive_rtp(now, packet) else { return };
                if let Some(customer) = line.customer.and_then(|customer| customers.get_mut(customer)) {
                    let payload = &packet[heard.payload.clone()];
                    customer.with(tools, |session, _, out| {
                        session.agent_speaks(now, line.id, &heard, payload, out)
                    });
                }
                return;
            }
            Kind::Rtcp => {
                line.leg.receive_rtcp(now, tools.clock, packet);
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
