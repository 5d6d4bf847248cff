//! What a number has agreed with Meta about sound: keys in the SDP, and G.711.

use switchboard_core::call::state::EndReason;
use switchboard_simulator::agent::SimulatedAgent;
use switchboard_simulator::{CallState, Law, NewCall, OfferShape, Sound};

use super::people::{hears, rings};
use crate::support::world::{Plan, World};

async fn number_with(destination: &'static str, key_exchange: &'static str, codecs: &'static str) -> World {
    let settings = vec![
        ("SWITCHBOARD_SRTP_KEY_EXCHANGE", key_exchange.to_owned()),
        ("SWITCHBOARD_ADDITIONAL_CODECS", codecs.to_owned()),
    ];
    World::start(Plan { destination, settings, ..Plan::default() }).await
}

/// A call with this offer is answered, and 440 Hz and 880 Hz cross.
async fn both_hear_each_other(world: &World, agent: &SimulatedAgent, wanted: NewCall) {
    let about = format!("{:?} {:?}", wanted.sdp, wanted.says);
    let call = world.call(NewCall { sound: Sound::ToneHz(440), ..wanted });
    let id = rings(agent).await;
    assert_eq!(agent.answer(&id).await.expect("an answer"), 200, "{about}");
    world
        .customer_until(&call.id, &format!("the customer hears 880 Hz: {about}"), |call| {
            call.heard.dominant_hz.is_some_and(|hertz| hertz.abs_diff(880) <= 10)
        })
        .await;
    hears(agent, 440).await;
    world.simulator.hang_up(&call.id);
    let row = world.ended(&call.wacid).await;
    assert_eq!(row.facts().ending.expect("over").reason, EndReason::CustomerHungUp, "{about}");
    let over = world.customer_is(&call.id, CallState::Ended).await;
    assert_eq!(over.early_packets, 0, "media left before accept was answered: {about}");
    assert_eq!(over.heard.ssrcs.len(), 1, "Meta wants one SSRC: {about}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_with_keys_in_the_sdp_has_sound_both_ways() {
    let world = number_with("agents", "sdes", "").await;
    let (agent, _) = world.agent("ana@example.com").await;
    for sdp in [OfferShape::Sdes, OfferShape::SdesTwoSuites] {
        both_hear_each_other(&world, &agent, NewCall { sdp, ..NewCall::default() }).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_business_speaks_first_with_keys_in_the_sdp_and_the_story_tells_of_them() {
    let world = number_with("echo", "sdes", "").await;
    // DTLS is never the weaker one: a number set to SDES takes it, too.
    for (sdp, exchange) in [(OfferShape::Sdes, "sdes"), (OfferShape::Modern, "dtls")] {
        let call = world.call(NewCall { sdp, sound: Sound::ToneHz(440), ..NewCall::default() });
        world
            .customer_until(&call.id, "the customer hears himself", |call| {
                call.heard.dominant_hz.is_some_and(|hertz| hertz.abs_diff(440) <= 10)
            })
            .await;
        world.simulator.hang_up(&call.id);
        let row = world.ended(&call.wacid).await;
        let story = world.story(&row).await;
        let connected = story.iter().find(|event| event.kind == "media.customer_connected");
        let data = &connected.expect("it was connected").data;
        assert_eq!(data["srtp_key_exchange"], exchange, "{data}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_with_g711_and_an_agent_with_opus_hear_each_other() {
    let world = number_with("agents", "sdes", "pcmu,pcma").await;
    let (agent, _) = world.agent("ana@example.com").await;
    for (sdp, says) in [
        (OfferShape::PcmuOnly, None),
        (OfferShape::PcmaOnly, None),
        (OfferShape::SdesPcmaOnly, None),
        (OfferShape::OpusAndG711, None),
        // Opus was agreed, and yet he says G.711.
        (OfferShape::OpusAndG711, Some(Law::Pcma)),
    ] {
        both_hear_each_other(&world, &agent, NewCall { sdp, says, ..NewCall::default() }).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_number_does_not_take_is_refused_with_the_setting_to_change() {
    let plain = number_with("echo", "", "pcma").await;
    refuses(&plain, OfferShape::Sdes, "srtp_key_exchange to sdes").await;
    refuses(&plain, OfferShape::PcmuOnly, "add pcmu to the number's additional_codecs").await;
    let sdes = number_with("echo", "sdes", "").await;
    refuses(&sdes, OfferShape::SdesShortKey, "its SDES key cannot be used: it has not 30 bytes").await;
    refuses(&sdes, OfferShape::SdesPcmaOnly, "add pcma to the number's additional_codecs").await;
}

async fn refuses(world: &World, sdp: OfferShape, words: &str) {
    let call = world.call(NewCall { sdp, ..NewCall::default() });
    let row = world.ended(&call.wacid).await;
    assert_eq!(row.facts().ending.expect("over").reason, EndReason::BadOffer, "{sdp:?}");
    let story = world.story(&row).await;
    let refused = story.iter().find(|event| event.kind == "media.refused").expect("the reason is there");
    let detail = refused.data["detail"].as_str().expect("words");
    assert!(detail.contains(words), "{sdp:?}: {detail}");
}
