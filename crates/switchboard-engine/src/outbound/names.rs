//! From a name to addresses that may be spoken to.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use switchboard_core::address_class::{AddressClass, classify};

use super::refusal::OutboundRefusal;

/// The longest a name may take.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);
/// Addresses of one name that are tried.
const MAX_ADDRESSES: usize = 16;

/// Who knows the addresses of names.
pub trait Names: Send + Sync + 'static {
    /// All addresses of a name.
    fn addresses_of(&self, name: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>>;
}

/// The system: hosts file, DNS, and whatever else it is told to ask.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemNames;

impl Names for SystemNames {
    fn addresses_of(&self, name: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// What the HTTP client asks: it is told only addresses that were looked at, and connects to nothing else.
#[derive(Clone)]
pub struct Checked {
    names: Arc<dyn Names>,
    allow: Arc<[IpNet]>,
    public: bool,
}

impl std::fmt::Debug for Checked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Checked")
            .field("allow", &self.allow)
            .field("public", &self.public)
            .finish_non_exhaustive()
    }
}

impl Checked {
    pub(super) fn new(names: Arc<dyn Names>, allow: Arc<[IpNet]>, public: bool) -> Self {
        Self { names, allow, public }
    }

    /// The addresses that may be spoken to; when there is none, why the first may not.
    async fn look_up(&self, name: String) -> Result<Vec<SocketAddr>, Box<dyn Error + Send + Sync>> {
        let found = tokio::time::timeout(LOOKUP_TIMEOUT, self.names.addresses_of(name))
            .await
            .map_err(|_| OutboundRefusal::NameUnknown)?
            .map_err(|_| OutboundRefusal::NameUnknown)?;
        let mut refusal = OutboundRefusal::NameUnknown;
        let mut good = Vec::new();
        for address in found.into_iter().take(MAX_ADDRESSES) {
            match look_at(address, &self.allow, self.public) {
                // The port of the URL takes the place of 0.
                Ok(()) => good.push(SocketAddr::new(address, 0)),
                Err(why) => refusal = why,
            }
        }
        if good.is_empty() { Err(refusal.into()) } else { Ok(good) }
    }
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let this = self.clone();
        Box::pin(async move {
            let addresses = this.look_up(name.as_str().to_owned()).await?;
            Ok::<Addrs, _>(Box::new(addresses.into_iter()))
        })
    }
}

/// One address: public (when that is enough) or opened by the operator.
pub(super) fn look_at(address: IpAddr, allow: &[IpNet], public: bool) -> Result<(), OutboundRefusal> {
    // A mapped address is opened by the range of what it maps.
    let canonical = address.to_canonical();
    if allow.iter().any(|range| range.contains(&address) || range.contains(&canonical)) {
        return Ok(());
    }
    let class = classify(address);
    if class != AddressClass::Public {
        return Err(OutboundRefusal::Address { class });
    }
    if public { Ok(()) } else { Err(OutboundRefusal::NotEncrypted) }
}
