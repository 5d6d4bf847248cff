//! Joins the crates into one running exchange.

use std::collections::HashMap;
use std::net::SocketAddr;

use secrecy::{ExposeSecret, SecretString};
use switchboard_engine::{AppCredentials, Clock, Engine, EngineSettings};
use switchboard_http::HttpConfig;
use switchboard_media::{MediaConfig, MediaEngine, MediaError};
use switchboard_provider::meta::graph::{GraphClient, GraphConfig};
use switchboard_provider::secret::{AccessToken, AppSecret, VerifyToken};
use switchboard_store::{Store, StoreError, StoreOptions};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::config::Config;
use crate::first_start::{self, FirstStartError};
use crate::node_id::{NodeIdError, node_id};

/// Requests that are under way get this long when the server stops.
const GOODBYE: std::time::Duration = std::time::Duration::from_secs(5);

/// The exchange could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder.
    #[error("the data folder cannot be used")]
    DataDir(#[from] NodeIdError),
    /// The database.
    #[error("the database cannot be used")]
    Store(#[from] StoreError),
    /// Media.
    #[error("the media engine cannot start")]
    Media(#[from] MediaError),
    /// The Graph client.
    #[error("the Graph client cannot be made: {0}")]
    Graph(String),
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
    stop: CancellationToken,
    server: tokio::task::JoinHandle<std::io::Result<()>>,
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

    /// Stops listening, tells every page, ends live calls with a reason; returns when that is done.
    pub async fn stop(self) {
        self.stop.cancel();
        self.engine.say_goodbye();
        self.engine.end_all_calls(GOODBYE).await;
        // Whatever still runs after its time is cut; calls are recovered at the next start.
        let _ = tokio::time::timeout(GOODBYE, self.server).await;
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
    let node = node_id(&config.data_dir)?;
    let clock = Clock::default();
    let store = Store::open(config.database_url.expose_secret(), StoreOptions::default()).await?;
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
    let engine =
        Engine::start(engine_settings(&config, node, epoch), store, media, reports, graph, clock).await?;
    let setup_code = needs_setup.then(first_start::fresh_setup_code);
    let stop = CancellationToken::new();
    let mut http = HttpConfig::new(public_url.clone());
    http.trusted_proxies.clone_from(&config.trusted_proxies);
    http.sandbox = sandbox;
    http.phone_page_url.clone_from(&config.phone_page_url);
    http.setup_code.clone_from(&setup_code);
    http.ice_servers.clone_from(&config.ice_servers);
    http.draining = stop.clone();
    if let Some(burst) = config.sign_ins_per_address {
        http.attempt_limits.per_address.burst = burst;
    }
    let router = switchboard_http::router(engine.clone(), http);
    let server = serve(listener, router, &config, stop.clone()).await?;
    Ok(Running { address, public_url, engine, setup_code, made_first_user, stop, server })
}

fn engine_settings(config: &Config, node: switchboard_core::ids::NodeId, epoch: i64) -> EngineSettings {
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
    EngineSettings {
        node,
        epoch,
        calling_enabled: config.calling_enabled,
        max_calls: config.max_calls,
        apps,
        tokens,
        verify_token,
    }
}

async fn serve(
    listener: std::net::TcpListener,
    router: axum::Router,
    config: &Config,
    stop: CancellationToken,
) -> Result<tokio::task::JoinHandle<std::io::Result<()>>, StartError> {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    if let Some(tls) = &config.tls {
        let tls = axum_server::tls_rustls::RustlsConfig::from_pem_file(&tls.certificate, &tls.key)
            .await
            .map_err(StartError::Tls)?;
        let handle = axum_server::Handle::new();
        let stopper = handle.clone();
        tokio::spawn(async move {
            stop.cancelled().await;
            stopper.graceful_shutdown(Some(GOODBYE));
        });
        let server = axum_server::from_tcp_rustls(listener, tls).map_err(StartError::Tls)?.handle(handle);
        return Ok(tokio::spawn(server.serve(service)));
    }
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
