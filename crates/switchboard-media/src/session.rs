//! The media of one call: its customer leg, its seat, its gate, and what is due when. Pure: frames to send and reports
//! come out through closures, sockets and lines belong to the worker.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use switchboard_core::ids::{CallId, LineId};

use crate::clock::Clock;
use crate::command::{Announcement, MediaSeat};
use crate::leg::transport::{Failure, Step, Transport};
use crate::leg::{Heard, Leg, Progress, SILENCE, Sound};
use crate::playback::{Beat, FRAME, Library, Player};
use crate::rebase::Source;
use crate::recording::tap::{Side, Tap};
use crate::report::{CustomerFailure, MediaReport};
use crate::sdp::Audio;
use crate::transcode::{Frame, Origin, Translator, Way};

/// With nobody there, a frame of silence once a second: cheap, and far inside Meta's limits (M8).
const NOBODY_BEAT: Duration = Duration::from_secs(1);
/// A customer who hangs up closes DTLS, and the provider's word that the call is over follows. Only if it does not
/// within this time is the closed leg a failure.
const GOODBYE_PATIENCE: Duration = Duration::from_secs(5);

/// The time limits of a session.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) silence: Duration,
    pub(crate) keep_alive: Duration,
    pub(crate) report_every: Duration,
}

/// One call.
pub(crate) struct Session {
    pub(crate) call: CallId,
    pub(crate) leg: Leg,
    pub(crate) seat: MediaSeat,
    limits: Limits,
    opened: Instant,
    path_found: Option<Instant>,
    gate: Option<Instant>,
    player: Option<Player>,
    /// A call of ours: who is called has picked up when he is heard, so he is heard before the gate is open.
    dialled: bool,
    /// The tone of his phone, for the line of the seat.
    ringback: Option<Player>,
    plays: u32,
    next_report: Option<Instant>,
    closed_by_peer: Option<Instant>,
    told: Told,
    tap: Option<Tap>,
}

/// What has been reported already.
#[derive(Debug, Default)]
struct Told {
    heard: bool,
    silent: bool,
    failed: bool,
    first_sent: bool,
    agent_heard: Option<LineId>,
}

/// Where the session's output goes.
pub(crate) struct Out<'a> {
    /// A datagram for the customer.
    pub(crate) send: &'a mut dyn FnMut(SocketAddr, &[u8]),
    pub(crate) report: &'a mut dyn FnMut(MediaReport),
    /// Room for one datagram.
    pub(crate) buf: &'a mut [u8],
}

impl Session {
    pub(crate) fn new(now: Instant, call: CallId, leg: Leg, limits: Limits) -> Self {
        Self {
            call,
            leg,
            seat: MediaSeat::Nobody,
            limits,
            opened: now,
            path_found: None,
            gate: None,
            player: None,
            dialled: false,
            ringback: None,
            plays: 0,
            next_report: None,
            closed_by_peer: None,
            told: Told::default(),
            tap: None,
        }
    }

    /// May RTP flow to and from the customer?
    pub(crate) fn is_live(&self) -> bool {
        self.gate.is_some() && self.leg.is_connected()
    }

    /// The session of a call of ours, whose leg has only been offered.
    pub(crate) fn dialled(mut self) -> Self {
        self.dialled = true;
        self
    }

    /// The customer's side answered our offer.
    pub(crate) fn answered(
        &mut self,
        now: Instant,
        transport: Transport,
        audio: Audio,
        translator: Option<Translator>,
        reports: bool,
    ) {
        self.opened = now;
        self.leg.answered(transport, audio, translator, reports);
    }

    /// The customer's phone rings.
    pub(crate) fn ring_back(&mut self, now: Instant, library: &Library) {
        if self.dialled && self.gate.is_none() && !self.told.heard {
            self.ringback = Some(Player::new(library.ringback(), true, now + FRAME));
        }
    }

    /// What the line of the seat hears of it now.
    pub(crate) fn ringback(&mut self, now: Instant) -> Option<&[u8]> {
        let player = self.ringback.as_mut().filter(|player| player.next_at <= now)?;
        match player.beat(now) {
            Beat::Silence => Some(SILENCE),
            Beat::Frame(frame) => Some(frame),
            Beat::End => None,
        }
    }

    /// May the customer be heard? Who answers a call of ours is, from his first packet on: the word that he picked up
    /// comes later by another way, and his first syllable would be lost meanwhile.
    fn hears(&self) -> bool {
        self.leg.is_connected() && (self.gate.is_some() || self.dialled)
    }

