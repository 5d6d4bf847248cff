//! Agent lines against a peer of a browser's shape, and bridges.

use std::time::Duration;

use switchboard_media::{MediaCommand, MediaConfig, MediaReport, MediaSeat, SrtpProfile};

use crate::customer::assert_continuous;
use crate::peer::{Exchange, KEYS, Packet, Saw, call, config, line};

const GCM: SrtpProfile = SrtpProfile::Aes256Gcm;

#[tokio::test]
async fn customer_and_agent_hear_each_other() {
    let mut exchange = Exchange::start(config(20_200..=20_209));
    let agent = exchange.line(line(1)).await;
    let customer = exchange.customer(call(1), GCM).await;
    exchange.engine.command(MediaCommand::Bridge { call: call(1), seat: MediaSeat::Line(line(1)) });
    exchange.engine.command(MediaCommand::OpenGate { call: call(1) });
    for n in 0..10_u8 {
        customer.send(&[0xF8, b'c', n]);
        assert_eq!(agent.hears_until(&[0xF8, b'c', n]).len(), 1);
        agent.send(&[0xF8, b'a', n]);
        customer.hears_until(&[0xF8, b'a', n]);
    }
    exchange.wait(|report| matches!(report, MediaReport::AgentHeard { .. })).await;
    let quality = exchange.wait(|report| matches!(report, MediaReport::Quality { agent: Some(_), .. })).await;
    assert!(
        matches!(quality, MediaReport::Quality { agent: Some(agent), .. } if agent.mos > 4.0),
        "{quality:?}"
    );
}

#[tokio::test]
async fn before_the_gate_neither_side_hears_the_other() {
    let mut exchange = Exchange::start(config(20_210..=20_219));
    let agent = exchange.line(line(1)).await;
    let customer = exchange.customer(call(1), GCM).await;
    exchange.engine.command(MediaCommand::Bridge { call: call(1), seat: MediaSeat::Line(line(1)) });
    customer.send(b"\xF8early");
    agent.send(b"\xF8early");
    let nothing = |saw: &Saw| matches!(saw, Saw::Connected);
    assert!(customer.sees_for(Duration::from_millis(200)).iter().all(nothing));
    assert!(agent.sees_for(Duration::from_millis(200)).iter().all(nothing));
    let reports = exchange.so_far();
    assert!(reports.contains(&MediaReport::CustomerHeard { call: call(1) }), "heard, though not passed on");
    assert!(!reports.iter().any(|report| matches!(report, MediaReport::AgentHeard { .. })));
}

#[tokio::test]
async fn the_customer_hears_one_stream_while_his_seat_changes() {
    let mut exchange = Exchange::start(config(20_220..=20_229));
    let first = exchange.line(line(1)).await;
    let second = exchange.line(line(2)).await;
    let customer = exchange.customer(call(1), GCM).await;
    exchange.engine.command(MediaCommand::Bridge { call: call(1), seat: MediaSeat::Line(line(1)) });
    exchange.engine.command(MediaCommand::OpenGate { call: call(1) });
    let mut heard: Vec<Packet> = Vec::new();
    for n in 0..5_u8 {
        first.send(&[0xF8, 1, n]);
        heard.extend(customer.hears_until(&[0xF8, 1, n]));
        customer.sees_for(Duration::from_millis(20));
    }
    exchange.engine.command(MediaCommand::Bridge { call: call(1), seat: MediaSeat::Music });
    for _ in 0..20 {
        heard.push(customer.hears());
    }
    exchange.engine.command(MediaCommand::Bridge { call: call(1), seat: MediaSeat::Line(line(2)) });
    for n in 0..5_u8 {
        second.send(&[0xF8, 2, n]);
        heard.extend(customer.hears_until(&[0xF8, 2, n]));
        customer.sees_for(Duration::from_millis(20));
    }
    assert_continuous(&heard);
    let first_of_second = heard.iter().find(|packet| packet.payload == [0xF8, 2, 0]).expect("heard");
    assert!(first_of_second.marker, "a change of speaker carries the marker");
    // The first agent is out of the call: he is neither heard nor does he hear.
    first.send(b"\xF8out");
    customer.send(b"\xF8who");
    second.hears_until(b"\xF8who");
    let out = first.sees_for(Duration::from_millis(100));
    assert!(!out.iter().any(|saw| matches!(saw, Saw::Packet(packet) if packet.payload == b"\xF8who")));
}

#[tokio::test]
async fn keys_cross_the_bridge_as_telephone_events() {
    let mut exchange = Exchange::start(config(20_230..=20_239));
    let agent = exchange.line(line(1)).await;
    let customer = exchange.customer(call(1), GCM).await;
    exchange.engine.command(MediaCommand::Bridge { call: call(1), seat: MediaSeat::Line(line(1)) });
    exchange.engine.command(MediaCommand::OpenGate { call: call(1) });
    for n in 0..5_u64 {
        customer.send_as(KEYS, n, 4_800, &[5, 10, 0, n as u8]);
    }
    let heard = agent.hears_until(&[5, 10, 0, 4]);
    assert_eq!(heard.len(), 5);
    assert!(heard.iter().all(|packet| packet.payload_type == KEYS && packet.timestamp == heard[0].timestamp));
}

