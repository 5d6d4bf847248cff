//! One peer: how it is reached ([`transport`]), its keys, the stream we send it, and what is counted of both ways.

pub(crate) mod transport;
mod webrtc;

use std::net::SocketAddr;
use std::ops::Range;
use std::time::{Duration, Instant};

use switchboard_core::media_terms::AdditionalCodec;

use self::transport::{Failure, Step, Transport};
use crate::clock::Clock;
use crate::g711;
use crate::quality::Meter;
use crate::rebase::{Incoming, OutStream, Place, Source};
use crate::rtcp::{self, SenderInfo};
use crate::rtp::{self, Header};
use crate::sdp::{Audio, Codec};
use crate::srtp::{Srtp, SrtpProfile};
use crate::transcode::{Frame, Origin, Translator, Way};

/// 20 ms of mono Opus silence: a CELT frame of full band with nothing in it.
pub(crate) const SILENCE: &[u8] = &[0xF8, 0xFF, 0xFE];
/// 20 ms of G.711.
const NARROW_FRAME: usize = 160;

/// What a packet carries. Each side has its own payload type for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sound {
    Opus,
    /// To be translated before anybody hears it.
    G711(AdditionalCodec),
    /// A telephone event (RFC 4733).
    Key,
}

/// An authentic packet of a peer.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) source: Source,
    pub(crate) incoming: Incoming,
    pub(crate) sound: Sound,
    pub(crate) payload: Range<usize>,
}

/// One peer.
pub(crate) struct Leg {
    pub(crate) transport: Transport,
    pub(crate) meter: Meter,
    number: u32,
    audio: Audio,
    /// For legs that speak or understand G.711.
    translator: Option<Translator>,
    /// Counts the seats: what was translated for an earlier one is not sent.
    era: u32,
    /// The peer's last sound was G.711, so its clock counts 8,000 a second.
    narrow_in: bool,
    /// RTCP goes to the port of RTP or nowhere.
    reports: bool,
    srtp: Option<Box<Srtp>>,
    out: OutStream,
    /// The last authentic datagram of any kind.
    pub(crate) sign_of_life: Instant,
    /// The last authentic RTP or RTCP.
    pub(crate) media_heard: Option<Instant>,
    /// The last RTP we sent.
    pub(crate) sent: Option<Instant>,
    /// And its time in our stream.
    sent_timestamp: u32,
    sent_at_last_report: u64,
}

impl Leg {
    pub(crate) fn new(
        now: Instant,
        number: u32,
        transport: Transport,
        audio: Audio,
        ssrc: u32,
        translator: Option<Translator>,
    ) -> Self {
        let narrow = matches!(audio.spoken.1, Codec::G711(_));
        Self {
            transport,
            meter: Meter::default(),
            number,
            audio,
            translator,
            era: 0,
            narrow_in: narrow,
            reports: true,
            srtp: None,
            out: if narrow { OutStream::narrow(ssrc) } else { OutStream::new(ssrc) },
            sign_of_life: now,
            media_heard: None,
            sent: None,
            sent_timestamp: 0,
            sent_at_last_report: 0,
        }
    }

    /// Tells it from every other leg.
    pub(crate) const fn number(&self) -> u32 {
        self.number
    }

    /// The peer answered our offer: this is how it is reached and what it speaks. Nothing was sent before.
    pub(crate) fn answered(
        &mut self,
        transport: Transport,
        audio: Audio,
        translator: Option<Translator>,
        reports: bool,
    ) {
        let narrow = matches!(audio.spoken.1, Codec::G711(_));
        let ssrc = self.out.ssrc;
        self.out = if narrow { OutStream::narrow(ssrc) } else { OutStream::new(ssrc) };
        self.narrow_in = narrow;
        self.transport = transport;
        self.audio = audio;
        self.translator = translator;
        self.reports = reports;
    }

    /// The peer takes no RTCP on the port of RTP, so it gets none.
    pub(crate) fn without_reports(mut self) -> Self {
        self.reports = false;
        self
    }

    /// From here on somebody else is heard.
    pub(crate) fn begin_era(&mut self) {
        self.era = self.era.wrapping_add(1);
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.srtp.is_some() && self.transport.is_connected()
    }

