//! Customer legs against a peer of Meta's shape.

use std::net::UdpSocket;
use std::time::Duration;

use switchboard_core::call::effect::Notice;
use switchboard_core::call::input::MediaRefusal;
use switchboard_core::language::Language;
use switchboard_core::media_terms::MediaTerms;
use switchboard_media::{
    CustomerFailure, MediaCommand, MediaConfig, MediaReport, MediaSeat, PortUsage, SrtpProfile,
};

use crate::peer::{Exchange, OPUS, Peer, Saw, call, config, line};

const GCM: SrtpProfile = SrtpProfile::Aes256Gcm;
const SILENCE: &[u8] = &[0xF8, 0xFF, 0xFE];

async fn echo_works_with(profile: SrtpProfile, ports: std::ops::RangeInclusive<u16>) {
    let mut exchange = Exchange::start(MediaConfig { assume_profile: Some(profile), ..config(ports) });
    let peer = Peer::meta(profile);
    let answer =
        exchange.engine.open_customer(call(1), &peer.offer, MediaTerms::default()).await.expect("an answer");
    peer.answer(&answer);
    let connected = exchange.wait(|report| matches!(report, MediaReport::CustomerConnected { .. })).await;
    assert!(
        matches!(connected, MediaReport::CustomerConnected { profile: p, .. } if p == profile),
        "{connected:?}"
    );
    exchange.engine.command(MediaCommand::Bridge { call: call(1), seat: MediaSeat::Echo });
    exchange.engine.command(MediaCommand::OpenGate { call: call(1) });
    assert_eq!(peer.hears().payload, SILENCE, "the gate opens with a frame of silence");
    for n in 0..20_u8 {
        peer.send(&[0xF8, n, 1, 2, 3]);
        let heard = peer.hears();
        assert_eq!(heard.payload, [0xF8, n, 1, 2, 3], "{profile}");
        assert_eq!(heard.payload_type, OPUS);
    }
    exchange.wait(|report| matches!(report, MediaReport::FirstSent { .. })).await;
    exchange.wait(|report| matches!(report, MediaReport::CustomerHeard { .. })).await;
    let quality = exchange.wait(|report| matches!(report, MediaReport::Quality { .. })).await;
    let MediaReport::Quality { customer, agent, .. } = quality else { panic!("{quality:?}") };
    assert!(customer.mos > 4.0 && customer.loss_percent == 0.0 && agent.is_none(), "{customer:?}");
}

#[tokio::test]
async fn a_customer_hears_his_echo_with_aes_256_gcm() {
    echo_works_with(SrtpProfile::Aes256Gcm, 20_000..=20_009).await;
}

#[tokio::test]
async fn a_customer_hears_his_echo_with_aes_128_gcm() {
    echo_works_with(SrtpProfile::Aes128Gcm, 20_010..=20_019).await;
}

#[tokio::test]
async fn a_customer_hears_his_echo_with_aes_cm_128_hmac_sha1_80() {
    echo_works_with(SrtpProfile::AesCm128HmacSha1, 20_020..=20_029).await;
}

#[tokio::test]
async fn nothing_but_stun_and_dtls_leaves_before_the_gate_opens() {
    let mut exchange = Exchange::start(MediaConfig {
        keep_alive: Duration::from_millis(50),
        report_every: Duration::from_millis(50),
        ..config(20_030..=20_039)
    });
    let peer = exchange.customer(call(1), GCM).await;
    exchange.engine.command(MediaCommand::Bridge { call: call(1), seat: MediaSeat::Music });
    peer.send(b"\xF8hello");
    exchange.engine.command(MediaCommand::Bridge { call: call(1), seat: MediaSeat::Echo });
    peer.send(b"\xF8hello");
    let early = peer.sees_for(Duration::from_millis(700));
    assert!(early.iter().all(|saw| matches!(saw, Saw::Connected)), "{early:?}");
    exchange.engine.command(MediaCommand::OpenGate { call: call(1) });
    exchange.engine.command(MediaCommand::OpenGate { call: call(1) });
    peer.hears();
    exchange.wait(|report| matches!(report, MediaReport::FirstSent { .. })).await;
    let late = peer.sees_for(Duration::from_millis(300));
    assert!(late.iter().any(|saw| matches!(saw, Saw::RtcpDatagram)), "RTCP flows after the gate");
}

