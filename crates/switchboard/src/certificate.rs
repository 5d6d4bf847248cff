//! A renewed certificate without a restart: SIGHUP, as `systemctl reload` and certbot's hooks send it.

use axum_server::tls_rustls::RustlsConfig;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::config::TlsFiles;

/// Until `stop`: each SIGHUP reads the files again. Open connections keep the certificate they were made with. Without
/// TLS the signal does nothing, where the system's default would end the process.
pub(crate) async fn renew_on_hangup(tls: Option<(RustlsConfig, TlsFiles)>, stop: CancellationToken) {
    let mut hangup = match signal(SignalKind::hangup()) {
        Ok(hangup) => hangup,
        Err(error) => {
            tracing::warn!(%error, "SIGHUP is not listened to; a renewed certificate is read at the next start");
            return;
        }
    };
    while let Some(Some(())) = stop.run_until_cancelled(hangup.recv()).await {
        let Some((tls, files)) = &tls else {
            tracing::info!("told to read the certificate again, and there is none");
            continue;
        };
        match tls.reload_from_pem_file(&files.certificate, &files.key).await {
            Ok(()) => tracing::info!("the certificate was read again"),
            Err(error) => {
                tracing::error!(%error, "the renewed certificate cannot be read; the old one stays")
            }
        }
    }
}
