//! Configuration by file, environment and command line (I7), each value checked once, each error naming its setting.
//!
//! A setting is looked for in the environment first, then in the file. A secret may also stand in a file of its own,
//! named by the same variable with `_FILE` at its end.

mod read;
mod recordings;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use switchboard_core::call::input::Destination;
use switchboard_core::eligibility::country::NOT_OFFERED;
use switchboard_core::media_terms::{AdditionalCodecs, SrtpKeyExchange};
use switchboard_core::safeguard::SafeguardRules;
use switchboard_engine::SET_UPS_PER_SECOND;
use switchboard_http::IceServer;
use switchboard_store::StoreOptions;
use switchboard_store::recordings::RecordingsPlace;
use switchboard_store::tenants::TemplateName;
use url::Url;

pub use read::{ConfigError, Settings};

/// Meta's own Graph host; any other is a sandbox and says so.
pub const META_GRAPH_URL: &str = "https://graph.facebook.com";
/// The Graph version used unless told otherwise (reference of 2026-09: v25.0 is good until 2028).
pub const GRAPH_VERSION: &str = "v25.0";
/// The shortest operator key that is accepted, in characters.
pub const SHORTEST_API_KEY: usize = 32;

/// Longer than nearly every call: who stops the server for an update does not want to cut anybody off.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(600);

/// Variables of features that this version does not have. Whoever sets one should hear that it does nothing.
pub const NOT_YET: [&str; 9] = [
    "WHATSAPP_CALL_HANDLER",
    "WHATSAPP_CALL_AUTO_ACCEPT",
    "YCLOUD_API_BASE",
    "YCLOUD_CALL_PATH",
    "YCLOUD_AUTH_HEADER",
    "YCLOUD_AUTH_VALUE",
    "YCLOUD_API_KEY",
    "YCLOUD_WHATSAPP_FROM",
    "YCLOUD_WEBHOOK_TOKEN",
];

/// `name`, or `name:language`; English when none is named.
fn template(text: &str) -> TemplateName {
    let (name, language) = text.split_once(':').unwrap_or((text, "en"));
    TemplateName { name: name.trim().to_owned(), language: language.trim().to_owned() }
}

/// Everything one exchange needs to know at start.
#[derive(Debug)]
pub struct Config {
    /// Where HTTP is served.
    pub listen: SocketAddr,
    /// How the outside reaches us: webhook URL, links, cookie `Secure`, allowed Origin.
    pub public_url: Url,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<ipnet::IpNet>,
    /// Certificate and key of our own TLS.
    pub tls: Option<TlsFiles>,
    /// STUN and TURN servers handed to browsers.
    pub ice_servers: Vec<IceServer>,
    /// `sqlite:…` or `postgres://…`.
    pub database_url: SecretString,
    /// Who makes and owns the tables on PostgreSQL, when it is not who `database_url` signs in as.
    pub database_owner_url: Option<SecretString>,
    /// Where this node keeps its files.
    pub data_dir: PathBuf,
    /// The file of data keys.
    pub data_key_file: PathBuf,
    /// Where recordings are kept.
    pub recordings: RecordingsPlace,
    /// The Graph API.
    pub graph_url: Url,
    /// Its version.
    pub graph_version: String,
    /// The first user, created while there is none.
    pub first_user: Option<FirstUser>,
    /// The operator key, created while there is none.
    pub api_key: Option<SecretString>,
    /// The number of the environment.
    pub number: Option<NumberFromEnvironment>,
    /// The exchange-wide switch (C9).
    pub calling_enabled: bool,
    /// Where Meta offers no calls of businesses.
    pub countries_without_business_calls: Vec<String>,
    /// Live calls of all numbers together.
    pub max_calls: u32,
    /// Customer legs made in a second, at the most.
    pub set_ups_per_second: NonZeroU32,
    /// So many missed calls suspend a number that has no limit of its own.
    pub suspend_after_missed: u32,
    /// So long live calls may go on when the server is to stop.
    pub drain_timeout: Duration,
    /// Sign-ins that one address may try at once; a large office behind one address needs more.
    pub sign_ins_per_address: Option<NonZeroU32>,
    /// Requests a second of one address; a large office behind one address needs more.
    pub requests_per_address: Option<NonZeroU32>,
    /// Requests a second of one session or key.
    pub requests_per_credential: Option<NonZeroU32>,
    /// Where media go.
    pub media: MediaSettings,
    /// Ranges that requests to addresses chosen by others may go to besides the public internet.
    pub outbound_allow: Vec<ipnet::IpNet>,
    /// Who sends e-mail.
    pub mail: Option<MailSettings>,
    /// A number that used to get webhooks and gets none for so long is told of.
    pub quiet_for: Option<Duration>,
    /// `WHATSAPP_CALL_PERMISSION_TEMPLATE`: what customers are asked with, until the business says otherwise.
    pub permission_template: Option<TemplateName>,
    /// Where the simulator's phone page is, when this exchange runs beside one.
    pub phone_page_url: Option<Url>,
}