#[tokio::test]
async fn a_packet_played_again_is_not_heard_again() {
    let mut exchange = Exchange::start(config(20_040..=20_049));
    let peer = exchange.customer(call(1), GCM).await;
    exchange.engine.command(MediaCommand::Bridge { call: call(1), seat: MediaSeat::Echo });
    exchange.engine.command(MediaCommand::OpenGate { call: call(1) });
    peer.send(b"\xF8once");
    peer.hears_until(b"\xF8once");
    peer.replay();
    peer.replay();
    peer.send(b"\xF8next");
    let heard = peer.hears_until(b"\xF8next");
    assert_eq!(heard.len(), 1, "{heard:?}");
}

#[tokio::test]
async fn music_and_a_notice_follow_each_other_in_one_unbroken_stream() {
    let mut exchange = Exchange::start(config(20_050..=20_059));
    let peer = exchange.customer(call(1), GCM).await;
    exchange.engine.command(MediaCommand::OpenGate { call: call(1) });
    exchange.engine.command(MediaCommand::Bridge { call: call(1), seat: MediaSeat::Music });
    let mut heard = Vec::new();
    while heard.len() < 30 {
        heard.push(peer.hears());
    }
    exchange.engine.command(MediaCommand::Bridge {
        call: call(1),
        seat: MediaSeat::Notice(Notice::EndsSoon, Language::English),
    });
    exchange.wait(|report| matches!(report, MediaReport::NoticePlayed { .. })).await;
    heard.extend(peer.sees_for(Duration::from_millis(100)).into_iter().filter_map(|saw| match saw {
        Saw::Packet(packet) => Some(packet),
        Saw::Connected | Saw::RtpDatagram | Saw::RtcpDatagram => None,
    }));
    assert!(heard.len() > 80, "{}", heard.len());
    assert!(heard.iter().filter(|packet| packet.payload == SILENCE).count() >= 30, "two lead-ins of 300 ms");
    assert_continuous(&heard);
}

/// One SSRC, sequence numbers without a gap, a clock that goes forward as real time does.
pub(crate) fn assert_continuous(heard: &[crate::peer::Packet]) {
    for pair in heard.windows(2) {
        let (before, after) = (&pair[0], &pair[1]);
        assert_eq!(before.ssrc, after.ssrc);
        assert_eq!(before.sequence + 1, after.sequence);
        let clock_ms = after.timestamp.wrapping_sub(before.timestamp).cast_signed() / 48;
        let real_ms = after.at.duration_since(before.at).as_millis() as i32;
        assert!(clock_ms >= 20, "{clock_ms} ms at {}", after.sequence);
        assert!(
            (clock_ms - real_ms).abs() < 200,
            "clock {clock_ms} ms, real {real_ms} ms at {}",
            after.sequence
        );
    }
}

#[tokio::test]
async fn a_call_with_nobody_is_kept_alive_by_silence() {
    let mut exchange =
        Exchange::start(MediaConfig { keep_alive: Duration::from_millis(200), ..config(20_060..=20_069) });
    let peer = exchange.customer(call(1), GCM).await;
    exchange.engine.command(MediaCommand::OpenGate { call: call(1) });
    let heard: Vec<_> = (0..4).map(|_| peer.hears()).collect();
    assert!(heard.iter().all(|packet| packet.payload == SILENCE));
    assert_continuous(&heard);
    // A line that never comes is no better than nobody.
    exchange.engine.command(MediaCommand::Bridge { call: call(1), seat: MediaSeat::Line(line(9)) });
    assert_eq!(peer.hears().payload, SILENCE);
    assert_eq!(peer.hears().payload, SILENCE);
}

#[tokio::test]
async fn a_customer_who_sends_nothing_is_reported_silent_once() {
    let mut exchange =
        Exchange::start(MediaConfig { silence_limit: Duration::from_millis(400), ..config(20_070..=20_079) });
    let peer = exchange.customer(call(1), GCM).await;
    exchange.engine.command(MediaCommand::OpenGate { call: call(1) });
    exchange.wait(|report| matches!(report, MediaReport::CustomerSilent { .. })).await;
    peer.sees_for(Duration::from_millis(600));
    let more = exchange.so_far();
    assert!(!more.iter().any(|report| matches!(report, MediaReport::CustomerSilent { .. })), "{more:?}");
}

#[tokio::test]
async fn a_customer_whose_address_does_not_answer_fails() {
    let mut exchange =
        Exchange::start(MediaConfig { connect_limit: Duration::from_millis(600), ..config(20_080..=20_089) });
    let peer = Peer::meta(GCM);
    exchange.engine.open_customer(call(1), &peer.offer, MediaTerms::default()).await.expect("an answer");
    // The answer never reaches the customer, so his relay refuses our checks.
    let failed = exchange.wait(|report| matches!(report, MediaReport::CustomerFailed { .. })).await;
    assert_eq!(
        failed,
        MediaReport::CustomerFailed { call: call(1), why: CustomerFailure::IceNeverConnected }
    );
}

