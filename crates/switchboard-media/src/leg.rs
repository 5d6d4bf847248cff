//! One peer: how it is reached ([`transport`]), its keys, the stream we send it, and what is counted of both ways.

pub(crate) mod transport;

use std::ops::Range;
use std::time::{Duration, Instant};

use self::transport::{Failure, Step, Transport};
use crate::clock::Clock;
use crate::quality::Meter;
use crate::rebase::{Incoming, OutStream, Place, Source};
use crate::rtcp::{self, SenderInfo};
use crate::rtp::{self, Header};
use crate::sdp::Audio;
use crate::srtp::{Srtp, SrtpProfile};

/// 20 ms of mono Opus silence: a CELT frame of full band with nothing in it.
pub(crate) const SILENCE: &[u8] = &[0xF8, 0xFF, 0xFE];

/// What a packet carries. Each side has its own payload type for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sound {
    Opus,
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
    srtp: Option<Box<Srtp>>,
    out: OutStream,
    /// The last authentic datagram of any kind.
    pub(crate) sign_of_life: Instant,
    /// The last authentic RTP or RTCP.
    pub(crate) media_heard: Option<Instant>,
    /// The last RTP we sent.
    pub(crate) sent: Option<Instant>,
    sent_at_last_report: u64,
}

impl Leg {
    pub(crate) fn new(now: Instant, number: u32, transport: Transport, audio: Audio, ssrc: u32) -> Self {
        Self {
            transport,
            meter: Meter::default(),
            number,
            audio,
            srtp: None,
            out: OutStream::new(ssrc),
            sign_of_life: now,
            media_heard: None,
            sent: None,
            sent_at_last_report: 0,
        }
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
    pub(crate) fn receive_rtp(&mut self, now: Instant, packet: &mut [u8]) -> Option<Heard> {
        let header = Header::read(packet)?;
        let opened = self.srtp.as_mut()?.unprotect_rtp(packet, header.len)?;
        self.sign_of_life = now;
        self.media_heard = Some(now);
        let sound = if header.payload_type == self.audio.opus {
            Sound::Opus
        } else if Some(header.payload_type) == self.audio.dtmf {
            Sound::Key
        } else {
            return None;
        };
        let moves_clock = sound == Sound::Opus;
        self.meter.heard(now, header.ssrc, opened.index, header.timestamp, moves_clock);
        let payload = header.payload(&packet[..opened.len])?;
        Some(Heard {
            source: Source::Peer { leg: self.number, ssrc: header.ssrc },
            incoming: Incoming {
                index: opened.index,
                timestamp: header.timestamp,
                marker: header.marker,
                moves_clock,
            },
            sound,
            payload,
        })
    }

    /// Opens an RTCP packet in place and takes in what it tells. True if it was authentic.
    pub(crate) fn receive_rtcp(&mut self, now: Instant, clock: Clock, packet: &mut [u8]) -> bool {
        let Some(len) = self.srtp.as_mut().and_then(|srtp| srtp.unprotect_rtcp(packet)) else { return false };
        self.sign_of_life = now;
        self.media_heard = Some(now);
        let told = rtcp::read(&packet[..len], self.out.ssrc);
        self.meter.told(now, clock.ntp(now), &told);
        true
    }

    /// Writes a packet heard elsewhere as the next of our stream; returns its length in `buf`.
    pub(crate) fn relay(
        &mut self,
        now: Instant,
        heard: &Heard,
        payload: &[u8],
        buf: &mut [u8],
    ) -> Option<usize> {
        let payload_type = match heard.sound {
            Sound::Opus => self.audio.opus,
            Sound::Key => self.audio.dtmf?,
        };
        let place = self.out.relay(now, heard.source, heard.incoming)?;
        self.write(now, place, payload_type, payload, buf)
    }

    /// Writes a 20 ms frame of our own as the next of our stream; returns its length in `buf`.
    pub(crate) fn generate(
        &mut self,
        now: Instant,
        source: Source,
        frame: &[u8],
        buf: &mut [u8],
    ) -> Option<usize> {
        let place = self.out.generate(now, source);
        self.write(now, place, self.audio.opus, frame, buf)
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
            place.timestamp,
            self.out.ssrc,
        )?;
        let len = rtp::HEADER + payload.len();
        buf.get_mut(rtp::HEADER..len)?.copy_from_slice(payload);
        let len = srtp.protect_rtp(buf, rtp::HEADER, len, place.index)?;
        self.meter.sent(payload.len());
        self.sent = Some(now);
        Some(len)
    }

    /// Writes our RTCP report: a sender report if we sent since the last one, else a receiver report.
    pub(crate) fn report(
        &mut self,
        now: Instant,
        clock: Clock,
        cname: &str,
        buf: &mut [u8],
    ) -> Option<usize> {
        let packets = self.meter.sent_packets;
        let sender =
            self.out.timestamp_at(now).filter(|_| packets > self.sent_at_last_report).map(|timestamp| {
                SenderInfo {
                    ntp: clock.ntp(now),
                    timestamp,
                    packets: packets as u32,
                    octets: self.meter.sent_octets as u32,
                }
            });
        self.sent_at_last_report = packets;
        let block = self.meter.report_block(now);
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
