//! Making legs: a port, a transport, an answer.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use mio::net::UdpSocket;
use mio::{Interest, Token};
use str0m::ice::IceCreds;
use switchboard_core::call::input::MediaRefusal;
use switchboard_core::ids::{CallId, LineId};
use switchboard_core::media_terms::{MediaTerms, SrtpKeyExchange};

use super::peers::{Customer, Line};
use super::{FIRST_CUSTOMER, Worker, counted, socket};
use crate::chance;
use crate::command::MediaSeat;
use crate::engine::LineRefusal;
use crate::leg::Leg;
use crate::leg::transport::{Direct, Offered, Role, Transport, Webrtc, fresh_credentials};
use crate::sdp::{
    Codec, CustomerAnswer, CustomerAnswered, CustomerOffer, DialOffer, Keys, LineAnswer, LineOffer, Local,
    MasterKey, offered_audio,
};
use crate::session::Session;
use crate::transcode::Translator;

/// How a customer is reached, and what our answer tells of it.
struct Way {
    transport: Transport,
    /// Empty with SDES.
    credentials: IceCreds,
    /// With SDES.
    key: Option<MasterKey>,
}

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
        let candidates = self.reachable(offer)?;
        let (port, socket) = self.take_port(now, call)?;
        let fresh = Offered { credentials: fresh_credentials(), key: None };
        let way = self.way_to(now, offer, &candidates, port, (Role::Client, fresh));
        let Way { transport, credentials, key } = match way {
            Ok(way) => way,
            Err(refusal) => {
                self.pool.give_back(now, port);
                return Err(refusal);
            }
        };
        let ssrc = chance::word();
        self.legs_made += 1;
        let translator = self.translator_for(call, self.legs_made, offer);
        let mut leg = Leg::new(now, self.legs_made, transport, offer.audio.clone(), ssrc, translator);
        if !offer.rtcp_mux {
            leg = leg.without_reports();
        }
        self.keep_customer(now, Session::new(now, call, leg, self.limits), socket, port)?;
        // Without candidates the one address we name must be of the family of theirs.
        let family = |ip: &&IpAddr| key.is_none() || ip.is_ipv4() == candidates[0].is_ipv4();
        let addresses: Vec<IpAddr> = self.advertise.iter().filter(family).copied().collect();
        let answer = CustomerAnswer {
            local: Local {
                ufrag: &credentials.ufrag,
                password: &credentials.pass,
                fingerprint: self.identity.fingerprint,
                addresses: &addresses,
                port,
                session: chance::word(),
            },
            key: key.as_ref(),
            offer,
            ssrc,
            cname: &self.tools.cname,
        };
        Ok(answer.write())
    }

    /// A port of the pool, for one more customer.
    fn take_port(&mut self, now: Instant, call: CallId) -> Result<(u16, UdpSocket), MediaRefusal> {
        if self.customers.len() + self.lines.len() >= self.config.max_legs {
            return Err(MediaRefusal::NoPorts);
        }
        let bind = self.config.bind;
        match self.pool.take(now, |port| socket::bind(bind, port)) {
            Ok(Some(taken)) => Ok(taken),
            Ok(None) => Err(MediaRefusal::NoPorts),
            Err(error) => {
                tracing::error!(%error, call.id = %call, "open a UDP port for a customer leg");
                Err(MediaRefusal::Unavailable)
            }
        }
    }

    /// The leg begins to live.
    fn keep_customer(
        &mut self,
        now: Instant,
        session: Session,
        mut socket: UdpSocket,
        port: u16,
    ) -> Result<(), MediaRefusal> {
        let call = session.call;
        let place = self.customers.next_place();
        if let Err(error) =
            self.poll.registry().register(&mut socket, Token(FIRST_CUSTOMER + place), Interest::READABLE)
        {
            tracing::error!(%error, call.id = %call, "watch the UDP port of a customer leg");
            self.pool.give_back(now, port);
            return Err(MediaRefusal::Unavailable);
        }
        let mut customer = Customer { session, socket, port, line: None, due: None };
        customer.with(&mut self.tools, |session, library, out| session.pump(now, None, library, out));
        customer.plan(&mut self.wake_at);
        self.customers.insert(call, customer);
        counted::legs("customer", self.customers.len());
        Ok(())
    }

    /// A call of ours: a port, and an offer that tells of it. How the customer is reached stands in his answer.
    pub(super) fn offer_customer(
        &mut self,
        now: Instant,
        call: CallId,
        terms: MediaTerms,
    ) -> Result<String, MediaRefusal> {
        if self.customers.place_of(call).is_some() {
            return Err(MediaRefusal::BadOffer("the call has a customer leg already".into()));
        }
        let (port, socket) = self.take_port(now, call)?;
        let sdes = terms.key_exchange == SrtpKeyExchange::Sdes;
        let credentials =
            if sdes { IceCreds { ufrag: String::new(), pass: String::new() } } else { fresh_credentials() };
        let offered = Offered { credentials, key: sdes.then(MasterKey::fresh) };
        let audio = offered_audio(terms);
        let ssrc = chance::word();
        self.legs_made += 1;
        let transport = Transport::Offered(Box::new(offered.clone()));
        let leg = Leg::new(now, self.legs_made, transport, audio.clone(), ssrc, None);
        self.keep_customer(now, Session::new(now, call, leg, self.limits).dialled(), socket, port)?;
        // Without candidates there is one address only: the preferred one.
        let addresses = if sdes { self.advertise.get(..1).unwrap_or_default() } else { &self.advertise };
        let offer = DialOffer {
            local: Local {
                ufrag: &offered.credentials.ufrag,
                password: &offered.credentials.pass,
                fingerprint: self.identity.fingerprint,
                addresses,
                port,
                session: chance::word(),
            },
            audio: &audio,
            key: offered.key.as_ref(),
            ssrc,
            cname: &self.tools.cname,
        };
        Ok(offer.write())
    }

    /// The customer's side has answered: ICE and DTLS begin.
    pub(super) fn customer_answered(
        &mut self,
        now: Instant,
        call: CallId,
        answered: &CustomerAnswered,
    ) -> Result<(), MediaRefusal> {
        let answer = &answered.answer;
        let candidates = self.reachable(answer)?;
        let place = self.customers.place_of(call).ok_or(MediaRefusal::Unavailable)?;
        let (port, number, offered) = match self.customers.get(place) {
            Some(Customer { port, session, .. }) => match &session.leg.transport {
                Transport::Offered(offered) => (*port, session.leg.number(), offered.as_ref().clone()),
                Transport::Webrtc(_) | Transport::Direct(_) => {
                    return Err(MediaRefusal::BadOffer("our offer was answered before".into()));
                }
            },
            None => return Err(MediaRefusal::Unavailable),
        };
        let role = if answered.we_are_client { Role::Client } else { Role::Server };
        let Way { transport, .. } = self.way_to(now, answer, &candidates, port, (role, offered))?;
        let translator = self.translator_for(call, number, answer);
        let Some(customer) = self.customers.get_mut(place) else { return Err(MediaRefusal::Unavailable) };
        customer.session.answered(now, transport, answer.audio.clone(), translator, answer.rtcp_mux);
        customer.with(&mut self.tools, |session, library, out| session.pump(now, None, library, out));
        customer.plan(&mut self.wake_at);
        Ok(())
    }

    /// The addresses of a family this exchange serves.
    fn reachable(&self, description: &CustomerOffer) -> Result<Vec<SocketAddr>, MediaRefusal> {
        let reachable =
            |candidate: &&SocketAddr| self.advertise.iter().any(|ip| ip.is_ipv4() == candidate.is_ipv4());
        let candidates: Vec<SocketAddr> = description.candidates.iter().filter(reachable).copied().collect();
        if candidates.is_empty() {
            return Err(MediaRefusal::BadOffer(
                "it has no UDP address of a family this exchange serves".into(),
            ));
        }
        Ok(candidates)
    }

    fn translator_for(&self, call: CallId, leg: u32, description: &CustomerOffer) -> Option<Translator> {
        let speaks_g711 = description.audio.codecs().any(|(_, codec)| matches!(codec, Codec::G711(_)));
        speaks_g711.then(|| self.translators.translator(call, leg))
    }

    /// ICE and DTLS, or the address and the keys of both SDPs.
    fn way_to(
        &self,
        now: Instant,
        offer: &CustomerOffer,
        candidates: &[SocketAddr],
        port: u16,
        (role, ours): (Role, Offered),
    ) -> Result<Way, MediaRefusal> {
        match &offer.keys {
            Keys::Dtls(peer) => {
                let (identity, advertise) = (&self.identity, &self.advertise);
                let webrtc = Webrtc::customer(
                    now,
                    identity,
                    peer,
                    candidates,
                    advertise,
                    port,
                    (role, ours.credentials),
                );
                let credentials = webrtc.credentials().clone();
                Ok(Way { transport: Transport::Webrtc(webrtc), credentials, key: None })
            }
            Keys::Sdes(crypto) => {
                let ours = ours.key.unwrap_or_else(MasterKey::fresh);
                let direct = Direct::new(candidates[0], &ours, &crypto.key)
                    .ok_or_else(|| MediaRefusal::BadOffer("its SDES key cannot be expanded".into()))?;
                let credentials = IceCreds { ufrag: String::new(), pass: String::new() };
                Ok(Way { transport: Transport::Direct(direct), credentials, key: Some(ours) })
            }
        }
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
        let webrtc = Webrtc::line(now, &self.identity, &offer.peer, &self.for_browsers, self.agent_port);
        let credentials = webrtc.credentials().clone();
        let ssrc = chance::word();
        self.legs_made += 1;
        let transport = Transport::Webrtc(webrtc);
        let leg = Leg::new(now, self.legs_made, transport, offer.audio.clone(), ssrc, None);
        let mut line = Line { id, leg, ufrag: credentials.ufrag.clone(), customer: None, due: None };
        line.pump(now, None, &mut self.tools);
        line.plan(self.config.consent_limit, &mut self.wake_at);
        let place = self.lines.insert(id, line);
        counted::legs("agent", self.lines.len());
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