#[tokio::test]
async fn a_customer_with_another_certificate_than_announced_fails() {
    let mut exchange = Exchange::start(config(20_090..=20_099));
    let peer = Peer::meta(GCM);
    let print = crate::peer::value(&peer.offer, "a=fingerprint:sha-256 ");
    let forged = peer.offer.replace(print, &print.chars().rev().collect::<String>());
    let answer =
        exchange.engine.open_customer(call(1), &forged, MediaTerms::default()).await.expect("an answer");
    peer.answer(&answer);
    let failed = exchange.wait(|report| matches!(report, MediaReport::CustomerFailed { .. })).await;
    assert_eq!(
        failed,
        MediaReport::CustomerFailed { call: call(1), why: CustomerFailure::FingerprintMismatch }
    );
}

#[tokio::test]
async fn the_third_call_on_two_ports_is_refused_and_a_closed_one_makes_room() {
    let exchange = Exchange::start(config(20_100..=20_101));
    let peer = Peer::meta(GCM);
    for number in 1..=2 {
        exchange
            .engine
            .open_customer(call(number), &peer.offer, MediaTerms::default())
            .await
            .expect("an answer");
    }
    assert_eq!(
        exchange.engine.open_customer(call(3), &peer.offer, MediaTerms::default()).await,
        Err(MediaRefusal::NoPorts)
    );
    assert_eq!(exchange.engine.ports(), PortUsage { total: 2, in_use: 2, held_by_others: 0 });
    exchange.engine.command(MediaCommand::CloseCustomer { call: call(1) });
    exchange.engine.command(MediaCommand::CloseCustomer { call: call(1) });
    exchange.engine.open_customer(call(3), &peer.offer, MediaTerms::default()).await.expect("room again");
}

#[tokio::test]
async fn a_port_of_another_process_is_skipped_and_counted() {
    let held = UdpSocket::bind("0.0.0.0:20110").expect("the port");
    let exchange = Exchange::start(config(20_110..=20_112));
    let peer = Peer::meta(GCM);
    for number in 1..=2 {
        let answer = exchange
            .engine
            .open_customer(call(number), &peer.offer, MediaTerms::default())
            .await
            .expect("an answer");
        assert!(!answer.contains("m=audio 20110 "));
    }
    assert_eq!(exchange.engine.ports(), PortUsage { total: 3, in_use: 2, held_by_others: 1 });
    drop(held);
    exchange
        .engine
        .open_customer(call(3), &peer.offer, MediaTerms::default())
        .await
        .expect("tried again rather than refused");
    assert_eq!(exchange.engine.ports(), PortUsage { total: 3, in_use: 3, held_by_others: 0 });
}

#[tokio::test]
async fn a_bad_offer_is_refused_with_words_for_the_operator_and_takes_no_port() {
    let exchange = Exchange::start(config(20_120..=20_121));
    let peer = Peer::meta(GCM);
    let isac = peer.offer.replace("opus/48000/2", "ISAC/16000");
    let refused = exchange.engine.open_customer(call(1), &isac, MediaTerms::default()).await;
    let Err(MediaRefusal::BadOffer(why)) = refused else { panic!("{refused:?}") };
    assert!(why.contains("does not offer Opus"), "{why}");
    assert_eq!(exchange.engine.ports().in_use, 0);
    exchange.engine.open_customer(call(1), &peer.offer, MediaTerms::default()).await.expect("an answer");
    let twice = exchange.engine.open_customer(call(1), &peer.offer, MediaTerms::default()).await;
    assert!(matches!(twice, Err(MediaRefusal::BadOffer(_))), "the second arrival: {twice:?}");
}

#[tokio::test]
async fn a_customer_who_closes_dtls_is_not_a_failure_while_the_providers_word_may_still_come() {
    let mut exchange = Exchange::start(config(20_130..=20_139));
    let peer = exchange.customer(call(1), GCM).await;
    exchange.engine.command(MediaCommand::OpenGate { call: call(1) });
    peer.hears();
    peer.hang_up();
    peer.sees_for(Duration::from_millis(500));
    let reports = exchange.so_far();
    assert!(
        !reports.iter().any(|report| matches!(report, MediaReport::CustomerFailed { .. })),
        "{reports:?}"
    );
    let failed = exchange.wait(|report| matches!(report, MediaReport::CustomerFailed { .. })).await;
    assert_eq!(failed, MediaReport::CustomerFailed { call: call(1), why: CustomerFailure::ClosedByPeer });
}