/// Certificate and key of our own TLS.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// PEM with the chain.
    pub certificate: PathBuf,
    /// PEM with the key.
    pub key: PathBuf,
}

/// The first user.
#[derive(Debug)]
pub struct FirstUser {
    /// His e-mail.
    pub email: String,
    /// His name; what stands before the `@` unless told otherwise.
    pub name: String,
    /// His password.
    pub password: SecretString,
}

/// The one number of a single-number set-up (I7).
#[derive(Debug)]
pub struct NumberFromEnvironment {
    /// `PHONE_NUMBER_ID`.
    pub phone_number_id: String,
    /// `WABA_ID`.
    pub waba_id: Option<String>,
    /// `META_ACCESS_TOKEN`.
    pub access_token: SecretString,
    /// `META_APP_SECRET`.
    pub app_secret: SecretString,
    /// `META_VERIFY_TOKEN`.
    pub verify_token: Option<SecretString>,
    /// `WHATSAPP_BUSINESS_CALLS_ENABLED`; read when the number is made.
    pub business_calls_enabled: Option<bool>,
    /// `SWITCHBOARD_DESTINATION`; setting it switches calling on for this number.
    pub destination: Option<Destination>,
    /// `SWITCHBOARD_SRTP_KEY_EXCHANGE`.
    pub srtp_key_exchange: Option<SrtpKeyExchange>,
    /// `SWITCHBOARD_ADDITIONAL_CODECS`.
    pub additional_codecs: Option<AdditionalCodecs>,
    /// What the number is called until somebody renames it.
    pub name: String,
    /// The number itself, when it is known.
    pub display_phone: Option<String>,
}

/// Who sends e-mail.
#[derive(Debug)]
pub struct MailSettings {
    /// `smtps://user:password@host` or `smtp://…?tls=required`.
    pub smtp_url: SecretString,
    /// From whom: an address, with or without a name.
    pub from: String,
}

/// Where media go.
#[derive(Debug, Clone)]
pub struct MediaSettings {
    /// Addresses we advertise (`VOIP_SERVER_IP`).
    pub advertise: Vec<IpAddr>,
    /// Where sockets bind: the wildcard address, of IPv6 (which serves both) as soon as an IPv6 address is advertised.
    pub bind: IpAddr,
    /// Ports of customer legs.
    pub ports: RangeInclusive<u16>,
    /// The one port of all agent lines; 0 takes a free one.
    pub agent_port: u16,
}

