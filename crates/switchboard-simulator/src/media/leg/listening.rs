//! What a leg does with datagrams that arrive.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpPacket;
use str0m::{Event, Input, Output};

use super::{Begins, DATAGRAM, Leg, LegNews, Passed};
use crate::locked;
use crate::media::g711::Law;

/// Meta wants one SSRC; a peer that shows more than this many is not listened to any more.
const MOST_SSRCS: usize = 16;

/// An authentic packet, however it came.
struct Sound {
    number: u8,
    ssrc: u32,
    sequence: u64,
    timestamp: u32,
    marker: bool,
    payload: Arc<[u8]>,
}

impl Leg {
    /// Reads one datagram; false when there is none left.
    pub(crate) fn read(
        &mut self,
        now: Instant,
        buffer: &mut [u8; DATAGRAM],
        passed: &mut Vec<Passed>,
    ) -> bool {
        let (length, source) = match self.socket.recv_from(buffer) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
            // A port that closed on the other side (ICMP) says nothing about this call.
            Err(_) => return true,
        };
        let datagram = &buffer[..length];
        if !self.reachable || datagram.is_empty() {
            return true;
        }
        if (128..192).contains(&datagram[0]) {
            self.media_arrived(now, datagram);
        }
        if self.keyed.is_some() {
            self.keyed_arrived(now, source, buffer.get(..length).unwrap_or_default(), passed);
            return true;
        }
        let Ok(receive) = Receive::new(Protocol::Udp, source, self.local, datagram) else { return true };
        if let Err(error) = self.rtc.handle_input(Input::Receive(now, receive)) {
            self.tell(LegNews::Failed(error.to_string()));
            return true;
        }
        self.drain(now, passed);
        true
    }

    /// Judges media before str0m opens it: too early, or a new SSRC that must be made known.
    fn media_arrived(&mut self, now: Instant, datagram: &[u8]) {
        if self.accepted_at.is_none() && self.begins != Begins::Connected && !self.waits_for_pick_up {
            // The gate is opened before the answer to `accept` leaves, the command may still be under way.
            if !self.facts.gate_open.load(Ordering::Acquire) {
                self.facts.early_packets.fetch_add(1, Ordering::Relaxed);
            }
        }
        // RFC 5761: payload types 64 to 95 are RTCP here.
        let control = datagram.len() > 1 && (192..224).contains(&datagram[1]);
        // At the start only sound counts; later RTCP keeps a call with a pause alive (M-ERR, Jun 2026).
        if self.connected && (!control || self.last_media.is_some()) {
            self.last_media = Some(now);
        }
        if control || datagram.len() < 12 {
            return;
        }
        if !self.waits_for_pick_up || self.accepted_at.is_some() {
            self.facts.datagrams.fetch_add(1, Ordering::Relaxed);
        }
        let ssrc = u32::from_be_bytes([datagram[8], datagram[9], datagram[10], datagram[11]]);
        if self.keyed.is_none() && !self.known_ssrcs.contains(&ssrc) && self.known_ssrcs.len() < MOST_SSRCS {
            self.known_ssrcs.push(ssrc);
            // No NACK: neither WhatsApp nor a browser asks for audio again.
            self.rtc.direct_api().expect_stream_rx(ssrc.into(), None, self.mid, None).suppress_nack(true);
        }
    }

    pub(super) fn drain(&mut self, now: Instant, passed: &mut Vec<Passed>) {
        loop {
            match self.rtc.poll_output() {
                Ok(Output::Timeout(due)) => {
                    self.rtc_due = due;
                    return;
                }
                Ok(Output::Transmit(datagram)) => {
                    // A full socket buffer loses the packet, as a network would.
                    let _ = self.socket.send_to(&datagram.contents, datagram.destination);
                }
                Ok(Output::Event(event)) => self.event(now, event, passed),
                Err(error) => {
                    self.rtc_due = now + Duration::from_secs(3_600);
                    self.tell(LegNews::Failed(error.to_string()));
                    return;
                }
            }
        }
    }

    fn event(&mut self, now: Instant, event: Event, passed: &mut Vec<Passed>) {
        if let Event::RtpPacket(packet) = event {
            self.heard(now, packet, passed);
        } else if matches!(event, Event::Connected) {
            self.is_connected(now);
        } else if matches!(event, Event::Closed)
            || matches!(event, Event::IceConnectionStateChange(str0m::IceConnectionState::Disconnected))
        {
            self.tell(LegNews::Failed("the other side stopped answering".into()));
        }
    }

    fn heard(&mut self, now: Instant, packet: RtpPacket, passed: &mut Vec<Passed>) {
        let header = &packet.header;
        let sound = Sound {
            number: *header.payload_type,
            ssrc: *header.ssrc,
            sequence: *packet.seq_no,
            timestamp: header.timestamp,
            marker: header.marker,
            payload: packet.payload,
        };
        self.hear(now, sound, passed);
    }

    /// With keys of the SDP only what is authentic and comes from the address of the answer counts.
    fn keyed_arrived(&mut self, now: Instant, source: SocketAddr, datagram: &[u8], passed: &mut Vec<Passed>) {
        let Some((address, theirs)) = self.keyed.as_mut().and_then(|keyed| keyed.theirs.as_mut()) else {
            return;
        };
        let control = datagram.len() > 1 && (192..224).contains(&datagram[1]);
        if control || source != *address {
            return;
        }
        let Some(plain) = theirs.unprotect(datagram) else { return };
        let sound = Sound {
            number: plain.payload_type,
            ssrc: plain.ssrc,
            sequence: plain.sequence,
            timestamp: plain.timestamp,
            marker: plain.marker,
            payload: plain.payload.into(),
        };
        self.hear(now, sound, passed);
    }

    fn hear(&mut self, now: Instant, packet: Sound, passed: &mut Vec<Passed>) {
        if self.waits_for_pick_up && self.accepted_at.is_none() {
            return;
        }
        let is_key = packet.number == self.numbers.events;
        let (ssrc, sequence) = (packet.ssrc, packet.sequence);
        let first = {
            let mut hearing = locked(&self.facts.hearing);
            let first = hearing.packets() == 0;
            if is_key {
                hearing.event(now, ssrc, sequence, packet.timestamp, &packet.payload);
            } else {
                hearing.packet(now, ssrc, sequence, Law::of(packet.number), &packet.payload);
            }
            first
        };
        if first {
            self.begin(now);
            self.tell(LegNews::Heard);
        }
        if let Some(to) = self.partner {
            passed.push(Passed {
                to,
                payload: packet.payload,
                is_key,
                timestamp: packet.timestamp,
                marker: packet.marker,
            });
        }
    }
}
