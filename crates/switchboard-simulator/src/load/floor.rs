//! The floor a media server cannot go below: a thread that receives UDP datagrams and sends them on, without any
//! cryptography, at the same packet rate and size.

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde::Serialize;

use crate::clock::now;

/// A 20 ms Opus frame of about 50 octets with RTP header and SRTP tag.
const OCTETS: usize = 50 + 12 + 16;

/// What the bare forwarder cost.
#[derive(Debug, Clone, Serialize)]
pub struct Floor {
    /// Packets it forwarded.
    pub packets: u64,
    /// Packets per second.
    pub packets_per_s: f64,
    /// Its processor time per packet, in microseconds.
    pub us_per_packet: f64,
}

/// Forwards at this rate for this long. Nothing when sockets or `/proc` are not to be had.
pub(crate) fn measure(packets_per_s: f64, length: Duration) -> Option<Floor> {
    let forwarder = UdpSocket::bind("127.0.0.1:0").ok()?;
    let sink = UdpSocket::bind("127.0.0.1:0").ok()?;
    let source = UdpSocket::bind("127.0.0.1:0").ok()?;
    let (to_forwarder, to_sink) = (forwarder.local_addr().ok()?, sink.local_addr().ok()?);
    for socket in [&forwarder, &sink] {
        socket.set_read_timeout(Some(Duration::from_millis(50))).ok()?;
    }
    let done = Arc::new(AtomicBool::new(false));
    let sink_done = Arc::clone(&done);
    let sinking = thread::spawn(move || {
        let mut buffer = [0; 2_048];
        while !sink_done.load(Ordering::Relaxed) {
            let _ = sink.recv_from(&mut buffer);
        }
    });
    let forwarder_done = Arc::clone(&done);
    let forwarding = thread::spawn(move || {
        let before = own_cpu_ns()?;
        let mut buffer = [0; 2_048];
        let mut packets = 0_u64;
        while !forwarder_done.load(Ordering::Relaxed) {
            if let Ok((length, _)) = forwarder.recv_from(&mut buffer) {
                let _ = forwarder.send_to(&buffer[..length], to_sink);
                packets += 1;
            }
        }
        Some((packets, own_cpu_ns()?.saturating_sub(before)))
    });
    let began = now();
    let mut sent = 0_u64;
    while began + length > now() {
        let wanted = (now().saturating_duration_since(began).as_secs_f64() * packets_per_s) as u64;
        while sent < wanted {
            let _ = source.send_to(&[0x80; OCTETS], to_forwarder);
            sent += 1;
        }
        // Bursts of one millisecond, as many calls with 20 ms frames make them.
        thread::park_timeout(Duration::from_millis(1));
    }
    done.store(true, Ordering::Relaxed);
    let _ = sinking.join();
    let (packets, cpu_ns) = forwarding.join().ok()??;
    let floor = Floor {
        packets,
        packets_per_s: packets as f64 / length.as_secs_f64(),
        us_per_packet: cpu_ns as f64 / 1e3 / packets.max(1) as f64,
    };
    (packets > 0).then_some(floor)
}

/// Processor time of the calling thread in nanoseconds.
fn own_cpu_ns() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_forwarder_has_a_price() {
        let floor = measure(2_000.0, Duration::from_millis(500)).expect("a floor");
        assert!(floor.packets > 500, "{floor:?}");
        assert!(floor.us_per_packet > 0.1, "{floor:?}");
    }
}