impl Config {
    /// Reads everything from one set of settings.
    ///
    /// # Errors
    /// The first setting that is missing or malformed, with how to mend it.
    pub fn read(settings: &Settings) -> Result<Self, ConfigError> {
        let listen =
            settings.parsed("SWITCHBOARD_LISTEN", "an address and port, for example 127.0.0.1:8080")?;
        let listen: SocketAddr = listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080)));
        let tls = read_tls(settings)?;
        let public_url = match settings
            .parsed("SWITCHBOARD_PUBLIC_URL", "a URL, for example https://calls.example.com")?
        {
            Some(url) => url,
            None => own_url(listen, tls.is_some())?,
        };
        let data_dir = PathBuf::from(
            settings.text("SWITCHBOARD_DATA_DIR").unwrap_or_else(|| "switchboard-data".to_owned()),
        );
        let database_url = settings.secret("SWITCHBOARD_DATABASE_URL")?.unwrap_or_else(|| {
            SecretString::from(format!("sqlite:{}", data_dir.join("switchboard.db").display()))
        });
        let graph_url: Url = settings
            .parsed("SWITCHBOARD_GRAPH_URL", "a URL")?
            .map_or_else(|| parse_url(META_GRAPH_URL), Ok)?;
        if graph_url.scheme() != "https" && !is_loopback(&graph_url) {
            return Err(ConfigError::malformed(
                "SWITCHBOARD_GRAPH_URL",
                "https, unless the host is this machine (127.0.0.1, ::1, localhost)",
            ));
        }
        let calling_enabled = settings.flag("WHATSAPP_CALLING_ENABLED")?;
        let number = read_number(settings)?;
        let advertise = read_advertise(settings, listen)?;
        let api_key = settings.secret("SWITCHBOARD_API_KEY")?;
        if let Some(key) = &api_key
            && secrecy::ExposeSecret::expose_secret(key).chars().count() < SHORTEST_API_KEY
        {
            return Err(ConfigError::malformed("SWITCHBOARD_API_KEY", "at least 32 characters"));
        }
        Ok(Self {
            listen,
            public_url,
            trusted_proxies: settings.networks(
                "SWITCHBOARD_TRUSTED_PROXIES",
                "addresses or networks, comma-separated, for example 10.0.0.0/8",
            )?,
            tls,
            ice_servers: read_ice_servers(settings)?,
            database_url,
            database_owner_url: settings.secret("SWITCHBOARD_DATABASE_OWNER_URL")?,
            data_key_file: settings
                .text("SWITCHBOARD_DATA_KEY_FILE")
                .map_or_else(|| data_dir.join("keys"), PathBuf::from),
            recordings: recordings::read(settings, &data_dir)?,
            data_dir,
            graph_url,
            graph_version: settings
                .text("SWITCHBOARD_GRAPH_VERSION")
                .unwrap_or_else(|| GRAPH_VERSION.to_owned()),
            first_user: read_first_user(settings)?,
            api_key,
            number,
            calling_enabled: calling_enabled.unwrap_or(true),
            countries_without_business_calls: read_countries(settings)?,
            max_calls: settings.parsed("SWITCHBOARD_MAX_CALLS", "a number of calls")?.unwrap_or(1_000),
            set_ups_per_second: settings
                .parsed("SWITCHBOARD_SET_UPS_PER_SECOND", "a number of calls, at least 1")?
                .unwrap_or(SET_UPS_PER_SECOND),
            suspend_after_missed: settings
                .parsed("SWITCHBOARD_SUSPEND_AFTER_MISSED", "a number of calls; 0 = never")?
                .unwrap_or(SafeguardRules::STANDARD.missed),
            drain_timeout: settings
                .parsed("SWITCHBOARD_DRAIN_TIMEOUT", "a number of seconds")?
                .map_or(DRAIN_TIMEOUT, Duration::from_secs),
            sign_ins_per_address: settings
                .parsed("SWITCHBOARD_SIGN_INS_PER_ADDRESS", "a number of attempts, at least 1")?,
            requests_per_address: settings
                .parsed("SWITCHBOARD_REQUESTS_PER_ADDRESS", "requests a second, at least 1")?,
            requests_per_credential: settings
                .parsed("SWITCHBOARD_REQUESTS_PER_CREDENTIAL", "requests a second, at least 1")?,
            media: MediaSettings {
                bind: read_bind(settings, &advertise)?,
                advertise,
                ports: read_ports(settings)?,
                agent_port: settings.parsed("SWITCHBOARD_MEDIA_AGENT_PORT", "a UDP port")?.unwrap_or(40_000),
            },
            outbound_allow: settings.networks(
                "SWITCHBOARD_OUTBOUND_ALLOW",
                "networks, comma-separated, for example 10.1.2.0/24",
            )?,
            mail: read_mail(settings)?,
            quiet_for: read_quiet_hours(settings)?,
            permission_template: settings
                .text("WHATSAPP_CALL_PERMISSION_TEMPLATE")
                .map(|text| template(&text)),
            phone_page_url: None,
        })
    }

    /// How the store is opened.
    #[must_use]
    pub fn store_options(&self) -> StoreOptions {
        let mut options = StoreOptions::default();
        options.data_key_file = Some(self.data_key_file.clone());
        options.recordings = Some(self.recordings.clone());
        options.postgres_owner_url.clone_from(&self.database_owner_url);
        options
    }

    /// Is the Graph host another than Meta's?
    #[must_use]
    pub fn is_sandbox(&self) -> bool {
        self.graph_url.host_str() != Some("graph.facebook.com")
    }
}

fn read_tls(settings: &Settings) -> Result<Option<TlsFiles>, ConfigError> {
    match (settings.text("SWITCHBOARD_TLS_CERT"), settings.text("SWITCHBOARD_TLS_KEY")) {
        (Some(certificate), Some(key)) => {
            Ok(Some(TlsFiles { certificate: certificate.into(), key: key.into() }))
        }
        (None, None) => Ok(None),
        (Some(_), None) => {
            Err(ConfigError::missing("SWITCHBOARD_TLS_KEY", "it goes with SWITCHBOARD_TLS_CERT"))
        }
        (None, Some(_)) => {
            Err(ConfigError::missing("SWITCHBOARD_TLS_CERT", "it goes with SWITCHBOARD_TLS_KEY"))
        }
    }
}

