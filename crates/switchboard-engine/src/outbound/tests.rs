//! Each kind of address, and each way around the check.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use switchboard_core::address_class::AddressClass;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

fn install_crypto() {
    // Whoever is first; the others find it there.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// A name server whose answers change from question to question; the last one stays.
struct Answers(Mutex<VecDeque<Vec<IpAddr>>>, AtomicUsize);

impl Answers {
    fn new(answers: &[&str]) -> Arc<Self> {
        let answers = answers
            .iter()
            .map(|line| line.split(' ').map(|text| text.parse().expect("an address")).collect())
            .collect();
        Arc::new(Self(Mutex::new(answers), AtomicUsize::new(0)))
    }
}

impl Names for Answers {
    fn addresses_of(&self, _name: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
        self.1.fetch_add(1, Ordering::Relaxed);
        let mut answers = self.0.lock().expect("nobody panicked");
        let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        Box::pin(std::future::ready(answer.ok_or_else(|| std::io::Error::other("NXDOMAIN"))))
    }
}

fn client(allow: &[&str], names: Arc<dyn Names>) -> Outbound {
    install_crypto();
    let allow = allow.iter().map(|range| range.parse().expect("a range")).collect();
    Outbound::new(allow, names).expect("a client")
}

fn post(url: &str) -> OutboundRequest {
    OutboundRequest {
        method: Method::POST,
        url: Url::parse(url).expect("a URL"),
        headers: HeaderMap::new(),
        body: Bytes::from_static(b"{}"),
    }
}

async fn refusal(outbound: &Outbound, url: &str) -> OutboundRefusal {
    match outbound.send(post(url)).await {
        Err(OutboundError::Refused(refusal)) => refusal,
        other => panic!("{url}: {other:?}"),
    }
}

/// A server that answers every connection with these bytes and counts who came.
async fn server(answer: impl Into<Vec<u8>>, hang: bool) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (answer, came) = (answer.into(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&came);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(&answer).await;
                if hang {
                    std::future::pending::<()>().await;
                }
            });
        }
    });
    (port, came)
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";

#[tokio::test]
async fn every_class_of_address_is_refused_as_a_number_and_behind_a_name() {
    for (class, address) in [
        (AddressClass::Loopback, "127.0.0.1"),
        (AddressClass::Loopback, "::1"),
        (AddressClass::Private, "10.1.2.3"),
        (AddressClass::Private, "172.16.0.1"),
        (AddressClass::Private, "192.168.0.1"),
        (AddressClass::Private, "fd12::1"),
        (AddressClass::Shared, "100.64.0.1"),
        (AddressClass::LinkLocal, "169.254.169.254"),
        (AddressClass::LinkLocal, "fe80::1"),
        (AddressClass::Metadata, "fd00:ec2::254"),
        (AddressClass::Multicast, "224.0.0.1"),
        (AddressClass::Unspecified, "0.0.0.0"),
        (AddressClass::Unspecified, "::"),
        (AddressClass::Reserved, "203.0.113.1"),
        (AddressClass::Loopback, "::ffff:127.0.0.1"),
        (AddressClass::LinkLocal, "64:ff9b::a9fe:a9fe"),
        (AddressClass::Private, "2002:a00:1::"),
    ] {
        let expected = OutboundRefusal::Address { class };
        let host = if address.contains(':') { format!("[{address}]") } else { address.to_owned() };
        let outbound = client(&[], Answers::new(&[address]));
        assert_eq!(refusal(&outbound, &format!("https://{host}/x")).await, expected, "{address}");
        assert_eq!(refusal(&outbound, "https://crm.example.com/x").await, expected, "a name for {address}");
        assert!(expected.to_string().contains("SWITCHBOARD_OUTBOUND_ALLOW"));
    }
}

#[tokio::test]
async fn odd_spellings_of_an_address_are_read_as_what_they_are() {
    let outbound = client(&[], Answers::new(&["8.8.8.8"]));
    for url in [
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://0x7f000001/",
        "https://127.0.0.1./",
        "https://１２７.0.0.1/",
        "https://[::ffff:7f00:1]/",
        "https://[0:0:0:0:0:ffff:127.0.0.1]/",
    ] {
        let expected = OutboundRefusal::Address { class: AddressClass::Loopback };
        assert_eq!(refusal(&outbound, url).await, expected, "{url}");
    }
}

