//! Making legs: a port, a transport, an answer.

use std::net::SocketAddr;
use std::time::Instant;

use mio::{Interest, Token};
use switchboard_core::call::input::MediaRefusal;
use switchboard_core::ids::{CallId, LineId};

use super::peers::{Customer, Line};
use super::{FIRST_CUSTOMER, Worker, socket};
use crate::chance;
use crate::command::MediaSeat;
use crate::engine::LineRefusal;
use crate::leg::Leg;
use crate::leg::transport::Transport;
use crate::sdp::{CustomerAnswer, CustomerOffer, LineAnswer, LineOffer, Local};
use crate::session::Session;

impl Worker {
    pub(super) fn open_customer(
        &mut self,
        now: Instant,
        call: CallId,
        offer: &CustomerOffer,
    ) -> Result<String, MediaRefusal> {
        if self.customers.place_of(call).is_some() {
            return Err(MediaRefusal::BadOffer("the call has a customer leg already".into()));
        }
        let reachable =
            |candidate: &&SocketAddr| self.advertise.iter().any(|ip| ip.is_ipv4() == candidate.is_ipv4());
        let candidates: Vec<SocketAddr> = offer.candidates.iter().filter(reachable).copied().collect();
        if candidates.is_empty() {
            return Err(MediaRefusal::BadOffer(
                "it has no UDP address of a family this exchange serves".into(),
            ));
        }
        if self.customers.len() + self.lines.len() >= self.config.max_legs {
            return Err(MediaRefusal::NoPorts);
        }
        let bind = self.config.bind;
        let (port, mut socket) = match self.pool.take(now, |port| socket::bind(bind, port)) {
            Ok(Some(taken)) => taken,
            Ok(None) => return Err(MediaRefusal::NoPorts),
            Err(error) => {
                tracing::error!(%error, call.id = %call, "open a UDP port for a customer leg");
                return Err(MediaRefusal::Unavailable);
            }
        };
        let transport =
            Transport::customer(now, &self.identity, &offer.peer, &candidates, &self.advertise, port);
        let credentials = transport.credentials().clone();
        let ssrc = chance::word();
        self.legs_made += 1;
        let leg = Leg::new(now, self.legs_made, transport, offer.audio.clone(), ssrc);
        let place = self.customers.next_place();
        if let Err(error) =
            self.poll.registry().register(&mut socket, Token(FIRST_CUSTOMER + place), Interest::READABLE)
        {
            tracing::error!(%error, call.id = %call, "watch the UDP port of a customer leg");
            self.pool.give_back(now, port);
            return Err(MediaRefusal::Unavailable);
        }
        let mut customer = Customer {
            session: Session::new(now, call, leg, self.limits),
            socket,
            port,
            line: None,
            due: None,
        };
        customer.with(&mut self.tools, |session, library, out| session.pump(now, None, library, out));
        customer.plan(&mut self.wake_at);
        self.customers.insert(call, customer);
        let answer = CustomerAnswer {
            local: Local {
                ufrag: &credentials.ufrag,
                password: &credentials.pass,
                fingerprint: self.identity.fingerprint,
                addresses: &self.advertise,
                port,
                session: chance::word(),
            },
            offer,
            ssrc,
            cname: &self.tools.cname,
        };
        Ok(answer.write())
    }

    pub(super) fn open_line(
        &mut self,
        now: Instant,
        id: LineId,
        offer: &LineOffer,
    ) -> Result<String, LineRefusal> {
        if self.lines.place_of(id).is_some() {
            return Err(LineRefusal::BadOffer("this line is open already".into()));
        }
        if self.customers.len() + self.lines.len() >= self.config.max_legs {
            return Err(LineRefusal::Full);
        }
        let transport =
            Transport::line(now, &self.identity, &offer.peer, &self.for_browsers, self.agent_port);
        let credentials = transport.credentials().clone();
        let ssrc = chance::word();
        self.legs_made += 1;
        let leg = Leg::new(now, self.legs_made, transport, offer.audio.clone(), ssrc);
        let mut line = Line { id, leg, ufrag: credentials.ufrag.clone(), customer: None, due: None };
        line.pump(now, None, &mut self.tools);
        line.plan(self.config.consent_limit, &mut self.wake_at);
        let place = self.lines.insert(id, line);
        self.demux.expect(&credentials.ufrag, place);
        // A call may have been put through to this line before it came.
        for customer in self.customers.places() {
            if self
                .customers
                .get(customer)
                .is_some_and(|customer| customer.session.seat == MediaSeat::Line(id))
            {
                self.attach(customer, place);
            }
        }
        let answer = LineAnswer {
            local: Local {
                ufrag: &credentials.ufrag,
                password: &credentials.pass,
                fingerprint: self.identity.fingerprint,
                addresses: &self.for_browsers,
                port: self.agent_port,
                session: chance::word(),
            },
            offer,
            ssrc,
            extra_ssrcs: &[chance::word(), chance::word()],
            cname: &self.tools.cname,
        };
        Ok(answer.write())
    }
}