/// Meta's list unless told otherwise; `none` empties it.
fn read_countries(settings: &Settings) -> Result<Vec<String>, ConfigError> {
    const NAME: &str = "SWITCHBOARD_COUNTRIES_WITHOUT_BUSINESS_CALLS";
    let Some(text) = settings.text(NAME) else {
        return Ok(NOT_OFFERED.map(str::to_owned).to_vec());
    };
    if text.eq_ignore_ascii_case("none") {
        return Ok(Vec::new());
    }
    text.split(',')
        .map(|country| {
            let country = country.trim().to_ascii_uppercase();
            let is_one = country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase());
            let expected = "ISO countries, comma-separated, for example US,CA, or none";
            if is_one { Ok(country) } else { Err(ConfigError::malformed(NAME, expected)) }
        })
        .collect()
}

/// 0 switches it off.
fn read_quiet_hours(settings: &Settings) -> Result<Option<Duration>, ConfigError> {
    let hours: u32 =
        settings.parsed("SWITCHBOARD_NO_WEBHOOK_HOURS", "a number of hours, 0 for never")?.unwrap_or(24);
    Ok((hours > 0).then(|| Duration::from_secs(u64::from(hours) * 3_600)))
}

fn read_mail(settings: &Settings) -> Result<Option<MailSettings>, ConfigError> {
    match (settings.secret("SWITCHBOARD_SMTP_URL")?, settings.text("SWITCHBOARD_MAIL_FROM")) {
        (Some(smtp_url), Some(from)) => Ok(Some(MailSettings { smtp_url, from })),
        (None, None) => Ok(None),
        (Some(_), None) => {
            Err(ConfigError::missing("SWITCHBOARD_MAIL_FROM", "it goes with SWITCHBOARD_SMTP_URL"))
        }
        (None, Some(_)) => {
            Err(ConfigError::missing("SWITCHBOARD_SMTP_URL", "it goes with SWITCHBOARD_MAIL_FROM"))
        }
    }
}

fn read_first_user(settings: &Settings) -> Result<Option<FirstUser>, ConfigError> {
    match (settings.text("SWITCHBOARD_ADMIN_EMAIL"), settings.secret("SWITCHBOARD_ADMIN_PASSWORD")?) {
        (Some(email), Some(password)) => {
            let name = email.split('@').next().unwrap_or_default().to_owned();
            Ok(Some(FirstUser { email, name, password }))
        }
        (None, None) => Ok(None),
        (Some(_), None) => {
            Err(ConfigError::missing("SWITCHBOARD_ADMIN_PASSWORD", "it goes with SWITCHBOARD_ADMIN_EMAIL"))
        }
        (None, Some(_)) => {
            Err(ConfigError::missing("SWITCHBOARD_ADMIN_EMAIL", "it goes with SWITCHBOARD_ADMIN_PASSWORD"))
        }
    }
}

fn read_number(settings: &Settings) -> Result<Option<NumberFromEnvironment>, ConfigError> {
    let Some(phone_number_id) = settings.text("PHONE_NUMBER_ID") else {
        if settings.text("SWITCHBOARD_DESTINATION").is_some() {
            return Err(ConfigError::missing(
                "PHONE_NUMBER_ID",
                "SWITCHBOARD_DESTINATION is about that number",
            ));
        }
        return Ok(None);
    };
    let with = "it goes with PHONE_NUMBER_ID";
    let destination = match settings.text("SWITCHBOARD_DESTINATION").as_deref() {
        None => None,
        Some("agents") => Some(Destination::Agents),
        Some("echo") => Some(Destination::Echo),
        Some(_) => return Err(ConfigError::malformed("SWITCHBOARD_DESTINATION", "agents or echo")),
    };
    let srtp_key_exchange = settings
        .text("SWITCHBOARD_SRTP_KEY_EXCHANGE")
        .map(|word| {
            SrtpKeyExchange::from_word(&word.to_lowercase())
                .ok_or_else(|| ConfigError::malformed("SWITCHBOARD_SRTP_KEY_EXCHANGE", "dtls or sdes"))
        })
        .transpose()?;
    let additional_codecs = settings
        .text("SWITCHBOARD_ADDITIONAL_CODECS")
        .map(|words| {
            AdditionalCodecs::from_words(&words.to_lowercase()).ok_or_else(|| {
                ConfigError::malformed("SWITCHBOARD_ADDITIONAL_CODECS", "pcmu, pcma or both, comma-separated")
            })
        })
        .transpose()?;
    Ok(Some(NumberFromEnvironment {
        srtp_key_exchange,
        additional_codecs,
        waba_id: settings.text("WABA_ID"),
        access_token: settings
            .secret("META_ACCESS_TOKEN")?
            .ok_or_else(|| ConfigError::missing("META_ACCESS_TOKEN", with))?,
        app_secret: settings
            .secret("META_APP_SECRET")?
            .ok_or_else(|| ConfigError::missing("META_APP_SECRET", with))?,
        verify_token: settings.secret("META_VERIFY_TOKEN")?,
        business_calls_enabled: settings.flag("WHATSAPP_BUSINESS_CALLS_ENABLED")?,
        destination,
        name: settings.text("SWITCHBOARD_NUMBER_NAME").unwrap_or_else(|| "WhatsApp".to_owned()),
        display_phone: settings.text("SWITCHBOARD_NUMBER_PHONE"),
        phone_number_id,
    }))
}

