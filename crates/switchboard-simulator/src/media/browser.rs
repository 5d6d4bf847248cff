//! Legs whose SDP str0m itself negotiates: the phone page's browser (we answer, ICE-lite) and a simulated agent's
//! browser (we offer, full ICE).

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::media::{Direction, MediaKind, Mid};
use str0m::{Candidate, Rtc};
use tokio::sync::mpsc;

use crate::clock::now;
use crate::media::leg::{self, Begins, Leg, LegError, LegFacts, LegNews, Numbers, Parts, Voice};

fn broken(error: impl std::fmt::Display) -> LegError {
    LegError::Peer(error.to_string())
}

/// The `a=mid` of the first media section.
fn mid_of(sdp: &str) -> Option<Mid> {
    sdp.lines().find_map(|line| line.strip_prefix("a=mid:")).map(|mid| Mid::from(mid.trim()))
}

fn sending_ssrc(rtc: &mut Rtc, mid: Mid) -> Result<u32, LegError> {
    let mut direct = rtc.direct_api();
    let stream = direct.stream_tx_by_mid(mid, None);
    stream.map(|stream| *stream.ssrc()).ok_or_else(|| broken("the other side does not want to hear us"))
}

/// Where a browser on this machine reaches us: browsers gather no loopback candidates, and from their others they do
/// not reach 127.0.0.1 (Chromium 156). The socket takes nothing but what passes ICE and DTLS.
fn for_browser(ip: IpAddr) -> IpAddr {
    if ip.is_loopback() { own_address().unwrap_or(ip) } else { ip }
}

/// The address this machine uses towards the outside. "Connecting" a UDP socket sends nothing.
fn own_address() -> Option<IpAddr> {
    let socket = std::net::UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    // An address of a documentation network (RFC 5737): only the route counts.
    socket.connect((Ipv4Addr::new(198, 51, 100, 1), 9)).ok()?;
    let own = socket.local_addr().ok()?.ip();
    (!own.is_loopback() && !own.is_unspecified()).then_some(own)
}

/// Answers the offer of the phone page's browser.
pub(crate) fn answer_phone(
    ip: IpAddr,
    offer: &str,
    facts: Arc<LegFacts>,
    news: mpsc::Sender<LegNews>,
) -> Result<(Leg, String), LegError> {
    let moment = now();
    let (socket, local) = leg::socket(for_browser(ip)).map_err(LegError::Port)?;
    let mut rtc = leg::rtc_config(&[]).set_ice_lite(true).build(moment);
    rtc.add_local_candidate(Candidate::host(local, "udp").map_err(broken)?);
    let offer = SdpOffer::from_sdp_string(offer).map_err(broken)?;
    let answer = rtc.sdp_api().accept_offer(offer)?.to_sdp_string();
    let mid = mid_of(&answer).ok_or_else(|| broken("the offer has no media section"))?;
    let ssrc = sending_ssrc(&mut rtc, mid)?;
    let numbers = Numbers::of(&answer);
    let parts = Parts {
        rtc,
        socket,
        local,
        mid,
        ssrc,
        numbers,
        voice: Voice::Partner,
        begins: Begins::Connected,
        silence: None,
        facts,
        news,
    };
    Ok((Leg::new(parts, moment), answer))
}

/// An agent's browser that has made its offer and waits for the answer.
pub(crate) struct Offering {
    rtc: Rtc,
    pending: SdpPendingOffer,
    socket: mio::net::UdpSocket,
    local: std::net::SocketAddr,
    mid: Mid,
    /// The offer to send.
    pub(crate) offer: String,
}

impl Offering {
    /// Makes the offer of a browser: one audio section, its host candidate already gathered.
    pub(crate) fn new(ip: IpAddr) -> Result<Self, LegError> {
        let (socket, local) = leg::socket(ip).map_err(LegError::Port)?;
        let mut rtc = leg::rtc_config(&[]).build(now());
        rtc.add_local_candidate(Candidate::host(local, "udp").map_err(broken)?);
        let mut changes = rtc.sdp_api();
        let mid = changes.add_media(MediaKind::Audio, Direction::SendRecv, None, None, None);
        let (offer, pending) = changes.apply().ok_or_else(|| broken("no offer was made"))?;
        Ok(Self { rtc, pending, socket, local, mid, offer: offer.to_sdp_string() })
    }

    /// The answer came: the leg can run.
    pub(crate) fn answered(
        mut self,
        answer: &str,
        voice: Voice,
        facts: Arc<LegFacts>,
        news: mpsc::Sender<LegNews>,
    ) -> Result<Leg, LegError> {
        let parsed = SdpAnswer::from_sdp_string(answer).map_err(broken)?;
        self.rtc.sdp_api().accept_answer(self.pending, parsed)?;
        let ssrc = sending_ssrc(&mut self.rtc, self.mid)?;
        let parts = Parts {
            rtc: self.rtc,
            socket: self.socket,
            local: self.local,
            mid: self.mid,
            ssrc,
            numbers: Numbers::of(answer),
            voice,
            begins: Begins::Connected,
            silence: None,
            facts,
            news,
        };
        Ok(Leg::new(parts, now()))
    }
}