    /// Drives ICE and DTLS until they rest; keeps the keys when they come.
    pub(crate) fn pump(
        &mut self,
        now: Instant,
        first: Option<Step>,
        send: &mut dyn FnMut(std::net::SocketAddr, &[u8]),
        step: &mut dyn FnMut(Progress),
    ) {
        let mut next = first.or_else(|| self.transport.pump(now, send));
        while let Some(this) = next {
            match this {
                Step::PathFound => step(Progress::PathFound),
                Step::Connected(srtp, profile) => {
                    self.srtp = Some(srtp);
                    self.sign_of_life = now;
                    step(Progress::Connected(profile));
                }
                Step::Failed(failure) => step(Progress::Failed(failure)),
            }
            next = self.transport.pump(now, send);
        }
    }

    /// Opens an RTP packet in place. `None`: not authentic, not new, or nothing we carry.
    pub(crate) fn receive_rtp(&mut self, now: Instant, from: SocketAddr, packet: &mut [u8]) -> Option<Heard> {
        let header = Header::read(packet)?;
        let opened = self.srtp.as_mut()?.unprotect_rtp(packet, header.len)?;
        self.sign_of_life = now;
        self.media_heard = Some(now);
        self.transport.heard_from(now, from);
        let sound = match self.audio.codec(header.payload_type) {
            Some(Codec::Opus) => Sound::Opus,
            Some(Codec::G711(codec)) => Sound::G711(codec),
            None if Some(header.payload_type) == self.audio.dtmf => Sound::Key,
            None => return None,
        };
        let moves_clock = sound != Sound::Key;
        if moves_clock {
            self.narrow_in = sound != Sound::Opus;
        }
        let (leg, ssrc) = (self.number, header.ssrc);
        // Multiplying also keeps the place where 2^32 comes round.
        let (source, timestamp) = if self.narrow_in {
            (Source::Translated { leg, ssrc }, header.timestamp.wrapping_mul(rtp::NARROW))
        } else {
            (Source::Peer { leg, ssrc }, header.timestamp)
        };
        self.meter.heard(now, ssrc, opened.index, timestamp, moves_clock);
        let payload = header.payload(&packet[..opened.len])?;
        Some(Heard {
            source,
            incoming: Incoming { index: opened.index, timestamp, marker: header.marker, moves_clock },
            sound,
            payload,
        })
    }

    /// Opens an RTCP packet in place and takes in what it tells. True if it was authentic.
    pub(crate) fn receive_rtcp(
        &mut self,
        now: Instant,
        clock: Clock,
        from: SocketAddr,
        packet: &mut [u8],
    ) -> bool {
        let Some(len) = self.srtp.as_mut().and_then(|srtp| srtp.unprotect_rtcp(packet)) else { return false };
        self.sign_of_life = now;
        self.media_heard = Some(now);
        self.transport.heard_from(now, from);
        let told = rtcp::read(&packet[..len], self.out.ssrc);
        self.meter.told(now, clock.ntp(now), &told);
        true
    }

    /// Hands a G.711 packet of the peer to the translator; it comes back as Opus.
    pub(crate) fn to_opus(&self, now: Instant, codec: AdditionalCodec, heard: &Heard, payload: &[u8]) {
        let origin = Origin::Relayed { source: heard.source, incoming: heard.incoming };
        if let Some(translator) = &self.translator {
            translator.translate(now, self.era, Way::ToOpus(codec), origin, payload);
        }
    }

    /// Is this frame of ours, and of this time? Seats change while a frame is being translated.
    pub(crate) fn takes_back(&self, frame: &Frame) -> bool {
        frame.leg == self.number && frame.era == self.era
    }

    /// Writes a translated frame as the next of our stream; returns its length in `buf`.
    pub(crate) fn translated(&mut self, now: Instant, frame: &Frame, buf: &mut [u8]) -> Option<usize> {
        let place = match frame.origin {
            Origin::Relayed { source, incoming } => self.out.relay(now, source, incoming)?,
            Origin::Generated(source) => self.out.generate(now, source),
        };
        self.write(now, place, self.audio.spoken.0, &frame.payload, buf)
    }

    /// Opus for a peer who takes none goes through the translator first.
    fn translate(&self, now: Instant, codec: AdditionalCodec, origin: Origin, payload: &[u8]) {
        if let Some(translator) = &self.translator {
            translator.translate(now, self.era, Way::ToG711(codec), origin, payload);
        }
    }