    /// Drives ICE and DTLS after something happened to them.
    pub(crate) fn pump(&mut self, now: Instant, first: Option<Step>, library: &Library, out: &mut Out<'_>) {
        let mut connected = false;
        let (call, opened, path_found) = (self.call, self.opened, &mut self.path_found);
        let (told, closed_by_peer) = (&mut self.told, &mut self.closed_by_peer);
        let report = &mut *out.report;
        let key_exchange = self.leg.transport.key_exchange();
        self.leg.pump(now, first, out.send, &mut |progress| match progress {
            Progress::PathFound => *path_found = Some(now),
            Progress::Connected(profile) => {
                let found = path_found.unwrap_or(now);
                connected = true;
                report(MediaReport::CustomerConnected {
                    call,
                    ice_ms: millis(found.saturating_duration_since(opened)),
                    dtls_ms: millis(now.saturating_duration_since(found)),
                    profile,
                    key_exchange,
                });
            }
            Progress::Failed(Failure::ClosedByPeer) => *closed_by_peer = Some(now),
            Progress::Failed(failure) if !told.failed => {
                told.failed = true;
                report(MediaReport::CustomerFailed { call, why: failure.into() });
            }
            Progress::Failed(_) => {}
        });
        if connected && self.gate.is_some() {
            self.go_live(now, library, out);
        }
    }

    /// The provider has confirmed `accept`, or the customer picked up.
    pub(crate) fn open_gate(&mut self, now: Instant, library: &Library, out: &mut Out<'_>) {
        if self.gate.is_some() {
            return;
        }
        self.gate = Some(now);
        self.ringback = None;
        if self.leg.is_connected() {
            self.go_live(now, library, out);
        }
    }

    fn go_live(&mut self, now: Instant, library: &Library, out: &mut Out<'_>) {
        self.next_report = Some(now + self.limits.report_every);
        // Do not wait for the first sound of either side: both waiting is a dead call after 20 s.
        self.send_silence(now, out);
        self.start_player(now, library);
    }

    /// Puts the customer through to another seat. The line, if it is one, is attached by the worker.
    pub(crate) fn take_seat(&mut self, now: Instant, seat: MediaSeat, library: &Library) {
        self.seat = seat;
        self.leg.begin_era();
        self.player = None;
        if self.is_live() {
            self.start_player(now, library);
        }
    }

    fn start_player(&mut self, now: Instant, library: &Library) {
        let (frames, looped) = match &self.seat {
            MediaSeat::Music => (library.music(), true),
            MediaSeat::Notice(notice, language) => (library.notice(*notice, *language), false),
            MediaSeat::Announcement(Announcement::Shipped(language)) => (library.recorded(*language), false),
            MediaSeat::Announcement(Announcement::Own(sound)) => (sound.frames(), false),
            MediaSeat::Line(_) | MediaSeat::Echo | MediaSeat::Nobody => return,
        };
        self.plays += 1;
        self.player = Some(Player::new(frames, looped, now + FRAME));
    }

    /// An RTP packet of the customer. Returns it when it is to be heard by the seat.
    pub(crate) fn heard(
        &mut self,
        now: Instant,
        from: SocketAddr,
        packet: &mut [u8],
        out: &mut Out<'_>,
    ) -> Option<Heard> {
        let heard = self.leg.receive_rtp(now, from, packet)?;
        if heard.sound != Sound::Key && !self.told.heard {
            self.told.heard = true;
            self.ringback = None;
            (out.report)(MediaReport::CustomerHeard { call: self.call });
        }
        if !self.hears() {
            return None;
        }
        if let Sound::G711(codec) = heard.sound {
            self.leg.to_opus(now, codec, &heard, &packet[heard.payload.clone()]);
            return None;
        }
        self.seat_hears(now, &heard, &packet[heard.payload.clone()], out).then_some(heard)
    }

    /// The customer's sound, which is Opus here whatever he speaks. True: it is for the line of the seat.
    fn seat_hears(&mut self, now: Instant, heard: &Heard, payload: &[u8], out: &mut Out<'_>) -> bool {
        if let Some(tap) = self.tap.as_ref().filter(|_| heard.sound == Sound::Opus) {
            tap.hear(Side::Left, now, heard.incoming.timestamp, payload);
        }
        match self.seat {
            MediaSeat::Line(_) => true,
            MediaSeat::Echo => {
                let len = self.leg.relay(now, heard, payload, out.buf);
                self.tap_sent(now, heard.sound, payload, heard.incoming.timestamp);
                self.send(len, out);
                false
            }
            MediaSeat::Music | MediaSeat::Notice(..) | MediaSeat::Announcement(_) | MediaSeat::Nobody => {
                false
            }
        }
    }

