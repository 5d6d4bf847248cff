//! Strangers at the shared port.

use std::net::UdpSocket;
use std::time::Duration;

use str0m::ice::{StunMessage, TransId};
use switchboard_core::media_terms::MediaTerms;
use switchboard_media::{MediaCommand, MediaSeat, SrtpProfile};

use crate::peer::{Exchange, Peer, call, config, line, value};

fn stranger(port: u16) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    socket.connect(("127.0.0.1", port)).expect("an address");
    socket.set_read_timeout(Some(Duration::from_millis(300))).expect("a timeout");
    socket
}

fn check(user: &str, password: &str) -> Vec<u8> {
    let message = StunMessage::binding_request(user, TransId::new(), true, 1, 1_000, true);
    let mut buf = vec![0; 300];
    let hmac = str0m::crypto::from_feature_flags().sha1_hmac_provider;
    let len = message
        .to_bytes(Some(password.as_bytes()), &mut buf, |key, payloads| hmac.sha1_hmac(key, payloads))
        .expect("a message");
    buf.truncate(len);
    buf
}

#[tokio::test]
async fn a_check_with_the_wrong_password_gets_no_answer_and_the_right_one_does() {
    let exchange = Exchange::start(config(20_300..=20_309));
    let browser = Peer::browser();
    let answer = exchange.engine.open_line(line(1), &browser.offer).await.expect("an answer");
    let user = format!("{}:{}", value(&answer, "a=ice-ufrag:"), value(&browser.offer, "a=ice-ufrag:"));
    let socket = stranger(exchange.engine.agent_port());
    let mut buf = [0_u8; 500];
    for (user, password) in [
        (user.as_str(), "wrong password, 22 and more"),
        (user.as_str(), ""),
        ("nobody:else", value(&answer, "a=ice-pwd:")),
    ] {
        socket.send(&check(user, password)).expect("sends");
        assert!(socket.recv(&mut buf).is_err(), "{user}");
    }
    let stripped = check(&user, "wrong")[..20].to_vec();
    socket.send(&stripped).expect("sends");
    assert!(socket.recv(&mut buf).is_err(), "no attributes");
    socket.send(&check(&user, value(&answer, "a=ice-pwd:"))).expect("sends");
    let len = socket.recv(&mut buf).expect("an answer");
    assert!(StunMessage::parse(&buf[..len]).expect("STUN").is_successful_binding_response());
}

#[tokio::test]
async fn floods_of_junk_do_not_disturb_a_call() {
    let mut exchange = Exchange::start(config(20_310..=20_319));
    let agent = exchange.line(line(1)).await;
    let peer = Peer::meta(SrtpProfile::Aes256Gcm);
    let answer =
        exchange.engine.open_customer(call(1), &peer.offer, MediaTerms::default()).await.expect("an answer");
    peer.answer(&answer);
    let customer_port: u16 = value(&answer, "m=audio ").split(' ').next().unwrap().parse().unwrap();
    exchange.engine.command(MediaCommand::Bridge { call: call(1), seat: MediaSeat::Line(line(1)) });
    exchange.engine.command(MediaCommand::OpenGate { call: call(1) });
    let mut chance = 0x2545_F491_u32;
    for port in [exchange.engine.agent_port(), customer_port] {
        let socket = stranger(port);
        for n in 0..5_000_usize {
            let junk: Vec<u8> = (0..n % 200)
                .map(|_| {
                    chance ^= chance << 13;
                    chance ^= chance >> 17;
                    chance ^= chance << 5;
                    chance as u8
                })
                .collect();
            // A full buffer loses some of the junk.
            let _ = socket.send(&junk);
        }
        for first in [0_u8, 1, 20, 22, 63, 128, 144, 191] {
            for len in 1..64 {
                let _ = socket.send(&vec![first; len]);
            }
        }
    }
    for n in 0..10_u8 {
        agent.send(&[0xF8, 1, n]);
        peer.hears_until(&[0xF8, 1, n]);
        peer.send(&[0xF8, 2, n]);
        agent.hears_until(&[0xF8, 2, n]);
    }
}
