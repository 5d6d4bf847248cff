//! Thousands of calls in both directions, each from one seed: a provider, customers, agents and media that lose,
//! repeat, delay and reorder what they say, with restarts in between. Every step is watched (`watch.rs`), every end is
//! compared with a reference model that is written in another way than the machine (`model.rs`).
//!
//! `SWITCHBOARD_SEEDS=100000` runs more, `SWITCHBOARD_SEED=4711` runs one and prints its trace.

#![allow(clippy::panic, clippy::print_stdout, reason = "tests")]

#[path = "simulation/model.rs"]
mod model;
#[path = "simulation/random.rs"]
mod random;
#[path = "simulation/trace.rs"]
mod trace;
#[path = "simulation/watch.rs"]
mod watch;
#[path = "simulation/world.rs"]
mod world;

use std::collections::BTreeMap;

use switchboard_core::call::Call;
use switchboard_core::call::input::CallInput;
use switchboard_core::call::state::EndReason;

use crate::world::{Told, World};

/// What CI runs; takes a few seconds.
const SEEDS: u64 = 10_000;
/// How many kinds of entries the story of a call knows.
const KINDS: usize = 45;

#[test]
fn every_call_of_every_seed_ends_once_and_as_the_model_says() {
    if let Some(seed) = number("SWITCHBOARD_SEED") {
        let world = run(seed);
        println!("{}", world.trace());
        return;
    }
    let seeds = number("SWITCHBOARD_SEEDS").unwrap_or(SEEDS);
    let mut reasons: BTreeMap<EndReason, u64> = BTreeMap::new();
    let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
    for seed in 0..seeds {
        let world = run(seed);
        for kind in world.kinds() {
            *kinds.entry(kind).or_default() += 1;
        }
        if let Some(reason) = world.reason() {
            *reasons.entry(reason).or_default() += 1;
        }
    }
    println!("{seeds} seeds\nends: {reasons:#?}\ncalls with: {kinds:#?}");
    if seeds >= SEEDS {
        // A simulation that never gets somewhere proves nothing about that place.
        for reason in EndReason::ALL {
            assert!(reasons.contains_key(reason), "no seed ended with {reason:?}");
        }
        assert_eq!(kinds.len(), KINDS, "not every kind of entry was seen: {kinds:#?}");
    }
}

#[test]
fn the_same_seed_is_the_same_call() {
    for seed in 0..50 {
        assert_eq!(run(seed).trace(), run(seed).trace());
    }
}

/// Coming back too often is harmless: `TimePassed` before every input changes nothing in the end.
#[test]
fn more_ticks_of_the_clock_do_not_change_a_call() {
    for seed in 0..1_000 {
        let world = run(seed);
        let mut call = Call::new();
        for (now, told) in world.log() {
            match told {
                Told::Restart => call = Call::restore(call.facts().clone()),
                Told::Input(input) => {
                    let ticked = call.handle(*now, CallInput::TimePassed);
                    assert_eq!(ticked, Ok(()), "time refuses nobody");
                    // Whether a person is refused is the simulation's own matter.
                    let _ = call.handle(*now, input.clone());
                    while call.poll_effect().is_some() {}
                }
            }
        }
        assert_eq!(call.facts(), world.facts(), "seed {seed}");
    }
}

fn run(seed: u64) -> World {
    let mut world = World::new(seed);
    let verdict = world.run().and_then(|()| compare(&world));
    if let Err(why) = verdict {
        panic!("{}\nseed {seed}: {why}\n(SWITCHBOARD_SEED={seed} runs it alone)", world.trace());
    }
    world
}

fn compare(world: &World) -> Result<(), String> {
    let predicted = model::predict(world.log());
    let seen = world.verdict();
    if predicted == seen {
        return Ok(());
    }
    Err(format!("the model says {predicted:?}, the machine {seen:?}"))
}

#[expect(clippy::disallowed_methods, reason = "how many seeds to run is chosen from outside")]
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}
