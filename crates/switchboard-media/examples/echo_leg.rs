//! A customer leg that echoes, for any WebRTC or SDES peer: reads an offer from standard input to its end, prints the answer,
//! and echoes for half a minute. What it sees goes to standard error.
//!
//! ```text
//! echo_leg [address to advertise] < offer.sdp > answer.sdp
//! ```
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a tool for the desk")]

use std::io::{Read, Write};
use std::process::ExitCode;
use std::time::Duration;

use switchboard_core::ids::CallId;
use switchboard_core::media_terms::{AdditionalCodecs, MediaTerms, SrtpKeyExchange};
use switchboard_media::{MediaCommand, MediaConfig, MediaEngine, MediaReport, MediaSeat};

/// Takes every offer that can be served: DTLS, SDES, Opus, G.711.
fn everything() -> MediaTerms {
    let additional_codecs = AdditionalCodecs { pcmu: true, pcma: true };
    MediaTerms { key_exchange: SrtpKeyExchange::Sdes, additional_codecs }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1".to_owned());
    let mut offer = String::new();
    std::io::stdin().read_to_string(&mut offer).expect("an offer");
    let config = MediaConfig {
        advertise: vec![address.parse().expect("an address")],
        agent_port: 0,
        ..MediaConfig::default()
    };
    let (engine, mut reports) = MediaEngine::start(config).expect("the engine starts");
    let call = CallId::from_uuid(uuid::Uuid::from_u128(1));
    match engine.open_customer(call, &offer, everything()).await {
        Ok(answer) => print!("{answer}"),
        Err(refusal) => {
            eprintln!("refused: {refusal:?}");
            return ExitCode::FAILURE;
        }
    }
    std::io::stdout().flush().expect("somebody reads the answer");
    // Whoever waits for the end of the answer sees a last empty line.
    println!();
    engine.command(MediaCommand::Bridge { call, seat: MediaSeat::Echo });
    engine.command(MediaCommand::OpenGate { call });
    let echo = async {
        while let Some(report) = reports.recv().await {
            eprintln!("{report:?}");
            if matches!(report, MediaReport::CustomerFailed { .. }) {
                return ExitCode::FAILURE;
            }
        }
        ExitCode::SUCCESS
    };
    tokio::time::timeout(Duration::from_secs(30), echo).await.unwrap_or(ExitCode::SUCCESS)
}
