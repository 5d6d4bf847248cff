//! Joins the crates into one running exchange.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use switchboard_engine::mail::{Mailer, UnusableMail};
use switchboard_engine::outbound::{Outbound, SystemNames};
use switchboard_engine::{AppCredentials, Clock, Engine, EngineSettings};
use switchboard_http::HttpConfig;
use switchboard_media::{MediaConfig, MediaEngine, MediaError};
use switchboard_provider::meta::graph::{GraphClient, GraphConfig};
use switchboard_provider::secret::{AccessToken, AppSecret, VerifyToken};
use switchboard_store::{Store, StoreError};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::certificate;
use crate::config::Config;
use crate::first_start::{self, FirstStartError};
use crate::node_id::{FolderInUse, NodeIdError, hold, node_id};

/// Requests that are under way get this long when the server stops.
const GOODBYE: std::time::Duration = std::time::Duration::from_secs(5);

/// The exchange could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder.
    #[error("the data folder cannot be used")]
    DataDir(#[from] NodeIdError),
    /// Somebody has the data folder.
    #[error(transparent)]
    FolderInUse(#[from] FolderInUse),
    /// The database.
    #[error("the database cannot be used")]
    Store(#[from] StoreError),
    /// Media.
    #[error("the media engine cannot start")]
    Media(#[from] MediaError),
    /// The Graph client.
    #[error("the Graph client cannot be made: {0}")]
    Graph(String),
    /// The client for other people's servers.
    #[error("the client for outgoing requests cannot be made: {0}")]
    Outbound(String),
    /// E-mail.
    #[error(transparent)]
    Mail(#[from] UnusableMail),
    /// The first start.
    #[error(transparent)]
    FirstStart(#[from] FirstStartError),
    /// The HTTP port.
    #[error("{address} cannot be listened on (SWITCHBOARD_LISTEN); is another program using it?")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// Certificate or key.
    #[error("the certificate or its key cannot be read (SWITCHBOARD_TLS_CERT, SWITCHBOARD_TLS_KEY)")]
    Tls(#[source] std::io::Error),
}

/// A running exchange.
#[derive(Debug)]
pub struct Running {
    /// Where HTTP is served, with the port that was really taken.
    pub address: SocketAddr,
    /// How the outside reaches it.
    pub public_url: Url,
    /// The engine, for the tests and the demo.
    pub engine: Engine,
    /// The code of the first-run page, while there is no user.
    pub setup_code: Option<SecretString>,
    /// The first user was made from the settings at this start.
    pub made_first_user: bool,
    /// The file of data keys, when this start made it.
    pub made_key_file: Option<std::path::PathBuf>,
    stop: CancellationToken,
    server: tokio::task::JoinHandle<std::io::Result<()>>,
    /// Ours while we run.
    _folder: Option<std::fs::File>,
}

impl Running {
    /// The link a new operator opens first.
    #[must_use]
    pub fn setup_link(&self) -> Option<String> {
        let code = self.setup_code.as_ref()?;
        let mut link = self.public_url.join("/welcome").ok()?;
        link.query_pairs_mut().append_pair("code", code.expose_secret());
        Some(link.into())
    }

    /// Where Meta sends webhooks.
    #[must_use]
    pub fn webhook_url(&self) -> String {
        self.public_url.join("/api/whatsapp/calling").map_or_else(|_| String::new(), Into::into)
    }

    /// Takes no new calls and returns when the last live one has ended, at the latest when their time is over.
    /// Everything else goes on: webhooks are stored, pages work.
    pub async fn drain(&self) {
        self.engine.drain().await;
    }

    /// Tells every page, ends live calls with a reason, stops listening; returns when that is done.
    pub async fn stop(self) {
        self.engine.say_goodbye();
        self.engine.end_all_calls(GOODBYE).await;
        // Only then: a webhook that comes while calls end is stored like any other.
        self.stop.cancel();
        let mut server = self.server;
        if tokio::time::timeout(GOODBYE, &mut server).await.is_err() {
            // Whatever still runs after its time is cut.
            server.abort();
        }
        self.engine.stop_job_workers().await;
        self.engine.store().close().await;
    }

    /// Waits until the server ends by itself, which it only does when something broke.
    pub async fn ended(&mut self) -> std::io::Result<()> {
        match (&mut self.server).await {
            Ok(result) => result,
            Err(error) => Err(std::io::Error::other(error)),
        }
    }
}

/// Starts an exchange.
///
/// # Errors
/// See [`StartError`]: each says which setting to look at.
pub async fn start(config: Config) -> Result<Running, StartError> {
    switchboard_http::start_counting();
    let node = node_id(&config.data_dir)?;
    let folder = hold(&config.data_dir)?;
    let clock = Clock::default();
    let store = Store::open(config.database_url.expose_secret(), config.store_options()).await?;
    let made_key_file = store.made_key_file().map(std::path::Path::to_path_buf);
    seal_what_is_plain(store.clone());
    let now = clock.now();
    let made_first_user = first_start::prepare(&store, &config, now).await?;
    let epoch = store.nodes().register(node, now).await?;
    let needs_setup = !store.users().any().await?;

    let (media, reports) = MediaEngine::start(MediaConfig {
        bind: config.media.bind,
        advertise: config.media.advertise.clone(),
        ports: config.media.ports.clone(),
        agent_port: config.media.agent_port,
        ..MediaConfig::default()
    })?;
    let graph = GraphConfig::new(config.graph_url.as_str())
        .and_then(|graph| graph.with_version(&config.graph_version))
        .and_then(GraphClient::new)
        .map_err(|error| StartError::Graph(error.to_string()))?;
    let warm = graph.clone();
    tokio::spawn(async move {
        if let Err(error) = warm.warm_up().await {
            tracing::warn!(error = %error, "the Graph API does not answer; calls cannot be taken until it does");
        }
    });

    let listener = std::net::TcpListener::bind(config.listen)
        .map_err(|source| StartError::Listen { address: config.listen, source })?;
    let listen_error = |source| StartError::Listen { address: config.listen, source };
    listener.set_nonblocking(true).map_err(listen_error)?;
    let address = listener.local_addr().map_err(listen_error)?;
    let mut public_url = config.public_url.clone();
    if config.listen.port() == 0 && public_url.port() == Some(0) {
        // A free port was asked for: the address of the outside is the one that was found. It always has a host.
        let _ = public_url.set_port(Some(address.port()));
    }

    let sandbox = config.is_sandbox();
    let settings = engine_settings(&config, node, epoch, public_url.clone())?;
    let engine = Engine::start(settings, store, media, reports, graph, clock).await?;
    let setup_code = needs_setup.then(first_start::fresh_setup_code);
    let stop = CancellationToken::new();
    let mut http = HttpConfig::new(public_url.clone());
    http.trusted_proxies.clone_from(&config.trusted_proxies);
    http.sandbox = sandbox;
    http.phone_page_url.clone_from(&config.phone_page_url);
    http.setup_code.clone_from(&setup_code);
    http.ice_servers.clone_from(&config.ice_servers);
    if let Some(burst) = config.sign_ins_per_address {
        http.attempt_limits.per_address.burst = burst;
    }
    if let Some(rate) = config.requests_per_address {
        http.request_rates.per_address = rate;
    }
    if let Some(rate) = config.requests_per_credential {
        http.request_rates.per_credential = rate;
    }
    let router = switchboard_http::router(engine.clone(), http);
    let server = serve(listener, router, &config, stop.clone()).await?;
    Ok(Running {
        address,
        public_url,
        engine,
        setup_code,
        made_first_user,
        made_key_file,
        stop,
        server,
        _folder: folder,
    })
}

/// Values from before there were data keys are sealed beside the running exchange; afterwards this costs nothing.
fn seal_what_is_plain(store: Store) {
    tokio::spawn(async move {
        match store.secrets().seal_plain_values().await {
            Ok(done) if done.sealed > 0 => {
                tracing::info!(values = done.sealed, "values that stood in the clear are sealed now");
            }
            Ok(_) | Err(StoreError::Stopped { .. }) => {}
            Err(error) => {
                tracing::warn!(error = %error, "values that stand in the clear are sealed at the next start");
            }
        }
    });
}

fn engine_settings(
    config: &Config,
    node: switchboard_core::ids::NodeId,
    epoch: i64,
    public_url: Url,
) -> Result<EngineSettings, StartError> {
    let mut apps = Vec::new();
    let mut tokens = HashMap::new();
    let mut verify_token = None;
    if let Some(number) = &config.number {
        apps.push(AppCredentials {
            secret: AppSecret::from(number.app_secret.expose_secret().to_owned()),
            numbers: vec![number.phone_number_id.clone()],
        });
        tokens.insert(
            number.phone_number_id.clone(),
            AccessToken::from(number.access_token.expose_secret().to_owned()),
        );
        verify_token =
            number.verify_token.as_ref().map(|token| VerifyToken::from(token.expose_secret().to_owned()));
    }
    let outbound = Outbound::new(config.outbound_allow.clone(), Arc::new(SystemNames))
        .map_err(|error| StartError::Outbound(error.to_string()))?;
    let mailer = config
        .mail
        .as_ref()
        .map(|mail| Mailer::new(mail.smtp_url.expose_secret(), &mail.from))
        .transpose()?;
    Ok(EngineSettings {
        node,
        epoch,
        data_dir: config.data_dir.clone(),
        calling_enabled: config.calling_enabled,
        countries_without_business_calls: config.countries_without_business_calls.clone(),
        max_calls: config.max_calls,
        set_ups_per_second: config.set_ups_per_second,
        suspend_after_missed: config.suspend_after_missed,
        drain_timeout: config.drain_timeout,
        apps,
        tokens,
        verify_token,
        outbound,
        mailer,
        public_url,
        quiet_for: config.quiet_for,
    })
}

async fn serve(
    listener: std::net::TcpListener,
    router: axum::Router,
    config: &Config,
    stop: CancellationToken,
) -> Result<tokio::task::JoinHandle<std::io::Result<()>>, StartError> {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    if let Some(files) = &config.tls {
        let tls = axum_server::tls_rustls::RustlsConfig::from_pem_file(&files.certificate, &files.key)
            .await
            .map_err(StartError::Tls)?;
        tokio::spawn(certificate::renew_on_hangup(Some((tls.clone(), files.clone())), stop.clone()));
        let handle = axum_server::Handle::new();
        let stopper = handle.clone();
        tokio::spawn(async move {
            stop.cancelled().await;
            stopper.graceful_shutdown(Some(GOODBYE));
        });
        let server = axum_server::from_tcp_rustls(listener, tls).map_err(StartError::Tls)?.handle(handle);
        return Ok(tokio::spawn(server.serve(service)));
    }
    tokio::spawn(certificate::renew_on_hangup(None, stop.clone()));
    let listener = TcpListener::from_std(listener)
        .map_err(|source| StartError::Listen { address: config.listen, source })?;
    // Two small writes per answer would wait 40 ms for each other (Nagle).
    let listener = axum::serve::ListenerExt::tap_io(listener, |stream| {
        let _ = stream.set_nodelay(true);
    });
    Ok(tokio::spawn(async move {
        axum::serve(listener, service).with_graceful_shutdown(stop.cancelled_owned()).await
    }))
}
