//! A way to a server that can be stopped: nothing passes and nothing is closed, as when a machine hangs.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Listens on this machine and passes on what comes, while it is not stopped.
pub(crate) struct Stoppable {
    pub address: SocketAddr,
    stopped: watch::Sender<bool>,
}

impl Stoppable {
    pub(crate) async fn before(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (stopped, _) = watch::channel(false);
        let told = stopped.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (server, told) = (server.clone(), told.subscribe());
                tokio::spawn(async move {
                    wait(&mut told.clone()).await;
                    let Ok(server) = TcpStream::connect(server).await else { return };
                    let ((from_client, to_client), (from_server, to_server)) =
                        (client.into_split(), server.into_split());
                    tokio::join!(
                        pass(from_client, to_server, told.clone()),
                        pass(from_server, to_client, told)
                    );
                });
            }
        });
        Self { address, stopped }
    }

    pub(crate) fn stop(&self) {
        self.stopped.send_replace(true);
    }

    pub(crate) fn go_on(&self) {
        self.stopped.send_replace(false);
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut stopped: watch::Receiver<bool>) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        wait(&mut stopped).await;
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}

async fn wait(stopped: &mut watch::Receiver<bool>) {
    // The test is over when nobody can stop it any more.
    let _ = stopped.wait_for(|stopped| !stopped).await;
}