fn read_ice_servers(settings: &Settings) -> Result<Vec<IceServer>, ConfigError> {
    const HINT: &str =
        "URLs, comma-separated (stun:stun.example.com:3478), or a JSON list of RTCIceServer objects";
    let Some(text) = settings.secret("SWITCHBOARD_ICE_SERVERS")? else { return Ok(Vec::new()) };
    let text = secrecy::ExposeSecret::expose_secret(&text).trim().to_owned();
    if text.starts_with('[') {
        return serde_json::from_str(&text)
            .map_err(|_| ConfigError::malformed("SWITCHBOARD_ICE_SERVERS", HINT));
    }
    text.split(',')
        .map(str::trim)
        .filter(|url| !url.is_empty())
        .map(|url| {
            if ["stun:", "stuns:", "turn:", "turns:"].iter().any(|scheme| url.starts_with(scheme)) {
                Ok(IceServer { urls: vec![url.to_owned()], username: None, credential: None })
            } else {
                Err(ConfigError::malformed("SWITCHBOARD_ICE_SERVERS", HINT))
            }
        })
        .collect()
}

fn read_advertise(settings: &Settings, listen: SocketAddr) -> Result<Vec<IpAddr>, ConfigError> {
    let given: Vec<IpAddr> = settings.list(
        "VOIP_SERVER_IP",
        "the address customers and browsers reach this machine at, for example 203.0.113.7",
    )?;
    if given.is_empty() {
        // Whoever listens on one address only is reached there; otherwise this machine alone can call.
        let own = if listen.ip().is_unspecified() { IpAddr::from([127, 0, 0, 1]) } else { listen.ip() };
        return Ok(vec![own]);
    }
    Ok(given)
}

fn read_bind(settings: &Settings, advertise: &[IpAddr]) -> Result<IpAddr, ConfigError> {
    let wildcard = if advertise.iter().any(IpAddr::is_ipv6) {
        IpAddr::V6(Ipv6Addr::UNSPECIFIED)
    } else {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED)
    };
    Ok(settings
        .parsed("SWITCHBOARD_MEDIA_BIND", "an address of this machine, or 0.0.0.0 or ::")?
        .unwrap_or(wildcard))
}

fn read_ports(settings: &Settings) -> Result<RangeInclusive<u16>, ConfigError> {
    let Some(text) = settings.text("SWITCHBOARD_MEDIA_PORTS") else { return Ok(50_000..=51_999) };
    let range = text.split_once('-').and_then(|(first, last)| {
        let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        (first >= 1024 && first <= last).then_some(first..=last)
    });
    range.ok_or_else(|| {
        ConfigError::malformed(
            "SWITCHBOARD_MEDIA_PORTS",
            "a range of UDP ports from 1024 up, for example 50000-51999",
        )
    })
}

fn own_url(listen: SocketAddr, tls: bool) -> Result<Url, ConfigError> {
    let host = if listen.ip().is_unspecified() { "127.0.0.1".to_owned() } else { listen.ip().to_string() };
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    parse_url(&format!("{}://{host}:{}", if tls { "https" } else { "http" }, listen.port()))
}

fn parse_url(text: &str) -> Result<Url, ConfigError> {
    Url::parse(text).map_err(|_| ConfigError::malformed("URL", "a URL with scheme and host"))
}

