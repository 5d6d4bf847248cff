//! What a leg says: frames every 20 ms, keys as RFC 4733 events, or what its partner leg hears.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use str0m::rtp::RtpWrite;

use super::{Begins, Key, Leg, Passed, Voice};
use crate::media::audio::FRAME;
use crate::media::srtp::Plain;

/// How long one key is held down when a customer types.
const KEY_FRAMES: u16 = 6;
/// Frames of ordinary sound between two keys.
const KEY_PAUSE_FRAMES: u16 = 4;
const FRAME_TIME: Duration = Duration::from_millis(20);
/// A peer that fell this far behind starts anew instead of sending a burst.
const TOO_LATE: Duration = Duration::from_millis(200);

impl Leg {
    /// A packet of the partner leg goes out here, with our SSRC and our row of numbers.
    pub(crate) fn pass_on(&mut self, now: Instant, packet: Passed, passed: &mut Vec<Passed>) {
        let may_speak = self.connected && (self.begins == Begins::Connected || self.accepted_at.is_some());
        if !may_speak || self.muted || !matches!(self.voice, Voice::Partner) {
            return;
        }
        let shift = *self.partner_clock.get_or_insert(self.timestamp.wrapping_sub(packet.timestamp));
        let number = if packet.is_key { self.numbers.events } else { self.numbers.opus };
        let timestamp = packet.timestamp.wrapping_add(shift);
        // Keys typed here begin where the passed sound is.
        self.timestamp = timestamp.wrapping_add(FRAME as u32);
        self.send(now, number, timestamp, packet.marker, packet.payload);
        self.flush(now, passed);
    }

    pub(super) fn speak(&mut self, now: Instant) {
        let due = self.next_frame.unwrap_or(now);
        let late = now.saturating_duration_since(due) > TOO_LATE;
        self.next_frame = Some(if late { now + FRAME_TIME } else { due + FRAME_TIME });
        let timestamp = self.timestamp;
        if !matches!(self.voice, Voice::Partner) {
            self.timestamp = self.timestamp.wrapping_add(self.numbers.step());
        }
        if self.speak_key(now, timestamp) {
            return;
        }
        if let Voice::Frames(frames) = &self.voice {
            if self.muted {
                return;
            }
            let frame = frames.at(self.position);
            let marker = self.position == 0;
            self.position += 1;
            self.send(now, self.numbers.opus, timestamp, marker, frame);
        }
    }

    /// One 20 ms step of a key; true while one is down. The timestamp stays that of the key's beginning and the
    /// duration counts 8,000 Hz units although the sound around it runs at 48,000 Hz (M-UIC, RFC 4733).
    fn speak_key(&mut self, now: Instant, timestamp: u32) -> bool {
        if self.pause > 0 {
            self.pause -= 1;
            return false;
        }
        if self.key.is_none() {
            self.key = self.keys.pop_front().map(|code| Key { code, frames: 0, timestamp });
        }
        let Some(key) = &mut self.key else { return false };
        key.frames += 1;
        let (code, frames, began) = (key.code, key.frames, key.timestamp);
        let over = frames >= KEY_FRAMES;
        let duration = (frames * 160).to_be_bytes();
        let payload: Arc<[u8]> = Arc::from([code, if over { 0x8a } else { 0x0a }, duration[0], duration[1]]);
        // RFC 4733: the end is sent three times.
        for _ in 0..if over { 3 } else { 1 } {
            self.send(now, self.numbers.events, began, frames == 1, Arc::clone(&payload));
        }
        if over {
            self.key = None;
            self.pause = KEY_PAUSE_FRAMES;
        }
        true
    }

    fn send(&mut self, now: Instant, payload_type: u8, timestamp: u32, marker: bool, payload: Arc<[u8]>) {
        let sequence = self.sequence;
        if let Some(keyed) = &self.keyed {
            let Some((address, _)) = &keyed.theirs else { return };
            let payload = payload.to_vec();
            let plain = Plain { payload_type, marker, sequence, timestamp, ssrc: self.ssrc, payload };
            if let Some(packet) = keyed.ours.protect(&plain) {
                // A full socket buffer loses the packet, as a network would.
                let _ = self.socket.send_to(&packet, *address);
                self.sequence += 1;
                self.facts.sent.fetch_add(1, Ordering::Relaxed);
            }
            return;
        }
        let mut direct = self.rtc.direct_api();
        let Some(stream) = direct.stream_tx(&self.ssrc.into()) else { return };
        stream.write_rtp(
            RtpWrite::new(payload_type.into(), sequence.into(), timestamp, now, payload).marker(marker),
        );
        self.sequence += 1;
        self.facts.sent.fetch_add(1, Ordering::Relaxed);
    }
}