    /// Writes a packet heard elsewhere as the next of our stream; returns its length in `buf`. `None` also when it is
    /// translated first and comes back later.
    pub(crate) fn relay(
        &mut self,
        now: Instant,
        heard: &Heard,
        payload: &[u8],
        buf: &mut [u8],
    ) -> Option<usize> {
        let payload_type = match (heard.sound, self.audio.spoken) {
            (Sound::Opus, (number, Codec::Opus)) => number,
            (Sound::Opus, (_, Codec::G711(codec))) => {
                let origin = Origin::Relayed { source: heard.source, incoming: heard.incoming };
                self.translate(now, codec, origin, payload);
                return None;
            }
            (Sound::Key, _) => self.audio.dtmf?,
            // It becomes Opus where it comes in.
            (Sound::G711(_), _) => return None,
        };
        let place = self.out.relay(now, heard.source, heard.incoming)?;
        self.write(now, place, payload_type, payload, buf)
    }

    /// Writes a 20 ms frame of our own, in Opus, as the next of our stream; returns its length in `buf`. `None` also when
    /// it is translated first and comes back later.
    pub(crate) fn generate(
        &mut self,
        now: Instant,
        source: Source,
        frame: &[u8],
        buf: &mut [u8],
    ) -> Option<usize> {
        match self.audio.spoken {
            (number, Codec::Opus) => {
                let place = self.out.generate(now, source);
                self.write(now, place, number, frame, buf)
            }
            (number, Codec::G711(codec)) if frame == SILENCE => {
                let place = self.out.generate(now, source);
                self.write(now, place, number, &[g711::silence(codec); NARROW_FRAME], buf)
            }
            (_, Codec::G711(codec)) => {
                self.translate(now, codec, Origin::Generated(source), frame);
                None
            }
        }
    }

    fn write(
        &mut self,
        now: Instant,
        place: Place,
        payload_type: u8,
        payload: &[u8],
        buf: &mut [u8],
    ) -> Option<usize> {
        let srtp = self.srtp.as_ref()?;
        rtp::write_header(
            buf,
            place.marker,
            payload_type,
            place.index as u16,
            self.on_the_wire(place.timestamp),
            self.out.ssrc,
        )?;
        let len = rtp::HEADER + payload.len();
        buf.get_mut(rtp::HEADER..len)?.copy_from_slice(payload);
        let len = srtp.protect_rtp(buf, rtp::HEADER, len, place.index)?;
        self.meter.sent(payload.len());
        self.sent = Some(now);
        self.sent_timestamp = place.timestamp;
        Some(len)
    }

    /// The time of what was just sent. Sound that is translated first has none yet: there the given one stands for it.
    pub(crate) const fn time_of_sent(&self, given: u32) -> u32 {
        match self.audio.spoken.1 {
            Codec::Opus => self.sent_timestamp,
            Codec::G711(_) => given,
        }
    }

    /// Our time in the units of what we send.
    fn on_the_wire(&self, timestamp: u32) -> u32 {
        match self.audio.spoken.1 {
            Codec::Opus => timestamp,
            Codec::G711(_) => timestamp / rtp::NARROW,
        }
    }

    /// Writes our RTCP report: a sender report if we sent since the last one, else a receiver report.
    pub(crate) fn report(
        &mut self,
        now: Instant,
        clock: Clock,
        cname: &str,
        buf: &mut [u8],
    ) -> Option<usize> {
        if !self.reports {
            return None;
        }
        let packets = self.meter.sent_packets;
        let sender =
            self.out.timestamp_at(now).filter(|_| packets > self.sent_at_last_report).map(|timestamp| {
                SenderInfo {
                    ntp: clock.ntp(now),
                    timestamp: self.on_the_wire(timestamp),
                    packets: packets as u32,
                    octets: self.meter.sent_octets as u32,
                }
            });
        self.sent_at_last_report = packets;
        let mut block = self.meter.report_block(now);
        if let Some(block) = block.as_mut().filter(|_| self.narrow_in) {
            block.jitter /= rtp::NARROW;
        }
        let len = rtcp::write(buf, self.out.ssrc, sender, block, cname)?;
        self.srtp.as_mut()?.protect_rtcp(buf, len)
    }

    /// Has nothing been sent for this long?
    pub(crate) fn is_silent_since(&self, now: Instant, limit: Duration) -> bool {
        self.sent.is_none_or(|sent| now.saturating_duration_since(sent) >= limit)
    }
}

/// What [`Leg::pump`] tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    PathFound,
    Connected(SrtpProfile),
    Failed(Failure),
}