#[tokio::test]
async fn several_lines_share_the_port_and_are_not_mixed_up() {
    let mut exchange = Exchange::start(config(20_240..=20_249));
    let mut pairs = Vec::new();
    for number in 1..=4 {
        let agent = exchange.line(line(number)).await;
        let customer = exchange.customer(call(number), GCM).await;
        exchange
            .engine
            .command(MediaCommand::Bridge { call: call(number), seat: MediaSeat::Line(line(number)) });
        exchange.engine.command(MediaCommand::OpenGate { call: call(number) });
        pairs.push((agent, customer));
    }
    for (number, (agent, customer)) in pairs.iter().enumerate() {
        agent.send(&[0xF8, number as u8]);
        customer.hears_until(&[0xF8, number as u8]);
        customer.send(&[0xF8, number as u8, 1]);
        assert_eq!(agent.hears_until(&[0xF8, number as u8, 1]).len(), 1);
    }
}

#[tokio::test]
async fn a_line_bridged_before_it_comes_carries_sound_when_it_is_there() {
    let mut exchange = Exchange::start(config(20_250..=20_259));
    let customer = exchange.customer(call(1), GCM).await;
    exchange.engine.command(MediaCommand::OpenGate { call: call(1) });
    exchange.engine.command(MediaCommand::Bridge { call: call(1), seat: MediaSeat::Line(line(7)) });
    let agent = exchange.line(line(7)).await;
    agent.send(b"\xF8here");
    customer.hears_until(b"\xF8here");
}

#[tokio::test]
async fn a_sleeping_laptop_is_a_lost_line_and_the_customer_is_kept() {
    let mut exchange = Exchange::start(MediaConfig {
        consent_limit: Duration::from_millis(1_500),
        ..config(20_260..=20_269)
    });
    let agent = exchange.line(line(1)).await;
    let customer = exchange.customer(call(1), GCM).await;
    exchange.engine.command(MediaCommand::Bridge { call: call(1), seat: MediaSeat::Line(line(1)) });
    exchange.engine.command(MediaCommand::OpenGate { call: call(1) });
    agent.send(b"\xF8hi");
    customer.hears_until(b"\xF8hi");
    agent.fall_asleep();
    exchange.wait(|report| *report == MediaReport::LineLost { line: line(1) }).await;
    // From anywhere, a new line takes the call over.
    let again = exchange.line(line(2)).await;
    exchange.engine.command(MediaCommand::Bridge { call: call(1), seat: MediaSeat::Line(line(2)) });
    again.send(b"\xF8back");
    customer.hears_until(b"\xF8back");
}

#[tokio::test]
async fn the_same_line_twice_is_refused_and_a_closed_one_may_come_again() {
    let mut exchange = Exchange::start(config(20_270..=20_279));
    let agent = exchange.line(line(1)).await;
    assert!(exchange.engine.open_line(line(1), &agent.offer).await.is_err());
    exchange.engine.command(MediaCommand::CloseLine { line: line(1) });
    exchange.engine.command(MediaCommand::CloseLine { line: line(1) });
    exchange.line(line(1)).await;
}

#[tokio::test]
async fn a_line_put_through_to_a_second_call_leaves_the_first() {
    let mut exchange = Exchange::start(config(20_280..=20_289));
    let agent = exchange.line(line(1)).await;
    let first = exchange.customer(call(1), GCM).await;
    let second = exchange.customer(call(2), GCM).await;
    for number in 1..=2 {
        exchange.engine.command(MediaCommand::OpenGate { call: call(number) });
        exchange.engine.command(MediaCommand::Bridge { call: call(number), seat: MediaSeat::Line(line(1)) });
    }
    first.send(b"\xF8first");
    second.send(b"\xF8second");
    assert_eq!(agent.hears().payload, b"\xF8second");
    agent.send(b"\xF8agent");
    second.hears_until(b"\xF8agent");
    let heard = first.sees_for(Duration::from_millis(100));
    assert!(!heard.iter().any(|saw| matches!(saw, Saw::Packet(packet) if packet.payload == b"\xF8agent")));
    // The first call ends: the second keeps its agent.
    exchange.engine.command(MediaCommand::CloseCustomer { call: call(1) });
    agent.send(b"\xF8still");
    second.hears_until(b"\xF8still");
}

#[tokio::test]
async fn a_socket_for_both_families_serves_ipv4() {
    let mut exchange = Exchange::start(MediaConfig {
        bind: std::net::Ipv6Addr::UNSPECIFIED.into(),
        advertise: vec![std::net::Ipv4Addr::LOCALHOST.into(), std::net::Ipv6Addr::LOCALHOST.into()],
        ..config(20_290..=20_299)
    });
    let agent = exchange.line(line(1)).await;
    let customer = exchange.customer(call(1), GCM).await;
    exchange.engine.command(MediaCommand::Bridge { call: call(1), seat: MediaSeat::Line(line(1)) });
    exchange.engine.command(MediaCommand::OpenGate { call: call(1) });
    customer.send(b"\xF8to agent");
    agent.hears_until(b"\xF8to agent");
    agent.send(b"\xF8to customer");
    customer.hears_until(b"\xF8to customer");
}