    /// A frame that was translated. Returns it when it is to be heard by the line of the seat.
    pub(crate) fn translated(&mut self, now: Instant, frame: &Frame, out: &mut Out<'_>) -> Option<Heard> {
        if !self.hears() || !self.leg.takes_back(frame) {
            return None;
        }
        match (frame.way, frame.origin) {
            (Way::ToG711(_), _) if !self.is_live() => None,
            (Way::ToG711(_), _) => {
                let len = self.leg.translated(now, frame, out.buf);
                self.send(len, out);
                None
            }
            (Way::ToOpus(_), Origin::Relayed { source, incoming }) => {
                let heard = Heard { source, incoming, sound: Sound::Opus, payload: 0..frame.payload.len() };
                self.seat_hears(now, &heard, &frame.payload, out).then_some(heard)
            }
            (Way::ToOpus(_), Origin::Generated(_)) => None,
        }
    }

    /// A packet of the agent's line for the customer.
    pub(crate) fn agent_speaks(
        &mut self,
        now: Instant,
        line: LineId,
        heard: &Heard,
        payload: &[u8],
        out: &mut Out<'_>,
    ) {
        if !self.is_live() {
            return;
        }
        if self.told.agent_heard != Some(line) && heard.sound == Sound::Opus {
            self.told.agent_heard = Some(line);
            (out.report)(MediaReport::AgentHeard { call: self.call, line });
        }
        let len = self.leg.relay(now, heard, payload, out.buf);
        self.tap_sent(now, heard.sound, payload, heard.incoming.timestamp);
        self.send(len, out);
    }

    /// Does what is due.
    pub(crate) fn time(&mut self, now: Instant, library: &Library, out: &mut Out<'_>) {
        let step = self.leg.transport.time(now);
        self.pump(now, step, library, out);
        if self.goodbye_at().is_some_and(|at| at <= now) {
            self.told.failed = true;
            (out.report)(MediaReport::CustomerFailed { call: self.call, why: CustomerFailure::ClosedByPeer });
        }
        if !self.is_live() {
            return;
        }
        self.play(now, out);
        if self.leg.is_silent_since(now, self.keep_alive()) {
            self.send_silence(now, out);
        }
        if self.silent_at().is_some_and(|at| at <= now) {
            self.told.silent = true;
            (out.report)(MediaReport::CustomerSilent { call: self.call });
        }
    }

    fn play(&mut self, now: Instant, out: &mut Out<'_>) {
        let source = Source::Player(self.plays);
        let mut ended = false;
        while let Some(player) = self.player.as_mut().filter(|player| player.next_at <= now) {
            let frame = match player.beat(now) {
                Beat::Silence => SILENCE,
                Beat::Frame(frame) => frame,
                Beat::End => {
                    ended = true;
                    break;
                }
            };
            let len = self.leg.generate(now, source, frame, out.buf);
            if let Some(tap) = &self.tap {
                tap.hear(Side::Right, now, self.leg.time_of_sent(tap.samples(now)), frame);
            }
            if let (Some(len), Some(to)) = (len, self.leg.transport.peer_address()) {
                (out.send)(to, &out.buf[..len]);
            }
        }
        if ended {
            self.player = None;
            let call = self.call;
            (out.report)(match std::mem::replace(&mut self.seat, MediaSeat::Nobody) {
                MediaSeat::Announcement(_) => MediaReport::AnnouncementPlayed { call },
                MediaSeat::Notice(..)
                | MediaSeat::Line(_)
                | MediaSeat::Echo
                | MediaSeat::Music
                | MediaSeat::Nobody => MediaReport::NoticePlayed { call },
            });
        }
    }

    /// RTCP and quality, when they are due. The agent's half is added by the worker.
    pub(crate) fn report_due(&mut self, now: Instant) -> bool {
        let due = self.is_live() && self.next_report.is_some_and(|at| at <= now);
        if due {
            self.next_report = Some(now + self.limits.report_every);
        }
        due
    }