#[tokio::test]
async fn plain_http_other_schemes_credentials_and_ports_of_other_services_are_refused() {
    let outbound = client(&[], Answers::new(&["8.8.8.8"]));
    for (url, expected) in [
        ("http://crm.example.com/", OutboundRefusal::NotEncrypted),
        ("http://8.8.8.8/", OutboundRefusal::NotEncrypted),
        ("ftp://crm.example.com/", OutboundRefusal::Scheme),
        ("https://user@crm.example.com/", OutboundRefusal::Credentials),
        ("https://user:secret@crm.example.com/", OutboundRefusal::Credentials),
        ("https://crm.example.com:25/", OutboundRefusal::Port { port: 25 }),
        ("https://crm.example.com:22/", OutboundRefusal::Port { port: 22 }),
    ] {
        assert_eq!(refusal(&outbound, url).await, expected, "{url}");
    }
    // With a range opened, a name may be asked in the clear; what it leads to decides.
    let outbound = client(&["10.0.0.0/8"], Answers::new(&["8.8.8.8"]));
    assert_eq!(refusal(&outbound, "http://crm.example.com/").await, OutboundRefusal::NotEncrypted);
    let nobody = client(&[], Answers::new(&[]));
    assert_eq!(refusal(&nobody, "https://crm.example.com/").await, OutboundRefusal::NameUnknown);
}

#[tokio::test]
async fn what_the_operator_opens_may_be_spoken_to() {
    let (port, came) = server(OK, false).await;
    let outbound = client(&["127.0.0.0/8"], Answers::new(&["127.0.0.1"]));
    for host in ["127.0.0.1", "crm.example.com"] {
        let answer = outbound.send(post(&format!("http://{host}:{port}/"))).await.expect("an answer");
        assert_eq!((answer.status, answer.body.as_slice()), (200, &b"ok"[..]));
    }
    assert_eq!(came.load(Ordering::Relaxed), 2);
    let expected = OutboundRefusal::Address { class: AddressClass::Private };
    assert_eq!(refusal(&outbound, "https://10.0.0.1/").await, expected, "the others stay closed");
}

#[tokio::test]
async fn a_name_that_changes_its_answer_is_connected_only_to_what_was_looked_at() {
    let (port, came) = server(OK, false).await;
    // The first answer is looked at and used; what the name says afterwards is another question.
    let names = Answers::new(&["127.0.0.2", "127.0.0.1"]);
    let outbound = client(&["127.0.0.2/32"], names.clone());
    let first = outbound.send(post(&format!("http://crm.example.com:{port}/"))).await;
    // Nobody listens at 127.0.0.2: the connection went there and not to the server.
    assert!(matches!(first, Err(OutboundError::NotConnected(_))), "{first:?}");
    assert_eq!(names.1.load(Ordering::Relaxed), 1, "a name is asked once for a request");
    let second = refusal(&outbound, &format!("http://crm.example.com:{port}/")).await;
    assert_eq!(second, OutboundRefusal::Address { class: AddressClass::Loopback });
    assert_eq!(came.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn of_several_addresses_only_good_ones_are_used() {
    let (port, came) = server(OK, false).await;
    let outbound = client(&["127.0.0.2/32"], Answers::new(&["127.0.0.1 10.0.0.1 127.0.0.2"]));
    let answer = outbound.send(post(&format!("http://crm.example.com:{port}/"))).await;
    assert!(matches!(answer, Err(OutboundError::NotConnected(_))), "{answer:?}");
    assert_eq!(came.load(Ordering::Relaxed), 0, "127.0.0.1 was not opened");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (inside, came) = server(OK, false).await;
    let redirect = format!(
        "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:{inside}/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    );
    let (port, _) = server(redirect, false).await;
    let outbound = client(&["127.0.0.0/8"], Answers::new(&["127.0.0.1"]));
    let answer = outbound.send(post(&format!("http://127.0.0.1:{port}/"))).await;
    assert_eq!(answer.expect_err("not followed"), OutboundError::Redirected { status: 302 });
    assert_eq!(came.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_cut_off_with_its_status() {
    let long = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}",
        length = MAX_ANSWER_BYTES * 4,
        body = "x".repeat(MAX_ANSWER_BYTES * 2)
    );
    let (port, _) = server(long, true).await;
    let outbound = client(&["127.0.0.0/8"], Answers::new(&["127.0.0.1"]));
    let error = outbound.send(post(&format!("http://127.0.0.1:{port}/"))).await.expect_err("too long");
    assert!(matches!(error, OutboundError::AnswerTooLarge { status: 200, .. }), "{error:?}");
}

#[tokio::test]
async fn a_slow_answer_is_given_up_with_its_status() {
    let (port, _) = server("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf", true).await;
    install_crypto();
    let allow = vec!["127.0.0.0/8".parse().expect("a range")];
    let outbound = Outbound::with_timeout(allow, Answers::new(&["127.0.0.1"]), Duration::from_secs(2));
    let error = outbound.expect("a client").send(post(&format!("http://127.0.0.1:{port}/"))).await;
    assert_eq!(error.expect_err("given up"), OutboundError::TimedOut { status: Some(200) });
}