/// Does the URL point at this very machine?
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::read(&Settings::from_pairs(pairs))
    }

    #[test]
    fn nothing_set_is_a_working_exchange_on_this_machine() {
        let config = read(&[]).expect("defaults");
        assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(config.public_url.as_str(), "http://127.0.0.1:8080/");
        assert_eq!(config.media.ports, 50_000..=51_999);
        assert_eq!(config.media.agent_port, 40_000);
        assert!(!config.is_sandbox());
        assert!(config.number.is_none());
    }

    #[test]
    fn the_single_number_variables_make_a_number() {
        let config = read(&[
            ("PHONE_NUMBER_ID", "100000000000001"),
            ("META_ACCESS_TOKEN", "EAAG"),
            ("META_APP_SECRET", "secret"),
            ("SWITCHBOARD_DESTINATION", "echo"),
            ("SWITCHBOARD_SRTP_KEY_EXCHANGE", "SDES"),
            ("SWITCHBOARD_ADDITIONAL_CODECS", "pcma"),
            ("VOIP_SERVER_IP", "203.0.113.7, 2001:db8::1"),
        ])
        .expect("a number");
        let number = config.number.expect("a number");
        assert_eq!(number.destination, Some(Destination::Echo));
        assert_eq!(number.srtp_key_exchange, Some(SrtpKeyExchange::Sdes));
        assert_eq!(number.additional_codecs.map(AdditionalCodecs::to_words).as_deref(), Some("pcma"));
        assert_eq!(config.media.advertise.len(), 2);
        assert!(config.media.bind.is_ipv6(), "an IPv6 candidate needs an IPv6 socket behind it");
    }

    #[test]
    fn a_number_without_its_token_is_refused_by_name() {
        let error = read(&[("PHONE_NUMBER_ID", "1")]).expect_err("no token");
        assert!(error.to_string().contains("META_ACCESS_TOKEN"), "{error}");
    }

    #[test]
    fn key_exchange_and_codecs_of_the_number_are_words_of_their_lists() {
        let number = [("PHONE_NUMBER_ID", "1"), ("META_ACCESS_TOKEN", "t"), ("META_APP_SECRET", "s")];
        for (name, value) in
            [("SWITCHBOARD_SRTP_KEY_EXCHANGE", "zrtp"), ("SWITCHBOARD_ADDITIONAL_CODECS", "pcmu,isac")]
        {
            let error = read(&[number[0], number[1], number[2], (name, value)]).expect_err(name);
            assert!(error.to_string().contains(name), "{error}");
        }
    }

    #[test]
    fn a_graph_over_plain_http_must_be_this_machine() {
        assert!(read(&[("SWITCHBOARD_GRAPH_URL", "http://graph.example.com")]).is_err());
        assert!(read(&[("SWITCHBOARD_GRAPH_URL", "http://127.0.0.1:8090")]).expect("loopback").is_sandbox());
    }

    #[test]
    fn secrets_never_show_in_debug() {
        let config = read(&[
            ("PHONE_NUMBER_ID", "100000000000001"),
            ("META_ACCESS_TOKEN", "EAAGtoken"),
            ("META_APP_SECRET", "app-secret"),
            ("SWITCHBOARD_API_KEY", "0123456789012345678901234567890123456789"),
            ("SWITCHBOARD_ADMIN_EMAIL", "a@b.c"),
            ("SWITCHBOARD_ADMIN_PASSWORD", "correct horse"),
        ])
        .expect("all set");
        let debug = format!("{config:?}");
        for secret in ["EAAGtoken", "app-secret", "0123456789", "correct horse"] {
            assert!(!debug.contains(secret), "{secret}");
        }
    }

    #[test]
    fn malformed_values_are_refused_with_a_hint() {
        for (name, value) in [
            ("SWITCHBOARD_LISTEN", "everywhere"),
            ("SWITCHBOARD_MEDIA_PORTS", "52000-50000"),
            ("SWITCHBOARD_ICE_SERVERS", "http://x"),
            ("SWITCHBOARD_API_KEY", "short"),
            ("WHATSAPP_CALLING_ENABLED", "maybe"),
            ("SWITCHBOARD_TLS_CERT", "cert.pem"),
            ("SWITCHBOARD_DESTINATION", "agents"),
        ] {
            let error = read(&[(name, value)]).expect_err(name);
            assert!(
                error.to_string().contains("SWITCHBOARD_") || error.to_string().contains("WHATSAPP_"),
                "{error}"
            );
        }
    }
}