    /// Sends our RTCP report.
    pub(crate) fn send_report(&mut self, now: Instant, clock: Clock, cname: &str, out: &mut Out<'_>) {
        let len = self.leg.report(now, clock, cname, out.buf);
        if let (Some(len), Some(to)) = (len, self.leg.transport.peer_address()) {
            (out.send)(to, &out.buf[..len]);
        }
    }

    /// When [`Self::time`] wants to be called.
    pub(crate) fn due(&mut self) -> Option<Instant> {
        let rings = self.ringback.as_ref().map(|player| player.next_at);
        let mut due = self.leg.transport.due().or(self.goodbye_at()).into_iter().chain(rings).min();
        if self.is_live() {
            let keep_alive = self.leg.sent.map(|sent| sent + self.keep_alive());
            let player = self.player.as_ref().map(|player| player.next_at);
            let times = [due, keep_alive, player, self.next_report, self.silent_at()];
            due = times.into_iter().flatten().min();
        }
        due
    }

    /// Sends what the closed transport still has to say.
    pub(crate) fn say_goodbye(&mut self, now: Instant, library: &Library, out: &mut Out<'_>) {
        self.told.failed = true;
        self.pump(now, None, library, out);
    }

    fn keep_alive(&self) -> Duration {
        match self.seat {
            MediaSeat::Nobody => self.limits.keep_alive.min(NOBODY_BEAT),
            MediaSeat::Line(_)
            | MediaSeat::Echo
            | MediaSeat::Music
            | MediaSeat::Notice(..)
            | MediaSeat::Announcement(_) => self.limits.keep_alive,
        }
    }

    fn goodbye_at(&self) -> Option<Instant> {
        self.closed_by_peer.filter(|_| !self.told.failed).map(|at| at + GOODBYE_PATIENCE)
    }

    /// C11 counts authentic RTP and RTCP only: Meta's relay answers STUN although the phone behind it is gone.
    fn silent_at(&self) -> Option<Instant> {
        let gate = self.gate.filter(|_| !self.told.silent)?;
        let since = self.leg.media_heard.map_or(gate, |heard| heard.max(gate));
        Some(since + self.limits.silence)
    }

    fn send_silence(&mut self, now: Instant, out: &mut Out<'_>) {
        let len = self.leg.generate(now, Source::Silence, SILENCE, out.buf);
        if let Some(tap) = &self.tap {
            tap.hear(Side::Right, now, self.leg.time_of_sent(tap.samples(now)), SILENCE);
        }
        self.send(len, out);
    }

    /// Everything from here on is recorded.
    pub(crate) fn start_recording(&mut self, now: Instant, mut tap: Tap) {
        self.stop_recording(now);
        tap.start(now);
        self.tap = Some(tap);
    }

    pub(crate) fn pause_recording(&mut self, now: Instant) {
        if let Some(tap) = &mut self.tap {
            tap.pause(now);
        }
    }

    pub(crate) fn resume_recording(&mut self, now: Instant) {
        if let Some(tap) = &mut self.tap {
            tap.resume(now);
        }
    }

    pub(crate) fn stop_recording(&mut self, now: Instant) {
        if let Some(tap) = self.tap.take() {
            tap.stop(now);
        }
    }

    /// What is sent to the customer is what is recorded of us.
    fn tap_sent(&self, now: Instant, sound: Sound, payload: &[u8], timestamp: u32) {
        if let Some(tap) = self.tap.as_ref().filter(|_| sound == Sound::Opus) {
            tap.hear(Side::Right, now, self.leg.time_of_sent(timestamp), payload);
        }
    }

    fn send(&mut self, len: Option<usize>, out: &mut Out<'_>) {
        let (Some(len), Some(to)) = (len, self.leg.transport.peer_address()) else { return };
        (out.send)(to, &out.buf[..len]);
        if !self.told.first_sent {
            self.told.first_sent = true;
            (out.report)(MediaReport::FirstSent { call: self.call });
        }
    }
}

impl From<Failure> for CustomerFailure {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::IceNeverConnected => Self::IceNeverConnected,
            Failure::IceLost => Self::IceLost,
            Failure::DtlsFailed => Self::DtlsFailed,
            Failure::FingerprintMismatch => Self::FingerprintMismatch,
            Failure::NoSrtpKeys => Self::NoSrtpKeys,
            Failure::ClosedByPeer => Self::ClosedByPeer,
        }
    }
}

fn millis(span: Duration) -> u32 {
    u32::try_from(span.as_millis()).unwrap_or(u32::MAX)
}
