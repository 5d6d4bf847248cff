//! What the thread keeps for each customer and each line, and the tools every handler needs.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::UdpSocket;
use switchboard_core::ids::LineId;

use super::earliest;
use super::socket::{self, Outgoing};
use crate::clock::Clock;
use crate::leg::transport::{Failure, Step};
use crate::leg::{Leg, Progress};
use crate::playback::Library;
use crate::report::{LineFailure, MediaReport};
use crate::reporter::Reporter;
use crate::session::{Out, Session};

/// What every handler needs beside the legs.
pub(super) struct Tools {
    pub(super) clock: Clock,
    pub(super) library: Library,
    pub(super) shared: Shared,
    pub(super) reports: Reporter,
    pub(super) cname: String,
    pub(super) buf: Box<[u8]>,
    pub(super) socket_is_v6: bool,
}

/// The port of all lines.
pub(super) struct Shared {
    pub(super) socket: UdpSocket,
    pub(super) out: Outgoing,
}

impl Shared {
    pub(super) fn send(&mut self, to: SocketAddr, datagram: &[u8]) {
        self.out.push(&self.socket, to, |buf| {
            buf.get_mut(..datagram.len())?.copy_from_slice(datagram);
            Some(datagram.len())
        });
    }
}

/// A customer leg with its socket.
pub(super) struct Customer {
    pub(super) session: Session,
    pub(super) socket: UdpSocket,
    pub(super) port: u16,
    /// The line it is put through to, when that is here.
    pub(super) line: Option<usize>,
    pub(super) due: Option<Instant>,
}

/// An agent's line.
pub(super) struct Line {
    pub(super) id: LineId,
    pub(super) leg: Leg,
    pub(super) ufrag: String,
    /// The customer it is put through to.
    pub(super) customer: Option<usize>,
    pub(super) due: Option<Instant>,
}

impl Customer {
    /// Lets the session work with somewhere to send and to report to.
    pub(super) fn with<R>(
        &mut self,
        tools: &mut Tools,
        work: impl FnOnce(&mut Session, &Library, &mut Out<'_>) -> R,
    ) -> R {
        let Tools { library, reports, buf, socket_is_v6, .. } = tools;
        let (socket, socket_is_v6) = (&self.socket, *socket_is_v6);
        let mut out = Out {
            // A full socket buffer or a path that is down loses the datagram, as UDP may.
            send: &mut |to, datagram| drop(socket.send_to(datagram, socket::wire(to, socket_is_v6))),
            report: &mut |report| reports.tell(report),
            buf,
        };
        work(&mut self.session, library, &mut out)
    }

    pub(super) fn plan(&mut self, wake_at: &mut Option<Instant>) {
        self.due = self.session.due();
        *wake_at = earliest(*wake_at, self.due);
    }
}

impl Line {
    /// Drives ICE and DTLS. True: it failed and is to be closed.
    pub(super) fn pump(&mut self, now: Instant, first: Option<Step>, tools: &mut Tools) -> bool {
        let (id, mut failed) = (self.id, false);
        let Tools { shared, reports, .. } = tools;
        self.leg.pump(now, first, &mut |to, datagram| shared.send(to, datagram), &mut |progress| {
            match progress {
                Progress::PathFound => {}
                Progress::Connected(_) => reports.tell(MediaReport::LineConnected { line: id }),
                Progress::Failed(Failure::ClosedByPeer) => {
                    failed = true;
                    reports.tell(MediaReport::LineLost { line: id });
                }
                Progress::Failed(failure) => {
                    failed = true;
                    reports.tell(MediaReport::LineFailed { line: id, why: failure.into() });
                }
            }
        });
        failed
    }

    pub(super) fn plan(&mut self, consent_limit: Duration, wake_at: &mut Option<Instant>) {
        self.due = self.leg.transport.due();
        if self.leg.is_connected() {
            self.due = earliest(self.due, Some(self.leg.sign_of_life + consent_limit));
        }
        *wake_at = earliest(*wake_at, self.due);
    }
}

impl From<Failure> for LineFailure {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::IceNeverConnected | Failure::IceLost => Self::IceNeverConnected,
            Failure::DtlsFailed => Self::DtlsFailed,
            Failure::FingerprintMismatch => Self::FingerprintMismatch,
            Failure::NoSrtpKeys => Self::NoSrtpKeys,
            Failure::ClosedByPeer => Self::ClosedByPeer,
        }
    }
}
