//! `kill -9` in the middle of calls: nothing that was answered with 200 is lost, no call stays active, the provider is
//! told. The exchange is the real binary here, so that it can really be killed.

use std::process::{Child, Command, Stdio};

use switchboard_core::access::Scope;
use switchboard_core::call::state::{EndReason, ProviderState};
use switchboard_core::ids::ProviderCallId;
use switchboard_simulator::{CallState, EndedBy, NewCall, Simulator, SimulatorConfig};
use switchboard_store::{Store, StoreOptions};
use url::Url;

use crate::support::patience::eventually;
use crate::support::world::{account, exchange_settings, free_address, install_crypto, number_in};

struct Process {
    child: Child,
    address: String,
}

impl Process {
    async fn start(settings: &[(&'static str, String)], address: &str) -> Self {
        let binary = std::env::current_exe().expect("a path").with_file_name("").join("../switchboard");
        assert!(
            binary.exists(),
            "build the binary first: cargo build --bin switchboard (cargo xtask test does)"
        );
        let child = Command::new(binary)
            .arg("serve")
            .env_clear()
            .envs(settings.iter().map(|(name, value)| (*name, value.as_str())))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the exchange starts");
        let process = Self { child, address: address.to_owned() };
        let url = format!("http://{}/readyz", process.address);
        eventually("the exchange is ready", || async {
            reqwest::get(&url).await.ok().filter(|answer| answer.status().is_success())
        })
        .await;
        process
    }

    fn kill(&mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Killed already, or killed now: either way it must not outlive the test.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn killed_in_mid_call(destination: &'static str, live: CallState, told: EndedBy, was: ProviderState) {
    install_crypto();
    let folder = tempfile::tempdir().expect("a folder");
    let address = free_address();
    let mut config =
        SimulatorConfig::new(Url::parse(&format!("http://{address}/api/whatsapp/calling")).expect("a URL"));
    config.listen = "127.0.0.1:0".parse().expect("an address");
    config.account = account();
    let simulator = Simulator::start(config, None).await.expect("the simulator starts");
    let settings = exchange_settings(&address, folder.path(), &simulator.url(), destination, 64);
    let mut process = Process::start(&settings, &address).await;

    let calls: Vec<_> =
        (0..5).map(|_| simulator.place_call(&NewCall::default()).expect("the call is placed")).collect();
    for call in &calls {
        eventually("the call is live", || async {
            simulator.call(&call.id).filter(|call| call.state == live)
        })
        .await;
    }
    process.kill();
    let _again = Process::start(&settings, &address).await;

    for call in &calls {
        let call = eventually("the provider is told", || async {
            simulator.call(&call.id).filter(|call| call.state == CallState::Ended)
        })
        .await;
        assert_eq!(call.ended_by, Some(told));
    }
    let store = Store::open(
        &format!("sqlite:{}", folder.path().join("switchboard.db").display()),
        StoreOptions::default(),
    )
    .await
    .expect("the database opens");
    let number = number_in(&store).await;
    let scope = Scope::of_the_exchange(number.tenant);
    for call in &calls {
        let id = ProviderCallId::new(&*call.wacid);
        let row = eventually("the end is written", || async {
            let row = store.calls().by_provider_call(&scope, number.id, &id).await.expect("read");
            row.filter(|row| row.facts().ending.is_some())
        })
        .await;
        let facts = row.facts();
        assert_eq!(facts.ending.expect("over").reason, EndReason::NodeRestarted);
        assert!(facts.state == was || facts.state == ProviderState::Failed, "{:?}", facts.state);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn accepted_calls_are_terminated_after_a_kill() {
    killed_in_mid_call("echo", CallState::Accepted, EndedBy::Business, ProviderState::Terminated).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_calls_are_rejected_after_a_kill() {
    killed_in_mid_call("agents", CallState::PreAccepted, EndedBy::Rejected, ProviderState::Failed).await;
}
