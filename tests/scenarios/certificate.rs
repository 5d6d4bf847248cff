//! A renewed certificate is read on SIGHUP, without a restart and without a call noticing; a broken one changes nothing.

use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::tls::TlsInfo;

use crate::support::patience::{eventually, within};
use crate::support::process::{Outside, Process};

/// A fresh certificate and its key where the exchange looks for them; the certificate as it travels.
fn issue(certificate: &Path, key: &Path) -> Vec<u8> {
    let made = dimpl::certificate::generate_self_signed_certificate().expect("a certificate");
    let pem = |what: &str, der: &[u8]| {
        format!("-----BEGIN {what}-----\n{}\n-----END {what}-----\n", STANDARD.encode(der))
    };
    std::fs::write(certificate, pem("CERTIFICATE", &made.certificate)).expect("written");
    std::fs::write(key, pem("PRIVATE KEY", &made.private_key)).expect("written");
    made.certificate
}

/// What a browser that comes now is shown; none: nobody answers.
async fn shown(address: &str) -> Option<Vec<u8>> {
    let client = reqwest::Client::builder().tls_danger_accept_invalid_certs(true).tls_info(true);
    let client = client.build().expect("a client");
    let answer = client.get(format!("https://{address}/readyz")).send().await.ok()?;
    let tls = answer.extensions().get::<TlsInfo>().expect("it is told");
    answer.status().is_success().then(|| tls.peer_certificate().expect("one").to_vec())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_certificate_is_shown_after_a_hangup_signal_and_a_broken_one_never() {
    let mut outside = Outside::new("agents", 8).await;
    let files = tempfile::tempdir().expect("a folder");
    let (certificate, key) = (files.path().join("fullchain.pem"), files.path().join("privkey.pem"));
    let first = issue(&certificate, &key);
    outside.set("SWITCHBOARD_TLS_CERT", certificate.display().to_string());
    outside.set("SWITCHBOARD_TLS_KEY", key.display().to_string());
    outside.set("SWITCHBOARD_PUBLIC_URL", format!("https://{}", outside.address));
    let process = Process::spawn(&outside.settings, outside.folder.path());
    let before = within(Duration::from_secs(60), "it is ready", || shown(&outside.address)).await;
    assert_eq!(before, first);

    let second = issue(&certificate, &key);
    assert_eq!(shown(&outside.address).await.expect("an answer"), first, "nobody told it yet");
    process.signal("HUP");
    eventually("the renewed one is shown", || async {
        shown(&outside.address).await.filter(|shown| *shown == second)
    })
    .await;

    std::fs::write(&certificate, "half a certifi").expect("written");
    process.signal("HUP");
    eventually("it says that it cannot read it", || async {
        process.log().contains("the renewed certificate cannot be read; the old one stays").then_some(())
    })
    .await;
    assert_eq!(shown(&outside.address).await.expect("it still answers"), second);
    // Put right, it is taken; a signal too many does no harm.
    let third = issue(&certificate, &key);
    process.signal("HUP");
    process.signal("HUP");
    eventually("the third is shown", || async {
        shown(&outside.address).await.filter(|shown| *shown == third)
    })
    .await;
}
