//! A mail server that keeps what it is given: the real conversation of SMTP, without TLS.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// One mail.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeptMail {
    pub from: String,
    pub to: String,
    /// Head and text as they were sent.
    pub text: String,
}

/// A running mail server.
#[derive(Clone)]
pub(crate) struct MailServer {
    port: u16,
    kept: Arc<Mutex<Vec<KeptMail>>>,
}

impl MailServer {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let server = Self { port, kept: Arc::default() };
        let keeper = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let keeper = keeper.clone();
                tokio::spawn(async move { keeper.converse(stream).await });
            }
        });
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    pub(crate) fn kept(&self) -> Vec<KeptMail> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn converse(&self, stream: TcpStream) -> Option<()> {
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        let mut mail = KeptMail::default();
        write.write_all(b"220 mail.example.com ESMTP\r\n").await.ok()?;
        while let Some(line) = lines.next_line().await.ok()? {
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_uppercase();
            let answer = match verb.as_str() {
                "EHLO" => "250-mail.example.com\r\n250 8BITMIME\r\n",
                "MAIL" => {
                    mail.from = line;
                    "250 OK\r\n"
                }
                "RCPT" => {
                    mail.to = line;
                    "250 OK\r\n"
                }
                "DATA" => {
                    write.write_all(b"354 Go on\r\n").await.ok()?;
                    while let Some(line) = lines.next_line().await.ok()?.filter(|line| line != ".") {
                        mail.text.push_str(&line);
                        mail.text.push('\n');
                    }
                    // Long lines come broken (quoted-printable).
                    mail.text = mail.text.replace("=\n", "");
                    let mail = std::mem::take(&mut mail);
                    self.kept.lock().unwrap_or_else(PoisonError::into_inner).push(mail);
                    "250 Kept\r\n"
                }
                "QUIT" => "221 Bye\r\n",
                _ => "250 OK\r\n",
            };
            write.write_all(answer.as_bytes()).await.ok()?;
        }
        Some(())
    }
}
